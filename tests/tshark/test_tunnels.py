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
    "socks5": (
        1080,
        [("C", b"\5\1\0"), ("S", b"\5\0"), ("C", b"\5\1\0\1\x0a\0\0\x09\0\x19"), ("S", b"\5\0\0\1\x0a\0\0\x08\x12\x34")],
    ),
    "proxy_v1": (25, [("C", b"PROXY TCP4 10.0.0.1 10.0.0.2 40000 25\r\n")]),
    "proxy_v2": (25, [("C", PROXY_V2)]),
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


def gre(frame):
    inner = frame[14:]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 24 + len(inner), 1, 0, 64, 47, 0, socket.inet_aton("10.8.0.1"), socket.inet_aton("10.8.0.2"))
    return frame[:14] + header + struct.pack("!HH", 0, 0x0800) + inner


@pytest.mark.parametrize("wrap", [vlan, gre])
def test_inside(tshark, capture, two_pass, wrap):
    path = capture([wrap(frame.bytes()) for frame in tcp_session(delivery())])
    assert sha256s(tshark, path, two_pass) == WHOLE


# linktype, what takes the place of the 14 bytes of Ethernet
LINKS = {
    "raw": (101, b""),
    "null": (0, struct.pack("<I", 2)),
    "cooked": (113, struct.pack("!HHH8sH", 0, 1, 6, b"\2\0\0\0\0\1\0\0", 0x0800)),
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
