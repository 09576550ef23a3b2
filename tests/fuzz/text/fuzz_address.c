/* fuzz_address.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "address.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    slice raw = {data, size};
    GPtrArray *list = address_list_parse(raw);
    for (guint i = 0; i < list->len; i++) {
        const mail_address *address = g_ptr_array_index(list, i);
        address_is_rewritten(address);
        if (address->domain) {
            g_assert(strlen(address_organisation(address->domain)) <= strlen(address->domain));
            address_is_public_name(address->domain);
        }
        address_free(address_in_text(address->local));
    }
    g_ptr_array_unref(list);
    address_free(address_parse(raw));
    char *ip = NULL;
    g_assert((address_ip(raw, &ip) == ADDRESS_NO_IP) == (ip == NULL));
    g_free(ip);
    return 0;
}
