/* test_file_type.c
 * Beginnings of files, and whole small ZIP and OLE2 files made here. Files of real programs are compared with libmagic
 * in tests/tshark/test_content.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "byte_writer.h"
#include "file_type.h"

#define RUNS FILE_TRAIT_EXECUTABLE
#define MACROS FILE_TRAIT_MACROS

static void check(slice bytes, const char *type, guint traits)
{
    file_type seen = file_type_detect(bytes);
    g_assert_cmpstr(seen.type, ==, type);
    g_assert_cmpuint(seen.traits, ==, traits);
}

static void test_beginnings(void)
{
    static const struct {
        const char *bytes;
        gsize len;
        const char *type;
        guint traits;
    } cases[] = {
#define CASE(bytes, type, traits) {bytes, sizeof bytes - 1, type, traits}
        CASE("", NULL, 0),
        CASE("\x7F"
             "ELF\2\1\1",
             "application/x-elf", RUNS),
        CASE("\xCF\xFA\xED\xFE\7\0\0\1", "application/x-mach-binary", RUNS),
        CASE("\xCA\xFE\xBA\xBE\0\0\0\2", "application/x-mach-binary", RUNS),
        CASE("\xCA\xFE\xBA\xBE\0\0\0\x34", "application/java-vm", RUNS),
        CASE("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", "application/x-eicar", RUNS),
        CASE("%PDF-1.4\n", "application/pdf", 0),
        CASE("\n\n  %PDF-1.4\n\x01\x02", "application/pdf", 0),
        CASE("{\\rtf1\\ansi}", "application/rtf", 0),
        CASE("Rar!\x1A\x07\0", "application/vnd.rar", FILE_TRAIT_ARCHIVE),
        CASE("Rar!\x1A\x07\1\0", "application/vnd.rar", FILE_TRAIT_ARCHIVE),
        CASE("7z\xBC\xAF\x27\x1C\0\4", "application/x-7z-compressed", FILE_TRAIT_ARCHIVE),
        CASE("\x1F\x8B\x08\0", "application/gzip", 0),
        CASE("BZh91AY&SY\x01", "application/x-bzip2", 0),
        CASE("BZhello, all is text", "text/plain", 0),
        CASE("\xFD"
             "7zXZ\0\0",
             "application/x-xz", 0),
        CASE("MSCF\0\0\0\0", "application/vnd.ms-cab-compressed", 0),
        CASE("\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46", "application/x-ms-shortcut", RUNS),
        CASE("\xFF\xD8\xFF\xE0\0\x10JFIF", "image/jpeg", 0),
        CASE("\x89PNG\r\n\x1A\n", "image/png", 0),
        CASE("GIF89a\1\0", "image/gif", 0),
        CASE("II*\0\x08\0", "image/tiff", 0),
        CASE("RIFF\x10\0\0\0WEBPVP8 ", "image/webp", 0),
        CASE("RIFF\x10\0\0\0WAVEfmt ", "audio/x-wav", 0),
        CASE("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\2\0\0\0\2\0\0\0", "image/bmp", 0),
        CASE("BMW is a car, and this is a text about it.", "text/plain", 0),
        CASE("ID3\3\0", "audio/mpeg", 0),
        CASE("ID3 is a format for tags", "text/plain", 0),
        CASE("\xFF\xFB\x90\x64", "audio/mpeg", 0),
        CASE("OggS\0\2", "application/ogg", 0),
        CASE("\0\0\0\x20"
             "ftypisom",
             "video/mp4", 0),
        CASE("\0\0\0\x20"
             "ftypqt  ",
             "video/quicktime", 0),
        CASE("\xD4\xC3\xB2\xA1\2\0\4\0", "application/vnd.tcpdump.pcap", 0),
        CASE("\x0A\x0D\x0D\x0A\x1C\0\0\0\x4D\x3C\x2B\x1A", "application/x-pcapng", 0),
        CASE("CWS\x0A\x10\x10\0\0", "application/vnd.adobe.flash.movie", 0),
        CASE("FWS is short for something", "text/plain", 0),
        CASE("\x78\x9F\x3E\x22\1\0", "application/vnd.ms-tnef", 0),
        CASE("\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x80\0\0", "application/pkcs7-mime", 0),
        CASE("-----BEGIN PGP MESSAGE-----\n", "application/pgp-encrypted", 0),
        CASE("#!/bin/sh\necho hi\n", "text/x-shellscript", RUNS),
        CASE("#!/usr/bin/env python3\n", "text/x-python", RUNS),
        CASE("#! that is no interpreter", "text/plain", 0),
        CASE("@ECHO OFF\r\n", "text/x-msdos-batch", RUNS),
        CASE("#Requires -Version 5\n", "text/x-powershell", RUNS),
        CASE("On Error Resume Next\r\nSet s = CreateObject(\"WScript.Shell\")\r\n", "text/vbscript", RUNS),
        CASE("var s = new ActiveXObject('WScript.Shell');", "text/javascript", RUNS),
        CASE("Dim the lights, said he, and CreateObject is a word.", "text/plain", 0),
        CASE("Set phasers to stun.", "text/plain", 0),
        CASE("  <!DOCTYPE HTML><html></html>", "text/html", 0),
        CASE("\xEF\xBB\xBF<html>", "text/html", 0),
        CASE("<html><HTA:APPLICATION id=x>", "application/hta", RUNS),
        CASE("<?xml version=\"1.0\"?>\n<svg xmlns=", "image/svg+xml", 0),
        CASE("<?xml version=\"1.0\"?>\n<a/>", "text/xml", 0),
        CASE("BEGIN:VCALENDAR\r\n", "text/calendar", 0),
        CASE("BEGIN:VCARD\r\n", "text/vcard", 0),
        CASE("[InternetShortcut]\r\nURL=", "application/x-mswinurl", RUNS),
        CASE("Received: by x\nFrom: a\nTo: b\nSubject: c\n\nbody", "message/rfc822", 0),
        CASE("From: me\nTo you I say:\n\nDate: no\nSubject: no\n", "text/plain", 0),
        CASE("just text, with \xC3\xA4", "text/plain", 0),
        CASE("Gr\xFC\xDF"
             "e aus K\xF6ln, in Latin-1, and more of it",
             "text/plain", 0),
        CASE("\xFF\xFEh\0i\0", "text/plain", 0),
        CASE("\x01\x02\x03\x04", "application/octet-stream", 0),
        CASE("\x90\x85\x8A\x9F\x93\x81\xA4\x95", "application/octet-stream", 0),
        CASE("MZ is a pair of letters, and this is a text", "text/plain", 0),
#undef CASE
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check((slice){(const guint8 *)cases[i].bytes, cases[i].len}, cases[i].type, cases[i].traits);
}

static void test_later_bytes(void)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, 0x8001);
    memset(out->data, 0, out->len);
    put_text(out, "CD001");
    check(written(out), "application/x-iso9660-image", 0);
    memcpy(out->data + 257, "ustar", 5);
    check(written(out), "application/x-tar", 0);
    check(slice_head(written(out), 261), "application/octet-stream", 0);
    g_byte_array_unref(out);
}

static void test_mz(void)
{
    GByteArray *out = g_byte_array_new();
    put_text(out, "MZ");
    put_le(out, 0x90, 2);
    put_le(out, 3, 2);
    put_le(out, 0, 2);
    put_le(out, 4, 2);
    put_le(out, 0, 50);
    put_le(out, 0x80, 4);
    put_le(out, 0, 64);
    check(slice_head(written(out), 60), "application/x-dosexec", RUNS);
    check(slice_head(written(out), 100), "application/vnd.microsoft.portable-executable",
          RUNS); /* PE header not come yet */
    check(written(out), "application/vnd.microsoft.portable-executable", RUNS);
    put(out, "PE\0\0", 4);
    check(written(out), "application/vnd.microsoft.portable-executable", RUNS);
    out->data[128] = 'N';
    check(written(out), "application/x-dosexec", RUNS);
    out->data[8] = 0;
    check(written(out), "application/octet-stream", 0);
    g_byte_array_unref(out);
}

/* ---- ZIP ---- */

static void put_member(GByteArray *out, const char *name, const char *data)
{
    put_text(out, "PK\3\4");
    put_le(out, 20, 2);
    put_le(out, 0, 2 + 2 + 4 + 4);
    put_le(out, strlen(data), 4);
    put_le(out, strlen(data), 4);
    put_le(out, strlen(name), 2);
    put_le(out, 0, 2);
    put_text(out, name);
    put_text(out, data);
}

/* `members` are separated by blanks; "name=data" has data. */
static void check_zip(const char *members, const char *type, guint traits)
{
    GByteArray *out = g_byte_array_new();
    char **words = g_strsplit(members, " ", 0);
    for (char **word = words; *word; word++) {
        char **pair = g_strsplit(*word, "=", 2);
        put_member(out, pair[0], pair[1] ? pair[1] : "");
        g_strfreev(pair);
    }
    check(written(out), type, traits);
    g_strfreev(words);
    g_byte_array_unref(out);
}

static void test_zip(void)
{
#define OOXML "application/vnd.openxmlformats-officedocument."
    check_zip("a.txt b.exe", "application/zip", FILE_TRAIT_ARCHIVE);
    check_zip("[Content_Types].xml word/document.xml", OOXML "wordprocessingml.document", 0);
    check_zip("[Content_Types].xml xl/workbook.xml", OOXML "spreadsheetml.sheet", 0);
    check_zip("[Content_Types].xml ppt/presentation.xml", OOXML "presentationml.presentation", 0);
    check_zip("[Content_Types].xml word/document.xml word/vbaProject.bin",
              "application/vnd.ms-word.document.macroenabled.12", MACROS);
    check_zip("[Content_Types].xml xl/workbook.xml xl/VBAPROJECT.BIN", "application/vnd.ms-excel.sheet.macroenabled.12",
              MACROS);
    check_zip("[Content_Types].xml xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12", 0);
    check_zip("word/document.xml", "application/zip", FILE_TRAIT_ARCHIVE);
    check_zip("META-INF/MANIFEST.MF a.class", "application/java-archive", RUNS);
    check_zip("AndroidManifest.xml classes.dex META-INF/MANIFEST.MF", "application/vnd.android.package-archive", RUNS);
    check_zip("mimetype=application/vnd.oasis.opendocument.text content.xml", "application/vnd.oasis.opendocument.text",
              0);
    check_zip("mimetype=application/vnd.oasis.opendocument.text Basic/Standard/script-lb.xml",
              "application/vnd.oasis.opendocument.text", MACROS);
    check_zip("mimetype=application/epub+zip META-INF/container.xml", "application/epub+zip", 0);
    check_zip("mimetype=nonsense", "application/zip", FILE_TRAIT_ARCHIVE);
}

/* ---- OLE2 ---- */

/* Header, sector 0: allocation table, sectors 1 and 3: directory. */
static GByteArray *make_ole(const char *first, const char *second, guint32 class_id)
{
    static const guint8 tail[] = {0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
    const char *const streams[] = {"Root Entry", "a", "b", "c", first, second};
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, 5 * 512);
    memset(out->data, 0, out->len);
    memcpy(out->data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
    out->data[30] = 9;
    out->data[48] = 1;
    memset(out->data + 512, 0xFF, 512);
    out->data[512 + 4] = 3; /* behind sector 1 comes 3 */
    memset(out->data + 512 + 5, 0, 3);
    out->data[512 + 12] = 0xFE;
    for (guint i = 0; i < G_N_ELEMENTS(streams); i++) {
        guint8 *entry = out->data + (i < 4 ? 2 * 512 + i * 128 : 4 * 512 + (i - 4) * 128);
        for (gsize k = 0; streams[i][k]; k++)
            entry[2 * k] = (guint8)streams[i][k];
        entry[64] = (guint8)(2 * (strlen(streams[i]) + 1));
        entry[66] = i == 0 ? 5 : 2;
    }
    for (guint k = 0; k < 4; k++)
        out->data[2 * 512 + 80 + k] = (guint8)(class_id >> (8 * k));
    memcpy(out->data + 2 * 512 + 84, tail, sizeof tail);
    return out;
}

static void test_ole(void)
{
    static const struct {
        const char *first, *second;
        guint32 class_id;
        const char *type;
        guint traits;
    } cases[] = {
        {"WordDocument", "x", 0, "application/msword", 0},
        {"Workbook", "_VBA_PROJECT", 0, "application/vnd.ms-excel", MACROS},
        {"x", "PowerPoint Document", 0, "application/vnd.ms-powerpoint", 0},
        {"__properties_version1.0", "x", 0, "application/vnd.ms-outlook", 0},
        {"EncryptedPackage", "EncryptionInfo", 0, "application/encrypted", FILE_TRAIT_ENCRYPTED},
        {"x", "y", 0x000C1084, "application/x-msi", RUNS},
        {"x", "y", 0, "application/x-ole-storage", 0},
        {"Workbook", "WordDocument", 0, "application/msword", 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *ole = make_ole(cases[i].first, cases[i].second, cases[i].class_id);
        check(written(ole), cases[i].type, cases[i].traits);
        for (gsize len = 8; len < ole->len; len += 37)
            g_assert_cmpint(file_type_detect(slice_head(written(ole), len)).family, !=, FILE_FAMILY_TEXT);
        g_byte_array_unref(ole);
    }
    GByteArray *loop = make_ole("x", "y", 0);
    loop->data[512 + 12] = 1; /* 1, 3, 1, 3, ... */
    memset(loop->data + 512 + 13, 0, 3);
    check(written(loop), "application/x-ole-storage", 0);
    g_byte_array_unref(loop);
}

static void test_families(void)
{
    static const struct {
        const char *type;
        file_family family;
    } cases[] = {
        {"text/plain", FILE_FAMILY_TEXT},
        {"image/jpg", FILE_FAMILY_IMAGE},
        {"application/pdf", FILE_FAMILY_PDF},
        {"application/octet-stream", FILE_FAMILY_UNKNOWN},
        {"application/x-foo", FILE_FAMILY_UNKNOWN},
        {"application/x-zip-compressed", FILE_FAMILY_ARCHIVE},
        {"text/rtf", FILE_FAMILY_OFFICE},
        {"image/svg+xml", FILE_FAMILY_TEXT},
        {"", FILE_FAMILY_UNKNOWN},
        {NULL, FILE_FAMILY_UNKNOWN},
        {"application/x-msdownload", FILE_FAMILY_EXECUTABLE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(file_type_family(cases[i].type), ==, cases[i].family);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/file_type/beginnings", test_beginnings);
    g_test_add_func("/file_type/later_bytes", test_later_bytes);
    g_test_add_func("/file_type/mz", test_mz);
    g_test_add_func("/file_type/zip", test_zip);
    g_test_add_func("/file_type/ole", test_ole);
    g_test_add_func("/file_type/families", test_families);
    return g_test_run();
}
