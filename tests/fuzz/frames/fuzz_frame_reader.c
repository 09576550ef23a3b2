/* fuzz_frame_reader.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "frame_reader.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

enum { HEAD = 4 };

/* What the header says of a segment: its payload lies in the frame or in a datagram, and can be read. */
static guint64 check(const frame_segment *segment)
{
    guint64 sum = 0;
    g_assert(segment->payload.len <= segment->length);
    g_assert(segment->source.size == 4 || segment->source.size == 16);
    g_assert(segment->source.size == segment->destination.size);
    for (gsize i = 0; i < segment->payload.len; i++)
        sum += segment->payload.data[i];
    return sum;
}

/* Frames: link type, bytes captured (two bytes), bytes that the snapshot length cut; each in a block of its own. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    static const guint links[] = {
        FRAME_LINK_ETHERNET, FRAME_LINK_RAW,   FRAME_LINK_NULL,       FRAME_LINK_LINUX_SLL, FRAME_LINK_LINUX_SLL2,
        FRAME_LINK_PPP,      FRAME_LINK_PPPOE, FRAME_LINK_CISCO_HDLC, FRAME_LINK_LOOP,      147,
    };
    static volatile guint64 sum;
    frame_reader *reader = frame_reader_new();
    guint64 time = 0;
    for (slice rest = {data, size}; rest.len >= HEAD;) {
        const guint8 *head = rest.data;
        slice bytes = slice_head(slice_from(rest, HEAD), (gsize)(head[1] << 8 | head[2]));
        guint8 *copy = g_malloc(MAX(bytes.len, 1));
        if (bytes.len)
            memcpy(copy, bytes.data, bytes.len);
        const frame next = {
            links[head[0] % G_N_ELEMENTS(links)], {copy, bytes.len}, (guint32)bytes.len + head[3], time += head[0]};
        frame_segment segment;
        if (frame_reader_read(reader, &next, &segment) == FRAME_SEGMENT)
            sum += check(&segment);
        g_free(copy);
        rest = slice_from(rest, HEAD + bytes.len);
    }
    frame_reader_free(reader);
    return 0;
}
