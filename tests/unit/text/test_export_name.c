/* test_export_name.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "export_name.h"

#include <string.h>

#include "limits.h"

static void test_safe(void)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"report.pdf", "report.pdf"},
        {"日程表 2024.zip", "日程表 2024.zip"},
        {NULL, NULL},
        {"", NULL},
        {"...", NULL},
        {" . ", NULL},
        {"../../etc/passwd", "_.._etc_passwd"},
        {"C:\\temp\\new.txt", "C__temp_new.txt"},
        {"/etc/passwd", "_etc_passwd"},
        {".bashrc", "bashrc"},
        {"a.", "a"},
        {"a. . ", "a"},
        {" a ", "a"},
        {"a\r\nb\x01" "c\x7F.txt", "a__b_c_.txt"},
        {"a*b?c\"d<e>f|g:h", "a_b_c_d_e_f_g_h"},
        {"NUL", "_NUL"},
        {"con.txt", "_con.txt"},
        {"con .txt", "_con .txt"},
        {"COM1.tar.gz", "_COM1.tar.gz"},
        {"lpt9", "_lpt9"},
        {"com10", "com10"},
        {"console.txt", "console.txt"},
        {"annexe\u202Etxt.exe", "annexetxt.exe"}, /* right-to-left override */
        {"a\u200B.txt", "a.txt"},
        {"bad\xFF" "byte", "bad\uFFFDbyte"},
        {"-rf", "-rf"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean changed;
        char *out = export_name_safe(cases[i].in, &changed);
        g_assert_cmpstr(out, ==, cases[i].out);
        g_assert_cmpint(changed, ==, g_strcmp0(cases[i].in ? cases[i].in : "", out ? out : "") != 0);
        g_free(out);
    }
}

static void test_length(void)
{
    for (gsize len = LIMIT_FILENAME_BYTES - 8; len < LIMIT_FILENAME_BYTES + 40; len++) {
        GString *name = g_string_new(NULL);
        for (gsize i = 0; i < len; i++)
            g_string_append(name, "ä");
        g_string_append(name, ".docx");
        char *out = export_name_safe(name->str, NULL);
        g_assert_cmpuint(strlen(out), <=, LIMIT_FILENAME_BYTES);
        g_assert_true(g_str_has_suffix(out, "ä.docx"));
        g_assert_true(g_utf8_validate(out, -1, NULL));
        g_free(out);
        g_string_free(name, TRUE);
    }
    char *plain = g_strnfill(LIMIT_FILENAME_BYTES, 'a');
    gboolean changed;
    char *out = export_name_safe(plain, &changed);
    g_assert_cmpstr(out, ==, plain);
    g_assert_false(changed);
    g_free(out);
    g_free(plain);
    plain = g_strnfill(LIMIT_FILENAME_BYTES + 1, 'a');
    out = export_name_safe(plain, &changed);
    g_assert_cmpuint(strlen(out), ==, LIMIT_FILENAME_BYTES);
    g_assert_true(changed);
    g_free(out);
    g_free(plain);
}

static void test_for_part(void)
{
    static const struct {
        const char *stem, *path, *type, *out;
    } cases[] = {
        {"Hello", "1.2", "application/pdf", "Hello-part-1.2.pdf"},
        {NULL, "2", "image/png", "message-part-2.png"},
        {"../..", "2", "image/png", "_-part-2.png"},
        {"...", "2", "x/y", "message-part-2"},
        {"Re: a/b", "1", "Text/HTML", "Re_ a_b-part-1.html"},
        {"x", "", "message/rfc822", "x.eml"},
        {"x", NULL, NULL, "x"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *out = export_name_for_part(cases[i].stem, cases[i].path, cases[i].type);
        g_assert_cmpstr(out, ==, cases[i].out);
        g_free(out);
    }
    char *stem = g_strnfill(5000, 'x'), *path = g_strnfill(5000, '1');
    char *out = export_name_for_part(stem, path, "application/pdf");
    g_assert_cmpuint(strlen(out), <=, LIMIT_FILENAME_BYTES);
    g_assert_true(g_str_has_suffix(out, ".pdf"));
    g_free(out);
    g_free(stem);
    g_free(path);
}

static void test_extension(void)
{
    g_assert_cmpstr(export_name_extension("application/pdf"), ==, ".pdf");
    g_assert_cmpstr(export_name_extension("APPLICATION/PDF"), ==, ".pdf");
    g_assert_cmpstr(export_name_extension("application/x-nothing"), ==, "");
    g_assert_cmpstr(export_name_extension(NULL), ==, "");
}

static void test_unique(void)
{
    static const char *const pairs[][2] = {
        {"a.txt", "a.txt"},     {"a.txt", "a-2.txt"},     {"A.TXT", "A-3.TXT"}, {"a-2.txt", "a-2-2.txt"}, {"a.txt", "a-4.txt"},
        {"b", "b"},             {"b", "b-2"},             {"ä", "ä"},           {"Ä", "Ä-2"},             {"a\xCC\x88", "a\xCC\x88-3"},
        {"a.b c", "a.b c"},     {"a.b c", "a.b c-2"},
    };
    export_names *names = export_names_new();
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
        char *out = export_names_unique(names, pairs[i][0]);
        g_assert_cmpstr(out, ==, pairs[i][1]);
        g_free(out);
    }
    export_names_free(names);
}

static void test_many(void)
{
    export_names *names = export_names_new();
    char *last = NULL;
    for (guint i = 0; i < 100000; i++) {
        g_free(last);
        last = export_names_unique(names, "image001.png");
    }
    g_assert_cmpstr(last, ==, "image001-100000.png");
    g_free(last);
    export_names_free(names);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/export_name/safe", test_safe);
    g_test_add_func("/export_name/length", test_length);
    g_test_add_func("/export_name/for_part", test_for_part);
    g_test_add_func("/export_name/extension", test_extension);
    g_test_add_func("/export_name/unique", test_unique);
    g_test_add_func("/export_name/many", test_many);
    return g_test_run();
}
