/* stock_tree.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A user's filters, columns and colour rules on smtp.* and pop.* go on working, so names,
 * values and the wording of the Info column follow Wireshark 4.0. Where the stock value is known to be
 * wrong, ours is the right one:
 *   - smtp.req.command of verbs that are not four letters long (stock: STARTTLS gives "STAR");
 *   - pop.request, pop.response: the line (stock 4.0: an empty string);
 *   - pop listings and SASL prompts are no message fragments.
 */
#include "stock_tree.h"

#include "drawing.h"
#include "mailxtra_fields.h"
#include "message_reassembly.h"
#include "prefs.h"
#include "record_view.h"
#include "stock_imap.h"
#include "stock_imf.h"

#include <epan/tap.h>

/* X(id, "filter name") */
#define STOCK_FIELD_LIST(X)                                                                                            \
    X(smtp_req, "smtp.req")                                                                                            \
    X(smtp_rsp, "smtp.rsp")                                                                                            \
    X(smtp_command_line, "smtp.command_line")                                                                          \
    X(smtp_req_command, "smtp.req.command")                                                                            \
    X(smtp_req_parameter, "smtp.req.parameter")                                                                        \
    X(smtp_response, "smtp.response")                                                                                  \
    X(smtp_response_code, "smtp.response.code")                                                                        \
    X(smtp_rsp_parameter, "smtp.rsp.parameter")                                                                        \
    X(smtp_username, "smtp.auth.username")                                                                             \
    X(smtp_password, "smtp.auth.password")                                                                             \
    X(smtp_username_password, "smtp.auth.username_password")                                                           \
    X(smtp_eom, "smtp.eom")                                                                                            \
    X(pop_request, "pop.request")                                                                                      \
    X(pop_request_command, "pop.request.command")                                                                      \
    X(pop_request_parameter, "pop.request.parameter")                                                                  \
    X(pop_response, "pop.response")                                                                                    \
    X(pop_response_indicator, "pop.response.indicator")                                                                \
    X(pop_response_description, "pop.response.description")                                                            \
    X(pop_response_data, "pop.response.data")

#define X(id, name) static int hf_##id = -1;
STOCK_FIELD_LIST(X)
#undef X

/* The fragment items of one stock protocol. */
typedef struct stock_fragments {
    int ids[10];
    fragment_items items;
} stock_fragments;

static stock_fragments smtp_fragments, pop_fragments;
static int proto_smtp = -1, proto_pop = -1, proto_text_lines = -1;
static dissector_handle_t text_lines_handle;
static pref_t *smtp_decryption;

static void look_up_fragments(stock_fragments *fragments, const char *protocol)
{
    static const char *const names[10] = {"fragments",
                                          "fragment",
                                          "fragment.overlap",
                                          "fragment.overlap.conflicts",
                                          "fragment.multiple_tails",
                                          "fragment.too_long_fragment",
                                          "fragment.error",
                                          "fragment.count",
                                          "reassembled.in",
                                          "reassembled.length"};
    for (int i = 0; i < 10; i++) {
        char *name = g_strdup_printf("%s.data.%s", protocol, names[i]);
        fragments->ids[i] = proto_registrar_get_id_byname(name);
        g_free(name);
    }
    int *ids = fragments->ids;
    fragments->items = (fragment_items){&ett_mailxtra_fragment,
                                        &ett_mailxtra_fragments,
                                        &ids[0],
                                        &ids[1],
                                        &ids[2],
                                        &ids[3],
                                        &ids[4],
                                        &ids[5],
                                        &ids[6],
                                        &ids[7],
                                        &ids[8],
                                        &ids[9],
                                        NULL,
                                        "DATA fragments"};
}

static gboolean knows_all_fragments(const stock_fragments *fragments)
{
    for (int i = 0; i < 10; i++) {
        if (fragments->ids[i] <= 0)
            return FALSE;
    }
    return TRUE;
}

void stock_tree_handoff(void)
{
#define X(id, name) hf_##id = proto_registrar_get_id_byname(name);
    STOCK_FIELD_LIST(X)
#undef X
    stock_imap_handoff();
    stock_imf_handoff();
    look_up_fragments(&smtp_fragments, "smtp");
    look_up_fragments(&pop_fragments, "pop");
    proto_smtp = proto_get_id_by_filter_name("smtp");
    proto_pop = proto_get_id_by_filter_name("pop");
    text_lines_handle = find_dissector("data-text-lines");
    proto_text_lines = proto_get_id_by_filter_name("data-text-lines");
    module_t *module = prefs_find_module("smtp");
    smtp_decryption = module ? prefs_find_preference(module, "decryption") : NULL;
}

/* What is being drawn. */
typedef struct stock_drawing {
    stream_call *call;
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *root, *tree;
    proto_tree *reply_tree; /* of the reply whose lines are being drawn */
    gboolean fills_columns; /* and draws nothing */
    char speaker;           /* 'C' or 'S', whom Info quoted last; 0: Info is empty */
    gboolean first_of_reply;
} stock_drawing;

static proto_item *add_item(proto_tree *tree, int field, const record_view *view, gint offset, gint length)
{
    if (field <= 0)
        return NULL;
    return proto_tree_add_item(tree, field, view->tvb, view->offset + offset, length, ENC_ASCII);
}

static void add_hidden_flag(const stock_drawing *drawing, int field)
{
    if (field > 0)
        proto_item_set_hidden(proto_tree_add_boolean(drawing->tree, field, drawing->tvb, 0, 0, 1));
}

static const char *escaped(packet_info *pinfo, slice text)
{
    return ws_format_text(pinfo->pool, text.len ? (const char *)text.data : "", text.len);
}

/* Appends to Info, behind "C: " or "S: " where the speaker changes and " | " in between. */
static void append_to_info(stock_drawing *drawing, const char *who, const char *text)
{
    column_info *columns = drawing->pinfo->cinfo;
    if (drawing->speaker)
        col_append_str(columns, COL_INFO, " | ");
    if (drawing->speaker != *who)
        col_append_str(columns, COL_INFO, who);
    else
        col_append_str(columns, COL_INFO, who + strlen("C: "));
    col_append_str(columns, COL_INFO, text);
    drawing->speaker = *who;
}

/* The text is made only where the columns are filled. */
#define SAY(drawing, who, text)                                                                                        \
    do {                                                                                                               \
        if ((drawing)->fills_columns)                                                                                  \
            append_to_info(drawing, who, text);                                                                        \
    } while (0)

static record_view view_of(const stock_drawing *drawing, const mail_record *record)
{
    return record_view_line(drawing->call, record, drawing->tvb, drawing->pinfo);
}

/* ---- SMTP ---- */

static gboolean stock_decodes_auth(void)
{
    return smtp_decryption && prefs_get_bool_value(smtp_decryption, WS_PREF_CURRENT);
}

/* A credential: raw, as stock shows it by default, or decoded, when smtp.decryption is on. */
static void add_credential(proto_tree *tree, int field, const record_view *view, gint offset, gint length, slice raw,
                           slice decoded, packet_info *pinfo)
{
    if (field <= 0)
        return;
    slice shown = stock_decodes_auth() ? decoded : raw;
    proto_tree_add_string(tree, field, view->tvb, view->offset + offset, length, escaped(pinfo, shown));
}

static void draw_smtp_plain(proto_tree *tree, const record_view *view, gint offset, slice raw, const mail_auth *auth,
                            packet_info *pinfo)
{
    if (stock_decodes_auth()) {
        add_credential(tree, hf_smtp_username, view, offset, (gint)raw.len, raw, auth->username, pinfo);
        add_credential(tree, hf_smtp_password, view, offset, (gint)raw.len, raw, auth->password, pinfo);
    } else {
        add_item(tree, hf_smtp_username_password, view, offset, (gint)raw.len);
    }
}

static gboolean has_mechanism(const mail_auth *auth, const char *name)
{
    return auth && auth->mechanism && strcmp(auth->mechanism, name) == 0;
}

/* The initial response behind "AUTH MECHANISM ". */
static void draw_smtp_initial_response(stock_drawing *drawing, proto_tree *tree, const record_view *view,
                                       const mail_event *event)
{
    const mail_auth *auth = event->auth;
    const guint8 *blank = event->argument.len ? memchr(event->argument.data, ' ', event->argument.len) : NULL;
    if (!auth || !blank)
        return;
    gint offset = (gint)(event->argument_offset + (gsize)(blank + 1 - event->argument.data));
    slice raw = slice_from(event->line, (gsize)offset);
    if (has_mechanism(auth, "PLAIN"))
        draw_smtp_plain(tree, view, offset, raw, auth, drawing->pinfo);
    else if (has_mechanism(auth, "LOGIN"))
        add_credential(tree, hf_smtp_username, view, offset, (gint)raw.len, raw, auth->username, drawing->pinfo);
}

static void draw_smtp_command(stock_drawing *drawing, const mail_record *record)
{
    const mail_event *event = &record->event;
    record_view view = view_of(drawing, record);
    add_hidden_flag(drawing, hf_smtp_req);
    proto_tree *tree = proto_item_add_subtree(add_item(drawing->tree, hf_smtp_command_line, &view, 0, view.length),
                                              ett_mailxtra_command);
    add_item(tree, hf_smtp_req_command, &view, (gint)event->verb_offset, (gint)event->verb.len);
    if (event->argument.len) {
        add_item(tree, hf_smtp_req_parameter, &view, (gint)event->argument_offset,
                 view.line_length - (gint)event->argument_offset);
        draw_smtp_initial_response(drawing, tree, &view, event);
    }
    SAY(drawing, "C: ", escaped(drawing->pinfo, event->line));
}

static void draw_smtp_auth_line(stock_drawing *drawing, const mail_record *record)
{
    const mail_event *event = &record->event;
    record_view view = view_of(drawing, record);
    const mail_auth *auth = event->auth;
    gint length = view.line_length;
    add_hidden_flag(drawing, hf_smtp_req);
    if (has_mechanism(auth, "PLAIN")) {
        draw_smtp_plain(drawing->tree, &view, 0, event->line, auth, drawing->pinfo);
    } else if (has_mechanism(auth, "LOGIN") && auth->username.len && !mail_auth_has_password(auth)) {
        add_credential(drawing->tree, hf_smtp_username, &view, 0, length, event->line, auth->username, drawing->pinfo);
        SAY(drawing, "C: User: ", escaped(drawing->pinfo, stock_decodes_auth() ? auth->username : event->line));
        return;
    } else if (has_mechanism(auth, "LOGIN") && mail_auth_has_password(auth)) {
        add_credential(drawing->tree, hf_smtp_password, &view, 0, length, event->line, auth->password, drawing->pinfo);
        SAY(drawing, "C: Pass: ", escaped(drawing->pinfo, stock_decodes_auth() ? auth->password : event->line));
        return;
    } else {
        add_item(drawing->tree, hf_smtp_command_line, &view, 0, view.length);
    }
    SAY(drawing, "C: ", escaped(drawing->pinfo, event->line));
}

static void draw_smtp_reply(stock_drawing *drawing, const mail_record *record)
{
    const mail_event *event = &record->event;
    record_view view = view_of(drawing, record);
    gboolean opens = event->first || drawing->first_of_reply;
    if (opens) {
        proto_item *item = add_item(drawing->tree, hf_smtp_response, &view, 0, view.length);
        drawing->reply_tree = proto_item_add_subtree(item, ett_mailxtra_reply);
        if (hf_smtp_response_code > 0)
            proto_tree_add_uint(drawing->reply_tree, hf_smtp_response_code, view.tvb, view.offset, MIN(3, view.length),
                                event->code);
    }
    drawing->first_of_reply = event->last;
    if (view.line_length >= 4) {
        slice text = slice_from(event->line, 4);
        if (stock_decodes_auth() && event->auth && event->auth->challenge.len && hf_smtp_rsp_parameter > 0)
            proto_tree_add_string(drawing->reply_tree, hf_smtp_rsp_parameter, view.tvb, view.offset + 4,
                                  view.line_length - 4, escaped(drawing->pinfo, event->auth->challenge));
        else
            add_item(drawing->reply_tree, hf_smtp_rsp_parameter, &view, 4, view.line_length - 4);
        SAY(drawing, "S: ", escaped(drawing->pinfo, opens ? event->line : text));
    } else {
        SAY(drawing, "S: ", escaped(drawing->pinfo, event->line));
    }
}

/* ---- POP ---- */

static void draw_pop_line(stock_drawing *drawing, const mail_record *record, int line_field, int token_field,
                          int rest_field, const char *who)
{
    const mail_event *event = &record->event;
    record_view view = view_of(drawing, record);
    proto_item *item = add_item(drawing->tree, line_field, &view, 0, view.length);
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_command);
    gint token = 0;
    while (token < view.line_length && event->line.data[token] != ' ')
        token++;
    gint rest = token;
    while (rest < view.line_length && event->line.data[rest] == ' ')
        rest++;
    if (token)
        add_item(tree, token_field, &view, 0, token);
    if (rest < view.line_length)
        add_item(tree, rest_field, &view, rest, view.line_length - rest);
    SAY(drawing, who, escaped(drawing->pinfo, event->line));
}

static void draw_pop_listing(stock_drawing *drawing, const mail_record *record)
{
    record_view view = view_of(drawing, record);
    add_item(drawing->tree, hf_pop_response_data, &view, 0, view.length);
    if (!drawing->speaker)
        SAY(drawing, "S: ", escaped(drawing->pinfo, record->event.line));
}

/* ---- messages ---- */

static gboolean ends_message(const stream_call *call)
{
    for (guint i = 0; i < stream_call_count(call); i++) {
        const mail_record *record = stream_call_record(call, i);
        if (record->event.kind == MAIL_EVENT_MESSAGE_END)
            return TRUE;
    }
    return FALSE;
}

static void draw_data(stock_drawing *drawing, const mail_record *record)
{
    const mail_event *event = &record->event;
    gint offset, length = (gint)(event->end - event->start);
    if (ends_message(drawing->call))
        return;
    if (record->message && record->message->finished_in) {
        const stock_fragments *fragments =
            drawing->call->protocol == MAIL_PROTOCOL_POP3 ? &pop_fragments : &smtp_fragments;
        if (drawing->tree && fragments->ids[8] > 0)
            proto_item_set_generated(proto_tree_add_uint(drawing->tree, fragments->ids[8], drawing->tvb, 0, 0,
                                                         record->message->finished_in));
    }
    if (drawing->tree && proto_field_is_referenced(drawing->tree, proto_text_lines) && event->side == MAIL_CLIENT &&
        text_lines_handle && record_view_in_frame(drawing->call, record, drawing->tvb, &offset))
        drawing_call_later(text_lines_handle, tvb_new_subset_length(drawing->tvb, offset, length), drawing->pinfo,
                           drawing->tree, (drawing_cost){1, (guint64)length / 2});
    if (event->side == MAIL_CLIENT || !drawing->speaker)
        SAY(drawing, event->side == MAIL_CLIENT ? "C: " : "S: ",
            wmem_strdup_printf(drawing->pinfo->pool, "DATA fragment, %d byte%s", length, plurality(length, "", "s")));
}

static void draw_message_end(stock_drawing *drawing, const mail_record *record)
{
    gint offset;
    stored_message *message = record->message;
    gboolean is_pop = drawing->call->protocol == MAIL_PROTOCOL_POP3;
    if (!is_pop && record->event.end > record->event.start) {
        if (drawing->tree && hf_smtp_eom > 0 && record_view_in_frame(drawing->call, record, drawing->tvb, &offset))
            proto_tree_add_none_format(drawing->tree, hf_smtp_eom, drawing->tvb, offset,
                                       (gint)(record->event.end - record->event.start), "C: .");
        SAY(drawing, "C: ", ".");
    } else if (is_pop && !drawing->speaker) {
        SAY(drawing, "S: ", ".");
    }
    if (!message || message->finished_in != drawing->pinfo->num)
        return;
    if (drawing->fills_columns) {
        if (stock_imf_is_given(message, drawing->pinfo))
            col_append_str(drawing->pinfo->cinfo, COL_PROTOCOL, "/IMF");
        return;
    }
    stock_fragments *fragments = is_pop ? &pop_fragments : &smtp_fragments;
    if (drawing->tree && knows_all_fragments(fragments)) {
        tvbuff_t *whole = message_reassembly_tvb(message, drawing->tvb, drawing->pinfo);
        if (whole)
            message_reassembly_draw(message, &fragments->items, whole, drawing->pinfo, drawing->tree);
    }
    stock_imf_call(message, drawing->tvb, drawing->pinfo, drawing->root);
}

static void draw_record(stock_drawing *drawing, const mail_record *record)
{
    gboolean is_pop = drawing->call->protocol == MAIL_PROTOCOL_POP3;
    switch (record->event.kind) {
    case MAIL_EVENT_COMMAND:
        if (is_pop)
            draw_pop_line(drawing, record, hf_pop_request, hf_pop_request_command, hf_pop_request_parameter, "C: ");
        else
            draw_smtp_command(drawing, record);
        break;
    case MAIL_EVENT_AUTH_LINE:
        if (is_pop)
            draw_pop_line(drawing, record, hf_pop_request, hf_pop_request_command, hf_pop_request_parameter, "C: ");
        else
            draw_smtp_auth_line(drawing, record);
        break;
    case MAIL_EVENT_REPLY_LINE:
        if (is_pop) {
            draw_pop_line(drawing, record, hf_pop_response, hf_pop_response_indicator, hf_pop_response_description,
                          "S: ");
        } else {
            add_hidden_flag(drawing, hf_smtp_rsp);
            draw_smtp_reply(drawing, record);
        }
        break;
    case MAIL_EVENT_LISTING_LINE:
        draw_pop_listing(drawing, record);
        break;
    case MAIL_EVENT_MESSAGE_DATA:
        draw_data(drawing, record);
        break;
    case MAIL_EVENT_MESSAGE_END:
        draw_message_end(drawing, record);
        break;
    case MAIL_EVENT_TEXT:
        SAY(drawing, record->event.side == MAIL_CLIENT ? "C: " : "S: ", escaped(drawing->pinfo, record->event.line));
        break;
    case MAIL_EVENT_MESSAGE_START:
    case MAIL_EVENT_TLS_START:
    case MAIL_EVENT_GAP:
    case MAIL_EVENT_ANOMALY:
    case MAIL_EVENT_UNTAGGED:
        break;
    }
}

static void draw_records(stock_drawing *drawing)
{
    for (guint i = 0; i < stream_call_count(drawing->call); i++) {
        if (drawing->tree && !drawing_has_room(drawing->tree))
            break;
        draw_record(drawing, stream_call_record(drawing->call, i));
    }
}

void stock_tree_fill_columns(stream_call *call, tvbuff_t *tvb, packet_info *pinfo)
{
    if (call->protocol == MAIL_PROTOCOL_IMAP) {
        stock_imap_fill_columns(call, tvb, pinfo);
        return;
    }
    stock_drawing drawing = {.call = call, .tvb = tvb, .pinfo = pinfo, .fills_columns = TRUE, .first_of_reply = TRUE};
    col_set_str(pinfo->cinfo, COL_PROTOCOL, call->protocol == MAIL_PROTOCOL_POP3 ? "POP" : "SMTP");
    col_clear(pinfo->cinfo, COL_INFO);
    draw_records(&drawing);
}

void stock_tree_draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, gboolean with_tree)
{
    int protocol = call->protocol == MAIL_PROTOCOL_POP3 ? proto_pop : proto_smtp;
    if (call->protocol == MAIL_PROTOCOL_IMAP) {
        stock_imap_draw(call, tvb, pinfo, tree, with_tree);
        return;
    }
    proto_item *item = protocol > 0 && with_tree ? proto_tree_add_item(tree, protocol, tvb, 0, -1, ENC_NA) : NULL;
    proto_tree *stock = item ? proto_item_add_subtree(item, ett_mailxtra_mailxtra) : NULL;
    stock_drawing drawing = {
        .call = call, .tvb = tvb, .pinfo = pinfo, .root = tree, .tree = stock, .first_of_reply = TRUE};
    draw_records(&drawing);
}
