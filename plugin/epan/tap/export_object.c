/* export_object.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each entry of the menu is a small protocol of its own: the menu shows a protocol's short name, and
 * tshark's --export-objects takes its filter name. Names are unique before Wireshark sees them: its own way
 * with equal names overwrites files after the thousandth.
 *
 * Names belong to the list that shows them, not to the capture: tshark's list goes on when the session is reset, and
 * sharkd empties its list before it is filled again, without a word to us. A list that has no entry although it got
 * some was emptied.
 */
#include "export_object.h"

#include "capture_end.h"
#include "message_facts.h"

#include <epan/export_object.h>
#include <epan/tap.h>

#include "export_name.h"
#include "imap_identity.h"

/* An object on its way into a list: borrowed for the time of the call. */
typedef struct offered_object {
    guint32 frame;
    const char *host, *type, *wanted_name;
    const char *once; /* NULL, or what it is: the same one that was fetched twice (IMAP) is one object */
    slice bytes;
} offered_object;

/* What a list has got so far. */
typedef struct list_content {
    export_names *names;
    GHashTable *seen; /* of offered_object.once */
    guint count;
} list_content;

/* One of the two kinds of lists. */
typedef struct export_list {
    int tap;
    GHashTable *contents;          /* export_object_list_t.gui_data -> list_content; NULL: none so far */
    export_object_list_t *objects; /* what the tap hands over, while the capture is read for the first time */
} export_list;

static export_list attachments = {-1, NULL, NULL}, messages = {-1, NULL, NULL};

static void free_content(gpointer data)
{
    list_content *content = data;
    export_names_free(content->names);
    g_hash_table_destroy(content->seen);
    g_free(content);
}

static gboolean was_emptied(const export_object_list_t *objects, const list_content *content)
{
    return content->count && objects->get_entry && !objects->get_entry(objects->gui_data, 0);
}

static list_content *content_of(export_list *list, const export_object_list_t *objects)
{
    if (!list->contents)
        list->contents = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_content);
    list_content *content = g_hash_table_lookup(list->contents, objects->gui_data);
    if (content && !was_emptied(objects, content))
        return content;
    content = g_new0(list_content, 1);
    content->names = export_names_new();
    content->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(list->contents, objects->gui_data, content);
    return content;
}

static void add_object(export_list *list, const export_object_list_t *objects, const offered_object *offered)
{
    list_content *content = content_of(list, objects);
    if (offered->once && !g_hash_table_add(content->seen, g_strdup(offered->once)))
        return;
    content->count++;
    export_object_entry_t *entry = g_new0(export_object_entry_t, 1);
    entry->pkt_num = offered->frame;
    entry->hostname = g_strdup(offered->host);
    entry->content_type = g_strdup(offered->type);
    entry->filename = export_names_unique(content->names, offered->wanted_name);
    entry->payload_len = offered->bytes.len;
    entry->payload_data = g_malloc(MAX(offered->bytes.len, 1));
    if (offered->bytes.len)
        memcpy(entry->payload_data, offered->bytes.data, offered->bytes.len);
    objects->add_entry(objects->gui_data, entry);
}

/* The list is emptied, and says so. */
static void forget_list(export_list *list)
{
    if (list->contents)
        g_hash_table_remove_all(list->contents);
    list->objects = NULL;
}

/* Keeps the list for the end of the capture. */
static void await_end(export_list *list, void *tap_data)
{
    list->objects = tap_data;
    capture_end_await();
}

/* Adds what the message has for a list. */
typedef void (*message_adder)(export_object_list_t *objects, stored_message *stored, message_analysis *analysis);

/* `data`: the messages of the frame, or NULL where one has only begun. */
static tap_packet_status take(export_list *list, message_adder add, void *tap_data, packet_info *pinfo,
                              const void *data)
{
    const frame_messages *frame = data;
    if (!frame) {
        await_end(list, tap_data);
        return TAP_PACKET_DONT_REDRAW;
    }
    for (guint i = 0; i < frame->count; i++)
        add(tap_data, frame->messages[i], message_facts(frame->messages[i], pinfo));
    return frame->count ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

static void add_attachments(export_object_list_t *objects, stored_message *stored, message_analysis *analysis);
static void add_message(export_object_list_t *objects, stored_message *stored, message_analysis *analysis);

static tap_packet_status on_attachment(void *tap_data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                       tap_flags_t flags _U_)
{
    return take(&attachments, add_attachments, tap_data, pinfo, data);
}

static tap_packet_status on_message(void *tap_data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *data,
                                    tap_flags_t flags _U_)
{
    return take(&messages, add_message, tap_data, pinfo, data);
}

static void forget_attachments(void)
{
    forget_list(&attachments);
}

static void forget_messages(void)
{
    forget_list(&messages);
}

static void offer_at_end(stored_message *stored);

void export_object_register(void)
{
    int proto = proto_register_protocol("Attachments of mails, decoded", "Mail attachments", "mail-attachments");
    attachments.tap = register_export_object(proto, on_attachment, forget_attachments);
    proto = proto_register_protocol("Mails as transferred, dot-stuffing undone", "Mail messages", "mail-messages");
    messages.tap = register_export_object(proto, on_message, forget_messages);
    capture_end_add_consumer((capture_end_consumer){.message = offer_at_end});
}

gboolean export_object_is_wanted(void)
{
    return have_tap_listener(attachments.tap) || have_tap_listener(messages.tap);
}

/* ---- what a message has ---- */

static char *subject_of(message_analysis *analysis)
{
    char *safe = export_name_safe(message_analysis_field(analysis, "Subject"), NULL);
    return safe ? safe : g_strdup("message");
}

/* The sender stands in the column of hosts, as in Wireshark's own list of mails. */
static const char *sender_of(const stored_message *stored, message_analysis *analysis)
{
    const char *from = message_analysis_field(analysis, "From");
    return from && *from ? from : stored->envelope_from ? stored->envelope_from : "";
}

static offered_object object_of(const stored_message *stored, message_analysis *analysis)
{
    return (offered_object){.frame = stored->finished_in, .host = sender_of(stored, analysis)};
}

/* What is offered of one message. */
typedef struct offering {
    export_object_list_t *objects;
    stored_message *stored;
    message_analysis *analysis;
    char *subject;
} offering;

static void add_attachment(part_analysis *part, void *user)
{
    const offering *o = user;
    const mime_part *mime = part_analysis_part(part);
    offered_object object = object_of(o->stored, o->analysis);
    char *name = export_name_safe(mime->filename, NULL), *identity = NULL;
    if (!name)
        name = export_name_for_part(o->subject, mime->path, mime->type);
    if (message_store_may_come_again(o->stored))
        identity = imap_identity_of_object(o->stored->imap->key, mime->path,
                                           message_facts_digest(o->stored, part, G_CHECKSUM_SHA256));
    object.type = mime->type;
    object.wanted_name = name;
    object.bytes = part_analysis_bytes(part);
    object.once = identity;
    add_object(&attachments, o->objects, &object);
    g_free(identity);
    g_free(name);
}

static void add_attachments(export_object_list_t *objects, stored_message *stored, message_analysis *analysis)
{
    offering o = {objects, stored, analysis, subject_of(analysis)};
    if (message_store_is_offered(stored))
        message_analysis_attachments(analysis, add_attachment, &o);
    g_free(o.subject);
}

static void add_message(export_object_list_t *objects, stored_message *stored, message_analysis *analysis)
{
    offered_object object = object_of(stored, analysis);
    if (!message_store_is_offered(stored) || !message_store_is_mail(stored))
        return;
    char *subject = subject_of(analysis), *name = g_strconcat(subject, ".eml", NULL), *identity = NULL;
    if (message_store_may_come_again(stored))
        identity =
            imap_identity_of_object(stored->imap->key, "", message_facts_digest(stored, NULL, G_CHECKSUM_SHA256));
    object.type = "message/rfc822";
    object.wanted_name = name;
    object.bytes = message_store_bytes(stored);
    object.once = identity;
    add_object(&messages, objects, &object);
    g_free(identity);
    g_free(name);
    g_free(subject);
}

/* ---- the end of the capture ---- */

static void offer_at_end(stored_message *stored)
{
    message_analysis *analysis = messages.objects || attachments.objects ? message_facts_new(stored) : NULL;
    if (messages.objects)
        add_message(messages.objects, stored, analysis);
    if (attachments.objects)
        add_attachments(attachments.objects, stored, analysis);
    message_analysis_free(analysis);
}

void export_object_offer(const frame_messages *list, packet_info *pinfo)
{
    if (have_tap_listener(attachments.tap))
        tap_queue_packet(attachments.tap, pinfo, list);
    if (have_tap_listener(messages.tap))
        tap_queue_packet(messages.tap, pinfo, list);
}

void export_object_announce(packet_info *pinfo)
{
    if (PINFO_FD_VISITED(pinfo))
        return;
    if (have_tap_listener(attachments.tap))
        tap_queue_packet(attachments.tap, pinfo, NULL);
    if (have_tap_listener(messages.tap))
        tap_queue_packet(messages.tap, pinfo, NULL);
}
