/* message_store.h
 * The bytes of the messages: collected while they come in, put through Wireshark's
 * reassembly when they are complete, kept in file scope.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_STORE_H
#define MAILXTRA_MESSAGE_STORE_H

#include "ws_compat.h"

#include <epan/reassemble.h>

#include "../core/mail_event.h"
#include "../core/mime_parser.h"

/* What only mail of IMAP has. All text is UTF-8, NULL when not known. */
typedef struct imap_facts {
    char *mailbox, *flags, *internaldate;
    guint32 uidvalidity, uid, sequence;
    char *key;          /* which message it is, among all of the capture; NULL: it has no identity (APPEND) */
    char *section;      /* of a part or header that was fetched by itself; NULL: the message is whole */
    gboolean is_header; /* section is (a piece of) a header */
    gboolean guessed;   /* nothing says what the part is */
    char *subject, *from; /* of the message, for a part */
} imap_facts;

typedef struct stored_message {
    guint32 id;          /* unique in this capture file */
    guint32 ordinal;     /* in its session, from 1 */
    mail_protocol protocol;
    mail_message_source source;
    gboolean has_envelope_from;
    char *envelope_from; /* UTF-8 */
    char **envelope_to;  /* UTF-8, NULL-terminated */

    GByteArray *bytes;       /* while it is open; then NULL */
    wmem_array_t *fragments; /* of message_fragment */
    GArray *gaps;            /* of mime_gap */
    guint32 finished_in;     /* frame; 0: open */
    mail_end_reason end_reason;
    anomaly_set anomalies;
    guint64 missing;         /* bytes lost */
    gsize size;              /* bytes kept */
    fragment_head *head;     /* reassembled bytes; NULL when there are none */
    guint64 not_fetched;     /* bytes that nobody fetched, as far as the capture shows */
    imap_facts *imap;        /* NULL: not IMAP */
    char *summary;           /* for the Info column, made when it is first asked for */
} stored_message;

void message_store_register(void);

/* A new open message, from a MESSAGE_START event. File scope. */
stored_message *message_store_open(const mail_event *event);

/* Adds what a MESSAGE_DATA event brought in this frame. Returns the bytes kept. */
gsize message_store_append(stored_message *message, packet_info *pinfo, slice bytes);

/* The same, from that frame. */
gsize message_store_append_from(stored_message *message, guint32 frame, slice bytes);

/* `missing` bytes are lost at the place reached; were not transferred at all. */
void message_store_gap(stored_message *message, guint64 missing);
void message_store_not_fetched(stored_message *message, guint64 missing);

/* The message is over: its bytes go through the reassembly table. First pass only. */
void message_store_finish(stored_message *message, packet_info *pinfo, const mail_event *event);

gboolean message_store_is_complete(const stored_message *message);

/* The bytes of a finished message, valid as long as the file is open; empty for none. */
slice message_store_bytes(const stored_message *message);

/* Parses a finished message. Free with mime_message_free(). */
mime_message *message_store_parse(const stored_message *message);

#endif
