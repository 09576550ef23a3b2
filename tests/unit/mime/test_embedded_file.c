/* test_embedded_file.c
 * Each case is a text and the files in it, "offset+length name encoding closed"; with LF only, since the places
 * count. tests/data/mime has them with CRLF, too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "embedded_file.h"

static void check(const char *in, const char *expected)
{
    GArray *files = embedded_file_find(slice_of(in), 10);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < files->len; i++) {
        const embedded_file *file = &g_array_index(files, embedded_file, i);
        g_string_append_printf(out, "%s%zu+%zu %s %d%s", i ? "|" : "", file->offset, file->length, file->filename ? file->filename : "-",
                               file->encoding, file->closed ? "" : " open");
    }
    g_assert_cmpstr(out->str, ==, expected);
    g_string_free(out, TRUE);
    g_array_unref(files);
}

G_STATIC_ASSERT(MIME_ENCODING_BASE64 == 1 && MIME_ENCODING_UUENCODE == 3 && MIME_ENCODING_YENC == 4 && MIME_ENCODING_BINHEX == 5);

static void test_uuencode(void)
{
    check("", "");
    check("begin 644 a\n#86)C\n`\nend\n", "0+24 a 3");
    check("Hi\nbegin 0644 a b.txt \n#86)C\n`\nend\nBye", "3+32 a b.txt 3");
    check("begin 644 a\n#86)C\nend", "0+21 a 3");
    check("begin 644 a\n#86)C\n \nend\n", "0+24 a 3");
    check("begin 644 a\n#86)C\n\nend\n", "0+23 a 3");
    check("begin 644 a\nend\n", "0+16 a 3");
    check("begin 644 a\n#86)C\nText\n", "0+18 a 3 open");
    check("begin 644 a\n#86)C\n`\nend\nbegin 644 b\n#86)C\n`\nend\n", "0+24 a 3|24+24 b 3");
    check("begin 644 a\nbegin 644 b\n#86)C\n`\nend\n", "12+24 b 3");
    check("begin 644 a\nno\n", "");
    check("begin 64 a\n#86)C\nend\n", "");
    check("begin 944 a\n#86)C\nend\n", "");
    /* without a name, as encoders that read a pipe write it; people do not write such a line */
    check("begin 644\n#86)C\nend\n", "0+20 - 3");
    check("begin 644 \n#86)C\n`\nend\n", "0+23 - 3");
    check("begin 0644\n#86)C\nText", "0+17 - 3 open");
    check("begin 644\nand then\n", "");
    check("begin 64\n#86)C\nend\n", "");
    check("begin\n#86)C\nend\n", "");
    check("begin-base64 644\nYWJj\n====\n", "17+5 - 1");
    check(" begin 644 a\n#86)C\nend\n", "");
    check("begin 644 \xC3\xA4\n#86)C\nend\n", "0+23 ä 3");
}

static void test_base64(void)
{
    check("begin-base64 644 a\nYWJj\n====\nText", "19+5 a 1");
    check("begin-base64 644 a\n====\n", "19+0 a 1");
    check("begin-base64 644 a\nYWJj\nText again.\n", "19+5 a 1 open");
    check("begin-base64 644 a\n-\n", "");
}

static void test_yenc(void)
{
    check("=ybegin line=128 size=1 name=a\nx\n=yend size=1\nText", "0+46 a 4");
    check("=ybegin line=128 size=1 name=\"a b\"\nx\n", "0+37 a b 4 open");
    check("=ybegin line=128 size=1\nx\n=yend\n", "0+32 - 4");
    check("=ybegin\n", "");
}

static void test_binhex(void)
{
    check("(This file must be converted with BinHex 4.0)\n\n:\"@%ZG(Kd!:\nText", "47+12 a.txt 5");
    check("(This file must be converted with BinHex 4.0)\n:\"@%ZG(Kd!\nText", "46+11 a.txt 5 open");
    check("(This file must be converted with BinHex 4.0)\n\nText", "");
    check("(This file must be converted with BinHex 4.0)", "");
}

static void test_limit(void)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < 20; i++)
        g_string_append(text, "begin 644 a\n#86)C\n`\nend\n");
    GArray *files = embedded_file_find(slice_of(text->str), 7);
    g_assert_cmpuint(files->len, ==, 7);
    g_array_unref(files);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/embedded_file/uuencode", test_uuencode);
    g_test_add_func("/embedded_file/base64", test_base64);
    g_test_add_func("/embedded_file/yenc", test_yenc);
    g_test_add_func("/embedded_file/binhex", test_binhex);
    g_test_add_func("/embedded_file/limit", test_limit);
    return g_test_run();
}
