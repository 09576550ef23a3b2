/* imap_session_private.h
 * An IMAP session from inside, for imap_session.c, imap_client.c, imap_held.c, imap_server.c, imap_fetched.c and
 * imap_stray.c only. What the two sides share: the questions that are open, the mailbox that is selected, and whether
 * the bytes are plain, TLS or compressed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_SESSION_PRIVATE_H
#define MAILXTRA_IMAP_SESSION_PRIVATE_H

#include "held_bytes.h"
#include "imap_append.h"
#include "imap_command.h"
#include "imap_fetch.h"
#include "imap_lexer.h"
#include "imap_response.h"
#include "imap_session.h"
#include "imap_urlfetch.h"
#include "inflater.h"
#include "limits.h"
#include "sasl.h"
#include "session_bytes.h"

typedef enum imap_phase {
    PHASE_NOT_AUTHENTICATED,
    PHASE_AUTHENTICATED,
    PHASE_SELECTED,
    PHASE_LOGOUT,
    PHASE_UNKNOWN
} imap_phase;

/* Who reads the bytes behind an OK to STARTTLS? */
typedef enum tls_state {
    TLS_NONE,
    TLS_EXPECTED, /* the next byte shows whether it is TLS or goes on in clear */
    TLS_OPAQUE    /* it is TLS: passed over until imap_session_tls() */
} tls_state;

/* Why the client's bytes are held. */
typedef enum hold_reason { HOLD_NOT, HOLD_STARTTLS, HOLD_COMPRESS } hold_reason;

/* A piece of a message that a FETCH command asks for. */
typedef struct fetch_request {
    char *section;
    gboolean is_binary;
    guint64 origin, count;
} fetch_request;

typedef struct question {
    char *tag;
    imap_verb verb;
    guint32 number;      /* mail_event.exchange of what was said last */
    GList *link;         /* in the queue */
    slice user;          /* LOGIN; owned bytes */
    char *mailbox;       /* SELECT, EXAMINE; UTF-8 */
    guint32 uidvalidity; /* of it */
    GArray *requests;    /* of fetch_request; NULL: none */
    char *section;       /* FETCH: the one whole piece of mail it asks for; NULL: none, or several */
    gboolean is_binary;  /* that piece */
    guint32 uid;         /* FETCH: the one message that it asks for; 0: none, or several, or by number */
} question;

/* A piece of mail in a FETCH response, or a message that is appended. */
typedef struct open_message {
    guint32 message;
    mail_imap imap;
    char *section;
    char *mailbox, *owner; /* of a piece that came by URL */
    gsize url_at;          /* likewise, where it stands in the line; 0: by FETCH */
    gboolean begun;        /* MESSAGE_START was said */
    gboolean hole, cut;
} open_message;

/* What is left of the line of a FETCH response, and announces a literal. */
typedef struct imap_rest {
    gboolean is_there;
    gsize items_at;       /* where in the line an item begins */
    gboolean is_at_value; /* or the value of one */
} imap_rest;

/* Mail whose announcement is lost. */
typedef struct imap_stray {
    gboolean is_open;
    open_message piece;
    gboolean is_holding; /* one line waits for the next one */
    GByteArray *held;    /* that line, with its end */
    guint64 start;       /* of it in the stream */
    guint64 cut;         /* bytes of it that were not kept */
    guint64 end;         /* in the stream, of what was told last */
} imap_stray;

typedef struct half {
    imap_reader *reader;
    line_reader *lines; /* while lost */
    inflater *inflate;  /* NULL: not compressed */
    gboolean opaque;    /* what comes cannot be read */
    stream_cursor in;
    gboolean seen, ended, lost;
    gboolean behind_hole;
    gboolean in_line; /* behind the hole: what comes first is the rest of a line */

    /* of the logical line under way */
    gsize chunk_at;      /* where in its text the stretch that was not said yet begins */
    guint64 chunk_start; /* in the stream */
    guint chunks;        /* stretches said */
} half;

struct imap_session {
    mail_event_sink sink;
    void *user;
    gboolean from_start;

    half client, server;
    held_bytes *held; /* the client's */
    hold_reason hold;
    gboolean held_is_compressed;
    guint32 awaited;
    gboolean answer_lost;

    tls_state tls;
    gboolean tls_active;
    imap_phase phase;
    gboolean replied;
    guint32 exchange_count, message_count;

    GHashTable *by_tag; /* of question*, owned */
    GQueue queue;       /* the same, in the order they were asked */
    question *auth;     /* AUTHENTICATE without its outcome */
    question *idle;
    sasl *exchange;

    char *mailbox; /* selected; NULL: none known */
    guint32 uidvalidity, epoch;
    GHashTable *uids; /* sequence number -> UID */

    imap_items items;
    imap_response response; /* of the line under way, when it has said something */
    imap_fetch fetch;
    imap_urlfetch urls;
    gboolean in_fetch, in_urlfetch;
    GArray *pieces; /* of open_message: of the FETCH or URLFETCH response under way */
    imap_rest rest;
    imap_stray stray;

    imap_command command; /* likewise */
    question *asked;
    gboolean in_append;
    imap_append append;
    open_message appended;
};

/* --- imap_session.c: what both sides say --- */

void imap_emit(imap_session *s, mail_event *event);
half *imap_half(imap_session *s, mail_side side);
void imap_emit_text(imap_session *s, mail_side side, const text_line *line, anomaly_set anomalies);
/* Moves the side's cursor behind the gap. `message`: the one it is in; 0: none. */
void imap_emit_gap(imap_session *s, mail_side side, guint64 missing, guint32 message);

/* A logical line is said in stretches, one before each literal that is mail and one at its end: the stretch that was
 * not said yet as an event, or as text; the next one begins; the line is over. */
mail_event imap_event_of_chunk(const half *h, mail_event_kind kind, mail_side side, const imap_line *line,
                               gboolean last);
text_line imap_text_line_of(const half *h, const imap_line *line);
void imap_next_chunk(half *h, const imap_line *line);
void imap_end_chunks(half *h);
/* Gives *imap the session's items, with their places in the stretch that is about to be said. */
void imap_place_items(imap_session *s, const half *h, mail_imap *imap);

/* A new question, the youngest of the queue; one with the same tag is forgotten. */
question *imap_ask(imap_session *s, slice tag, imap_verb verb, anomaly_set *anomalies);
question *imap_find_question(imap_session *s, slice tag);
/* The oldest SELECT or EXAMINE without its reply. */
question *imap_find_select(imap_session *s);
/* How many octets the piece was asked to have; 0: not known. */
guint64 imap_find_requested(imap_session *s, const char *section, gboolean is_binary, guint64 origin);
void imap_forget_question(imap_session *s, question *asked);
void imap_forget_questions(imap_session *s);

/* Sequence numbers mean other messages from now on. */
void imap_forget_numbers(imap_session *s);
/* NULL: none is selected. */
void imap_select_mailbox(imap_session *s, const char *mailbox, guint32 uidvalidity);

void imap_emit_message(imap_session *s, mail_event_kind kind, mail_side side, open_message *open, slice data,
                       mail_end_reason reason);
/* Said in front of the message's first bytes, which have just been read: `len` of them. */
void imap_begin_message(imap_session *s, mail_side side, open_message *open, gsize len);

void imap_start_tls(imap_session *s);
/* TRUE: the bytes are not for us. */
gboolean imap_pass_over_tls(imap_session *s, half *h);
void imap_start_compression(imap_session *s);
/* Inflates and reads; what cannot be inflated is passed over. */
void imap_feed_compressed(imap_session *s, mail_side side, slice bytes, void (*feed)(imap_session *s, slice bytes));
/* A line that was read by itself while lost, and fits, is read again as the beginning of a logical line. */
void imap_reread(half *h, const text_line *line, void (*step)(imap_session *s), imap_session *s);

/* --- imap_client.c --- */

/* Reads from s->client.in until it is used up or the rest has to be held. */
void imap_client_read(imap_session *s);
/* Says the command as far as it has come; the first time this makes the question. */
void imap_client_emit_command(imap_session *s, const imap_line *line, gboolean last);
void imap_client_end_append(imap_session *s, mail_end_reason reason);
void imap_client_end_line(imap_session *s);
void imap_client_cross_gap(imap_session *s, guint64 missing);
/* What has come of a line whose rest will not. */
void imap_client_break(imap_session *s, anomaly_set anomalies);

/* --- imap_held.c --- */

void imap_held_feed(imap_session *s, slice bytes);
/* Reads what is held as far as it is known what it is; `force`: it has to be decided now. */
void imap_held_read(imap_session *s, gboolean force);
/* Shows all that is held as text. */
void imap_held_show(imap_session *s, anomaly_set anomalies);

/* --- imap_fetched.c: pieces of mail in FETCH and URLFETCH responses --- */

/* At a literal in the response under way: is it a piece of mail? Then *facts_r is what is known of the message. */
gboolean imap_fetched_begin(imap_session *s, const imap_line *line, mail_imap *facts_r);
/* The next bytes of it; `missing` of them are not there. */
void imap_fetched_data(imap_session *s, slice data);
void imap_fetched_gap(imap_session *s, guint64 missing);
/* The response is over: reads the rest of it; *facts_r is what it says of its message. Its values as items. Then its
 * pieces end, and those come that stand in it as strings. */
void imap_fetched_read(imap_session *s, const imap_line *line, mail_imap *facts_r);
void imap_fetched_items(imap_session *s, const imap_line *line);
void imap_fetched_end(imap_session *s, const imap_line *line, const mail_imap *facts);
/* The rest of the response will not come. `cut`: nor will the end of the last piece. */
void imap_fetched_break(imap_session *s, const imap_line *line, gboolean cut);

/* --- imap_stray.c: mail behind a hole in the line that announced it --- */

/* Is the line the rest of one that announces the mail that a FETCH waits for? Then s->rest says what is known of it. */
gboolean imap_stray_is_rest(imap_session *s, slice line);
/* imap_response_parse() into s->response, for such a line, too. */
gboolean imap_stray_parse(imap_session *s, slice line);
/* Of such a line: the UID of the message, if it can be only one; else 0. */
guint32 imap_stray_uid(const imap_session *s);
/* imap_section_parse(), for what is left of a name, too. */
gboolean imap_stray_section(const imap_session *s, slice name, imap_section *section_r);
/* A line that is no response. FALSE: nobody waits for mail, it is not taken. */
gboolean imap_stray_take(imap_session *s, const text_line *line);
/* A hole. TRUE: it is in such mail, and was told. */
gboolean imap_stray_gap(imap_session *s, guint64 missing);
/* No more lines come that are no response. `by_response`: because this is one. */
void imap_stray_end(imap_session *s, gboolean by_response);

/* --- imap_server.c --- */

void imap_server_feed(imap_session *s, slice bytes);
void imap_server_cross_gap(imap_session *s, guint64 missing);
/* What has come of a response whose rest will not. */
void imap_server_break(imap_session *s, anomaly_set anomalies);

#endif
