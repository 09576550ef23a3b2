/* message_store.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message_store.h"

#include "text.h"

#include "limits.h"

/* Fragments that are told apart; beyond, several frames are one. */
#define LIMIT_FRAGMENTS 100000

static guint32 next_message_id;
static GPtrArray *all_messages; /* owns nothing but their GLib parts */

static void free_bytes(stored_message *message)
{
    byte_rope_free(message->bytes);
    message->bytes = NULL;
    if (message->fragments)
        g_array_unref(message->fragments);
    message->fragments = NULL;
}

static void free_glib_parts(stored_message *message)
{
    free_bytes(message);
    if (message->gaps)
        g_array_unref(message->gaps);
}

void message_store_forget(void)
{
    for (guint i = 0; i < all_messages->len; i++)
        free_glib_parts(g_ptr_array_index(all_messages, i));
    g_ptr_array_set_size(all_messages, 0);
    next_message_id = 0;
}

guint32 message_store_count(void)
{
    return next_message_id;
}

void message_store_register(void)
{
    all_messages = g_ptr_array_new();
}

static gboolean is_text(const char *kept, slice text)
{
    return kept && strlen(kept) == text.len && (text.len == 0 || memcmp(kept, text.data, text.len) == 0);
}

/* Does the event say what the message's envelope is already? */
static gboolean has_envelope(const stored_message *message, const mail_event *event)
{
    if (message->has_envelope_from != event->has_envelope_from ||
        (event->has_envelope_from && !is_text(message->envelope_from, event->envelope_from)))
        return FALSE;
    for (guint i = 0; i < event->envelope_to_count; i++)
        if (!is_text(message->envelope_to[i], event->envelope_to[i]))
            return FALSE;
    return !message->envelope_to[event->envelope_to_count];
}

/* Octets of a path are UTF-8 (RFC 6531) or garbage. */
static void keep_envelope(stored_message *message, const mail_event *event)
{
    message->has_envelope_from = event->has_envelope_from;
    message->envelope_from = event->has_envelope_from ? text_keep(event->envelope_from) : NULL;
    message->envelope_to = wmem_alloc0_array(wmem_file_scope(), char *, event->envelope_to_count + 1);
    for (guint i = 0; i < event->envelope_to_count; i++)
        message->envelope_to[i] = text_keep(event->envelope_to[i]);
}

stored_message *message_store_open(const mail_event *event)
{
    stored_message *message = wmem_new0(wmem_file_scope(), stored_message);
    message->id = ++next_message_id;
    message->ordinal = event->message;
    message->protocol = event->protocol;
    message->source = event->source;
    message->bytes = byte_rope_new();
    message->fragments = g_array_new(FALSE, FALSE, sizeof(message_fragment));
    message->anomalies = event->anomalies;
    keep_envelope(message, event);
    g_ptr_array_add(all_messages, message);
    return message;
}

static void add_fragment(stored_message *message, guint32 frame, guint32 length)
{
    guint count = message->fragments->len;
    message_fragment *last = count ? &g_array_index(message->fragments, message_fragment, count - 1) : NULL;
    if (last && (last->frame == frame || count >= LIMIT_FRAGMENTS)) {
        last->length += length;
        return;
    }
    message_fragment fragment = {frame, length};
    g_array_append_val(message->fragments, fragment);
}

gsize message_store_append(stored_message *message, packet_info *pinfo, slice bytes)
{
    return message_store_append_from(message, pinfo->num, bytes);
}

gsize message_store_append_from(stored_message *message, guint32 frame, slice bytes)
{
    if (message->finished_in)
        return 0;
    gsize room = LIMIT_MESSAGE_BYTES - MIN(LIMIT_MESSAGE_BYTES, message->size);
    if (bytes.len > room) {
        message->anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_TOO_LARGE);
        bytes = slice_head(bytes, room);
    }
    if (bytes.len) {
        add_fragment(message, frame, (guint32)bytes.len);
        byte_rope_append(message->bytes, bytes);
        message->size += bytes.len;
    }
    return bytes.len;
}

static void add_gap(stored_message *message, guint64 missing)
{
    mime_gap gap = {message->size, missing};
    if (!message->gaps)
        message->gaps = g_array_new(FALSE, FALSE, sizeof(mime_gap));
    g_array_append_val(message->gaps, gap);
}

void message_store_gap(stored_message *message, guint64 missing)
{
    if (message->finished_in)
        return;
    add_gap(message, missing);
    message->missing += missing;
    message->anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
}

void message_store_not_fetched(stored_message *message, guint64 missing)
{
    if (message->finished_in)
        return;
    add_gap(message, missing);
    message->not_fetched += missing;
    message->anomalies |= ANOMALY_BIT(ANOMALY_NOT_FETCHED);
}

/* Lines behind the first empty one. */
static guint64 body_lines(slice bytes)
{
    gboolean in_body = FALSE;
    guint64 lines = 0;
    const guint8 *lf;

    for (; bytes.len && (lf = memchr(bytes.data, '\n', bytes.len));
         bytes = slice_from(bytes, (gsize)(lf - bytes.data) + 1)) {
        lines += in_body;
        in_body = in_body || lf == bytes.data || (lf == bytes.data + 1 && *bytes.data == '\r');
    }
    return lines;
}

void message_store_finish(stored_message *message, packet_info *pinfo, const mail_event *event)
{
    if (message->finished_in)
        return;
    message->finished_in = pinfo->num;
    message->finished_at = pinfo->abs_ts;
    message->end_reason = event->end_reason;
    message->anomalies |= event->anomalies;
    if ((event->envelope_to_count || event->has_envelope_from) && !has_envelope(message, event))
        keep_envelope(message, event);
    byte_rope_close(message->bytes);
    if (event->has_top_lines)
        message->is_excerpt = body_lines(message_store_bytes(message)) >= event->top_lines;
}

static ws_bool on_packet_freed(wmem_allocator_t *pool _U_, wmem_cb_event_t event _U_, void *message)
{
    free_bytes(message);
    return FALSE;
}

void message_store_release(stored_message *message, packet_info *pinfo)
{
    wmem_register_callback(pinfo->pool, on_packet_freed, message);
}

gboolean message_store_is_complete(const stored_message *message)
{
    return message->end_reason == MAIL_END_COMPLETE && !message->gaps &&
           !(message->anomalies & (ANOMALY_BIT(ANOMALY_MESSAGE_TOO_LARGE) | ANOMALY_BIT(ANOMALY_LOST_BYTES)));
}

gboolean message_store_is_offered(const stored_message *message)
{
    return !message->imap || !message->imap->is_header;
}

gboolean message_store_is_mail(const stored_message *message)
{
    return !message->imap || !message->imap->section;
}

gboolean message_store_may_come_again(const stored_message *message)
{
    return message->imap && message->imap->key;
}

slice message_store_bytes(const stored_message *message)
{
    return message->finished_in && message->bytes ? byte_rope_whole(message->bytes) : SLICE_EMPTY;
}

guint message_store_fragment_count(const stored_message *message)
{
    return message->fragments ? message->fragments->len : 0;
}

message_fragment message_store_fragment(const stored_message *message, guint index)
{
    return g_array_index(message->fragments, message_fragment, index);
}
