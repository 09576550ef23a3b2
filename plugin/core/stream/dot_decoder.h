/* dot_decoder.h
 * Undoes the dot-stuffing of message data (RFC 5321 4.5.2, RFC 1939 3) and finds its end.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_DOT_DECODER_H
#define MAILXTRA_DOT_DECODER_H

#include "anomaly.h"
#include "stream_cursor.h"

typedef struct dot_decoder dot_decoder;

typedef enum dot_result {
    DOT_MORE,      /* the input is used up */
    DOT_RUN,       /* piece.run: the next bytes of the message */
    DOT_AMBIGUOUS, /* piece.start..end could be an end of data for some servers; taken as message bytes */
    DOT_END        /* piece.start..end is the "." line that ends the message */
} dot_result;

typedef struct dot_piece {
    slice run;          /* borrowed from the input, or from the decoder until the next call */
    guint64 start, end; /* what it stands for in the stream, bytes */
} dot_piece;

typedef enum dot_begin {
    DOT_BEGIN_LINE,  /* the first byte begins a line: the message's own beginning */
    DOT_BEGIN_MIDDLE /* the stream begins, or goes on behind a hole, anywhere in the message */
} dot_begin;

dot_decoder *dot_decoder_new(void);
void dot_decoder_free(dot_decoder *decoder);

/* Begins a message. `lf_ends_lines`: the peer ends its lines with a bare LF (its command or
 * reply line did), so LF.LF ends the message as well. */
void dot_decoder_start(dot_decoder *decoder, dot_begin begin, gboolean lf_ends_lines);

/* The next thing from *in; call until DOT_MORE or DOT_END. Linear in the input; a run is as
 * long as possible. Behind DOT_END *in stands at the next byte after the "." line. */
dot_result dot_decoder_next(dot_decoder *decoder, stream_cursor *in, dot_piece *piece_r);

/* The stream is cut here (its end, or a hole): gives the held back bytes that belong to the
 * message. FALSE: none. A "." or ".<CR>" that begins a line is not given: it is stuffing or a cut
 * terminator. After it the decoder stands in the middle of a message of unknown place. */
gboolean dot_decoder_flush(dot_decoder *decoder, dot_piece *piece_r);

/* Do the bytes read last form what some servers take for the end of data (LF.LF and its
 * kin), with nothing behind it? If so sets *piece_r to it (start..end). The caller knows from the peer's answer. */
gboolean dot_decoder_could_end_here(const dot_decoder *decoder, dot_piece *piece_r);

/* BARE_LF when a line of the message so far ended in one. */
anomaly_set dot_decoder_anomalies(const dot_decoder *decoder);

#endif
