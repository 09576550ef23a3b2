/* test_imap_pieces.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_pieces.h"
#include "limits.h"

/* Writes down what is joined: kind, section, bytes; "[4]" a hole of lost bytes, "(4)" one of bytes not fetched. */
static void write_down(const imap_joined *joined, void *user)
{
    static const char *const kinds[] = {"message", "part", "header"};
    GString *out = user;
    g_string_append_printf(out, "%s %s: ", kinds[joined->kind], joined->section);
    for (guint i = 0; i < joined->runs->len; i++) {
        const imap_run *run = &g_array_index(joined->runs, imap_run, i);
        if (run->missing)
            g_string_append_printf(out, run->not_fetched ? "(%d)" : "[%d]", (int)run->missing);
        for (gsize k = 0; k < run->bytes.len; k++)
            if (run->bytes.data[k] != '\r')
                g_string_append_c(out, run->bytes.data[k] == '\n' ? '|' : (char)run->bytes.data[k]);
    }
    g_string_append_printf(out, "%s%s\n", joined->cut ? " CUT" : "", joined->guessed ? " GUESSED" : "");
}

/* One piece: "SECTION<ORIGIN.REQUESTED> bytes"; "?3" in the bytes is a hole of 3, "!" a cut; NULL: a response
 * without a piece. */
typedef struct step {
    const char *section;
    gint origin; /* -1: not partial */
    guint requested;
    const char *bytes;
    guint size;            /* RFC822.SIZE that came along */
    const char *structure; /* likewise; "=..." that of the section alone */
} step;

static void play_step(imap_pieces *pieces, const step *s, GString *out)
{
    gboolean binary = g_str_has_prefix(s->section, "BINARY ");
    mail_imap imap = {.section = slice_of(s->section + (binary ? strlen("BINARY ") : 0)),
                      .is_binary = binary,
                      .is_partial = s->origin >= 0,
                      .origin = (guint64)MAX(s->origin, 0),
                      .requested = s->requested,
                      .size = s->size,
                      .structure = slice_of(s->structure)};
    imap_piece *piece;

    if (s->structure && *s->structure == '=') {
        imap.structure = slice_from(imap.structure, 1);
        imap.is_section_structure = TRUE;
    }
    if (!s->bytes) {
        imap_pieces_note(pieces, "key", &imap, write_down, out);
        return;
    }
    piece = imap_piece_new();
    for (const char *c = s->bytes; *c && *c != '!'; c++) {
        if (*c == '?')
            imap_piece_gap(piece, (guint64)(*++c - '0'));
        else
            imap_piece_append(piece, (slice){(const guint8 *)c, 1}, 1, NULL);
    }
    g_assert_true(imap_pieces_add(pieces, "key", &imap, piece, strchr(s->bytes, '!') != NULL, write_down, out));
}

#define PDF                                                                                                            \
    "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 2 1)(\"application\" \"pdf\" (\"name\" \"a.pdf\") NIL NIL \"base64\" "  \
    "8) \"mixed\")"

static const struct {
    const char *name;
    step steps[6];
    const char *expected;
} tests[] = {
    {"chunks until one is short", {{"", 0, 4, "abcd", 0, NULL}, {"", 4, 4, "ef", 0, NULL}}, "message : abcdef\n"},
    {"chunks until one is empty", {{"", 0, 4, "abcd", 0, NULL}, {"", 4, 4, "", 0, NULL}}, "message : abcd\n"},
    {"chunks up to RFC822.SIZE", {{"", 0, 4, "abcd", 8, NULL}, {"", 4, 4, "efgh", 0, NULL}}, "message : abcdefgh\n"},
    {"in any order, overlapping",
     {{"", 4, 9, "efg", 0, NULL}, {"", 2, 4, "cdef", 0, NULL}, {"", 0, 4, "abcd", 0, NULL}},
     "message : abcdefg\n"},
    {"a hole, filled when fetched again",
     {{"", 0, 4, "a?3", 0, NULL}, {"", 0, 4, "abcd", 0, NULL}, {"", 4, 4, "e", 0, NULL}},
     "message : abcde\n"},
    {"a hole", {{"", 0, 4, "a?2d", 0, NULL}, {"", 4, 4, "e", 0, NULL}}, "message : a[2]de\n"},
    {"never finished", {{"", 0, 4, "abcd", 20, NULL}}, "message : abcd(16) CUT\n"},
    {"the middle was skipped", {{"", 0, 2, "ab", 6, NULL}, {"", 4, 4, "ef", 0, NULL}}, "message : ab(2)ef\n"},
    {"end unknown", {{"", 0, 4, "abcd", 0, NULL}}, "message : abcd CUT\n"},
    {"header and text",
     {{"HEADER", -1, 0, "A: b\n\n", 0, NULL}, {"TEXT", -1, 0, "t", 0, NULL}},
     "header HEADER: A: b||\nmessage : A: b||t\n"},
    {"text and header", {{"TEXT", -1, 0, "t", 0, NULL}, {"HEADER", -1, 0, "A: b\n\n", 0, NULL}}, "message : A: b||t\n"},
    {"text alone", {{"TEXT", -1, 0, "t", 0, NULL}}, "part TEXT: |t GUESSED\n"},
    {"a part with its structure",
     {{"2", -1, 0, "QUJD", 0, PDF}},
     "part 2: Content-Type: application/pdf;| name=\"a.pdf\"|Content-Transfer-Encoding: base64||QUJD\n"},
    {"a part with its header",
     {{"2.MIME", -1, 0, "Content-Type: image/png\n\n", 0, NULL}, {"2", -1, 0, "x", 0, PDF}},
     "header 2.MIME: Content-Type: image/png||\npart 2: Content-Type: image/png||x\n"},
    {"part 1 of a mail that has one",
     {{"HEADER", -1, 0, "Content-Type: text/html\n\n", 0, NULL}, {"1", -1, 0, "x", 0, NULL}},
     "header HEADER: Content-Type: text/html||\npart 1: Content-Type: text/html||x\n"},
    {"the header of a multipart says nothing of part 1",
     {{"HEADER", -1, 0, "Content-Type: multipart/mixed\n\n", 0, NULL}, {"1", -1, 0, "x", 0, NULL}},
     "header HEADER: Content-Type: multipart/mixed||\npart 1: |x GUESSED\n"},
    {"chunks of a part up to its octets",
     {{"2", 0, 4, "QUJD", 0, PDF}, {"2", 4, 4, "REVG", 0, NULL}},
     "part 2: Content-Type: application/pdf;| name=\"a.pdf\"|Content-Transfer-Encoding: base64||QUJDREVG\n"},
    {"decoded by the server",
     {{"BINARY 2", -1, 0, "x", 0, PDF}},
     "part 2: Content-Transfer-Encoding: binary|Content-Type: application/pdf;| "
     "name=\"a.pdf\"||x\n"},
    {"a message inside",
     {{"2.HEADER", -1, 0, "A: b\n\n", 0, NULL}, {"2.TEXT", -1, 0, "t", 0, NULL}},
     "header 2.HEADER: A: b||\npart 2: Content-Type: message/rfc822||A: b||t\n"},
    {"twice",
     {{"2.MIME", -1, 0, "\n", 0, NULL}, {"2", -1, 0, "x", 0, NULL}, {"2", -1, 0, "x", 0, NULL}},
     "header 2.MIME: |\npart 2: |x\npart 2: |x\n"},
    {"twice, unknown", {{"1", -1, 0, "x", 0, NULL}, {"1", -1, 0, "x", 0, NULL}}, "part 1: |x GUESSED\n"},
    {"twice, unknown, once with a hole",
     {{"1", -1, 0, "a?1c", 0, NULL}, {"1", -1, 0, "abc", 0, NULL}},
     "part 1: |abc GUESSED\n"},
    {"the structure comes later",
     {{"2", -1, 0, "QUJD", 0, NULL}, {"", -1, 0, NULL, 0, PDF}},
     "part 2: Content-Type: application/pdf;| name=\"a.pdf\"|Content-Transfer-Encoding: base64||QUJD\n"},
    {"the structure comes later and tells the end of chunks",
     {{"2", 0, 4, "QUJD", 0, NULL}, {"2", 4, 4, "REVG", 0, NULL}, {"", -1, 0, NULL, 0, PDF}},
     "part 2: Content-Type: application/pdf;| name=\"a.pdf\"|Content-Transfer-Encoding: base64||QUJDREVG\n"},
    {"two parts wait for one structure",
     {{"2", -1, 0, "QUJD", 0, NULL}, {"1", -1, 0, "ab", 0, NULL}, {"", -1, 0, NULL, 0, PDF}},
     "part 1: Content-Type: text/plain|Content-Transfer-Encoding: 7bit||ab\n"
     "part 2: Content-Type: application/pdf;| name=\"a.pdf\"|Content-Transfer-Encoding: base64||QUJD\n"},
    {"the MIME header comes later",
     {{"2", -1, 0, "x", 0, NULL}, {"2.MIME", -1, 0, "Content-Type: image/png\n\n", 0, NULL}},
     "header 2.MIME: Content-Type: image/png||\npart 2: Content-Type: image/png||x\n"},
    {"the mail's header comes later",
     {{"BINARY 1", -1, 0, "x", 0, NULL}, {"HEADER.FIELDS (A)", -1, 0, "A: b\nContent-Type: text/html\n\n", 0, NULL}},
     "header HEADER.FIELDS (A): A: b|Content-Type: text/html||\n"
     "part 1: Content-Transfer-Encoding: binary|Content-Type: text/html||x\n"},
    {"the header of a message inside comes later",
     {{"2.1", -1, 0, "x", 0, NULL}, {"2.HEADER", -1, 0, "Content-Type: text/html\n\n", 0, NULL}},
     "header 2.HEADER: Content-Type: text/html||\npart 2.1: Content-Type: text/html||x\n"},
    {"the size comes later",
     {{"", 0, 4, "abcd", 0, NULL}, {"", 4, 4, "efgh", 0, NULL}, {"", -1, 0, NULL, 8, NULL}},
     "message : abcdefgh\n"},
    {"a part whose structure came with it",
     {{"7", -1, 0, "x", 0, "=(\"image\" \"png\" NIL NIL NIL \"8bit\" 1)"}},
     "part 7: Content-Type: image/png|Content-Transfer-Encoding: 8bit||x\n"},
    {"all of it, decoded by the server", {{"BINARY ", -1, 0, "A: b\n\nx", 0, NULL}}, "message : A: b||x\n"},
    {"text of a message inside, alone", {{"2.TEXT", -1, 0, "t", 0, NULL}}, "part 2.TEXT: |t GUESSED\n"},
    {"cut, and its size known", {{"", -1, 0, "ab!", 0, NULL}, {"", -1, 0, NULL, 8, NULL}}, "message : ab CUT\n"},
    {"some fields", {{"HEADER.FIELDS (A)", -1, 0, "A: b\n\n", 0, NULL}}, "header HEADER.FIELDS (A): A: b||\n"},
};

static void test_joining(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        imap_pieces *pieces = imap_pieces_new();
        GString *got = g_string_new(NULL);
        for (gsize k = 0; k < G_N_ELEMENTS(tests[i].steps) && tests[i].steps[k].section; k++)
            play_step(pieces, &tests[i].steps[k], got);
        imap_pieces_finish(pieces, "key", write_down, got);
        if (strcmp(got->str, tests[i].expected) != 0) {
            g_print("%s: expected\n%sgot\n%s", tests[i].name, tests[i].expected, got->str);
            g_test_fail();
        }
        imap_pieces_free(pieces);
        g_string_free(got, TRUE);
    }
}

/* What was fetched by number is known by UID later. */
static void test_rename(void)
{
    imap_pieces *pieces = imap_pieces_new();
    GString *got = g_string_new(NULL);
    step first = {"", 0, 4, "abcd", 0, NULL}, second = {"", 4, 4, "e", 0, NULL};

    play_step(pieces, &first, got);
    g_assert_true(imap_pieces_rename(pieces, "key", "other"));
    g_assert_false(imap_pieces_rename(pieces, "nobody", "key"));
    g_assert_false(imap_pieces_rename(pieces, "other", "other"));
    imap_pieces_finish(pieces, "key", write_down, got);
    g_assert_cmpstr(got->str, ==, "");
    imap_pieces_rename(pieces, "other", "key");
    play_step(pieces, &second, got);
    g_assert_cmpstr(got->str, ==, "message : abcde\n");
    imap_pieces_free(pieces);
    g_string_free(got, TRUE);
}

/* Beyond a bound: said so, and nothing comes of it. */
static void test_bounds(void)
{
    imap_pieces *pieces = imap_pieces_new();
    GString *got = g_string_new(NULL);
    mail_imap imap = {.section = SLICE_EMPTY, .is_partial = TRUE, .origin = LIMIT_MESSAGE_BYTES, .requested = 9};
    imap_piece *piece = imap_piece_new();

    imap_piece_append(piece, slice_of("x"), 1, NULL);
    g_assert_false(imap_pieces_add(pieces, "key", &imap, piece, FALSE, write_down, got));
    imap.origin = G_MAXUINT64 - 1;
    piece = imap_piece_new();
    imap_piece_append(piece, slice_of("xyz"), 1, NULL);
    g_assert_false(imap_pieces_add(pieces, "key", &imap, piece, FALSE, write_down, got));
    imap_pieces_finish(pieces, "key", write_down, got);
    g_assert_cmpstr(got->str, ==, "");
    imap_pieces_free(pieces);
    g_string_free(got, TRUE);
}

/* A part of one octet, fetched again and again behind a header of a megabyte: what of it goes in front of the part is
 * bounded. */
static void test_long_header(void)
{
    imap_pieces *pieces = imap_pieces_new();
    GString *got = g_string_new(NULL), *header = g_string_new("Content-Type: text/html\nContent-Description:");
    step first = {"HEADER", -1, 0, NULL, 0, NULL}, part = {"1", -1, 0, "x", 0, NULL};

    for (guint i = 0; i < 100000; i++)
        g_string_append(header, "\n 12345678");
    first.bytes = g_string_append(header, "\n\n")->str;
    play_step(pieces, &first, got);
    for (guint i = 0; i < 5; i++) {
        g_string_truncate(got, 0);
        play_step(pieces, &part, got);
    }
    g_assert_cmpstr(got->str, ==, "part 1: Content-Type: text/html||x\n");
    imap_pieces_free(pieces);
    g_string_free(got, TRUE);
    g_string_free(header, TRUE);
}

/* Chunks of one octet from the end to the beginning. */
static void test_many_chunks(void)
{
    imap_pieces *pieces = imap_pieces_new();
    GString *got = g_string_new(NULL);
    const gint count = 200000;

    for (gint i = count; i >= 0; i--) {
        step s = {"", i, 1, i == count ? "" : "x", 0, NULL};
        play_step(pieces, &s, got);
    }
    g_assert_cmpuint(got->len, ==, strlen("message : \n") + count);
    imap_pieces_free(pieces);
    g_string_free(got, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_pieces/joining", test_joining);
    g_test_add_func("/imap_pieces/rename", test_rename);
    g_test_add_func("/imap_pieces/bounds", test_bounds);
    g_test_add_func("/imap_pieces/long_header", test_long_header);
    g_test_add_func("/imap_pieces/many_chunks", test_many_chunks);
    return g_test_run();
}
