/* test_header.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "header.h"
#include "limits.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

typedef struct header_case {
    const char *in;
    const char *fields; /* "name=value|name=value" */
    const char *rest;   /* what is behind the header */
    header_end end;
    anomaly_set anomalies;
} header_case;

static gboolean is_boundary(gsize offset, gpointer user)
{
    return strncmp((const char *)user + offset, "--b", 3) == 0;
}

static char *flatten(const header_block *block)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < block->fields->len; i++) {
        const header_field *field = g_ptr_array_index(block->fields, i);
        g_string_append_printf(out, "%s%s=%s", i ? "|" : "", field->name, field->value);
    }
    return g_string_free(out, FALSE);
}

/* The fields' places must be the bytes they came from. */
static void check_places(const header_block *block, const char *in)
{
    for (guint i = 0; i < block->fields->len; i++) {
        const header_field *field = g_ptr_array_index(block->fields, i);
        g_assert_cmpuint(field->offset + field->length, <=, strlen(in));
        g_assert_true((const char *)field->raw_value.data >= in + field->offset);
        g_assert_true((const char *)field->raw_value.data + field->raw_value.len <= in + field->offset + field->length);
    }
}

static void check(const char *in, const char *rest, const header_case *c)
{
    header_block block = header_read(slice_of(in), 0, LIMIT_HEADER_FIELDS, is_boundary, (gpointer)in);
    char *fields = flatten(&block);
    g_assert_cmpstr(fields, ==, c->fields);
    g_assert_cmpstr(in + block.length, ==, rest);
    g_assert_cmpint(block.end, ==, c->end);
    g_assert_cmphex(block.anomalies, ==, c->anomalies);
    check_places(&block, in);
    g_free(fields);
    g_ptr_array_unref(block.fields);
}

static char *with_crlf(const char *in)
{
    char **lines = g_strsplit(in, "\n", -1);
    char *out = g_strjoinv("\r\n", lines);
    g_strfreev(lines);
    return out;
}

static void test_blocks(void)
{
    static const header_case cases[] = {
        {"", "", "", HEADER_END_INPUT, 0},
        {"\nbody", "", "body", HEADER_END_BLANK_LINE, 0},
        {"A: b\n\nbody\n", "A=b", "body\n", HEADER_END_BLANK_LINE, 0},
        {"A: b\nC:d\n\n", "A=b|C=d", "", HEADER_END_BLANK_LINE, 0},
        {"A: b", "A=b", "", HEADER_END_INPUT, 0},
        {"A: b\n", "A=b", "", HEADER_END_INPUT, 0},
        {"A:\n\n", "A=", "", HEADER_END_BLANK_LINE, 0},
        {"A : b\n\n", "A=b", "", HEADER_END_BLANK_LINE, 0},                 /* RFC 5322 4.5 */
        {"A: b\n c\n\td\n\n", "A=b c d", "", HEADER_END_BLANK_LINE, 0},
        {"A: b\n \n c\n\n", "A=b  c", "", HEADER_END_BLANK_LINE, 0},        /* a blank continuation line */
        {"A:\n b\n\n", "A=b", "", HEADER_END_BLANK_LINE, 0},
        {"Subject: =?utf-8?Q?=C3=A4?=\n =?utf-8?Q?=C3=B6?=\n\n", "Subject=äö", "", HEADER_END_BLANK_LINE, 0},
        {"From a@b Mon Jan  1 00:00:00 2024\nA: b\n\n", "A=b", "", HEADER_END_BLANK_LINE, BIT(MBOX_LINE)},
        {">From a@b\nA: b\n\n", "A=b", "", HEADER_END_BLANK_LINE, BIT(MBOX_LINE)},
        {"A: b\ngarbage\nC: d\n\nbody", "A=b|C=d", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"A: b\ngarbage\n\nbody", "A=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"garbage\nA: b\n\nbody", "A=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"A: b\nHello World\nand more\n", "A=b", "Hello World\nand more\n", HEADER_END_BODY, BIT(PART_WITHOUT_BLANK_LINE)},
        {"A: b\nHello", "A=b", "Hello", HEADER_END_BODY, BIT(PART_WITHOUT_BLANK_LINE)},
        {"Hello World\nand more\n", "", "Hello World\nand more\n", HEADER_END_BODY, 0},
        {" \nbody\n", "", "body\n", HEADER_END_BLANK_LINE, 0},
        {" x\nbody\n", "", " x\nbody\n", HEADER_END_BODY, 0},
        {"A: b\n--b\nC: d", "A=b", "--b\nC: d", HEADER_END_BOUNDARY, 0},
        {"--b\n", "", "--b\n", HEADER_END_BOUNDARY, 0},
        {"A: b\n--other\nC: d\n", "A=b", "--other\nC: d\n", HEADER_END_BODY, BIT(PART_WITHOUT_BLANK_LINE)},
        {"A: \xC3\xA4\n\n", "A=ä", "", HEADER_END_BLANK_LINE, BIT(HEADER_8BIT)},
        {"\xC3\xA4: b\n\n", "ä=b", "", HEADER_END_BLANK_LINE, BIT(HEADER_8BIT)},
        {": b\nA: c\n\n", "A=c", "", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"A:b:c\n\n", "A=b:c", "", HEADER_END_BLANK_LINE, 0},
        /* lines in front of the first field: of blanks, ":", a byte order mark, several */
        {" \nA: b\n\nbody", "A=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"    \t\n \nFrom: b\n\nbody", "From=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {":\nA: b\n\nbody", "A=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {" :\nA: b\n\nbody", "A=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"one\ntwo words\n3\nSubject: b\n\nbody", "Subject=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"one\ntwo\nNote: b\n\nbody", "", "one\ntwo\nNote: b\n\nbody", HEADER_END_BODY, 0},
        {"one\n\nSubject: b\n", "", "one\n\nSubject: b\n", HEADER_END_BODY, 0},
        {"\xEF\xBB\xBF" "A: b\n\nbody", "A=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_8BIT)},
        {"\xEF\xBB\xBF\nbody", "", "body", HEADER_END_BLANK_LINE, BIT(HEADER_8BIT)},
        {"\xEF\xBB\xBF" "From a@b\nA: b\n\nbody", "A=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_8BIT) | BIT(MBOX_LINE)},
        {" \n\xEF\xBB\xBF" "From: b\n\nbody", "From=b", "body", HEADER_END_BLANK_LINE, BIT(HEADER_8BIT) | BIT(HEADER_NO_COLON)},
        {"\xEF\xBB\xBFtext\nbody", "", "\xEF\xBB\xBFtext\nbody", HEADER_END_BODY, 0},
        /* in the middle */
        {"A: b\none\ntwo\nContent-Type: x\n\nbody", "A=b|Content-Type=x", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"A: b\n:\n:\nMIME-Version: 1\n\nbody", "A=b|MIME-Version=1", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"A: b\nHe wrote\nthis:\nFrom: c\n\nbody", "A=b|this=|From=c", "body", HEADER_END_BLANK_LINE, BIT(HEADER_NO_COLON)},
        {"A: b\nHello\nyou\nFrom: c\n", "A=b", "Hello\nyou\nFrom: c\n", HEADER_END_BODY, BIT(PART_WITHOUT_BLANK_LINE)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *crlf = with_crlf(cases[i].in), *rest = with_crlf(cases[i].rest);
        check(cases[i].in, cases[i].rest, &cases[i]);
        check(crlf, rest, &cases[i]);
        g_free(crlf);
        g_free(rest);
    }
}

/* A part's header that is no header: its body begins at once, even if a field seems to follow. */
static void test_part(void)
{
    slice in = slice_of("--b\nHello\nNote: this\n\n");
    header_block block = header_read(in, 4, LIMIT_HEADER_FIELDS, NULL, NULL);
    g_assert_cmpuint(block.length, ==, 0);
    g_assert_cmpint(block.end, ==, HEADER_END_BODY);
    g_ptr_array_unref(block.fields);
}

/* Lines in front of a part's first field are damage where MIME's fields follow. */
static void test_part_behind_junk(void)
{
    static const char *const junk[] = {" \n", ":\n", "   \n\t\n", "\xEF\xBB\xBF", ": x\nwhat\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(junk); i++) {
        char *in = g_strconcat("--b\n", junk[i], "Content-Type: text/html\n\nx", NULL);
        header_block block = header_read(slice_of(in), 4, LIMIT_HEADER_FIELDS, NULL, NULL);
        g_assert_cmpuint(block.fields->len, ==, 1);
        g_assert_cmpstr(in + 4 + block.length, ==, "x");
        g_ptr_array_unref(block.fields);
        g_free(in);
    }
    slice in = slice_of("--b\n \nNote: text\n\nx");
    header_block block = header_read(in, 4, LIMIT_HEADER_FIELDS, NULL, NULL);
    g_assert_cmpuint(block.length, ==, 2);
    g_assert_cmpint(block.end, ==, HEADER_END_BLANK_LINE);
    g_ptr_array_unref(block.fields);
}

static void test_nul(void)
{
    static const char in[] = "A: b\0c\r\nD\0: e\r\n\r\nx";
    header_block block = header_read((slice){(const guint8 *)in, sizeof in - 1}, 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    g_assert_cmpuint(block.fields->len, ==, 1);
    g_assert_cmpstr(((header_field *)g_ptr_array_index(block.fields, 0))->value, ==, "b\uFFFDc");
    g_assert_cmpuint(block.length, ==, sizeof in - 2);
    g_ptr_array_unref(block.fields);
}

static void test_limits(void)
{
    GString *text = g_string_new(NULL);
    for (gsize extra = 0; extra < 2; extra++) {
        g_string_assign(text, "A: ");
        while (text->len < LIMIT_HEADER_BYTES - 1 + extra)
            g_string_append_c(text, 'x');
        g_string_append(text, "\n\nbody");
        header_block block = header_read(slice_of(text->str), 0, LIMIT_HEADER_FIELDS, NULL, NULL);
        g_assert_cmpuint(block.fields->len, ==, 1 - extra);
        g_assert_cmphex(block.anomalies, ==, extra ? BIT(HEADER_TOO_LONG) : 0);
        g_assert_cmpstr(text->str + block.length, ==, "body"); /* its end is found all the same */
        g_ptr_array_unref(block.fields);
    }
    g_string_assign(text, "A: 1\nB: 2\nC: 3\n\n");
    header_block block = header_read(slice_of(text->str), 0, 2, NULL, NULL);
    g_assert_cmpuint(block.fields->len, ==, 2);
    g_assert_cmphex(block.anomalies, ==, BIT(HEADER_TOO_LONG));
    g_ptr_array_unref(block.fields);
    g_string_free(text, TRUE);
}

static void test_find(void)
{
    header_block block = header_read(slice_of("A: 1\na: 2\nB: 3\n\n"), 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    g_assert_cmpstr(header_find(block.fields, "a")->value, ==, "1");
    g_assert_cmpstr(header_find(block.fields, "B")->value, ==, "3");
    g_assert_null(header_find(block.fields, "C"));
    g_ptr_array_unref(block.fields);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/header/blocks", test_blocks);
    g_test_add_func("/header/part", test_part);
    g_test_add_func("/header/part_behind_junk", test_part_behind_junk);
    g_test_add_func("/header/nul", test_nul);
    g_test_add_func("/header/limits", test_limits);
    g_test_add_func("/header/find", test_find);
    return g_test_run();
}
