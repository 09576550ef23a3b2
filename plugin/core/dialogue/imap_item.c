/* imap_item.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_item.h"
#include "limits.h"

void imap_items_init(imap_items *items)
{
    items->array = g_array_new(FALSE, FALSE, sizeof(imap_item));
    items->kept = g_ptr_array_new_with_free_func(g_free);
}

void imap_items_clear(imap_items *items)
{
    g_array_unref(items->array);
    g_ptr_array_unref(items->kept);
}

void imap_items_reset(imap_items *items)
{
    g_array_set_size(items->array, 0);
    g_ptr_array_set_size(items->kept, 0);
}

static gboolean add(imap_items *items, imap_item item)
{
    if (items->array->len >= LIMIT_IMAP_ITEMS)
        return FALSE;
    g_array_append_val(items->array, item);
    return TRUE;
}

void imap_items_add(imap_items *items, imap_item_kind kind, guint depth, slice text, gsize offset, gsize length)
{
    add(items, (imap_item){kind, depth, text, 0, offset, length});
}

void imap_items_take(imap_items *items, imap_item_kind kind, guint depth, char *text, gsize offset, gsize length)
{
    if (add(items, (imap_item){kind, depth, slice_of(text), 0, offset, length}))
        g_ptr_array_add(items->kept, text);
    else
        g_free(text);
}

void imap_items_number(imap_items *items, imap_item_kind kind, guint depth, guint64 number, gsize offset, gsize length)
{
    add(items, (imap_item){kind, depth, SLICE_EMPTY, number, offset, length});
}

const imap_item *imap_items_find(const imap_items *items, imap_item_kind kind)
{
    for (guint i = 0; i < items->array->len; i++) {
        const imap_item *item = &g_array_index(items->array, imap_item, i);
        if (item->kind == kind)
            return item;
    }
    return NULL;
}
