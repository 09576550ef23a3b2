/* line_reader.h
 * Collects the lines of a stream that arrives in pieces.
 *
 * RFC 5321 2.3.8 knows one line end, CRLF. Real peers also send a bare LF (telnet by
 * hand, scripts, servers with Unix line ends); it ends the line and is marked BARE_LF.
 * A CR that no LF follows does not end a line and is marked BARE_CR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_LINE_READER_H
#define MAILXTRA_LINE_READER_H

#include "anomaly.h"
#include "stream_cursor.h"

typedef struct line_reader line_reader;

typedef struct text_line {
    slice line;            /* without its terminator; cut at LIMIT_LINE_BYTES */
    guint64 start, end;    /* in the stream, bytes, terminator (and what was cut) included */
    gboolean ended;        /* FALSE: the stream stopped in the middle of it */
    anomaly_set anomalies; /* BARE_LF, BARE_CR, LINE_TOO_LONG */
} text_line;

line_reader *line_reader_new(void);
void line_reader_free(line_reader *reader);

/* The next whole line from what is pending and *in. TRUE: *line_r is set and *in stands
 * behind the line; its bytes are borrowed from *in or from the reader and valid until the next
 * call on it. FALSE: *in is used up, a begun line is kept. */
gboolean line_reader_next(line_reader *reader, stream_cursor *in, text_line *line_r);

/* Bytes of a begun line that wait for the rest (those passed over count too). */
guint64 line_reader_pending(const line_reader *reader);

/* Gives the begun line as it is, `ended` FALSE, and forgets it. FALSE: there is none. */
gboolean line_reader_flush(line_reader *reader, text_line *line_r);

#endif
