/* test_imap_utf7.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "imap_utf7.h"

static const struct {
    const char *name, *expected;
    gboolean bad;
} tests[] = {
    {"INBOX", "INBOX", FALSE},
    {"", "", FALSE},
    {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語", FALSE}, /* the RFC's own example */
    {"A&-B", "A&B", FALSE},
    {"Entw&APw-rfe", "Entwürfe", FALSE},
    {"&2D3eAA-", "😀", FALSE},     /* a surrogate pair */
    {"&2D0-", "&2D0-", TRUE},     /* half of one */
    {"&3gA-", "&3gA-", TRUE},     /* the other half */
    {"&U,BTFw", "&U,BTFw", TRUE}, /* no end */
    {"&U-", "&U-", TRUE},         /* six bits are no character */
    {"a & b", "a & b", TRUE},
    {"Gel\xc3\xb6scht", "Gelöscht", FALSE},                        /* UTF-8 as it is */
    {"Entw\xc3\xbcrfe & &AOQ-", "Entw\xc3\xbcrfe & &AOQ-", FALSE}, /* RFC 6855: "&" stands for itself */
    {"Gel\xf6scht", "Gel\xef\xbf\xbdscht", FALSE},                 /* neither */
    {"&AAA-", "&AAA-", TRUE},                                      /* NUL */
};

static void test_names(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
        anomaly_set anomalies = 0;
        char *got = imap_utf7_decode(slice_of(tests[i].name), &anomalies);
        g_assert_cmpstr(got, ==, tests[i].expected);
        g_assert_true(anomalies == (tests[i].bad ? ANOMALY_BIT(ANOMALY_BAD_MAILBOX_NAME) : 0));
        g_free(got);
    }
}

static void test_zero_bytes_end_nothing(void)
{
    char *got = imap_utf7_decode((slice){(const guint8 *)"a\0b", 3}, NULL);
    g_assert_cmpstr(got, ==, "a?b");
    g_free(got);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/imap_utf7/names", test_names);
    g_test_add_func("/imap_utf7/zero_bytes_end_nothing", test_zero_bytes_end_nothing);
    return g_test_run();
}
