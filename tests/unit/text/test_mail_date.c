/* test_mail_date.c
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mail_date.h"

/* Epochs by `date -u -d ... +%s`. */
static void test_dates(void)
{
    static const struct {
        const char *in;
        gint64 epoch;
        gint zone;
        gboolean zone_known;
    } cases[] = {
        {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360, TRUE},       /* RFC 5322 A.1.1 */
        {"Tue, 1 Jul 2003 10:52:37 +0200", 1057049557, 120, TRUE},
        {"Thu, 13 Feb 1969 23:32:54 -0330", -27723426, -210, TRUE},
        {"21 Nov 97 09:55:06 GMT", 880106106, 0, TRUE},                    /* RFC 5322 A.6.2 */
        {"Thu,\r\n  13\r\n    Feb\r\n      1969\r\n 23:32\r\n  -0330 (Newfoundland Time)", -27723480, -210, TRUE},
        {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 0, 0, FALSE},  /* A.6.3: blanks inside of the time, not read */
        {"Tue, 18 Mar 1997 14:39:24 -0800 (PST)", 858724764, -480, TRUE},
        {"Tue, Mar 18 1997 14:36:14 PST", 858724574, -480, TRUE},          /* month first */
        {"Wed, Jul 30 1997 16:39:50 -0800 (PST)", 870309590, -480, TRUE},
        {"Tue Mar 18 14:36:14 1997", 858695774, 0, FALSE},                 /* asctime(), no zone */
        {"18 Mar 1997 14:36:14 -0000", 858695774, 0, FALSE},               /* qmail: zone not known */
        {"Sat, 26 Oct 2019 15:37:18 +0800", 1572075438, 480, TRUE},
        {"Sat, 26 Oct 2019 15:37:18 +0800 (CST)", 1572075438, 480, TRUE},  /* the number goes before the name */
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777, 0, TRUE},            /* RFC 850 */
        {"1997-03-18 14:36:14 +0100", 858692174, 60, TRUE},
        {"29 Feb 2024 12:00:00 +0000", 1709208000, 0, TRUE},
        {"1 Jan 2000 00:00:00 +0000", 946684800, 0, TRUE},
        {"1 Jan 100 00:00:00 +0000", 946684800, 0, TRUE},                  /* three digits, from 1900 */
        {"31 Dec 49 23:59:60 +0000", 2524608000, 0, TRUE},                 /* 2049, with a leap second */
        {"1 Jan 1900 00:00:00 +0000", G_GINT64_CONSTANT(-2208988800), 0, TRUE},
        {"Mon, 2 Jun 2025 7:05:03 EDT", 1748862303, -240, TRUE},           /* one digit of the hour */
        {"Mon, 2 Jun 2025 07:05 UT", 1748847900, 0, TRUE},                 /* no seconds */
        {"Mon, 2 Jun 2025 07:05:03 XYZ", 1748847903, 0, FALSE},            /* a zone that nobody knows */
        {"Mon, 2 Jun 2025 07:05:03 A", 1748847903, 0, FALSE},              /* military: RFC 822 had them wrong */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        mail_date date = {-1, -1, -1};
        gboolean read = mail_date_parse(slice_of(cases[i].in), &date);
        if (cases[i].epoch == 0) {
            g_assert_false(read);
            continue;
        }
        g_assert_true(read);
        g_test_message("%s", cases[i].in);
        g_assert_cmpint(date.epoch, ==, cases[i].epoch);
        g_assert_cmpint(date.zone_minutes, ==, cases[i].zone);
        g_assert_cmpint(date.zone_known, ==, cases[i].zone_known);
    }
}

static void test_no_dates(void)
{
    static const char *const cases[] = {
        "", "No Information Here, Go Away!", "Tue, Mar 18 1997", "14:36:14", "30 Feb 2024 12:00:00 +0000",
        "29 Feb 2023 12:00:00 +0000", "1 Jan 2024 24:00:00 +0000", "1 Jan 2024 12:60:00 +0000", "1 Jan 2024 12:00:61 +0000",
        "0 Jan 2024 12:00:00 +0000", "1 Foo 2024 12:00:00 +0000", "1 Jan 99999 12:00:00 +0000", "1 Jan 2024 12: +0000",
        "1 Jan 2024 99999999999:1:1 +0000", "(1 Jan 2024 12:00:00 +0000", "1 Jan 2024 12:0:99999999999", ",,,,,,,",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        mail_date date = {7, 7, 7};
        g_test_message("%s", cases[i]);
        g_assert_false(mail_date_parse(slice_of(cases[i]), &date));
        g_assert_cmpint(date.epoch, ==, 7);
    }
}

/* Every day of four centuries, against GLib's calendar. */
static void test_calendar(void)
{
    GDateTime *day = g_date_time_new_utc(1900, 1, 1, 12, 34, 56);
    while (g_date_time_get_year(day) < 2300) {
        char *text = g_date_time_format(day, "%d %b %Y %H:%M:%S +0000");
        mail_date date;
        g_assert_true(mail_date_parse(slice_of(text), &date));
        g_assert_cmpint(date.epoch, ==, g_date_time_to_unix(day));
        GDateTime *next = g_date_time_add_days(day, 1);
        g_date_time_unref(day);
        day = next;
        g_free(text);
    }
    g_date_time_unref(day);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail_date/dates", test_dates);
    g_test_add_func("/mail_date/no_dates", test_no_dates);
    g_test_add_func("/mail_date/calendar", test_calendar);
    return g_test_run();
}
