/* mailxtra_fields.h
 * Ids of the filter fields, subtrees and expert infos.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FIELDS_H
#define MAILXTRA_FIELDS_H

#include "ws_compat.h"

#include <epan/expert.h>
#include <epan/reassemble.h>

#include "anomaly.h"
#include "imap_item.h"

/* X(id, "name behind mailxtra.", type, display, strings, "title", "description" or NULL) */
/* Where a message comes from: docs/tracing.md. */
/* clang-format off */
#define MAILXTRA_TRACE_FIELD_LIST(X) \
    X(message_trace, "message.trace", FT_UINT32, BASE_DEC, NULL, "Mail number", "Shared by all hops of one mail in this capture") \
    X(message_hop, "message.hop", FT_UINT32, BASE_DEC, NULL, "Hop", "Which hop of the mail this is, as far as the capture shows it") \
    X(message_previous, "message.previous", FT_FRAMENUM, BASE_NONE, NULL, "Previous hop", "The message was complete in this frame on the hop before") \
    X(message_next, "message.next", FT_FRAMENUM, BASE_NONE, NULL, "Next hop", "The message is complete in this frame on the next hop; known from the second pass on") \
    X(message_client, "message.client", FT_STRING, BASE_NONE, NULL, "Client", "Address of the client of this hop") \
    X(message_server, "message.server", FT_STRING, BASE_NONE, NULL, "Server", "Address of the server of this hop") \
    X(message_hop_delay, "message.hop_delay", FT_RELATIVE_TIME, BASE_NONE, NULL, "Time since the previous hop", NULL) \
    X(message_body_changed, "message.body_changed", FT_BOOLEAN, BASE_NONE, NULL, "Body changed since the previous hop", NULL) \
    X(message_added, "message.added", FT_STRING, BASE_NONE, NULL, "Field added since the previous hop", NULL) \
    X(message_removed, "message.removed", FT_STRING, BASE_NONE, NULL, "Field removed since the previous hop", NULL) \
    X(message_changed, "message.changed", FT_STRING, BASE_NONE, NULL, "Field changed since the previous hop", NULL) \
    X(message_sender, "message.sender", FT_STRING, BASE_NONE, NULL, "Sender", NULL) \
    X(message_reply_to, "message.reply_to", FT_STRING, BASE_NONE, NULL, "Reply-To", NULL) \
    X(message_return_path, "message.return_path", FT_STRING, BASE_NONE, NULL, "Return-Path", NULL) \
    X(message_delivered_to, "message.delivered_to", FT_STRING, BASE_NONE, NULL, "Delivered-To", NULL) \
    X(message_originating_ip, "message.originating_ip", FT_STRING, BASE_NONE, NULL, "X-Originating-IP", NULL) \
    X(message_list_id, "message.list_id", FT_STRING, BASE_NONE, NULL, "List-Id", NULL) \
    X(envelope_bcc, "envelope.bcc", FT_STRING, BASE_NONE, NULL, "Blind copy to", "Recipient of the envelope that no field of the header names") \
    X(envelope_null_sender, "envelope.null_sender", FT_BOOLEAN, BASE_NONE, NULL, "Null sender", "MAIL FROM:<>") \
    X(received, "received", FT_NONE, BASE_NONE, NULL, "Received", "A trace field, in order of travel") \
    X(received_from, "received.from", FT_STRING, BASE_NONE, NULL, "From", "What the client called itself") \
    X(received_rdns, "received.rdns", FT_STRING, BASE_NONE, NULL, "Reverse name", "What the server found for its address") \
    X(received_ip, "received.ip", FT_STRING, BASE_NONE, NULL, "Address", "Of the client") \
    X(received_by, "received.by", FT_STRING, BASE_NONE, NULL, "By", "The server") \
    X(received_via, "received.via", FT_STRING, BASE_NONE, NULL, "Via", NULL) \
    X(received_with, "received.with", FT_STRING, BASE_NONE, NULL, "With", "The protocol") \
    X(received_id, "received.id", FT_STRING, BASE_NONE, NULL, "Id", NULL) \
    X(received_for, "received.for", FT_STRING, BASE_NONE, NULL, "For", NULL) \
    X(received_tls, "received.tls", FT_STRING, BASE_NONE, NULL, "TLS", NULL) \
    X(received_user, "received.user", FT_STRING, BASE_NONE, NULL, "User", "Who was logged in") \
    X(received_date, "received.date", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, "Date", NULL) \
    X(received_delay, "received.delay", FT_RELATIVE_TIME, BASE_NONE, NULL, "Delay", "Since the hop before") \
    X(received_claimed, "received.claimed", FT_BOOLEAN, BASE_NONE, NULL, "Only claimed", "The client brought this line; nothing but its word for it") \
    X(received_seen_in, "received.seen_in", FT_FRAMENUM, BASE_NONE, NULL, "Seen in", "The capture shows this hop; the message was complete in this frame") \
    X(dkim, "dkim", FT_NONE, BASE_NONE, NULL, "Signature", "DKIM and ARC") \
    X(dkim_domain, "dkim.domain", FT_STRING, BASE_NONE, NULL, "Domain", "d=") \
    X(dkim_selector, "dkim.selector", FT_STRING, BASE_NONE, NULL, "Selector", "s=") \
    X(dkim_algorithm, "dkim.algorithm", FT_STRING, BASE_NONE, NULL, "Algorithm", "a=") \
    X(dkim_canonicalization, "dkim.canonicalization", FT_STRING, BASE_NONE, NULL, "Canonicalization", "c=") \
    X(dkim_identity, "dkim.identity", FT_STRING, BASE_NONE, NULL, "Identity", "i=") \
    X(dkim_signed_fields, "dkim.signed_fields", FT_STRING, BASE_NONE, NULL, "Signed fields", "h=") \
    X(dkim_body_hash, "dkim.body_hash", FT_STRING, BASE_NONE, NULL, "Body hash", "bh=") \
    X(dkim_length, "dkim.length", FT_UINT64, BASE_DEC, NULL, "Signed length", "l=") \
    X(dkim_body_hash_ok, "dkim.body_hash_ok", FT_BOOLEAN, BASE_NONE, NULL, "Body hash is right", "The body is the one that was signed; the signature itself is not verified") \
    X(auth_results, "auth_results", FT_NONE, BASE_NONE, NULL, "Results", "What a server found about the sender") \
    X(auth_results_server, "auth_results.server", FT_STRING, BASE_NONE, NULL, "Server", NULL) \
    X(auth_results_method, "auth_results.method", FT_STRING, BASE_NONE, NULL, "Method", "spf, dkim, dmarc, ...") \
    X(auth_results_result, "auth_results.result", FT_STRING, BASE_NONE, NULL, "Result", "pass, fail, ...") \
    X(auth_results_comment, "auth_results.comment", FT_STRING, BASE_NONE, NULL, "Comment", NULL) \
    X(auth_results_properties, "auth_results.properties", FT_STRING, BASE_NONE, NULL, "Properties", NULL) \
    X(reply_meaning, "reply.meaning", FT_STRING, BASE_NONE, NULL, "Meaning", "RFC 5321, RFC 3463") \
    X(auth_failures, "auth.failures", FT_UINT32, BASE_DEC, NULL, "Failed logins", "Of this session so far")

#define MAILXTRA_FIELD_LIST(X)                                                                                       \
    MAILXTRA_TRACE_FIELD_LIST(X)                                                                                     \
    X(protocol, "protocol", FT_STRING, BASE_NONE, NULL, "Protocol", "SMTP, LMTP, POP3 or IMAP")                                  \
    X(tls, "tls", FT_BOOLEAN, BASE_NONE, NULL, "Inside TLS", "The bytes were decrypted by Wireshark")                      \
    X(client, "client", FT_BOOLEAN, BASE_NONE, NULL, "Sent by the client", NULL)                                           \
    X(command, "command", FT_STRING, BASE_NONE, NULL, "Command", "Verb, in upper case")                                    \
    X(command_argument, "command.argument", FT_STRING, BASE_NONE, NULL, "Argument", NULL)                                  \
    X(command_tag, "command.tag", FT_STRING, BASE_NONE, NULL, "Tag", "Of an IMAP command")                           \
    X(command_param_name, "command.parameter.name", FT_STRING, BASE_NONE, NULL, "Parameter", "ESMTP parameter keyword")    \
    X(command_param_value, "command.parameter.value", FT_STRING, BASE_NONE, NULL, "Value", "ESMTP parameter value, xtext decoded") \
    X(reply_code, "reply.code", FT_UINT16, BASE_DEC, NULL, "Reply code", NULL)                                             \
    X(reply_status, "reply.status", FT_STRING, BASE_NONE, NULL, "Status", "+OK, -ERR, +; IMAP: OK, NO, BAD, PREAUTH, BYE, +")                                \
    X(reply_enhanced, "reply.enhanced", FT_STRING, BASE_NONE, NULL, "Enhanced status code", "RFC 3463; POP3: response code, RFC 2449") \
    X(reply_text, "reply.text", FT_STRING, BASE_NONE, NULL, "Text", NULL)                                                  \
    X(reply_in, "reply_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), "Reply in", "The reply to this is in this frame") \
    X(reply_to, "reply_to", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "Reply to", "This is a reply to what was sent in this frame") \
    X(reply_time, "reply_time", FT_RELATIVE_TIME, BASE_NONE, NULL, "Reply time", "Time between the command and its reply") \
    X(reply_recipient, "reply.recipient", FT_STRING, BASE_NONE, NULL, "For recipient", "LMTP: the recipient this reply is for") \
    X(capability, "capability", FT_STRING, BASE_NONE, NULL, "Capability", "One keyword of EHLO, LHLO, CAPA or CAPABILITY")             \
    X(capability_argument, "capability.argument", FT_STRING, BASE_NONE, NULL, "Capability argument", NULL)                 \
    X(listing, "listing", FT_STRING, BASE_NONE, NULL, "Listing line", "One line of a POP3 multi-line reply")               \
    X(listing_number, "listing.number", FT_UINT32, BASE_DEC, NULL, "Message number", "POP3 LIST and UIDL")                 \
    X(listing_size, "listing.size", FT_UINT64, BASE_DEC, NULL, "Size", "POP3 LIST, octets")                                \
    X(listing_uid, "listing.uid", FT_STRING, BASE_NONE, NULL, "Unique id", "POP3 UIDL")                                    \
    X(text_line, "text", FT_STRING, BASE_NONE, NULL, "Text", "A line that is neither command nor reply")                   \
    X(state, "state", FT_STRING, BASE_NONE, NULL, "State", "State of the session after this frame")                        \
    X(finding, "finding", FT_STRING, BASE_NONE, NULL, "Finding", "One for each expert info of mailxtra in the frame")       \
    X(missing, "missing", FT_UINT64, BASE_DEC, NULL, "Bytes lost", "Bytes of this stream that are not in the capture")     \
    X(auth_mechanism, "auth.mechanism", FT_STRING, BASE_NONE, NULL, "Mechanism", "SASL mechanism, USER or APOP")           \
    X(auth_username, "auth.username", FT_STRING, BASE_NONE, NULL, "User name", "Authentication identity, decoded")         \
    X(auth_authzid, "auth.authzid", FT_STRING, BASE_NONE, NULL, "Authorization identity", "Who to act as, decoded")        \
    X(auth_password, "auth.password", FT_STRING, BASE_NONE, NULL, "Password", "Decoded")                                   \
    X(auth_token, "auth.token", FT_STRING, BASE_NONE, NULL, "Token", "Bearer token, digest or proof")                      \
    X(auth_challenge, "auth.challenge", FT_STRING, BASE_NONE, NULL, "Challenge", "Server challenge, decoded")              \
    X(auth_response, "auth.response", FT_STRING, BASE_NONE, NULL, "Response", "Client response, decoded")                  \
    X(auth_success, "auth.success", FT_BOOLEAN, BASE_NONE, NULL, "Success", "Outcome, in the reply that decides")          \
    X(auth_cancelled, "auth.cancelled", FT_BOOLEAN, BASE_NONE, NULL, "Cancelled", "The client gave up with *")             \
    X(envelope_from, "envelope.from", FT_STRING, BASE_NONE, NULL, "Envelope sender", "MAIL FROM")                          \
    X(envelope_to, "envelope.to", FT_STRING, BASE_NONE, NULL, "Envelope recipient", "RCPT TO")                             \
    X(message, "message", FT_NONE, BASE_NONE, NULL, "Message", "A message, in the frame that completes it")                \
    X(message_size, "message.size", FT_UINT64, BASE_DEC, NULL, "Size", "Bytes of the message, dot-stuffing undone")        \
    X(message_complete, "message.complete", FT_BOOLEAN, BASE_NONE, NULL, "Complete", NULL)                                 \
    X(message_missing, "message.missing", FT_UINT64, BASE_DEC, NULL, "Bytes lost", "Bytes of the message that are not in the capture") \
    X(message_from, "message.from", FT_STRING, BASE_NONE, NULL, "From", NULL)                                              \
    X(message_to, "message.to", FT_STRING, BASE_NONE, NULL, "To", NULL)                                                    \
    X(message_cc, "message.cc", FT_STRING, BASE_NONE, NULL, "Cc", NULL)                                                    \
    X(message_subject, "message.subject", FT_STRING, BASE_NONE, NULL, "Subject", NULL)                                     \
    X(message_date, "message.date", FT_STRING, BASE_NONE, NULL, "Date", NULL)                                              \
    X(message_from_address, "message.from.address", FT_STRING, BASE_NONE, NULL, "From address", "One bare address of From") \
    X(message_to_address, "message.to.address", FT_STRING, BASE_NONE, NULL, "To address", "One bare address of To")           \
    X(message_cc_address, "message.cc.address", FT_STRING, BASE_NONE, NULL, "Cc address", "One bare address of Cc")           \
    X(message_time, "message.time", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_UTC, NULL, "Time", "Date field, in UTC")                  \
    X(message_id, "message.id", FT_STRING, BASE_NONE, NULL, "Message-ID", NULL)                                            \
    X(message_sha256, "message.sha256", FT_STRING, BASE_NONE, NULL, "SHA-256", "Of the message's bytes")                   \
    X(message_not_fetched, "message.not_fetched", FT_UINT64, BASE_DEC, NULL, "Bytes not fetched", "IMAP: bytes of the message that no client fetched, as far as the capture shows") \
    X(imap_part, "imap.part", FT_NONE, BASE_NONE, NULL, "Part of a message", "A part that was fetched by itself, in the frame that completes it") \
    X(imap_header, "imap.header", FT_NONE, BASE_NONE, NULL, "Header of a message", "A header, or some fields of it, that was fetched by itself") \
    X(message_data, "message.data", FT_UINT32, BASE_DEC, NULL, "Message data", "Bytes of a message in this frame, dot-stuffing undone") \
    X(header, "header", FT_NONE, BASE_NONE, NULL, "Header", NULL)                                                          \
    X(header_name, "header.name", FT_STRING, BASE_NONE, NULL, "Name", NULL)                                                \
    X(header_value, "header.value", FT_STRING, BASE_NONE, NULL, "Value", "Unfolded and decoded")                           \
    X(part, "part", FT_NONE, BASE_NONE, NULL, "Part", "A MIME part")                                                       \
    X(part_path, "part.path", FT_STRING, BASE_NONE, NULL, "Part number", "As in IMAP, RFC 3501 6.4.5")                     \
    X(part_type, "part.type", FT_STRING, BASE_NONE, NULL, "Type", NULL)                                                    \
    X(part_charset, "part.charset", FT_STRING, BASE_NONE, NULL, "Charset", "As declared")                                  \
    X(part_encoding, "part.encoding", FT_STRING, BASE_NONE, NULL, "Transfer encoding", NULL)                               \
    X(part_disposition, "part.disposition", FT_STRING, BASE_NONE, NULL, "Disposition", NULL)                               \
    X(part_filename, "part.filename", FT_STRING, BASE_NONE, NULL, "File name", "Decoded")                                  \
    X(part_other_filename, "part.other_filename", FT_STRING, BASE_NONE, NULL, "Other file name", "A second name, which differs from the first") \
    X(part_description, "part.description", FT_STRING, BASE_NONE, NULL, "Description", "Content-Description, decoded")     \
    X(part_param_name, "part.parameter.name", FT_STRING, BASE_NONE, NULL, "Parameter", "Of Content-Type and Content-Disposition") \
    X(part_param_value, "part.parameter.value", FT_STRING, BASE_NONE, NULL, "Value", "Decoded")                            \
    X(part_preamble, "part.preamble", FT_STRING, BASE_NONE, NULL, "Preamble", "In front of the first part of a multipart") \
    X(part_epilogue, "part.epilogue", FT_STRING, BASE_NONE, NULL, "Epilogue", "Behind the last part of a multipart")       \
    X(part_partial_id, "part.partial.id", FT_STRING, BASE_NONE, NULL, "Partial message", "Its id, RFC 2046 5.2.2")         \
    X(part_partial_number, "part.partial.number", FT_UINT32, BASE_DEC, NULL, "Piece", "Number of this piece of a partial message") \
    X(part_partial_total, "part.partial.total", FT_UINT32, BASE_DEC, NULL, "Pieces", "Of the partial message")             \
    X(part_access_type, "part.external.access_type", FT_STRING, BASE_NONE, NULL, "Access type", "Where an external body is, RFC 2046 5.2.3") \
    X(part_content_id, "part.content_id", FT_STRING, BASE_NONE, NULL, "Content id", NULL)                                  \
    X(part_size, "part.size", FT_UINT64, BASE_DEC, NULL, "Size", "Bytes with the transfer encoding undone")                \
    X(part_encoded_size, "part.encoded_size", FT_UINT64, BASE_DEC, NULL, "Encoded size", "Bytes as transferred")           \
    X(part_text, "part.text", FT_STRING, BASE_NONE, NULL, "Text line", "Of a text part, as UTF-8")                         \
    X(part_url, "part.url", FT_STRING, BASE_NONE, NULL, "Link", "In text and HTML, each once")                             \
    X(part_protection, "part.protection", FT_STRING, BASE_NONE, NULL, "Protection", "signed, encrypted or compressed (S/MIME, OpenPGP)") \
    X(attachment, "attachment", FT_NONE, BASE_NONE, NULL, "Attachment", NULL)                                              \
    X(attachment_filename, "attachment.filename", FT_STRING, BASE_NONE, NULL, "File name", "Decoded; as declared")         \
    X(attachment_type, "attachment.type", FT_STRING, BASE_NONE, NULL, "Type", "As declared")                               \
    X(attachment_detected_type, "attachment.detected_type", FT_STRING, BASE_NONE, NULL, "Detected type", "By its content")  \
    X(attachment_member, "attachment.member", FT_STRING, BASE_NONE, NULL, "Member", "Name of a file in the archive")       \
    X(attachment_size, "attachment.size", FT_UINT64, BASE_DEC, NULL, "Size", "Bytes, decoded")                             \
    X(attachment_complete, "attachment.complete", FT_BOOLEAN, BASE_NONE, NULL, "Complete", NULL)                           \
    X(attachment_md5, "attachment.md5", FT_STRING, BASE_NONE, NULL, "MD5", NULL)                                           \
    X(attachment_sha1, "attachment.sha1", FT_STRING, BASE_NONE, NULL, "SHA-1", NULL)                                       \
    X(attachment_sha256, "attachment.sha256", FT_STRING, BASE_NONE, NULL, "SHA-256", NULL)                                 \
    X(fragments, "fragments", FT_NONE, BASE_NONE, NULL, "Message fragments", NULL)                                         \
    X(fragment, "fragment", FT_FRAMENUM, BASE_NONE, NULL, "Message fragment", NULL)                                        \
    X(fragment_overlap, "fragment.overlap", FT_BOOLEAN, BASE_NONE, NULL, "Fragment overlap", NULL)                         \
    X(fragment_overlap_conflicts, "fragment.overlap.conflicts", FT_BOOLEAN, BASE_NONE, NULL, "Conflicting data in fragment overlap", NULL) \
    X(fragment_multiple_tails, "fragment.multiple_tails", FT_BOOLEAN, BASE_NONE, NULL, "Multiple tail fragments", NULL)    \
    X(fragment_too_long, "fragment.too_long_fragment", FT_BOOLEAN, BASE_NONE, NULL, "Fragment too long", NULL)             \
    X(fragment_error, "fragment.error", FT_FRAMENUM, BASE_NONE, NULL, "Reassembly error", NULL)                            \
    X(fragment_count, "fragment.count", FT_UINT32, BASE_DEC, NULL, "Fragment count", NULL)                                 \
    X(reassembled_in, "reassembled.in", FT_FRAMENUM, BASE_NONE, NULL, "Reassembled in", "The message is complete in this frame") \
    X(reassembled_length, "reassembled.length", FT_UINT32, BASE_DEC, NULL, "Reassembled length", NULL)
/* clang-format on */

#define X(id, name, type, display, strings, title, text) extern int hf_mailxtra_##id;
MAILXTRA_FIELD_LIST(X)
#undef X

/* By imap_item_kind. */
extern int hf_mailxtra_imap_item[IMAP_ITEM_COUNT];

/* clang-format off */
#define MAILXTRA_SUBTREE_LIST(X) \
    X(mailxtra) X(command) X(reply) X(auth) X(message) X(header) X(field) X(part) \
    X(parameter) X(text) X(attachment) X(members) X(urls) X(fragment) X(fragments) X(trace)
/* clang-format on */

#define X(id) extern int ett_mailxtra_##id;
MAILXTRA_SUBTREE_LIST(X)
#undef X

extern const fragment_items mailxtra_fragment_items;

void mailxtra_fields_register(int proto);

/* Would one of these anomalies be seen? By a visible tree, a filter that names one, or one of the "_ws.expert" fields,
 * or mailxtra.finding, or a list of expert infos. What needs work to find is not looked for otherwise. `tree`: may be
 * NULL. */
gboolean mailxtra_wants_anomalies(proto_tree *tree, anomaly_set anomalies);

/* Is there a list of expert infos (Analyze > Expert Information, -z expert)? It needs no tree. */
gboolean mailxtra_expert_is_wanted(void);

/* Adds one expert info per anomaly of the set to `item` (NULL: to the lists only). */
void mailxtra_add_anomalies(packet_info *pinfo, proto_item *item, anomaly_set anomalies);

/* Adds the expert info of one anomaly with a text of its own. */
void mailxtra_add_anomaly_text(packet_info *pinfo, proto_item *item, anomaly_kind kind, const char *text);

#endif
