/* imap_store.h
 * Mails of IMAP: the pieces that clients fetch of them joined, over all connections of the capture. Which message is
 * which is imap_identity's to say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_STORE_H
#define MAILXTRA_IMAP_STORE_H

#include "message_store.h"

/* What one connection sees of the server's mailboxes. */
typedef struct imap_mailbox_view imap_mailbox_view;

void imap_store_register(void);
void imap_store_forget(void);

/* A new view, file scope. `id`: unique among the capture's sessions. */
imap_mailbox_view *imap_store_open(guint32 id, const address *server);
void imap_store_login(imap_mailbox_view *view, const char *user);

/* Is a piece of that ordinal under way? */
gboolean imap_store_has_piece(const imap_mailbox_view *view, guint32 message);

/* Called with each message that has become whole: finished, and in its place in the first pass. */
typedef void (*imap_store_joined)(stored_message *message, void *user);

/* A MESSAGE_START, MESSAGE_END or GAP event of a piece. Returns what is odd about it. */
anomaly_set imap_store_piece(imap_mailbox_view *view, const mail_event *event, packet_info *pinfo,
                             imap_store_joined joined, void *user);

/* A MESSAGE_DATA event of a piece; `record`: the mail_record that shows it, which is told of the message in the end. */
void imap_store_data(imap_mailbox_view *view, const mail_event *event, guint32 frame, gpointer record);

/* The last event of an untagged response: it may say what a part is that was fetched before. */
void imap_store_note(imap_mailbox_view *view, const mail_event *event, packet_info *pinfo, imap_store_joined joined,
                     void *user);

/* What the MESSAGE_END event says of a whole message. */
void imap_store_facts(imap_mailbox_view *view, stored_message *message, const mail_imap *imap);

/* The capture is over: pieces that this connection was the last to fetch come out as far as they go. */
void imap_store_finish(imap_mailbox_view *view, packet_info *pinfo, imap_store_joined joined, void *user);

#endif
