/* pop3_command.h
 * Parses one POP3 command line, and the status of a reply line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_POP3_COMMAND_H
#define MAILXTRA_POP3_COMMAND_H

#include "slice.h"

/* Forms of an argument, for pop3_command_is_certain(). */
typedef enum pop3_argument {
    POP3_NOTHING,
    POP3_ANYTHING, /* something or nothing */
    POP3_SOMETHING,
    POP3_NUMBER, /* a message number */
    POP3_MAYBE_NUMBER,
    POP3_TWO_NUMBERS,    /* TOP: message and lines */
    POP3_NAME_AND_DIGEST /* APOP: name and 32 hex digits */
} pop3_argument;

/* X(name, form): RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH), 6856 (UTF8, LANG), 1082 (XTND), 1081 (LAST). */
#define POP3_VERB_LIST(X)                                                                                              \
    X(USER, SOMETHING)                                                                                                 \
    X(PASS, ANYTHING)                                                                                                  \
    X(APOP, NAME_AND_DIGEST)                                                                                           \
    X(AUTH, ANYTHING)                                                                                                  \
    X(STAT, NOTHING)                                                                                                   \
    X(LIST, MAYBE_NUMBER)                                                                                              \
    X(UIDL, MAYBE_NUMBER)                                                                                              \
    X(RETR, NUMBER)                                                                                                    \
    X(TOP, TWO_NUMBERS)                                                                                                \
    X(DELE, NUMBER)                                                                                                    \
    X(RSET, NOTHING)                                                                                                   \
    X(NOOP, NOTHING)                                                                                                   \
    X(LAST, NOTHING)                                                                                                   \
    X(CAPA, NOTHING)                                                                                                   \
    X(STLS, NOTHING)                                                                                                   \
    X(UTF8, ANYTHING)                                                                                                  \
    X(LANG, ANYTHING)                                                                                                  \
    X(XTND, SOMETHING)                                                                                                 \
    X(XSENDER, NUMBER)                                                                                                 \
    X(QUIT, NOTHING)

typedef enum pop3_verb {
    POP3_VERB_UNKNOWN,
#define X(name, form) POP3_VERB_##name,
    POP3_VERB_LIST(X)
#undef X
} pop3_verb;

typedef struct pop3_command {
    pop3_verb verb;
    slice name; /* as sent */
    guint name_offset;
    slice argument; /* trimmed */
    guint argument_offset;
    slice raw_argument; /* all behind the one blank: a password may begin and end in blanks (RFC 1939 7, PASS) */
} pop3_command;

/* Parses `line` (without its terminator); *command_r borrows from it. */
void pop3_command_parse(slice line, pop3_command *command_r);

/* Is it a known command whose argument has the right form? */
gboolean pop3_command_is_certain(slice line);

typedef struct pop3_reply {
    const char *status; /* "+OK", "-ERR" or "+" (a continuation, RFC 5034 4); static */
    slice text;         /* behind it, trimmed; behind the response code too */
    slice code;         /* response code in brackets of an -ERR (RFC 2449 8), e.g. "IN-USE"; empty: none */
} pop3_reply;

/* FALSE: the line is no status line. */
gboolean pop3_reply_parse(slice line, pop3_reply *reply_r);

#endif
