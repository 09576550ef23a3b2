/* mime_boundary.c
 * The boundary lines of a message: whole ones, what a hole has left of one, and boundaries that no
 * parameter names. mime_parser.c has the grammar.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_parser_private.h"

#include "base64_digit.h"
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

/* Where the boundary is a guess, the opening lines are misspelt, and most likely not the closing one. */
static gboolean is_of_level(const level *l, slice delimiter, gboolean *closing_r)
{
    if (l->boundary && mime_boundary_is(l->boundary, delimiter, closing_r))
        return TRUE;
    return l->boundary && l->declared && l->part->children && mime_boundary_is(l->declared, delimiter, closing_r) &&
           *closing_r;
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
        if (!is_of_level(level_at(p, i), delimiter, &closing))
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

/* Of a line with a hole, `before` and `behind` it: is that what is left of this boundary? */
static gboolean is_left_of(const GByteArray *boundary, slice before, slice behind, gboolean *begins_r, gboolean *ends_r,
                           gboolean *closing_r)
{
    *closing_r = FALSE;
    *begins_r = begins_delimiter(boundary, before);
    *ends_r = behind.len && ends_delimiter(boundary, behind, closing_r);
    return *begins_r || *ends_r;
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
        gboolean begins, ends, closing;
        if (!boundary || !is_left_of(boundary, before, behind, &begins, &ends, &closing))
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

/* ---- base64 whose header is lost ---- */

static gboolean has_gap(const mime_source *m, gsize from, gsize to)
{
    guint i = mime_body_first_gap(m, from);
    return i < m->gap_count && m->gaps[i].offset <= to;
}

/* So many characters in a row are hardly a word. */
enum { BASE64_EVIDENCE = 16 };

/* Characters of a line of base64, padding included; 0: it is none. `tail`: the hole may have left few of them. */
static gsize base64_line(slice line, gboolean tail)
{
    gsize digits = 0;
    line = line_scan_chomp(line);
    while (digits < line.len && base64_digit(line.data[digits], '/') >= 0)
        digits++;
    for (gsize i = digits; i < line.len; i++)
        if (line.data[i] != '=' || i > digits + 1)
            return 0;
    return tail || (line.len % 4 == 0 && line.len >= BASE64_EVIDENCE) ? line.len : 0;
}

/* One line may be a word or a key; the next one must be base64 too, or the end of the body, or be hurt. */
gboolean mime_boundary_is_base64(parser *p, gsize at, gsize *skip_r)
{
    enum { LINES = 3 };
    slice first = line_scan_chomp(range(p, at, line_end(p, at)));
    guint gap = mime_body_first_gap(p->source, at);
    gboolean tail = gap < p->source->gap_count && p->source->gaps[gap].offset == at;
    gsize next = tail ? line_end(p, at) : at, end;
    *skip_r = tail ? first.len % 4 : 0;
    if (tail && first.len && !base64_line(first, TRUE))
        return FALSE;
    for (guint lines = 0; lines < LINES; lines++, next = end) {
        boundary_match outer;
        end = line_end(p, next);
        slice line = line_scan_chomp(range(p, next, end));
        gboolean last = line.len == 0 || has_gap(p->source, next + 1, end) || mime_boundary_match(p, next, &outer) ||
                        line.data[0] == '-';
        if (last)
            return lines > 0;
        gboolean short_end = lines > 0 && line.len % 4 == 0 && base64_line(line, TRUE);
        if (!base64_line(line, FALSE) && !short_end)
            return FALSE;
    }
    return TRUE;
}

/* The line in front of the line at `at`, without its line end. */
static slice line_before(const parser *p, gsize at)
{
    enum { FAR = 200 }; /* no line of base64 in mail is as long */
    gsize end = at, begin;
    while (end > 0 && at - end < 2 && (p->bytes.data[end - 1] == '\n' || p->bytes.data[end - 1] == '\r'))
        end--;
    for (begin = end; begin > 0 && end - begin < FAR; begin--)
        if (p->bytes.data[begin - 1] == '\n' || p->bytes.data[begin - 1] == '\r')
            break;
    return range(p, begin, end);
}

/* A hole that swallowed a boundary and all of the header behind it: what was text goes on as base64. A text that has
 * been base64 before, such as OpenPGP's, only goes on. */
static gboolean find_bare(parser *p, gsize at, gsize hole, boundary_match *match)
{
    gsize skip;
    guint open = p->levels->len;
    if (top_part(p)->encoding == MIME_ENCODING_BASE64 || !mime_boundary_is_base64(p, hole, &skip))
        return FALSE;
    if (base64_line(line_before(p, at), FALSE) || base64_line(range(p, at, hole), TRUE) >= BASE64_EVIDENCE)
        return FALSE;
    while (open > 0 && !level_at(p, open - 1)->boundary)
        open--;
    *match = (boundary_match){
        .level = open - 1, .start = hole, .end = hole + skip, .hole = hole, .orphan = TRUE, .bare = TRUE};
    return open > 0;
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
        if (hole && (find_damaged(p, p->at, hole, end, match) || find_orphan(p, hole, end, match) ||
                     find_bare(p, p->at, hole, match)))
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

/* ---- boundaries that no parameter names ---- */

/* Does a header with a Content- field begin at `at`? Lines that begin with "--" end it: they are candidates themselves.
 */
static gboolean is_part_header(parser *p, gsize at)
{
    gboolean any = FALSE; /* what a continuation could continue */
    gsize limit = MIN(p->bytes.len, at + GUESS_HEADER_BYTES);
    for (gsize end; at < limit; at = end) {
        end = line_end(p, at);
        slice line = line_scan_chomp(range(p, at, end));
        if (slice_begins(line, "Content-"))
            return memchr(line.data, ':', line.len) != NULL;
        gboolean field = header_begins_field(line), blank = line.len && (line.data[0] == ' ' || line.data[0] == '\t');
        if (slice_begins(line, "--") || !(field || (blank && (any || slice_trim(line).len == 0))))
            return FALSE;
        any = any || field;
    }
    return FALSE;
}

/* The first line "--x" between `at` and `limit` with the header of a part behind it names a boundary. NULL: there is
 * none in front of the next boundary of a multipart around. */
static GByteArray *guess_boundary(parser *p, gsize at, gsize limit)
{
    boundary_match outer;
    for (gsize end; at < limit; at = end) {
        if (p->bytes.data[at] != '-') {
            end = boundary_scan_line_start(p->bytes, at, boundary_scan_plain(p->bytes, at, limit));
            end = end > at ? end : line_end(p, at);
            continue;
        }
        end = line_end(p, at);
        slice line = rfc822_trim_right(range(p, at, end));
        if (line.len < 3 || !slice_begins(line, "--"))
            continue;
        if (mime_boundary_match(p, at, &outer))
            return NULL;
        if (is_part_header(p, end))
            return g_byte_array_append(g_byte_array_new(), line.data + 2, (guint)(line.len - 2));
    }
    return NULL;
}

/* Is the line [at, end) what a hole has left of the boundary? */
static gboolean is_damaged_one(parser *p, const GByteArray *boundary, gsize at, gsize end)
{
    const mime_source *m = p->source;
    gboolean begins, ends, closing;
    for (guint i = mime_body_first_gap(m, at); i < m->gap_count && m->gaps[i].offset < end; i++) {
        gsize hole = m->gaps[i].offset;
        slice behind = rfc822_trim_right(range(p, hole, end));
        if (is_left_of(boundary, range(p, at, hole), behind, &begins, &ends, &closing))
            return TRUE;
        if (slice_has_prefix(behind, "--") && mime_boundary_is(boundary, slice_from(behind, 2), &closing))
            return TRUE;
    }
    return FALSE;
}

/* Does a part of the multipart begin between `at` and the next boundary of a multipart around it? */
static gboolean boundary_occurs(parser *p, gsize at, const GByteArray *boundary)
{
    const mime_source *m = p->source;
    boundary_match outer;
    gboolean closing;
    for (gsize end; at < p->bytes.len; at = end) {
        guint gap = mime_body_first_gap(m, at);
        gsize limit = gap < m->gap_count ? m->gaps[gap].offset : p->bytes.len;
        if (p->bytes.data[at] != '-' && limit > at + 1) {
            end = boundary_scan_line_start(p->bytes, at, boundary_scan_plain(p->bytes, at, limit));
            if (end > at)
                continue;
        }
        end = line_end(p, at);
        slice line = rfc822_trim_right(range(p, at, end));
        if (line.len >= 2 && line.data[0] == '-' && line.data[1] == '-' &&
            mime_boundary_is(boundary, slice_from(line, 2), &closing) && !closing)
            return TRUE;
        if (limit < end && is_damaged_one(p, boundary, at, end))
            return TRUE;
        if (mime_boundary_match(p, at, &outer))
            return FALSE;
    }
    return FALSE;
}

/* ---- the boundary of a multipart ---- */

static GByteArray *set_boundary(mime_part *part, GByteArray *boundary)
{
    slice bytes = {boundary->data, boundary->len};
    g_free(part->boundary);
    part->boundary = charset_one_line(charset_to_utf8(bytes, SLICE_EMPTY, NULL));
    return boundary;
}

/* Where a hole took the header field away, a text that quotes a message is no reason to take it for a multipart: only
 * the first few kilobytes count. */
static GByteArray *guess_of(parser *p, const mime_part *part, gsize body, gboolean lost)
{
    gboolean wanted = lost || has_type(part, "multipart/");
    return wanted ? guess_boundary(p, body, lost ? MIN(p->bytes.len, body + GUESS_BYTES) : p->bytes.len) : NULL;
}

static gboolean has_boundary(const level *l)
{
    return l->boundary && l->boundary->len;
}

static void recover(parser *p, level *l, gsize body)
{
    mime_part *part = l->part;
    gboolean lost =
        !part->parent && !header_find(part->fields, "Content-Type") && has_gap(p->source, part->header_offset, body);
    GByteArray *boundary = guess_of(p, part, body, lost);
    if (boundary || (has_type(part, "multipart/") && !has_boundary(l)))
        part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_BOUNDARY);
    if (!boundary)
        return; /* with an empty boundary "--" is the delimiter */
    if (lost) {
        g_free(part->type);
        part->type = g_strdup("multipart/mixed");
    }
    if (has_boundary(l))
        l->declared = g_steal_pointer(&l->boundary);
    g_clear_pointer(&l->boundary, g_byte_array_unref);
    l->boundary = set_boundary(part, boundary);
}

void mime_boundary_settle(parser *p, level *l, gsize body)
{
    if (has_type(l->part, "multipart/"))
        l->boundary = mime_fields_boundary(l->part);
    /* in an encoded body the boundary does not stand as it is; mime_body.c decides */
    gboolean hidden = body && is_encoded(l->part) && l->part->encoding != MIME_ENCODING_BASE64;
    if (!has_boundary(l) || !(hidden || boundary_occurs(p, body, l->boundary)))
        recover(p, l, body);
}

void mime_boundary_clear(level *l)
{
    g_clear_pointer(&l->boundary, g_byte_array_unref);
    g_clear_pointer(&l->declared, g_byte_array_unref);
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

void mime_boundary_set(parser *p, level *l)
{
    mime_boundary_settle(p, l, l->part->body_offset);
    if (l->boundary)
        check_boundary(p, l->part, l->boundary);
}
