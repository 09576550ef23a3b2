/* stream_store.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stream_store.h"

#include "early_segments.h"
#include "event_copy.h"
#include "imap_store.h"
#include "later_passes.h"
#include "mailxtra.h"
#include "text.h"
#include "trace_store.h"

#include <epan/dissectors/packet-tcp.h>
#include <epan/proto_data.h>

#include "limits.h"
#include "mail_opening.h"
#include "mail_session.h"
#include "stream_assembler.h"

/* Times that a conversation without a beginning is looked at again after it was refused. */
#define LIMIT_LOOKS 64

typedef enum verdict { VERDICT_UNDECIDED, VERDICT_MAIL, VERDICT_NOT_MAIL } verdict;

struct mail_conversation {
    guint32 id;
    conversation_t *conversation;
    address ends[2]; /* whom it is between */
    guint32 ports[2];
    gboolean reopened; /* a SYN has gone by since: there may be a newer conversation between the two */
    stream_layer layer;
    mail_protocol hint;
    verdict verdict;
    guint looks;     /* times that a refused conversation was looked at again */
    int initiator;   /* flow that sent the SYN; -1: unknown */
    int client_flow; /* valid with VERDICT_MAIL */
    stream_assembler *assembler;
    mail_session *session;
    guint64 inner_next[2]; /* STREAM_LAYER_TLS, _TUNNEL: bytes so far per flow */

    mail_opening *opening; /* while undecided, by flow; NULL: nothing was said yet */

    wmem_array_t *exchanges; /* of mail_exchange*, index is the number */
    wmem_array_t *messages;  /* of stored_message*, index is the ordinal */
    const char *state;
    mail_protocol protocol;
    char *login_name; /* the last user name that was said */
    guint32 login_name_in;
    imap_mailbox_view *imap; /* pieces of mail under way; NULL: none so far */
    gboolean tls_announced;  /* STARTTLS was accepted; cleared when the session goes on in clear */

    session_facts *facts;       /* what the session says about itself */
    gboolean ended[2];          /* the session was told that this flow has ended */
    stream_call *last_call;     /* the last one with bytes; `working` when it was not kept */
    stream_call *last_kept;     /* the last one that was kept */
    int last_flow;              /* of last_call */
    gboolean awaits_stragglers; /* last_call is that of the close */
    guint32 last_frame;
    nstime_t last_time;
    gboolean at_end; /* of the capture: no frame is being dissected */

    /* valid during a call on the first pass */
    packet_info *pinfo;
    stream_call *call;
    wmem_allocator_t *scope; /* of the call's records: the file's, or the packet's if nobody will come back to it */

    stream_call working; /* the call that is going on; copied to `scope` if it brought anything */
};

static guint32 next_conversation_id, next_session_number;
static GPtrArray *joined_now;          /* of stored_message*: what the event that is being taken has made whole */
static gboolean capture_is_disordered; /* seen in one conversation, true of all */
static guint stragglers;               /* conversations with awaits_stragglers that are not over */
static GPtrArray *all_conversations;
static GHashTable *known_pairs; /* the latest mail_conversation by pair_hash() of its ends */
static dissector_handle_t tls_handle, smtp_inside_tls, pop3_inside_tls, imap_inside_tls, tcp_front;

/* ---- life ---- */

static void free_opening(mail_conversation *mail)
{
    mail_opening_free(mail->opening);
    mail->opening = NULL;
}

static void free_machines(mail_conversation *mail)
{
    free_opening(mail);
    stream_assembler_free(mail->assembler);
    mail->assembler = NULL;
    if (mail->session)
        mail_session_free(mail->session);
    mail->session = NULL;
}

gboolean stream_store_is_empty(void)
{
    return all_conversations->len == 0;
}

void stream_store_forget(void)
{
    for (guint i = 0; i < all_conversations->len; i++)
        free_machines(g_ptr_array_index(all_conversations, i));
    g_ptr_array_set_size(all_conversations, 0);
    g_hash_table_remove_all(known_pairs);
    next_session_number = 0; /* ids go on: keys of messages are made of them, and may outlive the session */
    capture_is_disordered = FALSE;
    stragglers = 0;
}

void stream_store_register(void)
{
    all_conversations = g_ptr_array_new();
    known_pairs = g_hash_table_new(NULL, NULL);
    message_store_register();
    trace_store_register();
    imap_store_register();
    joined_now = g_ptr_array_new();
}

void stream_store_set_handles(dissector_handle_t front, dissector_handle_t tls, dissector_handle_t smtp_inside,
                              dissector_handle_t pop3_inside, dissector_handle_t imap_inside)
{
    tcp_front = front;
    tls_handle = tls;
    smtp_inside_tls = smtp_inside;
    pop3_inside_tls = pop3_inside;
    imap_inside_tls = imap_inside;
}

gboolean stream_store_may_be_mail(const tcp_segment_view *segment, const conversation_t *conversation)
{
    const mail_conversation *mail =
        segment->mail ? segment->mail : conversation_get_proto_data(conversation, proto_mailxtra);
    return mail && mail->verdict != VERDICT_NOT_MAIL;
}

static guint32 end_hash(const address *end, guint32 port)
{
    guint32 hash = port * 0x9e3779b1;
    const guint8 *bytes = end->data;
    for (int i = 0; i + 4 <= end->len; i += 4) {
        guint32 word;
        memcpy(&word, bytes + i, 4);
        hash = (hash ^ word) * 0x85ebca6b;
        hash ^= hash >> 15;
    }
    return hash;
}

/* The same for both directions. */
static gpointer pair_hash(const address *a, guint32 a_port, const address *b, guint32 b_port)
{
    return GUINT_TO_POINTER(end_hash(a, a_port) + end_hash(b, b_port));
}

gboolean stream_store_may_know(const address *source, guint32 source_port, const address *destination,
                               guint32 destination_port)
{
    return all_conversations->len > 0 &&
           g_hash_table_contains(known_pairs, pair_hash(source, source_port, destination, destination_port));
}

static gboolean is_between(const mail_conversation *mail, const packet_info *pinfo)
{
    int source = pinfo->srcport == mail->ports[0] && addresses_equal(&pinfo->src, &mail->ends[0]) ? 0 : 1;
    return mail->ports[source] == pinfo->srcport && mail->ports[!source] == pinfo->destport &&
           addresses_equal(&pinfo->src, &mail->ends[source]) && addresses_equal(&pinfo->dst, &mail->ends[!source]);
}

gboolean stream_store_look_up(packet_info *pinfo, tcp_segment_view *segment)
{
    if (all_conversations->len == 0)
        return FALSE;
    gpointer key = pair_hash(&pinfo->src, pinfo->srcport, &pinfo->dst, pinfo->destport);
    mail_conversation *mail = g_hash_table_lookup(known_pairs, key);
    if (!mail)
        return FALSE;
    if (segment->flags & STREAM_SYN) { /* may begin a new conversation, which TCP makes */
        mail->reopened = TRUE;
        return FALSE;
    }
    if (!PINFO_FD_VISITED(pinfo) && !mail->reopened && is_between(mail, pinfo)) {
        segment->conversation = mail->conversation;
        segment->mail = mail;
        return TRUE;
    }
    conversation_t *found =
        find_conversation(pinfo->num, &pinfo->src, &pinfo->dst, CONVERSATION_TCP, pinfo->srcport, pinfo->destport, 0);
    segment->mail = found ? conversation_get_proto_data(found, proto_mailxtra) : NULL;
    segment->conversation = segment->mail ? found : NULL;
    return segment->mail != NULL;
}

/* Which of the connection's two flows goes that way: 0 or 1, the same on every pass. */
static int flow_between(const address *source, guint32 source_port, const address *destination,
                        guint32 destination_port)
{
    int order = cmp_address(source, destination);
    if (order == 0)
        order = source_port < destination_port ? -1 : 1;
    return order < 0 ? 0 : 1;
}

const session_facts *stream_store_facts(const mail_conversation *mail)
{
    return mail->facts;
}

static int flow_of(const packet_info *pinfo)
{
    return flow_between(&pinfo->src, pinfo->srcport, &pinfo->dst, pinfo->destport);
}

/* ---- records ---- */

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

static mail_exchange *note_exchange(mail_conversation *mail, const mail_event *event)
{
    if (event->exchange == 0)
        return NULL;
    gpointer *place = slot(mail->exchanges, event->exchange);
    if (!*place)
        *place = wmem_new0(wmem_file_scope(), mail_exchange);
    mail_exchange *exchange = *place;
    if (event->side == MAIL_CLIENT && !exchange->asked_in) {
        exchange->asked_in = mail->pinfo->num;
        exchange->asked_at = mail->pinfo->abs_ts;
        if (event->kind == MAIL_EVENT_COMMAND)
            exchange->verb = upper_case(event->verb);
    } else if (event->kind == MAIL_EVENT_REPLY_LINE && event->first && !exchange->answered_in) {
        exchange->answered_in = mail->pinfo->num;
        exchange->answered_at = mail->pinfo->abs_ts;
    }
    return exchange;
}

/* Which of the conversation's ends is the client. */
static int client_end(const mail_conversation *mail)
{
    return flow_between(&mail->ends[0], mail->ports[0], &mail->ends[1], mail->ports[1]) == mail->client_flow ? 0 : 1;
}

/* Says whom the message goes between. */
static void set_ends(const mail_conversation *mail, stored_message *message)
{
    int client = client_end(mail);
    message->client = mail->ends[client];
    message->server = mail->ends[!client];
    message->client_port = mail->ports[client];
    message->server_port = mail->ports[!client];
}

static stored_message *note_message(mail_conversation *mail, const mail_event *event)
{
    if (event->message == 0)
        return NULL;
    gpointer *place = slot(mail->messages, event->message);
    if (!*place && event->kind != MAIL_EVENT_MESSAGE_END)
        set_ends(mail, *place = message_store_open(event));
    stored_message *message = *place;
    if (!message)
        return NULL;
    if (event->imap && event->kind == MAIL_EVENT_MESSAGE_END)
        imap_store_facts(mail->imap, message, event->imap);
    if (event->kind == MAIL_EVENT_MESSAGE_END)
        message_store_finish(message, mail->pinfo, event);
    else if (event->kind == MAIL_EVENT_GAP && event->anomalies & ANOMALY_BIT(ANOMALY_NOT_FETCHED))
        message_store_not_fetched(message, event->missing);
    else if (event->kind == MAIL_EVENT_GAP)
        message_store_gap(message, event->missing);
    return message;
}

/* A message that was joined from pieces: shown behind the event that made it whole. */
static void on_joined(stored_message *message, void *user)
{
    mail_conversation *mail = user;
    set_ends(mail, message);
    g_ptr_array_add(joined_now, message);
}

/* An event about a piece of mail; what it completes, and what is odd about it. */
static stored_message *note_piece(mail_conversation *mail, const mail_event *event, anomaly_set *anomalies_r)
{
    *anomalies_r = imap_store_piece(mail->imap, event, mail->pinfo, on_joined, mail);
    return joined_now->len ? g_ptr_array_steal_index(joined_now, 0) : NULL;
}

/* ---- the records of a call ---- */

static void fill_data_record(mail_record *record, const stream_call *call)
{
    const plain_data *data = &call->data;
    record->event.kind = MAIL_EVENT_MESSAGE_DATA;
    record->event.protocol = call->protocol;
    record->event.side = data->side;
    record->event.start = data->start;
    record->event.end = data->end;
    record->event.exchange = data->exchange;
    record->event.message = data->message->ordinal;
    record->event.source = data->source;
    record->event.is_inflated = data->is_inflated;
    record->message = data->message;
    record->data_length = data->kept;
}

const mail_record *stream_call_data_record(const stream_call *call)
{
    static mail_record record; /* the fields that are not filled are never set */
    fill_data_record(&record, call);
    return &record;
}

static void append_record(mail_conversation *mail, mail_record *record)
{
    stream_call *call = mail->call;
    if (call->record_count == call->record_room) {
        call->record_room = call->record_room ? 2 * call->record_room : 1;
        call->records = wmem_realloc(mail->scope, call->records, call->record_room * sizeof *call->records);
    }
    call->records[call->record_count++] = record;
}

/* There will be more in the call than data. */
static void end_plain_data(mail_conversation *mail)
{
    stream_call *call = mail->call;
    if (!call->data.message)
        return;
    mail_record *record = wmem_new0(mail->scope, mail_record);
    fill_data_record(record, call);
    call->data.message = NULL;
    append_record(mail, record);
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
static mail_record *data_record(mail_conversation *mail, const mail_event *event, stored_message *message,
                                wmem_allocator_t *scope)
{
    const stream_call *call = mail->call;
    end_plain_data(mail);
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
    append_record(mail, record);
    return record;
}

/* Is the event about a piece of mail that is to be joined with others? */
static gboolean is_piece(const mail_conversation *mail, const mail_event *event)
{
    if (event->protocol != MAIL_PROTOCOL_IMAP || event->message == 0)
        return FALSE;
    return event->kind == MAIL_EVENT_GAP ? imap_store_has_piece(mail->imap, event->message)
                                         : imap_store_is_piece(event);
}

static void note_data(mail_conversation *mail, const mail_event *event)
{
    stream_call *call = mail->call;
    gboolean piece = is_piece(mail, event);
    stored_message *message = piece ? NULL : note_message(mail, event);
    gsize kept = message ? message_store_append(message, mail->pinfo, event->data) : piece ? event->data.len : 0;
    if (message && !event->anomalies && (call->data.message == message || stream_call_count(call) == 0)) {
        note_plain_data(call, event, message, kept);
        return;
    }
    /* what the pieces are joined to is noted in their records later on */
    mail_record *record = data_record(mail, event, message, piece ? wmem_file_scope() : mail->scope);
    record->event.end = event->end;
    record->event.anomalies |= event->anomalies;
    record->data_length += kept;
    if (piece)
        imap_store_data(mail->imap, event, mail->pinfo->num, record);
}

static void note_login(mail_conversation *mail, mail_record *record)
{
    const mail_auth *auth = record->event.auth;
    if (!auth)
        return;
    if (auth->username.len) {
        mail->login_name = text_keep(auth->username);
        mail->login_name_in = mail->pinfo->num;
    }
    if (auth->password.len || auth->token.len) {
        record->login_name = mail->login_name;
        record->login_name_in = mail->login_name_in;
    }
}

static void start_tls(mail_conversation *mail)
{
    dissector_handle_t inside = mail->protocol == MAIL_PROTOCOL_POP3   ? pop3_inside_tls
                                : mail->protocol == MAIL_PROTOCOL_IMAP ? imap_inside_tls
                                                                       : smtp_inside_tls;
    if (!tls_handle || mail->layer != STREAM_LAYER_TCP || mail->at_end)
        return;
    ssl_starttls_ack(tls_handle, mail->pinfo, inside);
    /* a dissector set for a frame range hides the one that ssl_starttls_ack sets from frame 0 */
    if (mail->hint == MAIL_PROTOCOL_NONE)
        conversation_set_dissector_from_frame_number(mail->conversation, mail->pinfo->num + 1, tls_handle);
}

/* A session that goes on in clear although TLS was agreed on (somebody decrypted it in between) comes back from TLS. */
static void end_tls(mail_conversation *mail)
{
    if (mail->layer == STREAM_LAYER_TCP && !mail->at_end)
        conversation_set_dissector_from_frame_number(mail->conversation, mail->pinfo->num + 1, tcp_front);
}

static void follow_tls(mail_conversation *mail, const mail_event *event)
{
    gboolean was_announced = mail->tls_announced;
    if (event->kind == MAIL_EVENT_TLS_START) {
        mail->tls_announced = TRUE;
        start_tls(mail);
    } else if (was_announced && event->kind != MAIL_EVENT_GAP && event->kind != MAIL_EVENT_ANOMALY &&
               !(event->anomalies & ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION))) {
        mail->tls_announced = FALSE;
        end_tls(mail);
    }
}

/* Messages that no event of the session's own ends. */
static void show_joined(mail_conversation *mail)
{
    for (guint i = 0; i < joined_now->len; i++) {
        mail_record *record = wmem_new0(mail->scope, mail_record);
        record->event.kind = MAIL_EVENT_MESSAGE_END;
        record->event.protocol = MAIL_PROTOCOL_IMAP;
        record->event.side = MAIL_SERVER;
        record->event.source = MAIL_FROM_FETCH;
        record->event.state = mail->state;
        record->message = g_ptr_array_index(joined_now, i);
        session_facts_note(mail->facts, mail->pinfo, mail->layer == STREAM_LAYER_TLS, record);
        append_record(mail, record);
    }
    g_ptr_array_set_size(joined_now, 0);
}

static void on_event(const mail_event *event, void *user)
{
    mail_conversation *mail = user;
    if (event->state)
        mail->state = event->state;
    mail->protocol = event->protocol;
    if (event->kind == MAIL_EVENT_MESSAGE_DATA) {
        note_data(mail, event);
        return;
    }
    end_plain_data(mail);
    anomaly_set odd = 0;
    mail_record *record = wmem_new0(mail->scope, mail_record);
    record->exchange = note_exchange(mail, event);
    record->message = is_piece(mail, event) ? note_piece(mail, event, &odd) : note_message(mail, event);
    if (event->kind == MAIL_EVENT_UNTAGGED && event->last)
        imap_store_note(mail->imap, event, mail->pinfo, on_joined, mail);
    event_copy(mail->scope, &record->event, event);
    record->event.anomalies |= odd;
    if (mail->layer == STREAM_LAYER_TLS) /* from the first byte on, maybe: the session itself cannot know */
        record->event.anomalies &= ~ANOMALY_BIT(ANOMALY_CLEARTEXT_PASSWORD);
    note_login(mail, record);
    session_facts_note(mail->facts, mail->pinfo, mail->layer == STREAM_LAYER_TLS, record);
    if (mail->imap && event->auth && event->outcome == MAIL_OUTCOME_SUCCESS)
        imap_store_login(mail->imap, mail->login_name);
    append_record(mail, record);
    show_joined(mail);
    follow_tls(mail, event);
}

/* ---- is it mail? ---- */

static mail_side side_of(const mail_conversation *mail, int flow)
{
    return flow == mail->client_flow ? MAIL_CLIENT : MAIL_SERVER;
}

static void hear(int flow, slice bytes, guint64 missing, void *user)
{
    mail_conversation *mail = user;
    if (missing)
        mail_session_gap(mail->session, side_of(mail, flow), missing);
    else
        mail_session_feed(mail->session, side_of(mail, flow), bytes);
}

static void become_mail(mail_conversation *mail, mail_protocol protocol, int client_flow)
{
    gboolean from_start = mail->layer != STREAM_LAYER_TCP || stream_assembler_from_start(mail->assembler);
    mail->verdict = VERDICT_MAIL;
    mail->protocol = protocol;
    mail->client_flow = client_flow;
    mail->facts->number = ++next_session_number;
    int client = client_end(mail);
    session_facts_set_ends(mail->facts, &mail->ends[client], mail->ports[client], &mail->ends[!client],
                           mail->ports[!client]);
    mail->session = mail_session_new(protocol, from_start, on_event, mail);
    if (protocol == MAIL_PROTOCOL_IMAP)
        mail->imap = imap_store_open(mail->id, &mail->ends[!client]);
    if (mail->hint == MAIL_PROTOCOL_NONE && mail->layer == STREAM_LAYER_TCP && !mail->at_end)
        conversation_set_dissector_from_frame_number(mail->conversation, mail->pinfo->num, tcp_front);
    mail_opening_tell(mail->opening, hear, mail);
    free_opening(mail);
}

/* The side that the ports make the client, when nothing else tells: the last resort. */
static int client_by_port(const mail_conversation *mail)
{
    int higher = mail->ports[0] > mail->ports[1] ? 0 : 1;
    return flow_between(&mail->ends[higher], mail->ports[higher], &mail->ends[!higher], mail->ports[!higher]);
}

static void decide(mail_conversation *mail, int flow)
{
    gboolean is_telling;
    mail_guess guess = mail_opening_look(mail->opening, mail->hint, flow, &is_telling);
    switch (guess.verdict) {
    case MAIL_VERDICT_YES:
        become_mail(mail, guess.protocol, guess.a_is_client ? 0 : 1);
        break;
    case MAIL_VERDICT_NO:
        mail->verdict = VERDICT_NOT_MAIL;
        break;
    case MAIL_VERDICT_MAYBE:
        if (mail->hint != MAIL_PROTOCOL_NONE && is_telling)
            become_mail(mail, mail->hint, mail->initiator >= 0 ? mail->initiator : client_by_port(mail));
        else if (mail_opening_is_full(mail->opening))
            mail->verdict = VERDICT_NOT_MAIL;
        break;
    }
}

/* ---- streams in order ---- */

static mail_opening *opening_of(mail_conversation *mail)
{
    if (!mail->opening)
        mail->opening = mail_opening_new();
    return mail->opening;
}

static void take_bytes(mail_conversation *mail, int flow, slice bytes)
{
    if (mail->verdict == VERDICT_MAIL) {
        if (mail->session)
            mail_session_feed(mail->session, side_of(mail, flow), bytes);
    } else if (mail->verdict == VERDICT_UNDECIDED) {
        mail_opening_bytes(opening_of(mail), flow, bytes);
        decide(mail, flow);
    }
}

static void on_bytes(int flow, guint64 offset _U_, slice bytes, void *user)
{
    mail_conversation *mail = user;
    if (mail->layer == STREAM_LAYER_TCP)
        take_bytes(mail, flow, bytes);
}

static void on_gap(int flow, guint64 offset _U_, guint64 missing, void *user)
{
    mail_conversation *mail = user;
    if (mail->layer != STREAM_LAYER_TCP)
        return;
    if (mail->verdict == VERDICT_MAIL && mail->session)
        mail_session_gap(mail->session, side_of(mail, flow), missing);
    else if (mail->verdict == VERDICT_UNDECIDED)
        mail_opening_gap(opening_of(mail), flow, missing);
}

/* One side has closed; whether that was in order is the session's to say. */
static void note_close(mail_conversation *mail, mail_side side)
{
    const mail_event closed = {.kind = MAIL_EVENT_ANOMALY,
                               .protocol = mail->protocol,
                               .side = side,
                               .anomalies = ANOMALY_BIT(ANOMALY_CLOSED_WITHOUT_QUIT)};
    if (session_facts_close(mail->facts, side))
        on_event(&closed, mail);
}

static void on_end(int flow, void *user)
{
    mail_conversation *mail = user;
    if (mail->verdict != VERDICT_MAIL || !mail->session || mail->ended[flow])
        return;
    mail->ended[flow] = TRUE;
    mail->call->ends = TRUE;
    if (!mail->at_end)
        note_close(mail, side_of(mail, flow));
    mail_session_end(mail->session, side_of(mail, flow));
}

static const stream_sink sink = {on_bytes, on_gap, on_end};

/* ---- conversations and calls ---- */

static void start_looking(mail_conversation *mail)
{
    mail->verdict = VERDICT_UNDECIDED;
    mail->initiator = -1;
    mail->assembler = stream_assembler_new(&sink, mail);
}

static mail_conversation *new_conversation(conversation_t *conversation, const packet_info *pinfo, stream_layer layer,
                                           mail_protocol hint)
{
    mail_conversation *mail = wmem_new0(wmem_file_scope(), mail_conversation);
    mail->id = ++next_conversation_id;
    mail->conversation = conversation;
    mail->layer = layer;
    mail->hint = hint;
    mail->facts = session_facts_new();
    start_looking(mail);
    mail->exchanges = wmem_array_new(wmem_file_scope(), sizeof(gpointer));
    mail->messages = wmem_array_new(wmem_file_scope(), sizeof(gpointer));
    conversation_add_proto_data(conversation, proto_mailxtra, mail);
    g_ptr_array_add(all_conversations, mail);
    copy_address_wmem(wmem_file_scope(), &mail->ends[0], &pinfo->src);
    copy_address_wmem(wmem_file_scope(), &mail->ends[1], &pinfo->dst);
    mail->ports[0] = pinfo->srcport;
    mail->ports[1] = pinfo->destport;
    g_hash_table_insert(known_pairs, pair_hash(&pinfo->src, pinfo->srcport, &pinfo->dst, pinfo->destport), mail);
    return mail;
}

static gboolean saw_handshake(const tcp_flow_t *flow)
{
    return (flow->static_flags & (WS_TCP_SAW_SYN_BIT | WS_TCP_SAW_SYNACK_BIT)) != 0;
}

/* The sequence number behind what TCP has seen of that flow so far; FALSE: nothing, or it does not analyze. */
static gboolean next_seq_seen(const tcp_flow_t *flow, guint32 *seq_r)
{
    if (!flow->tcp_analyze_seq_info || !flow->tcp_analyze_seq_info->nextseqframe)
        return FALSE;
    *seq_r = flow->tcp_analyze_seq_info->nextseq;
    return TRUE;
}

/* What is known of the handshake: where the streams begin, and who began. TCP knows it only if nothing of the
 * connection was captured in front of it. On a port that promises nothing the other side's bytes so far went to
 * somebody else: its stream begins behind those of them that this segment acknowledges. The rest, which came too early,
 * is a hole. */
static void look_at_handshake(mail_conversation *mail, packet_info *pinfo, int flow, const tcp_segment_view *segment)
{
    struct tcp_analysis *tcpd = get_tcp_conversation_data(mail->conversation, pinfo);
    guint32 seq;
    if (early_segments_take_start(pinfo, segment, TRUE, &seq))
        stream_assembler_start(mail->assembler, flow, seq, TRUE);
    if (early_segments_take_start(pinfo, segment, FALSE, &seq))
        stream_assembler_start(mail->assembler, !flow, seq, TRUE);
    if (!tcpd || !tcpd->fwd || !tcpd->rev)
        return;
    if (saw_handshake(tcpd->fwd))
        stream_assembler_start(mail->assembler, flow, tcpd->fwd->base_seq + 1, TRUE);
    if (mail->hint == MAIL_PROTOCOL_NONE && next_seq_seen(tcpd->rev, &seq)) {
        if (segment->flags & STREAM_ACK && (gint32)(segment->ack - seq) < 0)
            seq = segment->ack;
        stream_assembler_start(mail->assembler, !flow, seq, saw_handshake(tcpd->rev) && seq == tcpd->rev->base_seq + 1);
    } else if (saw_handshake(tcpd->rev)) {
        stream_assembler_start(mail->assembler, !flow, tcpd->rev->base_seq + 1, TRUE);
    }
    if (tcpd->fwd->static_flags & WS_TCP_SAW_SYN_BIT || tcpd->rev->static_flags & WS_TCP_SAW_SYNACK_BIT)
        mail->initiator = flow;
    else if (tcpd->rev->static_flags & WS_TCP_SAW_SYN_BIT || tcpd->fwd->static_flags & WS_TCP_SAW_SYNACK_BIT)
        mail->initiator = !flow;
}

/* A connection whose beginning was seen is looked at from its beginning only: text about mail in the
 * middle of another protocol is no mail session. */
static gboolean is_worth_a_look(conversation_t *conversation, packet_info *pinfo, const tcp_segment_view *segment)
{
    struct tcp_analysis *tcpd = get_tcp_conversation_data(conversation, pinfo);
    if (tcpd && tcpd->fwd && saw_handshake(tcpd->fwd) && segment->seq != tcpd->fwd->base_seq + 1)
        return FALSE;
    return mail_recogniser_look(segment->payload, SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict != MAIL_VERDICT_NO;
}

/* A capture that begins in the middle of a message shows no mail until the message is over: there a
 * refusal is not for ever, if a segment is plainly mail by itself. */
static gboolean may_look_again(mail_conversation *mail, packet_info *pinfo, const tcp_segment_view *segment)
{
    struct tcp_analysis *tcpd = get_tcp_conversation_data(mail->conversation, pinfo);
    if (mail->hint != MAIL_PROTOCOL_NONE || mail->looks >= LIMIT_LOOKS || !tcpd || !tcpd->fwd || !tcpd->rev)
        return FALSE;
    if (saw_handshake(tcpd->fwd) || saw_handshake(tcpd->rev) || !mail_recogniser_may_open(segment->payload) ||
        mail_recogniser_look(segment->payload, SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict != MAIL_VERDICT_YES)
        return FALSE;
    mail->looks++;
    return TRUE;
}

void stream_store_await(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment)
{
    if (!conversation_get_proto_data(conversation, proto_mailxtra))
        look_at_handshake(new_conversation(conversation, pinfo, STREAM_LAYER_TCP, MAIL_PROTOCOL_NONE), pinfo,
                          flow_of(pinfo), segment);
}

gboolean stream_store_may_claim(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment,
                                mail_protocol hint)
{
    if (conversation_get_proto_data(conversation, proto_mailxtra))
        return FALSE;
    if (hint == MAIL_PROTOCOL_NONE && !is_worth_a_look(conversation, pinfo, segment))
        return FALSE;
    look_at_handshake(new_conversation(conversation, pinfo, STREAM_LAYER_TCP, hint), pinfo, flow_of(pinfo), segment);
    return TRUE;
}

/* The calls of one frame are kept in the order in which they came; that order is the same on every pass. */
static stream_call *stored_call(packet_info *pinfo, const mail_conversation *mail)
{
    stream_call **next = p_get_proto_data(pinfo->pool, pinfo, proto_mailxtra, mail->id);
    if (!next) {
        next = wmem_new(pinfo->pool, stream_call *);
        *next = p_get_proto_data(wmem_file_scope(), pinfo, proto_mailxtra, mail->id);
        p_add_proto_data(pinfo->pool, pinfo, proto_mailxtra, mail->id, next);
    }
    stream_call *call = *next;
    if (call)
        *next = call->next;
    return call;
}

static void begin_call(packet_info *pinfo, mail_conversation *mail)
{
    mail->working = (stream_call){.conversation = mail};
    mail->pinfo = pinfo;
    mail->call = &mail->working;
    mail->scope = later_passes_may_come(pinfo) ? wmem_file_scope() : pinfo->pool;
}

/* For the later passes, and for what the end of the capture brings. */
static stream_call *keep_call(mail_conversation *mail)
{
    stream_call *kept = wmem_memdup(mail->scope, mail->call, sizeof *kept);
    if (mail->scope != wmem_file_scope())
        return kept;
    /* with -R, frames that do not pass have the number of the next one that does */
    if (p_get_proto_data(wmem_file_scope(), mail->pinfo, proto_mailxtra, mail->id))
        mail->last_kept->next = kept;
    else
        p_add_proto_data(wmem_file_scope(), mail->pinfo, proto_mailxtra, mail->id, kept);
    mail->last_kept = kept;
    return kept;
}

/* A connection that both sides have closed has nothing more to say; its records stay. */
static void end_session(mail_conversation *mail)
{
    if (mail->layer != STREAM_LAYER_TCP || !mail->session || !stream_assembler_is_over(mail->assembler))
        return;
    stragglers -= mail->awaits_stragglers;
    mail_session_free(mail->session);
    mail->session = NULL;
}

static void describe_call(stream_call *call, const mail_conversation *mail, int flow)
{
    call->accepted = mail->verdict == VERDICT_MAIL;
    call->in_tls = mail->layer == STREAM_LAYER_TLS && !call->opaque;
    call->protocol = mail->protocol;
    call->state = mail->state;
    if (call->accepted)
        call->side = side_of(mail, flow);
}

static stream_call *end_call(mail_conversation *mail, int flow)
{
    stream_call *call = mail->call;
    describe_call(call, mail, flow);
    /* what the end of the capture says of holes is said where the close would have said it */
    gboolean closes =
        mail->layer == STREAM_LAYER_TCP && !mail->awaits_stragglers && stream_assembler_outlives_close(mail->assembler);
    if (call->length || stream_call_count(call) || closes || call->ends)
        call = keep_call(mail);
    if (closes || (call->length && !call->opaque && !mail->awaits_stragglers)) {
        mail->awaits_stragglers = closes;
        stragglers += closes;
        mail->last_call = mail->scope == wmem_file_scope() ? call : &mail->working;
        mail->last_flow = flow;
        mail->last_frame = mail->pinfo->num;
        mail->last_time = mail->pinfo->abs_ts;
    }
    mail->call = NULL;
    mail->pinfo = NULL;
    if (mail->verdict == VERDICT_NOT_MAIL)
        free_machines(mail);
    else
        end_session(mail);
    return call;
}

gboolean stream_store_reads_tcp(const tcp_segment_view *segment)
{
    return segment->mail && segment->mail->layer == STREAM_LAYER_TCP && segment->payload.len;
}

static slice tvb_slice(tvbuff_t *tvb)
{
    guint length = tvb_captured_length(tvb);
    return (slice){length ? tvb_get_ptr(tvb, 0, (gint)length) : NULL, length};
}

stream_call *stream_store_segment(packet_info *pinfo, conversation_t *conversation, tcp_segment_view *segment,
                                  mail_protocol hint, gboolean is_shown)
{
    mail_conversation *mail = segment->mail;
    if (!mail)
        mail = conversation_get_proto_data(conversation, proto_mailxtra);
    int flow = flow_of(pinfo);
    if (PINFO_FD_VISITED(pinfo))
        return mail && mail->verdict != VERDICT_NOT_MAIL ? stored_call(pinfo, mail) : NULL;
    if (!mail) {
        if (hint == MAIL_PROTOCOL_NONE && !is_worth_a_look(conversation, pinfo, segment))
            return NULL;
        mail = new_conversation(conversation, pinfo, STREAM_LAYER_TCP, hint);
        look_at_handshake(mail, pinfo, flow, segment);
    }
    if (mail->verdict == VERDICT_NOT_MAIL) {
        if (!may_look_again(mail, pinfo, segment))
            return NULL;
        start_looking(mail);
    }
    begin_call(pinfo, mail);
    stream_call *call = mail->call;
    const gboolean was_announced = mail->tls_announced;
    stream_segment placed = {flow,
                             segment->flags,
                             segment->seq,
                             segment->ack,
                             segment->payload,
                             segment->length,
                             (guint64)nstime_to_msec(&pinfo->abs_ts)};
    if (capture_is_disordered)
        stream_assembler_expect_disorder(mail->assembler);
    stream_assembler_hurry(mail->assembler, (is_shown && !later_passes_may_come(pinfo)) ||
                                                (stragglers >= LIMIT_STRAGGLERS && !mail->awaits_stragglers));
    stream_assembler_segment(mail->assembler, &placed);
    capture_is_disordered = stream_assembler_is_disordered(mail->assembler);
    call->has_start = stream_assembler_offset(mail->assembler, flow, segment->seq, &call->start);
    call->length = segment->length;
    call->waits = stream_assembler_is_waiting(mail->assembler);
    call->opaque = mail->layer != STREAM_LAYER_TCP || (was_announced && mail->tls_announced);
    return end_call(mail, flow);
}

stream_call *stream_store_bytes(packet_info *pinfo, conversation_t *conversation, tvbuff_t *tvb, stream_layer layer,
                                mail_protocol hint)
{
    mail_conversation *mail = conversation_get_proto_data(conversation, proto_mailxtra);
    int flow = flow_of(pinfo);
    if (PINFO_FD_VISITED(pinfo))
        return mail && mail->verdict != VERDICT_NOT_MAIL ? stored_call(pinfo, mail) : NULL;
    if (!mail) {
        /* no MAYBE: a caller that is refused may come back with the same bytes and a hint */
        if (hint == MAIL_PROTOCOL_NONE &&
            mail_recogniser_look(tvb_slice(tvb), SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict != MAIL_VERDICT_YES)
            return NULL;
        mail = new_conversation(conversation, pinfo, layer, hint);
    }
    if (mail->verdict == VERDICT_NOT_MAIL)
        return NULL;
    begin_call(pinfo, mail);
    stream_call *call = mail->call;
    if (mail->layer != layer) {
        /* STARTTLS: the session goes on inside */
        mail->layer = layer;
        mail->inner_next[0] = mail->inner_next[1] = 0;
        if (mail->session)
            mail_session_tls(mail->session);
    }
    call->has_start = TRUE;
    call->start = mail->inner_next[flow];
    call->length = tvb_reported_length(tvb);
    mail->inner_next[flow] += call->length;
    take_bytes(mail, flow, tvb_slice(tvb));
    if (tvb_captured_length(tvb) < call->length && mail->verdict == VERDICT_MAIL && mail->session)
        mail_session_gap(mail->session, side_of(mail, flow), call->length - tvb_captured_length(tvb));
    return end_call(mail, flow);
}

void stream_store_release(const stream_call *call, packet_info *pinfo)
{
    if (call->data.message || later_passes_may_come(pinfo))
        return;
    for (guint i = 0; i < call->record_count; i++) {
        const mail_record *record = call->records[i];
        if (mail_record_finishes(record, pinfo->num))
            message_store_release(record->message, pinfo);
    }
}

/* ---- the end of the capture ---- */

/* What the session still says is added to its last call; one that nobody comes back to is gone. */
static stream_call *call_for_the_end(mail_conversation *mail)
{
    if (mail->last_call == &mail->working)
        mail->working = (stream_call){.conversation = mail};
    return mail->last_call;
}

static void finish_conversation(mail_conversation *mail, stream_call *call)
{
    frame_data frame = {0};
    packet_info pinfo = {0};
    pinfo.fd = &frame;
    pinfo.num = mail->last_frame;
    pinfo.abs_ts = mail->last_time;
    mail->at_end = TRUE;
    mail->pinfo = &pinfo;
    mail->call = call;
    mail->scope = wmem_file_scope();
    guint before = stream_call_count(mail->call);
    stream_assembler_flush(mail->assembler);
    for (int flow = 0; flow < 2; flow++)
        on_end(flow, mail);
    if (mail->imap) {
        imap_store_finish(mail->imap, &pinfo, on_joined, mail);
        end_plain_data(mail);
        show_joined(mail);
    }
    if (stream_call_count(call) > before) /* what the frame was is known only now, maybe */
        describe_call(call, mail, mail->last_flow);
    mail->call = NULL;
    mail->pinfo = NULL;
}

/* What waits behind a hole may be all that there is of a session, and nobody has looked at it yet. */
static gboolean has_more_to_say(const mail_conversation *mail)
{
    if (mail->at_end || !mail->last_call)
        return FALSE;
    return mail->verdict == VERDICT_MAIL ||
           (mail->verdict == VERDICT_UNDECIDED && stream_assembler_is_waiting(mail->assembler));
}

static void finish_some(gboolean closed, stream_store_ended ended, void *user)
{
    for (guint i = 0; i < all_conversations->len; i++) {
        mail_conversation *mail = g_ptr_array_index(all_conversations, i);
        if (mail->awaits_stragglers != closed || !has_more_to_say(mail))
            continue;
        stream_call *call = call_for_the_end(mail);
        guint before = stream_call_count(call);
        finish_conversation(mail, call);
        if (ended && mail->verdict == VERDICT_MAIL)
            ended(call, before, mail->last_frame, &mail->last_time, user);
    }
}

/* First what has waited behind the close of its connection: its time was then. */
void stream_store_finish_all(stream_store_ended ended, void *user)
{
    finish_some(TRUE, ended, user);
    trace_store_sort();
    finish_some(FALSE, ended, user);
}
