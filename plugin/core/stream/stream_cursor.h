/* stream_cursor.h
 * Bytes of one side's stream that are still to be read, and where they stand in it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STREAM_CURSOR_H
#define MAILXTRA_STREAM_CURSOR_H

#include "slice.h"

typedef struct stream_cursor {
    slice bytes;    /* borrowed, not yet read */
    guint64 offset; /* of bytes.data[0] in the stream */
} stream_cursor;

/* Takes the first `len` bytes (at most all) off the cursor and returns them. */
static inline slice stream_cursor_take(stream_cursor *cursor, gsize len)
{
    slice taken = slice_head(cursor->bytes, len);
    cursor->bytes = slice_from(cursor->bytes, taken.len);
    cursor->offset += taken.len;
    return taken;
}

#endif
