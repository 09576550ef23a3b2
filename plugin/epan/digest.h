/* digest.h
 * Hashes of bytes, by the fastest library at hand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_DIGEST_H
#define MAILXTRA_DIGEST_H

#include <glib.h>

#include "../core/slice.h"

/* The digest in hexadecimal; g_free() it. MD5, SHA-1 and SHA-256. */
char *digest_hex(GChecksumType type, slice bytes);

#endif
