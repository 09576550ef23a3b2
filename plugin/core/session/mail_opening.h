/* mail_opening.h
 * What both sides of a connection say while nobody knows whether it is mail: bytes and holes, kept in the order they
 * came in, so that the session can be told all of it once that is known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_MAIL_OPENING_H
#define MAILXTRA_MAIL_OPENING_H

#include "mail_recogniser.h"

typedef struct mail_opening mail_opening;

/* Owned by the caller; free with mail_opening_free() (NULL is fine). Allocates nothing more before something is said.
 */
mail_opening *mail_opening_new(void);
void mail_opening_free(mail_opening *opening);

/* Side 0 or 1 says these bytes, which are copied; `missing` bytes of it are lost. */
void mail_opening_bytes(mail_opening *opening, int side, slice bytes);
void mail_opening_gap(mail_opening *opening, int side, guint64 missing);

/* mail_recogniser_look() with side 0 as `a`. A first line with a hole in it says nothing: the ones behind
 * it count. *is_telling_r: has that side said enough to be refused, were it something else? */
mail_guess mail_opening_look(const mail_opening *opening, mail_protocol hint, int side, gboolean *is_telling_r);

/* Has more been said than a connection on a port that promises nothing is looked at for? */
gboolean mail_opening_is_full(const mail_opening *opening);

/* Tells all of it again, in order: `missing` is 0 for bytes, which live until the call returns. */
typedef void (*mail_opening_listener)(int side, slice bytes, guint64 missing, void *user);
void mail_opening_tell(const mail_opening *opening, mail_opening_listener listener, void *user);

#endif
