/* session_end.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "session_end.h"

#include "conversation_table.h"
#include "mail_recognition.h"
#include "trace_store.h"

/* What the session still says is added to its last call. Returned: that call; *first_r: where its records of the end
 * begin. */
static const stream_call *finish_conversation(mail_conversation *mail, guint *first_r)
{
    frame_data frame = {0};
    packet_info pinfo = {0};
    pinfo.fd = &frame;
    pinfo.num = mail->last.frame;
    pinfo.abs_ts = mail->last.time;
    mail->at_end = TRUE;
    stream_call *call = record_builder_resume(mail->records, mail->last.call, &pinfo);
    *first_r = stream_call_count(call);
    stream_assembler_flush(mail->assembler);
    for (int flow = 0; flow < 2; flow++)
        mail_recognition_end(mail, flow);
    record_builder_finish_pieces(mail->records);
    if (stream_call_count(call) > *first_r) /* what the frame was is known only now, maybe */
        mail_conversation_describe(mail, call, mail->last.flow);
    record_builder_end(mail->records);
    return call;
}

/* What waits behind a gap may be all that there is of a session, and has not been looked at yet. */
static gboolean has_more_to_say(const mail_conversation *mail)
{
    if (mail->at_end || !mail->last.is_known)
        return FALSE;
    return mail->verdict == VERDICT_MAIL ||
           (mail->verdict == VERDICT_UNDECIDED && stream_assembler_is_waiting(mail->assembler));
}

static void finish_some(gboolean closed, session_end_sink sink, void *user)
{
    for (guint i = 0; i < conversation_table_count(); i++) {
        mail_conversation *mail = conversation_table_get(i);
        guint first;
        if (mail->awaits_stragglers != closed || !has_more_to_say(mail))
            continue;
        const stream_call *call = finish_conversation(mail, &first);
        if (sink && mail->verdict == VERDICT_MAIL)
            sink(call, first, mail->last.frame, &mail->last.time, user);
    }
}

/* First what has waited behind the close of its connection: its time was then. */
void session_end_finish_all(session_end_sink sink, void *user)
{
    finish_some(TRUE, sink, user);
    trace_store_sort();
    finish_some(FALSE, sink, user);
}
