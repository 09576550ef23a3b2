/* imap_held.c
 * What an IMAP client's bytes are while that is not known: behind STARTTLS and COMPRESS they are held until the
 * server's answer. Where no answer can come, the bytes themselves are asked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_session_private.h"

void imap_held_show(imap_session *s, anomaly_set anomalies)
{
    guint64 missing;
    text_line line;

    while (!held_bytes_is_empty(s->held)) {
        slice bytes = held_bytes_peek(s->held);
        s->client.in.bytes = bytes;
        while (line_reader_next(s->client.lines, &s->client.in, &line))
            imap_emit_text(s, MAIL_CLIENT, &line, anomalies);
        if (line_reader_flush(s->client.lines, &line))
            imap_emit_text(s, MAIL_CLIENT, &line, anomalies);
        held_bytes_skip(s->held, bytes.len);
        if (held_bytes_take_gap(s->held, &missing))
            imap_emit_gap(s, MAIL_CLIENT, missing, 0);
    }
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
        imap_start_tls(s);
        return TRUE;
    }
    if (!lf && bytes.len < LIMIT_GUESS_BYTES && !force && !held_bytes_gap_follows(s->held))
        return FALSE;
    line = slice_head(bytes, lf ? (gsize)(lf - bytes.data) : LIMIT_GUESS_BYTES);
    if (line.len && s->hold == HOLD_COMPRESS && !(is_text(line) && imap_command_parse(line, &command)))
        imap_start_compression(s);
    s->hold = HOLD_NOT;
    return TRUE;
}

static void inflate_held(imap_session *s, slice bytes)
{
    GByteArray *wire = g_byte_array_new();

    g_byte_array_append(wire, bytes.data, (guint)bytes.len);
    held_bytes_skip(s->held, bytes.len);
    s->held_is_compressed = !held_bytes_is_empty(s->held);
    imap_feed_compressed(s, MAIL_CLIENT, (slice){wire->data, wire->len}, imap_held_feed);
    g_byte_array_unref(wire);
}

void imap_held_read(imap_session *s, gboolean force)
{
    guint64 missing;

    while (!held_bytes_is_empty(s->held)) {
        if (s->hold && !decide_client(s, force))
            return;
        slice bytes = held_bytes_peek(s->held);
        if (bytes.len == 0) {
            if (!held_bytes_take_gap(s->held, &missing))
                return;
            imap_client_cross_gap(s, missing);
        } else if (s->held_is_compressed) {
            inflate_held(s, bytes);
        } else {
            s->client.in.bytes = bytes;
            imap_client_read(s);
            held_bytes_skip(s->held, bytes.len - s->client.in.bytes.len);
            s->client.in.bytes = SLICE_EMPTY;
        }
    }
}

void imap_held_feed(imap_session *s, slice bytes)
{
    if (held_bytes_is_empty(s->held)) {
        s->client.in.bytes = bytes;
        imap_client_read(s);
        bytes = s->client.in.bytes;
        s->client.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->held, bytes);
}
