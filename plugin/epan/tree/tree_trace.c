/* tree_trace.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tree_trace.h"

#include "mailxtra_fields.h"
#include "text.h"
#include "trace_store.h"

#include "reply_meaning.h"

/* What is being drawn. */
typedef struct trace_drawing {
    const trace_entry *entry;
    const trace_report *report;
    const GPtrArray *fields; /* of the message's header */
    tvbuff_t *tvb;           /* the message's bytes */
    packet_info *pinfo;
    wmem_map_t *items; /* header_field -> proto_item that shows it, for findings about it */
} trace_drawing;

/* ---- helpers ---- */

/* A header field's place in the message; nothing where the bytes are not there. */
static void place_of(const trace_drawing *drawing, const header_field *field, gint *offset_r, gint *length_r)
{
    guint there = tvb_captured_length(drawing->tvb);
    gboolean inside = field && field->offset + field->length <= there;
    *offset_r = inside ? (gint)field->offset : 0;
    *length_r = inside ? (gint)field->length : 0;
}

static void add_text(const trace_drawing *drawing, proto_tree *tree, int hf, const header_field *field,
                     const char *value)
{
    gint offset, length;
    if (!value || !*value)
        return;
    place_of(drawing, field, &offset, &length);
    proto_tree_add_string(tree, hf, drawing->tvb, offset, length, value);
}

static void add_generated_text(const trace_drawing *drawing, proto_tree *tree, int hf, const char *value)
{
    proto_item_set_generated(proto_tree_add_string(tree, hf, drawing->tvb, 0, 0, value));
}

static void add_flag(const trace_drawing *drawing, proto_tree *tree, int hf, gboolean value)
{
    proto_item_set_generated(proto_tree_add_boolean(tree, hf, drawing->tvb, 0, 0, value ? 1 : 0));
}

static void add_number(const trace_drawing *drawing, proto_tree *tree, int hf, guint32 value)
{
    proto_item_set_generated(proto_tree_add_uint(tree, hf, drawing->tvb, 0, 0, value));
}

static void add_duration(const trace_drawing *drawing, proto_tree *tree, int hf, const nstime_t *time)
{
    proto_item_set_generated(proto_tree_add_time(tree, hf, drawing->tvb, 0, 0, time));
}

/* A subtree for one header field, to which findings about the field go. */
static proto_tree *add_field_tree(const trace_drawing *drawing, proto_tree *tree, int hf, const header_field *field,
                                  proto_item **item_r)
{
    gint offset, length;
    place_of(drawing, field, &offset, &length);
    *item_r = proto_tree_add_item(tree, hf, drawing->tvb, offset, length, ENC_NA);
    wmem_map_insert(drawing->items, field, *item_r);
    return proto_item_add_subtree(*item_r, ett_mailxtra_trace);
}

/* ---- the hops of the mail ---- */

static void draw_names(const trace_drawing *drawing, proto_tree *tree, int hf, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++)
        add_generated_text(drawing, tree, hf, g_ptr_array_index(names, i));
}

static void draw_previous(const trace_drawing *drawing, proto_tree *tree, const mail_hop *hop)
{
    const trace_entry *before = trace_store_entry(hop->previous);
    nstime_t delay;
    nstime_delta(&delay, &drawing->entry->time, &before->time);
    add_number(drawing, tree, hf_mailxtra_message_previous, before->frame);
    add_duration(drawing, tree, hf_mailxtra_message_hop_delay, &delay);
    add_flag(drawing, tree, hf_mailxtra_message_body_changed, hop->body_changed);
    draw_names(drawing, tree, hf_mailxtra_message_added, hop->added);
    draw_names(drawing, tree, hf_mailxtra_message_removed, hop->removed);
    draw_names(drawing, tree, hf_mailxtra_message_changed, hop->changed);
}

static void draw_hop(const trace_drawing *drawing, proto_tree *tree)
{
    const mail_hop *hop = trace_store_hop(drawing->entry);
    add_number(drawing, tree, hf_mailxtra_message_trace, hop->trace);
    add_number(drawing, tree, hf_mailxtra_message_hop, hop->hop);
    if (drawing->entry->session->client) {
        add_generated_text(drawing, tree, hf_mailxtra_message_client, drawing->entry->session->client);
        add_generated_text(drawing, tree, hf_mailxtra_message_server, drawing->entry->session->server);
    }
    if (hop->previous != MAIL_TRACE_NONE)
        draw_previous(drawing, tree, hop);
    for (guint i = 0; i < hop->next->len; i++)
        add_number(drawing, tree, hf_mailxtra_message_next,
                   trace_store_entry(g_array_index(hop->next, guint, i))->frame);
}

/* ---- senders and recipients ---- */

static void draw_header_field(const trace_drawing *drawing, proto_tree *tree, int hf, const char *name)
{
    for (guint i = 0; i < drawing->fields->len; i++) {
        const header_field *field = g_ptr_array_index(drawing->fields, i);
        if (g_ascii_strcasecmp(field->name, name) == 0)
            add_text(drawing, tree, hf, field, field->value);
    }
}

static void draw_mailboxes(const trace_drawing *drawing, proto_tree *tree)
{
    const trace_report *report = drawing->report;
    draw_header_field(drawing, tree, hf_mailxtra_message_sender, "Sender");
    draw_header_field(drawing, tree, hf_mailxtra_message_reply_to, "Reply-To");
    draw_header_field(drawing, tree, hf_mailxtra_message_return_path, "Return-Path");
    draw_header_field(drawing, tree, hf_mailxtra_message_delivered_to, "Delivered-To");
    draw_header_field(drawing, tree, hf_mailxtra_message_originating_ip, "X-Originating-IP");
    draw_header_field(drawing, tree, hf_mailxtra_message_list_id, "List-Id");
    for (guint i = 0; i < report->mailboxes.bcc->len; i++)
        add_generated_text(drawing, tree, hf_mailxtra_envelope_bcc, g_ptr_array_index(report->mailboxes.bcc, i));
    if (report->null_sender)
        add_flag(drawing, tree, hf_mailxtra_envelope_null_sender, TRUE);
}

/* ---- Received ---- */

static void draw_date(const trace_drawing *drawing, proto_tree *tree, const trace_hop *hop)
{
    gint offset, length;
    nstime_t time = {(time_t)hop->trace->date.epoch, 0};
    place_of(drawing, hop->field, &offset, &length);
    if (hop->trace->has_date)
        proto_tree_add_time(tree, hf_mailxtra_received_date, drawing->tvb, offset, length, &time);
}

static const char *duration_text(const trace_drawing *drawing, gint64 seconds)
{
    char *text = trace_duration_text(seconds);
    const char *kept = wmem_strdup(drawing->pinfo->pool, text);
    g_free(text);
    return kept;
}

static void draw_received(const trace_drawing *drawing, proto_tree *parent, const trace_hop *hop)
{
    const received_trace *trace = hop->trace;
    proto_item *item;
    proto_tree *tree = add_field_tree(drawing, parent, hf_mailxtra_received, hop->field, &item);
    const char *delay = hop->has_delay ? duration_text(drawing, hop->delay) : NULL;
    proto_item_append_text(item, ": from %s%s%s%s by %s%s%s%s%s%s", trace->from ? trace->from : "?",
                           trace->ip ? " [" : "", trace->ip ? trace->ip : "", trace->ip ? "]" : "",
                           trace->by ? trace->by : "?", trace->with ? " with " : "", trace->with ? trace->with : "",
                           delay ? ", " : "", delay ? delay : "",
                           hop->seen_in   ? ", seen in this capture"
                           : hop->claimed ? ", only claimed"
                                          : "");
    add_text(drawing, tree, hf_mailxtra_received_from, hop->field, trace->from);
    add_text(drawing, tree, hf_mailxtra_received_rdns, hop->field, trace->rdns);
    add_text(drawing, tree, hf_mailxtra_received_ip, hop->field, trace->ip);
    add_text(drawing, tree, hf_mailxtra_received_by, hop->field, trace->by);
    add_text(drawing, tree, hf_mailxtra_received_via, hop->field, trace->via);
    add_text(drawing, tree, hf_mailxtra_received_with, hop->field, trace->with);
    add_text(drawing, tree, hf_mailxtra_received_id, hop->field, trace->id);
    add_text(drawing, tree, hf_mailxtra_received_for, hop->field, trace->for_mailbox);
    add_text(drawing, tree, hf_mailxtra_received_tls, hop->field, trace->tls);
    add_text(drawing, tree, hf_mailxtra_received_user, hop->field, trace->user);
    draw_date(drawing, tree, hop);
    if (hop->has_delay) {
        nstime_t time = {(time_t)hop->delay, 0};
        add_duration(drawing, tree, hf_mailxtra_received_delay, &time);
    }
    add_flag(drawing, tree, hf_mailxtra_received_claimed, hop->claimed);
    if (hop->seen_in)
        add_number(drawing, tree, hf_mailxtra_received_seen_in, hop->seen_in);
}

/* In order of travel: the last field of the header first. */
static void draw_all_received(const trace_drawing *drawing, proto_tree *tree)
{
    for (guint i = drawing->report->hops->len; i-- > 0;)
        draw_received(drawing, tree, g_ptr_array_index(drawing->report->hops, i));
}

/* ---- signatures and results ---- */

static void draw_signature(const trace_drawing *drawing, proto_tree *parent, const trace_signature *one)
{
    static const char *const kinds[] = {"DKIM-Signature", "ARC-Message-Signature", "ARC-Seal"};
    const dkim_signature *signature = one->signature;
    proto_item *item;
    proto_tree *tree = add_field_tree(drawing, parent, hf_mailxtra_dkim, one->field, &item);
    proto_item_append_text(item, ": %s of %s%s", kinds[one->kind], signature->domain ? signature->domain : "?",
                           one->verdict == DKIM_BODY_OK        ? ", body as signed"
                           : one->verdict == DKIM_BODY_ALTERED ? ", BODY ALTERED"
                                                               : "");
    add_text(drawing, tree, hf_mailxtra_dkim_domain, one->field, signature->domain);
    add_text(drawing, tree, hf_mailxtra_dkim_selector, one->field, signature->selector);
    add_text(drawing, tree, hf_mailxtra_dkim_algorithm, one->field, signature->algorithm);
    add_text(drawing, tree, hf_mailxtra_dkim_canonicalization, one->field, signature->canon);
    add_text(drawing, tree, hf_mailxtra_dkim_identity, one->field, signature->identity);
    add_text(drawing, tree, hf_mailxtra_dkim_signed_fields, one->field, signature->signed_fields);
    add_text(drawing, tree, hf_mailxtra_dkim_body_hash, one->field, signature->body_hash);
    if (signature->has_length)
        proto_tree_add_uint64(tree, hf_mailxtra_dkim_length, drawing->tvb, 0, 0, signature->length);
    if (one->verdict != DKIM_BODY_UNKNOWN)
        add_flag(drawing, tree, hf_mailxtra_dkim_body_hash_ok, one->verdict == DKIM_BODY_OK);
}

static void draw_results(const trace_drawing *drawing, proto_tree *parent, const trace_result *one)
{
    static const char *const kinds[] = {"Authentication-Results", "ARC-Authentication-Results", "Received-SPF"};
    const auth_results *results = one->results;
    proto_item *item;
    proto_tree *tree = add_field_tree(drawing, parent, hf_mailxtra_auth_results, one->field, &item);
    proto_item_append_text(item, ": %s%s%s", kinds[one->kind], results->server ? " of " : "",
                           results->server ? results->server : "");
    add_text(drawing, tree, hf_mailxtra_auth_results_server, one->field, results->server);
    for (guint i = 0; i < results->results->len; i++) {
        const auth_result *result = g_ptr_array_index(results->results, i);
        proto_item_append_text(item, "%s%s=%s", i ? ", " : ": ", result->method, result->result);
        add_text(drawing, tree, hf_mailxtra_auth_results_method, one->field, result->method);
        add_text(drawing, tree, hf_mailxtra_auth_results_result, one->field, result->result);
        add_text(drawing, tree, hf_mailxtra_auth_results_comment, one->field, result->comment);
        add_text(drawing, tree, hf_mailxtra_auth_results_properties, one->field, result->properties);
    }
}

/* ---- what is wanted ---- */

gboolean tree_trace_findings_are_wanted(proto_tree *tree)
{
    anomaly_set findings = 0;
    for (int kind = ANOMALY_FROM_DOMAIN_DIFFERS; kind <= ANOMALY_FIELDS_CHANGED; kind++)
        findings |= ANOMALY_BIT(kind);
    return mailxtra_wants_anomalies(tree, findings);
}

gboolean tree_trace_is_wanted(proto_tree *tree)
{
    static const int *const fields[] = {
#define X(id, name, type, display, strings, title, text) &hf_mailxtra_##id,
        MAILXTRA_TRACE_FIELD_LIST(X)
#undef X
    };
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
        if (proto_field_is_referenced(tree, *fields[i]))
            return TRUE;
    return FALSE;
}

/* Linking and examining is a pass over the body or two; a filter that needs none of this need not wait for it. */
void tree_trace_draw(const message_drawing *message, tvbuff_t *tvb, proto_tree *parent)
{
    const trace_report *report = message_facts_trace(message->stored, message->analysis);
    const trace_entry *entry = trace_store_find(message->stored);
    if (!report || !entry)
        return;
    proto_item *item;
    proto_tree *tree = proto_tree_add_subtree(parent, tvb, 0, 0, ett_mailxtra_trace, &item, "Trace");
    const mail_hop *hop = trace_store_hop(entry);
    trace_drawing drawing = {entry, report, message->mime->root->fields, tvb, message->pinfo, message->items};
    proto_item_set_generated(item);
    proto_item_append_text(item, ": mail %u, hop %u, %u Received fields, %u findings", hop->trace, hop->hop,
                           report->hop_fields, report->findings->len);
    draw_hop(&drawing, tree);
    draw_mailboxes(&drawing, tree);
    draw_all_received(&drawing, tree);
    for (guint i = 0; i < report->signatures->len; i++)
        draw_signature(&drawing, tree, g_ptr_array_index(report->signatures, i));
    for (guint i = 0; i < report->results->len; i++)
        draw_results(&drawing, tree, g_ptr_array_index(report->results, i));
}

/* ---- replies ---- */

void tree_trace_reply(const mail_record *record, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, proto_item *item)
{
    const mail_event *event = &record->event;
    if (event->first && event->code >= 400 && event->code <= 599) {
        anomaly_kind kind = event->code < 500 ? ANOMALY_REPLY_TRANSIENT_FAILURE : ANOMALY_REPLY_PERMANENT_FAILURE;
        const char *meaning = reply_meaning(event->code, event->enhanced);
        if (meaning)
            proto_item_set_generated(proto_tree_add_string(tree, hf_mailxtra_reply_meaning, tvb, 0, 0, meaning));
        mailxtra_add_anomaly_text(
            pinfo, item, kind,
            wmem_strdup_printf(pinfo->pool, "%u: %s", event->code, meaning ? meaning : anomaly_describe(kind)->text));
    }
    if (record->login_failures) {
        proto_item_set_generated(
            proto_tree_add_uint(tree, hf_mailxtra_auth_failures, tvb, 0, 0, record->login_failures));
        mailxtra_add_anomaly_text(
            pinfo, item, ANOMALY_AUTH_FAILED_REPEATEDLY,
            wmem_strdup_printf(pinfo->pool,
                               "%u logins of this session have failed: a forgotten password, or a guessed one",
                               record->login_failures));
    }
}
