/* dissector_claim.h
 * Which dissector Wireshark calls for a conversation, from which frame on: ours when it is recognised by what it says,
 * TLS behind STARTTLS and STLS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_DISSECTOR_CLAIM_H
#define MAILXTRA_DISSECTOR_CLAIM_H

#include "mail_conversation.h"

typedef struct claim_handles {
    dissector_handle_t tcp; /* what TCP shall call for a conversation recognised by its content */
    dissector_handle_t tls; /* NULL: there is no TLS dissector */
    dissector_handle_t smtp_inside, pop3_inside, imap_inside; /* what TLS shall call with the decrypted bytes */
} claim_handles;

/* Once, at handoff. */
void dissector_claim_set_handles(const claim_handles *handles);

/* The conversation has just been recognised as mail. */
void dissector_claim_take(const mail_conversation *mail);

/* Keeps to what the event of the session, which was not message data, says of TLS. */
void dissector_claim_follow_tls(mail_conversation *mail, const mail_event *event);

#endif
