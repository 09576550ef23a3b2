/* line_scan.h
 * Where the lines of a message end: in CRLF, in LF, or in a CR that no LF follows (old Macintosh mailers, and
 * senders who hope that the reader's idea of a line is not the filter's). docs/mime.md says why.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_LINE_SCAN_H
#define MAILXTRA_LINE_SCAN_H

#include "slice.h"

/* Knows where the next LF is: a message with nothing but CR would be searched for LF from each of its lines. */
typedef struct line_scan {
    slice bytes;
    gsize from, lf; /* the first LF at or behind `from` is at `lf` (bytes.len: none) */
    gsize text;     /* where the CRs that stand in front of that LF begin; they belong to it ("\r\r\n") */
} line_scan;

static inline line_scan line_scan_of(slice bytes)
{
    return (line_scan){bytes, G_MAXSIZE, 0, 0};
}

static inline gsize line_scan_find(slice bytes, guint8 c, gsize from, gsize to)
{
    const guint8 *p = from < to ? memchr(bytes.data + from, c, to - from) : NULL;
    return p ? (gsize)(p - bytes.data) : to;
}

/* Sets lf and text for the lines at `at`. */
static inline void line_scan_seek(line_scan *s, gsize at)
{
    gsize known = s->from, limit = s->bytes.len;
    if (known <= at && at <= s->lf)
        return;
    s->from = at;
    if (at < known && known < limit) {
        gsize lf = line_scan_find(s->bytes, '\n', at, known);
        if (lf == known)
            return; /* the same LF as before */
        s->lf = lf;
    } else {
        s->lf = line_scan_find(s->bytes, '\n', at, limit);
    }
    s->text = s->lf;
    while (s->lf < limit && s->text > at && s->bytes.data[s->text - 1] == '\r')
        s->text--;
}

/* Where the line that begins at `at` ends, its line end included; bytes.len when it has none. */
static inline gsize line_scan_end(line_scan *s, gsize at)
{
    line_scan_seek(s, at);
    gsize cr = line_scan_find(s->bytes, '\r', at, MAX(at, s->text));
    if (cr < s->text)
        return cr + 1;
    return MIN(s->lf + 1, s->bytes.len);
}

/* Does the line that ends at `end` (as line_scan_end() says) end in a CR alone? */
static inline gboolean line_scan_is_bare_cr(const line_scan *s, gsize end)
{
    return end > 0 && end <= s->bytes.len && s->bytes.data[end - 1] == '\r';
}

/* Bytes without the line end behind them, if there is one. */
static inline slice line_scan_chomp(slice line)
{
    if (line.len && line.data[line.len - 1] == '\n')
        line.len--;
    while (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

#endif
