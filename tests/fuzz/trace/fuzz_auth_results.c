/* fuzz_auth_results.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "auth_results.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    slice raw = {data, size};
    auth_results_free(auth_results_parse(raw));
    auth_results_free(auth_results_parse_spf(raw));
    dkim_signature_free(dkim_signature_parse(raw));
    return 0;
}
