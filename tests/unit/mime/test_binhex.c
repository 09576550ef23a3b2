/* test_binhex.c
 * Each case whole and byte by byte. The texts were decoded with hexbin of Debian's macutils, too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "binhex.h"

#define BAD ANOMALY_BIT(ANOMALY_BAD_BINHEX)

/* "a.txt": the data fork is "hello" */
#define HELLO ":\"@%ZG(Kd!&4&@&4dG(Kd!*!&\"3#3\"0ZeD'9XE'r$BJ!!:"

/* "a.txt": the data fork is "x", two bytes 0x90, "y" and 300 times "z"; the resource fork "rsrc" */
#define RUNS ":\"@%ZG(Kd!&4&@&4dG(Kd!*!%!6!!!!!%m5KiN!#3!(PkN2pkN#flYA*cFQ-FZ`:"

static void check_split(const char *in, slice out, const char *name, anomaly_set anomalies, gsize step)
{
    GByteArray *bytes = g_byte_array_new();
    binhex_decoder *decoder = binhex_decoder_new(bytes);
    for (gsize at = 0; at < strlen(in); at += step)
        binhex_decoder_feed(decoder, slice_head(slice_from(slice_of(in), at), step));
    g_assert_cmphex(binhex_decoder_finish(decoder), ==, anomalies);
    g_assert_cmpmem(bytes->data, bytes->len, out.data, out.len);
    slice found = binhex_decoder_name(decoder);
    g_assert_cmpmem(found.data, found.len, name, strlen(name));
    binhex_decoder_free(decoder);
    g_byte_array_unref(bytes);
}

static void check(const char *in, slice out, const char *name, anomaly_set anomalies)
{
    check_split(in, out, name, anomalies, strlen(in) + 1);
    check_split(in, out, name, anomalies, 1);
}

static char *replaced(const char *in, gsize at, char by)
{
    char *copy = g_strdup(in);
    copy[at] = by;
    return copy;
}

static void test_decode(void)
{
    char *z = g_strnfill(300, 'z'), *runs = g_strconcat("x\x90\x90y", z, NULL);
    check(HELLO, slice_of("hello"), "a.txt", 0);
    check("text in front\r\n" HELLO "\r\ntext behind", slice_of("hello"), "a.txt", 0);
    check(RUNS, slice_of(runs), "a.txt", 0);
    g_free(z);
    g_free(runs);
}

static void test_damaged(void)
{
    char *changed = replaced(HELLO, 40, '#'); /* in the data */
    char *spaced = g_strdup_printf("%.20s\r\n %s", HELLO, HELLO + 20);
    GByteArray *bytes = g_byte_array_new();
    binhex_decoder *decoder = binhex_decoder_new(bytes);
    binhex_decoder_feed(decoder, slice_of(changed));
    g_assert_cmphex(binhex_decoder_finish(decoder), ==, BAD);
    binhex_decoder_free(decoder);
    g_byte_array_unref(bytes);
    check(spaced, slice_of("hello"), "a.txt", 0);
    check("", SLICE_EMPTY, "", BAD);
    check(":", SLICE_EMPTY, "", BAD);
    check("::", SLICE_EMPTY, "", BAD);
    check(":!!!!", SLICE_EMPTY, "", BAD); /* a name of no length */
    g_free(changed);
    g_free(spaced);
}

/* A hole inside of the data: what is behind is out of step. */
static void test_gap(void)
{
    GByteArray *bytes = g_byte_array_new();
    binhex_decoder *decoder = binhex_decoder_new(bytes);
    binhex_decoder_feed(decoder, slice_head(slice_of(HELLO), 40));
    gsize before = bytes->len;
    binhex_decoder_gap(decoder);
    binhex_decoder_feed(decoder, slice_from(slice_of(HELLO), 42));
    g_assert_cmphex(binhex_decoder_finish(decoder), ==, BAD);
    g_assert_cmpuint(bytes->len, ==, before);
    binhex_decoder_free(decoder);
    g_byte_array_unref(bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/binhex/decode", test_decode);
    g_test_add_func("/binhex/damaged", test_damaged);
    g_test_add_func("/binhex/gap", test_gap);
    return g_test_run();
}
