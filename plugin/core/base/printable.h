/* printable.h
 * Text as it may be shown. A true value is a plain string: what stands in the mail, decoded, as filters, JSON and
 * fields need it. A printable value is a type of its own, made only here, so that neither can be taken for the
 * other: what goes into labels, the Info column, tables, terminals, file names and pages is printable.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_PRINTABLE_H
#define MAILXTRA_PRINTABLE_H

#include <glib.h>

/* One line of valid UTF-8 without characters that steer a terminal or change the direction of writing. */
typedef struct printable {
    char *text; /* owned; never NULL in a value made by printable_of() */
} printable;

/* The true value `text` (UTF-8 or not; NULL: empty) with these escaped as Wireshark does:
 *   \t \n \r \a \b \f \v, \xNN for other bytes below 0x20, 0x7f and bytes that are not UTF-8;
 *   \u{NNNN} for C1 controls, line and paragraph separators, bidirectional marks, embeddings, overrides and isolates
 *   (Unicode Standard Annex 9), tag characters, unassigned and private-use characters, and other characters of
 *   format. Joiners (U+200C, U+200D), which scripts and emoji need, and the soft hyphen stay.
 * A backslash is not doubled. Linear. Clear with printable_clear(). */
printable printable_of(const char *text);

/* The same of bytes that are not NUL-terminated. */
printable printable_of_bytes(const char *bytes, gsize length);

void printable_clear(printable *shown);

/* Is that character one that stands for itself in a printable value? */
gboolean printable_keeps(gunichar character);

#endif
