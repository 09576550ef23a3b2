/* fuzz_mime_param.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mime_param.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    mime_param_list *list = mime_param_parse((slice){data, size}, NULL);
    for (guint i = 0; i < list->params->len; i++) {
        const mime_param *param = g_ptr_array_index(list->params, i);
        g_assert(g_utf8_validate(param->name, -1, NULL) && g_utf8_validate(param->value, -1, NULL));
    }
    mime_param_list_free(list);
    return 0;
}
