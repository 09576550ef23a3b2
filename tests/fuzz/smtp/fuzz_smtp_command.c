/* fuzz_smtp_command.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "smtp_command.h"
#include "smtp_reply.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    smtp_command_parser *parser = smtp_command_parser_new();
    slice line = {data, size};
    const smtp_command *command = smtp_command_parse(parser, line);
    smtp_reply reply;

    for (guint i = 0; i < command->param_count; i++)
        g_assert(command->params[i].offset + command->params[i].length <= size);
    (void)smtp_command_is_certain(line);
    (void)smtp_reply_parse(line, &reply);
    smtp_command_parser_free(parser);
    return 0;
}
