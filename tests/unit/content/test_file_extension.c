/* test_file_extension.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "file_extension.h"

static void test_of(void)
{
    static const struct {
        const char *name, *extension;
    } cases[] = {
        {"a.pdf", "pdf"},      {"a.tar.gz", "gz"},  {"a", ""},         {"", ""},
        {".bashrc", "bashrc"}, {"a.", ""},          {"a.exe ", "exe"}, {"a.exe. .", "exe"},
        {"dir.d/file", ""},    {"d\\a.scr", "scr"}, {"...", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *extension = slice_dup(file_extension_of(slice_of(cases[i].name)));
        g_assert_cmpstr(extension, ==, cases[i].extension);
        g_free(extension);
    }
}

static void test_classify(void)
{
    g_assert_cmpint(file_extension_classify(slice_of("EXE")), ==, FILE_EXTENSION_EXECUTABLE);
    g_assert_cmpint(file_extension_classify(slice_of("Pdf")), ==, FILE_EXTENSION_DOCUMENT);
    g_assert_cmpint(file_extension_classify(slice_of("html")), ==, FILE_EXTENSION_MARKUP);
    g_assert_cmpint(file_extension_classify(slice_of("iso")), ==, FILE_EXTENSION_IMAGE);
    g_assert_cmpint(file_extension_classify(slice_of("dat")), ==, FILE_EXTENSION_OTHER);
    g_assert_cmpint(file_extension_classify(SLICE_EMPTY), ==, FILE_EXTENSION_OTHER);
    g_assert_cmpstr(file_extension_type(slice_of("JPG")), ==, "image/jpeg");
    g_assert_null(file_extension_type(slice_of("exe")));
}

static void test_double(void)
{
    static const char *const doubles[] = {"invoice.pdf.exe", "a.PDF.ScR",        "scan.pdf                 .exe",
                                          "x.doc.js",        "report.xlsx.html", "photo.jpg.lnk",
                                          "a.pdf.iso",       "b.docx.exe. ",     "a.txt.sh"};
    static const char *const singles[] = {
        "invoice.pdf", "a.tar.gz",         "archive.pdf.zip", "jquery.min.js", "v1.2.exe", "setup.exe",    "index.html",
        "a.pdf.p7s",   "mail.example.com", "a.exe.pdf",       "pdf.exe",       "",         "doc.pdf/a.exe"};
    for (guint i = 0; i < G_N_ELEMENTS(doubles); i++)
        g_assert_true(file_extension_is_double(slice_of(doubles[i])));
    for (guint i = 0; i < G_N_ELEMENTS(singles); i++)
        g_assert_false(file_extension_is_double(slice_of(singles[i])));
}

static void test_override(void)
{
    g_assert_true(file_extension_has_override("annexe\u202Efdp.exe"));
    g_assert_true(file_extension_has_override("a\u202Db"));
    g_assert_true(file_extension_has_override("a\u2067b"));
    g_assert_false(file_extension_has_override("\u200F\u05E9\u05DC\u05D5\u05DD.pdf"));
    g_assert_false(file_extension_has_override("\u2068name\u2069.pdf"));
    g_assert_false(file_extension_has_override("\u202AC:\\a.pdf"));
    g_assert_false(file_extension_has_override(NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/file_extension/of", test_of);
    g_test_add_func("/file_extension/classify", test_classify);
    g_test_add_func("/file_extension/double", test_double);
    g_test_add_func("/file_extension/override", test_override);
    return g_test_run();
}
