/* held_bytes.h
 * Bytes of a stream that cannot be read yet because the other side's answer decides what
 * they are: a queue of bytes and holes. Cost is linear in what goes through it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_HELD_BYTES_H
#define MAILXTRA_HELD_BYTES_H

#include "slice.h"

typedef struct held_bytes held_bytes;

held_bytes *held_bytes_new(void);
void held_bytes_free(held_bytes *held);

/* At the end of the queue: a copy of `bytes`, or a hole of `missing` bytes (0: unknown). */
void held_bytes_append(held_bytes *held, slice bytes);
void held_bytes_append_gap(held_bytes *held, guint64 missing);

gboolean held_bytes_is_empty(const held_bytes *held);
gsize held_bytes_length(const held_bytes *held); /* bytes, holes not counted */

/* The bytes up to the next hole or the end; valid until the next append or clear. */
slice held_bytes_peek(const held_bytes *held);
void held_bytes_skip(held_bytes *held, gsize len);

/* Is a hole the next thing behind what held_bytes_peek() gives? */
gboolean held_bytes_gap_follows(const held_bytes *held);
/* Takes a hole that stands first in the queue. FALSE: bytes (or nothing) stand there. */
gboolean held_bytes_take_gap(held_bytes *held, guint64 *missing_r);

void held_bytes_clear(held_bytes *held);

#endif
