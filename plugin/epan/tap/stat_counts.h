/* stat_counts.h
 * Counts (`-z mailxtra,tree`) and response times by command (`-z mailxtra,srt`), and both in the GUI under Statistics.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STAT_COUNTS_H
#define MAILXTRA_STAT_COUNTS_H

#include "ws_compat.h"

void stat_counts_register(int proto);

#endif
