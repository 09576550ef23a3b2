/* fuzz_part_content.c
 * TNEF, compressed RTF and CMS, and what is inside of each other. The first byte says as what the rest is declared.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "part_content.h"
#include "rtf_compressed.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void open_all(const mime_part *part, slice bytes, part_budget *budget)
{
    part_content *content = part_content_open(part, bytes, budget);
    part_content_protection(part, bytes);
    for (guint i = 0; content && i < content->parts->len; i++) {
        const derived_part *derived = g_ptr_array_index(content->parts, i);
        g_assert(derived->part.path && derived->part.type);
        g_assert(!derived->part.filename || g_utf8_validate(derived->part.filename, -1, NULL));
        open_all(&derived->part, derived->bytes, budget);
        for (guint k = 0; derived->message && k < derived->message->parts->len; k++) {
            const mime_part *inner = g_ptr_array_index(derived->message->parts, k);
            if (inner->children)
                continue;
            GByteArray *decoded = mime_part_decode(derived->message, inner, NULL);
            open_all(inner, (slice){decoded->data, decoded->len}, budget);
            g_byte_array_unref(decoded);
        }
    }
    part_content_close(content, budget);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static const char *const types[] = {"application/pkcs7-mime", "application/ms-tnef", "text/plain"};
    part_budget budget = {0};
    anomaly_set met = 0;
    if (size == 0)
        return 0;
    slice bytes = {data + 1, size - 1};
    mime_part part = {.type = (char *)types[data[0] % G_N_ELEMENTS(types)], .path = (char *)"1", .complete = TRUE};
    open_all(&part, bytes, &budget);
    g_assert(budget.depth == 0);
    GByteArray *rtf = rtf_compressed_unpack(bytes, LIMIT_INFLATED_BYTES, &met);
    if (rtf)
        g_byte_array_unref(rtf);
    return 0;
}
