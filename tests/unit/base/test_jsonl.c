/* test_jsonl.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "jsonl.h"

static void test_texts(void)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {NULL, "null"},
        {"", "\"\""},
        {"a.pdf", "\"a.pdf\""},
        {"say \"hi\" \\ there", "\"say \\\"hi\\\" \\\\ there\""},
        {"a\b\f\n\r\tz", "\"a\\b\\f\\n\\r\\tz\""},
        {"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
        {"sch\xc3\xb6n \xe2\x9c\x93 \xf0\x9f\x93\x8e", "\"sch\xc3\xb6n \xe2\x9c\x93 \xf0\x9f\x93\x8e\""},
        {"\xe2\x80\xa8 \xe2\x80\xa9", "\"\\u2028 \\u2029\""},
        {"\xff|\xc3", "\"\xef\xbf\xbd|\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* half of a surrogate pair */
        {"</script>", "\"</script>\""},
    };
    GString *line = g_string_new("rest of the last one");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *expected = g_strdup_printf("{\"k\":%s}\n", cases[i].json);
        jsonl_begin(line);
        jsonl_text(line, "k", cases[i].text);
        jsonl_end(line);
        g_assert_cmpstr(line->str, ==, expected);
        g_free(expected);
    }
    g_string_free(line, TRUE);
}

static void test_members(void)
{
    char *none[] = {NULL}, *two[] = {"a@b", "c\"d", NULL};
    GString *line = g_string_new(NULL);
    jsonl_begin(line);
    jsonl_end(line);
    g_assert_cmpstr(line->str, ==, "{}\n");
    jsonl_begin(line);
    jsonl_number(line, "n", G_MAXUINT64);
    jsonl_bool(line, "yes", TRUE);
    jsonl_bool(line, "no", FALSE);
    jsonl_literal(line, "time", "1700000000.000001");
    jsonl_texts(line, "none", none);
    jsonl_texts(line, "null", NULL);
    jsonl_texts(line, "two", two);
    jsonl_end(line);
    g_assert_cmpstr(line->str, ==,
                    "{\"n\":18446744073709551615,\"yes\":true,\"no\":false,\"time\":1700000000.000001,"
                    "\"none\":[],\"null\":[],\"two\":[\"a@b\",\"c\\\"d\"]}\n");
    GString *common = g_string_new(NULL);
    jsonl_begin(common);
    jsonl_begin(line);
    jsonl_members(line, common);
    jsonl_number(common, "a", 1);
    jsonl_members(line, common);
    jsonl_members(line, common);
    jsonl_end(line);
    g_assert_cmpstr(line->str, ==, "{\"a\":1,\"a\":1}\n");
    jsonl_begin(line);
    jsonl_object(line, "o", common);
    jsonl_null(line, "x");
    jsonl_end(line);
    g_assert_cmpstr(line->str, ==, "{\"o\":{\"a\":1},\"x\":null}\n");
    g_string_free(common, TRUE);
    g_string_free(line, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jsonl/texts", test_texts);
    g_test_add_func("/jsonl/members", test_members);
    return g_test_run();
}
