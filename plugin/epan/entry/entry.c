/* entry.c
 * The ways by which bytes reach mailxtra, and what it draws of them: port tables,
 * heuristics, conversations kept, TLS, late segments.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "entry.h"

#include "capture_end.h"
#include "dissector_claim.h"
#include "drawing.h"
#include "early_segments.h"
#include "evidence.h"
#include "export_object.h"
#include "follow_mail.h"
#include "mailxtra.h"
#include "mailxtra_fields.h"
#include "message_reassembly.h"
#include "ports.h"
#include "prefs.h"
#include "save_tap.h"
#include "stat_counts.h"
#include "stat_tables.h"
#include "stock_imf.h"
#include "stock_tree.h"
#include "stream_store.h"
#include "taps.h"
#include "tcp_watch.h"
#include "tree_session.h"

#include <epan/tap.h>

#include "mail_recogniser.h"
#include "stream_assembler.h"

static int proto_tcp, proto_smtp, proto_pop, proto_imap;
static dissector_handle_t draw_smtp, draw_pop3, draw_imap,
    draw_mail; /* each owned by the protocol whose tree it draws */
static dissector_handle_t tcp_front;

/* ---- drawing ---- */

static int draw_stock(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    stock_tree_draw(data, tvb, pinfo, tree, TRUE);
    return MAX((int)tvb_captured_length(tvb), 1);
}

static int draw_mailxtra(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    tree_session_draw(data, tvb, pinfo, tree);
    return MAX((int)tvb_captured_length(tvb), 1);
}

/* The innermost protocol so far: the one that called us, as our handles for TCP have none. */
static int caller(const packet_info *pinfo)
{
    wmem_list_frame_t *last = wmem_list_tail(pinfo->layers);
    /* a heuristic's layer stands there already when it is asked */
    if (last && GPOINTER_TO_INT(wmem_list_frame_data(last)) == proto_mailxtra)
        last = wmem_list_frame_prev(last);
    return last ? GPOINTER_TO_INT(wmem_list_frame_data(last)) : -1;
}

static int stock_id(const stream_call *call)
{
    switch (call->protocol) {
    case MAIL_PROTOCOL_POP3:
        return proto_pop;
    case MAIL_PROTOCOL_IMAP:
        return proto_imap;
    default:
        return proto_smtp;
    }
}

static dissector_handle_t stock_handle(const stream_call *call)
{
    switch (call->protocol) {
    case MAIL_PROTOCOL_POP3:
        return draw_pop3;
    case MAIL_PROTOCOL_IMAP:
        return draw_imap;
    default:
        return draw_smtp;
    }
}

static gboolean wants_columns(const packet_info *pinfo)
{
    return col_get_writable(pinfo->cinfo, COL_INFO) || col_get_writable(pinfo->cinfo, COL_PROTOCOL);
}

/* A tree, or one of the taps that the drawing feeds: expert infos, and the mails that the stock IMF dissector exports.
 * If none is wanted nothing is drawn, which is most of what a frame costs. */
static gboolean wants_drawing(proto_tree *tree)
{
    return tree || mailxtra_expert_is_wanted() || stock_imf_is_wanted();
}

/* Is the frame shown in any way when it is dissected? */
static gboolean is_shown(const packet_info *pinfo, proto_tree *tree)
{
    return wants_columns(pinfo) || wants_drawing(tree);
}

/* In one pass, a hole that a close leaves is decided at once when the frame is only looked at: nothing could be shown
 * later. For evidence it waits, also when the frame is shown besides: what is exported never depends on what is drawn.
 */
static gboolean decides_at_close(const packet_info *pinfo, proto_tree *tree)
{
    return is_shown(pinfo, tree) && !evidence_is_wanted();
}

/* What is being drawn. */
typedef struct call_drawing {
    stream_call *call;
    tvbuff_t *tvb; /* the bytes of the frame that belong to the call */
    packet_info *pinfo;
    proto_tree *tree;
    gboolean called_by_stock; /* by a handle of the stock protocol's, as TLS does */
} call_drawing;

static void draw_own_tree(void *user)
{
    const call_drawing *d = user;
    call_dissector_only(draw_mail, d->tvb, d->pinfo, d->tree, d->call);
}

static void draw_stock_tree(void *user)
{
    const call_drawing *d = user;
    if (d->called_by_stock) /* its layer is there already */
        stock_tree_draw(d->call, d->tvb, d->pinfo, d->tree, mailxtra_prefs.stock_trees);
    else if (!mailxtra_prefs.stock_trees ||
             call_dissector_only(stock_handle(d->call), d->tvb, d->pinfo, d->tree, d->call) == 0)
        stock_tree_draw(d->call, d->tvb, d->pinfo, d->tree, FALSE); /* not wanted, or switched off */
}

/* Our own tree, the stock tree, then other dissectors. What ends one of them does not end the next. The columns are
 * filled already. */
static void draw(stream_call *call, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree)
{
    const gboolean protocol_writable = col_get_writable(pinfo->cinfo, COL_PROTOCOL);
    const gboolean info_writable = col_get_writable(pinfo->cinfo, COL_INFO);
    call_drawing d = {call, tvb, pinfo, tree, caller(pinfo) == stock_id(call)};
    col_set_writable(pinfo->cinfo, COL_PROTOCOL, FALSE);
    col_set_writable(pinfo->cinfo, COL_INFO, FALSE);
    drawing_guard(draw_own_tree, &d, pinfo, tree, tvb);
    if (stream_call_count(call))
        drawing_guard(draw_stock_tree, &d, pinfo, tree, tvb);
    drawing_call_others(pinfo);
    col_set_writable(pinfo->cinfo, COL_PROTOCOL, protocol_writable);
    col_set_writable(pinfo->cinfo, COL_INFO, info_writable);
}

/* Trees, tables and findings compare messages with earlier ones; nothing else does. */
static gboolean compares_messages(proto_tree *tree)
{
    return tree || taps_calls_are_wanted() || mailxtra_expert_is_wanted();
}

/* Evidence first, drawing last. `segment`: that the call's bytes are the payload of; NULL: they are `tvb`. */
static void show(stream_call *call, const tcp_segment_view *segment, tvbuff_t *tvb, packet_info *pinfo,
                 proto_tree *tree)
{
    evidence_collect(call, pinfo);
    if (is_shown(pinfo, tree)) {
        tvbuff_t *bytes = segment ? tcp_watch_payload(segment) : tvb;
        if (wants_columns(pinfo))
            evidence_fill_columns(call, bytes, pinfo);
        if (wants_drawing(tree))
            draw(call, bytes, pinfo, tree);
    }
    drawing_trim_layers(pinfo); /* TLS adds one for each record, whatever is drawn */
    if (!compares_messages(tree))
        stream_store_release(call, pinfo);
}

/* What is held back may come out when the capture is over, and no sooner: who listens must get a frame before. */
static void announce(const stream_call *call, packet_info *pinfo)
{
    if (!call || !call->waits)
        return;
    export_object_announce(pinfo);
    if (!call->accepted) /* else it is shown */
        taps_call(call, pinfo);
}

/* ---- coming from TCP, TLS, a tunnel ---- */

/* Is what the caller hands over the segment as it stands in the TCP stream? Some dissectors read the first bytes of a
 * connection (in 4.4 the one of HAProxy's PROXY header), and pass on what follows unchanged: where the stream itself
 * is read already, those are no tunnels. */
static gboolean is_of_tcp(tvbuff_t *tvb, const packet_info *pinfo, const tcp_segment_view *segment)
{
    if (caller(pinfo) == proto_tcp)
        return TRUE;
    return stream_store_reads_tcp(segment) && tvb_captured_length(tvb) == segment->payload.len &&
           tvb_get_ptr(tvb, 0, -1) == segment->payload.data;
}

static int dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, stream_layer layer, mail_protocol hint)
{
    /* what an ICMP error quotes was in the stream already */
    if (pinfo->flags.in_error_pkt)
        return 0;
    tcp_segment_view *segment = tcp_watch_current(pinfo);
    stream_call *call;
    int length;
    if (layer == STREAM_LAYER_TCP && segment && segment->used)
        /* the rest of a segment that TCP cut for us, or what it has put together for somebody else */
        return (int)tvb_captured_length(tvb);
    if (layer == STREAM_LAYER_TCP && segment && is_of_tcp(tvb, pinfo, segment)) {
        conversation_t *known = segment->conversation;
        call = stream_store_segment(pinfo, known ? known : find_or_create_conversation(pinfo), segment, hint,
                                    decides_at_close(pinfo, tree));
        segment->used = call != NULL;
        length = (int)segment->payload.len;
    } else {
        segment = NULL;
        length = (int)tvb_captured_length(tvb);
        call = stream_store_bytes(pinfo, find_or_create_conversation(pinfo), tvb,
                                  layer == STREAM_LAYER_TCP ? STREAM_LAYER_TUNNEL : layer, hint);
    }
    announce(call, pinfo);
    if (!call || !call->accepted || call->opaque)
        return 0;
    show(call, segment, tvb, pinfo, tree);
    return MAX(length, 1);
}

/* On the ports of the preferences. */
static int front_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (mailxtra_is_enabled())
        return dissect(tvb, pinfo, tree, STREAM_LAYER_TCP, ports_hint(pinfo->match_uint));
    dissector_handle_t before = ports_replaced(pinfo->match_uint);
    if (!before)
        return 0;
    /* as if the caller had called it itself: each call in between takes one level of can_desegment */
    pinfo->can_desegment = pinfo->saved_can_desegment;
    return call_dissector_only(before, tvb, pinfo, tree, data);
}

/* For conversations that were recognised by what they say. */
static int front_kept(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return mailxtra_is_enabled() ? dissect(tvb, pinfo, tree, STREAM_LAYER_TCP, MAIL_PROTOCOL_NONE) : 0;
}

static int front_smtp_tls(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return mailxtra_is_enabled() ? dissect(tvb, pinfo, tree, STREAM_LAYER_TLS, MAIL_PROTOCOL_SMTP) : 0;
}

static int front_pop3_tls(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return mailxtra_is_enabled() ? dissect(tvb, pinfo, tree, STREAM_LAYER_TLS, MAIL_PROTOCOL_POP3) : 0;
}

static int front_imap_tls(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return mailxtra_is_enabled() ? dissect(tvb, pinfo, tree, STREAM_LAYER_TLS, MAIL_PROTOCOL_IMAP) : 0;
}

static ws_bool look_at_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return dissect(tvb, pinfo, tree, STREAM_LAYER_TCP, MAIL_PROTOCOL_NONE) > 0;
}

static ws_bool look_inside_tls(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data _U_)
{
    return dissect(tvb, pinfo, tree, STREAM_LAYER_TLS, MAIL_PROTOCOL_NONE) > 0;
}

/* ---- around TCP ---- */

static gboolean is_surely_mail(const tcp_segment_view *segment)
{
    return mail_recogniser_may_open(segment->payload) &&
           mail_recogniser_look(segment->payload, SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict == MAIL_VERDICT_YES;
}

/* Too few bytes to tell, of a side that begins: whoever else the port belongs to takes the connection with them. */
static gboolean may_become_mail(const tcp_segment_view *segment)
{
    return segment->payload.len < MAIL_RECOGNISER_LEAST &&
           mail_recogniser_look(segment->payload, SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict != MAIL_VERDICT_NO;
}

/* What the user, or else our own preferences, say that is spoken on the connection's ports. */
static mail_protocol promise_of(const packet_info *pinfo, gboolean *by_user_r)
{
    const guint32 ports[2] = {pinfo->destport, pinfo->srcport};
    mail_protocol promise = MAIL_PROTOCOL_NONE;
    *by_user_r = FALSE;
    for (int i = 0; i < 2 && promise == MAIL_PROTOCOL_NONE; i++) {
        promise = ports_given_by_user(ports[i]);
        *by_user_r = promise != MAIL_PROTOCOL_NONE;
        if (!*by_user_r)
            promise = ports_hint(ports[i]);
    }
    return promise;
}

/* Our own ports: the state is made with the first segment, even if TCP keeps that one back. A port that the user
 * gave to Wireshark's own mail dissectors, and one that belongs to others by default when the first bytes
 * are plainly mail: the conversation is claimed, too. What was captured before a connection's first bytes waits
 * for them, and first bytes that are too few wait for more. */
static void before_tcp(tcp_segment_view *segment, packet_info *pinfo)
{
    if (PINFO_FD_VISITED(pinfo))
        return;
    if (!segment->length) {
        early_segments_note_syn(pinfo, segment);
        return;
    }
    gboolean by_user;
    mail_protocol promise = promise_of(pinfo, &by_user);
    early_place place = promise == MAIL_PROTOCOL_NONE ? early_segments_place(pinfo, segment) : EARLY_NOT;
    gboolean waits = place == EARLY_AHEAD || (place == EARLY_FIRST && may_become_mail(segment));
    if (promise == MAIL_PROTOCOL_NONE &&
        ((!waits && !is_surely_mail(segment)) || ports_changed_by_user(pinfo->srcport) ||
         ports_changed_by_user(pinfo->destport)))
        return;
    conversation_t *conversation = find_or_create_conversation(pinfo);
    if (conversation_get_dissector(conversation, pinfo->num))
        return;
    if (waits) {
        stream_store_await(pinfo, conversation, segment);
        return;
    }
    if (!stream_store_may_claim(pinfo, conversation, segment, promise))
        return;
    if (by_user || promise == MAIL_PROTOCOL_NONE)
        conversation_set_dissector_from_frame_number(conversation, pinfo->num, tcp_front);
}

static void behind_tcp(conversation_t *conversation, tcp_segment_view *segment, packet_info *pinfo, proto_tree *tree)
{
    segment->used = TRUE;
    stream_call *call =
        stream_store_segment(pinfo, conversation, segment, MAIL_PROTOCOL_NONE, decides_at_close(pinfo, tree));
    announce(call, pinfo);
    if (!call || !call->accepted)
        return;
    if (!stream_call_count(call) && (!segment->length || call->opaque)) {
        if (call->ends)
            taps_call(call, pinfo);
        return;
    }
    show(call, segment, segment->tvb, pinfo, tree);
}

/* ---- registration ---- */

void entry_register(void)
{
    mailxtra_register_protocol();
    mailxtra_fields_register(proto_mailxtra);
    mailxtra_prefs_register(proto_mailxtra);
    stream_store_register();
    message_reassembly_register();
    capture_end_register();
    early_segments_register();
    export_object_register();
    save_tap_register();
    taps_register();
    stat_tables_register();
    stat_counts_register(proto_mailxtra);
    follow_mail_register(proto_mailxtra);
    draw_mail = create_dissector_handle(draw_mailxtra, proto_mailxtra);
}

/* A handle that belongs to that protocol; -1: to none. Name and description must be unique in a table. */
static dissector_handle_t handle_of(int owner, dissector_t function, const char *name, const char *description)
{
    return create_dissector_handle_with_name_and_description(function, owner, name, description);
}

void entry_handoff(void)
{
    proto_tcp = proto_get_id_by_filter_name("tcp");
    proto_smtp = proto_get_id_by_filter_name("smtp");
    proto_pop = proto_get_id_by_filter_name("pop");
    proto_imap = proto_get_id_by_filter_name("imap");
    draw_smtp = create_dissector_handle(draw_stock, proto_smtp);
    draw_pop3 = create_dissector_handle(draw_stock, proto_pop);
    draw_imap = create_dissector_handle(draw_stock, proto_imap);
    stock_tree_handoff();
    tree_session_handoff();

    const mailxtra_fronts fronts = {
        .tcp = handle_of(-1, front_tcp, "mailxtra.tcp", "Mail Extra"),
        .smtp_tls = handle_of(proto_smtp, front_smtp_tls, "smtp.mailxtra", "Mail Extra SMTP over TLS"),
        .pop3_tls = handle_of(proto_pop, front_pop3_tls, "pop.mailxtra", "Mail Extra POP3 over TLS"),
        .imap_tls = handle_of(proto_imap, front_imap_tls, "imap.mailxtra", "Mail Extra IMAP over TLS"),
    };
    tcp_front = create_dissector_handle(front_kept, -1);
    ports_install(&fronts);
    dissector_claim_set_handles(&(claim_handles){.tcp = tcp_front,
                                                 .tls = find_dissector("tls"),
                                                 .smtp_inside = fronts.smtp_tls,
                                                 .pop3_inside = fronts.pop3_tls,
                                                 .imap_inside = fronts.imap_tls});
    follow_mail_handoff(proto_mailxtra);
    tcp_watch_install(before_tcp, behind_tcp);
    heur_dissector_add("tcp", look_at_tcp, "Mail Extra over TCP", "mailxtra_tcp", proto_mailxtra, HEURISTIC_ENABLE);
    heur_dissector_add("tls", look_inside_tls, "Mail Extra over TLS", "mailxtra_tls", proto_mailxtra, HEURISTIC_ENABLE);
}
