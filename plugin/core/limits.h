/* limits.h
 * Every bound of the core in one place, with its reason. At a bound: an anomaly,
 * and parsing goes on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_LIMITS_H
#define MAILXTRA_LIMITS_H

/* A command or reply line. RFC 5321 4.5.3.1.4 asks for 512, RFC 4954 4 for 12288 with
 * AUTH; Kerberos tickets and OAuth tokens in the wild go beyond. */
#define LIMIT_LINE_BYTES (64 * 1024)

/* Commands waiting for their reply. A pipelining client sends hundreds of RCPT (RFC 2920);
 * more than this without one reply means that the server's side was not captured. */
#define LIMIT_PENDING_COMMANDS 4096

/* Client bytes held back until the server's answer says what they are (message data or commands):
 * a full TCP window of a client that does not wait. Beyond, the bytes themselves are asked. */
#define LIMIT_HELD_BYTES (1024 * 1024)

/* Bytes looked at to tell commands from message text where no answer tells: RFC 5321
 * 4.5.3.1.4, the longest command line. */
#define LIMIT_GUESS_BYTES 512

/* Recipients kept per message. RFC 5321 4.5.3.1.8 asks for 100. */
#define LIMIT_RECIPIENTS 4096

/* Bytes kept of one envelope address. RFC 5321 4.5.3.1 asks for 64 + 1 + 255. */
#define LIMIT_MAILBOX_BYTES 1024

/* Parameters of one MAIL/RCPT command, of one MIME header field, and RFC 2231 sections. */
#define LIMIT_PARAMS 128

/* Depth of nested multiparts and attached messages; real mail stays below 20. */
#define LIMIT_MIME_DEPTH 64

/* Parts of one message; a digest of a mailing list has a few hundred, a fax gateway's thousands. */
#define LIMIT_MIME_PARTS 10000

/* Bytes of one header (all fields). Sendmail refuses above 32 KiB, Exchange above 256 KiB. */
#define LIMIT_HEADER_BYTES (1024 * 1024)

/* Fields of one header, and of all headers of a message. Long ways leave some hundred Received and
 * X- fields; and a megabyte of three-byte fields would take up a hundred. */
#define LIMIT_HEADER_FIELDS 10000
#define LIMIT_MESSAGE_FIELDS 200000

/* Bytes of one message kept in memory; beyond: marked, and not kept. */
#define LIMIT_MESSAGE_BYTES ((gsize)1 << 30)

/* Bytes per file name (the common bound of file systems is 255 bytes; room for a "-123" is left). */
#define LIMIT_FILENAME_BYTES 200

/* Segments of a connection that may pass between the acknowledgement of bytes that were not seen and the
 * verdict that they are not in the capture; the second when the capture was seen to be out of order. */
#define STREAM_GRACE_SEGMENTS 64
#define STREAM_GRACE_SEGMENTS_DISORDERED 128

/* One logical line of IMAP with the literals in it that are no mail. A FETCH response with the BODYSTRUCTURE of a digest,
 * a SEARCH response for a mailbox of a hundred thousand messages. */
#define LIMIT_IMAP_LINE_BYTES (4 * 1024 * 1024)

/* Values shown of one line of IMAP; a BODYSTRUCTURE has about ten per part. */
#define LIMIT_IMAP_ITEMS 20000

/* Bytes that one side's compressed stream may become: deflate makes at most 1032 of one, and nobody's mail session
 * carries this much. */
#define LIMIT_INFLATED_BYTES ((guint64)4 << 30)

/* Data items with a place in the message that are kept of one FETCH command, and the commands that are asked what
 * a partial answer was to be. */
#define LIMIT_IMAP_REQUESTS 256
#define LIMIT_IMAP_COMMANDS_ASKED 64

/* Messages whose parts are kept for joining, per capture; and the bytes kept of pieces that are not joined yet. */
#define LIMIT_IMAP_MAILS 1000000
#define LIMIT_IMAP_PIECES_BYTES ((guint64)2 << 30)

/* What may wait behind a hole, per direction: a full window of a fast connection. */
#define STREAM_MAX_PENDING_BYTES (16 * 1024 * 1024)
#define STREAM_MAX_PENDING_SEGMENTS 32768

#endif
