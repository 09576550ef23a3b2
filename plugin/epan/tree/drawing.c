/* drawing.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "drawing.h"

#include "frame_scope.h"
#include "mailxtra_fields.h"

#include <epan/exceptions.h>
#include <epan/prefs.h>
#include <epan/show_exception.h>

/* Shares of prefs.gui_max_tree_items, in percent: what is in messages ends at the first, our own trees at the second;
 * other dissectors are called below the third. What is left is for Wireshark's own protocols behind ours. */
#define INSIDE_ITEMS_PERCENT 30
#define OWN_ITEMS_PERCENT 40
#define OTHERS_ITEMS_PERCENT 90

/* Layers of a frame that stay on its list, which frame.protocols shows: no usual mail has as many. Below a smaller
 * prefs.gui_max_tree_depth a quarter of it. */
#define LAYERS_KEPT 100

/* What is put off, and how far this frame is. */
typedef struct later_call {
    dissector_handle_t handle;
    tvbuff_t *tvb;
    proto_tree *tree;
    drawing_cost cost;
} later_call;

typedef struct frame_drawing {
    wmem_array_t *calls[2]; /* of later_call, the first ones and the others; NULL: none */
    gboolean is_full;       /* another dissector has met the limit of items: no more are called in this frame */
} frame_drawing;

static frame_drawing *drawing_of(packet_info *pinfo)
{
    return frame_scope_block(pinfo, FRAME_DRAWING, sizeof(frame_drawing), NULL);
}

/* ---- tree items ---- */

static guint items_at(guint percent)
{
    return (guint)((guint64)prefs.gui_max_tree_items * percent / 100);
}

static guint item_count(proto_tree *tree)
{
    return (guint)PTREE_DATA(tree)->count;
}

gboolean drawing_has_room(proto_tree *tree)
{
    return tree && item_count(tree) < items_at(OWN_ITEMS_PERCENT);
}

gboolean drawing_has_room_inside(proto_tree *tree)
{
    return tree && item_count(tree) < items_at(INSIDE_ITEMS_PERCENT);
}

void drawing_add_more(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, guint64 count, const char *plural)
{
    proto_item *item;
    if (!tree || !count)
        return;
    proto_tree_add_subtree_format(tree, tvb, 0, 0, ett_mailxtra_text, &item,
                                  "and %" G_GUINT64_FORMAT " more %s, not shown here; exports and tables have all",
                                  count, plural);
    proto_item_set_generated(item);
    mailxtra_add_anomalies(pinfo, item, ANOMALY_BIT(ANOMALY_NOT_ALL_DRAWN));
}

/* ---- layers ---- */

static guint layer_count(const packet_info *pinfo)
{
    return wmem_list_count(pinfo->layers);
}

static guint layers_kept(void)
{
    return MIN(LAYERS_KEPT, prefs.gui_max_tree_depth / 4);
}

static void trim_layers(packet_info *pinfo, guint count)
{
    while (layer_count(pinfo) > count)
        wmem_list_remove_frame(pinfo->layers, wmem_list_tail(pinfo->layers));
}

void drawing_trim_layers(packet_info *pinfo)
{
    trim_layers(pinfo, layers_kept());
}

gboolean drawing_allows(const packet_info *pinfo, proto_tree *tree, drawing_cost cost)
{
    guint64 others = items_at(OTHERS_ITEMS_PERCENT);
    guint depth = prefs.gui_max_tree_depth;
    if (layer_count(pinfo) + (guint64)cost.layers >= depth - MIN(depth, depth / 8))
        return FALSE;
    return !tree || item_count(tree) + cost.items < others;
}

/* ---- exceptions ---- */

/* Our own drawing has met a limit, or we are wrong. Wireshark's usual text ("Dissector bug") would blame the packet. */
static void add_reason(packet_info *pinfo, proto_tree *tree, tvbuff_t *tvb, const char *reason)
{
    proto_item *item = NULL;
    const char *text =
        wmem_strdup_printf(pinfo->pool, "Drawing has ended here: %s", reason ? reason : "no reason given");
    if (tree) {
        proto_tree_add_subtree(tree, tvb, 0, 0, ett_mailxtra_text, &item, text);
        proto_item_set_generated(item);
    }
    mailxtra_add_anomaly_text(pinfo, item, ANOMALY_NOT_ALL_DRAWN, text);
}

gboolean drawing_guard(void (*draw)(void *user), void *user, packet_info *pinfo, proto_tree *tree, tvbuff_t *tvb)
{
    volatile gboolean whole = FALSE;
    TRY
    {
        draw(user);
        whole = TRUE;
    }
    CATCH_BOUNDS_AND_DISSECTOR_ERRORS
    {
        add_reason(pinfo, tree, tvb, GET_MESSAGE);
    }
    ENDTRY;
    return whole;
}

/* ---- other dissectors ---- */

/* At the limit of items Wireshark begins to count anew: more calls could add as many again. */
static gboolean met_item_limit(proto_tree *tree, guint items_before)
{
    return tree && item_count(tree) < items_before;
}

static gboolean met_layer_limit(const packet_info *pinfo)
{
    return layer_count(pinfo) + 1 >= prefs.gui_max_tree_depth ||
           pinfo->dissection_depth + 1 >= (int)prefs.gui_max_tree_depth;
}

static void call_one(const later_call *call, packet_info *pinfo)
{
    frame_drawing *frame = drawing_of(pinfo);
    const char *protocol = pinfo->current_proto;
    const guint layers = layer_count(pinfo), items = call->tree ? item_count(call->tree) : 0;
    const int depth = pinfo->dissection_depth;
    const guint proto_layer = pinfo->curr_proto_layer_num;
    TRY
    {
        call_dissector_with_data(call->handle, call->tvb, pinfo, call->tree, NULL);
    }
    CATCH_BOUNDS_AND_DISSECTOR_ERRORS
    {
        frame->is_full = met_item_limit(call->tree, items);
        if (frame->is_full || met_layer_limit(pinfo)) {
            add_reason(pinfo, call->tree, call->tvb, "one of Wireshark's limits in another dissector");
        } else if (EXCEPT_CODE ==
                   DissectorError) { /* a fault of that dissector, met by bytes that it is not made for */
            add_reason(pinfo, call->tree, call->tvb, GET_MESSAGE);
        } else {
            show_exception(call->tvb, pinfo, call->tree, EXCEPT_CODE, GET_MESSAGE);
        }
        pinfo->current_proto = protocol;
    }
    ENDTRY;
    pinfo->dissection_depth = depth;
    trim_layers(pinfo, MAX(layers, layers_kept()));
    pinfo->curr_proto_layer_num = proto_layer;
}

/* Too large for Wireshark's limits: the stock dissector would end in the middle, with an error. */
static void add_left_out(const later_call *call, packet_info *pinfo, guint count)
{
    proto_item *item;
    if (!call->tree)
        return;
    proto_tree_add_subtree_format(call->tree, call->tvb, 0, 0, ett_mailxtra_text, &item,
                                  "Not given to %u of Wireshark's other dissectors, whose trees would be too large",
                                  count);
    proto_item_set_generated(item);
    mailxtra_add_anomalies(pinfo, item, ANOMALY_BIT(ANOMALY_NOT_ALL_DRAWN));
}

static void put_off(guint turn, const later_call *call, packet_info *pinfo)
{
    wmem_array_t **calls = &drawing_of(pinfo)->calls[turn];
    if (!*calls)
        *calls = wmem_array_new(pinfo->pool, sizeof *call);
    wmem_array_append(*calls, call, 1);
}

void drawing_call_first(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                        drawing_cost cost)
{
    put_off(0, &(later_call){handle, tvb, tree, cost}, pinfo);
}

void drawing_call_later(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
                        drawing_cost cost)
{
    put_off(1, &(later_call){handle, tvb, tree, cost}, pinfo);
}

static void call_all(wmem_array_t *calls, packet_info *pinfo)
{
    const frame_drawing *frame = drawing_of(pinfo);
    const later_call *first_left_out = NULL;
    guint left_out = 0;
    for (guint i = 0; calls && i < wmem_array_get_count(calls); i++) {
        const later_call *call = wmem_array_index(calls, i);
        if (!frame->is_full && drawing_allows(pinfo, call->tree, call->cost))
            call_one(call, pinfo);
        else if (left_out++ == 0)
            first_left_out = call;
    }
    if (first_left_out)
        add_left_out(first_left_out, pinfo, left_out);
}

void drawing_call_others(packet_info *pinfo)
{
    frame_drawing *frame = drawing_of(pinfo);
    for (guint turn = 0; turn < G_N_ELEMENTS(frame->calls); turn++) {
        wmem_array_t *calls = frame->calls[turn];
        frame->calls[turn] = NULL;
        call_all(calls, pinfo);
    }
}
