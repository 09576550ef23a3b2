/* fuzz_mail_opening.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_opening.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void count(int side, slice bytes, guint64 missing, void *user)
{
    (void)side;
    *(guint64 *)user += bytes.len + missing;
}

/* First byte: hint. Then turns: a byte with the side, whether it is a hole, and how long; the bytes, if it is none. All
 * that was said is told again. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    mail_opening *opening = mail_opening_new();
    slice rest = slice_from((slice){data, size}, 1);
    guint64 said = 0, told = 0;
    while (rest.len) {
        int side = rest.data[0] & 1;
        gboolean is_hole = (rest.data[0] & 2) != 0, is_telling;
        gsize length = 1 + (rest.data[0] >> 2);
        rest = slice_from(rest, 1);
        if (is_hole) {
            mail_opening_gap(opening, side, length);
        } else {
            length = MIN(length, rest.len);
            mail_opening_bytes(opening, side, slice_head(rest, length));
            rest = slice_from(rest, length);
        }
        said += length;
        (void)mail_opening_look(opening, data[0] % 4, side, &is_telling);
        if (mail_opening_is_full(opening))
            break;
    }
    mail_opening_tell(opening, count, &told);
    g_assert_true(said == told);
    mail_opening_free(opening);
    return 0;
}
