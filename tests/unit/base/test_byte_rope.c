/* test_byte_rope.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "byte_rope.h"

static guint8 byte_at(gsize i)
{
    return (guint8)(i * 7 + i / 251);
}

static void append_pieces(byte_rope *rope, gsize from, gsize to, gsize piece)
{
    GByteArray *bytes = g_byte_array_new();
    for (gsize i = from; i < to; i++) {
        guint8 byte = byte_at(i);
        g_byte_array_append(bytes, &byte, 1);
    }
    for (gsize at = 0; at < to - from; at += piece)
        byte_rope_append(rope, slice_head(slice_from((slice){bytes->data, bytes->len}, at), piece));
    g_byte_array_unref(bytes);
}

static void assert_holds(byte_rope *rope, gsize length)
{
    g_assert_cmpuint(byte_rope_length(rope), ==, length);
    slice whole = byte_rope_whole(rope);
    g_assert_cmpuint(whole.len, ==, length);
    for (gsize i = 0; i < length; i++)
        g_assert_cmpuint(whole.data[i], ==, byte_at(i));
}

/* Around the sizes of the chunks, in every kind of piece. */
static void test_pieces(void)
{
    static const gsize lengths[] = {0, 1, 4000, 4095, 4096, 4097, 8191, 8192, 100000, 20000000};
    static const gsize pieces[] = {1, 7, 1460, 65536, 30000000};
    for (gsize l = 0; l < G_N_ELEMENTS(lengths); l++) {
        for (gsize p = lengths[l] > 100000 ? 2 : 0; p < G_N_ELEMENTS(pieces); p++) {
            byte_rope *rope = byte_rope_new();
            append_pieces(rope, 0, lengths[l], pieces[p]);
            byte_rope_close(rope);
            assert_holds(rope, lengths[l]);
            byte_rope_free(rope);
        }
    }
}

/* What was seen as a whole, and what was closed, can grow again. */
static void test_goes_on(void)
{
    byte_rope *rope = byte_rope_new();
    byte_rope_close(rope);
    assert_holds(rope, 0);
    append_pieces(rope, 0, 10000, 1460);
    assert_holds(rope, 10000);
    append_pieces(rope, 10000, 30000, 1460);
    byte_rope_close(rope);
    append_pieces(rope, 30000, 30001, 1);
    assert_holds(rope, 30001);
    byte_rope_free(rope);
    byte_rope_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/byte_rope/pieces", test_pieces);
    g_test_add_func("/byte_rope/goes_on", test_goes_on);
    return g_test_run();
}
