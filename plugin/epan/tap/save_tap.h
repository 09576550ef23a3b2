/* save_tap.h
 * tshark -z mailxtra,save,DIR[,OPTION...][,FILTER]: every attachment to a file as soon as its message is over.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SAVE_TAP_H
#define MAILXTRA_SAVE_TAP_H

#include "frame_messages.h"

void save_tap_register(void);

gboolean save_tap_is_wanted(void);

/* Hands the messages of the frame over, when its dissection is over. */
void save_tap_offer(const frame_messages *messages, packet_info *pinfo);

#endif
