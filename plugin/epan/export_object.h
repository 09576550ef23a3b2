/* export_object.h
 * File > Export Objects > Mail attachments and Mail messages.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_EXPORT_OBJECT_H
#define MAILXTRA_EXPORT_OBJECT_H

#include "message_store.h"

void export_object_register(void);

/* Is one of the two lists open? */
gboolean export_object_is_wanted(void);

/* Is the part one that "Mail attachments" offers? Policy: docs/architecture.md, and the preference. */
gboolean export_object_is_attachment(const mime_part *part);

/* A message has begun in this frame: should the capture end before it does, the lists get what there is. */
void export_object_announce(packet_info *pinfo);

/* Tells the lists of a finished message and its attachments. */
void export_object_offer(stored_message *stored, const mime_message *mime, packet_info *pinfo);

/* The capture is over: what it has cut goes to the lists and to save_tap. Once per capture. */
void export_object_finish(void);

#endif
