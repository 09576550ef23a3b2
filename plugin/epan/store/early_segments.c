/* early_segments.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "early_segments.h"

#include "limits.h"
#include "stream_assembler.h"

/* The sequence number of a side's first byte, by the hash of the side's ends. Two sides with the same hash: the later
 * one counts. */
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

static gpointer side_hash(const address *from, guint32 from_port, const address *to, guint32 to_port)
{
    guint hash = add_address_to_hash(from_port << 16 | to_port, from);
    return GUINT_TO_POINTER(add_address_to_hash(hash * 31, to));
}

static gpointer sender(const packet_info *pinfo)
{
    return side_hash(&pinfo->src, pinfo->srcport, &pinfo->dst, pinfo->destport);
}

void early_segments_note_syn(const packet_info *pinfo, const tcp_segment_view *segment)
{
    /* a scan opens connections that never say a word */
    if (g_hash_table_size(first_bytes) >= LIMIT_SILENT_SIDES)
        forget();
    g_hash_table_insert(first_bytes, sender(pinfo), GUINT_TO_POINTER(segment->seq + 1));
}

early_place early_segments_place(const packet_info *pinfo, const tcp_segment_view *segment)
{
    gpointer side, first;

    if (g_hash_table_size(first_bytes) == 0)
        return EARLY_NOT;
    side = sender(pinfo);
    if (!g_hash_table_lookup_extended(first_bytes, side, NULL, &first))
        return EARLY_NOT;
    const guint32 ahead = segment->seq - GPOINTER_TO_UINT(first);
    if (ahead == UINT32_MAX) /* a keep-alive; the first byte is still to come */
        return EARLY_NOT;
    if (ahead > 0 && ahead < LIMIT_EARLY_BYTES)
        return EARLY_AHEAD;
    g_hash_table_remove(first_bytes, side);
    return ahead == 0 ? EARLY_FIRST : EARLY_NOT;
}

gboolean early_segments_take_start(const packet_info *pinfo, const tcp_segment_view *segment, gboolean of_sender,
                                   guint32 *seq_r)
{
    gpointer side = of_sender ? sender(pinfo) : side_hash(&pinfo->dst, pinfo->destport, &pinfo->src, pinfo->srcport);
    gpointer first;

    if (!g_hash_table_lookup_extended(first_bytes, side, NULL, &first))
        return FALSE;
    g_hash_table_remove(first_bytes, side);
    *seq_r = GPOINTER_TO_UINT(first);
    /* of another connection, with the same hash, or the same ends long ago? */
    return of_sender ? segment->seq - *seq_r < LIMIT_EARLY_BYTES
                     : !(segment->flags & STREAM_ACK) || segment->ack - *seq_r < LIMIT_EARLY_BYTES;
}
