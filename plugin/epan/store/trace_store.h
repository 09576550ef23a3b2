/* trace_store.h
 * Every finished message of the capture with the session it went through, and the hops that they make. Messages are
 * only noted while the capture is read; they are linked when somebody asks.
 *
 * Previous hop, hop and trace number of a message are the same on every pass. What comes next is known once it was
 * read: in Wireshark and `tshark -2`, on the second pass.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TRACE_STORE_H
#define MAILXTRA_TRACE_STORE_H

#include "message_store.h"

#include "mail_trace.h"
#include "session_summary.h"
#include "trace_check.h"

/* A message on one hop, as its session stood when it ended. */
typedef struct trace_entry {
    stored_message *message;
    const session_summary *session;       /* as it stands now */
    const char *helo, *hello_name, *user; /* then */
    gboolean in_tls;
    gboolean is_upload; /* the client sent it */
    guint32 frame;
    nstime_t time;
    gsize body_at; /* where the body begins in the message; known once it is linked */
} trace_entry;

void trace_store_register(void);
void trace_store_forget(void);

/* A message has ended. First pass only. */
void trace_store_add(stored_message *message, const session_summary *session, mail_side sender, packet_info *pinfo);

/* Puts what was added, and is not linked yet, in the order of the frames. */
void trace_store_sort(void);

/* The entry of a message; NULL: it is not known. */
const trace_entry *trace_store_find(const stored_message *message);

/* Links what is not linked yet. The hop of the entry, never NULL. */
const mail_hop *trace_store_hop(const trace_entry *entry);

/* The entry with that index in mail_hop.previous, .next and mail_trace_transfers(). */
const trace_entry *trace_store_entry(guint index);

/* The indexes of the transfers of one mail, in order; array of guint, borrowed. */
const GArray *trace_store_transfers(guint number);

/* Examines the message with all that is known about its session and about earlier hops. `fields` and `body` are the
 * message's own. Free with trace_report_free(). */
trace_report *trace_store_examine(const trace_entry *entry, const GPtrArray *fields, slice body);

#endif
