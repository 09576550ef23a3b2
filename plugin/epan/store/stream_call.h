/* stream_call.h
 * What consumers read of a session: its records, by the call that brought them. A call is one time that bytes of one
 * layer of one conversation went by in one frame. Records are made on the first pass (record_builder.c); every pass
 * draws them, and nothing in them depends on who looks.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STREAM_CALL_H
#define MAILXTRA_STREAM_CALL_H

#include "message_store.h"
#include "ws_compat.h"

#include "mail_event.h"

/* The state of a conversation that may be mail: see mail_conversation.h. Readers of calls only compare it. */
typedef struct mail_conversation mail_conversation;

/* Who hands over the bytes. */
typedef enum stream_layer { STREAM_LAYER_TCP, STREAM_LAYER_TLS, STREAM_LAYER_TUNNEL } stream_layer;

/* A request of the client and its reply. */
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

/* What most frames bring: bytes of a message, and nothing else. A mail_record is made of it when it is read. */
typedef struct plain_data {
    stored_message *message; /* NULL: the call has other records, or none */
    guint64 start, end;      /* in the stream */
    guint64 kept;            /* decoded bytes */
    guint32 exchange;
    mail_side side;
    mail_message_source source;
    gboolean is_inflated;
} plain_data;

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
    unsigned ends : 1;  /* one side or both have ended */
    unsigned waits : 1; /* bytes are held back: something in front of them, or what they reply to, is not there yet */
    mail_protocol protocol; /* after this call */
    mail_side side;         /* who sent this frame's bytes */
    const char *state;      /* of the session after this call; NULL: none */
    plain_data data;
    guint record_count, record_room;
    mail_record **records;
};

/* Records are known by their numbers, in their order. A record is valid as long as the file is open, or, when no later
 * pass may come, as long as its packet; that of a call that brings nothing but message data only until the next one is
 * read. */
static inline guint stream_call_count(const stream_call *call)
{
    return call->data.message ? 1 : call->record_count;
}

/* The record of call->data, which has a message. Valid until the next one is read. */
const mail_record *stream_call_data_record(const stream_call *call);

static inline const mail_record *stream_call_record(const stream_call *call, guint index)
{
    return call->data.message ? stream_call_data_record(call) : call->records[index];
}

/* Writes what call->data says to a record that is empty. */
void stream_call_fill_data_record(const stream_call *call, mail_record *record);

#endif
