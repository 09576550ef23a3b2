/* fuzz_file_type.c
 * Type, archive and what both together say.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "attachment_check.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    slice bytes = {data, size};
    char *name = slice_dup(slice_head(bytes, 64));
    attachment_facts facts = {"application/zip", name, file_type_detect(bytes), NULL, TRUE};
    archive_listing *listing = archive_listing_read(bytes);
    for (guint i = 0; listing && i < listing->members->len; i++) {
        const archive_member *member = g_ptr_array_index(listing->members, i);
        g_assert(g_utf8_validate(member->name, -1, NULL));
    }
    facts.listing = listing;
    g_assert(!(attachment_check(&facts) & ~ATTACHMENT_CHECK_ANOMALIES));
    g_assert((facts.detected.type == NULL) == (size == 0));
    archive_listing_free(listing);
    g_free(name);
    return 0;
}
