/* imap_session.c
 * Both sides are logical lines (imap_lexer.h): commands with tags, and responses with the tag of what they answer or
 * with none. Literals in a line are kept as a part of it, but for those that are mail: the direct values of BODY[...],
 * BINARY[...] and RFC822... in a FETCH response, and the messages of APPEND and REPLACE. Those come out as messages
 * while they come in.
 *
 * Pieces of mail in a FETCH response end with the response, not with their literal: only then are UID, flags and date
 * known, which servers put in front or behind.
 *
 * The client's bytes are held only behind STARTTLS and COMPRESS, until the answer says what they are. All else tells
 * itself: SASL responses and DONE have no blank in them, and a command has.
 *
 * Behind lost bytes that were not inside a mail, and at the beginning of a capture that starts late, a side is read
 * line by line until a line can be nothing but a command or response.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_session.h"
#include "held_bytes.h"
#include "imap_command.h"
#include "imap_lexer.h"
#include "imap_response.h"
#include "imap_utf7.h"
#include "inflater.h"
#include "limits.h"
#include "sasl.h"
#include "session_bytes.h"

typedef enum imap_phase {
    PHASE_NOT_AUTHENTICATED,
    PHASE_AUTHENTICATED,
    PHASE_SELECTED,
    PHASE_LOGOUT,
    PHASE_UNKNOWN
} imap_phase;

static const char *const phase_names[] = {"NOT AUTHENTICATED", "AUTHENTICATED", "SELECTED", "LOGOUT", "UNKNOWN"};

typedef enum tls_state { TLS_NONE, TLS_EXPECTED, TLS_OPAQUE } tls_state;

/* Why the client's bytes are held. */
typedef enum hold_reason { HOLD_NOT, HOLD_STARTTLS, HOLD_COMPRESS } hold_reason;

/* A piece of a message that a FETCH command asks for. */
typedef struct fetch_request {
    char *section;
    gboolean is_binary;
    guint64 origin, count;
} fetch_request;

typedef struct question {
    char *tag;
    imap_verb verb;
    guint32 number;      /* mail_event.exchange of what was said last */
    GList *link;         /* in the queue */
    slice user;          /* LOGIN; owned bytes */
    char *mailbox;       /* SELECT, EXAMINE; UTF-8 */
    guint32 uidvalidity; /* of it */
    GArray *requests;    /* of fetch_request; NULL: none */
} question;

/* A piece of mail in a FETCH response, or a message that is appended. */
typedef struct open_message {
    guint32 message;
    mail_imap imap;
    char *section;
    gboolean begun; /* MESSAGE_START was said */
    gboolean hole, cut;
} open_message;

typedef enum append_step { STEP_URL, STEP_END } append_step;

/* An APPEND or REPLACE command under way. */
typedef struct append_state {
    gsize at;
    guint next_passed;
    gboolean has_mailbox, in_flags, in_catenate, in_utf8, wants_url, wants_text, wants_list;
    gsize flags_at, flags_len, date_at, date_len;
    char *mailbox;
} append_state;

typedef struct half {
    imap_reader *reader;
    line_reader *lines; /* while lost */
    inflater *inflate;  /* NULL: not compressed */
    gboolean opaque;    /* what comes cannot be read */
    stream_cursor in;
    gboolean seen, ended, lost;
    gboolean behind_hole;

    /* of the logical line under way */
    gsize chunk_at;      /* where in its text the stretch that was not said yet begins */
    guint64 chunk_start; /* in the stream */
    guint chunks;        /* stretches said */
} half;

struct imap_session {
    mail_event_sink sink;
    void *user;
    gboolean from_start;

    half client, server;
    held_bytes *held; /* the client's */
    hold_reason hold;
    gboolean held_is_compressed;
    guint32 awaited;
    gboolean answer_lost;

    tls_state tls;
    gboolean tls_active;
    imap_phase phase;
    gboolean replied;
    guint32 exchange_count, message_count;

    GHashTable *by_tag; /* of question*, owned */
    GQueue queue;       /* the same, in the order they were asked */
    question *auth;     /* AUTHENTICATE without its outcome */
    question *idle;
    sasl *exchange;

    char *mailbox; /* selected; NULL: none known */
    guint32 uidvalidity, epoch;
    GHashTable *uids; /* sequence number -> UID */

    imap_items items;
    imap_response response; /* of the line under way, when it has said something */
    imap_fetch fetch;
    gboolean in_fetch;
    GArray *pieces; /* of open_message: of the FETCH response under way */

    imap_command command; /* likewise */
    question *asked;
    gboolean in_append;
    append_state append;
    GByteArray *append_steps; /* of append_step: what the arguments say happens, once they were shown */
    open_message appended;
};

/* --- events --- */

static void emit(imap_session *s, mail_event *event)
{
    event->protocol = MAIL_PROTOCOL_IMAP;
    event->state = phase_names[s->phase];
    event->is_inflated = (event->side == MAIL_CLIENT ? &s->client : &s->server)->inflate != NULL;
    s->sink(event, s->user);
}

static half *half_of(imap_session *s, mail_side side)
{
    return side == MAIL_CLIENT ? &s->client : &s->server;
}

static void emit_text(imap_session *s, mail_side side, const text_line *line, anomaly_set anomalies)
{
    mail_event event = event_of_line(MAIL_EVENT_TEXT, side, line);
    event.anomalies |= anomalies;
    emit(s, &event);
}

static void emit_gap(imap_session *s, mail_side side, guint64 missing, guint32 message)
{
    half *h = half_of(s, side);
    mail_event event = event_at(MAIL_EVENT_GAP, side, h->in.offset, h->in.offset + missing);
    h->in.offset += missing;
    event.missing = missing;
    event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    event.message = message;
    emit(s, &event);
}

/* The stretch of the line under way that was not said yet. */
static mail_event event_of_chunk(const half *h, mail_event_kind kind, mail_side side, const imap_line *line,
                                 gboolean last)
{
    mail_event event = event_at(kind, side, h->chunks ? h->chunk_start : line->start, line->end);
    event.line = slice_from(line->text, h->chunk_at);
    while (!last && event.line.len &&
           (event.line.data[event.line.len - 1] == '\n' || event.line.data[event.line.len - 1] == '\r'))
        event.line.len--;
    event.anomalies = last ? line->anomalies : 0;
    event.first = h->chunks == 0;
    event.last = last;
    return event;
}

static void next_chunk(half *h, const imap_line *line)
{
    h->chunks++;
    h->chunk_at = line->text.len;
    h->chunk_start = line->end;
}

static void end_line(half *h)
{
    h->chunks = 0;
    h->chunk_at = 0;
}

/* Items count their places from the beginning of the event's own stretch; what stands in front of it has none. */
static void place_items(imap_session *s, const half *h, mail_imap *imap)
{
    for (guint i = 0; i < s->items.array->len; i++) {
        imap_item *item = &g_array_index(s->items.array, imap_item, i);
        if (item->offset >= h->chunk_at) {
            item->offset -= h->chunk_at;
        } else {
            item->offset = 0;
            item->length = 0;
        }
    }
    imap->items = (const imap_item *)(const void *)s->items.array->data;
    imap->item_count = s->items.array->len;
}

/* --- questions --- */

static void clear_request(gpointer data)
{
    g_free(((fetch_request *)data)->section);
}

static void forget_question(imap_session *s, question *asked)
{
    if (asked->number == s->awaited)
        s->answer_lost = TRUE;
    if (s->auth == asked)
        s->auth = NULL;
    if (s->idle == asked)
        s->idle = NULL;
    if (s->asked == asked)
        s->asked = NULL;
    g_queue_delete_link(&s->queue, asked->link);
    g_hash_table_remove(s->by_tag, asked->tag); /* frees it */
}

static void question_free(gpointer data)
{
    question *asked = data;
    g_free(asked->tag);
    g_free((gpointer)asked->user.data);
    g_free(asked->mailbox);
    if (asked->requests)
        g_array_unref(asked->requests);
    g_free(asked);
}

static void forget_questions(imap_session *s)
{
    while (!g_queue_is_empty(&s->queue))
        forget_question(s, g_queue_peek_head(&s->queue));
}

static question *ask(imap_session *s, slice tag, imap_verb verb, anomaly_set *anomalies)
{
    question *asked = g_new0(question, 1), *before;

    asked->tag = slice_dup(tag);
    before = g_hash_table_lookup(s->by_tag, asked->tag);
    if (before)
        forget_question(s, before);
    if (g_queue_get_length(&s->queue) >= LIMIT_PENDING_COMMANDS) {
        if (s->server.seen)
            *anomalies |= ANOMALY_BIT(ANOMALY_TOO_MANY_PENDING);
        forget_question(s, g_queue_peek_head(&s->queue));
    }
    asked->verb = verb;
    asked->number = ++s->exchange_count;
    g_queue_push_tail(&s->queue, asked);
    asked->link = g_queue_peek_tail_link(&s->queue);
    g_hash_table_insert(s->by_tag, asked->tag, asked);
    return asked;
}

static question *find_question(imap_session *s, slice tag)
{
    char *key = slice_dup(tag);
    question *asked = g_hash_table_lookup(s->by_tag, key);
    g_free(key);
    return asked;
}

/* The oldest command of that kind without its reply; NULL: none. */
static question *find_select(imap_session *s)
{
    guint looked = 0;
    for (GList *link = g_queue_peek_head_link(&s->queue); link && looked < LIMIT_IMAP_COMMANDS_ASKED;
         link = link->next, looked++) {
        question *asked = link->data;
        if (asked->verb == IMAP_VERB_SELECT || asked->verb == IMAP_VERB_EXAMINE)
            return asked;
    }
    return NULL;
}

/* How many octets the piece was asked to have; 0: not known. */
static guint64 find_requested(imap_session *s, const char *section, gboolean is_binary, guint64 origin)
{
    guint looked = 0;
    for (GList *link = g_queue_peek_head_link(&s->queue); link && looked < LIMIT_IMAP_COMMANDS_ASKED;
         link = link->next, looked++) {
        const question *asked = link->data;
        for (guint i = 0; asked->requests && i < asked->requests->len; i++) {
            const fetch_request *request = &g_array_index(asked->requests, fetch_request, i);
            if (request->origin == origin && request->is_binary == is_binary && strcmp(request->section, section) == 0)
                return request->count;
        }
    }
    return 0;
}

/* --- mailboxes --- */

static void forget_numbers(imap_session *s)
{
    s->epoch++;
    g_hash_table_remove_all(s->uids);
}

static void select_mailbox(imap_session *s, const char *mailbox, guint32 uidvalidity)
{
    g_free(s->mailbox);
    s->mailbox = g_strdup(mailbox);
    s->uidvalidity = uidvalidity;
    forget_numbers(s);
    s->phase = mailbox ? PHASE_SELECTED : PHASE_AUTHENTICATED;
}

/* --- messages --- */

static void emit_message(imap_session *s, mail_event_kind kind, mail_side side, open_message *open, slice data,
                         mail_end_reason reason)
{
    half *h = half_of(s, side);
    mail_event event = event_at(kind, side, h->in.offset - data.len, h->in.offset);

    event.message = open->message;
    event.source = side == MAIL_CLIENT ? MAIL_FROM_APPEND : MAIL_FROM_FETCH;
    event.exchange = side == MAIL_CLIENT && s->asked ? s->asked->number : 0;
    event.imap = &open->imap;
    event.data = data;
    event.end_reason = reason;
    if (kind == MAIL_EVENT_MESSAGE_END && open->hole)
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (kind == MAIL_EVENT_MESSAGE_END && reason == MAIL_END_CUT)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    emit(s, &event);
}

/* Said in front of the message's first bytes, which have just been read: `len` of them. */
static void begin_message(imap_session *s, mail_side side, open_message *open, gsize len)
{
    half *h = half_of(s, side);
    if (open->begun)
        return;
    open->begun = TRUE;
    open->message = ++s->message_count;
    h->in.offset -= len;
    emit_message(s, MAIL_EVENT_MESSAGE_START, side, open, SLICE_EMPTY, MAIL_END_COMPLETE);
    h->in.offset += len;
}

static void clear_piece(gpointer data)
{
    g_free(((open_message *)data)->section);
}

static open_message *last_piece(imap_session *s)
{
    return s->pieces->len ? &g_array_index(s->pieces, open_message, s->pieces->len - 1) : NULL;
}

/* --- TLS and compression --- */

static void show_held(imap_session *s, anomaly_set anomalies)
{
    guint64 missing;
    text_line line;

    while (!held_bytes_is_empty(s->held)) {
        slice bytes = held_bytes_peek(s->held);
        s->client.in.bytes = bytes;
        while (line_reader_next(s->client.lines, &s->client.in, &line))
            emit_text(s, MAIL_CLIENT, &line, anomalies);
        if (line_reader_flush(s->client.lines, &line))
            emit_text(s, MAIL_CLIENT, &line, anomalies);
        held_bytes_skip(s->held, bytes.len);
        if (held_bytes_take_gap(s->held, &missing))
            emit_gap(s, MAIL_CLIENT, missing, 0);
    }
}

static void break_server_line(imap_session *s, anomaly_set anomalies);

static void start_tls(imap_session *s)
{
    mail_event event;
    slice held = held_bytes_peek(s->held);

    s->hold = HOLD_NOT;
    s->tls = TLS_EXPECTED;
    if (held.len > 0 && !is_tls_byte(held.data[0]))
        show_held(s, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    break_server_line(s, 0);
    event = event_at(MAIL_EVENT_TLS_START, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
    emit(s, &event);
}

static gboolean pass_over_tls(imap_session *s, half *h)
{
    if (s->tls == TLS_EXPECTED && h->in.bytes.len > 0)
        s->tls = is_tls_byte(h->in.bytes.data[0]) ? TLS_OPAQUE : TLS_NONE;
    if (s->tls != TLS_OPAQUE && !h->opaque)
        return FALSE;
    stream_cursor_take(&h->in, h->in.bytes.len);
    return TRUE;
}

/* RFC 4978 3: compression begins behind the CRLF of the command and of the OK. */
static void start_compression(imap_session *s)
{
    s->hold = HOLD_NOT;
    if (!s->client.inflate) {
        s->client.inflate = inflater_new(INFLATER_RAW, LIMIT_COMPRESS_BYTES);
        s->held_is_compressed = !held_bytes_is_empty(s->held);
    }
    if (!s->server.inflate)
        s->server.inflate = inflater_new(INFLATER_RAW, LIMIT_COMPRESS_BYTES);
}

/* --- the client's side --- */

static void note_password(imap_session *s, mail_event *event)
{
    if (event->auth && event->auth->password.len && !s->tls_active)
        event->anomalies |= ANOMALY_BIT(ANOMALY_CLEARTEXT_PASSWORD);
}

static void set_user(question *asked, slice user)
{
    g_free((gpointer)asked->user.data);
    asked->user = (slice){(guint8 *)slice_dup(user), user.len};
}

/* "AUTHENTICATE mechanism [initial-response]" (RFC 9051 6.2.2). */
static void begin_sasl(imap_session *s, question *asked, mail_event *event, mail_auth *auth)
{
    slice argument = s->command.argument;
    const guint8 *blank = argument.len ? memchr(argument.data, ' ', argument.len) : NULL;
    gsize len = blank ? (gsize)(blank - argument.data) : argument.len;
    slice mechanism = slice_head(argument, len);

    if (mechanism.len > 2 && mechanism.data[0] == '"') /* an atom in the grammar, quoted by some */
        mechanism = (slice){mechanism.data + 1, mechanism.len - 2};
    sasl_free(s->exchange);
    s->exchange = sasl_new(mechanism);
    s->auth = asked;
    event->anomalies |= sasl_client_line(s->exchange, slice_from(argument, len), TRUE, auth);
    event->auth = auth;
}

/* "LOGIN user password": atoms, quoted strings, literals. */
static void read_login(const imap_line *line, gsize at, GByteArray *user, GByteArray *password, mail_auth *auth)
{
    imap_cursor cursor = imap_cursor_of_line(line);
    imap_token token;

    cursor.at = at;
    auth->mechanism = "LOGIN";
    imap_cursor_next(&cursor, &token);
    if (imap_token_is_string(&token))
        auth->username = auth->user = imap_token_string(&token, user);
    imap_cursor_next(&cursor, &token);
    if (imap_token_is_string(&token))
        auth->password = imap_token_string(&token, password);
}

static void note_requests(question *asked, const imap_items *items)
{
    for (guint i = 0; i < items->array->len; i++) {
        const imap_item *item = &g_array_index(items->array, imap_item, i);
        imap_section section;
        if (item->kind != IMAP_ITEM_FETCH_ITEM || !imap_section_parse(item->text, &section) || !section.is_partial)
            continue;
        if (!asked->requests) {
            asked->requests = g_array_new(FALSE, FALSE, sizeof(fetch_request));
            g_array_set_clear_func(asked->requests, clear_request);
        }
        if (asked->requests->len >= LIMIT_IMAP_REQUESTS)
            return;
        fetch_request request = {imap_section_name(&section), section.is_binary, section.origin, section.count};
        g_array_append_val(asked->requests, request);
    }
}

static void note_mailbox(question *asked, const imap_items *items)
{
    const imap_item *mailbox = imap_items_find(items, IMAP_ITEM_MAILBOX);
    g_free(asked->mailbox);
    asked->mailbox = mailbox ? slice_dup(mailbox->text) : NULL;
}

/* What the command itself shows or brings. */
static void follow_command(imap_session *s, question *asked)
{
    switch (asked->verb) {
    case IMAP_VERB_STARTTLS:
    case IMAP_VERB_COMPRESS:
        s->hold = asked->verb == IMAP_VERB_STARTTLS ? HOLD_STARTTLS : HOLD_COMPRESS;
        s->awaited = asked->number;
        s->answer_lost = FALSE;
        break;
    case IMAP_VERB_IDLE:
        s->idle = asked;
        break;
    default:
        break;
    }
}

/* Says the command as far as it has come; the first time this makes the question. */
static void emit_command(imap_session *s, const imap_line *line, gboolean last)
{
    half *h = &s->client;
    mail_event event = event_of_chunk(h, MAIL_EVENT_COMMAND, MAIL_CLIENT, line, last);
    GByteArray *user = g_byte_array_new(), *password = g_byte_array_new();
    mail_imap imap = {.tag = s->command.tag};
    mail_auth auth = {0};

    event.known = s->command.verb != IMAP_VERB_UNKNOWN;
    event.imap = &imap;
    if (h->chunks == 0) {
        if (!event.known)
            event.anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_COMMAND);
        s->asked = ask(s, s->command.tag, s->command.verb, &event.anomalies);
        event.verb = s->command.name;
        event.verb_offset = (guint)s->command.name_offset;
        event.argument_offset = (guint)MIN(s->command.argument_offset, event.line.len);
        event.argument = slice_from(event.line, event.argument_offset);
        imap_items_reset(&s->items);
        imap_command_items(line, &s->command, &s->items, &event.anomalies);
        note_requests(s->asked, &s->items);
        note_mailbox(s->asked, &s->items);
        place_items(s, h, &imap);
        if (s->command.verb == IMAP_VERB_AUTHENTICATE)
            begin_sasl(s, s->asked, &event, &auth);
        if (s->command.verb == IMAP_VERB_LOGIN) {
            read_login(line, s->command.argument_offset, user, password, &auth);
            set_user(s->asked, auth.username);
            event.auth = &auth;
        }
        note_password(s, &event);
    }
    event.exchange = s->asked ? s->asked->number : 0;
    emit(s, &event);
    if (h->chunks == 0 && s->asked)
        follow_command(s, s->asked);
    next_chunk(h, line);
    g_byte_array_unref(user);
    g_byte_array_unref(password);
}

static gboolean is_sasl_response(slice line)
{
    return !line.len || (!memchr(line.data, ' ', line.len) && !memchr(line.data, '(', line.len));
}

/* A line that continues a command: the client's word in an exchange that is open. */
static void read_response_line(imap_session *s, question *asked, mail_event_kind kind, const imap_line *line)
{
    mail_event event = event_of_chunk(&s->client, kind, MAIL_CLIENT, line, TRUE);
    mail_imap imap = {.tag = slice_of(asked->tag)};
    mail_auth auth;

    asked->number = ++s->exchange_count;
    event.exchange = asked->number;
    event.imap = &imap;
    if (kind == MAIL_EVENT_COMMAND) {
        event.verb = event.line;
        event.known = TRUE;
        s->idle = NULL;
    } else if (s->exchange) {
        event.anomalies |= sasl_client_line(s->exchange, line->text, FALSE, &auth);
        event.auth = &auth;
        note_password(s, &event);
    }
    emit(s, &event);
}

static text_line text_line_of(const half *h, const imap_line *line)
{
    return (text_line){.line = slice_from(line->text, h->chunk_at),
                       .start = h->chunks ? h->chunk_start : line->start,
                       .end = line->end,
                       .ended = TRUE,
                       .anomalies = line->anomalies};
}

/* --- APPEND (RFC 9051 6.3.12, 3502, 4469, 6855 4, 8508) --- */

static void end_append(imap_session *s, mail_end_reason reason)
{
    if (s->appended.begun)
        emit_message(s, MAIL_EVENT_MESSAGE_END, MAIL_CLIENT, &s->appended, SLICE_EMPTY, reason);
    s->appended = (open_message){0};
}

/* CATENATE takes a piece that the server has: those bytes do not go over the wire. */
static void append_url(imap_session *s)
{
    mail_event event = event_at(MAIL_EVENT_GAP, MAIL_CLIENT, s->client.in.offset, s->client.in.offset);
    begin_message(s, MAIL_CLIENT, &s->appended, 0);
    event.message = s->appended.message;
    event.anomalies = ANOMALY_BIT(ANOMALY_NOT_FETCHED);
    emit(s, &event);
}

static void later(imap_session *s, append_step step)
{
    guint8 byte = (guint8)step;
    g_byte_array_append(s->append_steps, &byte, 1);
}

static void take_steps(imap_session *s)
{
    for (guint i = 0; i < s->append_steps->len; i++) {
        if (s->append_steps->data[i] == STEP_URL)
            append_url(s);
        else
            end_append(s, MAIL_END_COMPLETE);
    }
    g_byte_array_set_size(s->append_steps, 0);
}

static void begin_append(imap_session *s)
{
    g_free(s->append.mailbox);
    s->append = (append_state){.at = s->command.argument_offset};
    s->in_append = TRUE;
    if (s->command.verb == IMAP_VERB_REPLACE) { /* the number of the message that is replaced stands in front */
        const guint8 *blank = memchr(s->command.argument.data, ' ', s->command.argument.len);
        if (blank)
            s->append.at += (gsize)(blank - s->command.argument.data);
    }
}

/* One token of the arguments. TRUE: a literal behind it would be a message. */
static void append_token(imap_session *s, const imap_token *token)
{
    append_state *append = &s->append;

    if (!append->has_mailbox) {
        GByteArray *scratch = g_byte_array_new();
        append->mailbox = imap_utf7_decode(imap_token_string(token, scratch), NULL);
        append->has_mailbox = TRUE;
        g_byte_array_unref(scratch);
        return;
    }
    switch (token->kind) {
    case IMAP_TOKEN_OPEN:
        if (append->wants_list) {
            append->wants_list = FALSE;
        } else if (!append->in_catenate && !append->in_utf8) {
            append->in_flags = TRUE;
            append->flags_at = token->offset + 1;
        }
        break;
    case IMAP_TOKEN_CLOSE:
        if (append->in_flags)
            append->flags_len = token->offset - append->flags_at;
        if (append->in_catenate)
            later(s, STEP_END);
        append->in_flags = append->in_catenate = append->in_utf8 = FALSE;
        break;
    case IMAP_TOKEN_ATOM:
        append->wants_url = append->in_catenate && imap_token_is(token, "URL");
        append->wants_text = append->in_catenate && imap_token_is(token, "TEXT");
        if (append->in_flags || append->in_catenate)
            break;
        append->in_catenate = imap_token_is(token, "CATENATE");
        append->in_utf8 = imap_token_is(token, "UTF8");
        append->wants_list = append->in_catenate || append->in_utf8;
        break;
    case IMAP_TOKEN_QUOTED:
        if (append->wants_url) {
            later(s, STEP_URL);
        } else if (!append->in_catenate && !append->in_flags) {
            append->date_at = token->offset + 1;
            append->date_len = token->text.len;
        }
        append->wants_url = FALSE;
        break;
    case IMAP_TOKEN_LITERAL:
        if (append->wants_url)
            later(s, STEP_URL);
        append->wants_url = append->wants_text = FALSE;
        if (!append->in_catenate) /* the next message of a MULTIAPPEND has its own */
            append->flags_len = append->date_len = 0;
        break;
    case IMAP_TOKEN_END:
        break;
    }
}

static void append_facts(imap_session *s, const imap_line *line)
{
    const append_state *append = &s->append;
    mail_imap *imap = &s->appended.imap;

    imap->tag = s->command.tag;
    imap->mailbox = slice_of(append->mailbox);
    imap->flags = (slice){line->text.data + append->flags_at, append->flags_len};
    imap->internaldate = (slice){line->text.data + append->date_at, append->date_len};
}

/* Reads the arguments as far as they are there. TRUE: the literal that is about to come is (a piece of) a message. */
static gboolean read_append(imap_session *s, const imap_line *line)
{
    append_state *append = &s->append;
    imap_cursor cursor = imap_cursor_of_line(line);
    gboolean is_message = FALSE;
    imap_token token;

    cursor.at = append->at;
    cursor.next_passed = append->next_passed;
    for (;;) {
        imap_cursor before = cursor;
        imap_cursor_next(&cursor, &token);
        append_facts(s, line);
        if (token.kind == IMAP_TOKEN_END)
            break;
        if (token.kind == IMAP_TOKEN_LITERAL && token.is_broken && token.offset + token.length == line->text.len) {
            is_message = append->has_mailbox && (!append->in_catenate || append->wants_text);
            cursor = before;
            break;
        }
        append_token(s, &token);
    }
    append->at = cursor.at;
    append->next_passed = cursor.next_passed;
    return is_message;
}

/* --- the client's lines --- */

static gboolean takes_message(imap_verb verb)
{
    return verb == IMAP_VERB_APPEND || verb == IMAP_VERB_REPLACE;
}

static void read_client_literal(imap_session *s)
{
    imap_line line;

    imap_reader_line(s->client.reader, &line);
    if (!s->in_append) {
        if (!imap_command_parse(line.text, &s->command) || !takes_message(s->command.verb))
            return;
        begin_append(s);
    } else if (!imap_command_parse(line.text, &s->command)) {
        return;
    }
    if (!read_append(s, &line))
        return;
    imap_reader_pass(s->client.reader);
    emit_command(s, &line, FALSE);
    take_steps(s);
}

static void end_client_line(imap_session *s)
{
    end_line(&s->client);
    s->in_append = FALSE;
    s->asked = NULL;
    g_byte_array_set_size(s->append_steps, 0);
    s->client.behind_hole = FALSE;
}

static void read_client_line(imap_session *s)
{
    imap_line line;

    imap_reader_line(s->client.reader, &line);
    if (s->client.chunks) {
        imap_command_parse(line.text, &s->command);
        (void)read_append(s, &line);
        emit_command(s, &line, TRUE);
        take_steps(s);
        end_append(s, MAIL_END_COMPLETE);
    } else if (s->auth && is_sasl_response(line.text)) {
        read_response_line(s, s->auth, MAIL_EVENT_AUTH_LINE, &line);
    } else if (s->idle && slice_is(slice_trim(line.text), "DONE")) {
        read_response_line(s, s->idle, MAIL_EVENT_COMMAND, &line);
    } else if (imap_command_parse(line.text, &s->command)) {
        if (takes_message(s->command.verb)) { /* only with URLs, or with an empty message */
            if (!s->in_append)
                begin_append(s);
            (void)read_append(s, &line);
        }
        emit_command(s, &line, TRUE);
        take_steps(s);
        end_append(s, MAIL_END_COMPLETE);
    } else {
        text_line text = text_line_of(&s->client, &line);
        emit_text(s, MAIL_CLIENT, &text, ANOMALY_BIT(ANOMALY_BAD_SYNTAX));
    }
    end_client_line(s);
}

static void read_client_data(imap_session *s)
{
    imap_line line;
    imap_reader_line(s->client.reader, &line);
    append_facts(s, &line);
    begin_message(s, MAIL_CLIENT, &s->appended, imap_reader_data(s->client.reader).len);
    emit_message(s, MAIL_EVENT_MESSAGE_DATA, MAIL_CLIENT, &s->appended, imap_reader_data(s->client.reader),
                 MAIL_END_COMPLETE);
}

static void read_client_literal_end(imap_session *s)
{
    imap_line line;
    imap_reader_line(s->client.reader, &line);
    s->client.chunk_start = line.end;
    append_facts(s, &line);
    if (!s->append.in_catenate)
        end_append(s, MAIL_END_COMPLETE);
}

static void read_client_step(imap_session *s)
{
    for (;;) {
        switch (imap_reader_next(s->client.reader, &s->client.in)) {
        case IMAP_READ_MORE:
            return;
        case IMAP_READ_LITERAL:
            read_client_literal(s);
            break;
        case IMAP_READ_DATA:
            read_client_data(s);
            break;
        case IMAP_READ_LITERAL_END:
            read_client_literal_end(s);
            break;
        case IMAP_READ_LINE:
            read_client_line(s);
            if (s->hold || s->client.lost)
                return;
            break;
        }
    }
}

/* A line that fits is read again by the reader for whole lines. */
static void reread(half *h, const text_line *line, void (*step)(imap_session *s), imap_session *s)
{
    static const char *const ends[] = {"\r\n", "\n"};
    stream_cursor rest = h->in;
    gboolean bare = (line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF)) != 0;

    h->lost = FALSE;
    h->in = (stream_cursor){line->line, line->start};
    step(s);
    h->in = (stream_cursor){slice_of(ends[bare]), line->end - (bare ? 1 : 2)};
    step(s);
    h->in = rest;
}

static void read_client_lost(imap_session *s)
{
    text_line line;

    if (!line_reader_next(s->client.lines, &s->client.in, &line))
        return;
    if (imap_command_is_certain(line.line) && !(line.anomalies & ANOMALY_BIT(ANOMALY_LINE_TOO_LONG)))
        reread(&s->client, &line, read_client_step, s);
    else
        emit_text(s, MAIL_CLIENT, &line, s->client.behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : 0);
    s->client.behind_hole = FALSE;
}

static void read_client(imap_session *s)
{
    while (s->client.in.bytes.len > 0 && !s->hold && !pass_over_tls(s, &s->client)) {
        if (s->client.lost)
            read_client_lost(s);
        else
            read_client_step(s);
    }
}

static void feed_client_plain(imap_session *s, slice bytes)
{
    if (held_bytes_is_empty(s->held)) {
        s->client.in.bytes = bytes;
        read_client(s);
        bytes = s->client.in.bytes;
        s->client.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->held, bytes);
}

static void break_client_line(imap_session *s, anomaly_set anomalies);

static void say_broken(imap_session *s, mail_side side)
{
    half *h = half_of(s, side);
    mail_event event;

    if (side == MAIL_CLIENT)
        break_client_line(s, 0);
    else
        break_server_line(s, 0);
    h->opaque = TRUE;
    event = event_at(MAIL_EVENT_ANOMALY, side, h->in.offset, h->in.offset);
    event.anomalies = ANOMALY_BIT(ANOMALY_BAD_DEFLATE);
    emit(s, &event);
}

/* Inflates and reads; what cannot be inflated is passed over. */
static void feed_compressed(imap_session *s, mail_side side, slice bytes, void (*feed)(imap_session *s, slice bytes))
{
    half *h = half_of(s, side);
    slice out;

    while (!h->opaque) {
        if (!inflater_next(h->inflate, &bytes, &out)) {
            if (bytes.len)
                say_broken(s, side);
            return;
        }
        if (out.len)
            feed(s, out);
        else if (bytes.len == 0)
            return;
    }
}

static void cross_client_gap(imap_session *s, guint64 missing)
{
    half *h = &s->client;
    guint64 left = imap_reader_literal_left(h->reader);

    if (h->opaque) { /* one more byte that cannot be read */
        h->in.offset += missing;
        return;
    }
    if (h->inflate)
        h->opaque = TRUE;
    if (!h->opaque && s->tls != TLS_OPAQUE && imap_reader_is_passing(h->reader) && missing > 0) {
        imap_line line;
        guint64 inside = MIN(left, missing);
        imap_reader_line(h->reader, &line);
        append_facts(s, &line);
        begin_message(s, MAIL_CLIENT, &s->appended, 0);
        s->appended.hole = TRUE;
        (void)imap_reader_gap(h->reader, inside);
        emit_gap(s, MAIL_CLIENT, inside, s->appended.message);
        missing -= inside;
        if (inside == left)
            read_client_step(s); /* the literal's end */
        if (missing == 0)
            return;
    }
    break_client_line(s, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    emit_gap(s, MAIL_CLIENT, missing, 0);
    h->lost = h->behind_hole = TRUE;
}

/* What has come of a line whose rest will not. */
static void break_client_line(imap_session *s, anomaly_set anomalies)
{
    half *h = &s->client;
    imap_line line;
    text_line text;

    imap_reader_line(h->reader, &line);
    if (imap_reader_has_begun(h->reader) && !imap_reader_is_passing(h->reader)) {
        text = text_line_of(h, &line);
        if (text.end > text.start)
            emit_text(s, MAIL_CLIENT, &text, anomalies);
    }
    if (s->appended.begun) {
        append_facts(s, &line);
        end_append(s, MAIL_END_CUT);
    }
    imap_reader_forget(h->reader);
    if (line_reader_flush(h->lines, &text))
        emit_text(s, MAIL_CLIENT, &text, anomalies);
    end_client_line(s);
}

static gboolean answer_can_come(const imap_session *s)
{
    return s->server.seen && !s->server.ended && !s->answer_lost && held_bytes_length(s->held) < LIMIT_HELD_BYTES;
}

/* No answer will come: the held bytes themselves are asked. FALSE: not yet. */
static gboolean decide_client(imap_session *s, gboolean force)
{
    slice bytes = held_bytes_peek(s->held), line;
    const guint8 *lf = bytes.len ? memchr(bytes.data, '\n', MIN(bytes.len, LIMIT_GUESS_BYTES)) : NULL;
    imap_command command;

    if (!force && answer_can_come(s))
        return FALSE;
    if (bytes.len && s->hold == HOLD_STARTTLS && is_tls_byte(bytes.data[0])) {
        start_tls(s);
        return TRUE;
    }
    if (!lf && bytes.len < LIMIT_GUESS_BYTES && !force && !held_bytes_gap_follows(s->held))
        return FALSE;
    line = slice_head(bytes, lf ? (gsize)(lf - bytes.data) : LIMIT_GUESS_BYTES);
    if (line.len && s->hold == HOLD_COMPRESS && !(is_text(line) && imap_command_parse(line, &command)))
        start_compression(s);
    s->hold = HOLD_NOT;
    return TRUE;
}

static void inflate_held(imap_session *s, slice bytes)
{
    GByteArray *wire = g_byte_array_new();

    g_byte_array_append(wire, bytes.data, (guint)bytes.len);
    held_bytes_skip(s->held, bytes.len);
    s->held_is_compressed = !held_bytes_is_empty(s->held);
    feed_compressed(s, MAIL_CLIENT, (slice){wire->data, wire->len}, feed_client_plain);
    g_byte_array_unref(wire);
}

static void read_held_client(imap_session *s, gboolean force)
{
    guint64 missing;

    while (!held_bytes_is_empty(s->held)) {
        if (s->hold && !decide_client(s, force))
            return;
        slice bytes = held_bytes_peek(s->held);
        if (bytes.len == 0) {
            if (!held_bytes_take_gap(s->held, &missing))
                return;
            cross_client_gap(s, missing);
        } else if (s->held_is_compressed) {
            inflate_held(s, bytes);
        } else {
            s->client.in.bytes = bytes;
            read_client(s);
            held_bytes_skip(s->held, bytes.len - s->client.in.bytes.len);
            s->client.in.bytes = SLICE_EMPTY;
        }
    }
}

/* --- the server's side --- */

static gboolean decides_login(imap_verb verb)
{
    return verb == IMAP_VERB_LOGIN || verb == IMAP_VERB_AUTHENTICATE;
}

/* A challenge, or the reply that decides an authentication. */
static void read_outcome(imap_session *s, question *asked, mail_event *event, mail_auth *auth)
{
    gboolean accepted = strcmp(event->status, "OK") == 0;

    if (asked->verb == IMAP_VERB_AUTHENTICATE && s->exchange) {
        event->auth = auth;
        if (strcmp(event->status, "+") == 0) {
            event->anomalies |= sasl_server_line(s->exchange, s->response.text, auth);
            return;
        }
        sasl_summary(s->exchange, auth);
    } else if (asked->verb == IMAP_VERB_LOGIN) {
        *auth = (mail_auth){.mechanism = "LOGIN", .username = asked->user, .user = asked->user};
        event->auth = auth;
    }
    event->outcome = accepted ? MAIL_OUTCOME_SUCCESS : MAIL_OUTCOME_FAILURE;
    if (accepted && s->phase != PHASE_SELECTED)
        s->phase = PHASE_AUTHENTICATED;
}

/* What a tagged reply changes. */
static void note_reply(imap_session *s, const question *asked, gboolean accepted)
{
    switch (asked->verb) {
    case IMAP_VERB_SELECT:
    case IMAP_VERB_EXAMINE:
        select_mailbox(s, accepted ? asked->mailbox : NULL, asked->uidvalidity);
        if (accepted)
            s->phase = PHASE_SELECTED;
        break;
    case IMAP_VERB_CLOSE:
    case IMAP_VERB_UNSELECT:
        if (accepted)
            select_mailbox(s, NULL, 0);
        break;
    case IMAP_VERB_LOGOUT:
        s->phase = PHASE_LOGOUT;
        break;
    case IMAP_VERB_UNAUTHENTICATE:
        if (accepted)
            s->phase = PHASE_NOT_AUTHENTICATED;
        break;
    default:
        break;
    }
}

static gboolean slice_equals(slice a, slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Does the client wait for leave to send a literal? */
static gboolean waits_at_literal(imap_session *s)
{
    imap_line line;
    guint64 left = imap_reader_literal_left(s->client.reader);

    imap_reader_line(s->client.reader, &line);
    return line.waits && left > 0 && left == line.size && imap_reader_has_begun(s->client.reader);
}

/* A command whose literal the server does not want is over; the literal does not come. */
static void give_up_literal(imap_session *s, const question *asked)
{
    imap_line line;
    imap_command command;

    if (!waits_at_literal(s))
        return;
    imap_reader_line(s->client.reader, &line);
    if (!imap_command_parse(line.text, &command) || !slice_equals(command.tag, slice_of(asked->tag)))
        return;
    imap_reader_forget(s->client.reader);
    end_append(s, MAIL_END_ABORTED);
    end_client_line(s);
}

/* The command that is answered was not said yet: it waits at its literal. */
static question *find_unsaid(imap_session *s, slice tag)
{
    imap_line line;
    imap_command command;

    if (s->client.chunks || !waits_at_literal(s))
        return NULL;
    imap_reader_line(s->client.reader, &line);
    if (!imap_command_parse(line.text, &command) || !slice_equals(command.tag, tag))
        return NULL;
    s->command = command;
    emit_command(s, &line, FALSE);
    return s->asked;
}

static void note_uidvalidity(imap_session *s)
{
    question *select;
    guint64 number;

    if (!slice_is(s->response.code, "UIDVALIDITY") || !imap_number(s->response.code_argument, &number))
        return;
    select = find_select(s);
    if (select)
        select->uidvalidity = (guint32)number;
    else if (s->phase == PHASE_SELECTED || s->phase == PHASE_UNKNOWN)
        s->uidvalidity = (guint32)number;
}

/* The question that a status answers; NULL: none. */
static question *match_status(imap_session *s)
{
    question *asked = NULL;

    if (s->response.tag.len)
        asked = find_unsaid(s, s->response.tag);
    if (s->response.tag.len && !asked)
        asked = find_question(s, s->response.tag);
    if (strcmp(s->response.status, "+") == 0)
        asked = s->auth ? s->auth : s->idle;
    return asked;
}

static void note_status(imap_session *s, gboolean greeting)
{
    const char *status = s->response.status;

    if (strcmp(status, "BYE") == 0)
        s->phase = PHASE_LOGOUT;
    else if (greeting && strcmp(status, "PREAUTH") == 0)
        s->phase = PHASE_AUTHENTICATED;
    note_uidvalidity(s);
}

static void follow_reply(imap_session *s, question *asked)
{
    gboolean accepted = strcmp(s->response.status, "OK") == 0;
    hold_reason hold = s->hold && s->awaited == asked->number ? s->hold : HOLD_NOT;

    give_up_literal(s, asked);
    if (hold == HOLD_STARTTLS && accepted)
        start_tls(s);
    else if (hold == HOLD_COMPRESS && accepted)
        start_compression(s);
    else if (hold)
        s->hold = HOLD_NOT;
    else if (asked->verb == IMAP_VERB_STARTTLS && accepted)
        start_tls(s);
    s->awaited = 0;
    forget_question(s, asked);
}

static void read_status(imap_session *s, const imap_line *line)
{
    mail_event event = event_of_chunk(&s->server, MAIL_EVENT_REPLY_LINE, MAIL_SERVER, line, TRUE);
    mail_imap imap = {.tag = s->response.tag};
    gboolean greeting = !s->replied && s->from_start && !s->response.tag.len;
    gboolean tagged = s->response.tag.len > 0;
    question *asked = match_status(s);
    mail_auth auth = {0};

    s->replied = TRUE;
    event.first = TRUE;
    event.status = s->response.status;
    event.text = s->response.text;
    event.imap = &imap;
    note_status(s, greeting);
    if (asked) {
        event.exchange = asked->number;
        if (decides_login(asked->verb) && (tagged || s->auth == asked))
            read_outcome(s, asked, &event, &auth);
        if (tagged)
            note_reply(s, asked, strcmp(s->response.status, "OK") == 0);
    } else if (tagged && s->client.seen && s->from_start && !s->client.lost && !s->server.behind_hole) {
        event.anomalies |= ANOMALY_BIT(ANOMALY_UNEXPECTED_REPLY);
    }
    imap_items_reset(&s->items);
    imap_response_items(line, &s->response, &s->items, &event.anomalies);
    place_items(s, &s->server, &imap);
    emit(s, &event);
    if (asked && tagged)
        follow_reply(s, asked);
    read_held_client(s, FALSE);
}

/* --- FETCH responses --- */

static slice without_ends(slice text)
{
    return text.len >= 2 ? (slice){text.data + 1, text.len - 2} : SLICE_EMPTY;
}

/* What the response says of its message, as far as it has come. */
static void fetch_facts(imap_session *s, const imap_line *line, mail_imap *imap)
{
    guint64 number;
    slice value;

    imap->mailbox = s->mailbox ? slice_of(s->mailbox) : SLICE_EMPTY;
    imap->uidvalidity = s->uidvalidity;
    imap->epoch = s->epoch;
    imap->sequence = (guint32)s->response.number;
    if (imap_fetch_find(&s->fetch, line, "UID", &value) && imap_number(value, &number)) {
        imap->uid = (guint32)number;
        g_hash_table_insert(s->uids, GUINT_TO_POINTER(imap->sequence), GUINT_TO_POINTER(imap->uid));
    } else {
        imap->uid = GPOINTER_TO_UINT(g_hash_table_lookup(s->uids, GUINT_TO_POINTER(imap->sequence)));
    }
    if (imap_fetch_find(&s->fetch, line, "FLAGS", &value) && value.len && value.data[0] == '(')
        imap->flags = without_ends(value);
    if (imap_fetch_find(&s->fetch, line, "INTERNALDATE", &value) && value.len && value.data[0] == '"')
        imap->internaldate = without_ends(value);
    if (imap_fetch_find(&s->fetch, line, "RFC822.SIZE", &value) && imap_number(value, &number))
        imap->size = number;
    (void)imap_fetch_find(&s->fetch, line, "ENVELOPE", &imap->envelope);
    if (!imap_fetch_find(&s->fetch, line, "BODYSTRUCTURE", &imap->structure))
        (void)imap_fetch_find(&s->fetch, line, "BODY", &imap->structure);
}

static void set_section(imap_session *s, open_message *piece, const imap_section *section)
{
    piece->section = imap_section_name(section);
    piece->imap.section = slice_of(piece->section);
    piece->imap.is_binary = section->is_binary;
    piece->imap.is_partial = section->is_partial;
    piece->imap.origin = section->origin;
    if (section->is_partial)
        piece->imap.requested = find_requested(s, piece->section, section->is_binary, section->origin);
}

/* Takes over what is known of the message, and keeps which piece of it this is. */
static void set_facts(open_message *piece, const mail_imap *facts)
{
    mail_imap imap = *facts;
    imap.section = piece->imap.section;
    imap.is_binary = piece->imap.is_binary;
    imap.is_partial = piece->imap.is_partial;
    imap.origin = piece->imap.origin;
    imap.requested = piece->imap.requested;
    imap.items = NULL;
    imap.item_count = 0;
    piece->imap = imap;
}

static void end_pieces(imap_session *s, const mail_imap *facts)
{
    for (guint i = 0; i < s->pieces->len; i++) {
        open_message *piece = &g_array_index(s->pieces, open_message, i);
        set_facts(piece, facts);
        begin_message(s, MAIL_SERVER, piece, 0);
        emit_message(s, MAIL_EVENT_MESSAGE_END, MAIL_SERVER, piece, SLICE_EMPTY,
                     piece->cut ? MAIL_END_CUT : MAIL_END_COMPLETE);
    }
    g_array_set_size(s->pieces, 0);
}

/* Pieces of mail that came as a quoted string, or as a literal of no bytes (RFC 9051 allows both). */
static void say_strings(imap_session *s, const imap_line *line, const mail_imap *facts)
{
    GByteArray *scratch = g_byte_array_new();

    for (guint i = 0; i < s->fetch.values->len; i++) {
        const imap_fetch_value *value = &g_array_index(s->fetch.values, imap_fetch_value, i);
        slice name = {line->text.data + value->name_at, value->name_len};
        imap_cursor cursor = imap_cursor_of(slice_from(line->text, value->value_at));
        open_message piece = {0};
        imap_section section;
        imap_token token;

        if (value->is_passed || value->kind == IMAP_TOKEN_OPEN || !imap_section_parse(name, &section))
            continue;
        imap_cursor_next(&cursor, &token);
        if (imap_token_is_nil(&token) || token.kind == IMAP_TOKEN_ATOM)
            continue;
        slice text = imap_token_string(&token, scratch);
        set_section(s, &piece, &section);
        set_facts(&piece, facts);
        begin_message(s, MAIL_SERVER, &piece, 0);
        if (text.len) {
            mail_event data = event_at(MAIL_EVENT_MESSAGE_DATA, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
            data.message = piece.message;
            data.source = MAIL_FROM_FETCH;
            data.imap = &piece.imap;
            data.data = text;
            emit(s, &data);
        }
        emit_message(s, MAIL_EVENT_MESSAGE_END, MAIL_SERVER, &piece, SLICE_EMPTY, MAIL_END_COMPLETE);
        clear_piece(&piece);
    }
    g_byte_array_unref(scratch);
}

static void emit_untagged(imap_session *s, const imap_line *line, gboolean last, mail_imap *imap)
{
    mail_event event = event_of_chunk(&s->server, MAIL_EVENT_UNTAGGED, MAIL_SERVER, line, last);

    if (last) {
        imap_items_reset(&s->items);
        imap_response_items(line, &s->response, &s->items, &event.anomalies);
        if (s->in_fetch)
            imap_fetch_items(&s->fetch, line, &s->items);
        place_items(s, &s->server, imap);
    }
    event.imap = imap;
    emit(s, &event);
}

/* What untagged data changes. */
static void note_data(imap_session *s)
{
    if (slice_is(s->response.name, "EXPUNGE") || slice_is(s->response.name, "VANISHED"))
        forget_numbers(s);
    if (s->phase == PHASE_UNKNOWN && s->response.has_number)
        s->phase = PHASE_SELECTED;
}

static void read_data(imap_session *s, const imap_line *line)
{
    mail_imap imap = {0};
    slice ignored;

    s->replied = TRUE;
    note_data(s);
    if (s->in_fetch) {
        (void)imap_fetch_read(&s->fetch, line, &ignored);
        fetch_facts(s, line, &imap);
    }
    emit_untagged(s, line, TRUE, &imap);
    if (s->in_fetch) {
        end_pieces(s, &imap);
        say_strings(s, line, &imap);
    }
}

static gboolean begin_response(imap_session *s, const imap_line *line)
{
    gboolean fits = imap_response_parse(line->text, &s->response);

    if (fits && !s->in_fetch && !s->response.status && s->response.has_number && slice_is(s->response.name, "FETCH")) {
        s->in_fetch = TRUE;
        imap_fetch_begin(&s->fetch, s->response.data_offset);
    }
    return fits;
}

static void read_server_literal(imap_session *s)
{
    open_message piece = {0};
    imap_section section;
    mail_imap facts = {0};
    imap_line line;
    slice name;

    imap_reader_line(s->server.reader, &line);
    if (!begin_response(s, &line) || !s->in_fetch)
        return;
    if (!imap_fetch_read(&s->fetch, &line, &name) || !imap_section_parse(name, &section))
        return;
    imap_reader_pass(s->server.reader);
    set_section(s, &piece, &section);
    fetch_facts(s, &line, &facts);
    set_facts(&piece, &facts);
    emit_untagged(s, &line, FALSE, &facts);
    next_chunk(&s->server, &line);
    g_array_append_val(s->pieces, piece);
}

/* The texts of a piece's facts lie in the line, which may have moved. */
static void refresh_facts(imap_session *s, open_message *piece)
{
    mail_imap facts = {0};
    imap_line line;

    imap_reader_line(s->server.reader, &line);
    (void)imap_response_parse(line.text, &s->response);
    fetch_facts(s, &line, &facts);
    set_facts(piece, &facts);
}

static void read_server_data(imap_session *s)
{
    open_message *piece = last_piece(s);

    if (!piece->begun) {
        refresh_facts(s, piece);
        begin_message(s, MAIL_SERVER, piece, imap_reader_data(s->server.reader).len);
    }
    emit_message(s, MAIL_EVENT_MESSAGE_DATA, MAIL_SERVER, piece, imap_reader_data(s->server.reader), MAIL_END_COMPLETE);
}

static void end_server_line(imap_session *s)
{
    end_line(&s->server);
    s->in_fetch = FALSE;
    s->server.behind_hole = FALSE;
}

static void read_server_line(imap_session *s)
{
    gboolean behind_hole = s->server.behind_hole;
    imap_line line;

    imap_reader_line(s->server.reader, &line);
    if (!begin_response(s, &line)) {
        text_line text = text_line_of(&s->server, &line);
        emit_text(s, MAIL_SERVER, &text, ANOMALY_BIT(behind_hole ? ANOMALY_LOST_BYTES : ANOMALY_BAD_SYNTAX));
    } else if (s->response.status) {
        read_status(s, &line);
    } else {
        read_data(s, &line);
    }
    end_server_line(s);
}

static void read_server_step(imap_session *s)
{
    imap_line line;

    for (;;) {
        switch (imap_reader_next(s->server.reader, &s->server.in)) {
        case IMAP_READ_MORE:
            return;
        case IMAP_READ_LITERAL:
            read_server_literal(s);
            break;
        case IMAP_READ_DATA:
            read_server_data(s);
            break;
        case IMAP_READ_LITERAL_END:
            imap_reader_line(s->server.reader, &line);
            s->server.chunk_start = line.end;
            break;
        case IMAP_READ_LINE: {
            gboolean compressed = s->server.inflate != NULL;
            read_server_line(s);
            if (s->tls != TLS_NONE || compressed != (s->server.inflate != NULL))
                return;
            break;
        }
        }
    }
}

static gboolean server_fits(imap_session *s, slice line)
{
    imap_response response;

    if (!imap_response_parse(line, &response) || !imap_response_is_certain(&response))
        return FALSE;
    if (!response.tag.len)
        return TRUE;
    if (g_queue_get_length(&s->queue) > 0)
        return find_question(s, response.tag) != NULL;
    for (gsize i = 0; i < response.tag.len; i++)
        if (g_ascii_isdigit(response.tag.data[i]))
            return TRUE;
    return FALSE;
}

static void read_server_lost(imap_session *s)
{
    text_line line;

    if (!line_reader_next(s->server.lines, &s->server.in, &line))
        return;
    if (server_fits(s, line.line) && !(line.anomalies & ANOMALY_BIT(ANOMALY_LINE_TOO_LONG)))
        reread(&s->server, &line, read_server_step, s);
    else
        emit_text(s, MAIL_SERVER, &line, s->server.behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : 0);
}

static void feed_server_plain(imap_session *s, slice bytes)
{
    s->server.in.bytes = bytes;
    while (s->server.in.bytes.len > 0 && !pass_over_tls(s, &s->server)) {
        gboolean compressed = s->server.inflate != NULL;
        if (s->server.lost)
            read_server_lost(s);
        else
            read_server_step(s);
        if (compressed != (s->server.inflate != NULL))
            break; /* the rest is compressed */
    }
    bytes = s->server.in.bytes;
    s->server.in.bytes = SLICE_EMPTY;
    if (bytes.len)
        feed_compressed(s, MAIL_SERVER, bytes, feed_server_plain);
}

/* What has come of a response whose rest will not. */
static void break_server_line(imap_session *s, anomaly_set anomalies)
{
    half *h = &s->server;
    mail_imap facts = {0};
    imap_line line;
    text_line text;

    if (s->in_fetch && s->pieces->len) {
        slice ignored;
        imap_reader_line(h->reader, &line);
        (void)imap_response_parse(line.text, &s->response);
        (void)imap_fetch_read(&s->fetch, &line, &ignored);
        fetch_facts(s, &line, &facts);
        last_piece(s)->cut = imap_reader_literal_left(h->reader) > 0 && imap_reader_is_passing(h->reader);
    }
    imap_reader_line(h->reader, &line);
    if (imap_reader_has_begun(h->reader) && !imap_reader_is_passing(h->reader)) {
        text = text_line_of(h, &line);
        if (text.end > text.start)
            emit_text(s, MAIL_SERVER, &text, anomalies);
    }
    end_pieces(s, &facts);
    imap_reader_forget(h->reader);
    if (line_reader_flush(h->lines, &text))
        emit_text(s, MAIL_SERVER, &text, anomalies);
    end_server_line(s);
}

static void cross_server_gap(imap_session *s, guint64 missing)
{
    half *h = &s->server;
    guint64 left = imap_reader_literal_left(h->reader);

    if (h->opaque) { /* one more byte that cannot be read */
        h->in.offset += missing;
        return;
    }
    if (s->hold)
        s->answer_lost = TRUE;
    if (h->inflate)
        h->opaque = TRUE;
    if (!h->opaque && s->tls != TLS_OPAQUE && imap_reader_is_passing(h->reader) && missing > 0) {
        open_message *piece = last_piece(s);
        guint64 inside = MIN(left, missing);
        if (!piece->begun) {
            refresh_facts(s, piece);
            begin_message(s, MAIL_SERVER, piece, 0);
        }
        piece->hole = TRUE;
        (void)imap_reader_gap(h->reader, inside);
        emit_gap(s, MAIL_SERVER, inside, piece->message);
        missing -= inside;
        if (inside == left)
            read_server_step(s); /* the literal's end */
        if (missing == 0)
            return;
    }
    break_server_line(s, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    emit_gap(s, MAIL_SERVER, missing, 0);
    h->lost = h->behind_hole = TRUE;
    s->replied = TRUE;
}

/* --- the interface --- */

static void init_half(half *h, mail_side side, gboolean from_start)
{
    *h = (half){
        .reader = imap_reader_new(side), .lines = line_reader_new(), .lost = !from_start, .behind_hole = !from_start};
}

imap_session *imap_session_new(gboolean from_start, mail_event_sink sink, void *user)
{
    imap_session *s = g_new0(imap_session, 1);

    s->sink = sink;
    s->user = user;
    s->from_start = from_start;
    s->phase = from_start ? PHASE_NOT_AUTHENTICATED : PHASE_UNKNOWN;
    init_half(&s->client, MAIL_CLIENT, from_start);
    init_half(&s->server, MAIL_SERVER, from_start);
    s->held = held_bytes_new();
    s->by_tag = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, question_free);
    g_queue_init(&s->queue);
    s->uids = g_hash_table_new(g_direct_hash, g_direct_equal);
    s->append_steps = g_byte_array_new();
    imap_items_init(&s->items);
    imap_fetch_init(&s->fetch);
    s->pieces = g_array_new(FALSE, FALSE, sizeof(open_message));
    g_array_set_clear_func(s->pieces, clear_piece);
    return s;
}

static void clear_half(half *h)
{
    imap_reader_free(h->reader);
    line_reader_free(h->lines);
    inflater_free(h->inflate);
}

void imap_session_free(imap_session *s)
{
    if (!s)
        return;
    clear_half(&s->client);
    clear_half(&s->server);
    held_bytes_free(s->held);
    g_queue_clear(&s->queue);
    g_hash_table_destroy(s->by_tag);
    g_hash_table_destroy(s->uids);
    imap_items_clear(&s->items);
    imap_fetch_clear(&s->fetch);
    g_array_unref(s->pieces);
    sasl_free(s->exchange);
    g_byte_array_unref(s->append_steps);
    g_free(s->append.mailbox);
    g_free(s->mailbox);
    g_free(s);
}

void imap_session_feed(imap_session *s, mail_side side, slice bytes)
{
    half *h = half_of(s, side);

    if (bytes.len == 0)
        return;
    h->seen = TRUE;
    if (h->inflate && !h->opaque)
        feed_compressed(s, side, bytes, side == MAIL_CLIENT ? feed_client_plain : feed_server_plain);
    else if (side == MAIL_CLIENT)
        feed_client_plain(s, bytes);
    else
        feed_server_plain(s, bytes);
    read_held_client(s, FALSE);
}

void imap_session_preface(imap_session *s, const text_line *line)
{
    s->client.in.offset = line->end;
    emit_text(s, MAIL_CLIENT, line, 0);
}

void imap_session_gap(imap_session *s, mail_side side, guint64 missing)
{
    if (s->tls == TLS_EXPECTED)
        s->tls = TLS_OPAQUE;
    half_of(s, side)->seen = TRUE;
    if (side == MAIL_CLIENT)
        held_bytes_append_gap(s->held, missing);
    else
        cross_server_gap(s, missing);
    read_held_client(s, FALSE);
}

void imap_session_tls(imap_session *s)
{
    gboolean inside = s->client.seen || s->server.seen;

    if (inside)
        s->replied = TRUE; /* no greeting behind STARTTLS (RFC 9051 6.2.1) */
    show_held(s, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    break_client_line(s, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    break_server_line(s, 0);
    forget_questions(s);
    if (inside)
        s->client.lost = s->server.lost = s->client.behind_hole = s->server.behind_hole = FALSE;
    sasl_free(s->exchange);
    s->exchange = NULL;
    s->hold = HOLD_NOT;
    s->tls = TLS_NONE;
    s->tls_active = TRUE;
    s->phase = PHASE_NOT_AUTHENTICATED;
    s->client.in = s->server.in = (stream_cursor){0};
    s->client.ended = s->server.ended = FALSE;
}

void imap_session_end(imap_session *s, mail_side side)
{
    half *h = half_of(s, side);

    if (h->ended)
        return;
    h->ended = TRUE;
    if (side == MAIL_SERVER)
        break_server_line(s, 0);
    read_held_client(s, s->client.ended && s->server.ended);
    if (s->client.ended && held_bytes_is_empty(s->held))
        break_client_line(s, 0);
}
