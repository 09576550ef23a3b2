/* fuzz_rfc822_lexer.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rfc822_lexer.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    slice cursor = {data, size};
    g_ptr_array_unref(rfc822_parse_address_list(cursor, NULL));
    rfc822_skip_cfws(&cursor);
    rfc822_take_token(&cursor);
    if (cursor.len && cursor.data[0] == (guint8)34)
        rfc822_take_quoted_string(&cursor, NULL);
    return 0;
}
