/* test_pop3_command.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_command.h"

static void test_parse(void)
{
    pop3_command command;

    pop3_command_parse(slice_of("retr  12 "), &command);
    g_assert_cmpint(command.verb, ==, POP3_VERB_RETR);
    g_assert_cmpmem(command.argument.data, command.argument.len, "12", 2);
    g_assert_cmpuint(command.argument_offset, ==, 6);
    pop3_command_parse(slice_of("PASS  x "), &command);
    g_assert_cmpmem(command.raw_argument.data, command.raw_argument.len, " x ", 3);
    pop3_command_parse(slice_of("FOO"), &command);
    g_assert_cmpint(command.verb, ==, POP3_VERB_UNKNOWN);
    g_assert_cmpuint(command.argument.len, ==, 0);
    pop3_command_parse(slice_of(""), &command);
    g_assert_cmpuint(command.name.len, ==, 0);
}

static void test_certain(void)
{
    static const char *const certain[] = {"USER joe", "PASS", "PASS a b", "STAT", "LIST", "list 1", "UIDL", "RETR 1", "TOP 1 0",
                                          "APOP a c4c9334bac560ecc979e58001b3e22fb", "AUTH", "AUTH PLAIN", "CAPA", "QUIT"};
    static const char *const uncertain[] = {"", "USER", "STAT x", "LIST -al", "RETR", "RETR file", "TOP 1", "APOP a", "QUIT now",
                                            " QUIT", "Subject: x", "CAPABILITY"};
    for (gsize i = 0; i < G_N_ELEMENTS(certain); i++)
        g_assert_true(pop3_command_is_certain(slice_of(certain[i])));
    for (gsize i = 0; i < G_N_ELEMENTS(uncertain); i++)
        g_assert_false(pop3_command_is_certain(slice_of(uncertain[i])));
}

static void test_reply(void)
{
    static const struct {
        const char *line, *status, *code, *text;
    } rows[] = {
        {"+OK", "+OK", "", ""},
        {"+OK 2 320", "+OK", "", "2 320"},
        {"+ok x", "+OK", "", "x"},
        {"-ERR", "-ERR", "", ""},
        {"-ERR [IN-USE] busy", "-ERR", "IN-USE", "busy"},
        {"-ERR [SYS/TEMP]", "-ERR", "SYS/TEMP", ""},
        {"-ERR [x", "-ERR", "", "[x"},
        {"+OK [x] y", "+OK", "", "[x] y"},
        {"+", "+", "", ""},
        {"+ abc=", "+", "", "abc="},
        {"+OKAY", NULL, NULL, NULL},
        {"+PONG", NULL, NULL, NULL},
        {"-ERRor", NULL, NULL, NULL},
        {"", NULL, NULL, NULL},
        {"1 2", NULL, NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        pop3_reply reply;
        gboolean parsed = pop3_reply_parse(slice_of(rows[i].line), &reply);
        g_assert_cmpint(parsed, ==, rows[i].status != NULL);
        if (!parsed)
            continue;
        g_assert_cmpstr(reply.status, ==, rows[i].status);
        g_assert_cmpmem(reply.code.data, reply.code.len, rows[i].code, strlen(rows[i].code));
        g_assert_cmpmem(reply.text.data, reply.text.len, rows[i].text, strlen(rows[i].text));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pop3_command/parse", test_parse);
    g_test_add_func("/pop3_command/certain", test_certain);
    g_test_add_func("/pop3_command/reply", test_reply);
    return g_test_run();
}
