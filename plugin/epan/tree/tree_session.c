/* tree_session.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "tree_session.h"

#include "drawing.h"
#include "mailxtra.h"
#include "mailxtra_fields.h"
#include "prefs.h"
#include "record_view.h"
#include "text.h"
#include "tree_imap.h"
#include "tree_message.h"
#include "tree_part.h"
#include "tree_trace.h"

#include "session_bytes.h"

static dissector_handle_t ntlmssp_handle;

void tree_session_handoff(void)
{
    ntlmssp_handle = find_dissector("ntlmssp");
    tree_part_handoff();
}

/* What is being drawn. */
typedef struct session_drawing {
    const stream_call *call;
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree;
    proto_tree *reply_tree; /* of the multi-line reply whose lines are being drawn */
} session_drawing;

static proto_item *add_generated(proto_tree *tree, int field, tvbuff_t *tvb, const char *value)
{
    proto_item *item = proto_tree_add_string(tree, field, tvb, 0, 0, value);
    proto_item_set_generated(item);
    return item;
}

/* ---- the parts that several records share ---- */

static void add_exchange_question(const session_drawing *drawing, proto_tree *tree, const mail_record *record)
{
    const mail_exchange *exchange = record->exchange;
    if (exchange && exchange->answered_in && exchange->asked_in == drawing->pinfo->num)
        proto_item_set_generated(
            proto_tree_add_uint(tree, hf_mailxtra_reply_in, drawing->tvb, 0, 0, exchange->answered_in));
}

static void add_exchange_answer(const session_drawing *drawing, proto_tree *tree, const mail_record *record)
{
    const mail_exchange *exchange = record->exchange;
    if (!exchange || !exchange->asked_in || !record->event.first)
        return;
    proto_item_set_generated(proto_tree_add_uint(tree, hf_mailxtra_reply_to, drawing->tvb, 0, 0, exchange->asked_in));
    nstime_t time;
    nstime_delta(&time, &exchange->answered_at, &exchange->asked_at);
    proto_item_set_generated(proto_tree_add_time(tree, hf_mailxtra_reply_time, drawing->tvb, 0, 0, &time));
}

static void add_secret(proto_tree *tree, int field, const record_view *view, const char *value)
{
    if (*value)
        proto_tree_add_string(tree, field, view->tvb, view->offset, view->line_length, value);
}

static void draw_ntlm(const session_drawing *drawing, proto_tree *tree, slice blob)
{
    if (!ntlmssp_handle || !tree || blob.len == 0)
        return;
    tvbuff_t *tvb = record_view_copy(drawing->tvb, drawing->pinfo, blob, "NTLMSSP Data");
    drawing_call_later(ntlmssp_handle, tvb, drawing->pinfo, tree, (drawing_cost){1, 200});
}

static void draw_auth(const session_drawing *drawing, proto_tree *parent, const mail_record *record,
                      const record_view *view)
{
    const mail_auth *auth = record->event.auth;
    packet_info *pinfo = drawing->pinfo;
    if (!mailxtra_prefs.decode_auth || (!auth && record->event.outcome == MAIL_OUTCOME_NONE))
        return;
    proto_item *item;
    proto_tree *tree = proto_tree_add_subtree(parent, view->tvb, view->offset, view->line_length, ett_mailxtra_auth,
                                              &item, "Authentication");
    if (auth) {
        if (auth->mechanism) {
            proto_item_append_text(item, ", %s", auth->mechanism);
            add_generated(tree, hf_mailxtra_auth_mechanism, view->tvb, auth->mechanism);
        }
        if (auth->username.len)
            proto_item_append_text(item, ", user name: %s", text_utf8(pinfo, auth->username));
        add_secret(tree, hf_mailxtra_auth_authzid, view, text_utf8(pinfo, auth->authzid));
        add_secret(tree, hf_mailxtra_auth_username, view, text_utf8(pinfo, auth->username));
        if (mail_auth_has_password(auth))
            proto_tree_add_string(tree, hf_mailxtra_auth_password, view->tvb, view->offset, view->line_length,
                                  text_utf8(pinfo, auth->password));
        add_secret(tree, hf_mailxtra_auth_token, view, text_or_hex(pinfo, auth->token));
        add_secret(tree, hf_mailxtra_auth_challenge, view, text_or_hex(pinfo, auth->challenge));
        add_secret(tree, hf_mailxtra_auth_response, view, text_or_hex(pinfo, auth->response));
        if (auth->cancelled)
            proto_tree_add_boolean(tree, hf_mailxtra_auth_cancelled, view->tvb, view->offset, view->line_length, 1);
        if (auth->is_ntlm)
            draw_ntlm(drawing, tree, auth->challenge.len ? auth->challenge : auth->response);
    }
    if (record->event.outcome != MAIL_OUTCOME_NONE) {
        gboolean success = record->event.outcome == MAIL_OUTCOME_SUCCESS;
        proto_item_append_text(item, success ? ", succeeded" : ", failed");
        proto_item_set_generated(proto_tree_add_boolean(tree, hf_mailxtra_auth_success, view->tvb, view->offset,
                                                        view->line_length, success));
    }
}

/* ---- one function per kind of record ---- */

static void draw_note(const session_drawing *drawing, const mail_record *record, const char *text)
{
    proto_item *item;
    proto_tree_add_subtree(drawing->tree, drawing->tvb, 0, 0, ett_mailxtra_field, &item, text);
    proto_item_set_generated(item);
    mailxtra_add_anomalies(drawing->pinfo, item, record->event.anomalies);
}

static void draw_params(const session_drawing *drawing, proto_tree *tree, const mail_event *event,
                        const record_view *view)
{
    for (guint i = 0; i < event->param_count; i++) {
        const mail_param *param = &event->params[i];
        gint offset = MIN((gint)param->offset, view->line_length);
        gint length = MIN((gint)param->length, view->line_length - offset);
        proto_tree_add_string(tree, hf_mailxtra_command_param_name, view->tvb, view->offset + offset, length,
                              text_upper(drawing->pinfo, param->name));
        if (param->value.len)
            proto_tree_add_string(tree, hf_mailxtra_command_param_value, view->tvb, view->offset + offset, length,
                                  text_utf8(drawing->pinfo, param->value));
    }
}

static void draw_command(const session_drawing *drawing, const mail_record *record)
{
    const mail_event *event = &record->event;
    packet_info *pinfo = drawing->pinfo;
    record_view view = record_view_line(drawing->call, record, drawing->tvb, pinfo);
    if (event->imap && !event->first && !event->verb.len) {
        draw_note(drawing, record, "Command, goes on behind a literal");
        return;
    }
    proto_item *item = proto_tree_add_string(drawing->tree, hf_mailxtra_command, view.tvb, view.offset, view.length,
                                             text_upper(pinfo, event->verb));
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_command);
    if (event->argument.len) {
        const char *argument = text_utf8(pinfo, event->argument);
        proto_item_append_text(item, " %s", argument);
        proto_tree_add_string(tree, hf_mailxtra_command_argument, view.tvb, view.offset + (gint)event->argument_offset,
                              MAX(0, view.line_length - (gint)event->argument_offset), argument);
    }
    if (event->has_path)
        proto_tree_add_string(tree, slice_is(event->verb, "RCPT") ? hf_mailxtra_envelope_to : hf_mailxtra_envelope_from,
                              view.tvb, view.offset, view.line_length, text_utf8(pinfo, event->path));
    draw_params(drawing, tree, event, &view);
    tree_imap_draw_tag(tree, &view, pinfo, record);
    tree_imap_draw_items(tree, &view, pinfo, record);
    draw_auth(drawing, tree, record, &view);
    add_exchange_question(drawing, tree, record);
    mailxtra_add_anomalies(pinfo, item, event->anomalies);
}

static void draw_auth_line(const session_drawing *drawing, const mail_record *record)
{
    packet_info *pinfo = drawing->pinfo;
    record_view view = record_view_line(drawing->call, record, drawing->tvb, pinfo);
    proto_item *item;
    proto_tree *tree =
        proto_tree_add_subtree_format(drawing->tree, view.tvb, view.offset, view.length, ett_mailxtra_command, &item,
                                      "Authentication response: %s", text_utf8(pinfo, record->event.line));
    tree_imap_draw_tag(tree, &view, pinfo, record);
    draw_auth(drawing, tree, record, &view);
    add_exchange_question(drawing, tree, record);
    mailxtra_add_anomalies(pinfo, item, record->event.anomalies);
}

static proto_tree *open_reply(session_drawing *drawing, const mail_record *record, const record_view *view)
{
    const mail_event *event = &record->event;
    proto_item *item;
    const char *name = event->status ? event->status : wmem_strdup_printf(drawing->pinfo->pool, "%03u", event->code);
    drawing->reply_tree = proto_tree_add_subtree_format(
        drawing->tree, view->tvb, view->offset, view->length, ett_mailxtra_reply, &item, "Reply: %s%s%s", name,
        event->text.len ? " " : "", text_utf8(drawing->pinfo, event->text));
    if (event->status)
        proto_tree_add_string(drawing->reply_tree, hf_mailxtra_reply_status, view->tvb, view->offset,
                              MIN((gint)strlen(event->status), view->line_length), event->status);
    else
        proto_tree_add_uint(drawing->reply_tree, hf_mailxtra_reply_code, view->tvb, view->offset,
                            MIN(3, view->line_length), event->code);
    return drawing->reply_tree;
}

static void draw_capability(const session_drawing *drawing, proto_tree *tree, const mail_event *event,
                            const record_view *view)
{
    if (event->capability.len == 0)
        return;
    proto_item *item = proto_tree_add_string(tree, hf_mailxtra_capability, view->tvb, view->offset, view->line_length,
                                             text_upper(drawing->pinfo, event->capability));
    proto_tree *arguments = event->param_count ? proto_item_add_subtree(item, ett_mailxtra_field) : NULL;
    for (guint i = 0; i < event->param_count; i++) {
        const char *argument = text_utf8(drawing->pinfo, event->params[i].name);
        proto_item_append_text(item, " %s", argument);
        proto_tree_add_string(arguments, hf_mailxtra_capability_argument, view->tvb, view->offset, view->line_length,
                              argument);
    }
}

static void draw_reply_line(session_drawing *drawing, const mail_record *record)
{
    const mail_event *event = &record->event;
    packet_info *pinfo = drawing->pinfo;
    record_view view = record_view_line(drawing->call, record, drawing->tvb, pinfo);
    proto_tree *tree = event->first || !drawing->reply_tree ? open_reply(drawing, record, &view) : drawing->reply_tree;
    if (event->enhanced.len)
        proto_tree_add_string(tree, hf_mailxtra_reply_enhanced, view.tvb, view.offset, view.line_length,
                              text_utf8(pinfo, event->enhanced));
    proto_item *item = proto_tree_add_string(tree, hf_mailxtra_reply_text, view.tvb, view.offset, view.line_length,
                                             text_utf8(pinfo, event->text));
    draw_capability(drawing, tree, event, &view);
    tree_imap_draw_tag(tree, &view, pinfo, record);
    tree_imap_draw_items(tree, &view, pinfo, record);
    if (event->recipient.len)
        add_generated(tree, hf_mailxtra_reply_recipient, view.tvb, text_utf8(pinfo, event->recipient));
    draw_auth(drawing, tree, record, &view);
    add_exchange_answer(drawing, tree, record);
    tree_trace_reply(record, view.tvb, pinfo, tree, item);
    mailxtra_add_anomalies(pinfo, item, event->anomalies);
    if (event->last)
        drawing->reply_tree = NULL;
}

static void draw_listing_line(const session_drawing *drawing, const mail_record *record)
{
    const mail_event *event = &record->event;
    packet_info *pinfo = drawing->pinfo;
    record_view view = record_view_line(drawing->call, record, drawing->tvb, pinfo);
    proto_item *item = proto_tree_add_string(drawing->tree, hf_mailxtra_listing, view.tvb, view.offset, view.length,
                                             text_utf8(pinfo, event->line));
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_field);
    draw_capability(drawing, tree, event, &view);
    if (event->capability.len == 0 && event->param_count == 1) {
        const char *number = text_utf8(pinfo, event->params[0].name);
        const char *value = text_utf8(pinfo, event->params[0].value);
        char *end;
        guint64 size = g_ascii_strtoull(value, &end, 10);
        proto_tree_add_uint(tree, hf_mailxtra_listing_number, view.tvb, view.offset, view.line_length,
                            (guint32)g_ascii_strtoull(number, NULL, 10));
        if ((record->exchange && g_strcmp0(record->exchange->verb, "UIDL") == 0) || *end || !*value)
            proto_tree_add_string(tree, hf_mailxtra_listing_uid, view.tvb, view.offset, view.line_length, value);
        else
            proto_tree_add_uint64(tree, hf_mailxtra_listing_size, view.tvb, view.offset, view.line_length, size);
    }
    mailxtra_add_anomalies(pinfo, item, event->anomalies);
}

static void draw_data(const session_drawing *drawing, const mail_record *record)
{
    gint offset = 0, length = 0;
    if (record_view_in_frame(drawing->call, record, drawing->tvb, &offset))
        length = (gint)(record->event.end - record->event.start);
    proto_item *item = proto_tree_add_uint_format(drawing->tree, hf_mailxtra_message_data, drawing->tvb, offset, length,
                                                  (guint32)record->data_length,
                                                  "Message data: %" G_GUINT64_FORMAT " bytes", record->data_length);
    const stored_message *message = record->message;
    if (message && message->finished_in && message->finished_in != drawing->pinfo->num)
        proto_item_set_generated(
            proto_tree_add_uint(drawing->tree, hf_mailxtra_reassembled_in, drawing->tvb, 0, 0, message->finished_in));
    mailxtra_add_anomalies(drawing->pinfo, item, record->event.anomalies);
}

/* For the lists of expert infos, where nothing is drawn. */
static void list_findings(const session_drawing *drawing, const mail_record *record)
{
    if (mail_record_finishes(record, drawing->pinfo->num) && mailxtra_expert_is_wanted())
        tree_message_list_findings(record->message, drawing->pinfo);
}

static void draw_message_end(const session_drawing *drawing, const mail_record *record)
{
    gint offset;
    if (record->event.end > record->event.start && record_view_in_frame(drawing->call, record, drawing->tvb, &offset)) {
        proto_item *item;
        proto_tree *tree =
            proto_tree_add_subtree(drawing->tree, drawing->tvb, offset, (gint)(record->event.end - record->event.start),
                                   ett_mailxtra_command, &item, "End of message data: .");
        if (record->event.side == MAIL_CLIENT)
            add_exchange_question(drawing, tree, record);
    }
    if (!record->message && record->event.anomalies)
        draw_note(drawing, record, "Piece of a message");
    if (mail_record_finishes(record, drawing->pinfo->num)) {
        if (drawing->tree)
            tree_message_draw(record->message, drawing->tvb, drawing->pinfo, drawing->tree);
        else
            list_findings(drawing, record);
    }
}

static void draw_text(const session_drawing *drawing, const mail_record *record)
{
    record_view view = record_view_line(drawing->call, record, drawing->tvb, drawing->pinfo);
    slice line = record->event.line;
    proto_item *item =
        proto_tree_add_string(drawing->tree, hf_mailxtra_text_line, view.tvb, view.offset, view.length,
                              is_text(line) ? text_utf8(drawing->pinfo, line) : text_or_hex(drawing->pinfo, line));
    mailxtra_add_anomalies(drawing->pinfo, item, record->event.anomalies);
}

static void draw_gap(const session_drawing *drawing, const mail_record *record)
{
    if (record->event.anomalies & ANOMALY_BIT(ANOMALY_NOT_FETCHED)) {
        draw_note(drawing, record, "Bytes that the server has, and that are not transferred");
        return;
    }
    proto_item *item =
        proto_tree_add_uint64(drawing->tree, hf_mailxtra_missing, drawing->tvb, 0, 0, record->event.missing);
    proto_item_set_generated(item);
    mailxtra_add_anomalies(drawing->pinfo, item, record->event.anomalies | ANOMALY_BIT(ANOMALY_LOST_BYTES));
}

static void draw_untagged(const session_drawing *drawing, const mail_record *record)
{
    record_view view = record_view_line(drawing->call, record, drawing->tvb, drawing->pinfo);
    tree_imap_draw_untagged(drawing->tree, &view, drawing->pinfo, record);
}

static void draw_record(session_drawing *drawing, const mail_record *record)
{
    switch (record->event.kind) {
    case MAIL_EVENT_COMMAND:
        draw_command(drawing, record);
        break;
    case MAIL_EVENT_AUTH_LINE:
        draw_auth_line(drawing, record);
        break;
    case MAIL_EVENT_REPLY_LINE:
        draw_reply_line(drawing, record);
        break;
    case MAIL_EVENT_LISTING_LINE:
        draw_listing_line(drawing, record);
        break;
    case MAIL_EVENT_MESSAGE_START:
        if (record->event.anomalies)
            draw_note(drawing, record, "Message begins");
        break;
    case MAIL_EVENT_MESSAGE_DATA:
        draw_data(drawing, record);
        break;
    case MAIL_EVENT_MESSAGE_END:
        draw_message_end(drawing, record);
        break;
    case MAIL_EVENT_TEXT:
        draw_text(drawing, record);
        break;
    case MAIL_EVENT_TLS_START:
        draw_note(drawing, record, "Encryption (TLS) begins after this frame");
        break;
    case MAIL_EVENT_GAP:
        draw_gap(drawing, record);
        break;
    case MAIL_EVENT_ANOMALY:
        draw_note(drawing, record, "Anomaly");
        break;
    case MAIL_EVENT_UNTAGGED:
        draw_untagged(drawing, record);
        break;
    }
}

void tree_session_draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    guint count = stream_call_count(call);
    proto_item *root = proto_tree_add_item(tree, proto_mailxtra, tvb, 0, -1, ENC_NA);
    session_drawing drawing = {call, tvb, pinfo, proto_item_add_subtree(root, ett_mailxtra_mailxtra), NULL};
    proto_item_append_text(root, ", %s, %s", text_protocol(call->protocol),
                           call->side == MAIL_CLIENT ? "client" : "server");
    add_generated(drawing.tree, hf_mailxtra_protocol, tvb, text_protocol(call->protocol));
    proto_item_set_generated(
        proto_tree_add_boolean(drawing.tree, hf_mailxtra_client, tvb, 0, 0, call->side == MAIL_CLIENT));
    proto_item_set_generated(proto_tree_add_boolean(drawing.tree, hf_mailxtra_tls, tvb, 0, 0, call->in_tls));
    if (call->state)
        add_generated(drawing.tree, hf_mailxtra_state, tvb, call->state);
    guint i = 0;
    for (; i < count && (!tree || drawing_has_room(drawing.tree)); i++)
        draw_record(&drawing, stream_call_record(call, i));
    drawing_add_more(drawing.tree, tvb, pinfo, count - i, "lines and messages of the session");
    for (guint rest = i; rest < count; rest++)
        list_findings(&drawing, stream_call_record(call, rest));
    if (count == 0 && call->length)
        proto_item_append_text(root, call->waits ? ", waits for bytes that were not captured yet"
                                                 : ", part of a line, or bytes seen before");
}
