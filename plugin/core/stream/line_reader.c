/* line_reader.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "line_reader.h"
#include "limits.h"

struct line_reader {
    GByteArray *begun; /* the line's bytes from earlier pieces, at most LIMIT_LINE_BYTES + 1 (room for a CR); NULL:
                        * no line came in pieces so far */
    guint64 start;     /* of the begun line in the stream */
    guint64 seen;      /* bytes of it in the stream; more than begun->len when the line was cut */
    gboolean spent;    /* begun holds the line given out last */
};

line_reader *line_reader_new(void)
{
    return g_new0(line_reader, 1);
}

void line_reader_free(line_reader *reader)
{
    if (!reader)
        return;
    if (reader->begun)
        g_byte_array_unref(reader->begun);
    g_free(reader);
}

static void forget(line_reader *reader)
{
    g_byte_array_set_size(reader->begun, 0);
    reader->seen = 0;
    reader->spent = FALSE;
}

static void keep(line_reader *reader, slice bytes, guint64 offset)
{
    if (!reader->begun)
        reader->begun = g_byte_array_new();
    gsize room = LIMIT_LINE_BYTES + 1 - reader->begun->len;
    if (reader->seen == 0)
        reader->start = offset;
    reader->seen += bytes.len;
    if (MIN(room, bytes.len) > 0)
        g_byte_array_append(reader->begun, bytes.data, (guint)MIN(room, bytes.len));
}

/* Judges a line whose text still has its CR (but not its LF); cuts and trims it. */
static void finish(text_line *line)
{
    slice *text = &line->line;
    gboolean whole = text->len <= LIMIT_LINE_BYTES || line->end - line->start == text->len + (line->ended ? 1 : 0);

    if (whole && text->len && text->data[text->len - 1] == '\r')
        text->len--;
    else if (whole && line->ended)
        line->anomalies |= ANOMALY_BIT(ANOMALY_BARE_LF);
    if (text->len > LIMIT_LINE_BYTES) {
        line->anomalies |= ANOMALY_BIT(ANOMALY_LINE_TOO_LONG);
        *text = slice_head(*text, LIMIT_LINE_BYTES);
    }
    if (text->len && memchr(text->data, '\r', text->len))
        line->anomalies |= ANOMALY_BIT(ANOMALY_BARE_CR);
}

gboolean line_reader_next(line_reader *reader, stream_cursor *in, text_line *line_r)
{
    const guint8 *lf;
    guint64 offset = in->offset;
    slice piece;

    if (reader->spent)
        forget(reader);
    if (in->bytes.len == 0)
        return FALSE;
    lf = memchr(in->bytes.data, '\n', in->bytes.len);
    piece = stream_cursor_take(in, lf ? (gsize)(lf - in->bytes.data) + 1 : in->bytes.len);
    if (!lf) {
        keep(reader, piece, offset);
        return FALSE;
    }
    *line_r = (text_line){.ended = TRUE, .start = offset, .end = in->offset};
    piece.len--; /* the LF */
    if (reader->seen) {
        keep(reader, piece, offset);
        line_r->start = reader->start;
        piece = (slice){reader->begun->data, reader->begun->len};
        reader->spent = TRUE;
    } else if (piece.len > LIMIT_LINE_BYTES + 1) {
        piece.len = LIMIT_LINE_BYTES + 1;
    }
    line_r->line = piece;
    finish(line_r);
    return TRUE;
}

guint64 line_reader_pending(const line_reader *reader)
{
    return reader->spent ? 0 : reader->seen;
}

gboolean line_reader_flush(line_reader *reader, text_line *line_r)
{
    if (reader->spent)
        forget(reader);
    if (reader->seen == 0)
        return FALSE;
    *line_r = (text_line){
        .line = {reader->begun->data, reader->begun->len}, .start = reader->start, .end = reader->start + reader->seen};
    reader->spent = TRUE;
    finish(line_r);
    return TRUE;
}
