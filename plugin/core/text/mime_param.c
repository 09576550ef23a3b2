/* mime_param.c
 *
 *   field     = value *(";" parameter)
 *   parameter = attribute "=" (token / quoted-string)                     RFC 2045 5.1
 *   attribute = name ["*" section] ["*"]                                  RFC 2231 7
 *   extended  = [charset] "'" [language] "'" *(%XX / char)    in section 0, when its "*" is there
 *
 * Where a parameter comes in several forms, the one made for non-ASCII text wins (RFC 6266 4.3
 * says so for HTTP; senders put the ASCII form there for old readers):
 *   filename="EURO.txt"; filename*=UTF-8''%E2%82%AC.txt                   -> the second
 *   filename*0="a"; filename*1="b.txt"; filename="ab.txt"                 -> the first two
 *   filename="a"; filename="b"                                            -> "a", DUPLICATE_PARAMETER
 * Sections are put in order by number; a missing one is passed over (BAD_PARAMETER). "%" is undone in
 * sections that end in "*", and the bytes of all are joined before they are converted.
 *
 * What real senders do:
 *   name="=?gb2312?B?...?=\r\n =?gb2312?B?...?="   RFC 2047 in quotes: decoded, also in "*0"/"*1"
 *   name=my report.pdf; size=3                     blanks in name and filename: kept up to ";" or
 *                                                  up to a blank and a known parameter
 *   filename="C:\new\a.txt"                        "\" in them only quotes '"' and "\"
 *   filename="a "b" c.txt"                         a '"' ends a value only in front of ";", a comment, a
 *                                                  known parameter, or the end;
 *   boundary="b"\r\n continued; charset=utf-8      but if it is the only one up to there, it does so
 *                                                  all the same
 *   name="a.txt; charset=utf-8                     no end quote: up to ";" and a known parameter
 *   text/plain charset=utf-8                       no ";": a known parameter begins
 *   filename=<raw GBK or UTF-8>                    guessed (charset.c)
 *   filename*=report.pdf, filename*=%41.pdf        no charset'lang': guessed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_param.h"

#include "charset.h"
#include "encoded_word.h"
#include "limits.h"
#include "rfc822_lexer.h"

/* Names that may begin a parameter where no ";" says so. */
static const char *const known_names[] = {
    "name",          "filename",          "charset",   "boundary", "format",   "delsp",  "size",    "type",
    "start",         "start-info",        "protocol",  "micalg",   "method",   "access-type", "report-type", "reply-type",
    "creation-date", "modification-date", "read-date", "x-unix-mode", "x-mac-type", "x-mac-creator", "smime-type", "url",
};

/* One attribute=value as it stands in the field. */
typedef struct section {
    char *name;        /* lower case, without "*" */
    int number;        /* -1: not numbered */
    gboolean extended; /* has the "*" of RFC 2231 4 behind */
    GByteArray *bytes; /* quotes undone, percents not */
} section;

static void section_free(gpointer data)
{
    section *s = data;
    g_free(s->name);
    g_byte_array_unref(s->bytes);
    g_free(s);
}

static slice slice_of_array(const GByteArray *array)
{
    return (slice){array->data, array->len};
}

/* ---- lexing ---- */

/* Does a known parameter (NAME ["*"...] *LWSP "=") begin at s? */
static gboolean known_parameter_at(slice s)
{
    slice rest = s;
    slice name = rfc822_take_token(&rest);
    const guint8 *star = name.len ? memchr(name.data, '*', name.len) : NULL;
    if (star)
        name = slice_head(name, (gsize)(star - name.data));
    rfc822_skip_lwsp(&rest);
    if (name.len == 0 || rest.len == 0 || rest.data[0] != '=')
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(known_names); i++) {
        if (slice_is(name, known_names[i]))
            return TRUE;
    }
    return FALSE;
}

/* Can a value end here, where s begins behind its last byte? Bounded, since it is asked at
 * each quote: who puts more than this between two parameters gets them as one. */
static gboolean value_may_end_at(slice s)
{
    s = slice_head(s, 256);
    rfc822_skip_lwsp(&s);
    return s.len == 0 || s.data[0] == ';' || s.data[0] == '(' || known_parameter_at(s);
}

/* Is there a known parameter behind the blank or ';' at s? */
static gboolean known_parameter_behind(slice s)
{
    s = slice_head(slice_from(s, 1), 256);
    rfc822_skip_lwsp(&s);
    return known_parameter_at(s);
}

static gboolean is_file_name(const char *name)
{
    return strcmp(name, "filename") == 0 || strcmp(name, "name") == 0;
}

/* Does a "\" quote the byte behind it, where `next` begins? In a path it does so only with '"' and "\",
 * and in "C:\dir\" the last quote is the closing one. */
static gboolean escapes(gboolean path, slice next)
{
    if (!path || next.data[0] == '\\')
        return TRUE;
    return next.data[0] == '"' && (next.len > 256 || rfc822_trim(slice_from(next, 1)).len != 0);
}

/* Passes over what stands behind a closing quote, up to ";" or a known parameter. */
static slice pass_junk(slice s)
{
    while (s.len && s.data[0] != ';' && !(rfc822_is_lwsp(s.data[0]) && known_parameter_behind(s)))
        s = slice_from(s, 1);
    return s;
}

/* Where a quoted value may have ended: an offset, and how much of the value is in front of it. */
typedef struct value_end {
    gboolean seen;
    gsize at, bytes;
} value_end;

static void note_end(value_end *end, gsize at, const section *out)
{
    if (!end->seen)
        *end = (value_end){TRUE, at, out->bytes->len};
}

/* With the cursor behind the opening quote: the bytes up to the closing one. */
static void take_quoted(slice *cursor, section *out, anomaly_set *anomalies)
{
    slice s = *cursor;
    gboolean path = is_file_name(out->name);
    value_end quote = {.seen = FALSE}, separator = {.seen = FALSE};
    guint quotes = 0; /* that end nothing as far as is seen */
    gsize i = 0;
    for (; i < s.len; i++) {
        guint8 c = s.data[i];
        gboolean has_next = i + 1 < s.len;
        if (c == '"' && value_may_end_at(slice_from(s, i + 1)))
            break;
        if (c == '"') {
            quotes++;
            note_end(&quote, i, out);
        }
        if (c == '\\' && has_next && escapes(path, slice_from(s, i + 1)))
            c = s.data[++i];
        if (c == ';' && !separator.seen && known_parameter_behind(slice_from(s, i))) {
            note_end(&separator, i, out);
            if (quotes == 1)
                break;
        }
        if (c != '\r' && c != '\n')
            g_byte_array_append(out->bytes, &c, 1);
    }
    if (i < s.len && s.data[i] == '"') {
        *cursor = slice_from(s, i + 1);
        return;
    }
    *anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
    if (quotes == 1) { /* an end quote with junk behind it */
        g_byte_array_set_size(out->bytes, (guint)quote.bytes);
        *cursor = pass_junk(slice_from(s, quote.at + 1));
        return;
    }
    *cursor = slice_from(s, separator.seen ? separator.at : s.len); /* no end quote */
    if (separator.seen)
        g_byte_array_set_size(out->bytes, (guint)separator.bytes);
}

/* Length of the encoded word at s; 0: none, or a very long one. Its text may hold ";". */
static gsize encoded_word_length(slice s)
{
    gsize marks = 0;
    if (s.len < 2 || s.data[0] != '=' || s.data[1] != '?')
        return 0;
    for (gsize i = 2; i < MIN(s.len, 200); i++) {
        if (rfc822_is_lwsp(s.data[i]))
            return 0;
        marks += s.data[i] == '?';
        if (marks >= 3 && s.data[i] == '?' && i + 1 < s.len && s.data[i + 1] == '=' && s.data[i - 1] != '?')
            return i + 2;
    }
    return 0;
}

/* In "filename=(1) copy.txt" and in boundaries parentheses belong to the value. */
static gboolean may_have_comments(const section *s)
{
    return !is_file_name(s->name) && strcmp(s->name, "boundary") != 0;
}

/* A value without quotes. In file names blanks and parentheses belong to it. */
static void take_unquoted(slice *cursor, section *out, anomaly_set *anomalies)
{
    slice s = *cursor;
    gboolean path = is_file_name(out->name);
    gboolean comments = may_have_comments(out);
    gsize i = 0;
    while (i < s.len && s.data[i] != ';') {
        gsize word = path ? encoded_word_length(slice_from(s, i)) : 0;
        gboolean blank_begins = rfc822_is_lwsp(s.data[i]) && (i == 0 || !rfc822_is_lwsp(s.data[i - 1]));
        if (blank_begins && (!path || known_parameter_behind(slice_from(s, i))))
            break;
        if (s.data[i] == '(' && comments)
            break;
        i += word ? word : 1;
    }
    i = MIN(i, s.len);
    slice value = rfc822_trim(slice_head(s, i));
    for (gsize k = 0; k < value.len; k++) {
        if (rfc822_is_lwsp(value.data[k]))
            *anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
        if (value.data[k] != '\r' && value.data[k] != '\n')
            g_byte_array_append(out->bytes, &value.data[k], 1);
    }
    *cursor = slice_from(s, i);
}

/* name ["*" DIGITS] ["*"]; what is no number there stays in the name. */
static void set_name(section *out, slice name)
{
    if (name.len && name.data[name.len - 1] == '*') {
        out->extended = TRUE;
        name.len--;
    }
    gsize digits = 0;
    while (digits < name.len && g_ascii_isdigit(name.data[name.len - 1 - digits]))
        digits++;
    out->number = -1;
    if (digits && digits <= 4 && digits < name.len && name.data[name.len - 1 - digits] == '*') {
        out->number = 0;
        for (gsize i = name.len - digits; i < name.len; i++)
            out->number = out->number * 10 + (name.data[i] - '0');
        name.len -= digits + 1;
    }
    char *utf8 = charset_to_utf8(name, SLICE_EMPTY, NULL);
    char *lower = g_ascii_strdown(utf8, -1);
    out->name = charset_one_line(lower);
    g_free(utf8);
}

/* Up to "=", ";" or a blank. */
static slice take_attribute(slice *cursor)
{
    gsize len = 0;
    while (len < cursor->len && cursor->data[len] != '=' && cursor->data[len] != ';' && !rfc822_is_lwsp(cursor->data[len]))
        len++;
    slice name = slice_head(*cursor, len);
    *cursor = slice_from(*cursor, len);
    return name;
}

/* Takes one attribute=value; NULL: something else stood there, and was passed over. */
static section *take_section(slice *cursor, anomaly_set *anomalies)
{
    slice name = take_attribute(cursor);
    rfc822_skip_cfws(cursor);
    if (cursor->len == 0 || cursor->data[0] != '=' || name.len == 0) {
        *anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
        if (cursor->len && cursor->data[0] == '=')
            *cursor = slice_from(*cursor, 1);
        return NULL;
    }
    section *out = g_new0(section, 1);
    out->bytes = g_byte_array_new();
    set_name(out, name);
    *cursor = slice_from(*cursor, 1);
    if (may_have_comments(out))
        rfc822_skip_cfws(cursor);
    else
        rfc822_skip_lwsp(cursor);
    if (cursor->len && cursor->data[0] == '"') {
        *cursor = slice_from(*cursor, 1);
        take_quoted(cursor, out, anomalies);
    } else {
        take_unquoted(cursor, out, anomalies);
    }
    return out;
}

static GPtrArray *take_sections(slice cursor, anomaly_set *anomalies)
{
    GPtrArray *sections = g_ptr_array_new_with_free_func(section_free);
    for (;;) {
        rfc822_skip_cfws(&cursor);
        while (cursor.len && cursor.data[0] == ';') {
            cursor = slice_from(cursor, 1);
            rfc822_skip_cfws(&cursor);
        }
        if (cursor.len == 0)
            return sections;
        if (sections->len >= LIMIT_PARAMS) {
            *anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
            return sections;
        }
        section *s = take_section(&cursor, anomalies);
        if (s)
            g_ptr_array_add(sections, s);
    }
}

/* The next word of a value, up to a blank, a comment or ";". */
static slice take_word(slice *cursor)
{
    slice start = *cursor;
    while (cursor->len && cursor->data[0] != ';' && cursor->data[0] != '(' && !rfc822_is_lwsp(cursor->data[0]))
        *cursor = slice_from(*cursor, 1);
    return slice_head(start, start.len - cursor->len);
}

/* Does the word at s belong to what is read so far? "text / plain" is one value, "text/plain junk" is not. */
static gboolean word_continues(const GString *value, slice s)
{
    return value->len == 0 || value->str[value->len - 1] == '/' || s.data[0] == '/';
}

/* The value in front of the parameters: "text/plain", also written "text / plain (x)". When the field
 * begins with a parameter at once ("Content-Disposition: filename=a.txt") there is none. */
static char *take_value(slice *cursor, anomaly_set *anomalies)
{
    GString *value = g_string_new(NULL);
    rfc822_skip_cfws(cursor);
    while (cursor->len && cursor->data[0] != ';' && !known_parameter_at(slice_head(*cursor, 256))) {
        gboolean continues = word_continues(value, *cursor);
        slice word = take_word(cursor);
        if (continues)
            g_string_append_len(value, (const char *)word.data, (gssize)word.len);
        else
            *anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
        rfc822_skip_cfws(cursor);
    }
    char *utf8 = charset_to_utf8((slice){(guint8 *)value->str, value->len}, SLICE_EMPTY, NULL);
    char *lower = g_ascii_strdown(utf8, -1);
    g_free(utf8);
    g_string_free(value, TRUE);
    return charset_one_line(lower);
}

/* ---- RFC 2231 ---- */

/* Appends `text` with its %XX undone; a '%' without two hex digits stays (BAD_PARAMETER). */
static void append_percent(GByteArray *out, slice text, anomaly_set *anomalies)
{
    for (gsize i = 0; i < text.len; i++) {
        guint8 c = text.data[i];
        int high = i + 2 < text.len ? g_ascii_xdigit_value((char)text.data[i + 1]) : -1;
        int low = i + 2 < text.len ? g_ascii_xdigit_value((char)text.data[i + 2]) : -1;
        if (c == '%' && high >= 0 && low >= 0) {
            c = (guint8)(high << 4 | low);
            i += 2;
        } else if (c == '%') {
            *anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
        }
        g_byte_array_append(out, &c, 1);
    }
}

/* Takes charset'language' off the front of an extended value; FALSE: it is not there. */
static gboolean take_charset(slice *text, slice *charset_r)
{
    const guint8 *first = text->len ? memchr(text->data, '\'', text->len) : NULL;
    if (!first)
        return FALSE;
    slice rest = slice_from(*text, (gsize)(first - text->data) + 1);
    const guint8 *second = rest.len ? memchr(rest.data, '\'', rest.len) : NULL;
    if (!second)
        return FALSE;
    *charset_r = slice_head(*text, (gsize)(first - text->data));
    *text = slice_from(rest, (gsize)(second - rest.data) + 1);
    return TRUE;
}

static char *decode_in_charset(slice bytes, slice charset, anomaly_set *anomalies)
{
    char *text = charset_one_line(charset_to_utf8(bytes, charset, anomalies));
    slice decoded = slice_of(text);
    /* Some encode twice: RFC 2047 first, then RFC 2231. */
    if (!slice_begins(decoded, "=?") || !encoded_word_is_in(decoded))
        return text;
    char *twice = encoded_word_decode(decoded, anomalies);
    g_free(text);
    return twice;
}

static gint section_order(gconstpointer a, gconstpointer b)
{
    const section *left = *(section *const *)a, *right = *(section *const *)b;
    return (left->number > right->number) - (left->number < right->number);
}

static void param_free(gpointer data)
{
    mime_param *param = data;
    g_free(param->name);
    g_free(param->value);
    g_free(param->other);
    g_byte_array_unref(param->bytes);
    g_free(param);
}

/* Joins the sections (sorted, one of each number) of one parameter. Neighbours with "*" are joined
 * before "%" is undone: some senders cut between '%' and its digits. */
static mime_param *join_sections(const GPtrArray *sections, anomaly_set *anomalies)
{
    mime_param *param = g_new0(mime_param, 1);
    GByteArray *percent = g_byte_array_new();
    slice charset = SLICE_EMPTY;
    gboolean has_charset = FALSE;
    param->bytes = g_byte_array_new();
    for (guint i = 0; i < sections->len; i++) {
        const section *s = g_ptr_array_index(sections, i);
        slice text = slice_of_array(s->bytes);
        if (s->number > 0 && (guint)s->number != i)
            *anomalies |= ANOMALY_BIT(ANOMALY_BAD_PARAMETER);
        if (i == 0 && s->extended)
            has_charset = take_charset(&text, &charset);
        g_byte_array_append(s->extended ? percent : param->bytes, text.data, (guint)text.len);
        const section *next = i + 1 < sections->len ? g_ptr_array_index(sections, i + 1) : NULL;
        if (s->extended && (!next || !next->extended)) {
            append_percent(param->bytes, slice_of_array(percent), anomalies);
            g_byte_array_set_size(percent, 0);
        }
    }
    g_byte_array_unref(percent);
    const section *first = g_ptr_array_index(sections, 0);
    slice bytes = slice_of_array(param->bytes);
    param->name = g_strdup(first->name);
    /* Without a charset of its own: RFC 2047 words, or a guess. */
    param->value = has_charset ? decode_in_charset(bytes, charset, anomalies) : encoded_word_decode(bytes, anomalies);
    return param;
}

/* ---- choosing ---- */

enum { FORM_EXTENDED, FORM_SECTIONS, FORM_PLAIN, FORMS }; /* best first */

static int form_of(const section *s)
{
    if (s->number >= 0)
        return FORM_SECTIONS;
    return s->extended ? FORM_EXTENDED : FORM_PLAIN;
}

/* Is there a section of that form and number in `of` already? */
static gboolean has_section(const GPtrArray *of, int form, int number)
{
    for (guint i = 0; i < of->len; i++) {
        const section *s = g_ptr_array_index(of, i);
        if (form_of(s) == form && s->number == number)
            return TRUE;
    }
    return FALSE;
}

/* The sections called `name` by form, each form sorted, the second one of a form and number (what a reader that lets
 * the last one win would see) in `again`. Borrowed sections. */
typedef struct named_sections {
    GPtrArray *forms[FORMS]; /* NULL: none */
    const section *again;
} named_sections;

static named_sections sections_of(const GPtrArray *all, const char *name, anomaly_set *anomalies)
{
    named_sections n = {.again = NULL};
    for (guint i = 0; i < all->len; i++) {
        section *s = g_ptr_array_index(all, i);
        if (strcmp(s->name, name) != 0)
            continue;
        GPtrArray **of = &n.forms[form_of(s)];
        if (*of && has_section(*of, form_of(s), s->number)) {
            *anomalies |= ANOMALY_BIT(ANOMALY_DUPLICATE_PARAMETER);
            n.again = n.again ? n.again : s;
            continue;
        }
        if (!*of)
            *of = g_ptr_array_new();
        g_ptr_array_add(*of, s);
    }
    for (int form = 0; form < FORMS; form++)
        if (n.forms[form])
            g_ptr_array_sort(n.forms[form], section_order);
    return n;
}

static void sections_free(named_sections *n)
{
    for (int form = 0; form < FORMS; form++)
        if (n->forms[form])
            g_ptr_array_unref(n->forms[form]);
}

/* The value of another form, or of a second one, if it differs from the parameter's. */
static void set_other(mime_param *param, const named_sections *n, int best)
{
    mime_param *other = NULL;
    anomaly_set met = 0; /* what is odd about it does not count: it is not the value */
    for (int form = best + 1; form < FORMS && !other; form++) {
        if (n->forms[form])
            other = join_sections(n->forms[form], &met);
    }
    param->other_is_fallback = other != NULL;
    if (!other && n->again) {
        GPtrArray *one = g_ptr_array_new();
        g_ptr_array_add(one, (gpointer)n->again);
        other = join_sections(one, &met);
        g_ptr_array_unref(one);
    }
    if (other && strcmp(other->value, param->value) != 0)
        param->other = g_strdup(other->value);
    if (other)
        param_free(other);
}

/* The parameter called `name`, of the best form there is. */
static mime_param *make_param(const GPtrArray *all, const char *name, anomaly_set *anomalies)
{
    named_sections n = sections_of(all, name, anomalies);
    int best = 0;
    while (!n.forms[best])
        best++;
    mime_param *param = join_sections(n.forms[best], anomalies);
    set_other(param, &n, best);
    sections_free(&n);
    return param;
}

const mime_param *mime_param_find(const mime_param_list *list, const char *name)
{
    for (guint i = 0; i < list->params->len; i++) {
        const mime_param *param = g_ptr_array_index(list->params, i);
        if (strcmp(param->name, name) == 0)
            return param;
    }
    return NULL;
}

mime_param_list *mime_param_parse(slice raw, anomaly_set *anomalies)
{
    anomaly_set met = 0;
    mime_param_list *list = g_new0(mime_param_list, 1);
    list->params = g_ptr_array_new_with_free_func(param_free);
    list->value = take_value(&raw, &met);
    GPtrArray *sections = take_sections(raw, &met);
    for (guint i = 0; i < sections->len; i++) {
        const section *s = g_ptr_array_index(sections, i);
        if (mime_param_find(list, s->name))
            continue;
        g_ptr_array_add(list->params, make_param(sections, s->name, &met));
    }
    g_ptr_array_unref(sections);
    if (anomalies)
        *anomalies |= met;
    return list;
}

void mime_param_list_free(mime_param_list *list)
{
    if (!list)
        return;
    g_free(list->value);
    g_ptr_array_unref(list->params);
    g_free(list);
}

const char *mime_param_value(const mime_param_list *list, const char *name)
{
    const mime_param *param = mime_param_find(list, name);
    return param ? param->value : NULL;
}

slice mime_param_bytes(const mime_param_list *list, const char *name)
{
    const mime_param *param = mime_param_find(list, name);
    return param ? slice_of_array(param->bytes) : SLICE_EMPTY;
}
