/* record_builder.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "record_builder.h"

#include "event_copy.h"
#include "imap_store.h"
#include "later_passes.h"
#include "mailxtra.h"
#include "text.h"
#include "trace_store.h"

#include <epan/proto_data.h>
#include <epan/to_str.h>

#include "imap_identity.h"

struct record_builder {
    mail_conversation *conversation;
    guint32 id;
    mail_endpoint client, server; /* once it is mail */
    wmem_array_t *exchanges;      /* of mail_exchange*, index is the number */
    wmem_array_t *messages;       /* of stored_message*, index is the ordinal */
    const char *state;
    mail_protocol protocol;
    gboolean in_tls;
    char *login_name; /* the last user name that the client sent */
    guint32 login_name_in;
    imap_mailbox_view *imap;  /* pieces of mail under way; NULL: not IMAP */
    session_summary *summary; /* owned */
    stream_call *last_kept;   /* the last call that was kept */

    /* valid during a call */
    packet_info *pinfo;
    stream_call *call;
    wmem_allocator_t *scope; /* of the call's records: the file's, or the packet's when no later pass may come */

    stream_call working; /* the call that is going on; copied to `scope` if it brought anything */
};

static GPtrArray *joined_now; /* of stored_message*: what the event that is being added has made whole */

/* ---- life ---- */

void record_builder_register(void)
{
    joined_now = g_ptr_array_new();
}

record_builder *record_builder_new(mail_conversation *conversation, guint32 id)
{
    record_builder *builder = wmem_new0(wmem_file_scope(), record_builder);
    builder->conversation = conversation;
    builder->id = id;
    builder->exchanges = wmem_array_new(wmem_file_scope(), sizeof(gpointer));
    builder->messages = wmem_array_new(wmem_file_scope(), sizeof(gpointer));
    builder->summary = session_summary_new();
    return builder;
}

void record_builder_free(record_builder *builder)
{
    session_summary_free(builder->summary);
    builder->summary = NULL;
}

static void summarize_ends(record_builder *builder)
{
    char *client = address_to_str(NULL, &builder->client.address);
    char *server = address_to_str(NULL, &builder->server.address);
    session_summary_set_ends(builder->summary, client, builder->client.port, server, builder->server.port);
    wmem_free(NULL, client);
    wmem_free(NULL, server);
}

void record_builder_identify(record_builder *builder, mail_protocol protocol, guint32 number,
                             const mail_endpoint *client, const mail_endpoint *server)
{
    builder->protocol = protocol;
    builder->client = *client;
    builder->server = *server;
    builder->summary->number = number;
    summarize_ends(builder);
    if (protocol == MAIL_PROTOCOL_IMAP)
        builder->imap = imap_store_open(builder->id, &server->address);
}

void record_builder_set_tls(record_builder *builder, gboolean in_tls)
{
    builder->in_tls = in_tls;
}

const session_summary *record_builder_summary(const record_builder *builder)
{
    return builder->summary;
}

gboolean record_builder_close(record_builder *builder, mail_side side)
{
    return session_summary_close(builder->summary, side);
}

mail_protocol record_builder_protocol(const record_builder *builder)
{
    return builder->protocol;
}

/* ---- exchanges and messages ---- */

static gpointer *slot(wmem_array_t *array, guint32 index)
{
    gpointer nothing = NULL;
    while (wmem_array_get_count(array) <= index)
        wmem_array_append_one(array, nothing);
    return wmem_array_index(array, index);
}

static char *upper_case(slice word)
{
    char *upper = wmem_strndup(wmem_file_scope(), word.len ? (const char *)word.data : "", word.len);
    for (char *c = upper; *c; c++)
        *c = g_ascii_toupper(*c);
    return upper;
}

static mail_exchange *note_exchange(record_builder *builder, const mail_event *event)
{
    if (event->exchange == 0)
        return NULL;
    gpointer *place = slot(builder->exchanges, event->exchange);
    if (!*place)
        *place = wmem_new0(wmem_file_scope(), mail_exchange);
    mail_exchange *exchange = *place;
    if (event->side == MAIL_CLIENT && !exchange->asked_in) {
        exchange->asked_in = builder->pinfo->num;
        exchange->asked_at = builder->pinfo->abs_ts;
        if (event->kind == MAIL_EVENT_COMMAND)
            exchange->verb = upper_case(event->verb);
    } else if (event->kind == MAIL_EVENT_REPLY_LINE && event->first && !exchange->answered_in) {
        exchange->answered_in = builder->pinfo->num;
        exchange->answered_at = builder->pinfo->abs_ts;
    }
    return exchange;
}

/* Says whom the message goes between. */
static void set_ends(const record_builder *builder, stored_message *message)
{
    message->client = builder->client.address;
    message->server = builder->server.address;
    message->client_port = builder->client.port;
    message->server_port = builder->server.port;
}

static stored_message *note_message(record_builder *builder, const mail_event *event)
{
    if (event->message == 0)
        return NULL;
    gpointer *place = slot(builder->messages, event->message);
    if (!*place && event->kind != MAIL_EVENT_MESSAGE_END)
        set_ends(builder, *place = message_store_open(event));
    stored_message *message = *place;
    if (!message)
        return NULL;
    if (event->imap && event->kind == MAIL_EVENT_MESSAGE_END)
        imap_store_facts(builder->imap, message, event->imap);
    if (event->kind == MAIL_EVENT_MESSAGE_END)
        message_store_finish(message, builder->pinfo, event);
    else if (event->kind == MAIL_EVENT_GAP && event->anomalies & ANOMALY_BIT(ANOMALY_NOT_FETCHED))
        message_store_not_fetched(message, event->missing);
    else if (event->kind == MAIL_EVENT_GAP)
        message_store_gap(message, event->missing);
    return message;
}

/* A message that was joined from pieces: shown behind the event that made it whole. */
static void on_joined(stored_message *message, void *user)
{
    record_builder *builder = user;
    set_ends(builder, message);
    g_ptr_array_add(joined_now, message);
}

/* An event about a piece of mail; what it completes, and what is odd about it. */
static stored_message *note_piece(record_builder *builder, const mail_event *event, anomaly_set *anomalies_r)
{
    *anomalies_r = imap_store_piece(builder->imap, event, builder->pinfo, on_joined, builder);
    return joined_now->len ? g_ptr_array_steal_index(joined_now, 0) : NULL;
}

/* ---- the records of a call ---- */

static void append_record(record_builder *builder, mail_record *record)
{
    stream_call *call = builder->call;
    if (call->record_count == call->record_room) {
        call->record_room = call->record_room ? 2 * call->record_room : 1;
        call->records = wmem_realloc(builder->scope, call->records, call->record_room * sizeof *call->records);
    }
    call->records[call->record_count++] = record;
}

/* There will be more in the call than data. */
static void end_plain_data(record_builder *builder)
{
    stream_call *call = builder->call;
    if (!call->data.message)
        return;
    mail_record *record = wmem_new0(builder->scope, mail_record);
    stream_call_fill_data_record(call, record);
    call->data.message = NULL;
    append_record(builder, record);
}

static void note_plain_data(stream_call *call, const mail_event *event, stored_message *message, gsize kept)
{
    plain_data *data = &call->data;
    if (!data->message)
        *data = (plain_data){.message = message,
                             .start = event->start,
                             .exchange = event->exchange,
                             .side = event->side,
                             .source = event->source,
                             .is_inflated = event->is_inflated};
    data->end = event->end;
    data->kept += kept;
}

/* The record that more data of the message is added to: the call's last, or a new one. */
static mail_record *data_record(record_builder *builder, const mail_event *event, stored_message *message,
                                wmem_allocator_t *scope)
{
    const stream_call *call = builder->call;
    end_plain_data(builder);
    mail_record *record = call->record_count ? call->records[call->record_count - 1] : NULL;
    if (record && record->event.kind == MAIL_EVENT_MESSAGE_DATA && record->message == message &&
        record->event.message == event->message)
        return record;
    record = wmem_new0(scope, mail_record);
    record->event = *event;
    record->event.line = record->event.data = record->event.envelope_from = SLICE_EMPTY;
    record->event.imap = NULL;
    record->event.envelope_to = NULL;
    record->event.envelope_to_count = 0;
    record->message = message;
    append_record(builder, record);
    return record;
}

/* Is the event about a piece of mail that is to be joined with others? */
static gboolean is_piece(const record_builder *builder, const mail_event *event)
{
    if (event->protocol != MAIL_PROTOCOL_IMAP || event->message == 0)
        return FALSE;
    return event->kind == MAIL_EVENT_GAP ? imap_store_has_piece(builder->imap, event->message)
                                         : imap_identity_is_piece(event);
}

static void note_data(record_builder *builder, const mail_event *event)
{
    stream_call *call = builder->call;
    gboolean piece = is_piece(builder, event);
    stored_message *message = piece ? NULL : note_message(builder, event);
    gsize kept = message ? message_store_append(message, builder->pinfo, event->data) : piece ? event->data.len : 0;
    if (message && !event->anomalies && (call->data.message == message || stream_call_count(call) == 0)) {
        note_plain_data(call, event, message, kept);
        return;
    }
    /* what the pieces are joined to is noted in their records later on */
    mail_record *record = data_record(builder, event, message, piece ? wmem_file_scope() : builder->scope);
    record->event.end = event->end;
    record->event.anomalies |= event->anomalies;
    record->data_length += kept;
    if (piece)
        imap_store_data(builder->imap, event, builder->pinfo->num, record);
}

static void note_login(record_builder *builder, mail_record *record)
{
    const mail_auth *auth = record->event.auth;
    if (!auth)
        return;
    if (auth->username.len) {
        builder->login_name = text_keep(auth->username);
        builder->login_name_in = builder->pinfo->num;
    }
    if (mail_auth_has_proof(auth)) {
        record->login_name = builder->login_name;
        record->login_name_in = builder->login_name_in;
    }
}

/* ---- the session's summary ---- */

/* What the record of a message's end adds to the session, and to the message. */
static void summarize_message(record_builder *builder, const mail_record *record)
{
    const session_summary *summary = builder->summary;
    stored_message *message = record->message;
    if (!message || message->finished_in != builder->pinfo->num)
        return;
    if (record->event.end_reason == MAIL_END_CUT && summary->end != SESSION_OPEN && message->missing == 0 &&
        !(message->anomalies & ANOMALY_BIT(ANOMALY_LOST_BYTES)))
        message->anomalies |= ANOMALY_BIT(ANOMALY_CONNECTION_LOST_IN_MESSAGE);
    if (!message_store_is_mail(message))
        return;
    session_summary_message(builder->summary, message->size);
    trace_store_add(message, summary, record->event.side, builder->pinfo);
}

/* Adds what the record's frame is to show of the session. */
static void summarize(record_builder *builder, mail_record *record)
{
    const session_moment moment = {
        .frame = builder->pinfo->num, .is_in_capture = builder->pinfo->src.type != AT_NONE, .in_tls = builder->in_tls};
    session_remarks remarks = session_summary_event(builder->summary, &record->event,
                                                    record->exchange ? record->exchange->verb : NULL, &moment);
    record->event.anomalies |= remarks.anomalies;
    record->login_failures = remarks.login_failures;
    if (record->event.kind == MAIL_EVENT_MESSAGE_END)
        summarize_message(builder, record);
}

/* Messages that no event of the session's own ends. */
static void show_joined(record_builder *builder)
{
    for (guint i = 0; i < joined_now->len; i++) {
        mail_record *record = wmem_new0(builder->scope, mail_record);
        record->event.kind = MAIL_EVENT_MESSAGE_END;
        record->event.protocol = MAIL_PROTOCOL_IMAP;
        record->event.side = MAIL_SERVER;
        record->event.source = MAIL_FROM_FETCH;
        record->event.state = builder->state;
        record->message = g_ptr_array_index(joined_now, i);
        summarize(builder, record);
        append_record(builder, record);
    }
    g_ptr_array_set_size(joined_now, 0);
}

void record_builder_add(record_builder *builder, const mail_event *event)
{
    if (event->state)
        builder->state = event->state;
    builder->protocol = event->protocol;
    if (event->kind == MAIL_EVENT_MESSAGE_DATA) {
        note_data(builder, event);
        return;
    }
    end_plain_data(builder);
    anomaly_set odd = 0;
    mail_record *record = wmem_new0(builder->scope, mail_record);
    record->exchange = note_exchange(builder, event);
    record->message = is_piece(builder, event) ? note_piece(builder, event, &odd) : note_message(builder, event);
    if (event->kind == MAIL_EVENT_UNTAGGED && event->last)
        imap_store_note(builder->imap, event, builder->pinfo, on_joined, builder);
    event_copy(builder->scope, &record->event, event);
    record->event.anomalies |= odd;
    if (builder->in_tls) /* from the first byte on, maybe: the session itself cannot know */
        record->event.anomalies &= ~ANOMALY_BIT(ANOMALY_CLEARTEXT_PASSWORD);
    note_login(builder, record);
    summarize(builder, record);
    if (builder->imap && event->auth && event->outcome == MAIL_OUTCOME_SUCCESS)
        imap_store_login(builder->imap, builder->login_name);
    append_record(builder, record);
    show_joined(builder);
}

/* ---- calls ---- */

stream_call *record_builder_begin(record_builder *builder, packet_info *pinfo)
{
    builder->working = (stream_call){.conversation = builder->conversation};
    builder->pinfo = pinfo;
    builder->call = &builder->working;
    builder->scope = later_passes_may_come(pinfo) ? wmem_file_scope() : pinfo->pool;
    return builder->call;
}

stream_call *record_builder_call(const record_builder *builder)
{
    return builder->call;
}

void record_builder_describe(const record_builder *builder, stream_call *call)
{
    call->protocol = builder->protocol;
    call->state = builder->state;
}

gboolean record_builder_is_lasting(const record_builder *builder)
{
    return builder->scope == wmem_file_scope();
}

stream_call *record_builder_keep(record_builder *builder)
{
    stream_call *kept = wmem_memdup(builder->scope, builder->call, sizeof *kept);
    if (!record_builder_is_lasting(builder))
        return kept;
    /* with -R, frames that do not pass have the number of the next one that does */
    if (p_get_proto_data(wmem_file_scope(), builder->pinfo, proto_mailxtra, builder->id))
        builder->last_kept->next = kept;
    else
        p_add_proto_data(wmem_file_scope(), builder->pinfo, proto_mailxtra, builder->id, kept);
    builder->last_kept = kept;
    return kept;
}

void record_builder_end(record_builder *builder)
{
    builder->call = NULL;
    builder->pinfo = NULL;
}

stream_call *record_builder_stored(packet_info *pinfo, guint32 id)
{
    stream_call **next = p_get_proto_data(pinfo->pool, pinfo, proto_mailxtra, id);
    if (!next) {
        next = wmem_new(pinfo->pool, stream_call *);
        *next = p_get_proto_data(wmem_file_scope(), pinfo, proto_mailxtra, id);
        p_add_proto_data(pinfo->pool, pinfo, proto_mailxtra, id, next);
    }
    stream_call *call = *next;
    if (call)
        *next = call->next;
    return call;
}

/* ---- the end of the capture ---- */

stream_call *record_builder_resume(record_builder *builder, stream_call *call, packet_info *pinfo)
{
    if (!call) {
        builder->working = (stream_call){.conversation = builder->conversation};
        call = &builder->working;
    }
    builder->pinfo = pinfo;
    builder->call = call;
    builder->scope = wmem_file_scope();
    return call;
}

void record_builder_finish_pieces(record_builder *builder)
{
    if (!builder->imap)
        return;
    imap_store_finish(builder->imap, builder->pinfo, on_joined, builder);
    end_plain_data(builder);
    show_joined(builder);
}
