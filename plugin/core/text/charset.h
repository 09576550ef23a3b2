/* charset.h
 * Bytes in the charsets of mail to UTF-8. Whatever comes in, what goes out is valid
 * UTF-8 without NUL, and the work is linear in the bytes.
 *
 * Not thread-safe: opened converters are kept for the next call.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CHARSET_H
#define MAILXTRA_CHARSET_H

#include "anomaly.h"
#include "slice.h"

/* Is the charset name (any case and punctuation, quotes, "x-", "cs", "*language" behind it)
 * one that charset_append() knows? */
gboolean charset_is_known(slice name);

/* Appends `bytes` as UTF-8 to `out`. `name` is what the mail declares; empty, "default",
 * "unknown-8bit" and unknown names: the charset is guessed (see charset.c). Bytes that do not belong
 * to the charset and NUL become U+FFFD. *anomalies (may be NULL) gets UNKNOWN_CHARSET and
 * BAD_CHARSET_BYTES. */
void charset_append(GString *out, slice bytes, slice name, anomaly_set *anomalies);

/* charset_append() into a new string; g_free() it. */
char *charset_to_utf8(slice bytes, slice name, anomaly_set *anomalies);

/* `text` (valid UTF-8, taken over) as one line for display: tab, CR and LF become blanks, other
 * control characters (C0, DEL, C1, line and paragraph separator) U+FFFD. g_free() the result. */
char *charset_one_line(char *text);

/* Are all bytes printable ASCII or SP? Then they are text as they stand, whatever is guessed. */
gboolean charset_is_plain(slice bytes);

/* Are all bytes below 0x80? */
gboolean charset_is_ascii(slice bytes);

#endif
