/* test_auth_results.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "auth_results.h"
#include "limits.h"

/* "server#instance method=result(comment)[properties] ..." */
static char *flatten(auth_results *results)
{
    GString *out = g_string_new(results->server ? results->server : "-");
    if (results->instance)
        g_string_append_printf(out, "#%u", results->instance);
    for (guint i = 0; i < results->results->len; i++) {
        const auth_result *r = g_ptr_array_index(results->results, i);
        g_string_append_printf(out, " %s=%s", r->method, r->result);
        if (r->comment)
            g_string_append_printf(out, "(%s)", r->comment);
        if (*r->properties)
            g_string_append_printf(out, "[%s]", r->properties);
    }
    auth_results_free(results);
    return g_string_free(out, FALSE);
}

static void test_results(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"example.org 1; none", "example.org"},
        {"example.com; spf=pass smtp.mailfrom=example.net", "example.com spf=pass[smtp.mailfrom=example.net]"},
        {"mx.Google.com;\r\n       dkim=pass header.i=@example.net header.s=sel header.b=\"abc;d=\";\r\n"
         "       spf=pass (google.com: domain of a@example.net designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.net;\r\n"
         "       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.net",
         "mx.google.com dkim=pass[header.i=@example.net header.s=sel header.b=abc;d=]"
         " spf=pass(google.com: domain of a@example.net designates 192.0.2.1 as permitted sender)[smtp.mailfrom=a@example.net]"
         " dmarc=pass(p=REJECT sp=REJECT dis=NONE)[header.from=example.net]"},
        {"spf=fail (sender IP is 192.0.2.9)\r\n smtp.mailfrom=bank.example; dkim=none (message not signed)\r\n header.d=none;dmarc=fail action=none\r\n"
         " header.from=bank.example;compauth=fail reason=001",
         "- spf=fail(sender IP is 192.0.2.9)[smtp.mailfrom=bank.example] dkim=none(message not signed)[header.d=none]"
         " dmarc=fail[action=none header.from=bank.example] compauth=fail[reason=001]"}, /* outlook.com names no server */
        {"i=2; mx.example.org; arc=pass (i=1); dkim=fail reason=\"bad signature\"", "mx.example.org#2 arc=pass(i=1) dkim=fail[reason=bad signature]"},
        {"foo.example (comment; with) 1; auth = pass (cram-md5) smtp.auth = sender@example.net", "foo.example auth=pass(cram-md5)[smtp.auth=sender@example.net]"},
        {"a.example; dkim/1=pass", "a.example dkim=pass"},
        {"", "-"},
        {";;;", "-"},
        {"===", "-"},
        {"a; =; b", "a"},
        {"a; spf=", "a spf="},
        {"a; spf=pass (never closed", "a spf=pass(never closed)"},
        {"a; spf=pass x", "a spf=pass"},
        {"a; x=y \"q\" =z", "a x=y[\"q\"=z]"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *out = flatten(auth_results_parse(slice_of(cases[i].in)));
        g_assert_cmpstr(out, ==, cases[i].out);
        g_free(out);
    }
}

static void test_spf(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"pass (example.org: domain of a@b.example designates 192.0.2.1 as permitted sender) receiver=MX.example.org; client-ip=192.0.2.1;\r\n"
         " envelope-from=\"a@b.example\"; helo=b.example;",
         "mx.example.org spf=pass(example.org: domain of a@b.example designates 192.0.2.1 as permitted sender)"
         "[receiver=MX.example.org client-ip=192.0.2.1 envelope-from=a@b.example helo=b.example]"},
        {"SoftFail", "- spf=softfail"},
        {"none (x) client-ip=2001:db8::1; ", "- spf=none(x)[client-ip=2001:db8::1]"},
        {"", "- spf="},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *out = flatten(auth_results_parse_spf(slice_of(cases[i].in)));
        g_assert_cmpstr(out, ==, cases[i].out);
        g_free(out);
    }
    auth_results_free(NULL);
}

static void test_limit(void)
{
    GString *text = g_string_new("a");
    for (guint i = 0; i < LIMIT_PARAMS + 1; i++)
        g_string_append(text, "; spf=pass");
    auth_results *results = auth_results_parse(slice_of(text->str));
    g_assert_cmpuint(results->results->len, ==, LIMIT_PARAMS);
    auth_results_free(results);
    g_string_free(text, TRUE);
}

static void test_signatures(void)
{
    dkim_signature *s = dkim_signature_parse(
        slice_of(" v=1; a=RSA-SHA256; c=relaxed/simple; d=example.net; s=brisbane;\r\n\ti=joe@eng.example.net; t=1117574938; x=1118006938; l=200;\r\n"
                 "\th=from:to:\r\n\t subject; bh=MTIzNDU2Nzg5MDEyMzQ1Njc4\r\n\t OTAxMjM0NTY3ODkwMTI=; b=dzdV\r\n yO"));
    g_assert_cmpstr(s->domain, ==, "example.net");
    g_assert_cmpstr(s->selector, ==, "brisbane");
    g_assert_cmpstr(s->algorithm, ==, "rsa-sha256");
    g_assert_cmpstr(s->identity, ==, "joe@eng.example.net");
    g_assert_cmpstr(s->signed_fields, ==, "from:to:subject");
    g_assert_cmpstr(s->body_hash, ==, "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=");
    g_assert_true(s->has_length && s->canon_known);
    g_assert_cmpint(s->body_canon, ==, DKIM_CANON_SIMPLE);
    g_assert_cmpuint(s->length, ==, 200);
    g_assert_cmpint(s->signed_at, ==, 1117574938);
    g_assert_cmpint(s->expires_at, ==, 1118006938);
    dkim_signature_free(s);

    s = dkim_signature_parse(slice_of("i=3; a=rsa-sha256; cv=pass; d=arc.example; d=second.example; l=99999999999999999999"));
    g_assert_cmpuint(s->instance, ==, 3);
    g_assert_null(s->identity);
    g_assert_cmpstr(s->domain, ==, "arc.example");
    g_assert_false(s->has_length);
    dkim_signature_free(s);

    s = dkim_signature_parse(slice_of(";;=;d;==x; c=/"));
    g_assert_null(s->domain);
    g_assert_false(s->canon_known);
    dkim_signature_free(s);
    dkim_signature_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/auth_results/results", test_results);
    g_test_add_func("/auth_results/spf", test_spf);
    g_test_add_func("/auth_results/limit", test_limit);
    g_test_add_func("/auth_results/signatures", test_signatures);
    return g_test_run();
}
