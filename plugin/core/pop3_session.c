/* pop3_session.c
 * The client's side is lines. The server's side is status lines, and behind a +OK, depending on the
 * command it answers, a listing or a message, each up to the "." line (RFC 1939 3); an octet count
 * in the +OK is never used. Commands may be pipelined (RFC 2449 6.6): a queue keeps what was asked.
 *
 * Behind AUTH and STLS the client's bytes are held until the answer says what they are
 * (see smtp_session.c). The server's bytes are held only where nothing says what they
 * are: behind a hole (what is left of a status line may tell), at the beginning of a capture that starts late, behind a
 * +OK to an unknown command (SERVER_LOST). Then the lines themselves are asked: a status line, a listing, or text,
 * which is (the rest of) a message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_session.h"
#include "dot_decoder.h"
#include "held_bytes.h"
#include "limits.h"
#include "line_reader.h"
#include "pop3_command.h"
#include "sasl.h"
#include "session_bytes.h"

typedef enum client_state {
    CLIENT_COMMANDS,
    CLIENT_RESPONSE, /* "+ " came: the next line is the client's SASL response */
    /* from here on the client's bytes are held */
    CLIENT_SAID_AUTH,
    CLIENT_SAID_STLS
} client_state;

typedef enum server_state {
    SERVER_STATUS,
    SERVER_LISTING,
    SERVER_MESSAGE,
    /* from here on the server's bytes are held */
    SERVER_MESSAGE_HOLE, /* in a message, behind a hole: is the next line still message? */
    SERVER_STATUS_HOLE,  /* in a status line, behind a hole that is too small to reach behind it */
    SERVER_LOST
} server_state;

typedef enum pop3_phase { PHASE_AUTHORIZATION, PHASE_TRANSACTION, PHASE_UPDATE, PHASE_UNKNOWN } pop3_phase;

static const char *const phase_names[] = {"AUTHORIZATION", "TRANSACTION", "UPDATE", "UNKNOWN"};

typedef enum tls_state { TLS_NONE, TLS_EXPECTED, TLS_OPAQUE } tls_state;

typedef enum certainty { CERTAIN, REPLIES_LOST, COMMANDS_LOST } certainty;

/* What follows a +OK. */
typedef enum answer_form { ANSWER_LINE, ANSWER_ITEM, ANSWER_LISTING, ANSWER_MESSAGE } answer_form;

typedef struct question {
    pop3_verb verb;
    answer_form form;
    guint32 number; /* mail_event.exchange */
    slice user;     /* USER, PASS, APOP: whose attempt; owned bytes */
} question;

typedef struct half {
    line_reader *lines;
    held_bytes *held;
    stream_cursor in;
    gboolean seen, ended;
    gboolean behind_hole; /* its next line may be the rest of one */
} half;

/* "+OK" and a line end: less is no whole status line. */
#define STATUS_LEAST 5
/* ".", "+OK" and line ends: less is no end of a message with one more answer. */
#define ANSWER_LEAST 8

struct pop3_session {
    mail_event_sink sink;
    void *user;
    gboolean from_start;

    half client, server;
    mail_side spoke_last;
    tls_state tls;
    gboolean tls_active;
    pop3_phase phase;

    client_state client_state;
    guint32 awaited;
    gboolean answer_lost;
    GByteArray *login;  /* user name of the last USER */
    GByteArray *banner; /* "<...>" of the greeting, the challenge of APOP */
    sasl *exchange;

    server_state server_state;
    gboolean answers_unknown; /* SERVER_LOST behind a +OK: what follows begins a line and nothing is cut */
    gboolean listing_hole;
    char status_begun[STATUS_LEAST]; /* SERVER_STATUS_HOLE: what there is of the line in front of the hole */
    gsize status_lost;               /* and how much of it lies in there */
    GQueue queue;
    certainty lost;
    guint32 exchange_count;
    gboolean replied;
    pop3_verb listing_verb;
    guint32 answering; /* exchange of the open listing or message */

    dot_decoder *dots;
    gboolean message_open, message_hole;
    mail_message_source message_source;
    guint32 message_count;
    mail_param params[LIMIT_PARAMS];
};

/* --- events --- */

static void emit(pop3_session *s, mail_event *event)
{
    event->protocol = MAIL_PROTOCOL_POP3;
    event->state = s->tls == TLS_NONE ? phase_names[s->phase] : "TLS";
    s->sink(event, s->user);
}

static void emit_text(pop3_session *s, mail_side side, const text_line *line, anomaly_set anomalies)
{
    mail_event event = event_of_line(MAIL_EVENT_TEXT, side, line);
    event.anomalies |= anomalies;
    emit(s, &event);
}

static void emit_gap(pop3_session *s, mail_side side, half *h, guint64 missing)
{
    mail_event event = event_at(MAIL_EVENT_GAP, side, h->in.offset, h->in.offset + missing);
    h->in.offset += missing;
    event.missing = missing;
    event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (side == MAIL_SERVER && s->message_open)
        event.message = s->message_count;
    emit(s, &event);
}

/* Shows the first `len` held bytes of a side as lines that fit nowhere. */
static void show_held(pop3_session *s, mail_side side, half *h, gsize len, anomaly_set anomalies)
{
    text_line line;

    h->in.bytes = slice_head(held_bytes_peek(h->held), len);
    len = h->in.bytes.len;
    while (line_reader_next(h->lines, &h->in, &line))
        emit_text(s, side, &line, anomalies);
    if (line_reader_flush(h->lines, &line))
        emit_text(s, side, &line, anomalies);
    held_bytes_skip(h->held, len);
}

/* --- the queue --- */

static void question_free(gpointer data)
{
    question *asked = data;
    g_free((gpointer)asked->user.data);
    g_free(asked);
}

static void forget_oldest(pop3_session *s)
{
    question *oldest = g_queue_pop_head(&s->queue);
    if (oldest->number == s->awaited)
        s->answer_lost = TRUE;
    question_free(oldest);
}

static void forget_questions(pop3_session *s)
{
    while (!g_queue_is_empty(&s->queue))
        forget_oldest(s);
}

static question *ask(pop3_session *s, pop3_verb verb, answer_form form, anomaly_set *anomalies)
{
    question *asked = g_new0(question, 1);
    if (g_queue_get_length(&s->queue) >= LIMIT_PENDING_COMMANDS) {
        if (!s->server.seen) {
            forget_questions(s);
        } else {
            forget_oldest(s);
            *anomalies |= ANOMALY_BIT(ANOMALY_TOO_MANY_PENDING);
        }
    }
    asked->verb = verb;
    asked->form = form;
    asked->number = ++s->exchange_count;
    g_queue_push_tail(&s->queue, asked);
    return asked;
}

/* The question that the next status answers; NULL: none, or it cannot be said. */
static question *match_reply(pop3_session *s, const pop3_reply *reply)
{
    question *oldest = g_queue_peek_head(&s->queue);
    gboolean challenge = strcmp(reply->status, "+") == 0;

    if (!oldest || (challenge && oldest->verb != POP3_VERB_AUTH))
        return NULL;
    if (s->lost == CERTAIN || (s->lost == REPLIES_LOST && g_queue_get_length(&s->queue) == 1))
        return oldest;
    return NULL;
}

/* What was just seen happens only in the TRANSACTION state. */
static void show_transaction(pop3_session *s)
{
    if (s->phase != PHASE_UPDATE)
        s->phase = PHASE_TRANSACTION;
}

/* --- messages --- */

static mail_event event_of_message(pop3_session *s, mail_event_kind kind, guint64 start, guint64 end)
{
    mail_event event = event_at(kind, MAIL_SERVER, start, end);
    event.message = s->message_count;
    event.source = s->message_source;
    event.exchange = s->answering;
    return event;
}

static void begin_message(pop3_session *s, mail_message_source source, dot_begin begin, gboolean lf_ends_lines)
{
    mail_event event;

    s->message_open = TRUE;
    s->message_hole = begin == DOT_BEGIN_MIDDLE;
    s->message_source = source;
    s->message_count++;
    s->server_state = SERVER_MESSAGE;
    show_transaction(s);
    dot_decoder_start(s->dots, begin, lf_ends_lines);
    event = event_of_message(s, MAIL_EVENT_MESSAGE_START, s->server.in.offset, s->server.in.offset);
    if (s->message_hole)
        event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    emit(s, &event);
}

static void emit_message_data(pop3_session *s, const dot_piece *piece)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_DATA, piece->start, piece->end);
    event.data = piece->run;
    if (piece->run.len > 0)
        emit(s, &event);
}

static void end_message(pop3_session *s, mail_end_reason reason, guint64 start, guint64 end, anomaly_set anomalies)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_END, start, end);

    event.end_reason = reason;
    event.anomalies = anomalies | dot_decoder_anomalies(s->dots);
    if (s->message_hole)
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (reason == MAIL_END_CUT)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    s->message_open = FALSE;
    s->server_state = SERVER_STATUS;
    emit(s, &event);
}

static void cut_message(pop3_session *s)
{
    guint64 at = s->server.in.offset;
    dot_piece piece;

    if (!s->message_open)
        return;
    if (dot_decoder_flush(s->dots, &piece))
        emit_message_data(s, &piece);
    end_message(s, MAIL_END_CUT, at, at, 0);
}

static void read_message(pop3_session *s)
{
    dot_piece piece;
    mail_event odd;

    switch (dot_decoder_next(s->dots, &s->server.in, &piece)) {
    case DOT_MORE:
        break;
    case DOT_RUN:
        emit_message_data(s, &piece);
        break;
    case DOT_AMBIGUOUS:
        odd = event_of_message(s, MAIL_EVENT_ANOMALY, piece.start, piece.end);
        odd.anomalies = ANOMALY_BIT(ANOMALY_AMBIGUOUS_END_OF_DATA);
        emit(s, &odd);
        break;
    case DOT_END:
        end_message(s, MAIL_END_COMPLETE, piece.start, piece.end, 0);
        break;
    }
}

/* The client asks again although no end of the message was seen: the server has sent one that
 * only some take for it. */
static void client_saw_the_end(pop3_session *s)
{
    dot_piece end;
    if (s->server_state == SERVER_MESSAGE && g_queue_is_empty(&s->queue) && dot_decoder_could_end_here(s->dots, &end))
        end_message(s, MAIL_END_COMPLETE, end.start, end.end, ANOMALY_BIT(ANOMALY_AMBIGUOUS_END_OF_DATA));
}

/* --- TLS --- */

static void show_injected(pop3_session *s)
{
    anomaly_set injected = ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION);
    guint64 missing;
    text_line line;

    if (line_reader_flush(s->client.lines, &line))
        emit_text(s, MAIL_CLIENT, &line, injected);
    while (!held_bytes_is_empty(s->client.held)) {
        show_held(s, MAIL_CLIENT, &s->client, G_MAXSIZE, injected);
        if (held_bytes_take_gap(s->client.held, &missing))
            emit_gap(s, MAIL_CLIENT, &s->client, missing);
    }
}

static void start_tls(pop3_session *s)
{
    mail_event event;
    text_line line;
    slice held;

    s->client_state = CLIENT_COMMANDS;
    s->tls = TLS_EXPECTED;
    held = held_bytes_peek(s->client.held);
    if (held.len > 0 && !is_tls_byte(held.data[0]))
        show_injected(s);
    if (line_reader_flush(s->server.lines, &line))
        emit_text(s, MAIL_SERVER, &line, 0);
    event = event_at(MAIL_EVENT_TLS_START, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
    emit(s, &event);
}

/* Does the server speak in clear behind its consent, before the client said a byte? See smtp_session.c. */
static gboolean is_injected(const pop3_session *s, const half *h)
{
    return h == &s->server && s->client.seen &&
           (line_reader_pending(h->lines) > 0 || !is_tls_byte(h->in.bytes.data[0]));
}

static gboolean pass_over_tls(pop3_session *s, half *h)
{
    if (s->tls == TLS_EXPECTED && h->in.bytes.len > 0 && !is_injected(s, h))
        s->tls = is_tls_byte(h->in.bytes.data[0]) ? TLS_OPAQUE : TLS_NONE;
    if (s->tls != TLS_OPAQUE)
        return FALSE;
    stream_cursor_take(&h->in, h->in.bytes.len);
    return TRUE;
}

/* --- the client's side --- */

/* Which commands have more than a status line for an answer (RFC 1939 5, 7; 2449 5; 6856 3.2). AUTH
 * without a mechanism lists them (not in RFC 5034, but in Microsoft's and qualcomm's servers). */
static answer_form form_of_answer(const pop3_command *command)
{
    gboolean bare = command->argument.len == 0;
    switch (command->verb) {
    case POP3_VERB_RETR:
    case POP3_VERB_TOP:
        return ANSWER_MESSAGE;
    case POP3_VERB_CAPA:
        return ANSWER_LISTING;
    case POP3_VERB_LIST:
    case POP3_VERB_UIDL:
        return bare ? ANSWER_LISTING : ANSWER_ITEM;
    case POP3_VERB_AUTH:
    case POP3_VERB_LANG:
        return bare ? ANSWER_LISTING : ANSWER_LINE;
    default:
        return ANSWER_LINE;
    }
}

static gboolean is_transaction_verb(pop3_verb verb)
{
    switch (verb) {
    case POP3_VERB_STAT:
    case POP3_VERB_LIST:
    case POP3_VERB_UIDL:
    case POP3_VERB_RETR:
    case POP3_VERB_TOP:
    case POP3_VERB_DELE:
    case POP3_VERB_RSET:
    case POP3_VERB_NOOP:
    case POP3_VERB_LAST:
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean is_authorization_verb(pop3_verb verb)
{
    return verb == POP3_VERB_USER || verb == POP3_VERB_PASS || verb == POP3_VERB_APOP || verb == POP3_VERB_AUTH ||
           verb == POP3_VERB_STLS;
}

static void hold_for(pop3_session *s, client_state state, const question *asked)
{
    s->client_state = state;
    s->awaited = asked->number;
    s->answer_lost = FALSE;
}

static void set_user(question *asked, slice user)
{
    g_free((gpointer)asked->user.data);
    asked->user = (slice){(guint8 *)slice_dup(user), user.len};
}

/* "APOP name digest" (RFC 1939 7): the digest is over the greeting's <timestamp> and the secret. */
static void read_apop(pop3_session *s, const pop3_command *command, mail_event *event, mail_auth *auth)
{
    slice argument = command->argument;
    gsize at = argument.len;

    while (at > 0 && argument.data[at - 1] != ' ')
        at--;
    if (at == 0) {
        event->anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
        return;
    }
    auth->mechanism = "APOP";
    auth->username = auth->user = slice_trim(slice_head(argument, at));
    auth->token = slice_from(argument, at);
    auth->challenge = (slice){s->banner->data, s->banner->len};
    event->auth = auth;
}

/* What the command says of an authentication. */
static void read_credentials(pop3_session *s, const pop3_command *command, question *asked, mail_event *event,
                             mail_auth *auth)
{
    slice login = command->argument;

    switch (command->verb) {
    case POP3_VERB_USER:
        g_byte_array_set_size(s->login, 0);
        if (login.len)
            g_byte_array_append(s->login, login.data, (guint)login.len);
        *auth = (mail_auth){.mechanism = "USER", .username = login, .user = login};
        event->auth = auth;
        break;
    case POP3_VERB_PASS:
        login = (slice){s->login->data, s->login->len};
        *auth = (mail_auth){.mechanism = "USER", .password = command->raw_argument, .user = login};
        event->auth = auth;
        break;
    case POP3_VERB_APOP:
        read_apop(s, command, event, auth);
        login = auth->username;
        break;
    case POP3_VERB_AUTH:
        if (command->argument.len) {
            event->anomalies |= sasl_begin(&s->exchange, command->argument, auth);
            event->auth = auth;
        }
        return;
    default:
        return;
    }
    set_user(asked, login);
    note_cleartext_password(event, s->tls_active);
}

/* The state that the command itself shows or brings. */
static void note_phase(pop3_session *s, const pop3_command *command)
{
    gboolean pipelined = s->server.seen && g_queue_get_length(&s->queue) > 1;

    if (is_transaction_verb(command->verb) &&
        (s->phase == PHASE_UNKNOWN || (s->phase == PHASE_AUTHORIZATION && !s->server.seen)))
        s->phase = PHASE_TRANSACTION;
    if (is_authorization_verb(command->verb) && s->phase == PHASE_UNKNOWN)
        s->phase = PHASE_AUTHORIZATION;
    if (command->verb == POP3_VERB_QUIT && s->phase == PHASE_TRANSACTION && !pipelined)
        s->phase = PHASE_UPDATE;
}

static void follow_command(pop3_session *s, const pop3_command *command, const question *asked)
{
    if (command->verb == POP3_VERB_AUTH && command->argument.len)
        hold_for(s, CLIENT_SAID_AUTH, asked);
    else if (command->verb == POP3_VERB_STLS)
        hold_for(s, CLIENT_SAID_STLS, asked);
}

static gboolean is_plausible_verb(slice word)
{
    if (word.len < 3 || word.len > 12)
        return FALSE;
    for (gsize i = 0; i < word.len; i++)
        if (!g_ascii_isalnum(word.data[i]) && word.data[i] != '-')
            return FALSE;
    return g_ascii_isalpha(word.data[0]);
}

/* No session begins with such a command: whatever the caller thinks, the beginning (and the greeting) was not captured.
 */
static void notice_late_start(pop3_session *s, pop3_verb verb)
{
    if (s->replied || s->exchange_count > 0 || !(verb == POP3_VERB_PASS || is_transaction_verb(verb)))
        return;
    if (s->from_start)
        s->phase = PHASE_UNKNOWN;
    s->from_start = FALSE;
}

static void read_command(pop3_session *s, const text_line *line)
{
    mail_event event = event_of_line(MAIL_EVENT_COMMAND, MAIL_CLIENT, line);
    mail_auth auth = {0};
    pop3_command command;
    question *asked;

    if (s->client.behind_hole && !pop3_command_is_certain(line->line)) {
        s->client.behind_hole = FALSE;
        emit_text(s, MAIL_CLIENT, line, 0);
        return;
    }
    s->client.behind_hole = FALSE;
    client_saw_the_end(s);
    pop3_command_parse(line->line, &command);
    event.known = command.verb != POP3_VERB_UNKNOWN;
    if (!event.known && !is_plausible_verb(command.name))
        event.kind = MAIL_EVENT_TEXT;
    else if (!event.known)
        event.anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_COMMAND);
    event.verb = command.name;
    event.verb_offset = command.name_offset;
    event.argument = command.argument;
    event.argument_offset = command.argument_offset;
    notice_late_start(s, command.verb);
    asked = ask(s, command.verb, form_of_answer(&command), &event.anomalies);
    event.exchange = asked->number;
    read_credentials(s, &command, asked, &event, &auth);
    note_cleartext_password(&event, s->tls_active);
    note_phase(s, &command);
    emit(s, &event);
    follow_command(s, &command, asked);
}

static void read_response(pop3_session *s, const text_line *line)
{
    mail_event event = event_of_line(MAIL_EVENT_AUTH_LINE, MAIL_CLIENT, line);
    question *asked = ask(s, POP3_VERB_AUTH, ANSWER_LINE, &event.anomalies);
    mail_auth auth;

    event.exchange = asked->number;
    note_sasl_response(&event, s->exchange, line->line, &auth, s->tls_active);
    emit(s, &event);
    hold_for(s, CLIENT_SAID_AUTH, asked);
}

static gboolean client_waits(const pop3_session *s)
{
    return s->client_state >= CLIENT_SAID_AUTH;
}

static void read_client(pop3_session *s)
{
    text_line line;

    while (s->client.in.bytes.len > 0 && !client_waits(s) && !pass_over_tls(s, &s->client)) {
        if (!line_reader_next(s->client.lines, &s->client.in, &line))
            break;
        if (s->client_state == CLIENT_RESPONSE)
            read_response(s, &line);
        else
            read_command(s, &line);
    }
}

static gboolean answer_can_come(const pop3_session *s)
{
    return s->server.seen && !s->server.ended && !s->answer_lost &&
           held_bytes_length(s->client.held) < LIMIT_HELD_BYTES;
}

/* No answer will come: the held bytes' first line is asked. FALSE: it is not there yet. */
static gboolean decide_client(pop3_session *s, gboolean force)
{
    slice bytes = held_bytes_peek(s->client.held), line;
    const guint8 *lf = bytes.len ? memchr(bytes.data, '\n', MIN(bytes.len, LIMIT_GUESS_BYTES)) : NULL;

    if (!force && answer_can_come(s))
        return FALSE;
    if (!lf && bytes.len < LIMIT_GUESS_BYTES && !force && !held_bytes_gap_follows(s->client.held))
        return FALSE;
    line = slice_trim(slice_head(bytes, lf ? (gsize)(lf - bytes.data) : LIMIT_GUESS_BYTES));
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    if (s->client_state == CLIENT_SAID_AUTH)
        s->client_state = bytes.len == 0 || pop3_command_is_certain(line) ? CLIENT_COMMANDS : CLIENT_RESPONSE;
    else if (bytes.len && is_tls_byte(bytes.data[0]))
        start_tls(s);
    else
        s->client_state = CLIENT_COMMANDS;
    return TRUE;
}

static void cross_client_gap(pop3_session *s, guint64 missing)
{
    text_line line;

    if (line_reader_flush(s->client.lines, &line))
        emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    emit_gap(s, MAIL_CLIENT, &s->client, missing);
    if (s->tls == TLS_OPAQUE)
        return;
    s->client_state = CLIENT_COMMANDS;
    s->client.behind_hole = TRUE;
    s->lost = COMMANDS_LOST;
}

static void read_held_client(pop3_session *s, gboolean force)
{
    held_bytes *held = s->client.held;
    guint64 missing;

    while (!held_bytes_is_empty(held)) {
        slice bytes = held_bytes_peek(held);
        if (client_waits(s)) {
            if (!decide_client(s, force))
                return;
        } else if (bytes.len == 0) {
            (void)held_bytes_take_gap(held, &missing);
            cross_client_gap(s, missing);
        } else {
            s->client.in.bytes = bytes;
            read_client(s);
            held_bytes_skip(held, bytes.len - s->client.in.bytes.len);
            s->client.in.bytes = SLICE_EMPTY;
        }
    }
}

/* --- the server's side --- */

/* "1 120", "1 whqtswO00WBw418f9t5JxYwZ", "PIPELINING", "LOGIN-DELAY 900": items of a listing. */
static void read_items(pop3_session *s, slice line_text, slice text, gboolean keyword, mail_event *event)
{
    gboolean first = TRUE;
    for (text = slice_trim(text); text.len && event->param_count < LIMIT_PARAMS;
         text = slice_trim(text), first = FALSE) {
        mail_param *param = &s->params[event->param_count];
        const guint8 *blank = memchr(text.data, ' ', text.len);
        slice word = slice_head(text, blank ? (gsize)(blank - text.data) : text.len);

        text = slice_from(text, word.len);
        if (keyword && first) {
            event->capability = word;
            continue;
        }
        *param = (mail_param){.name = word, .offset = (guint)(word.data - line_text.data), .length = (guint)word.len};
        event->param_count++;
        if (!keyword) {
            param->value = slice_trim(text);
            param->length =
                (guint)(param->value.len ? (gsize)(param->value.data + param->value.len - word.data) : word.len);
            break;
        }
    }
    event->params = s->params;
}

static void read_listing(pop3_session *s, const text_line *line)
{
    mail_event event = event_of_line(MAIL_EVENT_LISTING_LINE, MAIL_SERVER, line);
    slice text = line->line;

    event.exchange = s->answering;
    if (s->server.behind_hole && !slice_is(text, ".")) { /* the rest of an item */
        event.kind = MAIL_EVENT_TEXT;
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    } else if (slice_is(text, ".")) {
        event.last = TRUE;
        s->server_state = SERVER_STATUS;
    } else {
        if (slice_begins(text, "."))
            text = slice_from(text, 1);
        read_items(s, line->line, text, s->listing_verb == POP3_VERB_CAPA, &event);
    }
    emit(s, &event);
}

static void begin_listing(pop3_session *s, pop3_verb verb)
{
    if (is_transaction_verb(verb))
        show_transaction(s);
    s->server_state = SERVER_LISTING;
    s->listing_verb = verb;
    s->listing_hole = FALSE;
}

/* "+OK POP3 ready <1896.697170952@dbc.mtview.ca.us>" (RFC 1939 7, APOP). */
static void read_greeting(pop3_session *s, slice text)
{
    const guint8 *open = text.len ? memchr(text.data, '<', text.len) : NULL, *close;

    g_byte_array_set_size(s->banner, 0);
    if (!open)
        return;
    text = slice_from(text, (gsize)(open - text.data));
    close = memchr(text.data, '>', text.len);
    if (close)
        g_byte_array_append(s->banner, text.data, (guint)(close - text.data) + 1);
}

static gboolean decides_login(pop3_verb verb, gboolean accepted)
{
    return verb == POP3_VERB_PASS || verb == POP3_VERB_APOP || (verb == POP3_VERB_USER && !accepted);
}

/* A challenge, or the reply that decides an authentication. */
static void read_outcome(pop3_session *s, const question *asked, const pop3_reply *reply, mail_event *event,
                         mail_auth *auth)
{
    gboolean accepted = strcmp(reply->status, "+OK") == 0;

    if (asked->verb == POP3_VERB_AUTH && asked->form == ANSWER_LINE && s->exchange) {
        event->auth = auth;
        if (strcmp(reply->status, "+") == 0) {
            event->anomalies |= sasl_server_line(s->exchange, reply->text, auth);
            return;
        }
        sasl_summary(s->exchange, auth);
    } else if (decides_login(asked->verb, accepted)) {
        *auth = (mail_auth){
            .mechanism = asked->verb == POP3_VERB_APOP ? "APOP" : "USER", .username = asked->user, .user = asked->user};
        event->auth = auth;
    } else {
        return;
    }
    event->outcome = accepted ? MAIL_OUTCOME_SUCCESS : MAIL_OUTCOME_FAILURE;
    if (accepted)
        s->phase = PHASE_TRANSACTION;
}

/* What comes behind the status line, once it was shown. */
static void follow_reply(pop3_session *s, const question *asked, const pop3_reply *reply, const text_line *line)
{
    gboolean accepted = strcmp(reply->status, "+OK") == 0;
    gboolean held = client_waits(s) && s->awaited == asked->number;

    s->answering = asked->number;
    if (accepted && asked->form == ANSWER_MESSAGE)
        begin_message(s, asked->verb == POP3_VERB_TOP ? MAIL_FROM_TOP : MAIL_FROM_RETR, DOT_BEGIN_LINE,
                      (line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF)) != 0);
    else if (accepted && asked->form == ANSWER_LISTING)
        begin_listing(s, asked->verb);
    else if (accepted && asked->verb == POP3_VERB_STLS)
        start_tls(s);
    else if (held)
        s->client_state = strcmp(reply->status, "+") == 0 ? CLIENT_RESPONSE : CLIENT_COMMANDS;
}

/* The end of what servers say in front of a message, and not in front of a listing: "+OK 120 octets", "+OK message
 * follows"; but "+OK 2 messages (320 octets)". */
static gboolean ends_status_of_message(slice line)
{
    static const char *const ends[] = {"octets", "bytes", "octets follow", "ge follows"};

    if (line.len && line.data[line.len - 1] == '.')
        line.len--;
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        gsize len = strlen(ends[i]);
        if (line.len >= len && slice_is(slice_from(line, line.len - len), ends[i]))
            return TRUE;
    }
    return FALSE;
}

/* Which of several questions is answered may be lost, and yet be the same. */
static gboolean all_await_messages(const pop3_session *s)
{
    for (const GList *link = s->queue.head; link; link = link->next)
        if (((const question *)link->data)->verb != POP3_VERB_RETR)
            return FALSE;
    return s->lost == REPLIES_LOST && s->queue.head;
}

static void read_status(pop3_session *s, const text_line *line, const pop3_reply *reply)
{
    mail_event event = event_of_line(MAIL_EVENT_REPLY_LINE, MAIL_SERVER, line);
    gboolean greeting = s->from_start && !s->replied;
    question *asked = greeting ? NULL : match_reply(s, reply);
    mail_auth auth;

    event.status = reply->status;
    event.text = reply->text;
    event.enhanced = reply->code;
    event.first = event.last = TRUE;
    if (s->server_state == SERVER_STATUS_HOLE)
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    s->server_state = SERVER_STATUS;
    s->replied = TRUE;
    if (greeting || (!s->from_start && s->exchange_count == 0))
        read_greeting(s, reply->text);
    if (asked) {
        g_queue_pop_head(&s->queue);
        event.exchange = asked->number;
        read_outcome(s, asked, reply, &event, &auth);
        if (asked->form == ANSWER_ITEM)
            read_items(s, line->line, reply->text, FALSE, &event);
        if (asked->verb == POP3_VERB_QUIT && s->phase == PHASE_TRANSACTION)
            s->phase = PHASE_UPDATE;
        if (is_transaction_verb(asked->verb) && strcmp(reply->status, "+OK") == 0)
            show_transaction(s);
    } else if (!greeting && s->client.seen && s->lost == CERTAIN && (s->from_start || s->exchange_count > 0)) {
        event.anomalies |= ANOMALY_BIT(ANOMALY_UNEXPECTED_REPLY);
    }
    emit(s, &event);
    if (asked) {
        follow_reply(s, asked, reply, line);
        question_free(asked);
    } else if (!greeting && strcmp(reply->status, "+OK") == 0 &&
               (all_await_messages(s) || ends_status_of_message(reply->text))) {
        s->answering = 0;
        begin_message(s, MAIL_FROM_RETR, DOT_BEGIN_LINE, (line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF)) != 0);
    } else if (!greeting && strcmp(reply->status, "+OK") == 0) {
        s->server_state = SERVER_LOST;
        s->answers_unknown = TRUE;
    }
    read_held_client(s, FALSE);
}

static void read_server_line(pop3_session *s, const text_line *line)
{
    anomaly_set anomalies = s->server.behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
    pop3_reply reply;
    gboolean status = pop3_reply_parse(line->line, &reply);

    if (s->tls == TLS_EXPECTED)
        emit_text(s, MAIL_SERVER, line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    else if (s->server_state == SERVER_LISTING && !(s->listing_hole && status))
        read_listing(s, line);
    else if (status)
        read_status(s, line, &reply);
    else
        emit_text(s, MAIL_SERVER, line, anomalies);
    s->server.behind_hole = FALSE;
}

static gboolean server_waits(const pop3_session *s)
{
    return s->server_state >= SERVER_MESSAGE_HOLE;
}

static void read_server(pop3_session *s)
{
    text_line line;

    while (s->server.in.bytes.len > 0 && !server_waits(s) && !pass_over_tls(s, &s->server)) {
        if (s->server_state == SERVER_MESSAGE)
            read_message(s);
        else if (line_reader_next(s->server.lines, &s->server.in, &line))
            read_server_line(s, &line);
    }
}

/* --- the server's side where nothing says what it is --- */

/* A number, a blank and one word: an item of LIST or UIDL. */
static gboolean is_item(slice line)
{
    gsize len = 0;
    while (len < line.len && g_ascii_isdigit(line.data[len]))
        len++;
    return len > 0 && len < line.len && line.data[len] == ' ' && !memchr(line.data + len + 1, ' ', line.len - len - 1);
}

static gboolean is_capability(slice line)
{
    static const char *const words[] = {
        "TOP",  "USER",           "SASL", "RESP-CODES",     "LOGIN-DELAY", "PIPELINING", "EXPIRE",
        "UIDL", "IMPLEMENTATION", "STLS", "AUTH-RESP-CODE", "UTF8",        "LANG",       "CAPA"};
    const guint8 *blank = line.len ? memchr(line.data, ' ', line.len) : NULL;
    slice word = slice_head(line, blank ? (gsize)(blank - line.data) : line.len);

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (slice_is(word, words[i]))
            return TRUE;
    return FALSE;
}

typedef enum lost_verdict {
    LOST_UNDECIDED,
    LOST_STATUS,
    LOST_LISTING,
    LOST_MESSAGE,
    LOST_MESSAGE_NEXT, /* behind the rest of its status line */
    LOST_LINE
} lost_verdict;

static lost_verdict judge_line(const pop3_session *s, slice line, guint number, pop3_verb *verb_r)
{
    pop3_reply reply;

    *verb_r = is_capability(line) ? POP3_VERB_CAPA : POP3_VERB_LIST;
    if (pop3_reply_parse(line, &reply))
        return LOST_STATUS;
    if (is_item(line) || is_capability(line))
        return LOST_LISTING;
    if (slice_is(line, "."))
        return number == 0 && s->answers_unknown ? LOST_LISTING : number > 0 ? LOST_MESSAGE : LOST_LINE;
    if (number == 0 && s->answers_unknown && is_header_field(line))
        return LOST_MESSAGE;
    return number == 2 ? LOST_MESSAGE : LOST_UNDECIDED;
}

static gboolean awaits_message(const pop3_session *s)
{
    const question *oldest = g_queue_peek_head((GQueue *)&s->queue);
    return oldest && oldest->form == ANSWER_MESSAGE;
}

/* What do the held bytes show? *len_r: the bytes in front of it that fit nowhere. */
static lost_verdict judge_lost(const pop3_session *s, gsize *len_r, pop3_verb *verb_r)
{
    slice bytes = slice_head(held_bytes_peek(s->server.held), 2 * LIMIT_GUESS_BYTES), rest = bytes;
    gboolean message_next = FALSE;
    const guint8 *lf;

    for (guint number = 0; rest.len && (lf = memchr(rest.data, '\n', rest.len)); number++) {
        slice line = slice_head(rest, (gsize)(lf - rest.data));
        lost_verdict verdict;
        *len_r = (gsize)(rest.data - bytes.data);
        rest = slice_from(rest, line.len + 1);
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        if (message_next && is_header_field(line))
            return LOST_MESSAGE_NEXT;
        verdict = judge_line(s, line, number, verb_r);
        message_next = number == 0 && verdict != LOST_STATUS && !s->answers_unknown && awaits_message(s) &&
                       ends_status_of_message(line);
        if (message_next || verdict == LOST_UNDECIDED)
            continue;
        if (verdict == LOST_MESSAGE && is_text(slice_head(bytes, (gsize)(rest.data - bytes.data)))) {
            *len_r = 0;
            return LOST_MESSAGE;
        }
        if (verdict == LOST_MESSAGE || verdict == LOST_LINE)
            *len_r = (gsize)(rest.data - bytes.data);
        return verdict == LOST_MESSAGE ? LOST_LINE : verdict;
    }
    if (bytes.len < LIMIT_GUESS_BYTES)
        return LOST_UNDECIDED;
    *len_r = is_text(bytes) ? 0 : bytes.len;
    return is_text(bytes) ? LOST_MESSAGE : LOST_LINE;
}

/* Takes a question as answered by what has that form. Of several that were asked at once the hole may hold other
 * answers, too: then only the one that can be meant is named, and nothing is certain. */
static void answer_lost_question(pop3_session *s, answer_form form, mail_message_source *source)
{
    const question *meant = NULL;
    guint fitting = 0;

    for (GList *link = s->queue.head; link; link = link->next) {
        const question *asked = link->data;
        if (asked->form == form && fitting++ == 0)
            meant = asked;
    }
    s->answering = fitting == 1 ? meant->number : 0;
    *source = fitting == 1 && meant->verb == POP3_VERB_TOP ? MAIL_FROM_TOP : MAIL_FROM_RETR;
    if (fitting == 0 || g_queue_get_length(&s->queue) > 1)
        return;
    forget_oldest(s);
    s->lost = CERTAIN;
}

static gboolean decide_lost(pop3_session *s, gboolean force)
{
    mail_message_source source;
    pop3_verb verb = POP3_VERB_LIST;
    gsize len = 0;

    switch (judge_lost(s, &len, &verb)) {
    case LOST_MESSAGE_NEXT:
        show_held(s, MAIL_SERVER, &s->server, len, ANOMALY_BIT(ANOMALY_LOST_BYTES));
        answer_lost_question(s, ANSWER_MESSAGE, &source);
        begin_message(s, source, DOT_BEGIN_LINE, FALSE);
        return TRUE;
    case LOST_STATUS:
        show_held(s, MAIL_SERVER, &s->server, len, 0);
        s->server_state = SERVER_STATUS;
        return TRUE;
    case LOST_LISTING:
        show_held(s, MAIL_SERVER, &s->server, len, 0);
        answer_lost_question(s, ANSWER_LISTING, &source);
        begin_listing(s, verb);
        s->listing_hole = TRUE;
        s->server.behind_hole = FALSE;
        return TRUE;
    case LOST_MESSAGE:
        answer_lost_question(s, ANSWER_MESSAGE, &source);
        begin_message(s, source, s->answers_unknown ? DOT_BEGIN_LINE : DOT_BEGIN_MIDDLE, FALSE);
        return TRUE;
    case LOST_LINE:
        show_held(s, MAIL_SERVER, &s->server, len, 0);
        return TRUE;
    case LOST_UNDECIDED:
        break;
    }
    if (!force && !held_bytes_gap_follows(s->server.held))
        return FALSE;
    show_held(s, MAIL_SERVER, &s->server, G_MAXSIZE, 0);
    return TRUE;
}

/* In a message with a hole: a status line where the server may have begun anew means that the "."
 * line lies in the hole. FALSE: more bytes are needed. */
static gboolean decide_behind_hole(pop3_session *s, gboolean force)
{
    slice bytes = held_bytes_peek(s->server.held);
    gboolean status = slice_begins(bytes, "+OK ") || slice_begins(bytes, "+OK\r") || slice_begins(bytes, "-ERR ");

    if (!status && bytes.len < strlen("-ERR ") && (bytes.data[0] == '+' || bytes.data[0] == '-') && !force &&
        !held_bytes_gap_follows(s->server.held) && !memchr(bytes.data, '\n', bytes.len))
        return FALSE;
    if (status && !g_queue_is_empty(&s->queue))
        cut_message(s);
    else
        s->server_state = SERVER_MESSAGE;
    return TRUE;
}

/* What comes next from the server may answer anything. */
static void lose_replies(pop3_session *s)
{
    s->server_state = SERVER_LOST;
    s->answers_unknown = FALSE;
    if (s->lost == CERTAIN)
        s->lost = REPLIES_LOST;
}

/* Of the status the first bytes may be known, then some are lost, and this is the rest of the line. NULL: it is none.
 */
static const char *complete_status(const pop3_session *s, slice rest, slice *text_r)
{
    /* four bytes and a blank: "-ERR", not "+OK " and one more */
    static const char *const statuses[] = {"-ERR", "+OK"};
    gsize begun = strlen(s->status_begun), gone = begun + s->status_lost;

    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
        const char *status = statuses[i];
        gsize len = strlen(status), left = len > gone ? len - gone : 0;
        if (strncmp(status, s->status_begun, MIN(begun, len)) != 0 || !slice_begins(rest, status + len - left))
            continue;
        *text_r = slice_from(rest, left);
        if (gone > len || (text_r->len ? text_r->data[0] == ' ' : i > 0 || gone < len))
            return status;
    }
    return NULL;
}

/* The hole lies in a status line: what is left of the line says which. FALSE: more bytes are needed. */
static gboolean decide_status(pop3_session *s, gboolean force)
{
    slice bytes = held_bytes_peek(s->server.held), text;
    const guint8 *lf = memchr(bytes.data, '\n', MIN(bytes.len, LIMIT_GUESS_BYTES));
    slice rest = slice_head(bytes, lf ? (gsize)(lf - bytes.data) : 0);
    pop3_reply reply = {0};
    text_line line;

    if (!lf && bytes.len < LIMIT_GUESS_BYTES && !force && !held_bytes_gap_follows(s->server.held))
        return FALSE;
    if (rest.len && rest.data[rest.len - 1] == '\r')
        rest.len--;
    reply.status = lf ? complete_status(s, rest, &text) : NULL;
    if (!reply.status) {
        lose_replies(s);
        return TRUE;
    }
    reply.text = slice_trim(text);
    s->server.in.bytes = slice_head(bytes, (gsize)(lf - bytes.data) + 1);
    (void)line_reader_next(s->server.lines, &s->server.in, &line);
    s->server.behind_hole = FALSE;
    read_status(s, &line, &reply);
    held_bytes_skip(s->server.held, (gsize)(lf - bytes.data) + 1);
    return TRUE;
}

static void cross_server_gap(pop3_session *s, guint64 missing)
{
    guint64 begun = line_reader_pending(s->server.lines);
    dot_piece piece;
    text_line line;

    s->status_begun[0] = '\0';
    s->status_lost = begun + missing < STATUS_LEAST ? (gsize)missing : 0;
    if (line_reader_flush(s->server.lines, &line)) {
        if (s->status_lost)
            g_strlcpy(s->status_begun, (const char *)line.line.data, line.line.len + 1);
        emit_text(s, MAIL_SERVER, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    }
    if (s->server_state == SERVER_MESSAGE && dot_decoder_flush(s->dots, &piece))
        emit_message_data(s, &piece);
    if (s->message_open && s->message_hole && s->spoke_last == MAIL_CLIENT && g_queue_get_length(&s->queue) == 1)
        cut_message(s); /* whoever asks one thing at a time had got it all; this hole is in the next answer */
    emit_gap(s, MAIL_SERVER, &s->server, missing);
    if (s->tls == TLS_OPAQUE)
        return;
    s->server.behind_hole = TRUE;
    if (s->message_open) {
        s->message_hole = TRUE;
        s->server_state = SERVER_MESSAGE_HOLE;
        if (missing >= ANSWER_LEAST && !g_queue_is_empty(&s->queue) && s->lost == CERTAIN)
            s->lost = REPLIES_LOST; /* the end of the message may be in there, and more answers */
        return;
    }
    if (s->server_state == SERVER_LISTING) {
        s->listing_hole = TRUE;
        return;
    }
    const question *oldest = g_queue_peek_head(&s->queue);
    gboolean in_status = s->server_state == SERVER_STATUS && s->status_lost && s->lost == CERTAIN && oldest &&
                         oldest->verb != POP3_VERB_AUTH; /* "+" is a whole one */
    s->replied = TRUE;
    s->server.seen = TRUE;
    s->spoke_last = MAIL_SERVER; /* in the hole */
    if (in_status)
        s->server_state = SERVER_STATUS_HOLE;
    else
        lose_replies(s);
}

static void read_held_server(pop3_session *s, gboolean force)
{
    held_bytes *held = s->server.held;
    guint64 missing;

    while (!held_bytes_is_empty(held)) {
        slice bytes = held_bytes_peek(held);
        if (bytes.len == 0) {
            (void)held_bytes_take_gap(held, &missing);
            cross_server_gap(s, missing);
        } else if (server_waits(s)) {
            gboolean decided = s->server_state == SERVER_LOST          ? decide_lost(s, force)
                               : s->server_state == SERVER_STATUS_HOLE ? decide_status(s, force)
                                                                       : decide_behind_hole(s, force);
            if (!decided)
                return;
        } else {
            s->server.in.bytes = bytes;
            read_server(s);
            held_bytes_skip(held, bytes.len - s->server.in.bytes.len);
            s->server.in.bytes = SLICE_EMPTY;
        }
    }
}

/* --- the interface --- */

static void feed_client(pop3_session *s, slice bytes)
{
    s->client.seen = TRUE;
    if (s->spoke_last == MAIL_SERVER && (s->server_state == SERVER_LOST || s->server_state == SERVER_STATUS_HOLE))
        read_held_server(s, TRUE);             /* the server had its say */
    if (s->server_state == SERVER_STATUS_HOLE) /* and all of it lies in the hole */
        lose_replies(s);
    if (s->lost != CERTAIN && s->spoke_last == MAIL_SERVER) {
        forget_questions(s);
        s->lost = CERTAIN;
    }
    s->spoke_last = MAIL_CLIENT;
    if (held_bytes_is_empty(s->client.held)) {
        s->client.in.bytes = bytes;
        read_client(s);
        bytes = s->client.in.bytes;
        s->client.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->client.held, bytes);
    read_held_client(s, FALSE);
}

static void feed_server(pop3_session *s, slice bytes)
{
    s->server.seen = TRUE;
    if (s->spoke_last == MAIL_CLIENT && s->server_state == SERVER_MESSAGE && s->message_hole)
        s->server_state = SERVER_MESSAGE_HOLE;
    if (s->spoke_last == MAIL_CLIENT && s->server_state == SERVER_LOST && s->answers_unknown && s->lost == CERTAIN &&
        !g_queue_is_empty(&s->queue))
        s->server_state = SERVER_STATUS;
    s->spoke_last = MAIL_SERVER;
    if (held_bytes_is_empty(s->server.held)) {
        s->server.in.bytes = bytes;
        read_server(s);
        bytes = s->server.in.bytes;
        s->server.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->server.held, bytes);
    read_held_server(s, FALSE);
}

static void init_half(half *h, gboolean from_start)
{
    *h = (half){.lines = line_reader_new(), .held = held_bytes_new(), .behind_hole = !from_start};
}

pop3_session *pop3_session_new(gboolean from_start, mail_event_sink sink, void *user)
{
    pop3_session *s = g_malloc(sizeof *s);

    memset(s, 0, G_STRUCT_OFFSET(pop3_session, params)); /* the rest is scratch */

    s->sink = sink;
    s->user = user;
    s->from_start = from_start;
    s->phase = from_start ? PHASE_AUTHORIZATION : PHASE_UNKNOWN;
    s->server_state = from_start ? SERVER_STATUS : SERVER_LOST;
    s->spoke_last = MAIL_CLIENT;
    init_half(&s->client, from_start);
    init_half(&s->server, from_start);
    s->login = g_byte_array_new();
    s->banner = g_byte_array_new();
    s->dots = dot_decoder_new();
    g_queue_init(&s->queue);
    return s;
}

static void clear_half(half *h)
{
    line_reader_free(h->lines);
    held_bytes_free(h->held);
}

void pop3_session_free(pop3_session *s)
{
    if (!s)
        return;
    clear_half(&s->client);
    clear_half(&s->server);
    g_byte_array_unref(s->login);
    g_byte_array_unref(s->banner);
    dot_decoder_free(s->dots);
    g_queue_clear_full(&s->queue, question_free);
    sasl_free(s->exchange);
    g_free(s);
}

void pop3_session_feed(pop3_session *s, mail_side side, slice bytes)
{
    if (bytes.len == 0)
        return;
    if (side == MAIL_CLIENT)
        feed_client(s, bytes);
    else
        feed_server(s, bytes);
}

void pop3_session_preface(pop3_session *s, const text_line *line)
{
    s->client.in.offset = line->end;
    emit_text(s, MAIL_CLIENT, line, 0);
}

void pop3_session_gap(pop3_session *s, mail_side side, guint64 missing)
{
    if (s->tls == TLS_EXPECTED)
        s->tls = TLS_OPAQUE;
    if (side == MAIL_CLIENT) {
        s->client.seen = TRUE;
        held_bytes_append_gap(s->client.held, missing);
        read_held_client(s, FALSE);
    } else {
        held_bytes_append_gap(s->server.held, missing);
        read_held_server(s, FALSE);
        read_held_client(s, FALSE);
    }
}

void pop3_session_tls(pop3_session *s)
{
    text_line line;

    if (s->client.seen || s->server.seen)
        s->replied = TRUE; /* no greeting behind STLS (RFC 2595 4) */
    show_injected(s);
    read_held_server(s, TRUE);
    if (line_reader_flush(s->server.lines, &line))
        emit_text(s, MAIL_SERVER, &line, 0);
    cut_message(s);
    forget_questions(s);
    if (s->client.seen || s->server.seen) {
        s->server_state = SERVER_STATUS;
        s->lost = CERTAIN;
        s->client.behind_hole = s->server.behind_hole = FALSE;
    }
    sasl_free(s->exchange);
    s->exchange = NULL;
    g_byte_array_set_size(s->login, 0);
    s->client_state = CLIENT_COMMANDS;
    s->tls = TLS_NONE;
    s->tls_active = TRUE;
    s->phase = PHASE_AUTHORIZATION;
    s->client.in = s->server.in = (stream_cursor){0};
    s->client.ended = s->server.ended = FALSE;
}

static void finish_client(pop3_session *s)
{
    text_line line;
    if (!held_bytes_is_empty(s->client.held) || !line_reader_flush(s->client.lines, &line))
        return;
    if (s->client_state == CLIENT_RESPONSE)
        read_response(s, &line);
    else if (pop3_command_is_certain(line.line))
        read_command(s, &line);
    else
        emit_text(s, MAIL_CLIENT, &line, 0);
}

static void finish_server(pop3_session *s)
{
    text_line line;
    read_held_server(s, TRUE);
    if (line_reader_flush(s->server.lines, &line))
        read_server_line(s, &line);
}

void pop3_session_end(pop3_session *s, mail_side side)
{
    half *h = side == MAIL_CLIENT ? &s->client : &s->server;

    if (h->ended)
        return;
    if (side == MAIL_SERVER)
        finish_server(s);
    h->ended = TRUE;
    read_held_client(s, s->client.ended && s->server.ended);
    if (s->client.ended)
        finish_client(s);
    if (s->client.ended && s->server.ended) {
        read_held_client(s, TRUE);
        cut_message(s);
    }
}
