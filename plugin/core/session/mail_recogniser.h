/* mail_recogniser.h
 * Are the two streams of a TCP connection a mail session, of which protocol, and which side is
 * the client? Answered from what the two sides say, never from ports.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_RECOGNISER_H
#define MAILXTRA_MAIL_RECOGNISER_H

#include "mail_event.h"

typedef enum mail_verdict {
    MAIL_VERDICT_NO,    /* not mail, and more bytes will not change that */
    MAIL_VERDICT_MAYBE, /* ask again with more bytes */
    MAIL_VERDICT_YES
} mail_verdict;

typedef struct mail_guess {
    mail_verdict verdict;
    mail_protocol protocol; /* YES: SMTP, LMTP, POP3 or IMAP */
    gboolean a_is_client;   /* YES */
} mail_guess;

/* The bytes of one side that are looked at; more are ignored. */
#define MAIL_RECOGNISER_BYTES 1024

/* Looks at the first bytes of both sides (each may be empty, end in the middle of a line, or, when the capture
 * starts late, begin in the middle of the session). `hint`: the protocol whose well-known port
 * this is. MAIL_PROTOCOL_NONE: only what can hardly be anything else is YES (a "220 ready" or "+OK"
 * alone is MAYBE). With a hint the first whole line that fits is enough, also mail text; what
 * clearly is something else (HTTP, FTP, SSH, TLS, ...) is still NO. No state, no allocation; on
 * other protocols' bytes it returns after the first few. */
mail_guess mail_recogniser_look(slice a, slice b, mail_protocol hint);

typedef enum mail_proxy_verdict { MAIL_PROXY_NONE, MAIL_PROXY_PARTIAL, MAIL_PROXY_HEADER } mail_proxy_verdict;

/* Does a client's stream begin with the header that a load balancer puts in front of it (HAProxy's PROXY
 * protocol, versions 1 and 2)? PARTIAL: too few bytes to say, or to have it whole. HEADER: *len_r is its
 * length. At most 16 + 65535 bytes are asked for. */
mail_proxy_verdict mail_recogniser_proxy_header(slice bytes, gsize *len_r);

/* Fewer bytes than this are never enough to say YES, without a hint. */
#define MAIL_RECOGNISER_LEAST 4

/* Can a side that begins with these bytes be surely mail by itself? A look at the first bytes only: when it says
 * FALSE, mail_recogniser_look() of them alone, without a hint, is not YES. For every first segment of a capture. */
gboolean mail_recogniser_may_open(slice bytes);

#endif
