/* export_name.c
 *
 * What is unsafe is replaced by "_" and not taken out: "a/b" and "ab" stay different names.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "export_name.h"

#include <string.h>

#include "limits.h"

/* ---- safe names ---- */

/* Control characters (C0, C1), what Windows reserves, both path separators. */
static gboolean is_unsafe(gunichar c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c < 0x80 && strchr("\\/:*?\"<>|", (int)c)) || c == 0x2028 ||
           c == 0x2029;
}

/* Characters that have no width or turn the direction of writing: with them "annexe\u202Etxt.exe" shows as
 * "annexeexe.txt". Taken out. */
static gboolean is_invisible(gunichar c)
{
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
           c == 0xFEFF || c == 0x061C || c == 0x00AD;
}

static GString *replace_unsafe(const char *name)
{
    GString *safe = g_string_new(NULL);
    for (const char *p = name; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (is_unsafe(c))
            g_string_append_c(safe, '_');
        else if (!is_invisible(c))
            g_string_append_unichar(safe, c);
    }
    return safe;
}

/* Leading dots hide a file or climb out of the folder; Windows drops dots and blanks at the end.
 * Blanks in front go with them. */
static void strip_ends(GString *name)
{
    gsize lead = strspn(name->str, ". ");
    g_string_erase(name, 0, (gssize)lead);
    while (name->len && strchr(". ", name->str[name->len - 1]))
        g_string_truncate(name, name->len - 1);
}

/* The name of a Windows device, alone or with any extension: "NUL", "con.txt", "COM1". */
static gboolean is_device(const char *name)
{
    static const char *const devices[] = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"};
    gsize len = strcspn(name, ".");
    while (len && name[len - 1] == ' ')
        len--;
    for (gsize i = 0; i < G_N_ELEMENTS(devices); i++) {
        if (strlen(devices[i]) == len && g_ascii_strncasecmp(name, devices[i], len) == 0)
            return TRUE;
    }
    return len == 4 && g_ascii_isdigit(name[3]) &&
           (g_ascii_strncasecmp(name, "com", 3) == 0 || g_ascii_strncasecmp(name, "lpt", 3) == 0);
}

/* Longer "extensions" are just text behind a dot. */
enum { EXTENSION_BYTES = 20 };

/* Where the extension begins (at its dot); the length of the name if it has none. */
static gsize extension_at(const char *name, gsize len)
{
    const char *dot = strrchr(name, '.');
    gsize at = dot ? (gsize)(dot - name) : len;
    return at == 0 || len - at > EXTENSION_BYTES || strchr(name + at, ' ') ? len : at;
}

/* Cuts at most `room` bytes' worth of whole characters off the front of text. */
static gsize whole_characters(const char *text, gsize room)
{
    while (room && ((guchar)text[room] & 0xC0) == 0x80)
        room--;
    return room;
}

/* At most `limit` bytes, the extension kept. */
static void shorten(GString *name, gsize limit)
{
    if (name->len <= limit)
        return;
    gsize extension = extension_at(name->str, name->len);
    gsize stem = whole_characters(name->str, limit - (name->len - extension));
    g_string_erase(name, (gssize)stem, (gssize)(extension - stem));
}

char *export_name_safe(const char *wanted, gboolean *changed_r)
{
    char *valid = g_utf8_make_valid(wanted ? wanted : "", -1);
    GString *name = replace_unsafe(valid);
    g_free(valid);
    strip_ends(name);
    if (is_device(name->str))
        g_string_prepend_c(name, '_');
    shorten(name, LIMIT_FILENAME_BYTES);
    strip_ends(name); /* the cut may have left a blank or dot at the end */
    if (changed_r)
        *changed_r = strcmp(name->str, wanted ? wanted : "") != 0;
    gboolean empty = name->len == 0;
    char *result = g_string_free(name, empty);
    return empty ? NULL : result;
}

/* ---- extensions ---- */

static const struct {
    const char *type, *extension;
} extension_table[] = {
    {"text/plain", ".txt"},
    {"text/html", ".html"},
    {"text/css", ".css"},
    {"text/csv", ".csv"},
    {"text/calendar", ".ics"},
    {"text/vcard", ".vcf"},
    {"text/x-vcard", ".vcf"},
    {"text/directory", ".vcf"},
    {"text/xml", ".xml"},
    {"text/rtf", ".rtf"},
    {"text/richtext", ".rtx"},
    {"text/enriched", ".txt"},
    {"text/markdown", ".md"},
    {"text/javascript", ".js"},
    {"text/x-diff", ".diff"},
    {"text/x-patch", ".patch"},
    {"text/x-python", ".py"},
    {"text/x-c", ".c"},
    {"text/x-log", ".log"},
    {"text/tab-separated-values", ".tsv"},
    {"text/rfc822-headers", ".txt"},
    {"text/x-amp-html", ".html"},
    {"application/pdf", ".pdf"},
    {"application/x-pdf", ".pdf"},
    {"application/postscript", ".ps"},
    {"application/rtf", ".rtf"},
    {"application/json", ".json"},
    {"application/xml", ".xml"},
    {"application/javascript", ".js"},
    {"application/zip", ".zip"},
    {"application/x-zip-compressed", ".zip"},
    {"application/gzip", ".gz"},
    {"application/x-gzip", ".gz"},
    {"application/x-bzip2", ".bz2"},
    {"application/x-xz", ".xz"},
    {"application/zstd", ".zst"},
    {"application/x-tar", ".tar"},
    {"application/x-7z-compressed", ".7z"},
    {"application/vnd.rar", ".rar"},
    {"application/x-rar", ".rar"},
    {"application/x-rar-compressed", ".rar"},
    {"application/java-archive", ".jar"},
    {"application/x-msdownload", ".exe"},
    {"application/x-msdos-program", ".exe"},
    {"application/x-dosexec", ".exe"},
    {"application/x-iso9660-image", ".iso"},
    {"application/x-sh", ".sh"},
    {"application/msword", ".doc"},
    {"application/vnd.ms-excel", ".xls"},
    {"application/vnd.ms-powerpoint", ".ppt"},
    {"application/vnd.ms-outlook", ".msg"},
    {"application/vnd.ms-tnef", ".dat"},
    {"application/ms-tnef", ".dat"},
    {"application/vnd.visio", ".vsd"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
    {"application/vnd.ms-excel.sheet.macroenabled.12", ".xlsm"},
    {"application/vnd.ms-word.document.macroenabled.12", ".docm"},
    {"application/vnd.oasis.opendocument.text", ".odt"},
    {"application/vnd.oasis.opendocument.spreadsheet", ".ods"},
    {"application/vnd.oasis.opendocument.presentation", ".odp"},
    {"application/epub+zip", ".epub"},
    {"application/ics", ".ics"},
    {"application/pgp-signature", ".asc"},
    {"application/pgp-encrypted", ".asc"},
    {"application/pgp-keys", ".asc"},
    {"application/pkcs7-mime", ".p7m"},
    {"application/x-pkcs7-mime", ".p7m"},
    {"application/pkcs7-signature", ".p7s"},
    {"application/x-pkcs7-signature", ".p7s"},
    {"application/pkix-cert", ".cer"},
    {"application/x-x509-ca-cert", ".crt"},
    {"application/x-shockwave-flash", ".swf"},
    {"application/vnd.tcpdump.pcap", ".pcap"},
    {"application/x-sqlite3", ".sqlite"},
    {"application/octet-stream", ".bin"},
    {"image/png", ".png"},
    {"image/jpeg", ".jpg"},
    {"image/jpg", ".jpg"},
    {"image/pjpeg", ".jpg"},
    {"image/gif", ".gif"},
    {"image/bmp", ".bmp"},
    {"image/x-ms-bmp", ".bmp"},
    {"image/tiff", ".tif"},
    {"image/webp", ".webp"},
    {"image/heic", ".heic"},
    {"image/avif", ".avif"},
    {"image/svg+xml", ".svg"},
    {"image/x-icon", ".ico"},
    {"image/vnd.microsoft.icon", ".ico"},
    {"image/emf", ".emf"},
    {"image/wmf", ".wmf"},
    {"audio/mpeg", ".mp3"},
    {"audio/mp4", ".m4a"},
    {"audio/ogg", ".ogg"},
    {"audio/wav", ".wav"},
    {"audio/x-wav", ".wav"},
    {"audio/amr", ".amr"},
    {"audio/flac", ".flac"},
    {"audio/midi", ".mid"},
    {"video/mp4", ".mp4"},
    {"video/mpeg", ".mpg"},
    {"video/quicktime", ".mov"},
    {"video/x-msvideo", ".avi"},
    {"video/webm", ".webm"},
    {"video/3gpp", ".3gp"},
    {"font/ttf", ".ttf"},
    {"font/woff2", ".woff2"},
    {"message/rfc822", ".eml"},
    {"message/global", ".eml"},
    {"message/delivery-status", ".txt"},
    {"message/disposition-notification", ".txt"},
};

const char *export_name_extension(const char *type)
{
    for (gsize i = 0; type && i < G_N_ELEMENTS(extension_table); i++) {
        if (g_ascii_strcasecmp(type, extension_table[i].type) == 0)
            return extension_table[i].extension;
    }
    return "";
}

/* Bytes of the stem: the part number and the extension need room behind. */
enum { STEM_BYTES = 100 };

char *export_name_for_part(const char *stem, const char *path, const char *type)
{
    char *safe = export_name_safe(stem, NULL);
    GString *name = g_string_new(safe ? safe : "message");
    g_free(safe);
    g_string_truncate(name, whole_characters(name->str, MIN(name->len, STEM_BYTES)));
    strip_ends(name);
    if (name->len == 0)
        g_string_assign(name, "message");
    if (path && *path)
        g_string_append_printf(name, "-part-%s", path);
    gsize extension = strlen(export_name_extension(type));
    shorten(name, LIMIT_FILENAME_BYTES - extension);
    g_string_append(name, export_name_extension(type));
    char *result = export_name_safe(name->str, NULL);
    g_string_free(name, TRUE);
    return result;
}

/* ---- unique names ---- */

struct export_names {
    GHashTable *given; /* folded name -> the next number to try behind it (GUINT_TO_POINTER) */
};

export_names *export_names_new(void)
{
    export_names *names = g_new0(export_names, 1);
    names->given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return names;
}

void export_names_free(export_names *names)
{
    if (!names)
        return;
    g_hash_table_unref(names->given);
    g_free(names);
}

/* The form in which equal names are equal: no case, and composed or not is one (macOS). */
static char *folded(const char *name)
{
    char *normal = g_utf8_normalize(name, -1, G_NORMALIZE_ALL_COMPOSE);
    char *fold = g_utf8_casefold(normal ? normal : name, -1);
    g_free(normal);
    return fold;
}

/* Gives `name` out if it is free. */
static gboolean take_name(export_names *names, const char *name)
{
    char *key = folded(name);
    if (g_hash_table_contains(names->given, key)) {
        g_free(key);
        return FALSE;
    }
    g_hash_table_insert(names->given, key, GUINT_TO_POINTER(2));
    return TRUE;
}

/* Each number is tried once per name, whether it was free or not, so that n equal names
 * cost n steps and not n * n. */
char *export_names_unique(export_names *names, const char *name)
{
    char *valid = g_utf8_make_valid(name ? name : "", -1);
    if (take_name(names, valid))
        return valid;
    char *key = folded(valid);
    gsize extension = extension_at(valid, strlen(valid));
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(names->given, key));
    char *candidate;
    for (;;) {
        candidate = g_strdup_printf("%.*s-%u%s", (int)extension, valid, number++, valid + extension);
        if (take_name(names, candidate))
            break;
        g_free(candidate);
    }
    g_hash_table_insert(names->given, key, GUINT_TO_POINTER(number));
    g_free(valid);
    return candidate;
}
