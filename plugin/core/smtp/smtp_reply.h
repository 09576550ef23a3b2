/* smtp_reply.h
 * Parses one line of an SMTP or LMTP reply.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SMTP_REPLY_H
#define MAILXTRA_SMTP_REPLY_H

#include "slice.h"

typedef struct smtp_reply {
    guint code;     /* 0..999 */
    gboolean last;  /* no "-" behind the code: the reply's last line */
    slice enhanced; /* "2.1.0"; empty: none */
    slice text;     /* behind code and enhanced code */
    gboolean odd;   /* accepted, but not the RFC's form (HTAB instead of SP, code beyond 2yz..5yz) */
} smtp_reply;

/* Parses `line` (without its terminator); *reply_r borrows from it. FALSE: it is no reply line. */
gboolean smtp_reply_parse(slice line, smtp_reply *reply_r);

#endif
