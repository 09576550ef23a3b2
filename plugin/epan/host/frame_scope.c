/* frame_scope.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "frame_scope.h"

#include "mailxtra.h"

#include <epan/proto_data.h>

wmem_map_t *frame_scope_map(packet_info *pinfo, frame_key key)
{
    wmem_map_t *map = p_get_proto_data(pinfo->pool, pinfo, proto_mailxtra, key);
    if (!map) {
        map = wmem_map_new(pinfo->pool, g_direct_hash, g_direct_equal);
        p_add_proto_data(pinfo->pool, pinfo, proto_mailxtra, key, map);
    }
    return map;
}

void *frame_scope_block(packet_info *pinfo, frame_key key, gsize size, gboolean *is_new_r)
{
    void *block = p_get_proto_data(pinfo->pool, pinfo, proto_mailxtra, key);
    if (is_new_r)
        *is_new_r = block == NULL;
    if (!block) {
        block = wmem_alloc0(pinfo->pool, size);
        p_add_proto_data(pinfo->pool, pinfo, proto_mailxtra, key, block);
    }
    return block;
}
