/* smtp_envelope.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_envelope.h"
#include "limits.h"

typedef struct recipient {
    char *mailbox;
    gsize len;
    gboolean refused;
} recipient;

struct smtp_envelope {
    guint references;
    gboolean has_from;
    char *from;
    gsize from_len;
    GArray *recipients; /* of recipient; NULL: none so far */
    GArray *kept;       /* of slice: those not refused; valid while kept_valid; NULL: not asked for */
    gboolean kept_valid;
};

static void clear_recipient(gpointer data)
{
    g_free(((recipient *)data)->mailbox);
}

smtp_envelope *smtp_envelope_new(void)
{
    smtp_envelope *envelope = g_new0(smtp_envelope, 1);
    envelope->references = 1;
    return envelope;
}

smtp_envelope *smtp_envelope_ref(smtp_envelope *envelope)
{
    envelope->references++;
    return envelope;
}

void smtp_envelope_unref(smtp_envelope *envelope)
{
    if (!envelope || --envelope->references > 0)
        return;
    g_free(envelope->from);
    if (envelope->recipients)
        g_array_unref(envelope->recipients);
    if (envelope->kept)
        g_array_unref(envelope->kept);
    g_free(envelope);
}

void smtp_envelope_set_from(smtp_envelope *envelope, slice from)
{
    g_free(envelope->from);
    from = slice_head(from, LIMIT_MAILBOX_BYTES);
    envelope->from = slice_dup(from);
    envelope->from_len = from.len;
    envelope->has_from = TRUE;
}

gboolean smtp_envelope_has_from(const smtp_envelope *envelope)
{
    return envelope->has_from;
}

slice smtp_envelope_from(const smtp_envelope *envelope)
{
    return (slice){(const guint8 *)envelope->from, envelope->from_len};
}

guint smtp_envelope_add(smtp_envelope *envelope, slice mailbox)
{
    recipient added;
    if (!envelope->recipients) {
        envelope->recipients = g_array_new(FALSE, FALSE, sizeof(recipient));
        g_array_set_clear_func(envelope->recipients, clear_recipient);
    }
    if (envelope->recipients->len >= LIMIT_RECIPIENTS)
        return SMTP_ENVELOPE_NO_RECIPIENT;
    mailbox = slice_head(mailbox, LIMIT_MAILBOX_BYTES);
    added = (recipient){.mailbox = slice_dup(mailbox), .len = mailbox.len};
    g_array_append_val(envelope->recipients, added);
    envelope->kept_valid = FALSE;
    return envelope->recipients->len - 1;
}

void smtp_envelope_refuse(smtp_envelope *envelope, guint number)
{
    if (!envelope->recipients || number >= envelope->recipients->len)
        return;
    g_array_index(envelope->recipients, recipient, number).refused = TRUE;
    envelope->kept_valid = FALSE;
}

const slice *smtp_envelope_recipients(smtp_envelope *envelope, guint *count_r)
{
    if (!envelope->recipients) {
        *count_r = 0;
        return NULL;
    }
    if (!envelope->kept)
        envelope->kept = g_array_new(FALSE, FALSE, sizeof(slice));
    if (!envelope->kept_valid) {
        g_array_set_size(envelope->kept, 0);
        for (guint i = 0; i < envelope->recipients->len; i++) {
            const recipient *one = &g_array_index(envelope->recipients, recipient, i);
            slice mailbox = {(const guint8 *)one->mailbox, one->len};
            if (!one->refused)
                g_array_append_val(envelope->kept, mailbox);
        }
        envelope->kept_valid = TRUE;
    }
    *count_r = envelope->kept->len;
    return (const slice *)(gpointer)envelope->kept->data;
}
