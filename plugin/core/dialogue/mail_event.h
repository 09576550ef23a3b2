/* mail_event.h
 * What a session machine (smtp_session, pop3_session, imap_session) says of the bytes it is
 * fed: one event per command, reply line, piece of message, ... Everything an
 * event points to is borrowed and valid only during the sink's call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_EVENT_H
#define MAILXTRA_MAIL_EVENT_H

#include "anomaly.h"
#include "imap_item.h"
#include "slice.h"

typedef enum mail_protocol {
    MAIL_PROTOCOL_NONE,
    MAIL_PROTOCOL_SMTP,
    MAIL_PROTOCOL_LMTP,
    MAIL_PROTOCOL_POP3,
    MAIL_PROTOCOL_IMAP
} mail_protocol;

typedef enum mail_side {
    MAIL_CLIENT, /* bytes sent by the client */
    MAIL_SERVER  /* bytes sent by the server */
} mail_side;

typedef enum mail_event_kind {
    MAIL_EVENT_COMMAND,    /* a command line of the client (also one that is misspelt) */
    MAIL_EVENT_AUTH_LINE,  /* a line of a SASL exchange: client response, "*" (the server's are REPLY_LINEs) */
    MAIL_EVENT_REPLY_LINE, /* one line of a reply: SMTP "250-SIZE 1000", POP3 "+OK ..." / "-ERR ..." / "+ challenge" */
    MAIL_EVENT_LISTING_LINE,  /* one line of a POP3 multi-line reply that is no message (CAPA, LIST, UIDL, AUTH, LANG),
                                 also its "." */
    MAIL_EVENT_MESSAGE_START, /* the first byte of a message is about to come (after 354, after BDAT, after +OK to
                                 RETR/TOP) */
    MAIL_EVENT_MESSAGE_DATA,  /* `data`: the next bytes of the message, dot-stuffing undone */
    MAIL_EVENT_MESSAGE_END,   /* the message is over, see `end_reason`; start..end is the "." line or empty (BDAT) */
    MAIL_EVENT_TEXT,          /* a line that fits nowhere: garbage, a line in a session captured from its middle */
    MAIL_EVENT_TLS_START,     /* the next byte of either side after this event belongs to TLS */
    MAIL_EVENT_GAP,           /* `missing` bytes of the stream are not in the capture at `start` */
    MAIL_EVENT_ANOMALY,       /* an anomaly that belongs to no other event */
    MAIL_EVENT_UNTAGGED       /* IMAP: untagged data ("* 5 EXISTS", "* 1 FETCH (...)"), or a piece of it, see `imap` */
} mail_event_kind;

typedef enum mail_message_source {
    MAIL_FROM_DATA,
    MAIL_FROM_BDAT,
    MAIL_FROM_RETR,
    MAIL_FROM_TOP,
    MAIL_FROM_FETCH,
    MAIL_FROM_APPEND
} mail_message_source;

typedef enum mail_end_reason {
    MAIL_END_COMPLETE, /* dot line, or the last BDAT chunk */
    MAIL_END_ABORTED,  /* the client or server gave it up: RSET between chunks, 421 or 5xx in the middle */
    MAIL_END_CUT       /* the stream ended (FIN, RST, end of capture) or was lost before the end */
} mail_end_reason;

/* A named piece of a line: an ESMTP parameter (SIZE=100), a capability, an enhanced code, ... */
typedef struct mail_param {
    slice name;   /* upper case as found in the registry is not enforced: as sent */
    slice value;  /* decoded (xtext, RFC 3461 4); empty when absent */
    guint offset; /* where it begins in the line, bytes */
    guint length; /* bytes in the line */
} mail_param;

/* What a SASL line says (RFC 4422 and the mechanisms' own RFCs). len 0 = not there. */
typedef struct mail_auth {
    const char *mechanism; /* upper case; of an unknown one the name as sent; NULL: none was named */
    slice username;        /* authcid */
    slice authzid;
    slice password;
    gboolean has_password; /* SASL: this line says it; an empty one is a value, too */
    slice token;           /* XOAUTH2/OAUTHBEARER bearer token, CRAM-MD5/APOP digest, SCRAM client proof */
    slice challenge;       /* decoded bytes of a server challenge */
    slice response;        /* decoded bytes of a client response */
    gboolean is_ntlm;      /* challenge/response is an NTLMSSP blob */
    gboolean cancelled;    /* client sent "*" */
    slice user; /* whose attempt this is: the username as known so far, also when an earlier line said it (LOGIN's
                   password, PASS) */
} mail_auth;

/* Does the line say a password? An empty one is a value, too. */
static inline gboolean mail_auth_has_password(const mail_auth *auth)
{
    return auth->has_password || auth->password.len;
}

/* Does it prove who the client is: a password, a token or digest, NTLM's response? */
static inline gboolean mail_auth_has_proof(const mail_auth *auth)
{
    return mail_auth_has_password(auth) || auth->token.len || (auth->is_ntlm && auth->username.len);
}

typedef enum mail_outcome { MAIL_OUTCOME_NONE, MAIL_OUTCOME_SUCCESS, MAIL_OUTCOME_FAILURE } mail_outcome;

/* What only IMAP has. A command or response that carries literals with (pieces of) messages comes in several events,
 * one per stretch of text in between: `first` and `last` of the event say which; the items come with the last one. */
typedef struct mail_imap {
    slice tag;
    const imap_item *items; /* what the whole command or response says */
    guint item_count;

    /* The message: MESSAGE_*, and the last event of a FETCH response. In MESSAGE_START of a FETCH, as far as known by
     * then. */
    slice mailbox;                      /* UTF-8; empty: not known */
    slice owner;                        /* whose mailbox; empty: that of the user who is logged in */
    guint32 uidvalidity, uid, sequence; /* 0: not known */
    guint32 epoch;                      /* sequence numbers of equal epochs in one session mean the same messages */
    slice flags;                        /* as sent, without the parentheses */
    slice internaldate;
    guint64 size; /* RFC822.SIZE; 0: not known */

    /* Which piece of the message: MESSAGE_* of FETCH. */
    slice section; /* "", "HEADER", "TEXT", "2", "2.MIME", "HEADER.FIELDS (FROM)", ... in upper case; "": all of it */
    gboolean is_binary; /* BINARY[]: with the transfer encoding undone */
    gboolean is_partial;
    guint64 origin, requested; /* octets; requested 0: not known */

    /* The last event of a FETCH response: the values as they came; empty: none. */
    slice envelope, structure;
    gboolean is_section_structure; /* structure is that of the section alone (RFC 5524 BODYPARTSTRUCTURE) */
} mail_imap;

typedef struct mail_event {
    mail_event_kind kind;
    mail_protocol protocol; /* as known after this event */
    mail_side side;
    guint64 start, end; /* where it stands in that side's stream, bytes, line terminator included */
    slice line;         /* COMMAND, AUTH_LINE, REPLY_LINE, LISTING_LINE, TEXT: without its terminator */
    const char *state;  /* the session's state after this event (static string, e.g. "AUTHORIZATION", "MAIL") */

    /* An exchange is what a client asks and its reply(ies) answer: a command, a
     * SASL response, the end of a message's data, a BDAT chunk. Numbered from 1 in
     * each session; 0: none (the greeting, a reply to what was not captured).
     * COMMAND, AUTH_LINE, MESSAGE_END (of DATA): the exchange it opens.
     * REPLY_LINE, LISTING_LINE, MESSAGE_* of RETR/TOP: the exchange it answers. */
    guint32 exchange;

    /* COMMAND */
    slice verb;        /* as sent; compare without case. With two-word verbs only the first word */
    guint verb_offset; /* in line */
    slice argument;    /* the rest of the line after the blank(s), trimmed */
    guint argument_offset;
    gboolean known; /* a verb of the protocol */
    slice path;     /* MAIL FROM / RCPT TO: mailbox without <>; empty for <> (then has_path is set) */
    gboolean has_path;
    const mail_param *params; /* ESMTP parameters of MAIL and RCPT; for EHLO reply lines the capability and its
                                 arguments; LIST/UIDL items (name = number, value = size or id) */
    guint param_count;

    /* REPLY_LINE */
    guint code;           /* SMTP: 0..999; POP3: 0 */
    const char *status;   /* POP3: "+OK", "-ERR" or "+"; IMAP: "OK", "NO", "BAD", "PREAUTH", "BYE" or "+"; SMTP: NULL */
    slice enhanced;       /* "2.1.0" (RFC 2034), or POP3 response code "IN-USE" (RFC 2449 8) */
    slice text;           /* human part: after code and blank/hyphen; after +OK */
    gboolean first, last; /* first and last line of its reply (IMAP: piece of the command or response) */
    slice capability;     /* EHLO reply / CAPA listing line: keyword, arguments in params (name only) */
    slice recipient;      /* LMTP: the recipient this reply to the data is for (RFC 2033 4.2) */

    /* AUTH: in COMMAND (AUTH, APOP, USER, PASS), AUTH_LINE and REPLY_LINE (challenge; outcome) */
    const mail_auth *auth; /* NULL: nothing of SASL in this event */
    mail_outcome outcome;  /* REPLY_LINE that decides an authentication; USER/PASS and APOP too */

    /* MESSAGE_* */
    guint32 message; /* ordinal in the session, from 1; GAP: the message the hole is in, 0: none */
    mail_message_source source;
    gboolean has_top_lines; /* MESSAGE_END of POP3's TOP: the number of lines requested is known */
    guint64 top_lines;      /* lines of the body */
    slice data;             /* MESSAGE_DATA */
    mail_end_reason end_reason;
    slice envelope_from; /* MESSAGE_START, MESSAGE_END */
    gboolean has_envelope_from;
    const slice *envelope_to; /* accepted or still unanswered recipients */
    guint envelope_to_count;

    /* GAP */
    guint64 missing; /* bytes; 0: unknown how many. With the anomaly NOT_FETCHED they are not lost, but were not
                        transferred */

    const mail_imap *imap; /* NULL: nothing of IMAP's own */
    gboolean is_inflated;  /* the bytes were compressed (RFC 4978): start and end count inflated ones */

    /* any kind: what is odd about it, one bit per anomaly_kind */
    anomaly_set anomalies;
} mail_event;

typedef void (*mail_event_sink)(const mail_event *event, void *user);

#endif
