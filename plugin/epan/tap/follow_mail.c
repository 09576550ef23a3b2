/* follow_mail.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "follow_mail.h"

#include "capture_end.h"
#include "message_facts.h"
#include "prefs.h"
#include "stream_store.h"
#include "text.h"

#include <epan/dissectors/packet-tcp.h>
#include <epan/follow.h>
#include <epan/to_str.h>

/* ---- which stream ---- */

static char *filter_of_packet(epan_dissect_t *edt _U_, packet_info *pinfo, guint *stream, guint *sub_stream _U_)
{
    conversation_t *conversation = find_conversation_pinfo(pinfo, 0);
    struct tcp_analysis *tcp = conversation ? get_tcp_conversation_data(conversation, pinfo) : NULL;
    if (!tcp)
        return NULL;
    *stream = tcp->stream;
    return g_strdup_printf("tcp.stream eq %u", tcp->stream);
}

static char *filter_of_index(guint stream, guint sub_stream _U_)
{
    return g_strdup_printf("tcp.stream eq %u", stream);
}

static char *filter_of_addresses(address *source, address *target, int source_port, int target_port)
{
    const char *family = source->type == AT_IPv6 ? "ipv6" : "ip";
    char *from = address_to_str(NULL, source), *to = address_to_str(NULL, target);
    char *filter = g_strdup_printf("((%s.src eq %s and tcp.srcport eq %d) and (%s.dst eq %s and tcp.dstport eq %d)) or "
                                   "((%s.src eq %s and tcp.srcport eq %d) and (%s.dst eq %s and tcp.dstport eq %d))",
                                   family, from, source_port, family, to, target_port, family, to, target_port, family,
                                   from, source_port);
    wmem_free(NULL, from);
    wmem_free(NULL, to);
    return filter;
}

static char *port_text(wmem_allocator_t *allocator, guint port)
{
    return wmem_strdup_printf(allocator, "%u", port);
}

/* ---- the dialogue as text ---- */

static void append_slice(GString *text, slice bytes)
{
    g_string_append_len(text, (const char *)bytes.data, (gssize)bytes.len);
}

static void append_secret(GString *text, const char *name, slice value)
{
    if (value.len == 0)
        return;
    g_string_append_printf(text, " %s: ", name);
    append_slice(text, value);
}

/* What a login says, behind the line that says it. */
static void append_auth(GString *text, const mail_auth *auth)
{
    if (!auth || !mailxtra_prefs.decode_auth)
        return;
    GString *said = g_string_new(NULL);
    append_secret(said, "user", auth->username);
    append_secret(said, "acts as", auth->authzid);
    append_secret(said, "password", auth->password);
    append_secret(said, "token", auth->token);
    if (auth->challenge.len && !auth->is_ntlm)
        append_secret(said, "challenge", auth->challenge);
    if (said->len)
        g_string_append_printf(text, "    [%s%s]\r\n", auth->mechanism ? auth->mechanism : "login", said->str);
    g_string_free(said, TRUE);
}

static void append_part(GString *text, part_analysis *one)
{
    const mime_part *part = part_analysis_part(one);
    g_string_append_printf(text, "[Part %s: %s]\r\n%s\r\n", part->path, part->type, part_analysis_text(one));
}

static void append_attachment(part_analysis *one, void *text)
{
    const mime_part *part = part_analysis_part(one);
    g_string_append_printf(text, "[Part %s: %s, %s, %" G_GSIZE_FORMAT " bytes, SHA-256 %s]\r\n", part->path,
                           part->filename ? part->filename : "(no name)", part->type, part_analysis_bytes(one).len,
                           part_analysis_digest(one, G_CHECKSUM_SHA256));
}

static void append_message(GString *text, stored_message *message, packet_info *pinfo)
{
    message_analysis *analysis = message_facts(message, pinfo);
    const mime_message *mime = message_analysis_mime(analysis);
    for (guint i = 0; i < mime->root->fields->len; i++) {
        const header_field *field = g_ptr_array_index(mime->root->fields, i);
        g_string_append_printf(text, "%s: %s\r\n", field->name, field->value);
    }
    g_string_append(text, "\r\n");
    for (guint i = 0; i < mime->parts->len; i++) {
        const mime_part *part = g_ptr_array_index(mime->parts, i);
        if (!part->children && !message_analysis_counts(analysis, part) && g_str_has_prefix(part->type, "text/"))
            append_part(text, message_analysis_part(analysis, part));
    }
    message_analysis_attachments(analysis, append_attachment, text);
    if (!message_store_is_complete(message))
        g_string_append(text, "[The message is incomplete.]\r\n");
}

static void append_record(GString *text, const mail_record *record, packet_info *pinfo)
{
    switch (record->event.kind) {
    case MAIL_EVENT_MESSAGE_START:
    case MAIL_EVENT_MESSAGE_DATA:
    case MAIL_EVENT_ANOMALY:
        break;
    case MAIL_EVENT_MESSAGE_END:
        if (mail_record_finishes(record, pinfo->num))
            append_message(text, record->message, pinfo);
        if (record->event.end > record->event.start)
            g_string_append(text, ".\r\n");
        break;
    case MAIL_EVENT_TLS_START:
        g_string_append(text, "[TLS begins.]\r\n");
        break;
    case MAIL_EVENT_GAP:
        g_string_append_printf(text, "[%" G_GUINT64_FORMAT " bytes %s.]\r\n", record->event.missing,
                               record->event.anomalies & ANOMALY_BIT(ANOMALY_NOT_FETCHED) ? "were not transferred"
                                                                                          : "are missing");
        break;
    default:
        append_slice(text, record->event.line);
        g_string_append(text, "\r\n");
        append_auth(text, record->event.auth);
    }
}

/* Who speaks first in the window is called the client there: it is the session's. */
static void note_ends(follow_info_t *follow, const mail_conversation *mail)
{
    const mail_endpoint *client, *server;
    if (follow->client_port || !stream_store_ends(mail, &client, &server))
        return;
    follow->client_port = client->port;
    follow->server_port = server->port;
    copy_address(&follow->client_ip, &client->address);
    copy_address(&follow->server_ip, &server->address);
}

static void add_text(follow_info_t *follow, packet_info *pinfo, const GString *text, mail_side side)
{
    gboolean is_server = side == MAIL_SERVER;
    if (text->len == 0)
        return;
    follow_record_t *record = g_new0(follow_record_t, 1);
    record->is_server = is_server;
    record->packet_num = pinfo->num;
    record->abs_ts = pinfo->abs_ts;
    record->data = g_byte_array_new();
    g_byte_array_append(record->data, (const guint8 *)text->str, (guint)text->len);
    follow->bytes_written[is_server] += (guint)text->len;
    follow->payload = g_list_prepend(follow->payload, record);
}

static void follow_call(follow_info_t *follow, packet_info *pinfo, const stream_call *call)
{
    GString *text = g_string_new(NULL);
    mail_side side = call->side;
    guint count = stream_call_count(call);
    note_ends(follow, call->conversation);
    for (guint i = 0; i < count; i++) {
        const mail_record *record = stream_call_record(call, i);
        if (record->event.side != side) {
            add_text(follow, pinfo, text, side);
            g_string_truncate(text, 0);
            side = record->event.side;
        }
        append_record(text, record, pinfo);
    }
    add_text(follow, pinfo, text, side);
    g_string_free(text, TRUE);
}

/* The listener's filter is one of frames (tcp.stream eq N): what passes is shown whole. */
static tap_packet_status on_follow(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *tapped,
                                   tap_flags_t flags _U_)
{
    const tapped_frame *frame = tapped;
    capture_end_note(on_follow, data, pinfo, tapped, CAPTURE_END_ANY_FRAME);
    for (guint i = 0; i < frame->count; i++)
        follow_call(data, pinfo, frame->calls[i]);
    return TAP_PACKET_DONT_REDRAW;
}

void follow_mail_register(int proto)
{
    ws_register_follow_stream(proto, "mailxtra", filter_of_packet, filter_of_index, filter_of_addresses, port_text,
                              on_follow, get_tcp_stream_count);
}

/* ---- flow graph ---- */

static tap_packet_cb any_flow; /* of the graph of all flows */

/* An arrow per frame of the session, with its Info; not for bare acknowledgements. */
static tap_packet_status on_flow(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                 tap_flags_t flags)
{
    const tapped_frame *frame = tapped;
    for (guint i = 0; i < frame->count; i++)
        if (stream_call_count(frame->calls[i]) || frame->calls[i]->length)
            return any_flow(data, pinfo, edt, tapped, flags);
    return TAP_PACKET_DONT_REDRAW;
}

void follow_mail_handoff(int proto)
{
    register_analysis_t *all = sequence_analysis_find_by_name("any");
    if (!all)
        return;
    any_flow = sequence_analysis_get_packet_func(all);
    register_seq_analysis("mailxtra", "Mail Flows", proto, "mailxtra", TL_REQUIRES_COLUMNS, on_flow);
}
