/* pop3_server.c
 * What a POP3 server sends: status lines, listings, messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_session_private.h"

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
    pop3_emit(s, &event);
}

void pop3_server_begin_listing(pop3_session *s, pop3_verb verb)
{
    if (pop3_is_transaction_verb(verb))
        pop3_show_transaction(s);
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
    gboolean held = pop3_client_waits(s) && s->awaited == asked->number;

    s->answering = asked->number;
    s->has_top_lines = accepted && asked->has_top_lines;
    s->top_lines = asked->top_lines;
    if (accepted && asked->form == ANSWER_MESSAGE)
        pop3_begin_message(s, asked->verb == POP3_VERB_TOP ? MAIL_FROM_TOP : MAIL_FROM_RETR, DOT_BEGIN_LINE,
                           (line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF)) != 0);
    else if (accepted && asked->form == ANSWER_LISTING)
        pop3_server_begin_listing(s, asked->verb);
    else if (accepted && asked->verb == POP3_VERB_STLS)
        pop3_start_tls(s);
    else if (held)
        s->client_state = strcmp(reply->status, "+") == 0 ? CLIENT_RESPONSE : CLIENT_COMMANDS;
}

gboolean pop3_ends_status_of_message(slice line)
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

/* All of it: a number and the end, no more; "joe has 3 visible messages in 1200 octets" answers PASS. */
static gboolean is_status_of_message(slice text)
{
    gsize digits = 0, blanks = 0;

    while (digits < text.len && g_ascii_isdigit(text.data[digits]))
        digits++;
    for (gsize i = digits; i < text.len; i++)
        blanks += text.data[i] == ' ';
    return digits > 0 && blanks <= 2 && pop3_ends_status_of_message(text);
}

/* Which of several questions is answered may be lost, and yet be the same. */
static gboolean all_await_messages(const pop3_session *s)
{
    for (const GList *link = s->queue.head; link; link = link->next)
        if (((const question *)link->data)->verb != POP3_VERB_RETR)
            return FALSE;
    return s->lost == REPLIES_LOST && s->queue.head;
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

void pop3_server_read_status(pop3_session *s, const text_line *line, const pop3_reply *reply)
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
        if (pop3_is_transaction_verb(asked->verb) && strcmp(reply->status, "+OK") == 0)
            pop3_show_transaction(s);
    } else if (!greeting && s->client.seen && s->lost == CERTAIN && (s->from_start || s->exchange_count > 0)) {
        event.anomalies |= ANOMALY_BIT(ANOMALY_UNEXPECTED_REPLY);
    }
    pop3_emit(s, &event);
    if (asked) {
        follow_reply(s, asked, reply, line);
        pop3_question_free(asked);
    } else if (!greeting && strcmp(reply->status, "+OK") == 0 &&
               (all_await_messages(s) || is_status_of_message(reply->text))) {
        s->answering = 0;
        pop3_begin_message(s, MAIL_FROM_RETR, DOT_BEGIN_LINE, (line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF)) != 0);
    } else if (!greeting && strcmp(reply->status, "+OK") == 0) {
        s->server_state = SERVER_LOST;
        s->answers_unknown = TRUE;
    }
    pop3_client_read_held(s, FALSE);
}

static void read_server_line(pop3_session *s, const text_line *line)
{
    anomaly_set anomalies = s->server.behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
    pop3_reply reply;
    gboolean status = pop3_reply_parse(line->line, &reply);

    if (s->tls == TLS_EXPECTED)
        pop3_emit_text(s, MAIL_SERVER, line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    else if (s->server_state == SERVER_LISTING && !(s->listing_hole && status))
        read_listing(s, line);
    else if (status)
        pop3_server_read_status(s, line, &reply);
    else
        pop3_emit_text(s, MAIL_SERVER, line, anomalies);
    s->server.behind_hole = FALSE;
}

gboolean pop3_server_waits(const pop3_session *s)
{
    return s->server_state >= SERVER_MESSAGE_HOLE;
}

void pop3_server_read(pop3_session *s)
{
    text_line line;

    while (s->server.in.bytes.len > 0 && !pop3_server_waits(s) && !pop3_pass_over_tls(s, &s->server)) {
        if (s->server_state == SERVER_MESSAGE)
            pop3_read_message(s);
        else if (line_reader_next(s->server.lines, &s->server.in, &line))
            read_server_line(s, &line);
    }
}

void pop3_server_finish(pop3_session *s)
{
    text_line line;
    pop3_held_read(s, TRUE);
    if (line_reader_flush(s->server.lines, &line))
        read_server_line(s, &line);
}
