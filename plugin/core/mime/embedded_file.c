/* embedded_file.c
 *
 *   "begin" SP mode [SP name], a line of uuencode or "end"    up to "end", or to the last line that is uuencode
 *   "begin-base64" SP mode [SP name]                          up to "===="
 *   "=ybegin" with line= and size=                            up to "=yend", or to the end of the text
 *   "(This file must be converted", ":"                       up to ":", or to the last line of its alphabet; RFC 1741
 *                                                             has "... with BinHex", macutils jokes instead
 *
 * The line behind "begin 644 x" must be uuencode, since people also write such a line in a text (and a well-known
 * mailer used to lose the rest of the message then).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "embedded_file.h"

#include "binhex.h"
#include "charset.h"
#include "line_scan.h"
#include "yenc.h"

typedef struct file_scan {
    line_scan lines;
    gsize at;
} file_scan;

static void file_clear(gpointer data)
{
    g_free(((embedded_file *)data)->filename);
}

/* The line at `at` without its line end; *next_r: where the next one begins. */
static slice line_at(file_scan *f, gsize at, gsize *next_r)
{
    slice bytes = f->lines.bytes;
    gsize end = at < bytes.len ? line_scan_end(&f->lines, at) : bytes.len;
    *next_r = end;
    return line_scan_chomp(slice_head(slice_from(bytes, at), end - at));
}

static char *name_of(slice bytes, const char *charset)
{
    bytes = slice_trim(bytes);
    if (bytes.len >= 2 && bytes.data[0] == '"' && bytes.data[bytes.len - 1] == '"')
        bytes = slice_head(slice_from(bytes, 1), bytes.len - 2);
    return bytes.len ? charset_one_line(charset_to_utf8(bytes, slice_of(charset), NULL)) : NULL;
}

/* KEYWORD SP octal mode [SP name]; FALSE: it is not. POSIX wants the name, some encoders that read a pipe write none.
 */
static gboolean take_begin(slice line, const char *keyword, slice *name_r)
{
    if (line.len <= strlen(keyword) || memcmp(line.data, keyword, strlen(keyword)) != 0)
        return FALSE;
    slice rest = slice_trim(slice_from(line, strlen(keyword)));
    gsize digits = 0;
    while (digits < rest.len && rest.data[digits] >= '0' && rest.data[digits] <= '7')
        digits++;
    *name_r = slice_trim(slice_from(rest, digits));
    return digits >= 3 && digits <= 5 && (digits == rest.len || rest.data[digits] == ' ');
}

/* ---- uuencode ---- */

/* A data line: its length, and as many characters as that takes. Blanks at its end may be lost on the way, and some
 * encoders add a check sum. */
static gboolean is_uu_line(slice line)
{
    if (line.len < 2 || line.data[0] <= ' ' || line.data[0] > '`')
        return FALSE;
    gsize bytes = ((gsize)line.data[0] - ' ') & 63, characters = line.len - 1;
    for (gsize i = 1; i < line.len; i++) {
        if (line.data[i] < ' ' || line.data[i] > '`')
            return FALSE;
    }
    return bytes && characters <= (bytes + 2) / 3 * 4 + 2 && characters * 2 >= (bytes * 4 + 2) / 3;
}

static gboolean is_uu_end(slice line)
{
    slice word = slice_trim(line);
    return word.len == 3 && memcmp(word.data, "end", 3) == 0;
}

/* The line in front of "end": a length of zero, which may have been a blank that got lost. */
static gboolean is_uu_zero(slice line)
{
    slice word = slice_trim(line);
    return word.len == 0 || (word.data[0] == '`' && word.len <= 2);
}

/* Where the file ends whose data begin at `at`; *closed_r: in its end line. */
static gsize uu_end(file_scan *f, gsize at, gboolean *closed_r)
{
    gsize next, after;
    for (slice line = line_at(f, at, &next); next > at; at = next, line = line_at(f, at, &next)) {
        *closed_r = TRUE;
        if (is_uu_end(line))
            return next;
        if (is_uu_zero(line) && is_uu_end(line_at(f, next, &after)))
            return after;
        *closed_r = FALSE;
        if (!is_uu_line(line))
            return at;
    }
    return at;
}

static gboolean find_uu(file_scan *f, slice line, gsize next, embedded_file *file)
{
    slice name;
    if (!take_begin(line, "begin ", &name))
        return FALSE;
    gboolean closed = FALSE;
    gsize end = uu_end(f, next, &closed);
    if (end == next)
        return FALSE;
    *file = (embedded_file){f->at, end - f->at, MIME_ENCODING_UUENCODE, closed, name_of(name, NULL)};
    f->at = end;
    return TRUE;
}

static gboolean is_base64_line(slice line)
{
    line = slice_trim(line);
    for (gsize i = 0; i < line.len; i++) {
        if (!g_ascii_isalnum(line.data[i]) && !(line.data[i] && strchr("+/=", line.data[i])))
            return FALSE;
    }
    return line.len > 0;
}

static gboolean find_base64(file_scan *f, slice line, gsize next, embedded_file *file)
{
    slice name;
    gsize at = next, after;
    if (!take_begin(line, "begin-base64 ", &name))
        return FALSE;
    slice data = line_at(f, at, &after);
    while (is_base64_line(data) && !slice_begins(data, "====")) {
        at = after;
        data = line_at(f, at, &after);
    }
    gboolean closed = slice_begins(data, "====");
    if (at == next && !closed)
        return FALSE;
    *file = (embedded_file){next, at - next, MIME_ENCODING_BASE64, closed, name_of(name, NULL)};
    f->at = closed ? after : at;
    return TRUE;
}

/* ---- yEnc ---- */

static gboolean find_yenc(file_scan *f, slice line, gsize next, embedded_file *file)
{
    if (!slice_begins(line, "=ybegin ") || yenc_value(line, "line").len == 0 || yenc_value(line, "size").len == 0)
        return FALSE;
    gsize at = next, end = f->lines.bytes.len;
    gboolean closed = FALSE;
    while (at < end && !closed)
        closed = slice_begins(line_at(f, at, &at), "=yend");
    end = closed ? at : end;
    *file = (embedded_file){f->at, end - f->at, MIME_ENCODING_YENC, closed, name_of(yenc_value(line, "name"), NULL)};
    f->at = end;
    return TRUE;
}

/* ---- BinHex ---- */

/* Enough of a file for its name: 64 bytes, each sent as 0x90 0x00 at worst, in 6-bit characters and with line ends. */
enum { BINHEX_NAME_CHARACTERS = 256 };

static char *binhex_name(slice text)
{
    GByteArray *none = g_byte_array_new();
    binhex_decoder *decoder = binhex_decoder_new(none);
    binhex_decoder_feed(decoder, slice_head(text, BINHEX_NAME_CHARACTERS));
    char *name = name_of(binhex_decoder_name(decoder), "macintosh");
    binhex_decoder_free(decoder);
    g_byte_array_unref(none);
    return name;
}

/* Where the text ends whose first line, with the ":", is at `at`; *closed_r: in the other ":". */
static gsize binhex_end(file_scan *f, gsize at, gboolean *closed_r)
{
    gsize next;
    gboolean first = TRUE;
    for (slice line = line_at(f, at, &next); next > at; at = next, line = line_at(f, at, &next), first = FALSE) {
        slice word = slice_trim(line);
        const guint8 *colon = word.len > (gsize)first ? memchr(word.data + first, ':', word.len - first) : NULL;
        *closed_r = colon != NULL;
        if (colon)
            return next;
        for (gsize i = 0; i < word.len; i++) {
            if (word.data[i] < '!' || word.data[i] > 'r')
                return at;
        }
        if (word.len == 0)
            return at;
    }
    return at;
}

static gboolean find_binhex(file_scan *f, slice line, gsize next, embedded_file *file)
{
    if (!slice_begins(slice_trim(line), "(This file must be converted"))
        return FALSE;
    gsize at = next;
    slice data = line_at(f, at, &next);
    while (next > at && slice_trim(data).len == 0) {
        at = next;
        data = line_at(f, at, &next);
    }
    if (data.len == 0 || data.data[0] != ':')
        return FALSE;
    gboolean closed = FALSE;
    gsize end = binhex_end(f, at, &closed);
    if (end == at)
        return FALSE;
    slice text = slice_head(slice_from(f->lines.bytes, at), end - at);
    *file = (embedded_file){at, end - at, MIME_ENCODING_BINHEX, closed, binhex_name(text)};
    f->at = end;
    return TRUE;
}

/* ---- all ---- */

/* The file that begins with the line at f->at, which is passed over with it; FALSE: none. */
static gboolean find_here(file_scan *f, slice line, gsize next, embedded_file *file)
{
    switch (line.data[0]) {
    case 'b':
        return find_uu(f, line, next, file) || find_base64(f, line, next, file);
    case '=':
        return find_yenc(f, line, next, file);
    case '(':
        return find_binhex(f, line, next, file);
    default:
        return FALSE;
    }
}

GArray *embedded_file_find(slice text, guint max)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(embedded_file));
    g_array_set_clear_func(files, file_clear);
    file_scan f = {line_scan_of(text), 0};
    while (f.at < text.len && files->len < max) {
        gsize next;
        slice line = line_at(&f, f.at, &next);
        embedded_file file = {0};
        if (line.len && find_here(&f, line, next, &file))
            g_array_append_val(files, file);
        else
            f.at = next;
    }
    return files;
}
