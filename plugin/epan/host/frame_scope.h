/* frame_scope.h
 * What belongs to one dissection of a frame: kept in pinfo->pool, found again by every call of that dissection and by
 * the taps behind it. A frame may bring several calls: TLS records, pieces of a segment.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FRAME_SCOPE_H
#define MAILXTRA_FRAME_SCOPE_H

#include "ws_compat.h"

/* Keys of proto data, beside the ids of conversations, which count from 1. */
typedef enum frame_key {
    FRAME_VIEWS = 0x7fffff00, /* tvbs made, by what they show */
    FRAME_ANALYSES,           /* stored_message -> message_analysis */
    FRAME_EVIDENCE,           /* evidence.c */
    FRAME_DRAWING,            /* drawing.c */
    FRAME_FINDINGS,           /* guint: expert infos so far */
    FRAME_CALLS               /* taps.c */
} frame_key;

/* The map of that key, made when it is first needed: pointers to pointers, in pinfo->pool. */
wmem_map_t *frame_scope_map(packet_info *pinfo, frame_key key);

/* The zeroed block of that key, made when it is first needed; *is_new_r (may be NULL) says so. */
void *frame_scope_block(packet_info *pinfo, frame_key key, gsize size, gboolean *is_new_r);

#endif
