/* stock_imap.h
 * Wireshark's own IMAP tree, drawn from our records. See stock_tree.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STOCK_IMAP_H
#define MAILXTRA_STOCK_IMAP_H

#include "stream_call.h"

void stock_imap_handoff(void);

/* As stock_tree_fill_columns() and stock_tree_draw(). */
void stock_imap_fill_columns(stream_call *call, tvbuff_t *tvb, packet_info *pinfo);
void stock_imap_draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, gboolean with_tree);

#endif
