/* stream_store.h
 * Where the bytes of a conversation come in: put in order, fed to a mail session once, on the first pass, and stored
 * as calls with their records (stream_call.h), which every pass finds again. The parts: conversation_table (whose
 * segment is it), mail_recognition (is it mail), record_builder (records), session_end (the end of the capture).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STREAM_STORE_H
#define MAILXTRA_STREAM_STORE_H

#include "record_builder.h"
#include "stream_call.h"
#include "tcp_segment_view.h"

/* Once, before anything else of the store. */
void stream_store_register(void);

/* What the session has said about itself. Never NULL. */
const session_summary *stream_store_summary(const mail_conversation *mail);

/* Between whom it is. FALSE: it is not known who the client is. */
gboolean stream_store_ends(const mail_conversation *mail, const mail_endpoint **client_r,
                           const mail_endpoint **server_r);

/* Has the segment payload, and is its connection's stream read as it comes from TCP, neither inside TLS nor a tunnel?
 */
gboolean stream_store_reads_tcp(const tcp_segment_view *segment);

/* A segment of a connection that may be mail. `hint`: the protocol that the port stands for, or NONE.
 * `decides_at_close`: in one pass, a hole
 * that a close leaves does not wait for bytes captured later, as its frame is shown now and never again. First pass:
 * makes the state when there is none, feeds the session. NULL: nothing was stored for this frame. What is returned is
 * valid until the next call. */
stream_call *stream_store_segment(packet_info *pinfo, conversation_t *conversation, tcp_segment_view *segment,
                                  mail_protocol hint, gboolean decides_at_close);

/* Makes the state of a conversation of which this segment came before its first bytes: what comes early is kept until
 * those show whether it is mail. First pass only. */
void stream_store_await(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment);

/* May a conversation that is not claimed yet be kept for mailxtra from this segment on? Then its
 * state is made. First pass only. */
gboolean stream_store_may_claim(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment,
                                mail_protocol hint);

/* Bytes in order without sequence numbers: decrypted TLS, tunnels. */
stream_call *stream_store_bytes(packet_info *pinfo, conversation_t *conversation, tvbuff_t *tvb, stream_layer layer,
                                mail_protocol hint);

/* Nothing reads the messages that end in the call behind this frame: they are freed with its packet, if no later pass
 * may come. */
void stream_store_release(const stream_call *call, packet_info *pinfo);

/* Has the session no conversation? */
gboolean stream_store_is_empty(void);

/* All conversations are forgotten, while file scope is still there. */
void stream_store_forget(void);

#endif
