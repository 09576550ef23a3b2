/* file_type.c
 * An own table, not libmagic: what is wanted is some seventy types with stable names, and answers that
 * libmagic's media types do not give (macros, encryption, an Office file's kind without unpacking). docs/content.md has
 * the figures. Types are IANA's where one is registered, else those of shared-mime-info.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "file_type.h"

#include "archive_listing.h"
#include "byte_order.h"
#include "limits.h"

enum {
    RUNS = FILE_TRAIT_EXECUTABLE,
    MACROS = FILE_TRAIT_MACROS,
    LOCKED = FILE_TRAIT_ENCRYPTED,
    ARCHIVE = FILE_TRAIT_ARCHIVE
};

#define TYPE(name, family, traits) ((file_type){name, FILE_FAMILY_##family, traits})
#define NOTHING ((file_type){NULL, FILE_FAMILY_UNKNOWN, 0})

/* ---- signatures ---- */

#define OOXML "application/vnd.openxmlformats-officedocument."
#define WORD_MACROS "application/vnd.ms-word.document.macroenabled.12"
#define EXCEL_MACROS "application/vnd.ms-excel.sheet.macroenabled.12"
#define POWERPOINT_MACROS "application/vnd.ms-powerpoint.presentation.macroenabled.12"

/* Fixed bytes at a fixed place. The first row that matches wins. */
static const struct {
    gsize at;
    const char *bytes;
    guint8 len;
    file_type type;
} signatures[] = {
#define AT(at, bytes, name, family, traits)                                                                            \
    {                                                                                                                  \
        at, bytes, sizeof bytes - 1,                                                                                   \
        {                                                                                                              \
            name, FILE_FAMILY_##family, traits                                                                         \
        }                                                                                                              \
    }
    /* programs */
    AT(0, "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "application/x-eicar", EXECUTABLE, RUNS),
    AT(0,
       "\x7F"
       "ELF",
       "application/x-elf", EXECUTABLE, RUNS),
    AT(0, "\xFE\xED\xFA\xCE", "application/x-mach-binary", EXECUTABLE, RUNS),
    AT(0, "\xFE\xED\xFA\xCF", "application/x-mach-binary", EXECUTABLE, RUNS),
    AT(0, "\xCE\xFA\xED\xFE", "application/x-mach-binary", EXECUTABLE, RUNS),
    AT(0, "\xCF\xFA\xED\xFE", "application/x-mach-binary", EXECUTABLE, RUNS),
    AT(0, "\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46", "application/x-ms-shortcut", EXECUTABLE, RUNS),
    AT(0, "ITSF\3\0\0\0", "application/vnd.ms-htmlhelp", EXECUTABLE, RUNS),
    AT(0, "!<arch>\ndebian-binary", "application/vnd.debian.binary-package", EXECUTABLE, RUNS),
    AT(0, "\xED\xAB\xEE\xDB", "application/x-rpm", EXECUTABLE, RUNS),
    AT(0, "\0asm\1\0\0\0", "application/wasm", EXECUTABLE, 0),
    /* documents */
    AT(0, "%PDF-", "application/pdf", PDF, 0),
    AT(0, "{\\rt", "application/rtf", OFFICE, 0),
    AT(0, "%!PS", "application/postscript", OTHER, 0),
    AT(0, "\xE4\x52\x5C\x7B\x8C\xD8\xA7\x4D\xAE\xB1\x53\x78\xD0\x29\x96\xD3", "application/onenote", OFFICE, 0),
    AT(0, "\x78\x9F\x3E\x22", "application/vnd.ms-tnef", OTHER, 0),
    /* archives */
    AT(0, "Rar!\x1A\x07\0", "application/vnd.rar", ARCHIVE, ARCHIVE),
    AT(0, "Rar!\x1A\x07\1\0", "application/vnd.rar", ARCHIVE, ARCHIVE),
    AT(0, "7z\xBC\xAF\x27\x1C", "application/x-7z-compressed", ARCHIVE, ARCHIVE),
    AT(0, "\x1F\x8B\x08", "application/gzip", ARCHIVE, 0),
    AT(4, "1AY&SY", "application/x-bzip2", ARCHIVE, 0),
    AT(0,
       "\xFD"
       "7zXZ\0",
       "application/x-xz", ARCHIVE, 0),
    AT(0, "\x28\xB5\x2F\xFD", "application/zstd", ARCHIVE, 0),
    AT(0, "\x1F\x9D", "application/x-compress", ARCHIVE, 0),
    AT(0, "MSCF\0\0\0\0", "application/vnd.ms-cab-compressed", ARCHIVE, 0),
    AT(7, "**ACE**", "application/x-ace", ARCHIVE, 0),
    AT(2, "-lh5-", "application/x-lha", ARCHIVE, 0),
    AT(257, "ustar", "application/x-tar", ARCHIVE, 0),
    AT(0x8001, "CD001", "application/x-iso9660-image", ARCHIVE, 0),
    AT(0, "vhdxfile", "application/x-vhdx-disk", ARCHIVE, 0),
    AT(0, "conectix\0\0\0\2", "application/x-vhd-disk", ARCHIVE, 0),
    /* pictures */
    AT(0, "\xFF\xD8\xFF", "image/jpeg", IMAGE, 0),
    AT(0, "\x89PNG\r\n\x1A\n", "image/png", IMAGE, 0),
    AT(0, "GIF87a", "image/gif", IMAGE, 0),
    AT(0, "GIF89a", "image/gif", IMAGE, 0),
    AT(0, "II*\0", "image/tiff", IMAGE, 0),
    AT(0, "MM\0*", "image/tiff", IMAGE, 0),
    AT(8, "WEBPVP8", "image/webp", IMAGE, 0),
    AT(0, "8BPS\0\1", "image/vnd.adobe.photoshop", IMAGE, 0),
    AT(0, "\0\0\0\x0CjP  \r\n\x87\n", "image/jp2", IMAGE, 0),
    AT(0, "\xD7\xCD\xC6\x9A\0\0", "image/wmf", IMAGE, 0),
    /* sound and film */
    AT(8, "WAVEfmt ", "audio/x-wav", MEDIA, 0),
    AT(8, "AVI LIST", "video/x-msvideo", MEDIA, 0),
    AT(0, "OggS\0", "application/ogg", MEDIA, 0),
    AT(0, "fLaC", "audio/flac", MEDIA, 0),
    AT(0, "ID3\2", "audio/mpeg", MEDIA, 0),
    AT(0, "ID3\3", "audio/mpeg", MEDIA, 0),
    AT(0, "ID3\4", "audio/mpeg", MEDIA, 0),
    AT(0, "MThd\0\0\0\6", "audio/midi", MEDIA, 0),
    AT(0, "#!AMR", "audio/amr", MEDIA, 0),
    AT(0, "\x1A\x45\xDF\xA3", "video/x-matroska", MEDIA, 0),
    AT(0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11", "video/x-ms-asf", MEDIA, 0),
    AT(4, "ftypheic", "image/heic", IMAGE, 0),
    AT(4, "ftypmif1", "image/heif", IMAGE, 0),
    AT(4, "ftypavif", "image/avif", IMAGE, 0),
    AT(4, "ftypM4A ", "audio/mp4", MEDIA, 0),
    AT(4, "ftypqt  ", "video/quicktime", MEDIA, 0),
    AT(4, "ftyp", "video/mp4", MEDIA, 0),
    /* captures, databases */
    AT(0, "\xD4\xC3\xB2\xA1", "application/vnd.tcpdump.pcap", OTHER, 0),
    AT(0, "\xA1\xB2\xC3\xD4", "application/vnd.tcpdump.pcap", OTHER, 0),
    AT(0, "\x4D\x3C\xB2\xA1", "application/vnd.tcpdump.pcap", OTHER, 0),
    AT(0, "\xA1\xB2\x3C\x4D", "application/vnd.tcpdump.pcap", OTHER, 0),
    AT(0, "SQLite format 3\0", "application/vnd.sqlite3", OTHER, 0),
    AT(0, "-----BEGIN PGP MESSAGE-----", "application/pgp-encrypted", TEXT, 0),
    AT(0, "-----BEGIN PGP SIGNATURE-----", "application/pgp-signature", TEXT, 0),
    AT(0, "-----BEGIN PGP PUBLIC KEY BLOCK-----", "application/pgp-keys", TEXT, 0),
    AT(0, "-----BEGIN ", "application/x-pem-file", TEXT, 0),
#undef AT
};

static file_type by_signature(slice bytes)
{
    for (guint i = 0; i < G_N_ELEMENTS(signatures); i++) {
        if (slice_has(bytes, signatures[i].at, signatures[i].bytes, signatures[i].len))
            return signatures[i].type;
    }
    return NOTHING;
}

/* ---- programs ---- */

/* "MZ" alone is two letters: a header that can be one has to be behind. */
static file_type by_mz(slice bytes)
{
    if (!slice_has(bytes, 0, "MZ", 2) || bytes.len < 28)
        return NOTHING;
    gsize pe = slice_le32(bytes, 60);
    if (slice_has(bytes, pe, "PE\0\0", 4) || (bytes.len >= 64 && pe >= bytes.len && pe < 4096 && pe % 4 == 0))
        return TYPE("application/vnd.microsoft.portable-executable", EXECUTABLE, RUNS);
    /* e_cblp, e_cp: bytes on the last page, pages; a header has at least two paragraphs */
    gboolean dos = slice_le16(bytes, 2) < 512 && slice_le16(bytes, 4) > 0 && slice_le16(bytes, 8) >= 2;
    return dos ? TYPE("application/x-dosexec", EXECUTABLE, RUNS) : NOTHING;
}

/* CA FE BA BE: a Mach-O file for several machines has a number of them behind, a Java class its version (45 and up). */
static file_type by_cafebabe(slice bytes)
{
    if (!slice_has(bytes, 0, "\xCA\xFE\xBA\xBE", 4) || bytes.len < 8)
        return NOTHING;
    return slice_be32(bytes, 4) < 45 ? TYPE("application/x-mach-binary", EXECUTABLE, RUNS)
                                     : TYPE("application/java-vm", EXECUTABLE, RUNS);
}

/* ---- pictures and sound with weak signatures ---- */

static file_type by_weak_signature(slice bytes)
{
    guint32 header = slice_le32(bytes, 14);
    if (slice_has(bytes, 0, "BM", 2) && bytes.len >= 26 && slice_le32(bytes, 6) == 0 &&
        (header == 12 || header == 40 || header == 52 || header == 56 || header == 64 || header == 108 ||
         header == 124))
        return TYPE("image/bmp", IMAGE, 0);
    if (slice_has(bytes, 0, "\0\0\1\0", 4) && bytes.len >= 22 && slice_le16(bytes, 4) - 1U < 64 && bytes.data[9] == 0 &&
        slice_le32(bytes, 18) == 6U + 16U * slice_le16(bytes, 4))
        return TYPE("image/vnd.microsoft.icon", IMAGE, 0);
    if (slice_has(bytes, 40, " EMF", 4) && slice_le32(bytes, 0) == 1)
        return TYPE("image/emf", IMAGE, 0);
    if (slice_has(bytes, 0, "\x0A\x0D\x0D\x0A", 4) &&
        (slice_le32(bytes, 8) == 0x1A2B3C4D || slice_be32(bytes, 8) == 0x1A2B3C4D))
        return TYPE("application/x-pcapng", OTHER, 0);
    /* "FWS", "CWS", "ZWS", version, length: below 16 MB, and therefore no text */
    if (bytes.len >= 8 && slice_has(bytes, 1, "WS", 2) && strchr("FCZ", bytes.data[0]) && bytes.data[0] &&
        bytes.data[3] < 64 && bytes.data[7] == 0)
        return TYPE("application/vnd.adobe.flash.movie", MEDIA, 0);
    /* MPEG audio without a tag: sync, layer III, a bit rate and a sample rate that exist */
    if (bytes.len >= 4 && bytes.data[0] == 0xFF && (bytes.data[1] & 0xE6) == 0xE2 && (bytes.data[1] & 0x18) != 0x08 &&
        (bytes.data[2] & 0xF0) != 0xF0 && (bytes.data[2] & 0xF0) != 0 && (bytes.data[2] & 0x0C) != 0x0C)
        return TYPE("audio/mpeg", MEDIA, 0);
    return NOTHING;
}

/* ASN.1: SEQUENCE { OBJECT IDENTIFIER 1.2.840.113549.1.7.n */
static file_type by_cms(slice bytes)
{
    static const guint8 pkcs7[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07};
    if (bytes.len < 16 || bytes.data[0] != 0x30)
        return NOTHING;
    gsize at = 2 + (bytes.data[1] & 0x80 ? bytes.data[1] & 0x7F : 0);
    return at < 12 && slice_has(bytes, at, pkcs7, sizeof pkcs7) ? TYPE("application/pkcs7-mime", OTHER, 0) : NOTHING;
}

/* ---- OLE2 ([MS-CFB]) ---- */

enum { OLE_ENTRY_BYTES = 128, OLE_ROOT = 5 };

/* What the names of streams and the root's class say. In the order of their claim: a Word file
 * may embed a workbook, but only the root's own streams are at the top; names do not tell which, so that
 * the first row that any entry matches wins. */
static const struct {
    const char *stream;
    file_type type;
} ole_streams[] = {
    {"EncryptedPackage", {"application/encrypted", FILE_FAMILY_OFFICE, LOCKED}},
    {"WordDocument", {"application/msword", FILE_FAMILY_OFFICE, 0}},
    {"PowerPoint Document", {"application/vnd.ms-powerpoint", FILE_FAMILY_OFFICE, 0}},
    {"Workbook", {"application/vnd.ms-excel", FILE_FAMILY_OFFICE, 0}},
    {"Book", {"application/vnd.ms-excel", FILE_FAMILY_OFFICE, 0}},
    {"__properties_version1.0", {"application/vnd.ms-outlook", FILE_FAMILY_OFFICE, 0}},
    {"VisioDocument", {"application/vnd.visio", FILE_FAMILY_OFFICE, 0}},
};

/* CLSIDs 000C1084 (installer), 000C1086 (its patch), 000C1082 (its transform), -0000-0000-C000-000000000046. */
static gboolean is_installer(slice entry)
{
    static const guint8 tail[] = {0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
    guint32 id = slice_le32(entry, 80);
    return (id == 0x000C1084 || id == 0x000C1086 || id == 0x000C1082) && slice_has(entry, 84, tail, sizeof tail);
}

static gboolean entry_is(slice entry, const char *name)
{
    gsize len = strlen(name);
    if (slice_le16(entry, 64) != 2 * (len + 1))
        return FALSE;
    for (gsize i = 0; i < len; i++) {
        if (slice_le16(entry, 2 * i) != (guint8)name[i])
            return FALSE;
    }
    return TRUE;
}

typedef struct ole_directory {
    guint best; /* row of ole_streams */
    gboolean macros, installer;
} ole_directory;

static void look_at_entry(slice entry, ole_directory *found)
{
    for (guint i = 0; i < found->best; i++) {
        if (entry_is(entry, ole_streams[i].stream))
            found->best = i;
    }
    found->macros = found->macros || entry_is(entry, "_VBA_PROJECT") || entry_is(entry, "_VBA_PROJECT_CUR");
    found->installer = found->installer || (entry.len > 66 && entry.data[66] == OLE_ROOT && is_installer(entry));
}

/* The sector behind `sector` in its chain; the table's sectors are those that the header lists (109: up to 7 MB of
 * 512-byte sectors). Beyond: G_MAXUINT32. */
static guint32 next_sector(slice bytes, guint shift, guint32 sector)
{
    guint32 per_sector = (1U << shift) / 4, index = sector / per_sector;
    if (index >= 109)
        return G_MAXUINT32;
    guint64 table = slice_le32(bytes, 76 + 4 * (gsize)index);
    guint64 at = ((table + 1) << shift) + 4 * (guint64)(sector % per_sector);
    return at + 4 <= bytes.len ? slice_le32(bytes, (gsize)at) : G_MAXUINT32;
}

static file_type by_ole(slice bytes)
{
    ole_directory found = {.best = G_N_ELEMENTS(ole_streams)};
    if (!slice_has(bytes, 0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8))
        return NOTHING;
    guint shift = slice_le16(bytes, 30);
    guint32 sector = slice_le32(bytes, 48);
    if (shift != 9 && shift != 12)
        return TYPE("application/x-ole-storage", OFFICE, 0);
    for (guint count = 0; count < LIMIT_OLE_DIRECTORY_SECTORS && sector < 0xFFFFFFF0U; count++) {
        guint64 at = ((guint64)sector + 1) << shift;
        if (at >= bytes.len)
            break;
        slice entries = slice_head(slice_from(bytes, (gsize)at), (gsize)1 << shift);
        for (; entries.len >= OLE_ENTRY_BYTES; entries = slice_from(entries, OLE_ENTRY_BYTES))
            look_at_entry(slice_head(entries, OLE_ENTRY_BYTES), &found);
        sector = next_sector(bytes, shift, sector);
    }
    if (found.installer)
        return TYPE("application/x-msi", EXECUTABLE, RUNS);
    file_type type = found.best < G_N_ELEMENTS(ole_streams) ? ole_streams[found.best].type
                                                            : TYPE("application/x-ole-storage", OFFICE, 0);
    type.traits |= found.macros ? MACROS : 0;
    return type;
}

/* ---- ZIP and what is one underneath ---- */

enum {
    ZIP_CONTENT_TYPES = 1,
    ZIP_WORD = 2,
    ZIP_EXCEL = 4,
    ZIP_POWERPOINT = 8,
    ZIP_BINARY_SHEET = 16,
    ZIP_VBA = 32,
    ZIP_MANIFEST = 64,
    ZIP_ANDROID = 128,
    ZIP_BASIC = 256
};

static const struct {
    const char *prefix;
    guint mark;
} zip_marks[] = {
    {"[Content_Types].xml", ZIP_CONTENT_TYPES},
    {"word/", ZIP_WORD},
    {"xl/workbook.bin", ZIP_BINARY_SHEET},
    {"xl/", ZIP_EXCEL},
    {"ppt/", ZIP_POWERPOINT},
    {"META-INF/MANIFEST.MF", ZIP_MANIFEST},
    {"AndroidManifest.xml", ZIP_ANDROID},
    {"Basic/", ZIP_BASIC},
    {"Scripts/", ZIP_BASIC},
};

static gboolean mark_member(const archive_member *member, gpointer user)
{
    guint *marks = user;
    slice name = member->raw_name;
    for (guint i = 0; i < G_N_ELEMENTS(zip_marks); i++) {
        if (slice_begins(name, zip_marks[i].prefix))
            *marks |= zip_marks[i].mark;
    }
    gsize tail = strlen("vbaProject.bin");
    if (name.len >= tail && slice_is(slice_from(name, name.len - tail), "vbaProject.bin"))
        *marks |= ZIP_VBA;
    return TRUE;
}

static file_type office_of(guint marks)
{
    gboolean vba = (marks & ZIP_VBA) != 0;
    if (marks & ZIP_WORD)
        return vba ? TYPE(WORD_MACROS, OFFICE, MACROS) : TYPE(OOXML "wordprocessingml.document", OFFICE, 0);
    if (marks & ZIP_BINARY_SHEET)
        return TYPE("application/vnd.ms-excel.sheet.binary.macroenabled.12", OFFICE, vba ? MACROS : 0);
    if (marks & ZIP_EXCEL)
        return vba ? TYPE(EXCEL_MACROS, OFFICE, MACROS) : TYPE(OOXML "spreadsheetml.sheet", OFFICE, 0);
    if (marks & ZIP_POWERPOINT)
        return vba ? TYPE(POWERPOINT_MACROS, OFFICE, MACROS) : TYPE(OOXML "presentationml.presentation", OFFICE, 0);
    return NOTHING;
}

/* OpenDocument and EPUB: a first member "mimetype", stored, whose bytes are the type (ODF 1.2 part 3, 3.3). */
static const file_type zip_mimetypes[] = {
    {"application/vnd.oasis.opendocument.text", FILE_FAMILY_OFFICE, 0},
    {"application/vnd.oasis.opendocument.spreadsheet", FILE_FAMILY_OFFICE, 0},
    {"application/vnd.oasis.opendocument.presentation", FILE_FAMILY_OFFICE, 0},
    {"application/vnd.oasis.opendocument.graphics", FILE_FAMILY_OFFICE, 0},
    {"application/epub+zip", FILE_FAMILY_OFFICE, 0},
};

static file_type by_mimetype_member(slice bytes, guint marks)
{
    if (!slice_has(bytes, 30, "mimetype", 8))
        return NOTHING;
    slice content = slice_from(bytes, 38 + slice_le16(bytes, 28));
    file_type best = NOTHING;
    for (guint i = 0; i < G_N_ELEMENTS(zip_mimetypes); i++) {
        if (slice_begins(content, zip_mimetypes[i].type))
            best = zip_mimetypes[i];
    }
    if (best.type && (marks & ZIP_BASIC))
        best.traits |= MACROS;
    return best;
}

static file_type by_zip(slice bytes)
{
    guint marks = 0;
    anomaly_set ignored = 0;
    if (!zip_walk_is_zip(bytes))
        return NOTHING;
    zip_walk(bytes, mark_member, &marks, &ignored);
    file_type type = by_mimetype_member(bytes, marks);
    if (!type.type && (marks & ZIP_CONTENT_TYPES))
        type = office_of(marks);
    if (type.type)
        return type;
    if (marks & ZIP_ANDROID)
        return TYPE("application/vnd.android.package-archive", EXECUTABLE, RUNS);
    if (marks & ZIP_MANIFEST)
        return TYPE("application/java-archive", EXECUTABLE, RUNS);
    return TYPE("application/zip", ARCHIVE, ARCHIVE);
}

/* ---- text ---- */

/* Behind a byte order mark and white space. */
static slice text_start(slice bytes)
{
    if (slice_has(bytes, 0, "\xEF\xBB\xBF", 3))
        bytes = slice_from(bytes, 3);
    while (bytes.len && g_ascii_isspace(bytes.data[0]))
        bytes = slice_from(bytes, 1);
    return bytes;
}

/* Does `text` stand in the first LIMIT_SNIFF_BYTES, ASCII letters compared without case? */
static gboolean contains(slice bytes, const char *text)
{
    gsize len = strlen(text);
    bytes = slice_head(bytes, LIMIT_SNIFF_BYTES);
    for (; bytes.len >= len; bytes = slice_from(bytes, 1)) {
        if (slice_begins(bytes, text))
            return TRUE;
    }
    return FALSE;
}

static const struct {
    const char *interpreter;
    const char *type;
} interpreters[] = {
    {"python", "text/x-python"}, {"perl", "text/x-perl"},       {"ruby", "text/x-ruby"},      {"php", "text/x-php"},
    {"node", "text/javascript"}, {"pwsh", "text/x-powershell"}, {"sh", "text/x-shellscript"},
};

/* "#!" and the interpreter in the rest of the line. */
static file_type by_shebang(slice bytes)
{
    if (!slice_has(bytes, 0, "#!", 2))
        return NOTHING;
    const guint8 *end = memchr(bytes.data, '\n', MIN(bytes.len, 256));
    slice line = slice_head(bytes, end ? (gsize)(end - bytes.data) : 256);
    if (!memchr(line.data, '/', line.len))
        return NOTHING;
    for (guint i = 0; i < G_N_ELEMENTS(interpreters); i++) {
        if (contains(line, interpreters[i].interpreter))
            return TYPE(interpreters[i].type, TEXT, RUNS);
    }
    return TYPE("text/x-shellscript", TEXT, RUNS);
}

/* What a text begins with. */
static const struct {
    const char *begins;
    file_type type;
} text_beginnings[] = {
    {"<!doctype html", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<html", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<head", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<body", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<script", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<iframe", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<meta ", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<title", {"text/html", FILE_FAMILY_TEXT, 0}},
    {"<svg", {"image/svg+xml", FILE_FAMILY_TEXT, 0}},
    {"<job", {"text/x-wsf", FILE_FAMILY_TEXT, RUNS}},
    {"<package>", {"text/x-wsf", FILE_FAMILY_TEXT, RUNS}},
    {"<?php", {"text/x-php", FILE_FAMILY_TEXT, 0}},
    {"BEGIN:VCALENDAR", {"text/calendar", FILE_FAMILY_TEXT, 0}},
    {"BEGIN:VCARD", {"text/vcard", FILE_FAMILY_TEXT, 0}},
    {"[InternetShortcut]", {"application/x-mswinurl", FILE_FAMILY_TEXT, RUNS}},
    {"@echo off", {"text/x-msdos-batch", FILE_FAMILY_TEXT, RUNS}},
    {"#requires -", {"text/x-powershell", FILE_FAMILY_TEXT, RUNS}},
    {"[CmdletBinding(", {"text/x-powershell", FILE_FAMILY_TEXT, RUNS}},
    {"Windows Registry Editor Version ", {"text/x-ms-regedit", FILE_FAMILY_TEXT, RUNS}},
    {"REGEDIT4", {"text/x-ms-regedit", FILE_FAMILY_TEXT, RUNS}},
};

/* Scripts of Windows look like many other things: only those count that make a COM object in a way that is no prose. */
static file_type by_script(slice text)
{
    static const char *const basic[] = {
        "On Error Resume Next", "Option Explicit", "Dim ", "Set ", "Sub ", "Function ", "Const ", "'"};
    if (contains(text, "new ActiveXObject(") || contains(text, "WScript.CreateObject("))
        return TYPE("text/javascript", TEXT, RUNS);
    for (guint i = 0; i < G_N_ELEMENTS(basic); i++) {
        if (slice_begins(text, basic[i]) && contains(text, "CreateObject(\""))
            return TYPE("text/vbscript", TEXT, RUNS);
    }
    return NOTHING;
}

/* The name in front of the first colon of a line, as in a header. */
static gboolean is_mail_field(slice line)
{
    static const char *const names[] = {
        "Received:",   "Return-Path:",  "Delivered-To:", "From:",           "To:",       "Subject:", "Date:",
        "Message-ID:", "MIME-Version:", "Content-Type:", "DKIM-Signature:", "X-Mailer:", "Reply-To:"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (slice_begins(line, names[i]))
            return TRUE;
    }
    return FALSE;
}

/* A mail: begins with a field that mails have, and has three of them before the first blank line. */
static gboolean is_mail(slice text)
{
    guint fields = 0;
    gboolean first = TRUE;
    text = slice_head(text, LIMIT_SNIFF_BYTES);
    while (text.len && text.data[0] != '\n' && text.data[0] != '\r') {
        const guint8 *end = memchr(text.data, '\n', text.len);
        gboolean known = is_mail_field(text);
        if (first && !known)
            return FALSE;
        first = FALSE;
        fields += known;
        if (!end)
            break;
        text = slice_from(text, (gsize)(end - text.data) + 1);
    }
    return fields >= 3;
}

/* Behind "<?xml" and comments. */
static file_type by_xml(slice text)
{
    if (contains(text, "<svg"))
        return TYPE("image/svg+xml", TEXT, 0);
    if (contains(text, "<html"))
        return TYPE("text/html", TEXT, 0);
    return TYPE("text/xml", TEXT, 0);
}

static file_type by_text(slice bytes)
{
    slice text = text_start(slice_head(bytes, 2 * LIMIT_SNIFF_BYTES));
    file_type type = by_shebang(bytes);
    for (guint i = 0; !type.type && i < G_N_ELEMENTS(text_beginnings); i++) {
        if (slice_begins(text, text_beginnings[i].begins))
            type = text_beginnings[i].type;
    }
    if (!type.type && slice_begins(text, "<?xml"))
        type = by_xml(text);
    if (!type.type && slice_begins(text, "<!--") && contains(text, "<html"))
        type = TYPE("text/html", TEXT, 0);
    if (type.type && strcmp(type.type, "text/html") == 0 && contains(text, "<hta:application"))
        type = TYPE("application/hta", TEXT, RUNS);
    if (!type.type && is_mail(text))
        type = TYPE("message/rfc822", TEXT, 0);
    return type.type ? type : by_script(text);
}

/* Printable? Blanks, line ends, form feeds, escapes (ISO-2022) and bytes above 0x7F are. */
static gboolean is_printable(slice bytes)
{
    bytes = slice_head(bytes, LIMIT_SNIFF_BYTES);
    for (gsize i = 0; i < bytes.len; i++) {
        guint8 c = bytes.data[i];
        if (c == 0x7F || (c < 0x20 && !(c >= 7 && c <= 13) && c != 0x1B))
            return FALSE;
    }
    return TRUE;
}

/* Of bytes above 0x7F at most a third in plain Latin text, but all of them in others: ask UTF-8 first. */
static gboolean is_plain_text(slice bytes)
{
    slice head = slice_head(bytes, LIMIT_SNIFF_BYTES);
    const char *end;
    if (slice_has(bytes, 0, "\xFF\xFE", 2) || slice_has(bytes, 0, "\xFE\xFF", 2))
        return TRUE; /* UTF-16 */
    if (!is_printable(bytes))
        return FALSE;
    if (g_utf8_validate_len((const char *)head.data, head.len, &end))
        return TRUE;
    if (head.len < bytes.len && (const guint8 *)end + 4 > head.data + head.len)
        return TRUE; /* a character cut at the end of the head */
    gsize high = 0, control = 0;
    for (gsize i = 0; i < head.len; i++) {
        high += head.data[i] >= 0xA0;
        control += head.data[i] >= 0x80 && head.data[i] < 0xA0;
    }
    /* in every charset of mail letters sit above 0xA0 far more often than below; random bytes are even */
    return high + control < head.len / 3 || control < high / 4;
}

/* ---- all together ---- */

file_type file_type_detect(slice bytes)
{
    static file_type (*const binary[])(slice) = {by_signature, by_mz,  by_cafebabe,      by_ole,
                                                 by_zip,       by_cms, by_weak_signature};
    if (bytes.len == 0)
        return NOTHING;
    for (guint i = 0; i < G_N_ELEMENTS(binary); i++) {
        file_type type = binary[i](bytes);
        if (type.type)
            return type;
    }
    file_type type = is_printable(slice_head(bytes, 512)) ? by_text(bytes) : NOTHING;
    if (type.type)
        return type;
    /* Acrobat takes a PDF whose header is not at the front (PDF 1.7, annex H.3.4.1). */
    slice head = slice_head(bytes, 1024);
    for (; head.len >= 5; head = slice_from(head, 1)) {
        if (slice_has(head, 0, "%PDF-", 5))
            return TYPE("application/pdf", PDF, 0);
    }
    return is_plain_text(bytes) ? TYPE("text/plain", TEXT, 0) : TYPE("application/octet-stream", UNKNOWN, 0);
}

/* Declared types that senders use; those that begin with "text/", "image/", "audio/", "video/" need no row
 * unless they belong elsewhere. */
static const struct {
    const char *type;
    gboolean is_prefix;
    file_family family;
} declared_types[] = {
    {"text/rtf", FALSE, FILE_FAMILY_OFFICE},
    {"text/richtext", FALSE, FILE_FAMILY_UNKNOWN}, /* RFC 1341's, or RTF */
    {"image/svg+xml", FALSE, FILE_FAMILY_TEXT},
    {"image/x-eps", FALSE, FILE_FAMILY_OTHER},
    {"image/vnd.dwg", FALSE, FILE_FAMILY_UNKNOWN},
    {"image/x-xbitmap", FALSE, FILE_FAMILY_TEXT},
    {"image/x-xpixmap", FALSE, FILE_FAMILY_TEXT},
    {"image/pdf", FALSE, FILE_FAMILY_PDF},
    {"audio/x-mpegurl", FALSE, FILE_FAMILY_TEXT},
    {"text/", TRUE, FILE_FAMILY_TEXT},
    {"image/", TRUE, FILE_FAMILY_IMAGE},
    {"audio/", TRUE, FILE_FAMILY_MEDIA},
    {"video/", TRUE, FILE_FAMILY_MEDIA},
    {"message/rfc822", FALSE, FILE_FAMILY_TEXT},
    {"application/pdf", FALSE, FILE_FAMILY_PDF},
    {"application/x-pdf", FALSE, FILE_FAMILY_PDF},
    {"application/rtf", FALSE, FILE_FAMILY_OFFICE},
    {"application/msword", FALSE, FILE_FAMILY_OFFICE},
    {"application/vnd.ms-word", TRUE, FILE_FAMILY_OFFICE},
    {"application/vnd.ms-excel", TRUE, FILE_FAMILY_OFFICE},
    {"application/vnd.ms-powerpoint", TRUE, FILE_FAMILY_OFFICE},
    {"application/vnd.openxmlformats-officedocument.", TRUE, FILE_FAMILY_OFFICE},
    {"application/vnd.oasis.opendocument.", TRUE, FILE_FAMILY_OFFICE},
    {"application/vnd.ms-outlook", FALSE, FILE_FAMILY_OFFICE},
    {"application/epub+zip", FALSE, FILE_FAMILY_OFFICE},
    {"application/zip", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/x-zip", TRUE, FILE_FAMILY_ARCHIVE},
    {"application/vnd.rar", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/x-rar", TRUE, FILE_FAMILY_ARCHIVE},
    {"application/x-7z-compressed", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/gzip", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/x-gzip", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/x-bzip2", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/x-xz", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/x-tar", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/x-iso9660-image", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/vnd.ms-cab-compressed", FALSE, FILE_FAMILY_ARCHIVE},
    {"application/xml", FALSE, FILE_FAMILY_TEXT},
    {"application/xhtml+xml", FALSE, FILE_FAMILY_TEXT},
    {"application/json", FALSE, FILE_FAMILY_TEXT},
    {"application/javascript", FALSE, FILE_FAMILY_TEXT},
    {"application/x-javascript", FALSE, FILE_FAMILY_TEXT},
    {"application/ics", FALSE, FILE_FAMILY_TEXT},
    {"application/x-msdownload", FALSE, FILE_FAMILY_EXECUTABLE},
    {"application/x-msdos-program", FALSE, FILE_FAMILY_EXECUTABLE},
    {"application/x-dosexec", FALSE, FILE_FAMILY_EXECUTABLE},
    {"application/vnd.microsoft.portable-executable", FALSE, FILE_FAMILY_EXECUTABLE},
    {"application/ogg", FALSE, FILE_FAMILY_MEDIA},
};

file_family file_type_family(const char *declared)
{
    for (guint i = 0; declared && i < G_N_ELEMENTS(declared_types); i++) {
        gboolean same = declared_types[i].is_prefix ? g_str_has_prefix(declared, declared_types[i].type)
                                                    : strcmp(declared, declared_types[i].type) == 0;
        if (same)
            return declared_types[i].family;
    }
    return FILE_FAMILY_UNKNOWN;
}
