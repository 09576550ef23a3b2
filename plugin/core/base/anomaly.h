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

/* clang-format off */
/* Who it is from, which way it came, and the health of the session: docs/tracing.md. */
#define ANOMALY_TRACE_LIST(X)                                                                                          \
    X(FROM_DOMAIN_DIFFERS, "from_domain_differs", NOTE, "From names another domain than the envelope sender")          \
    X(DISPLAY_NAME_ADDRESS, "display_name_address", WARN,                                                              \
      "The display name shows a mail address that is not the sender's")                                                \
    X(REPLY_TO_DIFFERS, "reply_to_differs", NOTE, "Answers go to a free mail account of another domain than From")     \
    X(RETURN_PATH_DIFFERS, "return_path_differs", NOTE,                                                                \
      "Return-Path was there before the delivery, and is not the envelope sender")                                     \
    X(NULL_SENDER_NO_REPORT, "null_sender_no_report", NOTE, "Null envelope sender, but the message is no report")      \
    X(AUTH_USER_DIFFERS, "auth_user_differs", NOTE, "The user who logged in is not the envelope sender")               \
    X(HELO_ADDRESS_DIFFERS, "helo_address_differs", WARN, "The address in HELO/EHLO is not the client's")              \
    X(HELO_NAME_DIFFERS, "helo_name_differs", NOTE,                                                                    \
      "The server knows the client by another name than it gave in HELO/EHLO")                                         \
    X(FROM_NO_ADDRESS, "from_no_address", NOTE, "From names nobody who has an address")                                \
    X(RELAYED_BY_THIRD_PARTY, "relayed_by_third_party", WARN,                                                          \
      "Sent on by a server of neither the sender nor the recipient")                                                   \
    X(RECEIVED_MALFORMED, "received_malformed", WARN, "Received field without what servers write")                     \
    X(RECEIVED_HELO_DIFFERS, "received_helo_differs", NOTE,                                                            \
      "Received: the client called itself otherwise than its address does")                                            \
    X(RECEIVED_CHAIN_BROKEN, "received_chain_broken", NOTE,                                                            \
      "Received: the message came from another server than the one that had it before")                                \
    X(RECEIVED_TIME_BACKWARDS, "received_time_backwards", NOTE,                                                        \
      "Received: a server had the message before the server that gave it")                                             \
    X(RECEIVED_NO_ADDRESS, "received_no_address", NOTE, "Received: from another organisation, but without an address") \
    X(RECEIVED_BELOW_AUTHOR_FIELDS, "received_below_author_fields", NOTE,                                              \
      "Received stands below fields that the author's program writes")                                                 \
    X(RECEIVED_PRIVATE_ADDRESS, "received_private_address", NOTE,                                                      \
      "Received: a private address, but a name of another organisation")                                               \
    X(RECEIVED_CONTRADICTS_CAPTURE, "received_contradicts_capture", WARN,                                              \
      "Received does not say what this capture shows of that hop")                                                     \
    X(AUTH_RESULTS_CLAIMED, "auth_results_claimed", WARN,                                                              \
      "The client brings Authentication-Results in the server's own name")                                             \
    X(DMARC_FAILED, "dmarc_failed", NOTE,                                                                              \
      "A server found that the message does not come from its From domain (DMARC)")                                    \
    X(DKIM_BODY_ALTERED, "dkim_body_altered", WARN, "The body is not the one that was signed (DKIM body hash)")        \
    X(BODY_CHANGED, "body_changed", NOTE, "The body is not the one of the hop before")                                 \
    X(FIELDS_CHANGED, "fields_changed", NOTE, "Fields that the author writes are not those of the hop before")         \
    /* health of the session */                                                                                        \
    X(AUTH_FAILED_REPEATEDLY, "auth_failed_repeatedly", NOTE, "Several logins of this session failed")                 \
    X(REPLY_TRANSIENT_FAILURE, "reply_transient_failure", NOTE, "Refused for now (4xx)")                               \
    X(REPLY_PERMANENT_FAILURE, "reply_permanent_failure", NOTE, "Refused for good (5xx)")                              \
    X(CONNECTION_LOST_IN_MESSAGE, "connection_lost_in_message", WARN,                                                  \
      "The connection ended in the middle of a message")                                                               \
    X(CLOSED_WITHOUT_QUIT, "closed_without_quit", NOTE, "The server closed the connection before QUIT")                \
    X(STARTTLS_NOT_USED, "starttls_not_used", NOTE, "The server offers STARTTLS, but the client goes on in clear text")

/* X(ENUM, "filter_name", weight, "text") */
#define ANOMALY_LIST(X)                                                                                                \
    /* session */                                                                                                      \
    X(BARE_LF, "bare_lf", NOTE, "Line ends in LF without CR")                                                          \
    X(BARE_CR, "bare_cr", NOTE, "CR without LF inside a line")                                                         \
    X(LINE_TOO_LONG, "line_too_long", WARN, "Line is longer than the limit; the rest is passed over")                  \
    X(UNKNOWN_COMMAND, "unknown_command", NOTE, "Not a command of this protocol")                                      \
    X(BAD_SYNTAX, "bad_syntax", WARN, "Syntax error in the command or reply")                                          \
    X(REPLY_CODE_CHANGES, "reply_code_changes", WARN, "Reply code changes inside a multi-line reply")                  \
    X(UNEXPECTED_REPLY, "unexpected_reply", NOTE, "Reply without a command it answers")                                \
    X(TOO_MANY_PENDING, "too_many_pending", WARN, "Too many commands without a reply; the oldest is forgotten")        \
    X(AMBIGUOUS_END_OF_DATA, "ambiguous_end_of_data", WARN,                                                            \
      "Servers disagree whether the message ends here (SMTP smuggling)")                                               \
    X(DATA_BEFORE_354, "data_before_354", WARN, "Message data sent before the server's 354")                           \
    X(ENVELOPE_LIMIT, "envelope_limit", WARN,                                                                          \
      "More recipients, or a longer address, than the limit: the envelope is not all of it")                           \
    X(DATA_REFUSED, "data_refused", NOTE, "The server refused the message data")                                       \
    X(BDAT_BAD_SIZE, "bdat_bad_size", WARN, "BDAT chunk size is missing or out of range")                              \
    X(STARTTLS_INJECTION, "starttls_injection", ERROR, "Plain text behind STARTTLS (command injection)")               \
    X(CLEARTEXT_PASSWORD, "cleartext_password", NOTE, "Password sent without encryption")                              \
    X(BAD_BASE64_AUTH, "bad_base64_auth", WARN, "Not valid base64 in the authentication exchange")                     \
    X(BAD_SASL, "bad_sasl", WARN, "The SASL message does not have the form its mechanism asks for")                    \
    X(LOST_BYTES, "lost_bytes", WARN, "Bytes are missing in the capture")                                              \
    X(MESSAGE_CUT, "message_cut", WARN, "The message is incomplete")                                                   \
    X(MESSAGE_ABORTED, "message_aborted", NOTE, "The message was given up before its end")                             \
    X(MESSAGE_TOO_LARGE, "message_too_large", WARN, "Message is larger than the limit; the rest is not kept")          \
    X(BAD_MAILBOX_NAME, "bad_mailbox_name", NOTE, "Mailbox name is not modified UTF-7")                                \
    X(BAD_DEFLATE, "bad_deflate", WARN, "The compressed stream cannot be inflated any further")                        \
    X(NOT_FETCHED, "not_fetched", NOTE, "Not all of it was transferred: not fetched, or the server has it")                                          \
    X(PIECE_NOT_KEPT, "piece_not_kept", WARN,                                                                          \
      "Piece of a mail that lies beyond a limit, or of one mail too many: it is not joined")                           \
    X(PART_UNKNOWN, "part_unknown", NOTE,                                                                              \
      "Neither BODYSTRUCTURE nor the part's own header was fetched: type and encoding are a guess")                    \
    /* header and MIME */                                                                                              \
    X(HEADER_TOO_LONG, "header_too_long", WARN, "Header is longer than the limit")                                     \
    X(HEADER_NO_COLON, "header_no_colon", WARN, "Line in the header is no header field")                               \
    X(HEADER_8BIT, "header_8bit", NOTE, "Header field has unencoded 8-bit bytes")                                      \
    X(BAD_ENCODED_WORD, "bad_encoded_word", NOTE, "Malformed encoded word (RFC 2047)")                                 \
    X(DUPLICATE_PARAMETER, "duplicate_parameter", NOTE, "Parameter occurs more than once")                             \
    X(BAD_PARAMETER, "bad_parameter", NOTE, "Malformed parameter (RFC 2045, RFC 2231)")                                \
    X(UNKNOWN_CHARSET, "unknown_charset", NOTE, "Unknown charset")                                                     \
    X(BAD_CHARSET_BYTES, "bad_charset_bytes", NOTE, "Bytes that do not belong to the declared charset")                \
    X(UNKNOWN_ENCODING, "unknown_encoding", WARN, "Unknown Content-Transfer-Encoding; bytes are taken as they are")    \
    X(BAD_BASE64, "bad_base64", WARN, "Characters that are not base64 were passed over")                               \
    X(BASE64_PADDING, "base64_padding", NOTE, "Base64 padding is missing or too early")                                \
    X(BAD_QUOTED_PRINTABLE, "bad_quoted_printable", NOTE, "Malformed quoted-printable; bytes are taken as they are")   \
    X(BAD_UUENCODE, "bad_uuencode", WARN, "Malformed uuencode, or its begin or end line is missing")                   \
    X(MISSING_BOUNDARY, "missing_boundary", WARN, "Multipart without a boundary parameter, or it never occurs")        \
    X(MISSING_CLOSE_BOUNDARY, "missing_close_boundary", NOTE, "Multipart without its closing boundary")                \
    X(PART_WITHOUT_BLANK_LINE, "part_without_blank_line", NOTE, "No blank line between header and body")               \
    X(NESTING_LIMIT, "nesting_limit", WARN, "Nested too deeply; shown without its inner structure")                    \
    X(PART_LIMIT, "part_limit", WARN, "Too many parts; the rest is shown as one")                                      \
    X(PART_HEADER_LOST, "part_header_lost", WARN,                                                                      \
      "The header of this part is lost; its lines look like base64, and are decoded so")                               \
    X(PART_INCOMPLETE, "part_incomplete", WARN, "Bytes of this part are missing: lost, or not asked for")              \
    X(UNSAFE_FILENAME, "unsafe_filename", WARN, "File name is not safe; exported under another one")                   \
    X(HEADER_NUL, "header_nul", WARN, "Header field has a NUL byte")                                                   \
    X(DUPLICATE_FIELD, "duplicate_field", WARN, "Header field that may occur once occurs again; the first counts")     \
    X(BAD_CONTENT_TYPE, "bad_content_type", NOTE, "Content-Type is not type/subtype")                                  \
    X(LONG_BOUNDARY, "long_boundary", NOTE, "Boundary has more than 70 characters")                                    \
    X(BOUNDARY_REUSED, "boundary_reused", WARN, "Boundary of a multipart around this one; readers disagree")           \
    X(ENCODED_COMPOSITE, "encoded_composite", WARN,                                                                    \
      "Transfer encoding on a multipart or message, which RFC 2045 6.4 forbids")                                       \
    X(FILENAMES_DIFFER, "filenames_differ", WARN, "Two different names: one of them hides the other from a filter")    \
    X(EMBEDDED_FILE, "embedded_file", NOTE, "A file stands inside of the text (uuencode, yEnc, BinHex)")               \
    X(BASE64_URL, "base64_url", NOTE, "Base64 in the alphabet of RFC 4648 5, which is not MIME's")                     \
    X(BAD_YENC, "bad_yenc", WARN, "yEnc: size or CRC differs, or the end line is missing")                             \
    X(BAD_BINHEX, "bad_binhex", WARN, "BinHex: a CRC differs, or the end is missing")                                  \
    X(MBOX_LINE, "mbox_line", NOTE, "Begins with the From line of an mbox file, which is no header field")             \
    /* content: docs/content.md says what each means and where it errs */                                              \
    X(TYPE_MISMATCH, "type_mismatch", WARN, "The declared type contradicts the content")                               \
    X(EXECUTABLE_CONTENT, "executable_content", WARN, "The attachment is a program or a script")                       \
    X(DOUBLE_EXTENSION, "double_extension", WARN, "The file name hides its real extension behind a harmless one")      \
    X(RTLO_FILENAME, "rtlo_filename", WARN, "The file name has characters that override the writing direction")        \
    X(ENCRYPTED_ARCHIVE, "encrypted_archive", WARN, "The archive or Office file is encrypted")                         \
    X(MACRO_DOCUMENT, "macro_document", WARN, "The document carries macros")                                           \
    X(ARCHIVE_WITH_EXECUTABLE, "archive_with_executable", WARN, "A program or script is in the archive")               \
    X(BAD_ARCHIVE, "bad_archive", NOTE, "The archive's directory is missing or malformed")                             \
    X(ENCRYPTED_CONTENT, "encrypted_content", NOTE, "Encrypted (S/MIME or OpenPGP); shown as it is")                   \
    X(BAD_TNEF, "bad_tnef", WARN, "Malformed TNEF (winmail.dat)")                                                      \
    X(BAD_CMS, "bad_cms", WARN, "Malformed CMS (S/MIME)")                                                              \
    X(BAD_COMPRESSED, "bad_compressed", WARN, "Malformed compressed data")                                             \
    X(CONTENT_LIMIT, "content_limit", WARN, "More in it than the limit; the rest is not shown")                        \
    X(NOT_ALL_DRAWN, "not_all_drawn", NOTE,                                                                            \
      "Not all of it is drawn, for a limit of Wireshark's or of the tree; exports have all")                               \
    X(MORE_FINDINGS, "more_findings", NOTE, "The frame has more findings than Wireshark can list")                     \
    /* where a message comes from, and how sessions go */                                                               \
    ANOMALY_TRACE_LIST(X)
/* clang-format on */

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
