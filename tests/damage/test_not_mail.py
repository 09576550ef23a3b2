"""Protocols that look like mail and are none, on their usual ports, on random ones and on those of mail.

tests/tshark/test_recognition.py has the small sessions, each by itself; here are other servers, protocols that carry
mail or text about mail, and all of them many times in one capture, on many ports.
"""

import random
import struct

import pytest
from pcapgen import tcp_session, write_pcap

SMTP_TRANSCRIPT = (
    b"220 mx.example.org ESMTP Postfix\r\nEHLO client.example.org\r\n250-mx.example.org\r\n250 PIPELINING\r\n"
    b"MAIL FROM:<ann@example.org>\r\n250 2.1.0 Ok\r\nRCPT TO:<bob@example.net>\r\n250 2.1.5 Ok\r\nDATA\r\n354 Go\r\n"
    b"Subject: hello\r\n\r\nHi\r\n.\r\n250 2.0.0 Ok\r\nQUIT\r\n221 2.0.0 Bye\r\n"
)
MBOX = (
    b"From ann@example.org Mon Jan  1 10:00:00 2024\r\nReturn-Path: <ann@example.org>\r\nReceived: from a.example.org by "
    b"mx.example.org with ESMTP\r\nFrom: ann@example.org\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\nHi\r\n.\r\n\r\n"
) * 4


def ftp(greeting, user_reply, pass_reply, *more):
    return [
        ("S", greeting),
        ("C", b"USER bob\r\n"),
        ("S", user_reply),
        ("C", b"PASS secret\r\n"),
        ("S", pass_reply),
        *more,
        ("C", b"QUIT\r\n"),
        ("S", b"221 Goodbye.\r\n"),
    ]


TRANSFER = [
    ("C", b"TYPE I\r\n"),
    ("S", b"200 Type set to I.\r\n"),
    ("C", b"PASV\r\n"),
    ("S", b"227 Entering Passive Mode (10,1,0,2,78,32).\r\n"),
    ("C", b"RETR mbox\r\n"),
    ("S", b"150 Opening BINARY mode data connection for mbox (4711 bytes).\r\n"),
    ("S", b"226 Transfer complete.\r\n"),
]


def post(body):
    head = b"POST /paste HTTP/1.1\r\nHost: example.org\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
    return [("C", head), ("C", body), ("S", b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")]


def mysql_packet(number, payload):
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


CLIENT_HELLO = bytes.fromhex(
    "16030100c8010000c40303" + "5a" * 32 + "20" + "a5" * 32 + "0008130113021303c02b0100"
    "0073" + "00000010000e00000b6578616d706c652e6f7267" + "002b0003020304" + "00" * 88
)

# name: (usual port, transcript)
SESSIONS = {
    "ftp_proftpd": (21, ftp(b"220 ProFTPD 1.3.8 Server (Debian) [10.1.0.2]\r\n", b"331 Password required for bob\r\n", b"230 User bob logged in\r\n", *TRANSFER)),
    "ftp_pureftpd": (
        21,
        ftp(
            b"220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n220-You are user number 1 of 50 allowed.\r\n"
            b"220-Local time is now 10:00. Server port: 21.\r\n220 You will be disconnected after 15 minutes of inactivity.\r\n",
            b"331 User bob OK. Password required\r\n",
            b"230 OK. Current directory is /\r\n",
            *TRANSFER,
        ),
    ),
    "ftp_filezilla": (21, ftp(b"220-FileZilla Server 1.8.0\r\n220 Please visit https://filezilla-project.org/\r\n", b"331 Please, specify the password.\r\n", b"230 Login successful.\r\n")),
    "ftp_iis": (21, ftp(b"220 Microsoft FTP Service\r\n", b"331 Password required\r\n", b"230 User logged in.\r\n", *TRANSFER)),
    "ftp_plain": (21, ftp(b"220 ready\r\n", b"331 password\r\n", b"230 ok\r\n", *TRANSFER)),
    "ftp_mail_host": (21, ftp(b"220 mail.example.org ready.\r\n", b"331 Password required for bob.\r\n", b"230 User bob logged in.\r\n", *TRANSFER)),
    "ftp_noop_first": (21, [("S", b"220 ready\r\n"), ("C", b"NOOP\r\n"), ("S", b"200 ok\r\n"), ("C", b"QUIT\r\n"), ("S", b"221 bye\r\n")]),
    "ftp_refused": (21, ftp(b"220 ready\r\n", b"331 password\r\n", b"530 Login incorrect.\r\n")),
    "ftp_data_mbox": (20, [("S", MBOX)]),
    "ftp_data_mbox_upload": (20, [("C", MBOX)]),
    "http_post_of_smtp": (80, post(SMTP_TRANSCRIPT)),
    "http_post_of_mbox": (8080, post(MBOX)),
    "http_answer_with_mail": (
        8080,
        [
            ("C", b"GET /archive/1.eml HTTP/1.0\r\n\r\n"),
            ("S", b"HTTP/1.0 200 OK\r\nContent-Type: message/rfc822\r\n\r\n"),
            ("S", b"Return-Path: <ann@example.org>\r\nSubject: hello\r\n\r\nHi\r\n"),
        ],
    ),
    "nntp_post": (
        119,
        [
            ("S", b"200 news.example.org ready, posting allowed\r\n"),
            ("C", b"AUTHINFO USER bob\r\n"),
            ("S", b"381 Enter password\r\n"),
            ("C", b"AUTHINFO PASS secret\r\n"),
            ("S", b"281 Authentication accepted\r\n"),
            ("C", b"POST\r\n"),
            ("S", b"340 Send article; end with <CR-LF>.<CR-LF>\r\n"),
            ("C", b"From: bob@example.net\r\nNewsgroups: comp.mail\r\nSubject: hello\r\n\r\nHi\r\n.\r\n"),
            ("S", b"240 Article received\r\n"),
            ("C", b"QUIT\r\n"),
            ("S", b"205 Bye\r\n"),
        ],
    ),
    "irc_server": (
        6667,
        [
            ("S", b":irc.example.org NOTICE AUTH :*** Looking up your hostname\r\n"),
            ("C", b"CAP LS 302\r\nNICK bob\r\nUSER bob 0 * :Bob\r\n"),
            ("S", b":irc.example.org CAP * LS :multi-prefix\r\nPING :4711\r\n"),
            ("C", b"PONG :4711\r\nJOIN #mail\r\nPRIVMSG #mail :MAIL FROM:<ann@example.org>\r\n"),
            ("S", b":irc.example.org 220 bob :ESMTP\r\n:ann!a@b PRIVMSG #mail :220 mx ESMTP\r\n"),
            ("C", b"QUIT :bye\r\n"),
        ],
    ),
    "redis_values_of_mail": (
        6379,
        [
            ("C", b"*2\r\n$3\r\nGET\r\n$4\r\nmail\r\n"),
            ("S", b"$29\r\n220 mx.example.org ESMTP\r\n+OK \r\n"),
            ("C", b"*1\r\n$5\r\nMULTI\r\n"),
            ("S", b"+OK\r\n"),
            ("C", b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"),
            ("S", b"+QUEUED\r\n"),
            ("C", b"*1\r\n$3\r\nFOO\r\n"),
            ("S", b"-ERR unknown command `FOO`, with args beginning with: \r\n"),
            ("C", b"*1\r\n$4\r\nEXEC\r\n"),
            ("S", b"-EXECABORT Transaction discarded because of previous errors.\r\n"),
        ],
    ),
    "redis_auth_inline": (
        6379,
        [
            ("C", b"AUTH secret\r\n"),
            ("S", b"-ERR invalid password\r\n"),
            ("C", b"AUTH better\r\n"),
            ("S", b"+OK\r\n"),
            ("C", b"SELECT 1\r\n"),
            ("S", b"+OK\r\n"),
            ("C", b"SET a b\r\n"),
            ("S", b"+OK\r\n"),
        ],
    ),
    "memcached_text": (11211, [("C", b"version\r\n"), ("S", b"VERSION 1.6.18\r\n"), ("C", b"set mail 0 60 24\r\nMAIL FROM:<a@example.org\r\n"), ("S", b"STORED\r\n")]),
    "sip_register": (
        5060,
        [
            ("C", b"REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/TCP 10.1.0.1\r\nFrom: <sip:a@example.org>\r\nContent-Length: 0\r\n\r\n"),
            ("S", b"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/TCP 10.1.0.1\r\nContent-Length: 0\r\n\r\n"),
        ],
    ),
    "xmpp": (
        5222,
        [
            ("C", b"<?xml version='1.0'?><stream:stream to='example.org' xmlns='jabber:client' version='1.0'>"),
            ("S", b"<?xml version='1.0'?><stream:stream from='example.org' id='1'><stream:features><starttls/></stream:features>"),
            ("C", b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            ("S", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            ("C", CLIENT_HELLO),
        ],
    ),
    "mysql": (
        3306,
        [
            ("S", mysql_packet(0, b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"12345678\0\xff\xff\xff\x02\0\xff\xdf\x15" + bytes(10) + b"123456789012\0mysql_native_password\0")),
            ("C", mysql_packet(1, struct.pack("<IIB", 0x1FF85, 1 << 24, 33) + bytes(23) + b"bob\0\x14" + bytes(range(20)))),
            ("S", mysql_packet(2, b"\0\0\0\x02\0\0\0")),
            ("C", mysql_packet(0, b"\x03SELECT 'MAIL FROM:<ann@example.org>'")),
        ],
    ),
    "postgresql": (5432, [("C", struct.pack("!II", 8, 80877103)), ("S", b"S"), ("C", CLIENT_HELLO)]),
    "nats": (
        4222,
        [
            ("S", b'INFO {"server_id":"N1","version":"2.10.5","auth_required":false,"max_payload":1048576}\r\n'),
            ("C", b'CONNECT {"verbose":true,"pedantic":false}\r\nPING\r\n'),
            ("S", b"+OK\r\nPONG\r\n"),
            ("C", b"SUB mail 1\r\n"),
            ("S", b"+OK\r\n"),
            ("C", b"PUB mail 5\r\nhello\r\n"),
            ("S", b"+OK\r\nMSG mail 1 5\r\nhello\r\n"),
            ("C", b"FOO\r\n"),
            ("S", b"-ERR 'Unknown Protocol Operation'\r\n"),
        ],
    ),
    "dict": (
        2628,
        [
            ("S", b"220 dict.example.org dictd 1.13.0/rf on Linux <auth.mime> <4711.1.1700000000@dict.example.org>\r\n"),
            ("C", b'CLIENT "dict 1.13"\r\n'),
            ("S", b"250 ok\r\n"),
            ("C", b'DEFINE * "mail"\r\n'),
            ("S", b'150 1 definitions retrieved\r\n151 "mail" wn "WordNet"\r\nmail\r\n  n 1: the bags of letters\r\n.\r\n250 ok\r\n'),
            ("C", b"QUIT\r\n"),
            ("S", b"221 bye [d/m/c = 1/0/0; 0.000r 0.000u 0.000s]\r\n"),
        ],
    ),
    "finger": (79, [("C", b"bob\r\n"), ("S", b"Login: bob\t\t\tName: Bob\r\nMail last read Mon Jan  1 10:00 2024\r\nNo Plan.\r\n")]),
    "gopher": (70, [("C", b"/mail\r\n"), ("S", b"0About mail\t/about\texample.org\t70\r\n1Lists\t/lists\texample.org\t70\r\n.\r\n")]),
    "rsync": (
        873,
        [
            ("S", b"@RSYNCD: 31.0\n"),
            ("C", b"@RSYNCD: 31.0\nmail\n"),
            ("S", b"@RSYNCD: AUTHREQD abcdefghijklmnopqrstuv\n"),
            ("C", b"bob d2h5IG5vdA\n"),
            ("S", b"@RSYNCD: OK\n"),
        ],
    ),
    "managesieve_tls": (
        4190,
        [
            ("S", b'"IMPLEMENTATION" "Dovecot (Debian) Pigeonhole"\r\n"SIEVE" "fileinto reject envelope"\r\n"STARTTLS"\r\nOK "Dovecot ready."\r\n'),
            ("C", b"STARTTLS\r\n"),
            ("S", b'OK "Begin TLS negotiation now."\r\n'),
            ("C", CLIENT_HELLO),
        ],
    ),
    "telnet_mail": (
        23,
        [
            ("S", b"\xff\xfd\x18\xff\xfb\x01"),
            ("S", b"220 is not a code here\r\nlogin: "),
            ("C", b"bob\r\n"),
            ("S", b"Password: "),
            ("C", b"secret\r\n"),
            ("S", b"You have new mail.\r\n$ "),
            ("C", b"mail\r\n"),
            ("S", b'"/var/mail/bob": 1 message 1 new\r\n>N  1 ann@example.org    Mon Jan  1 10:00  12/400   hello\r\n& '),
        ],
    ),
    "ssh_old": (22, [("C", b"SSH-2.0-PuTTY_Release_0.79\r\n"), ("S", b"SSH-2.0-dropbear_2022.83\r\n"), ("C", random.Random(7).randbytes(600))]),
    "tls_hello": (443, [("C", CLIENT_HELLO), ("S", bytes.fromhex("160303004a02000046") + bytes(70))]),
    "tls_no": (443, [("C", CLIENT_HELLO), ("S", bytes.fromhex("15030100020228"))]),
    "random_long": (50000, [("C", random.Random(3).randbytes(3000)), ("S", random.Random(4).randbytes(3000))]),
    "random_text": (50001, [("C", bytes(random.Random(5).choices(b"abcdefgh 0123456789\r\n.+-*:<>@", k=1500))), ("S", bytes(random.Random(6).choices(b"ABCDEFGH 0123456789\r\n.+-", k=1500)))]),
    "zeros": (50002, [("C", bytes(1000)), ("S", bytes(1000))]),
    "line_ends": (50003, [("C", b"\r\n" * 50), ("S", b"\n" * 50)]),
    "dots": (50004, [("C", b".\r\n" * 40), ("S", b".\r\n" * 40)]),
}

# On a port of mail all is mail that does not plainly say what else it is.
ON_MAIL_PORTS = ["http_post_of_smtp", "http_answer_with_mail", "tls_hello", "tls_no", "ssh_old", "xmpp", "sip_register"]


def write_sessions(workspace, sessions, **options):
    """(port, transcript) pairs, side by side in one capture."""
    frames, generator = [], random.Random(11)
    for number, (port, transcript) in enumerate(sessions):
        client = (f"10.{2 + number // 250}.{number % 250}.1", generator.randint(32768, 60999))
        frames += tcp_session(transcript, client=client, server=("10.1.0.2", port), **options)
    return write_pcap(workspace.folder() / "not-mail.pcap", frames)


def mail_frames(tshark, path):
    """That a mail inside HTTP is shown as one is right."""
    rows = tshark.fields(path, "mailxtra || smtp || pop || imap", "frame.number", "tcp.port", "_ws.col.Info")
    return [" ".join(value for cell in row for value in cell) for row in rows]


@pytest.mark.parametrize("mss", [1460, 7, 1])
def test_on_their_usual_ports(tshark, workspace, record_property, mss):
    record_property("damage: sessions that are no mail", len(SESSIONS))
    assert mail_frames(tshark, write_sessions(workspace, SESSIONS.values(), mss=mss)) == []


@pytest.mark.parametrize("mss", [1460, 7, 1])
def test_on_random_ports(tshark, workspace, record_property, mss):
    generator = random.Random(mss)
    sessions = [(generator.randint(40000, 65000), transcript) for _, transcript in SESSIONS.values() for _ in range(5)]
    record_property("damage: sessions that are no mail", len(sessions))
    assert mail_frames(tshark, write_sessions(workspace, sessions, mss=mss)) == []


def test_from_their_middle(tshark, workspace, record_property):
    """Without what was said first; not those whose middle is a whole mail session."""
    chosen = [transcript for name, (_, transcript) in SESSIONS.items() if name != "http_post_of_smtp"]
    sessions = [(42000 + number, transcript[start:]) for start in (1, 2, 3) for number, transcript in enumerate(chosen) if transcript[start:]]
    record_property("damage: sessions that are no mail", len(sessions))
    assert mail_frames(tshark, write_sessions(workspace, sessions, handshake=False)) == []


def from_any_byte(transcript, generator):
    """As a capture that begins anywhere sees it."""
    start = generator.randrange(sum(len(data) for _, data in transcript))
    rest = []
    for side, data in transcript:
        cut = min(start, len(data))
        start -= cut
        if data[cut:]:
            rest.append((side, data[cut:]))
    return rest


# Whoever begins to look in the middle of these finds a mail session, or a line that only mail has.
QUOTING = {"http_post_of_smtp", "irc_server", "redis_values_of_mail", "memcached_text", "mysql"}


@pytest.mark.parametrize("seed", range(3))
def test_from_any_byte(tshark, workspace, record_property, seed):
    generator = random.Random(seed)
    chosen = [transcript for name, (_, transcript) in SESSIONS.items() if name not in QUOTING]
    sessions = [(43000 + number, from_any_byte(transcript, generator)) for number, transcript in enumerate(chosen * 6)]
    record_property("damage: sessions that are no mail", len(sessions))
    assert mail_frames(tshark, write_sessions(workspace, sessions, handshake=False)) == []


@pytest.mark.parametrize("port", [25, 110, 143, 587])
@pytest.mark.parametrize("mss", [1460, 16, 1])
def test_other_protocols_on_ports_of_mail(tshark, workspace, record_property, port, mss):
    record_property("damage: sessions that are no mail", len(ON_MAIL_PORTS))
    sessions = [(port, SESSIONS[name][1]) for name in ON_MAIL_PORTS]
    assert mail_frames(tshark, write_sessions(workspace, sessions, mss=mss)) == []
