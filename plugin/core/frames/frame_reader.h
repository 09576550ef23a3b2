/* frame_reader.h
 * The TCP segment in a captured frame: takes off the headers of the link, of tunnels and of IP, and joins IP fragments.
 * For programs and tests that read captures without Wireshark; the plugin has Wireshark's dissectors.
 *
 * Read are
 *   links     Ethernet (II, 802.3 with LLC/SNAP), Linux cooked SLL and SLL2, raw IP, BSD null/loopback, PPP, Cisco HDLC
 *   tags      802.1Q, 802.1ad (QinQ), 802.1ah, MPLS (also Ethernet pseudowires with a control word)
 *   tunnels   PPPoE, GRE (also PPTP and ERSPAN), EtherIP, IP in IP, MPLS in IP, VXLAN, GENEVE
 *   IP        IPv4 with options, IPv6 with extension headers, AH; fragments of both
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef MAILXTRA_FRAME_READER_H
#define MAILXTRA_FRAME_READER_H

#include "slice.h"

/* Link types as in pcap files (LINKTYPE_*, https://www.tcpdump.org/linktypes.html). */
enum {
    FRAME_LINK_NULL = 0,
    FRAME_LINK_ETHERNET = 1,
    FRAME_LINK_PPP = 9,
    FRAME_LINK_RAW_BSD = 12,     /* DLT_RAW as some systems write it */
    FRAME_LINK_RAW_OPENBSD = 14, /* the same on OpenBSD */
    FRAME_LINK_PPP_HDLC = 50,
    FRAME_LINK_PPPOE = 51,
    FRAME_LINK_RAW = 101,
    FRAME_LINK_CISCO_HDLC = 104,
    FRAME_LINK_LOOP = 108,
    FRAME_LINK_LINUX_SLL = 113,
    FRAME_LINK_IPV4 = 228,
    FRAME_LINK_IPV6 = 229,
    FRAME_LINK_LINUX_SLL2 = 276
};

typedef struct frame {
    guint link_type; /* FRAME_LINK_*, or another one, which is not read */
    slice bytes;     /* as captured */
    guint32 length;  /* bytes on the wire; more than bytes.len when the snapshot length cut it */
    guint64 time;    /* of capture, in milliseconds since any moment; always 0: not known */
} frame;

typedef struct frame_address {
    guint8 size;      /* 4: IPv4; 16: IPv6 */
    guint8 bytes[16]; /* in the order of the wire; behind `size` 0 */
} frame_address;

/* Flags as on the wire, RFC 9293 3.1. */
#define FRAME_TCP_FIN 0x01
#define FRAME_TCP_SYN 0x02
#define FRAME_TCP_RST 0x04
#define FRAME_TCP_ACK 0x10

/* The innermost IP header and the TCP header behind it. */
typedef struct frame_segment {
    frame_address source, destination;
    guint16 source_port, destination_port;
    guint32 seq, ack;
    guint8 flags;   /* FRAME_TCP_*, and bits that are not looked at */
    slice payload;  /* the bytes that were captured; valid until the reader's next call, and as long as the frame */
    guint32 length; /* payload bytes on the wire; may be more than payload.len */
    guint64 time;   /* the frame's */
} frame_segment;

typedef enum frame_result {
    FRAME_SEGMENT,  /* *segment_r is filled */
    FRAME_FRAGMENT, /* a fragment of a datagram of which others are missing so far */
    FRAME_OTHER,    /* read as far as needed: not TCP (ARP, UDP, ICMP, ...) */
    FRAME_UNREAD    /* may hold a segment: a link, tunnel or encryption that is not read; a malformed or cut header */
} frame_result;

typedef struct frame_reader frame_reader;

frame_reader *frame_reader_new(void);
void frame_reader_free(frame_reader *reader);

/* The next frame in the order of capture. Constant in time but for fragments, which are copied once or twice. Bounded
 * in memory (LIMIT_DATAGRAMS). */
frame_result frame_reader_read(frame_reader *reader, const frame *next, frame_segment *segment_r);

/* "10.0.0.1"; "2001:db8::1" as RFC 5952 writes it. g_free() it. */
char *frame_address_text(const frame_address *address);

#endif
