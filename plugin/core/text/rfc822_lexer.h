/* rfc822_lexer.h
 * The tokens of structured header fields: blanks, comments, quoted strings, MIME
 * tokens, and address lists. RFC 5322 3.2 and 3.4, RFC 2045 5.1.
 *
 * A cursor is a slice that the functions move forward; nothing is ever read beyond it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_RFC822_LEXER_H
#define MAILXTRA_RFC822_LEXER_H

#include "anomaly.h"
#include "slice.h"

/* SP, HTAB, and the CR and LF of folding. */
static inline gboolean rfc822_is_lwsp(guint8 c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* s without the blanks and folding at both ends. */
slice rfc822_trim(slice s);

/* s without the blanks and line ends at its end. */
slice rfc822_trim_right(slice s);

/* A byte of a MIME token: RFC 2045 5.1, printable ASCII but for blanks and tspecials. */
gboolean rfc822_is_token_char(guint8 c);

/* Moves over blanks and folding. */
void rfc822_skip_lwsp(slice *cursor);

/* Moves over blanks, folding and comments, nested ones too. A comment that is never
 * closed reaches to the end. */
void rfc822_skip_cfws(slice *cursor);

/* Takes the token at the cursor; empty when there is none. */
slice rfc822_take_token(slice *cursor);

/* With the cursor on a '"': moves behind the quoted string and appends what it stands
 * for to `out` (may be NULL): quoted pairs undone, folding taken out. FALSE: the closing
 * quote is missing, and the string reached to the end. */
gboolean rfc822_take_quoted_string(slice *cursor, GString *out);

/* One mailbox of an address list. */
typedef struct rfc822_address {
    char *name;    /* display name or, as in "a@b (Anna)", the comment; decoded, UTF-8; NULL: none */
    char *mailbox; /* "local@domain", without <>; UTF-8; never NULL, maybe empty */
    char *group;   /* the group it stands in, decoded; NULL: none */
} rfc822_address;

/* The mailboxes of a From, To, Cc... field (raw, as behind the colon). Commas in quoted strings,
 * comments and <> separate nothing. Array of rfc822_address*, owned; free with g_ptr_array_unref().
 * At most LIMIT_RECIPIENTS. Never NULL. */
GPtrArray *rfc822_parse_address_list(slice raw, anomaly_set *anomalies);

#endif
