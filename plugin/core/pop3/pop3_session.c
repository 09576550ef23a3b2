/* pop3_session.c
 * The client's side is lines. The server's side is status lines, and behind a +OK, depending on the
 * command it answers, a listing or a message, each up to the "." line (RFC 1939 3); an octet count
 * in the +OK is never used. Commands may be pipelined (RFC 2449 6.6): a queue keeps what was asked.
 *
 * Behind AUTH and STLS the client's bytes are held until the answer says what they are
 * (see smtp_held.c). The server's bytes are held only where nothing says what they
 * are: behind a hole (what is left of a status line may tell), at the beginning of a capture that starts late, behind a
 * +OK to an unknown command (pop3_held.c). Then the lines themselves are asked: a status line, a listing, or text,
 * which is (the rest of) a message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_session_private.h"

static const char *const phase_names[] = {"AUTHORIZATION", "TRANSACTION", "UPDATE", "UNKNOWN"};

/* --- events --- */

void pop3_emit(pop3_session *s, mail_event *event)
{
    event->protocol = MAIL_PROTOCOL_POP3;
    event->state = s->tls == TLS_NONE ? phase_names[s->phase] : "TLS";
    s->sink(event, s->user);
}

void pop3_emit_text(pop3_session *s, mail_side side, const text_line *line, anomaly_set anomalies)
{
    mail_event event = event_of_line(MAIL_EVENT_TEXT, side, line);
    event.anomalies |= anomalies;
    pop3_emit(s, &event);
}

void pop3_emit_gap(pop3_session *s, mail_side side, half *h, guint64 missing)
{
    mail_event event = event_at(MAIL_EVENT_GAP, side, h->in.offset, h->in.offset + missing);
    h->in.offset += missing;
    event.missing = missing;
    event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (side == MAIL_SERVER && s->message_open)
        event.message = s->message_count;
    pop3_emit(s, &event);
}

void pop3_emit_held(pop3_session *s, mail_side side, half *h, gsize len, anomaly_set anomalies)
{
    text_line line;

    h->in.bytes = slice_head(held_bytes_peek(h->held), len);
    len = h->in.bytes.len;
    while (line_reader_next(h->lines, &h->in, &line))
        pop3_emit_text(s, side, &line, anomalies);
    if (line_reader_flush(h->lines, &line))
        pop3_emit_text(s, side, &line, anomalies);
    held_bytes_skip(h->held, len);
}

/* --- the queue --- */

void pop3_question_free(gpointer data)
{
    question *asked = data;
    g_free((gpointer)asked->user.data);
    g_free(asked);
}

void pop3_forget_oldest(pop3_session *s)
{
    question *oldest = g_queue_pop_head(&s->queue);
    if (oldest->number == s->awaited)
        s->answer_lost = TRUE;
    pop3_question_free(oldest);
}

static void forget_questions(pop3_session *s)
{
    while (!g_queue_is_empty(&s->queue))
        pop3_forget_oldest(s);
}

question *pop3_ask(pop3_session *s, pop3_verb verb, answer_form form, anomaly_set *anomalies)
{
    question *asked = g_new0(question, 1);
    if (g_queue_get_length(&s->queue) >= LIMIT_PENDING_COMMANDS) {
        if (!s->server.seen) {
            forget_questions(s);
        } else {
            pop3_forget_oldest(s);
            *anomalies |= ANOMALY_BIT(ANOMALY_TOO_MANY_PENDING);
        }
    }
    asked->verb = verb;
    asked->form = form;
    asked->number = ++s->exchange_count;
    g_queue_push_tail(&s->queue, asked);
    return asked;
}

void pop3_show_transaction(pop3_session *s)
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

void pop3_begin_message(pop3_session *s, mail_message_source source, dot_begin begin, gboolean lf_ends_lines)
{
    mail_event event;

    s->message_open = TRUE;
    s->message_hole = begin == DOT_BEGIN_MIDDLE;
    s->message_source = source;
    s->message_count++;
    s->server_state = SERVER_MESSAGE;
    pop3_show_transaction(s);
    dot_decoder_start(s->dots, begin, lf_ends_lines);
    event = event_of_message(s, MAIL_EVENT_MESSAGE_START, s->server.in.offset, s->server.in.offset);
    if (s->message_hole)
        event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    pop3_emit(s, &event);
}

void pop3_emit_message_data(pop3_session *s, const dot_piece *piece)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_DATA, piece->start, piece->end);
    event.data = piece->run;
    if (piece->run.len > 0)
        pop3_emit(s, &event);
}

static void end_message(pop3_session *s, mail_end_reason reason, guint64 start, guint64 end, anomaly_set anomalies)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_END, start, end);

    event.end_reason = reason;
    event.has_top_lines = s->has_top_lines;
    event.top_lines = s->top_lines;
    s->has_top_lines = FALSE;
    event.anomalies = anomalies | dot_decoder_anomalies(s->dots);
    if (s->message_hole)
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (reason == MAIL_END_CUT)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    s->message_open = FALSE;
    s->server_state = SERVER_STATUS;
    pop3_emit(s, &event);
}

void pop3_cut_message(pop3_session *s)
{
    guint64 at = s->server.in.offset;
    dot_piece piece;

    if (!s->message_open)
        return;
    if (dot_decoder_flush(s->dots, &piece))
        pop3_emit_message_data(s, &piece);
    end_message(s, MAIL_END_CUT, at, at, 0);
}

void pop3_read_message(pop3_session *s)
{
    dot_piece piece;
    mail_event odd;

    switch (dot_decoder_next(s->dots, &s->server.in, &piece)) {
    case DOT_MORE:
        break;
    case DOT_RUN:
        pop3_emit_message_data(s, &piece);
        break;
    case DOT_AMBIGUOUS:
        odd = event_of_message(s, MAIL_EVENT_ANOMALY, piece.start, piece.end);
        odd.anomalies = ANOMALY_BIT(ANOMALY_AMBIGUOUS_END_OF_DATA);
        pop3_emit(s, &odd);
        break;
    case DOT_END:
        end_message(s, MAIL_END_COMPLETE, piece.start, piece.end, 0);
        break;
    }
}

void pop3_client_saw_the_end(pop3_session *s)
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
        pop3_emit_text(s, MAIL_CLIENT, &line, injected);
    while (!held_bytes_is_empty(s->client.held)) {
        pop3_emit_held(s, MAIL_CLIENT, &s->client, G_MAXSIZE, injected);
        if (held_bytes_take_gap(s->client.held, &missing))
            pop3_emit_gap(s, MAIL_CLIENT, &s->client, missing);
    }
}

void pop3_start_tls(pop3_session *s)
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
        pop3_emit_text(s, MAIL_SERVER, &line, 0);
    event = event_at(MAIL_EVENT_TLS_START, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
    pop3_emit(s, &event);
}

/* Does the server speak in clear behind its consent, before the client said a byte? See smtp_session.c. */
static gboolean is_injected(const pop3_session *s, const half *h)
{
    return h == &s->server && s->client.seen &&
           (line_reader_pending(h->lines) > 0 || !is_tls_byte(h->in.bytes.data[0]));
}

gboolean pop3_pass_over_tls(pop3_session *s, half *h)
{
    if (s->tls == TLS_EXPECTED && h->in.bytes.len > 0 && !is_injected(s, h))
        s->tls = is_tls_byte(h->in.bytes.data[0]) ? TLS_OPAQUE : TLS_NONE;
    if (s->tls != TLS_OPAQUE)
        return FALSE;
    stream_cursor_take(&h->in, h->in.bytes.len);
    return TRUE;
}

/* --- the interface --- */

/* Bytes of the client's come next, or a hole of them. */
static void begin_client_turn(pop3_session *s)
{
    s->client.seen = TRUE;
    if (s->spoke_last == MAIL_SERVER && (s->server_state == SERVER_LOST || s->server_state == SERVER_STATUS_HOLE))
        pop3_held_read(s, TRUE);               /* the server had its say */
    if (s->server_state == SERVER_STATUS_HOLE) /* and all of it lies in the hole */
        pop3_lose_replies(s);
    if (s->lost != CERTAIN && s->spoke_last == MAIL_SERVER) {
        forget_questions(s);
        s->lost = CERTAIN;
    }
    s->spoke_last = MAIL_CLIENT;
}

static void feed_client(pop3_session *s, slice bytes)
{
    begin_client_turn(s);
    if (held_bytes_is_empty(s->client.held)) {
        s->client.in.bytes = bytes;
        pop3_client_read(s);
        bytes = s->client.in.bytes;
        s->client.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->client.held, bytes);
    pop3_client_read_held(s, FALSE);
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
        pop3_server_read(s);
        bytes = s->server.in.bytes;
        s->server.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->server.held, bytes);
    pop3_held_read(s, FALSE);
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
    g_queue_clear_full(&s->queue, pop3_question_free);
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
    pop3_emit_text(s, MAIL_CLIENT, line, 0);
}

void pop3_session_gap(pop3_session *s, mail_side side, guint64 missing)
{
    if (s->tls == TLS_EXPECTED)
        s->tls = TLS_OPAQUE;
    if (side == MAIL_CLIENT) {
        begin_client_turn(s);
        held_bytes_append_gap(s->client.held, missing);
        pop3_client_read_held(s, FALSE);
    } else {
        held_bytes_append_gap(s->server.held, missing);
        pop3_held_read(s, FALSE);
        pop3_client_read_held(s, FALSE);
    }
}

void pop3_session_tls(pop3_session *s)
{
    text_line line;

    if (s->client.seen || s->server.seen)
        s->replied = TRUE; /* no greeting behind STLS (RFC 2595 4) */
    show_injected(s);
    pop3_held_read(s, TRUE);
    if (line_reader_flush(s->server.lines, &line))
        pop3_emit_text(s, MAIL_SERVER, &line, 0);
    pop3_cut_message(s);
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

void pop3_session_end(pop3_session *s, mail_side side)
{
    half *h = side == MAIL_CLIENT ? &s->client : &s->server;

    if (h->ended)
        return;
    if (side == MAIL_SERVER)
        pop3_server_finish(s);
    h->ended = TRUE;
    pop3_client_read_held(s, s->client.ended && s->server.ended);
    if (s->client.ended)
        pop3_client_finish(s);
    if (s->client.ended && s->server.ended) {
        pop3_client_read_held(s, TRUE);
        pop3_cut_message(s);
    }
}
