/* fuzz_base64_lines.c
 * Vectors and plain C give the same bytes and say the same of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base64_lines.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    guint8 *fast = g_malloc(base64_lines_room(size)), *plain = g_malloc(base64_lines_room(size));
    base64_lines a = {.at = data, .stop = data + size, .out = fast},
                 b = {.at = data, .stop = data + size, .out = plain};
    base64_lines_decode(&a);
    base64_lines_decode_plain(&b);
    gsize len = (gsize)(a.out - fast);
    g_assert(len == (gsize)(b.out - plain) && memcmp(fast, plain, len) == 0);
    g_assert(a.at == b.at && a.column == b.column && a.any_line == b.any_line && !a.standard == !b.standard);
    g_free(fast);
    g_free(plain);
    return 0;
}
