/* test_attachment_check.c
 * What must be said, and what must not be said of ordinary mail.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "attachment_check.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

static const char pe[] = "MZ\x90\0\3\0\0\0\4\0\0\0\xFF\xFF\0\0\xB8\0\0\0\0\0\0\0\x40\0\0\0";
static const char png[] = "\x89PNG\r\n\x1A\n";
static const char jpeg[] = "\xFF\xD8\xFF\xE0";
static const char pdf[] = "%PDF-1.7\n";
static const char rtf[] = "{\\rtf1}";
static const char zip[] = "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.txt";
static const char zip_exe[] = "PK\3\4\x14\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0a.exe";
static const char jar[] = "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0META-INF/MANIFEST.MF";
static const char ole[] = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0\0\0";
static const char html[] = "<html><body>";
static const char text[] = "name;value\n1;2\n";
static const char eml[] = "From: a\nTo: b\nSubject: c\n\n";
static const char noise[] = "\x01\x02\x03\x04\xAA\xBB";
static const char heic[] = "\0\0\0\x18"
                           "ftypheic";
static const char none[] = "";

static void test_verdicts(void)
{
    static const struct {
        const char *declared, *filename, *bytes;
        gsize len;
        anomaly_set expected;
    } cases[] = {
#define CASE(declared, name, bytes, expected) {declared, name, bytes, sizeof bytes - 1, expected}
        /* ordinary mail */
        CASE("application/octet-stream", "a.pdf", pdf, 0),
        CASE("application/octet-stream", "a.bin", noise, 0),
        CASE("application/octet-stream", NULL, noise, 0),
        CASE("application/pdf", "a.pdf", pdf, 0),
        CASE("image/jpg", "a.jpg", jpeg, 0),
        CASE("image/jpeg", "image001.jpg", png, 0), /* a picture is a picture */
        CASE("image/png", "a.png", noise, 0),
        CASE("application/x-zip-compressed", "a.zip", zip, BIT(BAD_ARCHIVE)),
        CASE("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx", zip,
             BIT(BAD_ARCHIVE)),
        CASE("application/msword", "a.doc", rtf, 0),
        CASE("application/msword", "a.doc", html, 0),
        CASE("application/msword", "a.doc", eml, 0),
        CASE("application/vnd.ms-excel", "a.csv", text, 0),
        CASE("application/vnd.ms-excel", "a.xls", ole, 0),
        CASE("text/plain", "a.html", html, 0),
        CASE("text/html", "a.eml", eml, 0),
        CASE("text/plain", "a.txt", text, 0),
        CASE("text/plain", "a.txt", none, 0),
        CASE("application/pdf", "a.pdf", none, 0),
        CASE("video/mp4", "a.heic", heic, 0),
        CASE("application/x-unheard-of", "a.x", pdf, 0),
        CASE(NULL, "a.tar.gz", noise, 0),
        CASE(NULL, NULL, text, 0),
        /* contradictions */
        CASE("image/jpeg", "a.jpg", pe, BIT(TYPE_MISMATCH) | BIT(EXECUTABLE_CONTENT)),
        CASE("application/octet-stream", "a.jpg", pe, BIT(TYPE_MISMATCH) | BIT(EXECUTABLE_CONTENT)),
        CASE(NULL, "a.pdf", pe, BIT(TYPE_MISMATCH) | BIT(EXECUTABLE_CONTENT)),
        CASE("text/plain", "a.txt", pdf, BIT(TYPE_MISMATCH)),
        CASE("image/png", "a.png", html, BIT(TYPE_MISMATCH)),
        CASE("application/pdf", "a.pdf", html, BIT(TYPE_MISMATCH)),
        CASE("application/pdf", "a.pdf", zip, BIT(TYPE_MISMATCH) | BIT(BAD_ARCHIVE)),
        CASE("application/zip", "a.zip", pe, BIT(TYPE_MISMATCH) | BIT(EXECUTABLE_CONTENT)),
        CASE("application/zip", "a.zip", jpeg, BIT(TYPE_MISMATCH)),
        CASE("application/msword", "a.doc", pe, BIT(TYPE_MISMATCH) | BIT(EXECUTABLE_CONTENT)),
        /* programs */
        CASE("application/x-msdownload", "a.exe", pe, BIT(EXECUTABLE_CONTENT)),
        CASE("application/octet-stream", NULL, pe, BIT(EXECUTABLE_CONTENT)),
        CASE("application/zip", "a.jar", jar, BIT(EXECUTABLE_CONTENT)),
        CASE("text/plain", "run.vbs", text, BIT(EXECUTABLE_CONTENT)),
        CASE("application/octet-stream", "run.js", noise, BIT(EXECUTABLE_CONTENT)),
        CASE("application/octet-stream", "a.exe", jpeg, 0), /* does not run */
        /* names */
        CASE("application/octet-stream", "invoice.pdf.exe", pe, BIT(EXECUTABLE_CONTENT) | BIT(DOUBLE_EXTENSION)),
        CASE("text/html", "invoice.pdf.html", html, BIT(DOUBLE_EXTENSION)),
        CASE("application/pdf", "a\u202Efdp.exe", pdf, BIT(RTLO_FILENAME)),
        /* archives */
        CASE("application/zip", "a.zip", zip_exe,
             BIT(ENCRYPTED_ARCHIVE) | BIT(ARCHIVE_WITH_EXECUTABLE) | BIT(BAD_ARCHIVE)),
#undef CASE
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        slice bytes = {(const guint8 *)cases[i].bytes, cases[i].len};
        attachment_facts facts = {cases[i].declared, cases[i].filename, file_type_detect(bytes), NULL, TRUE};
        archive_listing *listing = facts.detected.traits & FILE_TRAIT_ARCHIVE ? archive_listing_read(bytes) : NULL;
        facts.listing = listing;
        if (attachment_check(&facts) != cases[i].expected)
            g_error("%s, %s: %s", cases[i].declared, cases[i].filename, facts.detected.type);
        archive_listing_free(listing);
    }
}

static void test_traits(void)
{
    static const attachment_facts macro = {
        "application/msword", "a.doc", {"application/msword", FILE_FAMILY_OFFICE, FILE_TRAIT_MACROS}, NULL, TRUE};
    static const attachment_facts locked = {
        "application/msword", "a.doc", {"application/encrypted", FILE_FAMILY_OFFICE, FILE_TRAIT_ENCRYPTED}, NULL, TRUE};
    static const attachment_facts holed = {"image/png", "a.png", {"text/html", FILE_FAMILY_TEXT, 0}, NULL, FALSE};
    g_assert_true(attachment_check(&holed) == 0);
    g_assert_true(attachment_check(&macro) == BIT(MACRO_DOCUMENT));
    g_assert_true(attachment_check(&locked) == BIT(ENCRYPTED_ARCHIVE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attachment_check/verdicts", test_verdicts);
    g_test_add_func("/attachment_check/traits", test_traits);
    return g_test_run();
}
