/* imap_fetch.h
 * What a FETCH response says: read piece by piece, as literals with messages may stand in it.
 *
 *   msg-att = "(" name SP value *(SP name SP value) ")"          RFC 9051 9
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_FETCH_H
#define MAILXTRA_IMAP_FETCH_H

#include "imap_item.h"
#include "imap_lexer.h"

typedef enum imap_fetch_state { FETCH_BEFORE, FETCH_NAMES, FETCH_VALUE, FETCH_LIST, FETCH_AFTER } imap_fetch_state;

/* Attributes that say something of the message. */
typedef enum imap_fetch_name {
    FETCH_UID,
    FETCH_FLAGS,
    FETCH_INTERNALDATE,
    FETCH_SIZE,
    FETCH_ENVELOPE,
    FETCH_BODYSTRUCTURE,
    FETCH_BODY,
    FETCH_OTHER
} imap_fetch_name;

/* A FETCH response under way. All text is borrowed from the line, which grows: it is kept as places. */
typedef struct imap_fetch {
    imap_fetch_state state;
    imap_progress progress;
    gsize name_at, name_len; /* the attribute under way */
    gsize value_at;
    guint64 depth; /* FETCH_LIST */
    imap_fetch_name name;
    guint first[FETCH_OTHER]; /* the first value of each name, counted from 1; 0: none */
    GArray *values;           /* of imap_fetch_value: the attributes that are whole */
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
/* The same where the beginning of the list is lost: an item begins at `at`, or (is_value) the value of one. */
void imap_fetch_begin_inside(imap_fetch *fetch, gsize at, gboolean is_value);

/* Reads on in the line as far as it is there. At a literal: is it the value of an attribute, which then is *name_r?
 * Linear over all calls for one line. */
gboolean imap_fetch_read(imap_fetch *fetch, const imap_line *line, slice *name_r);

/* The attributes' values as items. */
void imap_fetch_items(const imap_fetch *fetch, const imap_line *line, imap_items *items);

/* The first value of that name as it stands in the line; FALSE: none. */
gboolean imap_fetch_find(const imap_fetch *fetch, const imap_line *line, imap_fetch_name name, slice *value_r);

#endif
