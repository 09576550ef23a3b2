/* charset_guess.h
 * Which charset are bytes in that say nothing about it and are no UTF-8?
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CHARSET_GUESS_H
#define MAILXTRA_CHARSET_GUESS_H

#include "slice.h"

/* A name that charset_append() knows: the one of a few common charsets in which the bytes look most like text. In it
 * the bytes that were looked at (64 KiB) have no private-use and no unassigned characters, unless none of them fits:
 * then it is windows-1252. Static. */
const char *charset_guess(slice bytes);

/* No text has these: private use, unassigned, controls but for TAB, CR, LF and ESC. */
gboolean charset_guess_is_junk(gunichar c);

#endif
