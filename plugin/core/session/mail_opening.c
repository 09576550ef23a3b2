/* mail_opening.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_opening.h"
#include "limits.h"

typedef struct piece {
    int side;
    guint64 missing; /* a hole when not 0 */
    gsize length;
} piece;

struct mail_opening {
    GByteArray *said[2]; /* bytes of each side; NULL: none */
    GArray *pieces;      /* of piece; NULL: none */
};

mail_opening *mail_opening_new(void)
{
    return g_new0(mail_opening, 1);
}

void mail_opening_free(mail_opening *opening)
{
    if (!opening)
        return;
    for (int side = 0; side < 2; side++)
        if (opening->said[side])
            g_byte_array_unref(opening->said[side]);
    if (opening->pieces)
        g_array_unref(opening->pieces);
    g_free(opening);
}

static void add_piece(mail_opening *opening, int side, gsize length, guint64 missing)
{
    const piece added = {side, missing, length};
    if (!opening->pieces)
        opening->pieces = g_array_new(FALSE, FALSE, sizeof(piece));
    g_array_append_val(opening->pieces, added);
}

void mail_opening_bytes(mail_opening *opening, int side, slice bytes)
{
    if (!opening->said[side])
        opening->said[side] = g_byte_array_new();
    g_byte_array_append(opening->said[side], bytes.data, (guint)bytes.len);
    add_piece(opening, side, bytes.len, 0);
}

void mail_opening_gap(mail_opening *opening, int side, guint64 missing)
{
    add_piece(opening, side, 0, missing);
}

static slice said_by(const mail_opening *opening, int side)
{
    const GByteArray *said = opening->said[side];
    return said ? (slice){said->data, said->len} : SLICE_EMPTY;
}

/* Does the side's first line have a hole? */
static gboolean begins_with_hole(const mail_opening *opening, int side)
{
    slice said = said_by(opening, side);
    const guint8 *lf = said.len ? memchr(said.data, '\n', said.len) : NULL;
    gsize line = lf ? (gsize)(lf - said.data) : said.len, told = 0;

    for (guint i = 0; opening->pieces && i < opening->pieces->len && told <= line; i++) {
        const piece *next = &g_array_index(opening->pieces, piece, i);
        if (next->side == side && next->missing)
            return TRUE;
        told += next->side == side ? next->length : 0;
    }
    return FALSE;
}

/* Without a first line of which something is lost. */
static slice whole_lines_of(const mail_opening *opening, int side)
{
    slice said = said_by(opening, side);
    if (!begins_with_hole(opening, side))
        return said;
    const guint8 *lf = said.len ? memchr(said.data, '\n', said.len) : NULL;
    return lf ? slice_from(said, (gsize)(lf + 1 - said.data)) : SLICE_EMPTY;
}

/* A line, or a good deal of one. */
static gboolean is_telling(slice bytes)
{
    return bytes.len >= 16 || (bytes.len && memchr(bytes.data, '\n', bytes.len));
}

mail_guess mail_opening_look(const mail_opening *opening, mail_protocol hint, int side, gboolean *is_telling_r)
{
    *is_telling_r = is_telling(whole_lines_of(opening, side));
    return mail_recogniser_look(whole_lines_of(opening, 0), whole_lines_of(opening, 1), hint);
}

gboolean mail_opening_is_full(const mail_opening *opening)
{
    return said_by(opening, 0).len + said_by(opening, 1).len > LIMIT_UNDECIDED_BYTES;
}

void mail_opening_tell(const mail_opening *opening, mail_opening_listener listener, void *user)
{
    gsize told[2] = {0, 0};
    for (guint i = 0; opening->pieces && i < opening->pieces->len; i++) {
        const piece *next = &g_array_index(opening->pieces, piece, i);
        slice bytes = slice_head(slice_from(said_by(opening, next->side), told[next->side]), next->length);
        told[next->side] += next->length;
        listener(next->side, bytes, next->missing, user);
    }
}
