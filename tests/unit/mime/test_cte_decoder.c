/* test_cte_decoder.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "cte_decoder.h"

#define BIT(name) ANOMALY_BIT(ANOMALY_##name)

/* Decodes `in` in pieces of `step` bytes (0: whole). */
static GByteArray *decode(mime_encoding encoding, slice in, gsize step, anomaly_set *anomalies)
{
    GByteArray *out = g_byte_array_new();
    cte_decoder *decoder = cte_decoder_new(encoding, out);
    for (gsize at = 0; at < in.len; at += step ? step : in.len)
        cte_decoder_feed(decoder, slice_head(slice_from(in, at), step ? step : in.len));
    *anomalies = cte_decoder_finish(decoder);
    cte_decoder_free(decoder);
    return out;
}

typedef struct decode_case {
    const char *in, *out;
    anomaly_set anomalies;
} decode_case;

/* Whole, byte by byte, and in odd pieces: the same each time. */
static void check(mime_encoding encoding, const decode_case *c)
{
    for (gsize step = 0; step < 6; step++) {
        anomaly_set anomalies;
        GByteArray *out = decode(encoding, slice_of(c->in), step, &anomalies);
        g_byte_array_append(out, (const guint8 *)"", 1);
        g_assert_cmpstr((const char *)out->data, ==, c->out);
        g_assert_cmphex(anomalies, ==, c->anomalies);
        g_byte_array_unref(out);
    }
}

/* LF in the input replaced by CRLF; for base64 nothing else changes. */
static char *with_crlf(const char *in)
{
    char **lines = g_strsplit(in, "\n", -1);
    char *out = g_strjoinv("\r\n", lines);
    g_strfreev(lines);
    return out;
}

static void test_base64(void)
{
    static const decode_case cases[] = {
        {"", "", 0},
        {"YQ==", "a", 0},
        {"YWI=", "ab", 0},
        {"YWJj", "abc", 0},
        {"YWJj\nZGVm\n", "abcdef", 0},
        {"YW\nJjZ\nGVm\n", "abcdef", 0},      /* quanta over line ends */
        {"  YWJj \t\n\n\nZGVm", "abcdef", 0},
        {"YQ=\n=", "a", 0},                    /* padding over a line end */
        {"YQ==\n\n \n", "a", 0},
        {"YW!J*j", "abc", BIT(BAD_BASE64)},    /* RFC 2045 6.8: other characters are ignored */
        {"YWJj\xFF", "abc", BIT(BAD_BASE64)},
        {"YQ", "a", BIT(BASE64_PADDING)},
        {"YWI", "ab", BIT(BASE64_PADDING)},
        {"YQ=", "a", BIT(BASE64_PADDING)},
        {"YWJjZ", "abc", BIT(BAD_BASE64)},     /* Python's email gives the whole text back undecoded */
        {"YQ===", "a", BIT(BASE64_PADDING)},
        {"=YQ==", "a", BIT(BASE64_PADDING)},
        {"Y=Q==", "a", BIT(BASE64_PADDING)},
        /* Texts encoded in blocks and joined. Python's email ends at the first padding and loses the
         * rest, but that is data: the sender's blocks decode to it. */
        {"YQ==Yg==", "ab", BIT(BASE64_PADDING)},
        {"YQ==\nYg==\nYw==\n", "abc", BIT(BASE64_PADDING)},
        {"YWI=\nYWJj\nYWJj\nYQ==\n", "ababcabca", BIT(BASE64_PADDING)},
        {"YQ==YQ==YQ==YQ==YQ==", "aaaaa", BIT(BASE64_PADDING)},
        /* A mailing list's footer behind the padding is no base64. */
        {"YQ==\n_______________\nlist mailing list\nhttp://lists.example.org/\n", "a", BIT(BAD_BASE64)},
        {"YQ==\nfooter\n", "a", BIT(BAD_BASE64)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        check(MIME_ENCODING_BASE64, &cases[i]);
        char *crlf = with_crlf(cases[i].in);
        check(MIME_ENCODING_BASE64, &(decode_case){crlf, cases[i].out, cases[i].anomalies});
        g_free(crlf);
    }
}

static void test_base64_all_bytes(void)
{
    guint8 bytes[768];
    for (guint i = 0; i < sizeof bytes; i++)
        bytes[i] = (guint8)(i * 7 + i / 256);
    for (gsize len = 0; len <= sizeof bytes; len++) {
        anomaly_set anomalies;
        char *text = g_base64_encode(bytes, len);
        GByteArray *out = decode(MIME_ENCODING_BASE64, slice_of(text), len % 7, &anomalies);
        g_assert_cmpmem(out->data, out->len, bytes, len);
        g_assert_cmphex(anomalies, ==, 0);
        g_byte_array_unref(out);
        g_free(text);
    }
}

/* The bytes that come out when `in` has a hole where '|' stands. */
static void check_gap(mime_encoding encoding, const char *in, guint64 missing, const char *expected)
{
    GByteArray *out = g_byte_array_new();
    cte_decoder *decoder = cte_decoder_new(encoding, out);
    char **pieces = g_strsplit(in, "|", -1);
    for (char **piece = pieces; *piece; piece++) {
        if (piece != pieces)
            cte_decoder_gap(decoder, missing);
        cte_decoder_feed(decoder, slice_of(*piece));
    }
    cte_decoder_finish(decoder);
    g_byte_array_append(out, (const guint8 *)"", 1);
    g_assert_cmpstr((const char *)out->data, ==, expected);
    g_strfreev(pieces);
    cte_decoder_free(decoder);
    g_byte_array_unref(out);
}

static void test_gaps(void)
{
    check_gap(MIME_ENCODING_BASE64, "YWJj\nZG|Vm\nZ2hp\n", 100, "abcghi");
    check_gap(MIME_ENCODING_BASE64, "YWJj\r\nZGVm|Z\r\nZ2hp\r\n", 0, "abcdefghi");
    check_gap(MIME_ENCODING_BASE64, "|Z\r\nZ2hp", 1, "ghi");
    check_gap(MIME_ENCODING_BASE64, "YWJj|", 1, "abc");
    check_gap(MIME_ENCODING_BASE64, "YWJjY|\n|Z\nZ2hp", 1, "abcghi"); /* a hole behind a hole, at a line start */
    check_gap(MIME_ENCODING_QP, "a=4|1b", 1, "a1b");
    check_gap(MIME_ENCODING_QP, "a  |b=\n", 1, "a  b");
    check_gap(MIME_ENCODING_QP, "a=|b", 1, "ab");
    check_gap(MIME_ENCODING_IDENTITY, "a|b", 1, "ab");
    check_gap(MIME_ENCODING_UUENCODE, "begin 644 a\n#86)C\n#8|x\n#9&5F\n`\nend\n", 9, "abcdef");
    check_gap(MIME_ENCODING_UUENCODE, "|x\nM86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A\n`\nend\n", 9,
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); /* the begin line is lost */
}

/* A body that is one line: the size of the hole says where the next quantum begins. */
static void test_gap_in_one_line(void)
{
    guint8 bytes[3000];
    for (guint i = 0; i < sizeof bytes; i++)
        bytes[i] = (guint8)(i % 251);
    char *text = g_base64_encode(bytes, sizeof bytes); /* 4000 characters */
    for (gsize missing = 1; missing < 9; missing++) {
        GByteArray *out = g_byte_array_new();
        cte_decoder *decoder = cte_decoder_new(MIME_ENCODING_BASE64, out);
        cte_decoder_feed(decoder, slice_head(slice_of(text), 2000));
        cte_decoder_gap(decoder, missing);
        cte_decoder_feed(decoder, slice_from(slice_of(text), 2000 + missing));
        cte_decoder_finish(decoder);
        gsize resumed = (2000 + missing + 3) / 4 * 3;
        g_assert_cmpmem(out->data, 1500, bytes, 1500);
        g_assert_cmpmem(out->data + 1500, out->len - 1500, bytes + resumed, sizeof bytes - resumed);
        cte_decoder_free(decoder);
        g_byte_array_unref(out);
    }
    g_free(text);
}

static void test_quoted_printable(void)
{
    static const decode_case cases[] = {
        {"", "", 0},
        {"plain text\n", "plain text\n", 0},
        {"a=3Db=C3=A4=c3=a4", "a=b\xC3\xA4\xC3\xA4", 0},  /* lower case too: RFC 2045 6.7 note */
        {"soft=\nbreak", "softbreak", 0},
        {"soft=\r\nbreak", "softbreak", 0},
        {"soft=  \t\nbreak", "softbreak", 0},   /* blanks added on the way. Python's email: "soft=  \t\nbreak" */
        {"soft= \r\nbreak", "softbreak", 0},
        {"end=", "end", 0},
        {"end=\n", "end", 0},
        {"end= ", "end", 0},
        {"blanks \t \nnext", "blanks\nnext", 0}, /* rule 3. Python's email keeps the blanks */
        {"blanks \r\nnext \r\n", "blanks\r\nnext\r\n", 0},
        {"kept=20\n", "kept \n", 0},
        {"in  side", "in  side", 0},
        {"trail  ", "trail", 0},
        {"a=b", "a=b", BIT(BAD_QUOTED_PRINTABLE)},
        {"100=% =XY =4", "100=% =XY =4", BIT(BAD_QUOTED_PRINTABLE)},
        {"a==41", "a=A", BIT(BAD_QUOTED_PRINTABLE)},  /* Python's email: "a=41" */
        {"a= b", "a= b", BIT(BAD_QUOTED_PRINTABLE)},
        {"a=4=41", "a=4A", BIT(BAD_QUOTED_PRINTABLE)},
        {"a=\rb", "ab", 0}, /* a CR alone is a line end, too */
        {"a\rb \rc", "a\rb\rc", 0},                   /* CR alone is a line end, too */
        {"a\r", "a\r", 0},
        {"a\r\r\n", "a\r\r\n", 0},
        {"raw \xE4\xC3\xA4", "raw \xE4\xC3\xA4", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(MIME_ENCODING_QP, &cases[i]);
}

static void test_uuencode(void)
{
    static const decode_case cases[] = {
        {"begin 644 a.txt\n#86)C\n`\nend\n", "abc", 0},
        {"begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n", "abc", 0},
        {"Some text\n\nbegin 644 a.txt\n#86)C\n`\nend\nmore text\n", "abc", 0},
        {"begin 644 a.txt\n!80\n \nend\n", "a", 0},  /* blanks at the line's end lost */
        {"begin 644 a.txt\n#86)C\n`\nend", "abc", 0},
        {"begin 644 a.txt\n#86)C\n", "abc", BIT(BAD_UUENCODE)},
        {"no begin\n#86)C\n", "", BIT(BAD_UUENCODE)},
        {"begin 644 a.txt\n#86)C and much more that is too long for it\n#9&5F\nend\n", "def", BIT(BAD_UUENCODE)},
        {"begin 644 a\n#86)C\nend\nbegin 644 b\n#9&5F\nend\n", "abc", 0}, /* only the first file */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(MIME_ENCODING_UUENCODE, &cases[i]);
}

static void test_identity(void)
{
    check(MIME_ENCODING_IDENTITY, &(decode_case){"=41 YQ==\r\n", "=41 YQ==\r\n", 0});
    check(MIME_ENCODING_UNKNOWN, &(decode_case){"=41", "=41", 0});
}

static void test_names(void)
{
    static const struct {
        const char *name;
        mime_encoding encoding;
    } cases[] = {
        {"", MIME_ENCODING_IDENTITY},          {"7bit", MIME_ENCODING_IDENTITY},        {" 8BIT \r\n", MIME_ENCODING_IDENTITY},
        {"BASE64", MIME_ENCODING_BASE64},      {"base64 (comment)", MIME_ENCODING_BASE64}, {"(c) base64", MIME_ENCODING_BASE64},
        {"base64;", MIME_ENCODING_BASE64},     {"Quoted-Printable", MIME_ENCODING_QP},  {"x-uuencode", MIME_ENCODING_UUENCODE},
        {"uuencode", MIME_ENCODING_UUENCODE},  {"x-gzip64", MIME_ENCODING_UNKNOWN},     {"base6", MIME_ENCODING_UNKNOWN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(cte_decoder_encoding(slice_of(cases[i].name)), ==, cases[i].encoding);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cte_decoder/base64", test_base64);
    g_test_add_func("/cte_decoder/base64_all_bytes", test_base64_all_bytes);
    g_test_add_func("/cte_decoder/gaps", test_gaps);
    g_test_add_func("/cte_decoder/gap_in_one_line", test_gap_in_one_line);
    g_test_add_func("/cte_decoder/quoted_printable", test_quoted_printable);
    g_test_add_func("/cte_decoder/uuencode", test_uuencode);
    g_test_add_func("/cte_decoder/identity", test_identity);
    g_test_add_func("/cte_decoder/names", test_names);
    return g_test_run();
}
