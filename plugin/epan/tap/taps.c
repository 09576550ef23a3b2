/* taps.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "taps.h"

#include "capture_end.h"
#include "mailxtra.h"
#include "frame_scope.h"
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
    if (!auth || record->event.side != MAIL_CLIENT || !mail_auth_has_proof(auth) || !taps_credentials_are_wanted())
        return;
    ws_tap_credential *credential = wmem_new0(pinfo->pool, ws_tap_credential);
    credential->num = pinfo->num;
    credential->username_num = record->login_name_in ? record->login_name_in : pinfo->num;
    credential->password_hf_id = (guint)(mail_auth_has_password(auth) ? hf_mailxtra_auth_password
                                         : auth->token.len            ? hf_mailxtra_auth_token
                                                                      : hf_mailxtra_auth_response);
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

/* The entry of this frame, queued when it is made. The listeners get it behind the dissection, when it is filled. */
static tapped_frame *entry_of(packet_info *pinfo)
{
    gboolean is_new;
    tapped_frame *entry = frame_scope_block(pinfo, FRAME_CALLS, sizeof *entry, &is_new);
    if (is_new)
        tap_queue_packet(call_tap, pinfo, entry);
    return entry;
}

void taps_call(const stream_call *call, packet_info *pinfo)
{
    if (!taps_calls_are_wanted())
        return;
    tapped_frame *entry = entry_of(pinfo);
    if (entry->count == entry->room) {
        entry->room = entry->room ? 2 * entry->room : 1;
        entry->calls = wmem_realloc(pinfo->pool, entry->calls, entry->room * sizeof *entry->calls);
    }
    /* a call that brought nothing was not stored, and is overwritten by the next one */
    if (!stream_call_count(call))
        call = wmem_memdup(pinfo->pool, call, sizeof *call);
    capture_end_handed(call, pinfo, entry->count == 0);
    entry->calls[entry->count++] = call;
}
