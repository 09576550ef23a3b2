/* inflater.c
 * By GIO, which is a part of GLib and has zlib inside.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "inflater.h"

#include <gio/gio.h>

enum { CHUNK_BYTES = 64 * 1024 };

GByteArray *inflater_unpack(slice packed, gsize limit, anomaly_set *anomalies)
{
    GByteArray *out = g_byte_array_new();
    GConverter *converter = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB));
    GConverterResult result = G_CONVERTER_CONVERTED;
    guint8 *chunk = g_malloc(CHUNK_BYTES);
    gboolean full = FALSE;
    while (result == G_CONVERTER_CONVERTED && !full) {
        gsize read = 0, made = 0, room = limit - out->len;
        result = g_converter_convert(converter, packed.data, packed.len, chunk, CHUNK_BYTES, G_CONVERTER_INPUT_AT_END,
                                     &read, &made, NULL);
        full = made > room;
        g_byte_array_append(out, chunk, (guint)MIN(made, room));
        packed = slice_from(packed, read);
    }
    if (full)
        *anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
    else if (result != G_CONVERTER_FINISHED)
        *anomalies |= ANOMALY_BIT(ANOMALY_BAD_COMPRESSED);
    g_free(chunk);
    g_object_unref(converter);
    return out;
}
