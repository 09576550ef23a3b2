/* tree_trace.h
 * Where a message comes from, in the tree: its hops, its Received fields, what signers and servers say, the
 * findings about it; and what a reply that refuses means.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_TRACE_H
#define MAILXTRA_TREE_TRACE_H

#include "stream_store.h"

/* Draws into the message's tree. `tvb`: the message's bytes; `item`: the message's. Nothing for a message that is not
 * finished. */
void tree_trace_draw(const stored_message *message, const mime_message *mime, tvbuff_t *tvb, packet_info *pinfo,
                     proto_tree *tree, proto_item *item);

/* What a reply line says about the health of the session, at the reply's item: a refusal and its meaning, logins that
 * fail. */
void tree_trace_reply(const mail_record *record, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, proto_item *item);

#endif
