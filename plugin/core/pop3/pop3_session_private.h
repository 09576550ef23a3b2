/* pop3_session_private.h
 * A POP3 session from inside, for pop3_session.c, pop3_client.c, pop3_server.c and pop3_held.c only.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_POP3_SESSION_PRIVATE_H
#define MAILXTRA_POP3_SESSION_PRIVATE_H

#include "dot_decoder.h"
#include "held_bytes.h"
#include "limits.h"
#include "line_reader.h"
#include "pop3_command.h"
#include "pop3_session.h"
#include "sasl.h"
#include "session_bytes.h"

typedef enum client_state {
    CLIENT_COMMANDS,
    CLIENT_RESPONSE, /* "+ " came: the next line is the client's SASL response */
    /* from here on the client's bytes are held */
    CLIENT_SAID_AUTH,
    CLIENT_SAID_STLS
} client_state;

typedef enum server_state {
    SERVER_STATUS,
    SERVER_LISTING,
    SERVER_MESSAGE,
    /* from here on the server's bytes are held */
    SERVER_MESSAGE_HOLE, /* in a message, behind a hole: is the next line still message? */
    SERVER_STATUS_HOLE,  /* in a status line, behind a hole that is too small to reach behind it */
    SERVER_LOST
} server_state;

typedef enum pop3_phase { PHASE_AUTHORIZATION, PHASE_TRANSACTION, PHASE_UPDATE, PHASE_UNKNOWN } pop3_phase;

typedef enum tls_state { TLS_NONE, TLS_EXPECTED, TLS_OPAQUE } tls_state;

typedef enum certainty { CERTAIN, REPLIES_LOST, COMMANDS_LOST } certainty;

/* What follows a +OK. */
typedef enum answer_form { ANSWER_LINE, ANSWER_ITEM, ANSWER_LISTING, ANSWER_MESSAGE } answer_form;

typedef struct question {
    pop3_verb verb;
    answer_form form;
    guint32 number; /* mail_event.exchange */
    gboolean has_top_lines;
    guint64 top_lines; /* TOP: lines of the body */
    slice user;        /* USER, PASS, APOP: whose attempt; owned bytes */
} question;

typedef struct half {
    line_reader *lines;
    held_bytes *held;
    stream_cursor in;
    gboolean seen, ended;
    gboolean behind_hole; /* its next line may be the rest of one */
} half;

/* "+OK" and a line end: less is no whole status line. */
#define STATUS_LEAST 5
/* ".", "+OK" and line ends: less is no end of a message with one more answer. */
#define ANSWER_LEAST 8

struct pop3_session {
    mail_event_sink sink;
    void *user;
    gboolean from_start;

    half client, server;
    mail_side spoke_last;
    tls_state tls;
    gboolean tls_active;
    pop3_phase phase;

    client_state client_state;
    guint32 awaited;
    gboolean answer_lost;
    GByteArray *login;  /* user name of the last USER */
    GByteArray *banner; /* "<...>" of the greeting, the challenge of APOP */
    sasl *exchange;

    server_state server_state;
    gboolean answers_unknown; /* SERVER_LOST behind a +OK: what follows begins a line and nothing is cut */
    gboolean listing_hole;
    guint8 status_bytes[STATUS_LEAST];
    slice status_begun; /* SERVER_STATUS_HOLE: what there is of the line in front of the hole */
    gsize status_lost;  /* and how much of it lies in there */
    GQueue queue;
    certainty lost;
    guint32 exchange_count;
    gboolean replied;
    pop3_verb listing_verb;
    guint32 answering; /* exchange of the open listing or message */

    dot_decoder *dots;
    gboolean message_open, message_hole;
    mail_message_source message_source;
    gboolean has_top_lines;
    guint64 top_lines; /* of the open message, if it answers TOP */
    guint32 message_count;
    mail_param params[LIMIT_PARAMS];
};

/* --- pop3_session.c: events, the queue, messages, TLS --- */

void pop3_emit(pop3_session *s, mail_event *event);
void pop3_emit_text(pop3_session *s, mail_side side, const text_line *line, anomaly_set anomalies);
/* Moves the side's cursor behind the gap, which is in the open message if there is one. */
void pop3_emit_gap(pop3_session *s, mail_side side, half *h, guint64 missing);
/* Shows the first `len` held bytes of a side as lines that fit nowhere. */
void pop3_emit_held(pop3_session *s, mail_side side, half *h, gsize len, anomaly_set anomalies);

/* A new question, the youngest of the queue. */
question *pop3_ask(pop3_session *s, pop3_verb verb, answer_form form, anomaly_set *anomalies);
void pop3_forget_oldest(pop3_session *s);
void pop3_question_free(gpointer data);

/* What was just seen happens only in the TRANSACTION state. */
void pop3_show_transaction(pop3_session *s);

/* A message begins at the server's next byte, as the answer to s->answering. */
void pop3_begin_message(pop3_session *s, mail_message_source source, dot_begin begin, gboolean lf_ends_lines);
void pop3_emit_message_data(pop3_session *s, const dot_piece *piece);
/* Reads from s->server.in what is the open message's. */
void pop3_read_message(pop3_session *s);
/* The rest of the open message will not come. */
void pop3_cut_message(pop3_session *s);
/* The client asks again although no end of the message was seen: the server has sent one that only some take for it. */
void pop3_client_saw_the_end(pop3_session *s);

void pop3_start_tls(pop3_session *s);
/* TRUE: the bytes are not for us. */
gboolean pop3_pass_over_tls(pop3_session *s, half *h);

/* --- pop3_client.c --- */

gboolean pop3_is_transaction_verb(pop3_verb verb);
/* Are the client's bytes held until an answer says what they are? */
gboolean pop3_client_waits(const pop3_session *s);
/* Reads from s->client.in until it is used up or the rest has to be held. */
void pop3_client_read(pop3_session *s);
/* Reads what is held as far as it is known what it is; `force`: it has to be decided now. */
void pop3_client_read_held(pop3_session *s, gboolean force);
/* Nothing more comes: a line without its end. */
void pop3_client_finish(pop3_session *s);

/* --- pop3_server.c --- */

gboolean pop3_server_waits(const pop3_session *s);
void pop3_server_read(pop3_session *s);
void pop3_server_read_status(pop3_session *s, const text_line *line, const pop3_reply *reply);
void pop3_server_begin_listing(pop3_session *s, pop3_verb verb);
void pop3_server_finish(pop3_session *s);
/* The end of what servers say in front of a message, and not in front of a listing: "+OK 120 octets", "+OK message
 * follows"; but "+OK 2 messages (320 octets)". */
gboolean pop3_ends_status_of_message(slice line);

/* --- pop3_held.c: the server's side where nothing says what it is --- */

/* What comes next from the server may answer anything. */
void pop3_lose_replies(pop3_session *s);
/* As pop3_client_read_held(), for the server's bytes. */
void pop3_held_read(pop3_session *s, gboolean force);

#endif
