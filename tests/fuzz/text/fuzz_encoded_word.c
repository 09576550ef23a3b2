/* fuzz_encoded_word.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "encoded_word.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    char *text = encoded_word_decode((slice){data, size}, NULL);
    g_assert(g_utf8_validate(text, -1, NULL));
    g_assert(!strpbrk(text, "\r\n\t"));
    g_free(text);
    return 0;
}
