/* test_dot_decoder.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dot_decoder.h"

typedef struct row {
    const char *in;
    const char *out; /* message bytes; "|" where it ended, "?" at an ambiguous end, then what was left over */
} row;

static void append(GString *out, slice s)
{
    for (gsize i = 0; i < s.len; i++) {
        if (s.data[i] == '\r')
            g_string_append_c(out, '^');
        else if (s.data[i] == '\n')
            g_string_append_c(out, '$');
        else
            g_string_append_c(out, (char)s.data[i]);
    }
}

static char *decode(const char *text, gsize piece, dot_begin begin, gboolean lf)
{
    dot_decoder *decoder = dot_decoder_new();
    GString *out = g_string_new("");
    stream_cursor in = {SLICE_EMPTY, 0};
    slice all = slice_of(text);
    gboolean ended = FALSE;
    dot_piece got;

    dot_decoder_start(decoder, begin, lf);
    while (all.len && !ended) {
        slice head = slice_head(all, piece);
        guint8 *copy = memcpy(g_malloc(head.len), head.data, head.len);
        dot_result result;
        in.bytes = (slice){copy, head.len};
        while ((result = dot_decoder_next(decoder, &in, &got)) != DOT_MORE && result != DOT_END) {
            g_assert_cmpuint(got.start, <, got.end);
            if (result == DOT_RUN)
                append(out, got.run);
            else
                g_string_append_printf(out, "?%d-%d?", (int)got.start, (int)got.end);
        }
        if (result == DOT_END) {
            ended = TRUE;
            g_string_append_c(out, '|');
            g_assert_cmpint(text[got.start], ==, '.');
            g_assert_cmpuint(got.end, ==, in.offset);
        }
        all = slice_from(all, piece);
        g_free(copy);
    }
    if (ended) {
        append(out, slice_of(text + in.offset));
    } else if (dot_decoder_flush(decoder, &got)) {
        g_string_append_c(out, '~');
        append(out, got.run);
    }
    dot_decoder_free(decoder);
    return g_string_free(out, FALSE);
}

static void check(const row *rows, gsize count, dot_begin begin, gboolean lf)
{
    for (gsize i = 0; i < count; i++) {
        for (gsize piece = 1; piece <= strlen(rows[i].in) + 1; piece++) {
            char *got = decode(rows[i].in, piece, begin, lf);
            g_assert_cmpstr(got, ==, rows[i].out);
            g_free(got);
        }
    }
}

static void test_crlf(void)
{
    static const row rows[] = {
        {".\r\n", "|"},
        {"a\r\n.\r\nQUIT\r\n", "a^$|QUIT^$"},
        {"..\r\n.\r\n", ".^$|"},
        {"a\r\n..b\r\n...\r\n.\r\n", "a^$.b^$..^$|"},
        {".a\r\n.\r\n", "a^$|"}, /* not stuffed, but the RFC removes it all the same */
        {"a.\r\n.b.\r\n.\r\n", "a.^$b.^$|"},
        {"a\r\r\n.\r\n", "a^^$|"},
        {"\r\n\r\n.\r\n", "^$^$|"},
        {"a", "a"},
        {"a\r\n.", "a^$"},   /* cut: stuffing or a terminator */
        {"a\r\n.\r", "a^$"},
        {"a\r\n..", "a^$."},
    };
    check(rows, G_N_ELEMENTS(rows), DOT_BEGIN_LINE, FALSE);
}

/* What servers disagree about is message, and said so. */
static void test_ambiguous(void)
{
    static const row rows[] = {
        {"a\n.\nb\r\n.\r\n", "a$?2-4?.$b^$|"},
        {"a\n.\r\nb\r\n.\r\n", "a$?2-5?.^$b^$|"},
        {"a\r\n.\nb\r\n.\r\n", "a^$?3-5?$b^$|"},
        {"a\r.\rb\r\n.\r\n", "a^?2-4?.^b^$|"},
        {"a\r.\r\nb\r\n.\r\n", "a^?2-5?.^$b^$|"},
        {"a\r.\nb\r\n.\r\n", "a^?2-4?.$b^$|"},
        {"a\r\n.\rb\r\n.\r\n", "a^$?3-5?^b^$|"},
        {"a\r\n.\r\r\n.\r\n", "a^$?3-5?^^$|"},
        {"a\n.b\n..\r\n.\r\n", "a$.b$..^$|"}, /* behind a bare LF a dot is a dot */
        {"a\n.\n.\r\n.\r\n", "a$?2-4?.$?4-7?.^$|"},
        {"a\n.\n", "a$?2-4?~.$"},
        {"a\r\n.\n", "a^$?3-5?~$"},
        {"\r.\r.\r.", "^?1-3?.^?3-5?.^~."},
    };
    check(rows, G_N_ELEMENTS(rows), DOT_BEGIN_LINE, FALSE);
}

static void test_lf_ends_lines(void)
{
    static const row rows[] = {
        {".\nQUIT\n", "|QUIT$"},
        {"a\n..b\n.\n", "a$.b$|"},
        {"a\n.\r\nx", "a$|x"},
        {"a\r\n.\r\nx", "a^$|x"},
        {"a\r\n.\nx", "a^$|x"},
    };
    check(rows, G_N_ELEMENTS(rows), DOT_BEGIN_LINE, TRUE);
}

/* Behind a hole the dot may begin a line or not: it is an end if it looks like one, but no stuffing. */
static void test_middle(void)
{
    static const row rows[] = {
        {".\r\nx", "|x"},
        {"\n.\r\nx", "$|x"},
        {"\r\n.\r\nx", "^$|x"},
        {"..\r\n.\r\n", "..^$|"},
        {".com\r\n.\r\n", ".com^$|"},
        {"x.\r\n.\r\n", "x.^$|"},
    };
    check(rows, G_N_ELEMENTS(rows), DOT_BEGIN_MIDDLE, FALSE);
}

static void test_could_end_here(void)
{
    static const struct {
        const char *in;
        gboolean could;
    } rows[] = {{"a\n.\n", TRUE},   {"a\n.\r\n", TRUE}, {"a\r\n.\n", TRUE}, {"a\r.\r", TRUE},
                {"a\n.\nb", FALSE}, {"a\n", FALSE},     {"a\r\n.", FALSE},  {"a.\n", FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        dot_decoder *decoder = dot_decoder_new();
        stream_cursor in = {slice_of(rows[i].in), 0};
        dot_piece got;
        while (dot_decoder_next(decoder, &in, &got) != DOT_MORE)
            ;
        g_assert_cmpint(dot_decoder_could_end_here(decoder, &got), ==, rows[i].could);
        dot_decoder_free(decoder);
    }
}

/* Whatever the bytes, pieces and whole give the same. */
static void test_random(void)
{
    static const char alphabet[] = "a..\r\n\r\n";
    GRand *random = g_rand_new_with_seed(2);
    char text[24];

    for (guint i = 0; i < 20000; i++) {
        guint len = (guint)g_rand_int_range(random, 0, sizeof text - 1);
        for (guint k = 0; k < len; k++)
            text[k] = alphabet[g_rand_int_range(random, 0, sizeof alphabet - 1)];
        text[len] = 0;
        for (guint mode = 0; mode < 4; mode++) {
            dot_begin begin = mode & 1 ? DOT_BEGIN_MIDDLE : DOT_BEGIN_LINE;
            char *whole = decode(text, len + 1, begin, mode & 2), *bytes = decode(text, 1, begin, mode & 2);
            g_assert_cmpstr(whole, ==, bytes);
            g_free(whole);
            g_free(bytes);
        }
    }
    g_rand_free(random);
}

/* Stuffing and un-stuffing again gives what was there. */
static void test_round_trip(void)
{
    static const char alphabet[] = ".a";
    GRand *random = g_rand_new_with_seed(3);

    for (guint i = 0; i < 5000; i++) {
        GString *plain = g_string_new(""), *stuffed = g_string_new("");
        for (guint line = (guint)g_rand_int_range(random, 0, 6); line > 0; line--) {
            GString *text = g_string_new("");
            for (guint k = (guint)g_rand_int_range(random, 0, 5); k > 0; k--)
                g_string_append_c(text, alphabet[g_rand_int_range(random, 0, sizeof alphabet - 1)]);
            g_string_append_printf(plain, "%s^$", text->str);
            g_string_append_printf(stuffed, "%s%s\r\n", text->str[0] == '.' ? "." : "", text->str);
            g_string_free(text, TRUE);
        }
        g_string_append(stuffed, ".\r\n");
        g_string_append_c(plain, '|');
        for (gsize piece = 1; piece < 5; piece++) {
            char *got = decode(stuffed->str, piece, DOT_BEGIN_LINE, FALSE);
            g_assert_cmpstr(got, ==, plain->str);
            g_free(got);
        }
        g_string_free(plain, TRUE);
        g_string_free(stuffed, TRUE);
    }
    g_rand_free(random);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dot_decoder/crlf", test_crlf);
    g_test_add_func("/dot_decoder/ambiguous", test_ambiguous);
    g_test_add_func("/dot_decoder/lf_ends_lines", test_lf_ends_lines);
    g_test_add_func("/dot_decoder/middle", test_middle);
    g_test_add_func("/dot_decoder/could_end_here", test_could_end_here);
    g_test_add_func("/dot_decoder/random", test_random);
    g_test_add_func("/dot_decoder/round_trip", test_round_trip);
    return g_test_run();
}
