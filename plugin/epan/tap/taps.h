/* taps.h
 * What listeners get: user names and passwords for Tools > Credentials and `-z credentials`, and, in the tap
 * "mailxtra", the calls of each frame for the tables of Statistics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TAPS_H
#define MAILXTRA_TAPS_H

#include "tapped_frame.h"

void taps_register(void);

/* Does anybody listen? */
gboolean taps_credentials_are_wanted(void);

/* Tells the credentials tap what the record says, if it says a password (or its digest). */
void taps_credentials(const stream_call *call, const mail_record *record, packet_info *pinfo);

/* Does anybody listen to the tap "mailxtra"? */
gboolean taps_calls_are_wanted(void);

/* Adds a call to the frame's entry in the tap "mailxtra". Once per call and pass. */
void taps_call(const stream_call *call, packet_info *pinfo);

#endif
