/* inflater.h
 * Deflate (RFC 1951), bounded: as a stream comes in (COMPRESS=DEFLATE, RFC 4978), or all at once (RFC 1950).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_INFLATER_H
#define MAILXTRA_INFLATER_H

#include "anomaly.h"
#include "slice.h"

typedef struct inflater inflater;

typedef enum inflater_format {
    INFLATER_RAW, /* RFC 1951 */
    INFLATER_ZLIB /* RFC 1950: with its header and checksum */
} inflater_format;

/* `limit`: bytes that the stream may become. */
inflater *inflater_new(inflater_format format, guint64 limit);
void inflater_free(inflater *inflater); /* NULL is allowed */

/* Inflates from the front of *in, which moves behind what was used. *out_r: the next bytes, at most some 64 KiB, valid
 * until the next call; empty: *in is used up and more is needed. FALSE: the stream is broken, over, or beyond its
 * limit; from then on always. */
gboolean inflater_next(inflater *inflater, slice *in, slice *out_r);

/* At most `limit` bytes of what was compressed with zlib. *anomalies gets BAD_COMPRESSED (malformed or cut; what came
 * before is returned) and CONTENT_LIMIT. Never NULL; free with g_byte_array_unref(). */
GByteArray *inflater_unpack(slice packed, gsize limit, anomaly_set *anomalies);

#endif
