/* rtf_compressed.c
 * [MS-OXRTFCP] 2.2: COMPSIZE u32, RAWSIZE u32, COMPTYPE u32, CRC u32, then runs of a control byte and eight
 * tokens, its lowest bit first: 0 a literal, 1 a reference (big-endian: 12 bits place in the dictionary, 4 bits length
 * - 2). A reference to the place being written ends the stream.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rtf_compressed.h"

#include "byte_order.h"

enum { HEADER_BYTES = 16, WINDOW = 4096 };

/* 2.1.2.1: what the dictionary begins with. */
static const char dictionary[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    "\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    "\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

typedef struct unpacker {
    GByteArray *out;
    guint8 window[WINDOW];
    guint at;     /* where the next byte goes */
    gsize wanted; /* bytes */
} unpacker;

static gboolean emit(unpacker *u, guint8 byte)
{
    if (u->out->len >= u->wanted)
        return FALSE;
    g_byte_array_append(u->out, &byte, 1);
    u->window[u->at] = byte;
    u->at = (u->at + 1) % WINDOW;
    return TRUE;
}

/* Returns FALSE at the end. */
static gboolean refer(unpacker *u, guint16 token)
{
    guint from = token >> 4, length = (token & 15) + 2;
    if (from == u->at)
        return FALSE;
    for (guint i = 0; i < length; i++) {
        if (!emit(u, u->window[(from + i) % WINDOW]))
            return FALSE;
    }
    return TRUE;
}

/* Returns FALSE when the input ends before its end mark. */
static gboolean unpack(unpacker *u, slice in)
{
    gsize at = 0;
    while (at < in.len) {
        guint8 control = in.data[at++];
        for (guint bit = 0; bit < 8; bit++) {
            gboolean reference = (control >> bit & 1) != 0;
            if (at + (reference ? 2 : 1) > in.len)
                return FALSE;
            if (!(reference ? refer(u, slice_be16(in, at)) : emit(u, in.data[at])))
                return TRUE;
            at += reference ? 2 : 1;
        }
    }
    return FALSE;
}

GByteArray *rtf_compressed_unpack(slice packed, gsize limit, anomaly_set *anomalies)
{
    gboolean compressed = slice_has(packed, 8, "LZFu", 4);
    if (packed.len < HEADER_BYTES || (!compressed && !slice_has(packed, 8, "MELA", 4)))
        return NULL;
    unpacker u = {.out = g_byte_array_new(), .at = sizeof dictionary - 1, .wanted = slice_le32(packed, 4)};
    slice in = slice_head(slice_from(packed, HEADER_BYTES), MAX(slice_le32(packed, 0), 12) - 12);
    if (u.wanted > limit) {
        u.wanted = limit;
        *anomalies |= ANOMALY_BIT(ANOMALY_CONTENT_LIMIT);
    }
    memset(u.window, ' ', sizeof u.window);
    memcpy(u.window, dictionary, sizeof dictionary - 1);
    if (!compressed)
        g_byte_array_append(u.out, in.data, (guint)MIN(in.len, u.wanted));
    else if (!unpack(&u, in))
        *anomalies |= ANOMALY_BIT(ANOMALY_BAD_COMPRESSED);
    return u.out;
}
