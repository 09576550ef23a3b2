/* imap_urlfetch.h
 * What a URLFETCH response says (RFC 4467 8, RFC 5524): pieces of mail that were asked for by URL, read piece by piece
 * as literals with them come in. And those URLs (RFC 5092).
 *
 *   urlfetch-data = "URLFETCH" 1*(SP url (SP nstring / 1*(SP "(" metadata ")")))
 *   metadata      = "BODYPARTSTRUCTURE" SP body / "BODY" SP nstring / "BINARY" SP (nstring / literal8)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_URLFETCH_H
#define MAILXTRA_IMAP_URLFETCH_H

#include "imap_item.h"
#include "imap_lexer.h"

/* What a URL names: "imap://joe@example.org/INBOX;UIDVALIDITY=3/;UID=20/;SECTION=1.2;URLAUTH=...". */
typedef struct imap_url {
    char *owner;   /* whose mailbox; NULL: it does not say */
    char *mailbox; /* as the URL has it, percent encoding undone: UTF-8 */
    guint32 uidvalidity, uid;
    char *section; /* in upper case; "": all of the message */
    gboolean is_partial;
    guint64 origin, count; /* count 0: up to the end */
} imap_url;

/* FALSE: it names no message, and nothing has to be cleared. */
gboolean imap_url_parse(slice text, imap_url *url_r);
void imap_url_clear(imap_url *url);

typedef enum imap_urlfetch_state { URL_BEFORE, URL_VALUE, URL_NAME, URL_ITEM, URL_LIST, URL_CLOSE } imap_urlfetch_state;

/* One value, with the URL that it belongs to. All text is borrowed from the line, which grows: it is kept as places. */
typedef struct imap_urlfetch_value {
    gsize url_at;
    gsize name_at, name_len; /* 0, 0: none, a bare nstring */
    gsize value_at, value_len;
    imap_token_kind kind; /* of the value's first token */
    gboolean is_passed;
    gboolean is_surplus; /* more than the three that a URL may have */
    guint64 size;        /* LITERAL */
} imap_urlfetch_value;

typedef struct imap_urlfetch {
    imap_urlfetch_state state;
    imap_progress progress;
    gsize url_at, name_at, name_len;
    guint64 depth;
    guint of_url;   /* values of the URL so far */
    GArray *values; /* of imap_urlfetch_value: those that are whole */
} imap_urlfetch;

void imap_urlfetch_init(imap_urlfetch *fetch);
void imap_urlfetch_clear(imap_urlfetch *fetch);
void imap_urlfetch_begin(imap_urlfetch *fetch, gsize at);

/* Reads on in the line as far as it is there. TRUE: the literal that is about to come is (a piece of) a message; then
 * *value_r has its URL and name. Linear over all calls for one line. */
gboolean imap_urlfetch_read(imap_urlfetch *fetch, const imap_line *line, imap_urlfetch_value *value_r);

/* Is the value (a piece of) a message, as a string? As a structure? In the second case it is that of the part that the
 * URL names. */
gboolean imap_urlfetch_is_text(const imap_urlfetch_value *value, const imap_line *line);
gboolean imap_urlfetch_is_binary(const imap_urlfetch_value *value, const imap_line *line);
gboolean imap_urlfetch_is_structure(const imap_urlfetch_value *value, const imap_line *line);

/* The URL of a value. FALSE: it names no message. */
gboolean imap_urlfetch_url(const imap_urlfetch_value *value, const imap_line *line, imap_url *url_r);

/* All URLs from `token` on, among other words, as items: URLFETCH and GENURLAUTH commands, GENURLAUTH responses. */
void imap_url_items(imap_cursor *cursor, imap_token *token, imap_items *items);

/* The values as items. */
void imap_urlfetch_items(const imap_urlfetch *fetch, const imap_line *line, imap_items *items);

#endif
