/* test_smtp_command.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "limits.h"
#include "smtp_command.h"

static char *describe(const smtp_command *command)
{
    GString *out = g_string_new("");
    g_string_append_printf(out, "%d:%.*s", command->verb != SMTP_VERB_UNKNOWN, (int)command->name.len, (const char *)command->name.data);
    if (command->has_path)
        g_string_append_printf(out, " <%.*s>", (int)command->path.len, (const char *)command->path.data);
    else if (command->argument.len)
        g_string_append_printf(out, " [%.*s]", (int)command->argument.len, (const char *)command->argument.data);
    for (guint i = 0; i < command->param_count; i++)
        g_string_append_printf(out, " %.*s=%.*s", (int)command->params[i].name.len, (const char *)command->params[i].name.data,
                               (int)command->params[i].value.len, (const char *)command->params[i].value.data);
    if (command->size || command->last)
        g_string_append_printf(out, " size %" G_GUINT64_FORMAT "%s", command->size, command->last ? " last" : "");
    if (command->anomalies & ANOMALY_BIT(ANOMALY_BAD_SYNTAX))
        g_string_append(out, " !syntax");
    if (command->anomalies & ANOMALY_BIT(ANOMALY_BDAT_BAD_SIZE))
        g_string_append(out, " !size");
    return g_string_free(out, FALSE);
}

static void test_parse(void)
{
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"", "0:"},
        {"   ", "0:"},
        {"EHLO mx.example", "1:EHLO [mx.example]"},
        {"  noop  ", "1:noop"},
        {"NOOP\tx y\t", "1:NOOP [x y]"},
        {"FROBNICATE x", "0:FROBNICATE [x]"},
        {"MAIL FROM:<a@b>", "1:MAIL <a@b>"},
        {"mail from:<>", "1:mail <>"},
        {"MAIL FROM: <a@b> SIZE=100", "1:MAIL <a@b> SIZE=100"},
        {"MAIL FROM :<a@b>", "1:MAIL <a@b>"},
        {"MAIL FROM <a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:a@b SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        {"MAIL FROM:<a@b", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:", "1:MAIL [FROM:] !syntax"},
        {"MAIL", "1:MAIL !syntax"},
        {"MAIL TO:<a@b>", "1:MAIL [TO:<a@b>] !syntax"},
        {"MAIL FROM:<a@b>SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        {"MAIL FROM:<\"a>b\\\" c\"@d> BODY=8BITMIME", "1:MAIL <\"a>b\\\" c\"@d> BODY=8BITMIME"},
        {"MAIL FROM:<\"a> SIZE=1", "1:MAIL <\"a> SIZE=1"},
        /* a blank alone is no error */
        {"MAIL FROM:  <a@b>", "1:MAIL <a@b>"},
        {"RCPT TO:\t<a@b> NOTIFY=NEVER", "1:RCPT <a@b> NOTIFY=NEVER"},
        /* as in a header field */
        {"MAIL FROM:\"Bob Smith\" <a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:\"Bob\"<a@b> SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        {"MAIL FROM: \"Smith, Bob <x@y>\" <a@b>", "1:MAIL <a@b> !syntax"},
        {"RCPT TO:Bob Smith <a@b> NOTIFY=NEVER", "1:RCPT <a@b> NOTIFY=NEVER !syntax"},
        {"MAIL FROM:Bob<a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:=?utf-8?Q?B=C3=B6b?= <a@b> SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        {"MAIL FROM: =?utf-8?B?Qg==?= =?utf-8?B?Qg==?= <a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:=?utf-8?B?Qg==?=<a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:<Bob Smith <a@b>>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:<\"Bob\" <a@b>> SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        {"MAIL FROM:<<a@b>>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:< a@b >", "1:MAIL <a@b>"},
        {"MAIL FROM:a@b <a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:\xe2\x80\x8b<a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM:Bob <>", "1:MAIL <> !syntax"},
        /* comments */
        {"MAIL FROM:<a@b> (Bob > Co) BODY=8BITMIME", "1:MAIL <a@b> BODY=8BITMIME !syntax"},
        {"MAIL FROM:a@b (Bob) SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        {"MAIL FROM:a@b(Bob) SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        /* without <>, or what stands in front of them */
        {"MAIL FROM a@b", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM=<a@b>", "1:MAIL <a@b> !syntax"},
        {"MAIL FROM=a@b", "1:MAIL <a@b> !syntax"},
        {"MAIL <a@b> SIZE=1", "1:MAIL <a@b> SIZE=1 !syntax"},
        {"RCPT TO:Bob Smith a@b NOTIFY=NEVER", "1:RCPT <a@b> NOTIFY=NEVER !syntax"},
        {"RCPT TO:\"a b\"@c SIZE=1", "1:RCPT <\"a b\"@c> SIZE=1 !syntax"},
        {"RCPT TO:\"a@b\"", "1:RCPT <a@b> !syntax"},
        {"RCPT TO:postmaster", "1:RCPT <postmaster> !syntax"},
        {"MAIL FROM:a@b ENVID=<x@y> AUTH=<>", "1:MAIL <a@b> ENVID=<x@y> AUTH=<> !syntax"},
        {"RCPT TO:postmaster ORCPT=rfc822;x@y", "1:RCPT <postmaster> ORCPT=rfc822;x@y !syntax"},
        {"RCPT TO:@x,@y:user@z", "1:RCPT <user@z> !syntax"},
        {"RCPT TO:<@x,@y:user@z>", "1:RCPT <user@z>"},
        {"RCPT TO:<Postmaster>", "1:RCPT <Postmaster>"},
        {"RCPT TO:<u@\xc3\xbc.example>", "1:RCPT <u@\xc3\xbc.example>"},
        {"RCPT TO:<b@c> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bx+40c", "1:RCPT <b@c> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+x@c"},
        {"MAIL FROM:<a@b> RET=HDRS ENVID=QQ+3D1+ AUTH=<> SMTPUTF8", "1:MAIL <a@b> RET=HDRS ENVID=QQ=1+ AUTH=<> SMTPUTF8="},
        {"MAIL FROM:<a@b> HOLDUNTIL=2024-01-01T00:00:00+00:00 AUTH=x+41+4", "1:MAIL <a@b> HOLDUNTIL=2024-01-01T00:00:00+00:00 AUTH=xA+4"},
        {"MAIL FROM:<a@b> BY=120;R MT-PRIORITY=3 REQUIRETLS  HOLDFOR=9", "1:MAIL <a@b> BY=120;R MT-PRIORITY=3 REQUIRETLS= HOLDFOR=9"},
        {"SEND FROM:<a@b>", "1:SEND <a@b>"},
        {"XCLIENT NAME=a.example ADDR=10.1.2.3 LOGIN=+5Bu+40x+5D", "1:XCLIENT [NAME=a.example ADDR=10.1.2.3 LOGIN=+5Bu+40x+5D] NAME=a.example ADDR=10.1.2.3 LOGIN=[u@x]"},
        {"xforward HELO=+62 SOURCE", "1:xforward [HELO=+62 SOURCE] HELO=b SOURCE="},
        {"BURL imap://u@h/x;UID=1 last", "1:BURL [imap://u@h/x;UID=1 last] size 0 last"},
        {"BURL imap://u@h/x", "1:BURL [imap://u@h/x]"},
        {"BURL", "1:BURL"},
        {"BDAT 100", "1:BDAT [100] size 100"},
        {"BDAT 0 last", "1:BDAT [0 last] size 0 last"},
        {"BDAT 5 FIRST", "1:BDAT [5 FIRST] size 5 !syntax"},
        {"BDAT", "1:BDAT !size"},
        {"BDAT x LAST", "1:BDAT [x LAST] !size"},
        {"BDAT 9223372036854775807", "1:BDAT [9223372036854775807] !size"},
        {"BDAT 9223372036854775799", "1:BDAT [9223372036854775799] size 9223372036854775799"},
        {"BDAT 18446744073709551617", "1:BDAT [18446744073709551617] !size"},
        {"BDAT 00000000000000000000000005", "1:BDAT [00000000000000000000000005] size 5"},
        {"XEXCH50 1300 2", "1:XEXCH50 [1300 2] size 1300"},
        {"X-EXPS GSSAPI", "1:X-EXPS [GSSAPI]"},
    };
    smtp_command_parser *parser = smtp_command_parser_new();
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *copy = g_strdup(rows[i].line);
        slice line = {(guint8 *)copy, strlen(copy)};
        const smtp_command *command = smtp_command_parse(parser, line);
        char *got = describe(command);
        g_assert_cmpstr(got, ==, rows[i].expected);
        if (command->name.len)
            g_assert_true(command->name.data == line.data + command->name_offset);
        if (command->argument.len)
            g_assert_true(command->argument.data == line.data + command->argument_offset);
        for (guint k = 0; k < command->param_count; k++)
            g_assert_true(command->params[k].name.data == line.data + command->params[k].offset);
        g_free(got);
        g_free(copy);
    }
    smtp_command_parser_free(parser);
}

static void test_certain(void)
{
    static const char *const certain[] = {"EHLO x", "helo x", "LHLO x", "MAIL FROM:<a@b>", "MAIL FROM: <a@b> SIZE=1", "RCPT TO:<",
                                          "DATA", "data ", "RSET", "QUIT", "NOOP", "BDAT 10", "BDAT 10 LAST", "STARTTLS",
                                          "AUTH PLAIN x", "VRFY joe", "MAIL FROM:\"Bob\" <a@b>", "RCPT TO:Bob <a@b> NOTIFY=NEVER"};
    static const char *const uncertain[] = {"", "EHLO", "HELO my friend", "MAIL", "MAIL me the file", "DATA and more", "QUIT smoking",
                                            " QUIT", "BDAT", "BDAT x", "Subject: x", "Data: x", "Send from: <a@b>", "help", "QUFBQUFB",
                                            "RCPT TO: me", "RCPT TO: me < you", "NOOP x"};
    for (gsize i = 0; i < G_N_ELEMENTS(certain); i++)
        g_assert_true(smtp_command_is_certain(slice_of(certain[i])));
    for (gsize i = 0; i < G_N_ELEMENTS(uncertain); i++)
        g_assert_false(smtp_command_is_certain(slice_of(uncertain[i])));
}

static void test_param_limit(void)
{
    for (guint extra = 0; extra < 2; extra++) {
        smtp_command_parser *parser = smtp_command_parser_new();
        GString *line = g_string_new("MAIL FROM:<a@b>");
        const smtp_command *command;
        for (guint i = 0; i < LIMIT_PARAMS + extra; i++)
            g_string_append_printf(line, " ENVID=+4%u", i % 10);
        command = smtp_command_parse(parser, (slice){(guint8 *)line->str, line->len});
        g_assert_cmpuint(command->param_count, ==, LIMIT_PARAMS);
        g_assert_cmphex(command->anomalies, ==, extra ? ANOMALY_BIT(ANOMALY_BAD_SYNTAX) : 0);
        g_assert_cmpmem(command->params[1].value.data, command->params[1].value.len, "A", 1);
        g_string_free(line, TRUE);
        smtp_command_parser_free(parser);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp_command/parse", test_parse);
    g_test_add_func("/smtp_command/certain", test_certain);
    g_test_add_func("/smtp_command/param_limit", test_param_limit);
    return g_test_run();
}
