/* tree_imap.h
 * What only IMAP has, in the Mail Extra tree.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_IMAP_H
#define MAILXTRA_TREE_IMAP_H

#include "record_view.h"

/* Tag and items of a command or response, below its tree. */
void tree_imap_draw_tag(proto_tree *tree, const record_view *view, packet_info *pinfo, const mail_record *record);
void tree_imap_draw_items(proto_tree *tree, const record_view *view, packet_info *pinfo, const mail_record *record);

/* A record of untagged data. */
void tree_imap_draw_untagged(proto_tree *tree, const record_view *view, packet_info *pinfo, const mail_record *record);

/* Which message of which mailbox, below the message's tree. */
void tree_imap_draw_facts(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, const imap_facts *facts);

#endif
