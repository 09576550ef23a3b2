/* imap_lexer.h
 * The two layers under IMAP's grammar (RFC 9051 9): a stream cut into logical lines, each a run of text lines
 * joined by literals; and a logical line cut into tokens.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_LEXER_H
#define MAILXTRA_IMAP_LEXER_H

#include "anomaly.h"
#include "mail_event.h"
#include "stream_cursor.h"

/* --- lines --- */

typedef struct imap_reader imap_reader;

typedef enum imap_read {
    IMAP_READ_MORE,    /* the input is used up */
    IMAP_READ_LITERAL, /* a literal is about to come: the line's last token says its size. imap_reader_pass() it, or it
                        * is kept as a part of the line */
    IMAP_READ_DATA,    /* imap_reader_data(): the next bytes of a literal that is passed on */
    IMAP_READ_LITERAL_END, /* that literal is over; the line goes on */
    IMAP_READ_LINE         /* the logical line is whole */
} imap_read;

/* What has been read of a logical line so far. */
typedef struct imap_line {
    slice text;          /* as on the wire, "{5}\r\nhello" included, the last line end not; the bytes of literals that
                          * were passed on are not in it */
    const gsize *passed; /* where in text those would stand, sorted */
    guint passed_count;
    guint64 start, end;    /* in the stream, as far as read; line end included */
    guint64 size;          /* IMAP_READ_LITERAL: bytes of the literal */
    gboolean waits;        /* IMAP_READ_LITERAL: its sender waits for leave ("{5}", not "{5+}") */
    anomaly_set anomalies; /* BARE_LF, BARE_CR, LINE_TOO_LONG */
} imap_line;

/* `side`: a server's status responses and continuation requests end in human text, and never in a literal. */
imap_reader *imap_reader_new(mail_side side);
void imap_reader_free(imap_reader *reader);

/* Reads on from *in; call until IMAP_READ_MORE. After IMAP_READ_LINE the next call begins a new line. Text
 * beyond LIMIT_IMAP_LINE_BYTES is not kept (LINE_TOO_LONG). Linear in the input. */
imap_read imap_reader_next(imap_reader *reader, stream_cursor *in);

/* The line so far, valid until the next call on the reader. */
void imap_reader_line(const imap_reader *reader, imap_line *line_r);

/* After IMAP_READ_LITERAL: its bytes shall come out as IMAP_READ_DATA instead of being kept. */
void imap_reader_pass(imap_reader *reader);
slice imap_reader_data(const imap_reader *reader);

/* Bytes still to come of the literal under way; 0: none is. */
guint64 imap_reader_literal_left(const imap_reader *reader);
gboolean imap_reader_is_passing(const imap_reader *reader);

/* `missing` bytes of the stream are not there. TRUE: they lie in a literal that is passed on, and at most
 * to its end; it goes on behind them. FALSE: the line is broken; call imap_reader_forget(). */
gboolean imap_reader_gap(imap_reader *reader, guint64 missing);

/* Has a line been begun? */
gboolean imap_reader_has_begun(const imap_reader *reader);

/* Forgets the begun line. */
void imap_reader_forget(imap_reader *reader);

/* --- tokens --- */

typedef enum imap_token_kind {
    IMAP_TOKEN_END,
    IMAP_TOKEN_ATOM,    /* also numbers, flags, NIL, "BODY[HEADER.FIELDS (A B)]<0>", "*" */
    IMAP_TOKEN_QUOTED,  /* text: between the quotes, escapes not undone */
    IMAP_TOKEN_LITERAL, /* text: its bytes; empty when passed on (is_passed) */
    IMAP_TOKEN_OPEN,
    IMAP_TOKEN_CLOSE
} imap_token_kind;

typedef struct imap_token {
    imap_token_kind kind;
    slice text;
    gsize offset, length; /* of all of it in the line */
    guint64 size;         /* LITERAL: as announced */
    gboolean is_passed;
    gboolean is_broken; /* a quoted string without its end, a literal without all its bytes */
} imap_token;

typedef struct imap_cursor {
    slice bytes;
    gsize at;
    const gsize *passed; /* as in imap_line */
    guint passed_count, next_passed;
    gboolean no_section_ends; /* an open "[" was looked for its "]" in vain: no other one ends, either */
} imap_cursor;

static inline imap_cursor imap_cursor_of(slice text)
{
    return (imap_cursor){.bytes = text};
}

static inline imap_cursor imap_cursor_of_line(const imap_line *line)
{
    return (imap_cursor){.bytes = line->text, .passed = line->passed, .passed_count = line->passed_count};
}

/* The next token; IMAP_TOKEN_END at the end, again and again. Any bytes are some tokens. */
void imap_cursor_next(imap_cursor *cursor, imap_token *token_r);

/* How far the tokens of a line were read that is still growing. */
typedef struct imap_progress {
    gsize at;
    guint next_passed;
} imap_progress;

/* Gives each token that is there, from *progress on, to take(). A literal that is announced at the end of the line is
 * not one yet: TRUE, and it comes with the next call. Linear over all calls for one line. */
gboolean imap_line_read_on(const imap_line *line, imap_progress *progress,
                           void (*take)(const imap_token *token, gpointer user), gpointer user);

/* Passes over the rest of a value whose first token was `token`: a list up to its ")". */
void imap_cursor_skip_value(imap_cursor *cursor, const imap_token *token);

/* The bytes a string token stands for, escapes undone: token->text itself, or in `scratch` (its content is replaced).
 */
slice imap_token_string(const imap_token *token, GByteArray *scratch);

gboolean imap_token_is(const imap_token *token, const char *word); /* an atom, compared without case */
gboolean imap_token_is_nil(const imap_token *token);
gboolean imap_token_is_string(const imap_token *token); /* atom, quoted or literal: an astring or NIL */

/* An atom that is a number; FALSE: it is none, or does not fit. */
gboolean imap_number(slice text, guint64 *number_r);

/* Can this word be a command's tag (RFC 3501 9: astring characters but "+"; clients' are a few)? */
gboolean imap_is_tag(slice word);

#endif
