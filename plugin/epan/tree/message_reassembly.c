/* message_reassembly.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * fragment_add_seq_next() walks its list from the head for each fragment in 4.0, and fragment_add_seq() looks through
 * all of them once the number of the last is known. So fragments are added from the last to the first, each at the
 * head of the list, and the number of the last is set in front of the first: linear in the number of fragments.
 */
#include "message_reassembly.h"

#include "drawing.h"
#include "frame_scope.h"
#include "mailxtra_fields.h"

/* The entry is found by the number of the dissection alone: two dissections of a frame may be alive at once, in two
 * windows, and each gives back its own. */
static gpointer key_of(const packet_info *pinfo _U_, const guint32 id, const void *data _U_)
{
    return GUINT_TO_POINTER(id);
}

static void free_key(gpointer key _U_)
{
}

static const reassembly_table_functions by_number = {g_direct_hash, g_direct_equal, key_of, key_of, free_key, free_key};

static reassembly_table table;
static guint32 last_number;

void message_reassembly_register(void)
{
    reassembly_table_register(&table, &by_number);
}

/* What is drawn of one message in one dissection. */
typedef struct reassembled {
    fragment_head *head;
    tvbuff_t *tvb;
} reassembled;

static ws_bool on_packet_end(wmem_allocator_t *pool _U_, wmem_cb_event_t event _U_, void *number)
{
    tvbuff_t *bytes = table.fragment_table ? fragment_delete(&table, NULL, GPOINTER_TO_UINT(number), NULL) : NULL;
    if (bytes)
        tvb_free(bytes);
    return FALSE;
}

/* Adds fragment `index`, whose bytes end at *end in `bytes`, as if its frame were being dissected. */
static fragment_head *add_fragment(const stored_message *message, guint index, tvbuff_t *bytes, gsize *end,
                                   const packet_info *pinfo, guint32 number)
{
    message_fragment fragment = message_store_fragment(message, index);
    frame_data unvisited = {.num = fragment.frame};
    packet_info source = *pinfo;
    source.num = fragment.frame;
    source.fd = &unvisited;
    *end -= fragment.length;
    /* without a fragment behind it the only one is the last, too */
    gboolean more = index > 0 || message_store_fragment_count(message) > 1;
    return fragment_add_seq(&table, bytes, (int)*end, &source, number, NULL, index, fragment.length, more, 0);
}

static fragment_head *reassemble(const stored_message *message, packet_info *pinfo, guint32 number)
{
    slice whole = message_store_bytes(message);
    tvbuff_t *bytes = tvb_new_real_data(whole.data, (guint)whole.len, (gint)whole.len);
    fragment_head *head = NULL;
    gsize end = whole.len;
    for (guint i = message_store_fragment_count(message); i-- > 0;) {
        if (i == 0 && message_store_fragment_count(message) > 1)
            fragment_set_tot_len(&table, pinfo, number, NULL, message_store_fragment_count(message) - 1);
        head = add_fragment(message, i, bytes, &end, pinfo, number);
    }
    tvb_free(bytes);
    return head;
}

static reassembled *make(stored_message *message, tvbuff_t *tvb, packet_info *pinfo)
{
    reassembled *made = wmem_new0(pinfo->pool, reassembled);
    guint32 number = ++last_number ? last_number : ++last_number; /* 0 is no key */
    made->head = reassemble(message, pinfo, number);
    wmem_register_callback(pinfo->pool, on_packet_end, GUINT_TO_POINTER(number));
    if (!made->head)
        return made;
    /* it was put together here, and not in the frame of its first fragment */
    made->head->reassembled_in = pinfo->num;
    made->head->reas_in_layer_num = pinfo->curr_layer_num;
    made->tvb =
        process_reassembled_data(tvb, 0, pinfo, "Mail message", made->head, &mailxtra_fragment_items, NULL, NULL);
    return made;
}

static reassembled *reassembled_of(stored_message *message, tvbuff_t *tvb, packet_info *pinfo)
{
    wmem_map_t *views = frame_scope_map(pinfo, FRAME_VIEWS);
    reassembled *made = wmem_map_lookup(views, message);
    if (!made && message_store_bytes(message).len && message_store_fragment_count(message)) {
        made = make(message, tvb, pinfo);
        wmem_map_insert(views, message, made);
    }
    return made;
}

tvbuff_t *message_reassembly_tvb(stored_message *message, tvbuff_t *tvb, packet_info *pinfo)
{
    const reassembled *made = reassembled_of(message, tvb, pinfo);
    return made ? made->tvb : NULL;
}

/* An item for each fragment is much for a tree that is only searched, and for other fields. */
static gboolean is_wanted(proto_tree *tree, const fragment_items *items)
{
    const int *const fields[] = {items->hf_fragments,
                                 items->hf_fragment,
                                 items->hf_fragment_overlap,
                                 items->hf_fragment_overlap_conflict,
                                 items->hf_fragment_multiple_tails,
                                 items->hf_fragment_too_long_fragment,
                                 items->hf_fragment_error,
                                 items->hf_fragment_count,
                                 items->hf_reassembled_in,
                                 items->hf_reassembled_length};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i] && proto_field_is_referenced(tree, *fields[i]))
            return TRUE;
    return FALSE;
}

void message_reassembly_draw(stored_message *message, const fragment_items *items, tvbuff_t *whole, packet_info *pinfo,
                             proto_tree *tree)
{
    const reassembled *made = reassembled_of(message, whole, pinfo);
    guint count = message_store_fragment_count(message);
    proto_item *item;
    if (!tree || !made || !made->tvb || !is_wanted(tree, items))
        return;
    if (drawing_allows(pinfo, tree, (drawing_cost){.items = count}))
        show_fragment_seq_tree(made->head, items, tree, pinfo, made->tvb, &item);
    else
        drawing_add_more(tree, whole, pinfo, count, "fragments");
}
