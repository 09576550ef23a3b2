/* test_printable.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "printable.h"

#include <string.h>

/* {true value, printable value}; an escape that ends in a hexadecimal digit is followed by a string break */
static const struct {
    const char *text, *shown;
} rows[] = {
    {"", ""},
    {"plain text, with \\ and \"quotes\"", "plain text, with \\ and \"quotes\""},
    {"会议通知.zip", "会议通知.zip"},
    {"tab\tand\r\nline end", "tab\\tand\\r\\nline end"},
    {"\x1b[31mred\x07", "\\x1b[31mred\\a"},
    {"\x7f", "\\x7f"},
    {"\xc2\x9b" "31m", "\\u{009b}31m"},                                   /* C1: CSI */
    {"exe\xe2\x80\xae" "fdp", "exe\\u{202e}fdp"},                         /* right-to-left override */
    {"\xe2\x81\xa6" "a\xe2\x81\xa9", "\\u{2066}a\\u{2069}"},              /* isolates */
    {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u{200e}\\u{200f}\\u{061c}"},  /* marks */
    {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},                   /* separators */
    {"a\xf3\xa0\x81\xa1", "a\\u{e0061}"},                                 /* tag character */
    {"\xee\x80\x80", "\\u{e000}"},                                        /* private use */
    {"\xef\xbb\xbfx", "\\u{feff}x"},                                      /* byte order mark */
    {"👩\xe2\x80\x8d👩 \xe0\xa4\x95\xe2\x80\x8c", "👩\xe2\x80\x8d👩 \xe0\xa4\x95\xe2\x80\x8c"}, /* joiners stay */
    {"caf\xe9 \xc3", "caf\\xe9 \\xc3"},                                   /* not UTF-8, and cut */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                                  /* surrogate */
    {"\xc0\x9b", "\\xc0\\x9b"},                                           /* overlong */
};

static void test_rows(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        printable shown = printable_of(rows[i].text);
        g_assert_cmpstr(shown.text, ==, rows[i].shown);
        printable_clear(&shown);
        g_assert_null(shown.text);
    }
}

static void test_nul_and_null(void)
{
    printable shown = printable_of_bytes("a\0b", 3);
    g_assert_cmpstr(shown.text, ==, "a\\x00b");
    printable_clear(&shown);
    shown = printable_of(NULL);
    g_assert_cmpstr(shown.text, ==, "");
    printable_clear(&shown);
}

/* Whatever the bytes are, the result is valid UTF-8 of characters that stand for themselves, and a second time it is
 * the same. */
static void test_every_byte_pair(void)
{
    for (guint pair = 0; pair < 0x10000; pair++) {
        const char bytes[2] = {(char)(pair >> 8), (char)(pair & 0xff)};
        printable shown = printable_of_bytes(bytes, 2), again = printable_of(shown.text);
        g_assert_true(g_utf8_validate(shown.text, -1, NULL));
        for (const char *c = shown.text; *c; c = g_utf8_next_char(c))
            g_assert_true(printable_keeps(g_utf8_get_char(c)));
        g_assert_cmpstr(again.text, ==, shown.text);
        printable_clear(&shown);
        printable_clear(&again);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/printable/rows", test_rows);
    g_test_add_func("/printable/nul", test_nul_and_null);
    g_test_add_func("/printable/every_byte_pair", test_every_byte_pair);
    return g_test_run();
}
