/* header.c
 *
 *   header = *field [CRLF]           field = name *WSP ":" text *(CRLF WSP text) CRLF
 *   name   = 1*(%d33-57 / %d59-126)                               RFC 5322 2.2, 3.6.8, 4.5
 *
 * A line that is neither field nor continuation is either damage inside of the header, or the body of
 * a part whose blank line is missing. In order:
 *   - the mbox "From " line (and ">From ", as mail stores quote it) in front of all: passed over;
 *   - it begins with "--" and fields were there: the body begins;
 *   - a field or the blank line follows in the next line: damage, passed over (HEADER_NO_COLON); but in front of the
 *     first field of a part, or behind several such lines, only if the field is one that headers have and texts
 *     have not (JUNK_LINES at most);
 *   - else the body begins (PART_WITHOUT_BLANK_LINE, if fields were there).
 * A UTF-8 byte order mark in front of the first field, which editors and scripts leave there, is passed over.
 *
 * A line also ends in a CR alone, but only if what follows could be a line of a header: a field, a
 * continuation, a boundary, another CR, or the end. Any other CR is a byte of its line.
 *
 * 8-bit bytes in a name are let pass. A line of nothing but blanks continues a field; in front of the first one it is
 * such a line, too (web mailers that show the source begin it so), and ends the header if no field follows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "header.h"

#include "charset.h"
#include "encoded_word.h"
#include "limits.h"
#include "line_scan.h"
#include "rfc822_lexer.h"

typedef struct header_reader {
    slice message;
    line_scan lines;
    gsize start, at; /* where the header and the current line begin */
    gsize junk;      /* the lines in front of it are known to be damage */
    header_is_boundary is_boundary;
    gpointer user;
    guint max_fields;
    guint beyond; /* fields kept behind the limits */
    header_block block;
} header_reader;

typedef enum line_kind { LINE_NONE, LINE_BLANK, LINE_BOUNDARY, LINE_CONTINUATION, LINE_FIELD, LINE_OTHER } line_kind;

static void field_free(gpointer data)
{
    header_field *field = data;
    g_free(field->name);
    g_free(field->value);
    g_free(field->in_utf8);
    g_free(field);
}

/* Bytes of the name with the blanks and the ":" behind it; 0: no field begins at s. */
static gsize field_name_length(slice s, gsize *name_r)
{
    gsize len = 0;
    while (len < s.len && s.data[len] > ' ' && s.data[len] != ':' && s.data[len] != 0x7F)
        len++;
    *name_r = len;
    while (len < s.len && (s.data[len] == ' ' || s.data[len] == '\t'))
        len++;
    return *name_r && len < s.len && s.data[len] == ':' ? len + 1 : 0;
}

gboolean header_begins_field(slice s)
{
    gsize name;
    return field_name_length(s, &name) > 0;
}

static gboolean is_boundary_at(const header_reader *r, gsize at)
{
    return r->is_boundary && at < r->message.len && r->message.data[at] == '-' && r->is_boundary(at, r->user);
}

/* Could a line of a header begin at `at`, behind a CR? */
static gboolean header_goes_on(const header_reader *r, gsize at)
{
    gsize name;
    slice rest = slice_from(r->message, at);
    if (rest.len == 0 || rest.data[0] == '\r' || rest.data[0] == ' ' || rest.data[0] == '\t')
        return TRUE;
    return field_name_length(rest, &name) || is_boundary_at(r, at);
}

/* Where the line that begins at `at` ends, its line end included. */
static gsize line_end(header_reader *r, gsize at)
{
    gsize end = line_scan_end(&r->lines, at);
    while (end > at + 1 && line_scan_is_bare_cr(&r->lines, end) && end < r->message.len && !header_goes_on(r, end))
        end = line_scan_end(&r->lines, end);
    return end;
}

static line_kind classify(header_reader *r, gsize at)
{
    gsize name;
    slice line = slice_head(slice_from(r->message, at), line_end(r, at) - at);
    if (line.len == 0)
        return LINE_NONE;
    if (line_scan_chomp(line).len == 0)
        return LINE_BLANK;
    if (is_boundary_at(r, at))
        return LINE_BOUNDARY;
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return LINE_CONTINUATION;
    return field_name_length(line, &name) ? LINE_FIELD : LINE_OTHER;
}

/* Where the field that begins at `at` ends, its continuation lines included. */
static gsize field_end(header_reader *r, gsize at)
{
    gsize end = line_end(r, at);
    while (end < r->message.len && (r->message.data[end] == ' ' || r->message.data[end] == '\t'))
        end = line_end(r, end);
    return end;
}

/* The fields that say what a message or part is: without them a header that is made long would hide what is behind it.
 */
static gboolean is_needed(slice field)
{
    static const char *const names[] = {"Content-", "From:", "To:", "Cc:", "Subject:", "Date:", "Message-ID:"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (slice_begins(field, names[i]))
            return TRUE;
    return FALSE;
}

/* Is the field that ends at `end` within the limits, or one of the few that are kept behind them? */
static gboolean has_room(header_reader *r, gsize end)
{
    if (end - r->start <= LIMIT_HEADER_BYTES && r->block.fields->len < r->max_fields)
        return TRUE;
    r->block.anomalies |= ANOMALY_BIT(ANOMALY_HEADER_TOO_LONG);
    return r->beyond < LIMIT_NEEDED_FIELDS && is_needed(slice_from(r->message, r->at)) && ++r->beyond;
}

static void add_field(header_reader *r, gsize end)
{
    if (!has_room(r, end))
        return;
    gsize name;
    header_field *field = g_new0(header_field, 1);
    slice whole = slice_head(slice_from(r->message, r->at), end - r->at);
    gsize value = field_name_length(whole, &name);
    field->offset = r->at;
    field->length = whole.len;
    field->sent = field->raw_value = line_scan_chomp(slice_from(whole, value));
    if (memchr(whole.data, '\0', whole.len))
        field->anomalies |= ANOMALY_BIT(ANOMALY_HEADER_NUL);
    if (line_scan_is_bare_cr(&r->lines, end))
        field->anomalies |= ANOMALY_BIT(ANOMALY_BARE_CR);
    if (!charset_is_ascii(slice_head(whole, name)))
        field->anomalies |= ANOMALY_BIT(ANOMALY_HEADER_8BIT);
    field->name = charset_one_line(charset_to_utf8(slice_head(whole, name), SLICE_EMPTY, NULL));
    field->value = encoded_word_decode(rfc822_trim(field->raw_value), &field->anomalies);
    r->block.anomalies |= field->anomalies;
    g_ptr_array_add(r->block.fields, field);
}

static gboolean is_mbox_line(const header_reader *r)
{
    slice rest = slice_from(r->message, r->at);
    return r->block.fields->len == 0 && r->at <= r->start + 3 &&
           (slice_begins(rest, "From ") || slice_begins(rest, ">From ")) &&
           (rest.data[0] == 'F' || rest.data[1] == 'F');
}

/* How many lines in a row that are no fields may stand in front of fields. */
enum { JUNK_LINES = 16 };

/* Does a field begin at `at` that headers have? In the middle of a header `strict` leaves out those that also head a
 * mail that a text quotes. */
static gboolean is_known_field(const header_reader *r, gsize at, gboolean strict)
{
    static const char *const machine[] = {"Content-",    "MIME-Version:",   "Received:",
                                          "Message-ID:", "DKIM-Signature:", "Return-Path:",
                                          "X-Mailer:",   "Delivered-To:",   "Authentication-Results:"};
    static const char *const author[] = {"From:", "To:", "Cc:", "Subject:", "Date:", "Reply-To:", "Sender:"};
    slice rest = slice_from(r->message, at);
    for (gsize i = 0; i < G_N_ELEMENTS(machine); i++)
        if (slice_begins(rest, machine[i]))
            return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(author) && !strict; i++)
        if (slice_begins(rest, author[i]))
            return TRUE;
    return FALSE;
}

static gboolean is_byte_order_mark(slice s)
{
    return slice_has_prefix(s, "\xEF\xBB\xBF");
}

/* Where the field begins that follows the line at r->at and others that are no fields; 0: none does. Behind a line that
 * begins with "--" there is no field of this header: it is a boundary, of a message whose own header is not there. */
static gsize next_field(header_reader *r, guint *lines_r)
{
    gsize at = r->at;
    for (*lines_r = 1; *lines_r <= JUNK_LINES; ++*lines_r) {
        if (slice_has_prefix(slice_from(r->message, at), "--"))
            return 0;
        at = line_end(r, at);
        if (r->block.fields->len == 0 && is_byte_order_mark(slice_from(r->message, at)))
            return at + 3;
        line_kind kind = classify(r, at);
        if (kind == LINE_FIELD)
            return at;
        if (kind != LINE_OTHER && kind != LINE_CONTINUATION)
            return 0;
    }
    return 0;
}

/* The line at r->at is no field: does the body begin with it? */
static gboolean body_begins(header_reader *r)
{
    guint lines;
    gboolean first = r->block.fields->len == 0, part = r->start > 0;
    if (!first && slice_begins(slice_from(r->message, r->at), "--"))
        return TRUE; /* a boundary, most likely this part's own */
    if (!first && classify(r, line_end(r, r->at)) == LINE_BLANK)
        return FALSE;
    gsize field = next_field(r, &lines);
    if (field == 0)
        return TRUE;
    return !(lines == 1 && !(first && part)) && !is_known_field(r, field, !first);
}

/* Ends the header in front of the line at r->at. */
static gboolean end_header(header_reader *r, header_end why)
{
    r->block.end = why;
    r->block.length = r->at - r->start;
    return FALSE;
}

/* Of the line at r->at: does it end the header? */
static gboolean ends_header(header_reader *r)
{
    gsize end = line_end(r, r->at);
    gboolean blank = rfc822_trim(slice_head(slice_from(r->message, r->at), end - r->at)).len == 0;
    if (r->at < r->junk || !body_begins(r))
        return FALSE;
    if (blank && r->block.fields->len == 0) {
        r->at = end;
        end_header(r, HEADER_END_BLANK_LINE);
        return TRUE;
    }
    if (r->block.fields->len)
        r->block.anomalies |= ANOMALY_BIT(ANOMALY_PART_WITHOUT_BLANK_LINE);
    end_header(r, HEADER_END_BODY);
    return TRUE;
}

/* A line that begins with a blank and continues no field, or is no field at all. */
static gboolean take_other(header_reader *r)
{
    guint lines;
    if (is_mbox_line(r)) {
        r->block.anomalies |= ANOMALY_BIT(ANOMALY_MBOX_LINE);
        r->at = line_end(r, r->at);
        return TRUE;
    }
    if (ends_header(r))
        return FALSE;
    if (r->at >= r->junk)
        r->junk = next_field(r, &lines); /* the lines up to there are looked at once */
    r->block.anomalies |= ANOMALY_BIT(ANOMALY_HEADER_NO_COLON);
    r->at = line_end(r, r->at);
    return TRUE;
}

/* In front of the first field. */
static void pass_byte_order_mark(header_reader *r)
{
    gsize name;
    slice rest = slice_from(r->message, r->at);
    if (r->block.fields->len || !is_byte_order_mark(rest))
        return;
    rest = slice_from(rest, 3);
    if (!field_name_length(rest, &name) && !slice_begins(rest, "From ") && !slice_begins(rest, "\r") &&
        !slice_begins(rest, "\n"))
        return;
    r->block.anomalies |= ANOMALY_BIT(ANOMALY_HEADER_8BIT);
    r->at += 3;
}

/* Takes the field or line at r->at; FALSE: the header has ended. */
static gboolean take_line(header_reader *r)
{
    pass_byte_order_mark(r);
    gsize end;
    switch (classify(r, r->at)) {
    case LINE_NONE:
        return end_header(r, HEADER_END_INPUT);
    case LINE_BLANK:
        r->at = line_end(r, r->at);
        return end_header(r, HEADER_END_BLANK_LINE);
    case LINE_BOUNDARY:
        return end_header(r, HEADER_END_BOUNDARY);
    case LINE_FIELD:
        end = field_end(r, r->at);
        add_field(r, end);
        r->at = end;
        return TRUE;
    default:
        return take_other(r);
    }
}

header_block header_read(slice message, gsize offset, guint max_fields, header_is_boundary is_boundary, gpointer user)
{
    header_reader r = {.message = message,
                       .lines = line_scan_of(message),
                       .start = offset,
                       .at = offset,
                       .is_boundary = is_boundary,
                       .user = user,
                       .max_fields = max_fields};
    r.block.fields = g_ptr_array_new_with_free_func(field_free);
    while (take_line(&r))
        ;
    return r.block;
}

void header_field_convert(header_field *field, slice charset)
{
    anomaly_set met = 0;
    field->in_utf8 = charset_to_utf8(field->sent, charset, NULL);
    field->raw_value = slice_of(field->in_utf8);
    g_free(field->value);
    field->value = encoded_word_decode(rfc822_trim(field->raw_value), &met);
}

const header_field *header_find(const GPtrArray *fields, const char *name)
{
    for (guint i = 0; i < fields->len; i++) {
        const header_field *field = g_ptr_array_index(fields, i);
        if (header_field_is(field, name))
            return field;
    }
    return NULL;
}
