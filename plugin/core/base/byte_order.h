/* byte_order.h
 * Numbers out of a slice, bounds checked: what is beyond the end reads as 0.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_BYTE_ORDER_H
#define MAILXTRA_BYTE_ORDER_H

#include "slice.h"

/* `count` (at most 8) bytes at `at`, the least significant first. */
static inline guint64 slice_le(slice s, gsize at, guint count)
{
    guint64 value = 0;
    if (at > s.len || s.len - at < count)
        return 0;
    for (guint i = count; i-- > 0;)
        value = value << 8 | s.data[at + i];
    return value;
}

static inline guint16 slice_le16(slice s, gsize at)
{
    return (guint16)slice_le(s, at, 2);
}

static inline guint32 slice_le32(slice s, gsize at)
{
    return (guint32)slice_le(s, at, 4);
}

static inline guint64 slice_le64(slice s, gsize at)
{
    return slice_le(s, at, 8);
}

static inline guint32 slice_be32(slice s, gsize at)
{
    return GUINT32_SWAP_LE_BE(slice_le32(s, at));
}

static inline guint16 slice_be16(slice s, gsize at)
{
    return GUINT16_SWAP_LE_BE(slice_le16(s, at));
}

/* Do these bytes stand at `at`? */
static inline gboolean slice_has(slice s, gsize at, const void *bytes, gsize len)
{
    return at <= s.len && s.len - at >= len && memcmp(s.data + at, bytes, len) == 0;
}

#endif
