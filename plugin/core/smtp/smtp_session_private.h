/* smtp_session_private.h
 * An SMTP session from inside, for smtp_session.c, smtp_client.c, smtp_held.c and smtp_server.c
 * only. Three machines and a queue:
 *
 *   the client's side   client_state: what its next byte is
 *   the server's side   lines, each a piece of a reply
 *   the transaction     phase and envelope, as the replies put them into effect
 *   the queue           what the client asked and nobody answered yet, oldest first
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SMTP_SESSION_PRIVATE_H
#define MAILXTRA_SMTP_SESSION_PRIVATE_H

#include "smtp_session.h"
#include "dot_decoder.h"
#include "held_bytes.h"
#include "limits.h"
#include "sasl.h"
#include "session_bytes.h"
#include "smtp_command.h"
#include "smtp_envelope.h"

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

/* Who reads the bytes behind a 220 to STARTTLS? */
typedef enum tls_state {
    TLS_NONE,
    TLS_EXPECTED, /* the next byte shows whether it is TLS or goes on in clear */
    TLS_OPAQUE    /* it is TLS: passed over until smtp_session_tls() */
} tls_state;

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

/* --- smtp_session.c: what both sides share --- */

/* Hands an event to the sink, with the protocol and the state. */
void smtp_emit(smtp_session *s, mail_event *event);
/* A line that is neither command nor reply; `anomalies` besides the line's own. */
void smtp_emit_text(smtp_session *s, mail_side side, const text_line *line, anomaly_set anomalies);
/* A hole of `missing` bytes at the half's next byte, which moves behind it. */
void smtp_emit_gap(smtp_session *s, mail_side side, half *h, guint64 missing);
/* Bytes of the open message, decoded, and where they stand in the client's stream. */
void smtp_emit_message_data(smtp_session *s, slice data, guint64 start, guint64 end);

/* A new question at the end of the queue; gives it a number. It is the queue's. *anomalies: what is odd about that. */
question *smtp_ask(smtp_session *s, question_kind kind, anomaly_set *anomalies);
/* Takes the oldest question, or all, off the queue; they will not be answered (any more). */
void smtp_forget_oldest(smtp_session *s);
void smtp_forget_questions(smtp_session *s);

void smtp_begin_message(smtp_session *s, mail_message_source source, dot_begin begin, anomaly_set anomalies);
/* Reads bytes of a message from DATA; that may be its end. */
void smtp_read_message(smtp_session *s);
/* Ends the open message at start..end; the client begins a new transaction. */
void smtp_end_message(smtp_session *s, mail_end_reason reason, guint64 start, guint64 end, guint32 exchange,
                      anomaly_set anomalies);
/* The same for a message from DATA: its end is a question to the server (RFC 5321 4.1.1.4). */
void smtp_end_data(smtp_session *s, mail_end_reason reason, guint64 start, guint64 end, anomaly_set anomalies);
/* A message that is open when the client goes on to something else at `at`, or the stream ends. */
void smtp_give_up_message(smtp_session *s, mail_end_reason reason, guint64 at);
void smtp_reset_envelope(smtp_session *s);

/* The server consents to STARTTLS. */
void smtp_start_tls(smtp_session *s);
/* The first byte behind STARTTLS: is it TLS, or did a middle box take the encryption off and
 * the session goes on in clear? TRUE: the bytes are not for us. */
gboolean smtp_pass_over_tls(smtp_session *s, half *h);

/* --- smtp_client.c --- */

/* Are the client's bytes held? */
static inline gboolean smtp_client_waits(const smtp_session *s)
{
    return s->state >= CLIENT_SAID_DATA;
}

/* Reads from s->client.in until it is used up or the rest has to be held. */
void smtp_client_read(smtp_session *s);
/* The octets of XEXCH50 begin at the next byte. */
void smtp_client_begin_blob(smtp_session *s);
/* Shows those read and not shown yet. */
void smtp_client_show_blob(smtp_session *s, guint32 exchange);
/* A hole in counted octets (CLIENT_CHUNK, CLIENT_BLOB). */
void smtp_client_skip_octets(smtp_session *s, guint64 missing);
/* The last, unended line: taken for what it looks like. */
void smtp_client_finish(smtp_session *s);

/* --- smtp_held.c --- */

/* Bytes of the client: reads what can be read and holds the rest. */
void smtp_held_feed(smtp_session *s, slice bytes);
/* Reads what is held as far as it can be read now; `force`: nothing more comes that could tell. */
void smtp_held_read(smtp_session *s, gboolean force);
/* Shows the first `len` held bytes as lines that fit nowhere. */
void smtp_held_show(smtp_session *s, gsize len);
/* The length of the whole lines in the held bytes. */
gsize smtp_held_whole_lines(const smtp_session *s);

/* --- smtp_server.c --- */

void smtp_server_feed(smtp_session *s, slice bytes);
void smtp_server_cross_gap(smtp_session *s, guint64 missing);
void smtp_server_finish(smtp_session *s);

#endif
