/* fuzz_mail_recogniser.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_recogniser.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* First byte: hint; second: where side a ends and side b begins. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    slice all = slice_from((slice){data, size}, 2);
    if (size >= 2)
        (void)mail_recogniser_look(slice_head(all, data[1]), slice_from(all, data[1]), data[0] % 4);
    return 0;
}
