/* mime_parser.h
 * The structure of a complete (or cut) message: header fields, the tree of MIME
 * parts with their places in the bytes, decoded parameters, and the decoded body
 * of a part on request. RFC 5322, 2045-2049, 2231, 2183.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MIME_PARSER_H
#define MAILXTRA_MIME_PARSER_H

#include "anomaly.h"
#include "slice.h"

/* A hole in the message: `missing` bytes (0: unknown how many) are lost in front of
 * the message byte at `offset`. Sorted by offset. */
typedef struct mime_gap {
    gsize offset;
    guint64 missing;
} mime_gap;

typedef struct header_field {
    gsize offset, length; /* in the message, folding and line end included */
    char *name;           /* as written; never NULL; valid UTF-8 */
    char *value;          /* unfolded, encoded words decoded, valid UTF-8, control characters kept out; never NULL */
    slice raw_value;      /* borrowed: behind the colon, folded as it came */
    anomaly_set anomalies;
} header_field;

typedef enum mime_encoding { MIME_ENCODING_IDENTITY, MIME_ENCODING_BASE64, MIME_ENCODING_QP, MIME_ENCODING_UUENCODE, MIME_ENCODING_UNKNOWN } mime_encoding;

typedef struct mime_part mime_part;
struct mime_part {
    mime_part *parent;       /* NULL: the message itself */
    GPtrArray *children;     /* of mime_part*, owned; NULL: a leaf. A message/rfc822 part has one child: the root part of the inner message */
    guint depth;             /* 0: the message itself */
    char *path;              /* RFC 3501 6.4.5 part number: "1", "1.2", "2.1.3"; "" for a message whose body is a multipart */
    gsize header_offset, header_length; /* in the message; the blank line included */
    gsize body_offset, body_length;     /* encoded body; the line end in front of the next boundary is not part of it */
    GPtrArray *fields;       /* of header_field*, owned */

    char *type;              /* "text/plain", lower case; the default where none is given (RFC 2045 5.2, RFC 2046 5.1.5) */
    char *charset;           /* as declared, NULL: none */
    char *boundary;          /* NULL: none */
    mime_encoding encoding;
    char *encoding_name;     /* as declared, lower case; NULL: none */
    char *disposition;       /* lower case ("attachment", "inline"); NULL: none */
    char *filename;          /* decoded UTF-8 (RFC 2231, then RFC 2047 in parameters, then raw); NULL: none */
    char *content_id;        /* without <>; NULL: none */
    gboolean is_message;     /* message/rfc822 or message/global with an identity encoding (so it was parsed into children) */
    gboolean is_attachment;  /* DESIGN policy: disposition attachment, or file name, or a type other than text, multipart, message */
    guint64 missing;         /* bytes lost inside this part's header or body */
    gboolean complete;       /* no hole touches it and its end was seen */
    anomaly_set anomalies;
};

typedef struct mime_message {
    slice bytes;             /* borrowed for the life of the mime_message */
    mime_part *root;
    GPtrArray *parts;        /* of mime_part*, borrowed, in the order of the message, root first */
    const mime_gap *gaps;    /* borrowed */
    guint gap_count;
    anomaly_set anomalies;
} mime_message;

/* Parses `bytes` (dot-stuffing already undone; CRLF and bare LF both end lines). `cut`:
 * the end of the message was not seen. Linear in the bytes. Never NULL. Free with mime_message_free(). */
mime_message *mime_message_parse(slice bytes, const mime_gap *gaps, guint gap_count, gboolean cut);
void mime_message_free(mime_message *message);

/* The first field of that name in the part's own header (case-insensitive); NULL: none. */
const header_field *mime_part_field(const mime_part *part, const char *name);

/* The body with its transfer encoding undone, never charset-converted: the attachment's
 * bytes. New array, free with g_byte_array_unref(). *anomalies_r (may be NULL) gets what
 * the decoder met. Behind a hole base64 picks up at the next line that is in step. */
GByteArray *mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r);

/* The text of a text part: decoded bytes as valid UTF-8 whatever the charset says (unknown or
 * absent: UTF-8 if it is valid, else a guess among common ones, U+FFFD where nothing fits). g_free() it. */
char *mime_part_text(const mime_message *message, const mime_part *part, const guint8 *decoded, gsize len, anomaly_set *anomalies_r);

#endif
