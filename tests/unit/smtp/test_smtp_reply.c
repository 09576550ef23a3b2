/* test_smtp_reply.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_reply.h"

static void test_parse(void)
{
    static const struct {
        const char *line, *expected; /* NULL: no reply line */
    } rows[] = {
        {"250 ok", "250 last [] [ok]"},
        {"250-ok", "250 more [] [ok]"},
        {"250", "250 last [] []"},
        {"250-", "250 more [] []"},
        {"250 ", "250 last [] []"},
        {"250\tok", "250 last [] [ok] odd"},
        {"250 2.1.0 Ok", "250 last [2.1.0] [Ok]"},
        {"250 2.1.0", "250 last [2.1.0] []"},
        {"550-5.7.26 x", "550 more [5.7.26] [x]"},
        {"550 5.999.999 x", "550 last [5.999.999] [x]"},
        {"550 5.1000.1 x", "550 last [] [5.1000.1 x]"},
        {"250 5.1.0 x", "250 last [] [5.1.0 x]"},
        {"354 3.0.0 x", "354 last [] [3.0.0 x]"},
        {"250 2.1.0x", "250 last [] [2.1.0x]"},
        {"250 2.1 x", "250 last [] [2.1 x]"},
        {"250 2..0 x", "250 last [] [2..0 x]"},
        {"199 x", "199 last [] [x] odd"},
        {"650 x", "650 last [] [x] odd"},
        {"290 x", "290 last [] [x] odd"},
        {"", NULL},
        {"25", NULL},
        {"2500 x", NULL},
        {"250x", NULL},
        {"ok", NULL},
        {" 250 ok", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        smtp_reply reply;
        gboolean parsed = smtp_reply_parse(slice_of(rows[i].line), &reply);
        char *got;
        g_assert_cmpint(parsed, ==, rows[i].expected != NULL);
        if (!parsed)
            continue;
        got = g_strdup_printf("%u %s [%.*s] [%.*s]%s", reply.code, reply.last ? "last" : "more", (int)reply.enhanced.len,
                              (const char *)reply.enhanced.data, (int)reply.text.len, (const char *)reply.text.data,
                              reply.odd ? " odd" : "");
        g_assert_cmpstr(got, ==, rows[i].expected);
        g_free(got);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp_reply/parse", test_parse);
    return g_test_run();
}
