/* fuzz_pop3_command.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "pop3_command.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    slice line = {data, size};
    pop3_command command;
    pop3_reply reply;

    pop3_command_parse(line, &command);
    (void)pop3_command_is_certain(line);
    (void)pop3_reply_parse(line, &reply);
    return 0;
}
