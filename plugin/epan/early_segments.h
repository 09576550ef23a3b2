/* early_segments.h
 * Connections whose handshake was captured and whose first bytes were not, yet. On a port that promises
 * nothing the first bytes decide whether a connection is mail; a segment captured before them has to be kept until they
 * come, and TCP hands it to nobody.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EARLY_SEGMENTS_H
#define MAILXTRA_EARLY_SEGMENTS_H

#include "stream_store.h"

void early_segments_register(void);

/* For each segment of a connection that is not known as mail, first pass, ports and addresses in pinfo: TRUE when it
 * brings bytes of a side of which the SYN was seen and the first byte was not. Once per side. Costs a look at an empty
 * table where no connection has just begun. */
gboolean early_segments_is_ahead(const packet_info *pinfo, const tcp_segment_view *segment);

#endif
