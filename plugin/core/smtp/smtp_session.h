/* smtp_session.h
 * One SMTP or LMTP session (RFC 5321, 2033, 2920, 3030, 3207, 4954), fed with both sides'
 * bytes in the order in which they were captured; says what they are as mail_events.
 * The functions are those of mail_session.h, which see.
 *
 * mail_event.state is the server's state, changed by the reply that puts a command into effect
 * (by the command itself while no byte of the server was seen):
 *   CONNECTED  nothing greeted yet       GREETED  HELO, EHLO or LHLO accepted, no transaction
 *   AUTH       in an AUTH exchange       MAIL     sender accepted
 *   RCPT       a recipient accepted      DATA     354 given, until the reply to the message
 *   BDAT       chunks accepted, until the reply to the last
 *   TLS        220 to STARTTLS           QUIT     221
 *   UNKNOWN    the capture begins in the middle, and nothing has shown the state yet
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SMTP_SESSION_H
#define MAILXTRA_SMTP_SESSION_H

#include "line_reader.h"
#include "mail_event.h"

typedef struct smtp_session smtp_session;

smtp_session *smtp_session_new(mail_protocol protocol, gboolean from_start, mail_event_sink sink, void *user);
void smtp_session_free(smtp_session *session);
void smtp_session_feed(smtp_session *session, mail_side side, slice bytes);
/* The client's stream begins with a line that is not of the session (a PROXY header): a TEXT event. */
void smtp_session_preface(smtp_session *session, const text_line *line);
void smtp_session_gap(smtp_session *session, mail_side side, guint64 missing);
void smtp_session_tls(smtp_session *session);
void smtp_session_end(smtp_session *session, mail_side side);

#endif
