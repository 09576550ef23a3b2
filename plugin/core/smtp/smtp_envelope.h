/* smtp_envelope.h
 * Sender and recipients of one mail transaction (RFC 5321 3.3), shared by whoever still
 * needs it: the session, the open message, replies that are still to come.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SMTP_ENVELOPE_H
#define MAILXTRA_SMTP_ENVELOPE_H

#include "slice.h"

typedef struct smtp_envelope smtp_envelope;

#define SMTP_ENVELOPE_NO_RECIPIENT G_MAXUINT

/* New, empty, with one reference. */
smtp_envelope *smtp_envelope_new(void);
smtp_envelope *smtp_envelope_ref(smtp_envelope *envelope);
void smtp_envelope_unref(smtp_envelope *envelope); /* NULL is allowed */

void smtp_envelope_set_from(smtp_envelope *envelope, slice from);
gboolean smtp_envelope_has_from(const smtp_envelope *envelope);
slice smtp_envelope_from(const smtp_envelope *envelope);

/* Number of the new recipient; SMTP_ENVELOPE_NO_RECIPIENT at LIMIT_RECIPIENTS. */
guint smtp_envelope_add(smtp_envelope *envelope, slice recipient);
/* The server refused it. SMTP_ENVELOPE_NO_RECIPIENT is allowed. */
void smtp_envelope_refuse(smtp_envelope *envelope, guint number);

/* The recipients that were not refused, in order; borrowed until the next call that changes it.
 * NULL when there is none. */
const slice *smtp_envelope_recipients(smtp_envelope *envelope, guint *count_r);

#endif
