/* mime_parser.h
 * The structure of a complete (or cut) message: header fields, the tree of MIME
 * parts with their places in the bytes, decoded parameters, and the decoded body
 * of a part on request. RFC 5322, 2045-2049, 2231, 2183.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MIME_PARSER_H
#define MAILXTRA_MIME_PARSER_H

#include "header.h"

/* A hole in the message: `missing` bytes (0: unknown how many) are lost in front of
 * the message byte at `offset`. Sorted by offset. */
typedef struct mime_gap {
    gsize offset;
    guint64 missing;
} mime_gap;

typedef enum mime_encoding {
    MIME_ENCODING_IDENTITY,
    MIME_ENCODING_BASE64,
    MIME_ENCODING_QP,
    MIME_ENCODING_UUENCODE,
    MIME_ENCODING_YENC,
    MIME_ENCODING_BINHEX,
    MIME_ENCODING_UNKNOWN
} mime_encoding;

typedef struct mime_part mime_part;

/* The bytes that offsets count in: the message itself, or the decoded body of a part that was looked into. */
typedef struct mime_source {
    slice bytes;
    const mime_gap *gaps; /* holes in front of these bytes; of a decoded body: `missing` is unknown */
    guint gap_count;
    guint depth;           /* 0: the message itself */
    guint index;           /* in mime_message.sources */
    const mime_part *part; /* whose decoded body this is; NULL: the message */
} mime_source;

/* A header inside of a body: of message/delivery-status and its like, text/rfc822-headers, message/external-body. */
typedef struct mime_block {
    gsize offset, length; /* in its part's block_source; the blank line included */
    GPtrArray *fields;    /* of header_field*, owned */
} mime_block;

/* A parameter of Content-Type or Content-Disposition, decoded. */
typedef struct mime_parameter {
    char *name, *value; /* UTF-8 */
} mime_parameter;

struct mime_part {
    mime_part *parent;   /* NULL: the message itself */
    GPtrArray *children; /* of mime_part*, owned; NULL: a leaf. A message/rfc822 part has one child: the root part of
                            the inner message */
    GPtrArray *embedded; /* of mime_part*, borrowed: files that stand inside of this text; NULL: none. The part is a
                            leaf all the same */
    guint depth;         /* 0: the message itself */
    char *path;          /* RFC 3501 6.4.5 part number: "1", "1.2", "2.1.3"; "" for a message whose body is a multipart.
                          * An embedded file, which IMAP does not know: "1.f1", the first file in the text of part 1 */
    const mime_source *source;          /* borrowed: what all offsets of this part count in */
    gsize header_offset, header_length; /* the blank line included */
    gsize body_offset, body_length;     /* encoded body; the line end in front of the next boundary is not part of it */
    gsize preamble_offset, preamble_length; /* of a multipart with parts, without the line end behind; length 0: none */
    gsize epilogue_offset, epilogue_length;
    GPtrArray *fields; /* of header_field*, owned */
    GPtrArray *blocks; /* of mime_block*, owned: the headers that the body consists of; NULL: it is no such body */
    const mime_source *block_source; /* borrowed; NULL when blocks is */

    char *type; /* "text/plain", lower case; the default where none is given (RFC 2045 5.2, RFC 2046 5.1.5) */
    GPtrArray *parameters;  /* of mime_parameter*, owned: Content-Type's, then Content-Disposition's; never NULL */
    char *charset;          /* as declared, NULL: none */
    char *header_charset;   /* that of 8-bit bytes in the header that are no UTF-8: the declared one, that of the part
                               around it, or a guess; NULL: none */
    char *boundary;         /* NULL: none */
    mime_encoding encoding; /* as undone by mime_part_decode(): identity for a multipart whose encoding is not true */
    char *encoding_name;    /* as declared, lower case; NULL: none */
    char *disposition;      /* lower case ("attachment", "inline"); NULL: none */
    char *filename;         /* decoded UTF-8 (RFC 2231, then RFC 2047 in parameters, then raw); NULL: none */
    char *other_filename;   /* a second name that differs from it; NULL: none */
    char *description;      /* Content-Description, decoded; NULL: none */
    char *content_id;       /* without <>; NULL: none */
    gboolean is_message;    /* message/rfc822 or message/global that was parsed into children */
    gboolean header_lost; /* a hole took the header, or its Content-Transfer-Encoding; the encoding is a guess, and the
                             body begins with a whole quantum */
    gboolean is_attachment; /* DESIGN policy: disposition attachment, or file name, or a type other than text,
                               multipart, message */
    guint64 missing;        /* bytes lost inside this part's header or body */
    gboolean complete;      /* no hole touches it and its end was seen */
    anomaly_set anomalies;
};

typedef struct mime_message {
    slice bytes; /* borrowed for the life of the mime_message */
    mime_part *root;
    GPtrArray *parts; /* of mime_part*, in the order of the message, root first; what was found inside of a decoded body
                         or a text behind its part */
    GPtrArray *sources;   /* of mime_source*, owned; the message's first */
    const mime_gap *gaps; /* borrowed */
    guint gap_count;
    anomaly_set anomalies;
} mime_message;

/* Parses `bytes` (dot-stuffing already undone; lines end in CRLF, LF or CR). `cut`:
 * the end of the message was not seen. Linear in the bytes. Never NULL. Free with mime_message_free(). */
mime_message *mime_message_parse(slice bytes, const mime_gap *gaps, guint gap_count, gboolean cut);
void mime_message_free(mime_message *message);

/* The decoded value of the first parameter of that name (lower case); NULL: none. Borrowed. */
const char *mime_part_parameter(const mime_part *part, const char *name);

/* The first field of that name in the part's own header (case-insensitive); NULL: none. */
const header_field *mime_part_field(const mime_part *part, const char *name);

/* The body with its transfer encoding undone, never charset-converted: the attachment's
 * bytes. New array, free with g_byte_array_unref(). *anomalies_r (may be NULL) gets what
 * the decoder met. Behind a hole base64 picks up at the next line that is in step. */
GByteArray *mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r);

/* Takes the next bytes of something; they live as long as the call. FALSE: no more are wanted. */
typedef gboolean (*mime_sink)(slice piece, void *user);

/* Hands on, piece by piece, what mime_part_decode() gives whole: the first at once when there are few, none that is
 * empty. */
void mime_part_read(const mime_part *part, mime_sink sink, void *user);

/* The text of a text part: decoded bytes as valid UTF-8 whatever the charset says (unknown or
 * absent: UTF-8 if it is valid, else a guess among common ones, U+FFFD where nothing fits). g_free() it. */
char *mime_part_text(const mime_message *message, const mime_part *part, const guint8 *decoded, gsize len,
                     anomaly_set *anomalies_r);

#endif
