/* test_rtf_compressed.c
 * The two examples are those of [MS-OXRTFCP] section 4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "byte_writer.h"
#include "limits.h"
#include "rtf_compressed.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

static void check(slice packed, const char *expected, anomaly_set anomalies)
{
    anomaly_set met = 0;
    GByteArray *out = rtf_compressed_unpack(packed, LIMIT_INFLATED_BYTES, &met);
    g_assert_nonnull(out);
    g_assert_cmpmem(out->data, out->len, expected, strlen(expected));
    g_assert_true(met == anomalies);
    g_byte_array_unref(out);
}

static const char simple[] =
    "\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32"
    "\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0";
static const char crossing[] =
    "\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e"
    "\x7d\x01\x0e\xb0";
static const char stored[] = "\x12\0\0\0\6\0\0\0MELA\0\0\0\0{\\rtf}";

static void test_examples(void)
{
    check((slice){(const guint8 *)simple, sizeof simple - 1}, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n", 0);
    check((slice){(const guint8 *)crossing, sizeof crossing - 1}, "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}", 0);
    check((slice){(const guint8 *)stored, sizeof stored - 1}, "{\\rtf}", 0);
}

static void test_cut(void)
{
    anomaly_set met = 0;
    for (gsize len = 0; len < sizeof simple - 1; len++) {
        guint8 *copy = g_memdup2(simple, len);
        GByteArray *out = rtf_compressed_unpack((slice){copy, len}, LIMIT_INFLATED_BYTES, &met);
        g_assert_true((out != NULL) == (len >= 16));
        if (out)
            g_byte_array_unref(out);
        g_free(copy);
    }
    g_assert_true(met == BIT(BAD_COMPRESSED));
    g_assert_null(rtf_compressed_unpack(slice_of("0123456789abcdefghijkl"), LIMIT_INFLATED_BYTES, &met));
}

/* A bomb: references that each make 17 bytes of two. */
static void test_limit(void)
{
    GByteArray *bomb = g_byte_array_new();
    anomaly_set met = 0;
    gsize rounds = LIMIT_INFLATED_BYTES / (8 * 17) + 10;
    put_le(bomb, 0xFFFFFFFF, 4);
    put_le(bomb, 0xFFFFFFFF, 4);
    put_text(bomb, "LZFu");
    put_le(bomb, 0, 4);
    for (gsize i = 0; i < rounds; i++)
        put(bomb, "\xFF\x00\x0F\x00\x0F\x00\x0F\x00\x0F\x00\x0F\x00\x0F\x00\x0F\x00\x0F", 17);
    GByteArray *out = rtf_compressed_unpack(written(bomb), LIMIT_INFLATED_BYTES, &met);
    g_assert_cmpuint(out->len, <=, LIMIT_INFLATED_BYTES);
    g_assert_true(met & BIT(CONTENT_LIMIT));
    g_byte_array_unref(out);
    g_byte_array_unref(bomb);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rtf_compressed/examples", test_examples);
    g_test_add_func("/rtf_compressed/cut", test_cut);
    g_test_add_func("/rtf_compressed/limit", test_limit);
    return g_test_run();
}
