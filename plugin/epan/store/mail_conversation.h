/* mail_conversation.h
 * The state of one conversation that may be mail: whose it is, what reads its bytes, and what is known about it. For
 * the files that keep it (conversation_table, mail_recognition, dissector_claim, stream_store, session_end); all others
 * read calls and records (stream_call.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_CONVERSATION_H
#define MAILXTRA_MAIL_CONVERSATION_H

#include "record_builder.h"
#include "ws_compat.h"

#include <epan/conversation.h>

#include "mail_opening.h"
#include "mail_session.h"
#include "stream_assembler.h"

typedef enum verdict { VERDICT_UNDECIDED, VERDICT_MAIL, VERDICT_NOT_MAIL } verdict;

/* The last call with bytes: what the end of the capture brings is recorded there. */
typedef struct last_call {
    gboolean is_known; /* there was one */
    stream_call *call; /* NULL: it was not kept in file scope */
    int flow;
    guint32 frame;
    nstime_t time;
} last_call;

/* Of the two flows of a connection each has the number 0 or 1, the same on every pass. */
struct mail_conversation {
    guint32 id; /* unique among all sessions of the program */
    conversation_t *conversation;
    mail_endpoint ends[2]; /* whom it is between */
    gboolean reopened;     /* a SYN has gone by since: there may be a newer conversation between the two */
    stream_layer layer;
    mail_protocol hint;
    verdict verdict;
    guint looks;     /* times that a refused conversation was looked at again */
    int initiator;   /* flow that sent the SYN; -1: unknown */
    int client_flow; /* valid with VERDICT_MAIL */
    stream_assembler *assembler;
    mail_session *session;
    guint64 inner_next[2]; /* STREAM_LAYER_TLS, _TUNNEL: bytes so far per flow */
    mail_opening *opening; /* while undecided, by flow; NULL: no bytes yet */
    record_builder *records;
    gboolean tls_announced; /* STARTTLS was accepted; cleared when the session goes on in clear */

    gboolean ended[2]; /* mail_session_end() was called for this flow */
    last_call last;
    gboolean awaits_stragglers; /* `last` is that of the close */
    gboolean at_end;            /* of the capture: no frame is being dissected */
    packet_info *pinfo;         /* during a call on the first pass */
};

/* A new one in file scope, of the layer TCP, between the ends in pinfo. */
mail_conversation *mail_conversation_new(guint32 id, conversation_t *conversation, const packet_info *pinfo,
                                         mail_protocol hint);

/* What is not in file scope is freed. */
void mail_conversation_clear(mail_conversation *mail);

/* What reads the bytes is freed: nothing more will be read. The records stay. */
void mail_conversation_free_machines(mail_conversation *mail);

/* The bytes come from that layer from now on. */
void mail_conversation_set_layer(mail_conversation *mail, stream_layer layer);

/* The flow from `source` to `destination`; that of the packet. */
int mail_conversation_flow_between(const mail_endpoint *source, const mail_endpoint *destination);
int mail_conversation_flow(const packet_info *pinfo);

/* Who sends on the flow. VERDICT_MAIL. */
mail_side mail_conversation_side(const mail_conversation *mail, int flow);

/* Which of ends[] is the client. VERDICT_MAIL. */
int mail_conversation_client(const mail_conversation *mail);

/* Fills what a call with bytes of that flow says of the conversation after it. */
void mail_conversation_describe(const mail_conversation *mail, stream_call *call, int flow);

#endif
