/* mail_session.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_session.h"
#include "pop3_session.h"
#include "smtp_session.h"

struct mail_session {
    smtp_session *smtp; /* one of the two */
    pop3_session *pop3;
};

mail_session *mail_session_new(mail_protocol protocol, gboolean from_start, mail_event_sink sink, void *user)
{
    mail_session *session = g_new0(mail_session, 1);
    if (protocol == MAIL_PROTOCOL_POP3)
        session->pop3 = pop3_session_new(from_start, sink, user);
    else
        session->smtp = smtp_session_new(protocol, from_start, sink, user);
    return session;
}

void mail_session_free(mail_session *session)
{
    if (!session)
        return;
    smtp_session_free(session->smtp);
    pop3_session_free(session->pop3);
    g_free(session);
}

void mail_session_feed(mail_session *session, mail_side side, slice bytes)
{
    if (session->pop3)
        pop3_session_feed(session->pop3, side, bytes);
    else
        smtp_session_feed(session->smtp, side, bytes);
}

void mail_session_gap(mail_session *session, mail_side side, guint64 missing)
{
    if (session->pop3)
        pop3_session_gap(session->pop3, side, missing);
    else
        smtp_session_gap(session->smtp, side, missing);
}

void mail_session_tls(mail_session *session)
{
    if (session->pop3)
        pop3_session_tls(session->pop3);
    else
        smtp_session_tls(session->smtp);
}

void mail_session_end(mail_session *session, mail_side side)
{
    if (session->pop3)
        pop3_session_end(session->pop3, side);
    else
        smtp_session_end(session->smtp, side);
}

mail_protocol mail_session_protocol(const mail_session *session)
{
    return session->pop3 ? MAIL_PROTOCOL_POP3 : smtp_session_protocol(session->smtp);
}
