/* smtp_client.c
 * What an SMTP client sends while it is known what its next byte is: commands and what they ask
 * for, SASL responses, counted octets.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_session_private.h"

/* --- BDAT (RFC 3030) and XEXCH50 ([MS-XEXCH50]): counted octets --- */

static void finish_chunk(smtp_session *s, mail_end_reason reason)
{
    guint64 at = s->client.in.offset;
    s->state = CLIENT_COMMANDS;
    if (s->chunk_last && s->message_open)
        smtp_end_message(s, reason, at, at, s->chunk_exchange, 0);
}

static void begin_chunk(smtp_session *s, const smtp_command *command, question *asked)
{
    if (!s->message_open)
        smtp_begin_message(s, MAIL_FROM_BDAT, DOT_BEGIN_LINE, 0);
    s->octets_left = command->size;
    s->chunk_last = command->last;
    s->chunk_exchange = asked->number;
    asked->message = s->message_count;
    s->state = CLIENT_CHUNK;
    if (s->octets_left == 0)
        finish_chunk(s, MAIL_END_COMPLETE);
}

static void read_chunk(smtp_session *s)
{
    guint64 start = s->client.in.offset;
    slice data = stream_cursor_take(&s->client.in, (gsize)MIN(s->octets_left, s->client.in.bytes.len));

    s->octets_left -= data.len;
    smtp_emit_message_data(s, data, start, s->client.in.offset);
    if (s->octets_left == 0)
        finish_chunk(s, MAIL_END_COMPLETE);
}

/* BURL: the server fetches this chunk itself (RFC 4468), so the message has a hole of unknown size here. */
static void pass_over_burl(smtp_session *s, const smtp_command *command, question *asked)
{
    if (!s->message_open) {
        s->chunks_lost = !command->last;
        return;
    }
    s->message_hole = TRUE;
    asked->message = s->message_count;
    s->chunk_last = command->last;
    s->chunk_exchange = asked->number;
    finish_chunk(s, MAIL_END_COMPLETE);
}

void smtp_client_show_blob(smtp_session *s, guint32 exchange)
{
    mail_event event = event_at(MAIL_EVENT_TEXT, MAIL_CLIENT, s->blob_start, s->client.in.offset);

    event.exchange = exchange;
    s->blob_start = s->client.in.offset;
    if (event.end > event.start)
        smtp_emit(s, &event);
}

static void finish_blob(smtp_session *s)
{
    anomaly_set anomalies = 0;
    question *asked = smtp_ask(s, ASK_OTHER, &anomalies);

    s->state = CLIENT_COMMANDS;
    smtp_client_show_blob(s, asked->number);
}

static void read_blob(smtp_session *s)
{
    slice octets = stream_cursor_take(&s->client.in, (gsize)MIN(s->octets_left, s->client.in.bytes.len));
    s->octets_left -= octets.len;
    if (s->octets_left == 0)
        finish_blob(s);
}

void smtp_client_begin_blob(smtp_session *s)
{
    s->state = CLIENT_BLOB;
    s->blob_start = s->client.in.offset;
    if (s->octets_left == 0)
        finish_blob(s);
}

/* --- the client's commands --- */

static void hold_for(smtp_session *s, client_state state, const question *asked)
{
    s->state = state;
    s->awaited = asked->number;
    s->answer_lost = FALSE;
}

static const question_kind question_of_verb[] = {
    [SMTP_VERB_HELO] = ASK_HELLO,      [SMTP_VERB_EHLO] = ASK_HELLO,        [SMTP_VERB_LHLO] = ASK_HELLO,
    [SMTP_VERB_MAIL] = ASK_MAIL,       [SMTP_VERB_SEND] = ASK_MAIL,         [SMTP_VERB_SOML] = ASK_MAIL,
    [SMTP_VERB_SAML] = ASK_MAIL,       [SMTP_VERB_RCPT] = ASK_RCPT,         [SMTP_VERB_DATA] = ASK_DATA,
    [SMTP_VERB_BDAT] = ASK_CHUNK,      [SMTP_VERB_RSET] = ASK_RSET,         [SMTP_VERB_AUTH] = ASK_AUTH,
    [SMTP_VERB_X_EXPS] = ASK_AUTH,     [SMTP_VERB_STARTTLS] = ASK_STARTTLS, [SMTP_VERB_X_ANONYMOUSTLS] = ASK_STARTTLS,
    [SMTP_VERB_XCLIENT] = ASK_XCLIENT, [SMTP_VERB_XEXCH50] = ASK_XEXCH50,   [SMTP_VERB_QUIT] = ASK_QUIT,
    [SMTP_VERB_BURL] = ASK_CHUNK,
};

static question_kind kind_of_command(const smtp_command *command)
{
    question_kind kind =
        (gsize)command->verb < G_N_ELEMENTS(question_of_verb) ? question_of_verb[command->verb] : ASK_OTHER;
    if (kind == ASK_AUTH && command->argument.len == 0)
        return ASK_OTHER;
    return kind;
}

/* What the command means for the transaction, before it is shown. */
static void prepare_command(smtp_session *s, const smtp_command *command, question *asked)
{
    if (asked->kind == ASK_HELLO || asked->kind == ASK_MAIL || asked->kind == ASK_RCPT || asked->kind == ASK_RSET)
        s->chunks_lost = FALSE; /* the first chunk is still to come */
    switch (asked->kind) {
    case ASK_HELLO:
        if (command->verb == SMTP_VERB_LHLO)
            s->protocol = MAIL_PROTOCOL_LMTP;
        break;
    case ASK_MAIL:
        smtp_reset_envelope(s);
        if (command->has_path)
            smtp_envelope_set_from(s->envelope, command->path);
        asked->envelope = smtp_envelope_ref(s->envelope);
        break;
    case ASK_RCPT:
        if (command->has_path)
            asked->recipient = smtp_envelope_add(s->envelope, command->path);
        asked->envelope = smtp_envelope_ref(s->envelope);
        break;
    case ASK_CHUNK:
        asked->last = command->last;
        asked->envelope = smtp_envelope_ref(s->envelope);
        break;
    default:
        break;
    }
}

/* Only the client was captured: commands change the state, as no reply will. */
static void presume_accepted(smtp_session *s, const question *asked)
{
    static const smtp_phase phase_of_kind[] = {
        [ASK_HELLO] = PHASE_GREETED, [ASK_MAIL] = PHASE_MAIL,    [ASK_RCPT] = PHASE_RCPT,
        [ASK_CHUNK] = PHASE_BDAT,    [ASK_RSET] = PHASE_GREETED, [ASK_QUIT] = PHASE_QUIT,
    };
    if (s->server.seen || asked->kind >= G_N_ELEMENTS(phase_of_kind) || phase_of_kind[asked->kind] == PHASE_CONNECTED)
        return;
    s->phase = asked->kind == ASK_CHUNK && asked->last ? PHASE_GREETED : phase_of_kind[asked->kind];
}

/* The commands that leave a message from BDAT unfinished behind them. */
static gboolean abandons_chunks(question_kind kind)
{
    return kind == ASK_RSET || kind == ASK_MAIL || kind == ASK_HELLO || kind == ASK_QUIT || kind == ASK_DATA ||
           kind == ASK_STARTTLS;
}

/* What follows a command, after it was shown. */
static void follow_command(smtp_session *s, const smtp_command *command, question_kind kind, question *asked)
{
    switch (kind) {
    case ASK_HELLO:
    case ASK_RSET:
        smtp_reset_envelope(s);
        break;
    case ASK_DATA:
        hold_for(s, CLIENT_SAID_DATA, asked);
        break;
    case ASK_CHUNK:
        if (command->verb == SMTP_VERB_BURL)
            pass_over_burl(s, command, asked);
        else if (!(command->anomalies & ANOMALY_BIT(ANOMALY_BDAT_BAD_SIZE)))
            begin_chunk(s, command, asked);
        break;
    case ASK_AUTH:
        hold_for(s, CLIENT_SAID_AUTH, asked);
        break;
    case ASK_STARTTLS:
        hold_for(s, CLIENT_SAID_STARTTLS, asked);
        break;
    case ASK_XEXCH50:
        s->octets_left = command->size;
        hold_for(s, CLIENT_SAID_XEXCH50, asked);
        break;
    default:
        break;
    }
}

static void fill_command(mail_event *event, const smtp_command *command)
{
    event->verb = command->name;
    event->verb_offset = command->name_offset;
    event->argument = command->argument;
    event->argument_offset = command->argument_offset;
    event->known = command->verb != SMTP_VERB_UNKNOWN;
    event->path = command->path;
    event->has_path = command->has_path;
    event->params = command->params;
    event->param_count = command->param_count;
    event->anomalies |= command->anomalies;
    if (!event->known)
        event->anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_COMMAND);
}

/* Could the word be a verb that is only not known here: 3 to 20 letters, digits and hyphens? */
static gboolean is_plausible_verb(slice word)
{
    if (word.len < 3 || word.len > 20 || !g_ascii_isalpha(word.data[0]))
        return FALSE;
    for (gsize i = 0; i < word.len; i++)
        if (!g_ascii_isalnum(word.data[i]) && word.data[i] != '-')
            return FALSE;
    return TRUE;
}

static void read_command(smtp_session *s, const text_line *line)
{
    const smtp_command *command = smtp_command_parse(s->parser, line->line);
    gboolean known = command->verb != SMTP_VERB_UNKNOWN;
    mail_event event = event_of_line(MAIL_EVENT_COMMAND, MAIL_CLIENT, line);
    question_kind kind = kind_of_command(command);
    question *asked;
    mail_auth auth;

    s->lf_ends_lines = line->anomalies & ANOMALY_BIT(ANOMALY_BARE_LF) ? TRUE : FALSE;
    if (known || is_plausible_verb(command->name)) {
        fill_command(&event, command);
    } else {
        event.kind = MAIL_EVENT_TEXT;
        event.anomalies |= ANOMALY_BIT(ANOMALY_UNKNOWN_COMMAND);
    }
    if (abandons_chunks(kind))
        smtp_give_up_message(s, MAIL_END_ABORTED, line->start);
    asked = smtp_ask(s, kind, &event.anomalies);
    event.exchange = asked->number;
    prepare_command(s, command, asked);
    presume_accepted(s, asked);
    if (kind == ASK_AUTH) {
        event.anomalies |= sasl_begin(&s->exchange, command->argument, &auth);
        event.auth = &auth;
        note_cleartext_password(&event, s->tls_active);
        if (s->phase != PHASE_AUTH)
            s->phase_before_auth = s->phase;
        s->phase = PHASE_AUTH;
    }
    smtp_emit(s, &event);
    follow_command(s, command, kind, asked);
}

static void read_response(smtp_session *s, const text_line *line)
{
    mail_event event = event_of_line(MAIL_EVENT_AUTH_LINE, MAIL_CLIENT, line);
    question *asked = smtp_ask(s, ASK_AUTH, &event.anomalies);
    mail_auth auth;

    event.exchange = asked->number;
    note_sasl_response(&event, s->exchange, line->line, &auth, s->tls_active);
    smtp_emit(s, &event);
    hold_for(s, CLIENT_SAID_AUTH, asked);
}

void smtp_client_read(smtp_session *s)
{
    text_line line;

    while (s->client.in.bytes.len > 0 && !smtp_client_waits(s) && !smtp_pass_over_tls(s, &s->client)) {
        switch (s->state) {
        case CLIENT_COMMANDS:
            if (line_reader_next(s->client.lines, &s->client.in, &line))
                read_command(s, &line);
            break;
        case CLIENT_RESPONSE:
            if (line_reader_next(s->client.lines, &s->client.in, &line))
                read_response(s, &line);
            break;
        case CLIENT_MESSAGE:
            smtp_read_message(s);
            break;
        case CLIENT_CHUNK:
            read_chunk(s);
            break;
        case CLIENT_BLOB:
            read_blob(s);
            break;
        default:
            g_assert_not_reached();
        }
    }
}

void smtp_client_skip_octets(smtp_session *s, guint64 missing)
{
    gboolean known = missing > 0 && missing <= s->octets_left;

    s->message_hole |= s->message_open;
    s->octets_left -= known ? missing : s->octets_left;
    if (s->octets_left > 0)
        return;
    if (s->state == CLIENT_CHUNK)
        finish_chunk(s, known ? MAIL_END_COMPLETE : MAIL_END_CUT);
    else
        finish_blob(s);
    if (!known) {
        s->state = CLIENT_LOST;
        s->lost = COMMANDS_LOST;
    }
}

void smtp_client_finish(smtp_session *s)
{
    text_line line;
    if (s->state == CLIENT_BLOB)
        smtp_client_show_blob(s, 0);
    if (!held_bytes_is_empty(s->held) || !line_reader_flush(s->client.lines, &line))
        return;
    if (s->state == CLIENT_RESPONSE)
        read_response(s, &line);
    else if (smtp_command_is_certain(line.line))
        read_command(s, &line);
    else
        smtp_emit_text(s, MAIL_CLIENT, &line, 0);
}
