/* test_cms_reader.c
 * Small CMS objects written by hand in hexadecimal, DER and BER, whole and cut at every byte. What OpenSSL
 * writes is read in tests/tshark/test_content.py.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "byte_writer.h"
#include "cms_reader.h"
#include "limits.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

#define OID_DATA "06092a864886f70d010701"
#define OID_SIGNED "06092a864886f70d010702"
#define OID_ENVELOPED "06092a864886f70d010703"
#define OID_AUTH_ENVELOPED "060b2a864886f70d0109100117"
#define OID_COMPRESSED "060b2a864886f70d0109100109"
#define OID_DIGESTED "06092a864886f70d010705"

static GByteArray *from_hex(const char *hex)
{
    GByteArray *out = g_byte_array_new();
    for (; hex[0] && hex[1]; hex += 2)
        put_le(out, (guint)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1])), 1);
    return out;
}

static void test_content(void)
{
    static const struct {
        const char *hex;
        cms_kind kind;
        const char *content; /* NULL: none */
        anomaly_set anomalies;
    } cases[] = {
        /* DER */
        {"3025" OID_SIGNED "a018"
         "3016"
         "020101"
         "3100"
         "300f" OID_DATA "a0022400",
         CMS_SIGNED, "", 0},
        {"302a" OID_SIGNED "a01d"
         "301b"
         "020101"
         "3100"
         "3014" OID_DATA "a0070405"
         "68656c6c6f",
         CMS_SIGNED, "hello", 0},
        /* BER, as OpenSSL streams: unknown lengths, pieces */
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3100"
         "3080" OID_DATA "a080"
         "2480"
         "0403"
         "68656c"
         "0402"
         "6c6f"
         "0000"
         "0000"
         "0000"
         "3100"
         "0000"
         "0000"
         "0000",
         CMS_SIGNED, "hello", 0},
        /* an unknown length that has to be skipped, with others inside */
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3180"
         "3080"
         "0500"
         "0000"
         "0000"
         "3080" OID_DATA "a080"
         "0405"
         "68656c6c6f",
         CMS_SIGNED, "hello", 0},
        /* pieces of pieces, of known length */
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3100"
         "3080" OID_DATA "a080"
         "240c"
         "2404"
         "0402"
         "6865"
         "2404"
         "0402"
         "6c6c"
         "0401"
         "6f",
         CMS_SIGNED, "hell", 0},
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3100"
         "3080" OID_DATA "a080"
         "240f"
         "2404"
         "0402"
         "6865"
         "2404"
         "0402"
         "6c6c"
         "0401"
         "6f",
         CMS_SIGNED, "hello", 0},
        /* detached */
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3100"
         "3080" OID_DATA "0000"
         "3100"
         "0000"
         "0000"
         "0000",
         CMS_SIGNED, NULL, 0},
        {"3023" OID_SIGNED "a016"
         "3014"
         "020101"
         "3100"
         "300b" OID_DATA "3100",
         CMS_SIGNED, NULL, 0},
        /* others */
        {"3080" OID_ENVELOPED "a080"
         "3080"
         "020100",
         CMS_ENVELOPED, NULL, 0},
        {"3080" OID_AUTH_ENVELOPED "a080"
         "3080"
         "020100",
         CMS_ENVELOPED, NULL, 0},
        {"3080" OID_DIGESTED "a080"
         "3080"
         "020100",
         CMS_OTHER, NULL, 0},
        {"300f" OID_DATA "a002"
         "0400",
         CMS_DATA, NULL, 0},
        {"3005"
         "0603"
         "2a0304",
         CMS_NONE, NULL, 0},
        {"0403616263", CMS_NONE, NULL, 0},
        {"", CMS_NONE, NULL, 0},
        /* malformed, cut */
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3100"
         "3080" OID_DATA "a080"
         "0409"
         "68656c6c6f",
         CMS_SIGNED, "hello", BIT(BAD_CMS)},
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3100"
         "3080" OID_DATA "a080"
         "2480"
         "0403"
         "68656c",
         CMS_SIGNED, "hel", BIT(BAD_CMS)},
        {"3080" OID_SIGNED "a080"
         "0500",
         CMS_SIGNED, NULL, BIT(BAD_CMS)},
        {"3080" OID_SIGNED "a080"
         "3080"
         "020101"
         "3189ffffffffffffffffff",
         CMS_SIGNED, NULL, BIT(BAD_CMS)},
        {"3080" OID_COMPRESSED "a080"
         "3080"
         "020100"
         "3000"
         "3080" OID_DATA "a080"
         "0403"
         "616263",
         CMS_COMPRESSED, "", BIT(BAD_COMPRESSED)},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        GByteArray *bytes = from_hex(cases[i].hex);
        anomaly_set met = 0;
        g_assert_cmpint(cms_reader_kind(written(bytes)), ==, cases[i].kind);
        GByteArray *content = cms_reader_content(written(bytes), LIMIT_INFLATED_BYTES, &met);
        g_assert_true(cms_reader_has_content(written(bytes)) == (content != NULL));
        g_assert_true((content != NULL) == (cases[i].content != NULL));
        g_assert_true(met == cases[i].anomalies);
        if (content) {
            g_assert_cmpmem(content->data, content->len, cases[i].content, strlen(cases[i].content));
            g_byte_array_unref(content);
        }
        for (guint len = 0; len < bytes->len; len++) {
            guint8 *copy = g_memdup2(bytes->data, len);
            content = cms_reader_content((slice){copy, len}, LIMIT_INFLATED_BYTES, &met);
            if (content)
                g_byte_array_unref(content);
            g_free(copy);
        }
        g_byte_array_unref(bytes);
    }
}

/* Pieces nested beyond the limit, and levels of unknown length without an end: told, in linear time. */
static void test_depth(void)
{
    for (guint depth = LIMIT_BER_DEPTH - 1; depth <= LIMIT_BER_DEPTH + 1; depth++) {
        GByteArray *bytes = from_hex("3080" OID_SIGNED "a080"
                                     "3080"
                                     "020101"
                                     "3100"
                                     "3080" OID_DATA "a080");
        anomaly_set met = 0;
        for (guint i = 0; i < depth; i++)
            put(bytes, "\x24\x80", 2);
        put(bytes, "\x04\x01x", 3);
        for (guint i = 0; i < depth; i++)
            put(bytes, "\0", 2);
        GByteArray *content = cms_reader_content(written(bytes), LIMIT_INFLATED_BYTES, &met);
        g_assert_cmpuint(content->len, ==, depth <= LIMIT_BER_DEPTH);
        g_assert_true(met == (depth <= LIMIT_BER_DEPTH ? 0 : BIT(BAD_CMS)));
        g_byte_array_unref(content);
        g_byte_array_unref(bytes);
    }
    GByteArray *bytes = from_hex("3080" OID_SIGNED "a080"
                                 "3080"
                                 "020101");
    anomaly_set met = 0;
    for (guint i = 0; i < 500000; i++)
        put(bytes, "\x31\x80", 2);
    g_assert_null(cms_reader_content(written(bytes), LIMIT_INFLATED_BYTES, &met));
    g_assert_true(met == BIT(BAD_CMS));
    g_byte_array_unref(bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cms_reader/content", test_content);
    g_test_add_func("/cms_reader/depth", test_depth);
    return g_test_run();
}
