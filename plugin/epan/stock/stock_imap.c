/* stock_imap.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * imap.line is each line of text; those that do not begin with "*" have tag, command or status below them. Where the
 * stock value is known to be wrong, ours is the right one:
 *   - literals are no lines and no commands;
 *   - who is the client is known, also when both ports are 143;
 *   - a message is handed to IMF when it is one (stock: the first literal of any FETCH response).
 */
#include "stock_imap.h"

#include "drawing.h"
#include "mailxtra_fields.h"
#include "record_view.h"
#include "stock_imf.h"

/* X(id, "name behind imap.") */
#define STOCK_IMAP_LIST(X)                                                                                             \
    X(isrequest, "isrequest")                                                                                          \
    X(line, "line")                                                                                                    \
    X(request, "request")                                                                                              \
    X(request_tag, "request_tag")                                                                                      \
    X(request_command, "request.command")                                                                              \
    X(request_uid, "request.command.uid")                                                                              \
    X(request_folder, "request.folder")                                                                                \
    X(response, "response")                                                                                            \
    X(response_tag, "response_tag")                                                                                    \
    X(response_status, "response.status")                                                                              \
    X(response_command, "response.command")                                                                            \
    X(tag, "tag")                                                                                                      \
    X(command, "command")                                                                                              \
    X(response_in, "response_in")                                                                                      \
    X(response_to, "response_to")                                                                                      \
    X(time, "time")

#define X(id, name) static int hf_##id = -1;
STOCK_IMAP_LIST(X)
#undef X

static int proto_imap = -1;

void stock_imap_handoff(void)
{
#define X(id, name) hf_##id = proto_registrar_get_id_byname("imap." name);
    STOCK_IMAP_LIST(X)
#undef X
    proto_imap = proto_get_id_by_filter_name("imap");
}

typedef struct stock_drawing {
    stream_call *call;
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *root, *tree;
    gboolean fills_columns; /* and draws nothing */
    gboolean said;          /* Info has its text */
} stock_drawing;

/* One word of a line, and where it stands. */
typedef struct word {
    gint offset, length;
} word;

static word next_word(slice line, gint from)
{
    word w = {from, 0};
    while (w.offset < (gint)line.len && line.data[w.offset] == ' ')
        w.offset++;
    while (w.offset + w.length < (gint)line.len && line.data[w.offset + w.length] != ' ')
        w.length++;
    return w;
}

static slice slice_at(slice line, word w)
{
    return slice_head(slice_from(line, (gsize)w.offset), (gsize)w.length);
}

static void add_word(proto_tree *tree, int field, const record_view *view, gint base, word w)
{
    if (field > 0 && w.length)
        proto_tree_add_item(tree, field, view->tvb, view->offset + base + w.offset, w.length, ENC_ASCII | ENC_NA);
}

static void add_hidden(proto_tree *tree, int field, const record_view *view, gint base, word w)
{
    if (field > 0 && w.length)
        proto_item_set_hidden(
            proto_tree_add_item(tree, field, view->tvb, view->offset + base + w.offset, w.length, ENC_ASCII | ENC_NA));
}

/* The commands that stock gives a folder: with the mailbox as first argument, and COPY as second. */
static void add_folder(proto_tree *tree, const record_view *view, gint base, slice line, slice command, gint from)
{
    static const char *const first[] = {"select",    "examine",     "create", "delete", "rename",
                                        "subscribe", "unsubscribe", "status", "append", "search"};
    word w = next_word(line, from);
    for (gsize i = 0; i < G_N_ELEMENTS(first); i++) {
        if (slice_is(command, first[i])) {
            add_word(tree, hf_request_folder, view, base, w);
            return;
        }
    }
    if (slice_is(command, "copy"))
        add_word(tree, hf_request_folder, view, base, next_word(line, w.offset + w.length));
}

static void draw_request(proto_tree *tree, const record_view *view, gint base, slice line)
{
    word tag = next_word(line, 0), command = next_word(line, tag.offset + tag.length);
    add_word(tree, hf_request_tag, view, base, tag);
    add_hidden(tree, hf_tag, view, base, tag);
    if (!command.length)
        return;
    word name = command;
    if (slice_is(slice_at(line, command), "UID")) {
        add_word(tree, hf_request_uid, view, base, command);
        name = next_word(line, command.offset + command.length);
    }
    add_word(tree, hf_request_command, view, base, name);
    add_hidden(tree, hf_command, view, base, command);
    add_folder(tree, view, base, line, slice_at(line, name), name.offset + name.length);
}

static void draw_response(proto_tree *tree, const record_view *view, gint base, slice line)
{
    word tag = next_word(line, 0), status = next_word(line, tag.offset + tag.length);
    word command = next_word(line, status.offset + status.length);
    add_word(tree, hf_response_tag, view, base, tag);
    add_hidden(tree, hf_tag, view, base, tag);
    add_word(tree, hf_response_status, view, base, status);
    add_word(tree, hf_response_command, view, base, command);
    add_hidden(tree, hf_command, view, base, command);
}

static void draw_exchange(const stock_drawing *drawing, proto_tree *tree, const mail_record *record)
{
    const mail_exchange *exchange = record->exchange;
    guint32 frame = drawing->pinfo->num;
    if (!exchange || !record->event.imap || !record->event.imap->tag.len)
        return;
    if (record->event.side == MAIL_CLIENT && exchange->answered_in && exchange->asked_in == frame && hf_response_in > 0)
        proto_item_set_generated(proto_tree_add_uint(tree, hf_response_in, drawing->tvb, 0, 0, exchange->answered_in));
    if (record->event.side == MAIL_CLIENT || !exchange->asked_in || exchange->answered_in != frame ||
        hf_response_to <= 0)
        return;
    proto_item_set_generated(proto_tree_add_uint(tree, hf_response_to, drawing->tvb, 0, 0, exchange->asked_in));
    nstime_t time;
    nstime_delta(&time, &exchange->answered_at, &exchange->asked_at);
    if (hf_time > 0)
        proto_item_set_generated(proto_tree_add_time(tree, hf_time, drawing->tvb, 0, 0, &time));
}

/* `side`: who says it; what waited behind a hole may be shown in a frame of the other one. */
static void say(stock_drawing *drawing, mail_side side, slice line)
{
    if (drawing->said || !drawing->fills_columns)
        return;
    drawing->said = TRUE;
    col_add_fstr(drawing->pinfo->cinfo, COL_INFO, "%s: %s", side == MAIL_CLIENT ? "Request" : "Response",
                 ws_format_text(drawing->pinfo->pool, line.len ? (const char *)line.data : "", line.len));
}

/* One line of text at `base` of the record's. */
static void draw_line(stock_drawing *drawing, const mail_record *record, const record_view *view, gint base, slice line,
                      gint length, gboolean is_first)
{
    gboolean request = record->event.side == MAIL_CLIENT;
    proto_item *item = hf_line > 0 ? proto_tree_add_item(drawing->tree, hf_line, view->tvb, view->offset + base, length,
                                                         ENC_ASCII | ENC_NA)
                                   : NULL;
    if (!is_first || slice_begins(line, "*"))
        return;
    proto_tree *tree = proto_item_add_subtree(item, ett_mailxtra_command);
    say(drawing, record->event.side, line);
    add_word(tree, request ? hf_request : hf_response, view, base, (word){0, (gint)line.len});
    if (request)
        draw_request(tree, view, base, line);
    else
        draw_response(tree, view, base, line);
    draw_exchange(drawing, tree, record);
}

static void draw_lines(stock_drawing *drawing, const mail_record *record)
{
    record_view view = record_view_line(drawing->call, record, drawing->tvb, drawing->pinfo);
    slice rest = record->event.line;
    gint base = 0;
    gboolean is_first =
        record->event.kind != MAIL_EVENT_UNTAGGED && (record->event.kind != MAIL_EVENT_COMMAND || record->event.first);
    do {
        const guint8 *lf = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
        slice line = slice_head(rest, lf ? (gsize)(lf - rest.data) : rest.len);
        gint length = lf ? (gint)line.len + 1 : MAX(view.length - base, 0);
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        draw_line(drawing, record, &view, base, line, length, is_first);
        rest = slice_from(rest, (gsize)length);
        base += length;
        is_first = FALSE;
    } while (rest.len);
}

static void draw_message(stock_drawing *drawing, const mail_record *record)
{
    if (!drawing->fills_columns)
        stock_imf_call(record->message, drawing->tvb, drawing->pinfo, drawing->root);
    else if (stock_imf_is_given(record->message, drawing->pinfo))
        col_append_str(drawing->pinfo->cinfo, COL_PROTOCOL, "/IMF");
}

static void draw_record(stock_drawing *drawing, const mail_record *record)
{
    switch (record->event.kind) {
    case MAIL_EVENT_COMMAND:
    case MAIL_EVENT_AUTH_LINE:
    case MAIL_EVENT_REPLY_LINE:
    case MAIL_EVENT_UNTAGGED:
    case MAIL_EVENT_TEXT:
        draw_lines(drawing, record);
        break;
    case MAIL_EVENT_MESSAGE_END:
        draw_message(drawing, record);
        break;
    default:
        break;
    }
}

/* Only lines that begin with "*", or only a part of a literal. */
static void say_first(stock_drawing *drawing)
{
    for (guint i = 0; i < stream_call_count(drawing->call); i++) {
        const mail_record *record = stream_call_record(drawing->call, i);
        if (record->event.line.len) {
            const guint8 *lf = memchr(record->event.line.data, '\n', record->event.line.len);
            slice line = record->event.line;
            say(drawing, record->event.side, lf ? slice_head(line, (gsize)(lf - line.data)) : line);
        }
    }
    for (guint i = 0; i < stream_call_count(drawing->call) && !drawing->said; i++) {
        const mail_record *record = stream_call_record(drawing->call, i);
        if (record->event.kind == MAIL_EVENT_MESSAGE_DATA)
            say(drawing, record->event.side,
                slice_of(wmem_strdup_printf(drawing->pinfo->pool, "literal, %" G_GUINT64_FORMAT " bytes",
                                            record->data_length)));
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

void stock_imap_fill_columns(stream_call *call, tvbuff_t *tvb, packet_info *pinfo)
{
    stock_drawing drawing = {.call = call, .tvb = tvb, .pinfo = pinfo, .fills_columns = TRUE};
    col_set_str(pinfo->cinfo, COL_PROTOCOL, "IMAP");
    col_clear(pinfo->cinfo, COL_INFO);
    draw_records(&drawing);
    say_first(&drawing);
}

void stock_imap_draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, gboolean with_tree)
{
    proto_item *item = proto_imap > 0 && with_tree ? proto_tree_add_item(tree, proto_imap, tvb, 0, -1, ENC_NA) : NULL;
    proto_tree *stock = item ? proto_item_add_subtree(item, ett_mailxtra_mailxtra) : NULL;
    stock_drawing drawing = {.call = call, .tvb = tvb, .pinfo = pinfo, .root = tree, .tree = stock};
    if (stock && hf_isrequest > 0)
        proto_item_set_hidden(proto_tree_add_boolean(stock, hf_isrequest, tvb, 0, 0, call->side == MAIL_CLIENT));
    draw_records(&drawing);
}
