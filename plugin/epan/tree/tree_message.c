/* tree_message.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Everything here is made anew whenever the frame is drawn, from the message's analysis. Nothing that is found hangs on
 * it: findings become expert infos when the tree is drawn, or could not be drawn to its end, or is not drawn at all.
 */
#include "tree_message.h"

#include "drawing.h"
#include "mailxtra_fields.h"
#include "message_reassembly.h"
#include "tree_imap.h"
#include "tree_part.h"
#include "tree_trace.h"

/* ---- findings ---- */

static gboolean wants_content(proto_tree *tree)
{
    return mailxtra_wants_anomalies(tree, message_findings_of_content());
}

/* The item of what the finding is about, as far as that was drawn. */
static proto_item *item_of(const message_drawing *drawing, proto_item *message_item, const message_finding *finding)
{
    proto_item *item = NULL;
    if (finding->field)
        item = wmem_map_lookup(drawing->items, finding->field);
    if (!item && finding->part)
        item = wmem_map_lookup(drawing->items, finding->part);
    return item ? item : message_item;
}

/* What is being drawn of one message. */
typedef struct one_message {
    message_drawing drawing;
    tvbuff_t *frame_tvb;
    proto_tree *parent;
    proto_item *item; /* of the message, once it is there */
    const GPtrArray *findings;
    guint next; /* finding */
} one_message;

static void add_findings(void *user)
{
    one_message *one = user;
    while (one->next < one->findings->len) {
        const message_finding *finding = g_ptr_array_index(one->findings, one->next++);
        mailxtra_add_anomaly_text(one->drawing.pinfo, item_of(&one->drawing, one->item, finding), finding->kind,
                                  finding->text);
    }
}

void tree_message_list_findings(stored_message *stored, packet_info *pinfo)
{
    one_message one = {.drawing = {.pinfo = pinfo}};
    one.drawing.items = wmem_map_new(pinfo->pool, g_direct_hash, g_direct_equal);
    one.findings = message_facts_findings(stored, message_facts(stored, pinfo), FINDINGS_ALL, TRUE);
    add_findings(&one);
}

/* ---- the tree ---- */

static void add_generated_size(proto_tree *tree, int field, tvbuff_t *tvb, guint64 size)
{
    proto_item_set_generated(proto_tree_add_uint64(tree, field, tvb, 0, 0, size));
}

static void draw_summary_field(const message_drawing *drawing, proto_tree *tree, int hf, const char *name)
{
    const header_field *field = mime_part_field(drawing->mime->root, name);
    if (field)
        tree_part_add_string(drawing, tree, hf, field->offset, field->length, field->value);
}

static void draw_addresses(const message_drawing *drawing, proto_tree *tree, int hf, const char *name)
{
    const GPtrArray *addresses =
        proto_field_is_referenced(tree, hf) ? message_analysis_addresses(drawing->analysis, name) : NULL;
    for (guint i = 0; addresses && i < addresses->len && drawing->whole; i++) {
        proto_item *item = tree_part_add_string(drawing, tree, hf, 0, 0, g_ptr_array_index(addresses, i));
        proto_item_set_generated(item);
        proto_item_set_hidden(item); /* the field itself shows it */
    }
}

static void draw_time(const message_drawing *drawing, proto_tree *tree, tvbuff_t *tvb)
{
    gint64 epoch;
    if (!proto_field_is_referenced(tree, hf_mailxtra_message_time) || !message_analysis_date(drawing->analysis, &epoch))
        return;
    nstime_t time = {(time_t)epoch, 0};
    proto_item_set_generated(proto_tree_add_time(tree, hf_mailxtra_message_time, tvb, 0, 0, &time));
}

static void draw_fragments(const message_drawing *drawing, proto_tree *tree)
{
    if (drawing->whole)
        message_reassembly_draw(drawing->stored, &mailxtra_fragment_items, drawing->whole, drawing->pinfo, tree);
}

static void draw_envelope(const message_drawing *drawing, proto_tree *tree, tvbuff_t *tvb)
{
    const stored_message *stored = drawing->stored;
    if (stored->has_envelope_from)
        proto_item_set_generated(
            proto_tree_add_string(tree, hf_mailxtra_envelope_from, tvb, 0, 0, stored->envelope_from));
    for (char **recipient = stored->envelope_to; recipient && *recipient; recipient++)
        proto_item_set_generated(proto_tree_add_string(tree, hf_mailxtra_envelope_to, tvb, 0, 0, *recipient));
}

/* A header that was fetched by itself: its fields. A part: its tree. */
static void draw_section(one_message *one)
{
    const message_drawing *drawing = &one->drawing;
    stored_message *stored = drawing->stored;
    const imap_facts *facts = stored->imap;
    tvbuff_t *tvb = drawing->whole ? drawing->whole : one->frame_tvb;
    one->item = proto_tree_add_item(one->parent, facts->is_header ? hf_mailxtra_imap_header : hf_mailxtra_imap_part,
                                    tvb, 0, drawing->whole ? -1 : 0, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(one->item, ett_mailxtra_message);
    proto_item_append_text(one->item, ": %s", facts->section);
    tree_imap_draw_facts(tree, tvb, drawing->pinfo, facts);
    if (stored->not_fetched)
        add_generated_size(tree, hf_mailxtra_message_not_fetched, tvb, stored->not_fetched);
    draw_fragments(drawing, tree);
    if (facts->is_header)
        tree_part_draw_header(drawing, tree, drawing->mime->root);
    else
        tree_part_draw(drawing, tree, drawing->mime->root);
    drawing_add_more(tree, tvb, drawing->pinfo, *drawing->parts_left, "parts");
}

static void draw_message(one_message *one)
{
    const message_drawing *drawing = &one->drawing;
    stored_message *stored = drawing->stored;
    packet_info *pinfo = drawing->pinfo;
    tvbuff_t *tvb = drawing->whole ? drawing->whole : one->frame_tvb;
    one->item = proto_tree_add_item(one->parent, hf_mailxtra_message, tvb, 0, drawing->whole ? -1 : 0, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(one->item, ett_mailxtra_message);
    gboolean complete = message_store_is_complete(stored);
    proto_item_append_text(one->item, ": %s%s", message_facts_summary(stored, pinfo), complete ? "" : " [INCOMPLETE]");
    add_generated_size(tree, hf_mailxtra_message_size, tvb, stored->size);
    proto_item_set_generated(proto_tree_add_boolean(tree, hf_mailxtra_message_complete, tvb, 0, 0, complete));
    add_generated_size(tree, hf_mailxtra_message_missing, tvb, stored->missing);
    if (stored->not_fetched)
        add_generated_size(tree, hf_mailxtra_message_not_fetched, tvb, stored->not_fetched);
    draw_envelope(drawing, tree, tvb);
    if (stored->imap)
        tree_imap_draw_facts(tree, tvb, pinfo, stored->imap);
    draw_summary_field(drawing, tree, hf_mailxtra_message_from, "From");
    draw_addresses(drawing, tree, hf_mailxtra_message_from_address, "From");
    draw_summary_field(drawing, tree, hf_mailxtra_message_to, "To");
    draw_addresses(drawing, tree, hf_mailxtra_message_to_address, "To");
    draw_summary_field(drawing, tree, hf_mailxtra_message_cc, "Cc");
    draw_addresses(drawing, tree, hf_mailxtra_message_cc_address, "Cc");
    draw_summary_field(drawing, tree, hf_mailxtra_message_subject, "Subject");
    draw_summary_field(drawing, tree, hf_mailxtra_message_date, "Date");
    draw_time(drawing, tree, tvb);
    draw_summary_field(drawing, tree, hf_mailxtra_message_id, "Message-ID");
    if (proto_field_is_referenced(tree, hf_mailxtra_message_sha256))
        proto_item_set_generated(proto_tree_add_string(tree, hf_mailxtra_message_sha256, tvb, 0, 0,
                                                       message_facts_digest(stored, NULL, G_CHECKSUM_SHA256)));
    draw_fragments(drawing, tree);
    if (tree_trace_is_wanted(tree))
        tree_trace_draw(drawing, tvb, tree);
    tree_part_draw_header(drawing, tree, drawing->mime->root);
    tree_part_draw(drawing, tree, drawing->mime->root);
    drawing_add_more(tree, tvb, pinfo, *drawing->parts_left, "parts");
}

static void draw_tree(void *user)
{
    one_message *one = user;
    message_drawing *drawing = &one->drawing;
    drawing->whole = message_reassembly_tvb(drawing->stored, one->frame_tvb, drawing->pinfo);
    drawing->sources[0] = drawing->whole;
    if (message_store_is_mail(drawing->stored))
        draw_message(one);
    else
        draw_section(one);
}

void tree_message_draw(stored_message *stored, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    guint64 parts_left = 0;
    message_analysis *analysis = message_facts(stored, pinfo);
    const mime_message *mime = message_analysis_mime(analysis);
    one_message one = {
        .drawing = {.stored = stored,
                    .analysis = analysis,
                    .mime = mime,
                    .pinfo = pinfo,
                    .sources = wmem_alloc0_array(pinfo->pool, tvbuff_t *, mime->sources->len),
                    .items = wmem_map_new(pinfo->pool, g_direct_hash, g_direct_equal),
                    .parts_left = &parts_left},
        .frame_tvb = tvb,
        .parent = tree,
    };
    drawing_guard(draw_tree, &one, pinfo, tree, tvb);
    one.findings = message_facts_findings(stored, analysis, wants_content(tree) ? FINDINGS_ALL : FINDINGS_STRUCTURE,
                                          tree_trace_findings_are_wanted(tree));
    /* each time a limit ends this, the rest goes to the lists of expert infos alone */
    if (!drawing_guard(add_findings, &one, pinfo, NULL, tvb)) {
        one.item = NULL;
        one.drawing.items = wmem_map_new(pinfo->pool, g_direct_hash, g_direct_equal);
        add_findings(&one);
    }
}
