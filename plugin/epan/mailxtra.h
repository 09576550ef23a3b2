/* mailxtra.h
 * What the files of plugin/epan share: protocol ids, handles, the entries.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_H
#define MAILXTRA_H

#include "ws_compat.h"

extern int proto_mailxtra;

/* Registration in two steps, as Wireshark asks for it. */
void mailxtra_register(void);
void mailxtra_handoff(void);

/* Is the protocol switched on in Enabled Protocols? */
gboolean mailxtra_is_enabled(void);

#endif
