/* hop_check.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hop_check.h"

/* What the author writes; servers and lists add the other fields. */
static gboolean is_author_field(const char *name)
{
    static const char *const names[] = {"From", "To", "Cc", "Subject", "Date", "Reply-To", "Sender", "Content-Type"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(names[i], name) == 0)
            return TRUE;
    return FALSE;
}

static void add(trace_report *report, anomaly_kind kind, char *text)
{
    trace_finding *finding = g_new0(trace_finding, 1);
    finding->kind = kind;
    finding->text = text;
    g_ptr_array_add(report->findings, finding);
}

void hop_check(trace_report *report, const mail_hop *hop, guint32 previous_frame)
{
    if (report->is_list)
        return;
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < hop->changed->len; i++) {
        const char *name = g_ptr_array_index(hop->changed, i);
        if (is_author_field(name))
            g_string_append_printf(names, "%s%s", names->len ? ", " : "", name);
    }
    if (names->len)
        add(report, ANOMALY_FIELDS_CHANGED, g_strdup_printf("%s: not what frame %u had", names->str, previous_frame));
    if (hop->body_changed)
        add(report, ANOMALY_BODY_CHANGED, g_strdup_printf("The body is not the one that frame %u had", previous_frame));
    g_string_free(names, TRUE);
}
