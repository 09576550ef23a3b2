/* imap_append.h
 * The arguments of APPEND and REPLACE, read piece by piece, as literals with messages stand in them: RFC 9051 6.3.12,
 * MULTIAPPEND (RFC 3502), CATENATE (RFC 4469), UTF8 (RFC 6855 4), REPLACE (RFC 8508).
 *
 *   append  = "APPEND" SP mailbox 1*(SP [flag-list SP] [date-time SP] message)
 *   message = literal / literal8 / "UTF8" SP "(" literal8 ")" / "CATENATE" SP "(" cat-part *(SP cat-part) ")"
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_APPEND_H
#define MAILXTRA_IMAP_APPEND_H

#include "imap_command.h"

/* What stands in front of a message. All text is borrowed from the line, which grows: it is kept as places. */
typedef struct imap_append_facts {
    gsize flags_at, flags_len, date_at, date_len;
} imap_append_facts;

/* What the arguments say beside literals. */
typedef struct imap_append_step {
    enum {
        IMAP_APPEND_URL,
        IMAP_APPEND_END
    } what;                  /* the server puts in a piece that it has; CATENATE's list is over */
    imap_append_facts facts; /* END: of the message that ends */
} imap_append_step;

typedef struct imap_append {
    imap_progress progress;
    gboolean has_mailbox, in_flags, in_catenate, in_utf8, wants_url, wants_text, wants_list;
    imap_append_facts facts; /* of the message under way */
    char *mailbox;           /* UTF-8; NULL: not there yet */
    GArray *steps;           /* of imap_append_step, since the caller emptied it */
} imap_append;

void imap_append_init(imap_append *append);
void imap_append_clear(imap_append *append);
void imap_append_begin(imap_append *append, const imap_command *command);

/* Reads on in the line as far as it is there. TRUE: the literal that is about to come is (a piece of) a message. Linear
 * over all calls for one line. */
gboolean imap_append_read(imap_append *append, const imap_line *line);

#endif
