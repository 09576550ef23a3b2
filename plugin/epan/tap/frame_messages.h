/* frame_messages.h
 * The messages that a frame finishes: what the taps of exports and saving get.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FRAME_MESSAGES_H
#define MAILXTRA_FRAME_MESSAGES_H

#include "message_store.h"

/* Once for a frame, behind its dissection. Packet scope. */
typedef struct frame_messages {
    guint count;
    stored_message **messages;
} frame_messages;

#endif
