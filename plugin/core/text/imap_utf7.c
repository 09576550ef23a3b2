/* imap_utf7.c
 *
 * RFC 3501 5.1.3: printable ASCII stands for itself, "&-" for "&"; the rest is UTF-16BE in base64 with "," for
 * "/" and without padding, between "&" and "-". Servers in the wild also give names in plain UTF-8.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_utf7.h"

#include "base64_digit.h"

static gint digit_of(guint8 c)
{
    return base64_digit(c, ',');
}

static gboolean is_high(guint32 unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static gboolean is_low(guint32 unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Appends what the base64 digits stand for; FALSE: they stand for nothing. */
static gboolean append_shifted(GString *out, slice digits)
{
    guint32 bits = 0, high = 0;
    guint count = 0;

    for (gsize i = 0; i < digits.len; i++) {
        bits = bits << 6 | (guint32)digit_of(digits.data[i]);
        count += 6;
        if (count < 16)
            continue;
        count -= 16;
        guint32 unit = bits >> count & 0xFFFF;
        bits &= (1U << count) - 1;
        if (high && !is_low(unit))
            return FALSE;
        if (is_high(unit)) {
            high = unit;
            continue;
        }
        if (unit == 0 || (!high && is_low(unit)))
            return FALSE;
        g_string_append_unichar(out, high ? 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00) : unit);
        high = 0;
    }
    return high == 0 && count < 6 && bits == 0;
}

/* The shift sequence at the front of `name` (behind "&"): appended, its length with "-"; 0: it is none. */
static gsize read_shift(GString *out, slice name)
{
    gsize len = 0, before = out->len;
    while (len < name.len && digit_of(name.data[len]) >= 0)
        len++;
    if (len >= name.len || name.data[len] != '-')
        return 0;
    if (len == 0)
        g_string_append_c(out, '&');
    else if (!append_shifted(out, slice_head(name, len))) {
        g_string_truncate(out, before);
        return 0;
    }
    return len + 1;
}

/* A name in plain UTF-8 (RFC 6855, RFC 9051): "&" stands for itself. */
static gboolean is_utf8(slice name)
{
    for (gsize i = 0; i < name.len; i++)
        if (name.data[i] >= 0x80)
            return TRUE;
    return FALSE;
}

char *imap_utf7_decode(slice name, anomaly_set *anomalies)
{
    GString *out;
    gsize at = 0;

    if (is_utf8(name))
        return g_utf8_make_valid((const char *)name.data, (gssize)name.len);
    out = g_string_sized_new(name.len + 1);
    while (at < name.len) {
        gsize shift = name.data[at] == '&' ? read_shift(out, slice_from(name, at + 1)) : 0;
        if (name.data[at] == '&' && shift == 0 && anomalies)
            *anomalies |= ANOMALY_BIT(ANOMALY_BAD_MAILBOX_NAME);
        if (shift == 0)
            g_string_append_c(out, name.data[at] ? (char)name.data[at] : '?');
        at += 1 + shift;
    }
    char *valid = g_utf8_make_valid(out->str, (gssize)out->len);
    g_string_free(out, TRUE);
    return valid;
}
