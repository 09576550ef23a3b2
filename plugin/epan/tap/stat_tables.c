/* stat_tables.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A table is filled while packets are tapped, so a row is written when its first packet comes and filled in
 * again when a later one says more. Rows and cells belong to Wireshark's table; strings in them are ours.
 */
#include "stat_tables.h"

#include "capture_end.h"
#include "message_facts.h"
#include "stream_store.h"
#include "text.h"
#include "trace_store.h"

#include <epan/stat_tap_ui.h>

#include "header.h"
#include "limits.h"
#include "trace_check.h"

/* ---- cells ---- */

static stat_tap_table_item_type text_cell(const char *text)
{
    stat_tap_table_item_type cell = {.type = TABLE_ITEM_STRING};
    cell.value.string_value = printable_of(text && *text ? text : "-").text;
    return cell;
}

/* Takes the text over. */
static stat_tap_table_item_type own_text_cell(char *text)
{
    stat_tap_table_item_type cell = text_cell(text);
    g_free(text);
    return cell;
}

static stat_tap_table_item_type number_cell(guint number)
{
    stat_tap_table_item_type cell = {.type = TABLE_ITEM_UINT};
    cell.value.uint_value = number;
    return cell;
}

static void free_cell(stat_tap_table *table _U_, guint row _U_, guint column _U_, stat_tap_table_item_type *cell)
{
    if (cell->type == TABLE_ITEM_STRING)
        g_free((char *)cell->value.string_value);
    cell->type = TABLE_ITEM_NONE;
}

/* Writes row `index` of the table, the first time or again. */
static void put_row(stat_tap_table *table, guint index, stat_tap_table_item_type *cells)
{
    if (index >= table->num_elements) {
        stat_tap_init_table_row(table, index, table->num_fields, cells);
        return;
    }
    for (guint column = 0; column < table->num_fields; column++) {
        free_cell(table, index, column, stat_tap_get_field_data(table, index, column));
        stat_tap_set_field_data(table, index, column, &cells[column]);
    }
}

static void empty_table(stat_tap_table *table)
{
    for (guint row = 0; row < table->num_elements; row++)
        for (guint column = 0; column < table->num_fields; column++)
            free_cell(table, row, column, stat_tap_get_field_data(table, row, column));
    for (guint row = 0; row < table->num_elements; row++)
        g_free(table->elements[row]);
    g_free(table->elements);
    table->elements = NULL;
    table->num_elements = 0;
}

/* ---- filters: "-z mailxtra,messages,FILTER" ---- */

static tap_param filter_params[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};

/* ---- what the tables are made of ---- */

static char *clock_text(const nstime_t *time)
{
    GDateTime *moment = g_date_time_new_from_unix_local((gint64)time->secs);
    char *text = moment ? g_date_time_format(moment, "%Y-%m-%d %H:%M:%S") : NULL;
    if (moment)
        g_date_time_unref(moment);
    return text;
}

static char *delay_text(const nstime_t *delay)
{
    if (delay->secs >= 60 || delay->secs < 0)
        return trace_duration_text((gint64)delay->secs);
    return g_strdup_printf("%.3f s", (double)delay->secs + delay->nsecs / 1e9);
}

static char *end_text(const char *host, guint32 port)
{
    return host ? g_strdup_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port) : NULL;
}

static char *protocol_text(const trace_entry *entry)
{
    return g_strconcat(text_protocol(entry->message->protocol), entry->in_tls ? " (TLS)" : "", NULL);
}

static void append_name(part_analysis *one, void *text)
{
    const mime_part *part = part_analysis_part(one);
    g_string_append_printf(text, "%s%s", ((GString *)text)->len ? ", " : "",
                           part->filename ? part->filename : part->type);
}

static char *attachments_text(message_analysis *analysis)
{
    GString *text = g_string_new(NULL);
    message_analysis_attachments(analysis, append_name, text);
    return g_string_free(text, FALSE);
}

/* Calls `take` for each message that this frame finishes. */
typedef void (*message_taker)(stat_tap_table_ui *ui, const trace_entry *entry, packet_info *pinfo);

static tap_packet_status each_message_of_call(stat_tap_table_ui *ui, packet_info *pinfo, const stream_call *call,
                                              message_taker take)
{
    guint count = stream_call_count(call);
    tap_packet_status status = TAP_PACKET_DONT_REDRAW;
    for (guint i = 0; i < count; i++) {
        const mail_record *record = stream_call_record(call, i);
        const trace_entry *entry = mail_record_finishes(record, pinfo->num) ? trace_store_find(record->message) : NULL;
        if (!entry)
            continue;
        take(ui, entry, pinfo);
        status = TAP_PACKET_REDRAW;
    }
    return status;
}

static tap_packet_status each_message(void *data, packet_info *pinfo, const void *tapped, message_taker take)
{
    const stat_data_t *stat = data;
    const tapped_frame *frame = tapped;
    tap_packet_status status = TAP_PACKET_DONT_REDRAW;
    for (guint i = 0; i < frame->count; i++)
        if (each_message_of_call(stat->stat_tap_data, pinfo, frame->calls[i], take) == TAP_PACKET_REDRAW)
            status = TAP_PACKET_REDRAW;
    return status;
}

static stat_tap_table *only_table(stat_tap_table_ui *ui, const char *title)
{
    stat_tap_table *table = stat_tap_find_table(ui, title);
    if (table)
        return table;
    table = stat_tap_init_table(title, (int)ui->nfields, 0, NULL);
    stat_tap_add_table(ui, table);
    return table;
}

/* ---- messages ---- */

#define MESSAGES_TITLE "Mail Messages"

static stat_tap_table_item message_columns[] = {
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Frame", "%u"},     {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Time", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Protocol", "%s"}, {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Client", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Server", "%s"},   {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "From", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "To", "%s"},       {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Subject", "%s"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Size", "%u"},      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Attachments", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Complete", "%s"},
};

static void begin_messages(stat_tap_table_ui *ui)
{
    only_table(ui, MESSAGES_TITLE);
}

static void take_message(stat_tap_table_ui *ui, const trace_entry *entry, packet_info *pinfo)
{
    stat_tap_table *table = only_table(ui, MESSAGES_TITLE);
    const stored_message *message = entry->message;
    message_analysis *analysis = message_facts(entry->message, pinfo);
    stat_tap_table_item_type cells[] = {
        number_cell(entry->frame),
        own_text_cell(clock_text(&entry->time)),
        own_text_cell(protocol_text(entry)),
        text_cell(entry->session->client),
        text_cell(entry->session->server),
        text_cell(message_analysis_field(analysis, "From")),
        text_cell(message_analysis_field(analysis, "To")),
        text_cell(message_analysis_field(analysis, "Subject")),
        number_cell((guint)message->size),
        own_text_cell(attachments_text(analysis)),
        text_cell(message_store_is_complete(message) ? "yes" : "no"),
    };
    put_row(table, table->num_elements, cells);
}

static tap_packet_status on_messages(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                     tap_flags_t flags _U_)
{
    capture_end_note(on_messages, data, pinfo, tapped, CAPTURE_END_LAST_FRAME);
    return each_message(data, pinfo, tapped, take_message);
}

static stat_tap_table_ui messages_ui = {
    .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
    .title = MESSAGES_TITLE,
    .tap_name = "mailxtra",
    .cli_string = "mailxtra,messages",
    .stat_tap_init_cb = begin_messages,
    .packet_func = on_messages,
    .stat_tap_reset_table_cb = empty_table,
    .stat_tap_free_table_item_cb = free_cell,
    .nfields = G_N_ELEMENTS(message_columns),
    .fields = message_columns,
    .nparams = G_N_ELEMENTS(filter_params),
    .params = filter_params,
};

/* ---- trace: a table per mail ---- */

static stat_tap_table_item trace_columns[] = {
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Hop", "%u"},       {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Frame", "%u"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Time", "%s"},     {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "After", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Protocol", "%s"}, {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Client", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Server", "%s"},   {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Envelope", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Changes", "%s"},
};

static GHashTable *mail_tables; /* title, interned -> table */

/* Wireshark wants an array of tables before the first mail has come. */
static void begin_traces(stat_tap_table_ui *ui)
{
    if (!ui->tables)
        ui->tables = g_array_new(FALSE, TRUE, sizeof(stat_tap_table *));
    if (!mail_tables)
        mail_tables = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_hash_table_remove_all(mail_tables);
}

static void append_names(GString *text, const char *sign, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++)
        g_string_append_printf(text, "%s%s%s", text->len ? " " : "", sign, (const char *)g_ptr_array_index(names, i));
}

/* "+Received ~Subject, body" */
static char *changes_text(const mail_hop *hop)
{
    GString *text = g_string_new(NULL);
    append_names(text, "+", hop->added);
    append_names(text, "-", hop->removed);
    append_names(text, "~", hop->changed);
    if (hop->body_changed)
        g_string_append(text, text->len ? ", body" : "body");
    return g_string_free(text, FALSE);
}

static char *envelope_text(const stored_message *message)
{
    if (!message->has_envelope_from)
        return NULL;
    char *to = message->envelope_to ? g_strjoinv(", ", message->envelope_to) : g_strdup("");
    char *text = g_strdup_printf("<%s> to %s", message->envelope_from, to);
    g_free(to);
    return text;
}

static char *after_text(const trace_entry *entry, const mail_hop *hop)
{
    nstime_t delay;
    if (hop->previous == MAIL_TRACE_NONE)
        return NULL;
    nstime_delta(&delay, &entry->time, &trace_store_entry(hop->previous)->time);
    return delay_text(&delay);
}

/* The table keeps the pointer only. */
static const char *mail_title(const trace_entry *entry, const mail_hop *hop)
{
    header_block block = header_read(message_store_bytes(entry->message), 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    const header_field *id = header_find(block.fields, "Message-ID"), *subject = header_find(block.fields, "Subject");
    char *title =
        g_strdup_printf("Mail %u: %s %s", hop->trace, subject ? subject->value : "(no subject)", id ? id->value : "");
    const char *kept = g_intern_string(title);
    g_free(title);
    g_ptr_array_unref(block.fields);
    return kept;
}

static stat_tap_table *table_of_mail(stat_tap_table_ui *ui, const mail_hop *hop)
{
    /* what the first hop calls it: a list may change the subject */
    guint first = g_array_index(trace_store_transfers(hop->trace), guint, 0);
    const char *title = mail_title(trace_store_entry(first), hop);
    stat_tap_table *table = g_hash_table_lookup(mail_tables, title);
    if (!table) {
        table = stat_tap_init_table(title, (int)ui->nfields, 0, NULL);
        stat_tap_add_table(ui, table);
        g_hash_table_insert(mail_tables, (gpointer)title, table);
    }
    return table;
}

static void take_hop(stat_tap_table_ui *ui, const trace_entry *entry, packet_info *pinfo _U_)
{
    const mail_hop *hop = trace_store_hop(entry);
    stat_tap_table *table = table_of_mail(ui, hop);
    stat_tap_table_item_type cells[] = {
        number_cell(hop->hop),
        number_cell(entry->frame),
        own_text_cell(clock_text(&entry->time)),
        own_text_cell(after_text(entry, hop)),
        own_text_cell(protocol_text(entry)),
        text_cell(entry->session->client),
        own_text_cell(end_text(entry->session->server, entry->session->server_port)),
        own_text_cell(envelope_text(entry->message)),
        own_text_cell(changes_text(hop)),
    };
    put_row(table, table->num_elements, cells);
}

static tap_packet_status on_traces(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                   tap_flags_t flags _U_)
{
    capture_end_note(on_traces, data, pinfo, tapped, CAPTURE_END_LAST_FRAME);
    return each_message(data, pinfo, tapped, take_hop);
}

static stat_tap_table_ui trace_ui = {
    .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
    .title = "Mail Trace",
    .tap_name = "mailxtra",
    .cli_string = "mailxtra,trace",
    .stat_tap_init_cb = begin_traces,
    .packet_func = on_traces,
    .stat_tap_reset_table_cb = empty_table,
    .stat_tap_free_table_item_cb = free_cell,
    .nfields = G_N_ELEMENTS(trace_columns),
    .fields = trace_columns,
    .nparams = G_N_ELEMENTS(filter_params),
    .params = filter_params,
};

/* ---- sessions ---- */

#define SESSIONS_TITLE "Mail Sessions"

static stat_tap_table_item session_columns[] = {
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Frame", "%u"},     {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Client", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Server", "%s"},   {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Protocol", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Greeting", "%s"}, {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "HELO", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "TLS", "%s"},      {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "User", "%s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Login", "%s"},    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Mails", "%u"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Bytes", "%u"},     {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Refusals", "%u"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "End", "%s"},
};

static GHashTable *session_rows; /* session_summary -> row + 1 */

static void begin_sessions(stat_tap_table_ui *ui)
{
    if (!session_rows)
        session_rows = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_hash_table_remove_all(session_rows);
    only_table(ui, SESSIONS_TITLE);
}

static void empty_sessions(stat_tap_table *table)
{
    g_hash_table_remove_all(session_rows);
    empty_table(table);
}

static const char *tls_text(const session_summary *session)
{
    return session->in_tls          ? "yes"
           : session->tls_announced ? "yes, no keys"
           : session->offers_tls    ? "offered, not used"
                                    : "no";
}

static char *login_text(const session_summary *session)
{
    const char *mechanism = session->mechanism ? session->mechanism : "";
    if (session->logins && session->login_failures)
        return g_strdup_printf("%s ok, %u failed", mechanism, session->login_failures);
    if (session->logins)
        return g_strdup_printf("%s ok", mechanism);
    return session->login_failures ? g_strdup_printf("%s %u failed", mechanism, session->login_failures) : NULL;
}

static guint row_of(const session_summary *session, const stat_tap_table *table)
{
    guint row = GPOINTER_TO_UINT(g_hash_table_lookup(session_rows, session));
    if (row)
        return row - 1;
    g_hash_table_insert(session_rows, (gpointer)session, GUINT_TO_POINTER(table->num_elements + 1));
    return table->num_elements;
}

static void put_session(stat_tap_table *table, const session_summary *session)
{
    stat_tap_table_item_type cells[] = {
        number_cell(session->first_frame),
        own_text_cell(end_text(session->client, session->client_port)),
        own_text_cell(end_text(session->server, session->server_port)),
        text_cell(text_protocol(session->protocol)),
        text_cell(session->banner),
        text_cell(session->helo),
        text_cell(tls_text(session)),
        text_cell(session->user ? session->user : session->user_said),
        own_text_cell(login_text(session)),
        number_cell(session->messages),
        number_cell((guint)MIN(session->message_bytes, G_MAXUINT)),
        number_cell(session->failures),
        text_cell(session_summary_end_text(session)),
    };
    put_row(table, row_of(session, table), cells);
}

static tap_packet_status on_sessions(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                     tap_flags_t flags _U_)
{
    const stat_data_t *stat = data;
    const tapped_frame *frame = tapped;
    stat_tap_table *table = only_table(stat->stat_tap_data, SESSIONS_TITLE);
    tap_packet_status status = TAP_PACKET_DONT_REDRAW;
    capture_end_note(on_sessions, data, pinfo, tapped, CAPTURE_END_ANY_FRAME);
    for (guint i = 0; i < frame->count; i++) {
        const session_summary *session = stream_store_summary(frame->calls[i]->conversation);
        if (!session->client)
            continue;
        put_session(table, session);
        status = TAP_PACKET_REDRAW;
    }
    return status;
}

static stat_tap_table_ui sessions_ui = {
    .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
    .title = SESSIONS_TITLE,
    .tap_name = "mailxtra",
    .cli_string = "mailxtra,sessions",
    .stat_tap_init_cb = begin_sessions,
    .packet_func = on_sessions,
    .stat_tap_reset_table_cb = empty_sessions,
    .stat_tap_free_table_item_cb = free_cell,
    .nfields = G_N_ELEMENTS(session_columns),
    .fields = session_columns,
    .nparams = G_N_ELEMENTS(filter_params),
    .params = filter_params,
};

/* The next session's rows are new ones, whatever their memory is. */
static void forget_session(void)
{
    if (mail_tables)
        g_hash_table_remove_all(mail_tables);
    if (session_rows)
        g_hash_table_remove_all(session_rows);
}

void stat_tables_register(void)
{
    capture_end_add_consumer((capture_end_consumer){.forget = forget_session});
    register_stat_tap_table_ui(&messages_ui);
    register_stat_tap_table_ui(&trace_ui);
    register_stat_tap_table_ui(&sessions_ui);
}
