/* smtp_session.c
 * What both sides of an SMTP session share: what is said about them, the questions that wait for
 * an answer, the open message, TLS; and the interface. The client's side is read in smtp_client.c
 * and smtp_held.c, the server's in smtp_server.c; smtp_session_private.h says how they go together.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_session_private.h"

static const char *const phase_names[] = {"CONNECTED", "GREETED", "AUTH", "MAIL", "RCPT",
                                          "DATA",      "BDAT",    "TLS",  "QUIT", "UNKNOWN"};

/* --- events --- */

void smtp_emit(smtp_session *s, mail_event *event)
{
    event->protocol = s->protocol;
    event->state = phase_names[s->phase];
    s->sink(event, s->user);
}

void smtp_emit_text(smtp_session *s, mail_side side, const text_line *line, anomaly_set anomalies)
{
    mail_event event = event_of_line(MAIL_EVENT_TEXT, side, line);
    event.anomalies |= anomalies;
    smtp_emit(s, &event);
}

void smtp_emit_gap(smtp_session *s, mail_side side, half *h, guint64 missing)
{
    mail_event event = event_at(MAIL_EVENT_GAP, side, h->in.offset, h->in.offset + missing);
    h->in.offset += missing;
    event.missing = missing;
    event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (side == MAIL_CLIENT && s->message_open &&
        (s->state == CLIENT_MESSAGE || s->state == CLIENT_MESSAGE_HOLE || s->state == CLIENT_CHUNK))
        event.message = s->message_count;
    smtp_emit(s, &event);
}

/* --- the queue --- */

static void question_free(gpointer data)
{
    smtp_envelope_unref(((question *)data)->envelope);
    g_free(data);
}

void smtp_forget_oldest(smtp_session *s)
{
    question *oldest = g_queue_pop_head(&s->queue);
    if (s->reply.answers == oldest)
        s->reply.answers = NULL;
    if (oldest->number == s->awaited)
        s->answer_lost = TRUE;
    s->asked[oldest->kind]--;
    question_free(oldest);
}

void smtp_forget_questions(smtp_session *s)
{
    while (!g_queue_is_empty(&s->queue))
        smtp_forget_oldest(s);
    s->answer_lost = TRUE;
}

question *smtp_ask(smtp_session *s, question_kind kind, anomaly_set *anomalies)
{
    question *asked = g_new0(question, 1);
    if (g_queue_get_length(&s->queue) >= LIMIT_PENDING_COMMANDS) {
        if (!s->server.seen) { /* only the client was captured: nobody will answer */
            smtp_forget_questions(s);
        } else {
            smtp_forget_oldest(s);
            *anomalies |= ANOMALY_BIT(ANOMALY_TOO_MANY_PENDING);
        }
    }
    asked->kind = kind;
    asked->number = ++s->exchange_count;
    asked->recipient = SMTP_ENVELOPE_NO_RECIPIENT;
    g_queue_push_tail(&s->queue, asked);
    s->asked[kind]++;
    return asked;
}

/* --- messages --- */

static mail_event event_of_message(smtp_session *s, mail_event_kind kind, guint64 start, guint64 end)
{
    mail_event event = event_at(kind, MAIL_CLIENT, start, end);
    event.message = s->message_count;
    event.source = s->message_source;
    return event;
}

static void add_envelope(smtp_session *s, mail_event *event)
{
    event->has_envelope_from = smtp_envelope_has_from(s->message_envelope);
    event->envelope_from = smtp_envelope_from(s->message_envelope);
    event->envelope_to = smtp_envelope_recipients(s->message_envelope, &event->envelope_to_count);
}

void smtp_emit_message_data(smtp_session *s, slice data, guint64 start, guint64 end)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_DATA, start, end);
    event.data = data;
    if (data.len > 0)
        smtp_emit(s, &event);
}

void smtp_end_message(smtp_session *s, mail_end_reason reason, guint64 start, guint64 end, guint32 exchange,
                      anomaly_set anomalies)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_END, start, end);

    event.end_reason = reason;
    event.exchange = exchange;
    event.anomalies = anomalies;
    if (s->message_source == MAIL_FROM_DATA)
        event.anomalies |= dot_decoder_anomalies(s->dots);
    if (s->message_hole)
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (s->message_refused)
        event.anomalies |= ANOMALY_BIT(ANOMALY_DATA_REFUSED);
    if (reason == MAIL_END_CUT)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    if (reason == MAIL_END_ABORTED)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_ABORTED);
    add_envelope(s, &event);
    smtp_emit(s, &event);
    s->message_open = FALSE;
    smtp_envelope_unref(s->message_envelope);
    s->message_envelope = NULL;
    smtp_envelope_unref(s->envelope);
    s->envelope = smtp_envelope_new();
}

void smtp_give_up_message(smtp_session *s, mail_end_reason reason, guint64 at)
{
    dot_piece piece;

    if (!s->message_open)
        return;
    if (s->state == CLIENT_MESSAGE && dot_decoder_flush(s->dots, &piece))
        smtp_emit_message_data(s, piece.run, piece.start, piece.end);
    if (s->state == CLIENT_MESSAGE || s->state == CLIENT_MESSAGE_HOLE || s->state == CLIENT_CHUNK)
        s->state = CLIENT_COMMANDS;
    smtp_end_message(s, s->message_refused ? MAIL_END_ABORTED : reason, at, at, 0, 0);
}

void smtp_begin_message(smtp_session *s, mail_message_source source, dot_begin begin, anomaly_set anomalies)
{
    mail_event event;

    smtp_give_up_message(s, MAIL_END_CUT, s->client.in.offset);
    s->message_open = TRUE;
    s->message_hole = begin == DOT_BEGIN_MIDDLE || (source == MAIL_FROM_BDAT && s->chunks_lost);
    s->message_refused = FALSE;
    s->message_source = source;
    s->message_count++;
    s->message_envelope = smtp_envelope_ref(s->envelope);
    if (source == MAIL_FROM_DATA) {
        s->state = CLIENT_MESSAGE;
        s->phase = PHASE_DATA;
        dot_decoder_start(s->dots, begin, s->lf_ends_lines);
    }
    event = event_of_message(s, MAIL_EVENT_MESSAGE_START, s->client.in.offset, s->client.in.offset);
    event.anomalies = anomalies;
    add_envelope(s, &event);
    smtp_emit(s, &event);
}

void smtp_end_data(smtp_session *s, mail_end_reason reason, guint64 start, guint64 end, anomaly_set anomalies)
{
    question *asked = smtp_ask(s, ASK_END_OF_DATA, &anomalies);

    asked->envelope = smtp_envelope_ref(s->message_envelope);
    asked->message = s->message_count;
    s->state = CLIENT_COMMANDS;
    if (!s->server.seen)
        s->phase = PHASE_GREETED;
    smtp_end_message(s, reason, start, end, asked->number, anomalies);
}

void smtp_read_message(smtp_session *s)
{
    dot_piece piece;
    mail_event odd;

    switch (dot_decoder_next(s->dots, &s->client.in, &piece)) {
    case DOT_MORE:
        break;
    case DOT_RUN:
        smtp_emit_message_data(s, piece.run, piece.start, piece.end);
        break;
    case DOT_AMBIGUOUS:
        odd = event_of_message(s, MAIL_EVENT_ANOMALY, piece.start, piece.end);
        odd.anomalies = ANOMALY_BIT(ANOMALY_AMBIGUOUS_END_OF_DATA);
        smtp_emit(s, &odd);
        break;
    case DOT_END:
        smtp_end_data(s, MAIL_END_COMPLETE, piece.start, piece.end, 0);
        break;
    }
}

void smtp_reset_envelope(smtp_session *s)
{
    smtp_envelope_unref(s->envelope);
    s->envelope = smtp_envelope_new();
}

/* --- TLS --- */

/* Shows what the client sent in clear behind STARTTLS, before it could know the answer (CVE-2011-0411). */
static void show_injected(smtp_session *s)
{
    guint64 missing;
    text_line line;

    for (;;) {
        slice bytes = held_bytes_peek(s->held);
        s->client.in.bytes = bytes;
        while (line_reader_next(s->client.lines, &s->client.in, &line))
            smtp_emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
        held_bytes_skip(s->held, bytes.len);
        if (line_reader_flush(s->client.lines, &line))
            smtp_emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
        if (!held_bytes_take_gap(s->held, &missing))
            break;
        smtp_emit_gap(s, MAIL_CLIENT, &s->client, missing);
    }
    held_bytes_clear(s->held);
}

void smtp_start_tls(smtp_session *s)
{
    mail_event event;
    text_line line;
    slice held;

    s->phase = PHASE_TLS;
    s->state = CLIENT_COMMANDS;
    s->tls = TLS_EXPECTED;
    held = held_bytes_peek(s->held);
    if (held.len > 0 && !is_tls_byte(held.data[0]))
        show_injected(s);
    if (line_reader_flush(s->server.lines, &line))
        smtp_emit_text(s, MAIL_SERVER, &line, 0);
    event = event_at(MAIL_EVENT_TLS_START, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
    smtp_emit(s, &event);
}

/* Does the server speak in clear behind its consent, before the client said a byte? No server does, somebody in between
 * wants the client to take that for what was said inside. */
static gboolean is_injected(const smtp_session *s, const half *h)
{
    return h == &s->server && s->client.seen &&
           (line_reader_pending(h->lines) > 0 || !is_tls_byte(h->in.bytes.data[0]));
}

gboolean smtp_pass_over_tls(smtp_session *s, half *h)
{
    if (s->tls == TLS_EXPECTED && h->in.bytes.len > 0 && !is_injected(s, h)) {
        s->tls = is_tls_byte(h->in.bytes.data[0]) ? TLS_OPAQUE : TLS_NONE;
        if (s->tls == TLS_NONE)
            s->phase = PHASE_CONNECTED;
    }
    if (s->tls != TLS_OPAQUE)
        return FALSE;
    stream_cursor_take(&h->in, h->in.bytes.len);
    return TRUE;
}

/* --- the interface --- */

static void init_half(half *h)
{
    *h = (half){.lines = line_reader_new()};
}

smtp_session *smtp_session_new(mail_protocol protocol, gboolean from_start, mail_event_sink sink, void *user)
{
    smtp_session *s = g_malloc(sizeof *s);

    memset(s, 0, G_STRUCT_OFFSET(smtp_session, params)); /* the rest is scratch */

    s->sink = sink;
    s->user = user;
    s->from_start = from_start;
    s->protocol = protocol;
    s->state = from_start ? CLIENT_COMMANDS : CLIENT_LOST;
    s->phase = from_start ? PHASE_CONNECTED : PHASE_UNKNOWN;
    s->behind_hole = !from_start;
    s->chunks_lost = !from_start;
    s->spoke_last = MAIL_CLIENT;
    init_half(&s->client);
    init_half(&s->server);
    s->held = held_bytes_new();
    s->parser = smtp_command_parser_new();
    s->dots = dot_decoder_new();
    s->envelope = smtp_envelope_new();
    g_queue_init(&s->queue);
    return s;
}

void smtp_session_free(smtp_session *s)
{
    if (!s)
        return;
    line_reader_free(s->client.lines);
    line_reader_free(s->server.lines);
    held_bytes_free(s->held);
    smtp_command_parser_free(s->parser);
    dot_decoder_free(s->dots);
    smtp_envelope_unref(s->envelope);
    smtp_envelope_unref(s->message_envelope);
    g_queue_clear_full(&s->queue, question_free);
    sasl_free(s->exchange);
    g_free(s);
}

void smtp_session_feed(smtp_session *s, mail_side side, slice bytes)
{
    if (bytes.len == 0)
        return;
    if (side == MAIL_CLIENT)
        smtp_held_feed(s, bytes);
    else
        smtp_server_feed(s, bytes);
}

void smtp_session_preface(smtp_session *s, const text_line *line)
{
    s->client.in.offset = line->end;
    smtp_emit_text(s, MAIL_CLIENT, line, 0);
}

void smtp_session_gap(smtp_session *s, mail_side side, guint64 missing)
{
    if (side == MAIL_SERVER) {
        smtp_server_cross_gap(s, missing);
        return;
    }
    s->client.seen = TRUE;
    if (s->tls == TLS_EXPECTED) /* no telling; a session that goes on in clear is the rare case */
        s->tls = TLS_OPAQUE;
    held_bytes_append_gap(s->held, missing);
    smtp_held_read(s, FALSE);
}

void smtp_session_tls(smtp_session *s)
{
    gboolean asked_for = s->tls != TLS_NONE;
    text_line line;

    if (s->client.seen && !asked_for)
        smtp_held_read(s, TRUE);
    if (s->state == CLIENT_BLOB)
        smtp_client_show_blob(s, 0);
    show_injected(s);
    if (line_reader_flush(s->server.lines, &line))
        smtp_emit_text(s, MAIL_SERVER, &line, 0);
    smtp_give_up_message(s, MAIL_END_CUT, s->client.in.offset);
    smtp_forget_questions(s);
    smtp_reset_envelope(s);
    sasl_free(s->exchange);
    s->exchange = NULL;
    if (s->client.seen || s->server.seen) { /* STARTTLS: both sides are in step, and no greeting comes */
        s->state = CLIENT_COMMANDS;
        s->lost = CERTAIN;
        s->behind_hole = FALSE;
        s->replied = TRUE;
    }
    s->reply.open = FALSE;
    s->tls = TLS_NONE;
    s->tls_active = TRUE;
    s->phase = PHASE_CONNECTED;
    s->client.in = s->server.in = (stream_cursor){0};
    s->client.ended = s->server.ended = FALSE;
    s->spoke_last = MAIL_SERVER;
}

void smtp_session_end(smtp_session *s, mail_side side)
{
    half *h = side == MAIL_CLIENT ? &s->client : &s->server;
    gboolean both;

    if (h->ended)
        return;
    if (side == MAIL_SERVER)
        smtp_server_finish(s);
    h->ended = TRUE;
    both = s->client.ended && s->server.ended;
    smtp_held_read(s, both || (s->client.ended && (s->state == CLIENT_LOST || s->state == CLIENT_MESSAGE_HOLE)));
    if (s->client.ended)
        smtp_client_finish(s);
    if (both) {
        smtp_held_read(s, TRUE);
        smtp_give_up_message(s, MAIL_END_CUT, s->client.in.offset);
    }
}
