/* session_summary.h
 * What a session has said about itself so far: who talks to whom, how it is encrypted, who logged in, how it ended.
 * Made from the events of mail_session, in their order, for tables, traces and findings about the session.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SESSION_SUMMARY_H
#define MAILXTRA_SESSION_SUMMARY_H

#include "mail_event.h"

typedef enum session_end_reason {
    SESSION_OPEN,          /* its end is not in the capture */
    SESSION_QUIT,          /* QUIT, LOGOUT, or the server's goodbye */
    SESSION_SERVER_CLOSED, /* without a request or an announcement */
    SESSION_CLIENT_CLOSED  /* without QUIT */
} session_end_reason;

/* All strings are UTF-8, owned by the summary and valid until it is freed, also those that were replaced since; NULL:
 * not said. */
typedef struct session_summary {
    guint32 number; /* from 1, in the order in which they began; set by the caller */
    mail_protocol protocol;
    const char *client, *server; /* addresses as text; NULL: not known yet */
    guint32 client_port, server_port;
    guint32 first_frame, last_frame;

    const char *banner;      /* text of the greeting */
    const char *server_name; /* how the server calls itself in it */
    const char *helo;        /* argument of HELO, EHLO, LHLO */
    const char *hello_name;  /* the name by which the server's reply calls the client */
    const char *user;        /* who is logged in */
    const char *user_said;   /* the last user name that the client sent */
    const char *mechanism;   /* of the last attempt */
    guint logins, login_failures;
    gboolean offers_tls; /* STARTTLS, STLS among the capabilities */
    gboolean tls_announced, in_tls;
    gboolean tls_unused_noted;
    guint messages; /* that ended */
    guint64 message_bytes;
    guint commands, failures; /* commands; replies that refuse */
    guint last_code;
    gboolean said_bye; /* IMAP: the server announced that it closes */
    session_end_reason end;
    GStringChunk *strings;
} session_summary;

/* An empty summary. Free with session_summary_free(). */
session_summary *session_summary_new(void);
void session_summary_free(session_summary *summary);

/* Between whom the session is. Copies. */
void session_summary_set_ends(session_summary *summary, const char *client, guint32 client_port, const char *server,
                              guint32 server_port);

/* Where an event comes from. */
typedef struct session_moment {
    guint32 frame;          /* that completed it */
    gboolean is_in_capture; /* FALSE: the end of the capture brought it, and `frame` was there before */
    gboolean in_tls;        /* said inside of TLS */
} session_moment;

/* What the event's frame is to show of the session. */
typedef struct session_remarks {
    anomaly_set anomalies; /* besides those of the event */
    guint login_failures;  /* failed logins so far, when they are many; else 0 */
} session_remarks;

/* The next event of the session. `request`: verb of the command that it replies to, upper case; NULL: none. */
session_remarks session_summary_event(session_summary *summary, const mail_event *event, const char *request,
                                      const session_moment *moment);

/* A mail of that many bytes has ended, after its event. */
void session_summary_message(session_summary *summary, gsize bytes);

/* A side has closed its direction. TRUE: the server did, without a reason. */
gboolean session_summary_close(session_summary *summary, mail_side side);

/* How it ended, in words. Static. */
const char *session_summary_end_text(const session_summary *summary);

#endif
