/* tnef.h
 * Transport-Neutral Encapsulation Format: Outlook's winmail.dat. [MS-OXTNEF].
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TNEF_H
#define MAILXTRA_TNEF_H

#include "anomaly.h"
#include "slice.h"

typedef struct tnef_attachment {
    char *name;       /* UTF-8; NULL: none */
    char *type;       /* media type as declared, lower case; NULL: none */
    slice data;       /* borrowed */
    gboolean is_tnef; /* an embedded message: `data` is a TNEF stream of its own */
    gboolean is_cut;  /* the stream ends inside of it: bytes of it, or all that describes it, may be missing */
} tnef_attachment;

typedef struct tnef_stream {
    GPtrArray *attachments; /* of tnef_attachment*, owned, in the order of the stream */
    char *subject;          /* UTF-8; NULL: none */
    char *text;             /* the plain body as UTF-8; NULL: none */
    slice html;             /* borrowed; empty: none */
    slice compressed_rtf;   /* borrowed, for rtf_compressed_unpack(); empty: none */
    anomaly_set anomalies;  /* BAD_TNEF (malformed or cut), CONTENT_LIMIT */
} tnef_stream;

/* Is it TNEF, by its signature? */
gboolean tnef_is_tnef(slice bytes);

/* Reads a stream; linear, nothing is copied but names and the plain body. A stream that is cut or
 * malformed is read as far as it goes. NULL: no TNEF. Free with tnef_stream_free(). */
tnef_stream *tnef_read(slice bytes);
void tnef_stream_free(tnef_stream *stream);

#endif
