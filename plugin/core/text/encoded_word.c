/* encoded_word.c
 *
 *   encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?="
 *   encoding     = "B" / "Q"                              RFC 2047 2, RFC 2231 5
 *
 * Beyond the RFC, as mail in the wild wants it:
 *   - words decode wherever they stand: glued to text, in quoted strings, in parameters;
 *   - they may be longer than 75 bytes, and encoded-text may hold blanks (kept in Q) and folding
 *     (an artefact: dropped);
 *   - blanks between two words are dropped (6.2); so is nothing at all;
 *   - the bytes of neighbours in one charset are joined before they are converted, since many
 *     senders cut in the middle of a character, and a base64 text that ends in the middle of a
 *     quantum is continued by its neighbour:  =?gb2312?B?xOO6?= =?gb2312?B?w6GjLg==?=
 *   - an empty charset is guessed; base64 may lack its padding.
 * What begins as a word and never ends is text.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "encoded_word.h"

#include "base64_digit.h"
#include "charset.h"
#include "rfc822_lexer.h"

/* Bytes of a charset name with its language; the longest in the IANA registry has 45. */
enum { CHARSET_BYTES = 80 };

typedef struct word {
    slice charset; /* language included */
    char encoding; /* 'B' or 'Q' */
    slice text;
    gsize end; /* behind "?=" */
} word;

/* Reads words out of a text, knowing where the next "?=" is: a text with a thousand "=?" and no
 * end must not be searched a thousand times. */
typedef struct word_reader {
    slice s;
    gsize close; /* the first "?=" at or behind the place last searched from; s.len: none */
    gsize close_from;
} word_reader;

static gsize find_pair(slice s, gsize from, char first, char second)
{
    while (from + 1 < s.len) {
        const guint8 *p = memchr(s.data + from, first, s.len - from - 1);
        if (!p)
            break;
        from = (gsize)(p - s.data);
        if (p[1] == (guint8)second)
            return from;
        from++;
    }
    return s.len;
}

static gsize find_close(word_reader *r, gsize from)
{
    if (from < r->close_from || r->close < from) {
        r->close = find_pair(r->s, from, '?', '=');
        r->close_from = from;
    }
    return r->close;
}

/* Length of the charset at s, up to the '?' behind it; FALSE: no charset. */
static gboolean charset_length(slice s, gsize *len_r)
{
    for (gsize i = 0; i < MIN(s.len, CHARSET_BYTES); i++) {
        if (s.data[i] == '?') {
            *len_r = i;
            return TRUE;
        }
        if (s.data[i] <= ' ' || s.data[i] >= 0x7F || s.data[i] == '=')
            return FALSE;
    }
    return FALSE;
}

/* Is there a whole encoded word at `at`, where "=?" stands? */
static gboolean read_word(word_reader *r, gsize at, word *w, anomaly_set *anomalies)
{
    gsize len;
    slice rest = slice_from(r->s, at + 2);
    if (!charset_length(rest, &len))
        return FALSE;
    w->charset = slice_head(rest, len);
    rest = slice_from(rest, len + 1);
    if (rest.len < 2 || rest.data[1] != '?' || !strchr("bBqQ", rest.data[0]) || !rest.data[0])
        return FALSE;
    w->encoding = g_ascii_toupper((char)rest.data[0]);
    gsize text = at + 2 + len + 1 + 2, close = find_close(r, text);
    *anomalies |= ANOMALY_BIT(ANOMALY_BAD_ENCODED_WORD); /* unless it has a proper end */
    if (close >= r->s.len)
        return FALSE;
    w->text = slice_head(slice_from(r->s, text), close - text);
    w->end = close + 2;
    return find_pair(w->text, 0, '=', '?') == w->text.len; /* else the end belongs to a later word */
}

/* ---- decoding ---- */

/* Neighbouring words of one charset, decoded to bytes but not converted yet. */
typedef struct word_run {
    GString *out;
    GByteArray *bytes;
    slice charset;
    gboolean active;
    guint32 bits; /* base64: the quantum under way */
    guint count;  /* its characters, 0..3 */
    anomaly_set *anomalies;
} word_run;

static void run_byte(word_run *run, guint8 byte)
{
    g_byte_array_append(run->bytes, &byte, 1);
}

/* The bytes of a quantum that has ended early. */
static void run_end_quantum(word_run *run)
{
    if (run->count >= 2)
        run_byte(run, (guint8)(run->bits >> (6 * run->count - 8)));
    if (run->count == 3)
        run_byte(run, (guint8)(run->bits >> 2));
    run->bits = run->count = 0;
}

/* Are the bits of the quantum under way that make no full byte zero, as at the end of a text? */
static gboolean run_quantum_is_whole(const word_run *run)
{
    return run->count == 2 ? (run->bits & 0xF) == 0 : run->count == 3 ? (run->bits & 3) == 0 : run->count == 0;
}

static void run_flush(word_run *run)
{
    if (!run->active)
        return;
    if (run->count) {
        *run->anomalies |= ANOMALY_BIT(ANOMALY_BAD_ENCODED_WORD); /* missing padding */
        run_end_quantum(run);
    }
    charset_append(run->out, (slice){run->bytes->data, run->bytes->len}, run->charset, run->anomalies);
    g_byte_array_set_size(run->bytes, 0);
    run->active = FALSE;
}

static void run_base64(word_run *run, slice text)
{
    if (run_quantum_is_whole(run))
        run_end_quantum(run);
    for (gsize i = 0; i < text.len; i++) {
        gint value = base64_digit(text.data[i], '/');
        if (value >= 0) {
            run->bits = run->bits << 6 | (guint32)value;
            if (++run->count == 4) {
                run_byte(run, (guint8)(run->bits >> 16));
                run_byte(run, (guint8)(run->bits >> 8));
                run_byte(run, (guint8)run->bits);
                run->bits = run->count = 0;
            }
        } else if (text.data[i] == '=') {
            run_end_quantum(run);
        } else {
            *run->anomalies |= ANOMALY_BIT(ANOMALY_BAD_ENCODED_WORD);
        }
    }
}

static void run_q(word_run *run, slice text)
{
    run_end_quantum(run);
    for (gsize i = 0; i < text.len; i++) {
        guint8 c = text.data[i];
        int high = i + 2 < text.len ? g_ascii_xdigit_value((char)text.data[i + 1]) : -1;
        int low = i + 2 < text.len ? g_ascii_xdigit_value((char)text.data[i + 2]) : -1;
        if (c == '=' && high >= 0 && low >= 0) {
            run_byte(run, (guint8)(high << 4 | low));
            i += 2;
        } else if (c == '\r' || c == '\n') {
            while (i + 1 < text.len && rfc822_is_lwsp(text.data[i + 1]))
                i++; /* folded inside of the word */
            *run->anomalies |= ANOMALY_BIT(ANOMALY_BAD_ENCODED_WORD);
        } else {
            if (c == '=' || c == ' ' || c == '\t')
                *run->anomalies |= ANOMALY_BIT(ANOMALY_BAD_ENCODED_WORD);
            run_byte(run, c == '_' ? ' ' : c);
        }
    }
}

/* The charset without the language behind it. */
static slice without_language(slice charset)
{
    const guint8 *star = charset.len ? memchr(charset.data, '*', charset.len) : NULL;
    return star ? slice_head(charset, (gsize)(star - charset.data)) : charset;
}

/* UTF-7 is not joined: inside of its base64 the '+' that begins the neighbour would be a digit. */
static gboolean run_goes_on(const word_run *run, slice charset)
{
    return run->charset.len == charset.len && !slice_is(charset, "utf-7") && !slice_is(charset, "unicode-1-1-utf-7") &&
           g_ascii_strncasecmp((const char *)run->charset.data, (const char *)charset.data, charset.len) == 0;
}

static void run_add(word_run *run, const word *w)
{
    slice charset = without_language(w->charset);
    if (charset.len == 0)
        *run->anomalies |= ANOMALY_BIT(ANOMALY_BAD_ENCODED_WORD);
    if (run->active && !run_goes_on(run, charset))
        run_flush(run);
    run->active = TRUE;
    run->charset = charset;
    if (w->encoding == 'B')
        run_base64(run, w->text);
    else
        run_q(run, w->text);
}

/* Appends text between words: line ends of folding go (RFC 5322 2.2.3), 8-bit bytes are guessed. */
static void append_text(GString *out, slice text, anomaly_set *anomalies)
{
    GByteArray *unfolded = g_byte_array_sized_new((guint)text.len);
    for (gsize i = 0, begin = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '\r' && text.data[i] != '\n')
            continue;
        if (i > begin)
            g_byte_array_append(unfolded, text.data + begin, (guint)(i - begin));
        begin = i + 1;
    }
    slice bytes = {unfolded->data, unfolded->len};
    if (!charset_is_ascii(bytes))
        *anomalies |= ANOMALY_BIT(ANOMALY_HEADER_8BIT);
    charset_append(out, bytes, SLICE_EMPTY, anomalies);
    g_byte_array_unref(unfolded);
}

static void decode_words(slice raw, word_run *run)
{
    word_reader reader = {.s = raw, .close = raw.len, .close_from = G_MAXSIZE};
    gsize text = 0, at = 0;
    while ((at = find_pair(raw, at, '=', '?')) < raw.len) {
        word w;
        anomaly_set trouble = 0;
        if (!read_word(&reader, at, &w, &trouble)) {
            *run->anomalies |= trouble;
            at += 2;
            continue;
        }
        slice between = slice_head(slice_from(raw, text), at - text);
        if (!run->active || rfc822_trim(between).len) {
            run_flush(run);
            append_text(run->out, between, run->anomalies);
        }
        run_add(run, &w);
        text = at = w.end;
    }
    run_flush(run);
    append_text(run->out, slice_from(raw, text), run->anomalies);
}

char *encoded_word_decode(slice raw, anomaly_set *anomalies)
{
    if (charset_is_plain(raw) && find_pair(raw, 0, '=', '?') == raw.len)
        return slice_dup(raw);
    anomaly_set met = 0;
    word_run run = {.out = g_string_sized_new(raw.len + 1), .bytes = g_byte_array_new(), .anomalies = &met};
    decode_words(raw, &run);
    g_byte_array_unref(run.bytes);
    if (anomalies)
        *anomalies |= met;
    return charset_one_line(g_string_free(run.out, FALSE));
}

gboolean encoded_word_is_in(slice raw)
{
    word_reader reader = {.s = raw, .close = raw.len, .close_from = G_MAXSIZE};
    for (gsize at = 0; (at = find_pair(raw, at, '=', '?')) < raw.len; at += 2) {
        word w;
        anomaly_set trouble = 0;
        if (read_word(&reader, at, &w, &trouble))
            return TRUE;
    }
    return FALSE;
}
