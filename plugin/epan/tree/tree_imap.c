/* tree_imap.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tree_imap.h"

#include "mailxtra_fields.h"
#include "text.h"

#include "imap_response.h"
#include "limits.h"

/* Deeper ones are shown at this depth. */
#define DEEPEST (LIMIT_MIME_DEPTH + 4)

enum { STRING, NUMBER };

static const guint8 item_types[IMAP_ITEM_COUNT] = {
#define X(id, name, type, title, text) type,
    IMAP_ITEM_LIST(X)
#undef X
};

static proto_item *add_item(proto_tree *tree, const record_view *view, packet_info *pinfo, const imap_item *item)
{
    gint offset = MIN((gint)item->offset, view->line_length);
    gint length = MIN((gint)item->length, view->line_length - offset);
    if (item->kind == IMAP_ITEM_CAPABILITY)
        return proto_tree_add_string(tree, hf_mailxtra_capability, view->tvb, view->offset + offset, length,
                                     text_upper(pinfo, item->text));
    int field = hf_mailxtra_imap_item[item->kind];
    if (item_types[item->kind] == NUMBER)
        return proto_tree_add_uint64(tree, field, view->tvb, view->offset + offset, length, item->number);
    return proto_tree_add_string(tree, field, view->tvb, view->offset + offset, length, text_utf8(pinfo, item->text));
}

void tree_imap_draw_tag(proto_tree *tree, const record_view *view, packet_info *pinfo, const mail_record *record)
{
    const mail_imap *imap = record->event.imap;
    if (!imap || !imap->tag.len)
        return;
    proto_item *item = proto_tree_add_string(tree, hf_mailxtra_command_tag, view->tvb, view->offset,
                                             MIN((gint)imap->tag.len, view->line_length), text_utf8(pinfo, imap->tag));
    if (!record->event.first || record->event.kind == MAIL_EVENT_AUTH_LINE)
        proto_item_set_generated(item);
}

void tree_imap_draw_items(proto_tree *tree, const record_view *view, packet_info *pinfo, const mail_record *record)
{
    const mail_imap *imap = record->event.imap;
    proto_tree *trees[DEEPEST + 1] = {tree};
    guint depth = 0;
    for (guint i = 0; imap && i < imap->item_count; i++) {
        const imap_item *item = &imap->items[i];
        depth = MIN(MIN(item->depth, depth), DEEPEST);
        proto_item *shown = add_item(trees[depth], view, pinfo, item);
        if (i + 1 < imap->item_count && imap->items[i + 1].depth > item->depth && depth < DEEPEST)
            trees[++depth] = proto_item_add_subtree(shown, ett_mailxtra_field);
    }
}

/* "FETCH, 12", as far as it is known. */
static void append_name(proto_item *item, packet_info *pinfo, const mail_imap *imap)
{
    for (guint i = 0; i < imap->item_count && i < 2; i++) {
        const imap_item *value = &imap->items[i];
        if (value->kind < IMAP_ITEM_COUNT && item_types[value->kind] == NUMBER)
            proto_item_append_text(item, " %" G_GUINT64_FORMAT, value->number);
        else if (value->kind == IMAP_ITEM_UNTAGGED)
            proto_item_append_text(item, " %s", text_utf8(pinfo, value->text));
    }
}

void tree_imap_draw_untagged(proto_tree *parent, const record_view *view, packet_info *pinfo, const mail_record *record)
{
    const mail_event *event = &record->event;
    proto_item *item;
    proto_tree *tree =
        proto_tree_add_subtree(parent, view->tvb, view->offset, view->length, ett_mailxtra_reply, &item,
                               event->last ? "Untagged response:" : "Untagged response, goes on behind a literal");
    if (event->last && event->imap)
        append_name(item, pinfo, event->imap);
    tree_imap_draw_items(tree, view, pinfo, record);
    mailxtra_add_anomalies(pinfo, item, event->anomalies);
}

static void add_text(proto_tree *tree, tvbuff_t *tvb, imap_item_kind kind, const char *text)
{
    if (text)
        proto_item_set_generated(proto_tree_add_string(tree, hf_mailxtra_imap_item[kind], tvb, 0, 0, text));
}

static void add_number(proto_tree *tree, tvbuff_t *tvb, imap_item_kind kind, guint64 number)
{
    if (number)
        proto_item_set_generated(proto_tree_add_uint64(tree, hf_mailxtra_imap_item[kind], tvb, 0, 0, number));
}

static void add_flags(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, const char *flags)
{
    char **words = wmem_strsplit(pinfo->pool, flags ? flags : "", " ", -1);
    for (char **word = words; *word; word++)
        add_text(tree, tvb, IMAP_ITEM_FLAG, **word ? *word : NULL);
}

void tree_imap_draw_facts(proto_tree *tree, tvbuff_t *tvb, packet_info *pinfo, const imap_facts *facts)
{
    add_text(tree, tvb, IMAP_ITEM_MAILBOX, facts->mailbox);
    add_number(tree, tvb, IMAP_ITEM_UIDVALIDITY, facts->uidvalidity);
    add_number(tree, tvb, IMAP_ITEM_UID, facts->uid);
    add_number(tree, tvb, IMAP_ITEM_SEQUENCE, facts->sequence);
    add_flags(tree, tvb, pinfo, facts->flags);
    add_text(tree, tvb, IMAP_ITEM_INTERNALDATE, facts->internaldate);
    add_text(tree, tvb, IMAP_ITEM_SECTION, facts->section);
}
