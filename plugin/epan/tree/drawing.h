/* drawing.h
 * Drawing within Wireshark's limits. A frame's tree may hold prefs.gui_max_tree_items items, its list of layers
 * prefs.gui_max_tree_depth; whoever goes beyond is ended by an exception. Here drawing is kept below both, other
 * dissectors are called when our own trees are drawn, and an exception ends no more than the drawing that met it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_DRAWING_H
#define MAILXTRA_DRAWING_H

#include "ws_compat.h"

/* ---- tree items ---- */

/* Is there room in the frame's tree for another line or message of the session, or for what is in a message: header
 * fields, parts, lines of text? The second ends first, so that the parts of one message leave room for the next
 * message. FALSE without a tree. */
gboolean drawing_has_room(proto_tree *tree);
gboolean drawing_has_room_inside(proto_tree *tree);

/* A line at the end of what could not be drawn: "and N more PLURAL, not shown: ...". */
void drawing_add_more(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, guint64 count, const char *plural);

/* ---- exceptions ---- */

/* Calls `draw`. An exception of Wireshark's ends it: the reason is added to the tree and to the expert infos, and FALSE
 * is returned. What `draw` allocates has to be in pinfo->pool, or owned by what outlives it. */
gboolean drawing_guard(void (*draw)(void *user), void *user, packet_info *pinfo, proto_tree *tree, tvbuff_t *tvb);

/* ---- other dissectors ---- */

/* What a call is expected to cost, by our own parse of the bytes. */
typedef struct drawing_cost {
    guint layers;
    guint64 items;
} drawing_cost;

/* Has `handle` called with these bytes by drawing_call_others(). The tvb lives as long as the packet. IMF, which stock
 * Wireshark would call as well, comes in front of what only mailxtra calls, so that filters for it find as much. */
void drawing_call_first(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                        drawing_cost cost);
void drawing_call_later(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                        drawing_cost cost);

/* The calls that were put off. A call that would cost more than there is room for is left out, and
 * counted in a line of the tree. */
void drawing_call_others(packet_info *pinfo);

/* Would that cost stay below the limits? */
gboolean drawing_allows(const packet_info *pinfo, proto_tree *tree, drawing_cost cost);

/* Takes off layers at the end of the frame's list, which Wireshark never does with those of an accepted call, as long
 * as there are more than a frame may keep. Behind a call, with its own layer on the list. */
void drawing_trim_layers(packet_info *pinfo);

#endif
