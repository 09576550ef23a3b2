/* tree_session.h
 * The Mail Extra tree: the session as the records tell it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TREE_SESSION_H
#define MAILXTRA_TREE_SESSION_H

#include "stream_call.h"

void tree_session_handoff(void);

/* Draws the records of a call. `tvb`: the frame's bytes of this call. */
void tree_session_draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

#endif
