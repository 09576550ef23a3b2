/* byte_rope.h
 * Bytes that come in pieces and are kept. They are put into one block only when somebody wants to see them as one,
 * or when they are so many that growing the block costs less.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_BYTE_ROPE_H
#define MAILXTRA_BYTE_ROPE_H

#include "slice.h"

typedef struct byte_rope byte_rope;

byte_rope *byte_rope_new(void);
void byte_rope_free(byte_rope *rope);

/* A copy of `bytes` at the end. */
void byte_rope_append(byte_rope *rope, slice bytes);

/* Nothing more will come: room that was not needed is given back. */
void byte_rope_close(byte_rope *rope);

gsize byte_rope_length(const byte_rope *rope);

/* All bytes in one block, valid until the next append. The first time some of them are moved there, piece by piece, so
 * that they do not take up memory twice. */
slice byte_rope_whole(byte_rope *rope);

#endif
