/* text.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "text.h"

#define REPLACEMENT "\xef\xbf\xbd"

const char *text_utf8(packet_info *pinfo, slice bytes)
{
    const char *at = (const char *)bytes.data;
    gsize left = bytes.len;
    const char *end;
    if (bytes.len == 0)
        return "";
    if (g_utf8_validate_len(at, left, &end))
        return wmem_strndup(pinfo->pool, at, left);
    wmem_strbuf_t *text = wmem_strbuf_new(pinfo->pool, "");
    while (left) {
        gboolean valid = g_utf8_validate_len(at, left, &end);
        wmem_strbuf_append_len(text, at, (gsize)(end - at));
        left -= (gsize)(end - at);
        at = end;
        if (!valid && left) {
            wmem_strbuf_append(text, REPLACEMENT);
            at++;
            left--;
        }
    }
    return wmem_strbuf_get_str(text);
}

const char *text_upper(packet_info *pinfo, slice bytes)
{
    char *text = wmem_strdup(pinfo->pool, text_utf8(pinfo, bytes));
    for (char *c = text; *c; c++)
        *c = g_ascii_toupper(*c);
    return text;
}

char *text_keep(slice bytes)
{
    if (bytes.len == 0)
        return wmem_strdup(wmem_file_scope(), "");
    if (g_utf8_validate_len((const char *)bytes.data, bytes.len, NULL))
        return wmem_strndup(wmem_file_scope(), (const char *)bytes.data, bytes.len);
    char *copy = slice_dup(bytes);
    char *valid = g_utf8_make_valid(copy, -1);
    char *kept = wmem_strdup(wmem_file_scope(), valid);
    g_free(valid);
    g_free(copy);
    return kept;
}

static gboolean is_printable(slice bytes)
{
    const char *end = (const char *)bytes.data + bytes.len;
    if (!g_utf8_validate_len((const char *)bytes.data, bytes.len, NULL))
        return FALSE;
    for (const char *c = (const char *)bytes.data; c < end; c = g_utf8_next_char(c)) {
        gunichar letter = g_utf8_get_char(c);
        /* XOAUTH2 and OAUTHBEARER separate their fields with Ctrl-A */
        if (!g_unichar_isprint(letter) && letter != '\t' && letter != '\r' && letter != '\n' && letter != 1)
            return FALSE;
    }
    return TRUE;
}

const char *text_or_hex(packet_info *pinfo, slice bytes)
{
    if (bytes.len == 0 || is_printable(bytes))
        return text_utf8(pinfo, bytes);
    wmem_strbuf_t *hex = wmem_strbuf_new(pinfo->pool, "0x");
    for (gsize i = 0; i < bytes.len; i++)
        wmem_strbuf_append_printf(hex, "%02x", bytes.data[i]);
    return wmem_strbuf_get_str(hex);
}

const char *text_protocol(mail_protocol protocol)
{
    switch (protocol) {
    case MAIL_PROTOCOL_LMTP:
        return "LMTP";
    case MAIL_PROTOCOL_POP3:
        return "POP3";
    case MAIL_PROTOCOL_IMAP:
        return "IMAP";
    default:
        return "SMTP";
    }
}
