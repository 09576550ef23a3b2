/* held_bytes.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "held_bytes.h"

typedef struct held_gap {
    guint at; /* index into bytes[] that it stands in front of */
    guint64 missing;
} held_gap;

struct held_bytes {
    GByteArray *bytes; /* NULL: none so far, as in most sessions */
    guint read;        /* bytes in front of it are done with */
    GArray *gaps;      /* NULL: none so far */
    guint next_gap;    /* gaps in front of it are done with */
};

held_bytes *held_bytes_new(void)
{
    return g_new0(held_bytes, 1);
}

static guint byte_count(const held_bytes *held)
{
    return held->bytes ? held->bytes->len : 0;
}

static guint gap_count(const held_bytes *held)
{
    return held->gaps ? held->gaps->len : 0;
}

void held_bytes_free(held_bytes *held)
{
    if (!held)
        return;
    if (held->bytes)
        g_byte_array_unref(held->bytes);
    if (held->gaps)
        g_array_unref(held->gaps);
    g_free(held);
}

/* Forgets what was read once it is the larger half, so that each byte moves at most once more. */
static void compact(held_bytes *held)
{
    if (held->read == 0 || held->read < byte_count(held) / 2)
        return;
    g_byte_array_remove_range(held->bytes, 0, held->read);
    if (held->next_gap)
        g_array_remove_range(held->gaps, 0, held->next_gap);
    for (guint i = 0; i < gap_count(held); i++)
        g_array_index(held->gaps, held_gap, i).at -= held->read;
    held->read = held->next_gap = 0;
}

void held_bytes_append(held_bytes *held, slice bytes)
{
    compact(held);
    if (bytes.len == 0)
        return;
    if (!held->bytes)
        held->bytes = g_byte_array_new();
    g_byte_array_append(held->bytes, bytes.data, (guint)bytes.len);
}

void held_bytes_append_gap(held_bytes *held, guint64 missing)
{
    held_gap gap = {byte_count(held), missing};
    if (!held->gaps)
        held->gaps = g_array_new(FALSE, FALSE, sizeof(held_gap));
    g_array_append_val(held->gaps, gap);
}

gsize held_bytes_length(const held_bytes *held)
{
    return byte_count(held) - held->read;
}

gboolean held_bytes_is_empty(const held_bytes *held)
{
    return held->read == byte_count(held) && held->next_gap == gap_count(held);
}

slice held_bytes_peek(const held_bytes *held)
{
    guint end = byte_count(held);
    if (held->next_gap < gap_count(held))
        end = g_array_index(held->gaps, held_gap, held->next_gap).at;
    if (end == held->read)
        return SLICE_EMPTY;
    return (slice){held->bytes->data + held->read, end - held->read};
}

void held_bytes_skip(held_bytes *held, gsize len)
{
    held->read += (guint)MIN(len, held_bytes_peek(held).len);
}

gboolean held_bytes_gap_follows(const held_bytes *held)
{
    return held->next_gap < gap_count(held);
}

gboolean held_bytes_take_gap(held_bytes *held, guint64 *missing_r)
{
    if (held->next_gap == gap_count(held) || held_bytes_peek(held).len > 0)
        return FALSE;
    *missing_r = g_array_index(held->gaps, held_gap, held->next_gap++).missing;
    return TRUE;
}

void held_bytes_clear(held_bytes *held)
{
    if (held->bytes)
        g_byte_array_set_size(held->bytes, 0);
    if (held->gaps)
        g_array_set_size(held->gaps, 0);
    held->read = held->next_gap = 0;
}
