/* binhex.c
 *
 *   ":" *(6 bits per character, lines of 64) ":"          text
 *   byte 0x90 count                                       a run of the byte in front; count 0: 0x90 itself
 *   length name 0 type creator flags data-length resource-length CRC
 *   data CRC resource CRC                                 RFC 1741 Appendix A
 *
 * Three layers, each pushing into the next: characters, bytes, the file. The CRC (CCITT) is checked of the header
 * and the data fork; of the resource fork only the end of the text is awaited.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "binhex.h"

#include "limits.h"

/* In front of the data fork: name length, name, version, type, creator, flags, two lengths, CRC. */
enum { NAME_BYTES = 63, HEADER_REST = 1 + 4 + 4 + 2 + 4 + 4 + 2, RUN_MARK = 0x90 };

typedef enum binhex_state { BINHEX_BEFORE, BINHEX_TEXT, BINHEX_AFTER, BINHEX_LOST } binhex_state;

struct binhex_decoder {
    binhex_state state;
    guint32 bits, bit_count; /* the character layer */
    guint8 last;             /* the byte layer: what a run repeats */
    gboolean mark;           /* 0x90 seen: a count is due */
    GByteArray *header;      /* of the file, until it is complete */
    guint64 data_left;
    guint crc_left; /* bytes of the data fork's CRC that are due */
    guint16 crc, wanted_crc;
    gboolean checked; /* the data fork is over */
    GByteArray *out;
    gsize room;
    anomaly_set anomalies;
};

binhex_decoder *binhex_decoder_new(GByteArray *out)
{
    binhex_decoder *d = g_new0(binhex_decoder, 1);
    d->header = g_byte_array_new();
    d->out = out;
    d->room = LIMIT_BINHEX_BYTES;
    return d;
}

void binhex_decoder_free(binhex_decoder *decoder)
{
    if (!decoder)
        return;
    g_byte_array_unref(decoder->header);
    g_free(decoder);
}

static void mark(binhex_decoder *d)
{
    d->anomalies |= ANOMALY_BIT(ANOMALY_BAD_BINHEX);
}

/* ---- the file ---- */

static guint16 crc_step(guint16 crc, guint8 byte)
{
    crc ^= (guint16)(byte << 8);
    for (int i = 0; i < 8; i++)
        crc = (guint16)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    return crc;
}

static gsize header_length(const binhex_decoder *d)
{
    return 1 + (gsize)d->header->data[0] + HEADER_REST;
}

static gboolean header_is_complete(const binhex_decoder *d)
{
    return d->header->len && d->header->len >= header_length(d);
}

slice binhex_decoder_name(const binhex_decoder *d)
{
    if (d->header->len == 0 || d->header->len < 1 + (guint)d->header->data[0])
        return SLICE_EMPTY;
    return (slice){d->header->data + 1, d->header->data[0]};
}

static guint32 big_endian(const guint8 *p)
{
    return (guint32)p[0] << 24 | (guint32)p[1] << 16 | (guint32)p[2] << 8 | p[3];
}

static void take_header_byte(binhex_decoder *d, guint8 byte)
{
    g_byte_array_append(d->header, &byte, 1);
    if (d->header->data[0] == 0 || d->header->data[0] > NAME_BYTES) {
        mark(d);
        d->state = BINHEX_LOST;
        return;
    }
    if (!header_is_complete(d))
        return;
    gsize crc_at = header_length(d) - 2;
    guint16 crc = 0;
    for (gsize i = 0; i < crc_at; i++)
        crc = crc_step(crc, d->header->data[i]);
    if (crc != (d->header->data[crc_at] << 8 | d->header->data[crc_at + 1]))
        mark(d);
    d->data_left = big_endian(d->header->data + crc_at - 8);
    d->crc_left = 2;
}

static void take_data_byte(binhex_decoder *d, guint8 byte)
{
    d->data_left--;
    d->crc = crc_step(d->crc, byte);
    if (d->room == 0) {
        mark(d);
        return;
    }
    d->room--;
    g_byte_array_append(d->out, &byte, 1);
}

static void take_crc_byte(binhex_decoder *d, guint8 byte)
{
    d->wanted_crc = (guint16)(d->wanted_crc << 8 | byte);
    if (--d->crc_left)
        return;
    d->checked = TRUE;
    if (d->wanted_crc != d->crc)
        mark(d);
}

static void take_file_byte(binhex_decoder *d, guint8 byte)
{
    if (!header_is_complete(d))
        take_header_byte(d, byte);
    else if (d->data_left)
        take_data_byte(d, byte);
    else if (d->crc_left)
        take_crc_byte(d, byte);
}

/* ---- bytes ---- */

static void take_byte(binhex_decoder *d, guint8 byte)
{
    if (d->mark) {
        d->mark = FALSE;
        if (byte == 0) {
            d->last = RUN_MARK;
            take_file_byte(d, RUN_MARK);
        }
        for (guint i = 1; i < byte && d->state == BINHEX_TEXT; i++)
            take_file_byte(d, d->last);
    } else if (byte == RUN_MARK) {
        d->mark = TRUE;
    } else {
        d->last = byte;
        take_file_byte(d, byte);
    }
}

/* ---- characters ---- */

static const char alphabet[] = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

static void take_character(binhex_decoder *d, guint8 c)
{
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
        return;
    const char *found = c ? strchr(alphabet, c) : NULL;
    if (c == ':') {
        d->state = BINHEX_AFTER;
    } else if (!found) {
        mark(d);
    } else {
        d->bits = d->bits << 6 | (guint32)(found - alphabet);
        d->bit_count += 6;
        if (d->bit_count >= 8) {
            d->bit_count -= 8;
            take_byte(d, (guint8)(d->bits >> d->bit_count));
        }
    }
}

void binhex_decoder_feed(binhex_decoder *decoder, slice bytes)
{
    for (gsize i = 0; i < bytes.len; i++) {
        if (decoder->state == BINHEX_TEXT)
            take_character(decoder, bytes.data[i]);
        else if (decoder->state == BINHEX_BEFORE && bytes.data[i] == ':')
            decoder->state = BINHEX_TEXT;
    }
}

void binhex_decoder_gap(binhex_decoder *decoder)
{
    if (decoder->checked)
        return;
    mark(decoder);
    decoder->state = BINHEX_LOST;
}

anomaly_set binhex_decoder_finish(binhex_decoder *decoder)
{
    if (decoder->state != BINHEX_AFTER || !decoder->checked)
        mark(decoder);
    return decoder->anomalies;
}
