/* message_store.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "message_store.h"

#include "../core/limits.h"

/* What one frame (or, beyond LIMIT_FRAGMENTS, a run of frames) brought of a message. */
typedef struct message_fragment {
    guint32 frame;
    gsize offset, length;
} message_fragment;

/* Items of the fragment list in the tree; a tree of more than gui.max_tree_items (a million) items is an error. */
#define LIMIT_FRAGMENTS 100000

static reassembly_table mail_reassembly_table;
static guint32 next_message_id;
static GPtrArray *all_messages; /* owns nothing but their GLib parts */

static void free_glib_parts(stored_message *message)
{
    if (message->bytes)
        g_byte_array_unref(message->bytes);
    message->bytes = NULL;
    g_array_unref(message->gaps);
}

static void forget_messages(void)
{
    if (!all_messages)
        return;
    for (guint i = 0; i < all_messages->len; i++)
        free_glib_parts(g_ptr_array_index(all_messages, i));
    g_ptr_array_set_size(all_messages, 0);
    next_message_id = 0;
}

void message_store_register(void)
{
    all_messages = g_ptr_array_new();
    reassembly_table_register(&mail_reassembly_table, &addresses_reassembly_table_functions);
    register_cleanup_routine(forget_messages);
}

/* Octets of a path are UTF-8 (RFC 6531) or garbage. */
static char *utf8_dup(slice text)
{
    char *copy = slice_dup(text);
    char *valid = g_utf8_make_valid(copy, -1);
    char *kept = wmem_strdup(wmem_file_scope(), valid);
    g_free(valid);
    g_free(copy);
    return kept;
}

static void keep_envelope(stored_message *message, const mail_event *event)
{
    message->has_envelope_from = event->has_envelope_from;
    message->envelope_from = event->has_envelope_from ? utf8_dup(event->envelope_from) : NULL;
    message->envelope_to = wmem_alloc0_array(wmem_file_scope(), char *, event->envelope_to_count + 1);
    for (guint i = 0; i < event->envelope_to_count; i++)
        message->envelope_to[i] = utf8_dup(event->envelope_to[i]);
}

stored_message *message_store_open(const mail_event *event)
{
    stored_message *message = wmem_new0(wmem_file_scope(), stored_message);
    message->id = ++next_message_id;
    message->ordinal = event->message;
    message->protocol = event->protocol;
    message->source = event->source;
    message->bytes = g_byte_array_new();
    message->gaps = g_array_new(FALSE, FALSE, sizeof(mime_gap));
    message->fragments = wmem_array_new(wmem_file_scope(), sizeof(message_fragment));
    message->anomalies = event->anomalies;
    keep_envelope(message, event);
    g_ptr_array_add(all_messages, message);
    return message;
}

static void add_fragment(stored_message *message, guint32 frame, gsize offset, gsize length)
{
    guint count = wmem_array_get_count(message->fragments);
    message_fragment *last = count ? wmem_array_index(message->fragments, count - 1) : NULL;
    if (last && (last->frame == frame || count >= LIMIT_FRAGMENTS)) {
        last->length += length;
        return;
    }
    message_fragment fragment = {frame, offset, length};
    wmem_array_append_one(message->fragments, fragment);
}

gsize message_store_append(stored_message *message, packet_info *pinfo, slice bytes)
{
    return message_store_append_from(message, pinfo->num, bytes);
}

gsize message_store_append_from(stored_message *message, guint32 frame, slice bytes)
{
    if (!message->bytes)
        return 0;
    gsize room = LIMIT_MESSAGE_BYTES - MIN(LIMIT_MESSAGE_BYTES, message->bytes->len);
    if (bytes.len > room) {
        message->anomalies |= ANOMALY_BIT(ANOMALY_MESSAGE_TOO_LARGE);
        bytes = slice_head(bytes, room);
    }
    if (bytes.len) {
        add_fragment(message, frame, message->bytes->len, bytes.len);
        g_byte_array_append(message->bytes, bytes.data, (guint)bytes.len);
    }
    return bytes.len;
}

void message_store_gap(stored_message *message, guint64 missing)
{
    if (!message->bytes)
        return;
    mime_gap gap = {message->bytes->len, missing};
    g_array_append_val(message->gaps, gap);
    message->missing += missing;
    message->anomalies |= ANOMALY_BIT(ANOMALY_LOST_BYTES);
}

void message_store_not_fetched(stored_message *message, guint64 missing)
{
    if (!message->bytes)
        return;
    mime_gap gap = {message->bytes->len, missing};
    g_array_append_val(message->gaps, gap);
    message->not_fetched += missing;
    message->anomalies |= ANOMALY_BIT(ANOMALY_NOT_FETCHED);
}

/* fragment_add_seq_next() walks its list from the head for each fragment in 4.0. Inserted from the
 * last to the first, each goes to the head of the list, and the end is declared once:
 * linear in the number of fragments. The frame of a fragment is taken from pinfo, so a copy
 * says the frame it came in. */
static void reassemble(stored_message *message, packet_info *pinfo)
{
    tvbuff_t *tvb = tvb_new_real_data(message->bytes->data, message->bytes->len, (gint)message->bytes->len);
    packet_info *source = g_new(packet_info, 1);
    *source = *pinfo;
    for (guint i = wmem_array_get_count(message->fragments); i-- > 0;) {
        const message_fragment *fragment = wmem_array_index(message->fragments, i);
        source->num = fragment->frame;
        fragment_add_seq(&mail_reassembly_table, tvb, (int)fragment->offset, source, message->id, NULL, i,
                         (guint32)fragment->length, TRUE, 0);
    }
    g_free(source);
    message->head = fragment_end_seq_next(&mail_reassembly_table, pinfo, message->id, NULL);
    tvb_free(tvb);
}

void message_store_finish(stored_message *message, packet_info *pinfo, const mail_event *event)
{
    if (message->finished_in)
        return;
    message->finished_in = pinfo->num;
    message->end_reason = event->end_reason;
    message->anomalies |= event->anomalies;
    if (event->envelope_to_count || event->has_envelope_from)
        keep_envelope(message, event);
    message->size = message->bytes->len;
    if (message->size)
        reassemble(message, pinfo);
    g_byte_array_unref(message->bytes);
    message->bytes = NULL;
}

gboolean message_store_is_complete(const stored_message *message)
{
    return message->end_reason == MAIL_END_COMPLETE && message->gaps->len == 0 &&
           !(message->anomalies & (ANOMALY_BIT(ANOMALY_MESSAGE_TOO_LARGE) | ANOMALY_BIT(ANOMALY_LOST_BYTES)));
}

slice message_store_bytes(const stored_message *message)
{
    if (!message->head || !message->head->tvb_data)
        return SLICE_EMPTY;
    guint length = tvb_captured_length(message->head->tvb_data);
    return (slice){tvb_get_ptr(message->head->tvb_data, 0, (gint)length), length};
}

/* A part that was fetched by itself keeps its number in the message: of a leaf and a message "1" is it, of a
 * multipart it stands in front. */
static void renumber(mime_message *mime, const char *section)
{
    gboolean multipart = mime->root->children && !mime->root->is_message;
    for (guint i = 0; i < mime->parts->len; i++) {
        mime_part *part = g_ptr_array_index(mime->parts, i);
        char *path = NULL;
        if (multipart)
            path = *part->path ? g_strconcat(section, ".", part->path, NULL) : NULL;
        else if (*part->path == '1')
            path = g_strconcat(section, part->path + 1, NULL);
        if (!path)
            continue;
        g_free(part->path);
        part->path = path;
    }
}

mime_message *message_store_parse(const stored_message *message)
{
    mime_message *mime =
        mime_message_parse(message_store_bytes(message), (const mime_gap *)(const void *)message->gaps->data,
                           message->gaps->len, message->end_reason != MAIL_END_COMPLETE);
    if (message->imap && message->imap->section && g_ascii_isdigit(*message->imap->section))
        renumber(mime, message->imap->section);
    return mime;
}
