/* encoded_word.h
 * Header text to UTF-8: encoded words (RFC 2047, RFC 2231 5) and raw 8-bit bytes.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_ENCODED_WORD_H
#define MAILXTRA_ENCODED_WORD_H

#include "anomaly.h"
#include "slice.h"

/* The text of `raw` (a field's value or a piece of it, folded as it came): encoded words decoded
 * wherever they stand, folding undone, 8-bit bytes taken as UTF-8 or guessed. One line of valid
 * UTF-8 without control characters. g_free() it. *anomalies (may be NULL) gets BAD_ENCODED_WORD,
 * HEADER_8BIT, UNKNOWN_CHARSET, BAD_CHARSET_BYTES. Linear in the bytes. */
char *encoded_word_decode(slice raw, anomaly_set *anomalies);

/* Is there something in `raw` that encoded_word_decode() would decode? */
gboolean encoded_word_is_in(slice raw);

#endif
