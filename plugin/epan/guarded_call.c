/* guarded_call.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "guarded_call.h"

#include <epan/exceptions.h>
#include <epan/show_exception.h>

void guarded_call(dissector_handle_t handle, tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    const char *saved_protocol = pinfo->current_proto;
    const gboolean protocol_writable = col_get_writable(pinfo->cinfo, COL_PROTOCOL);
    const gboolean info_writable = col_get_writable(pinfo->cinfo, COL_INFO);
    col_set_writable(pinfo->cinfo, COL_PROTOCOL, FALSE);
    col_set_writable(pinfo->cinfo, COL_INFO, FALSE);
    TRY
    {
        call_dissector_with_data(handle, tvb, pinfo, tree, data);
    }
    CATCH_BOUNDS_AND_DISSECTOR_ERRORS
    {
        show_exception(tvb, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
        pinfo->current_proto = saved_protocol;
    }
    ENDTRY;
    col_set_writable(pinfo->cinfo, COL_PROTOCOL, protocol_writable);
    col_set_writable(pinfo->cinfo, COL_INFO, info_writable);
}
