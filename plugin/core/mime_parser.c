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
 * Knowingly not done: message/partial is not put together, message/external-body not followed,
 * bare CR ends no line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_parser.h"

#include "charset.h"
#include "cte_decoder.h"
#include "header.h"
#include "limits.h"
#include "mime_param.h"
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
    slice bytes;
    gsize at;          /* where the next line begins */
    guint gap;         /* the first gap behind the lines read */
    GArray *levels;    /* of level */
    GArray *regions;   /* of region */
    guint fields;      /* of all headers so far */
    boundary_match pending; /* found behind a hole in a header: comes before what is at `at` */
    gboolean has_pending;
} parser;


/* ---- small things ---- */

static gsize line_end(slice bytes, gsize at)
{
    const guint8 *lf = at < bytes.len ? memchr(bytes.data + at, '\n', bytes.len - at) : NULL;
    return lf ? (gsize)(lf - bytes.data) + 1 : bytes.len;
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

/* `line` without its line end and the blanks that transport may add (RFC 2046 5.1.1). */
static slice trim_right(slice line)
{
    while (line.len && rfc822_is_lwsp(line.data[line.len - 1]))
        line.len--;
    return line;
}

/* Is `delimiter` ("--" taken off, blanks too) that boundary, or its closing form? */
static gboolean is_boundary_of(const GByteArray *boundary, slice delimiter, gboolean *closing_r)
{
    gsize extra = delimiter.len - boundary->len;
    if (delimiter.len < boundary->len || (extra != 0 && extra != 2))
        return FALSE;
    if (memcmp(delimiter.data, boundary->data, boundary->len) != 0)
        return FALSE;
    *closing_r = extra == 2;
    return extra == 0 || memcmp(delimiter.data + boundary->len, "--", 2) == 0;
}

/* Does the line at `at` begin with a boundary that is open? With the boundaries "x" and "x--" open,
 * "--x--" is an opening "x--": the longest wins. */
static gboolean match_boundary(const parser *p, gsize at, boundary_match *match)
{
    slice rest = slice_from(p->bytes, at);
    gboolean found = FALSE, closing;
    if (rest.len < 3 || rest.data[0] != '-' || rest.data[1] != '-')
        return FALSE;
    gsize end = line_end(p->bytes, at);
    slice delimiter = slice_from(trim_right(range(p, at, end)), 2);
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
static gboolean find_damaged(const parser *p, gsize at, gsize hole, gsize end, boundary_match *match)
{
    if (match_boundary(p, hole, match)) {
        match->hole = hole;
        return TRUE;
    }
    slice before = range(p, at, hole), behind = trim_right(range(p, hole, end));
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
    const mime_message *m = p->message;
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
        gsize end = line_end(p->bytes, p->at);
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
static GByteArray *guess_boundary(const parser *p, gsize at)
{
    boundary_match outer;
    gsize limit = MIN(p->bytes.len, at + GUESS_BYTES);
    for (gsize end; at < limit; at = end) {
        end = line_end(p->bytes, at);
        slice line = trim_right(range(p, at, end));
        if (line.len < 3 || !slice_begins(line, "--"))
            continue;
        if (match_boundary(p, at, &outer))
            return NULL;
        if (slice_begins(slice_from(p->bytes, end), "Content-"))
            return g_byte_array_append(g_byte_array_new(), line.data + 2, (guint)(line.len - 2));
    }
    return NULL;
}

/* ---- the header of a part ---- */

/* The parsed value of that field; NULL: no such field. */
static mime_param_list *read_value(mime_part *part, const char *name)
{
    const header_field *field = header_find(part->fields, name);
    return field ? mime_param_parse(field->raw_value, &part->anomalies) : NULL;
}

static char *dup_value(const mime_param_list *list, const char *name)
{
    const char *value = list ? mime_param_value(list, name) : NULL;
    return value && *value ? g_strdup(value) : NULL;
}

static gboolean is_media_type(const char *value)
{
    const char *slash = strchr(value, '/');
    return slash && slash > value && slash[1] && !strchr(slash + 1, '/');
}

/* RFC 2045 5.2 and RFC 2046 5.1.5: what a part is that does not say so, or says nonsense. */
static void set_type(mime_part *part, const mime_param_list *content)
{
    if (content && is_media_type(content->value)) {
        part->type = g_strdup(content->value);
        return;
    }
    if (content)
        part->anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
    gboolean in_digest = part->parent && strcmp(part->parent->type, "multipart/digest") == 0;
    part->type = g_strdup(!content && in_digest ? "message/rfc822" : "text/plain");
}

static void set_encoding(mime_part *part)
{
    const header_field *field = header_find(part->fields, "Content-Transfer-Encoding");
    if (!field || rfc822_trim(field->raw_value).len == 0)
        return;
    part->encoding = cte_decoder_encoding(field->raw_value);
    char *lower = g_ascii_strdown(field->value, -1);
    part->encoding_name = g_strstrip(lower);
    if (part->encoding == MIME_ENCODING_UNKNOWN)
        part->anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_ENCODING);
}

static void set_content_id(mime_part *part)
{
    const header_field *field = header_find(part->fields, "Content-ID");
    if (!field)
        return;
    slice id = rfc822_trim(slice_of(field->value));
    if (id.len >= 2 && id.data[0] == '<' && id.data[id.len - 1] == '>')
        id = slice_head(slice_from(id, 1), id.len - 2);
    part->content_id = slice_dup(id);
}

/* RFC 2183 2.3 filename, RFC 2045 name; then what some senders mix up. */
static void set_filename(mime_part *part, const mime_param_list *content, const mime_param_list *disposition)
{
    part->filename = dup_value(disposition, "filename");
    if (!part->filename)
        part->filename = dup_value(content, "name");
    if (!part->filename)
        part->filename = dup_value(disposition, "name");
    if (!part->filename)
        part->filename = dup_value(content, "filename");
}

/* Sets what the fields say. Returns the boundary's bytes; NULL: none. */
static GByteArray *interpret_fields(mime_part *part)
{
    GByteArray *boundary = NULL;
    mime_param_list *content = read_value(part, "Content-Type");
    mime_param_list *disposition = read_value(part, "Content-Disposition");
    set_type(part, content);
    set_encoding(part);
    set_content_id(part);
    set_filename(part, content, disposition);
    if (disposition && *disposition->value)
        part->disposition = g_strdup(disposition->value);
    part->charset = dup_value(content, "charset");
    slice bytes = content ? trim_right(mime_param_bytes(content, "boundary")) : SLICE_EMPTY;
    if (bytes.len && has_type(part, "multipart/"))
        boundary = g_byte_array_append(g_byte_array_new(), bytes.data, (guint)bytes.len);
    part->boundary = boundary ? dup_value(content, "boundary") : NULL;
    mime_param_list_free(content);
    mime_param_list_free(disposition);
    return boundary;
}

static gboolean has_gap(const mime_message *m, gsize from, gsize to)
{
    for (guint i = 0; i < m->gap_count && m->gaps[i].offset <= to; i++) {
        if (m->gaps[i].offset >= from)
            return TRUE;
    }
    return FALSE;
}

/* A multipart whose boundary is not known: no parameter, or (root only) a hole took the header
 * field away. */
static GByteArray *recover_boundary(const parser *p, mime_part *part)
{
    gsize body = part->header_offset + part->header_length;
    gboolean lost = !part->parent && !header_find(part->fields, "Content-Type") &&
                    has_gap(p->message, part->header_offset, body);
    if (!lost && !has_type(part, "multipart/"))
        return NULL;
    GByteArray *boundary = guess_boundary(p, body);
    if (!lost || boundary)
        part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_BOUNDARY);
    if (!boundary)
        return NULL;
    part->boundary = charset_one_line(charset_to_utf8((slice){boundary->data, boundary->len}, SLICE_EMPTY, NULL));
    if (lost) {
        g_free(part->type);
        part->type = g_strdup("multipart/mixed");
    }
    return boundary;
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
    const mime_message *m = p->message;
    for (gsize at = p->at, next; at < end && p->gap < m->gap_count; at = next) {
        next = line_end(p->bytes, at);
        gsize hole = hole_in_line(p, at, next);
        if (hole && find_damaged(p, at, hole, next, &p->pending))
            return TRUE;
    }
    return FALSE;
}

static header_block read_block(const parser *p)
{
    slice bytes = p->has_pending ? slice_head(p->bytes, p->pending.start) : p->bytes;
    guint room = MIN(LIMIT_HEADER_FIELDS, LIMIT_MESSAGE_FIELDS - p->fields);
    return header_read(bytes, p->at, room, header_meets_boundary, (gpointer)p);
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

static gboolean is_message_type(const mime_part *part)
{
    return strcmp(part->type, "message/rfc822") == 0 || strcmp(part->type, "message/global") == 0;
}

static gboolean is_encoded(const mime_part *part)
{
    return part->encoding != MIME_ENCODING_IDENTITY && part->encoding != MIME_ENCODING_UNKNOWN;
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
    level l = {part, interpret_fields(part)};
    if (!l.boundary)
        l.boundary = recover_boundary(p, part);
    gboolean message = is_message_type(part) && !is_encoded(part);
    if ((l.boundary || message) && !may_nest(p, part)) {
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
    part->type = g_strdup("text/plain");
    part->anomalies |= ANOMALY_BIT(ANOMALY_PART_LIMIT);
    p->message->anomalies |= ANOMALY_BIT(ANOMALY_PART_LIMIT);
    set_path(part, FALSE);
    g_array_append_val(p->levels, l);
    p->at = p->bytes.len;
}

/* A multipart turns out to have no parts. */
static void become_leaf(mime_part *part)
{
    part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_BOUNDARY);
    set_path(part, FALSE);
}

/* Takes the innermost part off the stack; its body ends in front of byte `end`. Returns where it ends
 * indeed, which is behind `end` if the line end there was its header's: the parts around it end there
 * too. */
static gsize close_part(parser *p, gsize end)
{
    level *l = level_at(p, p->levels->len - 1);
    mime_part *part = l->part;
    part->body_length = end > part->body_offset ? end - part->body_offset : 0;
    if (l->boundary && part->children)
        part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_CLOSE_BOUNDARY);
    else if (l->boundary)
        become_leaf(part);
    g_clear_pointer(&l->boundary, g_byte_array_unref);
    g_array_set_size(p->levels, p->levels->len - 1);
    return part->body_offset + part->body_length;
}

/* Where the bytes in front of a boundary end: the line end there belongs to the boundary. */
static gsize body_end(const parser *p, gsize boundary)
{
    if (boundary == 0 || p->bytes.data[boundary - 1] != '\n')
        return boundary;
    boundary--;
    return boundary && p->bytes.data[boundary - 1] == '\r' ? boundary - 1 : boundary;
}

/* Does nothing but another boundary of that multipart, or nothing at all, come behind the boundary? No
 * part begins then, as in "--b CRLF --b CRLF". */
static gboolean is_empty_part(const parser *p, const boundary_match *match)
{
    boundary_match next;
    if (match->end >= p->bytes.len)
        return TRUE;
    return match_boundary(p, match->end, &next) && next.level == match->level;
}

static void mark_incomplete(mime_part *part, guint64 missing)
{
    part->complete = FALSE;
    part->missing += missing;
    part->anomalies |= ANOMALY_BIT(ANOMALY_PART_INCOMPLETE);
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

static void take_boundary(parser *p, const boundary_match *match)
{
    gsize end = body_end(p, match->start);
    add_region(p, match->start, top_part(p));
    while (p->levels->len > match->level + 1)
        end = close_part(p, end);
    level *l = level_at(p, match->level);
    if (match->intact_before)
        add_region(p, match->hole, l->part);
    p->at = match->end;
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
    const mime_message *m = p->message;
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
    p->message->anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
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
    if (is_message_type(part) && is_encoded(part))
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

mime_message *mime_message_parse(slice bytes, const mime_gap *gaps, guint gap_count, gboolean cut)
{
    boundary_match match;
    mime_message *m = g_new0(mime_message, 1);
    *m = (mime_message){.bytes = bytes, .parts = g_ptr_array_new(), .gaps = gaps, .gap_count = gap_count};
    parser p = {.message = m, .bytes = bytes, .levels = g_array_new(FALSE, FALSE, sizeof(level)),
                .regions = g_array_new(FALSE, FALSE, sizeof(region))};
    open_part(&p, NULL);
    m->root = g_ptr_array_index(m->parts, 0);
    while (find_boundary(&p, &match))
        take_boundary(&p, &match);
    add_region(&p, G_MAXSIZE, top_part(&p));
    mark_gaps(&p);
    if (gap_count)
        m->anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (cut)
        mark_cut(&p);
    close_all(&p, cut);
    for (guint i = 0; i < m->parts->len; i++) {
        mime_part *part = g_ptr_array_index(m->parts, i);
        part->is_attachment = is_attachment(part);
    }
    g_array_unref(p.levels);
    g_array_unref(p.regions);
    return m;
}

static void part_free(mime_part *part)
{
    if (part->children)
        g_ptr_array_unref(part->children);
    g_ptr_array_unref(part->fields);
    g_free(part->path);
    g_free(part->type);
    g_free(part->charset);
    g_free(part->boundary);
    g_free(part->encoding_name);
    g_free(part->disposition);
    g_free(part->filename);
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
    g_free(message);
}

const header_field *mime_part_field(const mime_part *part, const char *name)
{
    return header_find(part->fields, name);
}

/* The first gap at or behind `offset`; the gaps are sorted. */
static guint first_gap(const mime_message *m, gsize offset)
{
    guint low = 0, high = m->gap_count;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (m->gaps[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void feed_with_gaps(cte_decoder *decoder, const mime_message *m, const mime_part *part)
{
    gsize at = part->body_offset, end = part->body_offset + part->body_length;
    for (guint i = first_gap(m, at); i < m->gap_count && m->gaps[i].offset < end; i++) {
        cte_decoder_feed(decoder, slice_head(slice_from(m->bytes, at), m->gaps[i].offset - at));
        cte_decoder_gap(decoder, m->gaps[i].missing);
        at = m->gaps[i].offset;
    }
    cte_decoder_feed(decoder, slice_head(slice_from(m->bytes, at), end - at));
}

GByteArray *mime_part_decode(const mime_message *message, const mime_part *part, anomaly_set *anomalies_r)
{
    GByteArray *out = g_byte_array_new();
    /* RFC 2045 6.4: a multipart's encoding says nothing of its bytes. */
    mime_encoding encoding = part->children || has_type(part, "multipart/") ? MIME_ENCODING_IDENTITY : part->encoding;
    cte_decoder *decoder = cte_decoder_new(encoding, out);
    feed_with_gaps(decoder, message, part);
    anomaly_set met = cte_decoder_finish(decoder);
    cte_decoder_free(decoder);
    if (encoding == MIME_ENCODING_UUENCODE && out->len == 0 && (met & ANOMALY_BIT(ANOMALY_BAD_UUENCODE)))
        g_byte_array_append(out, message->bytes.data + part->body_offset, (guint)part->body_length);
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
