/* tcp_watch.h
 * A look at every TCP segment, also those that TCP does not hand to its subdissectors
 * (retransmitted and out-of-order ones, bare acknowledgements), whatever the user's TCP
 * preferences are, and without changing any of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TCP_WATCH_H
#define MAILXTRA_TCP_WATCH_H

#include "tcp_segment_view.h"

/* Called behind TCP, for a segment of a mail conversation that was not `used` yet. */
typedef void (*tcp_watch_behind)(conversation_t *conversation, tcp_segment_view *segment, packet_info *pinfo,
                                 proto_tree *tree);

/* Called in front of TCP, for a segment with payload or SYN of a conversation that conversation_table does not know;
 * may claim it. */
typedef void (*tcp_watch_before)(tcp_segment_view *segment, packet_info *pinfo);

/* Puts itself between IP and TCP. Once, at handoff. */
void tcp_watch_install(tcp_watch_before before, tcp_watch_behind behind);

/* The segment that TCP is dissecting in this frame; NULL when TCP was not called through here. */
tcp_segment_view *tcp_watch_current(const packet_info *pinfo);

/* The segment's payload as a tvb of the frame, to draw on. */
tvbuff_t *tcp_watch_payload(const tcp_segment_view *segment);

#endif
