/* smtp_held.c
 * What an SMTP client's bytes are while that is not known.
 *
 * It can depend on an answer that is not there yet: behind DATA (354: message, else: commands),
 * AUTH (334: a response), STARTTLS (220: TLS). There the client's bytes are held until the answer.
 * Where no answer can come (only the client was captured, the answer lies in a hole,
 * LIMIT_HELD_BYTES) the bytes themselves are asked: a line that is certainly a command is one,
 * everything else is what the client hoped for.
 *
 * Behind a hole, and when the capture begins in the middle, the client may be anywhere
 * (CLIENT_LOST): a certain command sets it straight, "." on a line or three lines of text
 * show the tail of a message.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_session_private.h"

/* The first held line, or as much of it as will be looked at. FALSE: more may come. */
static gboolean first_held_line(const smtp_session *s, gboolean force, slice *line_r)
{
    slice bytes = held_bytes_peek(s->held);
    const guint8 *lf = bytes.len ? memchr(bytes.data, '\n', MIN(bytes.len, LIMIT_GUESS_BYTES)) : NULL;

    *line_r = slice_head(bytes, lf ? (gsize)(lf - bytes.data) : LIMIT_GUESS_BYTES);
    if (line_r->len && line_r->data[line_r->len - 1] == '\r')
        line_r->len--;
    return lf || bytes.len >= LIMIT_GUESS_BYTES || held_bytes_gap_follows(s->held) ||
           (force && !held_bytes_is_empty(s->held));
}

static gboolean answer_can_come(const smtp_session *s)
{
    return s->server.seen && !s->server.ended && !s->answer_lost && held_bytes_length(s->held) < LIMIT_HELD_BYTES;
}

/* The DATA command that the message came from may still be answered, with a refusal. */
static void note_decided(smtp_session *s)
{
    question *asked = g_queue_peek_tail(&s->queue);
    if (asked && asked->number == s->awaited)
        asked->message = s->message_count;
}

/* No answer will say what is held: look at it. */
static void decide_unanswered(smtp_session *s, slice line)
{
    gboolean hole = line.len == 0 && held_bytes_peek(s->held).len == 0;

    if (!hole && s->state != CLIENT_SAID_STARTTLS && smtp_command_is_certain(line)) {
        s->state = CLIENT_COMMANDS;
        return;
    }
    switch (s->state) {
    case CLIENT_SAID_DATA:
        smtp_begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE, 0);
        note_decided(s);
        break;
    case CLIENT_SAID_AUTH:
        s->state = hole ? CLIENT_LOST : CLIENT_RESPONSE;
        break;
    case CLIENT_SAID_XEXCH50:
        smtp_client_begin_blob(s);
        break;
    default: /* STARTTLS */
        if (!hole && line.len && is_tls_byte(line.data[0]))
            smtp_start_tls(s);
        else
            s->state = hole ? CLIENT_LOST : CLIENT_COMMANDS;
        break;
    }
}

/* In a message, behind a hole: is the "." line in the hole and the next command here? Segments
 * end where commands end, so the first line is the one to ask. */
static void decide_behind_hole(smtp_session *s, slice line)
{
    guint64 at = s->client.in.offset;
    if (smtp_command_is_certain(line)) {
        smtp_end_data(s, MAIL_END_CUT, at, at, 0);
        s->lost = COMMANDS_LOST;
    } else {
        s->state = CLIENT_MESSAGE;
    }
}

void smtp_held_show(smtp_session *s, gsize len)
{
    text_line line;

    s->client.in.bytes = slice_head(held_bytes_peek(s->held), len);
    len = s->client.in.bytes.len;
    while (line_reader_next(s->client.lines, &s->client.in, &line))
        smtp_emit_text(s, MAIL_CLIENT, &line, 0);
    if (line_reader_flush(s->client.lines, &line))
        smtp_emit_text(s, MAIL_CLIENT, &line, 0);
    held_bytes_skip(s->held, len);
}

gsize smtp_held_whole_lines(const smtp_session *s)
{
    slice bytes = held_bytes_peek(s->held);
    while (bytes.len > 0 && bytes.data[bytes.len - 1] != '\n')
        bytes.len--;
    return bytes.len;
}

typedef enum lost_verdict { LOST_UNDECIDED, LOST_COMMAND, LOST_MESSAGE, LOST_LINE } lost_verdict;

/* What do the held bytes show? *len_r: the bytes in front of it that fit nowhere. */
static lost_verdict judge_lost(const smtp_session *s, gsize *len_r)
{
    slice bytes = slice_head(held_bytes_peek(s->held), 2 * LIMIT_GUESS_BYTES), rest = bytes;
    const guint8 *lf;

    for (guint lines = 0; rest.len && (lf = memchr(rest.data, '\n', rest.len)); lines++) {
        slice line = slice_head(rest, (gsize)(lf - rest.data));
        gsize at = (gsize)(rest.data - bytes.data), whole = line.len + 1;
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        *len_r = at;
        if (smtp_command_is_certain(line))
            return LOST_COMMAND;
        if (slice_is(line, "."))
            *len_r = at + whole;
        if (slice_is(line, ".") || lines == 2)
            return at > 0 && is_text(slice_head(bytes, at)) ? LOST_MESSAGE : LOST_LINE;
        rest = slice_from(rest, whole);
    }
    if (bytes.len < LIMIT_GUESS_BYTES)
        return LOST_UNDECIDED;
    *len_r = bytes.len;
    return is_text(bytes) ? LOST_MESSAGE : LOST_LINE;
}

/* 354 was said; DATA itself is lost. */
static void begin_promised(smtp_session *s)
{
    s->data_promised = FALSE;
    smtp_begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE, 0);
}

/* TRUE: something was decided. */
static gboolean decide_lost(smtp_session *s, gboolean force)
{
    gsize len = 0;
    if (s->data_promised && held_bytes_peek(s->held).len > 0) {
        begin_promised(s);
        return TRUE;
    }
    switch (judge_lost(s, &len)) {
    case LOST_COMMAND:
        smtp_held_show(s, len);
        s->state = CLIENT_COMMANDS;
        return TRUE;
    case LOST_MESSAGE:
        smtp_begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_MIDDLE, ANOMALY_BIT(ANOMALY_LOST_BYTES));
        return TRUE;
    case LOST_LINE:
        smtp_held_show(s, len);
        return TRUE;
    case LOST_UNDECIDED:
        break;
    }
    if (!force && !held_bytes_gap_follows(s->held))
        return FALSE;
    smtp_held_show(s, G_MAXSIZE);
    return TRUE;
}

/* Tries to find out what the held bytes are. FALSE: not yet. */
static gboolean decide(smtp_session *s, gboolean force)
{
    slice line;
    if (held_bytes_is_empty(s->held))
        return FALSE;
    if (s->state == CLIENT_LOST)
        return held_bytes_length(s->held) > 0 ? decide_lost(s, force) : held_bytes_gap_follows(s->held);
    if (s->state != CLIENT_MESSAGE_HOLE && answer_can_come(s) && !force)
        return FALSE;
    if (!first_held_line(s, force, &line))
        return FALSE;
    if (s->state == CLIENT_MESSAGE_HOLE)
        decide_behind_hole(s, line);
    else
        decide_unanswered(s, line);
    return TRUE;
}

/* The hole stands at the next byte to be read. */
static void cross_client_gap(smtp_session *s, guint64 missing)
{
    dot_piece piece;
    text_line line;

    if (line_reader_flush(s->client.lines, &line))
        smtp_emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    if (s->state == CLIENT_LOST && s->data_promised)
        begin_promised(s);
    if (s->state == CLIENT_MESSAGE && dot_decoder_flush(s->dots, &piece))
        smtp_emit_message_data(s, piece.run, piece.start, piece.end);
    if (s->state == CLIENT_BLOB)
        smtp_client_show_blob(s, 0);
    smtp_emit_gap(s, MAIL_CLIENT, &s->client, missing);
    s->blob_start = s->client.in.offset;
    if (s->tls == TLS_OPAQUE)
        return;
    switch (s->state) {
    case CLIENT_MESSAGE:
    case CLIENT_MESSAGE_HOLE:
        s->message_hole = TRUE;
        s->state = CLIENT_MESSAGE_HOLE;
        break;
    case CLIENT_CHUNK:
    case CLIENT_BLOB:
        smtp_client_skip_octets(s, missing);
        break;
    default:
        s->state = CLIENT_LOST;
        s->lost = COMMANDS_LOST;
        s->chunks_lost = TRUE;
        s->message_hole |= s->message_open; /* between the chunks of one */
        break;
    }
}

void smtp_held_read(smtp_session *s, gboolean force)
{
    guint64 missing;

    while (!held_bytes_is_empty(s->held)) {
        slice bytes = held_bytes_peek(s->held);
        if (bytes.len == 0 && (!smtp_client_waits(s) || s->state == CLIENT_LOST || s->state == CLIENT_MESSAGE_HOLE)) {
            (void)held_bytes_take_gap(s->held, &missing);
            cross_client_gap(s, missing);
        } else if (smtp_client_waits(s)) {
            if (!decide(s, force))
                return;
        } else {
            s->client.in.bytes = bytes;
            smtp_client_read(s);
            held_bytes_skip(s->held, bytes.len - s->client.in.bytes.len);
            s->client.in.bytes = SLICE_EMPTY;
        }
    }
}

void smtp_held_feed(smtp_session *s, slice bytes)
{
    s->client.seen = TRUE;
    if (s->spoke_last == MAIL_SERVER && s->state == CLIENT_MESSAGE && s->message_hole)
        s->state = CLIENT_MESSAGE_HOLE; /* the end may have been in there, and the server has answered */
    if (s->lost != CERTAIN && s->spoke_last == MAIL_SERVER) {
        smtp_forget_questions(s); /* the client goes on: its questions were answered in the hole */
        s->lost = CERTAIN;
    }
    s->spoke_last = MAIL_CLIENT;
    if (held_bytes_is_empty(s->held)) {
        s->client.in.bytes = bytes;
        smtp_client_read(s);
        bytes = s->client.in.bytes;
        s->client.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->held, bytes);
    smtp_held_read(s, FALSE);
}
