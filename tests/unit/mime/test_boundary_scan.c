/* test_boundary_scan.c
 * Against a search line by line, with line_scan.h's idea of a line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "boundary_scan.h"
#include "line_scan.h"

/* Walks from line to line as the parser does; TRUE for each place where a line begins. */
static gboolean *line_starts(slice bytes)
{
    gboolean *starts = g_new0(gboolean, bytes.len + 1);
    line_scan lines = line_scan_of(bytes);
    for (gsize at = 0; at < bytes.len; at = line_scan_end(&lines, at))
        starts[at] = TRUE;
    return starts;
}

static void check(slice bytes, gsize limit)
{
    gboolean *starts = line_starts(bytes);
    for (gsize at = 0; at < bytes.len; at++) {
        if (!starts[at])
            continue;
        gsize plain = boundary_scan_plain(bytes, at, limit);
        g_assert_cmpuint(plain, >, at);
        g_assert_cmpuint(plain, <=, MAX(limit, at + 1));
        for (gsize i = at + 1; i < plain; i++)
            g_assert_false(starts[i] && bytes.data[i] == '-');
        gsize start = boundary_scan_line_start(bytes, at, MIN(plain, bytes.len));
        g_assert_cmpuint(start, >=, at);
        g_assert_cmpuint(start, <=, plain);
        g_assert_true(starts[start] || start == bytes.len);
    }
    g_free(starts);
}

static void test_noise(void)
{
    static const char likely[] = "abcdefghij---\r\n\n\r";
    GRand *random = g_rand_new_with_seed(3);
    for (guint round = 0; round < 300; round++) {
        guint8 text[600];
        gsize len = (gsize)g_rand_int_range(random, 1, sizeof text);
        gint odd = g_rand_int_range(random, 1, 80);
        for (gsize i = 0; i < len; i++)
            text[i] = (guint8)
                likely[g_rand_int_range(random, 0, g_rand_int_range(random, 0, odd) ? 10 : (gint)sizeof likely - 1)];
        check((slice){text, len}, len);
        check((slice){text, len}, (gsize)g_rand_int_range(random, 0, (gint)len + 1));
    }
    g_rand_free(random);
}

/* It is fast, so it has to come far where nothing is in the way, and to stop in time where something is. */
static void test_distance(void)
{
    GString *text = g_string_new("first\r\n");
    for (guint i = 0; i < 1000; i++)
        g_string_append(text, "QUJD-REVG--SElKS0xNTk9QUVJTVFVWV1hZWmFiY2RlZg==\r\n");
    gsize boundary = text->len;
    g_string_append(text, "--b\r\n");
    for (guint i = 0; i < 1000; i++)
        g_string_append(text, "QUJD\r\n");
    slice bytes = {(const guint8 *)text->str, text->len};
    gsize plain = boundary_scan_plain(bytes, 0, bytes.len);
    g_assert_cmpuint(plain, <=, boundary);
    g_assert_cmpuint(plain + 200, >, boundary);
    g_assert_cmpuint(boundary_scan_line_start(bytes, 0, plain) + 50, >, plain);
    g_assert_cmpuint(boundary_scan_plain(bytes, boundary, bytes.len) + 200, >, bytes.len);
    g_assert_cmpuint(boundary_scan_plain(bytes, 0, 5000), <=, 5000);
    g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boundary_scan/noise", test_noise);
    g_test_add_func("/boundary_scan/distance", test_distance);
    return g_test_run();
}
