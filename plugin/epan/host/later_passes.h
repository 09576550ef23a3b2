/* later_passes.h
 * Will this capture's frames be dissected again? Wireshark, sharkd and `tshark -2` do, and find what the first pass
 * stored; `tshark` alone looks at each frame once, so that what only a later pass needs is not worth its memory.
 *
 * For debugging, the environment variable MAILXTRA_LATER_PASSES is a list, separated by commas: "yes" or "no" instead
 * of what is found out, and "show", which prints the decision to standard error when the first frame of mail is read.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_LATER_PASSES_H
#define MAILXTRA_LATER_PASSES_H

#include "ws_compat.h"

/* FALSE: surely not. The same for all frames until the session ends. */
gboolean later_passes_may_come(const packet_info *pinfo);

/* Does the program that reads the capture keep its frames for later passes? Not changed by the environment. FALSE: it
 * does not, or it is not known, or no frame of mail was read so far. */
gboolean later_passes_are_sure(void);

/* The session is over: the next one may be another program's affair. */
void later_passes_forget(void);

#endif
