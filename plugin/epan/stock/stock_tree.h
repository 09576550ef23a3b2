/* stock_tree.h
 * The tree and columns of Wireshark's own SMTP and POP dissectors, from our records.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STOCK_TREE_H
#define MAILXTRA_STOCK_TREE_H

#include "stream_call.h"

/* Looks up the stock fields; a field that this version lacks is passed over later. */
void stock_tree_handoff(void);

/* Sets Protocol and Info in the stock wording; draws nothing and calls no other dissector. `tvb`: the frame's bytes of
 * this call. */
void stock_tree_fill_columns(stream_call *call, tvbuff_t *tvb, packet_info *pinfo);

/* Draws the smtp, pop or imap tree (`with_tree`), and has complete messages handed to the stock IMF dissector
 * (preference) by drawing_call_others(). */
void stock_tree_draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, gboolean with_tree);

#endif
