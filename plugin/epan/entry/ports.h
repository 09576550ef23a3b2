/* ports.h
 * The port table entries that mailxtra takes over, and what stood there before.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_PORTS_H
#define MAILXTRA_PORTS_H

#include "ws_compat.h"

#include "mail_event.h"

/* The handles that are put into the tables. The one for TCP has no protocol of its own, so that it can
 * pass on to what stood there before and leave no trace (one for all ports: from 4.4 on a table
 * wants no two of the same owner). TLS shows the protocol of the handle it calls, so those belong to the stock
 * protocols. */
typedef struct mailxtra_fronts {
    dissector_handle_t tcp;                          /* in tcp.port */
    dissector_handle_t smtp_tls, pop3_tls, imap_tls; /* in tls.port */
} mailxtra_fronts;

/* Keeps the handles and arranges that the entries are taken whenever a capture is opened (the
 * preferences may have changed, and Wireshark may have put its own entries back), or given back
 * when mailxtra is switched off. At handoff. */
void ports_install(const mailxtra_fronts *fronts);

/* What stood in tcp.port for this port before; NULL: nothing. */
dissector_handle_t ports_replaced(guint32 port);

/* The protocol that a taken TCP port promises; NONE: it is not taken. */
mail_protocol ports_hint(guint32 port);

/* A port that the user himself gave to Wireshark's SMTP, POP or IMAP dissector (Decode As, smtp.tcp.port):
 * he means mail. NONE: no such port. */
mail_protocol ports_given_by_user(guint32 port);

/* Did the user give this TCP port to any dissector? */
gboolean ports_changed_by_user(guint32 port);

#endif
