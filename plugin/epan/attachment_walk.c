/* attachment_walk.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "attachment_walk.h"

#include "prefs.h"

#include "../core/part_content.h"

gboolean attachment_walk_counts(const mime_part *part)
{
    if (part->is_attachment)
        return TRUE;
    return mailxtra_prefs.export_text && !part->children && g_str_has_prefix(part->type, "text/");
}

static void keep(const attachment_visitor *visitor, GByteArray *bytes)
{
    if (visitor->keep && bytes)
        visitor->keep(bytes, visitor->user);
}

static void walk_parts(const mime_message *mime, const attachment_visitor *visitor, part_budget *budget);

static void walk_leaf(const mime_part *part, slice bytes, const attachment_visitor *visitor, part_budget *budget)
{
    if (attachment_walk_counts(part))
        visitor->visit(part, bytes, visitor->user);
    part_content *content = part_content_open(part, bytes, budget);
    for (guint i = 0; content && i < content->parts->len; i++) {
        const derived_part *derived = g_ptr_array_index(content->parts, i);
        keep(visitor, derived->owned);
        if (!derived->message || derived->part.is_attachment)
            walk_leaf(&derived->part, derived->bytes, visitor, budget);
        if (derived->message)
            walk_parts(derived->message, visitor, budget);
    }
    part_content_close(content, budget);
}

static void walk_parts(const mime_message *mime, const attachment_visitor *visitor, part_budget *budget)
{
    for (guint i = 0; i < mime->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        if (!attachment_walk_counts(part))
            continue;
        GByteArray *decoded = mime_part_decode(mime, part, NULL);
        keep(visitor, decoded);
        walk_leaf(part, (slice){decoded->data, decoded->len}, visitor, budget);
        g_byte_array_unref(decoded);
    }
}

void attachment_walk(const mime_message *mime, const attachment_visitor *visitor)
{
    part_budget budget = {0};
    walk_parts(mime, visitor, &budget);
}
