/* test_rfc822_lexer.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "rfc822_lexer.h"

static void test_cfws(void)
{
    static const struct {
        const char *in, *rest;
    } cases[] = {
        {"", ""},           {"  x", "x"},         {"(a)x", "x"},          {" (a) \r\n (b) x", "x"}, {"(a (b) c) x", "x"},
        {"(a \\) b) x", "x"}, {"(never", ""},       {"((a) never", ""},     {"x", "x"},               {"(", ""},
        {"(\\", ""},        {")x", ")x"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        slice cursor = slice_of(cases[i].in);
        rfc822_skip_cfws(&cursor);
        g_assert_cmpmem(cursor.data, cursor.len, cases[i].rest, strlen(cases[i].rest));
    }
}

static void test_tokens(void)
{
    slice cursor = slice_of("text/plain");
    g_assert_true(slice_is(rfc822_take_token(&cursor), "text"));
    g_assert_cmpuint(rfc822_take_token(&cursor).len, ==, 0);
    for (const char *p = "()<>@,;:\\\"/[]?= \t\x7F"; *p; p++)
        g_assert_false(rfc822_is_token_char((guint8)*p));
    g_assert_false(rfc822_is_token_char(0));
    g_assert_false(rfc822_is_token_char(0xE4));
    g_assert_true(rfc822_is_token_char('*'));
}

static void test_quoted_strings(void)
{
    static const struct {
        const char *in, *out, *rest;
        gboolean closed;
    } cases[] = {
        {"\"a b\"x", "a b", "x", TRUE},      {"\"\"", "", "", TRUE},           {"\"a\\\"b\\\\\"", "a\"b\\", "", TRUE},
        {"\"a\r\n b\"", "a b", "", TRUE},    {"\"never", "never", "", FALSE},  {"\"", "", "", FALSE},
        {"\"a\\", "a\\", "", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *out = g_string_new(NULL);
        slice cursor = slice_of(cases[i].in);
        g_assert_cmpint(rfc822_take_quoted_string(&cursor, out), ==, cases[i].closed);
        g_assert_cmpstr(out->str, ==, cases[i].out);
        g_assert_cmpmem(cursor.data, cursor.len, cases[i].rest, strlen(cases[i].rest));
        g_string_free(out, TRUE);
    }
}

/* "name|mailbox|group" of each, one per line. */
static char *flatten(const char *in)
{
    GString *out = g_string_new(NULL);
    anomaly_set anomalies = 0;
    GPtrArray *list = rfc822_parse_address_list(slice_of(in), &anomalies);
    for (guint i = 0; i < list->len; i++) {
        const rfc822_address *a = g_ptr_array_index(list, i);
        g_string_append_printf(out, "%s%s|%s|%s", i ? "\n" : "", a->name ? a->name : "", a->mailbox, a->group ? a->group : "");
    }
    g_ptr_array_unref(list);
    return g_string_free(out, FALSE);
}

static void test_addresses(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {" , ,", ""},
        {"a@b", "|a@b|"},
        {"<a@b>", "|a@b|"},
        {"Anna Berg <a@b>", "Anna Berg|a@b|"},
        {"\"Berg, Anna\" <a@b>, c@d", "Berg, Anna|a@b|\n|c@d|"},
        {"\"Berg, \\\"A\\\"\" <a@b>", "Berg, \"A\"|a@b|"},
        {"=?utf-8?Q?Berg=2C_=C3=84nna?= <a@b>,\r\n =?gb2312?B?xOM=?= <c@d>", "Berg, Änna|a@b|\n你|c@d|"},
        {"a@b (Anna (Berg))", "Anna (Berg)|a@b|"},
        {"a@b (=?utf-8?Q?=C3=84?=)", "Ä|a@b|"},
        {"Anna (x, y) <a@b>", "Anna|a@b|"},
        {"Team: a@b, C <c@d>; e@f", "|a@b|Team\nC|c@d|Team\n|e@f|"},
        {"undisclosed-recipients:;", ""},
        {"A. B. Smith <a@b>", "A. B. Smith|a@b|"},                 /* a dot in a phrase: RFC 5322 4.1 */
        {"<@relay.example:a@b>", "|a@b|"},                         /* a source route */
        {"\"a,b\"@c", "|\"a,b\"@c|"},
        {"<\"a,b\"@c>", "|\"a,b\"@c|"},
        {"Anna <a@b, Bert <c@d>", "Anna|a@b|\nBert|c@d|"},         /* ">" forgotten */
        {"Anna <>", "Anna||"},
        {"\xC3\x84 <\xC3\xA4@b>", "Ä|ä@b|"},                       /* SMTPUTF8 */
        {"a@[IPv6:::1]", "|a@[IPv6:::1]|"},
        {"\"never closed <a@b>", "|never closed <a@b>|"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *out = flatten(cases[i].in);
        g_assert_cmpstr(out, ==, cases[i].out);
        g_free(out);
    }
}

static void test_limit(void)
{
    for (guint count = LIMIT_RECIPIENTS; count <= LIMIT_RECIPIENTS + 1; count++) {
        GString *text = g_string_new("Group:");
        for (guint i = 0; i < count; i++)
            g_string_append(text, "a@b,");
        GPtrArray *list = rfc822_parse_address_list(slice_of(text->str), NULL);
        g_assert_cmpuint(list->len, ==, LIMIT_RECIPIENTS);
        g_ptr_array_unref(list);
        g_string_free(text, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rfc822_lexer/cfws", test_cfws);
    g_test_add_func("/rfc822_lexer/tokens", test_tokens);
    g_test_add_func("/rfc822_lexer/quoted_strings", test_quoted_strings);
    g_test_add_func("/rfc822_lexer/addresses", test_addresses);
    g_test_add_func("/rfc822_lexer/limit", test_limit);
    return g_test_run();
}
