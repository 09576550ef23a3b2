/* test_mail_recogniser.c
 * What is mail, what never is, and what needs more bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_recogniser.h"

#define NONE MAIL_PROTOCOL_NONE
#define SMTP MAIL_PROTOCOL_SMTP
#define LMTP MAIL_PROTOCOL_LMTP
#define POP3 MAIL_PROTOCOL_POP3
#define IMAP MAIL_PROTOCOL_IMAP
#define NO MAIL_VERDICT_NO
#define MAYBE MAIL_VERDICT_MAYBE
#define YES MAIL_VERDICT_YES

typedef struct row {
    const char *client, *server;
    mail_protocol hint;
    mail_verdict verdict;
    mail_protocol protocol; /* YES */
} row;

/* Each row is looked at with the client as side a and as side b. */
static void check(const row *rows, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        const row *r = &rows[i];
        mail_guess ab = mail_recogniser_look(slice_of(r->client), slice_of(r->server), r->hint);
        mail_guess ba = mail_recogniser_look(slice_of(r->server), slice_of(r->client), r->hint);
        if (ab.verdict != r->verdict || ba.verdict != r->verdict ||
            (r->verdict == YES && (ab.protocol != r->protocol || ba.protocol != r->protocol || !ab.a_is_client || ba.a_is_client))) {
            g_print("client \"%s\" server \"%s\" hint %d: expected %d %d, got %d %d %d and %d %d %d\n",
                    r->client ? r->client : "", r->server ? r->server : "", r->hint, r->verdict, r->protocol, ab.verdict,
                    ab.protocol, ab.a_is_client, ba.verdict, ba.protocol, ba.a_is_client);
            g_test_fail();
        }
    }
}

static void test_mail(void)
{
    static const row rows[] = {
        {"", "220 mx.example ESMTP Postfix\r\n", NONE, YES, SMTP},
        {"", "220 mx.example ESMTP", NONE, YES, SMTP},
        {"", "220-mx.example Microsoft ESMTP MAIL Service\r\n220 x\r\n", NONE, YES, SMTP},
        {"", "220 mx LMTP Server (Cyrus)\r\n", NONE, YES, LMTP},
        {"EHLO c\r\n", "", NONE, YES, SMTP},
        {"ehlo c\r\n", "", NONE, YES, SMTP},
        {"HELO c", "", NONE, YES, SMTP},
        {"LHLO c\r\n", "", NONE, YES, LMTP},
        {"LHLO c\r\n", "220 host ready\r\n", NONE, YES, LMTP},
        {"EHLO c\r\n", "220 host ready\r\n", NONE, YES, SMTP},
        {"MAIL FROM:<a@x>\r\n", "250 ok\r\n", NONE, YES, SMTP},
        {"RCPT TO:<", "", NONE, YES, SMTP},
        {"GET / HTTP/1.0\r\n", "220 x ESMTP\r\n", NONE, YES, SMTP},
        {"PROXY TCP4 10.0.0.1 10.0.0.2 1 25\r\nEHLO c\r\n", "", NONE, YES, SMTP},
        {"PROXY TCP4 10.0.0.1 10.0.0.2 1 110\r\nCAPA\r\n", "", NONE, YES, POP3},
        {"", "250-mx\r\n250-PIPELINING\r\n", NONE, YES, SMTP},
        {"", "250 2.1.0 Ok\r\n", NONE, YES, SMTP},
        {"", "354 End data with <CR><LF>.<CR><LF>\r\n", NONE, YES, SMTP},
        {"", "334 VXNlcm5hbWU6\r\n", NONE, YES, SMTP},
        {"DATA\r\n", "354 go\r\n", NONE, YES, SMTP},
        {"", "+OK POP3 ready\r\n", NONE, YES, POP3},
        {"", "+OK Dovecot ready.\r\n", NONE, YES, POP3},
        {"", "+OK mail01.skynet.local\r\n", NONE, YES, POP3},
        {"", "+OK <1896.6971@mailgate>\r\n", NONE, YES, POP3},
        {"CAPA\r\n", "+OK\r\n", NONE, YES, POP3},
        {"CAPA\r\n", "", NONE, YES, POP3},
        {"USER joe\r\n", "+OK\r\n", NONE, YES, POP3},
        {"USER joe\r\nPASS x\r\n", "+OK ready\r\n+OK\r\n", NONE, YES, POP3},
        {"AUTH PLAIN\r\n", "+OK hello\r\n+ \r\n", NONE, YES, POP3},
        {"STLS\r\n", "+OK x\r\n", NONE, YES, POP3},
        {"RETR 1\r\n", "+OK 120 octets\r\nReceived: x\r\n", NONE, YES, POP3},
        {"TOP 1 0\r\n", "", NONE, YES, POP3},
        {"", "* OK [CAPABILITY IMAP4rev1] ready.\r\n", NONE, YES, IMAP},
        {"", "* OK Dovecot ready.\r\n", NONE, YES, IMAP},
        {"", "* PREAUTH IMAP4rev1 server logged in as Smith\r\n", NONE, YES, IMAP},
        {"a1 CAPABILITY\r\n", "", NONE, YES, IMAP},
        {"a1 LOGIN bob secret\r\n", "* OK ready\r\n", NONE, YES, IMAP},
        {"A003 UID FETCH 1:* (FLAGS)\r\n", "", NONE, YES, IMAP},
        {"2 SELECT INBOX\r\n", "", NONE, YES, IMAP},
        {"", "* 5 EXISTS\r\n", NONE, YES, IMAP},
        {"", "* 1 FETCH (UID 5 BODY[] {300}\r\n\x01", NONE, YES, IMAP},
        {"GET / HTTP/1.0\r\n", "* OK IMAP4 ready\r\n", NONE, YES, IMAP},
    };
    check(rows, G_N_ELEMENTS(rows));
}

static void test_not_mail(void)
{
    static const row rows[] = {
        {"USER anonymous\r\n", "220 ProFTPD 1.3 Server\r\n", NONE, NO, NONE},
        {"", "220 (vsFTPd 3.0.3)\r\n", NONE, NO, NONE},
        {"", "220-FileZilla Server 0.9\r\n", NONE, NO, NONE},
        {"USER a\r\n", "220 ready\r\n331 password\r\n", NONE, NO, NONE},
        {"AUTH TLS\r\n", "220 host ready\r\n234 ok\r\n", NONE, NO, NONE},
        {"USER a\r\nPASS b\r\n", "220 host ready\r\n", NONE, NO, NONE},
        {"USER u\r\n", "220 host server (HylaFAX (tm) Version 6.0.6) ready.\r\n", NONE, NO, NONE},
        {"CLIENT \"dict\"\r\n", "220 pan dictd 1.12.1/rf <auth.mime> <4.1@pan>\r\n", NONE, NO, NONE},
        {"*1\r\n$4\r\nPING\r\n", "+PONG\r\n", NONE, NO, NONE},
        {"PING\r\n", "+PONG\r\n", NONE, NO, NONE},
        {"SET a b\r\n", "+OK\r\n", NONE, NO, NONE},
        {"AUTH secret\r\n", "+OK\r\n", NONE, NO, NONE},
        {"", "-ERR unknown command 'FOO'\r\n", NONE, NO, NONE},
        {"", "+OK\r\n$3\r\nfoo\r\n", NONE, NO, NONE},
        {"CONNECT {\"verbose\":true}\r\nPING\r\n", "INFO {\"server_id\":\"x\"}\r\n+OK\r\n", NONE, NO, NONE},
        {"", "-ERR 'Unknown Protocol Operation'\r\n", NONE, NO, NONE},
        {"", "200 news.example ready (posting ok)\r\n", NONE, NO, NONE},
        {"", "201 no posting\r\n", NONE, NO, NONE},
        {"NICK joe\r\nUSER joe 0 * :Joe\r\n", "", NONE, NO, NONE},
        {"PASS x\r\nNICK joe\r\nUSER joe 0 * :Joe\r\n", ":srv NOTICE AUTH :*** Looking up\r\n", NONE, NO, NONE},
        {"GET / HTTP/1.1\r\nHost: x\r\n", "HTTP/1.1 200 OK\r\n", NONE, NO, NONE},
        {"EHLO c\r\n", "HTTP/1.1 400 Bad Request\r\n", NONE, NO, NONE},
        {"get foo\r\n", "VALUE foo 0 3\r\n", NONE, NO, NONE},
        {"stats\r\n", "STAT pid 1\r\n", NONE, NO, NONE},
        {"REGISTER sip:x SIP/2.0\r\n", "SIP/2.0 200 OK\r\n", NONE, NO, NONE},
        {"\xff\xfd\x18", "", NONE, NO, NONE},
        {"SSH-2.0-OpenSSH_9\r\n", "SSH-2.0-OpenSSH_9\r\n", NONE, NO, NONE},
        {"<?xml version='1.0'?>", "", NONE, NO, NONE},
        {"", "\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n\"SIEVE\" \"x\"\r\nOK\r\n", NONE, NO, NONE},
        {"", "Asterisk Call Manager/5.0\r\n", NONE, NO, NONE},
        {"", "J\x01\x01\n8.0", NONE, NO, NONE},
        {"\x16\x03\x01\x02\x01", "", NONE, NO, NONE},
        {"\x8f\x22\x9a", "\x01\x02", NONE, NO, NONE},
        {"put 0 0 60 5\r\nhello\r\n", "INSERTED 1\r\n", NONE, NO, NONE},
        {"deploys.test:1|c", "", NONE, NO, NONE},
        {"", "@RSYNCD: 31.0\n", NONE, NO, NONE},
        {"BITTORRENT", "", NONE, NO, NONE},
        {"", "* ACAP (IMPLEMENTATION \"x\")\r\n", NONE, NO, NONE},
        {"", "* item one\r\n* item two\r\n", NONE, NO, NONE},
        {"", "** OK\r\n", NONE, NO, NONE},
        {"", "note NO entry\r\nmore\r\n", NONE, NO, NONE},
        {"please check\r\n", "", NONE, NO, NONE},
        {"a1 please check\r\n", "", NONE, NO, NONE},
        {"a1 LOGIN bob secret\r\n", "HTTP/1.1 400 Bad Request\r\n", NONE, NO, NONE},
        {"1 NOOP\r\n", "OK\r\n", NONE, NO, NONE},
        {"LIST -al\r\n", "+OK\r\n", NONE, NO, NONE},
        {"USER joe\r\n", "331 go\r\n", NONE, NO, NONE},
        {"hello world this is chat\r\n", "and so is this\r\n", NONE, NO, NONE},
        /* also on a mail port */
        {"GET / HTTP/1.1\r\n", "", SMTP, NO, NONE},
        {"\x16\x03\x01\x02\x01", "", SMTP, NO, NONE},
        {"", "220 ProFTPD\r\n", SMTP, NO, NONE},
        {"", "SSH-2.0-x\r\n", POP3, NO, NONE},
        {"SSH-2.0-PuTTY_Re", "", SMTP, NO, NONE}, /* no tag of IMAP that goes on */
        {"SSH-2.0-PuTTY_Re", "", IMAP, NO, NONE},
        {"*1\r\n$4\r\nPING\r\n", "+PONG\r\n", POP3, NO, NONE},
    };
    check(rows, G_N_ELEMENTS(rows));
}

static void test_needs_more(void)
{
    static const row rows[] = {
        {"", "", NONE, MAYBE, NONE},
        {"", "+OK\r\n", NONE, MAYBE, NONE},
        {"", "+OK hel", NONE, MAYBE, NONE},
        {"", "+OK 2 320\r\n", NONE, MAYBE, NONE},
        {"QUIT\r\n", "+OK\r\n", NONE, MAYBE, NONE}, /* Redis has this as well */
        {"", "220 host ready\r\n", NONE, MAYBE, NONE},
        {"QUIT\r\n", "220 host ready\r\n221 bye\r\n", NONE, MAYBE, NONE}, /* and FTP this */
        {"USER joe\r\n", "", NONE, MAYBE, NONE},
        {"", "2", NONE, MAYBE, NONE},
        {"", "22", NONE, MAYBE, NONE},
        {"", "220", NONE, MAYBE, NONE},
        {"", "+", NONE, MAYBE, NONE},
        {"", "+OK", NONE, MAYBE, NONE},
        {"E", "", NONE, MAYBE, NONE},
        {"EHL", "", NONE, MAYBE, NONE},
        {"MAIL", "", NONE, MAYBE, NONE},
        {"U", "", NONE, MAYBE, NONE},
        {"USE", "", NONE, MAYBE, NONE},
        {"CAPA", "", NONE, MAYBE, NONE},
        {"PROXY TCP4 10.0.0.1 10.0.0.2 1 25\r\n", "", NONE, MAYBE, NONE},
        {"P", "", NONE, MAYBE, NONE},
        {"", "220 ho", SMTP, MAYBE, NONE},
    };
    check(rows, G_N_ELEMENTS(rows));
}

static void test_hinted(void)
{
    static const row rows[] = {
        {"", "220 host ready\r\n", SMTP, YES, SMTP},
        {"", "421 busy\r\n", SMTP, YES, SMTP},
        {"", "554 go away\r\n", SMTP, YES, SMTP},
        {"QUIT\r\n", "", SMTP, YES, SMTP},
        {"", "250 ok\r\n", SMTP, YES, SMTP},
        {"", "220 host ready\r\n", LMTP, YES, LMTP},
        {"", "+OK\r\n", POP3, YES, POP3},
        {"", "-ERR no\r\n", POP3, YES, POP3},
        {"USER joe\r\n", "", POP3, YES, POP3},
        {"QUIT\r\n", "", POP3, YES, POP3},
        {"", "+OK POP3 ready\r\n", SMTP, YES, POP3},
        /* captured from the middle */
        {"QUFBQUFB\r\nQUFB\r\n", "", SMTP, YES, SMTP},
        {"OM:<a@x>\r\nRCPT TO:<b@y>\r\n", "", SMTP, YES, SMTP},
        {"", "0-SIZE 10\r\n250 DSN\r\n", SMTP, YES, SMTP},
        {"", "Subject: x\r\n\r\nhello\r\n", POP3, YES, POP3},
        {"XFOO bar\r\n", "", SMTP, YES, SMTP},
    };
    check(rows, G_N_ELEMENTS(rows));
}

/* With more bytes a YES never becomes something else, and MAYBE never was NO. */
static void test_monotonous(void)
{
    static const char *const streams[] = {"220 mx ESMTP Postfix\r\n250-mx\r\n250-PIPELINING\r\n250 DSN\r\n",
                                          "EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\n",
                                          "+OK POP3 ready\r\n+OK\r\n+OK\r\n1 100\r\n.\r\n",
                                          "CAPA\r\nUSER joe\r\nPASS x\r\nSTAT\r\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(streams); i++) {
        slice all = slice_of(streams[i]);
        mail_verdict last = MAYBE;
        for (gsize len = 0; len <= all.len; len++) {
            mail_guess guess = mail_recogniser_look(slice_head(all, len), SLICE_EMPTY, NONE);
            g_assert_cmpint(guess.verdict, >=, last);
            last = guess.verdict;
        }
        g_assert_cmpint(last, ==, YES);
    }
}

/* Bytes at random are no mail session. */
static void test_random(void)
{
    guint8 a[64], b[64];
    GRand *random = g_rand_new_with_seed(1);
    for (guint i = 0; i < 100000; i++) {
        for (gsize k = 0; k < sizeof a; k++) {
            a[k] = (guint8)g_rand_int(random);
            b[k] = (guint8)g_rand_int(random);
        }
        g_assert_cmpint(mail_recogniser_look((slice){a, sizeof a}, (slice){b, sizeof b}, NONE).verdict, ==, NO);
    }
    g_rand_free(random);
}

#define V1 "PROXY TCP4 10.0.0.1 10.0.0.2 1111 25\r\n"
#define V2 "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" "0123456789ab"

/* Every beginning of the header is PARTIAL, the whole is HEADER whatever follows. */
static void check_proxy(const char *header, gsize header_len)
{
    GByteArray *all = g_byte_array_new();
    gsize len = 0;

    g_byte_array_append(all, (const guint8 *)header, (guint)header_len);
    g_byte_array_append(all, (const guint8 *)"EHLO c\r\n", 8);
    for (gsize size = 1; size < header_len; size++)
        g_assert_cmpint(mail_recogniser_proxy_header((slice){all->data, size}, &len), ==, MAIL_PROXY_PARTIAL);
    for (gsize size = header_len; size <= all->len; size++) {
        g_assert_cmpint(mail_recogniser_proxy_header((slice){all->data, size}, &len), ==, MAIL_PROXY_HEADER);
        g_assert_cmpuint(len, ==, header_len);
    }
    g_byte_array_unref(all);
}

static void test_proxy_header(void)
{
    check_proxy(V1, sizeof V1 - 1);
    check_proxy("PROXY UNKNOWN\r\n", 15);
    check_proxy(V2, sizeof V2 - 1);
}

static void test_no_proxy_header(void)
{
    static const char *const others[] = {"EHLO c\r\n", "PASS x\r\n", "PR\r\n", "\r\nEHLO", "\r\n\r\nEHLO", "PROXY\r\n"};
    char *longer = g_strdup_printf("PROXY %0101d", 0);
    gsize len;

    g_assert_cmpint(mail_recogniser_proxy_header(SLICE_EMPTY, &len), ==, MAIL_PROXY_NONE);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_cmpint(mail_recogniser_proxy_header(slice_of(others[i]), &len), ==, MAIL_PROXY_NONE);
    g_assert_cmpint(mail_recogniser_proxy_header(slice_of(longer), &len), ==, MAIL_PROXY_NONE);
    longer[106] = 0;
    g_assert_cmpint(mail_recogniser_proxy_header(slice_of(longer), &len), ==, MAIL_PROXY_PARTIAL);
    g_free(longer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail_recogniser/mail", test_mail);
    g_test_add_func("/mail_recogniser/not_mail", test_not_mail);
    g_test_add_func("/mail_recogniser/needs_more", test_needs_more);
    g_test_add_func("/mail_recogniser/hinted", test_hinted);
    g_test_add_func("/mail_recogniser/monotonous", test_monotonous);
    g_test_add_func("/mail_recogniser/random", test_random);
    g_test_add_func("/mail_recogniser/proxy_header", test_proxy_header);
    g_test_add_func("/mail_recogniser/no_proxy_header", test_no_proxy_header);
    return g_test_run();
}
