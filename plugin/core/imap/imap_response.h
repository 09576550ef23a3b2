/* imap_response.h
 * One response of an IMAP server: what kind it is, and what it says. Of a FETCH response
 * only its number: see imap_fetch.h.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_RESPONSE_H
#define MAILXTRA_IMAP_RESPONSE_H

#include "imap_item.h"
#include "imap_lexer.h"

/* An item that is not in the table: one capability (mailxtra.capability). */
#define IMAP_ITEM_CAPABILITY IMAP_ITEM_COUNT

typedef struct imap_response {
    slice tag;                 /* empty: untagged, or a continuation request */
    const char *status;        /* "OK", "NO", "BAD", "PREAUTH", "BYE", "+"; NULL: data */
    slice code, code_argument; /* "[UIDVALIDITY 5]" */
    slice text;                /* of a status: behind the code */
    slice name;                /* of data: FETCH, EXISTS, LIST, ... as sent */
    gboolean has_number;       /* "* 12 FETCH" */
    guint64 number;
    gsize data_offset; /* of data: where its arguments begin in the line */
} imap_response;

/* Takes the front of a response apart. FALSE: it is none. */
gboolean imap_response_parse(slice line, imap_response *response_r);

/* Can it be nothing but a response, in text that may be anything? Tags are for the caller to judge. */
gboolean imap_response_is_certain(const imap_response *response);

/* What the response says, as items; of a FETCH response only its number (see imap_fetch). */
void imap_response_items(const imap_line *line, const imap_response *response, imap_items *items,
                         anomaly_set *anomalies);

#endif
