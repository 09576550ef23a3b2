/* message_collection.h
 * The messages of a capture, put together from the events of its sessions: bytes, gaps, envelope. Of IMAP also what was
 * fetched in pieces, over several connections if need be (imap_pieces.h).
 *
 * For programs and tests; the plugin keeps its messages itself (plugin/epan/message_store.c, imap_store.c), with the
 * frames that brought them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_COLLECTION_H
#define MAILXTRA_MESSAGE_COLLECTION_H

#include "mail_event.h"
#include "mime_parser.h"

/* A message that is over. Everything is borrowed for the time of the call. */
typedef struct collected_message {
    guint32 ordinal; /* in its session, from 1; 0: joined from pieces */
    mail_protocol protocol;
    mail_message_source source;
    slice bytes; /* dot-stuffing undone */
    const mime_gap *gaps;
    guint gap_count;
    guint64 missing;     /* bytes that are not in the capture */
    guint64 not_fetched; /* IMAP: bytes that no client fetched, as far as the capture shows */
    mail_end_reason end_reason;
    gboolean is_excerpt; /* TOP gave no more of it than was requested */
    anomaly_set anomalies;
    gboolean has_envelope_from;
    const char *envelope_from;    /* as sent */
    const GPtrArray *envelope_to; /* of char* */

    /* IMAP */
    const char *section;        /* of a part or header that was fetched by itself; NULL: a whole message */
    gboolean is_header;         /* the section is (a piece of) a header */
    const char *subject, *from; /* of the message, from an ENVELOPE, undecoded; NULL: not known */
    guint32 uid;                /* 0: not known */
} collected_message;

/* `session`: as passed to message_collection_open(). */
typedef void (*collected_message_sink)(const collected_message *message, void *session, void *user);

typedef struct message_collection message_collection;
typedef struct message_collector message_collector; /* of one session; owned by the collection */

message_collection *message_collection_new(collected_message_sink sink, void *user);
void message_collection_free(message_collection *collection);

/* `server`: any text that is the same for all sessions with that server; `session` is handed to the sink, and has to
 * live as long as the collection: pieces of a session's mail may be joined after it is over. */
message_collector *message_collection_open(message_collection *collection, const char *server, void *session);

/* The session's next event. The sink is called for each message that it completes. */
void message_collector_event(message_collector *collector, const mail_event *event);

/* The capture is over: of what was fetched in pieces that do not join, what there is. */
void message_collection_finish(message_collection *collection);

#endif
