/* embedded_file.h
 * Files that stand inside of a text: uuencode (POSIX.1, also with base64), yEnc, BinHex 4.0. This is how mail
 * carried files before MIME, and how newsreaders and some scripts still do.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EMBEDDED_FILE_H
#define MAILXTRA_EMBEDDED_FILE_H

#include "mime_parser.h"
#include "slice.h"

typedef struct embedded_file {
    gsize offset, length; /* in the text: what a cte_decoder of `encoding` is to be fed */
    mime_encoding encoding;
    gboolean closed; /* its end line is there */
    char *filename;  /* UTF-8, one line; NULL: none */
} embedded_file;

/* The files in `text`, in order, at most `max`. Array of embedded_file, owned: g_array_unref() frees the names too.
 * Linear in the bytes. */
GArray *embedded_file_find(slice text, guint max);

#endif
