/* archive_listing.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "archive_listing.h"

#include "byte_order.h"
#include "charset.h"
#include "file_extension.h"
#include "limits.h"

static const guint8 signature_7z[] = {'7', 'z', 0xBC, 0xAF, 0x27, 0x1C};

/* 7zFormat.txt: the end header tells the methods used; 06 F1 07 01 is AES-256. When only the content is encrypted
 * that header is itself compressed by LZMA as soon as it is larger than the compression's cost: then nothing can be
 * seen without unpacking. With encrypted names (7z -mhe) it stands in the clear. */
static gboolean is_7z_encrypted(slice bytes)
{
    static const guint8 aes[] = {0x06, 0xF1, 0x07, 0x01};
    guint64 offset = slice_le64(bytes, 12), size = slice_le64(bytes, 20);
    if (offset >= bytes.len || bytes.len < 32)
        return FALSE;
    slice header = slice_from(slice_from(bytes, 32), (gsize)offset);
    header = slice_head(header, size > LIMIT_SNIFF_BYTES ? LIMIT_SNIFF_BYTES : (gsize)size);
    for (gsize at = 0; at + sizeof aes <= header.len; at++) {
        if (memcmp(header.data + at, aes, sizeof aes) == 0)
            return TRUE;
    }
    return FALSE;
}

static void member_free(gpointer data)
{
    archive_member *member = data;
    g_free(member->name);
    g_free(member);
}

static gboolean take_member(const archive_member *member, gpointer user)
{
    archive_listing *listing = user;
    listing->count++;
    listing->encrypted = listing->encrypted || member->encrypted;
    if (!listing->has_executable && !member->is_directory)
        listing->has_executable =
            file_extension_classify(file_extension_of(member->raw_name)) == FILE_EXTENSION_EXECUTABLE;
    if (listing->members->len >= LIMIT_ARCHIVE_MEMBERS) {
        listing->anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
        return TRUE;
    }
    archive_member *kept = g_new(archive_member, 1);
    *kept = *member;
    kept->name = zip_walk_name(member);
    g_ptr_array_add(listing->members, kept);
    return TRUE;
}

archive_listing *archive_listing_read(slice bytes)
{
    gboolean is_7z = slice_has(bytes, 0, signature_7z, sizeof signature_7z);
    if (!is_7z && !zip_walk_is_zip(bytes) && !rar_walk_is_rar(bytes))
        return NULL;
    archive_listing *listing = g_new0(archive_listing, 1);
    listing->members = g_ptr_array_new_with_free_func(member_free);
    if (is_7z)
        listing->encrypted = is_7z_encrypted(bytes);
    else if (zip_walk_is_zip(bytes))
        zip_walk(bytes, take_member, listing, &listing->anomalies);
    else
        rar_walk(bytes, take_member, listing, &listing->encrypted, &listing->anomalies);
    return listing;
}

void archive_listing_free(archive_listing *listing)
{
    if (!listing)
        return;
    g_ptr_array_unref(listing->members);
    g_free(listing);
}
