/* file_type.h
 * What a file is, from its bytes: a short table of what travels by mail. A few bytes at the front decide
 * nearly always; a ZIP and an OLE2 file are asked for what is in them, without unpacking.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FILE_TYPE_H
#define MAILXTRA_FILE_TYPE_H

#include "slice.h"

/* What the type's bytes can be compared as: a declared type contradicts another family only. */
typedef enum file_family {
    FILE_FAMILY_UNKNOWN, /* no signature matched; a declared type that says nothing */
    FILE_FAMILY_TEXT,    /* plain text, markup, scripts, mail, calendars */
    FILE_FAMILY_IMAGE,
    FILE_FAMILY_MEDIA, /* sound and film */
    FILE_FAMILY_PDF,
    FILE_FAMILY_OFFICE,     /* documents of office programs, RTF */
    FILE_FAMILY_ARCHIVE,    /* archives, compressed files, disk images */
    FILE_FAMILY_EXECUTABLE, /* programs, shortcuts, installers */
    FILE_FAMILY_OTHER,      /* something else with a signature */
} file_family;

enum {
    FILE_TRAIT_EXECUTABLE = 1 << 0, /* runs when opened: program, script, shortcut */
    FILE_TRAIT_MACROS = 1 << 1,     /* a document with macros */
    FILE_TRAIT_ENCRYPTED = 1 << 2,  /* an Office file with a password */
    FILE_TRAIT_ARCHIVE = 1 << 3,    /* archive_listing_read() can say more, and its members are files of their own */
};

typedef struct file_type {
    const char *type; /* media type, lower case; "application/octet-stream": unknown; NULL: no bytes. Static */
    file_family family;
    guint traits;
} file_type;

/* What `bytes` are: the whole file, or its beginning (then a ZIP's or OLE2 file's contents may not be known). Looks
 * at some kilobytes, of a ZIP at its directory, of an OLE2 file at its directory. */
file_type file_type_detect(slice bytes);

/* The family that a declared media type (lower case) belongs to; UNKNOWN for types that say nothing
 * (application/octet-stream) and for those that are not in the table. */
file_family file_type_family(const char *declared);

#endif
