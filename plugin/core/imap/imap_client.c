/* imap_client.c
 * What an IMAP client sends: commands, its words in a SASL exchange, DONE, the messages of APPEND.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_session_private.h"

/* --- the client's side --- */

static void set_user(question *asked, slice user)
{
    g_free((gpointer)asked->user.data);
    asked->user = (slice){(guint8 *)slice_dup(user), user.len};
}

/* "AUTHENTICATE mechanism [initial-response]" (RFC 9051 6.2.2). */
static void begin_sasl(imap_session *s, question *asked, mail_event *event, mail_auth *auth)
{
    slice argument = s->command.argument;
    const guint8 *blank = argument.len ? memchr(argument.data, ' ', argument.len) : NULL;
    gsize len = blank ? (gsize)(blank - argument.data) : argument.len;
    slice mechanism = slice_head(argument, len);

    if (mechanism.len > 2 && mechanism.data[0] == '"') /* an atom in the grammar, quoted by some */
        mechanism = (slice){mechanism.data + 1, mechanism.len - 2};
    sasl_free(s->exchange);
    s->exchange = sasl_new(mechanism);
    s->auth = asked;
    event->anomalies |= sasl_client_line(s->exchange, slice_from(argument, len), TRUE, auth);
    event->auth = auth;
}

/* "LOGIN user password": atoms, quoted strings, literals. */
static void read_login(const imap_line *line, gsize at, GByteArray *user, GByteArray *password, mail_auth *auth)
{
    imap_cursor cursor = imap_cursor_of_line(line);
    imap_token token;

    cursor.at = at;
    auth->mechanism = "LOGIN";
    imap_cursor_next(&cursor, &token);
    if (imap_token_is_string(&token))
        auth->username = auth->user = imap_token_string(&token, user);
    imap_cursor_next(&cursor, &token);
    if (imap_token_is_string(&token))
        auth->password = imap_token_string(&token, password);
}

static void clear_request(gpointer data)
{
    g_free(((fetch_request *)data)->section);
}

/* Is that the one whole piece of mail that the command asks for? */
static void note_section(question *asked, const imap_section *section, gboolean *several)
{
    if (*several)
        return;
    *several = asked->section || section->is_partial;
    g_free(asked->section);
    asked->section = *several ? NULL : imap_section_name(section);
    asked->is_binary = section->is_binary;
}

static void note_requests(question *asked, gboolean by_uid, const imap_items *items)
{
    const imap_item *set = imap_items_find(items, IMAP_ITEM_SET);
    gboolean several = FALSE;
    guint64 number;

    if (by_uid && set && imap_number(set->text, &number))
        asked->uid = (guint32)number;
    for (guint i = 0; i < items->array->len; i++) {
        const imap_item *item = &g_array_index(items->array, imap_item, i);
        imap_section section;
        if (item->kind != IMAP_ITEM_FETCH_ITEM || !imap_section_parse(item->text, &section))
            continue;
        note_section(asked, &section, &several);
        if (!section.is_partial)
            continue;
        if (!asked->requests) {
            asked->requests = g_array_new(FALSE, FALSE, sizeof(fetch_request));
            g_array_set_clear_func(asked->requests, clear_request);
        }
        if (asked->requests->len >= LIMIT_IMAP_REQUESTS)
            return;
        fetch_request request = {imap_section_name(&section), section.is_binary, section.origin, section.count};
        g_array_append_val(asked->requests, request);
    }
}

static void note_mailbox(question *asked, const imap_items *items)
{
    const imap_item *mailbox = imap_items_find(items, IMAP_ITEM_MAILBOX);
    g_free(asked->mailbox);
    asked->mailbox = mailbox ? slice_dup(mailbox->text) : NULL;
}

/* What the command itself shows or brings. */
static void follow_command(imap_session *s, question *asked)
{
    switch (asked->verb) {
    case IMAP_VERB_STARTTLS:
    case IMAP_VERB_COMPRESS:
        s->hold = asked->verb == IMAP_VERB_STARTTLS ? HOLD_STARTTLS : HOLD_COMPRESS;
        s->awaited = asked->number;
        s->answer_lost = FALSE;
        break;
    case IMAP_VERB_IDLE:
        s->idle = asked;
        break;
    default:
        break;
    }
}

/* Says the command as far as it has come; the first time this makes the question. */
void imap_client_emit_command(imap_session *s, const imap_line *line, gboolean last)
{
    half *h = &s->client;
    mail_event event = imap_event_of_chunk(h, MAIL_EVENT_COMMAND, MAIL_CLIENT, line, last);
    GByteArray *user = g_byte_array_new(), *password = g_byte_array_new();
    mail_imap imap = {.tag = s->command.tag};
    mail_auth auth = {0};

    event.known = s->command.verb != IMAP_VERB_UNKNOWN;
    event.imap = &imap;
    if (h->chunks == 0) {
        if (!event.known)
            event.anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_COMMAND);
        s->asked = imap_ask(s, s->command.tag, s->command.verb, &event.anomalies);
        event.verb = s->command.name;
        event.verb_offset = (guint)s->command.name_offset;
        event.argument_offset = (guint)MIN(s->command.argument_offset, event.line.len);
        event.argument = slice_from(event.line, event.argument_offset);
        imap_items_reset(&s->items);
        imap_command_items(line, &s->command, &s->items, &event.anomalies);
        note_requests(s->asked, s->command.by_uid, &s->items);
        note_mailbox(s->asked, &s->items);
        imap_place_items(s, h, &imap);
        if (s->command.verb == IMAP_VERB_AUTHENTICATE)
            begin_sasl(s, s->asked, &event, &auth);
        if (s->command.verb == IMAP_VERB_LOGIN) {
            read_login(line, s->command.argument_offset, user, password, &auth);
            set_user(s->asked, auth.username);
            event.auth = &auth;
        }
        note_cleartext_password(&event, s->tls_active);
    }
    event.exchange = s->asked ? s->asked->number : 0;
    imap_emit(s, &event);
    if (h->chunks == 0 && s->asked)
        follow_command(s, s->asked);
    imap_next_chunk(h, line);
    g_byte_array_unref(user);
    g_byte_array_unref(password);
}

static gboolean is_sasl_response(slice line)
{
    return !line.len || (!memchr(line.data, ' ', line.len) && !memchr(line.data, '(', line.len));
}

/* A line that continues a command: the client's word in an exchange that is open. */
static void read_response_line(imap_session *s, question *asked, mail_event_kind kind, const imap_line *line)
{
    mail_event event = imap_event_of_chunk(&s->client, kind, MAIL_CLIENT, line, TRUE);
    mail_imap imap = {.tag = slice_of(asked->tag)};
    mail_auth auth;

    asked->number = ++s->exchange_count;
    event.exchange = asked->number;
    event.imap = &imap;
    if (kind == MAIL_EVENT_COMMAND) {
        event.verb = event.line;
        event.known = TRUE;
        s->idle = NULL;
    } else {
        note_sasl_response(&event, s->exchange, line->text, &auth, s->tls_active);
    }
    imap_emit(s, &event);
}

/* --- APPEND (RFC 9051 6.3.12, 3502, 4469, 6855 4, 8508) --- */

void imap_client_end_append(imap_session *s, mail_end_reason reason)
{
    if (s->appended.begun)
        imap_emit_message(s, MAIL_EVENT_MESSAGE_END, MAIL_CLIENT, &s->appended, SLICE_EMPTY, reason);
    s->appended = (open_message){0};
}

/* CATENATE takes a piece that the server has: those bytes do not go over the wire. */
static void append_url(imap_session *s)
{
    mail_event event = event_at(MAIL_EVENT_GAP, MAIL_CLIENT, s->client.in.offset, s->client.in.offset);
    imap_begin_message(s, MAIL_CLIENT, &s->appended, 0);
    event.message = s->appended.message;
    event.anomalies = ANOMALY_BIT(ANOMALY_NOT_FETCHED);
    imap_emit(s, &event);
}

static void append_facts(imap_session *s, const imap_line *line, const imap_append_facts *facts)
{
    mail_imap *imap = &s->appended.imap;

    imap->tag = s->command.tag;
    imap->mailbox = slice_of(s->append.mailbox);
    imap->flags = (slice){line->text.data + facts->flags_at, facts->flags_len};
    imap->internaldate = (slice){line->text.data + facts->date_at, facts->date_len};
}

/* What the arguments say happens, once they were shown. */
static void take_steps(imap_session *s, const imap_line *line)
{
    for (guint i = 0; i < s->append.steps->len; i++) {
        const imap_append_step *step = &g_array_index(s->append.steps, imap_append_step, i);
        append_facts(s, line, &step->facts);
        if (step->what == IMAP_APPEND_URL)
            append_url(s);
        else
            imap_client_end_append(s, MAIL_END_COMPLETE);
    }
    g_array_set_size(s->append.steps, 0);
    append_facts(s, line, &s->append.facts);
}

static void begin_append(imap_session *s)
{
    imap_append_begin(&s->append, &s->command);
    s->in_append = TRUE;
}

/* --- the client's lines --- */

static gboolean takes_message(imap_verb verb)
{
    return verb == IMAP_VERB_APPEND || verb == IMAP_VERB_REPLACE;
}

static void read_client_literal(imap_session *s)
{
    imap_line line;

    imap_reader_line(s->client.reader, &line);
    if (!s->in_append) {
        if (!imap_command_parse(line.text, &s->command) || !takes_message(s->command.verb))
            return;
        begin_append(s);
    } else if (!imap_command_parse(line.text, &s->command)) {
        return;
    }
    if (!imap_append_read(&s->append, &line))
        return;
    imap_reader_pass(s->client.reader);
    imap_client_emit_command(s, &line, FALSE);
    take_steps(s, &line);
}

void imap_client_end_line(imap_session *s)
{
    imap_end_chunks(&s->client);
    s->in_append = FALSE;
    s->asked = NULL;
    g_array_set_size(s->append.steps, 0);
    s->client.behind_hole = FALSE;
}

static void read_client_line(imap_session *s)
{
    imap_line line;

    imap_reader_line(s->client.reader, &line);
    if (s->client.chunks) {
        imap_command_parse(line.text, &s->command);
        (void)imap_append_read(&s->append, &line);
        imap_client_emit_command(s, &line, TRUE);
        take_steps(s, &line);
        imap_client_end_append(s, MAIL_END_COMPLETE);
    } else if (s->auth && is_sasl_response(line.text)) {
        read_response_line(s, s->auth, MAIL_EVENT_AUTH_LINE, &line);
    } else if (s->idle && slice_is(slice_trim(line.text), "DONE")) {
        read_response_line(s, s->idle, MAIL_EVENT_COMMAND, &line);
    } else if (imap_command_parse(line.text, &s->command)) {
        if (takes_message(s->command.verb)) { /* only with URLs, or with an empty message */
            if (!s->in_append)
                begin_append(s);
            (void)imap_append_read(&s->append, &line);
        }
        imap_client_emit_command(s, &line, TRUE);
        take_steps(s, &line);
        imap_client_end_append(s, MAIL_END_COMPLETE);
    } else {
        text_line text = imap_text_line_of(&s->client, &line);
        imap_emit_text(s, MAIL_CLIENT, &text, ANOMALY_BIT(ANOMALY_BAD_SYNTAX));
    }
    imap_client_end_line(s);
}

static void read_client_data(imap_session *s)
{
    imap_line line;
    imap_reader_line(s->client.reader, &line);
    append_facts(s, &line, &s->append.facts);
    imap_begin_message(s, MAIL_CLIENT, &s->appended, imap_reader_data(s->client.reader).len);
    imap_emit_message(s, MAIL_EVENT_MESSAGE_DATA, MAIL_CLIENT, &s->appended, imap_reader_data(s->client.reader),
                      MAIL_END_COMPLETE);
}

static void read_client_literal_end(imap_session *s)
{
    imap_line line;
    imap_reader_line(s->client.reader, &line);
    s->client.chunk_start = line.end;
    append_facts(s, &line, &s->append.facts);
    if (!s->append.in_catenate)
        imap_client_end_append(s, MAIL_END_COMPLETE);
}

static void read_client_step(imap_session *s)
{
    for (;;) {
        switch (imap_reader_next(s->client.reader, &s->client.in)) {
        case IMAP_READ_MORE:
            return;
        case IMAP_READ_LITERAL:
            read_client_literal(s);
            break;
        case IMAP_READ_DATA:
            read_client_data(s);
            break;
        case IMAP_READ_LITERAL_END:
            read_client_literal_end(s);
            break;
        case IMAP_READ_LINE:
            read_client_line(s);
            if (s->hold || s->client.lost)
                return;
            break;
        }
    }
}

/* A line that fits is read again by the reader for whole lines. */
static void read_client_lost(imap_session *s)
{
    text_line line;

    if (!line_reader_next(s->client.lines, &s->client.in, &line))
        return;
    if (imap_command_is_certain(line.line) && !(line.anomalies & ANOMALY_BIT(ANOMALY_LINE_TOO_LONG)))
        imap_reread(&s->client, &line, read_client_step, s);
    else
        imap_emit_text(s, MAIL_CLIENT, &line, s->client.behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : 0);
    s->client.behind_hole = FALSE;
}

void imap_client_read(imap_session *s)
{
    while (s->client.in.bytes.len > 0 && !s->hold && !imap_pass_over_tls(s, &s->client)) {
        if (s->client.lost)
            read_client_lost(s);
        else
            read_client_step(s);
    }
}

void imap_client_cross_gap(imap_session *s, guint64 missing)
{
    half *h = &s->client;
    guint64 left = imap_reader_literal_left(h->reader);

    if (h->opaque) { /* one more byte that cannot be read */
        h->in.offset += missing;
        return;
    }
    if (h->inflate)
        h->opaque = TRUE;
    if (!h->opaque && s->tls != TLS_OPAQUE && imap_reader_is_passing(h->reader) && missing > 0) {
        imap_line line;
        guint64 inside = MIN(left, missing);
        imap_reader_line(h->reader, &line);
        append_facts(s, &line, &s->append.facts);
        imap_begin_message(s, MAIL_CLIENT, &s->appended, 0);
        s->appended.hole = TRUE;
        (void)imap_reader_gap(h->reader, inside);
        imap_emit_gap(s, MAIL_CLIENT, inside, s->appended.message);
        missing -= inside;
        if (inside == left)
            read_client_step(s); /* the literal's end */
        if (missing == 0)
            return;
    }
    imap_client_break(s, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    imap_emit_gap(s, MAIL_CLIENT, missing, 0);
    h->lost = h->behind_hole = TRUE;
}

/* What has come of a line whose rest will not. */
void imap_client_break(imap_session *s, anomaly_set anomalies)
{
    half *h = &s->client;
    imap_line line;
    text_line text;

    imap_reader_line(h->reader, &line);
    if (imap_reader_has_begun(h->reader) && !imap_reader_is_passing(h->reader)) {
        text = imap_text_line_of(h, &line);
        if (text.end > text.start)
            imap_emit_text(s, MAIL_CLIENT, &text, anomalies);
    }
    if (s->appended.begun) {
        append_facts(s, &line, &s->append.facts);
        imap_client_end_append(s, MAIL_END_CUT);
    }
    imap_reader_forget(h->reader);
    if (line_reader_flush(h->lines, &text))
        imap_emit_text(s, MAIL_CLIENT, &text, anomalies);
    imap_client_end_line(s);
}
