/* tree_message.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Everything here is made anew whenever the frame is drawn, from the message's bytes alone. Nothing is
 * parsed when nobody looks: no tree, no columns, no listener.
 */
#include "tree_message.h"

#include "attachment_walk.h"

#include "export_object.h"
#include "guarded_call.h"
#include "mailxtra_fields.h"
#include "prefs.h"
#include "record_view.h"
#include "save_tap.h"
#include "text.h"
#include "tree_content.h"
#include "tree_imap.h"
#include "tree_trace.h"

#include "../core/mime_parser.h"
#include "../core/part_content.h"

/* gui.max_tree_items (a million) is an error for the whole frame; ours stop well before. */
#define LIMIT_TREE_ITEMS 400000

/* Lines of one text part in the tree. */
#define LIMIT_TEXT_LINES 20000

/* Bytes of a preamble or epilogue in the tree; the usual ones are a line. */
#define LIMIT_AROUND_BYTES 4096

static dissector_table_t media_types;
static dissector_handle_t data_handle;

void tree_message_handoff(void)
{
    media_types = find_dissector_table("media_type");
    data_handle = find_dissector("data");
}

/* What is being drawn. */
typedef struct message_drawing {
    stored_message *stored;
    const mime_message *mime; /* the message, or a mail that came out of one of its parts */
    tvbuff_t *whole; /* the bytes that offsets count in: the message's, or a decoded body's; NULL when there are none */
    packet_info *pinfo;
    tvbuff_t **sources;  /* of mime->sources, as far as they are drawn */
    part_budget *budget; /* of all that comes out of the message's parts */
} message_drawing;

static gboolean has_room(proto_tree *tree)
{
    return tree && PTREE_DATA(tree)->count < LIMIT_TREE_ITEMS;
}

/* A string that stands at [offset, offset+length) of the message. */
static proto_item *add_string(const message_drawing *drawing, proto_tree *tree, int field, gsize offset, gsize length,
                              const char *value)
{
    return value && drawing->whole
               ? proto_tree_add_string(tree, field, drawing->whole, (gint)offset, (gint)length, value)
               : NULL;
}

/* The drawing of what counts in that source: a decoded body gets a data source of its own. */
static message_drawing in_source(const message_drawing *drawing, const mime_source *source)
{
    message_drawing inner = *drawing;
    if (!drawing->whole)
        return inner;
    if (!drawing->sources[source->index])
        drawing->sources[source->index] = record_view_copy(
            drawing->sources[0], drawing->pinfo, source->bytes,
            wmem_strdup_printf(drawing->pinfo->pool, "Decoded part %s: %s", source->part->path, source->part->type));
    inner.whole = drawing->sources[source->index];
    return inner;
}

/* ---- hashes ---- */

/* Adds the digest only when somebody looks at it. `path`: of the part; "": the message. */
static void add_digest(const message_drawing *drawing, proto_tree *tree, int field, tvbuff_t *tvb, GChecksumType type,
                       const char *path, slice bytes)
{
    if (proto_field_is_referenced(tree, field))
        proto_item_set_generated(
            proto_tree_add_string(tree, field, tvb, 0, 0, message_store_digest(drawing->stored, type, path, bytes)));
}

/* ---- header ---- */

static void draw_fields(const message_drawing *drawing, proto_tree *parent, const GPtrArray *fields, gsize offset,
                        gsize length)
{
    if (fields->len == 0 || !drawing->whole || !has_room(parent))
        return;
    proto_item *item =
        proto_tree_add_item(parent, hf_mailxtra_header, drawing->whole, (gint)offset, (gint)length, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_header);
    proto_item_append_text(item, ": %u fields", fields->len);
    for (guint i = 0; i < fields->len && has_room(tree); i++) {
        const header_field *field = g_ptr_array_index(fields, i);
        proto_tree *line =
            proto_tree_add_subtree_format(tree, drawing->whole, (gint)field->offset, (gint)field->length,
                                          ett_mailxtra_field, &item, "%s: %s", field->name, field->value);
        add_string(drawing, line, hf_mailxtra_header_name, field->offset, MIN(strlen(field->name), field->length),
                   field->name);
        add_string(drawing, line, hf_mailxtra_header_value, field->offset, field->length, field->value);
        mailxtra_add_anomalies(drawing->pinfo, item, field->anomalies);
    }
}

static void draw_header(const message_drawing *drawing, proto_tree *parent, const mime_part *part)
{
    draw_fields(drawing, parent, part->fields, part->header_offset, part->header_length);
}

/* The headers that a body consists of, as in a delivery status. */
static void draw_blocks(const message_drawing *drawing, proto_tree *parent, const mime_part *part)
{
    if (!part->blocks)
        return;
    message_drawing inner = in_source(drawing, part->block_source);
    for (guint i = 0; i < part->blocks->len; i++) {
        const mime_block *block = g_ptr_array_index(part->blocks, i);
        draw_fields(&inner, parent, block->fields, block->offset, block->length);
    }
}

static void draw_summary_field(const message_drawing *drawing, proto_tree *tree, int hf, const char *name)
{
    const header_field *field = mime_part_field(drawing->mime->root, name);
    if (field)
        add_string(drawing, tree, hf, field->offset, field->length, field->value);
}

/* ---- parts ---- */

static void draw_text_lines(const message_drawing *drawing, proto_tree *parent, tvbuff_t *tvb, char *text)
{
    proto_tree *tree = proto_tree_add_subtree(parent, tvb, 0, -1, ett_mailxtra_text, NULL, "Text");
    char *line = text;
    for (guint count = 0; *line && count < LIMIT_TEXT_LINES && has_room(tree); count++) {
        char *end = strchr(line, '\n');
        char *next = end ? end + 1 : line + strlen(line);
        if (!end)
            end = next;
        if (end > line && end[-1] == '\r')
            end--;
        proto_tree_add_string(tree, hf_mailxtra_part_text, tvb, 0, 0,
                              wmem_strndup(drawing->pinfo->pool, line, (gsize)(end - line)));
        line = next;
    }
}

/* Lines and links of a text, if somebody looks at them or at what its charset does. */
static void draw_text(const message_drawing *drawing, proto_tree *tree, const mime_part *part, tvbuff_t *tvb,
                      slice decoded, anomaly_set *anomalies)
{
    gboolean lines = proto_field_is_referenced(tree, hf_mailxtra_part_text), urls = tree_content_wants_urls(tree);
    anomaly_set met = ANOMALY_BIT(ANOMALY_UNKNOWN_CHARSET) | ANOMALY_BIT(ANOMALY_BAD_CHARSET_BYTES);
    if (!lines && !urls && !mailxtra_wants_anomalies(tree, met))
        return;
    char *text = mime_part_text(drawing->mime, part, decoded.data, decoded.len, &met);
    *anomalies |= met;
    if (lines)
        draw_text_lines(drawing, tree, tvb, text);
    if (urls)
        *anomalies |= tree_content_draw_urls(tree, drawing->pinfo, tvb, part, text);
    g_free(text);
}

static void call_media(const message_drawing *drawing, proto_tree *tree, const mime_part *part, tvbuff_t *tvb)
{
    dissector_handle_t handle = dissector_get_string_handle(media_types, tree_content_media_type(part->type));
    /* a cut PNG is not a malformed one; "data" says nothing, and in JSON says it with three characters for each byte */
    if (handle && handle != data_handle && mailxtra_prefs.call_media && part->complete && tvb_captured_length(tvb))
        guarded_call(handle, tvb, drawing->pinfo, tree, NULL);
}

static void draw_attachment(const message_drawing *drawing, proto_tree *parent, const mime_part *part, tvbuff_t *tvb,
                            slice bytes)
{
    proto_item *item = proto_tree_add_item(parent, hf_mailxtra_attachment, tvb, 0, -1, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_attachment);
    proto_item_append_text(item, ": %s, %s, %" G_GSIZE_FORMAT " bytes%s", part->filename ? part->filename : "(no name)",
                           part->type, bytes.len, part->complete ? "" : ", INCOMPLETE");
    if (part->filename)
        proto_tree_add_string(tree, hf_mailxtra_attachment_filename, tvb, 0, 0, part->filename);
    proto_tree_add_string(tree, hf_mailxtra_attachment_type, tvb, 0, 0, part->type);
    proto_tree_add_uint64(tree, hf_mailxtra_attachment_size, tvb, 0, 0, bytes.len);
    proto_tree_add_boolean(tree, hf_mailxtra_attachment_complete, tvb, 0, 0, part->complete);
    add_digest(drawing, tree, hf_mailxtra_attachment_md5, tvb, G_CHECKSUM_MD5, part->path, bytes);
    add_digest(drawing, tree, hf_mailxtra_attachment_sha1, tvb, G_CHECKSUM_SHA1, part->path, bytes);
    add_digest(drawing, tree, hf_mailxtra_attachment_sha256, tvb, G_CHECKSUM_SHA256, part->path, bytes);
    tree_content_draw_attachment(tree, item, drawing->pinfo, tvb, part, bytes);
}

/* The name of a part's data source. */
static const char *source_name(const message_drawing *drawing, const mime_part *part)
{
    return wmem_strdup_printf(drawing->pinfo->pool, "Part %s: %s", part->path,
                              part->filename ? part->filename : part->type);
}

static void draw_protection(proto_tree *tree, tvbuff_t *tvb, const mime_part *part, slice decoded,
                            anomaly_set *anomalies)
{
    const char *protection = part_content_protection(part, decoded);
    if (!protection)
        return;
    proto_item_set_generated(proto_tree_add_string(tree, hf_mailxtra_part_protection, tvb, 0, 0, protection));
    if (strcmp(protection, "encrypted") == 0)
        *anomalies |= ANOMALY_BIT(ANOMALY_ENCRYPTED_CONTENT);
}

static void draw_part(const message_drawing *drawing, proto_tree *parent, const mime_part *part);
static void draw_content(const message_drawing *drawing, proto_tree *tree, const mime_part *part, slice bytes,
                         anomaly_set *anomalies);

/* Everything that the decoded bytes of a leaf say. */
static void draw_bytes(const message_drawing *drawing, proto_tree *tree, const mime_part *part, tvbuff_t *tvb,
                       slice bytes, anomaly_set *anomalies)
{
    proto_item_set_generated(proto_tree_add_uint64(tree, hf_mailxtra_part_size, tvb, 0, 0, bytes.len));
    draw_protection(tree, tvb, part, bytes, anomalies);
    if (attachment_walk_counts(part))
        draw_attachment(drawing, tree, part, tvb, bytes);
    if (part_content_is_text(part))
        draw_text(drawing, tree, part, tvb, bytes, anomalies);
    call_media(drawing, tree, part, tvb);
    draw_content(drawing, tree, part, bytes, anomalies);
}

static void draw_leaf(const message_drawing *drawing, proto_tree *tree, const mime_part *part, anomaly_set *anomalies)
{
    anomaly_set met = 0;
    GByteArray *decoded = mime_part_decode(drawing->mime, part, &met);
    slice bytes = {decoded->data, decoded->len};
    tvbuff_t *tvb = record_view_copy(drawing->whole, drawing->pinfo, bytes, source_name(drawing, part));
    *anomalies |= met;
    draw_bytes(drawing, tree, part, tvb, bytes, anomalies);
    g_byte_array_unref(decoded);
}

/* ---- what came out of a part ---- */

/* A mail out of S/MIME: its header and its parts. */
static void draw_derived_mail(const message_drawing *outer, proto_tree *tree, const derived_part *derived,
                              tvbuff_t *tvb)
{
    message_drawing drawing = *outer;
    drawing.mime = derived->message;
    drawing.whole = tvb;
    drawing.sources = wmem_alloc0_array(outer->pinfo->pool, tvbuff_t *, derived->message->sources->len);
    drawing.sources[0] = tvb;
    draw_header(&drawing, tree, drawing.mime->root);
    draw_part(&drawing, tree, drawing.mime->root);
}

static void draw_derived(const message_drawing *drawing, proto_tree *parent, const derived_part *derived)
{
    const mime_part *part = &derived->part;
    tvbuff_t *tvb = record_view_copy(drawing->whole, drawing->pinfo, derived->bytes, source_name(drawing, part));
    if (derived->message && !part->is_attachment) {
        draw_derived_mail(drawing, parent, derived, tvb);
        return;
    }
    proto_item *item = proto_tree_add_item(parent, hf_mailxtra_part, tvb, 0, -1, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_part);
    anomaly_set anomalies = part->anomalies;
    proto_item_append_text(item, " %s: %s%s%s", part->path, part->type, part->filename ? ", " : "",
                           part->filename ? part->filename : "");
    proto_tree_add_string(tree, hf_mailxtra_part_path, tvb, 0, 0, part->path);
    proto_tree_add_string(tree, hf_mailxtra_part_type, tvb, 0, 0, part->type);
    if (part->filename)
        proto_tree_add_string(tree, hf_mailxtra_part_filename, tvb, 0, 0, part->filename);
    draw_bytes(drawing, tree, part, tvb, derived->bytes, &anomalies);
    if (derived->message)
        draw_derived_mail(drawing, tree, derived, tvb);
    mailxtra_add_anomalies(drawing->pinfo, item, anomalies);
}

static void draw_content(const message_drawing *drawing, proto_tree *tree, const mime_part *part, slice bytes,
                         anomaly_set *anomalies)
{
    part_content *content = part_content_open(part, bytes, drawing->budget);
    if (!content)
        return;
    *anomalies |= content->anomalies;
    for (guint i = 0; i < content->parts->len && has_room(tree); i++)
        draw_derived(drawing, tree, g_ptr_array_index(content->parts, i));
    part_content_close(content, drawing->budget);
}

/* ---- the tree of parts ---- */

/* An attached message is shown as a message, and exported as a file when it is an attachment. */
static void draw_inner_message(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    const mime_part *root = g_ptr_array_index(part->children, 0);
    gsize size = root->source == part->source ? part->body_length : root->source->bytes.len;
    proto_item_set_generated(proto_tree_add_uint64(tree, hf_mailxtra_part_size, drawing->whole, 0, 0, size));
    if (!attachment_walk_counts(part))
        return;
    GByteArray *decoded = mime_part_decode(drawing->mime, part, NULL);
    slice bytes = {decoded->data, decoded->len};
    tvbuff_t *tvb = record_view_copy(drawing->whole, drawing->pinfo, bytes, source_name(drawing, part));
    draw_attachment(drawing, tree, part, tvb, bytes);
    g_byte_array_unref(decoded);
}

static void draw_parameters(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    for (guint i = 0; i < part->parameters->len && has_room(tree); i++) {
        const mime_parameter *parameter = g_ptr_array_index(part->parameters, i);
        proto_tree *line = proto_tree_add_subtree_format(tree, drawing->whole, (gint)part->header_offset,
                                                         (gint)part->header_length, ett_mailxtra_parameter, NULL,
                                                         "Parameter: %s=%s", parameter->name, parameter->value);
        add_string(drawing, line, hf_mailxtra_part_param_name, part->header_offset, part->header_length,
                   parameter->name);
        add_string(drawing, line, hf_mailxtra_part_param_value, part->header_offset, part->header_length,
                   parameter->value);
    }
}

static void draw_number(const message_drawing *drawing, proto_tree *tree, int hf, const mime_part *part,
                        const char *parameter)
{
    const char *value = mime_part_parameter(part, parameter);
    if (value && g_ascii_isdigit(value[0]))
        proto_tree_add_uint(tree, hf, drawing->whole, (gint)part->header_offset, (gint)part->header_length,
                            (guint32)MIN(g_ascii_strtoull(value, NULL, 10), G_MAXUINT32));
}

/* message/partial and message/external-body. */
static void draw_message_parameters(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    if (strcmp(part->type, "message/partial") == 0) {
        add_string(drawing, tree, hf_mailxtra_part_partial_id, part->header_offset, part->header_length,
                   mime_part_parameter(part, "id"));
        draw_number(drawing, tree, hf_mailxtra_part_partial_number, part, "number");
        draw_number(drawing, tree, hf_mailxtra_part_partial_total, part, "total");
    } else if (strcmp(part->type, "message/external-body") == 0) {
        add_string(drawing, tree, hf_mailxtra_part_access_type, part->header_offset, part->header_length,
                   mime_part_parameter(part, "access-type"));
    }
}

/* Preamble or epilogue, if there is more in it than line ends. */
static void draw_text_around(const message_drawing *drawing, proto_tree *tree, int hf, gsize offset, gsize length)
{
    gsize shown = MIN(length, LIMIT_AROUND_BYTES);
    const guint8 *bytes = shown ? tvb_get_ptr(drawing->whole, (gint)offset, (gint)shown) : NULL;
    const char *text = shown ? text_utf8(drawing->pinfo, (slice){bytes, shown}) : "";
    if (text[strspn(text, " \t\r\n")])
        add_string(drawing, tree, hf, offset, length, text);
}

static void draw_parts(const message_drawing *drawing, proto_tree *tree, const GPtrArray *parts);

static void draw_part(const message_drawing *around, proto_tree *parent, const mime_part *part)
{
    if (!around->whole || !has_room(parent))
        return;
    message_drawing own = in_source(around, part->source), *drawing = &own;
    proto_item *item = proto_tree_add_item(parent, hf_mailxtra_part, drawing->whole, (gint)part->header_offset,
                                           (gint)(part->body_offset + part->body_length - part->header_offset), ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_part);
    anomaly_set anomalies = part->anomalies;
    proto_item_append_text(item, "%s%s: %s%s%s%s", *part->path ? " " : "", part->path, part->type,
                           part->filename ? ", " : "", part->filename ? part->filename : "",
                           part->complete ? "" : " [incomplete]");
    if (*part->path)
        add_string(drawing, tree, hf_mailxtra_part_path, part->header_offset, 0, part->path);
    add_string(drawing, tree, hf_mailxtra_part_type, part->header_offset, part->header_length, part->type);
    add_string(drawing, tree, hf_mailxtra_part_charset, part->header_offset, part->header_length, part->charset);
    add_string(drawing, tree, hf_mailxtra_part_encoding, part->header_offset, part->header_length, part->encoding_name);
    add_string(drawing, tree, hf_mailxtra_part_disposition, part->header_offset, part->header_length,
               part->disposition);
    add_string(drawing, tree, hf_mailxtra_part_filename, part->header_offset, part->header_length, part->filename);
    add_string(drawing, tree, hf_mailxtra_part_other_filename, part->header_offset, part->header_length,
               part->other_filename);
    add_string(drawing, tree, hf_mailxtra_part_description, part->header_offset, part->header_length,
               part->description);
    add_string(drawing, tree, hf_mailxtra_part_content_id, part->header_offset, part->header_length, part->content_id);
    proto_tree_add_uint64(tree, hf_mailxtra_part_encoded_size, drawing->whole, (gint)part->body_offset,
                          (gint)part->body_length, part->body_length);
    draw_parameters(drawing, tree, part);
    draw_message_parameters(drawing, tree, part);
    if (part->parent)
        draw_header(drawing, tree, part);
    if (part->children)
        draw_protection(tree, drawing->whole, part, SLICE_EMPTY, &anomalies);
    draw_blocks(drawing, tree, part);
    draw_text_around(drawing, tree, hf_mailxtra_part_preamble, part->preamble_offset, part->preamble_length);
    if (part->is_message)
        draw_inner_message(drawing, tree, part);
    else if (!part->children)
        draw_leaf(drawing, tree, part, &anomalies);
    draw_parts(drawing, tree, part->children);
    draw_parts(drawing, tree, part->embedded);
    draw_text_around(drawing, tree, hf_mailxtra_part_epilogue, part->epilogue_offset, part->epilogue_length);
    mailxtra_add_anomalies(drawing->pinfo, item, anomalies);
}

static void draw_parts(const message_drawing *drawing, proto_tree *tree, const GPtrArray *parts)
{
    for (guint i = 0; parts && i < parts->len; i++)
        draw_part(drawing, tree, g_ptr_array_index(parts, i));
}

/* ---- the message ---- */

static void draw_fragments(const message_drawing *drawing, proto_tree *tree)
{
    proto_item *item;
    if (drawing->whole)
        show_fragment_seq_tree(message_store_fragments(drawing->stored, drawing->pinfo), &mailxtra_fragment_items, tree,
                               drawing->pinfo, drawing->whole, &item);
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
static void draw_section(const message_drawing *drawing, tvbuff_t *frame_tvb, proto_tree *parent)
{
    stored_message *stored = drawing->stored;
    const imap_facts *facts = stored->imap;
    tvbuff_t *tvb = drawing->whole ? drawing->whole : frame_tvb;
    proto_item *item = proto_tree_add_item(parent, facts->is_header ? hf_mailxtra_imap_header : hf_mailxtra_imap_part,
                                           tvb, 0, drawing->whole ? -1 : 0, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_message);
    proto_item_append_text(item, ": %s", facts->section);
    tree_imap_draw_facts(tree, tvb, facts);
    if (stored->not_fetched)
        proto_item_set_generated(
            proto_tree_add_uint64(tree, hf_mailxtra_message_not_fetched, tvb, 0, 0, stored->not_fetched));
    draw_fragments(drawing, tree);
    if (facts->is_header)
        draw_header(drawing, tree, drawing->mime->root);
    else
        draw_part(drawing, tree, drawing->mime->root);
    mailxtra_add_anomalies(drawing->pinfo, item, stored->anomalies | (facts->is_header ? 0 : drawing->mime->anomalies));
}

static void draw_tree(const message_drawing *drawing, tvbuff_t *frame_tvb, proto_tree *parent)
{
    stored_message *stored = drawing->stored;
    tvbuff_t *tvb = drawing->whole ? drawing->whole : frame_tvb;
    if (stored->imap && stored->imap->section) {
        draw_section(drawing, frame_tvb, parent);
        return;
    }
    proto_item *item = proto_tree_add_item(parent, hf_mailxtra_message, tvb, 0, drawing->whole ? -1 : 0, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_message);
    gboolean complete = message_store_is_complete(stored);
    proto_item_append_text(item, ": %s%s", stored->summary ? stored->summary : "", complete ? "" : " [INCOMPLETE]");
    proto_item_set_generated(proto_tree_add_uint64(tree, hf_mailxtra_message_size, tvb, 0, 0, stored->size));
    proto_item_set_generated(proto_tree_add_boolean(tree, hf_mailxtra_message_complete, tvb, 0, 0, complete));
    proto_item_set_generated(proto_tree_add_uint64(tree, hf_mailxtra_message_missing, tvb, 0, 0, stored->missing));
    if (stored->not_fetched)
        proto_item_set_generated(
            proto_tree_add_uint64(tree, hf_mailxtra_message_not_fetched, tvb, 0, 0, stored->not_fetched));
    draw_envelope(drawing, tree, tvb);
    if (stored->imap)
        tree_imap_draw_facts(tree, tvb, stored->imap);
    draw_summary_field(drawing, tree, hf_mailxtra_message_from, "From");
    draw_summary_field(drawing, tree, hf_mailxtra_message_to, "To");
    draw_summary_field(drawing, tree, hf_mailxtra_message_cc, "Cc");
    draw_summary_field(drawing, tree, hf_mailxtra_message_subject, "Subject");
    draw_summary_field(drawing, tree, hf_mailxtra_message_date, "Date");
    draw_summary_field(drawing, tree, hf_mailxtra_message_id, "Message-ID");
    add_digest(drawing, tree, hf_mailxtra_message_sha256, tvb, G_CHECKSUM_SHA256, "", message_store_bytes(stored));
    draw_fragments(drawing, tree);
    tree_trace_draw(stored, drawing->mime, tvb, drawing->pinfo, tree, item);
    draw_header(drawing, tree, drawing->mime->root);
    draw_part(drawing, tree, drawing->mime->root);
    mailxtra_add_anomalies(drawing->pinfo, item, stored->anomalies | drawing->mime->anomalies);
}

static void append_field(GString *text, const mime_message *mime, const char *label, const char *name)
{
    const header_field *field = mime_part_field(mime->root, name);
    if (field)
        g_string_append_printf(text, "%s%s: %s", text->len ? ", " : "", label, field->value);
}

/* "from: ..., subject: ..., attachments: a.pdf, b.jpg" */
static void make_summary(stored_message *stored, const mime_message *mime)
{
    GString *text = g_string_new(NULL);
    guint count = 0;
    if (stored->imap && stored->imap->section)
        g_string_append_printf(text, "part %s", stored->imap->section);
    append_field(text, mime, "from", "From");
    append_field(text, mime, "subject", "Subject");
    for (guint i = 0; i < mime->parts->len && count < 5; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        if (!attachment_walk_counts(part))
            continue;
        if (++count == 5)
            g_string_append(text, ", ...");
        else
            g_string_append_printf(text, "%s%s", count == 1 ? (text->len ? ", attachments: " : "attachments: ") : ", ",
                                   part->filename ? part->filename : part->type);
    }
    stored->summary = wmem_strdup(wmem_file_scope(), text->str);
    g_string_free(text, TRUE);
}

static void fill_columns(const stored_message *stored, packet_info *pinfo)
{
    if (stored->imap && stored->imap->is_header)
        return;
    col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", *stored->summary ? stored->summary : "message without header");
    if (!message_store_is_complete(stored))
        col_append_str(pinfo->cinfo, COL_INFO, " [incomplete]");
}

void tree_message_draw(stored_message *stored, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    gboolean wants_columns = col_get_writable(pinfo->cinfo, COL_INFO);
    save_tap_offer(stored, pinfo);
    gboolean wants_export = export_object_is_wanted();
    if (!tree && !wants_export && (!wants_columns || stored->summary)) {
        if (wants_columns)
            fill_columns(stored, pinfo);
        return;
    }
    mime_message *mime = message_store_parse(stored);
    if (!stored->summary)
        make_summary(stored, mime);
    if (wants_columns)
        fill_columns(stored, pinfo);
    part_budget budget = {0};
    message_drawing drawing = {stored,
                               mime,
                               record_view_message(stored, tvb, pinfo),
                               pinfo,
                               wmem_alloc0_array(pinfo->pool, tvbuff_t *, mime->sources->len),
                               &budget};
    drawing.sources[0] = drawing.whole;
    if (tree)
        draw_tree(&drawing, tvb, tree);
    if (wants_export)
        export_object_offer(stored, mime, pinfo);
    mime_message_free(mime);
}
