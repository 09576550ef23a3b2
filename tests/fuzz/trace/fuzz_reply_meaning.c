/* fuzz_reply_meaning.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "reply_meaning.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    reply_meaning(size ? data[0] * 4u : 0, slice_from((slice){data, size}, 1));
    return 0;
}
