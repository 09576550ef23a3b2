/* dissector_claim.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "dissector_claim.h"

static claim_handles handles;

void dissector_claim_set_handles(const claim_handles *given)
{
    handles = *given;
}

void dissector_claim_take(const mail_conversation *mail)
{
    if (mail->hint == MAIL_PROTOCOL_NONE && mail->layer == STREAM_LAYER_TCP && !mail->at_end)
        conversation_set_dissector_from_frame_number(mail->conversation, mail->pinfo->num, handles.tcp);
}

static void start_tls(mail_conversation *mail, mail_protocol protocol)
{
    dissector_handle_t inside = protocol == MAIL_PROTOCOL_POP3   ? handles.pop3_inside
                                : protocol == MAIL_PROTOCOL_IMAP ? handles.imap_inside
                                                                 : handles.smtp_inside;
    if (!handles.tls || mail->layer != STREAM_LAYER_TCP || mail->at_end)
        return;
    ssl_starttls_ack(handles.tls, mail->pinfo, inside);
    /* a dissector set for a frame range hides the one that ssl_starttls_ack sets from frame 0 */
    if (mail->hint == MAIL_PROTOCOL_NONE)
        conversation_set_dissector_from_frame_number(mail->conversation, mail->pinfo->num + 1, handles.tls);
}

/* A session that goes on in clear although TLS was agreed on (it was decrypted on the way) comes back from TLS. */
static void end_tls(mail_conversation *mail)
{
    if (mail->layer == STREAM_LAYER_TCP && !mail->at_end)
        conversation_set_dissector_from_frame_number(mail->conversation, mail->pinfo->num + 1, handles.tcp);
}

void dissector_claim_follow_tls(mail_conversation *mail, const mail_event *event)
{
    gboolean was_announced = mail->tls_announced;
    if (event->kind == MAIL_EVENT_TLS_START) {
        mail->tls_announced = TRUE;
        start_tls(mail, event->protocol);
    } else if (was_announced && event->kind != MAIL_EVENT_GAP && event->kind != MAIL_EVENT_ANOMALY &&
               !(event->anomalies & ANOMALY_BIT(ANOMALY_STARTTLS_INJECTION))) {
        mail->tls_announced = FALSE;
        end_tls(mail);
    }
}
