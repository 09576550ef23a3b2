/* tree_content.h
 * What the content of parts is, in the tree: what an attachment really is, the members of archives, the links of texts.
 * Nothing of it is found out unless a field of it is wanted.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_CONTENT_H
#define MAILXTRA_TREE_CONTENT_H

#include "ws_compat.h"

#include "message_analysis.h"

/* Adds to an attachment's subtree what its bytes (shown as `tvb`) are. */
void tree_content_draw_attachment(proto_tree *tree, tvbuff_t *tvb, part_analysis *part);

/* Adds the links of a text part. */
void tree_content_draw_urls(proto_tree *tree, tvbuff_t *tvb, part_analysis *part);

/* The media type under which Wireshark knows what senders call `type`. */
const char *tree_content_media_type(const char *type);

#endif
