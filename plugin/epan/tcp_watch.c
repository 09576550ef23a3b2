/* tcp_watch.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The entry for TCP in the ip.proto table is replaced by a handle without a protocol: such a
 * handle adds no layer and cannot be seen in any output. It calls what was there before.
 */
#include "tcp_watch.h"

#include "mailxtra.h"

#include <epan/exceptions.h>
#include <epan/ipproto.h>

#include "../core/stream_assembler.h"

#define TCP_HEADER_BYTES 20

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_SYN 0x02
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

static dissector_handle_t next_handle;
static tcp_watch_before before_tcp;
static tcp_watch_behind behind_tcp;
static tcp_segment_view *current;

tcp_segment_view *tcp_watch_current(const packet_info *pinfo)
{
    return current && current->frame == pinfo->num ? current : NULL;
}

tvbuff_t *tcp_watch_payload(const tcp_segment_view *segment)
{
    return tvb_new_subset_remaining(segment->tvb, segment->header);
}

static guint flags_of(guint8 bits)
{
    return (bits & TCP_FLAG_SYN ? STREAM_SYN : 0) | (bits & TCP_FLAG_FIN ? STREAM_FIN : 0) |
           (bits & TCP_FLAG_RST ? STREAM_RST : 0) | (bits & TCP_FLAG_ACK ? STREAM_ACK : 0);
}

/* NULL: no segment that can be followed (cut in the header, quoted in an ICMP error). */
static tcp_segment_view *view_segment(tvbuff_t *tvb, packet_info *pinfo)
{
    if (pinfo->flags.in_error_pkt || tvb_captured_length(tvb) < TCP_HEADER_BYTES)
        return NULL;
    guint header = (guint)(tvb_get_uint8(tvb, 12) >> 4) * 4;
    if (header < TCP_HEADER_BYTES || header > tvb_reported_length(tvb))
        return NULL;
    tcp_segment_view *segment = wmem_new0(pinfo->pool, tcp_segment_view);
    segment->frame = pinfo->num;
    segment->seq = tvb_get_ntohl(tvb, 4);
    segment->ack = tvb_get_ntohl(tvb, 8);
    segment->flags = flags_of(tvb_get_uint8(tvb, 13));
    segment->length = tvb_reported_length(tvb) - header;
    segment->tvb = tvb;
    segment->header = (gint)MIN(header, tvb_captured_length(tvb));
    segment->payload.len = tvb_captured_length(tvb) - (guint)segment->header;
    if (segment->payload.len)
        segment->payload.data = tvb_get_ptr(tvb, segment->header, (gint)segment->payload.len);
    return segment;
}

static int call_next(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    /* as if the caller had called TCP itself: each call in between takes one level of can_desegment */
    pinfo->can_desegment = pinfo->saved_can_desegment;
    return call_dissector_only(next_handle, tvb, pinfo, tree, data);
}

static int watch_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    tcp_segment_view *segment = mailxtra_is_enabled() ? view_segment(tvb, pinfo) : NULL;
    if (!segment)
        return call_next(tvb, pinfo, tree, data);

    guint32 source_port = tvb_get_ntohs(tvb, 0), destination_port = tvb_get_ntohs(tvb, 2);
    address source, destination;
    copy_address_shallow(&source, &pinfo->src);
    copy_address_shallow(&destination, &pinfo->dst);
    pinfo->srcport = source_port;
    pinfo->destport = destination_port;
    pinfo->ptype = PT_TCP;
    if (segment->length)
        before_tcp(segment, pinfo);

    tcp_segment_view *const outer = current;
    volatile int length = 0;
    current = segment;
    TRY
    {
        length = call_next(tvb, pinfo, tree, data);
    }
    FINALLY
    {
        current = outer;
    }
    ENDTRY;

    if (!segment->used) {
        conversation_t *conversation =
            find_conversation(pinfo->num, &source, &destination, CONVERSATION_TCP, source_port, destination_port, 0);
        if (conversation && stream_store_find(conversation))
            behind_tcp(conversation, segment, pinfo, tree);
    }
    return length;
}

void tcp_watch_install(tcp_watch_before before, tcp_watch_behind behind)
{
    before_tcp = before;
    behind_tcp = behind;
    next_handle = dissector_get_uint_handle(find_dissector_table("ip.proto"), IP_PROTO_TCP);
    if (next_handle)
        dissector_add_uint("ip.proto", IP_PROTO_TCP,
                           create_dissector_handle_with_name_and_description(watch_tcp, -1, "mailxtra.watch",
                                                                             "TCP, watched for mail"));
}
