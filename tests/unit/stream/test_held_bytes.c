/* test_held_bytes.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "held_bytes.h"

static void test_queue(void)
{
    held_bytes *held = held_bytes_new();
    guint64 missing = 0;

    g_assert_true(held_bytes_is_empty(held));
    g_assert_cmpuint(held_bytes_peek(held).len, ==, 0);
    held_bytes_append(held, slice_of("abc"));
    held_bytes_append_gap(held, 7);
    held_bytes_append_gap(held, 0);
    held_bytes_append(held, slice_of("de"));
    g_assert_cmpuint(held_bytes_length(held), ==, 5);
    g_assert_true(slice_is(held_bytes_peek(held), "abc"));
    g_assert_true(held_bytes_gap_follows(held));
    g_assert_false(held_bytes_take_gap(held, &missing));
    held_bytes_skip(held, 2);
    g_assert_true(slice_is(held_bytes_peek(held), "c"));
    held_bytes_skip(held, 100); /* not beyond the hole */
    g_assert_true(held_bytes_take_gap(held, &missing));
    g_assert_cmpuint(missing, ==, 7);
    g_assert_true(held_bytes_take_gap(held, &missing));
    g_assert_cmpuint(missing, ==, 0);
    held_bytes_append(held, slice_of("f"));
    g_assert_true(slice_is(held_bytes_peek(held), "def"));
    held_bytes_skip(held, 3);
    g_assert_true(held_bytes_is_empty(held));
    held_bytes_append_gap(held, 1);
    g_assert_false(held_bytes_is_empty(held));
    held_bytes_clear(held);
    g_assert_true(held_bytes_is_empty(held));
    held_bytes_free(held);
}

/* What is read while more is appended comes out in order, holes at their places. */
static void test_moving(void)
{
    held_bytes *held = held_bytes_new();
    guint in = 0, out = 0, holes = 0;
    GRand *random = g_rand_new_with_seed(4);
    guint64 missing;

    for (guint i = 0; i < 20000; i++) {
        for (gint k = g_rand_int_range(random, 0, 4); k > 0; k--) {
            guint8 byte = (guint8)in++;
            if (byte == 100)
                held_bytes_append_gap(held, in);
            held_bytes_append(held, (slice){&byte, 1});
        }
        for (gint k = g_rand_int_range(random, 0, 4); k > 0 && !held_bytes_is_empty(held); k--) {
            if (held_bytes_take_gap(held, &missing)) {
                g_assert_cmpuint(missing, ==, out + 1);
                holes++;
            }
            g_assert_cmpuint(held_bytes_peek(held).data[0], ==, (guint8)out++);
            held_bytes_skip(held, 1);
        }
    }
    g_assert_cmpuint(holes, >, 10);
    g_assert_cmpuint(held_bytes_length(held), ==, in - out);
    g_rand_free(random);
    held_bytes_free(held);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/held_bytes/queue", test_queue);
    g_test_add_func("/held_bytes/moving", test_moving);
    return g_test_run();
}
