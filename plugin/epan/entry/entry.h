/* entry.h
 * The registration of everything in plugin/epan, in two steps, as Wireshark calls them: protocols and fields first,
 * tables of dissectors when all protocols are registered.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_ENTRY_H
#define MAILXTRA_ENTRY_H

/* Once each, in this order. */
void entry_register(void);
void entry_handoff(void);

#endif
