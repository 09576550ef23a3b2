/* dot_decoder.c
 * RFC 5321 4.1.1.4: the message is ended by <CRLF> "." <CRLF>; the first <CRLF> belongs to
 * the message. 4.5.2: a line that begins with "." has got one more by the sender; the receiver
 * removes a leading "." when other characters follow on the line.
 *
 * Policy where real software disagrees (SMTP smuggling, CVE-2023-51764 and its kin): only CRLF
 * ends a line, so LF.LF, LF.CRLF, CRLF.LF, CR.CR, CR.LF, CRLF.CR are message bytes, and a
 * dot behind a bare LF is not stuffing (curl with a Unix file sends it unstuffed). Each is reported as
 * DOT_AMBIGUOUS. When the peer ends its own command lines with bare LF, LF ends a line
 * here too.
 *
 * What is held back: only what begins with a dot at the beginning of a line, at most ".<CR><LF>".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dot_decoder.h"

/* What was seen last. SEEN_DOT: the dot and what follows it stand in held[]. */
typedef enum dot_state { SEEN_TEXT, SEEN_CR, SEEN_LINE_END, SEEN_BARE_LF, SEEN_HOLE, SEEN_DOT } dot_state;

struct dot_decoder {
    dot_state state;
    dot_state before_dot; /* SEEN_DOT: what stood in front of the dot */
    gboolean lf_ends_lines;
    guint8 held[4];
    guint held_len;
    gboolean told;      /* DOT_AMBIGUOUS was said of held[] */
    guint64 held_start; /* of the dot in the stream */
    guint8 given[4];    /* bytes handed out of held[] */
    anomaly_set anomalies;
};

dot_decoder *dot_decoder_new(void)
{
    dot_decoder *decoder = g_new0(dot_decoder, 1);
    dot_decoder_start(decoder, DOT_BEGIN_LINE, FALSE);
    return decoder;
}

void dot_decoder_free(dot_decoder *decoder)
{
    g_free(decoder);
}

void dot_decoder_start(dot_decoder *decoder, dot_begin begin, gboolean lf_ends_lines)
{
    *decoder =
        (dot_decoder){.state = begin == DOT_BEGIN_LINE ? SEEN_LINE_END : SEEN_HOLE, .lf_ends_lines = lf_ends_lines};
}

anomaly_set dot_decoder_anomalies(const dot_decoder *decoder)
{
    return decoder->anomalies;
}

/* The state behind an LF; `behind_cr`: a CR (or a hole, which may have eaten one) stands before it. */
static dot_state state_after_lf(dot_decoder *decoder, gboolean behind_cr)
{
    if (behind_cr)
        return SEEN_LINE_END;
    decoder->anomalies |= ANOMALY_BIT(ANOMALY_BARE_LF);
    return decoder->lf_ends_lines ? SEEN_LINE_END : SEEN_BARE_LF;
}

/* Bytes compared at once, with the compiler's vector types: one instruction where the machine has it. */
typedef guint8 byte_vector __attribute__((vector_size(16)));
#define VECTORS_IN_BLOCK 4
#define BLOCK_BYTES (VECTORS_IN_BLOCK * (gssize)sizeof(byte_vector))

/* Is nothing in the block but lines that end in CRLF, none of which begins with a dot, and no dot behind a CR? The
 * byte in front of it is looked at, too. */
static gboolean is_plain_block(const guint8 *block)
{
    byte_vector odd = {0};
    guint64 halves[2];
    for (int i = 0; i < VECTORS_IN_BLOCK; i++) {
        byte_vector byte, before;
        memcpy(&byte, block + i * sizeof byte, sizeof byte);
        memcpy(&before, block + i * sizeof byte - 1, sizeof before);
        byte_vector behind_cr = (byte_vector)(before == '\r'), behind_lf = (byte_vector)(before == '\n');
        odd |= (byte_vector)(byte == '.') & (behind_cr | behind_lf);
        odd |= (byte_vector)(byte == '\n') & ~behind_cr;
    }
    memcpy(halves, &odd, sizeof halves);
    return !(halves[0] | halves[1]);
}

/* Passes over plain blocks. Stops one byte before what is not known to be plain, as that byte tells what it means. */
static const guint8 *skip_plain_blocks(const guint8 *at, const guint8 *stop)
{
    const guint8 *block = at + 1;
    while (stop - block >= BLOCK_BYTES && is_plain_block(block))
        block += BLOCK_BYTES;
    return block - 1;
}

/* How many bytes from text on are plain message bytes: up to a dot that has to be looked at,
 * or to the end. Leaves the state as it is behind them. */
static gsize plain_length(dot_decoder *decoder, slice text)
{
    const guint8 *at = text.data, *stop = text.data + text.len;
    gboolean cr_before = decoder->state == SEEN_CR || decoder->state == SEEN_HOLE;

    while (at < stop) {
        if (*at != '\n')
            at = skip_plain_blocks(at, stop);
        const guint8 *lf = memchr(at, '\n', (gsize)(stop - at));
        const guint8 *end = lf ? lf : stop, *cr = at;
        while (cr < end && (cr = memchr(cr, '\r', (gsize)(end - cr)))) {
            cr++;
            if (cr < end && *cr == '.') {
                decoder->state = SEEN_CR;
                return (gsize)(cr - text.data);
            }
        }
        if (!lf)
            break;
        decoder->state = state_after_lf(decoder, lf > text.data ? lf[-1] == '\r' : cr_before);
        at = lf + 1;
        if (at < stop && *at == '.')
            return (gsize)(at - text.data);
    }
    if (at < stop)
        decoder->state = stop[-1] == '\r' ? SEEN_CR : SEEN_TEXT;
    return text.len;
}

/* The dot was no end: what is held goes out as message bytes, without the dot when it was
 * stuffing. FALSE: nothing was left to go out. */
static gboolean release(dot_decoder *decoder, dot_piece *piece_r)
{
    guint stuffing = decoder->before_dot == SEEN_LINE_END ? 1 : 0;
    guint8 last = decoder->held[decoder->held_len - 1];
    guint len = decoder->held_len - stuffing;

    memcpy(decoder->given, decoder->held + stuffing, len);
    *piece_r = (dot_piece){
        .run = {decoder->given, len}, .start = decoder->held_start, .end = decoder->held_start + decoder->held_len};
    if (last == '\n')
        decoder->state = state_after_lf(decoder, decoder->held_len > 2);
    else
        decoder->state = last == '\r' ? SEEN_CR : SEEN_TEXT;
    decoder->held_len = 0;
    return len > 0;
}

static dot_result found(dot_decoder *decoder, dot_result result, dot_piece *piece_r)
{
    *piece_r = (dot_piece){.start = decoder->held_start, .end = decoder->held_start + decoder->held_len};
    if (result == DOT_END) {
        decoder->held_len = 0;
        decoder->state = SEEN_LINE_END;
    }
    return result;
}

/* One more byte while a dot is held. DOT_MORE: read on; DOT_RUN: bytes were released. */
static dot_result after_dot(dot_decoder *decoder, stream_cursor *in, dot_piece *piece_r)
{
    guint8 byte = in->bytes.data[0], last = decoder->held[decoder->held_len - 1];
    gboolean at_line = decoder->before_dot == SEEN_LINE_END || decoder->before_dot == SEEN_HOLE;

    if ((last == '.' && (byte == '\r' || byte == '\n')) || (last == '\r' && byte == '\n')) {
        decoder->held[decoder->held_len++] = byte;
        stream_cursor_take(in, 1);
        if (byte == '\r')
            return DOT_MORE;
        if (at_line && (last == '\r' || decoder->lf_ends_lines))
            return found(decoder, DOT_END, piece_r);
        return found(decoder, DOT_AMBIGUOUS, piece_r);
    }
    if (last == '\r' && !decoder->told) { /* ".<CR>" and then something else; that byte stays unread */
        decoder->told = TRUE;
        return found(decoder, DOT_AMBIGUOUS, piece_r);
    }
    return release(decoder, piece_r) ? DOT_RUN : DOT_MORE;
}

dot_result dot_decoder_next(dot_decoder *decoder, stream_cursor *in, dot_piece *piece_r)
{
    while (in->bytes.len > 0) {
        gsize len;
        if (decoder->state == SEEN_DOT) {
            dot_result result = after_dot(decoder, in, piece_r);
            if (result != DOT_MORE)
                return result;
        } else if (decoder->state != SEEN_TEXT && in->bytes.data[0] == '.') {
            decoder->before_dot = decoder->state;
            decoder->state = SEEN_DOT;
            decoder->held_start = in->offset;
            decoder->held[0] = '.';
            decoder->held_len = 1;
            decoder->told = FALSE;
            stream_cursor_take(in, 1);
        } else {
            piece_r->start = in->offset;
            len = plain_length(decoder, in->bytes);
            piece_r->run = stream_cursor_take(in, len);
            piece_r->end = in->offset;
            return DOT_RUN;
        }
    }
    return DOT_MORE;
}

gboolean dot_decoder_flush(dot_decoder *decoder, dot_piece *piece_r)
{
    gboolean given = FALSE;
    if (decoder->state == SEEN_DOT) {
        gboolean stuffing_or_end = decoder->before_dot == SEEN_LINE_END && decoder->held[decoder->held_len - 1] != '\n';
        given = release(decoder, piece_r) && !stuffing_or_end;
    }
    decoder->state = SEEN_HOLE;
    return given;
}

gboolean dot_decoder_could_end_here(const dot_decoder *decoder, dot_piece *piece_r)
{
    if (decoder->state != SEEN_DOT || decoder->held_len < 2)
        return FALSE;
    *piece_r = (dot_piece){.start = decoder->held_start, .end = decoder->held_start + decoder->held_len};
    return TRUE;
}
