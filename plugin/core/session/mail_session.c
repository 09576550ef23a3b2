/* mail_session.c
 * Beside the switch: a PROXY header in front of the client's stream, the same for every protocol.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_session.h"
#include "imap_session.h"
#include "mail_recogniser.h"
#include "pop3_session.h"
#include "smtp_session.h"

struct mail_session {
    smtp_session *smtp; /* one of the three */
    pop3_session *pop3;
    imap_session *imap;
    gboolean is_new;     /* the client's next byte is its first, and the connection's */
    GByteArray *preface; /* the client's first bytes while they can still be a PROXY header; NULL: none are kept */
};

mail_session *mail_session_new(mail_protocol protocol, gboolean from_start, mail_event_sink sink, void *user)
{
    mail_session *session = g_new0(mail_session, 1);
    if (protocol == MAIL_PROTOCOL_POP3)
        session->pop3 = pop3_session_new(from_start, sink, user);
    else if (protocol == MAIL_PROTOCOL_IMAP)
        session->imap = imap_session_new(from_start, sink, user);
    else
        session->smtp = smtp_session_new(protocol, from_start, sink, user);
    session->is_new = from_start;
    return session;
}

static void forget_preface(mail_session *session)
{
    if (session->preface)
        g_byte_array_unref(session->preface);
    session->preface = NULL;
}

void mail_session_free(mail_session *session)
{
    if (!session)
        return;
    smtp_session_free(session->smtp);
    pop3_session_free(session->pop3);
    imap_session_free(session->imap);
    forget_preface(session);
    g_free(session);
}

static void feed(mail_session *session, mail_side side, slice bytes)
{
    if (session->pop3)
        pop3_session_feed(session->pop3, side, bytes);
    else if (session->imap)
        imap_session_feed(session->imap, side, bytes);
    else
        smtp_session_feed(session->smtp, side, bytes);
}

/* The first bytes are the client's own after all. */
static void feed_preface(mail_session *session)
{
    GByteArray *preface = session->preface;
    session->is_new = FALSE;
    session->preface = NULL;
    if (!preface)
        return;
    feed(session, MAIL_CLIENT, (slice){preface->data, preface->len});
    g_byte_array_unref(preface);
}

/* A header: shown as a line that is not of the session. */
static void skip_preface(mail_session *session, slice header)
{
    text_line line = {.line = header, .end = header.len, .ended = TRUE};

    if (header.data[0] == 'P') /* version 1 is a line */
        while (line.line.len && strchr("\r\n", line.line.data[line.line.len - 1]))
            line.line.len--;
    if (session->pop3)
        pop3_session_preface(session->pop3, &line);
    else if (session->imap)
        imap_session_preface(session->imap, &line);
    else
        smtp_session_preface(session->smtp, &line);
}

/* More of the client's first bytes. */
static void look_at_preface(mail_session *session, slice bytes)
{
    gsize len = 0;
    slice all;

    session->is_new = FALSE;
    if (!session->preface)
        session->preface = g_byte_array_new();
    if (bytes.len)
        g_byte_array_append(session->preface, bytes.data, (guint)bytes.len);
    all = (slice){session->preface->data, session->preface->len};
    switch (mail_recogniser_proxy_header(all, &len)) {
    case MAIL_PROXY_PARTIAL:
        return;
    case MAIL_PROXY_NONE:
        feed_preface(session);
        return;
    case MAIL_PROXY_HEADER:
        skip_preface(session, slice_head(all, len));
        feed(session, MAIL_CLIENT, slice_from(all, len));
        forget_preface(session);
        return;
    }
}

void mail_session_feed(mail_session *session, mail_side side, slice bytes)
{
    gsize len;

    if (side == MAIL_CLIENT && bytes.len &&
        (session->preface || (session->is_new && mail_recogniser_proxy_header(bytes, &len) != MAIL_PROXY_NONE))) {
        look_at_preface(session, bytes);
        return;
    }
    if (side == MAIL_CLIENT || session->preface)
        feed_preface(session); /* no header, or none that comes in one piece before the server speaks */
    feed(session, side, bytes);
}

void mail_session_gap(mail_session *session, mail_side side, guint64 missing)
{
    feed_preface(session);
    if (session->pop3)
        pop3_session_gap(session->pop3, side, missing);
    else if (session->imap)
        imap_session_gap(session->imap, side, missing);
    else
        smtp_session_gap(session->smtp, side, missing);
}

void mail_session_tls(mail_session *session)
{
    feed_preface(session);
    if (session->pop3)
        pop3_session_tls(session->pop3);
    else if (session->imap)
        imap_session_tls(session->imap);
    else
        smtp_session_tls(session->smtp);
}

void mail_session_end(mail_session *session, mail_side side)
{
    feed_preface(session);
    if (session->pop3)
        pop3_session_end(session->pop3, side);
    else if (session->imap)
        imap_session_end(session->imap, side);
    else
        smtp_session_end(session->smtp, side);
}
