/* tcp_watch.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The entry for TCP in the ip.proto table is replaced by a handle without a protocol: such a
 * handle adds no layer and cannot be seen in any output. It calls what was there before.
 */
#include "tcp_watch.h"

#include "conversation_table.h"
#include "mailxtra.h"

#include <epan/exceptions.h>
#include <epan/ipproto.h>

#include "stream_assembler.h"

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

static guint16 big_endian_16(const guint8 *bytes)
{
    return (guint16)(bytes[0] << 8 | bytes[1]);
}

static guint32 big_endian_32(const guint8 *bytes)
{
    return (guint32)big_endian_16(bytes) << 16 | big_endian_16(bytes + 2);
}

/* FALSE: no segment that can be followed (cut in the header, quoted in an ICMP error). */
static gboolean view_segment(tcp_segment_view *segment, tvbuff_t *tvb, packet_info *pinfo)
{
    guint captured = tvb_captured_length(tvb);
    if (pinfo->flags.in_error_pkt || captured < TCP_HEADER_BYTES)
        return FALSE;
    const guint8 *bytes = tvb_get_ptr(tvb, 0, (gint)captured);
    guint header = (guint)(bytes[12] >> 4) * 4;
    if (header < TCP_HEADER_BYTES || header > tvb_reported_length(tvb))
        return FALSE;
    *segment = (tcp_segment_view){.frame = pinfo->num,
                                  .tvb = tvb,
                                  .header = (gint)MIN(header, captured),
                                  .seq = big_endian_32(bytes + 4),
                                  .ack = big_endian_32(bytes + 8),
                                  .flags = flags_of(bytes[13]),
                                  .length = tvb_reported_length(tvb) - header};
    segment->payload = (slice){bytes + segment->header, captured - (guint)segment->header};
    pinfo->srcport = big_endian_16(bytes);
    pinfo->destport = big_endian_16(bytes + 2);
    pinfo->ptype = PT_TCP;
    return TRUE;
}

static int call_next(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    /* as if the caller had called TCP itself: each call in between takes one level of can_desegment */
    pinfo->can_desegment = pinfo->saved_can_desegment;
    return call_dissector_only(next_handle, tvb, pinfo, tree, data);
}

static int watch_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    tcp_segment_view segment;
    if (!mailxtra_is_enabled() || !view_segment(&segment, tvb, pinfo))
        return call_next(tvb, pinfo, tree, data);

    const guint32 source_port = pinfo->srcport, destination_port = pinfo->destport;
    address source, destination;
    copy_address_shallow(&source, &pinfo->src);
    copy_address_shallow(&destination, &pinfo->dst);
    if (!conversation_table_look_up(pinfo, &segment) && (segment.length || segment.flags & STREAM_SYN))
        before_tcp(&segment, pinfo);

    tcp_segment_view *const outer = current;
    volatile int length = 0;
    current = &segment;
    TRY
    {
        length = call_next(tvb, pinfo, tree, data);
    }
    FINALLY
    {
        current = outer;
    }
    ENDTRY;

    if (!segment.used &&
        (segment.mail || conversation_table_may_know(&source, source_port, &destination, destination_port))) {
        conversation_t *conversation = segment.conversation;
        if (!conversation)
            conversation = find_conversation(pinfo->num, &source, &destination, CONVERSATION_TCP, source_port,
                                             destination_port, 0);
        if (conversation && conversation_table_may_be_mail(&segment, conversation))
            behind_tcp(conversation, &segment, pinfo, tree);
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
