/* stock_imf.h
 * Complete messages for Wireshark's IMF dissector, which stock SMTP, POP and IMAP would call as well.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STOCK_IMF_H
#define MAILXTRA_STOCK_IMF_H

#include "message_store.h"

void stock_imf_handoff(void);

/* Is the message handed to IMF in this frame? `message`: may be NULL. */
gboolean stock_imf_is_given(const stored_message *message, const packet_info *pinfo);

/* Has it handed over by drawing_call_others(), if so. `tvb`: of the frame. */
void stock_imf_call(stored_message *message, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree);

/* Does a tap of IMF listen that is fed with mails (Export Objects > IMF)? */
gboolean stock_imf_is_wanted(void);

#endif
