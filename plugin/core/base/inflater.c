/* inflater.c
 * On zlib itself and not on GIO's converter, which keeps to itself what came out in front of an error. zlib comes with
 * GLib: libglib2.0-dev depends on zlib1g-dev.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "inflater.h"

#include <zlib.h>

enum { OUT_BYTES = 64 * 1024 };

struct inflater {
    z_stream stream;
    guint64 total, limit;
    gboolean over, broken; /* its end was there; nothing more comes out */
    guint8 out[OUT_BYTES];
};

inflater *inflater_new(inflater_format format, guint64 limit)
{
    inflater *inf = g_new0(inflater, 1);
    inf->limit = limit;
    /* negative: no header */
    inf->broken = inflateInit2(&inf->stream, format == INFLATER_RAW ? -MAX_WBITS : MAX_WBITS) != Z_OK;
    return inf;
}

void inflater_free(inflater *inf)
{
    if (!inf)
        return;
    inflateEnd(&inf->stream);
    g_free(inf);
}

gboolean inflater_next(inflater *inf, slice *in, slice *out_r)
{
    gsize take = MIN(in->len, OUT_BYTES), made;
    int result;

    *out_r = SLICE_EMPTY;
    if (inf->broken)
        return FALSE;
    inf->stream.next_in = (Bytef *)in->data;
    inf->stream.avail_in = (uInt)take;
    inf->stream.next_out = inf->out;
    inf->stream.avail_out = OUT_BYTES;
    result = inflate(&inf->stream, Z_SYNC_FLUSH);
    made = OUT_BYTES - inf->stream.avail_out;
    inf->total += made;
    inf->over = result == Z_STREAM_END;
    inf->broken = (result != Z_OK && result != Z_BUF_ERROR) || inf->total > inf->limit;
    *in = slice_from(*in, take - inf->stream.avail_in);
    *out_r = (slice){inf->out, made};
    return made > 0 || !inf->broken;
}

GByteArray *inflater_unpack(slice packed, gsize limit, anomaly_set *anomalies)
{
    GByteArray *out = g_byte_array_new();
    inflater *inf = inflater_new(INFLATER_ZLIB, limit);
    slice made;
    do {
        inflater_next(inf, &packed, &made);
        g_byte_array_append(out, made.data, (guint)MIN(made.len, limit - out->len));
    } while (!inf->broken && (made.len || packed.len));
    if (inf->total > limit)
        *anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
    else if (!inf->over)
        *anomalies |= ANOMALY_BIT(ANOMALY_BAD_COMPRESSED);
    inflater_free(inf);
    return out;
}
