/* base64_digit.h
 * The digits of the base64 alphabets (RFC 4648 4 and its kin), which differ in their last one.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_BASE64_DIGIT_H
#define MAILXTRA_BASE64_DIGIT_H

#include <glib.h>

/* The value of a digit, 0..63, in the alphabet "A-Za-z0-9+" and `last`; -1: it is none. */
static inline gint base64_digit(guint8 c, guint8 last)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == last ? 63 : -1;
}

#endif
