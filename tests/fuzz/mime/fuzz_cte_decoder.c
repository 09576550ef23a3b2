/* fuzz_cte_decoder.c
 * The first byte chooses the encoding and where the rest is cut: whole, in two pieces, and with the output taken away
 * in between, the same bytes must come out; a gap must not hurt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cte_decoder.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static GByteArray *decode(mime_encoding encoding, slice in, gsize cut, gboolean gap)
{
    GByteArray *out = g_byte_array_new();
    cte_decoder *decoder = cte_decoder_new(encoding, out);
    cte_decoder_feed(decoder, slice_head(in, cut));
    if (gap)
        cte_decoder_gap(decoder, cut % 7);
    cte_decoder_feed(decoder, slice_from(in, cut));
    cte_decoder_finish(decoder);
    cte_decoder_free(decoder);
    return out;
}

static void take(GByteArray *all, GByteArray *out)
{
    g_byte_array_append(all, out->data, out->len);
    g_byte_array_set_size(out, 0);
}

static GByteArray *decode_taking(mime_encoding encoding, slice in, gsize cut)
{
    GByteArray *out = g_byte_array_new(), *all = g_byte_array_new();
    cte_decoder *decoder = cte_decoder_new(encoding, out);
    cte_decoder_feed(decoder, slice_head(in, cut));
    take(all, out);
    cte_decoder_feed(decoder, slice_from(in, cut));
    take(all, out);
    cte_decoder_finish(decoder);
    take(all, out);
    cte_decoder_free(decoder);
    g_byte_array_unref(out);
    return all;
}

static void assert_same(const GByteArray *a, const GByteArray *b)
{
    g_assert(a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 2)
        return 0;
    slice in = {data + 1, size - 1};
    mime_encoding encoding = (mime_encoding)(data[0] % (MIME_ENCODING_UNKNOWN + 1));
    GByteArray *whole = decode(encoding, in, 0, FALSE), *cut = decode(encoding, in, data[0] % size, FALSE);
    GByteArray *taken = decode_taking(encoding, in, data[0] % size);
    assert_same(whole, cut);
    assert_same(whole, taken);
    g_byte_array_unref(taken);
    g_byte_array_unref(whole);
    g_byte_array_unref(cut);
    g_byte_array_unref(decode(encoding, in, data[0] % size, TRUE));
    return 0;
}
