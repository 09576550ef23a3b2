/* fuzz_line_scan.c
 * A scan that goes forwards and back finds the lines that a new one finds.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "line_scan.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    slice bytes = {data, size};
    line_scan lines = line_scan_of(bytes);
    gsize before = 0;
    for (gsize at = 0, end; at < size; at = end) {
        line_scan fresh = line_scan_of(bytes);
        end = line_scan_end(&lines, at);
        g_assert(end > at && end <= size);
        g_assert(end == line_scan_end(&fresh, at));
        g_assert(line_scan_end(&lines, before) <= end);
        before = at;
    }
    return 0;
}
