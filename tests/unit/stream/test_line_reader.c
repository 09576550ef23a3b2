/* test_line_reader.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "line_reader.h"

static const struct {
    anomaly_kind kind;
    char letter;
} marks[] = {{ANOMALY_BARE_LF, 'l'}, {ANOMALY_BARE_CR, 'c'}, {ANOMALY_LINE_TOO_LONG, 'x'}};

static void note(GString *out, const text_line *line)
{
    g_string_append_printf(out, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " ", line->start, line->end);
    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
        if (line->anomalies & ANOMALY_BIT(marks[i].kind))
            g_string_append_c(out, marks[i].letter);
    if (!line->ended)
        g_string_append_c(out, '~');
    g_string_append_c(out, '[');
    for (gsize i = 0; i < line->line.len; i++)
        g_string_append_c(out, line->line.data[i] == '\r' ? '^' : (char)line->line.data[i]);
    g_string_append(out, "]\n");
}

/* Reads `all` in pieces of `piece` bytes. */
static char *read_all(slice all, gsize piece)
{
    line_reader *reader = line_reader_new();
    GString *out = g_string_new("");
    guint64 offset = 0;
    text_line line;

    while (all.len) {
        slice head = slice_head(all, piece);
        guint8 *copy = memcpy(g_malloc(head.len), head.data, head.len);
        stream_cursor in = {{copy, head.len}, offset};
        while (line_reader_next(reader, &in, &line))
            note(out, &line);
        g_assert_cmpuint(in.bytes.len, ==, 0);
        offset = in.offset;
        all = slice_from(all, piece);
        g_free(copy);
    }
    if (line_reader_pending(reader) > 0)
        g_string_append_printf(out, "pending %" G_GUINT64_FORMAT "\n", line_reader_pending(reader));
    if (line_reader_flush(reader, &line))
        note(out, &line);
    g_assert_cmpuint(line_reader_pending(reader), ==, 0);
    g_assert_false(line_reader_flush(reader, &line));
    line_reader_free(reader);
    return g_string_free(out, FALSE);
}

static void test_lines(void)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"\r\n", "0-2 []\n"},
        {"\n", "0-1 l[]\n"},
        {"a\r\n", "0-3 [a]\n"},
        {"a\nb\r\n", "0-2 l[a]\n2-5 [b]\n"},
        {"a\rb\r\n", "0-5 c[a^b]\n"},
        {"a\r\r\n", "0-4 c[a^]\n"},
        {"a\r\n\r\nb", "0-3 [a]\n3-5 []\npending 1\n5-6 ~[b]\n"},
        {"a\r", "pending 2\n0-2 ~[a]\n"},
        {"one\r\ntwo\r\nthree\r\n", "0-5 [one]\n5-10 [two]\n10-17 [three]\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (gsize piece = 1; piece <= 20; piece++) {
            char *got = read_all(slice_of(rows[i].in), piece);
            g_assert_cmpstr(got, ==, rows[i].out);
            g_free(got);
        }
    }
}

/* At the limit, one over it, far over it; the next line is whole again. */
static void test_limit(void)
{
    static const struct {
        gsize len;
        const char *end;
        gsize kept;
        anomaly_set anomalies;
    } rows[] = {
        {LIMIT_LINE_BYTES, "\r\n", LIMIT_LINE_BYTES, 0},
        {LIMIT_LINE_BYTES, "\n", LIMIT_LINE_BYTES, ANOMALY_BIT(ANOMALY_BARE_LF)},
        {LIMIT_LINE_BYTES + 1, "\r\n", LIMIT_LINE_BYTES, ANOMALY_BIT(ANOMALY_LINE_TOO_LONG)},
        {3 * LIMIT_LINE_BYTES, "\r\n", LIMIT_LINE_BYTES, ANOMALY_BIT(ANOMALY_LINE_TOO_LONG)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (gsize piece = 1; piece < 1000000; piece *= 997) {
            GString *all = g_string_new(NULL);
            line_reader *reader = line_reader_new();
            stream_cursor in = {SLICE_EMPTY, 0};
            guint lines = 0;
            text_line line;

            for (gsize k = 0; k < rows[i].len; k++)
                g_string_append_c(all, 'x');
            g_string_append_printf(all, "%sy\r\n", rows[i].end);
            for (gsize at = 0; at < all->len; at += piece) {
                in.bytes = (slice){(guint8 *)all->str + at, MIN(piece, all->len - at)};
                while (line_reader_next(reader, &in, &line)) {
                    if (lines++ == 0) {
                        g_assert_cmpuint(line.line.len, ==, rows[i].kept);
                        g_assert_cmphex(line.anomalies, ==, rows[i].anomalies);
                        g_assert_cmpuint(line.end, ==, rows[i].len + strlen(rows[i].end));
                    } else {
                        g_assert_true(slice_is(line.line, "y"));
                    }
                }
            }
            g_assert_cmpuint(lines, ==, 2);
            line_reader_free(reader);
            g_string_free(all, TRUE);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/line_reader/lines", test_lines);
    g_test_add_func("/line_reader/limit", test_limit);
    return g_test_run();
}
