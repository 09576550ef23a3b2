/* taps.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "taps.h"

#include "mailxtra_fields.h"
#include "text.h"

#include <epan/tap.h>

static int credentials_tap = -1, call_tap = -1;

void taps_register(void)
{
    credentials_tap = register_tap("credentials");
    call_tap = register_tap("mailxtra");
}

gboolean taps_credentials_are_wanted(void)
{
    return have_tap_listener(credentials_tap);
}

void taps_credentials(const stream_call *call, const mail_record *record, packet_info *pinfo)
{
    const mail_auth *auth = record->event.auth;
    if (!auth || record->event.side != MAIL_CLIENT || (!auth->password.len && !auth->token.len) ||
        !taps_credentials_are_wanted())
        return;
    ws_tap_credential *credential = wmem_new0(pinfo->pool, ws_tap_credential);
    credential->num = pinfo->num;
    credential->username_num = record->login_name_in ? record->login_name_in : pinfo->num;
    credential->password_hf_id = (guint)(auth->password.len ? hf_mailxtra_auth_password : hf_mailxtra_auth_token);
    credential->username = record->login_name ? record->login_name : wmem_strdup(pinfo->pool, "n.a.");
    credential->proto = text_protocol(call->protocol);
    credential->info = wmem_strdup_printf(pinfo->pool, "%s, user name in packet %u",
                                          auth->mechanism ? auth->mechanism : "AUTH", credential->username_num);
    tap_queue_packet(credentials_tap, pinfo, credential);
}

gboolean taps_calls_are_wanted(void)
{
    return have_tap_listener(call_tap);
}

void taps_call(stream_call *call, packet_info *pinfo)
{
    if (taps_calls_are_wanted())
        tap_queue_packet(call_tap, pinfo, call);
}
