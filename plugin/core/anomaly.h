/* anomaly.h
 * Everything that can be odd about a session or a message, in one table: enum,
 * filter name, weight and text. Anomalies never stop a parser; they travel with
 * the event or part they belong to and become expert infos (mailxtra.expert.<name>).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_ANOMALY_H
#define MAILXTRA_ANOMALY_H

#include <glib.h>

typedef enum anomaly_weight { ANOMALY_NOTE, ANOMALY_WARN, ANOMALY_ERROR } anomaly_weight;

/* X(ENUM, "filter_name", weight, "text") */
#define ANOMALY_LIST(X)                                                                                              \
    /* session */                                                                                                    \
    X(BARE_LF, "bare_lf", NOTE, "Line ends in LF without CR")                                                         \
    X(BARE_CR, "bare_cr", NOTE, "CR without LF inside a line")                                                        \
    X(LINE_TOO_LONG, "line_too_long", WARN, "Line is longer than the limit; the rest is passed over")                 \
    X(UNKNOWN_COMMAND, "unknown_command", NOTE, "Not a command of this protocol")                                     \
    X(BAD_SYNTAX, "bad_syntax", WARN, "Syntax error in the command or reply")                                         \
    X(REPLY_CODE_CHANGES, "reply_code_changes", WARN, "Reply code changes inside a multi-line reply")                 \
    X(UNEXPECTED_REPLY, "unexpected_reply", NOTE, "Reply without a command it answers")                               \
    X(TOO_MANY_PENDING, "too_many_pending", WARN, "Too many commands without a reply; the oldest is forgotten")       \
    X(AMBIGUOUS_END_OF_DATA, "ambiguous_end_of_data", WARN,                                                           \
      "Servers disagree whether the message ends here (SMTP smuggling)")                                              \
    X(DATA_BEFORE_354, "data_before_354", WARN, "Message data sent before the server's 354")                          \
    X(DATA_REFUSED, "data_refused", NOTE, "The server refused the message data")                                      \
    X(BDAT_BAD_SIZE, "bdat_bad_size", WARN, "BDAT chunk size is missing or out of range")                             \
    X(STARTTLS_INJECTION, "starttls_injection", ERROR, "Plain text behind STARTTLS (command injection)")              \
    X(CLEARTEXT_PASSWORD, "cleartext_password", NOTE, "Password sent without encryption")                             \
    X(BAD_BASE64_AUTH, "bad_base64_auth", WARN, "Not valid base64 in the authentication exchange")                    \
    X(BAD_SASL, "bad_sasl", WARN, "The SASL message does not have the form its mechanism asks for")                   \
    X(LOST_BYTES, "lost_bytes", WARN, "Bytes are missing in the capture")                                             \
    X(MESSAGE_CUT, "message_cut", WARN, "The message is incomplete")                                                  \
    X(MESSAGE_ABORTED, "message_aborted", NOTE, "The message was given up before its end")                            \
    X(MESSAGE_TOO_LARGE, "message_too_large", WARN, "Message is larger than the limit; the rest is not kept")         \
    /* header and MIME */                                                                                            \
    X(HEADER_TOO_LONG, "header_too_long", WARN, "Header is longer than the limit")                                    \
    X(HEADER_NO_COLON, "header_no_colon", WARN, "Line in the header is no header field")                              \
    X(HEADER_8BIT, "header_8bit", NOTE, "Header field has unencoded 8-bit bytes")                                     \
    X(BAD_ENCODED_WORD, "bad_encoded_word", NOTE, "Malformed encoded word (RFC 2047)")                                \
    X(DUPLICATE_PARAMETER, "duplicate_parameter", NOTE, "Parameter occurs more than once")                            \
    X(BAD_PARAMETER, "bad_parameter", NOTE, "Malformed parameter (RFC 2045, RFC 2231)")                               \
    X(UNKNOWN_CHARSET, "unknown_charset", NOTE, "Unknown charset")                                                    \
    X(BAD_CHARSET_BYTES, "bad_charset_bytes", NOTE, "Bytes that do not belong to the declared charset")               \
    X(UNKNOWN_ENCODING, "unknown_encoding", WARN, "Unknown Content-Transfer-Encoding; bytes are taken as they are")   \
    X(BAD_BASE64, "bad_base64", WARN, "Characters that are not base64 were passed over")                              \
    X(BASE64_PADDING, "base64_padding", NOTE, "Base64 padding is missing or too early")                               \
    X(BAD_QUOTED_PRINTABLE, "bad_quoted_printable", NOTE, "Malformed quoted-printable; bytes are taken as they are")  \
    X(BAD_UUENCODE, "bad_uuencode", WARN, "Malformed uuencode, or its begin or end line is missing")                  \
    X(MISSING_BOUNDARY, "missing_boundary", WARN, "Multipart without a boundary parameter, or it never occurs")       \
    X(MISSING_CLOSE_BOUNDARY, "missing_close_boundary", NOTE, "Multipart without its closing boundary")               \
    X(PART_WITHOUT_BLANK_LINE, "part_without_blank_line", NOTE, "No blank line between header and body")              \
    X(NESTING_LIMIT, "nesting_limit", WARN, "Nested too deeply; shown without its inner structure")                   \
    X(PART_LIMIT, "part_limit", WARN, "Too many parts; the rest is shown as one")                                     \
    X(PART_INCOMPLETE, "part_incomplete", WARN, "Bytes of this part are missing in the capture")                      \
    X(UNSAFE_FILENAME, "unsafe_filename", WARN, "File name was changed to be safe")                                   \
    /* IMAP */                                                                                                       \
    X(BAD_MAILBOX_NAME, "bad_mailbox_name", NOTE, "Mailbox name is not modified UTF-7")                               \
    X(BAD_DEFLATE, "bad_deflate", WARN, "The compressed stream cannot be inflated any further")                       \
    X(NOT_FETCHED, "not_fetched", NOTE, "The client did not fetch all of it")                                         \
    X(PART_UNKNOWN, "part_unknown", NOTE,                                                                             \
      "Neither BODYSTRUCTURE nor the part's own header was fetched: type and encoding are a guess")

typedef enum anomaly_kind {
#define X(name, filter, weight, text) ANOMALY_##name,
    ANOMALY_LIST(X)
#undef X
        ANOMALY_COUNT
} anomaly_kind;

/* A set of anomalies: bit k stands for anomaly_kind k. The table has outgrown 64 bits; gcc and clang know
 * this type on every 64-bit machine. */
__extension__ typedef unsigned __int128 anomaly_set;
G_STATIC_ASSERT(ANOMALY_COUNT <= 128);
#define ANOMALY_BIT(kind) ((anomaly_set)1 << (kind))

typedef struct anomaly_info {
    const char *name; /* filter name behind "mailxtra.expert." */
    anomaly_weight weight;
    const char *text;
} anomaly_info;

/* The table's row of `kind`; never NULL for a kind below ANOMALY_COUNT. Static. */
const anomaly_info *anomaly_describe(anomaly_kind kind);

#endif
