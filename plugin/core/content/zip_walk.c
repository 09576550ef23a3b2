/* zip_walk.c
 * PKWARE APPNOTE 6.3:
 *   4.3.7   local file header        PK 3 4, 30 bytes, name, extra field, data
 *   4.3.12  central directory header PK 1 2, 46 bytes, name, extra field, comment
 *   4.3.14  zip64 end record         PK 6 6        4.3.15  its locator  PK 6 7
 *   4.3.16  end record               PK 5 6, 22 bytes, comment
 *
 * Readers disagree about files that are made to confuse them; here the central directory is believed, as
 * Windows, Office and Java do. A ZIP may stand behind other bytes (self-extracting programs); its offsets
 * then count from its own first byte or from the file's: the directory is looked for in front of
 * the end record first. Without a directory (the capture lost the end) the local headers are walked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "archive_listing.h"

#include "byte_order.h"
#include "charset.h"
#include "limits.h"

enum { LOCAL_BYTES = 30, CENTRAL_BYTES = 46, END_BYTES = 22, END64_BYTES = 56, LOCATOR_BYTES = 20 };
enum { FLAG_ENCRYPTED = 1 << 0, FLAG_DESCRIPTOR = 1 << 3, FLAG_UTF8 = 1 << 11 };
enum { EXTRA_ZIP64 = 0x0001, EXTRA_UNICODE_PATH = 0x7075 };

gboolean zip_walk_is_zip(slice bytes)
{
    return slice_has(bytes, 0, "PK\3\4", 4) || slice_has(bytes, 0, "PK\5\6", 4) ||
           slice_has(bytes, 0, "PK\7\10PK\3\4", 8) || slice_has(bytes, 0, "PK00PK\3\4", 8);
}

/* ---- extra fields (4.5) ---- */

/* The data of that extra field; empty: none. */
static slice find_extra(slice extra, guint16 id)
{
    while (extra.len >= 4) {
        gsize len = slice_le16(extra, 2);
        if (slice_le16(extra, 0) == id)
            return slice_head(slice_from(extra, 4), len);
        extra = slice_from(extra, 4 + len);
    }
    return SLICE_EMPTY;
}

/* 4.6.9: version 1, a checksum of the other name, the name as UTF-8. */
static void use_unicode_path(archive_member *member, slice extra)
{
    slice path = find_extra(extra, EXTRA_UNICODE_PATH);
    if (path.len <= 5 || path.data[0] != 1)
        return;
    member->raw_name = slice_from(path, 5);
    member->is_utf8 = TRUE;
}

static archive_member make_member(slice name, slice extra, guint16 flags, guint64 size)
{
    archive_member member = {.raw_name = name,
                             .size = size,
                             .encrypted = (flags & FLAG_ENCRYPTED) != 0,
                             .is_utf8 = (flags & FLAG_UTF8) != 0};
    slice zip64 = find_extra(extra, EXTRA_ZIP64);
    if (size == G_MAXUINT32 && zip64.len >= 8)
        member.size = slice_le64(zip64, 0);
    use_unicode_path(&member, extra);
    member.is_directory = member.raw_name.len && member.raw_name.data[member.raw_name.len - 1] == '/';
    return member;
}

/* ---- the central directory ---- */

/* Where the end record is: the last one in the tail. */
static gboolean find_end(slice bytes, gsize *at_r)
{
    gsize lowest = bytes.len > LIMIT_ZIP_TAIL_BYTES ? bytes.len - LIMIT_ZIP_TAIL_BYTES : 0;
    for (gsize at = bytes.len >= END_BYTES ? bytes.len - END_BYTES + 1 : 0; at-- > lowest;) {
        if (bytes.data[at] == 'P' && slice_has(bytes, at, "PK\5\6", 4)) {
            *at_r = at;
            return TRUE;
        }
    }
    return FALSE;
}

/* The directory's bytes: `size` of them in front of `end`, else at `offset`. */
static slice directory_at(slice bytes, gsize end, guint64 size, guint64 offset)
{
    if (size <= end && slice_has(bytes, end - (gsize)size, "PK\1\2", 4))
        return slice_head(slice_from(bytes, end - (gsize)size), (gsize)size);
    if (offset < end && slice_has(bytes, (gsize)offset, "PK\1\2", 4))
        return slice_head(slice_from(bytes, (gsize)offset), end - (gsize)offset);
    return SLICE_EMPTY;
}

/* An empty archive has a directory of no bytes: *empty_r. */
static slice find_directory(slice bytes, gboolean *empty_r)
{
    gsize end;
    *empty_r = FALSE;
    if (!find_end(bytes, &end))
        return SLICE_EMPTY;
    guint64 size = slice_le32(bytes, end + 12), offset = slice_le32(bytes, end + 16);
    *empty_r = slice_le16(bytes, end + 10) == 0 && size == 0;
    if (end >= LOCATOR_BYTES + END64_BYTES && slice_has(bytes, end - LOCATOR_BYTES, "PK\6\7", 4)) {
        gsize end64 = end - LOCATOR_BYTES - END64_BYTES;
        if (slice_has(bytes, end64, "PK\6\6", 4)) {
            size = slice_le64(bytes, end64 + 40);
            offset = slice_le64(bytes, end64 + 48);
            end = end64;
        }
    }
    return directory_at(bytes, end, size, offset);
}

static void walk_directory(slice directory, archive_visit visit, gpointer user, anomaly_set *anomalies)
{
    while (directory.len >= CENTRAL_BYTES && slice_has(directory, 0, "PK\1\2", 4)) {
        gsize name = slice_le16(directory, 28), extra = slice_le16(directory, 30), comment = slice_le16(directory, 32);
        slice rest = slice_from(directory, CENTRAL_BYTES);
        archive_member member = make_member(slice_head(rest, name), slice_head(slice_from(rest, name), extra),
                                            slice_le16(directory, 8), slice_le32(directory, 24));
        if (name > rest.len)
            break;
        if (!visit(&member, user))
            return;
        directory = slice_from(rest, name + extra + comment);
    }
    if (directory.len)
        *anomalies |= ANOMALY_BIT(ANOMALY_BAD_ARCHIVE);
}

/* ---- local headers ---- */

/* How many bytes of data are behind a header that does not know (4.4.4, bit 3): up to the next signature. */
static gsize find_next(slice data)
{
    gsize at = 0;
    while (at + 4 <= data.len) {
        const guint8 *p = memchr(data.data + at, 'P', data.len - at);
        if (!p)
            break;
        at = (gsize)(p - data.data);
        if (slice_has(data, at, "PK\3\4", 4) || slice_has(data, at, "PK\1\2", 4))
            return at;
        at++;
    }
    return data.len;
}

static gsize data_length(slice header, slice extra, slice data)
{
    guint64 packed = slice_le32(header, 18);
    slice zip64 = find_extra(extra, EXTRA_ZIP64);
    if ((slice_le16(header, 6) & FLAG_DESCRIPTOR) && packed == 0)
        return find_next(data);
    if (packed == G_MAXUINT32 && zip64.len >= 16)
        packed = slice_le64(zip64, 8);
    /* a data descriptor may follow: 12, 16, 20 or 24 bytes (4.3.9) */
    return packed >= data.len ? data.len : (gsize)packed + find_next(slice_head(slice_from(data, (gsize)packed), 32));
}

static void walk_local_headers(slice bytes, archive_visit visit, gpointer user)
{
    bytes = slice_from(bytes, find_next(bytes));
    while (bytes.len >= LOCAL_BYTES && slice_has(bytes, 0, "PK\3\4", 4)) {
        gsize name = slice_le16(bytes, 26), extra_len = slice_le16(bytes, 28);
        slice rest = slice_from(bytes, LOCAL_BYTES);
        if (name > rest.len)
            return;
        slice extra = slice_head(slice_from(rest, name), extra_len), data = slice_from(rest, name + extra_len);
        archive_member member = make_member(slice_head(rest, name), extra, slice_le16(bytes, 6), slice_le32(bytes, 22));
        if (!visit(&member, user))
            return;
        bytes = slice_from(data, data_length(bytes, extra, data));
    }
}

void zip_walk(slice bytes, archive_visit visit, gpointer user, anomaly_set *anomalies_r)
{
    gboolean empty;
    slice directory = find_directory(bytes, &empty);
    if (directory.len) {
        walk_directory(directory, visit, user, anomalies_r);
        return;
    }
    if (!empty)
        *anomalies_r |= ANOMALY_BIT(ANOMALY_BAD_ARCHIVE);
    walk_local_headers(bytes, visit, user);
}

/* ---- names ---- */

/* Appendix D: without bit 11 a name is in code page 437. Its upper half; iconv does not have it everywhere. */
static const gunichar2 code_page_437[128] = {
    0x00C7, 0x00FC, 0x00E9, 0x00E2, 0x00E4, 0x00E0, 0x00E5, 0x00E7, 0x00EA, 0x00EB, 0x00E8, 0x00EF, 0x00EE,
    0x00EC, 0x00C4, 0x00C5, 0x00C9, 0x00E6, 0x00C6, 0x00F4, 0x00F6, 0x00F2, 0x00FB, 0x00F9, 0x00FF, 0x00D6,
    0x00DC, 0x00A2, 0x00A3, 0x00A5, 0x20A7, 0x0192, 0x00E1, 0x00ED, 0x00F3, 0x00FA, 0x00F1, 0x00D1, 0x00AA,
    0x00BA, 0x00BF, 0x2310, 0x00AC, 0x00BD, 0x00BC, 0x00A1, 0x00AB, 0x00BB, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255D, 0x255C, 0x255B, 0x2510, 0x2514,
    0x2534, 0x252C, 0x251C, 0x2500, 0x253C, 0x255E, 0x255F, 0x255A, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256C, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256B, 0x256A, 0x2518, 0x250C,
    0x2588, 0x2584, 0x258C, 0x2590, 0x2580, 0x03B1, 0x00DF, 0x0393, 0x03C0, 0x03A3, 0x03C3, 0x00B5, 0x03C4,
    0x03A6, 0x0398, 0x03A9, 0x03B4, 0x221E, 0x03C6, 0x03B5, 0x2229, 0x2261, 0x00B1, 0x2265, 0x2264, 0x2320,
    0x2321, 0x00F7, 0x2248, 0x00B0, 0x2219, 0x00B7, 0x221A, 0x207F, 0x00B2, 0x25A0, 0x00A0,
};

static char *from_code_page_437(slice name)
{
    GString *out = g_string_sized_new(name.len);
    for (gsize i = 0; i < name.len; i++)
        g_string_append_unichar(out, name.data[i] >= 0x80 ? code_page_437[name.data[i] - 0x80]
                                     : name.data[i]       ? name.data[i]
                                                          : 0xFFFD);
    return g_string_free(out, FALSE);
}

char *zip_walk_name(const archive_member *member)
{
    slice name = slice_head(member->raw_name, LIMIT_MEMBER_NAME_BYTES);
    /* macOS and others write UTF-8 and do not say so */
    if (member->is_utf8 || g_utf8_validate_len((const char *)name.data, name.len, NULL))
        return charset_one_line(charset_to_utf8(name, slice_of("utf-8"), NULL));
    return charset_one_line(from_code_page_437(name));
}
