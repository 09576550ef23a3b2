/* guarded_call.h
 * Calls into other dissectors with bytes that came out of a mail: whatever they throw or
 * write into the columns stays there.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_GUARDED_CALL_H
#define MAILXTRA_GUARDED_CALL_H

#include "ws_compat.h"

/* Calls `handle`; an exception becomes the usual [Malformed Packet] item of that dissector. */
void guarded_call(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data);

#endif
