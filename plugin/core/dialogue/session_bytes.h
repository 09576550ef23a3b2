/* session_bytes.h
 * Small things that the session machines of all protocols say and ask of bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SESSION_BYTES_H
#define MAILXTRA_SESSION_BYTES_H

#include "line_reader.h"
#include "mail_event.h"
#include "sasl.h"

/* An event that stands at [start, end) of that side's stream. */
static inline mail_event event_at(mail_event_kind kind, mail_side side, guint64 start, guint64 end)
{
    return (mail_event){.kind = kind, .side = side, .start = start, .end = end};
}

/* An event that is one line, with what is odd about it. */
static inline mail_event event_of_line(mail_event_kind kind, mail_side side, const text_line *line)
{
    mail_event event = event_at(kind, side, line->start, line->end);
    event.line = line->line;
    event.anomalies = line->anomalies;
    return event;
}

/* Notes a password that anybody on the way could read. */
static inline void note_cleartext_password(mail_event *event, gboolean tls_active)
{
    if (event->auth && event->auth->password.len && !tls_active)
        event->anomalies |= ANOMALY_BIT(ANOMALY_CLEARTEXT_PASSWORD);
}

/* What a client's line means in the SASL exchange that it belongs to; NULL: none is known. *auth holds what it says,
 * for as long as the event lives. */
static inline void note_sasl_response(mail_event *event, sasl *exchange, slice line, mail_auth *auth,
                                      gboolean tls_active)
{
    if (!exchange)
        return;
    event->anomalies |= sasl_client_line(exchange, line, FALSE, auth);
    event->auth = auth;
    note_cleartext_password(event, tls_active);
}

/* Text, not binary: what mail data consists of, 8-bit and binary MIME apart. */
static inline gboolean is_text(slice bytes)
{
    for (gsize i = 0; i < bytes.len; i++)
        if (bytes.data[i] < 0x20 && !memchr("\t\r\n\f\033", bytes.data[i], 5))
            return FALSE;
    return TRUE;
}

/* field-name ":" (RFC 5322 2.2), or mbox' "From ". */
static inline gboolean is_header_field(slice line)
{
    gsize len = 0;
    while (len < line.len && line.data[len] > ' ' && line.data[len] < 0x7F && line.data[len] != ':')
        len++;
    return (len > 1 && len < line.len && line.data[len] == ':') || slice_begins(line, "From ");
}

/* The first byte of a TLS record (RFC 8446 5.1: types 20..24) or of an SSL 2 hello. */
static inline gboolean is_tls_byte(guint8 byte)
{
    return (byte >= 0x14 && byte <= 0x18) || byte >= 0x80;
}

#endif
