/* early_segments.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "early_segments.h"

#include "../core/limits.h"
#include "../core/stream_assembler.h"

/* The sequence number of a side's first byte, by the hash of the side's ends. Two sides with the same hash: the later
 * one counts, and the worst that comes of it is a look too many or too few. */
static GHashTable *first_bytes;

static void forget(void)
{
    g_hash_table_remove_all(first_bytes);
}

void early_segments_register(void)
{
    first_bytes = g_hash_table_new(NULL, NULL);
    register_init_routine(forget);
    register_cleanup_routine(forget);
}

static gpointer side_hash(const packet_info *pinfo)
{
    guint hash = add_address_to_hash(pinfo->srcport << 16 | pinfo->destport, &pinfo->src);
    return GUINT_TO_POINTER(add_address_to_hash(hash * 31, &pinfo->dst));
}

gboolean early_segments_is_ahead(const packet_info *pinfo, const tcp_segment_view *segment)
{
    const gboolean opens = (segment->flags & STREAM_SYN) != 0;
    gpointer side, first;

    if (!opens && (segment->length == 0 || g_hash_table_size(first_bytes) == 0))
        return FALSE;
    side = side_hash(pinfo);
    if (opens) {
        /* a scan opens connections that never say a word */
        if (g_hash_table_size(first_bytes) >= LIMIT_SILENT_SIDES)
            forget();
        if (segment->length == 0)
            g_hash_table_insert(first_bytes, side, GUINT_TO_POINTER(segment->seq + 1));
        return FALSE;
    }
    if (!g_hash_table_lookup_extended(first_bytes, side, NULL, &first))
        return FALSE;
    const guint32 ahead = segment->seq - GPOINTER_TO_UINT(first);
    if (ahead == UINT32_MAX) /* a keep-alive; the first byte is still to come */
        return FALSE;
    g_hash_table_remove(first_bytes, side);
    return ahead > 0 && ahead < LIMIT_EARLY_BYTES;
}
