/* message_analysis.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What comes out of parts is bounded by one budget for the whole message. So that the bound falls on the same part
 * whoever reads first, all parts that can be opened are opened together, in the order of the message, when the first
 * one is needed.
 */
#include "message_analysis_private.h"

#include "address.h"
#include "digest.h"
#include "encoded_word.h"
#include "header.h"
#include "mail_date.h"

/* Attachments that the summary names. */
#define SUMMARY_NAMES 4

/* ---- life ---- */

static void part_free(gpointer data)
{
    part_analysis *part = data;
    if (part->owned)
        g_byte_array_unref(part->owned);
    archive_listing_free(part->listing);
    for (guint i = 0; i < G_N_ELEMENTS(part->digests); i++)
        g_free(part->digests[i]);
    g_free(part->text);
    if (part->has_urls)
        url_list_clear(&part->urls);
    g_free(part);
}

static void addresses_free(gpointer data)
{
    g_ptr_array_unref(data);
}

/* A part that was fetched by itself keeps its number in the message: of a leaf and a message "1" is it, of a
 * multipart it stands in front. */
static void renumber(mime_message *mime, const char *section)
{
    gboolean multipart = mime->root->children && !mime->root->is_message;
    for (guint i = 0; i < mime->parts->len; i++) {
        mime_part *part = g_ptr_array_index(mime->parts, i);
        char *path = NULL;
        if (multipart)
            path = *part->path ? g_strconcat(section, ".", part->path, NULL) : NULL;
        else if (*part->path == '1')
            path = g_strconcat(section, part->path + 1, NULL);
        if (!path)
            continue;
        g_free(part->path);
        part->path = path;
    }
}

static mime_message *parse(const message_source *source)
{
    mime_message *mime =
        mime_message_parse(source->bytes, source->gaps, source->gap_count, source->is_cut || source->is_excerpt);
    if (!(source->anomalies & ANOMALY_BIT(ANOMALY_LOST_BYTES))) /* what was not fetched is not lost */
        mime->anomalies &= ~ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (!source->is_cut) /* nor is what was not requested cut off */
        mime->anomalies &= ~ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    if (source->section && g_ascii_isdigit(*source->section))
        renumber(mime, source->section);
    return mime;
}

message_analysis *message_analysis_new(const message_source *source)
{
    message_analysis *analysis = g_new0(message_analysis, 1);
    analysis->source = *source;
    analysis->mime = parse(source);
    analysis->parts = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, part_free);
    return analysis;
}

/* What came out of a part points into its bytes: the inner goes before the outer. */
static void close_contents(message_analysis *analysis)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, analysis->parts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        part_analysis *part = value;
        part_content_close(part->content, &analysis->budget);
        part->content = NULL;
    }
}

void message_analysis_free(message_analysis *analysis)
{
    if (!analysis)
        return;
    close_contents(analysis);
    g_hash_table_destroy(analysis->parts);
    g_clear_pointer(&analysis->values, g_hash_table_destroy);
    g_clear_pointer(&analysis->addresses, g_hash_table_destroy);
    if (analysis->findings)
        g_ptr_array_unref(analysis->findings);
    if (analysis->trace)
        trace_report_free(analysis->trace);
    printable_clear(&analysis->summary);
    mime_message_free(analysis->mime);
    g_free(analysis);
}

const mime_message *message_analysis_mime(const message_analysis *analysis)
{
    return analysis->mime;
}

/* ---- the header ---- */

/* What only the ENVELOPE has of that field. */
static const char *envelope_value(message_analysis *analysis, const char *name)
{
    const message_source *source = &analysis->source;
    const char *raw = g_str_equal(name, "Subject") ? source->subject : g_str_equal(name, "From") ? source->from : NULL;
    if (!raw)
        return NULL;
    if (!analysis->values)
        analysis->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    char *value = g_hash_table_lookup(analysis->values, name);
    if (!value) {
        value = encoded_word_decode(slice_of(raw), NULL);
        g_hash_table_insert(analysis->values, g_strdup(name), value);
    }
    return value;
}

const char *message_analysis_field(message_analysis *analysis, const char *name)
{
    const header_field *field = mime_part_field(analysis->mime->root, name);
    return field ? field->value : envelope_value(analysis, name);
}

static GPtrArray *read_addresses(const GPtrArray *fields, const char *name)
{
    GPtrArray *bare = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < fields->len; i++) {
        const header_field *field = g_ptr_array_index(fields, i);
        if (!header_field_is(field, name))
            continue;
        GPtrArray *mailboxes = address_list_parse(field->raw_value);
        for (guint m = 0; m < mailboxes->len; m++)
            g_ptr_array_add(bare, address_text(g_ptr_array_index(mailboxes, m)));
        g_ptr_array_unref(mailboxes);
    }
    return bare;
}

const GPtrArray *message_analysis_addresses(message_analysis *analysis, const char *name)
{
    if (!analysis->addresses)
        analysis->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, addresses_free);
    GPtrArray *bare = g_hash_table_lookup(analysis->addresses, name);
    if (!bare) {
        bare = read_addresses(analysis->mime->root->fields, name);
        g_hash_table_insert(analysis->addresses, g_strdup(name), bare);
    }
    return bare;
}

gboolean message_analysis_date(message_analysis *analysis, gint64 *epoch_r)
{
    const header_field *field = mime_part_field(analysis->mime->root, "Date");
    mail_date date;
    if (!field || !mail_date_parse(field->raw_value, &date))
        return FALSE;
    *epoch_r = date.epoch;
    return TRUE;
}

static void append_field(GString *text, message_analysis *analysis, const char *label, const char *name)
{
    const header_field *field = mime_part_field(analysis->mime->root, name);
    if (field)
        g_string_append_printf(text, "%s%s: %s", text->len ? ", " : "", label, field->value);
}

static void append_names(GString *text, const message_analysis *analysis)
{
    guint count = 0;
    for (guint i = 0; i < analysis->mime->parts->len && count <= SUMMARY_NAMES; i++) {
        const mime_part *part = g_ptr_array_index(analysis->mime->parts, i);
        if (!message_analysis_counts(analysis, part))
            continue;
        if (++count > SUMMARY_NAMES)
            g_string_append(text, ", ...");
        else
            g_string_append_printf(text, "%s%s", count == 1 ? (text->len ? ", attachments: " : "attachments: ") : ", ",
                                   part->filename ? part->filename : part->type);
    }
}

const printable *message_analysis_summary(message_analysis *analysis)
{
    if (analysis->summary.text)
        return &analysis->summary;
    GString *text = g_string_new(NULL);
    if (analysis->source.section)
        g_string_append_printf(text, "part %s", analysis->source.section);
    append_field(text, analysis, "from", "From");
    append_field(text, analysis, "subject", "Subject");
    append_names(text, analysis);
    analysis->summary = printable_of(text->str);
    g_string_free(text, TRUE);
    return &analysis->summary;
}

/* ---- parts ---- */

part_analysis *message_analysis_part(message_analysis *analysis, const mime_part *part)
{
    part_analysis *found = g_hash_table_lookup(analysis->parts, part);
    if (!found) {
        found = g_new0(part_analysis, 1);
        found->analysis = analysis;
        found->part = part;
        g_hash_table_insert(analysis->parts, (gpointer)part, found);
    }
    return found;
}

gboolean message_analysis_counts(const message_analysis *analysis, const mime_part *part)
{
    if (part->is_attachment)
        return TRUE;
    return analysis->source.texts_count && !part->children && g_str_has_prefix(part->type, "text/");
}

const mime_part *part_analysis_part(const part_analysis *part)
{
    return part->part;
}

slice part_analysis_bytes(part_analysis *part)
{
    if (!part->is_decoded) {
        part->owned = mime_part_decode(part->analysis->mime, part->part, &part->decoding);
        part->bytes = (slice){part->owned->data, part->owned->len};
        part->is_decoded = TRUE;
    }
    return part->bytes;
}

void part_analysis_read(part_analysis *part, mime_sink sink, void *user)
{
    if (!part->is_decoded)
        mime_part_read(part->part, sink, user);
    else if (part->bytes.len)
        sink(part->bytes, user);
}

static gboolean hash_piece(slice piece, void *user)
{
    digest_feed(user, piece);
    return TRUE;
}

const char *part_analysis_digest(part_analysis *part, GChecksumType algorithm)
{
    char **kept = &part->digests[algorithm == G_CHECKSUM_MD5 ? 0 : algorithm == G_CHECKSUM_SHA1 ? 1 : 2];
    if (!*kept) {
        digest *d = digest_new(algorithm);
        part_analysis_read(part, hash_piece, d);
        *kept = digest_take(d);
        digest_free(d);
    }
    return *kept;
}

/* ---- what is inside ---- */

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

static gboolean may_hold_others(part_analysis *part)
{
    part_head head = {.len = 0};
    part_analysis_read(part, take_head, &head);
    return part_content_may_open(part->part, (slice){head.bytes, head.len});
}

static void open_parts(message_analysis *analysis, const mime_message *mime, guint depth);

static void open_part(part_analysis *part)
{
    message_analysis *analysis = part->analysis;
    if (!may_hold_others(part))
        return;
    analysis->budget.depth = part->depth;
    part->content = part_content_open(part->part, part_analysis_bytes(part), &analysis->budget);
    for (guint i = 0; part->content && i < part->content->parts->len; i++) {
        const derived_part *derived = g_ptr_array_index(part->content->parts, i);
        part_analysis *inner = message_analysis_part(analysis, &derived->part);
        inner->is_derived = inner->is_decoded = TRUE;
        inner->bytes = derived->bytes;
        inner->depth = part->depth + 1;
        if (derived->message)
            open_parts(analysis, derived->message, inner->depth);
        else
            open_part(inner);
    }
}

static void open_parts(message_analysis *analysis, const mime_message *mime, guint depth)
{
    for (guint i = 0; i < mime->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        if (part->children)
            continue;
        part_analysis *one = message_analysis_part(analysis, part);
        one->depth = depth;
        open_part(one);
    }
}

static void open_all(message_analysis *analysis)
{
    if (analysis->is_opened)
        return;
    analysis->is_opened = TRUE;
    open_parts(analysis, analysis->mime, 0);
}

const part_content *part_analysis_content(part_analysis *part)
{
    open_all(part->analysis);
    return part->content;
}

/* ---- attachments ---- */

typedef struct attachment_walk {
    message_analysis *analysis;
    message_attachment_visit visit;
    void *user;
} attachment_walk;

static void walk_message(const attachment_walk *walk, const mime_message *mime);

static void walk_part(const attachment_walk *walk, const mime_part *part)
{
    part_analysis *one = message_analysis_part(walk->analysis, part);
    if (message_analysis_counts(walk->analysis, part))
        walk->visit(one, walk->user);
    for (guint i = 0; one->content && i < one->content->parts->len; i++) {
        const derived_part *derived = g_ptr_array_index(one->content->parts, i);
        if (!derived->message || derived->part.is_attachment)
            walk_part(walk, &derived->part);
        if (derived->message)
            walk_message(walk, derived->message);
    }
}

static void walk_message(const attachment_walk *walk, const mime_message *mime)
{
    for (guint i = 0; i < mime->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        if (!part->children || message_analysis_counts(walk->analysis, part))
            walk_part(walk, part);
    }
}

void message_analysis_attachments(message_analysis *analysis, message_attachment_visit visit, void *user)
{
    attachment_walk walk = {analysis, visit, user};
    open_all(analysis);
    walk_message(&walk, analysis->mime);
}

/* ---- what the bytes are ---- */

file_type part_analysis_type(part_analysis *part)
{
    if (!part->is_detected) {
        part->detected = file_type_detect(part_analysis_bytes(part));
        part->is_detected = TRUE;
    }
    return part->detected;
}

const archive_listing *part_analysis_listing(part_analysis *part)
{
    if (!part->is_listed) {
        part->listing = archive_listing_read(part_analysis_bytes(part));
        part->is_listed = TRUE;
    }
    return part->listing;
}

const char *part_analysis_protection(part_analysis *part)
{
    return part_content_protection(part->part, part->part->children ? SLICE_EMPTY : part_analysis_bytes(part));
}

const char *part_analysis_text(part_analysis *part)
{
    if (!part->text) {
        slice bytes = part_analysis_bytes(part);
        part->text = mime_part_text(part->analysis->mime, part->part, bytes.data, bytes.len, &part->text_anomalies);
    }
    return part->text;
}

const url_list *part_analysis_urls(part_analysis *part)
{
    if (!part->has_urls) {
        part->urls = part_content_urls(part->part, part_analysis_text(part));
        part->has_urls = TRUE;
    }
    return &part->urls;
}
