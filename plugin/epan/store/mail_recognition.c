/* mail_recognition.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_recognition.h"

#include "conversation_table.h"
#include "dissector_claim.h"
#include "early_segments.h"

#include <epan/dissectors/packet-tcp.h>

#include "mail_recogniser.h"

/* Times that a conversation without a beginning is looked at again after it was refused. */
#define LIMIT_LOOKS 64

/* ---- is it mail? ---- */

static void on_event(const mail_event *event, void *user)
{
    mail_conversation *mail = user;
    record_builder_add(mail->records, event);
    if (event->kind != MAIL_EVENT_MESSAGE_DATA)
        dissector_claim_follow_tls(mail, event);
}

static void replay_event(int flow, slice bytes, guint64 missing, void *user)
{
    mail_conversation *mail = user;
    if (missing)
        mail_session_gap(mail->session, mail_conversation_side(mail, flow), missing);
    else
        mail_session_feed(mail->session, mail_conversation_side(mail, flow), bytes);
}

static void become_mail(mail_conversation *mail, mail_protocol protocol, int client_flow)
{
    gboolean from_start = mail->layer != STREAM_LAYER_TCP || stream_assembler_from_start(mail->assembler);
    mail->verdict = VERDICT_MAIL;
    mail->client_flow = client_flow;
    int client = mail_conversation_client(mail);
    record_builder_identify(mail->records, protocol, conversation_table_next_session(), &mail->ends[client],
                            &mail->ends[!client]);
    mail->session = mail_session_new(protocol, from_start, on_event, mail);
    dissector_claim_take(mail);
    mail_opening_tell(mail->opening, replay_event, mail);
    mail_opening_free(mail->opening);
    mail->opening = NULL;
}

/* The side that the ports make the client, when nothing else shows it: the last resort. */
static int client_by_port(const mail_conversation *mail)
{
    int higher = mail->ends[0].port > mail->ends[1].port ? 0 : 1;
    return mail_conversation_flow_between(&mail->ends[higher], &mail->ends[!higher]);
}

static void decide(mail_conversation *mail, int flow)
{
    gboolean is_telling;
    mail_guess guess = mail_opening_look(mail->opening, mail->hint, flow, &is_telling);
    switch (guess.verdict) {
    case MAIL_VERDICT_YES:
        become_mail(mail, guess.protocol, guess.a_is_client ? 0 : 1);
        break;
    case MAIL_VERDICT_NO:
        mail->verdict = VERDICT_NOT_MAIL;
        break;
    case MAIL_VERDICT_MAYBE:
        if (mail->hint != MAIL_PROTOCOL_NONE && is_telling)
            become_mail(mail, mail->hint, mail->initiator >= 0 ? mail->initiator : client_by_port(mail));
        else if (mail_opening_is_full(mail->opening))
            mail->verdict = VERDICT_NOT_MAIL;
        break;
    }
}

/* ---- streams in order ---- */

static mail_opening *opening_of(mail_conversation *mail)
{
    if (!mail->opening)
        mail->opening = mail_opening_new();
    return mail->opening;
}

void mail_recognition_bytes(mail_conversation *mail, int flow, slice bytes)
{
    if (mail->verdict == VERDICT_MAIL) {
        if (mail->session)
            mail_session_feed(mail->session, mail_conversation_side(mail, flow), bytes);
    } else if (mail->verdict == VERDICT_UNDECIDED) {
        mail_opening_bytes(opening_of(mail), flow, bytes);
        decide(mail, flow);
    }
}

static void on_bytes(int flow, guint64 offset _U_, slice bytes, void *user)
{
    mail_conversation *mail = user;
    if (mail->layer == STREAM_LAYER_TCP)
        mail_recognition_bytes(mail, flow, bytes);
}

static void on_gap(int flow, guint64 offset _U_, guint64 missing, void *user)
{
    mail_conversation *mail = user;
    if (mail->layer != STREAM_LAYER_TCP)
        return;
    if (mail->verdict == VERDICT_MAIL && mail->session)
        mail_session_gap(mail->session, mail_conversation_side(mail, flow), missing);
    else if (mail->verdict == VERDICT_UNDECIDED)
        mail_opening_gap(opening_of(mail), flow, missing);
}

/* One side has closed; whether that was in order is the session's to say. */
static void note_close(mail_conversation *mail, mail_side side)
{
    const mail_event closed = {.kind = MAIL_EVENT_ANOMALY,
                               .protocol = record_builder_protocol(mail->records),
                               .side = side,
                               .anomalies = ANOMALY_BIT(ANOMALY_CLOSED_WITHOUT_QUIT)};
    if (record_builder_close(mail->records, side))
        on_event(&closed, mail);
}

void mail_recognition_end(mail_conversation *mail, int flow)
{
    if (mail->verdict != VERDICT_MAIL || !mail->session || mail->ended[flow])
        return;
    mail->ended[flow] = TRUE;
    record_builder_call(mail->records)->ends = TRUE;
    if (!mail->at_end)
        note_close(mail, mail_conversation_side(mail, flow));
    mail_session_end(mail->session, mail_conversation_side(mail, flow));
}

static void on_end(int flow, void *user)
{
    mail_recognition_end(user, flow);
}

static const stream_sink sink = {on_bytes, on_gap, on_end};

/* ---- new conversations ---- */

static void start_looking(mail_conversation *mail)
{
    mail->verdict = VERDICT_UNDECIDED;
    mail->initiator = -1;
    mail->assembler = stream_assembler_new(&sink, mail);
}

mail_conversation *mail_recognition_begin(conversation_t *conversation, const packet_info *pinfo, mail_protocol hint)
{
    mail_conversation *mail = conversation_table_add(conversation, pinfo, hint);
    start_looking(mail);
    return mail;
}

static gboolean saw_handshake(const tcp_flow_t *flow)
{
    return (flow->static_flags & (WS_TCP_SAW_SYN_BIT | WS_TCP_SAW_SYNACK_BIT)) != 0;
}

/* The sequence number behind what TCP has seen of that flow so far; FALSE: nothing, or it does not analyze. */
static gboolean next_seq_seen(const tcp_flow_t *flow, guint32 *seq_r)
{
    if (!flow->tcp_analyze_seq_info || !flow->tcp_analyze_seq_info->nextseqframe)
        return FALSE;
    *seq_r = flow->tcp_analyze_seq_info->nextseq;
    return TRUE;
}

/* What is known of the handshake: where the streams begin, and who began. TCP knows it only if nothing of the
 * connection was captured in front of it. On a port without a known protocol the other side's bytes so far went to
 * another dissector: its stream begins behind those of them that this segment acknowledges. The rest, which came too
 * early, is a gap. */
static void look_at_handshake(mail_conversation *mail, packet_info *pinfo, int flow, const tcp_segment_view *segment)
{
    struct tcp_analysis *tcpd = get_tcp_conversation_data(mail->conversation, pinfo);
    guint32 seq;
    if (early_segments_take_start(pinfo, segment, TRUE, &seq))
        stream_assembler_start(mail->assembler, flow, seq, TRUE);
    if (early_segments_take_start(pinfo, segment, FALSE, &seq))
        stream_assembler_start(mail->assembler, !flow, seq, TRUE);
    if (!tcpd || !tcpd->fwd || !tcpd->rev)
        return;
    if (saw_handshake(tcpd->fwd))
        stream_assembler_start(mail->assembler, flow, tcpd->fwd->base_seq + 1, TRUE);
    if (mail->hint == MAIL_PROTOCOL_NONE && next_seq_seen(tcpd->rev, &seq)) {
        if (segment->flags & STREAM_ACK && (gint32)(segment->ack - seq) < 0)
            seq = segment->ack;
        stream_assembler_start(mail->assembler, !flow, seq, saw_handshake(tcpd->rev) && seq == tcpd->rev->base_seq + 1);
    } else if (saw_handshake(tcpd->rev)) {
        stream_assembler_start(mail->assembler, !flow, tcpd->rev->base_seq + 1, TRUE);
    }
    if (tcpd->fwd->static_flags & WS_TCP_SAW_SYN_BIT || tcpd->rev->static_flags & WS_TCP_SAW_SYNACK_BIT)
        mail->initiator = flow;
    else if (tcpd->rev->static_flags & WS_TCP_SAW_SYN_BIT || tcpd->fwd->static_flags & WS_TCP_SAW_SYNACK_BIT)
        mail->initiator = !flow;
}

mail_conversation *mail_recognition_begin_tcp(conversation_t *conversation, packet_info *pinfo,
                                              const tcp_segment_view *segment, mail_protocol hint)
{
    mail_conversation *mail = mail_recognition_begin(conversation, pinfo, hint);
    look_at_handshake(mail, pinfo, mail_conversation_flow(pinfo), segment);
    return mail;
}

gboolean mail_recognition_is_worth_a_look(conversation_t *conversation, packet_info *pinfo,
                                          const tcp_segment_view *segment)
{
    struct tcp_analysis *tcpd = get_tcp_conversation_data(conversation, pinfo);
    if (tcpd && tcpd->fwd && saw_handshake(tcpd->fwd) && segment->seq != tcpd->fwd->base_seq + 1)
        return FALSE;
    return mail_recogniser_look(segment->payload, SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict != MAIL_VERDICT_NO;
}

/* A capture that begins in the middle of a message shows no mail until the message is over: there a
 * refusal is not for ever, if a segment is plainly mail by itself. */
static gboolean may_look_again(mail_conversation *mail, packet_info *pinfo, const tcp_segment_view *segment)
{
    struct tcp_analysis *tcpd = get_tcp_conversation_data(mail->conversation, pinfo);
    if (mail->hint != MAIL_PROTOCOL_NONE || mail->looks >= LIMIT_LOOKS || !tcpd || !tcpd->fwd || !tcpd->rev)
        return FALSE;
    if (saw_handshake(tcpd->fwd) || saw_handshake(tcpd->rev) || !mail_recogniser_may_open(segment->payload) ||
        mail_recogniser_look(segment->payload, SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict != MAIL_VERDICT_YES)
        return FALSE;
    mail->looks++;
    return TRUE;
}

gboolean mail_recognition_look_again(mail_conversation *mail, packet_info *pinfo, const tcp_segment_view *segment)
{
    if (!may_look_again(mail, pinfo, segment))
        return FALSE;
    start_looking(mail);
    return TRUE;
}
