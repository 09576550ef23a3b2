/* imap_session.h
 * Follows one IMAP session (RFC 9051, 3501, and the extensions that change its grammar), fed with the bytes of both
 * sides in the order in which they were sent. Every command and response comes out as events; each mail, and each piece
 * of one, that is fetched or appended, as a message (mail_event.h, mail_imap).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_SESSION_H
#define MAILXTRA_IMAP_SESSION_H

#include "line_reader.h"
#include "mail_event.h"

typedef struct imap_session imap_session;

/* As in mail_session.h. */
imap_session *imap_session_new(gboolean from_start, mail_event_sink sink, void *user);
void imap_session_free(imap_session *session);
void imap_session_feed(imap_session *session, mail_side side, slice bytes);
void imap_session_gap(imap_session *session, mail_side side, guint64 missing);
void imap_session_tls(imap_session *session);
void imap_session_end(imap_session *session, mail_side side);

/* The client's stream begins with bytes that are not of the session (a PROXY header), as a line. */
void imap_session_preface(imap_session *session, const text_line *line);

#endif
