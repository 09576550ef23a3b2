/* mime_inside.c
 * What is looked into when a leaf closes: bodies that consist of headers, files inside of texts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_parser_private.h"

#include "embedded_file.h"
#include "limits.h"
#include "mime_fields.h"

/* Bodies that are headers: RFC 3464 2.1, 8098 3.1, 6533, 3886, 5965; 6522 3 and 6533 5; 2046 5.2.3. */
static const struct {
    const char *type;
    gboolean many;
} block_types[] = {
    {"message/delivery-status", TRUE},
    {"message/global-delivery-status", TRUE},
    {"message/disposition-notification", TRUE},
    {"message/global-disposition-notification", TRUE},
    {"message/tracking-status", TRUE},
    {"message/feedback-report", FALSE},
    {"text/rfc822-headers", FALSE},
    {"message/global-headers", FALSE},
    {"message/external-body", FALSE},
};

static void block_free(gpointer data)
{
    mime_block *block = data;
    g_ptr_array_unref(block->fields);
    g_free(block);
}

/* Reads the headers in [at, end) of part->block_source. */
static void read_blocks(parser *p, mime_part *part, gsize at, gsize end, gboolean many)
{
    slice bytes = slice_head(part->block_source->bytes, end);
    part->blocks = g_ptr_array_new_with_free_func(block_free);
    while (at < end) {
        guint room = MIN(LIMIT_HEADER_FIELDS, LIMIT_MESSAGE_FIELDS - p->fields);
        header_block header = header_read(bytes, at, room, NULL, NULL);
        part->anomalies |= header.anomalies;
        p->fields += header.fields->len;
        mime_block *block = g_new(mime_block, 1);
        *block = (mime_block){at, header.length, header.fields};
        if (header.fields->len)
            g_ptr_array_add(part->blocks, block);
        else
            block_free(block);
        at += header.length;
        if (header.length == 0 || !many)
            return;
    }
}

/* The bytes to look at in a leaf: those of the message, or decoded ones. *source_r: what *at_r and *end_r count in;
 * NULL: at the limit. TRUE: it is new, and the caller's. */
static gboolean body_source(const mime_part *part, const mime_source **source_r, gsize *at_r, gsize *end_r)
{
    gboolean encoded = is_encoded(part);
    *source_r = encoded ? mime_body_source(part) : part->source;
    *at_r = encoded ? 0 : part->body_offset;
    *end_r = encoded ? (*source_r ? (*source_r)->bytes.len : 0) : part->body_offset + part->body_length;
    return encoded && *source_r;
}

static gboolean is_made_of_headers(const mime_part *part, gboolean *many_r)
{
    for (gsize i = 0; i < G_N_ELEMENTS(block_types); i++) {
        *many_r = block_types[i].many;
        if (strcmp(part->type, block_types[i].type) == 0)
            return TRUE;
    }
    return FALSE;
}

static void look_for_blocks(parser *p, mime_part *part, gboolean many)
{
    gsize at, end;
    if (body_source(part, &part->block_source, &at, &end))
        mime_body_keep_source(p->message, (mime_source *)part->block_source);
    if (part->block_source)
        read_blocks(p, part, at, end, many);
}

/* Texts, and types that say that the text is a file. */
static gboolean may_hold_files(const mime_part *part)
{
    static const char *const types[] = {"text/plain",
                                        "text/x-uuencode",
                                        "application/x-uuencode",
                                        "application/x-yenc",
                                        "application/mac-binhex40",
                                        "application/mac-binhex",
                                        "application/x-binhex40"};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(part->type, types[i]) == 0)
            return part->encoding != MIME_ENCODING_UUENCODE && part->encoding != MIME_ENCODING_YENC &&
                   part->encoding != MIME_ENCODING_BINHEX;
    }
    return FALSE;
}

static const char *name_of_encoding(mime_encoding encoding)
{
    switch (encoding) {
    case MIME_ENCODING_BASE64:
        return "base64";
    case MIME_ENCODING_YENC:
        return "x-yenc";
    case MIME_ENCODING_BINHEX:
        return "x-binhex";
    default:
        return "x-uuencode";
    }
}

/* Holes inside of the file, and a cut at its end. `text_end`: of the text around it. */
static void mark_embedded_holes(const parser *p, mime_part *part, gboolean closed, gsize text_end)
{
    const mime_source *s = part->source;
    gsize from = part->body_offset, to = from + part->body_length;
    for (guint i = mime_body_first_gap(s, from + 1); i < s->gap_count && s->gaps[i].offset <= to; i++) {
        if (s->gaps[i].offset < to || !closed)
            mark_incomplete(part, s->gaps[i].missing);
    }
    if (p->cut && !closed && to == text_end && !part->parent->complete)
        mark_incomplete(part, 0);
}

static void add_embedded(parser *p, mime_part *text, const mime_source *source, gsize at, gsize end,
                         embedded_file *file)
{
    mime_part *part = g_new0(mime_part, 1);
    if (!text->embedded)
        text->embedded = g_ptr_array_new();
    g_ptr_array_add(text->embedded, part);
    g_ptr_array_add(p->message->parts, part);
    part->parent = text;
    part->depth = text->depth + 1;
    part->complete = TRUE;
    part->source = source;
    part->header_offset = part->body_offset = at + file->offset;
    part->body_length = file->length;
    part->fields = g_ptr_array_new();
    part->parameters = g_ptr_array_new();
    part->path = g_strdup_printf("%s.f%u", text->path, text->embedded->len);
    part->type = g_strdup("application/octet-stream");
    part->encoding = file->encoding;
    part->encoding_name = g_strdup(name_of_encoding(file->encoding));
    part->filename = g_steal_pointer(&file->filename);
    mime_fields_check_filename(part);
    mark_embedded_holes(p, part, file->closed, end);
}

static void look_for_files(parser *p, mime_part *text)
{
    const mime_source *source;
    gsize at, end;
    gboolean decoded = body_source(text, &source, &at, &end);
    if (!source)
        return;
    guint room = LIMIT_MIME_PARTS - MIN(LIMIT_MIME_PARTS, p->message->parts->len);
    GArray *files = embedded_file_find(slice_head(slice_from(source->bytes, at), end - at), room);
    for (guint i = 0; i < files->len; i++)
        add_embedded(p, text, source, at, end, &g_array_index(files, embedded_file, i));
    if (files->len)
        text->anomalies |= ANOMALY_BIT(ANOMALY_EMBEDDED_FILE);
    if (decoded && files->len)
        mime_body_keep_source(p->message, (mime_source *)source);
    else if (decoded)
        mime_body_free_source((gpointer)source);
    g_array_unref(files);
}

void mime_inside_look(parser *p, mime_part *part)
{
    gboolean many;
    if (is_encoded(part) && (is_message_type(part) || has_type(part, "multipart/")))
        mime_body_read_decoded(p, part);
    else if (is_made_of_headers(part, &many))
        look_for_blocks(p, part, many);
    else if (may_hold_files(part))
        look_for_files(p, part);
}
