/* test_inflater.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "inflater.h"

#include <zlib.h>

/* Raw deflate of `text`, flushed as IMAP peers do. */
static GByteArray *deflated(const char *text)
{
    GByteArray *out = g_byte_array_new();
    z_stream stream = {0};
    guint8 buffer[4096];

    g_assert_cmpint(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    stream.next_in = (Bytef *)text;
    stream.avail_in = (uInt)strlen(text);
    do {
        stream.next_out = buffer;
        stream.avail_out = sizeof buffer;
        deflate(&stream, Z_SYNC_FLUSH);
        g_byte_array_append(out, buffer, (guint)(sizeof buffer - stream.avail_out));
    } while (stream.avail_out == 0);
    deflateEnd(&stream);
    return out;
}

/* FALSE: it broke. */
static gboolean inflate_all(slice bytes, gsize piece, GString *out)
{
    inflater *inf = inflater_new();
    gboolean good = TRUE;
    while (bytes.len && good) {
        slice in = slice_head(bytes, piece), made;
        bytes = slice_from(bytes, piece);
        do {
            good = inflater_next(inf, &in, &made);
            g_string_append_len(out, (const char *)made.data, (gssize)made.len);
        } while (good && (made.len || in.len));
    }
    inflater_free(inf);
    return good;
}

static void test_any_split(void)
{
    GByteArray *wire = deflated("a1 NOOP\r\n* 1 EXISTS\r\na1 OK done done done done\r\n");
    for (gsize piece = 1; piece <= wire->len; piece++) {
        GString *out = g_string_new(NULL);
        g_assert_true(inflate_all((slice){wire->data, wire->len}, piece, out));
        g_assert_cmpstr(out->str, ==, "a1 NOOP\r\n* 1 EXISTS\r\na1 OK done done done done\r\n");
        g_string_free(out, TRUE);
    }
    g_byte_array_unref(wire);
}

/* What comes in front of the damage comes out, at any split. */
static void test_broken(void)
{
    GByteArray *wire = deflated("* 1 EXISTS\r\n");
    static const guint8 garbage[] = {0x07, 0xff, 0xff};
    g_byte_array_append(wire, garbage, sizeof garbage);
    for (gsize piece = 1; piece <= wire->len; piece++) {
        GString *out = g_string_new(NULL);
        g_assert_false(inflate_all((slice){wire->data, wire->len}, piece, out));
        g_assert_cmpstr(out->str, ==, "* 1 EXISTS\r\n");
        g_string_free(out, TRUE);
    }
    g_byte_array_unref(wire);
}

/* A little that becomes much comes out in bounded pieces. */
static void test_bomb(void)
{
    char *zeros = g_strnfill(8 * 1024 * 1024, 'x');
    GByteArray *wire = deflated(zeros);
    inflater *inf = inflater_new();
    slice in = {wire->data, wire->len}, made;
    gsize total = 0;
    do {
        g_assert_true(inflater_next(inf, &in, &made));
        g_assert_cmpuint(made.len, <=, 64 * 1024);
        total += made.len;
    } while (made.len || in.len);
    g_assert_cmpuint(total, ==, strlen(zeros));
    inflater_free(inf);
    g_byte_array_unref(wire);
    g_free(zeros);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inflater/any_split", test_any_split);
    g_test_add_func("/inflater/broken", test_broken);
    g_test_add_func("/inflater/bomb", test_bomb);
    return g_test_run();
}
