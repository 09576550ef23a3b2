/* archive_listing.h
 * What an archive says of its members without unpacking any: names, and whether they are
 * encrypted. ZIP (APPNOTE 6.3), RAR 4 and 5, and of 7z whether it is encrypted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_ARCHIVE_LISTING_H
#define MAILXTRA_ARCHIVE_LISTING_H

#include "anomaly.h"
#include "slice.h"

typedef struct archive_member {
    slice raw_name; /* borrowed; as it stands in the archive */
    char *name;     /* UTF-8, one line; in a listing only */
    guint64 size;   /* bytes, unpacked, as declared */
    gboolean encrypted, is_directory, is_utf8;
} archive_member;

typedef struct archive_listing {
    GPtrArray *members;      /* of archive_member*, owned: the first LIMIT_ARCHIVE_MEMBERS */
    guint64 count;           /* of all members */
    gboolean encrypted;      /* at least one member, or the directory itself */
    gboolean has_executable; /* by the name of any member */
    anomaly_set anomalies;   /* BAD_ARCHIVE, CONTENT_LIMIT */
} archive_listing;

/* Reads the directory of an archive; `bytes` may be cut. Linear in the bytes, and in memory bounded by
 * the limits. NULL: no archive of these kinds. Free with archive_listing_free(). */
archive_listing *archive_listing_read(slice bytes);
void archive_listing_free(archive_listing *listing);

/* Called per member, in the order of the archive; FALSE stops the walk. */
typedef gboolean (*archive_visit)(const archive_member *member, gpointer user);

/* zip_walk.c: the central directory if there is one, else the local headers. *anomalies_r gets BAD_ARCHIVE. */
gboolean zip_walk_is_zip(slice bytes);
void zip_walk(slice bytes, archive_visit visit, gpointer user, anomaly_set *anomalies_r);

/* A ZIP member's name as UTF-8: by its flag or its bytes UTF-8, else code page 437. g_free() it. */
char *zip_walk_name(const archive_member *member);

/* rar_walk.c: RAR 4 and 5. *encrypted_r: the headers themselves are. */
gboolean rar_walk_is_rar(slice bytes);
void rar_walk(slice bytes, archive_visit visit, gpointer user, gboolean *encrypted_r, anomaly_set *anomalies_r);

#endif
