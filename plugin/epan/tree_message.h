/* tree_message.h
 * A finished message in the tree: header fields, MIME parts, attachments; its decoded parts
 * as data sources; and what it brings to the taps.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_MESSAGE_H
#define MAILXTRA_TREE_MESSAGE_H

#include "message_store.h"

void tree_message_handoff(void);

/* Draws the message in the frame that finished it, adds its summary to the Info column and tells
 * the export taps. */
void tree_message_draw(stored_message *message, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

#endif
