/* cte_decoder.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cte_decoder.h"

#include "base64_lines.h"
#include "binhex.h"
#include "rfc822_lexer.h"
#include "yenc.h"

/* ---- names ---- */

static const struct {
    const char *name;
    mime_encoding encoding;
} encoding_table[] = {
    {"7bit", MIME_ENCODING_IDENTITY},
    {"8bit", MIME_ENCODING_IDENTITY},
    {"binary", MIME_ENCODING_IDENTITY},
    {"7-bit", MIME_ENCODING_IDENTITY},
    {"8-bit", MIME_ENCODING_IDENTITY},
    {"7bits", MIME_ENCODING_IDENTITY},
    {"8bits", MIME_ENCODING_IDENTITY},
    {"none", MIME_ENCODING_IDENTITY},
    {"utf-8", MIME_ENCODING_IDENTITY},
    {"us-ascii", MIME_ENCODING_IDENTITY},
    {"plain", MIME_ENCODING_IDENTITY},
    {"identity", MIME_ENCODING_IDENTITY},
    {"base64", MIME_ENCODING_BASE64},
    {"base-64", MIME_ENCODING_BASE64},
    {"x-base64", MIME_ENCODING_BASE64},
    {"quoted-printable", MIME_ENCODING_QP},
    {"quotedprintable", MIME_ENCODING_QP},
    {"quoted_printable", MIME_ENCODING_QP},
    {"qp", MIME_ENCODING_QP},
    {"x-uuencode", MIME_ENCODING_UUENCODE},
    {"uuencode", MIME_ENCODING_UUENCODE},
    {"x-uue", MIME_ENCODING_UUENCODE},
    {"uue", MIME_ENCODING_UUENCODE},
    {"x-yenc", MIME_ENCODING_YENC},
    {"yenc", MIME_ENCODING_YENC},
    {"x-binhex", MIME_ENCODING_BINHEX},
    {"binhex", MIME_ENCODING_BINHEX},
    {"x-binhex40", MIME_ENCODING_BINHEX},
    {"mac-binhex40", MIME_ENCODING_BINHEX},
};

mime_encoding cte_decoder_encoding(slice name)
{
    rfc822_skip_cfws(&name);
    gsize len = 0;
    while (len < name.len && !strchr(" \t\r\n;,(\"", name.data[len]))
        len++;
    name = slice_head(name, len);
    if (name.len == 0)
        return MIME_ENCODING_IDENTITY;
    for (gsize i = 0; i < G_N_ELEMENTS(encoding_table); i++) {
        if (slice_is(name, encoding_table[i].name))
            return encoding_table[i].encoding;
    }
    return MIME_ENCODING_UNKNOWN;
}

/* ---- the machines ---- */

typedef enum decoder_state {
    /* base64 */
    B64_QUANTUM,   /* in a quantum, `count` characters of it seen */
    B64_PAD,       /* two characters and one "=" seen: the second "=" is due */
    B64_AFTER_PAD, /* the text is over; what follows is held until its line shows what it is */
    B64_LOST_LINE, /* behind a gap: the rest of the line is out of step */
    /* quoted-printable */
    QP_TEXT,
    QP_BLANKS,      /* blanks seen, held: they go if the line ends here */
    QP_CR,          /* blanks (maybe) and CR seen */
    QP_EQUALS,      /* "=" seen */
    QP_HEX,         /* "=" and a hex digit seen */
    QP_SOFT_BLANKS, /* "=" and blanks seen, held */
    QP_SOFT_CR,     /* "=", blanks (maybe) and CR seen */
    /* uuencode */
    UU_BEFORE,    /* the begin line has not come yet */
    UU_LINES,     /* between begin and end */
    UU_LOST_LINE, /* behind a gap, up to the line end */
    UU_AFTER,     /* behind the end line */
    /* identity */
    IDENTITY
} decoder_state;

struct cte_decoder {
    decoder_state state;
    GByteArray *out;   /* borrowed */
    GByteArray *held;  /* bytes whose meaning shows later: see the states */
    guint32 bits;      /* base64: the quantum under way */
    guint count;       /* its characters, 0..3 */
    guint64 column;    /* base64: characters since the last line end */
    gboolean standard; /* base64: "+" or "/" was seen */
    enum { B64_ALPHABET_OPEN, B64_ALPHABET_MAYBE, B64_ALPHABET_STANDARD, B64_ALPHABET_URL } alphabet; /* base64 */
    guint8 maybe;       /* base64, B64_ALPHABET_MAYBE: the "-" or "_" at a line start that the next byte decides on */
    guint skip;         /* base64: characters to pass over behind a gap inside of a line */
    gboolean any_line;  /* base64: a line end was seen */
    gboolean lost;      /* uuencode: a gap was met */
    yenc_decoder *yenc; /* these two have a machine of their own; else NULL */
    binhex_decoder *binhex;
    anomaly_set anomalies;
};

static void put(cte_decoder *d, guint8 byte)
{
    g_byte_array_append(d->out, &byte, 1);
}

static void hold(cte_decoder *d, guint8 byte)
{
    g_byte_array_append(d->held, &byte, 1);
}

static void drop_held(cte_decoder *d)
{
    g_byte_array_set_size(d->held, 0);
}

static void put_held(cte_decoder *d)
{
    g_byte_array_append(d->out, d->held->data, d->held->len);
    drop_held(d);
}

static void mark(cte_decoder *d, anomaly_kind kind)
{
    d->anomalies |= ANOMALY_BIT(kind);
}

/* ---- base64: RFC 2045 6.8 ----
 *
 * Characters outside of the alphabet are passed over, as the RFC asks. "=" ends the quantum. Data
 * behind the padding are another base64 text (some gateways encode in blocks and join them) if the
 * rest of the line holds whole quanta of nothing but the alphabet; else they are a footer that a
 * mailing list appended, and go. */

/* 0..63; 64: "="; 65: blank or line end; 66: anything else. */
static const guint8 base64_class[256] = {
    ['\t'] = 65, ['\n'] = 65, ['\r'] = 65, [' '] = 65, ['='] = 64, ['+'] = 62,  ['/'] = 63, ['0'] = 52, 53, 54, 55, 56,
    57,          58,          59,          60,         61,         ['A'] = 128, 1,          2,          3,  4,  5,  6,
    7,           8,           9,           10,         11,         12,          13,         14,         15, 16, 17, 18,
    19,          20,          21,          22,         23,         24,          25,         ['a'] = 26, 27, 28, 29, 30,
    31,          32,          33,          34,         35,         36,          37,         38,         39, 40, 41, 42,
    43,          44,          45,          46,         47,         48,          49,         50,         51,
};
enum { B64_EQUALS = 64, B64_BLANK = 65, B64_OTHER = 66 };

/* The class of c; in the table 0 stands for "other" and 128 for 'A', so that it need not list them. */
static guint8 base64_lookup(guint8 c)
{
    guint8 value = base64_class[c];
    if (value == 0)
        return B64_OTHER;
    return value & 127;
}

static void base64_digit(cte_decoder *d, guint8 value)
{
    if (d->skip) {
        d->skip--;
        return;
    }
    d->standard = d->standard || value >= 62;
    d->bits = d->bits << 6 | value;
    if (++d->count < 4)
        return;
    guint8 bytes[3] = {(guint8)(d->bits >> 16), (guint8)(d->bits >> 8), (guint8)d->bits};
    g_byte_array_append(d->out, bytes, 3);
    d->bits = d->count = 0;
}

/* The bytes of a quantum that has ended early. */
static void base64_end_quantum(cte_decoder *d)
{
    if (d->count >= 2)
        put(d, (guint8)(d->bits >> (6 * d->count - 8)));
    if (d->count == 3)
        put(d, (guint8)(d->bits >> 2));
    d->bits = d->count = 0;
}

static void base64_equals(cte_decoder *d)
{
    if (d->count < 2) {
        mark(d, ANOMALY_BASE64_PADDING); /* a stray "=": passed over */
        return;
    }
    d->state = d->count == 2 ? B64_PAD : B64_AFTER_PAD;
    base64_end_quantum(d);
}

/* Decodes a line known to be nothing but whole quanta. */
static void base64_clean_line(cte_decoder *d, slice line)
{
    for (gsize i = 0; i < line.len; i++) {
        guint8 class = base64_lookup(line.data[i]);
        if (class < B64_EQUALS)
            base64_digit(d, class);
        else if (class == B64_EQUALS)
            base64_end_quantum(d);
        if (class <= B64_EQUALS)
            d->state = class == B64_EQUALS ? B64_AFTER_PAD : B64_QUANTUM;
    }
}

/* The line behind the padding is complete in `held`: is it base64? */
static void base64_judge_line(cte_decoder *d)
{
    gsize digits = 0;
    gboolean clean = TRUE;
    for (guint i = 0; i < d->held->len; i++) {
        guint8 class = base64_lookup(d->held->data[i]);
        clean = clean && class != B64_OTHER;
        digits += class <= B64_EQUALS;
    }
    if (!clean || digits % 4 != 0) {
        mark(d, ANOMALY_BAD_BASE64);
    } else if (digits) {
        mark(d, ANOMALY_BASE64_PADDING);
        base64_clean_line(d, (slice){d->held->data, d->held->len});
    }
    drop_held(d);
}

/* In B64_AFTER_PAD. */
static void base64_behind_padding(cte_decoder *d, guint8 c)
{
    if (base64_lookup(c) == B64_EQUALS && d->held->len == 0)
        mark(d, ANOMALY_BASE64_PADDING); /* "YQ===" */
    else if (c != '\n')
        hold(d, c);
    else
        base64_judge_line(d);
}

/* "-" and "_" are digits of RFC 4648 5, unless the text has those of RFC 2045; then they are a footer or junk. So they
 * are where a line begins with two of them: a footer, or a boundary of another message. */
static guint8 base64_url_class(cte_decoder *d, guint8 c)
{
    if (c != '-' && c != '_')
        return B64_OTHER;
    if (d->alphabet == B64_ALPHABET_OPEN && d->standard)
        d->alphabet = B64_ALPHABET_STANDARD;
    if (d->alphabet == B64_ALPHABET_OPEN && d->column == 0) {
        d->alphabet = B64_ALPHABET_MAYBE;
        d->maybe = c;
        return B64_BLANK;
    }
    if (d->alphabet == B64_ALPHABET_STANDARD)
        return B64_OTHER;
    d->alphabet = B64_ALPHABET_URL;
    mark(d, ANOMALY_BASE64_URL);
    return c == '-' ? 62 : 63;
}

static void base64_digit_in_line(cte_decoder *d, guint8 class)
{
    d->column++;
    base64_digit(d, class);
}

/* The byte behind a "-" or "_" at a line start. */
static void base64_decide(cte_decoder *d, guint8 c)
{
    d->alphabet = c == d->maybe ? B64_ALPHABET_STANDARD : B64_ALPHABET_URL;
    if (d->alphabet == B64_ALPHABET_STANDARD)
        mark(d, ANOMALY_BAD_BASE64);
    else
        base64_digit_in_line(d, base64_url_class(d, d->maybe));
}

static void base64_byte(cte_decoder *d, guint8 c)
{
    guint8 class = base64_lookup(c);
    if (d->alphabet == B64_ALPHABET_MAYBE)
        base64_decide(d, c);
    if (class == B64_OTHER && d->state == B64_QUANTUM)
        class = base64_url_class(d, c);
    switch (d->state) {
    case B64_QUANTUM:
        if (c == '\n') {
            d->any_line = TRUE;
            d->column = d->skip = 0;
        } else if (class < B64_EQUALS) {
            base64_digit_in_line(d, class);
        } else if (class == B64_EQUALS) {
            base64_equals(d);
        } else if (class == B64_OTHER) {
            mark(d, ANOMALY_BAD_BASE64);
        }
        break;
    case B64_PAD:
        if (class == B64_BLANK)
            break;
        d->state = B64_AFTER_PAD;
        if (class != B64_EQUALS) {
            mark(d, ANOMALY_BASE64_PADDING);
            base64_behind_padding(d, c);
        }
        break;
    case B64_AFTER_PAD:
        base64_behind_padding(d, c);
        break;
    default: /* B64_LOST_LINE */
        if (c == '\n') {
            d->any_line = TRUE;
            d->column = 0;
            d->state = B64_QUANTUM;
        }
    }
}

/* The fast way through full lines: whole quanta from the front of `bytes` and the line ends between them. Returns the
 * bytes taken. */
static gsize base64_run(cte_decoder *d, slice bytes)
{
    if (d->state != B64_QUANTUM || d->count || d->skip || d->alphabet == B64_ALPHABET_MAYBE || bytes.len < 4)
        return 0;
    guint before = d->out->len;
    g_byte_array_set_size(d->out, before + (guint)base64_lines_room(bytes.len));
    base64_lines lines = {bytes.data, bytes.data + bytes.len, d->out->data + before, d->column, d->any_line,
                          d->standard};
    base64_lines_decode(&lines);
    d->column = lines.column;
    d->any_line = lines.any_line;
    d->standard = lines.standard;
    g_byte_array_set_size(d->out, (guint)(lines.out - d->out->data));
    return (gsize)(lines.at - bytes.data);
}

/* The end of the lines, or a hole in them. */
static void base64_flush(cte_decoder *d)
{
    if (d->state == B64_PAD)
        mark(d, ANOMALY_BASE64_PADDING);
    if (d->state == B64_AFTER_PAD)
        base64_judge_line(d);
}

static void base64_finish(cte_decoder *d)
{
    base64_flush(d);
    if (d->alphabet == B64_ALPHABET_MAYBE)
        mark(d, ANOMALY_BAD_BASE64);
    if (d->state == B64_QUANTUM && d->count) {
        mark(d, d->count == 1 ? ANOMALY_BAD_BASE64 : ANOMALY_BASE64_PADDING);
        base64_end_quantum(d);
    }
}

/* Longer than any line that mail may have (RFC 5322 2.1.1): the body is one line. */
enum { ONE_LINE = 1000 };

static void base64_gap(cte_decoder *d, guint64 missing)
{
    if (d->alphabet == B64_ALPHABET_MAYBE)
        d->alphabet = B64_ALPHABET_OPEN;
    gboolean in_step = d->state == B64_QUANTUM && missing && !d->any_line && d->column >= ONE_LINE;
    drop_held(d);
    d->bits = d->count = 0;
    d->state = in_step ? B64_QUANTUM : B64_LOST_LINE;
    if (in_step) {
        d->column += missing;
        d->skip = (guint)((4 - d->column % 4) % 4);
    }
}

/* ---- quoted-printable: RFC 2045 6.7 ----
 *
 * Rule 3: blanks in front of a line end were added on the way, and go. Rule 5: "=" with nothing but
 * blanks up to the line end is a soft line break. An "=" that is neither stays as it is. A line ends in CRLF,
 * LF, or a CR alone; line ends come out as they went in. */

static void qp_text(cte_decoder *d, guint8 c)
{
    switch (c) {
    case ' ':
    case '\t':
        hold(d, c);
        d->state = QP_BLANKS;
        break;
    case '\r':
        d->state = QP_CR;
        break;
    case '=':
        put_held(d);
        d->state = QP_EQUALS;
        break;
    case '\n':
        drop_held(d);
        put(d, c);
        d->state = QP_TEXT;
        break;
    default:
        put_held(d);
        put(d, c);
        d->state = QP_TEXT;
    }
}

/* `c` does not go on with what is held: that was text. */
static void qp_take_back(cte_decoder *d, guint8 c)
{
    mark(d, ANOMALY_BAD_QUOTED_PRINTABLE);
    put_held(d);
    qp_text(d, c);
}

static void qp_equals(cte_decoder *d, guint8 c)
{
    hold(d, '=');
    if (c == '\n') {
        drop_held(d);
        d->state = QP_TEXT;
    } else if (g_ascii_isxdigit(c)) {
        hold(d, c);
        d->state = QP_HEX;
    } else if (c == ' ' || c == '\t') {
        hold(d, c);
        d->state = QP_SOFT_BLANKS;
    } else if (c == '\r') {
        hold(d, c);
        d->state = QP_SOFT_CR;
    } else {
        qp_take_back(d, c);
    }
}

static void qp_byte(cte_decoder *d, guint8 c)
{
    switch (d->state) {
    case QP_TEXT:
    case QP_BLANKS:
        qp_text(d, c);
        break;
    case QP_CR:
        if (c == '\n') {
            drop_held(d);
            put(d, '\r');
            put(d, '\n');
            d->state = QP_TEXT;
        } else {
            drop_held(d);
            put(d, '\r');
            qp_text(d, c);
        }
        break;
    case QP_EQUALS:
        qp_equals(d, c);
        break;
    case QP_HEX:
        if (g_ascii_isxdigit(c)) {
            put(d, (guint8)(g_ascii_xdigit_value((char)d->held->data[1]) << 4 | g_ascii_xdigit_value((char)c)));
            drop_held(d);
            d->state = QP_TEXT;
        } else {
            qp_take_back(d, c);
        }
        break;
    case QP_SOFT_BLANKS:
        if (c == '\n') {
            drop_held(d);
            d->state = QP_TEXT;
        } else if (c == ' ' || c == '\t') {
            hold(d, c);
        } else if (c == '\r') {
            hold(d, c);
            d->state = QP_SOFT_CR;
        } else {
            qp_take_back(d, c);
        }
        break;
    default: /* QP_SOFT_CR: a CR alone ends a line, too */
        drop_held(d);
        d->state = QP_TEXT;
        if (c != '\n')
            qp_text(d, c);
    }
}

/* The fast way through text: the bytes in front of the next "=" or line end, but for blanks that may
 * go with it. Returns the bytes taken. */
static gsize qp_run(cte_decoder *d, slice bytes)
{
    gsize len = 0;
    /* Blanks in front are not looked through from each of them anew. */
    if ((d->state != QP_TEXT && d->state != QP_BLANKS) || bytes.data[0] == ' ' || bytes.data[0] == '\t')
        return 0;
    while (len < bytes.len && bytes.data[len] != '=' && bytes.data[len] != '\n' && bytes.data[len] != '\r')
        len++;
    while (len && (bytes.data[len - 1] == ' ' || bytes.data[len - 1] == '\t'))
        len--;
    if (len) {
        put_held(d);
        g_byte_array_append(d->out, bytes.data, (guint)len);
        d->state = QP_TEXT;
    }
    return len;
}

static gsize no_run(cte_decoder *d, slice bytes)
{
    (void)d;
    (void)bytes;
    return 0;
}

/* The end of the body is the end of its last line: blanks go, and so does "=". */
static void qp_finish(cte_decoder *d)
{
    if (d->state == QP_HEX) {
        mark(d, ANOMALY_BAD_QUOTED_PRINTABLE);
        put_held(d);
    }
    if (d->state == QP_CR)
        put(d, '\r');
    drop_held(d);
}

/* Behind a hole the next byte is text; an escape cut in two is lost. */
static void qp_gap(cte_decoder *d)
{
    if (d->state == QP_BLANKS || d->state == QP_CR)
        put_held(d);
    drop_held(d);
    d->state = QP_TEXT;
}

/* ---- uuencode: POSIX.1 ----
 *
 *   "begin" SP mode SP name LF  *(length 1*60(character) LF)  "`" LF  "end" LF
 *
 * Lines are held until they are complete. Only the first file is taken. */

/* More than any line has: 1 + 84 for the largest length. */
enum { UU_LINE_BYTES = 256 };

static gboolean uu_is_begin(slice line)
{
    return slice_begins(line, "begin ") && line.len > 6 && g_ascii_isdigit(line.data[6]);
}

/* Characters of the line, its length included; blanks at its end may be lost on the way. */
static gsize uu_line_length(guint8 first)
{
    return 1 + ((((gsize)first - ' ') & 63) + 2) / 3 * 4;
}

static void uu_decode_line(cte_decoder *d, slice line)
{
    gsize bytes = ((gsize)line.data[0] - ' ') & 63;
    if (line.data[0] < ' ' || line.data[0] > '`' || line.len > uu_line_length(line.data[0]) + 2) {
        mark(d, ANOMALY_BAD_UUENCODE);
        return;
    }
    for (gsize i = 1; bytes > 0; i += 4) {
        guint32 bits = 0;
        for (gsize k = i; k < i + 4; k++)
            bits = bits << 6 | (k < line.len ? ((guint32)line.data[k] - ' ') & 63 : 0);
        for (int shift = 16; shift >= 0 && bytes > 0; shift -= 8, bytes--)
            put(d, (guint8)(bits >> shift));
    }
}

static void uu_line(cte_decoder *d)
{
    slice line = {d->held->data, d->held->len};
    if (d->state == UU_BEFORE) {
        /* Behind a hole that took the begin line, full lines ("M" and 60 characters) are data. */
        gboolean data = d->lost && line.len == 61 && line.data[0] == 'M';
        if (uu_is_begin(line) || data)
            d->state = UU_LINES;
        if (data)
            uu_decode_line(d, line);
    } else if (d->state == UU_LINES && line.len) {
        if (slice_is(line, "end"))
            d->state = UU_AFTER;
        else
            uu_decode_line(d, line);
    }
    drop_held(d);
}

static void uu_byte(cte_decoder *d, guint8 c)
{
    if (d->state == UU_AFTER)
        return;
    /* No character of a line is a CR: alone it ends one, too; of CRLF the LF ends an empty one. */
    if (d->state == UU_LOST_LINE) {
        d->state = c == '\n' || c == '\r' ? UU_LINES : UU_LOST_LINE;
        return;
    }
    if (c == '\n' || c == '\r')
        uu_line(d);
    else if (d->held->len < UU_LINE_BYTES)
        hold(d, c);
}

static void uu_gap(cte_decoder *d)
{
    drop_held(d);
    d->lost = TRUE;
    if (d->state == UU_LINES)
        d->state = UU_LOST_LINE;
}

static void uu_finish(cte_decoder *d)
{
    if (d->held->len && d->state != UU_LOST_LINE)
        uu_line(d);
    if (d->state != UU_AFTER)
        mark(d, ANOMALY_BAD_UUENCODE);
}

/* ---- public ---- */

static decoder_state first_state(mime_encoding encoding)
{
    switch (encoding) {
    case MIME_ENCODING_BASE64:
        return B64_QUANTUM;
    case MIME_ENCODING_QP:
        return QP_TEXT;
    case MIME_ENCODING_UUENCODE:
        return UU_BEFORE;
    default:
        return IDENTITY;
    }
}

cte_decoder *cte_decoder_new(mime_encoding encoding, GByteArray *out)
{
    cte_decoder *d = g_new0(cte_decoder, 1);
    d->state = first_state(encoding);
    d->out = out;
    d->held = g_byte_array_new();
    d->yenc = encoding == MIME_ENCODING_YENC ? yenc_decoder_new(out) : NULL;
    d->binhex = encoding == MIME_ENCODING_BINHEX ? binhex_decoder_new(out) : NULL;
    return d;
}

void cte_decoder_free(cte_decoder *decoder)
{
    if (!decoder)
        return;
    g_byte_array_unref(decoder->held);
    yenc_decoder_free(decoder->yenc);
    binhex_decoder_free(decoder->binhex);
    g_free(decoder);
}

void cte_decoder_feed(cte_decoder *d, slice bytes)
{
    if (d->yenc)
        yenc_decoder_feed(d->yenc, bytes);
    else if (d->binhex)
        binhex_decoder_feed(d->binhex, bytes);
    else if (d->state == IDENTITY)
        g_byte_array_append(d->out, bytes.data, (guint)bytes.len);
    if (d->state == IDENTITY)
        return;
    gboolean base64 = d->state <= B64_LOST_LINE, qp = !base64 && d->state <= QP_SOFT_CR;
    void (*step)(cte_decoder *, guint8) = base64 ? base64_byte : qp ? qp_byte : uu_byte;
    gsize (*run)(cte_decoder *, slice) = base64 ? base64_run : qp ? qp_run : no_run;
    while (bytes.len) {
        bytes = slice_from(bytes, run(d, bytes));
        if (bytes.len)
            step(d, bytes.data[0]);
        bytes = slice_from(bytes, 1);
    }
}

void cte_decoder_gap(cte_decoder *d, guint64 missing)
{
    if (d->state <= B64_LOST_LINE)
        base64_gap(d, missing);
    else if (d->state <= QP_SOFT_CR)
        qp_gap(d);
    else if (d->state != IDENTITY)
        uu_gap(d);
    else if (d->yenc)
        yenc_decoder_gap(d->yenc);
    else if (d->binhex)
        binhex_decoder_gap(d->binhex);
}

anomaly_set cte_decoder_finish(cte_decoder *d)
{
    if (d->state <= B64_LOST_LINE)
        base64_finish(d);
    else if (d->state <= QP_SOFT_CR)
        qp_finish(d);
    else if (d->state != IDENTITY)
        uu_finish(d);
    else if (d->yenc)
        d->anomalies |= yenc_decoder_finish(d->yenc);
    else if (d->binhex)
        d->anomalies |= binhex_decoder_finish(d->binhex);
    return d->anomalies;
}
