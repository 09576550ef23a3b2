/* tree_content.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tree_content.h"

#include "mailxtra_fields.h"

#include "../core/attachment_check.h"
#include "../core/part_content.h"

/* ---- attachments ---- */

/* What the mail declares: a part without Content-Type declares nothing. One that was derived has no header, but a type.
 */
static const char *declared_type(const mime_part *part)
{
    return !part->fields || mime_part_field(part, "Content-Type") ? part->type : NULL;
}

static void draw_members(proto_tree *parent, packet_info *pinfo, tvbuff_t *tvb, const archive_listing *listing)
{
    proto_item *item;
    if (listing->members->len == 0)
        return;
    proto_tree *tree = proto_tree_add_subtree_format(parent, tvb, 0, 0, ett_mailxtra_members, &item,
                                                     "Members: %" G_GUINT64_FORMAT, listing->count);
    proto_item_set_generated(item);
    for (guint i = 0; i < listing->members->len; i++) {
        const archive_member *member = g_ptr_array_index(listing->members, i);
        item = proto_tree_add_string(tree, hf_mailxtra_attachment_member, tvb, 0, 0,
                                     wmem_strdup(pinfo->pool, member->name));
        proto_item_append_text(item, ", %" G_GUINT64_FORMAT " bytes%s", member->size,
                               member->encrypted ? ", encrypted" : "");
        proto_item_set_generated(item);
    }
}

void tree_content_draw_attachment(proto_tree *tree, proto_item *item, packet_info *pinfo, tvbuff_t *tvb,
                                  const mime_part *part, slice bytes)
{
    gboolean type = proto_field_is_referenced(tree, hf_mailxtra_attachment_detected_type);
    gboolean members = proto_field_is_referenced(tree, hf_mailxtra_attachment_member);
    gboolean check = mailxtra_wants_anomalies(tree, ATTACHMENT_CHECK_ANOMALIES);
    attachment_facts facts = {declared_type(part), part->filename, {0}, NULL, part->complete};
    if (type || check)
        facts.detected = file_type_detect(bytes);
    if (type && facts.detected.type)
        proto_item_set_generated(
            proto_tree_add_string(tree, hf_mailxtra_attachment_detected_type, tvb, 0, 0, facts.detected.type));
    archive_listing *listing = members || check ? archive_listing_read(bytes) : NULL;
    if (listing && members)
        draw_members(tree, pinfo, tvb, listing);
    /* what is in a document or a program is a part of it */
    facts.listing = facts.detected.traits & FILE_TRAIT_ARCHIVE ? listing : NULL;
    if (check)
        mailxtra_add_anomalies(pinfo, item, attachment_check(&facts));
    archive_listing_free(listing);
}

/* ---- links ---- */

gboolean tree_content_wants_urls(proto_tree *tree)
{
    return proto_field_is_referenced(tree, hf_mailxtra_part_url);
}

anomaly_set tree_content_draw_urls(proto_tree *parent, packet_info *pinfo, tvbuff_t *tvb, const mime_part *part,
                                   const char *text)
{
    url_list urls = part_content_urls(part, text);
    if (urls.urls->len) {
        proto_item *item;
        proto_tree *tree =
            proto_tree_add_subtree_format(parent, tvb, 0, 0, ett_mailxtra_urls, &item, "Links: %u", urls.urls->len);
        proto_item_set_generated(item);
        for (guint i = 0; i < urls.urls->len; i++)
            proto_item_set_generated(proto_tree_add_string(tree, hf_mailxtra_part_url, tvb, 0, 0,
                                                           wmem_strdup(pinfo->pool, g_ptr_array_index(urls.urls, i))));
    }
    anomaly_set met = urls.has_more ? ANOMALY_BIT(ANOMALY_CONTENT_LIMIT) : 0;
    url_list_clear(&urls);
    return met;
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
