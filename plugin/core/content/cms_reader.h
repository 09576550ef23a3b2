/* cms_reader.h
 * Cryptographic Message Syntax (RFC 5652) as far as it hides mail: what kind it is, and the content of
 * signed-data and compressed-data (RFC 3274). No signature is checked.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CMS_READER_H
#define MAILXTRA_CMS_READER_H

#include "anomaly.h"
#include "slice.h"

typedef enum cms_kind {
    CMS_NONE, /* no CMS */
    CMS_DATA,
    CMS_SIGNED,
    CMS_ENVELOPED, /* also authenticated enveloped, and encrypted-data */
    CMS_COMPRESSED,
    CMS_OTHER, /* digested, authenticated, unknown */
} cms_kind;

/* What the first bytes say: a ContentInfo in BER or DER. */
cms_kind cms_reader_kind(slice bytes);

/* Is it signed-data or compressed-data with a content? Not a detached signature, not certificates only. */
gboolean cms_reader_has_content(slice bytes);

/* The content of signed-data or compressed-data: its OCTET STRING put together from its pieces
 * (BER, as OpenSSL streams it), inflated for compressed-data, at most `limit` bytes. NULL: another kind, or no content
 * (a detached signature, certificates only). *anomalies gets BAD_CMS (malformed or cut; what is there is returned),
 * BAD_COMPRESSED, CONTENT_LIMIT. Linear. Free with g_byte_array_unref(). */
GByteArray *cms_reader_content(slice bytes, gsize limit, anomaly_set *anomalies);

#endif
