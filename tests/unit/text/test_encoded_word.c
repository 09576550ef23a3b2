/* test_encoded_word.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "encoded_word.h"

#define BAD ANOMALY_BIT(ANOMALY_BAD_ENCODED_WORD)
#define EIGHT ANOMALY_BIT(ANOMALY_HEADER_8BIT)

typedef struct word_case {
    const char *in, *out;
    anomaly_set anomalies;
} word_case;

static void check_all(const word_case *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        anomaly_set anomalies = 0;
        char *out = encoded_word_decode(slice_of(cases[i].in), &anomalies);
        if (g_strcmp0(out, cases[i].out) != 0 || anomalies != cases[i].anomalies)
            g_test_message("case: %s", cases[i].in);
        g_assert_cmpstr(out, ==, cases[i].out);
        g_assert_cmphex(anomalies, ==, cases[i].anomalies);
        g_free(out);
    }
}

static void test_rfc2047_8(void) /* the examples of section 8 */
{
    static const word_case cases[] = {
        {"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>", 0},
        {"=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>", "André Pirard <PIRARD@vm1.ulg.ac.be>", 0},
        {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
         "If you can read this you understand the example.", 0},
        {"(=?ISO-8859-1?Q?a?=)", "(a)", 0},
        {"(=?ISO-8859-1?Q?a?= b)", "(a b)", 0},
        {"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)", 0},
        {"(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)", 0},
        {"(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)", 0},
        {"(=?ISO-8859-1?Q?a_b?=)", "(a b)", 0},
        {"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)", 0},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_forms(void)
{
    static const word_case cases[] = {
        {"", "", 0},
        {"plain text", "plain text", 0},
        {"=?utf-8?b?w6Q=?=", "ä", 0},
        {"=?UTF-8?B?w6Q=?= and =?utf-8?q?=c3=b6?=", "ä and ö", 0},
        {"=?utf-8*en?q?a?=", "a", 0},                        /* RFC 2231 5 */
        {"=?utf-8?Q?\?=", "", 0},
        {"=?utf-8?B?\?=", "", 0},
        {"=?utf-8?Q?What?= =?utf-8?Q?=3F?=", "What?", 0},
        {"=?utf-8?Q?a=3D=3Fb?=", "a=?b", 0},
        {"=?utf-8?Q?=41?=", "A", 0},                        /* "?=" in front of the text is no end */
        {"a=?utf-8?Q?b?=c", "abc", 0},                      /* glued */
        {"=?utf-8?Q?a?==?utf-8?Q?b?=", "ab", 0},
        {"\"=?utf-8?Q?a?=\" <x@y>", "\"a\" <x@y>", 0},      /* in a quoted string */
        {"folded\r\n text\r\n\tmore", "folded text more", 0},
        {"folded\n text", "folded text", 0},
        {"=?utf-8?Q?a?= text =?utf-8?Q?b?=", "a text b", 0},
        {"  =?utf-8?Q?a?=  ", "  a  ", 0},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_split_characters(void)
{
    static const word_case cases[] = {
        {"=?utf-8?B?5pel5w==?= =?utf-8?B?nKw=?=", "日" "眬", 0},
        {"=?utf-8?Q?=E6=97?=\r\n =?UTF-8?Q?=A5?=", "日", 0},
        {"=?utf-8?Q?=E6=97?= =?utf-8?B?pQ==?=", "日", 0},          /* Q and B mixed */
        {"=?gb2312?B?xOO6?= =?gb2312?B?ww==?=", "你好", 0},
        {"=?gb2312?B?xOO6w?= =?gb2312?B?w==?=", "你好", 0},          /* base64 cut inside of a quantum */
        {"=?utf-8*en?Q?=E6=97?= =?utf-8*fr?Q?=A5?=", "日", 0},
        {"=?utf-8?B?YQ?= =?utf-8?B?Yg==?=", "ab", 0},                /* padding forgotten: not joined to a quantum */
        {"=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=", "日本", 0},
        {"=?utf-7?Q?+AOQ?= =?utf-7?Q?+AOQ-?=", "ää", 0},
        {"=?utf-8?Q?=E6=97?= x =?utf-8?Q?=A5?=", "\uFFFD x \uFFFD", ANOMALY_BIT(ANOMALY_BAD_CHARSET_BYTES)},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_malformed(void)
{
    static const word_case cases[] = {
        {"=?utf-8?B?w6Q?=", "ä", BAD},                          /* no padding */
        {"=?utf-8?B?w 6Q=?=", "ä", BAD},
        {"=?utf-8?Q?a b c?=", "a b c", BAD},                    /* blanks in the text */
        {"=?utf-8?Q?abc\r\n def?=", "abcdef", BAD},             /* folded inside of a word */
        {"=?utf-8?B?w6\r\n Q=?=", "ä", BAD},
        {"=?utf-8?Q?100=?=", "100=", BAD},
        {"=?utf-8?Q?=4?=", "=4", BAD},
        {"=?utf-8?Q?=XY?=", "=XY", BAD},
        {"=?utf-8?Q?never ends", "=?utf-8?Q?never ends", BAD},
        {"=?utf-8?Q?never =?utf-8?Q?ends?=", "=?utf-8?Q?never ends", BAD},
        {"=?utf-8?X?abc?=", "=?utf-8?X?abc?=", 0},              /* no such encoding: text */
        {"=?utf-8?Q", "=?utf-8?Q", 0},
        {"=?", "=?", 0},
        {"=?=", "=?=", 0},
        {"=?\?=", "=?\?=", 0},
        {"=??Q?=C3=A4?=", "ä", BAD},                            /* no charset */
        {"=?x-such?Q?=C3=A4?=", "ä", ANOMALY_BIT(ANOMALY_UNKNOWN_CHARSET)},
        {"=?utf-8?Q?a?==", "a=", 0},
        {"=?us-ascii?Q?=C3=A4?=", "ä", ANOMALY_BIT(ANOMALY_BAD_CHARSET_BYTES)},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_8bit_and_controls(void)
{
    static const word_case cases[] = {
        {"Gr\xC3\xB6\xC3\x9F" "e", "Größe", EIGHT},
        {"caf\xE9", "café", EIGHT},
        {"\xC4\xE3\xBA\xC3", "你好", EIGHT},
        {"\xC3\xA4 =?utf-8?Q?=C3=B6?=", "ä ö", EIGHT},
        {"a\tb", "a b", 0},
        {"=?utf-8?Q?a=0D=0ABcc:_x=00y?=", "a  Bcc: x\uFFFDy", ANOMALY_BIT(ANOMALY_BAD_CHARSET_BYTES)}, /* header injection */
        {"a\x01\x7F", "a\uFFFD\uFFFD", 0},
        {"a\rb", "ab", 0},
    };
    check_all(cases, G_N_ELEMENTS(cases));
}

static void test_is_in(void)
{
    g_assert_true(encoded_word_is_in(slice_of("x =?utf-8?q?a?= y")));
    g_assert_false(encoded_word_is_in(slice_of("x =?utf-8?q?a y")));
    g_assert_false(encoded_word_is_in(slice_of("")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encoded_word/rfc2047_8", test_rfc2047_8);
    g_test_add_func("/encoded_word/forms", test_forms);
    g_test_add_func("/encoded_word/split_characters", test_split_characters);
    g_test_add_func("/encoded_word/malformed", test_malformed);
    g_test_add_func("/encoded_word/8bit_and_controls", test_8bit_and_controls);
    g_test_add_func("/encoded_word/is_in", test_is_in);
    return g_test_run();
}
