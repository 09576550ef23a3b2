/* tapped_frame.h
 * What the tap "mailxtra" hands to its listeners.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TAPPED_FRAME_H
#define MAILXTRA_TAPPED_FRAME_H

#include "stream_call.h"

/* The calls of one frame, in their order, with their records, sessions and messages. One entry for a frame, as
 * Wireshark keeps 5,000 entries of a packet and drops the rest. Valid as long as the packet. */
typedef struct tapped_frame {
    guint count, room;
    const stream_call **calls;
} tapped_frame;

#endif
