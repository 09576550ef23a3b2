/* imap_response.h
 * One response of an IMAP server: what kind it is, and what it says. FETCH responses are read piece by piece, as
 * literals with messages may stand in them.
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

/* --- FETCH --- */

typedef enum imap_fetch_state { FETCH_BEFORE, FETCH_NAMES, FETCH_VALUE, FETCH_LIST, FETCH_AFTER } imap_fetch_state;

/* A FETCH response under way. All text is borrowed from the line, which grows: it is kept as places. */
typedef struct imap_fetch {
    imap_fetch_state state;
    gsize at; /* read up to here */
    guint next_passed;
    gsize name_at, name_len; /* the attribute under way */
    gsize value_at;
    guint64 depth;  /* FETCH_LIST */
    GArray *values; /* of imap_fetch_value: the attributes that are whole */
} imap_fetch;

typedef struct imap_fetch_value {
    gsize name_at, name_len, value_at, value_len;
    imap_token_kind kind; /* of the value's first token */
    gboolean is_passed;
    guint64 size; /* LITERAL */
} imap_fetch_value;

void imap_fetch_init(imap_fetch *fetch);
void imap_fetch_clear(imap_fetch *fetch);
void imap_fetch_begin(imap_fetch *fetch, gsize at);

/* Reads on in the line as far as it is there. At a literal: is it the value of an attribute, which then is *name_r?
 * Linear over all calls for one line. */
gboolean imap_fetch_read(imap_fetch *fetch, const imap_line *line, slice *name_r);

/* The attributes' values as items. */
void imap_fetch_items(const imap_fetch *fetch, const imap_line *line, imap_items *items);

/* The first value of that name as it stands in the line; FALSE: none. */
gboolean imap_fetch_find(const imap_fetch *fetch, const imap_line *line, const char *name, slice *value_r);

#endif
