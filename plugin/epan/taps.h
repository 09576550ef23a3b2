/* taps.h
 * What listeners get: user names and passwords for Tools > Credentials and `-z credentials`, and, in the tap
 * "mailxtra", the calls of each frame for the tables of Statistics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TAPS_H
#define MAILXTRA_TAPS_H

#include "stream_store.h"

void taps_register(void);

/* Does anybody listen? */
gboolean taps_credentials_are_wanted(void);

/* Tells the credentials tap what the record says, if it says a password (or its digest). */
void taps_credentials(const stream_call *call, const mail_record *record, packet_info *pinfo);

/* What the tap "mailxtra" hands to its listeners: the calls of one frame, in their order, with their records, sessions
 * and messages. One entry for a frame, as Wireshark keeps 5,000 entries of a packet and drops the rest. Valid as long
 * as the packet. */
typedef struct tapped_frame {
    guint count, room;
    const stream_call **calls;
} tapped_frame;

/* Does anybody listen to the tap "mailxtra"? */
gboolean taps_calls_are_wanted(void);

/* Adds a call to the frame's entry in the tap "mailxtra". Once per call and pass. */
void taps_call(const stream_call *call, packet_info *pinfo);

#endif
