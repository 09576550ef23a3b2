/* byte_rope.c
 * A small rope is a list of chunks, each several times as large as all before it, whose bytes have a place in front of
 * its own. So the last chunk becomes the whole without another block, and most bytes are in their place already. A
 * large rope is one block that doubles: the C library grows large blocks by moving pages, not bytes. Pages that were
 * never written to take up no memory.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "byte_rope.h"

#define FIRST_CHUNK ((gsize)4096)
#define GROWTH 8
#define LARGE ((gsize)4 * 1024 * 1024)

typedef struct chunk {
    struct chunk *before; /* NULL: all is in this one */
    gsize start;          /* bytes in those before, which have room in front */
    gsize used, room;     /* both with `start` */
    guint8 data[];
} chunk;

struct byte_rope {
    chunk *last;
};

byte_rope *byte_rope_new(void)
{
    return g_new0(byte_rope, 1);
}

void byte_rope_free(byte_rope *rope)
{
    if (!rope)
        return;
    while (rope->last) {
        chunk *last = rope->last;
        rope->last = last->before;
        g_free(last);
    }
    g_free(rope);
}

static void add_chunk(byte_rope *rope, gsize wanted)
{
    gsize start = byte_rope_length(rope), room = MAX(start * GROWTH, FIRST_CHUNK) - sizeof(chunk);
    room = MAX(room, start + wanted);
    chunk *made = g_malloc(sizeof *made + room);
    *made = (chunk){.before = rope->last, .start = start, .used = start, .room = room};
    rope->last = made;
}

static void set_room(byte_rope *rope, gsize room)
{
    rope->last = g_realloc(rope->last, sizeof(chunk) + room);
    rope->last->room = room;
}

/* Makes room for `wanted` bytes behind the last one. */
static void grow(byte_rope *rope, gsize wanted)
{
    gsize length = byte_rope_length(rope);
    if (length < LARGE) {
        add_chunk(rope, wanted);
        return;
    }
    byte_rope_whole(rope);
    set_room(rope, length + MAX(length, wanted));
}

void byte_rope_append(byte_rope *rope, slice bytes)
{
    while (bytes.len) {
        chunk *last = rope->last;
        gsize fits = last ? MIN(bytes.len, last->room - last->used) : 0;
        if (fits) {
            memcpy(last->data + last->used, bytes.data, fits);
            last->used += fits;
        }
        bytes = slice_from(bytes, fits);
        if (bytes.len)
            grow(rope, bytes.len);
    }
}

void byte_rope_close(byte_rope *rope)
{
    if (rope->last && rope->last->used < rope->last->room)
        set_room(rope, rope->last->used);
}

gsize byte_rope_length(const byte_rope *rope)
{
    return rope->last ? rope->last->used : 0;
}

slice byte_rope_whole(byte_rope *rope)
{
    chunk *last = rope->last;
    if (!last)
        return SLICE_EMPTY;
    while (last->before) {
        chunk *before = last->before;
        memcpy(last->data + before->start, before->data + before->start, before->used - before->start);
        last->before = before->before;
        g_free(before);
    }
    last->start = 0;
    return (slice){last->data, last->used};
}
