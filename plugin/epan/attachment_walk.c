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

void attachment_body_read(const attachment_body *body, mime_sink sink, void *user)
{
    if (body->part)
        mime_part_read(body->part, sink, user);
    else if (body->whole.len)
        sink(body->whole, user);
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
        visitor->visit(part, &(attachment_body){NULL, bytes}, visitor->user);
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

/* The first bytes of a part. */
typedef struct part_head {
    guint8 bytes[PART_CONTENT_HEAD];
    gsize len;
} part_head;

static gboolean take_head(slice piece, void *user)
{
    part_head *head = user;
    piece = slice_head(piece, sizeof head->bytes - head->len);
    memcpy(head->bytes + head->len, piece.data, piece.len);
    head->len += piece.len;
    return head->len < sizeof head->bytes;
}

static gboolean may_hold_others(const mime_part *part)
{
    part_head head = {.len = 0};
    mime_part_read(part, take_head, &head);
    return part_content_may_open(part, (slice){head.bytes, head.len});
}

static void walk_parts(const mime_message *mime, const attachment_visitor *visitor, part_budget *budget)
{
    for (guint i = 0; i < mime->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        if (!attachment_walk_counts(part))
            continue;
        if (!visitor->keep && !may_hold_others(part)) {
            visitor->visit(part, &(attachment_body){part, SLICE_EMPTY}, visitor->user);
            continue;
        }
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
