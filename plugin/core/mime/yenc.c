/* yenc.c
 *
 *   "=ybegin" [" part=" n] " line=" n " size=" n " name=" name CRLF
 *   ["=ypart begin=" n " end=" n CRLF]
 *   *(byte + 42 modulo 256; NUL, CR, LF and "=" as "=" and byte + 42 + 64)
 *   "=yend size=" n [" part=" n] [" pcrc32=" hex] [" crc32=" hex] CRLF
 *
 * "=y" can only be one of these lines: no byte is escaped to "y". Of a file in several parts one part is
 * decoded as what it is.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "yenc.h"

typedef enum yenc_state {
    YENC_LINE,    /* a line begins */
    YENC_EQUALS,  /* it begins with "=" */
    YENC_CONTROL, /* with "=y": held until it is complete */
    YENC_DATA,    /* inside of a data line */
    YENC_ESCAPE,  /* "=" seen in it */
    YENC_AFTER    /* behind "=yend" */
} yenc_state;

/* Of a control line, its name included. */
enum { CONTROL_BYTES = 1024 };

struct yenc_decoder {
    yenc_state state;
    gboolean begun; /* "=ybegin" seen: data lines count */
    GByteArray *out;
    GString *control;
    guint64 written;
    guint32 crc; /* of what was decoded, inverted */
    anomaly_set anomalies;
};

yenc_decoder *yenc_decoder_new(GByteArray *out)
{
    yenc_decoder *d = g_new0(yenc_decoder, 1);
    d->out = out;
    d->control = g_string_new(NULL);
    d->crc = G_MAXUINT32;
    return d;
}

void yenc_decoder_free(yenc_decoder *decoder)
{
    if (!decoder)
        return;
    g_string_free(decoder->control, TRUE);
    g_free(decoder);
}

/* CRC-32 of ISO 3309, four bits at a time. */
static guint32 crc_step(guint32 crc, guint8 byte)
{
    static const guint32 table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    crc ^= byte;
    crc = crc >> 4 ^ table[crc & 15];
    return crc >> 4 ^ table[crc & 15];
}

static void put(yenc_decoder *d, guint8 byte)
{
    if (!d->begun)
        return;
    g_byte_array_append(d->out, &byte, 1);
    d->written++;
    d->crc = crc_step(d->crc, byte);
}

slice yenc_value(slice line, const char *key)
{
    gsize len = strlen(key);
    gboolean name = strcmp(key, "name") == 0;
    for (gsize i = 1; i + len < line.len; i++) {
        if (line.data[i - 1] != ' ' || line.data[i + len] != '=' || memcmp(line.data + i, key, len) != 0)
            continue;
        slice value = slice_from(line, i + len + 1);
        const guint8 *blank = value.len ? memchr(value.data, ' ', value.len) : NULL;
        return slice_trim(name || !blank ? value : slice_head(value, (gsize)(blank - value.data)));
    }
    return SLICE_EMPTY;
}

/* Is the value there, and another number than `number`? */
static gboolean differs(slice line, const char *key, guint base, guint64 number)
{
    slice value = yenc_value(line, key);
    char *text = slice_dup(value);
    gboolean result = value.len && g_ascii_strtoull(text, NULL, base) != number;
    g_free(text);
    return result;
}

static void take_control(yenc_decoder *d)
{
    slice line = {(const guint8 *)d->control->str, d->control->len};
    if (slice_begins(line, "=ybegin "))
        d->begun = TRUE;
    if (d->begun && slice_begins(line, "=yend")) {
        gboolean part = yenc_value(line, "pcrc32").len > 0;
        if (differs(line, "size", 10, d->written) || differs(line, part ? "pcrc32" : "crc32", 16, d->crc ^ G_MAXUINT32))
            d->anomalies |= ANOMALY_BIT(ANOMALY_BAD_YENC);
        d->state = YENC_AFTER;
    } else {
        d->state = YENC_LINE;
    }
    g_string_truncate(d->control, 0);
}

static void data_byte(yenc_decoder *d, guint8 c)
{
    if (c == '=') {
        d->state = YENC_ESCAPE;
    } else if (c == '\n' || c == '\r') {
        d->state = YENC_LINE;
    } else {
        put(d, (guint8)(c - 42));
        d->state = YENC_DATA;
    }
}

static void escaped_byte(yenc_decoder *d, guint8 c)
{
    if (c == '\n' || c == '\r') { /* an escape cut in two */
        d->anomalies |= ANOMALY_BIT(ANOMALY_BAD_YENC);
        d->state = YENC_LINE;
        return;
    }
    put(d, (guint8)(c - 42 - 64));
    d->state = YENC_DATA;
}

static void take_byte(yenc_decoder *d, guint8 c)
{
    switch (d->state) {
    case YENC_LINE:
        if (c == '=')
            d->state = YENC_EQUALS;
        else
            data_byte(d, c);
        break;
    case YENC_EQUALS:
        if (c == 'y') {
            g_string_append(d->control, "=y");
            d->state = YENC_CONTROL;
        } else {
            escaped_byte(d, c);
        }
        break;
    case YENC_CONTROL:
        if (c == '\n' || c == '\r')
            take_control(d);
        else if (d->control->len < CONTROL_BYTES)
            g_string_append_c(d->control, (char)c);
        break;
    case YENC_DATA:
        data_byte(d, c);
        break;
    case YENC_ESCAPE:
        escaped_byte(d, c);
        break;
    case YENC_AFTER:
        break;
    }
}

void yenc_decoder_feed(yenc_decoder *decoder, slice bytes)
{
    for (gsize i = 0; i < bytes.len && decoder->state != YENC_AFTER; i++)
        take_byte(decoder, bytes.data[i]);
}

void yenc_decoder_gap(yenc_decoder *decoder)
{
    decoder->begun = TRUE; /* the hole may have taken the begin line */
    g_string_truncate(decoder->control, 0);
    if (decoder->state != YENC_AFTER)
        decoder->state = YENC_DATA;
}

anomaly_set yenc_decoder_finish(yenc_decoder *decoder)
{
    if (decoder->state == YENC_CONTROL)
        take_control(decoder);
    if (decoder->state != YENC_AFTER)
        decoder->anomalies |= ANOMALY_BIT(ANOMALY_BAD_YENC);
    return decoder->anomalies;
}
