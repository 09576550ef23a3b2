/* evidence.h
 * What a call brings to whoever keeps, lists or counts: exports, files that are saved, credentials, tables. It comes in
 * front of all drawing, draws nothing and calls no other dissector, so nothing that ends a drawing can stop it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EVIDENCE_H
#define MAILXTRA_EVIDENCE_H

#include "stream_call.h"

/* Does an export list, a saver, a table or a list of credentials listen? */
gboolean evidence_is_wanted(void);

/* Hands the call to all taps. Once for a call and pass. */
void evidence_collect(stream_call *call, packet_info *pinfo);

/* Fills the columns Protocol and Info of the call. `tvb`: the frame's bytes of the call. */
void evidence_fill_columns(stream_call *call, tvbuff_t *tvb, packet_info *pinfo);

#endif
