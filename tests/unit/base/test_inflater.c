/* test_inflater.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "inflater.h"
#include "limits.h"

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
    inflater *inf = inflater_new(INFLATER_RAW, LIMIT_COMPRESS_BYTES);
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
    inflater *inf = inflater_new(INFLATER_RAW, LIMIT_COMPRESS_BYTES);
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

static GByteArray *zlib_packed(const char *text, gsize len)
{
    uLongf room = compressBound((uLong)len);
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, (guint)room);
    g_assert_cmpint(compress2(out->data, &room, (const Bytef *)text, (uLong)len, 9), ==, Z_OK);
    g_byte_array_set_size(out, (guint)room);
    return out;
}

static void test_unpack(void)
{
    GByteArray *packed = zlib_packed("hello hello hello hello", 23);
    anomaly_set met = 0;
    GByteArray *out = inflater_unpack((slice){packed->data, packed->len}, 100, &met);
    g_assert_cmpmem(out->data, out->len, "hello hello hello hello", 23);
    g_assert_true(met == 0);
    g_byte_array_unref(out);
    out = inflater_unpack((slice){packed->data, packed->len}, 23, &met);
    g_assert_cmpuint(out->len, ==, 23);
    g_byte_array_unref(out);
    met = 0;
    out = inflater_unpack((slice){packed->data, packed->len}, 10, &met);
    g_assert_cmpmem(out->data, out->len, "hello hell", 10);
    g_assert_true(met == ANOMALY_BIT(ANOMALY_CONTENT_LIMIT));
    g_byte_array_unref(out);
    for (guint len = 0; len < packed->len; len++) {
        met = 0;
        out = inflater_unpack((slice){packed->data, len}, 100, &met);
        g_assert_true(met == ANOMALY_BIT(ANOMALY_BAD_COMPRESSED));
        g_byte_array_unref(out);
    }
    g_byte_array_unref(packed);
}

/* A megabyte that would be more than the limit. */
static void test_unpack_bomb(void)
{
    gsize size = LIMIT_INFLATED_BYTES + 1000;
    char *zeros = g_malloc0(size);
    GByteArray *packed = zlib_packed(zeros, size);
    anomaly_set met = 0;
    g_assert_cmpuint(packed->len, <, 100000);
    GByteArray *out = inflater_unpack((slice){packed->data, packed->len}, LIMIT_INFLATED_BYTES, &met);
    g_assert_cmpuint(out->len, ==, LIMIT_INFLATED_BYTES);
    g_assert_true(met == ANOMALY_BIT(ANOMALY_CONTENT_LIMIT));
    g_byte_array_unref(out);
    g_byte_array_unref(packed);
    g_free(zeros);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inflater/any_split", test_any_split);
    g_test_add_func("/inflater/broken", test_broken);
    g_test_add_func("/inflater/bomb", test_bomb);
    g_test_add_func("/inflater/unpack", test_unpack);
    g_test_add_func("/inflater/unpack_bomb", test_unpack_bomb);
    return g_test_run();
}
