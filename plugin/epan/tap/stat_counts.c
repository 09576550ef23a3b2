/* stat_counts.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stat_counts.h"

#include "capture_end.h"
#include "message_facts.h"
#include "stream_store.h"
#include "text.h"
#include "trace_store.h"

#include <epan/srt_table.h>
#include <epan/stats_tree.h>

/* ---- counts ---- */

static int node_protocols, node_commands, node_replies, node_mechanisms, node_attachments, node_senders,
    node_recipients;

static void begin_counts(stats_tree *tree)
{
    node_protocols = stats_tree_create_pivot(tree, "Mails by protocol", 0);
    node_commands = stats_tree_create_pivot(tree, "Commands", 0);
    node_replies = stats_tree_create_pivot(tree, "Replies", 0);
    node_mechanisms = stats_tree_create_pivot(tree, "Logins by mechanism and outcome", 0);
    node_attachments = stats_tree_create_pivot(tree, "Attachments by type", 0);
    node_senders = stats_tree_create_pivot(tree, "Senders", 0);
    node_recipients = stats_tree_create_pivot(tree, "Recipients", 0);
}

static void count_attachment(part_analysis *one, void *tree)
{
    stats_tree_tick_pivot(tree, node_attachments, part_analysis_part(one)->type);
}

static void count_message(stats_tree *tree, stored_message *message, packet_info *pinfo)
{
    if (message_store_is_mail(message))
        stats_tree_tick_pivot(tree, node_protocols, text_protocol(message->protocol));
    if (message_store_is_offered(message))
        message_analysis_attachments(message_facts(message, pinfo), count_attachment, tree);
    if (message->has_envelope_from)
        stats_tree_tick_pivot(tree, node_senders, *message->envelope_from ? message->envelope_from : "<>");
    for (char **recipient = message->envelope_to; recipient && *recipient; recipient++)
        stats_tree_tick_pivot(tree, node_recipients, *recipient);
}

static void count_command(stats_tree *tree, packet_info *pinfo, const mail_event *event)
{
    stats_tree_tick_pivot(tree, node_commands, event->known ? text_upper(pinfo, event->verb) : "(not a command)");
}

static void count_reply(stats_tree *tree, packet_info *pinfo, const stream_call *call, const mail_event *event)
{
    if (event->first)
        stats_tree_tick_pivot(tree, node_replies,
                              event->status ? event->status : wmem_strdup_printf(pinfo->pool, "%03u", event->code));
    if (event->outcome != MAIL_OUTCOME_NONE) {
        const session_summary *session = stream_store_summary(call->conversation);
        const char *mechanism = event->auth && event->auth->mechanism ? event->auth->mechanism : session->mechanism;
        stats_tree_tick_pivot(tree, node_mechanisms,
                              wmem_strdup_printf(pinfo->pool, "%s, %s", mechanism ? mechanism : "?",
                                                 event->outcome == MAIL_OUTCOME_SUCCESS ? "accepted" : "refused"));
    }
}

static void count_call(stats_tree *tree, packet_info *pinfo, const stream_call *call)
{
    guint count = stream_call_count(call);
    for (guint i = 0; i < count; i++) {
        const mail_record *record = stream_call_record(call, i);
        const mail_event *event = &record->event;
        if (event->kind == MAIL_EVENT_COMMAND)
            count_command(tree, pinfo, event);
        else if (event->kind == MAIL_EVENT_REPLY_LINE)
            count_reply(tree, pinfo, call, event);
        else if (mail_record_finishes(record, pinfo->num))
            count_message(tree, record->message, pinfo);
    }
}

static tap_packet_status on_counts(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                   tap_flags_t flags _U_);

static tap_packet_status on_counts_at_end(void *tree, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                          tap_flags_t flags)
{
    return on_counts(tree, pinfo, edt, tapped, flags);
}

static tap_packet_status on_counts(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                   tap_flags_t flags _U_)
{
    const tapped_frame *frame = tapped;
    capture_end_note(on_counts_at_end, tree, pinfo, tapped, CAPTURE_END_LAST_FRAME);
    for (guint i = 0; i < frame->count; i++)
        count_call(tree, pinfo, frame->calls[i]);
    return TAP_PACKET_REDRAW;
}

/* ---- response times ---- */

/* Rows of the table, in this order; what is none of these goes into the last one. */
static const char *const timed_verbs[] = {
    "EHLO",     "HELO", "LHLO",  "MAIL",   "RCPT",  "DATA", "BDAT",   "RSET",   "NOOP",   "VRFY",   "AUTH",
    "STARTTLS", "QUIT", "USER",  "PASS",   "APOP",  "CAPA", "STAT",   "LIST",   "UIDL",   "RETR",   "TOP",
    "DELE",     "STLS", "LOGIN", "SELECT", "FETCH", "UID",  "SEARCH", "APPEND", "(data)", "(other)"};

/* What has no verb: the end of a message's data, lines of a login. */
static int row_of(const mail_exchange *exchange)
{
    const char *verb = exchange->verb ? exchange->verb : "(data)";
    for (guint i = 0; i < G_N_ELEMENTS(timed_verbs); i++)
        if (g_str_equal(timed_verbs[i], verb))
            return (int)i;
    return (int)G_N_ELEMENTS(timed_verbs) - 1;
}

static void begin_times(register_srt_t *srt _U_, GArray *tables)
{
    srt_stat_table *table =
        init_srt_table("Mail Commands", NULL, tables, (int)G_N_ELEMENTS(timed_verbs), "Command", NULL, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(timed_verbs); i++)
        init_srt_table_row(table, (int)i, timed_verbs[i]);
}

static void time_call(srt_stat_table *table, packet_info *pinfo, const stream_call *call)
{
    guint count = stream_call_count(call);
    for (guint i = 0; i < count; i++) {
        const mail_record *record = stream_call_record(call, i);
        const mail_exchange *exchange = record->exchange;
        if (record->event.kind == MAIL_EVENT_REPLY_LINE && record->event.first && exchange && exchange->asked_in &&
            exchange->answered_in == pinfo->num)
            add_srt_table_data(table, row_of(exchange), &exchange->asked_at, pinfo);
    }
}

static tap_packet_status on_times(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                  tap_flags_t flags _U_)
{
    const srt_data_t *srt = data;
    const tapped_frame *frame = tapped;
    capture_end_note(on_times, data, pinfo, tapped, CAPTURE_END_LAST_FRAME);
    for (guint i = 0; i < frame->count; i++)
        time_call(g_array_index(srt->srt_array, srt_stat_table *, 0), pinfo, frame->calls[i]);
    return TAP_PACKET_REDRAW;
}

void stat_counts_register(int proto)
{
    stats_tree_register_plugin("mailxtra", "mailxtra", "Mail Counts", 0, on_counts, begin_counts, NULL);
    register_srt_table(proto, "mailxtra", 1, on_times, begin_times, NULL);
}
