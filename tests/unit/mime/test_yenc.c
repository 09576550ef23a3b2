/* test_yenc.c
 * Each case whole and byte by byte, with LF, CRLF and CR.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "yenc.h"

#define BAD ANOMALY_BIT(ANOMALY_BAD_YENC)

static void check_split(slice in, const char *out, anomaly_set anomalies, gsize step)
{
    GByteArray *bytes = g_byte_array_new();
    yenc_decoder *decoder = yenc_decoder_new(bytes);
    for (gsize at = 0; at < in.len; at += step)
        yenc_decoder_feed(decoder, slice_head(slice_from(in, at), step));
    g_assert_cmphex(yenc_decoder_finish(decoder), ==, anomalies);
    g_assert_cmpmem(bytes->data, bytes->len, out, strlen(out));
    yenc_decoder_free(decoder);
    g_byte_array_unref(bytes);
}

static void check(const char *in, const char *out, anomaly_set anomalies)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    char **lines = g_strsplit(in, "\n", -1);
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        char *text = g_strjoinv(ends[i], lines);
        check_split(slice_of(text), out, anomalies, strlen(text) + 1);
        check_split(slice_of(text), out, anomalies, 1);
        g_free(text);
    }
    g_strfreev(lines);
}

#define BEGIN "=ybegin line=128 size=3 name=a.bin\n"

/* The CRC-32 of "abc" is 352441c2 (as zlib computes it). */
static void test_decode(void)
{
    check(BEGIN "\x8B\x8C\x8D\n=yend size=3 crc32=352441c2\n", "abc", 0);
    check(BEGIN "\x8B\x8C\x8D\n=yend size=3", "abc", 0);
    check("text\n" BEGIN "\x8B\n\x8C\n\x8D\n=yend size=3\ntext\n", "abc", 0);
    check(BEGIN "\x8B\x8C=\xCD\n=yend size=3 crc32=352441C2\n", "abc", 0);
    check(BEGIN "=ypart begin=1 end=3\n\x8B\x8C\x8D\n=yend size=3 part=1 pcrc32=352441c2 crc32=0\n", "abc", 0);
    check(BEGIN "\x8B\x8C\x8D\n=yend size=4\n", "abc", BAD);
    check(BEGIN "\x8B\x8C\x8D\n=yend size=3 crc32=00000000\n", "abc", BAD);
    check(BEGIN "\x8B\x8C\x8D\n", "abc", BAD);
    check(BEGIN "\x8B\x8C=\n\x8D\n=yend size=3\n", "abc", BAD);
    check("\x8B\x8C\x8D\n=yend size=3\n", "", BAD);
    check("", "", BAD);
}

static void test_values(void)
{
    slice line = slice_of("=ybegin part=1 line=128 size=19338 name=my file.bin ");
    char *name = slice_dup(yenc_value(line, "name"));
    char *size = slice_dup(yenc_value(line, "size"));
    g_assert_cmpstr(name, ==, "my file.bin");
    g_assert_cmpstr(size, ==, "19338");
    g_assert_cmpuint(yenc_value(line, "crc32").len, ==, 0);
    g_assert_cmpuint(yenc_value(line, "ize").len, ==, 0);
    g_free(name);
    g_free(size);
}

/* A hole: what is behind goes on. */
static void test_gap(void)
{
    GByteArray *bytes = g_byte_array_new();
    yenc_decoder *decoder = yenc_decoder_new(bytes);
    yenc_decoder_gap(decoder);
    yenc_decoder_feed(decoder, slice_of("\x8B="));
    yenc_decoder_gap(decoder);
    yenc_decoder_feed(decoder, slice_of("\x8C\n=yend size=2\n"));
    g_assert_cmphex(yenc_decoder_finish(decoder), ==, 0);
    g_assert_cmpmem(bytes->data, bytes->len, "ab", 2);
    yenc_decoder_free(decoder);
    g_byte_array_unref(bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/yenc/decode", test_decode);
    g_test_add_func("/yenc/values", test_values);
    g_test_add_func("/yenc/gap", test_gap);
    return g_test_run();
}
