/* binhex.h
 * BinHex 4.0 (RFC 1741): the data fork of a Macintosh file. Fed in any split, with the same result.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_BINHEX_H
#define MAILXTRA_BINHEX_H

#include "anomaly.h"
#include "slice.h"

typedef struct binhex_decoder binhex_decoder;

/* A decoder that appends the data fork of the first file to `out` (borrowed), at most LIMIT_BINHEX_BYTES. */
binhex_decoder *binhex_decoder_new(GByteArray *out);
void binhex_decoder_free(binhex_decoder *decoder);

void binhex_decoder_feed(binhex_decoder *decoder, slice bytes);

/* Bytes are lost here: what follows is out of step, and is passed over. */
void binhex_decoder_gap(binhex_decoder *decoder);

/* BAD_BINHEX: the end is missing, a CRC differs, or a byte that is none of the alphabet. */
anomaly_set binhex_decoder_finish(binhex_decoder *decoder);

/* The file's name, in Macintosh Roman; empty: not known (yet). Borrowed from the decoder. */
slice binhex_decoder_name(const binhex_decoder *decoder);

#endif
