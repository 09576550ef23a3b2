/* test_charset_guess.c
 * Texts are written here in UTF-8 and put into their charset by iconv; what is guessed must give them back.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "charset_guess.h"

#include "charset.h"

static void check(const char *charset, const char *text)
{
    gsize len;
    char *bytes = g_convert(text, -1, charset, "UTF-8", NULL, &len, NULL);
    g_assert_nonnull(bytes);
    char *out = charset_to_utf8((slice){(guint8 *)bytes, len}, SLICE_EMPTY, NULL);
    g_assert_cmpstr(out, ==, text);
    g_free(out);
    g_free(bytes);
}

static void check_each(const char *charset, const char *const *texts)
{
    for (; *texts; texts++)
        check(charset, *texts);
}

static void test_cyrillic(void)
{
    static const char *const texts[] = {"Привет", "Отчёт за квартал", "Счет на оплату № 15", "Re: Договор поставки", "отчет.doc",
                                        "Иван Петров", "СРОЧНО: оплата счета", "Тема письма", "да", NULL};
    check_each("WINDOWS-1251", texts);
    static const char *const koi[] = {"Привет", "Отчёт за квартал", "Re: Договор поставки", "отчет.doc", "Иван Петров",
                                      "СРОЧНО: оплата счета", "Тема письма", NULL};
    check_each("KOI8-R", koi);
}

static void test_latin(void)
{
    static const char *const texts[] = {"Größe", "Müller", "café", "Rechnung für März", "Réunion à Genève", "España: año nuevo", "Ångström",
                                        "façade déjà vu", "Übersicht", "naïve", "Überweisung — 20 €", "L’été", NULL};
    check_each("WINDOWS-1252", texts);
    check("ISO-8859-1", "Größe und Länge");
}

static void test_chinese(void)
{
    static const char *const simplified[] = {"你好", "会议通知", "关于项目进度的报告", "照片.jpg", "表.pdf", "Re: 合同已签", "请查收附件，谢谢！", "测试", "2026年财务报表.xls", NULL};
    static const char *const traditional[] = {"中文", "會議通知", "關於專案進度的報告", "照片.jpg", "Re: 合約已簽", "請查收附件，謝謝！", "測試郵件", "2026年財務報表.xls", NULL};
    check_each("GB18030", simplified);
    check_each("BIG5", traditional);
}

static void test_korean(void)
{
    static const char *const texts[] = {"안녕하세요", "회의 안내", "보고서 첨부합니다", "견적서.pdf", "2026년 계약서", "Re: 문의 드립니다", NULL};
    check_each("EUC-KR", texts);
}

static void test_japanese(void)
{
    static const char *const texts[] = {"こんにちは", "会議のお知らせ", "テスト", "ご請求書の送付について", "Re: お見積り", "レポート.pdf", NULL};
    check_each("SHIFT_JIS", texts);
    check_each("EUC-JP", texts);
}

/* Whatever the bytes: no private-use, no unassigned characters. */
static void test_no_junk(void)
{
    GRand *random = g_rand_new_with_seed(1);
    for (guint i = 0; i < 3000; i++) {
        guint8 bytes[40];
        gsize len = (gsize)g_rand_int_range(random, 1, sizeof bytes);
        for (gsize k = 0; k < len; k++)
            bytes[k] = (guint8)(g_rand_boolean(random) ? g_rand_int_range(random, 0x80, 0x100) : g_rand_int_range(random, 0x20, 0x7F));
        char *text = charset_to_utf8((slice){bytes, len}, SLICE_EMPTY, NULL);
        g_assert_true(g_utf8_validate(text, -1, NULL));
        for (const char *p = text; *p; p = g_utf8_next_char(p))
            g_assert_true(g_utf8_get_char(p) == 0xFFFD || !charset_guess_is_junk(g_utf8_get_char(p)));
        g_free(text);
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/charset_guess/cyrillic", test_cyrillic);
    g_test_add_func("/charset_guess/latin", test_latin);
    g_test_add_func("/charset_guess/chinese", test_chinese);
    g_test_add_func("/charset_guess/korean", test_korean);
    g_test_add_func("/charset_guess/japanese", test_japanese);
    g_test_add_func("/charset_guess/no_junk", test_no_junk);
    return g_test_run();
}
