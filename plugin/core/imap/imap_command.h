/* imap_command.h
 * IMAP's commands: one table of verbs with the form of their arguments, and one command's line taken apart.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_IMAP_COMMAND_H
#define MAILXTRA_IMAP_COMMAND_H

#include "imap_item.h"
#include "imap_lexer.h"

/* X(ENUM, "VERB", "arguments"). Arguments, as far as they are shown by themselves: m mailbox, s set of messages, f data
 * items of FETCH, u URLs up to the end, - one that is not. RFC 9051 6 and, in order, 2087/9208, 4314, 5464, 2971, 2177,
 * 5161, 3691, 4978, 6851, 5256, 5267, 4467, 8508, 5465, 5255, 5257, 8437. */
#define IMAP_VERB_LIST(X)                                                                                              \
    X(CAPABILITY, "CAPABILITY", "")                                                                                    \
    X(NOOP, "NOOP", "")                                                                                                \
    X(LOGOUT, "LOGOUT", "")                                                                                            \
    X(STARTTLS, "STARTTLS", "")                                                                                        \
    X(AUTHENTICATE, "AUTHENTICATE", "--")                                                                              \
    X(LOGIN, "LOGIN", "--")                                                                                            \
    X(ENABLE, "ENABLE", "-")                                                                                           \
    X(SELECT, "SELECT", "m")                                                                                           \
    X(EXAMINE, "EXAMINE", "m")                                                                                         \
    X(CREATE, "CREATE", "m")                                                                                           \
    X(DELETE, "DELETE", "m")                                                                                           \
    X(RENAME, "RENAME", "mm")                                                                                          \
    X(SUBSCRIBE, "SUBSCRIBE", "m")                                                                                     \
    X(UNSUBSCRIBE, "UNSUBSCRIBE", "m")                                                                                 \
    X(LIST, "LIST", "-m")                                                                                              \
    X(LSUB, "LSUB", "-m")                                                                                              \
    X(XLIST, "XLIST", "-m")                                                                                            \
    X(NAMESPACE, "NAMESPACE", "")                                                                                      \
    X(STATUS, "STATUS", "m")                                                                                           \
    X(APPEND, "APPEND", "m")                                                                                           \
    X(IDLE, "IDLE", "")                                                                                                \
    X(DONE, "DONE", "")                                                                                                \
    X(CHECK, "CHECK", "")                                                                                              \
    X(CLOSE, "CLOSE", "")                                                                                              \
    X(UNSELECT, "UNSELECT", "")                                                                                        \
    X(EXPUNGE, "EXPUNGE", "s")                                                                                         \
    X(SEARCH, "SEARCH", "-")                                                                                           \
    X(FETCH, "FETCH", "sf")                                                                                            \
    X(STORE, "STORE", "s")                                                                                             \
    X(COPY, "COPY", "sm")                                                                                              \
    X(MOVE, "MOVE", "sm")                                                                                              \
    X(GETQUOTA, "GETQUOTA", "-")                                                                                       \
    X(GETQUOTAROOT, "GETQUOTAROOT", "m")                                                                               \
    X(SETQUOTA, "SETQUOTA", "-")                                                                                       \
    X(SETACL, "SETACL", "m")                                                                                           \
    X(DELETEACL, "DELETEACL", "m")                                                                                     \
    X(GETACL, "GETACL", "m")                                                                                           \
    X(LISTRIGHTS, "LISTRIGHTS", "m")                                                                                   \
    X(MYRIGHTS, "MYRIGHTS", "m")                                                                                       \
    X(GETMETADATA, "GETMETADATA", "-")                                                                                 \
    X(SETMETADATA, "SETMETADATA", "m")                                                                                 \
    X(ID, "ID", "-")                                                                                                   \
    X(COMPRESS, "COMPRESS", "-")                                                                                       \
    X(SORT, "SORT", "-")                                                                                               \
    X(THREAD, "THREAD", "-")                                                                                           \
    X(ESEARCH, "ESEARCH", "-")                                                                                         \
    X(CANCELUPDATE, "CANCELUPDATE", "-")                                                                               \
    X(GENURLAUTH, "GENURLAUTH", "u")                                                                                   \
    X(RESETKEY, "RESETKEY", "-")                                                                                       \
    X(URLFETCH, "URLFETCH", "u")                                                                                       \
    X(REPLACE, "REPLACE", "sm")                                                                                        \
    X(NOTIFY, "NOTIFY", "-")                                                                                           \
    X(LANGUAGE, "LANGUAGE", "-")                                                                                       \
    X(COMPARATOR, "COMPARATOR", "-")                                                                                   \
    X(GETANNOTATION, "GETANNOTATION", "m")                                                                             \
    X(SETANNOTATION, "SETANNOTATION", "m")                                                                             \
    X(UNAUTHENTICATE, "UNAUTHENTICATE", "")                                                                            \
    X(PROXYAUTH, "PROXYAUTH", "-")                                                                                     \
    X(XAPPLEPUSHSERVICE, "XAPPLEPUSHSERVICE", "-")

typedef enum imap_verb {
    IMAP_VERB_UNKNOWN,
#define X(id, name, form) IMAP_VERB_##id,
    IMAP_VERB_LIST(X)
#undef X
} imap_verb;

typedef struct imap_command {
    slice tag, name; /* as sent; name without "UID " */
    imap_verb verb;
    gboolean by_uid; /* "UID" stands in front */
    slice argument;  /* the rest of the line */
    gsize name_offset, argument_offset;
} imap_command;

/* Takes a command line (the logical line's text) apart. FALSE: it has no tag and name. */
gboolean imap_command_parse(slice line, imap_command *command_r);

/* Surely a command, in text that may be anything: a tag, a known verb, and arguments that fit. */
gboolean imap_command_is_certain(slice line);

/* What the arguments say, as items. `line` is that of the command. */
void imap_command_items(const imap_line *line, const imap_command *command, imap_items *items, anomaly_set *anomalies);

/* A piece of a message: "BODY[2.MIME]<0.100>", "BODY.PEEK[]", "BINARY[1]<5>", "RFC822.TEXT". */
typedef struct imap_section {
    slice spec; /* borrowed: between the brackets; of RFC822, RFC822.HEADER, RFC822.TEXT: "", "HEADER", "TEXT" */
    gboolean is_binary;
    gboolean is_partial;
    guint64 origin, count; /* count 0: none given */
} imap_section;

/* FALSE: the atom names no piece of a message. */
gboolean imap_section_parse(slice atom, imap_section *section_r);

/* The spec in upper case with single blanks, as text to compare. New. */
char *imap_section_name(const imap_section *section);

#endif
