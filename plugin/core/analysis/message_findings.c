/* message_findings.c
 * The findings of a message: each anomaly that its transfer, its header, its parts and their content have, with the
 * part or field that it is about.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message_analysis_private.h"

#include "attachment_check.h"

/* What only decoding a part finds; see mime_part_decode(), mime_part_text(), part_content_open(). */
#define CONTENT_ANOMALIES                                                                                              \
    (ATTACHMENT_CHECK_ANOMALIES | ANOMALY_BIT(ANOMALY_UNKNOWN_CHARSET) | ANOMALY_BIT(ANOMALY_BAD_CHARSET_BYTES) |      \
     ANOMALY_BIT(ANOMALY_UNKNOWN_ENCODING) | ANOMALY_BIT(ANOMALY_BAD_BASE64) | ANOMALY_BIT(ANOMALY_BASE64_PADDING) |   \
     ANOMALY_BIT(ANOMALY_BASE64_URL) | ANOMALY_BIT(ANOMALY_BAD_QUOTED_PRINTABLE) | ANOMALY_BIT(ANOMALY_BAD_UUENCODE) | \
     ANOMALY_BIT(ANOMALY_BAD_YENC) | ANOMALY_BIT(ANOMALY_BAD_BINHEX) | ANOMALY_BIT(ANOMALY_ENCRYPTED_CONTENT) |        \
     ANOMALY_BIT(ANOMALY_BAD_TNEF) | ANOMALY_BIT(ANOMALY_BAD_CMS) | ANOMALY_BIT(ANOMALY_BAD_COMPRESSED) |              \
     ANOMALY_BIT(ANOMALY_LOST_BYTES) | ANOMALY_BIT(ANOMALY_CONTENT_LIMIT))

anomaly_set message_findings_of_content(void)
{
    return CONTENT_ANOMALIES;
}

static void add(message_analysis *analysis, anomaly_kind kind, const mime_part *part, const header_field *field,
                const char *text)
{
    message_finding *finding = g_new(message_finding, 1);
    *finding = (message_finding){kind, part, field, part ? part->path : NULL, text};
    g_ptr_array_add(analysis->findings, finding);
}

static void add_set(message_analysis *analysis, anomaly_set set, const mime_part *part, const header_field *field)
{
    for (int kind = 0; set && kind < ANOMALY_COUNT; kind++) {
        if (set & ANOMALY_BIT(kind))
            add(analysis, (anomaly_kind)kind, part, field, anomaly_describe((anomaly_kind)kind)->text);
        set &= ~ANOMALY_BIT(kind);
    }
}

/* ---- from the structure ---- */

/* Returns what the fields have: a part repeats it, and so does the message, which says less about where. */
static anomaly_set add_fields(message_analysis *analysis, const GPtrArray *fields, const mime_part *part)
{
    anomaly_set all = 0;
    for (guint i = 0; fields && i < fields->len; i++) {
        const header_field *field = g_ptr_array_index(fields, i);
        add_set(analysis, field->anomalies, part, field);
        all |= field->anomalies;
    }
    return all;
}

static void add_part_structure(message_analysis *analysis, const mime_part *part)
{
    anomaly_set of_fields = add_fields(analysis, part->fields, part->parent ? part : NULL);
    for (guint i = 0; part->blocks && i < part->blocks->len; i++) {
        const mime_block *block = g_ptr_array_index(part->blocks, i);
        of_fields |= add_fields(analysis, block->fields, part);
    }
    add_set(analysis, part->anomalies & ~of_fields, part, NULL);
}

static anomaly_set of_all_parts(const mime_message *mime)
{
    anomaly_set all = 0;
    for (guint i = 0; i < mime->parts->len; i++)
        all |= ((const mime_part *)g_ptr_array_index(mime->parts, i))->anomalies;
    return all;
}

static void make_structure(message_analysis *analysis)
{
    const message_source *source = &analysis->source;
    const mime_message *mime = analysis->mime;
    if (source->is_header) {
        add_set(analysis, source->anomalies, NULL, NULL);
        add_fields(analysis, mime->root->fields, NULL);
        return;
    }
    add_set(analysis, source->anomalies | (mime->anomalies & ~of_all_parts(mime)), NULL, NULL);
    for (guint i = 0; i < mime->parts->len; i++)
        add_part_structure(analysis, g_ptr_array_index(mime->parts, i));
}

/* ---- from the content ---- */

/* What the mail declares: a part without Content-Type declares nothing. One that came out of another has no header, but
 * a type. */
static const char *declared_type(const mime_part *part)
{
    return !part->fields || mime_part_field(part, "Content-Type") ? part->type : NULL;
}

static anomaly_set check_attachment(part_analysis *one)
{
    const mime_part *part = one->part;
    attachment_facts facts = {declared_type(part), part->filename, part_analysis_type(one), NULL, part->complete};
    /* what is in a document or a program is a part of it */
    if (facts.detected.traits & FILE_TRAIT_ARCHIVE)
        facts.listing = part_analysis_listing(one);
    return attachment_check(&facts);
}

static gboolean is_encrypted(part_analysis *one)
{
    const char *protection = part_analysis_protection(one);
    return protection && strcmp(protection, "encrypted") == 0;
}

static anomaly_set read_text(part_analysis *one)
{
    part_analysis_text(one);
    return one->text_anomalies | (part_analysis_urls(one)->has_more ? ANOMALY_BIT(ANOMALY_CONTENT_LIMIT) : 0);
}

static void add_message_content(message_analysis *analysis, const mime_message *mime);

static void add_part_content(message_analysis *analysis, const mime_part *part)
{
    part_analysis *one = message_analysis_part(analysis, part);
    anomaly_set met = 0;
    if (is_encrypted(one))
        met |= ANOMALY_BIT(ANOMALY_ENCRYPTED_CONTENT);
    if (!part->children || message_analysis_counts(analysis, part))
        part_analysis_bytes(one);
    if (message_analysis_counts(analysis, part))
        met |= check_attachment(one);
    if (!part->children) {
        met |= one->decoding;
        if (part_content_is_text(part))
            met |= read_text(one);
    }
    const part_content *content = part_analysis_content(one);
    if (content)
        met |= content->anomalies;
    add_set(analysis, met & ~part->anomalies, part, NULL); /* those of the part itself are in the structure */
    for (guint i = 0; content && i < content->parts->len; i++) {
        const derived_part *derived = g_ptr_array_index(content->parts, i);
        if (!derived->message || derived->part.is_attachment) {
            add_set(analysis, derived->part.anomalies, &derived->part, NULL);
            add_part_content(analysis, &derived->part);
        }
        if (derived->message) {
            for (guint p = 0; p < derived->message->parts->len; p++)
                add_part_structure(analysis, g_ptr_array_index(derived->message->parts, p));
            add_message_content(analysis, derived->message);
        }
    }
}

static void add_message_content(message_analysis *analysis, const mime_message *mime)
{
    for (guint i = 0; i < mime->parts->len; i++)
        add_part_content(analysis, g_ptr_array_index(mime->parts, i));
}

/* ---- from the way that the message came ---- */

static void add_trace(message_analysis *analysis)
{
    const GPtrArray *findings = analysis->trace->findings;
    for (guint i = 0; i < findings->len; i++) {
        const trace_finding *finding = g_ptr_array_index(findings, i);
        add(analysis, finding->kind, NULL, finding->field, finding->text);
    }
}

/* ---- public ---- */

static void begin(message_analysis *analysis)
{
    if (!analysis->findings)
        analysis->findings = g_ptr_array_new_with_free_func(g_free);
}

const GPtrArray *message_analysis_findings(message_analysis *analysis, guint scope)
{
    guint missing = scope & ~analysis->findings_made;
    begin(analysis);
    analysis->findings_made |= scope;
    if (missing & FINDINGS_STRUCTURE)
        make_structure(analysis);
    if (missing & FINDINGS_CONTENT && !analysis->source.is_header)
        add_message_content(analysis, analysis->mime);
    return analysis->findings;
}

void message_analysis_set_trace(message_analysis *analysis, trace_report *report)
{
    begin(analysis);
    analysis->trace = report;
    add_trace(analysis);
}

const trace_report *message_analysis_trace(const message_analysis *analysis)
{
    return analysis->trace;
}
