/* smtp_reply.c
 * RFC 5321 4.2:
 *
 *   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
 *   Reply-code = %x32-35 %x30-35 %x30-39
 *
 * RFC 2034 4: text = class "." subject "." detail SP ...; the class is the code's first digit.
 *
 * Policy: any three digits are a code ("199", "650": odd) and a HTAB does for the blank. Three
 * digits with anything else behind them ("2500 apples") are no reply.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_reply.h"

/* Length of 1*3DIGIT at s[from]; 0: none. */
static gsize digits_at(slice s, gsize from)
{
    gsize len = 0;
    while (len < 4 && from + len < s.len && g_ascii_isdigit(s.data[from + len]))
        len++;
    return len > 3 ? 0 : len;
}

/* Length of an enhanced status code of that class at the beginning of text; 0: none. */
static gsize enhanced_length(slice text, guint8 class_digit)
{
    gsize subject, detail, end;
    if (text.len < 5 || text.data[0] != class_digit || text.data[1] != '.' || !strchr("245", class_digit))
        return 0;
    subject = digits_at(text, 2);
    if (subject == 0 || 2 + subject >= text.len || text.data[2 + subject] != '.')
        return 0;
    detail = digits_at(text, 3 + subject);
    end = 3 + subject + detail;
    if (detail == 0 || (end < text.len && text.data[end] != ' ' && text.data[end] != '\t'))
        return 0;
    return end;
}

gboolean smtp_reply_parse(slice line, smtp_reply *reply_r)
{
    const guint8 *c = line.data;
    guint8 mark = line.len > 3 ? c[3] : ' ';
    gsize len;

    if (line.len < 3 || !g_ascii_isdigit(c[0]) || !g_ascii_isdigit(c[1]) || !g_ascii_isdigit(c[2]))
        return FALSE;
    if (mark != ' ' && mark != '-' && mark != '\t')
        return FALSE;
    *reply_r = (smtp_reply){.code = (guint)((c[0] - '0') * 100 + (c[1] - '0') * 10 + (c[2] - '0')),
                            .last = mark != '-',
                            .text = slice_trim(slice_from(line, 4)),
                            .odd = mark == '\t' || c[0] < '2' || c[0] > '5' || c[1] > '5'};
    len = enhanced_length(reply_r->text, c[0]);
    if (len > 0) {
        reply_r->enhanced = slice_head(reply_r->text, len);
        reply_r->text = slice_trim(slice_from(reply_r->text, len));
    }
    return TRUE;
}
