/* cte_decoder.h
 * Content-Transfer-Encodings undone: base64 and quoted-printable (RFC 2045 6.7 and 6.8),
 * uuencode (POSIX), yEnc, BinHex 4.0, identity. Fed in any split, with the same result.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_CTE_DECODER_H
#define MAILXTRA_CTE_DECODER_H

#include "anomaly.h"
#include "mime_parser.h"
#include "slice.h"

/* The encoding that a Content-Transfer-Encoding value names (without case, comments and blanks);
 * empty: identity (RFC 2045 6.1). */
mime_encoding cte_decoder_encoding(slice name);

typedef struct cte_decoder cte_decoder;

/* A decoder that appends to `out` (borrowed), which may be emptied between two calls. MIME_ENCODING_UNKNOWN is taken as
 * identity. */
cte_decoder *cte_decoder_new(mime_encoding encoding, GByteArray *out);
void cte_decoder_free(cte_decoder *decoder);

/* The next bytes of the encoded body. */
void cte_decoder_feed(cte_decoder *decoder, slice bytes);

/* Bytes are lost here; `missing` of them (0: unknown). base64: drops the quantum under way and picks up at
 * the next line start, where a quantum begins in all mail (lines of 60, 64, 72, 76 characters); in
 * a body that is one line, behind the quantum cut in two, if `missing` is known. Quoted-printable: drops the
 * escape under way. uuencode: picks up at the next line. */
void cte_decoder_gap(cte_decoder *decoder, guint64 missing);

/* The body is over: what is held back goes to `out`. Returns what was odd about it all: BAD_BASE64,
 * BASE64_PADDING, BASE64_URL, BAD_QUOTED_PRINTABLE, BAD_UUENCODE, BAD_YENC, BAD_BINHEX. */
anomaly_set cte_decoder_finish(cte_decoder *decoder);

#endif
