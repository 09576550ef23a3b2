/* printable.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "printable.h"

#include <string.h>

gboolean printable_keeps(gunichar character)
{
    if (character < 0x7f)
        return character >= 0x20;
    if (character == 0x200c || character == 0x200d || character == 0xad) /* joiners, soft hyphen */
        return TRUE;
    switch (g_unichar_type(character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return FALSE;
    default:
        return TRUE;
    }
}

static void append_escaped_byte(GString *out, guint8 byte)
{
    static const char names[] = "abtnvfr"; /* 0x07 to 0x0d */
    if (byte >= 0x07 && byte <= 0x0d)
        g_string_append_printf(out, "\\%c", names[byte - 0x07]);
    else
        g_string_append_printf(out, "\\x%02x", byte);
}

/* Bytes in front that are printable ASCII: nearly always all of them. */
static gsize plain_length(const char *bytes, gsize length)
{
    gsize plain = 0;
    while (plain < length && bytes[plain] >= 0x20 && bytes[plain] < 0x7f)
        plain++;
    return plain;
}

static gsize append_one(GString *out, const char *bytes, gsize length)
{
    guint8 first = (guint8)*bytes;
    gunichar character = first < 0x80 ? first : g_utf8_get_char_validated(bytes, (gssize)length);
    if (first < 0x80 || character == (gunichar)-1 || character == (gunichar)-2) {
        append_escaped_byte(out, first);
        return 1;
    }
    gsize size = (gsize)(g_utf8_next_char(bytes) - bytes);
    if (printable_keeps(character))
        g_string_append_len(out, bytes, (gssize)size);
    else
        g_string_append_printf(out, "\\u{%04x}", character);
    return size;
}

printable printable_of_bytes(const char *bytes, gsize length)
{
    GString *out = g_string_sized_new(length + 1);
    while (length) {
        gsize step = plain_length(bytes, length);
        if (step)
            g_string_append_len(out, bytes, (gssize)step);
        else
            step = append_one(out, bytes, length);
        bytes += step;
        length -= step;
    }
    return (printable){g_string_free(out, FALSE)};
}

printable printable_of(const char *text)
{
    return printable_of_bytes(text ? text : "", text ? strlen(text) : 0);
}

void printable_clear(printable *shown)
{
    g_free(shown->text);
    shown->text = NULL;
}
