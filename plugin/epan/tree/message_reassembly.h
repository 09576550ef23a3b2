/* message_reassembly.h
 * A message that is drawn goes through Wireshark's reassembly: its fragments into a reassembly table, and out of it
 * comes the tvb that trees, the data source and other dissectors use. What is not drawn never enters the table:
 * evidence reads the bytes that the core has joined (message_store.h), which are the same.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MESSAGE_REASSEMBLY_H
#define MAILXTRA_MESSAGE_REASSEMBLY_H

#include "message_store.h"

void message_reassembly_register(void);

/* The tvb of a finished message, with its data source "Mail message": made once in a dissection of the frame, and given
 * back with the packet, so that bytes are not kept twice. `tvb`: of the frame. NULL: the message has no bytes. */
tvbuff_t *message_reassembly_tvb(stored_message *message, tvbuff_t *tvb, packet_info *pinfo);

/* Draws the fragments of the message whose tvb that is. */
void message_reassembly_draw(stored_message *message, const fragment_items *items, tvbuff_t *whole, packet_info *pinfo,
                             proto_tree *tree);

#endif
