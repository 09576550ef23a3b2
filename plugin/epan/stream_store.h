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
#include "ws_compat.h"

#include <epan/conversation.h>

#include "../core/mail_event.h"

/* A TCP segment as the IP layer handed it to TCP. */
typedef struct tcp_segment_view {
    guint32 frame;
    tvbuff_t *tvb;      /* from the TCP header on */
    gint header;        /* bytes of the header, as far as captured */
    slice payload;      /* captured part, borrowed from tvb; may be empty */
    guint32 seq, ack;   /* as on the wire */
    guint flags;        /* STREAM_* of stream_assembler.h */
    guint32 length;     /* payload bytes on the wire */
    gboolean used;      /* has been given to stream_store already */
} tcp_segment_view;

/* A question of the client and its answer. */
typedef struct mail_exchange {
    guint32 asked_in, answered_in; /* frames; 0: not (yet) */
    nstime_t asked_at, answered_at;
    char *verb; /* of the command, upper case; NULL: no command */
} mail_exchange;

typedef struct mail_record {
    mail_event event;          /* deep copy, file scope. MESSAGE_DATA: without its bytes */
    mail_exchange *exchange;   /* NULL: none */
    stored_message *message;   /* NULL: none */
    guint64 data_length;       /* MESSAGE_DATA: decoded bytes */
    char *login_name;          /* with a password or digest: whose it is (UTF-8); NULL: not known */
    guint32 login_name_in;     /* frame that said the name */
} mail_record;

typedef struct mail_conversation mail_conversation;

/* One time that bytes of one layer of one conversation went by in one frame. */
typedef struct stream_call {
    mail_conversation *conversation;
    gboolean accepted;       /* the conversation was known as mail after this call */
    gboolean in_tls;         /* decrypted bytes */
    gboolean opaque;         /* the frame's bytes themselves are none of the session's: TLS records, a tunnel's wrapping */
    mail_protocol protocol;  /* after this call */
    mail_side side;          /* who sent this frame's bytes */
    guint64 start;           /* offset of this frame's first byte in that side's stream */
    gboolean has_start;
    gboolean waits;          /* bytes are held back: something in front of them, or what they answer, is not there yet */
    guint32 length;          /* bytes in this frame, on the wire */
    const char *state;       /* of the session after this call; NULL: none */
    wmem_array_t *records;   /* of mail_record* */
} stream_call;

static inline guint stream_call_count(const stream_call *call)
{
    return wmem_array_get_count(call->records);
}

static inline mail_record *stream_call_record(const stream_call *call, guint index)
{
    return *(mail_record **)wmem_array_index(call->records, index);
}

/* Who hands over the bytes. */
typedef enum stream_layer { STREAM_LAYER_TCP, STREAM_LAYER_TLS, STREAM_LAYER_TUNNEL } stream_layer;

void stream_store_register(void);

/* The conversation's state, if there is one and it is not known as something else than mail. Never makes one. */
mail_conversation *stream_store_find(conversation_t *conversation);

/* A segment of a connection that may be mail. `hint`: what the port promises, or NONE. First pass:
 * makes the state when there is none, feeds the session. NULL: nothing was stored for this frame. */
stream_call *stream_store_segment(packet_info *pinfo, conversation_t *conversation, tcp_segment_view *segment,
                                  mail_protocol hint);

/* May a conversation that nobody has claimed yet be kept for mailxtra from this segment on? Then its
 * state is made. First pass only. */
gboolean stream_store_may_claim(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment,
                                mail_protocol hint);

/* Bytes in order without sequence numbers: decrypted TLS, tunnels. */
stream_call *stream_store_bytes(packet_info *pinfo, conversation_t *conversation, tvbuff_t *tvb, stream_layer layer,
                                mail_protocol hint);

/* `front`: what TCP shall call for a conversation recognised by its content; the others: what TLS shall
 * call with the decrypted bytes after STARTTLS and STLS, per protocol. */
void stream_store_set_handles(dissector_handle_t front, dissector_handle_t tls, dissector_handle_t smtp_inside,
                              dissector_handle_t pop3_inside, dissector_handle_t imap_inside);

/* The capture is over: what waits is handed on, holes become gaps, open messages end as cut. What the
 * sessions say then is recorded with the last frame that brought them bytes; `finished` (may be NULL) is
 * called for each message that ended so. Once per capture; also done by itself when Wireshark says
 * that the first pass is over. */
typedef void (*stream_store_finished)(stored_message *message, void *user);
void stream_store_finish_all(stream_store_finished finished, void *user);

#endif
