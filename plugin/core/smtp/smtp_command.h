/* smtp_command.h
 * Parses one SMTP or LMTP command line.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_SMTP_COMMAND_H
#define MAILXTRA_SMTP_COMMAND_H

#include "mail_event.h"

/* X(ENUM, "wire name"): RFC 5321 4.1.1, 821, 2033, 3030, 3207, 4954, 1985, 2645, 4468,
 * Postfix' XCLIENT/XFORWARD, Exchange's X- verbs. */
#define SMTP_VERB_LIST(X)                                                                                              \
    X(HELO, "HELO")                                                                                                    \
    X(EHLO, "EHLO")                                                                                                    \
    X(LHLO, "LHLO")                                                                                                    \
    X(MAIL, "MAIL")                                                                                                    \
    X(RCPT, "RCPT")                                                                                                    \
    X(DATA, "DATA")                                                                                                    \
    X(BDAT, "BDAT")                                                                                                    \
    X(RSET, "RSET")                                                                                                    \
    X(NOOP, "NOOP")                                                                                                    \
    X(QUIT, "QUIT")                                                                                                    \
    X(VRFY, "VRFY")                                                                                                    \
    X(EXPN, "EXPN")                                                                                                    \
    X(HELP, "HELP")                                                                                                    \
    X(STARTTLS, "STARTTLS")                                                                                            \
    X(AUTH, "AUTH")                                                                                                    \
    X(BURL, "BURL")                                                                                                    \
    X(ETRN, "ETRN")                                                                                                    \
    X(ATRN, "ATRN")                                                                                                    \
    X(TURN, "TURN")                                                                                                    \
    X(SEND, "SEND")                                                                                                    \
    X(SOML, "SOML")                                                                                                    \
    X(SAML, "SAML")                                                                                                    \
    X(VERB, "VERB")                                                                                                    \
    X(ONEX, "ONEX")                                                                                                    \
    X(XCLIENT, "XCLIENT")                                                                                              \
    X(XFORWARD, "XFORWARD")                                                                                            \
    X(XEXCH50, "XEXCH50")                                                                                              \
    X(X_EXPS, "X-EXPS")                                                                                                \
    X(X_LINK2STATE, "X-LINK2STATE")                                                                                    \
    X(X_ANONYMOUSTLS, "X-ANONYMOUSTLS")

typedef enum smtp_verb {
    SMTP_VERB_UNKNOWN,
#define X(name, wire) SMTP_VERB_##name,
    SMTP_VERB_LIST(X)
#undef X
} smtp_verb;

typedef struct smtp_command {
    smtp_verb verb;
    slice name; /* the verb as sent */
    guint name_offset;
    slice argument; /* behind the verb, trimmed */
    guint argument_offset;
    slice path; /* MAIL, SEND, SOML, SAML, RCPT: mailbox without <> and source route */
    gboolean has_path;
    const mail_param *params; /* ESMTP parameters of MAIL and RCPT, attributes of XCLIENT and XFORWARD */
    guint param_count;
    guint64 size;          /* BDAT: octets of the chunk; XEXCH50: octets of the blob */
    gboolean last;         /* BDAT ... LAST, BURL ... LAST */
    anomaly_set anomalies; /* BAD_SYNTAX, BDAT_BAD_SIZE (then size is 0) */
} smtp_command;

typedef struct smtp_command_parser smtp_command_parser;

smtp_command_parser *smtp_command_parser_new(void);
void smtp_command_parser_free(smtp_command_parser *parser);

/* Parses `line` (without its terminator). Never NULL; its slices are borrowed from `line` and
 * from the parser, valid until the next call. Wrong syntax is an anomaly, and what can be
 * read is read. */
const smtp_command *smtp_command_parse(smtp_command_parser *parser, slice line);

/* Can this line hardly be anything but an SMTP command (known verb, and an argument of the right
 * form)? Stricter than the parser: it tells commands from mail text and SASL responses. */
gboolean smtp_command_is_certain(slice line);

#endif
