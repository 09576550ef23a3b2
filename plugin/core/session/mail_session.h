/* mail_session.h
 * One mail session of any protocol, fed with the two streams' bytes in order.
 * A thin switch over smtp_session, pop3_session and imap_session.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_SESSION_H
#define MAILXTRA_MAIL_SESSION_H

#include "mail_event.h"

typedef struct mail_session mail_session;

/* A new session of `protocol` (SMTP, LMTP, POP3 or IMAP). Events go to sink(event, user).
 * `from_start`: TRUE when the streams' first bytes are the connection's first bytes
 * (SYN seen), FALSE when the capture begins in the middle: then nothing is presumed. */
mail_session *mail_session_new(mail_protocol protocol, gboolean from_start, mail_event_sink sink, void *user);
void mail_session_free(mail_session *session);

/* The next bytes of one side. Any split of the stream gives the same events, but
 * for MESSAGE_DATA, which comes in as many pieces as the bytes did. */
void mail_session_feed(mail_session *session, mail_side side, slice bytes);

/* `missing` bytes of that side's stream are not there (0: unknown how many). Stream
 * offsets go on behind the hole. */
void mail_session_gap(mail_session *session, mail_side side, guint64 missing);

/* TLS has begun: what is fed from now on was decrypted. Forgets capabilities and
 * (SMTP) the envelope, RFC 3207 4.2; bytes left over in the line readers are dropped
 * and reported (plain text injected behind STARTTLS). Stream offsets restart at 0. */
void mail_session_tls(mail_session *session);

/* That side's stream has ended. When both have, an open message ends as CUT. */
void mail_session_end(mail_session *session, mail_side side);

#endif
