/* imap_lexer.c
 *
 *   literal      = "{" number64 ["+"] "}" CRLF *CHAR8          RFC 9051 9, LITERAL+ and LITERAL- of RFC 7888
 *   literal8     = "~{" number64 ["+"] "}" CRLF *OCTET         RFC 3516 7
 *   quoted       = DQUOTE *QUOTED-CHAR DQUOTE                  "\" escapes DQUOTE and "\"
 *   section      = "[" [section-spec] "]" ["<" number ">"]     part of the atom in front of it
 *
 * A literal's announcement is the last thing on its text line. Human text may end in "{5}" as well: the
 * responses that consist of it (RFC 9051 7.1, 7.6) are told by their first words.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_lexer.h"
#include "limits.h"

/* --- lines --- */

typedef enum reader_state { READING_TEXT, LITERAL_ANNOUNCED, LITERAL_KEPT, LITERAL_PASSED, LINE_DONE } reader_state;

struct imap_reader {
    mail_side side;
    reader_state state;
    GByteArray *text;
    GArray *passed;  /* of gsize */
    gsize text_line; /* where in text the text line under way begins */
    guint64 start, end;
    guint64 left; /* of the literal */
    guint64 size;
    gboolean waits, cut; /* cut: text was dropped */
    gboolean plain;      /* a line of human text */
    guint8 tail[24];     /* the last bytes of the text line under way: a literal behind dropped text is still one */
    guint tail_len;
    anomaly_set anomalies;
    slice data;
};

imap_reader *imap_reader_new(mail_side side)
{
    imap_reader *reader = g_new0(imap_reader, 1);
    reader->side = side;
    reader->text = g_byte_array_new();
    reader->passed = g_array_new(FALSE, FALSE, sizeof(gsize));
    return reader;
}

void imap_reader_free(imap_reader *reader)
{
    if (!reader)
        return;
    g_byte_array_unref(reader->text);
    g_array_unref(reader->passed);
    g_free(reader);
}

void imap_reader_forget(imap_reader *reader)
{
    g_byte_array_set_size(reader->text, 0);
    g_array_set_size(reader->passed, 0);
    reader->state = READING_TEXT;
    reader->text_line = 0;
    reader->left = reader->size = 0;
    reader->waits = reader->cut = reader->plain = FALSE;
    reader->tail_len = 0;
    reader->anomalies = 0;
    reader->start = reader->end = 0;
}

gboolean imap_reader_has_begun(const imap_reader *reader)
{
    return reader->state != LINE_DONE && reader->end > reader->start;
}

static void keep_tail(imap_reader *reader, slice bytes)
{
    gsize room = sizeof reader->tail;
    if (bytes.len >= room) {
        memcpy(reader->tail, bytes.data + bytes.len - room, room);
        reader->tail_len = (guint)room;
        return;
    }
    if (reader->tail_len + bytes.len > room) {
        guint drop = (guint)(reader->tail_len + bytes.len - room);
        memmove(reader->tail, reader->tail + drop, reader->tail_len - drop);
        reader->tail_len -= drop;
    }
    if (bytes.len)
        memcpy(reader->tail + reader->tail_len, bytes.data, bytes.len);
    reader->tail_len += (guint)bytes.len;
}

static void keep(imap_reader *reader, slice bytes)
{
    gsize room = LIMIT_IMAP_LINE_BYTES - reader->text->len;
    if (bytes.len > room) {
        reader->anomalies |= ANOMALY_BIT(ANOMALY_LINE_TOO_LONG);
        reader->cut = TRUE;
        bytes = slice_head(bytes, room);
    }
    if (bytes.len)
        g_byte_array_append(reader->text, bytes.data, (guint)bytes.len);
}

/* Skips a word and the blank behind it. */
static slice behind_word(slice text)
{
    const guint8 *blank = text.len ? memchr(text.data, ' ', text.len) : NULL;
    return slice_from(text, blank ? (gsize)(blank - text.data) + 1 : text.len);
}

/* "* OK ...", "a1 NO ...", "+ ...": human text to its end (RFC 9051 7.1, 7.6). */
static gboolean is_human_text(const imap_reader *reader)
{
    static const char *const words[] = {"OK ", "NO ", "BAD ", "BYE ", "PREAUTH "};
    slice text = {reader->text->data, reader->text->len};
    if (reader->side == MAIL_CLIENT)
        return FALSE;
    if (slice_begins(text, "+"))
        return TRUE;
    text = behind_word(text);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (slice_begins(text, words[i]))
            return TRUE;
    return FALSE;
}

/* "{123}", "{123+}", "{123-}" at the end of the text? Also behind "~". */
static gboolean ends_in_literal(slice text, guint64 *size_r, gboolean *waits_r)
{
    gsize at = text.len;
    guint64 size = 0, unit = 1;
    guint digits = 0;

    if (at < 3 || text.data[at - 1] != '}')
        return FALSE;
    at--;
    *waits_r = TRUE;
    if (text.data[at - 1] == '+' || text.data[at - 1] == '-') {
        *waits_r = FALSE;
        at--;
    }
    for (; at > 0 && g_ascii_isdigit(text.data[at - 1]) && digits < 18; at--, digits++, unit *= 10)
        size += unit * (guint64)(text.data[at - 1] - '0');
    if (digits == 0 || at == 0 || text.data[at - 1] != '{')
        return FALSE;
    *size_r = size;
    return TRUE;
}

static void begin_text_line(imap_reader *reader)
{
    reader->state = READING_TEXT;
    reader->text_line = reader->text->len;
    reader->tail_len = 0;
}

static imap_read end_text_line(imap_reader *reader)
{
    slice tail = {reader->tail, reader->tail_len};
    gboolean bare = tail.len == 0 || tail.data[tail.len - 1] != '\r';

    if (!bare)
        tail.len--;
    if (reader->text_line == 0)
        reader->plain = is_human_text(reader);
    if (bare)
        reader->anomalies |= ANOMALY_BIT(ANOMALY_BARE_LF);
    if (!reader->plain && ends_in_literal(tail, &reader->size, &reader->waits)) {
        keep(reader, slice_of("\n"));
        reader->left = reader->size;
        reader->state = LITERAL_ANNOUNCED;
        return IMAP_READ_LITERAL;
    }
    if (!bare && !reader->cut && reader->text->len)
        g_byte_array_set_size(reader->text, reader->text->len - 1);
    if (reader->text->len > reader->text_line &&
        memchr(reader->text->data + reader->text_line, '\r', reader->text->len - reader->text_line))
        reader->anomalies |= ANOMALY_BIT(ANOMALY_BARE_CR);
    reader->state = LINE_DONE;
    return IMAP_READ_LINE;
}

static imap_read read_text(imap_reader *reader, stream_cursor *in)
{
    const guint8 *lf = memchr(in->bytes.data, '\n', in->bytes.len);
    slice piece = stream_cursor_take(in, lf ? (gsize)(lf - in->bytes.data) + 1 : in->bytes.len);

    reader->end = in->offset;
    if (lf)
        piece.len--;
    keep(reader, piece);
    keep_tail(reader, piece);
    return lf ? end_text_line(reader) : IMAP_READ_MORE;
}

static slice take_literal(imap_reader *reader, stream_cursor *in)
{
    slice piece = stream_cursor_take(in, (gsize)MIN(reader->left, (guint64)in->bytes.len));
    reader->left -= piece.len;
    reader->end = in->offset;
    return piece;
}

imap_read imap_reader_next(imap_reader *reader, stream_cursor *in)
{
    if (reader->state == LINE_DONE)
        imap_reader_forget(reader);
    if (reader->state == LITERAL_ANNOUNCED)
        reader->state = LITERAL_KEPT;
    for (;;) {
        if (reader->state == LITERAL_PASSED && reader->left == 0) {
            begin_text_line(reader);
            return IMAP_READ_LITERAL_END;
        }
        if (reader->state == LITERAL_KEPT && reader->left == 0)
            begin_text_line(reader);
        if (in->bytes.len == 0)
            return IMAP_READ_MORE;
        if (reader->end == reader->start)
            reader->start = in->offset;
        if (reader->state == LITERAL_PASSED) {
            reader->data = take_literal(reader, in);
            return IMAP_READ_DATA;
        }
        if (reader->state == READING_TEXT) {
            imap_read result = read_text(reader, in);
            if (result != IMAP_READ_MORE)
                return result;
        } else {
            keep(reader, take_literal(reader, in));
        }
    }
}

void imap_reader_line(const imap_reader *reader, imap_line *line_r)
{
    *line_r = (imap_line){
        .text = {reader->text->data, reader->text->len},
        .passed = (const gsize *)(const void *)reader->passed->data,
        .passed_count = reader->passed->len,
        .start = reader->start,
        .end = reader->end,
        .size = reader->size,
        .waits = reader->waits,
        .anomalies = reader->anomalies,
    };
}

void imap_reader_pass(imap_reader *reader)
{
    gsize at = reader->text->len;
    reader->state = LITERAL_PASSED;
    g_array_append_val(reader->passed, at);
}

slice imap_reader_data(const imap_reader *reader)
{
    return reader->data;
}

guint64 imap_reader_literal_left(const imap_reader *reader)
{
    return reader->state == READING_TEXT || reader->state == LINE_DONE ? 0 : reader->left;
}

gboolean imap_reader_is_passing(const imap_reader *reader)
{
    return reader->state == LITERAL_PASSED;
}

gboolean imap_reader_gap(imap_reader *reader, guint64 missing)
{
    if (reader->state != LITERAL_PASSED || missing == 0 || missing > reader->left)
        return FALSE;
    reader->left -= missing;
    reader->end += missing;
    return TRUE;
}

/* --- tokens --- */

static gboolean ends_atom(guint8 c)
{
    return c == ' ' || c == '(' || c == ')' || c == '"' || c == '\r' || c == '\n' || c == '\t';
}

/* The attributes whose "[...]" belongs to them. */
static gboolean has_section(slice atom)
{
    static const char *const names[] = {"BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (slice_is(atom, names[i]))
            return TRUE;
    return FALSE;
}

/* Behind the "]" of a section that begins at `at`; 0: it does not end. */
static gsize behind_section(slice bytes, gsize at)
{
    gboolean quoted = FALSE;
    for (; at < bytes.len; at++) {
        guint8 c = bytes.data[at];
        if (quoted && c == '\\')
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == ']')
            return at + 1;
    }
    return 0;
}

static void read_atom(imap_cursor *cursor, imap_token *token)
{
    slice bytes = cursor->bytes;
    gsize at = cursor->at;

    while (at < bytes.len && !ends_atom(bytes.data[at])) {
        if (bytes.data[at] == '[' && !cursor->no_section_ends &&
            has_section((slice){bytes.data + cursor->at, at - cursor->at})) {
            gsize behind = behind_section(bytes, at);
            if (behind) {
                at = behind;
                continue;
            }
            cursor->no_section_ends = TRUE;
        }
        at++;
    }
    token->kind = IMAP_TOKEN_ATOM;
    token->text = (slice){bytes.data + cursor->at, at - cursor->at};
    cursor->at = at;
}

static void read_quoted(imap_cursor *cursor, imap_token *token)
{
    slice bytes = cursor->bytes;
    gsize begin = cursor->at + 1, at = begin;

    while (at < bytes.len && bytes.data[at] != '"')
        at += bytes.data[at] == '\\' && at + 1 < bytes.len ? 2 : 1;
    token->kind = IMAP_TOKEN_QUOTED;
    token->is_broken = at >= bytes.len;
    at = MIN(at, bytes.len);
    token->text = (slice){bytes.data + begin, at - begin};
    cursor->at = at + (token->is_broken ? 0 : 1);
}

/* At "{" or "~{": a literal? Its announcement ends in a line end. */
static gboolean read_literal(imap_cursor *cursor, imap_token *token)
{
    slice bytes = cursor->bytes;
    gsize at = cursor->at + (bytes.data[cursor->at] == '~' ? 2 : 1);
    guint64 size = 0;
    guint digits = 0;

    for (; at < bytes.len && g_ascii_isdigit(bytes.data[at]) && digits < 18; at++, digits++)
        size = size * 10 + (guint64)(bytes.data[at] - '0');
    if (at < bytes.len && (bytes.data[at] == '+' || bytes.data[at] == '-'))
        at++;
    if (digits == 0 || at >= bytes.len || bytes.data[at] != '}')
        return FALSE;
    at++;
    if (at < bytes.len && bytes.data[at] == '\r')
        at++;
    if (at >= bytes.len || bytes.data[at] != '\n')
        return FALSE;
    at++;
    token->kind = IMAP_TOKEN_LITERAL;
    token->size = size;
    while (cursor->next_passed < cursor->passed_count && cursor->passed[cursor->next_passed] < at)
        cursor->next_passed++;
    token->is_passed = cursor->next_passed < cursor->passed_count && cursor->passed[cursor->next_passed] == at;
    token->text =
        token->is_passed ? SLICE_EMPTY : slice_head(slice_from(bytes, at), (gsize)MIN(size, (guint64)bytes.len));
    token->is_broken = !token->is_passed && token->text.len < size;
    if (token->is_passed)
        cursor->next_passed++;
    cursor->at = at + token->text.len;
    return TRUE;
}

void imap_cursor_next(imap_cursor *cursor, imap_token *token_r)
{
    slice bytes = cursor->bytes;

    while (cursor->at < bytes.len && strchr(" \t\r\n", bytes.data[cursor->at]) && bytes.data[cursor->at])
        cursor->at++;
    *token_r = (imap_token){.kind = IMAP_TOKEN_END, .offset = cursor->at};
    if (cursor->at >= bytes.len)
        return;
    switch (bytes.data[cursor->at]) {
    case '(':
    case ')':
        token_r->kind = bytes.data[cursor->at] == '(' ? IMAP_TOKEN_OPEN : IMAP_TOKEN_CLOSE;
        token_r->text = (slice){bytes.data + cursor->at, 1};
        cursor->at++;
        break;
    case '"':
        read_quoted(cursor, token_r);
        break;
    case '~':
    case '{':
        if ((bytes.data[cursor->at] == '{' || (cursor->at + 1 < bytes.len && bytes.data[cursor->at + 1] == '{')) &&
            read_literal(cursor, token_r))
            break;
        read_atom(cursor, token_r);
        break;
    default:
        read_atom(cursor, token_r);
        break;
    }
    token_r->length = cursor->at - token_r->offset;
}

static gboolean is_announced(const imap_token *token, const imap_line *line)
{
    return token->kind == IMAP_TOKEN_LITERAL && token->is_broken && token->offset + token->length == line->text.len;
}

gboolean imap_line_read_on(const imap_line *line, imap_progress *progress,
                           void (*take)(const imap_token *token, gpointer user), gpointer user)
{
    imap_cursor cursor = imap_cursor_of_line(line), before;
    gboolean announced = FALSE;
    imap_token token;

    cursor.at = progress->at;
    cursor.next_passed = progress->next_passed;
    for (;;) {
        before = cursor;
        imap_cursor_next(&cursor, &token);
        announced = is_announced(&token, line);
        if (announced || token.kind == IMAP_TOKEN_END)
            break;
        take(&token, user);
    }
    if (announced)
        cursor = before;
    progress->at = cursor.at;
    progress->next_passed = cursor.next_passed;
    return announced;
}

void imap_cursor_skip_value(imap_cursor *cursor, const imap_token *token)
{
    imap_token inner;
    if (token->kind != IMAP_TOKEN_OPEN)
        return;
    for (guint64 depth = 1; depth > 0;) {
        imap_cursor_next(cursor, &inner);
        if (inner.kind == IMAP_TOKEN_END)
            return;
        if (inner.kind == IMAP_TOKEN_OPEN)
            depth++;
        else if (inner.kind == IMAP_TOKEN_CLOSE)
            depth--;
    }
}

slice imap_token_string(const imap_token *token, GByteArray *scratch)
{
    slice text = token->text;
    if (token->kind != IMAP_TOKEN_QUOTED || text.len == 0 || !memchr(text.data, '\\', text.len))
        return text;
    g_byte_array_set_size(scratch, 0);
    for (gsize i = 0; i < text.len; i++) {
        if (text.data[i] == '\\' && i + 1 < text.len)
            i++;
        g_byte_array_append(scratch, text.data + i, 1);
    }
    return (slice){scratch->data, scratch->len};
}

gboolean imap_token_is(const imap_token *token, const char *word)
{
    return token->kind == IMAP_TOKEN_ATOM && slice_is(token->text, word);
}

gboolean imap_token_is_nil(const imap_token *token)
{
    return imap_token_is(token, "NIL");
}

gboolean imap_token_is_string(const imap_token *token)
{
    return token->kind == IMAP_TOKEN_ATOM || token->kind == IMAP_TOKEN_QUOTED || token->kind == IMAP_TOKEN_LITERAL;
}

gboolean imap_number(slice text, guint64 *number_r)
{
    guint64 number = 0;
    if (text.len == 0 || text.len > 19)
        return FALSE;
    for (gsize i = 0; i < text.len; i++) {
        if (!g_ascii_isdigit(text.data[i]))
            return FALSE;
        number = number * 10 + (guint64)(text.data[i] - '0');
    }
    *number_r = number;
    return TRUE;
}

gboolean imap_is_tag(slice word)
{
    if (word.len == 0 || word.len > 64)
        return FALSE;
    for (gsize i = 0; i < word.len; i++)
        if (word.data[i] <= ' ' || word.data[i] >= 0x7F || strchr("(){%*\"\\+", word.data[i]))
            return FALSE;
    return TRUE;
}
