/* stock_tree.h
 * The tree and columns of Wireshark's own SMTP and POP dissectors, drawn from our records.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STOCK_TREE_H
#define MAILXTRA_STOCK_TREE_H

#include "stream_store.h"

/* Looks up the stock fields; a field that this version lacks is passed over later. */
void stock_tree_handoff(void);

/* Sets Protocol and Info in the stock wording, draws the smtp or pop tree (`with_tree`) and hands a complete
 * message to the stock IMF dissector (preference). `tvb`: the frame's bytes of this call. */
void stock_tree_draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, gboolean with_tree);

/* Does a tap of the stock dissectors listen that wants to be told of mails (Export Objects > IMF)? */
gboolean stock_tree_is_wanted(void);

#endif
