/* message_facts.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message_facts.h"

#include "frame_scope.h"
#include "prefs.h"
#include "trace_store.h"

#include "digest.h"
#include "hop_check.h"

message_analysis *message_facts_new(const stored_message *stored)
{
    const imap_facts *imap = stored->imap;
    const GArray *gaps = stored->gaps;
    const message_source source = {
        .bytes = message_store_bytes(stored),
        .gaps = gaps ? (const mime_gap *)(const void *)gaps->data : NULL,
        .gap_count = gaps ? gaps->len : 0,
        .is_cut = stored->end_reason != MAIL_END_COMPLETE,
        .is_excerpt = stored->is_excerpt,
        .anomalies = stored->anomalies,
        .section = imap ? imap->section : NULL,
        .is_header = imap && imap->is_header,
        .subject = imap ? imap->subject : NULL,
        .from = imap ? imap->from : NULL,
        .texts_count = mailxtra_prefs.export_text,
    };
    return message_analysis_new(&source);
}

static ws_bool on_packet_end(wmem_allocator_t *pool _U_, wmem_cb_event_t event _U_, void *analysis)
{
    message_analysis_free(analysis);
    return FALSE;
}

message_analysis *message_facts(stored_message *stored, packet_info *pinfo)
{
    wmem_map_t *made = frame_scope_map(pinfo, FRAME_ANALYSES);
    message_analysis *analysis = wmem_map_lookup(made, stored);
    if (!analysis) {
        analysis = message_facts_new(stored);
        wmem_register_callback(pinfo->pool, on_packet_end, analysis);
        wmem_map_insert(made, stored, analysis);
    }
    return analysis;
}

const trace_report *message_facts_trace(const stored_message *stored, message_analysis *analysis)
{
    const trace_entry *entry = message_store_is_mail(stored) ? trace_store_find(stored) : NULL;
    if (message_analysis_trace(analysis) || !entry)
        return message_analysis_trace(analysis);
    const mime_message *mime = message_analysis_mime(analysis);
    slice body = slice_head(slice_from(mime->bytes, mime->root->body_offset), mime->root->body_length);
    trace_report *report = trace_store_examine(entry, mime->root->fields, body);
    const mail_hop *hop = trace_store_hop(entry);
    if (hop->previous != MAIL_TRACE_NONE)
        hop_check(report, hop, trace_store_entry(hop->previous)->frame);
    message_analysis_set_trace(analysis, report);
    return report;
}

const GPtrArray *message_facts_findings(const stored_message *stored, message_analysis *analysis, guint scope,
                                        gboolean with_trace)
{
    const GPtrArray *findings = message_analysis_findings(analysis, scope);
    if (with_trace)
        message_facts_trace(stored, analysis);
    return findings;
}

const char *message_facts_summary(stored_message *stored, packet_info *pinfo)
{
    if (!stored->summary)
        stored->summary = wmem_strdup(wmem_file_scope(), message_analysis_summary(message_facts(stored, pinfo))->text);
    return stored->summary;
}

const char *message_facts_digest(stored_message *stored, part_analysis *part, GChecksumType algorithm)
{
    if (!stored->digests)
        stored->digests = wmem_map_new(wmem_file_scope(), wmem_str_hash, g_str_equal);
    char *key = g_strdup_printf("%d %s", (int)algorithm, part ? part_analysis_part(part)->path : "");
    const char *kept = wmem_map_lookup(stored->digests, key);
    if (!kept) {
        char *made =
            part ? g_strdup(part_analysis_digest(part, algorithm)) : digest_hex(algorithm, message_store_bytes(stored));
        kept = wmem_strdup(wmem_file_scope(), made);
        wmem_map_insert(stored->digests, wmem_strdup(wmem_file_scope(), key), (void *)kept);
        g_free(made);
    }
    g_free(key);
    return kept;
}
