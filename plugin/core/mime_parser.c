/* mime_parser.c
 *
 *   multipart = [preamble CRLF] "--" boundary LWSP CRLF body-part
 *               *(CRLF "--" boundary LWSP CRLF body-part)
 *               CRLF "--" boundary "--" LWSP [CRLF epilogue]                RFC 2046 5.1.1
 *
 * One pass over the lines with a stack of the parts that are open, innermost last. A line that
 * begins with "--" is compared with the boundaries on the stack, the longest first and the
 * innermost among equals, and matches only as a whole. A match ends every part above its
 * multipart: real mail often lacks the closing boundaries of inner multiparts.
 *
 * Holes. A hole may have swallowed the line end in front of a boundary, or a piece of the boundary itself;
 * find_damaged() takes what is left of it for the boundary, so that the parts behind are
 * exact, and find_orphan() sees a part whose boundary is gone but not all of its header. A hole belongs to the part whose bytes it is in:
 *
 *   --b CRLF header CRLF CRLF body CRLF --b CRLF ...
 *      ^ (from here, exclusive)        ^ (up to here, inclusive)
 *
 * and lowers `complete` and raises `missing` of that part, of the attached messages around it (they
 * are exported as a whole), and of the root part of each message around it; not of its neighbours
 * and not of multiparts in between.
 *
 * Looked into when they close: the decoded bodies of multiparts and messages that are encoded, which the RFCs
 * forbid (a parser of its own goes over them, and its parts' offsets count in a source of their own), files inside
 * of texts, and bodies that consist of headers. docs/mime.md has the reasons.
 *
 * Knowingly not done: message/partial is not put together, message/external-body not followed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_parser.h"

#include "charset.h"
#include "cte_decoder.h"
#include "embedded_file.h"
#include "header.h"
#include "limits.h"
#include "line_scan.h"
#include "mime_fields.h"
#include "rfc822_lexer.h"

/* An open part. */
typedef struct level {
    mime_part *part;
    GByteArray *boundary; /* a multipart whose closing boundary has not come yet; else NULL */
} level;

/* Holes at offsets up to `upto`, and behind the region before, are in `owner`. */
typedef struct region {
    gsize upto;
    mime_part *owner;
} region;

/* A boundary line. */
typedef struct boundary_match {
    guint level;       /* the multipart's index in levels */
    gboolean closing;  /* "--" behind */
    gsize start, end;  /* the line with its line end */
    gsize hole;        /* found by find_damaged(): where the hole is; else 0 */
    gboolean intact_before; /* the hole is inside of the boundary line: it touches no part */
    gboolean orphan;   /* found by find_orphan(): the part behind has lost some of its header */
} boundary_match;

typedef struct parser {
    mime_message *message;
    const mime_source *source; /* what is being read */
    slice bytes;               /* source->bytes */
    line_scan lines;
    gboolean cut;              /* the end of the bytes was not seen */
    gsize at;          /* where the next line begins */
    guint gap;         /* the first gap behind the lines read */
    GArray *levels;    /* of level */
    GArray *regions;   /* of region */
    guint fields;      /* of all headers so far */
    boundary_match pending; /* found behind a hole in a header: comes before what is at `at` */
    gboolean has_pending;
} parser;

/* ---- small things ---- */

static gsize line_end(parser *p, gsize at)
{
    return line_scan_end(&p->lines, at);
}

static slice range(const parser *p, gsize from, gsize to)
{
    return slice_head(slice_from(p->bytes, from), to > from ? to - from : 0);
}

static level *level_at(const parser *p, guint index)
{
    return &g_array_index(p->levels, level, index);
}

static mime_part *top_part(const parser *p)
{
    return level_at(p, p->levels->len - 1)->part;
}

static void add_region(parser *p, gsize upto, mime_part *owner)
{
    region r = {upto, owner};
    g_array_append_val(p->regions, r);
}

static gboolean is_message_root(const mime_part *part)
{
    return !part->parent || part->parent->is_message;
}

static gboolean has_type(const mime_part *part, const char *prefix)
{
    return g_str_has_prefix(part->type, prefix);
}

/* ---- boundaries ---- */

/* Is `delimiter` ("--" taken off, blanks too) that boundary, or its closing form? */
static gboolean is_boundary_of(const GByteArray *boundary, slice delimiter, gboolean *closing_r)
{
    gsize extra = delimiter.len - boundary->len;
    if (delimiter.len < boundary->len || (extra != 0 && extra != 2))
        return FALSE;
    if (boundary->len && memcmp(delimiter.data, boundary->data, boundary->len) != 0)
        return FALSE;
    *closing_r = extra == 2;
    return extra == 0 || memcmp(delimiter.data + boundary->len, "--", 2) == 0;
}

/* Does the line at `at` begin with a boundary that is open? With the boundaries "x" and "x--" open,
 * "--x--" is an opening "x--": the longest wins. */
static gboolean match_boundary(parser *p, gsize at, boundary_match *match)
{
    slice rest = slice_from(p->bytes, at);
    gboolean found = FALSE, closing;
    if (rest.len < 3 || rest.data[0] != '-' || rest.data[1] != '-')
        return FALSE;
    gsize end = line_end(p, at);
    slice delimiter = slice_from(rfc822_trim_right(range(p, at, end)), 2);
    for (guint i = p->levels->len; i-- > 0;) {
        const GByteArray *boundary = level_at(p, i)->boundary;
        if (!boundary || !is_boundary_of(boundary, delimiter, &closing))
            continue;
        if (found && !(match->closing && !closing))
            continue;
        *match = (boundary_match){.level = i, .closing = closing, .start = at, .end = end};
        found = TRUE;
    }
    return found;
}

static gboolean header_meets_boundary(gsize offset, gpointer user)
{
    boundary_match match;
    return match_boundary(user, offset, &match);
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
    if (match_boundary(p, hole, match)) {
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
        *match = (boundary_match){.level = i, .closing = closing, .start = begins ? at : hole, .end = ends ? end : hole,
                                  .hole = hole, .intact_before = begins && ends};
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
    static const char *const names[] = {"Content-Type:", "Content-Disposition:", "Content-Transfer-Encoding:", "Content-ID:"};
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

/* Moves on to the next boundary line; FALSE: there is none. */
static gboolean find_boundary(parser *p, boundary_match *match)
{
    if (p->has_pending) {
        *match = p->pending;
        p->has_pending = FALSE;
        return TRUE;
    }
    while (p->at < p->bytes.len) {
        if (match_boundary(p, p->at, match))
            return TRUE;
        gsize end = line_end(p, p->at);
        gsize hole = hole_in_line(p, p->at, end);
        if (hole && (find_damaged(p, p->at, hole, end, match) || find_orphan(p, hole, end, match)))
            return TRUE;
        p->at = end;
    }
    return FALSE;
}

/* How far a boundary is looked for that no parameter names. */
enum { GUESS_BYTES = 8192 };

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
        if (match_boundary(p, at, &outer))
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

/* A multipart whose boundary is not known: no parameter or an empty one (`declared`, taken over), or (root only) a
 * hole took the header field away. */
static GByteArray *recover_boundary(parser *p, mime_part *part, GByteArray *declared)
{
    gsize body = part->header_offset + part->header_length;
    gboolean lost = !part->parent && !header_find(part->fields, "Content-Type") &&
                    has_gap(p->source, part->header_offset, body);
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
        if (outer && outer->len == boundary->len && (outer->len == 0 || memcmp(outer->data, boundary->data, outer->len) == 0))
            part->anomalies |= ANOMALY_BIT(ANOMALY_BOUNDARY_REUSED);
    }
}

/* The boundary of the part that has just begun; NULL: it is no multipart, or has none. */
static GByteArray *boundary_of(parser *p, mime_part *part)
{
    GByteArray *boundary = has_type(part, "multipart/") ? mime_fields_boundary(part) : NULL;
    if (!boundary || boundary->len == 0)
        boundary = recover_boundary(p, part, boundary);
    if (boundary)
        check_boundary(p, part, boundary);
    return boundary;
}

/* ---- encodings of multiparts and messages ----
 *
 * RFC 2045 6.4 forbids them, and most readers ignore them. Some senders mean them. What the body looks like
 * decides: is there a structure as it stands? */

static gboolean is_message_type(const mime_part *part)
{
    return strcmp(part->type, "message/rfc822") == 0 || strcmp(part->type, "message/global") == 0;
}

static gboolean is_encoded(const mime_part *part)
{
    return part->encoding != MIME_ENCODING_IDENTITY && part->encoding != MIME_ENCODING_UNKNOWN;
}

typedef enum qp_look { QP_NOTHING, QP_ESCAPED, QP_PLAIN } qp_look;

/* Does a header look quoted-printable? There each "=" is "=3D", or ends a line. */
static qp_look look_for_escapes(slice header)
{
    qp_look look = QP_NOTHING;
    for (gsize i = 0; i < header.len; i++) {
        slice behind = slice_from(header, i + 1);
        if (header.data[i] != '=')
            continue;
        if (slice_begins(behind, "3D") || (behind.len && strchr("\r\n", behind.data[0]) && behind.data[0]))
            return QP_ESCAPED;
        look = QP_PLAIN;
    }
    return look;
}

/* The header at `at`, unread. */
static slice header_at(parser *p, gsize at)
{
    gsize end = at, next;
    for (; end < p->bytes.len; end = next) {
        next = line_end(p, end);
        if (line_scan_chomp(range(p, end, next)).len == 0)
            break;
    }
    return range(p, at, end);
}

/* Is the boundary of this multipart found in its body as it stands, and are the headers behind plain? Without a
 * boundary the body is read once more at most; behind the first one no further than GUESS_BYTES. */
static gboolean has_plain_boundary(parser *p, const mime_part *part, const GByteArray *boundary)
{
    boundary_match outer;
    gboolean closing = FALSE, found = FALSE;
    gsize limit = p->bytes.len;
    for (gsize at = part->body_offset, end; at < limit && !closing; at = end) {
        end = line_end(p, at);
        slice line = rfc822_trim_right(range(p, at, end));
        if (line.len < 2 || line.data[0] != '-' || line.data[1] != '-')
            continue;
        if (is_boundary_of(boundary, slice_from(line, 2), &closing)) {
            qp_look look = part->encoding == MIME_ENCODING_QP ? look_for_escapes(header_at(p, end)) : QP_PLAIN;
            if (look != QP_NOTHING)
                return look == QP_PLAIN;
            limit = found ? limit : MIN(limit, end + GUESS_BYTES);
            found = TRUE;
        } else if (match_boundary(p, at, &outer)) {
            return found;
        }
    }
    return found;
}

/* Does the message's header stand there as it is? */
static gboolean has_plain_header(parser *p, const mime_part *part)
{
    header_block block = header_read(p->bytes, part->body_offset, LIMIT_HEADER_FIELDS, header_meets_boundary, p);
    qp_look look = look_for_escapes(range(p, part->body_offset, part->body_offset + block.length));
    gboolean plain = block.fields->len > 0;
    if (part->encoding == MIME_ENCODING_QP && plain)
        plain = look == QP_PLAIN || (look == QP_NOTHING && header_find(block.fields, "Content-Transfer-Encoding"));
    g_ptr_array_unref(block.fields);
    return plain;
}

/* Of a multipart (with its boundary) or message that says that it is encoded: is it? */
static gboolean body_is_encoded(parser *p, mime_part *part, const GByteArray *boundary)
{
    if (strcmp(part->type, "message/global") != 0) /* RFC 6532 3.7 lets it be encoded */
        part->anomalies |= ANOMALY_BIT(ANOMALY_ENCODED_COMPOSITE);
    gboolean plain = boundary ? has_plain_boundary(p, part, boundary) : is_message_type(part) && has_plain_header(p, part);
    if (plain)
        part->encoding = MIME_ENCODING_IDENTITY;
    return !plain;
}

/* ---- the tree ---- */

/* RFC 3501 6.4.5. A message's multipart has the number of the message around it, "" for the outermost;
 * a message's single part is its ".1". */
static void set_path(mime_part *part, gboolean is_multipart)
{
    const char *above = part->parent ? part->parent->path : "";
    guint number = is_message_root(part) ? 1 : part->parent->children->len;
    g_free(part->path);
    if (is_message_root(part) && is_multipart)
        part->path = g_strdup(above);
    else
        part->path = *above ? g_strdup_printf("%s.%u", above, number) : g_strdup_printf("%u", number);
}

static mime_part *add_part(parser *p, mime_part *parent)
{
    mime_part *part = g_new0(mime_part, 1);
    part->parent = parent;
    part->depth = parent ? parent->depth + 1 : 0;
    part->complete = TRUE;
    part->source = p->source;
    part->header_offset = part->body_offset = p->at;
    if (parent && !parent->children)
        parent->children = g_ptr_array_new();
    if (parent)
        g_ptr_array_add(parent->children, part);
    g_ptr_array_add(p->message->parts, part);
    return part;
}

/* Is a boundary, or what a hole left of one, in the lines from p->at up to `end`? Whole ones would have
 * ended the header; these begin inside of a line. */
static gboolean find_pending(parser *p, gsize end)
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

static header_block read_block(parser *p)
{
    slice bytes = p->has_pending ? slice_head(p->bytes, p->pending.start) : p->bytes;
    guint room = MIN(LIMIT_HEADER_FIELDS, LIMIT_MESSAGE_FIELDS - p->fields);
    return header_read(bytes, p->at, room, header_meets_boundary, p);
}

static void read_header(parser *p, mime_part *part)
{
    header_block block = read_block(p);
    if (!p->has_pending && find_pending(p, p->at + block.length)) {
        p->has_pending = TRUE;
        g_ptr_array_unref(block.fields);
        block = read_block(p);
    }
    part->fields = block.fields;
    part->header_length = block.length;
    part->anomalies |= block.anomalies;
    p->fields += block.fields->len;
    p->at += block.length;
    part->body_offset = p->at;
}

/* May the part have children? At the limit it stays a leaf. */
static gboolean may_nest(parser *p, mime_part *part)
{
    if (part->depth < LIMIT_MIME_DEPTH && p->message->parts->len < LIMIT_MIME_PARTS)
        return TRUE;
    anomaly_kind limit = part->depth < LIMIT_MIME_DEPTH ? ANOMALY_PART_LIMIT : ANOMALY_NESTING_LIMIT;
    part->anomalies |= ANOMALY_BIT(limit);
    p->message->anomalies |= ANOMALY_BIT(limit);
    return FALSE;
}

/* Opens one part at p->at: reads its header and puts it on the stack. TRUE: it is a message, whose
 * root part comes next. */
static gboolean open_one(parser *p, mime_part *parent)
{
    mime_part *part = add_part(p, parent);
    read_header(p, part);
    mime_fields_interpret(part);
    level l = {part, boundary_of(p, part)};
    gboolean message = is_message_type(part), composite = message || has_type(part, "multipart/");
    gboolean encoded = composite && is_encoded(part) && body_is_encoded(p, part, l.boundary);
    if (encoded || ((message || l.boundary) && !may_nest(p, part))) {
        g_clear_pointer(&l.boundary, g_byte_array_unref);
        message = FALSE;
    }
    part->is_message = message;
    set_path(part, l.boundary != NULL);
    g_array_append_val(p->levels, l);
    if (message && part->header_length)
        add_region(p, p->at - 1, part); /* a hole in front of the first inner byte is the inner header's */
    return message;
}

static void open_part(parser *p, mime_part *parent)
{
    while (open_one(p, parent))
        parent = top_part(p);
}

/* The part at the limit: all that is left of the message, unread. */
static void open_rest(parser *p, mime_part *parent)
{
    mime_part *part = add_part(p, parent);
    level l = {part, NULL};
    part->fields = g_ptr_array_new();
    mime_fields_interpret(part);
    part->anomalies |= ANOMALY_BIT(ANOMALY_PART_LIMIT);
    p->message->anomalies |= ANOMALY_BIT(ANOMALY_PART_LIMIT);
    set_path(part, FALSE);
    g_array_append_val(p->levels, l);
    p->at = p->bytes.len;
}

/* A multipart turns out to have no parts. */
static void become_leaf(mime_part *part)
{
    part->preamble_length = 0;
    part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_BOUNDARY);
    set_path(part, FALSE);
}

/* ---- decoding ---- */

/* The first gap at or behind `offset`; the gaps are sorted. */
static guint first_gap(const mime_source *s, gsize offset)
{
    guint low = 0, high = s->gap_count;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (s->gaps[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The body with its encoding undone; `gaps` (of mime_gap, may be NULL) gets where its holes are in the result. */
static GByteArray *decode_body(const mime_part *part, GArray *gaps, anomaly_set *anomalies_r)
{
    const mime_source *s = part->source;
    GByteArray *out = g_byte_array_new();
    cte_decoder *decoder = cte_decoder_new(part->encoding, out);
    gsize at = part->body_offset, end = part->body_offset + part->body_length;
    for (guint i = first_gap(s, at); i < s->gap_count && s->gaps[i].offset < end; i++) {
        cte_decoder_feed(decoder, slice_head(slice_from(s->bytes, at), s->gaps[i].offset - at));
        cte_decoder_gap(decoder, s->gaps[i].missing);
        at = s->gaps[i].offset;
        mime_gap gap = {out->len, 0};
        if (gaps)
            g_array_append_val(gaps, gap);
    }
    cte_decoder_feed(decoder, slice_head(slice_from(s->bytes, at), end - at));
    *anomalies_r = cte_decoder_finish(decoder);
    cte_decoder_free(decoder);
    return out;
}

static void mark_incomplete(mime_part *part, guint64 missing)
{
    part->complete = FALSE;
    part->missing += missing;
    part->anomalies |= ANOMALY_BIT(ANOMALY_PART_INCOMPLETE);
}

/* ---- looking inside ---- */

static void source_free(gpointer data)
{
    mime_source *source = data;
    if (source->depth) {
        g_free((gpointer)source->bytes.data);
        g_free((gpointer)source->gaps);
    }
    g_free(source);
}

/* The decoded body of the part as a source, new: for message->sources or source_free(). NULL: at the limit. */
static mime_source *decode_source(const mime_part *part)
{
    anomaly_set met;
    if (part->source->depth >= LIMIT_DECODED_DEPTH)
        return NULL;
    GArray *gaps = g_array_new(FALSE, FALSE, sizeof(mime_gap));
    GByteArray *bytes = decode_body(part, gaps, &met);
    mime_source *source = g_new0(mime_source, 1);
    source->depth = part->source->depth + 1;
    source->part = part;
    source->gap_count = gaps->len;
    source->gaps = (const mime_gap *)(void *)g_array_free(gaps, FALSE);
    source->bytes.len = bytes->len;
    source->bytes.data = g_byte_array_free(bytes, FALSE);
    return source;
}

static void keep_source(mime_message *message, mime_source *source)
{
    source->index = message->sources->len;
    g_ptr_array_add(message->sources, source);
}

static void read_parts(parser *p);
static parser parser_of(mime_message *message, const mime_source *source, gboolean cut);
static void open_part(parser *p, mime_part *parent);

/* The decoded body of a multipart or message is read by a parser of its own. */
static void read_decoded(parser *p, mime_part *part)
{
    mime_source *source = may_nest(p, part) ? decode_source(part) : NULL;
    if (!source) {
        part->anomalies |= ANOMALY_BIT(ANOMALY_NESTING_LIMIT);
        return;
    }
    keep_source(p->message, source);
    parser inner = parser_of(p->message, source, p->cut && !part->complete);
    inner.fields = p->fields;
    if (is_message_type(part)) {
        part->is_message = TRUE;
        open_part(&inner, part);
    } else {
        GByteArray *boundary = mime_fields_boundary(part);
        level l = {part, boundary && boundary->len ? boundary : recover_boundary(&inner, part, boundary)};
        set_path(part, l.boundary != NULL);
        g_array_append_val(inner.levels, l);
    }
    read_parts(&inner);
    p->fields = inner.fields;
}

/* Bodies that are headers: RFC 3464 2.1, 8098 3.1, 6533, 3886, 5965; 6522 3 and 6533 5; 2046 5.2.3. */
static const struct {
    const char *type;
    gboolean many;
} block_types[] = {
    {"message/delivery-status", TRUE},
    {"message/global-delivery-status", TRUE},
    {"message/disposition-notification", TRUE},
    {"message/global-disposition-notification", TRUE},
    {"message/tracking-status", TRUE},
    {"message/feedback-report", FALSE},
    {"text/rfc822-headers", FALSE},
    {"message/global-headers", FALSE},
    {"message/external-body", FALSE},
};

static void block_free(gpointer data)
{
    mime_block *block = data;
    g_ptr_array_unref(block->fields);
    g_free(block);
}

/* Reads the headers in [at, end) of part->block_source. */
static void read_blocks(parser *p, mime_part *part, gsize at, gsize end, gboolean many)
{
    slice bytes = slice_head(part->block_source->bytes, end);
    part->blocks = g_ptr_array_new_with_free_func(block_free);
    while (at < end) {
        guint room = MIN(LIMIT_HEADER_FIELDS, LIMIT_MESSAGE_FIELDS - p->fields);
        header_block header = header_read(bytes, at, room, NULL, NULL);
        part->anomalies |= header.anomalies;
        p->fields += header.fields->len;
        mime_block *block = g_new(mime_block, 1);
        *block = (mime_block){at, header.length, header.fields};
        if (header.fields->len)
            g_ptr_array_add(part->blocks, block);
        else
            block_free(block);
        at += header.length;
        if (header.length == 0 || !many)
            return;
    }
}

/* The bytes to look at in a leaf: those of the message, or decoded ones. *source_r: what *at_r and *end_r count in;
 * NULL: at the limit. TRUE: it is new, and the caller's. */
static gboolean body_source(const mime_part *part, const mime_source **source_r, gsize *at_r, gsize *end_r)
{
    gboolean encoded = is_encoded(part);
    *source_r = encoded ? decode_source(part) : part->source;
    *at_r = encoded ? 0 : part->body_offset;
    *end_r = encoded ? (*source_r ? (*source_r)->bytes.len : 0) : part->body_offset + part->body_length;
    return encoded && *source_r;
}

static gboolean is_made_of_headers(const mime_part *part, gboolean *many_r)
{
    for (gsize i = 0; i < G_N_ELEMENTS(block_types); i++) {
        *many_r = block_types[i].many;
        if (strcmp(part->type, block_types[i].type) == 0)
            return TRUE;
    }
    return FALSE;
}

static void look_for_blocks(parser *p, mime_part *part, gboolean many)
{
    gsize at, end;
    if (body_source(part, &part->block_source, &at, &end))
        keep_source(p->message, (mime_source *)part->block_source);
    if (part->block_source)
        read_blocks(p, part, at, end, many);
}

/* Texts, and types that say that the text is a file. */
static gboolean may_hold_files(const mime_part *part)
{
    static const char *const types[] = {"text/plain", "text/x-uuencode", "application/x-uuencode", "application/x-yenc",
                                        "application/mac-binhex40", "application/mac-binhex", "application/x-binhex40"};
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(part->type, types[i]) == 0)
            return part->encoding != MIME_ENCODING_UUENCODE && part->encoding != MIME_ENCODING_YENC &&
                   part->encoding != MIME_ENCODING_BINHEX;
    }
    return FALSE;
}

static const char *name_of_encoding(mime_encoding encoding)
{
    switch (encoding) {
    case MIME_ENCODING_BASE64:
        return "base64";
    case MIME_ENCODING_YENC:
        return "x-yenc";
    case MIME_ENCODING_BINHEX:
        return "x-binhex";
    default:
        return "x-uuencode";
    }
}

/* Holes inside of the file, and a cut at its end. `text_end`: of the text around it. */
static void mark_embedded_holes(const parser *p, mime_part *part, gboolean closed, gsize text_end)
{
    const mime_source *s = part->source;
    gsize from = part->body_offset, to = from + part->body_length;
    for (guint i = first_gap(s, from + 1); i < s->gap_count && s->gaps[i].offset <= to; i++) {
        if (s->gaps[i].offset < to || !closed)
            mark_incomplete(part, s->gaps[i].missing);
    }
    if (p->cut && !closed && to == text_end && !part->parent->complete)
        mark_incomplete(part, 0);
}

static void add_embedded(parser *p, mime_part *text, const mime_source *source, gsize at, gsize end, embedded_file *file)
{
    mime_part *part = g_new0(mime_part, 1);
    if (!text->embedded)
        text->embedded = g_ptr_array_new();
    g_ptr_array_add(text->embedded, part);
    g_ptr_array_add(p->message->parts, part);
    part->parent = text;
    part->depth = text->depth + 1;
    part->complete = TRUE;
    part->source = source;
    part->header_offset = part->body_offset = at + file->offset;
    part->body_length = file->length;
    part->fields = g_ptr_array_new();
    part->parameters = g_ptr_array_new();
    part->path = g_strdup_printf("%s.f%u", text->path, text->embedded->len);
    part->type = g_strdup("application/octet-stream");
    part->encoding = file->encoding;
    part->encoding_name = g_strdup(name_of_encoding(file->encoding));
    part->filename = g_steal_pointer(&file->filename);
    mime_fields_check_filename(part);
    mark_embedded_holes(p, part, file->closed, end);
}

static void look_for_files(parser *p, mime_part *text)
{
    const mime_source *source;
    gsize at, end;
    gboolean decoded = body_source(text, &source, &at, &end);
    if (!source)
        return;
    guint room = LIMIT_MIME_PARTS - MIN(LIMIT_MIME_PARTS, p->message->parts->len);
    GArray *files = embedded_file_find(slice_head(slice_from(source->bytes, at), end - at), room);
    for (guint i = 0; i < files->len; i++)
        add_embedded(p, text, source, at, end, &g_array_index(files, embedded_file, i));
    if (files->len)
        text->anomalies |= ANOMALY_BIT(ANOMALY_EMBEDDED_FILE);
    if (decoded && files->len)
        keep_source(p->message, (mime_source *)source);
    else if (decoded)
        source_free((gpointer)source);
    g_array_unref(files);
}

/* A leaf is complete: is there more in it than meets the eye? */
static void look_inside(parser *p, mime_part *part)
{
    gboolean many;
    if (is_encoded(part) && (is_message_type(part) || has_type(part, "multipart/")))
        read_decoded(p, part);
    else if (is_made_of_headers(part, &many))
        look_for_blocks(p, part, many);
    else if (may_hold_files(part))
        look_for_files(p, part);
}

/* ---- closing ---- */

/* Takes the innermost part off the stack; its body ends in front of byte `end`. Returns where it ends
 * indeed, which is behind `end` if the line end there was its header's: the parts around it end there
 * too. */
static gsize close_part(parser *p, gsize end)
{
    level *l = level_at(p, p->levels->len - 1);
    mime_part *part = l->part;
    gboolean elsewhere = part->source != p->source; /* a decoded multipart: its own body is no place in these bytes */
    if (!elsewhere)
        part->body_length = end > part->body_offset ? end - part->body_offset : 0;
    if (l->boundary && part->children)
        part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_CLOSE_BOUNDARY);
    else if (l->boundary)
        become_leaf(part);
    g_clear_pointer(&l->boundary, g_byte_array_unref);
    g_array_set_size(p->levels, p->levels->len - 1);
    if (elsewhere)
        return end;
    end = part->body_offset + part->body_length;
    part->epilogue_offset = MIN(part->epilogue_offset, end);
    part->epilogue_length = part->epilogue_offset ? end - part->epilogue_offset : 0;
    if (!part->children)
        look_inside(p, part);
    return end;
}

/* Where the bytes in front of a boundary end: the line end there belongs to the boundary. */
static gsize body_end(const parser *p, gsize boundary)
{
    if (boundary && p->bytes.data[boundary - 1] == '\n')
        boundary--;
    return boundary && p->bytes.data[boundary - 1] == '\r' ? boundary - 1 : boundary;
}

/* Does nothing but another boundary of that multipart, or nothing at all, come behind the boundary? No
 * part begins then, as in "--b CRLF --b CRLF". */
static gboolean is_empty_part(parser *p, const boundary_match *match)
{
    boundary_match next;
    if (match->end >= p->bytes.len)
        return TRUE;
    return match_boundary(p, match->end, &next) && next.level == match->level;
}

/* The part itself, the attached messages around it, and the root parts of all messages around it. */
static void mark_upwards(mime_part *part, guint64 missing)
{
    mark_incomplete(part, missing);
    for (part = part->parent; part; part = part->parent) {
        if (part->is_message || is_message_root(part))
            mark_incomplete(part, missing);
    }
}

/* The part that has just begun under `parent` lost some of its header. */
static void mark_orphan(const mime_part *parent)
{
    mark_upwards(g_ptr_array_index(parent->children, parent->children->len - 1), 0);
}

/* Preamble and epilogue: what stands in front of the first and behind the closing boundary; the preamble ends at
 * byte `end`. */
static void note_text_around(const parser *p, mime_part *part, gsize end, const boundary_match *match)
{
    if (part->source != p->source)
        return;
    if (!part->children && end > part->body_offset) {
        part->preamble_offset = part->body_offset;
        part->preamble_length = end - part->body_offset;
    }
    if (match->closing && part->children)
        part->epilogue_offset = match->end;
}

static void take_boundary(parser *p, const boundary_match *match)
{
    gsize end = body_end(p, match->start);
    add_region(p, match->start, top_part(p));
    while (p->levels->len > match->level + 1)
        end = close_part(p, end);
    level *l = level_at(p, match->level);
    if (match->intact_before)
        add_region(p, match->hole, l->part);
    if (line_scan_is_bare_cr(&p->lines, match->end))
        p->message->anomalies |= ANOMALY_BIT(ANOMALY_BARE_CR);
    p->at = match->end;
    note_text_around(p, l->part, end, match);
    if (match->closing) {
        if (!l->part->children)
            become_leaf(l->part);
        g_clear_pointer(&l->boundary, g_byte_array_unref);
    } else if (is_empty_part(p, match)) {
        return;
    } else if (p->message->parts->len + 1 >= LIMIT_MIME_PARTS) {
        open_rest(p, l->part);
    } else {
        mime_part *parent = l->part;
        open_part(p, parent);
        if (match->orphan)
            mark_orphan(parent);
    }
}

/* ---- holes ---- */

static void mark_gaps(const parser *p)
{
    const mime_source *m = p->source;
    guint r = 0;
    for (guint i = 0; i < m->gap_count; i++) {
        while (r + 1 < p->regions->len && g_array_index(p->regions, region, r).upto < m->gaps[i].offset)
            r++;
        mark_upwards(g_array_index(p->regions, region, r).owner, m->gaps[i].missing);
    }
}

/* The end was not seen: nothing that is still open is complete. */
static void mark_cut(const parser *p)
{
    for (guint i = 0; i < p->levels->len; i++)
        mark_incomplete(level_at(p, i)->part, 0);
}

/* ---- public ---- */

/* DESIGN 5. A message in an encoding, which the RFC forbids and which is therefore not parsed, would be
 * lost if it were none. */
static gboolean is_attachment(const mime_part *part)
{
    if (part->children && !part->is_message)
        return FALSE;
    if (part->filename || (part->disposition && strcmp(part->disposition, "attachment") == 0))
        return TRUE;
    if (is_message_type(part) && is_encoded(part) && !part->children)
        return TRUE;
    return !has_type(part, "text/") && !has_type(part, "multipart/") && !has_type(part, "message/");
}

/* Closes what is open at the end of the bytes. A multipart that lacks its closing boundary most likely
 * lacks only that line: the line end in front of it is not the last part's. */
static void close_all(parser *p, gboolean cut)
{
    gboolean unclosed = FALSE;
    for (guint i = 0; i < p->levels->len; i++)
        unclosed = unclosed || (level_at(p, i)->boundary && level_at(p, i)->part->children);
    gsize end = unclosed && !cut ? body_end(p, p->bytes.len) : p->bytes.len;
    while (p->levels->len)
        end = close_part(p, end);
}

static void read_parts(parser *p)
{
    boundary_match match;
    while (find_boundary(p, &match))
        take_boundary(p, &match);
    add_region(p, G_MAXSIZE, top_part(p));
    mark_gaps(p);
    if (p->cut)
        mark_cut(p);
    close_all(p, p->cut);
    g_array_unref(p->levels);
    g_array_unref(p->regions);
}

static parser parser_of(mime_message *message, const mime_source *source, gboolean cut)
{
    return (parser){.message = message, .source = source, .bytes = source->bytes, .cut = cut,
                    .lines = line_scan_of(source->bytes), .levels = g_array_new(FALSE, FALSE, sizeof(level)),
                    .regions = g_array_new(FALSE, FALSE, sizeof(region))};
}

mime_message *mime_message_parse(slice bytes, const mime_gap *gaps, guint gap_count, gboolean cut)
{
    mime_message *m = g_new0(mime_message, 1);
    mime_source *source = g_new0(mime_source, 1);
    *source = (mime_source){.bytes = bytes, .gaps = gaps, .gap_count = gap_count};
    *m = (mime_message){.bytes = bytes, .parts = g_ptr_array_new(), .gaps = gaps, .gap_count = gap_count,
                        .sources = g_ptr_array_new_with_free_func(source_free)};
    keep_source(m, source);
    if (gap_count)
        m->anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (cut)
        m->anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    parser p = parser_of(m, source, cut);
    open_part(&p, NULL);
    m->root = g_ptr_array_index(m->parts, 0);
    read_parts(&p);
    for (guint i = 0; i < m->parts->len; i++) {
        mime_part *part = g_ptr_array_index(m->parts, i);
        part->is_attachment = is_attachment(part);
    }
    return m;
}

static void part_free(mime_part *part)
{
    if (part->children)
        g_ptr_array_unref(part->children);
    if (part->embedded)
        g_ptr_array_unref(part->embedded);
    if (part->blocks)
        g_ptr_array_unref(part->blocks);
    g_ptr_array_unref(part->fields);
    g_ptr_array_unref(part->parameters);
    g_free(part->path);
    g_free(part->type);
    g_free(part->charset);
    g_free(part->boundary);
    g_free(part->encoding_name);
    g_free(part->disposition);
    g_free(part->filename);
    g_free(part->other_filename);
    g_free(part->description);
    g_free(part->content_id);
    g_free(part);
}

void mime_message_free(mime_message *message)
{
    if (!message)
        return;
    for (guint i = 0; i < message->parts->len; i++)
        part_free(g_ptr_array_index(message->parts, i));
    g_ptr_array_unref(message->parts);
    g_ptr_array_unref(message->sources);
    g_free(message);
}

const char *mime_part_parameter(const mime_part *part, const char *name)
{
    for (guint i = 0; i < part->parameters->len; i++) {
        const mime_parameter *parameter = g_ptr_array_index(part->parameters, i);
        if (strcmp(parameter->name, name) == 0)
            return parameter->value;
    }
    return NULL;
}

const header_field *mime_part_field(const mime_part *part, const char *name)
{
    return header_find(part->fields, name);
}

GByteArray *mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r)
{
    (void)message;
    anomaly_set met;
    GByteArray *out = decode_body(part, NULL, &met);
    if (part->encoding == MIME_ENCODING_UUENCODE && out->len == 0 && (met & ANOMALY_BIT(ANOMALY_BAD_UUENCODE)))
        g_byte_array_append(out, part->source->bytes.data + part->body_offset, (guint)part->body_length);
    if (anomalies_r)
        *anomalies_r = met;
    return out;
}

char *mime_part_text(const mime_message *message, const mime_part *part, const guint8 *decoded, gsize len, anomaly_set *anomalies_r)
{
    (void)message;
    anomaly_set met = 0;
    char *text = charset_to_utf8((slice){decoded, len}, slice_of(part->charset), &met);
    if (anomalies_r)
        *anomalies_r = met;
    return text;
}
