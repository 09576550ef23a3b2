/* base64_lines.h
 * The fast way through base64 (RFC 2045 6.8) that is in order: whole quanta, and the line ends between them. What is
 * odd is left to cte_decoder.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_BASE64_LINES_H
#define MAILXTRA_BASE64_LINES_H

#include "slice.h"

typedef struct base64_lines {
    const guint8 *at, *stop; /* what is not read yet; `at` is where a quantum begins */
    guint8 *out;             /* where the next byte goes */
    guint64 column;          /* characters since the last line end */
    gboolean any_line;       /* a line end was passed */
    gboolean standard;       /* "+" or "/" was among the characters */
} base64_lines;

/* Bytes that base64_lines_decode() may write to for so many characters, more than it leaves there. */
static inline gsize base64_lines_room(gsize characters)
{
    return characters / 4 * 3 + 32;
}

/* Decodes up to what is neither a whole quantum nor a line end (LF or CRLF) behind one, or to the end, and moves on
 * `at` and `out`, which has base64_lines_room(). Uses what the processor has. */
void base64_lines_decode(base64_lines *lines);

/* The same in plain C, which the others are measured by. */
void base64_lines_decode_plain(base64_lines *lines);

#endif
