/* imap_server.c
 * What an IMAP server sends: replies, untagged data, and the pieces of mail in FETCH responses.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_session_private.h"

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
        imap_select_mailbox(s, accepted ? asked->mailbox : NULL, asked->uidvalidity);
        if (accepted)
            s->phase = PHASE_SELECTED;
        break;
    case IMAP_VERB_CLOSE:
    case IMAP_VERB_UNSELECT:
        if (accepted)
            imap_select_mailbox(s, NULL, 0);
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
    imap_client_end_append(s, MAIL_END_ABORTED);
    imap_client_end_line(s);
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
    imap_client_emit_command(s, &line, FALSE);
    return s->asked;
}

static void note_uidvalidity(imap_session *s)
{
    question *select;
    guint64 number;

    if (!slice_is(s->response.code, "UIDVALIDITY") || !imap_number(s->response.code_argument, &number))
        return;
    select = imap_find_select(s);
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
        asked = imap_find_question(s, s->response.tag);
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
        imap_start_tls(s);
    else if (hold == HOLD_COMPRESS && accepted)
        imap_start_compression(s);
    else if (hold)
        s->hold = HOLD_NOT;
    else if (asked->verb == IMAP_VERB_STARTTLS && accepted)
        imap_start_tls(s);
    s->awaited = 0;
    imap_forget_question(s, asked);
}

static void read_status(imap_session *s, const imap_line *line)
{
    mail_event event = imap_event_of_chunk(&s->server, MAIL_EVENT_REPLY_LINE, MAIL_SERVER, line, TRUE);
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
    imap_place_items(s, &s->server, &imap);
    imap_emit(s, &event);
    if (asked && tagged)
        follow_reply(s, asked);
    imap_held_read(s, FALSE);
}

/* --- untagged data --- */

static void emit_untagged(imap_session *s, const imap_line *line, gboolean last, mail_imap *imap)
{
    mail_event event = imap_event_of_chunk(&s->server, MAIL_EVENT_UNTAGGED, MAIL_SERVER, line, last);

    if (last) {
        imap_items_reset(&s->items);
        if (s->rest.is_there)
            event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
        else
            imap_response_items(line, &s->response, &s->items, &event.anomalies);
        imap_fetched_items(s, line);
        imap_place_items(s, &s->server, imap);
    }
    event.imap = imap;
    imap_emit(s, &event);
}

/* What untagged data changes. */
static void note_data(imap_session *s)
{
    if (slice_is(s->response.name, "EXPUNGE") || slice_is(s->response.name, "VANISHED"))
        imap_forget_numbers(s);
    if (s->phase == PHASE_UNKNOWN && s->response.has_number)
        s->phase = PHASE_SELECTED;
}

static void read_data(imap_session *s, const imap_line *line)
{
    mail_imap imap;

    s->replied = TRUE;
    note_data(s);
    imap_fetched_read(s, line, &imap);
    emit_untagged(s, line, TRUE, &imap);
    imap_fetched_end(s, line, &imap);
}

static gboolean begin_response(imap_session *s, const imap_line *line)
{
    gboolean fits = imap_stray_parse(s, line->text);

    if (!fits || s->in_fetch || s->in_urlfetch || s->response.status)
        return fits;
    if (s->rest.is_there) {
        s->in_fetch = TRUE;
        imap_fetch_begin_inside(&s->fetch, s->rest.items_at, s->rest.is_at_value);
    } else if (s->response.has_number && slice_is(s->response.name, "FETCH")) {
        s->in_fetch = TRUE;
        imap_fetch_begin(&s->fetch, s->response.data_offset);
    } else if (!s->response.has_number && slice_is(s->response.name, "URLFETCH")) {
        s->in_urlfetch = TRUE;
        imap_urlfetch_begin(&s->urls, s->response.data_offset);
    }
    return TRUE;
}

static void read_server_literal(imap_session *s)
{
    mail_imap facts = {0};
    imap_line line;

    imap_reader_line(s->server.reader, &line);
    if (!begin_response(s, &line) || !imap_fetched_begin(s, &line, &facts))
        return;
    imap_reader_pass(s->server.reader);
    emit_untagged(s, &line, FALSE, &facts);
    imap_next_chunk(&s->server, &line);
}

static void end_server_line(imap_session *s)
{
    imap_end_chunks(&s->server);
    s->in_fetch = s->in_urlfetch = FALSE;
    s->server.behind_hole = FALSE;
    s->rest.is_there = FALSE;
}

static void read_server_line(imap_session *s)
{
    gboolean behind_hole = s->server.behind_hole;
    imap_line line;

    imap_reader_line(s->server.reader, &line);
    if (!begin_response(s, &line)) {
        text_line text = imap_text_line_of(&s->server, &line);
        imap_emit_text(s, MAIL_SERVER, &text, ANOMALY_BIT(behind_hole ? ANOMALY_LOST_BYTES : ANOMALY_BAD_SYNTAX));
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
            imap_fetched_data(s, imap_reader_data(s->server.reader));
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
        return imap_find_question(s, response.tag) != NULL;
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
    gboolean whole = !(line.anomalies & ANOMALY_BIT(ANOMALY_LINE_TOO_LONG));
    gboolean may_be_rest = s->server.in_line && whole;

    s->server.in_line = FALSE;
    if (whole && server_fits(s, line.line)) {
        imap_stray_end(s, TRUE);
        imap_reread(&s->server, &line, read_server_step, s);
    } else if (may_be_rest && imap_stray_is_rest(s, line.line)) {
        imap_reread(&s->server, &line, read_server_step, s);
    } else if (!imap_stray_take(s, &line)) {
        imap_emit_text(s, MAIL_SERVER, &line, s->server.behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : 0);
    }
}

static void read_injected(imap_session *s)
{
    text_line line;
    if (line_reader_next(s->server.lines, &s->server.in, &line))
        imap_emit_text(s, MAIL_SERVER, &line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
}

void imap_server_feed(imap_session *s, slice bytes)
{
    s->server.in.bytes = bytes;
    while (s->server.in.bytes.len > 0 && !imap_pass_over_tls(s, &s->server)) {
        gboolean compressed = s->server.inflate != NULL;
        if (s->tls == TLS_EXPECTED)
            read_injected(s);
        else if (s->server.lost)
            read_server_lost(s);
        else
            read_server_step(s);
        if (compressed != (s->server.inflate != NULL))
            break; /* the rest is compressed */
    }
    bytes = s->server.in.bytes;
    s->server.in.bytes = SLICE_EMPTY;
    if (bytes.len)
        imap_feed_compressed(s, MAIL_SERVER, bytes, imap_server_feed);
}

/* What has come of a response whose rest will not. */
void imap_server_break(imap_session *s, anomaly_set anomalies)
{
    half *h = &s->server;
    imap_line line;
    text_line text;

    imap_reader_line(h->reader, &line);
    (void)imap_stray_parse(s, line.text);
    if (imap_reader_has_begun(h->reader) && !imap_reader_is_passing(h->reader)) {
        text = imap_text_line_of(h, &line);
        if (text.end > text.start)
            imap_emit_text(s, MAIL_SERVER, &text, anomalies);
    }
    imap_fetched_break(s, &line, imap_reader_is_passing(h->reader) && imap_reader_literal_left(h->reader) > 0);
    imap_reader_forget(h->reader);
    if (line_reader_flush(h->lines, &text) && !(s->stray.is_open && imap_stray_take(s, &text)))
        imap_emit_text(s, MAIL_SERVER, &text, anomalies);
    imap_stray_end(s, FALSE);
    end_server_line(s);
}

void imap_server_cross_gap(imap_session *s, guint64 missing)
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
        guint64 inside = MIN(left, missing);
        (void)imap_reader_gap(h->reader, inside);
        imap_fetched_gap(s, inside);
        missing -= inside;
        if (inside == left)
            read_server_step(s); /* the literal's end */
        if (missing == 0)
            return;
    }
    if (imap_stray_gap(s, missing))
        return;
    imap_server_break(s, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    imap_emit_gap(s, MAIL_SERVER, missing, 0);
    h->lost = h->behind_hole = h->in_line = TRUE;
    s->replied = TRUE;
}
