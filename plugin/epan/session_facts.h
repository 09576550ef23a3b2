/* session_facts.h
 * What a session has said about itself so far: who talks to whom, how it is encrypted, who logged in, how it
 * ended. Written once, on the first pass; what a record's frame shows of it is noted in the record.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SESSION_FACTS_H
#define MAILXTRA_SESSION_FACTS_H

#include "ws_compat.h"

#include "mail_event.h"

typedef enum session_end {
    SESSION_OPEN,          /* its end is not in the capture */
    SESSION_QUIT,          /* QUIT, LOGOUT, or the server's goodbye */
    SESSION_SERVER_CLOSED, /* without being asked to */
    SESSION_CLIENT_CLOSED  /* without QUIT */
} session_end;

/* All strings are UTF-8 in file scope; NULL: not said. */
typedef struct session_facts {
    guint32 number; /* from 1, in the order in which they began */
    mail_protocol protocol;
    address client, server; /* AT_NONE: not known yet */
    guint32 client_port, server_port;
    const char *client_text, *server_text; /* the addresses as text */
    guint32 first_frame, last_frame;
    nstime_t began;

    const char *banner;      /* text of the greeting */
    const char *server_name; /* how the server calls itself in it */
    const char *helo;        /* argument of HELO, EHLO, LHLO */
    const char *hello_name;  /* the name by which the server's answer calls the client */
    const char *user;        /* who is logged in */
    const char *user_said;   /* the last user name that was said */
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
    session_end end;
} session_facts;

struct mail_record;

/* New facts in file scope. */
session_facts *session_facts_new(void);

/* Between whom: known when it is known who the client is, not from the frame that tells, which may be of either side.
 * Copies. */
void session_facts_set_ends(session_facts *facts, const address *client, guint32 client_port, const address *server,
                            guint32 server_port);

/* The next record of the session, with its event kept. `in_tls`: said inside of TLS. Adds what the record's frame is to
 * show: event.anomalies, record->login_failures. */
void session_facts_note(session_facts *facts, packet_info *pinfo, gboolean in_tls, struct mail_record *record);

/* A side has closed its direction. TRUE: the server did, without a reason. */
gboolean session_facts_close(session_facts *facts, mail_side side);

/* How it ended, in words. Static. */
const char *session_facts_end_text(const session_facts *facts);

#endif
