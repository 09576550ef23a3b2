/* tree_trace.h
 * Where a message comes from, in the tree: its hops, its Received fields, what signers and servers say; and what a
 * reply that refuses means.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_TRACE_H
#define MAILXTRA_TREE_TRACE_H

#include "stream_call.h"
#include "tree_part.h"

/* Is a field of the trace, or an expert info about it, wanted? */
gboolean tree_trace_is_wanted(proto_tree *tree);
gboolean tree_trace_findings_are_wanted(proto_tree *tree);

/* Draws into the message's tree. `tvb`: the message's bytes. */
void tree_trace_draw(const message_drawing *message, tvbuff_t *tvb, proto_tree *tree);

/* What a reply line says about the health of the session, at the reply's item: a refusal and its meaning, logins that
 * fail. */
void tree_trace_reply(const mail_record *record, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, proto_item *item);

#endif
