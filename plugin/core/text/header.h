/* header.h
 * The header of a message or body part, cut into fields. RFC 5322 2.2, RFC 2046 5.1.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_HEADER_H
#define MAILXTRA_HEADER_H

#include "anomaly.h"
#include "slice.h"

typedef struct header_field {
    gsize offset, length; /* in the message, folding and line end included */
    char *name;           /* as written; never NULL; valid UTF-8 */
    char *value;          /* unfolded, encoded words decoded, valid UTF-8, control characters kept out; never NULL */
    slice sent;           /* borrowed: behind the colon, folded as it came */
    slice raw_value;      /* the same; of a field of a part 8-bit bytes that are no UTF-8 are turned into it */
    char *in_utf8;        /* owned: what raw_value points to then; NULL: it is `sent` */
    anomaly_set anomalies;
} header_field;

typedef enum header_end {
    HEADER_END_BLANK_LINE, /* the proper end */
    HEADER_END_BODY,       /* a line that is no field: the body begins, its blank line is missing */
    HEADER_END_BOUNDARY,   /* header_is_boundary() said so */
    HEADER_END_INPUT       /* the bytes are over */
} header_end;

typedef struct header_block {
    gsize length; /* bytes, the blank line included */
    header_end end;
    GPtrArray *fields;     /* of header_field*, owned: g_ptr_array_unref(); offsets count from the start of `message` */
    anomaly_set anomalies; /* of the block and all its fields */
} header_block;

/* Does a line that ends the header begin at byte `offset` of the message? */
typedef gboolean (*header_is_boundary)(gsize offset, gpointer user);

/* Reads the header that begins at byte `offset` of `message`; is_boundary may be NULL. Lines end in CRLF,
 * LF or (see header.c) CR. Fields beyond LIMIT_HEADER_BYTES or `max_fields` are passed over
 * (HEADER_TOO_LONG), but for LIMIT_NEEDED_FIELDS that say what the message or part is. */
header_block header_read(slice message, gsize offset, guint max_fields, header_is_boundary is_boundary, gpointer user);

/* Does a field begin at s: a name and a ":"? */
gboolean header_begins_field(slice s);

/* Is that the name of the field? */
static inline gboolean header_field_is(const header_field *field, const char *name)
{
    return ((field->name[0] ^ name[0]) & ~0x20) == 0 && g_ascii_strcasecmp(field->name, name) == 0;
}

/* Turns the 8-bit bytes of the field's value from this charset into UTF-8. */
void header_field_convert(header_field *field, slice charset);

/* The first field of that name; NULL: none. */
const header_field *header_find(const GPtrArray *fields, const char *name);

#endif
