/* imap_identity.h
 * Which message of an IMAP server is it? A key is text that is the same for the same message in all sessions of the
 * capture, as far as the sessions say which it is, and differs for any other message.
 *
 * Lines of a key, by what is known:
 *   server, user, mailbox, UIDVALIDITY, UID   the message, in every session with that server (RFC 9051 2.3.1.1)
 *   session, mailbox, UID                     UIDVALIDITY or the mailbox is not known: in this session
 *   session, "#" epoch, sequence number       UID is not known: in this session, as long as its number means it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_IDENTITY_H
#define MAILXTRA_IMAP_IDENTITY_H

#include "mail_event.h"

/* Whose mailboxes a session reads. Borrowed. */
typedef struct imap_viewer {
    guint32 session;    /* unique among the capture's sessions */
    const char *server; /* address as text */
    const char *user;   /* who is logged in; "": not known */
} imap_viewer;

/* The key of the message that `imap` names. g_free() it. NULL: nothing is known of it. */
char *imap_identity_key(const imap_viewer *viewer, const mail_imap *imap);

/* The key that the message of `imap`, which has a UID, had while only its number was known. g_free() it. NULL: its
 * number is not known, or `imap` has no UID. */
char *imap_identity_key_by_number(const imap_viewer *viewer, const mail_imap *imap);

/* Mailbox, UIDVALIDITY and UID that the key was made of, for keys that are the same in every session; others leave
 * *imap_r as it is. The mailbox is borrowed from the key. */
void imap_identity_split(const char *key, mail_imap *imap_r);

/* Is the MESSAGE_* event about a piece of a mail, and not about a whole mail? */
gboolean imap_identity_is_piece(const mail_event *event);

/* What an object of a message is: fetched twice, with the same bytes, it is one object. `path`: the part's; "": the
 * message itself. `sha256`: of its bytes; "": whatever they are. g_free() it. */
char *imap_identity_of_object(const char *key, const char *path, const char *sha256);

#endif
