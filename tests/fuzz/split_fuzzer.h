/* split_fuzzer.h
 * A fuzzer of a decoder with the functions NAME_new, _feed, _gap, _finish, _free. The first byte says where the rest is
 * cut: whole and in two pieces the same bytes must come out; a gap must not hurt.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SPLIT_FUZZER_H
#define MAILXTRA_SPLIT_FUZZER_H

#include "slice.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

#define SPLIT_FUZZER(name)                                                                                             \
    static GByteArray *decode(slice in, gsize cut, gboolean gap)                                                       \
    {                                                                                                                  \
        GByteArray *out = g_byte_array_new();                                                                          \
        name##_decoder *decoder = name##_decoder_new(out);                                                             \
        name##_decoder_feed(decoder, slice_head(in, cut));                                                             \
        if (gap)                                                                                                       \
            name##_decoder_gap(decoder);                                                                               \
        name##_decoder_feed(decoder, slice_from(in, cut));                                                             \
        name##_decoder_finish(decoder);                                                                                \
        name##_decoder_free(decoder);                                                                                  \
        return out;                                                                                                    \
    }                                                                                                                  \
                                                                                                                       \
    int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)                                                         \
    {                                                                                                                  \
        if (size < 2)                                                                                                  \
            return 0;                                                                                                  \
        slice in = {data + 1, size - 1};                                                                               \
        GByteArray *whole = decode(in, 0, FALSE), *cut = decode(in, data[0] % size, FALSE);                            \
        g_assert(whole->len == cut->len && (whole->len == 0 || memcmp(whole->data, cut->data, cut->len) == 0));        \
        g_byte_array_unref(whole);                                                                                     \
        g_byte_array_unref(cut);                                                                                       \
        g_byte_array_unref(decode(in, data[0] % size, TRUE));                                                          \
        return 0;                                                                                                      \
    }

#endif
