/* fuzz_charset.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "charset.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    /* The first line is the name, the rest the bytes. */
    const guint8 *lf = size ? memchr(data, 10, size) : NULL;
    gsize name = lf ? (gsize)(lf - data) : size;
    slice all = {data, size};
    char *text = charset_to_utf8(slice_from(all, name + 1), slice_head(all, name), NULL);
    g_assert(g_utf8_validate(text, -1, NULL));
    g_free(charset_one_line(text));
    return 0;
}
