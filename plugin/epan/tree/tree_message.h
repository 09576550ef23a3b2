/* tree_message.h
 * A finished message in the tree: header fields, MIME parts, attachments; its decoded parts as data sources; and its
 * findings as expert infos.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_MESSAGE_H
#define MAILXTRA_TREE_MESSAGE_H

#include "message_store.h"

/* Draws the message in the frame that finished it. What meets one of Wireshark's limits ends this message's tree and
 * nothing else. */
void tree_message_draw(stored_message *stored, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

/* Adds the message's findings to the lists of expert infos, where no tree is drawn. */
void tree_message_list_findings(stored_message *stored, packet_info *pinfo);

#endif
