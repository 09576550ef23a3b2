/* test_base64_lines.c
 * The vectors and the plain C give the same, whatever they meet and wherever.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "base64_lines.h"

typedef void (*decode_lines)(base64_lines *);

/* What one of them makes of `text`: the bytes, and what it says of them. */
static GByteArray *run(decode_lines decode, slice text, base64_lines *said)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, (guint)base64_lines_room(text.len));
    *said = (base64_lines){.at = text.data, .stop = text.data + text.len, .out = out->data, .column = 3};
    decode(said);
    g_byte_array_set_size(out, (guint)(said->out - out->data));
    return out;
}

static void assert_same(slice text)
{
    base64_lines fast, plain;
    GByteArray *of_fast = run(base64_lines_decode, text, &fast),
               *of_plain = run(base64_lines_decode_plain, text, &plain);
    g_assert_cmpmem(of_fast->data, of_fast->len, of_plain->data, of_plain->len);
    g_assert_true(fast.at == plain.at);
    g_assert_cmpuint(fast.column, ==, plain.column);
    g_assert_cmpint(fast.any_line, ==, plain.any_line);
    g_assert_cmpint(fast.standard != 0, ==, plain.standard != 0);
    g_byte_array_unref(of_fast);
    g_byte_array_unref(of_plain);
}

/* Lines of each length against GLib's encoder, in blocks that end exactly behind them, so that reading too far shows
 * under a sanitizer. */
static void test_lines(void)
{
    guint8 bytes[300];
    for (guint i = 0; i < sizeof bytes; i++)
        bytes[i] = (guint8)(i * 89 + i / 7);
    for (guint width = 4; width <= 128; width += 4) {
        for (gsize len = 0; len <= sizeof bytes; len += 3) {
            char *text = g_base64_encode(bytes, len);
            GString *lines = g_string_new(NULL);
            for (gsize at = 0; at < strlen(text); at += width)
                g_string_append_printf(lines, "%.*s%s", (int)width, text + at, len % 2 ? "\r\n" : "\n");
            guint8 *exact = g_memdup2(lines->str, lines->len);
            base64_lines said;
            GByteArray *out = run(base64_lines_decode, (slice){exact, lines->len}, &said);
            g_assert_cmpmem(out->data, out->len, bytes, len);
            g_assert_true(said.at == said.stop);
            g_assert_cmpint(said.any_line, ==, len > 0);
            g_assert_cmpint(said.standard != 0, ==, strpbrk(text, "+/") != NULL);
            assert_same((slice){exact, lines->len});
            g_byte_array_unref(out);
            g_string_free(lines, TRUE);
            g_free(exact);
            g_free(text);
        }
    }
}

/* Each byte at each place of otherwise plain lines. */
static void test_each_byte(void)
{
    static const char plain[] =
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\nMjM0NTY3ODk5ODc2NTQzMjEw\r\nQUJD";
    for (gsize at = 0; at < sizeof plain - 1; at++) {
        for (guint c = 0; c < 256; c++) {
            guint8 text[sizeof plain - 1];
            memcpy(text, plain, sizeof text);
            text[at] = (guint8)c;
            for (gsize from = 0; from < 3; from++)
                assert_same((slice){text + from, sizeof text - from});
        }
    }
}

/* Every digit alone says whether the text is RFC 2045's; one that was looked at and not taken says nothing. */
static void test_standard(void)
{
    static const struct {
        const char *text;
        gboolean standard;
    } cases[] = {{"AAAA", FALSE},
                 {"AA+A", TRUE},
                 {"/AAA", TRUE},
                 {"AAA*AAA+", FALSE},
                 {"AAAAA*+/", FALSE},
                 {"AAAA\nA+AA", TRUE},
                 {"AAAAAAAAAAAAAAAAAAAAAAAAAAAA*+++", FALSE},
                 {"AAAAAAAAAAAAAAAAAAAAAAAAAAA+*AAA", TRUE},
                 {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAA+*A", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        base64_lines said;
        g_byte_array_unref(run(base64_lines_decode, slice_of(cases[i].text), &said));
        g_assert_cmpint(said.standard != 0, ==, cases[i].standard);
        assert_same(slice_of(cases[i].text));
    }
}

static void test_noise(void)
{
    static const char likely[] = "ABCXYZabcxyz0189+/=-_ \t\r\n\r\n*\x80\xFF";
    GRand *random = g_rand_new_with_seed(5);
    for (guint round = 0; round < 20000; round++) {
        guint8 text[200];
        gsize len = (gsize)g_rand_int_range(random, 0, sizeof text);
        gint odd = g_rand_int_range(random, 1, 60);
        for (gsize i = 0; i < len; i++) {
            gint most = g_rand_int_range(random, 0, odd) ? 16 : (gint)sizeof likely - 1;
            text[i] = (guint8)likely[g_rand_int_range(random, 0, most)];
        }
        assert_same((slice){text, len});
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base64_lines/lines", test_lines);
    g_test_add_func("/base64_lines/each_byte", test_each_byte);
    g_test_add_func("/base64_lines/standard", test_standard);
    g_test_add_func("/base64_lines/noise", test_noise);
    return g_test_run();
}
