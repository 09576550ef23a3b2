/* rfc822_lexer.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rfc822_lexer.h"

#include "encoded_word.h"
#include "limits.h"

slice rfc822_trim_right(slice s)
{
    while (s.len && rfc822_is_lwsp(s.data[s.len - 1]))
        s.len--;
    return s;
}

slice rfc822_trim(slice s)
{
    while (s.len && rfc822_is_lwsp(s.data[0]))
        s = slice_from(s, 1);
    return rfc822_trim_right(s);
}

gboolean rfc822_is_token_char(guint8 c)
{
    return c > ' ' && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

void rfc822_skip_lwsp(slice *cursor)
{
    while (cursor->len && rfc822_is_lwsp(cursor->data[0]))
        *cursor = slice_from(*cursor, 1);
}

/* comment = "(" *([FWS] (ctext / quoted-pair / comment)) [FWS] ")"
 * Returns its length, parentheses included. Never closed: all of `s`, so that a run of
 * "((((" is read once and not once per parenthesis. */
static gsize comment_length(slice s)
{
    gsize depth = 0;
    for (gsize i = 0; i < s.len; i++) {
        if (s.data[i] == '\\')
            i++;
        else if (s.data[i] == '(')
            depth++;
        else if (s.data[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.len;
}

void rfc822_skip_cfws(slice *cursor)
{
    rfc822_skip_lwsp(cursor);
    while (cursor->len && cursor->data[0] == '(') {
        *cursor = slice_from(*cursor, comment_length(*cursor));
        rfc822_skip_lwsp(cursor);
    }
}

slice rfc822_take_token(slice *cursor)
{
    gsize len = 0;
    while (len < cursor->len && rfc822_is_token_char(cursor->data[len]))
        len++;
    slice token = slice_head(*cursor, len);
    *cursor = slice_from(*cursor, len);
    return token;
}

/* Length of the quoted string at s, quotes included; *closed_r: was the end quote there? */
static gsize quoted_length(slice s, gboolean *closed_r)
{
    for (gsize i = 1; i < s.len; i++) {
        if (s.data[i] == '\\') {
            i++;
        } else if (s.data[i] == '"') {
            *closed_r = TRUE;
            return i + 1;
        }
    }
    *closed_r = FALSE;
    return s.len;
}

/* Appends the text with its quoted pairs undone and the line ends of folding left out. */
static void append_unquoted(GString *out, slice text)
{
    for (gsize i = 0; i < text.len; i++) {
        guint8 c = text.data[i];
        if (c == '\\' && i + 1 < text.len)
            c = text.data[++i];
        if (c != '\r' && c != '\n')
            g_string_append_c(out, (char)c);
    }
}

gboolean rfc822_take_quoted_string(slice *cursor, GString *out)
{
    gboolean closed;
    gsize len = quoted_length(*cursor, &closed);
    if (out)
        append_unquoted(out, slice_head(slice_from(*cursor, 1), len - 1 - (closed ? 1 : 0)));
    *cursor = slice_from(*cursor, len);
    return closed;
}

/* ---- address lists ----
 *
 *   address-list = (mailbox / group) *("," [mailbox / group])
 *   mailbox      = [phrase] "<" [route ":"] addr-spec ">" / addr-spec
 *   group        = phrase ":" [mailbox-list] ";"
 *
 * Read as RFC 5322 4.4 and real mail want it: dots and 8-bit bytes in phrases, empty members,
 * a missing ">" or ";", and the old "a@b (Anna)". Bytes outside of <> collect in `phrase`, so
 * what a mailbox without <> is shows only at its end. */

typedef struct address_reader {
    slice cursor;
    GString *phrase;            /* raw words outside of <>, quoted strings undone */
    GString *spec;              /* the same with its quotes: what is an address if no <> comes ("a b"@example.org) */
    GString *angle;             /* between < and > */
    GString *comment;           /* text of the last comment */
    gboolean has_angle, has_at; /* seen since the last mailbox ended */
    gboolean open_comment;      /* a "(" in <> that nothing closes: not looked for again */
    char *group;
    GPtrArray *list;
    anomaly_set *anomalies;
} address_reader;

static void address_free(gpointer data)
{
    rfc822_address *address = data;
    g_free(address->name);
    g_free(address->mailbox);
    g_free(address->group);
    g_free(address);
}

/* Decodes and empties `words`; NULL when there is nothing but blanks. */
static char *take_decoded(GString *words, anomaly_set *anomalies)
{
    slice raw = rfc822_trim((slice){(const guint8 *)words->str, words->len});
    char *text = raw.len ? encoded_word_decode(raw, anomalies) : NULL;
    g_string_truncate(words, 0);
    return text;
}

/* A mailbox ends: "," ";" or the end of the field. */
static void finish_mailbox(address_reader *r)
{
    char *phrase = take_decoded(r->phrase, r->anomalies);
    char *comment = take_decoded(r->comment, r->anomalies);
    char *angle = take_decoded(r->angle, r->anomalies);
    char *spec = take_decoded(r->spec, r->anomalies);
    gboolean empty = !r->has_angle && !phrase;
    if (!empty && r->list->len < LIMIT_RECIPIENTS) {
        rfc822_address *address = g_new0(rfc822_address, 1);
        address->mailbox = g_strdup(r->has_angle ? (angle ? angle : "") : r->has_at && spec ? spec : phrase);
        address->name = g_strdup(r->has_angle && phrase ? phrase : comment);
        address->group = g_strdup(r->group);
        g_ptr_array_add(r->list, address);
    }
    r->has_angle = r->has_at = FALSE;
    g_free(phrase);
    g_free(comment);
    g_free(angle);
    g_free(spec);
}

/* Moves over the comment at the cursor; FALSE: it is never closed, and taken as text. */
static gboolean skip_angle_comment(address_reader *r)
{
    if (r->open_comment)
        return FALSE;
    gsize len = comment_length(r->cursor);
    r->open_comment = len == r->cursor.len && r->cursor.data[len - 1] != ')';
    if (!r->open_comment)
        r->cursor = slice_from(r->cursor, len);
    return !r->open_comment;
}

/* "<" [route ":"] addr-spec ">"; without ">" up to the next comma. */
static void take_angle(address_reader *r)
{
    r->has_angle = TRUE;
    g_string_truncate(r->angle, 0);
    r->cursor = slice_from(r->cursor, 1);
    while (r->cursor.len) {
        guint8 c = r->cursor.data[0];
        if (c == '"') {
            slice start = r->cursor;
            rfc822_take_quoted_string(&r->cursor, NULL);
            g_string_append_len(r->angle, (const char *)start.data, (gssize)(start.len - r->cursor.len));
            continue;
        }
        if (c == '(' && skip_angle_comment(r))
            continue;
        if (c == ',' && r->angle->len && r->angle->str[0] != '@')
            return;
        r->cursor = slice_from(r->cursor, 1);
        if (c == '>')
            return;
        if (c == ':' && r->angle->len && r->angle->str[0] == '@')
            g_string_truncate(r->angle, 0); /* the source route is obsolete: RFC 5322 4.4 */
        else if (!rfc822_is_lwsp(c))
            g_string_append_c(r->angle, (char)c);
    }
}

static void take_comment(address_reader *r)
{
    gsize len = comment_length(r->cursor);
    slice text = slice_head(slice_from(r->cursor, 1), len - 1);
    if (text.len && text.data[text.len - 1] == ')')
        text.len--;
    g_string_truncate(r->comment, 0);
    append_unquoted(r->comment, text);
    r->cursor = slice_from(r->cursor, len);
}

/* "name:" opens a group, unless it is the colon of something that is an address already. */
static void take_colon(address_reader *r)
{
    r->cursor = slice_from(r->cursor, 1);
    if (r->has_angle || r->has_at) {
        g_string_append_c(r->phrase, ':');
        g_string_append_c(r->spec, ':');
        return;
    }
    g_free(r->group);
    /* It is copied into each member: not more than one line of it (RFC 5322 2.1.1). */
    g_string_truncate(r->phrase, MIN(r->phrase->len, 998));
    r->group = take_decoded(r->phrase, r->anomalies);
    g_string_truncate(r->spec, 0);
}

static void take_quoted(address_reader *r)
{
    slice start = r->cursor;
    rfc822_take_quoted_string(&r->cursor, r->phrase);
    g_string_append_len(r->spec, (const char *)start.data, (gssize)(start.len - r->cursor.len));
}

static void take_one(address_reader *r)
{
    guint8 c = r->cursor.data[0];
    switch (c) {
    case '"':
        take_quoted(r);
        break;
    case '(':
        take_comment(r);
        break;
    case '<':
        take_angle(r);
        break;
    case ':':
        take_colon(r);
        break;
    case ';':
    case ',':
        r->cursor = slice_from(r->cursor, 1);
        finish_mailbox(r);
        if (c == ';')
            g_clear_pointer(&r->group, g_free);
        break;
    default:
        r->has_at = r->has_at || c == '@';
        g_string_append_c(r->phrase, (char)c);
        g_string_append_c(r->spec, (char)c);
        r->cursor = slice_from(r->cursor, 1);
    }
}

GPtrArray *rfc822_parse_address_list(slice raw, anomaly_set *anomalies)
{
    address_reader r = {.cursor = raw,
                        .phrase = g_string_new(NULL),
                        .spec = g_string_new(NULL),
                        .angle = g_string_new(NULL),
                        .comment = g_string_new(NULL),
                        .anomalies = anomalies};
    r.list = g_ptr_array_new_with_free_func(address_free);
    while (r.cursor.len)
        take_one(&r);
    finish_mailbox(&r);
    g_string_free(r.phrase, TRUE);
    g_string_free(r.spec, TRUE);
    g_string_free(r.angle, TRUE);
    g_string_free(r.comment, TRUE);
    g_free(r.group);
    return r.list;
}
