/* inflater.c
 * On zlib itself and not on GIO's converter, which keeps to itself what came out in front of an error. zlib comes with
 * GLib: libglib2.0-dev depends on zlib1g-dev.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "inflater.h"
#include "limits.h"

#include <zlib.h>

enum { OUT_BYTES = 64 * 1024 };

struct inflater {
    z_stream stream;
    guint64 total;
    gboolean broken;
    guint8 out[OUT_BYTES];
};

inflater *inflater_new(void)
{
    inflater *inf = g_new0(inflater, 1);
    inf->broken = inflateInit2(&inf->stream, -MAX_WBITS) != Z_OK; /* negative: raw deflate, no header */
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
    inf->broken = (result != Z_OK && result != Z_BUF_ERROR) || inf->total > LIMIT_INFLATED_BYTES;
    *in = slice_from(*in, take - inf->stream.avail_in);
    *out_r = (slice){inf->out, made};
    return made > 0 || !inf->broken;
}
