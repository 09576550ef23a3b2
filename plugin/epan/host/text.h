/* text.h
 * Bytes as text for the tree: valid UTF-8, in the packet's memory; and as text to be kept.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_TEXT_H
#define MAILXTRA_TEXT_H

#include "ws_compat.h"

#include "mail_event.h"

/* The bytes as a string: UTF-8 where it is valid, U+FFFD elsewhere and for NUL. Packet scope. */
const char *text_utf8(packet_info *pinfo, slice bytes);

/* The same in upper case (ASCII letters): verbs and keywords. */
const char *text_upper(packet_info *pinfo, slice bytes);

/* The bytes as a string in file scope, up to a NUL: U+FFFD where they are not UTF-8. */
char *text_keep(slice bytes);

/* Text if all of it is printable UTF-8, else "0x" and hex digits: decoded challenges and the like. */
const char *text_or_hex(packet_info *pinfo, slice bytes);

/* "SMTP", "LMTP", "POP3", "IMAP". Static. */
const char *text_protocol(mail_protocol protocol);

#endif
