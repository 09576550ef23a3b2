/* fuzz_dot_decoder.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dot_decoder.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static GByteArray *decode(slice all, gsize piece, guint8 mode)
{
    GByteArray *out = g_byte_array_new();
    dot_decoder *decoder = dot_decoder_new();
    stream_cursor in = {SLICE_EMPTY, 0};
    dot_result result = DOT_MORE;
    dot_piece got;

    dot_decoder_start(decoder, mode & 1 ? DOT_BEGIN_MIDDLE : DOT_BEGIN_LINE, mode & 2);
    for (; all.len && result != DOT_END; all = slice_from(all, piece)) {
        in.bytes = slice_head(all, piece);
        while ((result = dot_decoder_next(decoder, &in, &got)) != DOT_MORE && result != DOT_END)
            if (result == DOT_RUN)
                g_byte_array_append(out, got.run.data, (guint)got.run.len);
    }
    if (result != DOT_END && dot_decoder_flush(decoder, &got))
        g_byte_array_append(out, got.run.data, (guint)got.run.len);
    dot_decoder_free(decoder);
    return out;
}

/* First byte: mode; whole and in pieces of one and of three bytes have to give the same. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    slice all = slice_from((slice){data, size}, 1);
    GByteArray *whole = decode(all, size + 1, size ? data[0] : 0);

    for (gsize piece = 1; piece <= 3; piece += 2) {
        GByteArray *pieces = decode(all, piece, size ? data[0] : 0);
        g_assert(whole->len == pieces->len && (whole->len == 0 || memcmp(whole->data, pieces->data, whole->len) == 0));
        g_byte_array_unref(pieces);
    }
    g_byte_array_unref(whole);
    return 0;
}
