"""Mail inside other things: proxies, tunnels, link layers, ports of other protocols, sessions that turn to TLS or do not."""

import hashlib
import socket
import struct

import pytest
from mail_table import first, subtrees
from pcapgen import tcp_session, write_pcap

MAIL = (
    b"From: a@b.example\r\nSubject: tunnel\r\nContent-Type: application/pdf; name=x.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8gd29ybGQ=\r\n"
)
SHA256 = hashlib.sha256(MAIL).hexdigest()


def delivery(banner=b"220 mx.example ESMTP\r\n", hello=(("C", b"EHLO c\r\n"), ("S", b"250-mx\r\n250 SIZE\r\n"))):
    return [
        ("S", banner),
        *hello,
        ("C", b"MAIL FROM:<a@b.example>\r\n"),
        ("S", b"250 ok\r\n"),
        ("C", b"RCPT TO:<d@e.example>\r\n"),
        ("S", b"250 ok\r\n"),
        ("C", b"DATA\r\n"),
        ("S", b"354 go\r\n"),
        ("C", MAIL + b".\r\n"),
        ("S", b"250 queued\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"221 bye\r\n"),
    ]


PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" + struct.pack("!H", 12) + b"\x0a\0\0\1\x0a\0\0\2" + struct.pack("!HH", 40000, 25)

IN_FRONT = {
    "http_connect": (
        3128,
        [("C", b"CONNECT mx.example:25 HTTP/1.1\r\nHost: mx.example:25\r\n\r\n"), ("S", b"HTTP/1.1 200 Connection established\r\n\r\n")],
    ),
    "socks4": (1080, [("C", b"\4\1\0\x19\x0a\0\0\x09me\0"), ("S", b"\0\x5a\0\x19\x0a\0\0\x09")]),
    "socks4a": (1080, [("C", b"\4\1\0\x19\0\0\0\1me\0mx.example\0"), ("S", b"\0\x5a\0\x19\x0a\0\0\x09")]),
    "socks5_with_password_and_name": (
        1080,
        [
            ("C", b"\5\2\0\2"),
            ("S", b"\5\2"),
            ("C", b"\1\2me\6secret"),
            ("S", b"\1\0"),
            ("C", b"\5\1\0\3\x0amx.example\0\x19"),
            ("S", b"\5\0\0\1\x0a\0\0\x08\x12\x34"),
        ],
    ),
    "socks5": (
        1080,
        [("C", b"\5\1\0"), ("S", b"\5\0"), ("C", b"\5\1\0\1\x0a\0\0\x09\0\x19"), ("S", b"\5\0\0\1\x0a\0\0\x08\x12\x34")],
    ),
    "proxy_v1": (25, [("C", b"PROXY TCP4 10.0.0.1 10.0.0.2 40000 25\r\n")]),
    "proxy_v1_unknown": (25, [("C", b"PROXY UNKNOWN\r\n")]),
    "proxy_v1_on_an_odd_port": (2627, [("C", b"PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n")]),
    "proxy_v2": (25, [("C", PROXY_V2)]),
    "proxy_v2_on_an_odd_port": (2627, [("C", PROXY_V2)]),
    "proxy_v2_of_a_health_check": (25, [("C", PROXY_V2[:12] + b"\x20\x00\0\0")]),
    "http_connect_with_password": (
        8080,
        [
            ("C", b"CONNECT mx.example:587 HTTP/1.0\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"),
            ("S", b"HTTP/1.0 200 OK\r\nVia: 1.0 proxy\r\n\r\n"),
        ],
    ),
    "nothing_on_a_port_of_http": (8080, []),
    "nothing_on_the_port_of_http": (80, []),
}


@pytest.fixture
def capture(workspace):
    return lambda frames: write_pcap(workspace.folder() / "tunnel.pcap", frames)


def sha256s(tshark, path, two_pass, prefs=()):
    rows = tshark.fields(path, "mailxtra.message", "mailxtra.message.sha256", "mailxtra.attachment.filename", two_pass=two_pass, prefs=prefs)
    return [(hashes, names) for hashes, names in rows]


WHOLE = [([SHA256], ["x.pdf"])]


@pytest.mark.parametrize("name", IN_FRONT)
def test_behind(tshark, capture, two_pass, name):
    port, opening = IN_FRONT[name]
    path = capture(tcp_session(opening + delivery(), server_port=port))
    assert sha256s(tshark, path, two_pass) == WHOLE


def test_an_ambiguous_greeting_on_a_port_of_http(tshark, capture, two_pass):
    path = capture(tcp_session(delivery(banner=b"220 hello there\r\n"), server_port=80))
    assert sha256s(tshark, path, two_pass) == WHOLE


def vlan(frame):
    return frame[:12] + struct.pack("!HH", 0x8100, 7) + frame[12:]


def qinq(frame):
    return frame[:12] + struct.pack("!HHHH", 0x88A8, 3, 0x8100, 7) + frame[12:]


def mpls(frame):
    return frame[:12] + struct.pack("!HI", 0x8847, 16 << 12 | 1 << 8 | 64) + frame[14:]


def pppoe(frame):
    inner = frame[14:]
    return frame[:12] + struct.pack("!HBBHHH", 0x8864, 0x11, 0, 1, len(inner) + 2, 0x0021) + inner


def ipv4(protocol, payload, flags=0x4000, number=1):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number, flags, 64, protocol, 0, *map(socket.inet_aton, OUTER)) + payload


OUTER = "10.8.0.1", "10.8.0.2"


def gre(frame):
    return frame[:14] + ipv4(47, struct.pack("!HH", 0, 0x0800) + frame[14:])


def gre_of_ethernet(frame):
    return frame[:14] + ipv4(47, struct.pack("!HHI", 0x2000, 0x6558, 5) + frame)


def ip_in_ip(frame):
    return frame[:14] + ipv4(4, frame[14:])


def vxlan(frame):
    inner = struct.pack("!II", 0x08000000, 7 << 8) + frame
    return frame[:14] + ipv4(17, struct.pack("!HHHH", 50000, 4789, 8 + len(inner), 0) + inner)


WRAPPINGS = [vlan, qinq, mpls, pppoe, gre, gre_of_ethernet, ip_in_ip, vxlan]


@pytest.mark.parametrize("wrap", WRAPPINGS, ids=lambda wrap: wrap.__name__)
@pytest.mark.parametrize("port", [25, 2626])
def test_inside(tshark, capture, two_pass, wrap, port):
    path = capture([wrap(frame.bytes()) for frame in tcp_session(delivery(), server_port=port)])
    assert sha256s(tshark, path, two_pass) == WHOLE


IPV6 = {"client": ("2001:db8::1", 40000), "server": ("2001:db8::2", 25)}


def with_headers(*headers):
    """IPv6 extension headers (RFC 8200 4) in front of TCP; each a (number, length in octets)."""

    def change(frame):
        chain = b""
        numbers = [number for number, _ in headers] + [6]
        for (_, length), following in zip(headers, numbers[1:]):
            chain += bytes([following, length // 8 - 1, 1, length - 4]) + bytes(length - 4)
        head = bytearray(frame[:54])
        struct.pack_into("!H", head, 18, len(frame) - 54 + len(chain))
        head[20] = numbers[0]
        return bytes(head) + chain + frame[54:]

    return change


def six_in_four(frame):
    return frame[:12] + b"\x08\x00" + ipv4(41, frame[14:])


@pytest.mark.parametrize(
    "wrap",
    [lambda frame: frame, with_headers((0, 8)), with_headers((0, 8), (60, 16), (43, 8)), six_in_four],
    ids=["plain", "hop_by_hop", "three_headers", "inside_ipv4"],
)
def test_over_ipv6(tshark, capture, two_pass, wrap):
    path = capture([wrap(frame.bytes()) for frame in tcp_session(delivery(), **IPV6)])
    assert sha256s(tshark, path, two_pass) == WHOLE


def fragments_of_four(frame, number, size=64):
    """The packet in pieces of so many bytes."""
    payload, result = frame[34:], []
    for start in range(0, len(payload), size):
        more = 0x2000 if start + size < len(payload) else 0
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload[start : start + size]), number, more | start // 8, 64, 6, 0)
        result.append(frame[:14] + header + frame[26:34] + payload[start : start + size])
    return result


def fragments_of_six(frame, number, size=64):
    payload, result = frame[54:], []
    for start in range(0, len(payload), size):
        piece = payload[start : start + size]
        more = 1 if start + size < len(payload) else 0
        head = frame[:18] + struct.pack("!HBB", 8 + len(piece), 44, 64) + frame[22:54]
        result.append(head + struct.pack("!BBHI", 6, 0, start | more, number) + piece)
    return result


@pytest.mark.parametrize("order", [lambda pieces: pieces, lambda pieces: pieces[::-1]], ids=["in_order", "last_first"])
@pytest.mark.parametrize("options,cut", [({}, fragments_of_four), (IPV6, fragments_of_six)], ids=["ipv4", "ipv6"])
def test_in_ip_fragments(tshark, capture, two_pass, options, cut, order):
    """A fragment that is a TCP segment's beginning is none yet."""
    frames = [order(cut(frame.bytes(), number)) for number, frame in enumerate(tcp_session(delivery(), **options), 1)]
    path = capture([piece for pieces in frames for piece in pieces])
    assert sha256s(tshark, path, two_pass) == WHOLE


def test_a_lost_ip_fragment_is_a_gap(tshark, capture, two_pass):
    long = delivery()
    place = next(number for number, (_, data) in enumerate(long) if data.startswith(b"From:"))
    long[place] = ("C", MAIL + b"x" * 400 + b"\r\n.\r\n")
    frames = [fragments_of_four(frame.bytes(), number, 256) for number, frame in enumerate(tcp_session(long), 1)]
    longest = max(frames, key=len)
    del longest[1]
    path = capture([piece for pieces in frames for piece in pieces])
    rows = tshark.fields(path, "mailxtra.missing", "mailxtra.missing", two_pass=two_pass)
    assert [value for row in rows for value in row[0]] == [str(len(MAIL) + 405)]
    assert sha256s(tshark, path, two_pass) in ([], [([hashlib.sha256(b"").hexdigest()], [])])


# linktype, what takes the place of the 14 bytes of Ethernet
LINKS = {
    "raw": (101, b""),
    "raw_ipv4": (228, b""),
    "null": (0, struct.pack("<I", 2)),
    "loop": (108, struct.pack("!I", 2)),
    "ppp": (9, b"\xff\x03\x00\x21"),
    "cooked": (113, struct.pack("!HHH8sH", 0, 1, 6, b"\2\0\0\0\0\1\0\0", 0x0800)),
    "cooked_v2": (276, struct.pack("!HHIHBB8s", 0x0800, 0, 2, 1, 0, 6, b"\2\0\0\0\0\1\0\0")),
}


@pytest.mark.parametrize("link", LINKS)
def test_on_other_links(tshark, capture, two_pass, link):
    number, header = LINKS[link]
    path = capture([header + frame.bytes()[14:] for frame in tcp_session(delivery())])
    data = bytearray(path.read_bytes())
    data[20:24] = struct.pack("<I", number)
    path.write_bytes(data)
    assert sha256s(tshark, path, two_pass) == WHOLE


# ---- the user's own word on ports


@pytest.mark.parametrize("prefs", [["smtp.tcp.port:25,587,8025"], ["smtp.tcp.port:25"]], ids=["more", "the_same"])
def test_stock_ports_that_the_user_saved(tshark, capture, two_pass, prefs):
    """Such a preference puts the stock handle back on its ports; he means mail, and gets this plugin's."""
    port = 8025 if "8025" in prefs[0] else 25
    path = capture(tcp_session(delivery(banner=b"220 hello there\r\n"), server_port=port))
    assert sha256s(tshark, path, two_pass, prefs=prefs) == WHOLE


def test_a_port_that_the_user_gave_away_stays_given_away(tshark, capture):
    path = capture(tcp_session(delivery(), server_port=25))
    assert "SMTP" not in tshark.read(path, "-d", "tcp.port==25,http")


# ---- STARTTLS that is no TLS


STARTTLS = (("C", b"EHLO c\r\n"), ("S", b"250-mx\r\n250 STARTTLS\r\n"), ("C", b"STARTTLS\r\n"))
AGAIN = (("C", b"EHLO c\r\n"), ("S", b"250-mx\r\n250 SIZE\r\n"))


@pytest.mark.parametrize(
    "answer", [b"454 4.7.0 TLS not available\r\n", b"220 2.0.0 Ready to start TLS\r\n"], ids=["refused", "decrypted_in_place"]
)
def test_starttls_goes_on_in_clear(tshark, capture, two_pass, answer):
    path = capture(tcp_session(delivery(hello=(*STARTTLS, ("S", answer), *AGAIN))))
    assert sha256s(tshark, path, two_pass) == WHOLE


def test_commands_injected_behind_starttls_are_told(tshark, capture, two_pass):
    injected = (*STARTTLS[:2], ("C", b"STARTTLS\r\nRSET\r\nMAIL FROM:<evil@b.example>\r\n"), ("S", b"220 ready\r\n"))
    path = capture(tcp_session([("S", b"220 mx.example ESMTP\r\n"), *injected, ("C", b"\x16\x03\x01\x00\x05hello")]))
    assert tshark.frames(path, "mailxtra.expert.starttls_injection", two_pass=two_pass)


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\r"], ids=["LF.LF", "LF.CRLF", "CRLF.CR"])
def test_an_end_that_servers_disagree_about_is_told(tshark, capture, two_pass, end):
    """SMTP smuggling: bytes of the message for us, and an expert info."""
    session = delivery()
    place = next(number for number, (_, data) in enumerate(session) if data.startswith(b"From:"))
    smuggled = MAIL + b"text" + end + b"MAIL FROM:<evil@b.example>\r\n"
    session[place] = ("C", smuggled + b".\r\n")
    path = capture(tcp_session(session))
    assert tshark.frames(path, "mailxtra.expert.ambiguous_end_of_data", two_pass=two_pass)
    frames = tshark.json(path, "mailxtra.message", two_pass=two_pass)
    found = [first(message, "mailxtra.message.sha256") for frame in frames for message in subtrees(frame, "mailxtra.message")]
    # a line begins behind CRLF only; there a dot with more behind it is stuffing (RFC 5321 4.5.2)
    assert found == [hashlib.sha256(smuggled.replace(b"\r\n.", b"\r\n")).hexdigest()]
