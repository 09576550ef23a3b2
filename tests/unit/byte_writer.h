/* byte_writer.h
 * Makes binary inputs for tests: numbers and strings, one after the other.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_BYTE_WRITER_H
#define MAILXTRA_BYTE_WRITER_H

#include "slice.h"

/* `count` bytes of `value`, the least significant first. */
static inline void put_le(GByteArray *out, guint64 value, guint count)
{
    for (guint i = 0; i < count; i++) {
        guint8 byte = (guint8)(value >> (8 * i));
        g_byte_array_append(out, &byte, 1);
    }
}

static inline void put(GByteArray *out, const void *bytes, gsize len)
{
    g_byte_array_append(out, bytes, (guint)len);
}

static inline void put_text(GByteArray *out, const char *text)
{
    put(out, text, strlen(text));
}

static inline slice written(const GByteArray *out)
{
    return (slice){out->data, out->len};
}

#endif
