/* fuzz_boundary_scan.c
 * The first byte says how far to look. No line that is passed over begins with a dash, and it stops where a line
 * begins.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "boundary_scan.h"
#include "line_scan.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 2)
        return 0;
    slice bytes = {data + 1, size - 1};
    gsize limit = data[0] & 128 ? bytes.len : (gsize)data[0] * 8;
    gsize plain = boundary_scan_plain(bytes, 0, limit),
          start = boundary_scan_line_start(bytes, 0, MIN(plain, bytes.len));
    g_assert(plain <= MAX(MIN(limit, bytes.len), 1) && start <= plain);
    line_scan lines = line_scan_of(bytes);
    gsize at = 0, end;
    for (; at < start; at = end) {
        end = line_scan_end(&lines, at);
        g_assert(at == 0 || bytes.data[at] != '-');
    }
    g_assert(at == start);
    return 0;
}
