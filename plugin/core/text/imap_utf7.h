/* imap_utf7.h
 * Mailbox names: modified UTF-7 (RFC 3501 5.1.3) or, after ENABLE UTF8=ACCEPT and in IMAP4rev2, UTF-8.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_UTF7_H
#define MAILXTRA_IMAP_UTF7_H

#include "anomaly.h"
#include "slice.h"

/* The name as valid UTF-8. What is not modified UTF-7 stays as it is, with BAD_MAILBOX_NAME in *anomalies
 * (may be NULL); bytes that are no UTF-8 become U+FFFD. g_free() it. Linear in the bytes. */
char *imap_utf7_decode(slice name, anomaly_set *anomalies);

#endif
