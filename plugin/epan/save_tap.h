/* save_tap.h
 * tshark -z mailxtra,save,DIR[,OPTION...][,FILTER]: every attachment to a file as soon as its message is over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SAVE_TAP_H
#define MAILXTRA_SAVE_TAP_H

#include "message_store.h"

void save_tap_register(void);

gboolean save_tap_is_wanted(void);

/* A message is over in this frame. */
void save_tap_offer(stored_message *stored, packet_info *pinfo);

/* The end of the capture has cut the message. */
void save_tap_at_end(stored_message *stored);

#endif
