/* boundary_scan.h
 * The fast way over lines of a body that can be no boundary, because none of them begins with "--".
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_BOUNDARY_SCAN_H
#define MAILXTRA_BOUNDARY_SCAN_H

#include "slice.h"

/* No line that begins behind `at` and in front of the result begins with "-"; looks no further than `limit`, and the
 * result is at most that (or at + 1). Lines end as line_scan.h says. */
gsize boundary_scan_plain(slice bytes, gsize at, gsize limit);

/* The last place in [at, to] where a line begins and that can be told without looking beyond it; `at` is one. */
gsize boundary_scan_line_start(slice bytes, gsize at, gsize to);

#endif
