/* conversation_table.h
 * All conversations of the capture that have state here, and which of them a segment belongs to. Most segments of a
 * capture are no mail, and are done with here.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CONVERSATION_TABLE_H
#define MAILXTRA_CONVERSATION_TABLE_H

#include "mail_conversation.h"
#include "tcp_segment_view.h"

/* Once, before anything else. */
void conversation_table_register(void);

/* All conversations are forgotten, while file scope is still there. */
void conversation_table_forget(void);

/* Makes the state of a conversation, between the ends in pinfo. */
mail_conversation *conversation_table_add(conversation_t *conversation, const packet_info *pinfo, mail_protocol hint);

/* The state of Wireshark's conversation; NULL: none. */
mail_conversation *conversation_table_of(const conversation_t *conversation);

/* The conversations in the order in which they were added: how many, and the one with that index. */
guint conversation_table_count(void);
mail_conversation *conversation_table_get(guint index);

/* One more conversation is known as mail: the number of its session, from 1. */
guint32 conversation_table_next_session(void);

/* Finds the conversation of a segment and its state (also when it is known not to be mail), and notes them in the
 * segment. FALSE: none. Called in front of TCP, with the addresses and ports in pinfo; most segments of a capture are
 * done with here, so it is cheap. */
gboolean conversation_table_look_up(packet_info *pinfo, tcp_segment_view *segment);

/* May the segment be mail: has its conversation state here, and is it not known as something else? For use behind TCP,
 * when conversation_table_look_up() may have come too early. */
gboolean conversation_table_may_be_mail(const tcp_segment_view *segment, const conversation_t *conversation);

/* Can there be state for a connection between these two? Says yes too often, and never no wrongly. */
gboolean conversation_table_may_know(const address *source, guint32 source_port, const address *destination,
                                     guint32 destination_port);

#endif
