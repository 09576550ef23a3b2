/* mail_trace.h
 * One mail on its way: the transfers of a capture that carry the same mail, linked into hops. Two transfers
 * carry the same mail when their Message-ID is the same, or, without one, their Date and body. A server may have added
 * the Message-ID: then the mail is the one without that it was given, with the same From, Date (which it may have
 * added, too) and body.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_TRACE_H
#define MAILXTRA_MAIL_TRACE_H

#include "mime_parser.h"
#include "slice.h"

#define MAIL_TRACE_NONE G_MAXUINT

/* One transfer of a message. Everything is borrowed for the time of the call. */
typedef struct mail_transfer {
    const GPtrArray *fields; /* of header_field*: the message's own header */
    slice body;
    gboolean complete;           /* all of it is there */
    gboolean partial;            /* a look at its beginning (POP3 TOP, IMAP partial FETCH) */
    gboolean is_upload;          /* the client hands it over (SMTP, LMTP, IMAP APPEND); else it fetches it */
    const char *client, *server; /* addresses of the two ends; NULL: not known */
} mail_transfer;

/* What the transfers so far say of one of them. */
typedef struct mail_hop {
    guint trace;           /* number of the mail, from 1; all its transfers have the same */
    guint hop;             /* from 1; copies that one server sends to several others have the same */
    guint previous;        /* the transfer that brought it where this one took it from; MAIL_TRACE_NONE */
    GArray *next;          /* of guint: the transfers that have this one as their previous */
    guint received;        /* Received fields in it */
    gboolean body_changed; /* against the previous one; FALSE where one of them is not complete */
    GPtrArray *added, *removed,
        *changed; /* of char*: names of fields, against the previous one; at most LIMIT_TRACE_CHANGES */
} mail_hop;

typedef struct mail_trace mail_trace;

/* The body of an earlier transfer once more, asked when another one of the same mail is compared with it; valid until
 * the next call. SLICE_EMPTY: it is not there any more. */
typedef slice (*mail_trace_body)(guint index, void *user);

mail_trace *mail_trace_new(mail_trace_body body_of, void *user);
void mail_trace_free(mail_trace *trace); /* NULL is allowed */

/* The next transfer, in the order in which they ended. Returns its index, from 0. */
guint mail_trace_add(mail_trace *trace, const mail_transfer *transfer);

/* Transfers so far. */
guint mail_trace_count(const mail_trace *trace);

/* Borrowed; `next` grows with further transfers. */
const mail_hop *mail_trace_hop(const mail_trace *trace, guint index);

/* The transfers of the mail `number` (mail_hop.trace), in order; array of guint, borrowed. */
const GArray *mail_trace_transfers(const mail_trace *trace, guint number);

/* A Received field of a transfer that an earlier transfer's server has written. */
typedef struct mail_trace_writer {
    guint from_bottom; /* which field, 0: the last one of the header */
    guint transfer;    /* on which it was written */
} mail_trace_writer;

/* Which Received fields of this transfer were written on hops that were seen? Only where the fields below are the
 * same as they were then. Latest hop first; at most `room`. Returns how many. */
guint mail_trace_writers(const mail_trace *trace, guint index, mail_trace_writer *writers_r, guint room);

#endif
