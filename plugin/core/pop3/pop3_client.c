/* pop3_client.c
 * What a POP3 client sends: commands, and its words in a SASL exchange.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_session_private.h"

/* Which commands have more than a status line for an answer (RFC 1939 5, 7; 2449 5; 6856 3.2). AUTH
 * without a mechanism lists them (not in RFC 5034, but in Microsoft's and qualcomm's servers). */
static answer_form form_of_answer(const pop3_command *command)
{
    gboolean bare = command->argument.len == 0;
    switch (command->verb) {
    case POP3_VERB_RETR:
    case POP3_VERB_TOP:
        return ANSWER_MESSAGE;
    case POP3_VERB_CAPA:
        return ANSWER_LISTING;
    case POP3_VERB_LIST:
    case POP3_VERB_UIDL:
        return bare ? ANSWER_LISTING : ANSWER_ITEM;
    case POP3_VERB_AUTH:
    case POP3_VERB_LANG:
        return bare ? ANSWER_LISTING : ANSWER_LINE;
    default:
        return ANSWER_LINE;
    }
}

gboolean pop3_is_transaction_verb(pop3_verb verb)
{
    switch (verb) {
    case POP3_VERB_STAT:
    case POP3_VERB_LIST:
    case POP3_VERB_UIDL:
    case POP3_VERB_RETR:
    case POP3_VERB_TOP:
    case POP3_VERB_DELE:
    case POP3_VERB_RSET:
    case POP3_VERB_NOOP:
    case POP3_VERB_LAST:
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean is_authorization_verb(pop3_verb verb)
{
    return verb == POP3_VERB_USER || verb == POP3_VERB_PASS || verb == POP3_VERB_APOP || verb == POP3_VERB_AUTH ||
           verb == POP3_VERB_STLS;
}

static void hold_for(pop3_session *s, client_state state, const question *asked)
{
    s->client_state = state;
    s->awaited = asked->number;
    s->answer_lost = FALSE;
}

static void set_user(question *asked, slice user)
{
    g_free((gpointer)asked->user.data);
    asked->user = (slice){(guint8 *)slice_dup(user), user.len};
}

/* "APOP name digest" (RFC 1939 7): the digest is over the greeting's <timestamp> and the secret. */
static void read_apop(pop3_session *s, const pop3_command *command, mail_event *event, mail_auth *auth)
{
    slice argument = command->argument;
    gsize at = argument.len;

    while (at > 0 && argument.data[at - 1] != ' ')
        at--;
    if (at == 0) {
        event->anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
        return;
    }
    auth->mechanism = "APOP";
    auth->username = auth->user = slice_trim(slice_head(argument, at));
    auth->token = slice_from(argument, at);
    auth->challenge = (slice){s->banner->data, s->banner->len};
    event->auth = auth;
}

/* What the command says of an authentication. */
static void read_credentials(pop3_session *s, const pop3_command *command, question *asked, mail_event *event,
                             mail_auth *auth)
{
    slice login = command->argument;

    switch (command->verb) {
    case POP3_VERB_USER:
        g_byte_array_set_size(s->login, 0);
        if (login.len)
            g_byte_array_append(s->login, login.data, (guint)login.len);
        *auth = (mail_auth){.mechanism = "USER", .username = login, .user = login};
        event->auth = auth;
        break;
    case POP3_VERB_PASS:
        login = (slice){s->login->data, s->login->len};
        *auth = (mail_auth){.mechanism = "USER", .password = command->raw_argument, .user = login};
        event->auth = auth;
        break;
    case POP3_VERB_APOP:
        read_apop(s, command, event, auth);
        login = auth->username;
        break;
    case POP3_VERB_AUTH:
        if (command->argument.len) {
            event->anomalies |= sasl_begin(&s->exchange, command->argument, auth);
            event->auth = auth;
        }
        return;
    default:
        return;
    }
    set_user(asked, login);
    note_cleartext_password(event, s->tls_active);
}

/* The state that the command itself shows or brings. */
static void note_phase(pop3_session *s, const pop3_command *command)
{
    gboolean pipelined = s->server.seen && g_queue_get_length(&s->queue) > 1;

    if (pop3_is_transaction_verb(command->verb) &&
        (s->phase == PHASE_UNKNOWN || (s->phase == PHASE_AUTHORIZATION && !s->server.seen)))
        s->phase = PHASE_TRANSACTION;
    if (is_authorization_verb(command->verb) && s->phase == PHASE_UNKNOWN)
        s->phase = PHASE_AUTHORIZATION;
    if (command->verb == POP3_VERB_QUIT && s->phase == PHASE_TRANSACTION && !pipelined)
        s->phase = PHASE_UPDATE;
}

static void follow_command(pop3_session *s, const pop3_command *command, const question *asked)
{
    if (command->verb == POP3_VERB_AUTH && command->argument.len)
        hold_for(s, CLIENT_SAID_AUTH, asked);
    else if (command->verb == POP3_VERB_STLS)
        hold_for(s, CLIENT_SAID_STLS, asked);
}

static gboolean is_plausible_verb(slice word)
{
    if (word.len < 3 || word.len > 12)
        return FALSE;
    for (gsize i = 0; i < word.len; i++)
        if (!g_ascii_isalnum(word.data[i]) && word.data[i] != '-')
            return FALSE;
    return g_ascii_isalpha(word.data[0]);
}

/* No session begins with such a command: whatever the caller thinks, the beginning (and the greeting) was not captured.
 */
static void notice_late_start(pop3_session *s, pop3_verb verb)
{
    if (s->replied || s->exchange_count > 0 || !(verb == POP3_VERB_PASS || pop3_is_transaction_verb(verb)))
        return;
    if (s->from_start)
        s->phase = PHASE_UNKNOWN;
    s->from_start = FALSE;
}

/* "TOP 1 10" (RFC 1939 7) */
static gboolean read_top_lines(slice argument, guint64 *lines_r)
{
    char *text = slice_dup(argument);
    const char *blank = strchr(text, ' ');
    gboolean is_there =
        blank && g_ascii_string_to_unsigned(g_strchug((char *)blank), 10, 0, G_MAXUINT64, lines_r, NULL);
    g_free(text);
    return is_there;
}

static void read_command(pop3_session *s, const text_line *line)
{
    mail_event event = event_of_line(MAIL_EVENT_COMMAND, MAIL_CLIENT, line);
    mail_auth auth = {0};
    pop3_command command;
    question *asked;

    if (s->client.behind_hole && !pop3_command_is_certain(line->line)) {
        s->client.behind_hole = FALSE;
        pop3_emit_text(s, MAIL_CLIENT, line, 0);
        return;
    }
    s->client.behind_hole = FALSE;
    pop3_client_saw_the_end(s);
    pop3_command_parse(line->line, &command);
    event.known = command.verb != POP3_VERB_UNKNOWN;
    if (!event.known && !is_plausible_verb(command.name))
        event.kind = MAIL_EVENT_TEXT;
    else if (!event.known)
        event.anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_COMMAND);
    event.verb = command.name;
    event.verb_offset = command.name_offset;
    event.argument = command.argument;
    event.argument_offset = command.argument_offset;
    notice_late_start(s, command.verb);
    asked = pop3_ask(s, command.verb, form_of_answer(&command), &event.anomalies);
    event.exchange = asked->number;
    asked->has_top_lines = command.verb == POP3_VERB_TOP && read_top_lines(command.argument, &asked->top_lines);
    read_credentials(s, &command, asked, &event, &auth);
    note_cleartext_password(&event, s->tls_active);
    note_phase(s, &command);
    pop3_emit(s, &event);
    follow_command(s, &command, asked);
}

static void read_response(pop3_session *s, const text_line *line)
{
    mail_event event = event_of_line(MAIL_EVENT_AUTH_LINE, MAIL_CLIENT, line);
    question *asked = pop3_ask(s, POP3_VERB_AUTH, ANSWER_LINE, &event.anomalies);
    mail_auth auth;

    event.exchange = asked->number;
    note_sasl_response(&event, s->exchange, line->line, &auth, s->tls_active);
    pop3_emit(s, &event);
    hold_for(s, CLIENT_SAID_AUTH, asked);
}

gboolean pop3_client_waits(const pop3_session *s)
{
    return s->client_state >= CLIENT_SAID_AUTH;
}

void pop3_client_read(pop3_session *s)
{
    text_line line;

    while (s->client.in.bytes.len > 0 && !pop3_client_waits(s) && !pop3_pass_over_tls(s, &s->client)) {
        if (!line_reader_next(s->client.lines, &s->client.in, &line))
            break;
        if (s->client_state == CLIENT_RESPONSE)
            read_response(s, &line);
        else
            read_command(s, &line);
    }
}

static gboolean answer_can_come(const pop3_session *s)
{
    return s->server.seen && !s->server.ended && !s->answer_lost &&
           held_bytes_length(s->client.held) < LIMIT_HELD_BYTES;
}

/* No answer will come: the held bytes' first line is asked. FALSE: it is not there yet. */
static gboolean decide_client(pop3_session *s, gboolean force)
{
    slice bytes = held_bytes_peek(s->client.held), line;
    const guint8 *lf = bytes.len ? memchr(bytes.data, '\n', MIN(bytes.len, LIMIT_GUESS_BYTES)) : NULL;

    if (!force && answer_can_come(s))
        return FALSE;
    if (!lf && bytes.len < LIMIT_GUESS_BYTES && !force && !held_bytes_gap_follows(s->client.held))
        return FALSE;
    line = slice_trim(slice_head(bytes, lf ? (gsize)(lf - bytes.data) : LIMIT_GUESS_BYTES));
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    if (s->client_state == CLIENT_SAID_AUTH)
        s->client_state = bytes.len == 0 || pop3_command_is_certain(line) ? CLIENT_COMMANDS : CLIENT_RESPONSE;
    else if (bytes.len && is_tls_byte(bytes.data[0]))
        pop3_start_tls(s);
    else
        s->client_state = CLIENT_COMMANDS;
    return TRUE;
}

static void cross_client_gap(pop3_session *s, guint64 missing)
{
    text_line line;

    if (line_reader_flush(s->client.lines, &line))
        pop3_emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    pop3_emit_gap(s, MAIL_CLIENT, &s->client, missing);
    if (s->tls == TLS_OPAQUE)
        return;
    s->client_state = CLIENT_COMMANDS;
    s->client.behind_hole = TRUE;
    s->lost = COMMANDS_LOST;
}

void pop3_client_read_held(pop3_session *s, gboolean force)
{
    held_bytes *held = s->client.held;
    guint64 missing;

    while (!held_bytes_is_empty(held)) {
        slice bytes = held_bytes_peek(held);
        if (pop3_client_waits(s)) {
            if (!decide_client(s, force))
                return;
        } else if (bytes.len == 0) {
            (void)held_bytes_take_gap(held, &missing);
            cross_client_gap(s, missing);
        } else {
            s->client.in.bytes = bytes;
            pop3_client_read(s);
            held_bytes_skip(held, bytes.len - s->client.in.bytes.len);
            s->client.in.bytes = SLICE_EMPTY;
        }
    }
}

void pop3_client_finish(pop3_session *s)
{
    text_line line;
    if (!held_bytes_is_empty(s->client.held) || !line_reader_flush(s->client.lines, &line))
        return;
    if (s->client_state == CLIENT_RESPONSE)
        read_response(s, &line);
    else if (pop3_command_is_certain(line.line))
        read_command(s, &line);
    else
        pop3_emit_text(s, MAIL_CLIENT, &line, 0);
}
