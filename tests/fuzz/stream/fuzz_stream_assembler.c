/* fuzz_stream_assembler.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stream_assembler.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

/* What the header promises of the sink: every byte once, in order, and nothing behind the end. */
typedef struct heard {
    guint64 next[2];
    gboolean ended[2];
    guint64 sum;
} heard;

static void on_bytes(int side, guint64 offset, slice bytes, void *user)
{
    heard *h = user;
    g_assert(offset == h->next[side] && bytes.len > 0);
    h->next[side] += bytes.len;
    for (gsize i = 0; i < bytes.len; i++)
        h->sum += bytes.data[i];
}

static void on_gap(int side, guint64 offset, guint64 missing, void *user)
{
    heard *h = user;
    g_assert(offset == h->next[side] && missing > 0);
    h->next[side] += missing;
}

static void on_end(int side, void *user)
{
    heard *h = user;
    g_assert(!h->ended[side]);
    h->ended[side] = TRUE;
}

static guint32 number(const guint8 *data)
{
    return (guint32)data[0] << 24 | (guint32)data[1] << 16 | (guint32)data[2] << 8 | data[3];
}

enum { HEAD = 12 };

/* Segments: flags and side, time step, how much of the payload was captured, its length, seq, ack (small ones are
 * offsets from 0, which wrap); the payload is the bytes that follow, and is not used up. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    static const stream_sink sink = {on_bytes, on_gap, on_end};
    heard h = {0};
    guint64 time = 0;
    stream_assembler *assembler = stream_assembler_new(&sink, &h);
    for (slice rest = {data, size}; rest.len >= HEAD; rest = slice_from(rest, HEAD)) {
        const guint8 *b = rest.data;
        slice payload = slice_head(slice_from(rest, HEAD), b[2]);
        guint32 length = (guint32)payload.len + b[3] % 4 * 100;
        stream_segment segment = {b[0] >> 7, b[0] & 15, number(b + 4),    number(b + 8),
                                  payload,   length,    time += b[1] * 16};
        stream_assembler_segment(assembler, &segment);
        if (b[0] & 16)
            stream_assembler_expect_disorder(assembler);
    }
    stream_assembler_flush(assembler);
    g_assert(!stream_assembler_is_waiting(assembler));
    stream_assembler_free(assembler);
    return 0;
}
