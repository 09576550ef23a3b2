/* test_reply_meaning.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "reply_meaning.h"

static void test_meanings(void)
{
    static const struct {
        guint code;
        const char *status, *text;
    } cases[] = {
        {550, "5.1.1", "there is no such mailbox"},
        {452, "4.2.2", "the mailbox is full"},
        {556, "5.1.10", "the recipient's domain takes no mail (null MX)"},
        {550, "5.7.26", "several checks of the sender failed (SPF, DKIM, DMARC)"},
        {535, "", "user name or password is wrong"},
        {503, "5.5.99", "the command comes at the wrong time"}, /* the code knows more than the subject */
        {599, "5.2.99", "something about the mailbox"},
        {599, "5.7.999", "something about security or policy"},
        {599, "5.1.", "something about an address"},
        {599, "5.0.0", NULL},
        {599, "5.9.1", NULL},
        {599, "5.17.1", NULL},
        {599, "5", NULL},
        {599, "5.1", NULL},
        {599, "5./.1", NULL},
        {599, "", NULL},
        {0, "IN-USE", NULL},
        {250, "2.1.5", "something about an address"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(reply_meaning(cases[i].code, slice_of(cases[i].status)), ==, cases[i].text);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reply_meaning/meanings", test_meanings);
    return g_test_run();
}
