/* stream_assembler.h
 * The two byte streams of one TCP connection, put in order: bytes are placed by
 * sequence number, never by arrival, and the two sides are interleaved by what each
 * had acknowledged when it spoke. Segments may come late, twice, overlapping,
 * cut differently, or never. RFC 9293 3.4 (sequence arithmetic), 3.10.
 *
 * What is handed on, is handed on once:
 *   - a side's bytes in the order of their sequence numbers;
 *   - a segment that acknowledges bytes of the other side, behind those bytes;
 *   - a hole as a gap, as soon as it is certain (see stream_assembler_segment).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_STREAM_ASSEMBLER_H
#define MAILXTRA_STREAM_ASSEMBLER_H

#include "slice.h"

typedef struct stream_assembler stream_assembler;

/* Receives the streams. `side` is 0 or 1, as in stream_segment; `offset` counts from 0
 * at the side's first byte and goes on over gaps. */
typedef struct stream_sink {
    void (*bytes)(int side, guint64 offset, slice bytes, void *user);
    void (*gap)(int side, guint64 offset, guint64 missing, void *user);
    void (*end)(int side, void *user); /* FIN or RST: nothing more comes from this side */
} stream_sink;

#define STREAM_SYN 0x01
#define STREAM_FIN 0x02
#define STREAM_RST 0x04
#define STREAM_ACK 0x08

typedef struct stream_segment {
    int side;         /* 0 or 1 */
    guint flags;      /* STREAM_* */
    guint32 seq, ack; /* as on the wire; ack counts only with STREAM_ACK */
    slice payload;    /* the bytes that were captured */
    guint32 length;   /* payload bytes on the wire; more than payload.len when the snapshot length cut it */
    guint64 time;     /* of capture, in milliseconds since any moment; always 0: not known */
} stream_segment;

stream_assembler *stream_assembler_new(const stream_sink *sink, void *user);
void stream_assembler_free(stream_assembler *assembler);

/* The side's next byte has this sequence number; `from_start`: it is the connection's first (the SYN went by
 * earlier). No effect once something of that side has been seen. */
void stream_assembler_start(stream_assembler *assembler, int side, guint32 seq, gboolean from_start);

/* The next segment in the order of capture; calls the sink zero or more times.
 * A hole becomes a gap when it can no longer be filled:
 *   - the other side acknowledged it (its bytes arrived, so they are not sent again) and
 *     STREAM_GRACE_SEGMENTS more segments passed without them (a capture may be slightly out of order
 *     itself; STREAM_GRACE_SEGMENTS_DISORDERED once it was seen to be), or STREAM_GRACE_MS of capture;
 *   - or more than STREAM_MAX_PENDING_BYTES or _SEGMENTS wait behind it;
 *   - or both sides have closed, unless the capture is out of order; or one was reset;
 *   - or its bytes were on the wire but cut off by the snapshot length. */
void stream_assembler_segment(stream_assembler *assembler, const stream_segment *segment);

/* Nothing more comes: everything that waits is handed on, holes become gaps. */
void stream_assembler_flush(stream_assembler *assembler);

/* The offset of the byte with sequence number `seq` in that side's stream, as of now; FALSE when
 * nothing of that side has been seen. Bytes before the first one seen have no offset: FALSE. */
gboolean stream_assembler_offset(const stream_assembler *assembler, int side, guint32 seq, guint64 *offset_r);

/* Have both sides said FIN and heard the other's, and was everything handed on? */
gboolean stream_assembler_is_over(const stream_assembler *assembler);

/* Do the streams begin with the connection? At least one side's SYN was seen, and no side is known to have begun
 * before. */
gboolean stream_assembler_from_start(const stream_assembler *assembler);

/* A capture that is itself out of order (bytes captured behind the acknowledgement of them, as
 * with two mirror ports) asks for more patience with holes: was that seen; it was seen elsewhere. */
gboolean stream_assembler_is_disordered(const stream_assembler *assembler);
void stream_assembler_expect_disorder(stream_assembler *assembler);

/* From now on: what is said when the connection is closed is said to somebody, and later to nobody. A hole that the
 * close leaves is a gap then, in a capture that is out of order, too. */
void stream_assembler_hurry(stream_assembler *assembler, gboolean hurried);

/* Have both sides closed, and is what may still come behind the close waited for? */
gboolean stream_assembler_outlives_close(const stream_assembler *assembler);

/* Is anything held back on either side? */
gboolean stream_assembler_is_waiting(const stream_assembler *assembler);

#endif
