/* stream_store.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "stream_store.h"

#include "conversation_table.h"
#include "imap_store.h"
#include "later_passes.h"
#include "mail_recognition.h"
#include "trace_store.h"

#include "limits.h"
#include "mail_recogniser.h"

static gboolean capture_is_disordered; /* seen in one conversation, true of all */
static guint stragglers;               /* conversations with awaits_stragglers that are not over */

/* ---- life ---- */

void stream_store_register(void)
{
    conversation_table_register();
    record_builder_register();
    message_store_register();
    trace_store_register();
    imap_store_register();
}

gboolean stream_store_is_empty(void)
{
    return conversation_table_count() == 0;
}

void stream_store_forget(void)
{
    conversation_table_forget();
    capture_is_disordered = FALSE;
    stragglers = 0;
}

/* ---- what is known of a conversation ---- */

const session_summary *stream_store_summary(const mail_conversation *mail)
{
    return record_builder_summary(mail->records);
}

gboolean stream_store_ends(const mail_conversation *mail, const mail_endpoint **client_r,
                           const mail_endpoint **server_r)
{
    if (mail->verdict != VERDICT_MAIL)
        return FALSE;
    int client = mail_conversation_client(mail);
    *client_r = &mail->ends[client];
    *server_r = &mail->ends[!client];
    return TRUE;
}

gboolean stream_store_reads_tcp(const tcp_segment_view *segment)
{
    return segment->mail && segment->mail->layer == STREAM_LAYER_TCP && segment->payload.len;
}

/* ---- a call ---- */

static stream_call *begin_call(packet_info *pinfo, mail_conversation *mail)
{
    mail->pinfo = pinfo;
    return record_builder_begin(mail->records, pinfo);
}

/* A connection that both sides have closed has nothing more to say; its records stay. */
static void end_session(mail_conversation *mail)
{
    if (mail->layer != STREAM_LAYER_TCP || !mail->session || !stream_assembler_is_over(mail->assembler))
        return;
    stragglers -= mail->awaits_stragglers;
    mail_session_free(mail->session);
    mail->session = NULL;
}

/* What the end of the capture brings will be added to this call. */
static void note_last_call(mail_conversation *mail, stream_call *call, int flow, gboolean closes)
{
    mail->awaits_stragglers = closes;
    stragglers += closes;
    mail->last = (last_call){.is_known = TRUE,
                             .call = record_builder_is_lasting(mail->records) ? call : NULL,
                             .flow = flow,
                             .frame = mail->pinfo->num,
                             .time = mail->pinfo->abs_ts};
}

static stream_call *end_call(mail_conversation *mail, int flow)
{
    stream_call *call = record_builder_call(mail->records);
    mail_conversation_describe(mail, call, flow);
    /* what the end of the capture says of gaps is said where the close would have said it */
    gboolean closes =
        mail->layer == STREAM_LAYER_TCP && !mail->awaits_stragglers && stream_assembler_outlives_close(mail->assembler);
    if (call->length || stream_call_count(call) || closes || call->ends)
        call = record_builder_keep(mail->records);
    if (closes || (call->length && !call->opaque && !mail->awaits_stragglers))
        note_last_call(mail, call, flow, closes);
    record_builder_end(mail->records);
    mail->pinfo = NULL;
    if (mail->verdict == VERDICT_NOT_MAIL)
        mail_conversation_free_machines(mail);
    else
        end_session(mail);
    return call;
}

static stream_call *stored_call(packet_info *pinfo, const mail_conversation *mail)
{
    return mail && mail->verdict != VERDICT_NOT_MAIL ? record_builder_stored(pinfo, mail->id) : NULL;
}

/* ---- segments of TCP ---- */

void stream_store_await(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment)
{
    if (!conversation_table_of(conversation))
        mail_recognition_begin_tcp(conversation, pinfo, segment, MAIL_PROTOCOL_NONE);
}

/* NULL: not worth it. */
static mail_conversation *begin_conversation(packet_info *pinfo, conversation_t *conversation,
                                             const tcp_segment_view *segment, mail_protocol hint)
{
    if (hint == MAIL_PROTOCOL_NONE && !mail_recognition_is_worth_a_look(conversation, pinfo, segment))
        return NULL;
    return mail_recognition_begin_tcp(conversation, pinfo, segment, hint);
}

gboolean stream_store_may_claim(packet_info *pinfo, conversation_t *conversation, const tcp_segment_view *segment,
                                mail_protocol hint)
{
    return !conversation_table_of(conversation) && begin_conversation(pinfo, conversation, segment, hint) != NULL;
}

static void place_segment(mail_conversation *mail, packet_info *pinfo, int flow, const tcp_segment_view *segment,
                          gboolean decides_at_close)
{
    stream_segment placed = {flow,
                             segment->flags,
                             segment->seq,
                             segment->ack,
                             segment->payload,
                             segment->length,
                             (guint64)nstime_to_msec(&pinfo->abs_ts)};
    if (capture_is_disordered)
        stream_assembler_expect_disorder(mail->assembler);
    stream_assembler_hurry(mail->assembler, (decides_at_close && !later_passes_may_come(pinfo)) ||
                                                (stragglers >= LIMIT_STRAGGLERS && !mail->awaits_stragglers));
    stream_assembler_segment(mail->assembler, &placed);
    capture_is_disordered = stream_assembler_is_disordered(mail->assembler);
}

static stream_call *read_segment(mail_conversation *mail, packet_info *pinfo, const tcp_segment_view *segment,
                                 gboolean decides_at_close)
{
    int flow = mail_conversation_flow(pinfo);
    stream_call *call = begin_call(pinfo, mail);
    const gboolean was_announced = mail->tls_announced;
    place_segment(mail, pinfo, flow, segment, decides_at_close);
    call->has_start = stream_assembler_offset(mail->assembler, flow, segment->seq, &call->start);
    call->length = segment->length;
    call->waits = stream_assembler_is_waiting(mail->assembler);
    call->opaque = mail->layer != STREAM_LAYER_TCP || (was_announced && mail->tls_announced);
    return end_call(mail, flow);
}

stream_call *stream_store_segment(packet_info *pinfo, conversation_t *conversation, tcp_segment_view *segment,
                                  mail_protocol hint, gboolean decides_at_close)
{
    mail_conversation *mail = segment->mail ? segment->mail : conversation_table_of(conversation);
    if (PINFO_FD_VISITED(pinfo))
        return stored_call(pinfo, mail);
    if (!mail)
        mail = begin_conversation(pinfo, conversation, segment, hint);
    if (!mail || (mail->verdict == VERDICT_NOT_MAIL && !mail_recognition_look_again(mail, pinfo, segment)))
        return NULL;
    return read_segment(mail, pinfo, segment, decides_at_close);
}

/* ---- bytes from TLS and tunnels ---- */

static slice tvb_slice(tvbuff_t *tvb)
{
    guint length = tvb_captured_length(tvb);
    return (slice){length ? tvb_get_ptr(tvb, 0, (gint)length) : NULL, length};
}

/* NULL: no mail. No MAIL_VERDICT_MAYBE: a caller that is refused may come back with the same bytes and a hint. */
static mail_conversation *begin_inner(packet_info *pinfo, conversation_t *conversation, tvbuff_t *tvb,
                                      stream_layer layer, mail_protocol hint)
{
    if (hint == MAIL_PROTOCOL_NONE &&
        mail_recogniser_look(tvb_slice(tvb), SLICE_EMPTY, MAIL_PROTOCOL_NONE).verdict != MAIL_VERDICT_YES)
        return NULL;
    mail_conversation *mail = mail_recognition_begin(conversation, pinfo, hint);
    mail_conversation_set_layer(mail, layer);
    return mail;
}

/* STARTTLS: the session goes on inside. */
static void change_layer(mail_conversation *mail, stream_layer layer)
{
    mail_conversation_set_layer(mail, layer);
    mail->inner_next[0] = mail->inner_next[1] = 0;
    if (mail->session)
        mail_session_tls(mail->session);
}

static stream_call *read_bytes(mail_conversation *mail, packet_info *pinfo, tvbuff_t *tvb, stream_layer layer)
{
    int flow = mail_conversation_flow(pinfo);
    stream_call *call = begin_call(pinfo, mail);
    if (mail->layer != layer)
        change_layer(mail, layer);
    call->has_start = TRUE;
    call->start = mail->inner_next[flow];
    call->length = tvb_reported_length(tvb);
    mail->inner_next[flow] += call->length;
    mail_recognition_bytes(mail, flow, tvb_slice(tvb));
    if (tvb_captured_length(tvb) < call->length && mail->verdict == VERDICT_MAIL && mail->session)
        mail_session_gap(mail->session, mail_conversation_side(mail, flow), call->length - tvb_captured_length(tvb));
    return end_call(mail, flow);
}

stream_call *stream_store_bytes(packet_info *pinfo, conversation_t *conversation, tvbuff_t *tvb, stream_layer layer,
                                mail_protocol hint)
{
    mail_conversation *mail = conversation_table_of(conversation);
    if (PINFO_FD_VISITED(pinfo))
        return stored_call(pinfo, mail);
    if (!mail)
        mail = begin_inner(pinfo, conversation, tvb, layer, hint);
    if (!mail || mail->verdict == VERDICT_NOT_MAIL)
        return NULL;
    return read_bytes(mail, pinfo, tvb, layer);
}

void stream_store_release(const stream_call *call, packet_info *pinfo)
{
    if (call->data.message || later_passes_may_come(pinfo))
        return;
    for (guint i = 0; i < call->record_count; i++) {
        const mail_record *record = call->records[i];
        if (mail_record_finishes(record, pinfo->num))
            message_store_release(record->message, pinfo);
    }
}
