/* boundary_scan.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "boundary_scan.h"

/* Bytes compared at once, with the compiler's vector types: one instruction where the machine has it. */
typedef guint8 byte_vector __attribute__((vector_size(16)));
enum { VECTORS_IN_BLOCK = 8, BLOCK_BYTES = VECTORS_IN_BLOCK * (int)sizeof(byte_vector) };

/* How far ahead memory is asked for: a mail of some megabytes is not in the cache any more when it is over. */
enum { AHEAD = 1024 };

static gboolean is_nothing(byte_vector v)
{
    guint64 halves[2];
    memcpy(halves, &v, sizeof halves);
    return !(halves[0] | halves[1]);
}

/* base64 has no dash at all. */
static gboolean has_dash(const guint8 *block)
{
    byte_vector met = {0};
    __builtin_prefetch((const void *)((guintptr)block + AHEAD));
    __builtin_prefetch((const void *)((guintptr)block + AHEAD + 64));
    for (int i = 0; i < VECTORS_IN_BLOCK; i++) {
        byte_vector byte;
        memcpy(&byte, block + i * (int)sizeof byte, sizeof byte);
        met |= (byte_vector)(byte == '-');
    }
    return !is_nothing(met);
}

/* The byte in front of the block is looked at, too. */
static gboolean has_dash_at_line_start(const guint8 *block)
{
    byte_vector met = {0};
    for (int i = 0; i < VECTORS_IN_BLOCK; i++) {
        byte_vector byte, before;
        memcpy(&byte, block + i * (int)sizeof byte, sizeof byte);
        memcpy(&before, block + i * (int)sizeof byte - 1, sizeof before);
        met |= (byte_vector)(byte == '-') & (byte_vector)((before == '\n') | (before == '\r'));
    }
    return !is_nothing(met);
}

gsize boundary_scan_plain(slice bytes, gsize at, gsize limit)
{
    const guint8 *block = bytes.data + at + 1, *stop = bytes.data + MIN(limit, bytes.len);
    while (stop - block >= BLOCK_BYTES && (!has_dash(block) || !has_dash_at_line_start(block)))
        block += BLOCK_BYTES;
    return (gsize)(block - bytes.data);
}

gsize boundary_scan_line_start(slice bytes, gsize at, gsize to)
{
    for (; to > at; to--) {
        guint8 before = bytes.data[to - 1], next = to < bytes.len ? bytes.data[to] : '\n';
        if (before == '\n' || (before == '\r' && next != '\r' && next != '\n'))
            return to;
    }
    return at;
}
