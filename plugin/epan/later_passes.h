/* later_passes.h
 * Will this capture's frames be dissected again? Wireshark, sharkd and `tshark -2` do, and find what the first pass
 * stored; `tshark` alone looks at each frame once, so that what only a later pass needs is not worth its memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_LATER_PASSES_H
#define MAILXTRA_LATER_PASSES_H

#include "ws_compat.h"

void later_passes_register(void);

/* FALSE: surely not. Asked on the first pass, in the order of the frames; once FALSE, it stays so until the file is
 * closed. */
gboolean later_passes_may_come(const packet_info *pinfo);

#endif
