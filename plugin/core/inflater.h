/* inflater.h
 * zlib streams (RFC 1950), bounded.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_INFLATER_H
#define MAILXTRA_INFLATER_H

#include "anomaly.h"
#include "slice.h"

/* At most `limit` bytes of what was compressed. *anomalies gets BAD_COMPRESSED (malformed or cut; what came before
 * is returned) and CONTENT_LIMIT. Never NULL; free with g_byte_array_unref(). */
GByteArray *inflater_unpack(slice packed, gsize limit, anomaly_set *anomalies);

#endif
