/* fuzz_url_finder.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "url_finder.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check(url_list list)
{
    g_assert(list.urls->len <= LIMIT_URLS);
    for (guint i = 0; i < list.urls->len; i++)
        g_assert(*(const char *)g_ptr_array_index(list.urls, i));
    url_list_clear(&list);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    char *text = g_utf8_make_valid((const char *)data, (gssize)size);
    check(url_finder_text(slice_of(text)));
    check(url_finder_html(slice_of(text)));
    check(url_finder_html((slice){data, size}));
    char *joined = url_finder_unflow(text, size & 1);
    check(url_finder_text(slice_of(joined)));
    g_free(joined);
    g_free(text);
    return 0;
}
