/* byte_rope.c
 * Chunks double in size, up to a bound from which a larger one would save nothing.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "byte_rope.h"

#define FIRST_CHUNK ((gsize)4096)
#define LAST_CHUNK ((gsize)4 * 1024 * 1024)

typedef struct chunk {
    struct chunk *next;
    gsize used, room;
    guint8 data[];
} chunk;

struct byte_rope {
    gsize length;
    chunk *first;
    chunk **last; /* the link to the last chunk */
};

byte_rope *byte_rope_new(void)
{
    byte_rope *rope = g_new0(byte_rope, 1);
    rope->last = &rope->first;
    return rope;
}

void byte_rope_free(byte_rope *rope)
{
    if (!rope)
        return;
    while (rope->first) {
        chunk *first = rope->first;
        rope->first = first->next;
        g_free(first);
    }
    g_free(rope);
}

static chunk *new_chunk(gsize room)
{
    chunk *made = g_malloc(sizeof *made + room);
    made->next = NULL;
    made->used = 0;
    made->room = room;
    return made;
}

static void add_chunk(byte_rope *rope, gsize wanted)
{
    gsize room = CLAMP(rope->length, FIRST_CHUNK, LAST_CHUNK) - sizeof(chunk);
    if (*rope->last)
        rope->last = &(*rope->last)->next;
    *rope->last = new_chunk(MAX(room, wanted));
}

void byte_rope_append(byte_rope *rope, slice bytes)
{
    chunk *last = *rope->last;
    gsize fits = last ? MIN(bytes.len, last->room - last->used) : 0;
    if (fits) {
        memcpy(last->data + last->used, bytes.data, fits);
        last->used += fits;
        rope->length += fits;
    }
    bytes = slice_from(bytes, fits);
    if (bytes.len == 0)
        return;
    add_chunk(rope, bytes.len);
    last = *rope->last;
    memcpy(last->data, bytes.data, bytes.len);
    last->used = bytes.len;
    rope->length += bytes.len;
}

void byte_rope_close(byte_rope *rope)
{
    chunk *last = *rope->last;
    if (!last || last->used == last->room)
        return;
    last = g_realloc(last, sizeof *last + last->used);
    last->room = last->used;
    *rope->last = last;
}

gsize byte_rope_length(const byte_rope *rope)
{
    return rope->length;
}

slice byte_rope_whole(byte_rope *rope)
{
    if (!rope->first)
        return SLICE_EMPTY;
    if (rope->first->next) {
        chunk *whole = new_chunk(rope->length);
        while (rope->first) {
            chunk *first = rope->first;
            memcpy(whole->data + whole->used, first->data, first->used);
            whole->used += first->used;
            rope->first = first->next;
            g_free(first);
        }
        rope->first = whole;
        rope->last = &rope->first;
    }
    return (slice){rope->first->data, rope->first->used};
}
