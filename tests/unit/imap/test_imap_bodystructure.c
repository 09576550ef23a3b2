/* test_imap_bodystructure.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_bodystructure.h"
#include "limits.h"

static void write_down(GString *out, const imap_body *body)
{
    g_string_append_printf(out, "%s=%s", body->path, body->type);
    if (body->encoding)
        g_string_append_printf(out, "/%s", body->encoding);
    if (body->has_octets)
        g_string_append_printf(out, "/%d", (int)body->octets);
    if (body->disposition)
        g_string_append_printf(out, "/%s", body->disposition);
    if (body->envelope_subject)
        g_string_append_printf(out, "/%s", body->envelope_subject);
    for (guint i = 0; body->children && i < body->children->len; i++) {
        g_string_append(out, i ? " " : " (");
        write_down(out, g_ptr_array_index(body->children, i));
    }
    if (body->children)
        g_string_append_c(out, ')');
}

#define TEXT "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 5 1)"

static const struct {
    const char *text, *expected;
} tests[] = {
    {TEXT, "1=text/plain/7bit/5"},
    {"(" TEXT "(\"image\" \"png\" NIL NIL NIL \"base64\" 9) \"mixed\")",
     "=multipart/mixed (1=text/plain/7bit/5 2=image/png/base64/9)"},
    {"((" TEXT TEXT " \"alternative\")" TEXT " \"mixed\" (\"boundary\" \"x\") (\"inline\" NIL) NIL NIL)",
     "=multipart/mixed/inline (1=multipart/alternative (1.1=text/plain/7bit/5 1.2=text/plain/7bit/5) "
     "2=text/plain/7bit/5)"},
    {"(" TEXT
     "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 99 (NIL \"sub\" NIL NIL NIL NIL NIL NIL NIL NIL) (" TEXT TEXT
     " \"mixed\") 5 NIL (\"attachment\" (\"filename\" \"a.eml\"))) \"mixed\")",
     "=multipart/mixed (1=text/plain/7bit/5 2=message/rfc822/7bit/99/attachment/sub (2=multipart/mixed "
     "(2.1=text/plain/7bit/5 "
     "2.2=text/plain/7bit/5)))"},
    {"(\"message\" \"rfc822\" NIL NIL NIL NIL 99 NIL " TEXT " 5)", "1=message/rfc822/99 (1.1=text/plain/7bit/5)"},
    {"(\"text\" \"html\")", "1=text/html"},
    {"(NIL NIL)", "1=application/octet-stream"},
    {"()", "1=application/octet-stream"},
    {"((", "=multipart/mixed (1=application/octet-stream)"},
    {"(\"a\" {3}\r\nb)c (\"x\" {1}\r\ny) NIL NIL \"Q\" 1)", "1=a/b)c/q/1"},
};

static void test_trees(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        imap_body *body = imap_body_parse(slice_of(tests[i].text));
        GString *got = g_string_new(NULL);
        write_down(got, body);
        g_assert_cmpstr(got->str, ==, tests[i].expected);
        g_string_free(got, TRUE);
        imap_body_free(body);
    }
    g_assert_null(imap_body_parse(slice_of("NIL")));
    g_assert_null(imap_body_parse(slice_of("")));
}

static void test_find(void)
{
    imap_body *body = imap_body_parse(slice_of(tests[3].text));
    g_assert_cmpstr(imap_body_find(body, slice_of("2"))->type, ==, "message/rfc822");
    g_assert_cmpstr(imap_body_find(body, slice_of("2.2"))->path, ==, "2.2");
    g_assert_null(imap_body_find(body, slice_of("3")));
    g_assert_null(imap_body_find(body, slice_of("2.2.1")));
    g_assert_null(imap_body_find(body, slice_of("")));
    imap_body_free(body);
}

static void test_header(void)
{
    imap_body *body = imap_body_parse(
        slice_of("(\"application\" \"pdf\" (\"name\" \"a \\\"b\\\".pdf\") \"<i>\" \"what\" \"base64\" 9 NIL "
                 "(\"attachment\" (\"filename*0*\" \"utf-8''%41\" \"filename*1\" \"b c\")))"));
    GString *header = imap_body_header(body);
    g_assert_cmpstr(header->str, ==,
                    "Content-Type: application/pdf;\r\n name=\"a \\\"b\\\".pdf\"\r\n"
                    "Content-Transfer-Encoding: base64\r\n"
                    "Content-Disposition: attachment;\r\n filename*0*=utf-8''%41;\r\n filename*1=\"b c\"\r\n"
                    "Content-ID: <i>\r\nContent-Description: what\r\n\r\n");
    g_string_free(header, TRUE);
    imap_body_free(body);
}

static void test_envelope(void)
{
    imap_envelope envelope;
    g_assert_true(imap_envelope_parse(
        slice_of("(\"d\" NIL ((\"A\" NIL \"a\" \"x\")) NIL NIL ((NIL NIL \"grp\" NIL)(NIL NIL \"b\" "
                 "\"y\")(NIL NIL NIL NIL)) NIL NIL \"r\" \"m\")"),
        &envelope));
    g_assert_cmpstr(envelope.date, ==, "d");
    g_assert_null(envelope.subject);
    g_assert_cmpstr(envelope.from, ==, "A <a@x>");
    g_assert_cmpstr(envelope.to, ==, "grp:b@y;");
    g_assert_cmpstr(envelope.in_reply_to, ==, "r");
    g_assert_cmpstr(envelope.message_id, ==, "m");
    imap_envelope_clear(&envelope);
    g_assert_false(imap_envelope_parse(slice_of("NIL"), &envelope));
    g_assert_true(imap_envelope_parse(slice_of("("), &envelope));
    imap_envelope_clear(&envelope);
}

/* At the bound, and far over: no deep recursion. */
static void test_depth(void)
{
    for (guint depth = LIMIT_MIME_DEPTH - 1; depth < 100000; depth *= 10) {
        GString *text = g_string_new(NULL);
        for (guint i = 0; i < depth; i++)
            g_string_append_c(text, '(');
        imap_body *body = imap_body_parse((slice){(const guint8 *)text->str, text->len});
        g_assert_nonnull(body);
        imap_body_free(body);
        g_string_free(text, TRUE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_bodystructure/trees", test_trees);
    g_test_add_func("/imap_bodystructure/find", test_find);
    g_test_add_func("/imap_bodystructure/header", test_header);
    g_test_add_func("/imap_bodystructure/envelope", test_envelope);
    g_test_add_func("/imap_bodystructure/depth", test_depth);
    return g_test_run();
}
