/* received.h
 * A Received field taken apart: who gave the message to whom, how and when. RFC 5321 4.4, RFC 3848, and
 * the forms of the servers in use (received.c).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_RECEIVED_H
#define MAILXTRA_RECEIVED_H

#include "address.h"
#include "mail_date.h"
#include "slice.h"

typedef struct received_trace {
    char *from; /* what the client called itself (HELO, EHLO, LHLO), an address literal in brackets; NULL: not said */
    char *rdns; /* the name that the server found for the client's address; NULL: none, or not said */
    char *ip;   /* the client's address, in its usual form; NULL: not said */
    address_scope ip_scope;
    char *by;    /* the server; NULL: not said */
    char *by_ip; /* its own address; NULL: not said */
    char *via;
    char *with;        /* protocol as written: "ESMTPS", "Microsoft SMTP Server", "HTTP", ... */
    char *id;          /* without <> */
    char *for_mailbox; /* without <> */
    char *tls;         /* what it says of TLS, as written */
    char *user;        /* who was authenticated, where it is said */
    char *envelope_from;
    gboolean authenticated; /* it says that the client was logged in */
    gboolean has_date;
    mail_date date;
    char *date_text;    /* NULL: none */
    gboolean malformed; /* neither from nor by in it, or no date (RFC 5321 4.4 wants both) */
} received_trace;

/* Parses the value of a Received field (raw, as behind the colon). All strings are valid UTF-8. Never NULL; linear in
 * the bytes. Free with received_free(). */
received_trace *received_parse(slice raw);
void received_free(received_trace *trace);

/* Does it name an SMTP transfer (SMTP, ESMTP..., nothing), and not a local, LMTP, HTTP or mailbox one? */
gboolean received_is_smtp(const received_trace *trace);

#endif
