/* test_mail_opening.c
 * Sides that speak before it is known what they are, with holes; whole and byte by byte.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "mail_opening.h"

#define NONE MAIL_PROTOCOL_NONE

/* What is said, in turns of the sides: "0 bytes" or "1 bytes"; "0?9" is a hole of 9. The last look tells. */
typedef struct row {
    const char *said[5];
    mail_protocol hint;
    mail_verdict verdict;
    mail_protocol protocol;
    gboolean is_telling; /* of side 1 */
} row;

static const row rows[] = {
    {{"1 220 mx.example ESMTP\r\n"}, NONE, MAIL_VERDICT_YES, MAIL_PROTOCOL_SMTP, TRUE},
    {{"1 +OK"}, NONE, MAIL_VERDICT_MAYBE, NONE, FALSE},
    {{"1 +OK\r\n"}, NONE, MAIL_VERDICT_MAYBE, NONE, TRUE},
    {{"1 +OK ready\r\n", "0 USER joe\r\n"}, NONE, MAIL_VERDICT_YES, MAIL_PROTOCOL_POP3, TRUE},
    {{"1 SSH-2.0-x\r\n"}, NONE, MAIL_VERDICT_NO, NONE, TRUE},
    /* the rest of a line rules nothing out, and tells nothing */
    {{"1?1", "1 20 mx.example ESMTP\r\n"}, NONE, MAIL_VERDICT_MAYBE, NONE, FALSE},
    {{"1?1", "1 20 mx.example ESMTP\r\n", "0 EHLO c\r\n"}, NONE, MAIL_VERDICT_YES, MAIL_PROTOCOL_SMTP, FALSE},
    {{"1?1", "1 SH-2.0-x\r\nxxxx zzzz\r\n"}, NONE, MAIL_VERDICT_NO, NONE, TRUE},
    {{"1?9", "1 ample LMTP server ready\r\n"}, MAIL_PROTOCOL_LMTP, MAIL_VERDICT_MAYBE, NONE, FALSE},
    {{"1?9", "1 ample LMTP server ready\r\n", "0 LHLO c\r\n"}, MAIL_PROTOCOL_LMTP, MAIL_VERDICT_YES, MAIL_PROTOCOL_LMTP, FALSE},
    {{"1?9", "1 ample LMTP server ready\r\n", "0 LHLO c\r\n", "1 250-a\r\n"}, MAIL_PROTOCOL_LMTP, MAIL_VERDICT_YES, MAIL_PROTOCOL_LMTP, TRUE},
    {{"1 +", "1?9", "1 +OK core mail\r\n"}, NONE, MAIL_VERDICT_MAYBE, NONE, FALSE},
    {{"1 +", "1?9", "1 +OK core mail\r\n", "0 USER joe\r\n", "1 +OK\r\n"}, NONE, MAIL_VERDICT_YES, MAIL_PROTOCOL_POP3, TRUE},
    {{"1 2", "1?3", "1  ready\r\n", "0 USER joe\r\n", "1 331 Password\r\n"}, NONE, MAIL_VERDICT_NO, NONE, TRUE},
    /* a hole further on is none in front of it */
    {{"1 SSH-2.0-x\r\n", "1?9", "1 220 mx ESMTP\r\n"}, NONE, MAIL_VERDICT_NO, NONE, TRUE},
    {{"0?9", "1 SSH-2.0-x\r\n"}, NONE, MAIL_VERDICT_NO, NONE, TRUE},
};

static void note(int side, slice bytes, guint64 missing, void *user)
{
    if (missing)
        g_string_append_printf(user, "%d?%d|", side, (int)missing);
    else
        g_string_append_printf(user, "%d %.*s|", side, (int)bytes.len, (const char *)bytes.data);
}

/* Side 0 of the row is `client` of the opening. */
static mail_opening *say(const row *r, gsize at_once, int client, GString *expected)
{
    mail_opening *opening = mail_opening_new();
    for (gsize i = 0; i < G_N_ELEMENTS(r->said) && r->said[i]; i++) {
        const char *turn = r->said[i];
        int side = (turn[0] - '0') ^ client;
        if (turn[1] == '?') {
            mail_opening_gap(opening, side, (guint64)(turn[2] - '0'));
            note(side, SLICE_EMPTY, (guint64)(turn[2] - '0'), expected);
            continue;
        }
        for (slice rest = slice_of(turn + 2); rest.len; rest = slice_from(rest, at_once)) {
            mail_opening_bytes(opening, side, slice_head(rest, at_once));
            note(side, slice_head(rest, at_once), 0, expected);
        }
    }
    return opening;
}

static void check(const row *r, gsize at_once, int client)
{
    GString *expected = g_string_new(NULL), *told = g_string_new(NULL);
    mail_opening *opening = say(r, at_once, client, expected);
    gboolean is_telling;
    mail_guess guess = mail_opening_look(opening, r->hint, 1 ^ client, &is_telling);

    g_test_message("%s, %d at once", r->said[0], (int)at_once);
    g_assert_cmpint(guess.verdict, ==, r->verdict);
    g_assert_cmpint(is_telling, ==, r->is_telling);
    if (guess.verdict == MAIL_VERDICT_YES) {
        g_assert_cmpint(guess.protocol, ==, r->protocol);
        g_assert_cmpint(guess.a_is_client, ==, client == 0);
    }
    mail_opening_tell(opening, note, told);
    g_assert_cmpstr(told->str, ==, expected->str);
    g_assert_false(mail_opening_is_full(opening));
    mail_opening_free(opening);
    g_string_free(expected, TRUE);
    g_string_free(told, TRUE);
}

static void test_rows(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        for (int client = 0; client < 2; client++) {
            check(&rows[i], 1000, client);
            check(&rows[i], 1, client);
        }
}

static void test_nothing(void)
{
    mail_opening *opening = mail_opening_new();
    GString *told = g_string_new(NULL);
    gboolean is_telling;

    g_assert_cmpint(mail_opening_look(opening, NONE, 0, &is_telling).verdict, ==, MAIL_VERDICT_MAYBE);
    g_assert_false(is_telling);
    mail_opening_tell(opening, note, told);
    g_assert_cmpstr(told->str, ==, "");
    mail_opening_free(opening);
    mail_opening_free(NULL);
    g_string_free(told, TRUE);
}

static void test_full(void)
{
    mail_opening *opening = mail_opening_new();
    for (guint i = 0; i < LIMIT_UNDECIDED_BYTES; i++)
        mail_opening_bytes(opening, i % 2, slice_of("x"));
    g_assert_false(mail_opening_is_full(opening));
    mail_opening_bytes(opening, 0, slice_of("x"));
    g_assert_true(mail_opening_is_full(opening));
    mail_opening_free(opening);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mail_opening/rows", test_rows);
    g_test_add_func("/mail_opening/nothing", test_nothing);
    g_test_add_func("/mail_opening/full", test_full);
    return g_test_run();
}
