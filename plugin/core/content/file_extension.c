/* file_extension.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "file_extension.h"

/* Executable: what Outlook blocks (Level 1) and a double click runs on Windows, and programs of other systems. */
static const struct {
    const char *extension;
    file_extension_kind kind;
    const char *type;
} extensions[] = {
    {"7z", FILE_EXTENSION_DOCUMENT, "application/x-7z-compressed"},
    {"avi", FILE_EXTENSION_DOCUMENT, "video/x-msvideo"},
    {"bmp", FILE_EXTENSION_DOCUMENT, "image/bmp"},
    {"csv", FILE_EXTENSION_DOCUMENT, "text/csv"},
    {"doc", FILE_EXTENSION_DOCUMENT, "application/msword"},
    {"docm", FILE_EXTENSION_DOCUMENT, "application/vnd.ms-word.document.macroenabled.12"},
    {"docx", FILE_EXTENSION_DOCUMENT, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", FILE_EXTENSION_DOCUMENT, "message/rfc822"},
    {"gif", FILE_EXTENSION_DOCUMENT, "image/gif"},
    {"gz", FILE_EXTENSION_DOCUMENT, "application/gzip"},
    {"jpeg", FILE_EXTENSION_DOCUMENT, "image/jpeg"},
    {"jpg", FILE_EXTENSION_DOCUMENT, "image/jpeg"},
    {"mov", FILE_EXTENSION_DOCUMENT, "video/quicktime"},
    {"mp3", FILE_EXTENSION_DOCUMENT, "audio/mpeg"},
    {"mp4", FILE_EXTENSION_DOCUMENT, "video/mp4"},
    {"odp", FILE_EXTENSION_DOCUMENT, "application/vnd.oasis.opendocument.presentation"},
    {"ods", FILE_EXTENSION_DOCUMENT, "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", FILE_EXTENSION_DOCUMENT, "application/vnd.oasis.opendocument.text"},
    {"pdf", FILE_EXTENSION_DOCUMENT, "application/pdf"},
    {"png", FILE_EXTENSION_DOCUMENT, "image/png"},
    {"ppt", FILE_EXTENSION_DOCUMENT, "application/vnd.ms-powerpoint"},
    {"pptm", FILE_EXTENSION_DOCUMENT, "application/vnd.ms-powerpoint.presentation.macroenabled.12"},
    {"pptx", FILE_EXTENSION_DOCUMENT, "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rar", FILE_EXTENSION_DOCUMENT, "application/vnd.rar"},
    {"rtf", FILE_EXTENSION_DOCUMENT, "application/rtf"},
    {"tif", FILE_EXTENSION_DOCUMENT, "image/tiff"},
    {"tiff", FILE_EXTENSION_DOCUMENT, "image/tiff"},
    {"txt", FILE_EXTENSION_DOCUMENT, "text/plain"},
    {"wav", FILE_EXTENSION_DOCUMENT, "audio/x-wav"},
    {"webp", FILE_EXTENSION_DOCUMENT, "image/webp"},
    {"xls", FILE_EXTENSION_DOCUMENT, "application/vnd.ms-excel"},
    {"xlsb", FILE_EXTENSION_DOCUMENT, "application/vnd.ms-excel.sheet.binary.macroenabled.12"},
    {"xlsm", FILE_EXTENSION_DOCUMENT, "application/vnd.ms-excel.sheet.macroenabled.12"},
    {"xlsx", FILE_EXTENSION_DOCUMENT, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"zip", FILE_EXTENSION_DOCUMENT, "application/zip"},
    {"htm", FILE_EXTENSION_MARKUP, "text/html"},
    {"html", FILE_EXTENSION_MARKUP, "text/html"},
    {"shtml", FILE_EXTENSION_MARKUP, "text/html"},
    {"svg", FILE_EXTENSION_MARKUP, "image/svg+xml"},
    {"xhtml", FILE_EXTENSION_MARKUP, "text/html"},
    {"img", FILE_EXTENSION_IMAGE, NULL},
    {"iso", FILE_EXTENSION_IMAGE, NULL},
    {"vhd", FILE_EXTENSION_IMAGE, NULL},
    {"vhdx", FILE_EXTENSION_IMAGE, NULL},
#define RUNS(extension)                                                                                                \
    {                                                                                                                  \
        extension, FILE_EXTENSION_EXECUTABLE, NULL                                                                     \
    }
    RUNS("apk"),
    RUNS("app"),
    RUNS("appimage"),
    RUNS("application"),
    RUNS("bat"),
    RUNS("chm"),
    RUNS("cmd"),
    RUNS("com"),
    RUNS("cpl"),
    RUNS("deb"),
    RUNS("dll"),
    RUNS("exe"),
    RUNS("gadget"),
    RUNS("hlp"),
    RUNS("hta"),
    RUNS("inf"),
    RUNS("ins"),
    RUNS("jar"),
    RUNS("jnlp"),
    RUNS("js"),
    RUNS("jse"),
    RUNS("lnk"),
    RUNS("mde"),
    RUNS("msc"),
    RUNS("msi"),
    RUNS("msix"),
    RUNS("msp"),
    RUNS("mst"),
    RUNS("ocx"),
    RUNS("pif"),
    RUNS("pkg"),
    RUNS("ps1"),
    RUNS("ps1xml"),
    RUNS("ps2"),
    RUNS("psc1"),
    RUNS("psm1"),
    RUNS("reg"),
    RUNS("rpm"),
    RUNS("scf"),
    RUNS("scr"),
    RUNS("sct"),
    RUNS("settingcontent-ms"),
    RUNS("sh"),
    RUNS("sys"),
    RUNS("url"),
    RUNS("vb"),
    RUNS("vbe"),
    RUNS("vbs"),
    RUNS("ws"),
    RUNS("wsc"),
    RUNS("wsf"),
    RUNS("wsh"),
    RUNS("xll"),
#undef RUNS
};

static int find(slice extension)
{
    for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
        if (slice_is(extension, extensions[i].extension))
            return (int)i;
    }
    return -1;
}

file_extension_kind file_extension_classify(slice extension)
{
    int row = find(extension);
    return row < 0 ? FILE_EXTENSION_OTHER : extensions[row].kind;
}

const char *file_extension_type(slice extension)
{
    int row = find(extension);
    return row < 0 ? NULL : extensions[row].type;
}

/* Windows drops blanks and dots at the end of a name. */
static slice trim_end(slice name)
{
    while (name.len &&
           (name.data[name.len - 1] == ' ' || name.data[name.len - 1] == '.' || name.data[name.len - 1] == 0))
        name.len--;
    return name;
}

/* Cuts the extension off: *stem_r is what is in front of its dot. */
static slice split(slice name, slice *stem_r)
{
    name = trim_end(name);
    for (gsize at = name.len; at-- > 0;) {
        if (name.data[at] == '/' || name.data[at] == '\\')
            break;
        if (name.data[at] != '.')
            continue;
        *stem_r = slice_head(name, at);
        return slice_from(name, at + 1);
    }
    *stem_r = name;
    return SLICE_EMPTY;
}

slice file_extension_of(slice name)
{
    slice stem;
    return split(name, &stem);
}

gboolean file_extension_is_double(slice name)
{
    slice stem, rest;
    file_extension_kind last = file_extension_classify(split(name, &stem));
    if (last < FILE_EXTENSION_MARKUP)
        return FALSE;
    return file_extension_classify(slice_trim(split(stem, &rest))) == FILE_EXTENSION_DOCUMENT;
}

gboolean file_extension_has_override(const char *name)
{
    static const char *const overrides[] = {"\xE2\x80\xAD", "\xE2\x80\xAE", "\xE2\x81\xA7"};
    for (guint i = 0; name && i < G_N_ELEMENTS(overrides); i++) {
        if (strstr(name, overrides[i]))
            return TRUE;
    }
    return FALSE;
}
