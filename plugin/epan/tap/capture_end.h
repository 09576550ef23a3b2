/* capture_end.h
 * The end of the capture, and of a session that Wireshark resets (`tshark -M`, the next file of a ring buffer).
 *
 * In one pass tshark has no frame for the end: messages that it cuts, and what waited for bytes that never came, are
 * given to the listeners here. The others (Wireshark, sharkd, `tshark -2`) end the sessions behind the first pass, and
 * their later passes find everything in the frames.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CAPTURE_END_H
#define MAILXTRA_CAPTURE_END_H

#include "tapped_frame.h"

/* Which frame of a connection decides for a listener with a filter whether it gets what the end brings. */
typedef enum capture_end_rule {
    CAPTURE_END_LAST_FRAME, /* the last one, as that is where later passes find it */
    CAPTURE_END_ANY_FRAME   /* one is enough */
} capture_end_rule;

/* Registers the stores' only cleanup routine, which ends the sessions before it forgets them. Once. */
void capture_end_register(void);

/* A consumer without a filter. `message` (may be NULL) is called at the end for each message that ends there; `forget`
 * (may be NULL) whenever a session that had conversations is over, while its data is still there. Both stay for the
 * life of the program. */
typedef struct capture_end_consumer {
    void (*message)(stored_message *message);
    void (*forget)(void);
} capture_end_consumer;
void capture_end_add_consumer(capture_end_consumer consumer);

/* The call is in the frame's entry of the tap "mailxtra". `is_new`: it is the first one there. */
void capture_end_handed(const stream_call *call, const packet_info *pinfo, gboolean is_new);

/* A listener of the tap "mailxtra", which is `packet` with `tap_data`, got this frame. At the end `packet` is called
 * once more for each connection that says something then, with a frame of its own: no epan_dissect_t, and of the
 * packet_info only num, abs_ts, fd and pool. Both must be valid until then. */
void capture_end_note(tap_packet_cb packet, void *tap_data, const packet_info *pinfo, const tapped_frame *frame,
                      capture_end_rule rule);

/* Something wants to know of the end. Called in a frame, behind the dissection. */
void capture_end_await(void);

/* The capture is over, if there is no later pass. Whatever the end brings has been given to all when this returns; the
 * second time it does nothing. */
void capture_end_finish(void);

#endif
