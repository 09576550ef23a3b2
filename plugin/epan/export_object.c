/* export_object.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each entry of the menu is a small protocol of its own: the menu shows a protocol's short name, and
 * tshark's --export-objects takes its filter name. Names are unique before Wireshark sees them: its own way
 * with equal names overwrites files after the thousandth.
 */
#include "export_object.h"

#include "attachment_walk.h"
#include "../core/digest.h"
#include "prefs.h"
#include "save_tap.h"
#include "stream_store.h"

#include <epan/export_object.h>
#include <epan/tap.h>

#include "../core/encoded_word.h"
#include "../core/export_name.h"
#include "../core/part_content.h"

/* What goes through the tap: borrowed for the time of the packet. */
typedef struct offered_object {
    guint32 frame;
    const char *host, *type, *wanted_name;
    const char *once; /* NULL, or what it is: the same one that was fetched twice (IMAP) is one object */
    slice bytes;
} offered_object;

/* One of the two lists. */
typedef struct export_list {
    int tap;
    export_names *names;
    GHashTable *seen; /* of offered_object.once */
    void *objects;    /* what the tap hands over, while the capture is read for the first time */
} export_list;

static export_list attachments = {-1, NULL, NULL, NULL}, messages = {-1, NULL, NULL, NULL};
static int end_tap = -1;
static gboolean waits_for_end;

static void offer_at_end(stored_message *stored, void *user);

static tap_packet_status add_object(export_list *list, void *tap_data, const void *data)
{
    export_object_list_t *objects = tap_data;
    const offered_object *offered = data;
    if (!list->names)
        list->names = export_names_new();
    if (!list->seen)
        list->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (offered->once && !g_hash_table_add(list->seen, g_strdup(offered->once)))
        return TAP_PACKET_DONT_REDRAW;
    export_object_entry_t *entry = g_new0(export_object_entry_t, 1);
    entry->pkt_num = offered->frame;
    entry->hostname = g_strdup(offered->host);
    entry->content_type = g_strdup(offered->type);
    entry->filename = export_names_unique(list->names, offered->wanted_name);
    entry->payload_len = offered->bytes.len;
    entry->payload_data = g_malloc(MAX(offered->bytes.len, 1));
    if (offered->bytes.len)
        memcpy(entry->payload_data, offered->bytes.data, offered->bytes.len);
    objects->add_entry(objects->gui_data, entry);
    return TAP_PACKET_REDRAW;
}

static void forget_names(export_list *list)
{
    export_names_free(list->names);
    list->names = NULL;
    if (list->seen)
        g_hash_table_destroy(list->seen);
    list->seen = NULL;
    list->objects = NULL;
}

/* tshark with one pass says nothing when the capture is over, but asks all listeners to draw, the latest
 * first: ours is registered later than the lists' and so comes before they are written. */
static void at_end_of_capture(void *tap_data _U_)
{
    export_object_finish();
}

static tap_packet_status never(void *tap_data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_,
                               const void *data _U_, tap_flags_t flags _U_)
{
    return TAP_PACKET_DONT_REDRAW;
}

/* The object that announces a message: keeps the list for the end of the capture. */
static tap_packet_status take(export_list *list, void *tap_data, const void *data)
{
    if (data)
        return add_object(list, tap_data, data);
    list->objects = tap_data;
    if (!waits_for_end) {
        GString *error =
            register_tap_listener("mailxtra_end", &waits_for_end, NULL, 0, NULL, never, at_end_of_capture, NULL);
        waits_for_end = error == NULL;
        if (error)
            g_string_free(error, TRUE);
    }
    return TAP_PACKET_DONT_REDRAW;
}

static tap_packet_status on_attachment(void *tap_data, packet_info *pinfo _U_, epan_dissect_t *edt _U_,
                                       const void *data, tap_flags_t flags _U_)
{
    return take(&attachments, tap_data, data);
}

static tap_packet_status on_message(void *tap_data, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *data,
                                    tap_flags_t flags _U_)
{
    return take(&messages, tap_data, data);
}

static void forget_attachments(void)
{
    forget_names(&attachments);
}

static void forget_messages(void)
{
    forget_names(&messages);
}

void export_object_register(void)
{
    int proto = proto_register_protocol("Attachments of mails, decoded", "Mail attachments", "mail-attachments");
    attachments.tap = register_export_object(proto, on_attachment, forget_attachments);
    proto = proto_register_protocol("Mails as transferred, dot-stuffing undone", "Mail messages", "mail-messages");
    messages.tap = register_export_object(proto, on_message, forget_messages);
    end_tap = register_tap("mailxtra_end");
    register_init_routine(forget_attachments);
    register_init_routine(forget_messages);
}

gboolean export_object_is_wanted(void)
{
    return have_tap_listener(attachments.tap) || have_tap_listener(messages.tap);
}

static ws_bool on_pool_end(wmem_allocator_t *pool _U_, wmem_cb_event_t event _U_, void *bytes)
{
    g_byte_array_unref(bytes);
    return FALSE;
}

/* Gives one object to a list: through its tap, or, at the end of the capture (pinfo NULL), directly. */
static void offer(export_list *list, packet_info *pinfo, const offered_object *object)
{
    if (pinfo)
        tap_queue_packet(list->tap, pinfo, wmem_memdup(pinfo->pool, object, sizeof *object));
    else
        add_object(list, list->objects, object);
}

/* For the time of the packet, as the tap is called after the dissection; else for ever so short. */
static const char *keep(packet_info *pinfo, char *text)
{
    const char *kept = wmem_strdup(pinfo ? pinfo->pool : wmem_file_scope(), text);
    g_free(text);
    return kept;
}

char *export_object_field(const stored_message *stored, const mime_message *mime, const char *name)
{
    const header_field *field = mime_part_field(mime->root, name);
    const imap_facts *facts = stored->imap;
    const char *raw = NULL;
    if (field)
        return g_strdup(field->value);
    if (facts && g_str_equal(name, "Subject"))
        raw = facts->subject;
    else if (facts && g_str_equal(name, "From"))
        raw = facts->from;
    return raw ? encoded_word_decode(slice_of(raw), NULL) : NULL;
}

gboolean export_object_may_come_again(const stored_message *stored)
{
    return stored->imap && stored->imap->key;
}

char *export_object_identity(const stored_message *stored, const char *path, const char *sha256)
{
    return g_strdup_printf("%s\n%s\n%s", stored->imap->key, path, sha256);
}

static char *subject_of(const stored_message *stored, const mime_message *mime)
{
    char *subject = export_object_field(stored, mime, "Subject");
    char *safe = export_name_safe(subject, NULL);
    g_free(subject);
    return safe ? safe : g_strdup("message");
}

static const char *sender_of(const stored_message *stored, const mime_message *mime, packet_info *pinfo)
{
    char *from = export_object_field(stored, mime, "From");
    if (from && *from)
        return keep(pinfo, from);
    g_free(from);
    return keep(pinfo, g_strdup(stored->envelope_from ? stored->envelope_from : ""));
}

/* What is offered of one message. */
typedef struct offering {
    packet_info *pinfo;
    const stored_message *stored;
    offered_object object; /* frame and host are the same for all */
    const char *subject;
} offering;

/* Bytes that were offered stay until the tap is called, behind the dissection. */
static void keep_bytes(GByteArray *bytes, void *user)
{
    const offering *o = user;
    if (o->pinfo)
        wmem_register_callback(o->pinfo->pool, on_pool_end, g_byte_array_ref(bytes));
}

static const char *identity(const offering *o, const char *path, slice bytes)
{
    if (!export_object_may_come_again(o->stored))
        return NULL;
    char *sha256 = digest_hex(G_CHECKSUM_SHA256, bytes);
    char *text = export_object_identity(o->stored, path, sha256);
    g_free(sha256);
    return keep(o->pinfo, text);
}

static void offer_attachment(const mime_part *part, const attachment_body *body, void *user)
{
    const offering *o = user;
    offered_object object = o->object;
    char *name = export_name_safe(part->filename, NULL);
    object.type = keep(o->pinfo, g_strdup(part->type));
    object.wanted_name = keep(o->pinfo, name ? name : export_name_for_part(o->subject, part->path, part->type));
    object.bytes = body->whole;
    object.once = identity(o, part->path, body->whole);
    offer(&attachments, o->pinfo, &object);
}

static gboolean is_listening(const export_list *list, packet_info *pinfo)
{
    return pinfo ? have_tap_listener(list->tap) : list->objects != NULL;
}

static void offer_all(stored_message *stored, const mime_message *mime, packet_info *pinfo)
{
    if (stored->imap && stored->imap->is_header)
        return;
    char *subject = subject_of(stored, mime);
    offering o = {.pinfo = pinfo,
                  .stored = stored,
                  .object = {.frame = stored->finished_in,
                             .host = sender_of(stored, mime, pinfo),
                             .type = "message/rfc822",
                             .bytes = message_store_bytes(stored)},
                  .subject = subject};
    if (is_listening(&messages, pinfo) && message_store_is_mail(stored)) {
        offered_object object = o.object;
        object.once = identity(&o, "", object.bytes);
        object.wanted_name = keep(pinfo, g_strconcat(subject, ".eml", NULL));
        offer(&messages, pinfo, &object);
    }
    if (is_listening(&attachments, pinfo))
        attachment_walk(mime, &(attachment_visitor){offer_attachment, keep_bytes, &o});
    g_free(subject);
}

static void offer_at_end(stored_message *stored, void *user _U_)
{
    if (is_listening(&messages, NULL) || is_listening(&attachments, NULL)) {
        mime_message *mime = message_store_parse(stored);
        offer_all(stored, mime, NULL);
        mime_message_free(mime);
    }
    save_tap_at_end(stored);
}

void export_object_finish(void)
{
    stream_store_finish_all(offer_at_end, NULL);
}

void export_object_offer(stored_message *stored, const mime_message *mime, packet_info *pinfo)
{
    offer_all(stored, mime, pinfo);
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
