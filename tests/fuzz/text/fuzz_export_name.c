/* fuzz_export_name.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "export_name.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    char *wanted = g_strndup((const char *)data, size);
    char *name = export_name_safe(wanted, NULL);
    g_assert(!name || (*name && *name != 46 && !strpbrk(name, "/\\\\:\r\n") && g_utf8_validate(name, -1, NULL)));
    g_free(export_name_for_part(wanted, wanted, wanted));
    g_free(name);
    g_free(wanted);
    return 0;
}
