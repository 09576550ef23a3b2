/* pop3_session.h
 * One POP3 session (RFC 1939, 2449, 2595, 5034, 6856), fed with both sides' bytes in the order in
 * which they were captured; says what they are as mail_events. The functions are those of
 * mail_session.h, which see.
 *
 * mail_event.state is AUTHORIZATION, TRANSACTION or UPDATE (RFC 1939 3). In a session captured from its
 * middle it is UNKNOWN until a command shows it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_POP3_SESSION_H
#define MAILXTRA_POP3_SESSION_H

#include "line_reader.h"
#include "mail_event.h"

typedef struct pop3_session pop3_session;

pop3_session *pop3_session_new(gboolean from_start, mail_event_sink sink, void *user);
void pop3_session_free(pop3_session *session);
void pop3_session_feed(pop3_session *session, mail_side side, slice bytes);
/* The client's stream begins with a line that is not of the session (a PROXY header): a TEXT event. */
void pop3_session_preface(pop3_session *session, const text_line *line);
void pop3_session_gap(pop3_session *session, mail_side side, guint64 missing);
void pop3_session_tls(pop3_session *session);
void pop3_session_end(pop3_session *session, mail_side side);

#endif
