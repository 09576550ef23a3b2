/* evidence.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "evidence.h"

#include "export_object.h"
#include "frame_messages.h"
#include "frame_scope.h"
#include "message_facts.h"
#include "prefs.h"
#include "save_tap.h"
#include "stock_tree.h"
#include "taps.h"

/* ---- messages ---- */

/* The list grows while the frame is dissected; the taps get it when that is over. */
typedef struct growing_messages {
    frame_messages list;
    guint room;
} growing_messages;

/* Wireshark takes 5,000 tap entries of a packet: a place is taken before anything of the frame is drawn. */
static growing_messages *messages_of(packet_info *pinfo)
{
    gboolean is_new;
    growing_messages *messages = frame_scope_block(pinfo, FRAME_EVIDENCE, sizeof *messages, &is_new);
    if (is_new) {
        export_object_offer(&messages->list, pinfo);
        save_tap_offer(&messages->list, pinfo);
    }
    return messages;
}

static void add_message(growing_messages *messages, stored_message *message, packet_info *pinfo)
{
    if (messages->list.count == messages->room) {
        messages->room = messages->room ? 2 * messages->room : 1;
        messages->list.messages =
            wmem_realloc(pinfo->pool, messages->list.messages, messages->room * sizeof *messages->list.messages);
    }
    messages->list.messages[messages->list.count++] = message;
}

/* ---- a call ---- */

static gboolean is_for_credentials(const mail_record *record)
{
    return mailxtra_prefs.decode_auth && record->event.auth && record->event.side == MAIL_CLIENT &&
           (record->event.kind == MAIL_EVENT_COMMAND || record->event.kind == MAIL_EVENT_AUTH_LINE);
}

gboolean evidence_is_wanted(void)
{
    return export_object_is_wanted() || save_tap_is_wanted() || taps_credentials_are_wanted() ||
           taps_calls_are_wanted();
}

void evidence_collect(stream_call *call, packet_info *pinfo)
{
    taps_call(call, pinfo);
    if (call->data.message || (!export_object_is_wanted() && !save_tap_is_wanted() && !taps_credentials_are_wanted()))
        return;
    growing_messages *messages = messages_of(pinfo);
    for (guint i = 0; i < stream_call_count(call); i++) {
        const mail_record *record = stream_call_record(call, i);
        if (is_for_credentials(record))
            taps_credentials(call, record, pinfo);
        else if (record->event.kind == MAIL_EVENT_MESSAGE_START)
            export_object_announce(pinfo);
        else if (mail_record_finishes(record, pinfo->num))
            add_message(messages, record->message, pinfo);
    }
}

/* ---- columns ---- */

static void append_summary(stored_message *message, packet_info *pinfo)
{
    if (message->imap && message->imap->is_header)
        return;
    const char *summary = message_facts_summary(message, pinfo);
    col_append_sep_str(pinfo->cinfo, COL_INFO, " | ", *summary ? summary : "message without header");
    if (!message_store_is_complete(message))
        col_append_str(pinfo->cinfo, COL_INFO, " [incomplete]");
}

void evidence_fill_columns(stream_call *call, tvbuff_t *tvb, packet_info *pinfo)
{
    if (stream_call_count(call))
        stock_tree_fill_columns(call, tvb, pinfo);
    if (!col_get_writable(pinfo->cinfo, COL_INFO) || call->data.message)
        return;
    for (guint i = 0; i < stream_call_count(call); i++) {
        const mail_record *record = stream_call_record(call, i);
        if (mail_record_finishes(record, pinfo->num))
            append_summary(record->message, pinfo);
    }
}
