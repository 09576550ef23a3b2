/* dkim_body.h
 * The body hash of a DKIM signature, made again from the bytes seen: says whether the body is
 * still the one that was signed. RFC 6376 3.4 and 3.7.
 *
 * It does not verify signatures: that takes a key from the DNS, which a capture need not hold. A body hash that
 * is right proves nothing about who signed; one that is wrong proves that the body is not the one signed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_DKIM_BODY_H
#define MAILXTRA_DKIM_BODY_H

#include "auth_results.h"
#include "slice.h"

typedef struct dkim_body dkim_body;

#define DKIM_BODY_NO_LIMIT G_MAXUINT64

/* Canonicalises what it is fed and hashes the first `limit` bytes of it (l=). Line ends may be CRLF or LF: they
 * count as CRLF (RFC 6376 5.3). */
dkim_body *dkim_body_new(dkim_canon canon, GChecksumType type, guint64 limit);
void dkim_body_feed(dkim_body *body, slice bytes);

/* The body is over: its hash in base64; g_free() it. NULL: the canonical body is shorter than the limit. Frees `body`.
 */
char *dkim_body_finish(dkim_body *body);

typedef enum dkim_verdict {
    DKIM_BODY_UNKNOWN, /* no bh=, or an algorithm or canonicalisation that is not known */
    DKIM_BODY_OK,
    DKIM_BODY_ALTERED
} dkim_verdict;

/* Is `bytes` (a whole message body, dot-stuffing undone) the body that was signed? */
dkim_verdict dkim_body_check(const dkim_signature *signature, slice bytes);

#endif
