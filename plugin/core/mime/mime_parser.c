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
 * mime_boundary.c takes what is left of it for the boundary, so that the parts behind are
 * exact, and sees a part whose boundary is gone but not all of its header. A hole belongs to the part whose bytes it is
 * in:
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
#include "mime_parser_private.h"

#include "limits.h"
#include "mime_fields.h"

/* ---- the tree ---- */

void mime_parser_set_path(mime_part *part, gboolean is_multipart)
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

static header_block read_block(parser *p)
{
    slice bytes = p->has_pending ? slice_head(p->bytes, p->pending.start) : p->bytes;
    guint room = MIN(LIMIT_HEADER_FIELDS, LIMIT_MESSAGE_FIELDS - p->fields);
    return header_read(bytes, p->at, room, mime_boundary_ends_header, p);
}

static void read_header(parser *p, mime_part *part)
{
    header_block block = read_block(p);
    if (!p->has_pending && mime_boundary_find_pending(p, p->at + block.length)) {
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

gboolean mime_parser_may_nest(parser *p, mime_part *part)
{
    if (part->depth < LIMIT_MIME_DEPTH && p->message->parts->len < LIMIT_MIME_PARTS)
        return TRUE;
    anomaly_kind limit = part->depth < LIMIT_MIME_DEPTH ? ANOMALY_PART_LIMIT : ANOMALY_NESTING_LIMIT;
    part->anomalies |= ANOMALY_BIT(limit);
    p->message->anomalies |= ANOMALY_BIT(limit);
    return FALSE;
}

static gboolean has_hole(const parser *p, gsize from, gsize to)
{
    guint gap = mime_body_first_gap(p->source, from);
    return gap < p->source->gap_count && p->source->gaps[gap].offset <= to;
}

static void set_lost(mime_part *part)
{
    part->header_lost = TRUE;
    part->encoding = MIME_ENCODING_BASE64;
    part->anomalies |= ANOMALY_BIT(ANOMALY_PART_HEADER_LOST);
    if (header_find(part->fields, "Content-Type"))
        return;
    g_free(part->type);
    part->type = g_strdup("application/octet-stream");
}

/* Where the body begins of a part whose header a hole has ended: a line of the header without its ":" has become the
 * first one of the body. */
static gsize behind_hurt_line(parser *p, const mime_part *part)
{
    gsize body = part->body_offset;
    guint gap = mime_body_first_gap(p->source, body);
    gboolean blank_line = part->header_length && !(part->anomalies & ANOMALY_BIT(ANOMALY_PART_WITHOUT_BLANK_LINE));
    if (blank_line || body >= p->bytes.len || gap >= p->source->gap_count ||
        p->source->gaps[gap].offset >= line_end(p, body))
        return body;
    return p->source->gaps[gap].offset;
}

/* A hole in the header of a leaf has taken its Content-Transfer-Encoding. The lines behind show whether it was base64.
 */
static void recover_encoding(parser *p, mime_part *part)
{
    gsize skip, body = behind_hurt_line(p, part);
    gboolean composite = is_message_type(part) || has_type(part, "multipart/");
    if (composite || part->encoding_name || !has_hole(p, part->header_offset, body) ||
        !mime_boundary_is_base64(p, body, &skip))
        return;
    p->at = part->body_offset = body + skip;
    part->header_length = part->body_offset - part->header_offset;
    set_lost(part);
}

/* Opens a part of whose header nothing is left. */
static void open_bare(parser *p, mime_part *parent)
{
    mime_part *part = add_part(p, parent);
    level l = {.part = part};
    part->fields = g_ptr_array_new();
    mime_fields_interpret(part);
    set_lost(part);
    mime_parser_set_path(part, FALSE);
    g_array_append_val(p->levels, l);
}

/* Opens one part at p->at: reads its header and puts it on the stack. TRUE: it is a message, whose
 * root part comes next. */
static gboolean open_one(parser *p, mime_part *parent)
{
    mime_part *part = add_part(p, parent);
    read_header(p, part);
    mime_fields_interpret(part);
    level l = {.part = part};
    mime_boundary_set(p, &l);
    if (!l.boundary)
        recover_encoding(p, part);
    gboolean message = is_message_type(part), composite = message || has_type(part, "multipart/");
    gboolean encoded = composite && is_encoded(part) && mime_body_is_encoded(p, part, l.boundary);
    if (encoded || ((message || l.boundary) && !mime_parser_may_nest(p, part))) {
        mime_boundary_clear(&l);
        message = FALSE;
    }
    part->is_message = message;
    mime_parser_set_path(part, l.boundary != NULL);
    g_array_append_val(p->levels, l);
    if (message && part->header_length)
        add_region(p, p->at - 1, part); /* a hole in front of the first inner byte is the inner header's */
    return message;
}

void mime_parser_open_part(parser *p, mime_part *parent)
{
    while (open_one(p, parent))
        parent = top_part(p);
}

/* The part at the limit: all that is left of the message, unread. */
static void open_rest(parser *p, mime_part *parent)
{
    mime_part *part = add_part(p, parent);
    level l = {.part = part};
    part->fields = g_ptr_array_new();
    mime_fields_interpret(part);
    part->anomalies |= ANOMALY_BIT(ANOMALY_PART_LIMIT);
    p->message->anomalies |= ANOMALY_BIT(ANOMALY_PART_LIMIT);
    mime_parser_set_path(part, FALSE);
    g_array_append_val(p->levels, l);
    p->at = p->bytes.len;
}

/* A multipart turns out to have no parts. */
static void become_leaf(mime_part *part)
{
    part->preamble_length = 0;
    part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_BOUNDARY);
    mime_parser_set_path(part, FALSE);
}

/* ---- closing ---- */

/* A header that reaches the boundary: its last line end is the boundary's. So an attached message of nothing but a
 * header is as long as it was. */
static void shorten_header(mime_part *part, gsize end)
{
    if (end >= part->body_offset)
        return;
    part->body_offset = MAX(end, part->header_offset);
    part->header_length = part->body_offset - part->header_offset;
}

/* Takes the innermost part off the stack; it ends in front of byte `end`. Returns where it ends indeed, which is
 * behind `end` if the line end there is that of a header around it: the parts around it end there too. */
static gsize close_part(parser *p, gsize end)
{
    level *l = level_at(p, p->levels->len - 1);
    mime_part *part = l->part;
    gboolean elsewhere = part->source != p->source; /* a decoded multipart: its own body is no place in these bytes */
    if (!elsewhere) {
        shorten_header(part, end);
        part->body_length = end > part->body_offset ? end - part->body_offset : 0;
    }
    if (l->boundary && part->children)
        part->anomalies |= ANOMALY_BIT(ANOMALY_MISSING_CLOSE_BOUNDARY);
    else if (l->boundary)
        become_leaf(part);
    mime_boundary_clear(l);
    g_array_set_size(p->levels, p->levels->len - 1);
    if (elsewhere)
        return end;
    end = part->body_offset + part->body_length;
    part->epilogue_offset = MIN(part->epilogue_offset, end);
    part->epilogue_length = part->epilogue_offset ? end - part->epilogue_offset : 0;
    if (!part->children)
        mime_inside_look(p, part);
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
    return mime_boundary_match(p, match->end, &next) && next.level == match->level;
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
        mime_boundary_clear(l);
    } else if (is_empty_part(p, match)) {
        return;
    } else if (p->message->parts->len + 1 >= LIMIT_MIME_PARTS) {
        open_rest(p, l->part);
    } else {
        mime_part *parent = l->part;
        if (match->bare)
            open_bare(p, parent);
        else
            mime_parser_open_part(p, parent);
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

void mime_parser_read_parts(parser *p)
{
    boundary_match match;
    while (mime_boundary_next(p, &match))
        take_boundary(p, &match);
    add_region(p, G_MAXSIZE, top_part(p));
    mark_gaps(p);
    if (p->cut)
        mark_cut(p);
    close_all(p, p->cut);
    g_array_unref(p->levels);
    g_array_unref(p->regions);
}

parser mime_parser_of(mime_message *message, const mime_source *source, gboolean cut)
{
    return (parser){.message = message,
                    .source = source,
                    .bytes = source->bytes,
                    .cut = cut,
                    .lines = line_scan_of(source->bytes),
                    .levels = g_array_new(FALSE, FALSE, sizeof(level)),
                    .regions = g_array_new(FALSE, FALSE, sizeof(region))};
}

mime_message *mime_message_parse(slice bytes, const mime_gap *gaps, guint gap_count, gboolean cut)
{
    mime_message *m = g_new0(mime_message, 1);
    mime_source *source = g_new0(mime_source, 1);
    *source = (mime_source){.bytes = bytes, .gaps = gaps, .gap_count = gap_count};
    *m = (mime_message){.bytes = bytes,
                        .parts = g_ptr_array_new(),
                        .gaps = gaps,
                        .gap_count = gap_count,
                        .sources = g_ptr_array_new_with_free_func(mime_body_free_source)};
    mime_body_keep_source(m, source);
    if (gap_count)
        m->anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (cut)
        m->anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    parser p = mime_parser_of(m, source, cut);
    mime_parser_open_part(&p, NULL);
    m->root = g_ptr_array_index(m->parts, 0);
    mime_parser_read_parts(&p);
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
    g_free(part->header_charset);
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
