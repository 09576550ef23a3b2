/* early_segments.h
 * Connections whose handshake was captured and whose first bytes were not, yet. On a port that promises
 * nothing the first bytes decide whether a connection is mail; a segment captured before them has to be kept until they
 * come, and TCP hands it to nobody. On every port the handshake says where a stream begins; TCP does not remember that
 * when any other segment of the connection was captured in front of it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EARLY_SEGMENTS_H
#define MAILXTRA_EARLY_SEGMENTS_H

#include "tcp_segment_view.h"

void early_segments_register(void);

/* A SYN of a connection that is not known as mail, first pass, ports and addresses in pinfo. */
void early_segments_note_syn(const packet_info *pinfo, const tcp_segment_view *segment);

typedef enum early_place { EARLY_NOT, EARLY_FIRST, EARLY_AHEAD } early_place;

/* For each segment with bytes of such a connection on a port that promises nothing: does it bring the first byte of a
 * side of which the SYN was seen, or is it ahead of that byte, which was not seen? Costs a look at an empty table where
 * no connection has just begun. */
early_place early_segments_place(const packet_info *pinfo, const tcp_segment_view *segment);

/* The sequence number of the first byte of the segment's sender (or receiver), if the SYN was seen and no byte before
 * this segment. Once; asked when the connection's state is made. FALSE: not known. */
gboolean early_segments_take_start(const packet_info *pinfo, const tcp_segment_view *segment, gboolean of_sender,
                                   guint32 *seq_r);

#endif
