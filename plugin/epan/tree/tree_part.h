/* tree_part.h
 * The parts of a message in the tree: their headers, their decoded bytes as data sources, attachments, what came out of
 * parts. Everything is read from the message's analysis.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_PART_H
#define MAILXTRA_TREE_PART_H

#include "message_facts.h"

void tree_part_handoff(void);

/* What is being drawn. All of it lives as long as the packet. */
typedef struct message_drawing {
    stored_message *stored;
    message_analysis *analysis;
    const mime_message *mime; /* the message, or a mail that came out of one of its parts */
    tvbuff_t *whole; /* the bytes that offsets count in: the message's, or a decoded body's; NULL when there are none */
    packet_info *pinfo;
    tvbuff_t **sources;  /* of mime->sources, as far as they are drawn */
    wmem_map_t *items;   /* part or header field -> proto_item, for the findings about it */
    guint64 *parts_left; /* parts for which the tree had no room */
} message_drawing;

/* A string that stands at [offset, offset+length) of the bytes that are drawn. NULL: nothing was added. */
proto_item *tree_part_add_string(const message_drawing *drawing, proto_tree *tree, int field, gsize offset,
                                 gsize length, const char *value);

/* The header of a part. */
void tree_part_draw_header(const message_drawing *drawing, proto_tree *parent, const mime_part *part);

/* A part with all that is in it. */
void tree_part_draw(const message_drawing *drawing, proto_tree *parent, const mime_part *part);

#endif
