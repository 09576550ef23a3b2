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

/* Received fields of one message that are looked at. RFC 5321 6.3: a hundred mean a loop. */
#define LIMIT_TRACE_HOPS 128

/* Authentication-Results, ARC and DKIM fields of one message that are looked at; each body hash is a pass over the body. */
#define LIMIT_TRACE_RESULTS 64
#define LIMIT_TRACE_SIGNATURES 16

/* Clocks of mail servers are off by minutes; a hop that takes less than minus this many seconds is worth a look. */
#define TRACE_CLOCK_TOLERANCE 300
/* Added to it where a date does not tell its zone: zones reach from -12 to +14 hours. */
#define TRACE_ZONE_TOLERANCE (14 * 3600)

/* Earlier hops of one mail that are asked whether they come right before; a list has more members than servers. */
#define LIMIT_TRACE_CANDIDATES 64

/* Names of fields kept per hop in the list of what was added, removed or changed on the way. */
#define LIMIT_TRACE_CHANGES 100

/* What may wait behind a hole, per direction: a full window of a fast connection. */
#define STREAM_MAX_PENDING_BYTES (16 * 1024 * 1024)
#define STREAM_MAX_PENDING_SEGMENTS 32768

#endif
