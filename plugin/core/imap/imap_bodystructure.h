/* imap_bodystructure.h
 * ENVELOPE and BODYSTRUCTURE of a FETCH response (RFC 9051 7.5.2): as items to show, and as a tree to ask for
 * a part's type, name and encoding.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_BODYSTRUCTURE_H
#define MAILXTRA_IMAP_BODYSTRUCTURE_H

#include "anomaly.h"
#include "imap_item.h"

typedef struct imap_body imap_body;
struct imap_body {
    imap_body *parent;
    GPtrArray *children; /* of imap_body*, owned; NULL: a leaf. A message has one: the body of the inner message */
    char *path;          /* part number, "" for a root that is a multipart */
    char *type;          /* "text/plain", lower case */
    char *encoding;      /* lower case; NULL: none */
    char *id, *description, *disposition;   /* NULL: none; raw but for the disposition, which is lower case */
    GPtrArray *params, *disposition_params; /* of char*: name, value, name, value ... as they came; never NULL */
    gboolean has_octets;
    guint64 octets;
    char *envelope_subject, *envelope_from; /* of a message: raw; NULL: none */
};

/* Reads the value of BODY or BODYSTRUCTURE ("(...)", literals in it inline). NULL: it is no such thing. At most
 * LIMIT_MIME_DEPTH deep and LIMIT_MIME_PARTS parts. Free with imap_body_free(). */
imap_body *imap_body_parse(slice text);
void imap_body_free(imap_body *body);

/* The part with that number ("2.1"); NULL: none. */
const imap_body *imap_body_find(const imap_body *root, slice path);

/* The header of that part, made of what the structure says of it: Content-Type with its parameters, and so on, the
 * blank line included. New, owned by the caller. */
GString *imap_body_header(const imap_body *body);

/* What an ENVELOPE says, raw (RFC 2047 not decoded); each NULL when it says NIL. */
typedef struct imap_envelope {
    char *date, *subject, *in_reply_to, *message_id;
    char *from, *sender, *reply_to, *to, *cc, *bcc; /* addresses as in a header field: "name <mailbox@host>, ..." */
} imap_envelope;

gboolean imap_envelope_parse(slice text, imap_envelope *envelope_r);
void imap_envelope_clear(imap_envelope *envelope);

/* Adds what they say as items, decoded; they stand at [offset, offset + length) of the line. */
void imap_envelope_items(const imap_envelope *envelope, gsize offset, gsize length, guint depth, imap_items *items);
void imap_body_items(const imap_body *body, gsize offset, gsize length, guint depth, imap_items *items);
/* The same from the structure's text, which stands at `offset`. */
void imap_body_text_items(slice text, gsize offset, guint depth, imap_items *items);

#endif
