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

/* Parts of one message; a digest of a mailing list has a few hundred, a fax gateway's thousands. Each takes about a
 * kilobyte of memory, however short it is. */
#define LIMIT_MIME_PARTS 30000

/* Transfer encodings inside of each other: a base64-encoded message in a base64-encoded message ... Each costs
 * a copy of its bytes. */
#define LIMIT_DECODED_DEPTH 4

/* Bytes of a file in BinHex, whose runs make up to a hundred bytes out of each of the message's. */
#define LIMIT_BINHEX_BYTES ((gsize)64 << 20)

/* Bytes of one header (all fields). Sendmail refuses above 32 KiB, Exchange above 256 KiB. */
#define LIMIT_HEADER_BYTES (1024 * 1024)

/* Fields of one header, and of all headers of a message. Long ways leave some hundred Received and
 * X- fields; and a megabyte of three-byte fields would take up a hundred. */
#define LIMIT_HEADER_FIELDS 10000
#define LIMIT_MESSAGE_FIELDS 200000

/* Fields kept of a header behind these limits, if they say what a message or part is (Content-*, From, Subject, ...);
 * and parameters behind LIMIT_PARAMS, if they name a file, a boundary or a charset. */
#define LIMIT_NEEDED_FIELDS 32
#define LIMIT_NEEDED_PARAMS 32

/* Bytes of one message kept in memory; beyond: marked, and not kept. */
#define LIMIT_MESSAGE_BYTES ((gsize)1 << 30)

/* Bytes per file name (the common bound of file systems is 255 bytes; room for a "-123" is left). */
#define LIMIT_FILENAME_BYTES 200

/* Member names kept of one archive. All members are looked at, so that the executable among a
 * million is found; but nobody reads more names than these. */
#define LIMIT_ARCHIVE_MEMBERS 1000

/* Bytes kept of one member's name; ZIP allows 65,535. */
#define LIMIT_MEMBER_NAME_BYTES 1024

/* Bytes at the end of a ZIP that may hold its end record: the record, a comment of 65,535 bytes,
 * and some bytes that a gateway added. */
#define LIMIT_ZIP_TAIL_BYTES (22 + 65535 + 1024)

/* Sectors of an OLE2 file's directory: 32 entries each in large files, 4 in usual ones. */
#define LIMIT_OLE_DIRECTORY_SECTORS 1024

/* Bytes of a text looked at to tell what it is: scripts say so early. */
#define LIMIT_SNIFF_BYTES 4096

/* Links kept of one part, and bytes of one. Newsletters have some hundred; RFC 9110 4.1 asks for 8000. */
#define LIMIT_URLS 1000
#define LIMIT_URL_BYTES 8000

/* Attributes and attachments of one TNEF stream, and MAPI properties of one attribute: Outlook
 * writes below 200 of each. */
#define LIMIT_TNEF_ATTRIBUTES 20000
#define LIMIT_TNEF_ATTACHMENTS 1000
#define LIMIT_MAPI_PROPERTIES 10000

/* Bytes that one compressed thing (CMS compressed-data, compressed RTF) may become: zlib makes up to a thousand bytes
 * of one, and Exchange takes no mail above 150 MB. */
#define LIMIT_INFLATED_BYTES (64 * 1024 * 1024)

/* What may come out of the parts of one message (TNEF, CMS): a mail signed, compressed and signed again that
 * holds a winmail.dat with a mail in it is 5 deep. Bytes are of all levels together. */
#define LIMIT_DERIVED_DEPTH 12
#define LIMIT_DERIVED_PARTS 10000
#define LIMIT_DERIVED_BYTES ((gsize)512 * 1024 * 1024)

/* Nested constructed OCTET STRINGs (X.690 8.7.3): writers use one level. */
#define LIMIT_BER_DEPTH 16

/* Segments of a connection that may pass between the acknowledgement of bytes that were not seen and the
 * verdict that they are not in the capture; the second when the capture was seen to be out of order. */
#define STREAM_GRACE_SEGMENTS 64
#define STREAM_GRACE_SEGMENTS_DISORDERED 128

/* The same in time, for sessions so slow that so many segments take minutes: milliseconds of capture since the
 * acknowledgement, on the clock of the side that acknowledged (two interfaces may have two clocks), and segments that
 * have to pass in any case, since a clock may jump. What puts a capture out of order is buffers that are emptied
 * within a second at most. Bytes that nobody acknowledged, because the capture holds one direction only, may
 * be sent again for as long as RFC 6298 2.5 lets a sender wait. */
#define STREAM_GRACE_MS 3000
#define STREAM_GRACE_MS_UNACKNOWLEDGED 60000
#define STREAM_GRACE_SEGMENTS_LEAST 4

/* Bytes of both sides that may go by before a connection on a port that promises nothing is given up: eight reply lines
 * of the greatest length (RFC 5321 4.5.3.1.5). */
#define LIMIT_UNDECIDED_BYTES 4096

/* Closed connections with a hole that may still be filled: each keeps the message that is open in it. One more is not
 * waited for. */
#define LIMIT_STRAGGLERS 1024

/* Sides of connections that have said SYN and nothing else, remembered on ports that promise nothing: as many as a busy
 * capture opens within a second. */
#define LIMIT_SILENT_SIDES 8192

/* How far ahead of a side's first byte a segment may be to wait for it: a window without scaling (RFC 9293 3.1). */
#define LIMIT_EARLY_BYTES 65536

/* Received fields of one message that are looked at. RFC 5321 6.3: a hundred mean a loop. */
#define LIMIT_TRACE_HOPS 128

/* Authentication-Results, ARC and DKIM fields of one message that are looked at; each body hash is a pass over the
 * body. */
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

/* One logical line of IMAP with the literals in it that are no mail. A FETCH response with the BODYSTRUCTURE of a
 * digest, a SEARCH response for a mailbox of a hundred thousand messages. */
#define LIMIT_IMAP_LINE_BYTES (4 * 1024 * 1024)

/* Values shown of one line of IMAP; a BODYSTRUCTURE has about ten per part. */
#define LIMIT_IMAP_ITEMS 20000

/* Bytes that one side's compressed stream may become: deflate makes at most 1032 of one, and nobody's mail session
 * carries this much. */
#define LIMIT_COMPRESS_BYTES ((guint64)4 << 30)

/* Data items with a place in the message that are kept of one FETCH command, and the commands that are asked what
 * a partial answer was to be. */
#define LIMIT_IMAP_REQUESTS 256
#define LIMIT_IMAP_COMMANDS_ASKED 64

/* Messages whose parts are kept for joining, per capture; and the bytes kept of pieces that are not joined yet. */
#define LIMIT_IMAP_MAILS 1000000
#define LIMIT_IMAP_PIECES_BYTES ((guint64)2 << 30)

/* Bytes of the fields that say what a part is, put in front of it each time it is fetched by itself: type, file name,
 * description. */
#define LIMIT_IMAP_PART_HEADER_BYTES 16384

/* Headers in a frame, tunnels and extension headers of IPv6 included: real networks put fewer than ten in front of TCP.
 */
#define LIMIT_FRAME_HEADERS 48

/* IP datagrams of which fragments wait for others: a busy network has a few; a flood of single fragments pushes out the
 * oldest. And how long one waits, in milliseconds of capture: RFC 8200 4.5. */
#define LIMIT_DATAGRAMS 256
#define LIMIT_DATAGRAM_MS 60000

/* Bytes kept of one datagram's fragments: all of it (RFC 791 3.1) once more, as fragments may overlap. */
#define LIMIT_DATAGRAM_FRAGMENT_BYTES (2 * 65536)

/* Connections that a program remembers at a time: that are no session (some 300 bytes each), and that are one. Beyond,
 * the one of which nothing was seen for the longest time is forgotten. A busy server has some ten thousand at a time.
 */
#define LIMIT_CONNECTIONS (256 * 1024)
#define LIMIT_OPEN_SESSIONS (64 * 1024)

/* What may wait behind a hole, per direction: a full window of a fast connection. */
#define STREAM_MAX_PENDING_BYTES (16 * 1024 * 1024)
#define STREAM_MAX_PENDING_SEGMENTS 32768

#endif
