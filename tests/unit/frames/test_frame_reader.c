/* test_frame_reader.c
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "byte_writer.h"
#include "frame_reader.h"
#include "limits.h"

/* ---- making frames ---- */

static void put_be(GByteArray *out, guint64 value, guint count)
{
    for (guint i = count; i-- > 0;)
        put_le(out, value >> (8 * i), 1);
}

static void put_array(GByteArray *out, GByteArray *more)
{
    put(out, more->data, more->len);
    g_byte_array_unref(more);
}

/* "0800 45": hexadecimal bytes; blanks are passed over. */
static GByteArray *hex(const char *text)
{
    GByteArray *out = g_byte_array_new();
    for (; *text; text++)
        if (*text != ' ') {
            put_le(out, (guint64)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1])), 1);
            text++;
        }
    return out;
}

/* A header in hexadecimal in front of something, which is taken over. */
static GByteArray *behind(const char *header, GByteArray *inner)
{
    GByteArray *out = hex(header);
    put_array(out, inner);
    return out;
}

#define PAYLOAD "220 mx.example ESMTP\r\n"
#define PORTS "9c40 0019"

static GByteArray *tcp_with(const char *options, const char *payload)
{
    GByteArray *out = hex(PORTS "01020304 0a0b0c0d"), *more = hex(options);
    put_be(out, (5 + more->len / 4) << 4, 1);
    put_array(out, hex("18 faf0 0000 0000"));
    put_array(out, more);
    put_text(out, payload);
    return out;
}

static GByteArray *tcp(void)
{
    return tcp_with("", PAYLOAD);
}

#define SOURCE_4 "0a010001"
#define TARGET_4 "0a010002"

/* `place`: flags and fragment offset. */
static GByteArray *ipv4_part(guint8 protocol, guint16 place, const char *options, GByteArray *inner)
{
    GByteArray *more = hex(options), *out = g_byte_array_new();
    guint header = 20 + more->len;
    put_be(out, 0x40 + header / 4, 1);
    put_be(out, 0, 1);
    put_be(out, header + inner->len, 2);
    put_be(out, 0x1234, 2);
    put_be(out, place, 2);
    put_be(out, 64, 1);
    put_be(out, protocol, 1);
    put_array(out, hex("0000" SOURCE_4 TARGET_4));
    put_array(out, more);
    put_array(out, inner);
    return out;
}

static GByteArray *ipv4_of(guint8 protocol, GByteArray *inner)
{
    return ipv4_part(protocol, 0x4000, "", inner);
}

static GByteArray *ipv4(void)
{
    return ipv4_of(6, tcp());
}

#define SOURCE_6 "20010db8000000000000000000000001"
#define TARGET_6 "20010db8000000000000000000000002"

static GByteArray *ipv6_of(guint8 next, GByteArray *inner)
{
    GByteArray *out = hex("60000000");
    put_be(out, inner->len, 2);
    put_be(out, next, 1);
    put_array(out, hex("40" SOURCE_6 TARGET_6));
    put_array(out, inner);
    return out;
}

static GByteArray *ipv6(void)
{
    return ipv6_of(6, tcp());
}

#define MACS "020000000002 020000000001"

static GByteArray *ethernet(void)
{
    return behind(MACS "0800", ipv4());
}

/* ---- what carries a segment ---- */

static GByteArray *make_raw_bsd(void) { return ipv4(); }
static GByteArray *make_ethernet_6(void) { return behind(MACS "86dd", ipv6()); }
static GByteArray *make_padded(void) { GByteArray *f = ethernet(); put_array(f, hex("000000000000000000 deadbeef")); return f; }
static GByteArray *make_snap(void)
{
    GByteArray *inner = behind("aaaa03 000000 0800", ipv4()), *out = hex(MACS);
    put_be(out, inner->len, 2);
    put_array(out, inner);
    put_text(out, "padding");
    return out;
}
static GByteArray *make_vlan(void) { return behind(MACS "8100 0007 0800", ipv4()); }
static GByteArray *make_qinq(void) { return behind(MACS "88a8 0003 8100 0007 0800", ipv4()); }
static GByteArray *make_mac_in_mac(void) { return behind(MACS "88e7 00000005", ethernet()); }
static GByteArray *make_mpls(void) { return behind(MACS "8847 00010040 00011140", ipv4()); }
static GByteArray *make_pseudowire(void) { return behind(MACS "8847 00011140 00000000", ethernet()); }
static GByteArray *make_sll(void) { return behind("0000 0001 0006 0200000000010000 0800", ipv4()); }
static GByteArray *make_sll2(void) { return behind("86dd 0000 00000001 0001 00 06 0200000000010000", ipv6()); }
static GByteArray *make_null_little(void) { return behind("02000000", ipv4()); }
static GByteArray *make_null_big(void) { return behind("0000001e", ipv6()); }
static GByteArray *make_ppp(void) { return behind("ff03 0021", ipv4()); }
static GByteArray *make_ppp_short(void) { return behind("21", ipv4()); }
static GByteArray *make_ppp_6(void) { return behind("0057", ipv6()); }
static GByteArray *make_cisco(void) { return behind("0f00 0800", ipv4()); }
static GByteArray *pppoe(void)
{
    GByteArray *inner = behind("0021", ipv4()), *out = hex("11 00 0001");
    put_be(out, inner->len, 2);
    put_array(out, inner);
    return out;
}
static GByteArray *make_pppoe(void) { GByteArray *f = behind(MACS "8864", pppoe()); put_text(f, "padding"); return f; }
static GByteArray *make_gre(void) { return ipv4_of(47, behind("0000 0800", ipv4())); }
static GByteArray *make_gre_all(void) { return ipv4_of(47, behind("b000 86dd 00000000 00000001 00000002", ipv6())); }
static GByteArray *make_gre_ethernet(void) { return ipv4_of(47, behind("2000 6558 00000005", ethernet())); }
static GByteArray *make_pptp(void)
{
    GByteArray *inner = behind("ff03 0021", ipv4()), *out = hex("3081 880b");
    put_be(out, inner->len, 2);
    put_array(out, hex("0001 00000001 00000001"));
    put_array(out, inner);
    return ipv4_of(47, out);
}
static GByteArray *make_erspan_1(void) { return ipv4_of(47, behind("0000 88be", ethernet())); }
static GByteArray *make_erspan_2(void) { return ipv4_of(47, behind("1000 88be 00000001 1001000000000000", ethernet())); }
static GByteArray *make_erspan_3(void)
{
    return ipv4_of(47, behind("1000 22eb 00000001 200100000000000000000001 0000000000000000", ethernet()));
}
static GByteArray *make_ip_in_ip(void) { return ipv4_of(4, ipv4_of(41, ipv6())); }
static GByteArray *make_4_in_6(void) { return ipv6_of(4, ipv4()); }
static GByteArray *make_etherip(void) { return ipv4_of(97, behind("3000", ethernet())); }
static GByteArray *make_mpls_in_ip(void) { return ipv4_of(137, behind("00011140", ipv4())); }
static GByteArray *udp(const char *port, GByteArray *inner)
{
    GByteArray *out = hex("c350");
    put_array(out, hex(port));
    put_be(out, 8 + inner->len, 2);
    put_be(out, 0, 2);
    put_array(out, inner);
    return ipv4_of(17, out);
}
static GByteArray *make_vxlan(void) { return udp("12b5", behind("0800000000000700", ethernet())); }
static GByteArray *make_geneve(void) { return udp("17c1", behind("0100 6558 00000700 00000000", ethernet())); }
static GByteArray *make_ip_options(void) { return ipv4_part(6, 0, "94040000 01010100", tcp()); }
static GByteArray *make_tcp_options(void) { return ipv4_of(6, tcp_with("0101080a 00000001 00000002", PAYLOAD)); }
static GByteArray *make_extensions(void)
{
    GByteArray *ah = behind("06 04 0000 00000001 00000001 000000000000000000000000", tcp());
    GByteArray *atomic = behind("33 00 0000 00000007", ah);
    GByteArray *destination = behind("2c 01 00000000000000000000000000 00", atomic);
    GByteArray *routing = behind("3c 00 0000 00000000", destination);
    return ipv6_of(0, behind("2b 00 0502 0000 0100", routing));
}
static GByteArray *make_offloaded(void)
{
    GByteArray *f = ipv4();
    f->data[2] = f->data[3] = 0;
    return f;
}
static GByteArray *make_offloaded_6(void)
{
    GByteArray *f = ipv6();
    f->data[4] = f->data[5] = 0;
    return f;
}

typedef struct carrier {
    const char *name;
    guint link_type;
    GByteArray *(*make)(void);
} carrier;

static const carrier carriers[] = {
    {"ethernet", FRAME_LINK_ETHERNET, ethernet},
    {"ethernet with IPv6", FRAME_LINK_ETHERNET, make_ethernet_6},
    {"padding", FRAME_LINK_ETHERNET, make_padded},
    {"LLC and SNAP", FRAME_LINK_ETHERNET, make_snap},
    {"VLAN", FRAME_LINK_ETHERNET, make_vlan},
    {"QinQ", FRAME_LINK_ETHERNET, make_qinq},
    {"MAC in MAC", FRAME_LINK_ETHERNET, make_mac_in_mac},
    {"MPLS", FRAME_LINK_ETHERNET, make_mpls},
    {"pseudowire", FRAME_LINK_ETHERNET, make_pseudowire},
    {"PPPoE", FRAME_LINK_ETHERNET, make_pppoe},
    {"PPPoE alone", FRAME_LINK_PPPOE, pppoe},
    {"SLL", FRAME_LINK_LINUX_SLL, make_sll},
    {"SLL2", FRAME_LINK_LINUX_SLL2, make_sll2},
    {"null, little", FRAME_LINK_NULL, make_null_little},
    {"null, big", FRAME_LINK_NULL, make_null_big},
    {"loop", FRAME_LINK_LOOP, make_null_big},
    {"PPP", FRAME_LINK_PPP, make_ppp},
    {"PPP, short protocol", FRAME_LINK_PPP, make_ppp_short},
    {"PPP with IPv6", FRAME_LINK_PPP_HDLC, make_ppp_6},
    {"Cisco HDLC", FRAME_LINK_CISCO_HDLC, make_cisco},
    {"raw", FRAME_LINK_RAW, ipv4},
    {"raw with IPv6", FRAME_LINK_RAW, ipv6},
    {"raw of BSD", FRAME_LINK_RAW_BSD, make_raw_bsd},
    {"raw of OpenBSD", FRAME_LINK_RAW_OPENBSD, make_raw_bsd},
    {"IPv4", FRAME_LINK_IPV4, ipv4},
    {"IPv6", FRAME_LINK_IPV6, ipv6},
    {"GRE", FRAME_LINK_RAW, make_gre},
    {"GRE with everything", FRAME_LINK_RAW, make_gre_all},
    {"GRE with Ethernet", FRAME_LINK_RAW, make_gre_ethernet},
    {"PPTP", FRAME_LINK_RAW, make_pptp},
    {"ERSPAN I", FRAME_LINK_RAW, make_erspan_1},
    {"ERSPAN II", FRAME_LINK_RAW, make_erspan_2},
    {"ERSPAN III", FRAME_LINK_RAW, make_erspan_3},
    {"6 in 4 in 4", FRAME_LINK_RAW, make_ip_in_ip},
    {"4 in 6", FRAME_LINK_RAW, make_4_in_6},
    {"EtherIP", FRAME_LINK_RAW, make_etherip},
    {"MPLS in IP", FRAME_LINK_RAW, make_mpls_in_ip},
    {"VXLAN", FRAME_LINK_RAW, make_vxlan},
    {"GENEVE", FRAME_LINK_RAW, make_geneve},
    {"options of IP", FRAME_LINK_RAW, make_ip_options},
    {"options of TCP", FRAME_LINK_RAW, make_tcp_options},
    {"extension headers", FRAME_LINK_RAW, make_extensions},
    {"no total length", FRAME_LINK_RAW, make_offloaded},
    {"no payload length", FRAME_LINK_RAW, make_offloaded_6},
};

/* A copy of the bytes in a block of just their size, so that the sanitizers see what reads behind them. */
static frame_result read_alone(frame_reader *reader, guint link_type, slice bytes, guint32 length, frame_segment *segment_r,
                               guint8 **copy_r)
{
    *copy_r = g_malloc(MAX(bytes.len, 1));
    if (bytes.len)
        memcpy(*copy_r, bytes.data, bytes.len);
    const frame one = {link_type, {*copy_r, bytes.len}, length, 7};
    return frame_reader_read(reader, &one, segment_r);
}

static void check_segment(const frame_segment *segment, const char *payload, guint32 length)
{
    g_assert_cmpuint(segment->source_port, ==, 40000);
    g_assert_cmpuint(segment->destination_port, ==, 25);
    g_assert_cmphex(segment->seq, ==, 0x01020304);
    g_assert_cmphex(segment->ack, ==, 0x0a0b0c0d);
    g_assert_cmphex(segment->flags, ==, 0x18);
    g_assert_cmpuint(segment->time, ==, 7);
    g_assert_cmpmem(segment->payload.data, segment->payload.len, payload, strlen(payload));
    g_assert_cmpuint(segment->length, ==, length);
    char *source = frame_address_text(&segment->source), *destination = frame_address_text(&segment->destination);
    gboolean is_4 = segment->source.size == 4;
    g_assert_cmpstr(source, ==, is_4 ? "10.1.0.1" : "2001:db8::1");
    g_assert_cmpstr(destination, ==, is_4 ? "10.1.0.2" : "2001:db8::2");
    g_free(source);
    g_free(destination);
}

static void test_carriers(void)
{
    frame_reader *reader = frame_reader_new();
    for (gsize i = 0; i < G_N_ELEMENTS(carriers); i++) {
        GByteArray *bytes = carriers[i].make();
        frame_segment segment;
        guint8 *copy;
        g_test_message("%s", carriers[i].name);
        g_assert_cmpint(read_alone(reader, carriers[i].link_type, written(bytes), bytes->len, &segment, &copy), ==,
                        FRAME_SEGMENT);
        check_segment(&segment, PAYLOAD, strlen(PAYLOAD));
        g_free(copy);
        g_byte_array_unref(bytes);
    }
    frame_reader_free(reader);
}

/* Cut by the snapshot length anywhere: no segment while its header is not there, then one whose payload is cut and whose
 * length is that on the wire. */
static void test_every_prefix(void)
{
    frame_reader *reader = frame_reader_new();
    for (gsize i = 0; i < G_N_ELEMENTS(carriers); i++) {
        GByteArray *bytes = carriers[i].make();
        gboolean was_segment = FALSE;
        for (guint cut = 0; cut < bytes->len; cut++) {
            frame_segment segment;
            guint8 *copy;
            frame_result result =
                read_alone(reader, carriers[i].link_type, slice_head(written(bytes), cut), bytes->len, &segment, &copy);
            g_assert_true(result == FRAME_SEGMENT || (result == FRAME_UNREAD && !was_segment));
            was_segment = result == FRAME_SEGMENT;
            if (was_segment) {
                char *rest = g_strndup(PAYLOAD, segment.payload.len);
                g_assert_true(g_str_has_prefix(PAYLOAD, rest));
                check_segment(&segment, rest, strlen(PAYLOAD));
                g_free(rest);
            }
            g_free(copy);
        }
        g_assert_true(was_segment);
        g_byte_array_unref(bytes);
    }
    frame_reader_free(reader);
}

/* A frame that is that short: lengths in headers say more than there is. */
static void test_every_short_frame(void)
{
    frame_reader *reader = frame_reader_new();
    for (gsize i = 0; i < G_N_ELEMENTS(carriers); i++) {
        GByteArray *bytes = carriers[i].make();
        for (guint cut = 0; cut < bytes->len; cut++) {
            frame_segment segment;
            guint8 *copy;
            if (read_alone(reader, carriers[i].link_type, slice_head(written(bytes), cut), cut, &segment, &copy) ==
                FRAME_SEGMENT)
                g_assert_cmpuint(segment.payload.len, ==, segment.length);
            g_free(copy);
        }
        g_byte_array_unref(bytes);
    }
    frame_reader_free(reader);
}

/* ---- what carries none ---- */

static GByteArray *make_arp(void) { return behind(MACS "0806", hex("0001 0800 0604 0001")); }
static GByteArray *make_udp(void) { return udp("0035", hex("00000000")); }
static GByteArray *make_icmp(void) { return ipv4_of(1, behind("03040000 000004b0", ipv4())); }
static GByteArray *make_spanning_tree(void) { return behind(MACS "0026 424203", hex("0000000000")); }
static GByteArray *make_esp(void) { return ipv4_of(50, hex("00000001 00000001 0000")); }
static GByteArray *make_unknown_type(void) { return behind(MACS "9999", ipv4()); }
static GByteArray *make_version_5(void) { return behind("50", ipv4()); }
static GByteArray *make_short_header(void) { GByteArray *f = ipv4(); f->data[0] = 0x44; return f; }
static GByteArray *make_short_total(void) { GByteArray *f = ipv4(); f->data[3] = 19; return f; }
static GByteArray *make_short_tcp(void) { GByteArray *f = ipv4(); f->data[20 + 12] = 0x40; return f; }
static GByteArray *make_long_tcp(void) { GByteArray *f = ipv4(); f->data[20 + 12] = 0xf0; return f; }
static GByteArray *make_discovery(void) { return behind("11 09 0000 0000", hex("")); }
static GByteArray *make_source_route(void) { return ipv4_of(47, behind("4000 0800 00000000", ipv4())); }
static GByteArray *make_vxlan_without_flag(void) { return udp("12b5", behind("0000000000000700", ethernet())); }
static GByteArray *make_lcp(void) { return behind("c021", hex("01010004")); }

static const struct {
    const char *name;
    guint link_type;
    GByteArray *(*make)(void);
    frame_result expected;
} others[] = {
    {"ARP", FRAME_LINK_ETHERNET, make_arp, FRAME_OTHER},
    {"DNS", FRAME_LINK_RAW, make_udp, FRAME_OTHER},
    {"ICMP that quotes a segment", FRAME_LINK_RAW, make_icmp, FRAME_OTHER},
    {"spanning tree", FRAME_LINK_ETHERNET, make_spanning_tree, FRAME_OTHER},
    {"PPPoE discovery", FRAME_LINK_PPPOE, make_discovery, FRAME_OTHER},
    {"LCP", FRAME_LINK_PPP, make_lcp, FRAME_OTHER},
    {"VXLAN without its flag", FRAME_LINK_RAW, make_vxlan_without_flag, FRAME_OTHER},
    {"ESP", FRAME_LINK_RAW, make_esp, FRAME_UNREAD},
    {"unknown type", FRAME_LINK_ETHERNET, make_unknown_type, FRAME_UNREAD},
    {"unknown link", 147, ethernet, FRAME_UNREAD},
    {"unknown family", FRAME_LINK_NULL, ethernet, FRAME_UNREAD},
    {"IP version 5", FRAME_LINK_RAW, make_version_5, FRAME_UNREAD},
    {"IP header below 20", FRAME_LINK_RAW, make_short_header, FRAME_UNREAD},
    {"total length below header", FRAME_LINK_RAW, make_short_total, FRAME_UNREAD},
    {"TCP header below 20", FRAME_LINK_RAW, make_short_tcp, FRAME_UNREAD},
    {"TCP header beyond the packet", FRAME_LINK_RAW, make_long_tcp, FRAME_UNREAD},
    {"GRE with a source route", FRAME_LINK_RAW, make_source_route, FRAME_UNREAD},
};

static void test_others(void)
{
    frame_reader *reader = frame_reader_new();
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        GByteArray *bytes = others[i].make();
        frame_segment segment;
        guint8 *copy;
        g_test_message("%s", others[i].name);
        g_assert_cmpint(read_alone(reader, others[i].link_type, written(bytes), bytes->len, &segment, &copy), ==,
                        others[i].expected);
        g_free(copy);
        g_byte_array_unref(bytes);
    }
    frame_reader_free(reader);
}

/* Tunnels in tunnels: at the bound, and over it. Each IP header takes two steps, itself and what is in it. */
static void test_depth(void)
{
    frame_reader *reader = frame_reader_new();
    GByteArray *bytes = ipv4();
    guint headers = 4; /* IP, IPv4, protocol, TCP */
    for (frame_result result = FRAME_SEGMENT; result == FRAME_SEGMENT;) {
        frame_segment segment;
        const frame one = {FRAME_LINK_RAW, written(bytes), bytes->len, 0};
        result = frame_reader_read(reader, &one, &segment);
        g_assert_cmpint(result, ==, headers <= LIMIT_FRAME_HEADERS ? FRAME_SEGMENT : FRAME_UNREAD);
        bytes = ipv4_of(4, bytes);
        headers += 2;
    }
    g_byte_array_unref(bytes);
    frame_reader_free(reader);
}

/* ---- fragments ---- */

/* A segment of 20 + 40 bytes in datagrams of pieces. `v6`: with a fragment header. */
static GByteArray *whole_segment(void)
{
    return tcp_with("", "0123456789012345678901234567890123456789");
}

static GByteArray *fragment_of(gboolean v6, guint from, guint to, gboolean more)
{
    GByteArray *whole = whole_segment(), *inner = g_byte_array_new();
    put(inner, whole->data + from, to - from);
    g_byte_array_unref(whole);
    if (!v6)
        return ipv4_part(6, (guint16)((more ? 0x2000 : 0) | from / 8), "", inner);
    GByteArray *out = hex("06 00");
    put_be(out, from | more, 2);
    put_be(out, 0x99, 4);
    put_array(out, inner);
    return ipv6_of(44, out);
}

typedef struct fragment_row {
    guint from, to;
    gboolean more;
    guint64 time;
} fragment_row;

static const struct {
    const char *name;
    gboolean joins;
    fragment_row rows[8]; /* to 0: the end */
} fragment_cases[] = {
    {"in order", TRUE, {{0, 24, TRUE, 0}, {24, 48, TRUE, 0}, {48, 60, FALSE, 0}}},
    {"backwards", TRUE, {{48, 60, FALSE, 0}, {24, 48, TRUE, 0}, {0, 24, TRUE, 0}}},
    {"twice", TRUE, {{0, 24, TRUE, 0}, {0, 24, TRUE, 0}, {48, 60, FALSE, 0}, {48, 60, FALSE, 0}, {24, 48, TRUE, 0}}},
    {"overlapping", TRUE, {{0, 32, TRUE, 0}, {48, 60, FALSE, 0}, {8, 56, TRUE, 0}}},
    {"covering", TRUE, {{8, 16, TRUE, 0}, {48, 60, FALSE, 0}, {0, 56, TRUE, 0}}},
    {"a gap", FALSE, {{0, 24, TRUE, 0}, {48, 60, FALSE, 0}}},
    {"without end", FALSE, {{0, 24, TRUE, 0}, {24, 56, TRUE, 0}}},
    {"another end", TRUE, {{0, 24, TRUE, 0}, {48, 60, FALSE, 0}, {24, 44, FALSE, 0}, {24, 48, TRUE, 0}}},
    {"an end in front of others", FALSE, {{32, 56, TRUE, 0}, {8, 20, FALSE, 0}, {0, 8, TRUE, 0}}},
    {"no multiple of 8", FALSE, {{0, 20, TRUE, 0}, {24, 60, FALSE, 0}}},
    {"too late", FALSE, {{0, 24, TRUE, 0}, {24, 60, FALSE, LIMIT_DATAGRAM_MS + 1}}},
    {"just in time", TRUE, {{0, 24, TRUE, 0}, {24, 60, FALSE, LIMIT_DATAGRAM_MS}}},
};

static void join_rows(const fragment_row *rows, gboolean joins, gboolean v6)
{
    frame_reader *reader = frame_reader_new();
    frame_segment segment;
    frame_result result = FRAME_FRAGMENT;
    for (; rows->to; rows++) {
        GByteArray *bytes = fragment_of(v6, rows->from, rows->to, rows->more);
        const frame one = {FRAME_LINK_RAW, written(bytes), bytes->len, rows->time};
        g_assert_cmpint(result, ==, FRAME_FRAGMENT);
        result = frame_reader_read(reader, &one, &segment);
        g_byte_array_unref(bytes);
    }
    g_assert_cmpint(result, ==, joins ? FRAME_SEGMENT : FRAME_FRAGMENT);
    if (joins) {
        segment.time = 7;
        check_segment(&segment, "0123456789012345678901234567890123456789", 40);
    }
    frame_reader_free(reader);
}

static void test_fragments(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(fragment_cases); i++) {
        g_test_message("%s", fragment_cases[i].name);
        join_rows(fragment_cases[i].rows, fragment_cases[i].joins, FALSE);
        join_rows(fragment_cases[i].rows, fragment_cases[i].joins, TRUE);
    }
}

/* Of two that differ where they overlap, the first one counts. */
static void test_first_fragment_counts(void)
{
    frame_reader *reader = frame_reader_new();
    frame_segment segment;
    GByteArray *first = fragment_of(FALSE, 0, 32, TRUE), *second = fragment_of(FALSE, 24, 60, FALSE);
    memset(second->data + 20, 'X', 8);
    frame one = {FRAME_LINK_RAW, written(first), first->len, 7};
    g_assert_cmpint(frame_reader_read(reader, &one, &segment), ==, FRAME_FRAGMENT);
    one.bytes = written(second);
    one.length = second->len;
    g_assert_cmpint(frame_reader_read(reader, &one, &segment), ==, FRAME_SEGMENT);
    check_segment(&segment, "0123456789012345678901234567890123456789", 40);
    g_byte_array_unref(first);
    g_byte_array_unref(second);
    frame_reader_free(reader);
}

/* Fragments cut by the snapshot length join nothing, at every length. */
static void test_cut_fragments(void)
{
    GByteArray *bytes = fragment_of(TRUE, 0, 24, TRUE);
    frame_reader *reader = frame_reader_new();
    for (guint cut = 0; cut < bytes->len; cut++) {
        frame_segment segment;
        guint8 *copy;
        g_assert_cmpint(read_alone(reader, FRAME_LINK_RAW, slice_head(written(bytes), cut), bytes->len, &segment, &copy), ==,
                        FRAME_UNREAD);
        g_free(copy);
    }
    g_byte_array_unref(bytes);
    frame_reader_free(reader);
}

/* The first half of each of many datagrams, then the second half of each: the oldest are gone, but for as many as the
 * bound says. */
static void test_many_datagrams(void)
{
    enum { COUNT = LIMIT_DATAGRAMS + 1 };
    frame_reader *reader = frame_reader_new();
    guint joined = 0;
    for (guint half = 0; half < 2; half++)
        for (guint i = COUNT; i-- > 0;) {
            frame_segment segment;
            GByteArray *bytes = fragment_of(FALSE, half ? 24 : 0, half ? 60 : 24, !half);
            bytes->data[4] = (guint8)(i >> 8);
            bytes->data[5] = (guint8)i;
            const frame one = {FRAME_LINK_RAW, written(bytes), bytes->len, 0};
            joined += frame_reader_read(reader, &one, &segment) == FRAME_SEGMENT;
            g_byte_array_unref(bytes);
        }
    /* the very first one is gone; its second half pushes out one more, and so on */
    g_assert_cmpuint(joined, ==, 0);
    for (guint i = 0; i < LIMIT_DATAGRAMS; i++) {
        frame_segment segment;
        GByteArray *bytes = fragment_of(FALSE, 0, 24, TRUE);
        bytes->data[4] = (guint8)(i >> 8);
        bytes->data[5] = (guint8)i;
        const frame one = {FRAME_LINK_RAW, written(bytes), bytes->len, 0};
        joined += frame_reader_read(reader, &one, &segment) == FRAME_SEGMENT;
        g_byte_array_unref(bytes);
    }
    g_assert_cmpuint(joined, ==, LIMIT_DATAGRAMS);
    frame_reader_free(reader);
}

/* A segment in a tunnel whose outer packets are fragmented, too. */
static void test_fragments_in_fragments(void)
{
    frame_reader *reader = frame_reader_new();
    frame_result result = FRAME_FRAGMENT;
    frame_segment segment;
    const fragment_row rows[] = {{0, 24, TRUE, 0}, {24, 60, FALSE, 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *inner = fragment_of(FALSE, rows[i].from, rows[i].to, rows[i].more);
        for (guint half = 0; half < 2; half++) {
            GByteArray *piece = g_byte_array_new();
            put(piece, half ? inner->data + 24 : inner->data, half ? inner->len - 24 : 24);
            GByteArray *outer = ipv4_part(4, half ? 3 : 0x2000, "", piece);
            const frame one = {FRAME_LINK_RAW, written(outer), outer->len, 7};
            g_assert_cmpint(result, ==, FRAME_FRAGMENT);
            result = frame_reader_read(reader, &one, &segment);
            g_byte_array_unref(outer);
        }
        g_byte_array_unref(inner);
    }
    g_assert_cmpint(result, ==, FRAME_SEGMENT);
    check_segment(&segment, "0123456789012345678901234567890123456789", 40);
    frame_reader_free(reader);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame_reader/carriers", test_carriers);
    g_test_add_func("/frame_reader/every_prefix", test_every_prefix);
    g_test_add_func("/frame_reader/every_short_frame", test_every_short_frame);
    g_test_add_func("/frame_reader/others", test_others);
    g_test_add_func("/frame_reader/depth", test_depth);
    g_test_add_func("/frame_reader/fragments", test_fragments);
    g_test_add_func("/frame_reader/first_fragment_counts", test_first_fragment_counts);
    g_test_add_func("/frame_reader/cut_fragments", test_cut_fragments);
    g_test_add_func("/frame_reader/many_datagrams", test_many_datagrams);
    g_test_add_func("/frame_reader/fragments_in_fragments", test_fragments_in_fragments);
    return g_test_run();
}
