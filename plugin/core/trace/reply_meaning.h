/* reply_meaning.h
 * What an SMTP reply code and an enhanced status code mean. RFC 5321 4.2.3, RFC 3463 and its registry.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_REPLY_MEANING_H
#define MAILXTRA_REPLY_MEANING_H

#include "slice.h"

/* The meaning of a reply with this code and enhanced status ("5.1.1", or empty): what is most exact of the status's
 * detail, the code, the status's subject. NULL: none is known. Static. */
const char *reply_meaning(guint code, slice status);

#endif
