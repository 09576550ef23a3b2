/* yenc.h
 * yEnc 1.3 (http://www.yenc.org/yenc-draft.1.3.txt): a file between "=ybegin" and "=yend" lines. Fed in any
 * split, with the same result.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_YENC_H
#define MAILXTRA_YENC_H

#include "anomaly.h"
#include "slice.h"

typedef struct yenc_decoder yenc_decoder;

/* A decoder that appends the first file to `out` (borrowed). */
yenc_decoder *yenc_decoder_new(GByteArray *out);
void yenc_decoder_free(yenc_decoder *decoder);

void yenc_decoder_feed(yenc_decoder *decoder, slice bytes);

/* Bytes are lost here: picks up with the next byte, since every line stands for itself. */
void yenc_decoder_gap(yenc_decoder *decoder);

/* BAD_YENC: no begin or end line, or size or CRC are not what they say. */
anomaly_set yenc_decoder_finish(yenc_decoder *decoder);

/* The value of `key` ("name", "size", ...) in a "=ybegin" or "=yend" line; a name reaches to the end of the
 * line. Empty: none. Borrowed. */
slice yenc_value(slice line, const char *key);

#endif
