/* tree_content.h
 * What the content of parts says: what an attachment really is, the members of archives, the links of texts. Nothing of
 * it is found out unless somebody looks at it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_CONTENT_H
#define MAILXTRA_TREE_CONTENT_H

#include "ws_compat.h"

#include "../core/mime_parser.h"

/* Adds to an attachment's subtree what its bytes (shown as `tvb`) are, and expert infos to its item. */
void tree_content_draw_attachment(proto_tree *tree, proto_item *item, packet_info *pinfo, tvbuff_t *tvb,
                                  const mime_part *part, slice bytes);

/* Does anybody look at links? */
gboolean tree_content_wants_urls(proto_tree *tree);

/* Adds the links of a text part. Returns CONTENT_LIMIT if there are more than the limit. */
anomaly_set tree_content_draw_urls(proto_tree *tree, packet_info *pinfo, tvbuff_t *tvb, const mime_part *part,
                                   const char *text);

/* The media type under which Wireshark knows what senders call `type`. */
const char *tree_content_media_type(const char *type);

#endif
