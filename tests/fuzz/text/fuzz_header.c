/* fuzz_header.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "header.h"
#include "limits.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    header_block block = header_read((slice){data, size}, 0, LIMIT_HEADER_FIELDS, NULL, NULL);
    g_assert(block.length <= size);
    g_ptr_array_unref(block.fields);
    return 0;
}
