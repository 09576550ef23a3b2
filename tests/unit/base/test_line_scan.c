/* test_line_scan.c
 * Each text with its lines' lengths, read forwards and in an order that makes the scan go back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "line_scan.h"

static void check(const char *in, const char *expected)
{
    GString *out = g_string_new(NULL);
    GArray *starts = g_array_new(FALSE, FALSE, sizeof(gsize));
    line_scan lines = line_scan_of(slice_of(in));
    for (gsize at = 0, end; at < strlen(in); at = end) {
        end = line_scan_end(&lines, at);
        g_assert_cmpuint(end, >, at);
        g_string_append_printf(out, "%s%zu", at ? " " : "", end - at);
        g_array_append_val(starts, at);
    }
    g_assert_cmpstr(out->str, ==, expected);
    for (guint i = starts->len; i-- > 0;) {
        gsize next = i + 1 < starts->len ? g_array_index(starts, gsize, i + 1) : strlen(in);
        g_assert_cmpuint(line_scan_end(&lines, g_array_index(starts, gsize, i)), ==, next);
        g_assert_cmpuint(line_scan_end(&lines, 0), ==, starts->len > 1 ? g_array_index(starts, gsize, 1) : strlen(in));
    }
    g_string_free(out, TRUE);
    g_array_unref(starts);
}

static void test_lines(void)
{
    check("", "");
    check("a", "1");
    check("a\nb", "2 1");
    check("a\r\nb\r\n", "3 3");
    check("a\rb\rc", "2 2 1");
    check("a\r", "2");
    check("\r\r", "1 1");
    check("\r\n\r\n", "2 2");
    check("a\r\r\nb", "4 1");     /* CR CR LF is one line end */
    check("a\rb\r\nc\nd\r", "2 3 2 2");
    check("\n\r", "1 1");
    check("a\r\r\r\r\nb\rc\r\r\n", "6 2 4");
}

static void test_chomp(void)
{
    g_assert_cmpuint(line_scan_chomp(slice_of("a\r\n")).len, ==, 1);
    g_assert_cmpuint(line_scan_chomp(slice_of("a\r\r\n")).len, ==, 1);
    g_assert_cmpuint(line_scan_chomp(slice_of("a\r")).len, ==, 1);
    g_assert_cmpuint(line_scan_chomp(slice_of("a\n\n")).len, ==, 2);
    g_assert_cmpuint(line_scan_chomp(SLICE_EMPTY).len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/line_scan/lines", test_lines);
    g_test_add_func("/line_scan/chomp", test_chomp);
    return g_test_run();
}
