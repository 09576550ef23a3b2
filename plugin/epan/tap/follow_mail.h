/* follow_mail.h
 * Follow > Mailxtra Stream (`-z follow,mailxtra,...`): the dialogue with what is encoded in it decoded; and the mail
 * dialogue between hosts in Statistics > Flow Graph (`-z flow,mailxtra,...`).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FOLLOW_MAIL_H
#define MAILXTRA_FOLLOW_MAIL_H

#include "ws_compat.h"

void follow_mail_register(int proto);

/* Once all protocols are registered. */
void follow_mail_handoff(int proto);

#endif
