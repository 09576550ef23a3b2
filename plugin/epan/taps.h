/* taps.h
 * User names and passwords for Tools > Credentials and `-z credentials`.
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

#endif
