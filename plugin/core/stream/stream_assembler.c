/* stream_assembler.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each side keeps `next`, the offset of the first byte not handed on yet, and the
 * segments that wait, sorted by offset. A segment is handed on when
 *   (1) it begins at `next` (what lies before is cut off as already seen), and
 *   (2) the other side has been handed on up to what this segment acknowledges:
 *       whoever spoke had read it. Without this rule a reply could be
 *       interpreted before its command when a capture swaps the two.
 * Rule 2 is waived when nothing of the other side was ever captured.
 *
 * Knowingly not done: which of two conflicting copies of a byte the receiver kept
 * cannot be known; the one that is handed on first is taken. Bytes in front
 * of the first segment of a capture that starts in the middle have no place and are dropped.
 */
#include "stream_assembler.h"
#include "limits.h"

typedef struct held_segment {
    guint64 offset; /* of its first byte */
    guint64 need;   /* the other side must have been handed on up to here */
    guint64 order;  /* of capture */
    gboolean late;  /* captured behind the acknowledgement of its bytes */
    gsize captured; /* bytes in data[] */
    guint64 length; /* bytes on the wire */
    guint8 data[];
} held_segment;

typedef struct stream_side {
    gboolean seen;       /* base is valid */
    gboolean from_start; /* base follows the SYN */
    gboolean fin_seen, ended;
    gboolean fin_is_reset; /* said by a RST, which may be forged */
    guint32 base;          /* sequence number of offset 0 */
    guint64 next;          /* first byte not handed on */
    guint64 acked;         /* the other side acknowledged everything below */
    guint64 fin;           /* offset at which the side said FIN */
    guint64 fin_need;      /* as held_segment.need */
    GSequence *waiting;    /* of held_segment, by offset; NULL: nothing has waited so far */
    gsize waiting_bytes;
    guint hole_age;     /* segments seen since the hole at `next` could have been filled */
    guint64 hole_since; /* stream_segment.time of the first of them */
} stream_side;

struct stream_assembler {
    stream_sink sink;
    void *user;
    guint64 captured;    /* segments held so far */
    gboolean disordered; /* the capture itself is out of order: bytes were captured behind their acknowledgement */
    gboolean hurried;    /* holes do not outlive the connection */
    stream_side sides[2];
};

stream_assembler *stream_assembler_new(const stream_sink *sink, void *user)
{
    stream_assembler *assembler = g_new0(stream_assembler, 1);
    assembler->sink = *sink;
    assembler->user = user;
    return assembler;
}

void stream_assembler_free(stream_assembler *assembler)
{
    if (!assembler)
        return;
    for (int i = 0; i < 2; i++)
        if (assembler->sides[i].waiting)
            g_sequence_free(assembler->sides[i].waiting);
    g_free(assembler);
}

/* Offset of `seq` nearest to the side's `next`; negative: before offset 0. */
static gint64 offset_of(const stream_side *side, guint32 seq)
{
    guint32 at_next = side->base + (guint32)side->next;
    return (gint64)side->next + (gint32)(seq - at_next);
}

void stream_assembler_start(stream_assembler *assembler, int side_index, guint32 seq, gboolean from_start)
{
    stream_side *side = &assembler->sides[side_index];
    if (side->seen)
        return;
    side->seen = TRUE;
    side->from_start = from_start;
    side->base = seq;
}

static gboolean nothing_waits(const stream_side *side)
{
    return !side->waiting || g_sequence_is_empty(side->waiting);
}

static held_segment *first_waiting(const stream_side *side)
{
    if (nothing_waits(side))
        return NULL;
    GSequenceIter *begin = g_sequence_get_begin_iter(side->waiting);
    return g_sequence_iter_is_end(begin) ? NULL : g_sequence_get(begin);
}

static void drop(stream_side *side, GSequenceIter *iter)
{
    const held_segment *held = g_sequence_get(iter);
    side->waiting_bytes -= held->captured;
    g_sequence_remove(iter);
}

static void hand_on_gap(stream_assembler *assembler, int index, guint64 to)
{
    stream_side *side = &assembler->sides[index];
    guint64 from = side->next;
    if (to <= from)
        return;
    side->next = to;
    side->hole_age = 0;
    assembler->sink.gap(index, from, to - from, assembler->user);
}

/* Hands on what of [offset, offset+length) is new; the part that the snapshot length cut is a gap. */
static void hand_on(stream_assembler *assembler, int index, guint64 offset, slice bytes, guint64 length)
{
    stream_side *side = &assembler->sides[index];
    guint64 end = offset + length;
    if (end <= side->next)
        return;
    slice fresh = slice_from(bytes, (gsize)(side->next - offset));
    if (fresh.len) {
        guint64 at = side->next;
        side->next += fresh.len;
        side->hole_age = 0;
        assembler->sink.bytes(index, at, fresh, assembler->user);
    }
    hand_on_gap(assembler, index, end);
}

static gboolean is_hole(const stream_side *side)
{
    const held_segment *held = first_waiting(side);
    if (held)
        return held->offset > side->next;
    return side->acked > side->next || (side->fin_seen && side->fin > side->next);
}

static gboolean may_speak(const stream_assembler *assembler, int index, guint64 need)
{
    const stream_side *other = &assembler->sides[!index];
    return !other->seen || other->next >= need;
}

/* The first waiting segment that can go; NULL: none. Of several copies of a byte any will do: one that was
 * sent again acknowledges more, and may have to wait longer. */
static GSequenceIter *first_to_go(const stream_assembler *assembler, int index)
{
    const stream_side *side = &assembler->sides[index];
    if (nothing_waits(side))
        return NULL;
    GSequenceIter *iter = g_sequence_get_begin_iter(side->waiting);
    for (; !g_sequence_iter_is_end(iter); iter = g_sequence_iter_next(iter)) {
        const held_segment *held = g_sequence_get(iter);
        if (held->offset > side->next)
            break;
        /* what was seen already must not wait for the other side */
        if (held->offset + held->length <= side->next || may_speak(assembler, index, held->need))
            return iter;
    }
    return NULL;
}

/* Hands on what of one side can go. TRUE: something went. */
static gboolean drain(stream_assembler *assembler, int index)
{
    stream_side *side = &assembler->sides[index];
    gboolean moved = FALSE;
    GSequenceIter *iter;
    while ((iter = first_to_go(assembler, index))) {
        const held_segment *held = g_sequence_get(iter);
        hand_on(assembler, index, held->offset, (slice){held->data, held->captured}, held->length);
        drop(side, iter);
        moved = TRUE;
    }
    if (side->fin_seen && !side->ended && side->next >= side->fin && may_speak(assembler, index, side->fin_need)) {
        side->ended = TRUE;
        assembler->sink.end(index, assembler->user);
        moved = TRUE;
    }
    return moved;
}

/* The first waiting segment, if nothing but the other side keeps it. */
static held_segment *blocked_front(const stream_side *side)
{
    held_segment *held = first_waiting(side);
    return held && held->offset <= side->next ? held : NULL;
}

/* Two sides that wait for each other: honest acknowledgements cannot make that, but bytes sent again, when
 * their first copy was not captured, acknowledge the answer to themselves. TRUE: one was set free. */
static gboolean untie(const stream_assembler *assembler)
{
    held_segment *a = blocked_front(&assembler->sides[0]), *b = blocked_front(&assembler->sides[1]);
    if (!a || !b)
        return FALSE;
    gboolean a_goes = a->late != b->late ? a->late : a->order < b->order;
    (a_goes ? a : b)->need = 0;
    return TRUE;
}

static void drain_both(stream_assembler *assembler)
{
    while (drain(assembler, 0) || drain(assembler, 1) || untie(assembler))
        ;
}

/* Bytes lost up to there. They may be more than one turn of that side's: what the other side said in between, as its
 * acknowledgements tell, is handed on in between. */
static void lose(stream_assembler *assembler, int index, guint64 to)
{
    const stream_side *side = &assembler->sides[index];
    while (side->next < to) {
        const held_segment *answer = blocked_front(&assembler->sides[!index]);
        gboolean between = answer && answer->need > side->next && answer->need < to;
        hand_on_gap(assembler, index, between ? answer->need : to);
        if (between)
            drain(assembler, !index);
    }
}

/* Declares the hole at `next` lost, up to where bytes are known or acknowledged. */
static void give_up_hole(stream_assembler *assembler, int index)
{
    stream_side *side = &assembler->sides[index];
    const held_segment *held = first_waiting(side);
    guint64 to = held ? held->offset : MAX(side->acked, side->fin_seen ? side->fin : 0);
    if (!held && !side->fin_seen && to == side->next + 1) {
        /* an acknowledged FIN that was not captured takes a sequence number too; it is likelier than one byte */
        side->fin_seen = TRUE;
        side->fin = side->acked = side->next;
        return;
    }
    lose(assembler, index, to);
}

static gint by_offset(gconstpointer a, gconstpointer b, gpointer user)
{
    const held_segment *left = a, *right = b;
    (void)user;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* Is what waits there at least as good? The same bytes or more, free to go at least as soon. */
static gboolean is_superseded(const stream_side *side, const held_segment *held)
{
    GSequenceIter *iter = g_sequence_search(side->waiting, (gpointer)held, by_offset, NULL);
    if (g_sequence_iter_is_begin(iter))
        return FALSE;
    const held_segment *before = g_sequence_get(g_sequence_iter_prev(iter));
    return before->offset == held->offset && before->length >= held->length && before->captured >= held->captured &&
           before->need <= held->need;
}

static void hold(stream_assembler *assembler, guint64 offset, guint64 need, gboolean late,
                 const stream_segment *segment, gsize skip)
{
    stream_side *side = &assembler->sides[segment->side];
    slice bytes = slice_from(segment->payload, skip);
    held_segment *held = g_malloc(sizeof *held + bytes.len);
    held->offset = offset;
    held->need = need;
    held->late = late;
    held->order = assembler->captured++;
    held->captured = bytes.len;
    held->length = segment->length - skip;
    if (!side->waiting)
        side->waiting = g_sequence_new(g_free);
    if (is_superseded(side, held)) {
        g_free(held);
        return;
    }
    if (bytes.len)
        memcpy(held->data, bytes.data, bytes.len);
    g_sequence_insert_sorted(side->waiting, held, by_offset, NULL);
    side->waiting_bytes += bytes.len;
}

/* The offset behind the last byte that was seen of the side. */
static guint64 end_of_seen(const stream_side *side)
{
    const held_segment *last;
    if (!first_waiting(side))
        return side->next;
    last = g_sequence_get(g_sequence_iter_prev(g_sequence_get_end_iter(side->waiting)));
    return MAX(side->next, last->offset + last->length);
}

/* Up to where the sender of the segment had read the other side. An acknowledgement that is far ahead of all that was
 * seen is a middle box's, as with resets. */
static guint64 need_of(const stream_assembler *assembler, const stream_segment *segment)
{
    const stream_side *other = &assembler->sides[!segment->side];
    if (!(segment->flags & STREAM_ACK) || !other->seen)
        return 0;
    gint64 acked = offset_of(other, segment->ack);
    /* the FIN takes a sequence number, but is no byte */
    if (other->fin_seen && acked > (gint64)other->fin)
        acked = (gint64)other->fin;
    if (acked > (gint64)(end_of_seen(other) + STREAM_MAX_PENDING_BYTES))
        return 0;
    return acked > 0 ? (guint64)acked : 0;
}

static void note_ack(stream_assembler *assembler, const stream_segment *segment)
{
    stream_side *other = &assembler->sides[!segment->side];
    guint64 acked = need_of(assembler, segment);
    if (acked > other->acked && acked - other->acked < G_MAXINT32)
        other->acked = acked;
}

/* A RST carries the next sequence number, as a FIN does. One that lies behind what was sent is old, one that is far
 * ahead is a middle box's guess: hosts obey neither (RFC 5961 3.2). */
static gboolean is_believable_reset(const stream_side *side, gint64 offset)
{
    gint64 distance = offset - (gint64)end_of_seen(side);
    return distance >= 0 && distance <= STREAM_MAX_PENDING_BYTES;
}

/* Places the payload; it is handed on by drain() at once when it can be. */
static void place(stream_assembler *assembler, const stream_segment *segment)
{
    stream_side *side = &assembler->sides[segment->side];
    guint32 seq = segment->seq + ((segment->flags & STREAM_SYN) ? 1 : 0);

    if (!side->seen) {
        if (!(segment->flags & (STREAM_SYN | STREAM_FIN)) && segment->length == 0)
            return; /* a bare ACK may be a keep-alive, one byte behind */
        side->seen = TRUE;
        side->from_start = (segment->flags & STREAM_SYN) != 0;
        side->base = seq;
    }
    gint64 offset = offset_of(side, seq);
    if (side->fin_is_reset && segment->length && offset < (gint64)side->fin)
        side->fin_seen = side->fin_is_reset = FALSE; /* nobody was reset: the side goes on */
    gboolean resets = segment->flags & STREAM_RST && is_believable_reset(side, offset);
    if ((segment->flags & STREAM_FIN || resets) && !side->fin_seen &&
        offset + (gint64)segment->length >= (gint64)side->next) {
        side->fin_seen = TRUE;
        side->fin_is_reset = resets;
        side->fin = (guint64)(offset + (gint64)segment->length);
        side->fin_need = need_of(assembler, segment);
        side->acked = MIN(side->acked, side->fin);
    }
    if (segment->length == 0 || offset + (gint64)segment->length <= (gint64)side->next)
        return;

    gboolean late = offset < (gint64)side->acked;
    if (late)
        assembler->disordered = TRUE;
    gsize skip = 0;
    if (offset < (gint64)side->next) {
        skip = (gsize)((gint64)side->next - offset);
        offset = (gint64)side->next;
    }
    guint64 need = need_of(assembler, segment);
    if (!first_waiting(side) && (guint64)offset == side->next && may_speak(assembler, segment->side, need))
        hand_on(assembler, segment->side, (guint64)offset, slice_from(segment->payload, skip), segment->length - skip);
    else
        hold(assembler, (guint64)offset, need, late, segment, skip);
}

/* Has the hole waited for long enough, in segments or in time? Only one clock counts: that of the side that
 * acknowledges, or else of the only one that was captured. */
static gboolean is_overdue(const stream_assembler *assembler, int index, const stream_segment *segment)
{
    const stream_side *side = &assembler->sides[index];
    gboolean acknowledged = assembler->sides[!index].seen;
    if (side->hole_age > (assembler->disordered ? STREAM_GRACE_SEGMENTS_DISORDERED : STREAM_GRACE_SEGMENTS))
        return TRUE;
    return side->hole_age > STREAM_GRACE_SEGMENTS_LEAST && segment->side == (acknowledged ? !index : index) &&
           segment->time > side->hole_since &&
           segment->time - side->hole_since > (acknowledged ? STREAM_GRACE_MS : STREAM_GRACE_MS_UNACKNOWLEDGED);
}

static gboolean is_full(const stream_side *side)
{
    return side->waiting_bytes > STREAM_MAX_PENDING_BYTES ||
           (side->waiting && g_sequence_get_length(side->waiting) > STREAM_MAX_PENDING_SEGMENTS);
}

/* Have both sides said FIN and heard the other's? */
static gboolean is_closed(const stream_assembler *assembler)
{
    const stream_side *sides = assembler->sides;
    return sides[0].fin_seen && sides[1].fin_seen && sides[0].acked >= sides[0].fin && sides[1].acked >= sides[1].fin;
}

/* One more segment went by: holes that wait for nothing grow older. */
static void age_holes(stream_assembler *assembler, const stream_segment *segment)
{
    for (int i = 0; i < 2; i++) {
        stream_side *side = &assembler->sides[i];
        stream_side *other = &assembler->sides[!i];
        if (!is_hole(side)) {
            side->hole_age = 0;
            if (is_full(side) && is_hole(other))
                give_up_hole(assembler, !i);
            continue;
        }
        gboolean certain = side->acked > side->next || !other->seen;
        if (certain && side->hole_age++ == 0)
            side->hole_since = segment->time;
        if ((certain && is_overdue(assembler, i, segment)) || is_full(side))
            give_up_hole(assembler, i);
    }
}

/* In a capture that is itself out of order, what was sent before the close may be captured behind it. */
gboolean stream_assembler_outlives_close(const stream_assembler *assembler)
{
    return is_closed(assembler) && assembler->disordered && !assembler->hurried &&
           (is_hole(&assembler->sides[0]) || is_hole(&assembler->sides[1]));
}

gboolean stream_assembler_is_over(const stream_assembler *assembler)
{
    return is_closed(assembler) && assembler->sides[0].ended && assembler->sides[1].ended;
}

/* Was one side reset, behind bytes that were seen, or that the other side acknowledged? */
static gboolean is_reset(const stream_assembler *assembler)
{
    for (int i = 0; i < 2; i++) {
        const stream_side *side = &assembler->sides[i];
        if (side->fin_seen && side->fin_is_reset && (end_of_seen(side) >= side->fin || side->acked >= side->fin))
            return TRUE;
    }
    return FALSE;
}

/* The next thing that keeps bytes back, out of the way. FALSE: nothing does. What acknowledges bytes that nobody
 * sent waits for nothing. */
static gboolean force_on(stream_assembler *assembler)
{
    stream_side *sides = assembler->sides;
    int with_hole = is_hole(&sides[0]) ? 0 : is_hole(&sides[1]) ? 1 : -1;
    held_segment *blocked = blocked_front(&sides[0]);
    if (with_hole >= 0) {
        give_up_hole(assembler, with_hole);
        return TRUE;
    }
    if (!blocked)
        blocked = blocked_front(&sides[1]);
    if (blocked)
        blocked->need = 0;
    return blocked != NULL;
}

void stream_assembler_flush(stream_assembler *assembler)
{
    do
        drain_both(assembler);
    while (force_on(assembler));
}

/* Nothing waits, nothing is missing, nobody has ended: so it is behind nearly every segment. */
static gboolean is_quiet(stream_assembler *assembler)
{
    for (int i = 0; i < 2; i++) {
        stream_side *side = &assembler->sides[i];
        if (side->fin_seen || side->acked > side->next || !nothing_waits(side))
            return FALSE;
        side->hole_age = 0;
    }
    return TRUE;
}

/* There are no bytes behind a FIN that the other side acknowledged: somebody in between made those up. */
static void drop_behind_fin(stream_side *side)
{
    while (!nothing_waits(side)) {
        GSequenceIter *last = g_sequence_iter_prev(g_sequence_get_end_iter(side->waiting));
        if (((const held_segment *)g_sequence_get(last))->offset < side->fin)
            return;
        drop(side, last);
    }
}

void stream_assembler_segment(stream_assembler *assembler, const stream_segment *segment)
{
    note_ack(assembler, segment);
    place(assembler, segment);
    if (is_closed(assembler))
        for (int i = 0; i < 2; i++)
            drop_behind_fin(&assembler->sides[i]);
    if (!(segment->flags & STREAM_RST) && is_quiet(assembler))
        return;
    drain_both(assembler);
    age_holes(assembler, segment);
    drain_both(assembler);
    if (is_reset(assembler) || (is_closed(assembler) && !stream_assembler_outlives_close(assembler))) {
        stream_assembler_flush(assembler);
        for (int i = 0; i < 2; i++) {
            if (!assembler->sides[i].ended) {
                assembler->sides[i].ended = TRUE;
                assembler->sink.end(i, assembler->user);
            }
        }
    }
}

gboolean stream_assembler_offset(const stream_assembler *assembler, int side_index, guint32 seq, guint64 *offset_r)
{
    const stream_side *side = &assembler->sides[side_index];
    if (!side->seen)
        return FALSE;
    gint64 offset = offset_of(side, seq);
    if (offset < 0)
        return FALSE;
    *offset_r = (guint64)offset;
    return TRUE;
}

gboolean stream_assembler_from_start(const stream_assembler *assembler)
{
    gboolean any = FALSE;
    for (int i = 0; i < 2; i++) {
        const stream_side *side = &assembler->sides[i];
        if (side->seen && !side->from_start)
            return FALSE;
        any |= side->from_start;
    }
    return any;
}

gboolean stream_assembler_is_disordered(const stream_assembler *assembler)
{
    return assembler->disordered;
}

void stream_assembler_expect_disorder(stream_assembler *assembler)
{
    assembler->disordered = TRUE;
}

void stream_assembler_hurry(stream_assembler *assembler, gboolean hurried)
{
    assembler->hurried = hurried;
}

gboolean stream_assembler_is_waiting(const stream_assembler *assembler)
{
    return first_waiting(&assembler->sides[0]) || first_waiting(&assembler->sides[1]);
}
