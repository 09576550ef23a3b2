/* digest.h
 * Hashes of bytes, by the fastest library at hand.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_DIGEST_H
#define MAILXTRA_DIGEST_H

#include <glib.h>

#include "slice.h"

/* The digest in hexadecimal; g_free() it. MD5, SHA-1 and SHA-256. */
char *digest_hex(GChecksumType type, slice bytes);

/* The same of bytes that come in pieces. */
typedef struct digest digest;
digest *digest_new(GChecksumType type);
void digest_free(digest *d);
void digest_feed(digest *d, slice bytes);

/* The digest of what was fed; g_free() it. Begins anew. */
char *digest_take(digest *d);

#endif
