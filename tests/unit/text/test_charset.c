/* test_charset.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "charset.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)
#define BYTES(literal) {(const guint8 *)literal, sizeof(literal) - 1}

typedef struct charset_case {
    const char *name;
    slice in;
    const char *out;
    anomaly_set anomalies;
} charset_case;

static void check(const charset_case *c)
{
    anomaly_set anomalies = 0;
    char *out = charset_to_utf8(c->in, slice_of(c->name), &anomalies);
    g_assert_cmpstr(out, ==, c->out);
    g_assert_cmphex(anomalies, ==, c->anomalies);
    g_free(out);
}

static void test_names(void)
{
    static const charset_case cases[] = {
        {"utf-8", BYTES("\xC3\xA4"), "ä", 0},
        {"UTF8", BYTES("\xC3\xA4"), "ä", 0},
        {"\"utf-8\"", BYTES("\xC3\xA4"), "ä", 0},
        {"'utf-8'", BYTES("\xC3\xA4"), "ä", 0},
        {"utf-8*en", BYTES("\xC3\xA4"), "ä", 0},
        {"iso-8859-1", BYTES("\xE4\x80"), "ä€", 0}, /* as windows-1252 */
        {"ISO_8859-1:1987", BYTES("\xE4"), "ä", 0},
        {"latin1", BYTES("\xE4"), "ä", 0},
        {"iso-8859-2", BYTES("\xB1"), "ą", 0},
        {"iso-8859-8-i", BYTES("\xF9\xEC\xE5\xED"), "שלום", 0},
        {"iso-8859-15", BYTES("\xA4"), "€", 0},
        {"windows-1251", BYTES("\xCF\xF0"), "Пр", 0},
        {"cp1251", BYTES("\xCF\xF0"), "Пр", 0},
        {"windows-1255", BYTES("\xF9\xC8"), "שָ", 0},
        {"koi8-r", BYTES("\xF0\xD2"), "Пр", 0},
        {"koi8-u", BYTES("\xA4"), "є", 0},
        {"gb2312", BYTES("\xC4\xE3\xBA\xC3"), "你好", 0},
        {"GB2312", BYTES("\xE9\x46"), "镕", 0}, /* GBK only: the superset is meant */
        {"gb_2312-80", BYTES("\xC4\xE3"), "你", 0},
        {"x-gbk", BYTES("\xC4\xE3"), "你", 0},
        {"cp936", BYTES("\xC4\xE3"), "你", 0},
        {"gb18030", BYTES("\x81\x30\x84\x36"), "¥", 0},
        {"hz-gb-2312", BYTES("a~{VPND~}b~~c~\nd"), "a中文b~cd", 0},
        {"big5", BYTES("\xA4\xA4\xA4\xE5"), "中文", 0},
        {"cn-big5", BYTES("\xA4\xA4"), "中", 0},
        {"ks_c_5601-1987", BYTES("\xC7\xD1\xB1\xDB"), "한글", 0},
        {"euc-kr", BYTES("\x8C\x63"), "똠", 0}, /* code page 949 */
        {"iso-2022-kr", BYTES("\x1B$)C\x0E\x47\x51\x0F"), "한", 0},
        {"shift_jis", BYTES("\x93\xFA\x96\x7B\x87\x40"), "日本①", 0}, /* code page 932 */
        {"x-sjis", BYTES("\xB1"), "ｱ", 0},
        {"euc-jp", BYTES("\xC6\xFC"), "日", 0},
        {"iso-2022-jp", BYTES("a\x1B$BF|K\\\x1B(Bb"), "a日本b", 0},
        {"ISO-2022-JP-MS", BYTES("\x1B$B-!\x1B(B"), "①", 0},       /* NEC row 13 */
        {"iso-2022-jp", BYTES("\x1B$B-j\x1B(B"), "㈱", 0},
        {"cp50221", BYTES("\x1B(I12\x1B(B"), "ｱｲ", 0},
        {"iso-2022-jp", BYTES("\x1B$BF|\nabc"), "日\nabc", 0},        /* a line forgot to go back to ASCII */
        {"iso-2022-jp-2", BYTES("\x1B$(D0!\x1B(B"), "丂", 0},         /* JIS X 0212: not in Shift_JIS */
        {"utf-7", BYTES("Hi +AOQ-!"), "Hi ä!", 0},
        {"unicode-1-1-utf-7", BYTES("+AOQ-"), "ä", 0},
        {"tis-620", BYTES("\xA1\xD2"), "กา", 0},
        {"macintosh", BYTES("\x8A"), "ä", 0},
        {"utf-16", BYTES("\xFE\xFF\0a\0\xE4"), "aä", 0},
        {"utf-16", BYTES("\xFF\xFE" "a\0\xE4\0"), "aä", 0},
        {"utf-16", BYTES("a\0b\0"), "ab", 0},                     /* little endian by the look of it */
        {"utf-16le", BYTES("a\0"), "a", 0},
        {"utf-32", BYTES("\0\0\0a"), "a", 0},
        {"us-ascii", BYTES("plain"), "plain", 0},
        {"us-ascii", BYTES("\xC3\xA4"), "ä", BIT(BAD_CHARSET_BYTES)},
        {"us-ascii", BYTES("caf\xE9"), "café", BIT(BAD_CHARSET_BYTES)},
        {"x-no-such", BYTES("\xC3\xA4"), "ä", BIT(UNKNOWN_CHARSET)},
        {"utf-8//TRANSLIT//x", BYTES("a"), "a", BIT(UNKNOWN_CHARSET)},
        {"", BYTES(""), "", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(&cases[i]);
}

static void test_guess(void)
{
    static const charset_case cases[] = {
        {"", BYTES("plain"), "plain", 0},
        {"", BYTES("\xC3\xA4"), "ä", 0},
        {"default", BYTES("\xC3\xA4"), "ä", 0},
        {"unknown-8bit", BYTES("\xC4\xE3\xBA\xC3"), "你好", 0},
        {"", BYTES("\xD5\xD5\xC6\xAC.jpg"), "照片.jpg", 0},
        {"", BYTES("\xB1\xED.pdf"), "表.pdf", 0},
        {"", BYTES("Gr\xF6\xDF" "e"), "Größe", 0},        /* a GB18030 pair in the middle of a Latin word */
        {"", BYTES("M\xFCller"), "Müller", 0},
        {"", BYTES("caf\xE9"), "café", 0},
        {"", BYTES("\x1B$BF|K\\\x1B(B"), "日本", 0},
        {"", BYTES("\x93quoted\x94"), "“quoted”", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(&cases[i]);
}

static void test_bad_bytes(void)
{
    static const charset_case cases[] = {
        {"utf-8", BYTES("a\xFFz"), "a\uFFFDz", BIT(BAD_CHARSET_BYTES)},
        {"utf-8", BYTES("\xE4\xBD"), "\uFFFD", BIT(BAD_CHARSET_BYTES)},  /* one cut character, one mark */
        {"utf-8", BYTES("\xE4\xBDz"), "\uFFFDz", BIT(BAD_CHARSET_BYTES)},
        {"utf-8", BYTES("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD", BIT(BAD_CHARSET_BYTES)}, /* a surrogate */
        {"utf-8", BYTES("\xC0\x80"), "\uFFFD\uFFFD", BIT(BAD_CHARSET_BYTES)},
        {"utf-8", BYTES("a\0z"), "a\uFFFDz", BIT(BAD_CHARSET_BYTES)},
        {"gb2312", BYTES("\xC4\xE3\xFFz"), "你\uFFFDz", BIT(BAD_CHARSET_BYTES)},
        {"gb2312", BYTES("\xC4\xE3\xC4"), "你\uFFFD", BIT(BAD_CHARSET_BYTES)},
        {"koi8-r", BYTES("a\0z"), "a\uFFFDz", BIT(BAD_CHARSET_BYTES)},
        {"iso-8859-1", BYTES("\x81z"), "\uFFFDz", BIT(BAD_CHARSET_BYTES)},
        {"shift_jis", BYTES("\x93\xFA\x93"), "日\uFFFD", BIT(BAD_CHARSET_BYTES)},
        {"utf-16be", BYTES("\0a\0"), "a\uFFFD", BIT(BAD_CHARSET_BYTES)},
        {"utf-16be", BYTES("\xDC\0\0a"), "\uFFFDa", BIT(BAD_CHARSET_BYTES)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(&cases[i]);
}

/* Every name of the table with every kind of bytes: valid UTF-8 comes out, and it ends. */
static void test_always_valid(void)
{
    static const char *const names[] = {
        "utf-8", "utf-7", "utf-16", "utf-32", "gb18030", "big5", "euc-tw", "euc-kr", "johab", "iso-2022-kr", "shift_jis", "euc-jp",
        "iso-2022-jp", "iso-2022-cn", "hz", "cp1255", "cp1258", "tcvn", "viscii", "cp864", "iso-8859-3", "macintosh", "us-ascii", "x",
    };
    GRand *rand = g_rand_new_with_seed(1);
    for (gsize n = 0; n < G_N_ELEMENTS(names); n++) {
        for (int round = 0; round < 50; round++) {
            guint8 bytes[300];
            for (gsize i = 0; i < sizeof bytes; i++)
                bytes[i] = (guint8)(round % 2 ? g_rand_int_range(rand, 0, 256) : "\x1B$B(I)C\x0E\x0F+-~{}a\n\xA4\x81\x30\0z"[g_rand_int_range(rand, 0, 22)]);
            char *out = charset_to_utf8((slice){bytes, sizeof bytes}, slice_of(names[n]), NULL);
            g_assert_true(g_utf8_validate(out, -1, NULL));
            g_free(out);
        }
    }
    g_rand_free(rand);
}

static void test_one_line(void)
{
    char *text = charset_one_line(g_strdup("a\tb\r\nc\x01\x7F\xC2\x85\u2028d"));
    g_assert_cmpstr(text, ==, "a b  c\uFFFD\uFFFD\uFFFD\uFFFDd");
    g_free(text);
}

/* No charset may be missing where the plugin is built and tested. */
static void test_known(void)
{
    static const char *const known[] = {"utf-8", "GB2312", "x-mac-roman", "iso-8859-16", "Windows-31J", "csISO2022JP", "unknown-8bit", ""};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        g_assert_true(charset_is_known(slice_of(known[i])));
    g_assert_false(charset_is_known(slice_of("utf-9")));
    g_assert_false(charset_is_known(slice_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/charset/names", test_names);
    g_test_add_func("/charset/guess", test_guess);
    g_test_add_func("/charset/bad_bytes", test_bad_bytes);
    g_test_add_func("/charset/always_valid", test_always_valid);
    g_test_add_func("/charset/one_line", test_one_line);
    g_test_add_func("/charset/known", test_known);
    return g_test_run();
}
