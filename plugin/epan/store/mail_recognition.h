/* mail_recognition.h
 * Is a conversation mail, which protocol, and who is the client? Undecided bytes wait in a mail_opening; from the
 * decision on they are fed to a mail_session, whose events become records.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_RECOGNITION_H
#define MAILXTRA_MAIL_RECOGNITION_H

#include "mail_conversation.h"
#include "tcp_segment_view.h"

/* A new undecided conversation. `hint`: the protocol that its port stands for, or NONE. First pass. */
mail_conversation *mail_recognition_begin(conversation_t *conversation, const packet_info *pinfo, mail_protocol hint);

/* The same of a connection that this segment is the first known one of: where its streams begin, and who began, as far
 * as the handshake is known. */
mail_conversation *mail_recognition_begin_tcp(conversation_t *conversation, packet_info *pinfo,
                                              const tcp_segment_view *segment, mail_protocol hint);

/* May a conversation without state, on a port that stands for no protocol, be mail, by this segment? A connection whose
 * beginning was seen is looked at from its beginning only: text about mail in the middle of another protocol is no mail
 * session. */
gboolean mail_recognition_is_worth_a_look(conversation_t *conversation, packet_info *pinfo,
                                          const tcp_segment_view *segment);

/* A refused conversation (VERDICT_NOT_MAIL) that this segment, which is plainly mail, makes undecided again. FALSE: it
 * stays refused. */
gboolean mail_recognition_look_again(mail_conversation *mail, packet_info *pinfo, const tcp_segment_view *segment);

/* The next bytes of a flow, in order; its end. During a call of mail->records. */
void mail_recognition_bytes(mail_conversation *mail, int flow, slice bytes);
void mail_recognition_end(mail_conversation *mail, int flow);

#endif
