/* fuzz_mail_session.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_session.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static guint64 touched;

static void touch(const mail_event *event, void *user)
{
    (void)user;
    for (gsize i = 0; i < event->data.len; i++)
        touched += event->data.data[i];
    for (guint i = 0; i < event->param_count; i++)
        touched += event->params[i].name.len ? event->params[i].name.data[0] : 0;
    for (guint i = 0; i < event->envelope_to_count; i++)
        touched += event->envelope_to[i].len ? event->envelope_to[i].data[0] : 0;
    if (event->imap) {
        const slice texts[] = {event->imap->mailbox,      event->imap->owner,    event->imap->section, event->imap->flags,
                               event->imap->internaldate, event->imap->envelope, event->imap->structure};
        for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
            touched += texts[i].len ? texts[i].data[texts[i].len - 1] : 0;
        for (guint i = 0; i < event->imap->item_count; i++)
            touched += event->imap->items[i].text.len ? event->imap->items[i].text.data[0] : 0;
    }
    touched += event->line.len ? event->line.data[event->line.len - 1] : 0;
}

/* First byte: protocol and from_start. Then steps: a control byte (side, what, how many bytes) and the bytes. */
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    slice rest = slice_from((slice){data, size}, 1);
    mail_session *session;

    if (size == 0)
        return 0;
    session = mail_session_new(MAIL_PROTOCOL_SMTP + data[0] % 4, data[0] & 4, touch, NULL);
    while (rest.len) {
        guint8 control = rest.data[0];
        mail_side side = control & 1 ? MAIL_SERVER : MAIL_CLIENT;
        slice piece = slice_head(slice_from(rest, 1), control >> 2);
        if ((control & 2) == 0) {
            mail_session_feed(session, side, piece);
            rest = slice_from(rest, 1 + piece.len);
            continue;
        }
        if (control >> 2 == 0)
            mail_session_tls(session);
        else if (control >> 2 == 1)
            mail_session_end(session, side);
        else
            mail_session_gap(session, side, (control >> 2) - 2);
        rest = slice_from(rest, 1);
    }
    mail_session_end(session, MAIL_CLIENT);
    mail_session_end(session, MAIL_SERVER);
    mail_session_free(session);
    return 0;
}
