/* test_imap_lexer.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_lexer.h"
#include "limits.h"

/* --- lines --- */

static void quote(GString *out, slice s)
{
    for (gsize i = 0; i < s.len; i++) {
        if (s.data[i] == '\r' || s.data[i] == '\n')
            g_string_append(out, s.data[i] == '\r' ? "\\r" : "\\n");
        else
            g_string_append_c(out, (char)s.data[i]);
    }
}

/* Reads in pieces of `piece` bytes; passes on literals of lines that hold "PASS". What came, one thing per line. */
static char *read_all(mail_side side, const char *text, gsize piece)
{
    GString *out = g_string_new(NULL), *data = g_string_new(NULL);
    imap_reader *reader = imap_reader_new(side);
    slice rest = slice_of(text);
    stream_cursor in = {0};
    imap_line line;

    while (rest.len) {
        in.bytes = slice_head(rest, piece);
        rest = slice_from(rest, piece);
        for (imap_read what; (what = imap_reader_next(reader, &in)) != IMAP_READ_MORE;) {
            imap_reader_line(reader, &line);
            switch (what) {
            case IMAP_READ_LITERAL:
                if (g_strstr_len((const char *)line.text.data, (gssize)line.text.len, "PASS")) {
                    imap_reader_pass(reader);
                    g_string_append_printf(out, "pass %d%s|", (int)line.size, line.waits ? " waits" : "");
                }
                break;
            case IMAP_READ_DATA:
                g_string_append_len(data, (const char *)imap_reader_data(reader).data,
                                    (gssize)imap_reader_data(reader).len);
                break;
            case IMAP_READ_LITERAL_END:
                quote(out, (slice){(const guint8 *)data->str, data->len});
                g_string_append(out, " end|");
                g_string_truncate(data, 0);
                break;
            default:
                quote(out, line.text);
                g_string_append_printf(out, " %d-%d%s|", (int)line.start, (int)line.end,
                                       line.anomalies & ANOMALY_BIT(ANOMALY_BARE_LF) ? " bare" : "");
                break;
            }
        }
    }
    if (imap_reader_has_begun(reader))
        g_string_append_printf(out, "begun, %d left", (int)imap_reader_literal_left(reader));
    imap_reader_free(reader);
    g_string_free(data, TRUE);
    return g_string_free(out, FALSE);
}

static const struct {
    mail_side side;
    const char *text, *expected;
} line_tests[] = {
    {MAIL_CLIENT, "a NOOP\r\nb X\n", "a NOOP 0-8|b X 8-12 bare|"},
    {MAIL_CLIENT, "a LOGIN {3}\r\nx\r\n {0}\r\n\r\n", "a LOGIN {3}\\r\\nx\\r\\n {0}\\r\\n 0-24|"},
    {MAIL_CLIENT, "a LOGIN {3+}\nxyz\n", "a LOGIN {3+}\\nxyz 0-17 bare|"},
    {MAIL_SERVER, "* 1 PASS {4}\r\na\r\nb)\r\n", "pass 4 waits|a\\r\\nb end|* 1 PASS {4}\\r\\n) 0-21|"},
    {MAIL_SERVER, "* 1 PASS ~{1+}\r\na ~{0}\r\n)\r\n",
     "pass 1|a end|pass 0 waits| end|* 1 PASS ~{1+}\\r\\n ~{0}\\r\\n) 0-27|"},
    {MAIL_SERVER, "* OK say {3}\r\n+ {3}\r\na1 NO {3}\r\n", "* OK say {3} 0-14|+ {3} 14-21|a1 NO {3} 21-32|"},
    {MAIL_CLIENT, "a1 NO {3}\r\nabc\r\n", "a1 NO {3}\\r\\nabc 0-16|"},
    {MAIL_SERVER, "* X {}\r\n* X {a}\r\n* X 3}\r\n{3}\r\nabc\r\n",
     "* X {} 0-8|* X {a} 8-17|* X 3} 17-25|{3}\\r\\nabc 25-35|"},
    {MAIL_SERVER, "* X \"{3}\"\r\n", "* X \"{3}\" 0-11|"},
    {MAIL_SERVER, "* X {99999999999999999999}\r\n", "* X {99999999999999999999} 0-28|"},
    {MAIL_SERVER, "* X {5}\r\nab", "begun, 3 left"},
};

static void test_lines(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(line_tests); i++)
        for (gsize piece = 1; piece < 40; piece++) {
            char *got = read_all(line_tests[i].side, line_tests[i].text, piece);
            g_assert_cmpstr(got, ==, line_tests[i].expected);
            g_free(got);
        }
}

static void test_gap_in_a_literal(void)
{
    imap_reader *reader = imap_reader_new(MAIL_SERVER);
    stream_cursor in = {slice_of("* 1 F (BODY[] {10}\r\n"), 0};
    imap_line line;

    g_assert_cmpint(imap_reader_next(reader, &in), ==, IMAP_READ_LITERAL);
    imap_reader_pass(reader);
    g_assert_false(imap_reader_gap(reader, 0));
    g_assert_false(imap_reader_gap(reader, 11));
    g_assert_true(imap_reader_gap(reader, 8));
    in = (stream_cursor){slice_of("xy)\r\n"), 28};
    g_assert_cmpint(imap_reader_next(reader, &in), ==, IMAP_READ_DATA);
    g_assert_cmpuint(imap_reader_data(reader).len, ==, 2);
    g_assert_cmpint(imap_reader_next(reader, &in), ==, IMAP_READ_LITERAL_END);
    g_assert_cmpint(imap_reader_next(reader, &in), ==, IMAP_READ_LINE);
    imap_reader_line(reader, &line);
    g_assert_cmpuint(line.end, ==, 33);
    imap_reader_free(reader);
}

/* At the bound, and one over: the literal behind the text that was dropped is still a literal. */
static void test_line_limit(void)
{
    for (guint extra = 0; extra < 2; extra++) {
        gsize filler = LIMIT_IMAP_LINE_BYTES - strlen("* X {3}\r\nabc") + extra;
        GString *text = g_string_new("* X ");
        imap_reader *reader = imap_reader_new(MAIL_SERVER);
        imap_line line;

        for (gsize i = 0; i < filler; i++)
            g_string_append_c(text, 'x');
        g_string_append(text, "{3}\r\nabc\r\n");
        stream_cursor in = {{(const guint8 *)text->str, text->len}, 0};
        g_assert_cmpint(imap_reader_next(reader, &in), ==, IMAP_READ_LITERAL);
        g_assert_cmpint(imap_reader_next(reader, &in), ==, IMAP_READ_LINE);
        imap_reader_line(reader, &line);
        g_assert_cmpuint(line.end, ==, text->len);
        g_assert_cmpuint(line.text.len, <=, LIMIT_IMAP_LINE_BYTES);
        g_assert_true((line.anomalies & ANOMALY_BIT(ANOMALY_LINE_TOO_LONG)) != 0);
        imap_reader_free(reader);
        g_string_free(text, TRUE);
    }
}

/* --- tokens --- */

static const struct {
    const char *text, *expected;
} token_tests[] = {
    {"a (b \"c\\\"d\" NIL) {3}\r\nx y 5", "a:a (:( a:b q:c\"d a:NIL ):) l:x y a:5 "},
    {"BODY[HEADER.FIELDS (A \"]\")]<0> {1}\r\n)", "a:BODY[HEADER.FIELDS (A \"]\")]<0> l:) "},
    {"BODY[1", "a:BODY[1 "},
    {"x[1 2]", "a:x[1 a:2] "},
    {"\"open", "q:open! "},
    {"\"a\\", "q:a\\! "},
    {"{5}\r\nab", "l:ab! "},
    {"{5} {x}\r\n ~{2}\r\nabc ~x", "a:{5} a:{x} l:ab a:c a:~x "},
    {"\\Seen $x a]b * %", "a:\\Seen a:$x a:a]b a:* a:% "},
    {"", ""},
};

static void test_tokens(void)
{
    GByteArray *scratch = g_byte_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(token_tests); i++) {
        imap_cursor cursor = imap_cursor_of(slice_of(token_tests[i].text));
        GString *got = g_string_new(NULL);
        imap_token token;

        for (imap_cursor_next(&cursor, &token); token.kind != IMAP_TOKEN_END; imap_cursor_next(&cursor, &token)) {
            slice text = imap_token_string(&token, scratch);
            g_string_append_printf(got, "%c:%.*s%s ", " aql()"[token.kind], (int)text.len, (const char *)text.data,
                                   token.is_broken ? "!" : "");
        }
        g_assert_cmpstr(got->str, ==, token_tests[i].expected);
        g_string_free(got, TRUE);
    }
    g_byte_array_unref(scratch);
}

static void test_deep_lists_and_brackets(void)
{
    GString *text = g_string_new(NULL);
    imap_cursor cursor;
    imap_token token;

    for (guint i = 0; i < 500000; i++)
        g_string_append(text, "(BODY[");
    cursor = imap_cursor_of((slice){(const guint8 *)text->str, text->len});
    imap_cursor_next(&cursor, &token);
    g_assert_cmpint(token.kind, ==, IMAP_TOKEN_OPEN);
    imap_cursor_skip_value(&cursor, &token); /* it never ends: all of it is passed over */
    imap_cursor_next(&cursor, &token);
    g_assert_cmpint(token.kind, ==, IMAP_TOKEN_END);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_lexer/lines", test_lines);
    g_test_add_func("/imap_lexer/gap_in_a_literal", test_gap_in_a_literal);
    g_test_add_func("/imap_lexer/line_limit", test_line_limit);
    g_test_add_func("/imap_lexer/tokens", test_tokens);
    g_test_add_func("/imap_lexer/deep_lists_and_brackets", test_deep_lists_and_brackets);
    return g_test_run();
}
