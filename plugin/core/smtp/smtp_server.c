/* smtp_server.c
 * The replies of an SMTP server: which question each answers, and what that puts into effect.
 *
 * Replies come in the order of the questions (RFC 2920 3.1), so each answers the head of the queue.
 * Behind a hole the queue is of no use: only a reply whose code fits just one kind of question
 * (354, 221, 334, ...) is taken as its answer, until the client speaks again after the server.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_session_private.h"
#include "smtp_reply.h"

/* Can a reply of that code answer such a question (RFC 5321 4.3.2 and the extensions' RFCs)? */
static gboolean reply_fits(question_kind kind, guint code)
{
    if (code >= 400)
        return TRUE;
    switch (kind) {
    case ASK_DATA:
    case ASK_XEXCH50:
        return code == 354;
    case ASK_AUTH:
        return code == 334 || code / 100 == 2;
    default:
        return code / 100 != 3;
    }
}

/* Does the code say by itself what kind of question it answers? */
static gboolean reply_is_telling(question_kind kind, guint code)
{
    switch (code) {
    case 354:
        return kind == ASK_DATA || kind == ASK_XEXCH50;
    case 334:
    case 235:
    case 535:
        return kind == ASK_AUTH;
    case 221:
        return kind == ASK_QUIT;
    case 220:
        return kind == ASK_STARTTLS || kind == ASK_XCLIENT;
    default:
        return FALSE;
    }
}

/* Is such a question in the queue? Asked before the queue is walked, so that a walk always ends in
 * questions being forgotten and the whole stays linear. */
static gboolean is_told(const smtp_session *s, guint code)
{
    for (guint kind = 0; kind < G_N_ELEMENTS(s->asked); kind++)
        if (s->asked[kind] > 0 && reply_is_telling((question_kind)kind, code))
            return TRUE;
    return FALSE;
}

/* The question that a reply with this code answers; NULL: none, or it cannot be said. */
static question *match_reply(smtp_session *s, guint code)
{
    question *oldest = g_queue_peek_head(&s->queue);

    if (!oldest)
        return NULL;
    if (reply_fits(oldest->kind, code) &&
        (s->lost == CERTAIN || (s->lost == REPLIES_LOST && g_queue_get_length(&s->queue) == 1)))
        return oldest;
    if (!is_told(s, code))
        return NULL;
    while (!reply_is_telling(oldest->kind, code)) { /* the answers to these are lost */
        smtp_forget_oldest(s);
        oldest = g_queue_peek_head(&s->queue);
    }
    s->lost = CERTAIN;
    return oldest;
}

/* --- the server's replies --- */

/* Is the first reply the greeting (RFC 5321 3.1: 220, 554; 421)? */
static gboolean is_greeting(const smtp_session *s, guint code)
{
    const question *oldest = g_queue_peek_head((GQueue *)&s->queue);
    if (s->replied)
        return FALSE;
    if (!s->from_start)
        return code == 220 && (!oldest || oldest->kind != ASK_STARTTLS);
    return code == 220 || code == 421 || code >= 500 || !oldest;
}

/* The first reply is none that opens a connection: whatever the caller thinks, the beginning was not captured. */
static void notice_late_start(smtp_session *s, guint code)
{
    if (s->replied || !s->from_start || code == 220 || code >= 400 || !g_queue_is_empty(&s->queue))
        return;
    s->from_start = FALSE;
    s->phase = PHASE_UNKNOWN;
    if (!s->client.seen)
        s->state = CLIENT_LOST;
}

/* A reply begins while message data is being sent and nothing else is asked. Either the
 * server has seen the end of the data where we have not, or it has had enough. */
static void reply_inside_message(smtp_session *s, guint code)
{
    dot_piece end;
    guint64 at;

    if (!g_queue_is_empty(&s->queue) || code / 100 == 3)
        return;
    if (s->state == CLIENT_MESSAGE_HOLE)
        smtp_held_read(s, TRUE);
    if (s->state != CLIENT_MESSAGE && s->state != CLIENT_MESSAGE_HOLE)
        return;
    at = s->client.in.offset;
    if (code != 421 && s->state == CLIENT_MESSAGE && dot_decoder_could_end_here(s->dots, &end))
        smtp_end_data(s, MAIL_END_COMPLETE, end.start, end.end, ANOMALY_BIT(ANOMALY_AMBIGUOUS_END_OF_DATA));
    else if (code != 421 && s->message_hole)
        smtp_end_data(s, MAIL_END_CUT, at, at, 0);
    else if (code >= 400)
        s->message_refused = TRUE;
}

/* Is everything the client asked known? */
static gboolean is_in_step(const smtp_session *s)
{
    return s->client.seen && s->lost == CERTAIN && (s->from_start || s->exchange_count > 0);
}

/* The server's own state after a reply nobody is known to have asked for. */
static void presume_phase(smtp_session *s, guint code)
{
    static const struct {
        guint code;
        smtp_phase phase;
    } table[] = {{220, PHASE_CONNECTED}, {354, PHASE_DATA},    {334, PHASE_AUTH},
                 {235, PHASE_GREETED},   {535, PHASE_GREETED}, {221, PHASE_QUIT}};

    if (is_in_step(s) && code != 354)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].code == code) {
            s->phase = table[i].phase;
            return;
        }
    }
    if (s->phase == PHASE_CONNECTED || s->phase == PHASE_DATA)
        s->phase = PHASE_GREETED;
}

typedef enum reply_sequel {
    SEQUEL_NONE,
    SEQUEL_MESSAGE,  /* message data follows */
    SEQUEL_RESPONSE, /* a SASL response follows */
    SEQUEL_COMMANDS, /* what was held is commands */
    SEQUEL_BLOB,
    SEQUEL_TLS
} reply_sequel;

static reply_sequel settle_data(smtp_session *s, const question *asked, guint code, mail_event *event)
{
    gboolean held = s->state == CLIENT_SAID_DATA && s->awaited == asked->number;
    if (code == 354) {
        s->phase = PHASE_DATA;
        if (asked->message)
            event->anomalies |= ANOMALY_BIT(ANOMALY_DATA_BEFORE_354);
        return held ? SEQUEL_MESSAGE : SEQUEL_NONE;
    }
    event->anomalies |= ANOMALY_BIT(ANOMALY_DATA_REFUSED);
    if (!held && s->message_open && asked->message == s->message_count)
        s->message_refused = TRUE;
    return held ? SEQUEL_COMMANDS : SEQUEL_NONE;
}

static reply_sequel settle_auth(smtp_session *s, const question *asked, guint code, mail_event *event, mail_auth *auth)
{
    gboolean held = s->state == CLIENT_SAID_AUTH && s->awaited == asked->number;
    if (code == 334)
        return held ? SEQUEL_RESPONSE : SEQUEL_NONE;
    if (s->exchange) {
        sasl_summary(s->exchange, auth);
        event->auth = auth;
    }
    event->outcome = code < 300 ? MAIL_OUTCOME_SUCCESS : MAIL_OUTCOME_FAILURE;
    s->phase = s->phase_before_auth;
    return held ? SEQUEL_COMMANDS : SEQUEL_NONE;
}

/* A refused chunk (RFC 3030 2): the client should give the message up, but what it has sent ahead is still of it. */
static void settle_chunk(smtp_session *s, const question *asked, gboolean accepted)
{
    if (accepted)
        s->phase = asked->last ? PHASE_GREETED : PHASE_BDAT;
    else if (asked->last)
        s->phase = PHASE_GREETED;
    else if (s->message_open && asked->message == s->message_count)
        s->message_refused = TRUE;
}

/* A whole reply answers `asked`: what changes, and what comes next. */
static reply_sequel settle(smtp_session *s, question *asked, guint code, mail_event *event, mail_auth *auth)
{
    gboolean accepted = code < 300;
    gboolean held = smtp_client_waits(s) && s->awaited == asked->number;

    switch (asked->kind) {
    case ASK_HELLO:
        if (accepted)
            s->phase = PHASE_GREETED;
        break;
    case ASK_MAIL:
        if (accepted)
            s->phase = PHASE_MAIL;
        break;
    case ASK_RCPT:
        if (accepted)
            s->phase = PHASE_RCPT;
        else
            smtp_envelope_refuse(asked->envelope, asked->recipient);
        break;
    case ASK_DATA:
        return settle_data(s, asked, code, event);
    case ASK_END_OF_DATA:
        s->phase = PHASE_GREETED;
        break;
    case ASK_CHUNK:
        settle_chunk(s, asked, accepted);
        break;
    case ASK_RSET:
        if (accepted && s->phase != PHASE_CONNECTED)
            s->phase = PHASE_GREETED;
        break;
    case ASK_AUTH:
        return settle_auth(s, asked, code, event, auth);
    case ASK_STARTTLS:
        return code == 220 ? SEQUEL_TLS : held ? SEQUEL_COMMANDS : SEQUEL_NONE;
    case ASK_XCLIENT:
        if (accepted)
            s->phase = PHASE_CONNECTED;
        break;
    case ASK_XEXCH50:
        return !held ? SEQUEL_NONE : code == 354 ? SEQUEL_BLOB : SEQUEL_COMMANDS;
    case ASK_QUIT:
        s->phase = PHASE_QUIT;
        break;
    case ASK_OTHER:
        break;
    }
    return SEQUEL_NONE;
}

static void follow_reply(smtp_session *s, reply_sequel sequel)
{
    switch (sequel) {
    case SEQUEL_NONE:
        return;
    case SEQUEL_MESSAGE:
        smtp_begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE,
                           held_bytes_is_empty(s->held) ? 0 : ANOMALY_BIT(ANOMALY_DATA_BEFORE_354));
        break;
    case SEQUEL_RESPONSE:
        s->state = CLIENT_RESPONSE;
        break;
    case SEQUEL_COMMANDS:
        s->state = CLIENT_COMMANDS;
        break;
    case SEQUEL_BLOB:
        smtp_client_begin_blob(s);
        break;
    case SEQUEL_TLS:
        smtp_start_tls(s);
        break;
    }
    smtp_held_read(s, FALSE);
}

/* A 354 that answers nothing known: the DATA command was not captured, what follows is data. */
static void unasked_354(smtp_session *s)
{
    text_line line;

    if (s->state == CLIENT_LOST) {
        smtp_held_show(s, G_MAXSIZE);
        s->data_promised = TRUE;
    } else if (s->state == CLIENT_COMMANDS && s->lost != CERTAIN) {
        if (line_reader_flush(s->client.lines, &line))
            smtp_emit_text(s, MAIL_CLIENT, &line, 0);
        smtp_begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE, 0);
    }
}

static const char *const well_known_capabilities[] = {
    "PIPELINING", "SIZE", "8BITMIME", "AUTH",       "STARTTLS", "DSN",    "CHUNKING", "ENHANCEDSTATUSCODES",
    "SMTPUTF8",   "VRFY", "ETRN",     "BINARYMIME", "HELP",     "X-EXPS", "XEXCH50",  "LIMITS",
    "DELIVERBY"};

static gboolean is_capability(slice word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(well_known_capabilities); i++)
        if (slice_is(word, well_known_capabilities[i]))
            return TRUE;
    return FALSE;
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ) (RFC 5321 4.1.1.1); also "AUTH=LOGIN PLAIN" of old. */
static void read_capability(smtp_session *s, const text_line *line, slice text, mail_event *event)
{
    gboolean keyword = TRUE;
    while (text.len && event->param_count < LIMIT_PARAMS) {
        gsize len = 0;
        while (len < text.len && text.data[len] != ' ' && text.data[len] != '\t' && !(keyword && text.data[len] == '='))
            len++;
        if (keyword) {
            event->capability = slice_head(text, len);
        } else if (len > 0) {
            s->params[event->param_count++] = (mail_param){
                .name = slice_head(text, len), .offset = (guint)(text.data - line->line.data), .length = (guint)len};
        }
        keyword = FALSE;
        text = slice_from(text, len + 1);
    }
    event->params = s->params;
}

static void read_capabilities(smtp_session *s, const text_line *line, const smtp_reply *reply, mail_event *event)
{
    gboolean asked = s->reply.answers && s->reply.answers->kind == ASK_HELLO;
    slice text = slice_trim(slice_from(line->line, 4));
    mail_event trial;

    if (reply->code != 250 || (s->reply.answers && !asked))
        return;
    trial = *event;
    read_capability(s, line, text, &trial);
    /* The first line is the server's name and greeting, but behind a hole its first line is not that one. */
    if (is_capability(trial.capability) ? asked || !s->reply.answers : asked && !event->first)
        *event = trial;
}

/* LMTP, RFC 2033 4.2: after the data one reply per accepted recipient, in their order. TRUE: more come. */
static gboolean reply_for_recipient(smtp_session *s, const smtp_reply *reply, mail_event *event)
{
    question *asked = s->reply.answers;
    const slice *recipients;
    guint count;

    if (!asked || s->protocol != MAIL_PROTOCOL_LMTP || !asked->envelope ||
        !(asked->kind == ASK_END_OF_DATA || (asked->kind == ASK_CHUNK && asked->last)))
        return FALSE;
    recipients = smtp_envelope_recipients(asked->envelope, &count);
    if (asked->replies >= count)
        return FALSE;
    event->recipient = recipients[asked->replies];
    if (!reply->last)
        return FALSE;
    return ++asked->replies < count && reply->code != 421;
}

static void read_challenge(smtp_session *s, const smtp_reply *reply, mail_event *event, mail_auth *auth)
{
    if (reply->code != 334 || !s->exchange || !s->reply.answers || s->reply.answers->kind != ASK_AUTH)
        return;
    event->anomalies |= sasl_server_line(s->exchange, reply->text, auth);
    event->auth = auth;
}

/* The first line of a reply: which question does it answer? */
static void begin_reply(smtp_session *s, const smtp_reply *reply, mail_event *event)
{
    gboolean greeting;

    notice_late_start(s, reply->code);
    greeting = is_greeting(s, reply->code);
    event->first = TRUE;
    s->reply.code = reply->code;
    if (s->state == CLIENT_MESSAGE || s->state == CLIENT_MESSAGE_HOLE)
        reply_inside_message(s, reply->code);
    if (s->state == CLIENT_LOST)
        smtp_held_show(s, smtp_held_whole_lines(s));
    s->reply.answers = greeting ? NULL : match_reply(s, reply->code);
    if (greeting)
        s->phase = PHASE_CONNECTED;
    else if (s->message_open && s->message_refused && !s->reply.answers)
        event->anomalies |= ANOMALY_BIT(ANOMALY_DATA_REFUSED);
    else if (!s->reply.answers && is_in_step(s) && reply->code != 421)
        event->anomalies |= ANOMALY_BIT(ANOMALY_UNEXPECTED_REPLY);
}

static void read_reply(smtp_session *s, const text_line *line, const smtp_reply *reply)
{
    mail_event event = event_of_line(MAIL_EVENT_REPLY_LINE, MAIL_SERVER, line);
    reply_sequel sequel = SEQUEL_NONE;
    gboolean more, unasked;
    mail_auth auth;

    if (!s->reply.open)
        begin_reply(s, reply, &event);
    else if (reply->code != s->reply.code)
        event.anomalies |= ANOMALY_BIT(ANOMALY_REPLY_CODE_CHANGES);
    s->reply.open = !reply->last;
    s->reply.code = reply->code;
    if (reply->odd)
        event.anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
    event.code = reply->code;
    event.enhanced = reply->enhanced;
    event.text = reply->text;
    event.last = reply->last;
    event.exchange = s->reply.answers ? s->reply.answers->number : 0;
    read_capabilities(s, line, reply, &event);
    read_challenge(s, reply, &event, &auth);
    more = reply_for_recipient(s, reply, &event);
    unasked = !s->reply.answers;
    if (reply->last) {
        if (unasked)
            presume_phase(s, reply->code);
        else if (!more)
            sequel = settle(s, s->reply.answers, reply->code, &event, &auth);
        s->replied = TRUE;
    }
    smtp_emit(s, &event);
    if (!reply->last)
        return;
    if (!unasked && !more)
        smtp_forget_oldest(s); /* what answers[] was, by construction the head */
    s->reply.answers = NULL;
    if (unasked && reply->code == 354)
        unasked_354(s);
    follow_reply(s, sequel);
}

static void read_server_line(smtp_session *s, const text_line *line)
{
    anomaly_set anomalies = s->behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
    smtp_reply reply;

    if (s->tls == TLS_EXPECTED)
        smtp_emit_text(s, MAIL_SERVER, line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    else if (smtp_reply_parse(line->line, &reply))
        read_reply(s, line, &reply);
    else
        smtp_emit_text(s, MAIL_SERVER, line, anomalies);
    s->behind_hole = FALSE;
}

void smtp_server_feed(smtp_session *s, slice bytes)
{
    text_line line;

    s->server.seen = TRUE;
    s->spoke_last = MAIL_SERVER;
    s->server.in.bytes = bytes;
    while (s->server.in.bytes.len > 0 && !smtp_pass_over_tls(s, &s->server))
        if (line_reader_next(s->server.lines, &s->server.in, &line))
            read_server_line(s, &line);
}

void smtp_server_cross_gap(smtp_session *s, guint64 missing)
{
    text_line line;

    if (line_reader_flush(s->server.lines, &line))
        smtp_emit_text(s, MAIL_SERVER, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    smtp_emit_gap(s, MAIL_SERVER, &s->server, missing);
    s->reply.open = FALSE;
    s->reply.answers = NULL;
    s->behind_hole = TRUE;
    s->replied = TRUE;
    s->server.seen = TRUE;
    if (s->lost == CERTAIN)
        s->lost = REPLIES_LOST;
    s->spoke_last = MAIL_SERVER; /* in the hole */
    smtp_held_read(s, FALSE);
}

void smtp_server_finish(smtp_session *s)
{
    smtp_reply reply;
    text_line line;
    if (!line_reader_flush(s->server.lines, &line))
        return;
    if (smtp_reply_parse(line.line, &reply))
        read_reply(s, &line, &reply);
    else
        smtp_emit_text(s, MAIL_SERVER, &line, 0);
}
