/* fuzz_embedded_file.c
 * The files found lie in the text, in order, and their decoders take them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "embedded_file.h"

#include "cte_decoder.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    gsize at = 0;
    GArray *files = embedded_file_find((slice){data, size}, 100);
    for (guint i = 0; i < files->len; i++) {
        const embedded_file *file = &g_array_index(files, embedded_file, i);
        g_assert(file->offset >= at && file->offset + file->length <= size);
        at = file->offset + file->length;
        GByteArray *out = g_byte_array_new();
        cte_decoder *decoder = cte_decoder_new(file->encoding, out);
        cte_decoder_feed(decoder, slice_head(slice_from((slice){data, size}, file->offset), file->length));
        cte_decoder_finish(decoder);
        cte_decoder_free(decoder);
        g_byte_array_unref(out);
    }
    g_array_unref(files);
    return 0;
}
