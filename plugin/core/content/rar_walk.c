/* rar_walk.c
 * RAR 4: "Rar!" 1A 07 00, then blocks
 *   checksum u16, type u8, flags u16, size u16, [added size u32 if flags & 0x8000 or a file]
 * RAR 5: "Rar!" 1A 07 01 00, then blocks, numbers of 7 bits a byte
 *   checksum u32, size, type, flags, [size of extra area if flags & 1], [size of data if flags & 2]
 * as the technical note of RAR and UnRAR's sources describe them. Headers that are encrypted (rar -hp) end the walk.
 *
 * Knowingly not done: RAR 4's own compressed form of Unicode names; its plain form in front is shown.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "archive_listing.h"

#include "byte_order.h"

static const guint8 signature_4[] = {'R', 'a', 'r', '!', 0x1A, 7, 0};
static const guint8 signature_5[] = {'R', 'a', 'r', '!', 0x1A, 7, 1, 0};

enum { RAR4_MAIN = 0x73, RAR4_FILE = 0x74, RAR4_END = 0x7B };
enum {
    RAR4_MAIN_ENCRYPTED = 0x80,
    RAR4_FILE_ENCRYPTED = 0x04,
    RAR4_FILE_BIG = 0x100,
    RAR4_FILE_UNICODE = 0x200,
    RAR4_FILE_DIRECTORY = 0xE0,
    RAR4_ADDED = 0x8000
};
enum { RAR5_FILE = 2, RAR5_ENCRYPTION = 4, RAR5_END = 5, RAR5_RECORD_ENCRYPTION = 1 };

gboolean rar_walk_is_rar(slice bytes)
{
    return slice_has(bytes, 0, signature_4, sizeof signature_4) || slice_has(bytes, 0, signature_5, sizeof signature_5);
}

/* ---- version 4 ---- */

static archive_member member_of_4(slice header, guint16 flags)
{
    gsize name_at = flags & RAR4_FILE_BIG ? 40 : 32;
    slice name = slice_head(slice_from(header, name_at), slice_le16(header, 26));
    const guint8 *nul = name.len ? memchr(name.data, 0, name.len) : NULL;
    archive_member member = {.size = slice_le32(header, 11),
                             .encrypted = (flags & RAR4_FILE_ENCRYPTED) != 0,
                             .is_directory = (flags & RAR4_FILE_DIRECTORY) == RAR4_FILE_DIRECTORY};
    member.is_utf8 = (flags & RAR4_FILE_UNICODE) && !nul;
    member.raw_name = nul ? slice_head(name, (gsize)(nul - name.data)) : name;
    if (flags & RAR4_FILE_BIG)
        member.size |= (guint64)slice_le32(header, 36) << 32;
    return member;
}

/* Returns FALSE at the end of the archive, in front of what is encrypted, or at a block that is none. */
static gboolean walk_block_4(slice *rest, archive_visit visit, gpointer user, gboolean *encrypted_r, gboolean *bad_r)
{
    guint8 type = (guint8)slice_le(*rest, 2, 1);
    guint16 flags = slice_le16(*rest, 3);
    gsize size = slice_le16(*rest, 5);
    guint64 added = flags & RAR4_ADDED || type == RAR4_FILE ? slice_le32(*rest, 7) : 0;
    slice header = slice_head(*rest, size);
    *bad_r = size < 7 || size > rest->len;
    if (*bad_r || type == RAR4_END)
        return FALSE;
    if (type == RAR4_MAIN && (flags & RAR4_MAIN_ENCRYPTED)) {
        *encrypted_r = TRUE;
        return FALSE;
    }
    if (type == RAR4_FILE) {
        archive_member member = member_of_4(header, flags);
        if (flags & RAR4_FILE_BIG)
            added |= (guint64)slice_le32(header, 32) << 32;
        if (!visit(&member, user))
            return FALSE;
    }
    *rest = slice_from(slice_from(*rest, size), added > rest->len ? rest->len : (gsize)added);
    return rest->len > 0;
}

/* ---- version 5 ---- */

/* A number of 7 bits a byte, the lowest first; FALSE: none. */
static gboolean read_number(slice *from, guint64 *number_r)
{
    *number_r = 0;
    for (guint i = 0; i < 10 && i < from->len; i++) {
        *number_r |= (guint64)(from->data[i] & 0x7F) << (7 * i);
        if (!(from->data[i] & 0x80)) {
            *from = slice_from(*from, i + 1);
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean has_encryption_record(slice extra)
{
    guint64 size, type;
    while (read_number(&extra, &size) && size && size <= extra.len) {
        slice record = slice_head(extra, (gsize)size);
        if (read_number(&record, &type) && type == RAR5_RECORD_ENCRYPTION)
            return TRUE;
        extra = slice_from(extra, (gsize)size);
    }
    return FALSE;
}

/* `fields`: behind the sizes of extra area and data. */
static gboolean member_of_5(slice fields, slice extra, archive_member *member)
{
    guint64 flags, attributes, method, host, name_len;
    *member = (archive_member){.is_utf8 = TRUE};
    if (!read_number(&fields, &flags) || !read_number(&fields, &member->size) || !read_number(&fields, &attributes))
        return FALSE;
    fields = slice_from(fields, (flags & 2 ? 4 : 0) + (flags & 4 ? 4 : 0)); /* time, checksum */
    if (!read_number(&fields, &method) || !read_number(&fields, &host) || !read_number(&fields, &name_len))
        return FALSE;
    member->raw_name = slice_head(fields, (gsize)MIN(name_len, fields.len));
    member->is_directory = (flags & 1) != 0;
    member->encrypted = has_encryption_record(extra);
    return TRUE;
}

static gboolean walk_block_5(slice *rest, archive_visit visit, gpointer user, gboolean *encrypted_r, gboolean *bad_r)
{
    guint64 size, type, flags, extra_len = 0, data_len = 0;
    archive_member member;
    slice at = slice_from(*rest, 4);
    *bad_r = TRUE;
    if (!read_number(&at, &size) || size > at.len)
        return FALSE;
    slice header = slice_head(at, (gsize)size);
    at = slice_from(at, (gsize)size);
    if (!read_number(&header, &type) || !read_number(&header, &flags) ||
        (flags & 1 && !read_number(&header, &extra_len)) || (flags & 2 && !read_number(&header, &data_len)) ||
        extra_len > header.len)
        return FALSE;
    *bad_r = FALSE;
    *encrypted_r = *encrypted_r || type == RAR5_ENCRYPTION;
    if (type == RAR5_END || type == RAR5_ENCRYPTION)
        return FALSE;
    slice extra = slice_from(header, header.len - (gsize)extra_len);
    if (type == RAR5_FILE &&
        (!member_of_5(slice_head(header, header.len - (gsize)extra_len), extra, &member) || !visit(&member, user)))
        return FALSE;
    *rest = slice_from(at, data_len > at.len ? at.len : (gsize)data_len);
    return rest->len > 0;
}

void rar_walk(slice bytes, archive_visit visit, gpointer user, gboolean *encrypted_r, anomaly_set *anomalies_r)
{
    gboolean bad = FALSE, is_5 = slice_has(bytes, 0, signature_5, sizeof signature_5);
    slice rest = slice_from(bytes, is_5 ? sizeof signature_5 : sizeof signature_4);
    while (is_5 ? walk_block_5(&rest, visit, user, encrypted_r, &bad)
                : walk_block_4(&rest, visit, user, encrypted_r, &bad))
        ;
    if (bad)
        *anomalies_r |= ANOMALY_BIT(ANOMALY_BAD_ARCHIVE);
}
