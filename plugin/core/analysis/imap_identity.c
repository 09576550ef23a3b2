/* imap_identity.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_identity.h"

static char *key_of_uid(const imap_viewer *viewer, const mail_imap *imap)
{
    slice mailbox = slice_is(imap->mailbox, "INBOX") ? slice_of("INBOX") : imap->mailbox; /* RFC 9051 5.1 */
    slice owner = imap->owner.len ? imap->owner : slice_of(viewer->user);
    if (imap->uidvalidity && mailbox.len)
        return g_strdup_printf("%s\n%.*s\n%.*s\n%u\n%u", viewer->server, (int)owner.len, (const char *)owner.data,
                               (int)mailbox.len, (const char *)mailbox.data, imap->uidvalidity, imap->uid);
    return g_strdup_printf("%u\n%.*s\n%u", viewer->session, (int)mailbox.len, (const char *)mailbox.data, imap->uid);
}

static char *key_of_number(const imap_viewer *viewer, const mail_imap *imap)
{
    return imap->sequence ? g_strdup_printf("%u\n#%u\n%u", viewer->session, imap->epoch, imap->sequence) : NULL;
}

char *imap_identity_key(const imap_viewer *viewer, const mail_imap *imap)
{
    return imap->uid ? key_of_uid(viewer, imap) : key_of_number(viewer, imap);
}

char *imap_identity_key_by_number(const imap_viewer *viewer, const mail_imap *imap)
{
    return imap->uid ? key_of_number(viewer, imap) : NULL;
}

void imap_identity_split(const char *key, mail_imap *imap_r)
{
    char **words = g_strsplit(key, "\n", -1);
    guint count = g_strv_length(words);
    if (count >= 5) { /* a mailbox name may hold a line end */
        const char *mailbox = key + strlen(words[0]) + strlen(words[1]) + 2;
        imap_r->mailbox =
            slice_head(slice_of(mailbox), strlen(mailbox) - strlen(words[count - 2]) - strlen(words[count - 1]) - 2);
        imap_r->uidvalidity = (guint32)g_ascii_strtoull(words[count - 2], NULL, 10);
        imap_r->uid = (guint32)g_ascii_strtoull(words[count - 1], NULL, 10);
    }
    g_strfreev(words);
}

gboolean imap_identity_is_piece(const mail_event *event)
{
    const mail_imap *imap = event->imap;
    return event->source == MAIL_FROM_FETCH && imap && (imap->section.len || imap->is_partial || imap->is_binary);
}

char *imap_identity_of_object(const char *key, const char *path, const char *sha256)
{
    return g_strdup_printf("%s\n%s\n%s", key, path, sha256);
}
