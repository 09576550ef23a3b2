/* mailxtra.h
 * The protocol Mailxtra as Wireshark knows it: its id, and is it switched on? Includes nothing of plugin/epan but
 * ws_compat.h, so that every file may use it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_H
#define MAILXTRA_H

#include "ws_compat.h"

/* The protocol's id; -1 before mailxtra_register_protocol(). */
extern int proto_mailxtra;

/* Registers the protocol. Once, before anything that needs its id. */
void mailxtra_register_protocol(void);

/* Is the protocol switched on in Enabled Protocols? */
gboolean mailxtra_is_enabled(void);

#endif
