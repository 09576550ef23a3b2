"""Mail is found on any port, from its first bytes or from the middle, and nothing else is taken for mail."""

import itertools
import random

import pytest

SMTP = [
    ("S", b"220 mx.example.org ESMTP\r\n"),
    ("C", b"EHLO client.example.org\r\n"),
    ("S", b"250-mx.example.org\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n"),
    ("C", b"MAIL FROM:<ann@example.org> SIZE=60\r\n"),
    ("S", b"250 2.1.0 Ok\r\n"),
    ("C", b"RCPT TO:<bob@example.net>\r\n"),
    ("S", b"250 2.1.5 Ok\r\n"),
    ("C", b"DATA\r\n"),
    ("S", b"354 End data with <CR><LF>.<CR><LF>\r\n"),
    ("C", b"From: ann@example.org\r\nTo: bob@example.net\r\nSubject: hello\r\n\r\n..dot\r\nend\r\n.\r\n"),
    ("S", b"250 2.0.0 Ok: queued as 4711\r\n"),
    ("C", b"QUIT\r\n"),
    ("S", b"221 2.0.0 Bye\r\n"),
]
LMTP = [
    ("S", b"220 mda.example.org LMTP ready\r\n"),
    ("C", b"LHLO mx.example.org\r\n"),
    ("S", b"250-mda.example.org\r\n250 PIPELINING\r\n"),
    ("C", b"MAIL FROM:<ann@example.org>\r\nRCPT TO:<bob@example.net>\r\nRCPT TO:<eve@example.net>\r\nDATA\r\n"),
    ("S", b"250 2.1.0 OK\r\n250 2.1.5 OK\r\n250 2.1.5 OK\r\n354 OK\r\n"),
    ("C", b"Subject: hello\r\n\r\nHi\r\n.\r\n"),
    ("S", b"250 2.0.0 <bob@example.net> Saved\r\n550 5.1.1 <eve@example.net> Unknown\r\n"),
    ("C", b"QUIT\r\n"),
    ("S", b"221 2.0.0 OK\r\n"),
]
POP3 = [
    ("S", b"+OK POP3 ready <1896.697170952@example.org>\r\n"),
    ("C", b"USER bob\r\n"),
    ("S", b"+OK\r\n"),
    ("C", b"PASS secret\r\n"),
    ("S", b"+OK Logged in.\r\n"),
    ("C", b"STAT\r\n"),
    ("S", b"+OK 1 60\r\n"),
    ("C", b"LIST\r\n"),
    ("S", b"+OK 1 messages:\r\n1 60\r\n.\r\n"),
    ("C", b"RETR 1\r\n"),
    ("S", b"+OK message follows\r\nFrom: ann@example.org\r\nSubject: hello\r\n\r\n..dot\r\n+OK not a reply\r\n.\r\n"),
    ("C", b"QUIT\r\n"),
    ("S", b"+OK Logging out.\r\n"),
]
IMAP = [
    ("S", b"* OK [CAPABILITY IMAP4rev1] ready\r\n"),
    ("C", b"a1 LOGIN bob secret\r\n"),
    ("S", b"a1 OK Logged in\r\n"),
    ("C", b"a2 SELECT INBOX\r\n"),
    ("S", b"* 1 EXISTS\r\na2 OK [READ-WRITE] done\r\n"),
    ("C", b"a3 UID FETCH 5 BODY[]\r\n"),
    ("S", b"* 1 FETCH (UID 5 BODY[] {43}\r\nFrom: ann@example.org\r\nSubject: hello\r\n\r\n)\r\n)\r\na3 OK done\r\n"),
    ("C", b"a4 LOGOUT\r\n"),
    ("S", b"* BYE logging out\r\na4 OK done\r\n"),
]
MAIL = {"SMTP": SMTP, "LMTP": LMTP, "POP3": POP3, "IMAP": IMAP}

NOT_MAIL = {
    "ftp": [
        ("S", b"220 (vsFTPd 3.0.3)\r\n"),
        ("C", b"USER anonymous\r\n"),
        ("S", b"331 Please specify the password.\r\n"),
        ("C", b"PASS guest\r\n"),
        ("S", b"230 Login successful.\r\n"),
        ("C", b"SYST\r\n"),
        ("S", b"215 UNIX Type: L8\r\n"),
        ("C", b"NOOP\r\n"),
        ("S", b"200 NOOP ok.\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"221 Goodbye.\r\n"),
    ],
    "ftp_long_greeting": [
        ("S", b"220-Welcome to ftp.example.org\r\n220-This is a mail archive: mail mail mail\r\n220 ready\r\n"),
        ("C", b"HELP\r\n"),
        ("S", b"214-The following commands are recognized.\r\n ABOR ACCT ALLO APPE CDUP\r\n214 Help OK.\r\n"),
        ("C", b"USER bob\r\n"),
        ("S", b"331 Password required\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"221 Bye\r\n"),
    ],
    "ftp_auth_tls": [
        ("S", b"220 ProFTPD Server ready.\r\n"),
        ("C", b"AUTH TLS\r\n"),
        ("S", b"234 AUTH TLS successful\r\n"),
        ("C", b"\x16\x03\x01\x00\x05hello"),
    ],
    "redis": [
        ("C", b"PING\r\n"),
        ("S", b"+PONG\r\n"),
        ("C", b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"*1\r\n$4\r\nQUIT\r\n"),
        ("S", b"+OK\r\n"),
    ],
    "redis_inline": [
        ("C", b"SET a b\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"FOO\r\n"),
        ("S", b"-ERR unknown command 'FOO'\r\n"),
        ("C", b"AUTH secret\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"+OK\r\n"),
    ],
    "nntp": [
        ("S", b"200 news.example.org InterNetNews NNRP server ready (posting ok)\r\n"),
        ("C", b"MODE READER\r\n"),
        ("S", b"200 ready\r\n"),
        ("C", b"LIST\r\n"),
        ("S", b"215 list of newsgroups follows\r\ncomp.mail 10 1 y\r\n.\r\n"),
        ("C", b"GROUP comp.mail\r\n"),
        ("S", b"211 10 1 10 comp.mail\r\n"),
        ("C", b"ARTICLE 1\r\n"),
        ("S", b"220 1 <a@example.org> article\r\nFrom: ann@example.org\r\nSubject: hello\r\n\r\nHi\r\n.\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"205 Bye!\r\n"),
    ],
    "irc": [
        ("C", b"PASS secret\r\nNICK bob\r\nUSER bob 0 * :Bob\r\n"),
        ("S", b":irc.example.org NOTICE * :*** Looking up your hostname...\r\n:irc.example.org 001 bob :Welcome\r\n"),
        ("C", b"LIST\r\n"),
        ("S", b":irc.example.org 323 bob :End of LIST\r\n"),
        ("C", b"QUIT :bye\r\n"),
        ("S", b"ERROR :Closing Link: bob (Quit: bye)\r\n"),
    ],
    "http": [
        ("C", b"GET /mail HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        ("S", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n220 mx ESMTP ready\r\n"),
        ("C", b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 12\r\n\r\nMAIL FROM:<a"),
        ("S", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
    "memcached": [
        ("C", b"set k 0 0 5\r\nhello\r\n"),
        ("S", b"STORED\r\n"),
        ("C", b"get k\r\n"),
        ("S", b"VALUE k 0 5\r\nhello\r\nEND\r\n"),
        ("C", b"stats\r\n"),
        ("S", b"STAT pid 1\r\nSTAT uptime 2\r\nEND\r\n"),
        ("C", b"quit\r\n"),
    ],
    "ssh": [
        ("S", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
        ("C", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("S", bytes.fromhex("000003240a14") + bytes(range(200))),
    ],
    "sip": [
        (
            "C",
            b"OPTIONS sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP 10.1.0.1\r\nFrom: <sip:a@example.org>\r\n"
            b"To: <sip:bob@example.org>\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        ),
        ("S", b"SIP/2.0 200 OK\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"),
    ],
    "telnet": [
        ("S", b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23"),
        ("C", b"\xff\xfb\x18\xff\xfc\x20"),
        ("S", b"\r\nDebian GNU/Linux 12\r\nlogin: "),
        ("C", b"bob\r\n"),
        ("S", b"Password: "),
        ("C", b"secret\r\n"),
        ("S", b"Last login: Mon\r\n$ "),
        ("C", b"mail\r\n"),
        ("S", b"No mail for bob\r\n$ "),
        ("C", b"quit\r\n"),
    ],
    "acap": [
        ("S", b'* ACAP (IMPLEMENTATION "x") (SASL "CRAM-MD5") (STARTTLS)\r\n'),
        ("C", b'a001 AUTHENTICATE "CRAM-MD5"\r\n'),
        ("S", b'+ "<nonsense@x>"\r\n'),
        ("C", b'"fred abc"\r\n'),
        ("S", b'a001 OK "done"\r\n'),
    ],
    "bullets": [("S", b"* item one\r\n* OK is what I say\r\n"), ("C", b"1 check\r\n"), ("S", b"2 no\r\n")],
    "managesieve": [
        ("S", b'"IMPLEMENTATION" "Dovecot Pigeonhole"\r\n"SASL" "PLAIN"\r\nOK "ready"\r\n'),
        ("C", b'AUTHENTICATE "PLAIN" "AGJvYgBzZWNyZXQ="\r\n'),
        ("S", b'OK "Logged in."\r\n'),
        ("C", b"LOGOUT\r\n"),
        ("S", b"OK\r\n"),
    ],
    "mpd": [
        ("S", b"OK MPD 0.23.5\n"),
        ("C", b"status\n"),
        ("S", b"volume: 100\nstate: stop\nOK\n"),
        ("C", b"list artist\n"),
        ("S", b"Artist: Ann\nOK\n"),
    ],
    "beanstalkd": [
        ("C", b"use mail\r\n"),
        ("S", b"USING mail\r\n"),
        ("C", b"put 0 0 60 5\r\nhello\r\n"),
        ("S", b"INSERTED 1\r\n"),
        ("C", b"delete 1\r\n"),
        ("S", b"DELETED\r\n"),
        ("C", b"quit\r\n"),
    ],
    "gdb_remote": [("C", b"$qSupported#37"), ("S", b"+$PacketSize=1000#8a"), ("C", b"+$g#67"), ("S", b"+$OK#9a")],
    "whois": [("C", b"example.org\r\n"), ("S", b"% This is a whois server.\r\n\r\ndomain: example.org\r\n")],
    "tls": [("C", bytes.fromhex("160301010001000102") + bytes(200)), ("S", bytes.fromhex("16030300100200000c") + bytes(60))],
    "random": [("C", random.Random(1).randbytes(4000)), ("S", random.Random(2).randbytes(4000))],
    "digits": [("S", b"220\r\n"), ("C", b"110\r\n"), ("S", b"250\r\n")],
}


@pytest.mark.parametrize("start", range(6), ids=lambda start: f"from_{start}")
@pytest.mark.parametrize("mss", [1460, 1], ids=["whole", "bytewise"])
@pytest.mark.parametrize("handshake", [True, False], ids=["from_syn", "mid_stream"])
def test_nothing_else_is_taken_for_mail(tshark, session_capture, two_pass, handshake, mss, start):
    """All of them in one capture, told apart by their streams; without the first entries, too."""
    path = session_capture(
        *(transcript[start:] or transcript for transcript in NOT_MAIL.values()), server_port=18999, handshake=handshake, mss=mss
    )
    found = tshark.fields(path, "mailxtra || smtp || pop || imap", "tcp.stream", two_pass=two_pass)
    names = list(NOT_MAIL)
    assert {names[int(stream)] for ((stream,),) in found} == set()


@pytest.mark.parametrize("mss", [1460, 1], ids=["whole", "bytewise"])
@pytest.mark.parametrize("port", [18999, 1025, 40001])
@pytest.mark.parametrize("name", MAIL)
def test_mail_is_found_on_odd_ports(tshark, session_capture, two_pass, name, port, mss):
    path = session_capture(MAIL[name], server_port=port, mss=mss)
    assert protocols(tshark, path, two_pass) == {name}
    assert subjects(tshark, path, two_pass) == ["hello"]
    payload = tshark.frames(path, "tcp.len > 0")
    found = tshark.frames(path, "mailxtra", two_pass=two_pass)
    if mss > 1:
        assert found == payload
    else:
        # Until enough of the first line is there nobody can know.
        assert set(found) <= set(payload) and len(found) > 0.9 * len(payload)


@pytest.mark.parametrize("mss", [1, 2, 3, 1460])
@pytest.mark.parametrize("client_port", [6001, 5060, 1883, 3306])
@pytest.mark.parametrize("name", MAIL)
def test_who_listens_on_the_clients_port_does_not_take_it(tshark, session_capture, two_pass, name, client_port, mss):
    """Ports of X11, SIP, MQTT and MySQL. With too few first bytes their dissectors are asked first, and take anything."""
    path = session_capture(MAIL[name], client=("10.1.0.1", client_port), server_port=18999, mss=mss)
    assert protocols(tshark, path, two_pass) == {name}
    assert subjects(tshark, path, two_pass) == ["hello"]


# From there on the message is not in the capture any more.
LATEST = {"LMTP": 5, "IMAP": 7}


@pytest.mark.parametrize("name,start", [(name, start) for name in MAIL for start in range(1, LATEST.get(name, 8))])
def test_mail_is_found_from_the_middle_on_odd_ports(tshark, session_capture, two_pass, name, start):
    path = session_capture(MAIL[name][start:], server_port=18999, handshake=False)
    # LMTP without its LHLO looks like SMTP; its protocol is not asked for then.
    assert subjects(tshark, path, two_pass) == ["hello"]
    commands = {value for row in tshark.fields(path, "mailxtra.command", "mailxtra.command") for value in row[0]}
    assert commands & {"QUIT", "LOGOUT"}


@pytest.mark.parametrize("name,port", [("SMTP", 25), ("SMTP", 587), ("SMTP", 2525), ("LMTP", 24), ("POP3", 110), ("IMAP", 143)])
def test_mail_is_found_on_its_ports(tshark, session_capture, two_pass, name, port):
    path = session_capture(MAIL[name], server_port=port)
    assert protocols(tshark, path, two_pass) == {name}
    assert tshark.frames(path, "mailxtra", two_pass=two_pass) == tshark.frames(path, "tcp.len > 0")


@pytest.mark.parametrize("name,port", [("SMTP", 25), ("POP3", 110), ("IMAP", 143)])
@pytest.mark.parametrize("handshake", [True, False], ids=["from_syn", "mid_stream"])
def test_direction_is_not_told_by_the_port(tshark, session_capture, name, port, handshake):
    """Both sides use the well-known port, or the client does."""
    plain = session(tshark, session_capture(MAIL[name], server_port=port))
    for client_port, server_port in ((port, port), (port, 18999)):
        path = session_capture(
            MAIL[name], client=("10.1.0.1", client_port), server=("10.1.0.2", server_port), handshake=handshake
        )
        assert session(tshark, path) == plain


@pytest.mark.parametrize("name", MAIL)
def test_typed_by_hand_reads_like_any_other(tshark, session_capture, two_pass, name):
    port = {"SMTP": 25, "LMTP": 24, "POP3": 110, "IMAP": 143}[name]
    whole = session_capture(MAIL[name], server_port=port)
    typed = session_capture(MAIL[name], server_port=port, mss=1)
    assert session(tshark, typed, two_pass) == session(tshark, whole, two_pass)
    assert exported(tshark, typed) == exported(tshark, whole)


@pytest.mark.parametrize("name", MAIL)
def test_ipv6(tshark, session_capture, name):
    path = session_capture(MAIL[name], client=("fd00::1", 40000), server=("fd00::2", 18999))
    assert protocols(tshark, path) == {name} and subjects(tshark, path) == ["hello"]


SESSION_FIELDS = [
    "mailxtra.command",
    "mailxtra.command.argument",
    "mailxtra.reply.code",
    "mailxtra.reply.status",
    "mailxtra.reply.enhanced",
    "mailxtra.reply.text",
    "mailxtra.capability",
    "mailxtra.auth.username",
    "mailxtra.auth.password",
    "mailxtra.envelope.from",
    "mailxtra.envelope.to",
    "mailxtra.message.subject",
    "mailxtra.message.sha256",
]


def session(tshark, path, two_pass=False):
    """What was said, without the frames that it was said in: the values of each field, in order."""
    columns = zip(*tshark.fields(path, "mailxtra", *SESSION_FIELDS, two_pass=two_pass))
    said = {name: [value for cell in column for value in cell] for name, column in zip(SESSION_FIELDS, columns)}
    # A reply of several lines has its code once per frame.
    said["mailxtra.reply.code"] = [code for code, _ in itertools.groupby(said["mailxtra.reply.code"])]
    return said


def protocols(tshark, path, two_pass=False):
    rows = tshark.fields(path, "mailxtra", "mailxtra.protocol", two_pass=two_pass)
    return {value for row in rows for value in row[0]}


def subjects(tshark, path, two_pass=False):
    rows = tshark.fields(path, "mailxtra.message", "mailxtra.message.subject", two_pass=two_pass)
    return [value for row in rows for value in row[0]]


def exported(tshark, path):
    return sorted(file.read_bytes() for file in tshark.export("mail-messages", path).iterdir())
