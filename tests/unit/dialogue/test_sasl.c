/* test_sasl.c
 * Exchanges of every mechanism, many from the RFCs' examples.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "sasl.h"
#include <stdlib.h>

typedef struct row {
    const char *name, *mechanism;
    const char *lines[8]; /* "i" initial response, "c" client, "s" server, and then the line */
    const char *expected;
} row;

static void quote(GString *out, const char *name, slice s)
{
    if (s.len == 0)
        return;
    g_string_append_printf(out, " %s=", name);
    for (gsize i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] >= 0x7F)
            g_string_append_printf(out, "<%02x>", s.data[i]);
        else
            g_string_append_c(out, (char)s.data[i]);
    }
}

static void describe(GString *out, const mail_auth *auth, anomaly_set anomalies)
{
    g_string_append(out, auth->mechanism ? auth->mechanism : "?");
    quote(out, "user", auth->username);
    quote(out, "authzid", auth->authzid);
    quote(out, "pass", auth->password);
    g_assert_true(auth->has_password || auth->password.len == 0);
    if (auth->has_password && auth->password.len == 0)
        g_string_append(out, " pass=");
    quote(out, "token", auth->token);
    if (!auth->is_ntlm) {
        quote(out, "challenge", auth->challenge);
        quote(out, "response", auth->response);
    }
    if (auth->username.len == 0)
        quote(out, "of", auth->user);
    g_string_append_printf(out, "%s%s%s%s\n", auth->is_ntlm ? " ntlm" : "", auth->cancelled ? " cancelled" : "",
                           anomalies & ANOMALY_BIT(ANOMALY_BAD_BASE64_AUTH) ? " !base64" : "",
                           anomalies & ANOMALY_BIT(ANOMALY_BAD_SASL) ? " !sasl" : "");
}

static char *run(const row *r)
{
    sasl *exchange = sasl_new(slice_of(r->mechanism));
    GString *out = g_string_new("");
    mail_auth auth;

    for (guint i = 0; i < G_N_ELEMENTS(r->lines) && r->lines[i]; i++) {
        char *copy = g_strdup(r->lines[i] + 1); /* so that ASan sees a slice that is kept too long */
        slice line = {(guint8 *)copy, strlen(copy)};
        anomaly_set anomalies = r->lines[i][0] == 's' ? sasl_server_line(exchange, line, &auth)
                                                      : sasl_client_line(exchange, line, r->lines[i][0] == 'i', &auth);
        g_free(copy);
        describe(out, &auth, anomalies);
    }
    sasl_summary(exchange, &auth);
    describe(out, &auth, 0);
    sasl_free(exchange);
    return g_string_free(out, FALSE);
}

static const row rows[] = {
    {"plain initial", "PLAIN",
     {"iAHRpbQB0YW5zdGFhZnRhbnN0YWFm"},
     "PLAIN user=tim pass=tanstaaftanstaaf response=<00>tim<00>tanstaaftanstaaf\n"
     "PLAIN user=tim\n"},
    {"plain authzid", "plain",
     {"i",
      "s",
      "cVXJzZWwAS3VydAB4aXBqM3BsbXE="},
     "PLAIN\n"
     "PLAIN\n"
     "PLAIN user=Kurt authzid=Ursel pass=xipj3plmq response=Ursel<00>Kurt<00>xipj3plmq\n"
     "PLAIN user=Kurt authzid=Ursel\n"},
    {"plain user and password only", "PLAIN",
     {"idGltAHNlY3JldA=="},
     "PLAIN user=tim pass=secret response=tim<00>secret !sasl\n"
     "PLAIN user=tim\n"},
    {"plain without NUL", "PLAIN",
     {"ic2VjcmV0"},
     "PLAIN response=secret !sasl\n"
     "PLAIN\n"},
    {"plain with too many NUL", "PLAIN",
     {"iAGEAYgBj"},
     "PLAIN user=a pass=b<00>c response=<00>a<00>b<00>c !sasl\n"
     "PLAIN user=a\n"},
    {"plain empty", "PLAIN",
     {"i="},
     "PLAIN\n"
     "PLAIN\n"},
    {"plain not base64", "PLAIN",
     {"i!!!"},
     "PLAIN response=!!! !base64\n"
     "PLAIN\n"},
    {"plain without padding", "PLAIN",
     {"iAHRpbQBzZWM"},
     "PLAIN user=tim pass=sec response=<00>tim<00>sec !base64\n"
     "PLAIN user=tim\n"},
    {"plain too much padding", "PLAIN",
     {"iAGEAYg==="},
     "PLAIN response=AGEAYg=== !base64\n"
     "PLAIN\n"},
    {"plain cut base64", "PLAIN",
     {"iAGEAYgcc1"},
     "PLAIN response=AGEAYgcc1 !base64\n"
     "PLAIN\n"},
    {"login", "LOGIN",
     {"i",
      "sVXNlcm5hbWU6",
      "cYWxpY2U=",
      "sUGFzc3dvcnQ6",
      "cc2VjcmV0",
      "sVGhpcmQ/",
      "ceA=="},
     "LOGIN\n"
     "LOGIN challenge=Username:\n"
     "LOGIN user=alice response=alice\n"
     "LOGIN challenge=Passwort: of=alice\n"
     "LOGIN pass=secret response=secret of=alice\n"
     "LOGIN challenge=Third? of=alice\n"
     "LOGIN response=x of=alice !sasl\n"
     "LOGIN user=alice\n"},
    {"login initial", "LOGIN",
     {"iYWxpY2U=",
      "sUGFzc3dvcmQ6",
      "cc2VjcmV0"},
     "LOGIN user=alice response=alice\n"
     "LOGIN challenge=Password: of=alice\n"
     "LOGIN pass=secret response=secret of=alice\n"
     "LOGIN user=alice\n"},
    {"cram", "CRAM-MD5",
     {"i",
      "sPDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+",
      "cdGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"},
     "CRAM-MD5\n"
     "CRAM-MD5 challenge=<1896.697170952@postoffice.reston.mci.net>\n"
     "CRAM-MD5 user=tim token=b913a602c7eda7a495b4e6e7334d3890 response=tim b913a602c7eda7a495b4e6e7334d3890\n"
     "CRAM-MD5 user=tim\n"},
    {"cram user with blank", "CRAM-MD5",
     {"cdGltIHNtaXRoIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"},
     "CRAM-MD5 user=tim smith token=b913a602c7eda7a495b4e6e7334d3890 response=tim smith b913a602c7eda7a495b4e6e7334d3890\n"
     "CRAM-MD5 user=tim smith\n"},
    {"cram wrong", "CRAM-MD5",
     {"cdGlt"},
     "CRAM-MD5 response=tim !sasl\n"
     "CRAM-MD5\n"},
    {"digest", "DIGEST-MD5",
     {"scmVhbG09ImVsd29vZC5pbm5vc29mdC5jb20iLG5vbmNlPSJPQTZNRzl0RVFHbTJoaCIscW9wPSJhdXRoIixhbGdvcml0aG09bWQ1LXNlc3MsY2hhcnNldD11dGYtOA==",
      "cY2hhcnNldD11dGYtOCx1c2VybmFtZT0iY2hcInJpcyIscmVhbG09ImVsd29vZC5pbm5vc29mdC5jb20iLG5vbmNlPSJPQTZNRzl0RVFHbTJoaCIsbmM9MDAwMDAwMDEsY25vbmNlPSJPQTZNSFhoNlZxVHJSayIsZGlnZXN0LXVyaT0iaW1hcC9lbHdvb2QuaW5ub3NvZnQuY29tIixyZXNwb25zZT1kMzg4ZGFkOTBkNGJiZDc2MGExNTIzMjFmMjE0M2FmNyxxb3A9YXV0aCxhdXRoemlkPSJhZG0i",
      "scnNwYXV0aD1lYTQwZjYwMzM1YzQyN2I1NTI3Yjg0ZGJhYmNkZmZmZA==",
      "c"},
     "DIGEST-MD5 challenge=realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8\n"
     "DIGEST-MD5 user=ch\"ris authzid=adm token=d388dad90d4bbd760a152321f2143af7 response=charset=utf-8,username=\"ch\\\"ris\",realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",nc=00000001,cnonce=\"OA6MHXh6VqTrRk\",digest-uri=\"imap/elwood.innosoft.com\",response=d388dad90d4bbd760a152321f2143af7,qop=auth,authzid=\"adm\"\n"
     "DIGEST-MD5 challenge=rspauth=ea40f60335c427b5527b84dbabcdfffd of=ch\"ris\n"
     "DIGEST-MD5 of=ch\"ris\n"
     "DIGEST-MD5 user=ch\"ris authzid=adm\n"},
    {"digest wrong", "DIGEST-MD5",
     {"cdXNlcm5hbWU="},
     "DIGEST-MD5 response=username !sasl\n"
     "DIGEST-MD5\n"},
    {"scram", "SCRAM-SHA-1",
     {"ibiwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM",
      "scj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0wzcmZjTkhZSlkxWlZ2V1ZzN2oscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==",
      "cYz1iaXdzLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdMM3JmY05IWUpZMVpWdldWczdqLHA9djBYOHYzQnoyVDBDSkdiSlF5RjBYK0hJNFRzPQ==",
      "sdj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9",
      "c"},
     "SCRAM-SHA-1 user=user response=n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL\n"
     "SCRAM-SHA-1 challenge=r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096 of=user\n"
     "SCRAM-SHA-1 token=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts= response=c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts= of=user\n"
     "SCRAM-SHA-1 challenge=v=rmF9pqV8S7suAoZWja4dJRkFsKQ= of=user\n"
     "SCRAM-SHA-1 of=user\n"
     "SCRAM-SHA-1 user=user\n"},
    {"scram plus", "SCRAM-SHA-256-PLUS",
     {"icD10bHMtdW5pcXVlLGE9YWQ9M0RtaW4sbj11cz0yQ2VyLHI9YWJj"},
     "SCRAM-SHA-256-PLUS user=us,er authzid=ad=min response=p=tls-unique,a=ad=3Dmin,n=us=2Cer,r=abc\n"
     "SCRAM-SHA-256-PLUS user=us,er authzid=ad=min\n"},
    {"scram wrong", "SCRAM-SHA-256",
     {"iaGVsbG8="},
     "SCRAM-SHA-256 response=hello !sasl\n"
     "SCRAM-SHA-256\n"},
    {"xoauth2", "XOAUTH2",
     {"idXNlcj1zb21lQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIHlhMjkudkY5ZGZ0NAEB",
      "seyJzdGF0dXMiOiI0MDEifQ==",
      "c"},
     "XOAUTH2 user=some@example.com token=ya29.vF9dft4 response=user=some@example.com<01>auth=Bearer ya29.vF9dft4<01><01>\n"
     "XOAUTH2 challenge={\"status\":\"401\"} of=some@example.com\n"
     "XOAUTH2 of=some@example.com\n"
     "XOAUTH2 user=some@example.com\n"},
    {"oauthbearer", "OAUTHBEARER",
     {"ibixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMgEB",
      "seyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=",
      "cAQ=="},
     "OAUTHBEARER user=user@example.com authzid=user@example.com token=vF9dft4qmTc2 response=n,a=user@example.com,<01>host=server.example.com<01>port=143<01>auth=Bearer vF9dft4qmTc2<01><01>\n"
     "OAUTHBEARER challenge={\"status\":\"invalid_token\"} of=user@example.com\n"
     "OAUTHBEARER response=<01> of=user@example.com\n"
     "OAUTHBEARER user=user@example.com authzid=user@example.com\n"},
    {"external", "EXTERNAL",
     {"iZnJlZA=="},
     "EXTERNAL authzid=fred response=fred\n"
     "EXTERNAL authzid=fred\n"},
    {"external empty", "EXTERNAL",
     {"i="},
     "EXTERNAL\n"
     "EXTERNAL\n"},
    {"anonymous", "ANONYMOUS",
     {"ic2lyaGNAeA=="},
     "ANONYMOUS user=sirhc@x response=sirhc@x\n"
     "ANONYMOUS user=sirhc@x\n"},
    {"ntlm", "NTLM",
     {"i",
      "sNTLM supported",
      "cTlRMTVNTUAABAAAAAAAAAAAAAAA=",
      "sTlRMTVNTUAACAAAAAAAAAAAAAAA=",
      "cTlRMTVNTUAADAAAAAAAAAEAAAAAAAAAAQAAAAAYABgBAAAAACgAKAEYAAAAAAAAAQAAAAAAAAABAAAAAAYIAAEQATwBNAGoA/AA92ADeeAA="},
     "NTLM\n"
     "NTLM challenge=NTLM supported\n"
     "NTLM ntlm\n"
     "NTLM ntlm\n"
     "NTLM user=DOM\\j<c3><bc><f0><9f><98><80>x ntlm\n"
     "NTLM user=DOM\\j<c3><bc><f0><9f><98><80>x\n"},
    {"ntlm oem without domain", "NTLM",
     {"cTlRMTVNTUAADAAAAAAAAAEAAAAAAAAAAQAAAAAAAAABAAAAAAwADAEAAAAAAAAAAQAAAAAAAAABAAAAAAoIAAGpvZQ=="},
     "NTLM user=joe ntlm\n"
     "NTLM user=joe\n"},
    {"ntlm with offsets outside", "NTLM",
     {"cTlRMTVNTUAADAAAA/////////////////////////////////////////////////////////////////////w=="},
     "NTLM ntlm\n"
     "NTLM\n"},
    {"ntlm cut", "NTLM",
     {"cTlRMTVNTUAADAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
     "NTLM ntlm\n"
     "NTLM\n"},
    {"ntlm that is none", "NTLM",
     {"caGVsbG8="},
     "NTLM response=hello !sasl\n"
     "NTLM\n"},
    {"spnego", "GSS-SPNEGO",
     {"iYBBOTk5UTE1TU1AAAwAAAAAAAABAAAAAAAAAAEAAAAACAAIAQAAAAAIAAgBCAAAAAAAAAEAAAAAAAAAAQAAAAAGCAABEAFUA"},
     "GSS-SPNEGO user=D\\U response=`<10>NNNTLMSSP<00><03><00><00><00><00><00><00><00>@<00><00><00><00><00><00><00>@<00><00><00><02><00><02><00>@<00><00><00><02><00><02><00>B<00><00><00><00><00><00><00>@<00><00><00><00><00><00><00>@<00><00><00><01><82><00><00>D<00>U<00>\n"
     "GSS-SPNEGO user=D\\U\n"},
    {"gssapi", "GSSAPI",
     {"iYAE=",
      "sYAI="},
     "GSSAPI response=`<01>\n"
     "GSSAPI challenge=`<02>\n"
     "GSSAPI\n"},
    {"unknown", "FOOBAR",
     {"iaGk=",
      "saG8=",
      "c*"},
     "FOOBAR response=hi\n"
     "FOOBAR challenge=ho\n"
     "FOOBAR cancelled\n"
     "FOOBAR\n"},
    {"unknown in small letters", "xymcookie",
     {"i", "s", "cY29va2ll"},
     "XYMCOOKIE\n"
     "XYMCOOKIE\n"
     "XYMCOOKIE response=cookie\n"
     "XYMCOOKIE\n"},
    {"plain with an empty password", "PLAIN",
     {"iAHVzZXIA"},
     "PLAIN user=user pass= response=<00>user<00>\n"
     "PLAIN user=user\n"},
    {"plain with two NUL in front", "PLAIN",
     {"iAAB0aW0Ac2VjcmV0"},
     "PLAIN user=tim pass=secret response=<00><00>tim<00>secret !sasl\n"
     "PLAIN user=tim\n"},
    {"plain with a NUL behind", "PLAIN",
     {"iAHRpbQBzZWNyZXQA"},
     "PLAIN user=tim pass=secret response=<00>tim<00>secret<00> !sasl\n"
     "PLAIN user=tim\n"},
    {"plain with escapes", "PLAIN",
     {"iXDB0aW1cMHNlY3JldA=="},
     "PLAIN user=tim pass=secret response=\\0tim\\0secret !sasl\n"
     "PLAIN user=tim\n"},
    {"plain with a colon", "PLAIN",
     {"idGltOnNlY3JldA=="},
     "PLAIN user=tim pass=secret response=tim:secret !sasl\n"
     "PLAIN user=tim\n"},
    {"plain with blanks and authzid", "PLAIN",
     {"iYWRtIHRpbSBzZWNyZXQgcw=="},
     "PLAIN user=tim authzid=adm pass=secret s response=adm tim secret s !sasl\n"
     "PLAIN user=tim authzid=adm\n"},
    {"plain with a prompt", "PLAIN",
     {"i", "sGo on", "cAHRpbQBzZWNyZXQ="},
     "PLAIN\n"
     "PLAIN challenge=Go on\n"
     "PLAIN user=tim pass=secret response=<00>tim<00>secret\n"
     "PLAIN user=tim\n"},
    {"login asks again", "LOGIN",
     {"ibXl1c2VybmFtZQ==", "sVXNlcm5hbWU6", "cbXl1c2VybmFtZQ==", "sUGFzc3dvcmQ6", "cc2VjcmV0MQ=="},
     "LOGIN user=myusername response=myusername\n"
     "LOGIN challenge=Username: of=myusername\n"
     "LOGIN user=myusername response=myusername\n"
     "LOGIN challenge=Password: of=myusername\n"
     "LOGIN pass=secret1 response=secret1 of=myusername\n"
     "LOGIN user=myusername\n"},
    {"login asks for the password first", "LOGIN",
     {"i", "sUGFzc3dvcmQ6", "cc2VjcmV0", "sVXNlcm5hbWU6", "cdGlt"},
     "LOGIN\n"
     "LOGIN challenge=Password:\n"
     "LOGIN pass=secret response=secret\n"
     "LOGIN challenge=Username:\n"
     "LOGIN user=tim response=tim\n"
     "LOGIN user=tim\n"},
    {"login in plain text", "LOGIN",
     {"i", "sUser name:", "cdGlt", "sPassword", "cc2VjcmV0"},
     "LOGIN\n"
     "LOGIN challenge=User name:\n"
     "LOGIN user=tim response=tim\n"
     "LOGIN challenge=Password of=tim\n"
     "LOGIN pass=secret response=secret of=tim\n"
     "LOGIN user=tim\n"},
    {"login in plain text that is base64 in form", "LOGIN",
     {"i", "sUsername", "cdGlt", "sPASSWORD", "c="},
     "LOGIN\n"
     "LOGIN challenge=Username\n"
     "LOGIN user=tim response=tim\n"
     "LOGIN challenge=PASSWORD of=tim\n"
     "LOGIN pass= of=tim\n"
     "LOGIN user=tim\n"},
    {"login with NUL", "LOGIN",
     {"i", "sVXNlciBOYW1lAA==", "cdGlt", "sUGFzc3dvcmQA", "cc2VjcmV0"},
     "LOGIN\n"
     "LOGIN challenge=User Name\n"
     "LOGIN user=tim response=tim\n"
     "LOGIN challenge=Password of=tim\n"
     "LOGIN pass=secret response=secret of=tim\n"
     "LOGIN user=tim\n"},
    {"login in another language", "LOGIN",
     {"i", "sQmVudXR6ZXI6", "cdGlt", "sS2Vubndvcg==", "cc2VjcmV0"},
     "LOGIN\n"
     "LOGIN challenge=Benutzer:\n"
     "LOGIN user=tim response=tim\n"
     "LOGIN challenge=Kennwor of=tim\n"
     "LOGIN pass=secret response=secret of=tim\n"
     "LOGIN user=tim\n"},
    {"login with an empty line for the password", "LOGIN",
     {"idGlt", "sUGFzc3dvcmQ6", "c"},
     "LOGIN user=tim response=tim\n"
     "LOGIN challenge=Password: of=tim\n"
     "LOGIN pass= of=tim\n"
     "LOGIN user=tim\n"},
};

static void test_exchanges(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *got = run(&rows[i]);
        if (getenv("TRANSCRIPT_PRINT"))
            g_print("=== %s\n%s", rows[i].name, got);
        else
            g_assert_cmpstr(got, ==, rows[i].expected);
        g_free(got);
    }
}

/* The argument of AUTH; each takes the place of the one before. */
static void test_begin(void)
{
    static const struct {
        const char *argument, *mechanism, *user, *password;
        anomaly_set anomalies;
    } cases[] = {
        {"PLAIN AHRpbQBz", "PLAIN", "tim", "s", 0},
        {"plain", "PLAIN", "", "", 0},
        {"PLAIN %%%%", "PLAIN", "", "", ANOMALY_BIT(ANOMALY_BAD_BASE64_AUTH)},
        {"login dGlt", "LOGIN", "tim", "", 0},
        {"LOGIN dXNlcjE= cHcx", "LOGIN", "user1", "pw1", 0},
        {"login  dXNlcjE=  cHcx", "LOGIN", "user1", "pw1", 0},
        {"LOGIN user1 pw!", "LOGIN", "user1", "pw!", ANOMALY_BIT(ANOMALY_BAD_BASE64_AUTH)},
        {"XYMCookie", "XYMCOOKIE", "", "", 0},
        {"", NULL, "", "", 0},
        {" AHRpbQBz", NULL, "", "", 0},
    };
    sasl *exchange = NULL;
    mail_auth auth;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmphex(sasl_begin(&exchange, slice_of(cases[i].argument), &auth), ==, cases[i].anomalies);
        g_assert_cmpstr(auth.mechanism, ==, cases[i].mechanism);
        g_assert_true(slice_is(auth.username, cases[i].user));
        g_assert_true(slice_is(auth.password, cases[i].password));
    }
    sasl_free(exchange);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sasl/exchanges", test_exchanges);
    g_test_add_func("/sasl/begin", test_begin);
    return g_test_run();
}
