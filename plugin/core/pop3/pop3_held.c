/* pop3_held.c
 * What a POP3 server's bytes are where nothing says so: behind a hole, at the beginning of a capture that starts late,
 * behind a +OK to an unknown command.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_session_private.h"

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
                       pop3_ends_status_of_message(line);
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
    pop3_forget_oldest(s);
    s->lost = CERTAIN;
}

static gboolean decide_lost(pop3_session *s, gboolean force)
{
    mail_message_source source;
    pop3_verb verb = POP3_VERB_LIST;
    gsize len = 0;

    switch (judge_lost(s, &len, &verb)) {
    case LOST_MESSAGE_NEXT:
        pop3_emit_held(s, MAIL_SERVER, &s->server, len, ANOMALY_BIT(ANOMALY_LOST_BYTES));
        answer_lost_question(s, ANSWER_MESSAGE, &source);
        pop3_begin_message(s, source, DOT_BEGIN_LINE, FALSE);
        return TRUE;
    case LOST_STATUS:
        pop3_emit_held(s, MAIL_SERVER, &s->server, len, 0);
        s->server_state = SERVER_STATUS;
        return TRUE;
    case LOST_LISTING:
        pop3_emit_held(s, MAIL_SERVER, &s->server, len, 0);
        answer_lost_question(s, ANSWER_LISTING, &source);
        pop3_server_begin_listing(s, verb);
        s->listing_hole = TRUE;
        s->server.behind_hole = FALSE;
        return TRUE;
    case LOST_MESSAGE:
        answer_lost_question(s, ANSWER_MESSAGE, &source);
        pop3_begin_message(s, source, s->answers_unknown ? DOT_BEGIN_LINE : DOT_BEGIN_MIDDLE, FALSE);
        return TRUE;
    case LOST_LINE:
        pop3_emit_held(s, MAIL_SERVER, &s->server, len, 0);
        return TRUE;
    case LOST_UNDECIDED:
        break;
    }
    if (!force && !held_bytes_gap_follows(s->server.held))
        return FALSE;
    pop3_emit_held(s, MAIL_SERVER, &s->server, G_MAXSIZE, 0);
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
        pop3_cut_message(s);
    else
        s->server_state = SERVER_MESSAGE;
    return TRUE;
}

void pop3_lose_replies(pop3_session *s)
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
    gsize gone = s->status_begun.len + s->status_lost;

    for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
        const char *status = statuses[i];
        gsize len = strlen(status), left = len > gone ? len - gone : 0;
        slice begun = slice_head(s->status_begun, len);
        if ((begun.len && memcmp(status, begun.data, begun.len) != 0) || !slice_begins(rest, status + len - left))
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
        pop3_lose_replies(s);
        return TRUE;
    }
    reply.text = slice_trim(text);
    s->server.in.bytes = slice_head(bytes, (gsize)(lf - bytes.data) + 1);
    (void)line_reader_next(s->server.lines, &s->server.in, &line);
    s->server.behind_hole = FALSE;
    pop3_server_read_status(s, &line, &reply);
    held_bytes_skip(s->server.held, (gsize)(lf - bytes.data) + 1);
    return TRUE;
}

static void keep_status_begun(pop3_session *s, slice begun)
{
    memcpy(s->status_bytes, begun.data, begun.len);
    s->status_begun = (slice){s->status_bytes, begun.len};
}

static void cross_server_gap(pop3_session *s, guint64 missing)
{
    guint64 begun = line_reader_pending(s->server.lines);
    dot_piece piece;
    text_line line;

    s->status_begun.len = 0;
    s->status_lost = begun + missing < STATUS_LEAST ? (gsize)missing : 0;
    if (line_reader_flush(s->server.lines, &line)) {
        if (s->status_lost)
            keep_status_begun(s, line.line);
        pop3_emit_text(s, MAIL_SERVER, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    }
    if (s->server_state == SERVER_MESSAGE && dot_decoder_flush(s->dots, &piece))
        pop3_emit_message_data(s, &piece);
    if (s->message_open && s->message_hole && s->spoke_last == MAIL_CLIENT && g_queue_get_length(&s->queue) == 1)
        pop3_cut_message(s); /* whoever asks one thing at a time had got it all; this hole is in the next answer */
    pop3_emit_gap(s, MAIL_SERVER, &s->server, missing);
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
        pop3_lose_replies(s);
}

void pop3_held_read(pop3_session *s, gboolean force)
{
    held_bytes *held = s->server.held;
    guint64 missing;

    while (!held_bytes_is_empty(held)) {
        slice bytes = held_bytes_peek(held);
        if (bytes.len == 0) {
            (void)held_bytes_take_gap(held, &missing);
            cross_server_gap(s, missing);
        } else if (pop3_server_waits(s)) {
            gboolean decided = s->server_state == SERVER_LOST          ? decide_lost(s, force)
                               : s->server_state == SERVER_STATUS_HOLE ? decide_status(s, force)
                                                                       : decide_behind_hole(s, force);
            if (!decided)
                return;
        } else {
            s->server.in.bytes = bytes;
            pop3_server_read(s);
            held_bytes_skip(held, bytes.len - s->server.in.bytes.len);
            s->server.in.bytes = SLICE_EMPTY;
        }
    }
}
