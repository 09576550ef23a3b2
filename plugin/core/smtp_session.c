/* smtp_session.c
 * Three machines and a queue:
 *
 *   the client's side   client_state: what its next byte is
 *   the server's side   lines, each a piece of a reply
 *   the transaction     phase and envelope, as the replies put them into effect
 *   the queue           what the client asked and nobody answered yet, oldest first. Replies come
 *                       in the order of the questions (RFC 2920 3.1), so each answers the head.
 *
 * What a client's bytes are can depend on an answer that is not there yet: behind DATA (354:
 * message, else: commands), AUTH (334: a response), STARTTLS (220: TLS). There the client's bytes
 * are held until the answer. Where no answer can come (only the client was captured, the answer
 * lies in a hole, LIMIT_HELD_BYTES) the bytes themselves are asked: a line that is
 * certainly a command is one, everything else is what the client hoped for.
 *
 * Behind a hole, and when the capture begins in the middle, the client may be anywhere
 * (CLIENT_LOST): a certain command sets it straight, "." on a line or three lines of text
 * show the tail of a message. The queue is then of no use: only a reply whose code
 * fits just one kind of question (354, 221, 334, ...) is taken as its answer, until the
 * client speaks again after the server.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_session.h"
#include "dot_decoder.h"
#include "held_bytes.h"
#include "limits.h"
#include "line_reader.h"
#include "sasl.h"
#include "session_bytes.h"
#include "smtp_command.h"
#include "smtp_envelope.h"
#include "smtp_reply.h"

typedef enum client_state {
    CLIENT_COMMANDS,
    CLIENT_RESPONSE, /* 334 came: the next line is the client's SASL response */
    CLIENT_MESSAGE,  /* 354 came */
    CLIENT_CHUNK,    /* in a BDAT chunk */
    CLIENT_BLOB,     /* in the octets of XEXCH50 */
    /* from here on the client's bytes are held */
    CLIENT_SAID_DATA,
    CLIENT_SAID_AUTH, /* AUTH or a response */
    CLIENT_SAID_STARTTLS,
    CLIENT_SAID_XEXCH50,
    CLIENT_MESSAGE_HOLE, /* in a message, behind a hole: is the first line still message? */
    CLIENT_LOST          /* anywhere */
} client_state;

typedef enum smtp_phase {
    PHASE_CONNECTED,
    PHASE_GREETED,
    PHASE_AUTH,
    PHASE_MAIL,
    PHASE_RCPT,
    PHASE_DATA,
    PHASE_BDAT,
    PHASE_TLS,
    PHASE_QUIT,
    PHASE_UNKNOWN
} smtp_phase;

static const char *const phase_names[] = {"CONNECTED", "GREETED", "AUTH", "MAIL", "RCPT",
                                          "DATA",      "BDAT",    "TLS",  "QUIT", "UNKNOWN"};

/* Who reads the bytes behind a 220 to STARTTLS? */
typedef enum tls_state {
    TLS_NONE,
    TLS_EXPECTED, /* the next byte shows whether it is TLS or goes on in clear */
    TLS_OPAQUE    /* it is TLS: passed over until smtp_session_tls() */
} tls_state;

/* Kinds of questions; which replies can answer them see reply_fits(). */
typedef enum question_kind {
    ASK_OTHER,
    ASK_HELLO,
    ASK_MAIL,
    ASK_RCPT,
    ASK_DATA,
    ASK_END_OF_DATA,
    ASK_CHUNK,
    ASK_RSET,
    ASK_AUTH,
    ASK_STARTTLS,
    ASK_XCLIENT,
    ASK_XEXCH50,
    ASK_QUIT
} question_kind;

/* What is lost, so that replies cannot be counted off against the questions? */
typedef enum certainty { CERTAIN, REPLIES_LOST, COMMANDS_LOST } certainty;

typedef struct question {
    question_kind kind;
    guint32 number;          /* mail_event.exchange */
    smtp_envelope *envelope; /* of MAIL, RCPT, END_OF_DATA, CHUNK; owned reference */
    guint recipient;         /* RCPT: its number in the envelope */
    gboolean last;           /* CHUNK: it was the last one */
    guint32 message;         /* END_OF_DATA, CHUNK, DATA decided as message: ordinal */
    guint replies;           /* replies seen (LMTP gives several) */
} question;

typedef struct half {
    line_reader *lines;
    stream_cursor in; /* bytes: those of the call going on; offset: of the next byte not read yet */
    gboolean seen;    /* any byte */
    gboolean ended;
} half;

struct smtp_session {
    /* fixed */
    mail_event_sink sink;
    void *user;
    gboolean from_start;

    mail_protocol protocol;
    half client, server;
    mail_side spoke_last;
    tls_state tls;
    gboolean tls_active; /* what is fed was decrypted */
    smtp_phase phase;
    smtp_phase phase_before_auth;

    /* the client's side */
    client_state state;
    held_bytes *held;
    guint32 awaited;        /* the exchange whose answer ends the holding */
    gboolean answer_lost;   /* ... and it will not come, or cannot be told from others */
    gboolean data_promised; /* CLIENT_LOST: a 354 came, message data follows */
    smtp_command_parser *parser;
    gboolean lf_ends_lines; /* of the last command line */
    guint64 octets_left;    /* CHUNK, BLOB */
    gboolean chunk_last;
    guint32 chunk_exchange;
    guint64 blob_start;

    /* the open message */
    dot_decoder *dots;
    gboolean message_open;
    gboolean message_hole;    /* bytes of it are lost */
    gboolean chunks_lost;     /* chunks in front of the next BDAT may lie in a hole */
    gboolean message_refused; /* the server said no while it was being sent */
    guint32 message_count;    /* the open or last one's ordinal */
    mail_message_source message_source;
    smtp_envelope *message_envelope;

    /* questions and answers */
    GQueue queue;              /* of question*, oldest first */
    guint asked[ASK_QUIT + 1]; /* how many of each kind stand in it */
    certainty lost;
    guint32 exchange_count;
    struct {
        gboolean open; /* its last line is still to come */
        guint code;
        question *answers; /* NULL: nothing */
    } reply;
    gboolean replied;                /* a whole reply was seen: no greeting any more */
    gboolean behind_hole;            /* the server's next line may be the rest of one */
    smtp_envelope *envelope;         /* of the transaction the client is in */
    sasl *exchange;                  /* the last AUTH; NULL: none */
    mail_param params[LIMIT_PARAMS]; /* of a capability */
};

/* --- events --- */

static void emit(smtp_session *s, mail_event *event)
{
    event->protocol = s->protocol;
    event->state = phase_names[s->phase];
    s->sink(event, s->user);
}

static void emit_text(smtp_session *s, mail_side side, const text_line *line, anomaly_set anomalies)
{
    mail_event event = event_of_line(MAIL_EVENT_TEXT, side, line);
    event.anomalies |= anomalies;
    emit(s, &event);
}

static void emit_gap(smtp_session *s, mail_side side, half *h, guint64 missing)
{
    mail_event event = event_at(MAIL_EVENT_GAP, side, h->in.offset, h->in.offset + missing);
    h->in.offset += missing;
    event.missing = missing;
    event.anomalies = ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (side == MAIL_CLIENT && s->message_open &&
        (s->state == CLIENT_MESSAGE || s->state == CLIENT_MESSAGE_HOLE || s->state == CLIENT_CHUNK))
        event.message = s->message_count;
    emit(s, &event);
}

/* --- the queue --- */

static void question_free(gpointer data)
{
    smtp_envelope_unref(((question *)data)->envelope);
    g_free(data);
}

static void forget_oldest(smtp_session *s)
{
    question *oldest = g_queue_pop_head(&s->queue);
    if (s->reply.answers == oldest)
        s->reply.answers = NULL;
    if (oldest->number == s->awaited)
        s->answer_lost = TRUE;
    s->asked[oldest->kind]--;
    question_free(oldest);
}

static void forget_questions(smtp_session *s)
{
    while (!g_queue_is_empty(&s->queue))
        forget_oldest(s);
    s->answer_lost = TRUE;
}

/* A new question at the end of the queue; gives it a number. */
static question *ask(smtp_session *s, question_kind kind, anomaly_set *anomalies)
{
    question *asked = g_new0(question, 1);
    if (g_queue_get_length(&s->queue) >= LIMIT_PENDING_COMMANDS) {
        if (!s->server.seen) { /* only the client was captured: nobody will answer */
            forget_questions(s);
        } else {
            forget_oldest(s);
            *anomalies |= ANOMALY_BIT(ANOMALY_TOO_MANY_PENDING);
        }
    }
    asked->kind = kind;
    asked->number = ++s->exchange_count;
    asked->recipient = SMTP_ENVELOPE_NO_RECIPIENT;
    g_queue_push_tail(&s->queue, asked);
    s->asked[kind]++;
    return asked;
}

/* Can a reply of that code answer such a question (RFC 5321 4.3.2 and the extensions' RFCs)? */
static gboolean reply_fits(question_kind kind, guint code)
{
    if (code >= 400)
        return TRUE;
    switch (kind) {
    case ASK_DATA:
    case ASK_XEXCH50:
        return code == 354;
    case ASK_AUTH:
        return code == 334 || code / 100 == 2;
    default:
        return code / 100 != 3;
    }
}

/* Does the code say by itself what kind of question it answers? */
static gboolean reply_is_telling(question_kind kind, guint code)
{
    switch (code) {
    case 354:
        return kind == ASK_DATA || kind == ASK_XEXCH50;
    case 334:
    case 235:
    case 535:
        return kind == ASK_AUTH;
    case 221:
        return kind == ASK_QUIT;
    case 220:
        return kind == ASK_STARTTLS || kind == ASK_XCLIENT;
    default:
        return FALSE;
    }
}

/* Is such a question in the queue? Asked before the queue is walked, so that a walk always ends in
 * questions being forgotten and the whole stays linear. */
static gboolean is_told(const smtp_session *s, guint code)
{
    for (guint kind = 0; kind < G_N_ELEMENTS(s->asked); kind++)
        if (s->asked[kind] > 0 && reply_is_telling((question_kind)kind, code))
            return TRUE;
    return FALSE;
}

/* The question that a reply with this code answers; NULL: none, or it cannot be said. */
static question *match_reply(smtp_session *s, guint code)
{
    question *oldest = g_queue_peek_head(&s->queue);

    if (!oldest)
        return NULL;
    if (reply_fits(oldest->kind, code) &&
        (s->lost == CERTAIN || (s->lost == REPLIES_LOST && g_queue_get_length(&s->queue) == 1)))
        return oldest;
    if (!is_told(s, code))
        return NULL;
    while (!reply_is_telling(oldest->kind, code)) { /* the answers to these are lost */
        forget_oldest(s);
        oldest = g_queue_peek_head(&s->queue);
    }
    s->lost = CERTAIN;
    return oldest;
}

/* --- messages --- */

static mail_event event_of_message(smtp_session *s, mail_event_kind kind, guint64 start, guint64 end)
{
    mail_event event = event_at(kind, MAIL_CLIENT, start, end);
    event.message = s->message_count;
    event.source = s->message_source;
    return event;
}

static void add_envelope(smtp_session *s, mail_event *event)
{
    event->has_envelope_from = smtp_envelope_has_from(s->message_envelope);
    event->envelope_from = smtp_envelope_from(s->message_envelope);
    event->envelope_to = smtp_envelope_recipients(s->message_envelope, &event->envelope_to_count);
}

static void emit_message_data(smtp_session *s, slice data, guint64 start, guint64 end)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_DATA, start, end);
    event.data = data;
    if (data.len > 0)
        emit(s, &event);
}

/* Ends the open message at start..end; the client begins a new transaction. */
static void end_message(smtp_session *s, mail_end_reason reason, guint64 start, guint64 end, guint32 exchange,
                        anomaly_set anomalies)
{
    mail_event event = event_of_message(s, MAIL_EVENT_MESSAGE_END, start, end);

    event.end_reason = reason;
    event.exchange = exchange;
    event.anomalies = anomalies;
    if (s->message_source == MAIL_FROM_DATA)
        event.anomalies |= dot_decoder_anomalies(s->dots);
    if (s->message_hole)
        event.anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
    if (s->message_refused)
        event.anomalies |= ANOMALY_BIT(ANOMALY_DATA_REFUSED);
    if (reason == MAIL_END_CUT)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_CUT);
    if (reason == MAIL_END_ABORTED)
        event.anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_ABORTED);
    add_envelope(s, &event);
    emit(s, &event);
    s->message_open = FALSE;
    smtp_envelope_unref(s->message_envelope);
    s->message_envelope = NULL;
    smtp_envelope_unref(s->envelope);
    s->envelope = smtp_envelope_new();
}

/* A message that is open when the client goes on to something else at `at`, or the stream ends. */
static void give_up_message(smtp_session *s, mail_end_reason reason, guint64 at)
{
    dot_piece piece;

    if (!s->message_open)
        return;
    if (s->state == CLIENT_MESSAGE && dot_decoder_flush(s->dots, &piece))
        emit_message_data(s, piece.run, piece.start, piece.end);
    if (s->state == CLIENT_MESSAGE || s->state == CLIENT_MESSAGE_HOLE || s->state == CLIENT_CHUNK)
        s->state = CLIENT_COMMANDS;
    end_message(s, s->message_refused ? MAIL_END_ABORTED : reason, at, at, 0, 0);
}

static void begin_message(smtp_session *s, mail_message_source source, dot_begin begin, anomaly_set anomalies)
{
    mail_event event;

    give_up_message(s, MAIL_END_CUT, s->client.in.offset);
    s->message_open = TRUE;
    s->message_hole = begin == DOT_BEGIN_MIDDLE || (source == MAIL_FROM_BDAT && s->chunks_lost);
    s->message_refused = FALSE;
    s->message_source = source;
    s->message_count++;
    s->message_envelope = smtp_envelope_ref(s->envelope);
    if (source == MAIL_FROM_DATA) {
        s->state = CLIENT_MESSAGE;
        s->phase = PHASE_DATA;
        dot_decoder_start(s->dots, begin, s->lf_ends_lines);
    }
    event = event_of_message(s, MAIL_EVENT_MESSAGE_START, s->client.in.offset, s->client.in.offset);
    event.anomalies = anomalies;
    add_envelope(s, &event);
    emit(s, &event);
}

/* A message from DATA is over: its end is a question to the server (RFC 5321 4.1.1.4). */
static void end_data(smtp_session *s, mail_end_reason reason, guint64 start, guint64 end, anomaly_set anomalies)
{
    question *asked = ask(s, ASK_END_OF_DATA, &anomalies);

    asked->envelope = smtp_envelope_ref(s->message_envelope);
    asked->message = s->message_count;
    s->state = CLIENT_COMMANDS;
    if (!s->server.seen)
        s->phase = PHASE_GREETED;
    end_message(s, reason, start, end, asked->number, anomalies);
}

static void read_message(smtp_session *s)
{
    dot_piece piece;
    mail_event odd;

    switch (dot_decoder_next(s->dots, &s->client.in, &piece)) {
    case DOT_MORE:
        break;
    case DOT_RUN:
        emit_message_data(s, piece.run, piece.start, piece.end);
        break;
    case DOT_AMBIGUOUS:
        odd = event_of_message(s, MAIL_EVENT_ANOMALY, piece.start, piece.end);
        odd.anomalies = ANOMALY_BIT(ANOMALY_AMBIGUOUS_END_OF_DATA);
        emit(s, &odd);
        break;
    case DOT_END:
        end_data(s, MAIL_END_COMPLETE, piece.start, piece.end, 0);
        break;
    }
}

/* --- BDAT (RFC 3030) and XEXCH50 ([MS-XEXCH50]): counted octets --- */

static void finish_chunk(smtp_session *s, mail_end_reason reason)
{
    guint64 at = s->client.in.offset;
    s->state = CLIENT_COMMANDS;
    if (s->chunk_last && s->message_open)
        end_message(s, reason, at, at, s->chunk_exchange, 0);
}

static void begin_chunk(smtp_session *s, const smtp_command *command, question *asked)
{
    if (!s->message_open)
        begin_message(s, MAIL_FROM_BDAT, DOT_BEGIN_LINE, 0);
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
    emit_message_data(s, data, start, s->client.in.offset);
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

static void show_blob(smtp_session *s, guint32 exchange)
{
    mail_event event = event_at(MAIL_EVENT_TEXT, MAIL_CLIENT, s->blob_start, s->client.in.offset);

    event.exchange = exchange;
    s->blob_start = s->client.in.offset;
    if (event.end > event.start)
        emit(s, &event);
}

static void finish_blob(smtp_session *s)
{
    anomaly_set anomalies = 0;
    question *asked = ask(s, ASK_OTHER, &anomalies);

    s->state = CLIENT_COMMANDS;
    show_blob(s, asked->number);
}

static void read_blob(smtp_session *s)
{
    slice octets = stream_cursor_take(&s->client.in, (gsize)MIN(s->octets_left, s->client.in.bytes.len));
    s->octets_left -= octets.len;
    if (s->octets_left == 0)
        finish_blob(s);
}

static void begin_blob(smtp_session *s)
{
    s->state = CLIENT_BLOB;
    s->blob_start = s->client.in.offset;
    if (s->octets_left == 0)
        finish_blob(s);
}

/* --- the client's commands --- */

static void reset_envelope(smtp_session *s)
{
    smtp_envelope_unref(s->envelope);
    s->envelope = smtp_envelope_new();
}

static void hold_for(smtp_session *s, client_state state, const question *asked)
{
    s->state = state;
    s->awaited = asked->number;
    s->answer_lost = FALSE;
}

static void note_password(smtp_session *s, mail_event *event)
{
    if (event->auth && event->auth->password.len && !s->tls_active)
        event->anomalies |= ANOMALY_BIT(ANOMALY_CLEARTEXT_PASSWORD);
}

/* "AUTH mechanism [initial-response]" (RFC 4954 4). */
static void begin_auth(smtp_session *s, const smtp_command *command, mail_event *event, mail_auth *auth)
{
    const guint8 *blank = memchr(command->argument.data, ' ', command->argument.len);
    gsize len = blank ? (gsize)(blank - command->argument.data) : command->argument.len;

    sasl_free(s->exchange);
    s->exchange = sasl_new(slice_head(command->argument, len));
    event->anomalies |= sasl_client_line(s->exchange, slice_from(command->argument, len), TRUE, auth);
    event->auth = auth;
    note_password(s, event);
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
        reset_envelope(s);
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
        reset_envelope(s);
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
        give_up_message(s, MAIL_END_ABORTED, line->start);
    asked = ask(s, kind, &event.anomalies);
    event.exchange = asked->number;
    prepare_command(s, command, asked);
    presume_accepted(s, asked);
    if (kind == ASK_AUTH) {
        begin_auth(s, command, &event, &auth);
        if (s->phase != PHASE_AUTH)
            s->phase_before_auth = s->phase;
        s->phase = PHASE_AUTH;
    }
    emit(s, &event);
    follow_command(s, command, kind, asked);
}

static void read_response(smtp_session *s, const text_line *line)
{
    mail_event event = event_of_line(MAIL_EVENT_AUTH_LINE, MAIL_CLIENT, line);
    question *asked = ask(s, ASK_AUTH, &event.anomalies);
    mail_auth auth;

    event.exchange = asked->number;
    if (s->exchange) {
        event.anomalies |= sasl_client_line(s->exchange, line->line, FALSE, &auth);
        event.auth = &auth;
        note_password(s, &event);
    }
    emit(s, &event);
    hold_for(s, CLIENT_SAID_AUTH, asked);
}

/* --- TLS --- */

/* Shows what the client sent in clear behind STARTTLS, before it could know the answer (CVE-2011-0411). */
static void show_injected(smtp_session *s)
{
    guint64 missing;
    text_line line;

    for (;;) {
        slice bytes = held_bytes_peek(s->held);
        s->client.in.bytes = bytes;
        while (line_reader_next(s->client.lines, &s->client.in, &line))
            emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
        held_bytes_skip(s->held, bytes.len);
        if (line_reader_flush(s->client.lines, &line))
            emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
        if (!held_bytes_take_gap(s->held, &missing))
            break;
        emit_gap(s, MAIL_CLIENT, &s->client, missing);
    }
    held_bytes_clear(s->held);
}

static void start_tls(smtp_session *s)
{
    mail_event event;
    text_line line;
    slice held;

    s->phase = PHASE_TLS;
    s->state = CLIENT_COMMANDS;
    s->tls = TLS_EXPECTED;
    held = held_bytes_peek(s->held);
    if (held.len > 0 && !is_tls_byte(held.data[0]))
        show_injected(s);
    if (line_reader_flush(s->server.lines, &line))
        emit_text(s, MAIL_SERVER, &line, 0);
    event = event_at(MAIL_EVENT_TLS_START, MAIL_SERVER, s->server.in.offset, s->server.in.offset);
    emit(s, &event);
}

/* Does the server speak in clear behind its consent, before the client said a byte? No server does, somebody in between
 * wants the client to take that for what was said inside. */
static gboolean is_injected(const smtp_session *s, const half *h)
{
    return h == &s->server && s->client.seen &&
           (line_reader_pending(h->lines) > 0 || !is_tls_byte(h->in.bytes.data[0]));
}

/* The first byte behind STARTTLS: is it TLS, or did a middle box take the encryption off and
 * the session goes on in clear? TRUE: the bytes are not for us. */
static gboolean pass_over_tls(smtp_session *s, half *h)
{
    if (s->tls == TLS_EXPECTED && h->in.bytes.len > 0 && !is_injected(s, h)) {
        s->tls = is_tls_byte(h->in.bytes.data[0]) ? TLS_OPAQUE : TLS_NONE;
        if (s->tls == TLS_NONE)
            s->phase = PHASE_CONNECTED;
    }
    if (s->tls != TLS_OPAQUE)
        return FALSE;
    stream_cursor_take(&h->in, h->in.bytes.len);
    return TRUE;
}

/* --- the client's side: reading and holding --- */

static gboolean client_waits(const smtp_session *s)
{
    return s->state >= CLIENT_SAID_DATA;
}

/* Reads from s->client.in until it is used up or the rest has to be held. */
static void read_client(smtp_session *s)
{
    text_line line;

    while (s->client.in.bytes.len > 0 && !client_waits(s) && !pass_over_tls(s, &s->client)) {
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
            read_message(s);
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

/* The first held line, or as much of it as will be looked at. FALSE: more may come. */
static gboolean first_held_line(const smtp_session *s, gboolean force, slice *line_r)
{
    slice bytes = held_bytes_peek(s->held);
    const guint8 *lf = bytes.len ? memchr(bytes.data, '\n', MIN(bytes.len, LIMIT_GUESS_BYTES)) : NULL;

    *line_r = slice_head(bytes, lf ? (gsize)(lf - bytes.data) : LIMIT_GUESS_BYTES);
    if (line_r->len && line_r->data[line_r->len - 1] == '\r')
        line_r->len--;
    return lf || bytes.len >= LIMIT_GUESS_BYTES || held_bytes_gap_follows(s->held) ||
           (force && !held_bytes_is_empty(s->held));
}

static gboolean answer_can_come(const smtp_session *s)
{
    return s->server.seen && !s->server.ended && !s->answer_lost && held_bytes_length(s->held) < LIMIT_HELD_BYTES;
}

/* The DATA command that the message came from may still be answered, with a refusal. */
static void note_decided(smtp_session *s)
{
    question *asked = g_queue_peek_tail(&s->queue);
    if (asked && asked->number == s->awaited)
        asked->message = s->message_count;
}

/* No answer will say what is held: look at it. */
static void decide_unanswered(smtp_session *s, slice line)
{
    gboolean hole = line.len == 0 && held_bytes_peek(s->held).len == 0;

    if (!hole && s->state != CLIENT_SAID_STARTTLS && smtp_command_is_certain(line)) {
        s->state = CLIENT_COMMANDS;
        return;
    }
    switch (s->state) {
    case CLIENT_SAID_DATA:
        begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE, 0);
        note_decided(s);
        break;
    case CLIENT_SAID_AUTH:
        s->state = hole ? CLIENT_LOST : CLIENT_RESPONSE;
        break;
    case CLIENT_SAID_XEXCH50:
        begin_blob(s);
        break;
    default: /* STARTTLS */
        if (!hole && line.len && is_tls_byte(line.data[0]))
            start_tls(s);
        else
            s->state = hole ? CLIENT_LOST : CLIENT_COMMANDS;
        break;
    }
}

/* In a message, behind a hole: is the "." line in the hole and the next command here? Segments
 * end where commands end, so the first line is the one to ask. */
static void decide_behind_hole(smtp_session *s, slice line)
{
    guint64 at = s->client.in.offset;
    if (smtp_command_is_certain(line)) {
        end_data(s, MAIL_END_CUT, at, at, 0);
        s->lost = COMMANDS_LOST;
    } else {
        s->state = CLIENT_MESSAGE;
    }
}

/* Shows the first `len` held bytes as lines that fit nowhere. */
static void show_lost(smtp_session *s, gsize len)
{
    text_line line;

    s->client.in.bytes = slice_head(held_bytes_peek(s->held), len);
    len = s->client.in.bytes.len;
    while (line_reader_next(s->client.lines, &s->client.in, &line))
        emit_text(s, MAIL_CLIENT, &line, 0);
    if (line_reader_flush(s->client.lines, &line))
        emit_text(s, MAIL_CLIENT, &line, 0);
    held_bytes_skip(s->held, len);
}

static gsize whole_held_lines(const smtp_session *s)
{
    slice bytes = held_bytes_peek(s->held);
    while (bytes.len > 0 && bytes.data[bytes.len - 1] != '\n')
        bytes.len--;
    return bytes.len;
}

typedef enum lost_verdict { LOST_UNDECIDED, LOST_COMMAND, LOST_MESSAGE, LOST_LINE } lost_verdict;

/* What do the held bytes show? *len_r: the bytes in front of it that fit nowhere. */
static lost_verdict judge_lost(const smtp_session *s, gsize *len_r)
{
    slice bytes = slice_head(held_bytes_peek(s->held), 2 * LIMIT_GUESS_BYTES), rest = bytes;
    const guint8 *lf;

    for (guint lines = 0; rest.len && (lf = memchr(rest.data, '\n', rest.len)); lines++) {
        slice line = slice_head(rest, (gsize)(lf - rest.data));
        gsize at = (gsize)(rest.data - bytes.data), whole = line.len + 1;
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        *len_r = at;
        if (smtp_command_is_certain(line))
            return LOST_COMMAND;
        if (slice_is(line, "."))
            *len_r = at + whole;
        if (slice_is(line, ".") || lines == 2)
            return at > 0 && is_text(slice_head(bytes, at)) ? LOST_MESSAGE : LOST_LINE;
        rest = slice_from(rest, whole);
    }
    if (bytes.len < LIMIT_GUESS_BYTES)
        return LOST_UNDECIDED;
    *len_r = bytes.len;
    return is_text(bytes) ? LOST_MESSAGE : LOST_LINE;
}

/* TRUE: something was decided. */
static gboolean decide_lost(smtp_session *s, gboolean force)
{
    gsize len = 0;
    if (s->data_promised && held_bytes_peek(s->held).len > 0) {
        s->data_promised = FALSE;
        begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE, 0);
        return TRUE;
    }
    switch (judge_lost(s, &len)) {
    case LOST_COMMAND:
        show_lost(s, len);
        s->state = CLIENT_COMMANDS;
        return TRUE;
    case LOST_MESSAGE:
        begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_MIDDLE, ANOMALY_BIT(ANOMALY_LOST_BYTES));
        return TRUE;
    case LOST_LINE:
        show_lost(s, len);
        return TRUE;
    case LOST_UNDECIDED:
        break;
    }
    if (!force && !held_bytes_gap_follows(s->held))
        return FALSE;
    show_lost(s, G_MAXSIZE);
    return TRUE;
}

/* Tries to find out what the held bytes are. FALSE: not yet. */
static gboolean decide(smtp_session *s, gboolean force)
{
    slice line;
    if (held_bytes_is_empty(s->held))
        return FALSE;
    if (s->state == CLIENT_LOST)
        return held_bytes_length(s->held) > 0 ? decide_lost(s, force) : held_bytes_gap_follows(s->held);
    if (s->state != CLIENT_MESSAGE_HOLE && answer_can_come(s) && !force)
        return FALSE;
    if (!first_held_line(s, force, &line))
        return FALSE;
    if (s->state == CLIENT_MESSAGE_HOLE)
        decide_behind_hole(s, line);
    else
        decide_unanswered(s, line);
    return TRUE;
}

static void gap_in_octets(smtp_session *s, guint64 missing)
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

/* The hole stands at the next byte to be read. */
static void cross_client_gap(smtp_session *s, guint64 missing)
{
    dot_piece piece;
    text_line line;

    if (line_reader_flush(s->client.lines, &line))
        emit_text(s, MAIL_CLIENT, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    if (s->state == CLIENT_MESSAGE && dot_decoder_flush(s->dots, &piece))
        emit_message_data(s, piece.run, piece.start, piece.end);
    if (s->state == CLIENT_BLOB)
        show_blob(s, 0);
    emit_gap(s, MAIL_CLIENT, &s->client, missing);
    s->blob_start = s->client.in.offset;
    if (s->tls == TLS_OPAQUE)
        return;
    switch (s->state) {
    case CLIENT_MESSAGE:
    case CLIENT_MESSAGE_HOLE:
        s->message_hole = TRUE;
        s->state = CLIENT_MESSAGE_HOLE;
        break;
    case CLIENT_CHUNK:
    case CLIENT_BLOB:
        gap_in_octets(s, missing);
        break;
    default:
        s->state = CLIENT_LOST;
        s->lost = COMMANDS_LOST;
        s->chunks_lost = TRUE;
        s->message_hole |= s->message_open; /* between the chunks of one */
        break;
    }
}

/* Reads what is held as far as it can be read now. */
static void read_held(smtp_session *s, gboolean force)
{
    guint64 missing;

    while (!held_bytes_is_empty(s->held)) {
        slice bytes = held_bytes_peek(s->held);
        if (bytes.len == 0 && (!client_waits(s) || s->state == CLIENT_LOST || s->state == CLIENT_MESSAGE_HOLE)) {
            (void)held_bytes_take_gap(s->held, &missing);
            cross_client_gap(s, missing);
        } else if (client_waits(s)) {
            if (!decide(s, force))
                return;
        } else {
            s->client.in.bytes = bytes;
            read_client(s);
            held_bytes_skip(s->held, bytes.len - s->client.in.bytes.len);
            s->client.in.bytes = SLICE_EMPTY;
        }
    }
}

static void feed_client(smtp_session *s, slice bytes)
{
    s->client.seen = TRUE;
    if (s->lost != CERTAIN && s->spoke_last == MAIL_SERVER) {
        forget_questions(s); /* the client goes on: its questions were answered in the hole */
        s->lost = CERTAIN;
    }
    s->spoke_last = MAIL_CLIENT;
    if (held_bytes_is_empty(s->held)) {
        s->client.in.bytes = bytes;
        read_client(s);
        bytes = s->client.in.bytes;
        s->client.in.bytes = SLICE_EMPTY;
    }
    held_bytes_append(s->held, bytes);
    read_held(s, FALSE);
}

/* --- the server's replies --- */

/* Is the first reply the greeting (RFC 5321 3.1: 220, 554; 421)? */
static gboolean is_greeting(const smtp_session *s, guint code)
{
    const question *oldest = g_queue_peek_head((GQueue *)&s->queue);
    if (s->replied)
        return FALSE;
    if (!s->from_start)
        return code == 220 && (!oldest || oldest->kind != ASK_STARTTLS);
    return code == 220 || code == 421 || code >= 500 || !oldest;
}

/* The first reply is none that opens a connection: whatever the caller thinks, the beginning was not captured. */
static void notice_late_start(smtp_session *s, guint code)
{
    if (s->replied || !s->from_start || code == 220 || code >= 400 || !g_queue_is_empty(&s->queue))
        return;
    s->from_start = FALSE;
    s->phase = PHASE_UNKNOWN;
    if (!s->client.seen)
        s->state = CLIENT_LOST;
}

/* A reply begins while message data is being sent and nothing else is asked. Either the
 * server has seen the end of the data where we have not, or it has had enough. */
static void reply_inside_message(smtp_session *s, guint code)
{
    dot_piece end;
    guint64 at;

    if (!g_queue_is_empty(&s->queue) || code / 100 == 3)
        return;
    if (s->state == CLIENT_MESSAGE_HOLE)
        read_held(s, TRUE);
    if (s->state != CLIENT_MESSAGE && s->state != CLIENT_MESSAGE_HOLE)
        return;
    at = s->client.in.offset;
    if (code != 421 && s->state == CLIENT_MESSAGE && dot_decoder_could_end_here(s->dots, &end))
        end_data(s, MAIL_END_COMPLETE, end.start, end.end, ANOMALY_BIT(ANOMALY_AMBIGUOUS_END_OF_DATA));
    else if (code != 421 && s->message_hole)
        end_data(s, MAIL_END_CUT, at, at, 0);
    else if (code >= 400)
        s->message_refused = TRUE;
}

/* Is everything the client asked known? */
static gboolean is_in_step(const smtp_session *s)
{
    return s->client.seen && s->lost == CERTAIN && (s->from_start || s->exchange_count > 0);
}

/* The server's own state after a reply nobody is known to have asked for. */
static void presume_phase(smtp_session *s, guint code)
{
    static const struct {
        guint code;
        smtp_phase phase;
    } table[] = {{220, PHASE_CONNECTED}, {354, PHASE_DATA},    {334, PHASE_AUTH},
                 {235, PHASE_GREETED},   {535, PHASE_GREETED}, {221, PHASE_QUIT}};

    if (is_in_step(s) && code != 354)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].code == code) {
            s->phase = table[i].phase;
            return;
        }
    }
    if (s->phase == PHASE_CONNECTED || s->phase == PHASE_DATA)
        s->phase = PHASE_GREETED;
}

typedef enum reply_sequel {
    SEQUEL_NONE,
    SEQUEL_MESSAGE,  /* message data follows */
    SEQUEL_RESPONSE, /* a SASL response follows */
    SEQUEL_COMMANDS, /* what was held is commands */
    SEQUEL_BLOB,
    SEQUEL_TLS
} reply_sequel;

static reply_sequel settle_data(smtp_session *s, const question *asked, guint code, mail_event *event)
{
    gboolean held = s->state == CLIENT_SAID_DATA && s->awaited == asked->number;
    if (code == 354) {
        s->phase = PHASE_DATA;
        if (asked->message)
            event->anomalies |= ANOMALY_BIT(ANOMALY_DATA_BEFORE_354);
        return held ? SEQUEL_MESSAGE : SEQUEL_NONE;
    }
    event->anomalies |= ANOMALY_BIT(ANOMALY_DATA_REFUSED);
    if (!held && s->message_open && asked->message == s->message_count)
        s->message_refused = TRUE;
    return held ? SEQUEL_COMMANDS : SEQUEL_NONE;
}

static reply_sequel settle_auth(smtp_session *s, const question *asked, guint code, mail_event *event, mail_auth *auth)
{
    gboolean held = s->state == CLIENT_SAID_AUTH && s->awaited == asked->number;
    if (code == 334)
        return held ? SEQUEL_RESPONSE : SEQUEL_NONE;
    if (s->exchange) {
        sasl_summary(s->exchange, auth);
        event->auth = auth;
    }
    event->outcome = code < 300 ? MAIL_OUTCOME_SUCCESS : MAIL_OUTCOME_FAILURE;
    s->phase = s->phase_before_auth;
    return held ? SEQUEL_COMMANDS : SEQUEL_NONE;
}

/* A refused chunk (RFC 3030 2): the client should give the message up, but what it has sent ahead is still of it. */
static void settle_chunk(smtp_session *s, const question *asked, gboolean accepted)
{
    if (accepted)
        s->phase = asked->last ? PHASE_GREETED : PHASE_BDAT;
    else if (asked->last)
        s->phase = PHASE_GREETED;
    else if (s->message_open && asked->message == s->message_count)
        s->message_refused = TRUE;
}

/* A whole reply answers `asked`: what changes, and what comes next. */
static reply_sequel settle(smtp_session *s, question *asked, guint code, mail_event *event, mail_auth *auth)
{
    gboolean accepted = code < 300;
    gboolean held = client_waits(s) && s->awaited == asked->number;

    switch (asked->kind) {
    case ASK_HELLO:
        if (accepted)
            s->phase = PHASE_GREETED;
        break;
    case ASK_MAIL:
        if (accepted)
            s->phase = PHASE_MAIL;
        break;
    case ASK_RCPT:
        if (accepted)
            s->phase = PHASE_RCPT;
        else
            smtp_envelope_refuse(asked->envelope, asked->recipient);
        break;
    case ASK_DATA:
        return settle_data(s, asked, code, event);
    case ASK_END_OF_DATA:
        s->phase = PHASE_GREETED;
        break;
    case ASK_CHUNK:
        settle_chunk(s, asked, accepted);
        break;
    case ASK_RSET:
        if (accepted && s->phase != PHASE_CONNECTED)
            s->phase = PHASE_GREETED;
        break;
    case ASK_AUTH:
        return settle_auth(s, asked, code, event, auth);
    case ASK_STARTTLS:
        return code == 220 ? SEQUEL_TLS : held ? SEQUEL_COMMANDS : SEQUEL_NONE;
    case ASK_XCLIENT:
        if (accepted)
            s->phase = PHASE_CONNECTED;
        break;
    case ASK_XEXCH50:
        return !held ? SEQUEL_NONE : code == 354 ? SEQUEL_BLOB : SEQUEL_COMMANDS;
    case ASK_QUIT:
        s->phase = PHASE_QUIT;
        break;
    case ASK_OTHER:
        break;
    }
    return SEQUEL_NONE;
}

static void follow_reply(smtp_session *s, reply_sequel sequel)
{
    switch (sequel) {
    case SEQUEL_NONE:
        return;
    case SEQUEL_MESSAGE:
        begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE,
                      held_bytes_is_empty(s->held) ? 0 : ANOMALY_BIT(ANOMALY_DATA_BEFORE_354));
        break;
    case SEQUEL_RESPONSE:
        s->state = CLIENT_RESPONSE;
        break;
    case SEQUEL_COMMANDS:
        s->state = CLIENT_COMMANDS;
        break;
    case SEQUEL_BLOB:
        begin_blob(s);
        break;
    case SEQUEL_TLS:
        start_tls(s);
        break;
    }
    read_held(s, FALSE);
}

/* A 354 that answers nothing known: the DATA command was not captured, what follows is data. */
static void unasked_354(smtp_session *s)
{
    text_line line;

    if (s->state == CLIENT_LOST) {
        show_lost(s, G_MAXSIZE);
        s->data_promised = TRUE;
    } else if (s->state == CLIENT_COMMANDS && s->lost != CERTAIN) {
        if (line_reader_flush(s->client.lines, &line))
            emit_text(s, MAIL_CLIENT, &line, 0);
        begin_message(s, MAIL_FROM_DATA, DOT_BEGIN_LINE, 0);
    }
}

static const char *const well_known_capabilities[] = {
    "PIPELINING", "SIZE", "8BITMIME", "AUTH",       "STARTTLS", "DSN",    "CHUNKING", "ENHANCEDSTATUSCODES",
    "SMTPUTF8",   "VRFY", "ETRN",     "BINARYMIME", "HELP",     "X-EXPS", "XEXCH50",  "LIMITS",
    "DELIVERBY"};

static gboolean is_capability(slice word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(well_known_capabilities); i++)
        if (slice_is(word, well_known_capabilities[i]))
            return TRUE;
    return FALSE;
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ) (RFC 5321 4.1.1.1); also "AUTH=LOGIN PLAIN" of old. */
static void read_capability(smtp_session *s, const text_line *line, slice text, mail_event *event)
{
    gboolean keyword = TRUE;
    while (text.len && event->param_count < LIMIT_PARAMS) {
        gsize len = 0;
        while (len < text.len && text.data[len] != ' ' && text.data[len] != '\t' && !(keyword && text.data[len] == '='))
            len++;
        if (keyword) {
            event->capability = slice_head(text, len);
        } else if (len > 0) {
            s->params[event->param_count++] = (mail_param){
                .name = slice_head(text, len), .offset = (guint)(text.data - line->line.data), .length = (guint)len};
        }
        keyword = FALSE;
        text = slice_from(text, len + 1);
    }
    event->params = s->params;
}

static void read_capabilities(smtp_session *s, const text_line *line, const smtp_reply *reply, mail_event *event)
{
    gboolean asked = s->reply.answers && s->reply.answers->kind == ASK_HELLO;
    slice text = slice_trim(slice_from(line->line, 4));
    mail_event trial;

    if (reply->code != 250 || (s->reply.answers && !asked))
        return;
    trial = *event;
    read_capability(s, line, text, &trial);
    /* The first line is the server's name and greeting, but behind a hole its first line is not that one. */
    if (is_capability(trial.capability) ? asked || !s->reply.answers : asked && !event->first)
        *event = trial;
}

/* LMTP, RFC 2033 4.2: after the data one reply per accepted recipient, in their order. TRUE: more come. */
static gboolean reply_for_recipient(smtp_session *s, const smtp_reply *reply, mail_event *event)
{
    question *asked = s->reply.answers;
    const slice *recipients;
    guint count;

    if (!asked || s->protocol != MAIL_PROTOCOL_LMTP || !asked->envelope ||
        !(asked->kind == ASK_END_OF_DATA || (asked->kind == ASK_CHUNK && asked->last)))
        return FALSE;
    recipients = smtp_envelope_recipients(asked->envelope, &count);
    if (asked->replies >= count)
        return FALSE;
    event->recipient = recipients[asked->replies];
    if (!reply->last)
        return FALSE;
    return ++asked->replies < count && reply->code != 421;
}

static void read_challenge(smtp_session *s, const smtp_reply *reply, mail_event *event, mail_auth *auth)
{
    if (reply->code != 334 || !s->exchange || !s->reply.answers || s->reply.answers->kind != ASK_AUTH)
        return;
    event->anomalies |= sasl_server_line(s->exchange, reply->text, auth);
    event->auth = auth;
}

/* The first line of a reply: which question does it answer? */
static void begin_reply(smtp_session *s, const smtp_reply *reply, mail_event *event)
{
    gboolean greeting;

    notice_late_start(s, reply->code);
    greeting = is_greeting(s, reply->code);
    event->first = TRUE;
    s->reply.code = reply->code;
    if (s->state == CLIENT_MESSAGE || s->state == CLIENT_MESSAGE_HOLE)
        reply_inside_message(s, reply->code);
    if (s->state == CLIENT_LOST)
        show_lost(s, whole_held_lines(s));
    s->reply.answers = greeting ? NULL : match_reply(s, reply->code);
    if (greeting)
        s->phase = PHASE_CONNECTED;
    else if (s->message_open && s->message_refused && !s->reply.answers)
        event->anomalies |= ANOMALY_BIT(ANOMALY_DATA_REFUSED);
    else if (!s->reply.answers && is_in_step(s) && reply->code != 421)
        event->anomalies |= ANOMALY_BIT(ANOMALY_UNEXPECTED_REPLY);
}

static void read_reply(smtp_session *s, const text_line *line, const smtp_reply *reply)
{
    mail_event event = event_of_line(MAIL_EVENT_REPLY_LINE, MAIL_SERVER, line);
    reply_sequel sequel = SEQUEL_NONE;
    gboolean more, unasked;
    mail_auth auth;

    if (!s->reply.open)
        begin_reply(s, reply, &event);
    else if (reply->code != s->reply.code)
        event.anomalies |= ANOMALY_BIT(ANOMALY_REPLY_CODE_CHANGES);
    s->reply.open = !reply->last;
    s->reply.code = reply->code;
    if (reply->odd)
        event.anomalies |= ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
    event.code = reply->code;
    event.enhanced = reply->enhanced;
    event.text = reply->text;
    event.last = reply->last;
    event.exchange = s->reply.answers ? s->reply.answers->number : 0;
    read_capabilities(s, line, reply, &event);
    read_challenge(s, reply, &event, &auth);
    more = reply_for_recipient(s, reply, &event);
    unasked = !s->reply.answers;
    if (reply->last) {
        if (unasked)
            presume_phase(s, reply->code);
        else if (!more)
            sequel = settle(s, s->reply.answers, reply->code, &event, &auth);
        s->replied = TRUE;
    }
    emit(s, &event);
    if (!reply->last)
        return;
    if (!unasked && !more)
        forget_oldest(s); /* what answers[] was, by construction the head */
    s->reply.answers = NULL;
    if (unasked && reply->code == 354)
        unasked_354(s);
    follow_reply(s, sequel);
}

static void read_server_line(smtp_session *s, const text_line *line)
{
    anomaly_set anomalies = s->behind_hole ? ANOMALY_BIT(ANOMALY_LOST_BYTES) : ANOMALY_BIT(ANOMALY_BAD_SYNTAX);
    smtp_reply reply;

    if (s->tls == TLS_EXPECTED)
        emit_text(s, MAIL_SERVER, line, ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION));
    else if (smtp_reply_parse(line->line, &reply))
        read_reply(s, line, &reply);
    else
        emit_text(s, MAIL_SERVER, line, anomalies);
    s->behind_hole = FALSE;
}

static void feed_server(smtp_session *s, slice bytes)
{
    text_line line;

    s->server.seen = TRUE;
    s->spoke_last = MAIL_SERVER;
    s->server.in.bytes = bytes;
    while (s->server.in.bytes.len > 0 && !pass_over_tls(s, &s->server))
        if (line_reader_next(s->server.lines, &s->server.in, &line))
            read_server_line(s, &line);
}

static void cross_server_gap(smtp_session *s, guint64 missing)
{
    text_line line;

    if (line_reader_flush(s->server.lines, &line))
        emit_text(s, MAIL_SERVER, &line, ANOMALY_BIT(ANOMALY_LOST_BYTES));
    emit_gap(s, MAIL_SERVER, &s->server, missing);
    s->reply.open = FALSE;
    s->reply.answers = NULL;
    s->behind_hole = TRUE;
    s->replied = TRUE;
    s->server.seen = TRUE;
    if (s->lost == CERTAIN)
        s->lost = REPLIES_LOST;
    s->spoke_last = MAIL_SERVER; /* in the hole */
    read_held(s, FALSE);
}

/* --- the interface --- */

static void init_half(half *h)
{
    *h = (half){.lines = line_reader_new()};
}

smtp_session *smtp_session_new(mail_protocol protocol, gboolean from_start, mail_event_sink sink, void *user)
{
    smtp_session *s = g_malloc(sizeof *s);

    memset(s, 0, G_STRUCT_OFFSET(smtp_session, params)); /* the rest is scratch */

    s->sink = sink;
    s->user = user;
    s->from_start = from_start;
    s->protocol = protocol;
    s->state = from_start ? CLIENT_COMMANDS : CLIENT_LOST;
    s->phase = from_start ? PHASE_CONNECTED : PHASE_UNKNOWN;
    s->behind_hole = !from_start;
    s->chunks_lost = !from_start;
    s->spoke_last = MAIL_CLIENT;
    init_half(&s->client);
    init_half(&s->server);
    s->held = held_bytes_new();
    s->parser = smtp_command_parser_new();
    s->dots = dot_decoder_new();
    s->envelope = smtp_envelope_new();
    g_queue_init(&s->queue);
    return s;
}

void smtp_session_free(smtp_session *s)
{
    if (!s)
        return;
    line_reader_free(s->client.lines);
    line_reader_free(s->server.lines);
    held_bytes_free(s->held);
    smtp_command_parser_free(s->parser);
    dot_decoder_free(s->dots);
    smtp_envelope_unref(s->envelope);
    smtp_envelope_unref(s->message_envelope);
    g_queue_clear_full(&s->queue, question_free);
    sasl_free(s->exchange);
    g_free(s);
}

void smtp_session_feed(smtp_session *s, mail_side side, slice bytes)
{
    if (bytes.len == 0)
        return;
    if (side == MAIL_CLIENT)
        feed_client(s, bytes);
    else
        feed_server(s, bytes);
}

void smtp_session_preface(smtp_session *s, const text_line *line)
{
    s->client.in.offset = line->end;
    emit_text(s, MAIL_CLIENT, line, 0);
}

void smtp_session_gap(smtp_session *s, mail_side side, guint64 missing)
{
    if (side == MAIL_SERVER) {
        cross_server_gap(s, missing);
        return;
    }
    s->client.seen = TRUE;
    if (s->tls == TLS_EXPECTED) /* no telling; a session that goes on in clear is the rare case */
        s->tls = TLS_OPAQUE;
    held_bytes_append_gap(s->held, missing);
    read_held(s, FALSE);
}

void smtp_session_tls(smtp_session *s)
{
    gboolean asked_for = s->tls != TLS_NONE;
    text_line line;

    if (s->client.seen && !asked_for)
        read_held(s, TRUE);
    if (s->state == CLIENT_BLOB)
        show_blob(s, 0);
    show_injected(s);
    if (line_reader_flush(s->server.lines, &line))
        emit_text(s, MAIL_SERVER, &line, 0);
    give_up_message(s, MAIL_END_CUT, s->client.in.offset);
    forget_questions(s);
    reset_envelope(s);
    sasl_free(s->exchange);
    s->exchange = NULL;
    if (s->client.seen || s->server.seen) { /* STARTTLS: both sides are in step, and no greeting comes */
        s->state = CLIENT_COMMANDS;
        s->lost = CERTAIN;
        s->behind_hole = FALSE;
        s->replied = TRUE;
    }
    s->reply.open = FALSE;
    s->tls = TLS_NONE;
    s->tls_active = TRUE;
    s->phase = PHASE_CONNECTED;
    s->client.in = s->server.in = (stream_cursor){0};
    s->client.ended = s->server.ended = FALSE;
    s->spoke_last = MAIL_SERVER;
}

/* The last, unended line of a side: taken for what it looks like. */
static void finish_client(smtp_session *s)
{
    text_line line;
    if (s->state == CLIENT_BLOB)
        show_blob(s, 0);
    if (!held_bytes_is_empty(s->held) || !line_reader_flush(s->client.lines, &line))
        return;
    if (s->state == CLIENT_RESPONSE)
        read_response(s, &line);
    else if (smtp_command_is_certain(line.line))
        read_command(s, &line);
    else
        emit_text(s, MAIL_CLIENT, &line, 0);
}

static void finish_server(smtp_session *s)
{
    smtp_reply reply;
    text_line line;
    if (!line_reader_flush(s->server.lines, &line))
        return;
    if (smtp_reply_parse(line.line, &reply))
        read_reply(s, &line, &reply);
    else
        emit_text(s, MAIL_SERVER, &line, 0);
}

void smtp_session_end(smtp_session *s, mail_side side)
{
    half *h = side == MAIL_CLIENT ? &s->client : &s->server;
    gboolean both;

    if (h->ended)
        return;
    if (side == MAIL_SERVER)
        finish_server(s);
    h->ended = TRUE;
    both = s->client.ended && s->server.ended;
    read_held(s, both || (s->client.ended && (s->state == CLIENT_LOST || s->state == CLIENT_MESSAGE_HOLE)));
    if (s->client.ended)
        finish_client(s);
    if (both) {
        read_held(s, TRUE);
        give_up_message(s, MAIL_END_CUT, s->client.in.offset);
    }
}
