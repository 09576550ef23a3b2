/* test_hop_check.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "hop_check.h"

/* A report of a message with these fields, and what hop_check() adds to it. */
static char *checked(const char *list_id, const char *const *changed, gboolean body_changed)
{
    GPtrArray *fields = g_ptr_array_new();
    header_field list = {.name = (char *)"List-Id", .value = (char *)list_id, .raw_value = slice_of(list_id)};
    if (list_id)
        g_ptr_array_add(fields, &list);
    trace_facts facts = {.fields = fields};
    trace_report *report = trace_examine(&facts);
    guint before = report->findings->len;
    mail_hop hop = {.changed = g_ptr_array_new(), .body_changed = body_changed};
    for (; *changed; changed++)
        g_ptr_array_add(hop.changed, (char *)*changed);
    hop_check(report, &hop, 7);
    GString *text = g_string_new(NULL);
    for (guint i = before; i < report->findings->len; i++) {
        const trace_finding *finding = g_ptr_array_index(report->findings, i);
        g_string_append_printf(text, "%s: %s\n", anomaly_describe(finding->kind)->name, finding->text);
    }
    trace_report_free(report);
    g_ptr_array_unref(hop.changed);
    g_ptr_array_unref(fields);
    return g_string_free(text, FALSE);
}

static void assert_checked(const char *list_id, const char *const *changed, gboolean body, const char *expected)
{
    char *text = checked(list_id, changed, body);
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void test_changes(void)
{
    const char *const none[] = {NULL}, *const servers[] = {"Received", "X-Spam", NULL};
    const char *const authors[] = {"Received", "subject", "From", NULL};
    assert_checked(NULL, none, FALSE, "");
    assert_checked(NULL, servers, FALSE, "");
    assert_checked(NULL, authors, FALSE, "fields_changed: subject, From: not what frame 7 had\n");
    assert_checked(NULL, none, TRUE, "body_changed: The body is not the one that frame 7 had\n");
    assert_checked(NULL, authors, TRUE,
                   "fields_changed: subject, From: not what frame 7 had\n"
                   "body_changed: The body is not the one that frame 7 had\n");
}

static void test_lists_change_mail(void)
{
    const char *const authors[] = {"Subject", NULL};
    assert_checked("<list.example.org>", authors, TRUE, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hop_check/changes", test_changes);
    g_test_add_func("/hop_check/lists", test_lists_change_mail);
    return g_test_run();
}
