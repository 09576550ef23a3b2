/* tree_content.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tree_content.h"

#include "drawing.h"
#include "mailxtra_fields.h"

/* ---- attachments ---- */

static void draw_members(proto_tree *parent, tvbuff_t *tvb, const archive_listing *listing)
{
    proto_item *item;
    guint i = 0;
    if (listing->members->len == 0)
        return;
    proto_tree *tree = proto_tree_add_subtree_format(parent, tvb, 0, 0, ett_mailxtra_members, &item,
                                                     "Members: %" G_GUINT64_FORMAT, listing->count);
    proto_item_set_generated(item);
    for (; i < listing->members->len && drawing_has_room_inside(tree); i++) {
        const archive_member *member = g_ptr_array_index(listing->members, i);
        item = proto_tree_add_string(tree, hf_mailxtra_attachment_member, tvb, 0, 0, member->name);
        proto_item_append_text(item, ", %" G_GUINT64_FORMAT " bytes%s", member->size,
                               member->encrypted ? ", encrypted" : "");
        proto_item_set_generated(item);
    }
}

void tree_content_draw_attachment(proto_tree *tree, tvbuff_t *tvb, part_analysis *part)
{
    if (proto_field_is_referenced(tree, hf_mailxtra_attachment_detected_type)) {
        file_type detected = part_analysis_type(part);
        if (detected.type)
            proto_item_set_generated(
                proto_tree_add_string(tree, hf_mailxtra_attachment_detected_type, tvb, 0, 0, detected.type));
    }
    if (proto_field_is_referenced(tree, hf_mailxtra_attachment_member)) {
        const archive_listing *listing = part_analysis_listing(part);
        if (listing)
            draw_members(tree, tvb, listing);
    }
}

/* ---- links ---- */

void tree_content_draw_urls(proto_tree *parent, tvbuff_t *tvb, part_analysis *part)
{
    const url_list *urls = part_analysis_urls(part);
    proto_item *item;
    if (urls->urls->len == 0)
        return;
    proto_tree *tree =
        proto_tree_add_subtree_format(parent, tvb, 0, 0, ett_mailxtra_urls, &item, "Links: %u", urls->urls->len);
    proto_item_set_generated(item);
    for (guint i = 0; i < urls->urls->len && drawing_has_room_inside(tree); i++)
        proto_item_set_generated(
            proto_tree_add_string(tree, hf_mailxtra_part_url, tvb, 0, 0, g_ptr_array_index(urls->urls, i)));
}

/* ---- media types ---- */

const char *tree_content_media_type(const char *type)
{
    static const struct {
        const char *type, *known;
    } names[] = {{"application/x-pkcs7-mime", "application/pkcs7-mime"},
                 {"application/x-pkcs7-signature", "application/pkcs7-signature"},
                 {"application/vnd.ms-tnef", "application/ms-tnef"},
                 {"image/jpg", "image/jpeg"},
                 {"image/pjpeg", "image/jpeg"},
                 {"image/x-png", "image/png"}};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(type, names[i].type) == 0)
            return names[i].known;
    }
    return type;
}
