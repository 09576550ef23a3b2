/* mime_parser_private.h
 * The MIME parser from inside, for mime_parser.c (the tree), mime_boundary.c, mime_body.c and
 * mime_inside.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MIME_PARSER_PRIVATE_H
#define MAILXTRA_MIME_PARSER_PRIVATE_H

#include "header.h"
#include "line_scan.h"
#include "mime_parser.h"

/* An open part. */
typedef struct level {
    mime_part *part;
    GByteArray *boundary; /* a multipart whose closing boundary has not come yet; else NULL */
    GByteArray *declared; /* the boundary is a guess: what the header says; its closing form counts too. Else NULL */
} level;

/* Holes at offsets up to `upto`, and behind the region before, are in `owner`. */
typedef struct region {
    gsize upto;
    mime_part *owner;
} region;

/* A boundary line. */
typedef struct boundary_match {
    guint level;            /* the multipart's index in levels */
    gboolean closing;       /* "--" behind */
    gsize start, end;       /* the line with its line end */
    gsize hole;             /* what a hole has left of one: where the hole is; else 0 */
    gboolean intact_before; /* the hole is inside of the boundary line: it touches no part */
    gboolean orphan;        /* the hole has taken the line: the part behind has lost some of its header */
    gboolean bare;          /* ... all of it, and its body is base64 */
} boundary_match;

typedef struct parser {
    mime_message *message;
    const mime_source *source; /* what is being read */
    slice bytes;               /* source->bytes */
    line_scan lines;
    gboolean cut;           /* the end of the bytes was not seen */
    gsize at;               /* where the next line begins */
    gsize plain;            /* up to there no line can be a boundary, as far as is known */
    guint gap;              /* the first gap behind the lines read */
    GArray *levels;         /* of level */
    GArray *regions;        /* of region */
    guint fields;           /* of all headers so far */
    boundary_match pending; /* found behind a hole in a header: comes before what is at `at` */
    gboolean has_pending;
} parser;

/* ---- small things ---- */

static inline gsize line_end(parser *p, gsize at)
{
    return line_scan_end(&p->lines, at);
}

static inline slice range(const parser *p, gsize from, gsize to)
{
    return slice_head(slice_from(p->bytes, from), to > from ? to - from : 0);
}

static inline level *level_at(const parser *p, guint index)
{
    return &g_array_index(p->levels, level, index);
}

static inline mime_part *top_part(const parser *p)
{
    return level_at(p, p->levels->len - 1)->part;
}

static inline void add_region(parser *p, gsize upto, mime_part *owner)
{
    region r = {upto, owner};
    g_array_append_val(p->regions, r);
}

static inline gboolean is_message_root(const mime_part *part)
{
    return !part->parent || part->parent->is_message;
}

static inline gboolean has_type(const mime_part *part, const char *prefix)
{
    return g_str_has_prefix(part->type, prefix);
}

static inline gboolean is_message_type(const mime_part *part)
{
    return strcmp(part->type, "message/rfc822") == 0 || strcmp(part->type, "message/global") == 0 ||
           strcmp(part->type, "message/news") == 0; /* RFC 1036 articles, as newsreaders attach them */
}

static inline gboolean is_encoded(const mime_part *part)
{
    return part->encoding != MIME_ENCODING_IDENTITY && part->encoding != MIME_ENCODING_UNKNOWN;
}

static inline void mark_incomplete(mime_part *part, guint64 missing)
{
    part->complete = FALSE;
    part->missing += missing;
    part->anomalies |= ANOMALY_BIT(ANOMALY_PART_INCOMPLETE);
}

/* ---- mime_parser.c ---- */

parser mime_parser_of(mime_message *message, const mime_source *source, gboolean cut);
/* Opens the part that begins at p->at, and, as long as they are messages, those inside. */
void mime_parser_open_part(parser *p, mime_part *parent);
/* Reads all that is left; frees what the parser holds. */
void mime_parser_read_parts(parser *p);
/* May the part have children? At the limit it stays a leaf. */
gboolean mime_parser_may_nest(parser *p, mime_part *part);
/* RFC 3501 6.4.5. A message's multipart has the number of the message around it, "" for the outermost;
 * a message's single part is its ".1". */
void mime_parser_set_path(mime_part *part, gboolean is_multipart);

/* ---- mime_boundary.c ---- */

/* How far a boundary is looked for that no parameter names, where it is not even known that this is a multipart; and
 * how far behind its line for a field that says that it is one. */
enum { GUESS_BYTES = 8192, GUESS_HEADER_BYTES = 4096 };

/* Is `delimiter` ("--" taken off, blanks too) that boundary, or its closing form? */
gboolean mime_boundary_is(const GByteArray *boundary, slice delimiter, gboolean *closing_r);
/* Does the line at `at` begin with a boundary that is open? With the boundaries "x" and "x--" open,
 * "--x--" is an opening "x--": the longest wins. */
gboolean mime_boundary_match(parser *p, gsize at, boundary_match *match);
/* The same as a header_is_boundary; `user` is the parser. */
gboolean mime_boundary_ends_header(gsize offset, gpointer user);
/* Moves on to the next boundary line; FALSE: there is none. */
gboolean mime_boundary_next(parser *p, boundary_match *match);
/* Is a boundary, or what a hole left of one, in the lines from p->at up to `end`? Whole ones would have
 * ended the header; these begin inside of a line. It goes to p->pending. */
gboolean mime_boundary_find_pending(parser *p, gsize end);
/* Are there lines of base64 at `at`, a whole line's beginning or, behind a hole, the rest of one? *skip_r: the
 * characters in front of the first whole quantum. */
gboolean mime_boundary_is_base64(parser *p, gsize at, gsize *skip_r);
/* The boundaries of the part that has just begun; none if it is no multipart, or has none. */
void mime_boundary_set(parser *p, level *l);
/* The boundaries of a multipart whose body begins at `body`: the declared one, or, if no part begins with it, what a
 * line "--x" with the header of a part behind it says. Also of a message (root only) that a hole took the Content-Type
 * from. */
void mime_boundary_settle(parser *p, level *l, gsize body);
void mime_boundary_clear(level *l);

/* ---- mime_body.c ---- */

/* Of a multipart (with its boundary) or message that says that it is encoded: is it? */
gboolean mime_body_is_encoded(parser *p, mime_part *part, const GByteArray *boundary);
/* The decoded body of a multipart or message is read by a parser of its own. */
void mime_body_read_decoded(parser *p, mime_part *part);
/* The first gap at or behind `offset`; the gaps are sorted. */
guint mime_body_first_gap(const mime_source *s, gsize offset);
/* The decoded body of the part as a source, new: for mime_body_keep_source() or mime_body_free_source(). NULL: at the
 * limit. */
mime_source *mime_body_source(const mime_part *part);
void mime_body_keep_source(mime_message *message, mime_source *source);
void mime_body_free_source(gpointer source);

/* ---- mime_inside.c ---- */

/* A leaf is complete: is there more in it than meets the eye? */
void mime_inside_look(parser *p, mime_part *part);

#endif
