/* record_builder.h
 * Makes the records of a session of its events, on the first pass, and keeps them by call. Messages, pieces of IMAP
 * mail and the session's summary are fed here. One builder for each conversation.
 *
 * A call begins with record_builder_begin() and is over with record_builder_end(); events come in between.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_RECORD_BUILDER_H
#define MAILXTRA_RECORD_BUILDER_H

#include "stream_call.h"

#include "session_summary.h"

typedef struct record_builder record_builder;

/* One end of a conversation. The address is borrowed, file scope. */
typedef struct mail_endpoint {
    address address;
    guint32 port;
} mail_endpoint;

/* Once, before anything else. */
void record_builder_register(void);

/* A new builder in file scope. `conversation`: what its calls are of, not read here; `id`: unique among all sessions of
 * the program. record_builder_free() gives back what is not in file scope. */
record_builder *record_builder_new(mail_conversation *conversation, guint32 id);
void record_builder_free(record_builder *builder);

/* The conversation is mail, between these two. `number`: of the session, from 1. Once, before the first event. */
void record_builder_identify(record_builder *builder, mail_protocol protocol, guint32 number,
                             const mail_endpoint *client, const mail_endpoint *server);

/* Is what comes from now on said inside of TLS? Not, at first. */
void record_builder_set_tls(record_builder *builder, gboolean in_tls);

/* What the session has said about itself, as far as it has been read. Owned by the builder; never NULL. */
const session_summary *record_builder_summary(const record_builder *builder);

/* A side has closed its direction. TRUE: the server did, without a reason. */
gboolean record_builder_close(record_builder *builder, mail_side side);

/* As of the last event; before the first one that of record_builder_identify(), or NONE. */
mail_protocol record_builder_protocol(const record_builder *builder);

/* ---- calls ---- */

/* A call begins. Returned: the call that is going on, to be described by the caller. */
stream_call *record_builder_begin(record_builder *builder, packet_info *pinfo);

/* The call that is going on. */
stream_call *record_builder_call(const record_builder *builder);

/* The next event of the session, added to the call that is going on. */
void record_builder_add(record_builder *builder, const mail_event *event);

/* Fills what the call says of the session after it. */
void record_builder_describe(const record_builder *builder, stream_call *call);

/* Keeps the call that is going on for the later passes, and for what the end of the capture brings. Returned: where,
 * in file scope, or in the packet's when no later pass may come. */
stream_call *record_builder_keep(record_builder *builder);

/* Is what is kept of the call that is going on kept as long as the file is open? */
gboolean record_builder_is_lasting(const record_builder *builder);

/* The call is over. What record_builder_begin() returned is valid until the next one begins. */
void record_builder_end(record_builder *builder);

/* A later pass: the next of the calls that were kept of the frame; NULL: no more. Their order is the same on every
 * pass. */
stream_call *record_builder_stored(packet_info *pinfo, guint32 id);

/* ---- the end of the capture ---- */

/* What comes from now on is added to `call`, which was kept in file scope; NULL: to an empty one, which is returned.
 * `pinfo`: number and time of the frame that it counts for. Until record_builder_end(). */
stream_call *record_builder_resume(record_builder *builder, stream_call *call, packet_info *pinfo);

/* Pieces of IMAP mail that wait come out as far as they go. */
void record_builder_finish_pieces(record_builder *builder);

#endif
