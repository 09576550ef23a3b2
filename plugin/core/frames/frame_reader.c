/* frame_reader.c
 * A frame is a chain of headers. Each function takes one header off and says what comes behind it, so the depth of
 * tunnels costs no stack, and LIMIT_FRAME_HEADERS bounds it.
 *
 * Written here and not taken from libtrace3 (Debian: libtrace3-dev 3.0.22): that library finds the transport header
 * behind link, VLAN, MPLS and PPPoE headers and has helpers for one GRE or VXLAN header each, but it does not walk
 * tunnels, joins no fragments, works on packets that its own input has read (libtrace_packet_t) and not on those of
 * wiretap, and is not packaged for Windows. What it would spare is a third of this file, at the price of a dependency
 * of the core.
 *
 * Knowingly not done: the final destination of a routing header or source route (Wireshark takes it for the address of
 * the conversation), IEEE 802.11, encryption without keys (ESP, MACsec), IPComp, L2TP, GTP, Teredo. The checksums are
 * not looked at: a capture on the sending host has none.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "frame_reader.h"

#include "byte_order.h"
#include "fragment_store.h"
#include "limits.h"

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#endif

struct frame_reader {
    fragment_store *fragments;
    GPtrArray *joined; /* of GByteArray*: datagrams that the last frame completed; its segment points into one */
};

/* What comes next. */
typedef enum layer {
    LAYER_ETHERNET,
    LAYER_ETHERTYPE, /* of walk.type */
    LAYER_LLC,
    LAYER_PPP,
    LAYER_PPP_OR_HDLC, /* PPP with or without its address and control bytes */
    LAYER_PPPOE,
    LAYER_MPLS,
    LAYER_ERSPAN_2,
    LAYER_ERSPAN_3,
    LAYER_IP, /* of either version */
    LAYER_IPV4,
    LAYER_IPV6,
    LAYER_PROTOCOL, /* of IP: walk.type */
    LAYER_TCP,
    /* the end */
    LAYER_SEGMENT,
    LAYER_FRAGMENT,
    LAYER_OTHER,
    LAYER_UNREAD
} layer;

typedef struct walk {
    frame_reader *reader;
    slice bytes;    /* from the next header on */
    guint32 length; /* of them on the wire; at least bytes.len */
    guint16 type;   /* of the next header, in the numbers of the one before it */
    guint64 time;
    frame_segment *segment;
} walk;

enum {
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_ARP = 0x0806,
    ETHERTYPE_TRANSPARENT = 0x6558, /* Ethernet, RFC 1701 */
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_PPP = 0x880b, /* RFC 2637 4.1 */
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_MULTICAST = 0x8848,
    ETHERTYPE_PPPOE_DISCOVERY = 0x8863,
    ETHERTYPE_PPPOE = 0x8864,
    ETHERTYPE_QINQ = 0x88a8,
    ETHERTYPE_ERSPAN = 0x88be, /* types I and II, draft-foschiano-erspan */
    ETHERTYPE_LLDP = 0x88cc,
    ETHERTYPE_MAC_IN_MAC = 0x88e7, /* 802.1ah */
    ETHERTYPE_QINQ_OLD = 0x9100,
    ETHERTYPE_ERSPAN_3 = 0x22eb
};

enum {
    PROTOCOL_HOP_BY_HOP = 0,
    PROTOCOL_ICMP = 1,
    PROTOCOL_IGMP = 2,
    PROTOCOL_IPV4 = 4,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_IPV6 = 41,
    PROTOCOL_ROUTING = 43,
    PROTOCOL_FRAGMENT = 44,
    PROTOCOL_GRE = 47,
    PROTOCOL_AH = 51,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_NO_NEXT = 59,
    PROTOCOL_DESTINATION = 60,
    PROTOCOL_OSPF = 89,
    PROTOCOL_ETHERIP = 97,
    PROTOCOL_PIM = 103,
    PROTOCOL_VRRP = 112,
    PROTOCOL_SCTP = 132,
    PROTOCOL_MOBILITY = 135,
    PROTOCOL_MPLS = 137,
    PROTOCOL_HIP = 139,
    PROTOCOL_SHIM6 = 140
};

#define PORT_VXLAN 4789
#define PORT_GENEVE 6081

/* ---- taking bytes ---- */

/* Takes `count` bytes off. FALSE: they were not captured. */
static gboolean skip(walk *w, gsize count)
{
    if (w->bytes.len < count)
        return FALSE;
    w->bytes = slice_from(w->bytes, count);
    w->length -= (guint32)count;
    return TRUE;
}

static layer skip_to(walk *w, gsize count, layer next)
{
    return skip(w, count) ? next : LAYER_UNREAD;
}

/* What a header says about the length of what it carries: behind that are padding and trailers. */
static void trim(walk *w, guint32 length)
{
    w->length = MIN(w->length, length);
    w->bytes = slice_head(w->bytes, w->length);
}

static guint8 byte_at(const walk *w, gsize at)
{
    return at < w->bytes.len ? w->bytes.data[at] : 0;
}

static guint16 number_at(const walk *w, gsize at)
{
    return slice_be16(w->bytes, at);
}

/* Skips a header whose last two bytes say what comes next. */
static layer skip_to_type(walk *w, gsize count, layer next)
{
    w->type = number_at(w, count - 2);
    return skip_to(w, count, next);
}

/* ---- links ---- */

/* The type behind two addresses, a tag or a PPP header; up to 1500 it is a length, IEEE 802.3 3.2.6. */
static layer type_or_length(walk *w, gsize count)
{
    guint16 type = number_at(w, count - 2);
    if (type > 1500)
        return skip_to_type(w, count, LAYER_ETHERTYPE);
    if (!skip(w, count))
        return LAYER_UNREAD;
    trim(w, type);
    return LAYER_LLC;
}

/* IEEE 802.2 with SNAP, RFC 1042. Other LLC carries no IP. */
static layer read_llc(walk *w)
{
    static const guint8 snap[] = {0xaa, 0xaa, 0x03};
    if (!slice_has(w->bytes, 0, snap, sizeof snap))
        return w->bytes.len < sizeof snap ? LAYER_UNREAD : LAYER_OTHER;
    return skip_to_type(w, 8, LAYER_ETHERTYPE);
}

/* The address family of the system that captured, in its own byte order: AF_INET is 2 everywhere, AF_INET6 24, 28 or 30
 * on the BSDs, 10 on Linux, 23 on Windows. */
static layer read_null(walk *w)
{
    guint32 family = slice_be32(w->bytes, 0);
    if (w->bytes.len < 4)
        return LAYER_UNREAD;
    if (family > 0xffff)
        family = GUINT32_SWAP_LE_BE(family);
    switch (family) {
    case 2:
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
        return skip_to(w, 4, LAYER_IP);
    default:
        return LAYER_UNREAD;
    }
}

/* https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html */
static layer read_sll2(walk *w)
{
    w->type = number_at(w, 0);
    return skip_to(w, 20, LAYER_ETHERTYPE);
}

static layer first_layer(walk *w, guint link_type)
{
    switch (link_type) {
    case FRAME_LINK_ETHERNET:
        return LAYER_ETHERNET;
    case FRAME_LINK_NULL:
    case FRAME_LINK_LOOP:
        return read_null(w);
    case FRAME_LINK_PPP:
    case FRAME_LINK_PPP_HDLC:
    case FRAME_LINK_CISCO_HDLC:
        return LAYER_PPP_OR_HDLC;
    case FRAME_LINK_PPPOE:
        return LAYER_PPPOE;
    case FRAME_LINK_RAW:
    case FRAME_LINK_RAW_BSD:
    case FRAME_LINK_RAW_OPENBSD:
    case FRAME_LINK_IPV4:
    case FRAME_LINK_IPV6:
        return LAYER_IP;
    case FRAME_LINK_LINUX_SLL:
        return skip_to_type(w, 16, LAYER_ETHERTYPE);
    case FRAME_LINK_LINUX_SLL2:
        return read_sll2(w);
    default:
        return LAYER_UNREAD;
    }
}

static layer read_ethertype(walk *w)
{
    switch (w->type) {
    case ETHERTYPE_IPV4:
    case ETHERTYPE_IPV6:
        return LAYER_IP;
    case ETHERTYPE_VLAN:
    case ETHERTYPE_QINQ:
    case ETHERTYPE_QINQ_OLD:
        return type_or_length(w, 4);
    case ETHERTYPE_MAC_IN_MAC:
        return skip_to(w, 4, LAYER_ETHERNET);
    case ETHERTYPE_TRANSPARENT:
        return LAYER_ETHERNET;
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_MULTICAST:
        return LAYER_MPLS;
    case ETHERTYPE_PPPOE:
        return LAYER_PPPOE;
    case ETHERTYPE_PPP:
        return LAYER_PPP;
    case ETHERTYPE_ERSPAN:
        return LAYER_ERSPAN_2;
    case ETHERTYPE_ERSPAN_3:
        return LAYER_ERSPAN_3;
    case ETHERTYPE_ARP:
    case ETHERTYPE_LLDP:
    case ETHERTYPE_PPPOE_DISCOVERY:
        return LAYER_OTHER;
    default:
        return LAYER_UNREAD;
    }
}

/* RFC 3032 2.1: labels of four bytes up to the one with the S bit. What follows says its own kind: IP its version, an
 * Ethernet pseudowire with a control word 0 (RFC 4385 3). Without a control word nothing in the packet tells. */
static layer read_mpls(walk *w)
{
    gboolean is_last = byte_at(w, 2) & 1;
    if (!skip(w, 4))
        return LAYER_UNREAD;
    if (!is_last)
        return LAYER_MPLS;
    switch (byte_at(w, 0) >> 4) {
    case 4:
    case 6:
        return LAYER_IP;
    case 0:
        return skip_to(w, 4, LAYER_ETHERNET);
    default:
        return LAYER_UNREAD;
    }
}

/* RFC 2516 4 */
static layer read_pppoe(walk *w)
{
    guint16 length = number_at(w, 4);
    if (byte_at(w, 1) != 0 && w->bytes.len >= 2) /* not of a session */
        return LAYER_OTHER;
    if (!skip(w, 6))
        return LAYER_UNREAD;
    trim(w, length);
    return LAYER_PPP;
}

/* RFC 1661 2: the protocol in two bytes, or in one, which is odd. */
static layer read_ppp(walk *w)
{
    static const guint8 address_and_control[] = {0xff, 0x03}; /* RFC 1662 3.1 */
    if (slice_has(w->bytes, 0, address_and_control, sizeof address_and_control))
        skip(w, sizeof address_and_control);
    gboolean is_short = byte_at(w, 0) & 1;
    guint16 protocol = is_short ? byte_at(w, 0) : number_at(w, 0);
    if (!skip(w, is_short ? 1 : 2))
        return LAYER_UNREAD;
    switch (protocol) {
    case 0x0021:
    case 0x0057:
        return LAYER_IP;
    case 0x0281:
    case 0x0283:
        return LAYER_MPLS;
    default: /* control protocols, from 0x8000 on, say nothing of mail */
        return protocol >= 0x8000 ? LAYER_OTHER : LAYER_UNREAD;
    }
}

/* Cisco HDLC: 0x0f or 0x8f (multicast), 0, an Ethernet type. */
static layer read_ppp_or_hdlc(walk *w)
{
    if ((byte_at(w, 0) == 0x0f || byte_at(w, 0) == 0x8f) && byte_at(w, 1) == 0)
        return skip_to_type(w, 4, LAYER_ETHERTYPE);
    return LAYER_PPP;
}

/* ---- tunnels ---- */

/* RFC 2784 2, RFC 2890 2, RFC 2637 4.1 (version 1, PPTP) */
static layer read_gre(walk *w)
{
    enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000, ACKNOWLEDGMENT = 0x0080, VERSION = 7 };
    guint16 flags = number_at(w, 0);
    gboolean is_pptp = (flags & VERSION) == 1;
    gsize header = 4;
    if ((flags & VERSION) > 1 || flags & ROUTING) /* RFC 1701's source routes: nobody sends them */
        return LAYER_UNREAD;
    w->type = number_at(w, 2);
    guint16 length = number_at(w, 4);
    header += flags & CHECKSUM ? 4 : 0;
    header += flags & KEY ? 4 : 0;
    header += flags & SEQUENCE ? 4 : 0;
    header += is_pptp && flags & ACKNOWLEDGMENT ? 4 : 0;
    if (!skip(w, header))
        return LAYER_UNREAD;
    if (is_pptp && flags & KEY)
        trim(w, length);
    if (is_pptp && w->length == 0) /* an acknowledgement alone */
        return LAYER_OTHER;
    if (w->type == ETHERTYPE_ERSPAN && !(flags & SEQUENCE)) /* type I has no header of its own */
        return LAYER_ETHERNET;
    return LAYER_ETHERTYPE;
}

/* Twelve bytes, and eight more if the last bit says so. */
static layer read_erspan_3(walk *w)
{
    return skip_to(w, byte_at(w, 11) & 1 ? 20 : 12, LAYER_ETHERNET);
}

/* RFC 8926 3.4 */
static layer read_geneve(walk *w)
{
    guint8 first = byte_at(w, 0);
    if (first >> 6 != 0)
        return LAYER_OTHER;
    w->type = number_at(w, 2);
    return skip_to(w, 8 + (gsize)(first & 0x3f) * 4, LAYER_ETHERTYPE);
}

/* RFC 7348 5: only with the I flag */
static layer read_vxlan(walk *w)
{
    if (w->bytes.len && !(byte_at(w, 0) & 0x08))
        return LAYER_OTHER;
    return skip_to(w, 8, LAYER_ETHERNET);
}

static layer read_udp(walk *w)
{
    guint16 port = number_at(w, 2), length = number_at(w, 4);
    if (!skip(w, 8))
        return LAYER_UNREAD;
    if (length >= 8)
        trim(w, length - 8U);
    return port == PORT_VXLAN ? read_vxlan(w) : port == PORT_GENEVE ? read_geneve(w) : LAYER_OTHER;
}

/* RFC 3378 3: version 3, the rest is 0 */
static layer read_etherip(walk *w)
{
    return byte_at(w, 0) >> 4 == 3 ? skip_to(w, 2, LAYER_ETHERNET) : LAYER_UNREAD;
}

/* ---- IP ---- */

static frame_address address_at(const walk *w, gsize at, guint8 size)
{
    frame_address address = {.size = size};
    memcpy(address.bytes, w->bytes.data + at, size);
    return address;
}

/* The segment's ends are those of the innermost IP header. */
static fragment new_fragment(const walk *w)
{
    return (fragment){.source = w->segment->source, .destination = w->segment->destination, .time = w->time};
}

static layer add_fragment(walk *w, fragment *added)
{
    guint8 next;
    added->bytes = w->bytes;
    if (w->bytes.len < w->length)
        return LAYER_UNREAD;
    GByteArray *whole = fragment_store_add(w->reader->fragments, added, &next);
    if (!whole)
        return LAYER_FRAGMENT;
    g_ptr_array_add(w->reader->joined, whole);
    w->bytes = (slice){whole->data, whole->len};
    w->length = whole->len;
    w->type = next;
    return LAYER_PROTOCOL;
}

/* RFC 791 3.1. A total length of 0 is that of a packet which the network card would have cut (segmentation offload). */
static layer read_ipv4(walk *w)
{
    enum { LEAST = 20, MORE_FRAGMENTS = 0x2000, OFFSET = 0x1fff };
    guint8 header = (byte_at(w, 0) & 0x0f) * 4;
    if (w->bytes.len < LEAST || header < LEAST)
        return LAYER_UNREAD;
    guint16 total = number_at(w, 2), place = number_at(w, 6);
    if (total && total < header)
        return LAYER_UNREAD;
    if (total)
        trim(w, total);
    w->type = byte_at(w, 9);
    w->segment->source = address_at(w, 12, 4);
    w->segment->destination = address_at(w, 16, 4);
    fragment part = new_fragment(w);
    part.id = number_at(w, 4);
    part.protocol = part.next = (guint8)w->type;
    part.offset = (place & OFFSET) * 8U;
    part.is_last = !(place & MORE_FRAGMENTS);
    if (!skip(w, header))
        return LAYER_UNREAD;
    return part.offset == 0 && part.is_last ? LAYER_PROTOCOL : add_fragment(w, &part);
}

/* RFC 8200 3. A payload length of 0 stands in front of a jumbo payload option (RFC 2675), or is that of segmentation
 * offload: the payload is as long as the frame. */
static layer read_ipv6(walk *w)
{
    enum { HEADER = 40 };
    if (w->bytes.len < HEADER)
        return LAYER_UNREAD;
    guint16 length = number_at(w, 4);
    if (length)
        trim(w, (guint32)HEADER + length);
    w->type = byte_at(w, 6);
    w->segment->source = address_at(w, 8, 16);
    w->segment->destination = address_at(w, 24, 16);
    return skip_to(w, HEADER, LAYER_PROTOCOL);
}

static layer read_ip(walk *w)
{
    switch (byte_at(w, 0) >> 4) {
    case 4:
        return LAYER_IPV4;
    case 6:
        return LAYER_IPV6;
    default:
        return LAYER_UNREAD;
    }
}

/* An extension header (RFC 8200 4.2), or that of AH, which counts its length otherwise (RFC 4302 2.2). */
static layer read_extension(walk *w, gsize unit, gsize more)
{
    gsize header = (byte_at(w, 1) + more) * unit;
    w->type = byte_at(w, 0);
    return skip_to(w, header, LAYER_PROTOCOL);
}

/* RFC 8200 4.5; one that is alone (RFC 6946) is no fragment. */
static layer read_fragment_header(walk *w)
{
    fragment part = new_fragment(w);
    part.next = byte_at(w, 0);
    part.offset = number_at(w, 2) & 0xfff8U;
    part.is_last = !(number_at(w, 2) & 1);
    part.id = slice_be32(w->bytes, 4);
    w->type = part.next;
    if (!skip(w, 8))
        return LAYER_UNREAD;
    return part.offset == 0 && part.is_last ? LAYER_PROTOCOL : add_fragment(w, &part);
}

static layer read_protocol(walk *w)
{
    switch (w->type) {
    case PROTOCOL_TCP:
        return LAYER_TCP;
    case PROTOCOL_UDP:
        return read_udp(w);
    case PROTOCOL_IPV4:
        return LAYER_IPV4;
    case PROTOCOL_IPV6:
        return LAYER_IPV6;
    case PROTOCOL_GRE:
        return read_gre(w);
    case PROTOCOL_ETHERIP:
        return read_etherip(w);
    case PROTOCOL_MPLS:
        return LAYER_MPLS;
    case PROTOCOL_HOP_BY_HOP:
    case PROTOCOL_ROUTING:
    case PROTOCOL_DESTINATION:
    case PROTOCOL_MOBILITY:
    case PROTOCOL_HIP:
    case PROTOCOL_SHIM6:
        return read_extension(w, 8, 1);
    case PROTOCOL_AH:
        return read_extension(w, 4, 2);
    case PROTOCOL_FRAGMENT:
        return read_fragment_header(w);
    case PROTOCOL_ICMP: /* quotes of segments in its errors are not followed */
    case PROTOCOL_ICMPV6:
    case PROTOCOL_IGMP:
    case PROTOCOL_NO_NEXT:
    case PROTOCOL_OSPF:
    case PROTOCOL_PIM:
    case PROTOCOL_VRRP:
    case PROTOCOL_SCTP:
        return LAYER_OTHER;
    default:
        return LAYER_UNREAD;
    }
}

/* RFC 9293 3.1. Options may be cut by the snapshot length: the payload is there on the wire all the same. */
static layer read_tcp(walk *w)
{
    enum { LEAST = 20 };
    guint32 header = (byte_at(w, 12) >> 4) * 4U;
    if (w->bytes.len < LEAST || header < LEAST || header > w->length)
        return LAYER_UNREAD;
    frame_segment *segment = w->segment;
    segment->source_port = number_at(w, 0);
    segment->destination_port = number_at(w, 2);
    segment->seq = slice_be32(w->bytes, 4);
    segment->ack = slice_be32(w->bytes, 8);
    segment->flags = byte_at(w, 13);
    segment->payload = slice_from(w->bytes, header);
    segment->length = w->length - header;
    segment->time = w->time;
    return LAYER_SEGMENT;
}

/* ---- the chain ---- */

static layer read_header(walk *w, layer next)
{
    switch (next) {
    case LAYER_ETHERNET:
        return type_or_length(w, 14);
    case LAYER_ETHERTYPE:
        return read_ethertype(w);
    case LAYER_LLC:
        return read_llc(w);
    case LAYER_PPP:
        return read_ppp(w);
    case LAYER_PPP_OR_HDLC:
        return read_ppp_or_hdlc(w);
    case LAYER_PPPOE:
        return read_pppoe(w);
    case LAYER_MPLS:
        return read_mpls(w);
    case LAYER_ERSPAN_2:
        return skip_to(w, 8, LAYER_ETHERNET);
    case LAYER_ERSPAN_3:
        return read_erspan_3(w);
    case LAYER_IP:
        return read_ip(w);
    case LAYER_IPV4:
        return read_ipv4(w);
    case LAYER_IPV6:
        return read_ipv6(w);
    case LAYER_PROTOCOL:
        return read_protocol(w);
    case LAYER_TCP:
        return read_tcp(w);
    default:
        return next;
    }
}

frame_result frame_reader_read(frame_reader *reader, const frame *next, frame_segment *segment_r)
{
    walk w = {.reader = reader,
              .bytes = next->bytes,
              .length = MAX(next->length, (guint32)next->bytes.len),
              .time = next->time,
              .segment = segment_r};
    g_ptr_array_set_size(reader->joined, 0);
    *segment_r = (frame_segment){0};
    layer at = first_layer(&w, next->link_type);
    for (guint i = 0; i < LIMIT_FRAME_HEADERS && at < LAYER_SEGMENT; i++)
        at = read_header(&w, at);
    switch (at) {
    case LAYER_SEGMENT:
        return FRAME_SEGMENT;
    case LAYER_FRAGMENT:
        return FRAME_FRAGMENT;
    case LAYER_OTHER:
        return FRAME_OTHER;
    default:
        return FRAME_UNREAD;
    }
}

/* ---- life ---- */

frame_reader *frame_reader_new(void)
{
    frame_reader *reader = g_new0(frame_reader, 1);
    reader->fragments = fragment_store_new();
    reader->joined = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    return reader;
}

void frame_reader_free(frame_reader *reader)
{
    if (!reader)
        return;
    fragment_store_free(reader->fragments);
    g_ptr_array_unref(reader->joined);
    g_free(reader);
}

/* ---- addresses ---- */

char *frame_address_text(const frame_address *address)
{
    char text[INET6_ADDRSTRLEN];
    if (!inet_ntop(address->size == 4 ? AF_INET : AF_INET6, address->bytes, text, sizeof text))
        return g_strdup("?");
    return g_strdup(text);
}
