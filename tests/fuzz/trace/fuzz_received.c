/* fuzz_received.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "received.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    received_trace *trace = received_parse((slice){data, size});
    const char *const texts[] = {trace->from, trace->rdns, trace->ip, trace->by, trace->with, trace->id, trace->for_mailbox};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_assert(!texts[i] || g_utf8_validate(texts[i], -1, NULL));
    received_is_smtp(trace);
    received_free(trace);
    return 0;
}
