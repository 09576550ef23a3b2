/* event_copy.h
 * Events of a session, copied for the frames that show them: an event itself lives only while it is told.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EVENT_COPY_H
#define MAILXTRA_EVENT_COPY_H

#include "ws_compat.h"

#include "mail_event.h"

/* Copies the event with all that it points to into the scope. What is kept with a message (data, envelope, where an
 * IMAP mail lies) is left out. */
void event_copy(wmem_allocator_t *scope, mail_event *copy, const mail_event *event);

#endif
