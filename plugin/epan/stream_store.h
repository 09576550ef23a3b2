/* stream_store.h
 * Per TCP connection: the two streams put in order, fed to a mail session once, on the
 * first pass, and the records of what the session said, by the frame that completed
 * each. Every pass draws those records; nothing here depends on who looks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STREAM_STORE_H
#define MAILXTRA_STREAM_STORE_H

#include "message_store.h"
#include "session_facts.h"
#include "ws_compat.h"

#include <epan/conversation.h>

#include "mail_event.h"

/* A TCP segment as the IP layer handed it to TCP. */
typedef struct mail_conversation mail_conversation;
typedef struct tcp_segment_view {
    guint32 frame;
    tvbuff_t *tvb;    /* from the TCP header on */
    gint header;      /* bytes of the header, as far as captured */
    slice payload;    /* captured part, borrowed from tvb; may be empty */
    guint32 seq, ack; /* as on the wire */
    guint flags;      /* STREAM_* of stream_assembler.h */
    guint32 length;   /* payload bytes on the wire */
    gboolean used;    /* has been given to stream_store already */
    conversation_t
        *conversation; /* that it belongs to, and its state, when stream_store knows it; NULL: not looked up */
    mail_conversation *mail;
} tcp_segment_view;

/* A question of the client and its answer. */
typedef struct mail_exchange {
    guint32 asked_in, answered_in; /* frames; 0: not (yet) */
    nstime_t asked_at, answered_at;
    char *verb; /* of the command, upper case; NULL: no command */
} mail_exchange;

typedef struct mail_record {
    mail_event event;        /* deep copy. MESSAGE_DATA: without its bytes */
    mail_exchange *exchange; /* NULL: none */
    stored_message *message; /* NULL: none */
    guint64 data_length;     /* MESSAGE_DATA: decoded bytes */
    char *login_name;        /* with a password or digest: whose it is (UTF-8); NULL: not known */
    guint32 login_name_in;   /* frame that said the name */
    guint32 login_failures;  /* REPLY_LINE: failed logins of the session so far, when they are many; else 0 */
} mail_record;

/* Does the record say that a message was finished in that frame? */
static inline gboolean mail_record_finishes(const mail_record *record, guint32 frame)
{
    return record->event.kind == MAIL_EVENT_MESSAGE_END && record->message && record->message->finished_in == frame;
}

/* What most frames bring: bytes of a message, and nothing else. A mail_record is made of it when it is asked for. */
typedef struct plain_data {
    stored_message *message; /* NULL: the call has other records, or none */
    guint64 start, end;      /* in the stream */
    guint64 kept;            /* decoded bytes */
    guint32 exchange;
    mail_side side;
    mail_message_source source;
    gboolean is_inflated;
} plain_data;

/* One time that bytes of one layer of one conversation went by in one frame. */
typedef struct stream_call stream_call;
struct stream_call {
    mail_conversation *conversation;
    stream_call *next;     /* of the same frame and conversation */
    guint64 start;         /* offset of this frame's first byte in that side's stream */
    guint32 length;        /* bytes in this frame, on the wire */
    unsigned accepted : 1; /* the conversation was known as mail after this call */
    unsigned in_tls : 1;   /* decrypted bytes */
    unsigned opaque : 1; /* the frame's bytes themselves are none of the session's: TLS records, a tunnel's wrapping */
    unsigned has_start : 1;
    unsigned ends : 1;      /* one side or both have ended */
    unsigned waits : 1;     /* bytes are held back: something in front of them, or what they answer, is not there yet */
    mail_protocol protocol; /* after this call */
    mail_side side;         /* who sent this frame's bytes */
    const char *state;      /* of the session after this call; NULL: none */
    plain_data data;
    guint record_count, record_room;
    mail_record **records;
};

/* Records are told by their numbers, in their order. A record is valid as long as the file is open, or, when no later
 * pass may come, as long as its packet; that of a call that brings nothing but message data only until the next one is
 * asked for. */
static inline guint stream_call_count(const stream_call *call)
{
    return call->data.message ? 1 : call->record_count;
}

const mail_record *stream_call_data_record(const stream_call *call);

static inline const mail_record *stream_call_record(const stream_call *call, guint index)
{
    return call->data.message ? stream_call_data_record(call) : call->records[index];
}

/* Who hands over the bytes. */
typedef enum stream_layer { STREAM_LAYER_TCP, STREAM_LAYER_TLS, STREAM_LAYER_TUNNEL } stream_layer;

void stream_store_register(void);

/* What the session has said about itself. */
const session_facts *stream_store_facts(const mail_conversation *mail);

/* May the segment be mail: has its conversation state here, and is it not known as something else? Asked behind TCP,
 * when stream_store_look_up() may have come too early. */
gboolean stream_store_may_be_mail(const tcp_segment_view *segment, const conversation_t *conversation);

/* Finds the conversation of a segment and its state (also when it is known not to be mail). FALSE: none. Called in
 * front of TCP, with the addresses and ports in pinfo; most segments of a capture are done with here, so it is cheap.
 */
gboolean stream_store_look_up(packet_info *pinfo, tcp_segment_view *segment);

/* Can there be state for a connection between these two? Says yes too often, and never no wrongly. */
gboolean stream_store_may_know(const address *source, guint32 source_port, const address *destination,
                               guint32 destination_port);

/* Has the segment payload, and is its connection's stream read as it comes from TCP, neither inside TLS nor a tunnel?
 */
gboolean stream_store_reads_tcp(const tcp_segment_view *segment);

/* A segment of a connection that may be mail. `hint`: what the port promises, or NONE. `is_shown`: somebody looks at
 * the frame itself, so that what can only be said later is said too late if he looks once. First pass:
 * makes the state when there is none, feeds the session. NULL: nothing was stored for this frame. What
 * is returned is valid until the next call. */
stream_call *stream_store_segment(packet_info *pinfo, conversation_t *conversation, tcp_segment_view *segment,
                                  mail_protocol hint, gboolean is_shown);

/* Makes the state of a conversation of which this segment came before its first bytes: what comes early is kept until
 * those tell whether it is mail. First pass only. */
void stream_store_await(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment);

/* May a conversation that nobody has claimed yet be kept for mailxtra from this segment on? Then its
 * state is made. First pass only. */
gboolean stream_store_may_claim(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment,
                                mail_protocol hint);

/* Bytes in order without sequence numbers: decrypted TLS, tunnels. */
stream_call *stream_store_bytes(packet_info *pinfo, conversation_t *conversation, tvbuff_t *tvb, stream_layer layer,
                                mail_protocol hint);

/* Nobody looks at more than what this frame says: the messages that end in the call are given back with its packet, if
 * no later pass may come. */
void stream_store_release(const stream_call *call, packet_info *pinfo);

/* `front`: what TCP shall call for a conversation recognised by its content; the others: what TLS shall
 * call with the decrypted bytes after STARTTLS and STLS, per protocol. */
void stream_store_set_handles(dissector_handle_t front, dissector_handle_t tls, dissector_handle_t smtp_inside,
                              dissector_handle_t pop3_inside, dissector_handle_t imap_inside);

/* The capture is over: what waits is handed on, holes become gaps, open messages end as cut. What the
 * sessions say then is recorded with the last frame that brought them bytes; `ended` (may be NULL) is
 * called behind each session that was not over: its records of the end are those of `call` from `first` on, which are
 * valid until the session is forgotten; `frame` and `time`: the last frame's. What was finished stays so. */
typedef void (*stream_store_ended)(const stream_call *call, guint first, guint32 frame, const nstime_t *time,
                                   void *user);
void stream_store_finish_all(stream_store_ended ended, void *user);

/* Has the session no conversation? */
gboolean stream_store_is_empty(void);

/* All conversations are forgotten, while file scope is still there. */
void stream_store_forget(void);

#endif
