/* capture_end.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "capture_end.h"

#include "imap_store.h"
#include "later_passes.h"
#include "session_end.h"
#include "stream_store.h"
#include "trace_store.h"

#include <stdio.h>

/* A listener of the tap "mailxtra", and the frames that it got in this session. */
typedef struct listener {
    tap_packet_cb packet;
    void *tap_data;
    capture_end_rule rule;
    guint64 frames;
    GHashTable *last; /* conversation -> the last frame of it */
} listener;

/* What a connection said at the end: the records of the call from `first` on. */
typedef struct ending {
    const stream_call *call;
    guint first;
    guint32 frame;
    nstime_t time;
} ending;

static GPtrArray *listeners; /* of listener*, owned */
static GArray *consumers;    /* of capture_end_consumer */
static GHashTable *handed;   /* conversation -> the last frame of it that was in the tap as mail */
static guint64 frames_handed;
static gboolean is_delivering;
static gboolean is_awaited;

/* ---- before the end ---- */

/* The last frames of conversations are of no use where later passes come. Behind the dissection of a frame, where
 * listeners are called, its first pass cannot be told from a later one in another way. */
static gboolean is_watched(void)
{
    return !is_delivering && !later_passes_are_sure();
}

void capture_end_handed(const stream_call *call, const packet_info *pinfo, gboolean is_new)
{
    if (!is_watched())
        return;
    frames_handed += is_new;
    if (call->accepted) /* before, no filter for mail can say anything about it */
        g_hash_table_insert(handed, call->conversation, GUINT_TO_POINTER(pinfo->num));
}

static listener *listener_of(tap_packet_cb packet, void *tap_data, capture_end_rule rule)
{
    for (guint i = 0; i < listeners->len; i++) {
        listener *l = g_ptr_array_index(listeners, i);
        if (l->packet == packet && l->tap_data == tap_data)
            return l;
    }
    listener *l = g_new0(listener, 1);
    l->packet = packet;
    l->tap_data = tap_data;
    l->rule = rule;
    l->last = g_hash_table_new(NULL, NULL);
    g_ptr_array_add(listeners, l);
    return l;
}

void capture_end_note(tap_packet_cb packet, void *tap_data, const packet_info *pinfo, const tapped_frame *frame,
                      capture_end_rule rule)
{
    if (!is_watched())
        return;
    listener *l = listener_of(packet, tap_data, rule);
    l->frames++;
    for (guint i = 0; i < frame->count; i++)
        g_hash_table_insert(l->last, frame->calls[i]->conversation, GUINT_TO_POINTER(pinfo->num));
    capture_end_await();
}

void capture_end_add_consumer(capture_end_consumer consumer)
{
    g_array_append_val(consumers, consumer);
}

/* ---- who gets what the end brings ---- */

static guint32 frame_in(GHashTable *frames, const mail_conversation *conversation)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(frames, conversation));
}

/* A listener that got every frame has no filter that matters. If the last frame was never in the tap, another one of
 * the connection decides. */
static gboolean gets(const listener *l, const ending *end)
{
    guint32 last = frame_in(l->last, end->call->conversation);
    if (l->frames == frames_handed)
        return TRUE;
    if (l->rule == CAPTURE_END_LAST_FRAME && frame_in(handed, end->call->conversation) >= end->frame)
        return last >= end->frame;
    return last != 0;
}

static void give_to_consumers(const ending *end)
{
    for (guint i = end->first; i < stream_call_count(end->call); i++) {
        const mail_record *record = stream_call_record(end->call, i);
        for (guint c = 0; mail_record_finishes(record, end->frame) && c < consumers->len; c++) {
            const capture_end_consumer *consumer = &g_array_index(consumers, capture_end_consumer, c);
            if (consumer->message)
                consumer->message(record->message);
        }
    }
}

/* The part of the call that the end has added, as a call. */
static stream_call added_part(const ending *end)
{
    stream_call added = *end->call;
    added.next = NULL;
    added.length = 0; /* none of the frame's bytes */
    if (end->first > 0)
        added.data.message = NULL;
    added.records = end->call->records ? end->call->records + end->first : NULL;
    added.record_count = end->call->record_count > end->first ? end->call->record_count - end->first : 0;
    return added;
}

static void give_to_listeners(const ending *end, wmem_allocator_t *pool)
{
    const stream_call added = added_part(end);
    const stream_call *calls[] = {&added};
    const tapped_frame frame = {1, 1, calls};
    frame_data fd = {0};
    packet_info pinfo = {0};
    fd.num = pinfo.num = end->frame;
    fd.abs_ts = pinfo.abs_ts = end->time;
    pinfo.fd = &fd;
    pinfo.pool = pool;
    for (guint i = 0; i < listeners->len; i++) {
        const listener *l = g_ptr_array_index(listeners, i);
        if (gets(l, end))
            l->packet(l->tap_data, &pinfo, NULL, &frame, 0);
    }
    /* what the listeners kept with this frame */
    g_slist_free(pinfo.proto_data);
    wmem_free_all(pool);
}

static gboolean all_get(const ending *end)
{
    for (guint i = 0; i < listeners->len; i++)
        if (!gets(g_ptr_array_index(listeners, i), end))
            return FALSE;
    return listeners->len > 0;
}

/* Messages of connections that no filter could know as mail, and that not everybody gets. */
static guint count_undecided(const GArray *endings)
{
    guint count = 0;
    for (guint i = 0; have_filtering_tap_listeners() && i < endings->len; i++) {
        const ending *end = &g_array_index(endings, ending, i);
        if (frame_in(handed, end->call->conversation) || all_get(end))
            continue;
        for (guint r = end->first; r < stream_call_count(end->call); r++)
            count += mail_record_finishes(stream_call_record(end->call, r), end->frame);
    }
    return count;
}

static void deliver(const GArray *endings)
{
    wmem_allocator_t *pool = wmem_allocator_new(WMEM_ALLOCATOR_SIMPLE);
    guint undecided = count_undecided(endings);
    is_delivering = TRUE;
    for (guint i = 0; i < endings->len; i++) {
        give_to_listeners(&g_array_index(endings, ending, i), pool);
        give_to_consumers(&g_array_index(endings, ending, i));
    }
    is_delivering = FALSE;
    if (undecided)
        fprintf(
            stderr,
            "mailxtra: %u messages that only the end of the capture tells from other data may be missing where there "
            "is a filter; -2 has them\n",
            undecided);
    wmem_destroy_allocator(pool);
}

/* ---- the end ---- */

static void add_ending(const stream_call *call, guint first, guint32 frame, const nstime_t *time, void *user)
{
    const ending end = {call, first, frame, *time};
    g_array_append_val((GArray *)user, end);
}

static gint by_frame(gconstpointer a, gconstpointer b)
{
    const ending *one = a, *other = b;
    return one->frame < other->frame ? -1 : one->frame > other->frame;
}

void capture_end_finish(void)
{
    if (later_passes_are_sure()) /* the end was when the first pass was over */
        return;
    GArray *endings = g_array_new(FALSE, FALSE, sizeof(ending));
    session_end_finish_all(add_ending, endings);
    g_array_sort(endings, by_frame);
    if (endings->len)
        deliver(endings);
    g_array_unref(endings);
}

/* Wireshark, sharkd and `tshark -2` say when the first pass is over. */
static void end_of_first_pass(void)
{
    session_end_finish_all(NULL, NULL);
}

static void at_end_of_capture(void *tap_data _U_)
{
    capture_end_finish();
}

static tap_packet_status never(void *tap_data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_,
                               const void *data _U_, tap_flags_t flags _U_)
{
    return TAP_PACKET_DONT_REDRAW;
}

/* tshark with one pass does not say when the capture is over, but calls the draw functions of all listeners then, that
 * of the latest listener first: ours is registered when frames are read, later than those of the options, so it comes
 * before any of them writes something. */
void capture_end_await(void)
{
    if (is_awaited || later_passes_are_sure())
        return;
    GString *error = register_tap_listener("mailxtra_end", &is_awaited, NULL, 0, NULL, never, at_end_of_capture, NULL);
    is_awaited = error == NULL;
    if (error)
        g_string_free(error, TRUE);
}

/* ---- the session is over ---- */

static void forget_frames(void)
{
    for (guint i = 0; i < listeners->len; i++) {
        listener *l = g_ptr_array_index(listeners, i);
        l->frames = 0;
        g_hash_table_remove_all(l->last);
    }
    g_hash_table_remove_all(handed);
    frames_handed = 0;
}

/* Everything that refers to conversations and messages goes before they do. */
static void end_session(void)
{
    capture_end_finish();
    for (guint i = 0; i < consumers->len && !stream_store_is_empty(); i++)
        if (g_array_index(consumers, capture_end_consumer, i).forget)
            g_array_index(consumers, capture_end_consumer, i).forget();
    forget_frames();
    trace_store_forget();
    stream_store_forget();
    imap_store_forget();
    message_store_forget();
    later_passes_forget();
}

void capture_end_register(void)
{
    listeners = g_ptr_array_new();
    consumers = g_array_new(FALSE, FALSE, sizeof(capture_end_consumer));
    handed = g_hash_table_new(NULL, NULL);
    register_tap("mailxtra_end");
    register_cleanup_routine(end_session);
    register_postseq_cleanup_routine(end_of_first_pass);
}
