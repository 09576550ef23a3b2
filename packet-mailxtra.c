/* packet-mailxtra.c
 * Mail Extra: makes the mail in a capture readable and recoverable. The front door of
 * the plugin: what Wireshark's plugin loader looks for, and the registration.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#define WS_BUILD_DLL

#include <ws_symbol_export.h>

#include "entry.h"
#include "ws_compat.h"

WS_DLL_PUBLIC_DEF const char plugin_version[] = MAILXTRA_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC uint32_t plugin_describe(void);

void plugin_register(void)
{
    static proto_plugin plugin;
    plugin.register_protoinfo = entry_register;
    plugin.register_handoff = entry_handoff;
    proto_register_plugin(&plugin);
}

uint32_t plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR;
}
