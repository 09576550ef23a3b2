/* tree_part.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A tree that is not shown, but searched by a filter, holds only the fields that the filter names: Wireshark counts
 * every item that is added, also those that it does not keep, so others are not even tried.
 */
#include "tree_part.h"

#include "drawing.h"
#include "mailxtra_fields.h"
#include "prefs.h"
#include "record_view.h"
#include "text.h"
#include "tree_content.h"

/* Lines of one text part in the tree. */
#define LIMIT_TEXT_LINES 20000

/* Bytes of a preamble or epilogue in the tree; the usual ones are a line. */
#define LIMIT_AROUND_BYTES 4096

static dissector_table_t media_types;
static dissector_handle_t data_handle;

void tree_part_handoff(void)
{
    media_types = find_dissector_table("media_type");
    data_handle = find_dissector("data");
}

static gboolean is_wanted(proto_tree *tree, int field)
{
    return tree && proto_field_is_referenced(tree, field);
}

proto_item *tree_part_add_string(const message_drawing *drawing, proto_tree *tree, int field, gsize offset,
                                 gsize length, const char *value)
{
    return value && drawing->whole && is_wanted(tree, field)
               ? proto_tree_add_string(tree, field, drawing->whole, (gint)offset, (gint)length, value)
               : NULL;
}

/* Opens the tree of an item; one that is not wanted is left out, and its parent is used. */
static proto_tree *open_item(proto_tree *parent, int field, tvbuff_t *tvb, gsize offset, gint length, gint subtree,
                             proto_item **item_r)
{
    *item_r = is_wanted(parent, field) ? proto_tree_add_item(parent, field, tvb, (gint)offset, length, ENC_NA) : parent;
    return *item_r == parent ? parent : proto_item_add_subtree(*item_r, subtree);
}

/* An item that no filter can name: in a shown tree only. */
static proto_tree *open_label(proto_tree *parent, tvbuff_t *tvb, gsize offset, gint length, gint subtree,
                              proto_item **item_r, const char *label)
{
    if (!PTREE_DATA(parent)->visible) {
        *item_r = parent;
        return parent;
    }
    return proto_tree_add_subtree(parent, tvb, (gint)offset, length, subtree, item_r, label);
}

static void add_generated_size(proto_tree *tree, int field, tvbuff_t *tvb, gsize size)
{
    if (is_wanted(tree, field))
        proto_item_set_generated(proto_tree_add_uint64(tree, field, tvb, 0, 0, size));
}

static const char *pool_text(const message_drawing *drawing, const char *format, ...) G_GNUC_PRINTF(2, 3);
static const char *pool_text(const message_drawing *drawing, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = wmem_strdup_vprintf(drawing->pinfo->pool, format, arguments);
    va_end(arguments);
    return text;
}

/* The drawing of what counts in that source: a decoded body gets a data source of its own. */
static message_drawing in_source(const message_drawing *drawing, const mime_source *source)
{
    message_drawing inner = *drawing;
    if (!drawing->whole)
        return inner;
    if (!drawing->sources[source->index])
        drawing->sources[source->index] =
            record_view_borrow(drawing->sources[0], drawing->pinfo, source->bytes,
                               pool_text(drawing, "Decoded part %s: %s", source->part->path, source->part->type));
    inner.whole = drawing->sources[source->index];
    return inner;
}

/* ---- header ---- */

static void draw_field(const message_drawing *drawing, proto_tree *tree, const header_field *field)
{
    proto_item *item;
    proto_tree *line = open_label(tree, drawing->whole, field->offset, (gint)field->length, ett_mailxtra_field, &item,
                                  pool_text(drawing, "%s: %s", field->name, field->value));
    tree_part_add_string(drawing, line, hf_mailxtra_header_name, field->offset, MIN(strlen(field->name), field->length),
                         field->name);
    tree_part_add_string(drawing, line, hf_mailxtra_header_value, field->offset, field->length, field->value);
    if (field->anomalies && !wmem_map_contains(drawing->items, field))
        wmem_map_insert(drawing->items, field, item);
}

static void draw_fields(const message_drawing *drawing, proto_tree *parent, const GPtrArray *fields, gsize offset,
                        gsize length)
{
    guint i = 0;
    if (fields->len == 0 || !drawing->whole || !drawing_has_room_inside(parent))
        return;
    proto_item *item;
    proto_tree *tree =
        open_item(parent, hf_mailxtra_header, drawing->whole, offset, (gint)length, ett_mailxtra_header, &item);
    if (item != parent)
        proto_item_append_text(item, ": %u fields", fields->len);
    for (; i < fields->len && drawing_has_room_inside(tree); i++)
        draw_field(drawing, tree, g_ptr_array_index(fields, i));
    drawing_add_more(tree, drawing->whole, drawing->pinfo, fields->len - i, "header fields");
}

void tree_part_draw_header(const message_drawing *drawing, proto_tree *parent, const mime_part *part)
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

/* ---- the decoded bytes ---- */

static guint64 count_lines(const char *text)
{
    guint64 lines = 0;
    for (; *text; lines++) {
        const char *end = strchr(text, '\n');
        text = end ? end + 1 : text + strlen(text);
    }
    return lines;
}

static void draw_text_lines(const message_drawing *drawing, proto_tree *parent, tvbuff_t *tvb, const char *text)
{
    proto_item *item;
    proto_tree *tree = open_label(parent, tvb, 0, -1, ett_mailxtra_text, &item, "Text");
    guint count = 0;
    for (; *text && count < LIMIT_TEXT_LINES && drawing_has_room_inside(tree); count++) {
        const char *end = strchr(text, '\n'), *next = end ? end + 1 : text + strlen(text);
        if (!end)
            end = next;
        if (end > text && end[-1] == '\r')
            end--;
        proto_tree_add_string(tree, hf_mailxtra_part_text, tvb, 0, 0,
                              wmem_strndup(drawing->pinfo->pool, text, (gsize)(end - text)));
        text = next;
    }
    drawing_add_more(tree, tvb, drawing->pinfo, count_lines(text), "lines");
}

/* Lines and links of a text. */
static void draw_text(const message_drawing *drawing, proto_tree *tree, part_analysis *one, tvbuff_t *tvb)
{
    if (is_wanted(tree, hf_mailxtra_part_text))
        draw_text_lines(drawing, tree, tvb, part_analysis_text(one));
    if (is_wanted(tree, hf_mailxtra_part_url))
        tree_content_draw_urls(tree, tvb, one);
}

/* What the stock dissector of such a part is expected to add: a text an item for each line, XML and JSON some for each
 * element, and S/MIME a layer for each certificate and attribute. */
static drawing_cost cost_of(const mime_part *part, slice bytes)
{
    drawing_cost cost = {1, 16};
    if (g_str_has_prefix(part->type, "text/")) {
        for (const guint8 *lf; bytes.len && (lf = memchr(bytes.data, '\n', bytes.len));
             bytes = slice_from(bytes, (gsize)(lf - bytes.data) + 1))
            cost.items++;
    } else if (g_str_has_suffix(part->type, "json") || g_str_has_suffix(part->type, "xml")) {
        cost.items += bytes.len / 6;
    } else if (strstr(part->type, "pkcs7")) {
        cost.layers = 60;
    }
    return cost;
}

/* The dissector that the part is handed to; NULL: none. A cut PNG is not a malformed one; "data" says nothing, and in
 * JSON says it with three characters for each byte. */
static dissector_handle_t media_handle(const mime_part *part)
{
    if (!mailxtra_prefs.call_media || !part->complete)
        return NULL;
    dissector_handle_t handle = dissector_get_string_handle(media_types, tree_content_media_type(part->type));
    return handle != data_handle ? handle : NULL;
}

static void call_media(const message_drawing *drawing, proto_tree *tree, const mime_part *part, tvbuff_t *tvb,
                       slice bytes)
{
    dissector_handle_t handle = media_handle(part);
    if (handle && bytes.len)
        drawing_call_later(handle, tvb, drawing->pinfo, tree, cost_of(part, bytes));
}

/* Adds the digest only when it is wanted. */
static void add_digest(const message_drawing *drawing, proto_tree *tree, int field, tvbuff_t *tvb, part_analysis *one,
                       GChecksumType type)
{
    if (is_wanted(tree, field))
        proto_item_set_generated(
            proto_tree_add_string(tree, field, tvb, 0, 0, message_facts_digest(drawing->stored, one, type)));
}

static void draw_attachment(const message_drawing *drawing, proto_tree *parent, part_analysis *one, tvbuff_t *tvb)
{
    const mime_part *part = part_analysis_part(one);
    gsize size = part_analysis_bytes(one).len;
    proto_item *item;
    proto_tree *tree = open_item(parent, hf_mailxtra_attachment, tvb, 0, -1, ett_mailxtra_attachment, &item);
    if (item != parent)
        proto_item_append_text(item, ": %s, %s, %" G_GSIZE_FORMAT " bytes%s",
                               part->filename ? part->filename : "(no name)", part->type, size,
                               part->complete ? "" : ", INCOMPLETE");
    if (part->filename && is_wanted(tree, hf_mailxtra_attachment_filename))
        proto_tree_add_string(tree, hf_mailxtra_attachment_filename, tvb, 0, 0, part->filename);
    if (is_wanted(tree, hf_mailxtra_attachment_type))
        proto_tree_add_string(tree, hf_mailxtra_attachment_type, tvb, 0, 0, part->type);
    if (is_wanted(tree, hf_mailxtra_attachment_size))
        proto_tree_add_uint64(tree, hf_mailxtra_attachment_size, tvb, 0, 0, size);
    if (is_wanted(tree, hf_mailxtra_attachment_complete))
        proto_tree_add_boolean(tree, hf_mailxtra_attachment_complete, tvb, 0, 0, part->complete);
    add_digest(drawing, tree, hf_mailxtra_attachment_md5, tvb, one, G_CHECKSUM_MD5);
    add_digest(drawing, tree, hf_mailxtra_attachment_sha1, tvb, one, G_CHECKSUM_SHA1);
    add_digest(drawing, tree, hf_mailxtra_attachment_sha256, tvb, one, G_CHECKSUM_SHA256);
    tree_content_draw_attachment(tree, tvb, one);
}

static void draw_protection(proto_tree *tree, tvbuff_t *tvb, part_analysis *one)
{
    const char *protection = is_wanted(tree, hf_mailxtra_part_protection) ? part_analysis_protection(one) : NULL;
    if (protection)
        proto_item_set_generated(proto_tree_add_string(tree, hf_mailxtra_part_protection, tvb, 0, 0, protection));
}

static void draw_content(const message_drawing *drawing, proto_tree *tree, part_analysis *one);

/* The data source of a part's decoded bytes. */
static tvbuff_t *view_bytes(const message_drawing *drawing, part_analysis *one)
{
    const mime_part *part = part_analysis_part(one);
    return record_view_borrow(
        drawing->whole, drawing->pinfo, part_analysis_bytes(one),
        pool_text(drawing, "Part %s: %s", part->path, part->filename ? part->filename : part->type));
}

/* Everything that the decoded bytes of a leaf say. */
static void draw_bytes(const message_drawing *drawing, proto_tree *tree, part_analysis *one, tvbuff_t *tvb)
{
    const mime_part *part = part_analysis_part(one);
    slice bytes = part_analysis_bytes(one);
    add_generated_size(tree, hf_mailxtra_part_size, tvb, bytes.len);
    draw_protection(tree, tvb, one);
    if (message_analysis_counts(drawing->analysis, part))
        draw_attachment(drawing, tree, one, tvb);
    if (part_content_is_text(part))
        draw_text(drawing, tree, one, tvb);
    call_media(drawing, tree, part, tvb, bytes);
    draw_content(drawing, tree, one);
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
    tree_part_draw_header(&drawing, tree, drawing.mime->root);
    tree_part_draw(&drawing, tree, drawing.mime->root);
}

static void draw_derived(const message_drawing *drawing, proto_tree *parent, const derived_part *derived)
{
    const mime_part *part = &derived->part;
    part_analysis *one = message_analysis_part(drawing->analysis, part);
    tvbuff_t *tvb = view_bytes(drawing, one);
    if (derived->message && !part->is_attachment) {
        draw_derived_mail(drawing, parent, derived, tvb);
        return;
    }
    proto_item *item;
    proto_tree *tree = open_item(parent, hf_mailxtra_part, tvb, 0, -1, ett_mailxtra_part, &item);
    if (item != parent)
        proto_item_append_text(item, " %s: %s%s%s", part->path, part->type, part->filename ? ", " : "",
                               part->filename ? part->filename : "");
    message_drawing own = *drawing;
    own.whole = tvb;
    tree_part_add_string(&own, tree, hf_mailxtra_part_path, 0, 0, part->path);
    tree_part_add_string(&own, tree, hf_mailxtra_part_type, 0, 0, part->type);
    tree_part_add_string(&own, tree, hf_mailxtra_part_filename, 0, 0, part->filename);
    draw_bytes(drawing, tree, one, tvb);
    if (derived->message)
        draw_derived_mail(drawing, tree, derived, tvb);
    wmem_map_insert(drawing->items, part, item);
}

static void draw_content(const message_drawing *drawing, proto_tree *tree, part_analysis *one)
{
    const part_content *content = part_analysis_content(one);
    for (guint i = 0; content && i < content->parts->len; i++) {
        if (drawing_has_room_inside(tree))
            draw_derived(drawing, tree, g_ptr_array_index(content->parts, i));
        else
            ++*drawing->parts_left;
    }
}

/* ---- the tree of parts ---- */

/* An attached message is shown as a message, and exported as a file when it is an attachment. */
static void draw_inner_message(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    const mime_part *root = g_ptr_array_index(part->children, 0);
    gsize size = root->source == part->source ? part->body_length : root->source->bytes.len;
    add_generated_size(tree, hf_mailxtra_part_size, drawing->whole, size);
    if (!message_analysis_counts(drawing->analysis, part))
        return;
    part_analysis *one = message_analysis_part(drawing->analysis, part);
    draw_attachment(drawing, tree, one, view_bytes(drawing, one));
}

static void draw_parameters(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    for (guint i = 0; i < part->parameters->len && drawing_has_room_inside(tree); i++) {
        const mime_parameter *parameter = g_ptr_array_index(part->parameters, i);
        proto_item *item;
        proto_tree *line =
            open_label(tree, drawing->whole, part->header_offset, (gint)part->header_length, ett_mailxtra_parameter,
                       &item, pool_text(drawing, "Parameter: %s=%s", parameter->name, parameter->value));
        tree_part_add_string(drawing, line, hf_mailxtra_part_param_name, part->header_offset, part->header_length,
                             parameter->name);
        tree_part_add_string(drawing, line, hf_mailxtra_part_param_value, part->header_offset, part->header_length,
                             parameter->value);
    }
}

static void draw_number(const message_drawing *drawing, proto_tree *tree, int hf, const mime_part *part,
                        const char *parameter)
{
    const char *value = is_wanted(tree, hf) ? mime_part_parameter(part, parameter) : NULL;
    if (value && g_ascii_isdigit(value[0]))
        proto_tree_add_uint(tree, hf, drawing->whole, (gint)part->header_offset, (gint)part->header_length,
                            (guint32)MIN(g_ascii_strtoull(value, NULL, 10), G_MAXUINT32));
}

/* message/partial and message/external-body. */
static void draw_message_parameters(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    if (strcmp(part->type, "message/partial") == 0) {
        tree_part_add_string(drawing, tree, hf_mailxtra_part_partial_id, part->header_offset, part->header_length,
                             mime_part_parameter(part, "id"));
        draw_number(drawing, tree, hf_mailxtra_part_partial_number, part, "number");
        draw_number(drawing, tree, hf_mailxtra_part_partial_total, part, "total");
    } else if (strcmp(part->type, "message/external-body") == 0) {
        tree_part_add_string(drawing, tree, hf_mailxtra_part_access_type, part->header_offset, part->header_length,
                             mime_part_parameter(part, "access-type"));
    }
}

/* Preamble or epilogue, if there is more in it than line ends. */
static void draw_text_around(const message_drawing *drawing, proto_tree *tree, int hf, gsize offset, gsize length)
{
    gsize shown = is_wanted(tree, hf) ? MIN(length, LIMIT_AROUND_BYTES) : 0;
    const guint8 *bytes = shown ? tvb_get_ptr(drawing->whole, (gint)offset, (gint)shown) : NULL;
    const char *text = shown ? text_utf8(drawing->pinfo, (slice){bytes, shown}) : "";
    if (text[strspn(text, " \t\r\n")])
        tree_part_add_string(drawing, tree, hf, offset, length, text);
}

/* What the part's header says. */
static void draw_declared(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    const struct {
        int hf;
        const char *value;
    } rows[] = {{hf_mailxtra_part_type, part->type},
                {hf_mailxtra_part_charset, part->charset},
                {hf_mailxtra_part_encoding, part->encoding_name},
                {hf_mailxtra_part_disposition, part->disposition},
                {hf_mailxtra_part_filename, part->filename},
                {hf_mailxtra_part_other_filename, part->other_filename},
                {hf_mailxtra_part_description, part->description},
                {hf_mailxtra_part_content_id, part->content_id}};
    if (*part->path)
        tree_part_add_string(drawing, tree, hf_mailxtra_part_path, part->header_offset, 0, part->path);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        tree_part_add_string(drawing, tree, rows[i].hf, part->header_offset, part->header_length, rows[i].value);
    if (is_wanted(tree, hf_mailxtra_part_encoded_size))
        proto_tree_add_uint64(tree, hf_mailxtra_part_encoded_size, drawing->whole, (gint)part->body_offset,
                              (gint)part->body_length, part->body_length);
    draw_parameters(drawing, tree, part);
    draw_message_parameters(drawing, tree, part);
}

/* Is something wanted that only the decoded bytes of the part tell? A tree that is not shown often needs none of it. */
static gboolean wants_bytes(proto_tree *tree, part_analysis *one)
{
    static const int *const fields[] = {&hf_mailxtra_part_size,           &hf_mailxtra_part_protection,
                                        &hf_mailxtra_part_text,           &hf_mailxtra_part_url,
                                        &hf_mailxtra_attachment,          &hf_mailxtra_attachment_filename,
                                        &hf_mailxtra_attachment_type,     &hf_mailxtra_attachment_size,
                                        &hf_mailxtra_attachment_complete, &hf_mailxtra_attachment_md5,
                                        &hf_mailxtra_attachment_sha1,     &hf_mailxtra_attachment_sha256,
                                        &hf_mailxtra_attachment_member,   &hf_mailxtra_attachment_detected_type};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        if (is_wanted(tree, *fields[i]))
            return TRUE;
    return media_handle(part_analysis_part(one)) || part_analysis_content(one);
}

static void draw_leaf(const message_drawing *drawing, proto_tree *tree, const mime_part *part)
{
    part_analysis *one = message_analysis_part(drawing->analysis, part);
    if (wants_bytes(tree, one))
        draw_bytes(drawing, tree, one, view_bytes(drawing, one));
}

static void draw_parts(const message_drawing *drawing, proto_tree *tree, const GPtrArray *parts)
{
    for (guint i = 0; parts && i < parts->len; i++)
        tree_part_draw(drawing, tree, g_ptr_array_index(parts, i));
}

void tree_part_draw(const message_drawing *around, proto_tree *parent, const mime_part *part)
{
    if (!around->whole || !drawing_has_room_inside(parent)) {
        ++*around->parts_left;
        return;
    }
    message_drawing own = in_source(around, part->source), *drawing = &own;
    proto_item *item;
    proto_tree *tree =
        open_item(parent, hf_mailxtra_part, drawing->whole, part->header_offset,
                  (gint)(part->body_offset + part->body_length - part->header_offset), ett_mailxtra_part, &item);
    if (item != parent)
        proto_item_append_text(item, "%s%s: %s%s%s%s", *part->path ? " " : "", part->path, part->type,
                               part->filename ? ", " : "", part->filename ? part->filename : "",
                               part->complete ? "" : " [incomplete]");
    draw_declared(drawing, tree, part);
    if (part->parent)
        tree_part_draw_header(drawing, tree, part);
    if (part->children)
        draw_protection(tree, drawing->whole, message_analysis_part(drawing->analysis, part));
    draw_blocks(drawing, tree, part);
    draw_text_around(drawing, tree, hf_mailxtra_part_preamble, part->preamble_offset, part->preamble_length);
    if (part->is_message)
        draw_inner_message(drawing, tree, part);
    else if (!part->children)
        draw_leaf(drawing, tree, part);
    draw_parts(drawing, tree, part->children);
    draw_parts(drawing, tree, part->embedded);
    draw_text_around(drawing, tree, hf_mailxtra_part_epilogue, part->epilogue_offset, part->epilogue_length);
    wmem_map_insert(drawing->items, part, item);
}
