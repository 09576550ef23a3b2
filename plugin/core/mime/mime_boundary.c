/* mime_boundary.c
 * The boundary lines of a message: whole ones, what a hole has left of one, and boundaries that no
 * parameter names. mime_parser.c has the grammar.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_parser_private.h"

#include "boundary_scan.h"
#include "charset.h"
#include "mime_fields.h"
#include "rfc822_lexer.h"

gboolean mime_boundary_is(const GByteArray *boundary, slice delimiter, gboolean *closing_r)
{
    gsize extra = delimiter.len - boundary->len;
    if (delimiter.len < boundary->len || (extra != 0 && extra != 2))
        return FALSE;
    if (boundary->len && memcmp(delimiter.data, boundary->data, boundary->len) != 0)
        return FALSE;
    *closing_r = extra == 2;
    return extra == 0 || memcmp(delimiter.data + boundary->len, "--", 2) == 0;
}

gboolean mime_boundary_match(parser *p, gsize at, boundary_match *match)
{
    slice rest = slice_from(p->bytes, at);
    gboolean found = FALSE, closing;
    if (rest.len < 3 || rest.data[0] != '-' || rest.data[1] != '-')
        return FALSE;
    gsize end = line_end(p, at);
    slice delimiter = slice_from(rfc822_trim_right(range(p, at, end)), 2);
    for (guint i = p->levels->len; i-- > 0;) {
        const GByteArray *boundary = level_at(p, i)->boundary;
        if (!boundary || !mime_boundary_is(boundary, delimiter, &closing))
            continue;
        if (found && !(match->closing && !closing))
            continue;
        *match = (boundary_match){.level = i, .closing = closing, .start = at, .end = end};
        found = TRUE;
    }
    return found;
}

gboolean mime_boundary_ends_header(gsize offset, gpointer user)
{
    boundary_match match;
    return mime_boundary_match(user, offset, &match);
}

/* So many bytes of a boundary are enough to know it by. */
enum { BOUNDARY_EVIDENCE = 8 };

/* Is `piece` the end of the boundary line "--BOUNDARY" or "--BOUNDARY--"? */
static gboolean ends_delimiter(const GByteArray *boundary, slice piece, gboolean *closing_r)
{
    *closing_r = piece.len > BOUNDARY_EVIDENCE && memcmp(piece.data + piece.len - 2, "--", 2) == 0 &&
                 !(boundary->len >= 2 && memcmp(boundary->data + boundary->len - 2, "--", 2) == 0);
    if (*closing_r)
        piece.len -= 2;
    return piece.len >= BOUNDARY_EVIDENCE && piece.len <= boundary->len &&
           memcmp(piece.data, boundary->data + boundary->len - piece.len, piece.len) == 0;
}

/* Is `piece` the beginning of it? */
static gboolean begins_delimiter(const GByteArray *boundary, slice piece)
{
    return piece.len >= 2 + BOUNDARY_EVIDENCE && piece.len <= 2 + boundary->len && memcmp(piece.data, "--", 2) == 0 &&
           memcmp(piece.data + 2, boundary->data, piece.len - 2) == 0;
}

/* Of the line [at, end) with a hole in front of byte `hole`: is what is left of it a boundary?
 *   ... hole --b CRLF          the hole took the line end in front of it
 *   ... hole ndary CRLF        and some of the boundary; --bou hole ndary CRLF: only of it
 *   --bounda hole ...          the boundary's end and what comes behind
 * Boundaries of one message are much alike; the innermost is tried first, since a boundary of an
 * outer multipart puts things right later. */
static gboolean find_damaged(parser *p, gsize at, gsize hole, gsize end, boundary_match *match)
{
    if (mime_boundary_match(p, hole, match)) {
        match->hole = hole;
        return TRUE;
    }
    slice before = range(p, at, hole), behind = rfc822_trim_right(range(p, hole, end));
    for (guint i = p->levels->len; i-- > 0;) {
        const GByteArray *boundary = level_at(p, i)->boundary;
        gboolean closing = FALSE;
        if (!boundary)
            continue;
        gboolean begins = begins_delimiter(boundary, before);
        gboolean ends = behind.len && ends_delimiter(boundary, behind, &closing);
        if (!begins && !ends)
            continue;
        *match = (boundary_match){.level = i,
                                  .closing = closing,
                                  .start = begins ? at : hole,
                                  .end = ends ? end : hole,
                                  .hole = hole,
                                  .intact_before = begins && ends};
        return TRUE;
    }
    return FALSE;
}

/* The hole inside of the line [at, end), the last of them; 0: none. */
static gsize hole_in_line(parser *p, gsize at, gsize end)
{
    gsize hole = 0;
    const mime_source *m = p->source;
    for (; p->gap < m->gap_count && m->gaps[p->gap].offset < end; p->gap++) {
        if (m->gaps[p->gap].offset >= at)
            hole = m->gaps[p->gap].offset;
    }
    return hole;
}

/* Does a MIME field of a body part begin at s? */
static gboolean begins_mime_field(slice s)
{
    static const char *const names[] = {
        "Content-Type:", "Content-Disposition:", "Content-Transfer-Encoding:", "Content-ID:"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (slice_begins(s, names[i]))
            return TRUE;
    }
    return FALSE;
}

/* A hole that swallowed a boundary and the first of the header behind it, but left a field: a part of the
 * innermost multipart begins there, and its body may well be whole. `end`: of the hole's line. */
static gboolean find_orphan(const parser *p, gsize hole, gsize end, boundary_match *match)
{
    gboolean at_hole = begins_mime_field(slice_from(p->bytes, hole));
    if (!at_hole && !begins_mime_field(slice_from(p->bytes, end)))
        return FALSE;
    for (guint i = p->levels->len; i-- > 0;) {
        if (!level_at(p, i)->boundary)
            continue;
        *match = (boundary_match){.level = i, .start = hole, .end = at_hole ? hole : end, .hole = hole, .orphan = TRUE};
        return TRUE;
    }
    return FALSE;
}

/* Passes over lines that can be no boundary and have no hole. Bytes are looked at once, whatever their lines are. */
static void pass_plain_lines(parser *p)
{
    const mime_source *m = p->source;
    gsize limit = p->gap < m->gap_count ? m->gaps[p->gap].offset : p->bytes.len;
    if (p->at < p->plain || p->bytes.data[p->at] == '-')
        return;
    p->plain = boundary_scan_plain(p->bytes, p->at, limit);
    p->at = boundary_scan_line_start(p->bytes, p->at, p->plain);
}

gboolean mime_boundary_next(parser *p, boundary_match *match)
{
    if (p->has_pending) {
        *match = p->pending;
        p->has_pending = FALSE;
        return TRUE;
    }
    while (p->at < p->bytes.len) {
        pass_plain_lines(p);
        if (mime_boundary_match(p, p->at, match))
            return TRUE;
        gsize end = line_end(p, p->at);
        gsize hole = hole_in_line(p, p->at, end);
        if (hole && (find_damaged(p, p->at, hole, end, match) || find_orphan(p, hole, end, match)))
            return TRUE;
        p->at = end;
    }
    return FALSE;
}

gboolean mime_boundary_find_pending(parser *p, gsize end)
{
    const mime_source *m = p->source;
    for (gsize at = p->at, next; at < end && p->gap < m->gap_count; at = next) {
        next = line_end(p, at);
        gsize hole = hole_in_line(p, at, next);
        if (hole && find_damaged(p, at, hole, next, &p->pending))
            return TRUE;
    }
    return FALSE;
}

/* A multipart without a boundary parameter: the first line "--x" with a Content- field behind it
 * names one. NULL: there is none near. */
static GByteArray *guess_boundary(parser *p, gsize at)
{
    boundary_match outer;
    gsize limit = MIN(p->bytes.len, at + GUESS_BYTES);
    for (gsize end; at < limit; at = end) {
        end = line_end(p, at);
        slice line = rfc822_trim_right(range(p, at, end));
        if (line.len < 3 || !slice_begins(line, "--"))
            continue;
        if (mime_boundary_match(p, at, &outer))
            return NULL;
        if (slice_begins(slice_from(p->bytes, end), "Content-"))
            return g_byte_array_append(g_byte_array_new(), line.data + 2, (guint)(line.len - 2));
    }
    return NULL;
}

/* ---- the boundary of a multipart ---- */

static gboolean has_gap(const mime_source *m, gsize from, gsize to)
{
    for (guint i = 0; i < m->gap_count && m->gaps[i].offset <= to; i++) {
        if (m->gaps[i].offset >= from)
            return TRUE;
    }
    return FALSE;
}

static GByteArray *set_boundary(mime_part *part, GByteArray *boundary)
{
    slice bytes = {boundary->data, boundary->len};
    g_free(part->boundary);
    part->boundary = charset_one_line(charset_to_utf8(bytes, SLICE_EMPTY, NULL));
    return boundary;
}

GByteArray *mime_boundary_recover(parser *p, mime_part *part, GByteArray *declared)
{
    gsize body = part->header_offset + part->header_length;
    gboolean lost =
        !part->parent && !header_find(part->fields, "Content-Type") && has_gap(p->source, part->header_offset, body);
    GByteArray *boundary = lost || has_type(part, "multipart/") ? guess_boundary(p, body) : NULL;
    if (boundary ? lost || has_type(part, "multipart/") : has_type(part, "multipart/"))
        part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_BOUNDARY);
    if (!boundary)
        return declared; /* with an empty boundary "--" is the delimiter */
    if (declared)
        g_byte_array_unref(declared);
    if (lost) {
        g_free(part->type);
        part->type = g_strdup("multipart/mixed");
    }
    return set_boundary(part, boundary);
}

/* RFC 2046 5.1.1: 1 to 70 characters. */
enum { BOUNDARY_BYTES = 70 };

static void check_boundary(const parser *p, mime_part *part, const GByteArray *boundary)
{
    if (boundary->len > BOUNDARY_BYTES)
        part->anomalies |= ANOMALY_BIT(ANOMALY_LONG_BOUNDARY);
    for (guint i = 0; i < p->levels->len; i++) {
        const GByteArray *outer = level_at(p, i)->boundary;
        if (outer && outer->len == boundary->len &&
            (outer->len == 0 || memcmp(outer->data, boundary->data, outer->len) == 0))
            part->anomalies |= ANOMALY_BIT(ANOMALY_BOUNDARY_REUSED);
    }
}

GByteArray *mime_boundary_of(parser *p, mime_part *part)
{
    GByteArray *boundary = has_type(part, "multipart/") ? mime_fields_boundary(part) : NULL;
    if (!boundary || boundary->len == 0)
        boundary = mime_boundary_recover(p, part, boundary);
    if (boundary)
        check_boundary(p, part, boundary);
    return boundary;
}
