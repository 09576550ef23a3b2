/* session_end.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session_end.h"

#include "conversation_table.h"
#include "mail_recognition.h"
#include "trace_store.h"

/* A conversation that has ended here: what it still said is added to its last call. */
typedef struct ended {
    mail_conversation *mail;
    stream_call *call;
    guint first; /* where the records of the end begin */
} ended;

/* No frame is being dissected: the conversation's last one stands for it. */
static stream_call *resume(mail_conversation *mail, stream_call *call, packet_info *pinfo, frame_data *frame)
{
    pinfo->fd = frame;
    pinfo->num = mail->last.frame;
    pinfo->abs_ts = mail->last.time;
    return record_builder_resume(mail->records, call, pinfo);
}

static ended flush(mail_conversation *mail)
{
    frame_data frame = {0};
    packet_info pinfo = {0};
    mail->at_end = TRUE;
    stream_call *call = resume(mail, mail->last.call, &pinfo, &frame);
    const ended end = {mail, call, stream_call_count(call)};
    stream_assembler_flush(mail->assembler);
    for (int flow = 0; flow < 2; flow++)
        mail_recognition_end(mail, flow);
    record_builder_end(mail->records);
    return end;
}

static void join_pieces(const ended *end)
{
    frame_data frame = {0};
    packet_info pinfo = {0};
    resume(end->mail, end->call, &pinfo, &frame);
    record_builder_finish_pieces(end->mail->records);
    if (stream_call_count(end->call) > end->first) /* what the frame was is known only now, maybe */
        mail_conversation_describe(end->mail, end->call, end->mail->last.flow);
    record_builder_end(end->mail->records);
}

/* What waits behind a gap may be all that there is of a session, and has not been looked at yet. */
static gboolean has_more_to_say(const mail_conversation *mail)
{
    if (mail->at_end || !mail->last.is_known)
        return FALSE;
    return mail->verdict == VERDICT_MAIL ||
           (mail->verdict == VERDICT_UNDECIDED && stream_assembler_is_waiting(mail->assembler));
}

static void flush_some(gboolean closed, GArray *all)
{
    for (guint i = 0; i < conversation_table_count(); i++) {
        mail_conversation *mail = conversation_table_get(i);
        if (mail->awaits_stragglers != closed || !has_more_to_say(mail))
            continue;
        const ended end = flush(mail);
        g_array_append_val(all, end);
    }
}

/* First what has waited behind the close of its connection: its time was then. Pieces of mail are joined when all
 * connections are flushed: another one may have brought the rest. */
void session_end_finish_all(session_end_sink sink, void *user)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(ended));
    flush_some(TRUE, all);
    trace_store_sort();
    flush_some(FALSE, all);
    for (guint i = 0; i < all->len; i++)
        join_pieces(&g_array_index(all, ended, i));
    for (guint i = 0; sink && i < all->len; i++) {
        const ended *end = &g_array_index(all, ended, i);
        if (end->mail->verdict == VERDICT_MAIL)
            sink(end->call, end->first, end->mail->last.frame, &end->mail->last.time, user);
    }
    g_array_unref(all);
}
