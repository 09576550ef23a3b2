/* mail_conversation.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_conversation.h"

mail_conversation *mail_conversation_new(guint32 id, conversation_t *conversation, const packet_info *pinfo,
                                         mail_protocol hint)
{
    mail_conversation *mail = wmem_new0(wmem_file_scope(), mail_conversation);
    mail->id = id;
    mail->conversation = conversation;
    mail->hint = hint;
    mail->initiator = -1;
    mail->records = record_builder_new(mail, id);
    copy_address_wmem(wmem_file_scope(), &mail->ends[0].address, &pinfo->src);
    copy_address_wmem(wmem_file_scope(), &mail->ends[1].address, &pinfo->dst);
    mail->ends[0].port = pinfo->srcport;
    mail->ends[1].port = pinfo->destport;
    return mail;
}

void mail_conversation_free_machines(mail_conversation *mail)
{
    mail_opening_free(mail->opening);
    mail->opening = NULL;
    stream_assembler_free(mail->assembler);
    mail->assembler = NULL;
    if (mail->session)
        mail_session_free(mail->session);
    mail->session = NULL;
}

void mail_conversation_clear(mail_conversation *mail)
{
    mail_conversation_free_machines(mail);
    record_builder_free(mail->records);
}

void mail_conversation_set_layer(mail_conversation *mail, stream_layer layer)
{
    mail->layer = layer;
    record_builder_set_tls(mail->records, layer == STREAM_LAYER_TLS);
}

int mail_conversation_flow_between(const mail_endpoint *source, const mail_endpoint *destination)
{
    int order = cmp_address(&source->address, &destination->address);
    if (order == 0)
        order = source->port < destination->port ? -1 : 1;
    return order < 0 ? 0 : 1;
}

int mail_conversation_flow(const packet_info *pinfo)
{
    const mail_endpoint source = {pinfo->src, pinfo->srcport}, destination = {pinfo->dst, pinfo->destport};
    return mail_conversation_flow_between(&source, &destination);
}

mail_side mail_conversation_side(const mail_conversation *mail, int flow)
{
    return flow == mail->client_flow ? MAIL_CLIENT : MAIL_SERVER;
}

int mail_conversation_client(const mail_conversation *mail)
{
    return mail_conversation_flow_between(&mail->ends[0], &mail->ends[1]) == mail->client_flow ? 0 : 1;
}

void mail_conversation_describe(const mail_conversation *mail, stream_call *call, int flow)
{
    record_builder_describe(mail->records, call);
    call->accepted = mail->verdict == VERDICT_MAIL;
    call->in_tls = mail->layer == STREAM_LAYER_TLS && !call->opaque;
    if (call->accepted)
        call->side = mail_conversation_side(mail, flow);
}
