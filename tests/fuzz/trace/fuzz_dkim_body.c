/* fuzz_dkim_body.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dkim_body.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* The first byte says where the body is cut in two; both ways must give the same hash. */
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size == 0)
        return 0;
    slice bytes = {data + 1, size - 1};
    gsize cut = data[0];
    for (int canon = DKIM_CANON_SIMPLE; canon <= DKIM_CANON_RELAXED; canon++) {
        dkim_body *whole = dkim_body_new((dkim_canon)canon, G_CHECKSUM_SHA256, DKIM_BODY_NO_LIMIT);
        dkim_body *halves = dkim_body_new((dkim_canon)canon, G_CHECKSUM_SHA256, DKIM_BODY_NO_LIMIT);
        dkim_body_feed(whole, bytes);
        dkim_body_feed(halves, slice_head(bytes, cut));
        dkim_body_feed(halves, slice_from(bytes, cut));
        char *a = dkim_body_finish(whole), *b = dkim_body_finish(halves);
        g_assert_cmpstr(a, ==, b);
        g_free(a);
        g_free(b);
    }
    return 0;
}
