/* inflater.h
 * The stream of COMPRESS=DEFLATE (RFC 4978): raw deflate (RFC 1951), inflated as it comes in.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_INFLATER_H
#define MAILXTRA_INFLATER_H

#include "slice.h"

typedef struct inflater inflater;

inflater *inflater_new(void);
void inflater_free(inflater *inflater);

/* Inflates from the front of *in, which moves behind what was used. *out_r: the next bytes, at most some 64 KiB, valid
 * until the next call; empty: *in is used up and more is needed. FALSE: the stream is broken, over, or beyond
 * LIMIT_INFLATED_BYTES; from then on always. */
gboolean inflater_next(inflater *inflater, slice *in, slice *out_r);

#endif
