/* export_object.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each entry of the menu is a small protocol of its own: the menu shows a protocol's short name, and
 * tshark's --export-objects takes its filter name. Names are unique before Wireshark sees them: its own way
 * with equal names overwrites files after the thousandth.
 */
#include "export_object.h"

#include "prefs.h"

#include <epan/export_object.h>
#include <epan/tap.h>

#include "../core/export_name.h"

/* What goes through the tap: borrowed for the time of the packet. */
typedef struct offered_object {
    guint32 frame;
    const char *host, *type, *wanted_name;
    slice bytes;
} offered_object;

/* One of the two lists. */
typedef struct export_list {
    int tap;
    export_names *names;
} export_list;

static export_list attachments = {-1, NULL}, messages = {-1, NULL};

static tap_packet_status add_object(export_list *list, void *tap_data, const void *data)
{
    export_object_list_t *objects = tap_data;
    const offered_object *offered = data;
    export_object_entry_t *entry = g_new0(export_object_entry_t, 1);
    if (!list->names)
        list->names = export_names_new();
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
}

static tap_packet_status on_attachment(void *tap_data, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *data, tap_flags_t flags _U_)
{
    return add_object(&attachments, tap_data, data);
}

static tap_packet_status on_message(void *tap_data, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *data, tap_flags_t flags _U_)
{
    return add_object(&messages, tap_data, data);
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
    register_init_routine(forget_attachments);
    register_init_routine(forget_messages);
}

gboolean export_object_is_wanted(void)
{
    return have_tap_listener(attachments.tap) || have_tap_listener(messages.tap);
}

gboolean export_object_is_attachment(const mime_part *part)
{
    if (part->is_attachment)
        return TRUE;
    return mailxtra_prefs.export_text && !part->children && g_str_has_prefix(part->type, "text/");
}

static ws_bool on_pool_end(wmem_allocator_t *pool _U_, wmem_cb_event_t event _U_, void *bytes)
{
    g_byte_array_unref(bytes);
    return FALSE;
}

static void offer(export_list *list, packet_info *pinfo, const char *host, const char *type, const char *name, slice bytes)
{
    offered_object *offered = wmem_new(pinfo->pool, offered_object);
    *offered = (offered_object){pinfo->num, host, wmem_strdup(pinfo->pool, type), wmem_strdup(pinfo->pool, name), bytes};
    tap_queue_packet(list->tap, pinfo, offered);
}

static char *subject_of(const mime_message *mime)
{
    const header_field *subject = mime_part_field(mime->root, "Subject");
    char *safe = export_name_safe(subject ? subject->value : NULL, NULL);
    return safe ? safe : g_strdup("message");
}

static void offer_attachment(const mime_message *mime, const mime_part *part, packet_info *pinfo, const char *host, const char *subject)
{
    GByteArray *decoded = mime_part_decode(mime, part, NULL);
    wmem_register_callback(pinfo->pool, on_pool_end, decoded); /* the tap is called after the dissection */
    char *name = export_name_safe(part->filename, NULL);
    if (!name)
        name = export_name_for_part(subject, part->path, part->type);
    offer(&attachments, pinfo, host, part->type, name, (slice){decoded->data, decoded->len});
    g_free(name);
}

void export_object_offer(stored_message *stored, const mime_message *mime, packet_info *pinfo)
{
    const header_field *from = mime_part_field(mime->root, "From");
    const char *host = wmem_strdup(pinfo->pool, from && *from->value ? from->value : stored->envelope_from ? stored->envelope_from : "");
    char *subject = subject_of(mime);
    if (have_tap_listener(messages.tap)) {
        char *name = g_strconcat(subject, ".eml", NULL);
        offer(&messages, pinfo, host, "message/rfc822", name, message_store_bytes(stored));
        g_free(name);
    }
    for (guint i = 0; have_tap_listener(attachments.tap) && i < mime->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        if (export_object_is_attachment(part))
            offer_attachment(mime, part, pinfo, host, subject);
    }
    g_free(subject);
}
