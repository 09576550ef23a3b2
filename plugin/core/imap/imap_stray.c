/* imap_stray.c
 * Mail behind a hole in the line that announced it. What is left of the line may still say that a literal follows;
 * then the mail is whole. Else lines that can be no response are the mail that a FETCH waits for, up to the line with
 * the ")" that a response follows.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_session_private.h"

/* Who waits for mail, if what he asked for can be nothing but one thing. NULL: nobody. */
static const question *waiting_fetch(const imap_session *s)
{
    guint looked = 0;
    for (GList *link = s->queue.head; link && looked < LIMIT_IMAP_COMMANDS_ASKED; link = link->next, looked++) {
        const question *asked = link->data;
        if (asked->verb == IMAP_VERB_FETCH && asked->section)
            return asked;
    }
    return NULL;
}

/* --- the rest of a line with its literal --- */

/* "BODY[] {5633}": where the "{" stands, at the end of a line; FALSE: nowhere. */
static gboolean announces_literal(slice line, gsize *brace_r)
{
    gsize at = line.len;

    if (at < 3 || line.data[--at] != '}')
        return FALSE;
    if (line.data[at - 1] == '+')
        at--;
    gsize digits = at;
    while (at > 0 && g_ascii_isdigit(line.data[at - 1]))
        at--;
    *brace_r = at - 1;
    return at < digits && at > 0 && line.data[at - 1] == '{';
}

/* Can this be the end of what the asked piece is called in a response? */
static gboolean ends_name(slice word, const question *asked)
{
    static const char *const names[] = {"RFC822", "RFC822.HEADER", "RFC822.TEXT"};
    char *body = g_strdup_printf("%s[%s]", asked->is_binary ? "BINARY" : "BODY", asked->section);
    gboolean ends = FALSE;

    for (gsize i = 0; i <= G_N_ELEMENTS(names) && !ends; i++) {
        const char *name = i < G_N_ELEMENTS(names) ? names[i] : body;
        gsize len = strlen(name);
        ends = word.len <= len && g_ascii_strncasecmp(name + len - word.len, (const char *)word.data, word.len) == 0;
    }
    g_free(body);
    return ends;
}

/* Where the items begin of which the last one is called `name_at`: behind "FETCH (", or at UID, or there. */
static gsize items_begin(slice line, gsize name_at)
{
    const guint8 *open = memchr(line.data, '(', name_at);
    const guint8 *section = memchr(line.data, '[', name_at);

    if (open && (!section || open < section))
        return (gsize)(open - line.data) + 1;
    for (gsize i = 0; i + 4 <= name_at; i++)
        if ((i == 0 || line.data[i - 1] == ' ') && slice_begins(slice_from(line, i), "UID "))
            return i;
    return name_at;
}

gboolean imap_stray_is_rest(imap_session *s, slice line)
{
    const question *asked = waiting_fetch(s);
    imap_section section;
    gsize brace, name_at;
    slice name;

    if (!asked || !announces_literal(line, &brace) || (brace > 0 && line.data[brace - 1] != ' '))
        return FALSE;
    gsize name_end = brace > 0 ? brace - 1 : 0;
    for (name_at = name_end; name_at > 0 && line.data[name_at - 1] != ' ' && line.data[name_at - 1] != '('; name_at--)
        ;
    name = (slice){line.data + name_at, name_end - name_at};
    if (!imap_section_parse(name, &section) && !ends_name(name, asked))
        return FALSE;
    s->rest = (imap_rest){.is_there = TRUE, .items_at = items_begin(line, name_at), .is_at_value = name.len == 0};
    return TRUE;
}

gboolean imap_stray_parse(imap_session *s, slice line)
{
    if (!s->rest.is_there)
        return imap_response_parse(line, &s->response);
    s->response = (imap_response){.data_offset = s->rest.items_at};
    return TRUE;
}

guint32 imap_stray_uid(const imap_session *s)
{
    const question *asked = waiting_fetch(s);
    return s->rest.is_there && asked ? asked->uid : 0;
}

gboolean imap_stray_section(const imap_session *s, slice name, imap_section *section_r)
{
    const question *asked = waiting_fetch(s);

    if (imap_section_parse(name, section_r))
        return TRUE;
    if (!s->rest.is_there || !asked)
        return FALSE;
    *section_r = (imap_section){.spec = slice_of(asked->section), .is_binary = asked->is_binary};
    return TRUE;
}

/* --- text --- */

static slice held_line(const imap_stray *stray)
{
    return (slice){stray->held->data, stray->held->len};
}

static slice without_line_end(slice line)
{
    if (line.len && line.data[line.len - 1] == '\n')
        line.len--;
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Is the held line the last one of a FETCH response? */
static gboolean closes_response(const imap_stray *stray)
{
    slice text = without_line_end(held_line(stray));
    return stray->is_holding && text.len && text.data[text.len - 1] == ')';
}

/* Says that `bytes`, which end at `end` in the stream, are mail. */
static void say(imap_session *s, slice bytes, guint64 end)
{
    guint64 now = s->server.in.offset;

    s->server.in.offset = s->stray.end = end;
    imap_begin_message(s, MAIL_SERVER, &s->stray.piece, bytes.len);
    if (bytes.len)
        imap_emit_message(s, MAIL_EVENT_MESSAGE_DATA, MAIL_SERVER, &s->stray.piece, bytes, MAIL_END_COMPLETE);
    s->server.in.offset = now;
}

/* Shows bytes that are no mail. */
static void show(imap_session *s, slice bytes, guint64 start)
{
    s->stray.end = start + bytes.len;
    const text_line line = {.line = without_line_end(bytes), .start = start, .end = start + bytes.len, .ended = TRUE};
    imap_emit_text(s, MAIL_SERVER, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
}

static void drop_held(imap_stray *stray)
{
    g_byte_array_set_size(stray->held, 0);
    stray->is_holding = FALSE;
}

static void hold(imap_stray *stray, const text_line *line)
{
    drop_held(stray);
    stray->is_holding = TRUE;
    stray->start = line->start;
    if (line->line.len)
        g_byte_array_append(stray->held, line->line.data, (guint)line->line.len);
    if (line->ended && !(line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF)))
        g_byte_array_append(stray->held, (const guint8 *)"\r", 1);
    if (line->ended)
        g_byte_array_append(stray->held, (const guint8 *)"\n", 1);
    stray->cut = line->end - line->start - stray->held->len;
}

static void say_held(imap_session *s)
{
    imap_stray *stray = &s->stray;

    say(s, held_line(stray), stray->start + stray->held->len);
    if (stray->cut) { /* a line too long to be kept */
        guint64 now = s->server.in.offset;
        s->server.in.offset = stray->end;
        imap_emit_gap(s, MAIL_SERVER, stray->cut, stray->piece.message);
        stray->end = s->server.in.offset;
        s->server.in.offset = now;
    }
    drop_held(stray);
}

/* The first two lines are there. Is the first one the rest of the line that announced the mail? "33}" surely; nothing
 * at all, if the mail seems to begin behind it. */
static void open_stray(imap_session *s, const question *asked, slice next)
{
    imap_stray *stray = &s->stray;
    slice line = held_line(stray), text = without_line_end(line);
    gboolean announces = text.len && text.data[text.len - 1] == '}' && !memchr(text.data, '{', text.len);

    stray->is_open = TRUE;
    stray->piece = (open_message){.section = g_strdup(asked->section), .hole = TRUE};
    stray->piece.imap = (mail_imap){.section = slice_of(stray->piece.section),
                                    .is_binary = asked->is_binary,
                                    .mailbox = s->mailbox ? slice_of(s->mailbox) : SLICE_EMPTY,
                                    .uidvalidity = s->uidvalidity,
                                    .uid = asked->uid,
                                    .epoch = s->epoch};
    if (!(announces || text.len == 0) || !is_header_field(next))
        return;
    show(s, line, stray->start);
    drop_held(stray);
    stray->piece.hole = !announces;
}

gboolean imap_stray_take(imap_session *s, const text_line *line)
{
    imap_stray *stray = &s->stray;
    const question *asked = waiting_fetch(s);

    if (!stray->is_open && !asked)
        return FALSE;
    if (!stray->is_open && stray->is_holding)
        open_stray(s, asked, line->line);
    if (stray->is_holding)
        say_held(s);
    hold(stray, line);
    return TRUE;
}

gboolean imap_stray_gap(imap_session *s, guint64 missing)
{
    imap_stray *stray = &s->stray;
    text_line line;

    if (!stray->is_open)
        return FALSE;
    if (line_reader_flush(s->server.lines, &line)) {
        if (slice_begins(line.line, "* ") && closes_response(stray)) {
            imap_stray_end(s, TRUE);
            imap_emit_text(s, MAIL_SERVER, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
            return FALSE;
        }
        (void)imap_stray_take(s, &line);
    }
    if (stray->is_holding)
        say_held(s);
    stray->piece.hole = TRUE;
    imap_emit_gap(s, MAIL_SERVER, missing, stray->piece.message);
    stray->end = s->server.in.offset;
    return TRUE;
}

/* The response's items behind the literal, or its ")" if there are none: where the mail ends in the line that ends the
 * response. */
static gsize mail_ends(slice line)
{
    static const char *const items[] = {" UID ", " FLAGS (", " INTERNALDATE \"", " RFC822.SIZE ", " MODSEQ ("};

    for (gsize at = 0; at < line.len; at++)
        for (gsize i = 0; line.data[at] == ' ' && i < G_N_ELEMENTS(items); i++)
            if (slice_begins(slice_from(line, at), items[i]))
                return at;
    return line.len - 1;
}

static void note_uid(mail_imap *imap, slice items)
{
    imap_cursor cursor = imap_cursor_of(items);
    gboolean is_next = FALSE;
    guint64 number;
    imap_token token;

    for (imap_cursor_next(&cursor, &token); token.kind != IMAP_TOKEN_END; imap_cursor_next(&cursor, &token)) {
        if (is_next && imap_number(token.text, &number))
            imap->uid = (guint32)number;
        is_next = imap_token_is(&token, "UID");
    }
}

void imap_stray_end(imap_session *s, gboolean by_response)
{
    imap_stray *stray = &s->stray;
    slice line = held_line(stray), text = without_line_end(line);
    gboolean closes = by_response && closes_response(stray);
    guint64 now = s->server.in.offset;

    if (stray->is_open && stray->is_holding) {
        gsize len = closes ? mail_ends(text) : line.len;
        say(s, slice_head(line, len), stray->start + len);
        if (closes) {
            show(s, slice_from(line, len), stray->start + len);
            note_uid(&stray->piece.imap, slice_from(text, len));
        }
    } else if (stray->is_holding) {
        show(s, line, stray->start);
    }
    drop_held(stray);
    if (!stray->is_open)
        return;
    s->server.in.offset = stray->end;
    imap_emit_message(s, MAIL_EVENT_MESSAGE_END, MAIL_SERVER, &stray->piece, SLICE_EMPTY,
                      closes ? MAIL_END_COMPLETE : MAIL_END_CUT);
    s->server.in.offset = now;
    g_free(stray->piece.section);
    stray->piece = (open_message){0};
    stray->is_open = FALSE;
}
