/* message_store.h
 * The bytes of the messages: collected while they come in and kept, once, as long as the
 * file is open; and which frame brought which of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_STORE_H
#define MAILXTRA_MESSAGE_STORE_H

#include "ws_compat.h"

#include <epan/reassemble.h>

#include "byte_rope.h"
#include "mail_event.h"
#include "mime_parser.h"

/* What only mail of IMAP has. All text is UTF-8, NULL when not known. */
typedef struct imap_facts {
    char *mailbox, *flags, *internaldate;
    guint32 uidvalidity, uid, sequence;
    char *key;            /* which message it is, among all of the capture; NULL: it has no identity (APPEND) */
    char *section;        /* of a part or header that was fetched by itself; NULL: the message is whole */
    gboolean is_header;   /* section is (a piece of) a header */
    gboolean guessed;     /* nothing says what the part is */
    char *subject, *from; /* of the message, for a part */
} imap_facts;

typedef struct stored_message {
    guint32 id;      /* unique in this capture file */
    guint32 ordinal; /* in its session, from 1 */
    mail_protocol protocol;
    mail_message_source source;
    gboolean is_excerpt; /* TOP gave no more of it than was asked for, and there may be more */
    gboolean has_envelope_from;
    char *envelope_from;    /* UTF-8 */
    char **envelope_to;     /* UTF-8, NULL-terminated */
    address client, server; /* borrowed from the conversation */
    guint32 client_port, server_port;

    byte_rope *bytes;    /* NULL: released */
    GArray *fragments;   /* of message_fragment; NULL: released */
    GArray *gaps;        /* of mime_gap; NULL: none */
    guint32 finished_in; /* frame; 0: open */
    nstime_t finished_at;
    mail_end_reason end_reason;
    anomaly_set anomalies;
    guint64 missing;     /* bytes lost */
    guint64 not_fetched; /* bytes that nobody fetched, as far as the capture shows */
    gsize size;          /* bytes kept */
    imap_facts *imap;    /* NULL: not IMAP */
    char *summary;       /* for the Info column, made when it is first asked for */
    wmem_map_t *digests; /* "algorithm path" to hexadecimal, each made when it is first asked for; NULL: none yet */
} stored_message;

void message_store_register(void);
void message_store_forget(void);

/* Messages that were opened in this capture: the highest id. */
guint32 message_store_count(void);

/* A new open message, from a MESSAGE_START event. File scope. */
stored_message *message_store_open(const mail_event *event);

/* Adds what a MESSAGE_DATA event brought in this frame. Returns the bytes kept. */
gsize message_store_append(stored_message *message, packet_info *pinfo, slice bytes);

/* The same, from that frame. */
gsize message_store_append_from(stored_message *message, guint32 frame, slice bytes);

/* `missing` bytes are lost at the place reached; were not transferred at all. */
void message_store_gap(stored_message *message, guint64 missing);
void message_store_not_fetched(stored_message *message, guint64 missing);

/* The message is over. First pass only. */
void message_store_finish(stored_message *message, packet_info *pinfo, const mail_event *event);

gboolean message_store_is_complete(const stored_message *message);

/* Is it a mail, and not a part or a header that an IMAP client fetched by itself? */
gboolean message_store_is_mail(const stored_message *message);

/* Can its objects come a second time in the capture (IMAP)? Then imap->key says which message it is. */
gboolean message_store_may_come_again(const stored_message *message);

/* Can it hold attachments of its own? A header that was fetched by itself (IMAP) only describes them. */
gboolean message_store_is_offered(const stored_message *message);

/* Nobody will ask for the bytes of a finished message behind this frame: they are given back when its packet is. */
void message_store_release(stored_message *message, packet_info *pinfo);

/* The bytes of a finished message, valid as long as the file is open, or until they are released; empty for none. */
slice message_store_bytes(const stored_message *message);

/* What one frame (or, beyond a limit, a run of frames) brought of a message. */
typedef struct message_fragment {
    guint32 frame, length;
} message_fragment;

/* The fragments of a finished message in their order; none when its bytes are released. */
guint message_store_fragment_count(const stored_message *message);
message_fragment message_store_fragment(const stored_message *message, guint index);

#endif
