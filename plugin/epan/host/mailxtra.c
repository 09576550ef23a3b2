/* mailxtra.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "mailxtra.h"

int proto_mailxtra = -1;

static protocol_t *protocol;

void mailxtra_register_protocol(void)
{
    proto_mailxtra = proto_register_protocol("Mail Extra", "Mailxtra", "mailxtra");
    protocol = find_protocol_by_id(proto_mailxtra);
}

gboolean mailxtra_is_enabled(void)
{
    return proto_is_protocol_enabled(protocol);
}
