/* fuzz_imap_pieces.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_pieces.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static guint64 touched;

static void touch(const imap_joined *joined, void *user)
{
    (void)user;
    for (guint i = 0; i < joined->runs->len; i++) {
        const imap_run *run = &g_array_index(joined->runs, imap_run, i);
        for (gsize k = 0; k < run->bytes.len; k++)
            touched += run->bytes.data[k];
        touched += run->missing;
    }
}

/* Steps of five bytes: section and kind, origin, length, requested, gap; then the bytes. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    static const char *const sections[] = {"", "HEADER", "TEXT", "1", "2", "2.MIME", "2.HEADER", "2.1"};
    static const char structure[] =
        "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 9 1)(\"a\" \"b\" NIL NIL NIL \"base64\" 20) \"mixed\")";
    imap_pieces *pieces = imap_pieces_new();
    slice rest = {data, size};

    while (rest.len >= 5) {
        const guint8 *step = rest.data;
        mail_imap imap = {.section = slice_of(sections[step[0] & 7]),
                          .is_partial = (step[0] & 8) != 0,
                          .is_binary = (step[0] & 16) != 0,
                          .origin = step[0] & 8 ? step[1] : 0,
                          .requested = step[3],
                          .size = step[0] & 32 ? step[3] : 0,
                          .structure = step[0] & 64 ? slice_of(structure) : SLICE_EMPTY};
        imap_piece *piece = imap_piece_new();
        slice bytes = slice_head(slice_from(rest, 5), step[2]);
        imap_piece_append(piece, bytes, step[2], NULL);
        imap_piece_gap(piece, step[4] & 7);
        imap_piece_append(piece, bytes, step[2] + 1U, NULL);
        imap.is_section_structure = (step[4] & 16) != 0;
        if (step[4] & 32)
            imap_pieces_note(pieces, "k", &imap, touch, NULL);
        if (step[4] & 64)
            imap_pieces_rename(pieces, "k", "l");
        if (step[4] & 128)
            imap_pieces_rename(pieces, "l", "k");
        imap_pieces_add(pieces, "k", &imap, piece, (step[4] & 8) != 0, touch, NULL);
        rest = slice_from(rest, 5 + bytes.len);
    }
    imap_pieces_finish(pieces, "k", touch, NULL);
    imap_pieces_free(pieces);
    return 0;
}
