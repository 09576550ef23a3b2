/* export_object.h
 * File > Export Objects > Mail attachments and Mail messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EXPORT_OBJECT_H
#define MAILXTRA_EXPORT_OBJECT_H

#include "frame_messages.h"

void export_object_register(void);

/* Is one of the two lists open? */
gboolean export_object_is_wanted(void);

/* A message has begun in this frame, or something waits: should the capture end before it does, the lists get what
 * there is. */
void export_object_announce(packet_info *pinfo);

/* Hands the messages of the frame to the lists, when its dissection is over. */
void export_object_offer(const frame_messages *list, packet_info *pinfo);

#endif
