"""Faults that other people's mail has, each in a capture of its own: the right value in one pass and with -2. Truth: what went
in, and Python's email where it reads the same."""

import base64
import email
import hashlib

import pytest
from pcapgen import tcp_session, write_pcap

HEAD = b"From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: case\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 4


def crlf(text):
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def b64(data):
    return base64.encodebytes(data)


def smtp(mail, sender=b"<ann@example.org>", recipient=b"<bob@example.net>", end=b"."):
    stuffed = mail.replace(b"\r\n.", b"\r\n..")
    stuffed += b"" if stuffed.endswith(b"\r\n") else b"\r\n"
    return [
        ("S", b"220 mx.example.net ESMTP\r\n"),
        ("C", b"EHLO client.example.org\r\n"),
        ("S", b"250 mx.example.net\r\n"),
        ("C", b"MAIL FROM:" + sender + b"\r\n"),
        ("S", b"250 ok\r\n"),
        ("C", b"RCPT TO:" + recipient + b"\r\n"),
        ("S", b"250 ok\r\n"),
        ("C", b"DATA\r\n"),
        ("S", b"354 go\r\n"),
        ("C", stuffed + end + b"\r\n"),
        ("S", b"250 queued\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"221 bye\r\n"),
    ]


def pop3(mail):
    stuffed = mail.replace(b"\r\n.", b"\r\n..")
    stuffed += b"" if stuffed.endswith(b"\r\n") else b"\r\n"
    return [
        ("S", b"+OK POP3 ready\r\n"),
        ("C", b"USER bob\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"PASS secret\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"RETR 1\r\n"),
        ("S", b"+OK %d octets\r\n" % len(mail) + stuffed + b".\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"+OK bye\r\n"),
    ]


PROTOCOLS = {"smtp": smtp, "pop3": pop3}
POP3 = {"server_port": 110}


def options(protocol):
    return POP3 if protocol == "pop3" else {}


def row(tshark, capture, two_pass, *names):
    """The fields of the frame that completes the capture's only message."""
    (found,) = tshark.fields(capture, "mailxtra.message.size", *names, two_pass=two_pass)
    return found


def findings(tshark, capture, two_pass, *names):
    """Which of these findings the capture has."""
    fields = [f"mailxtra.expert.{name}" for name in names]
    rows = tshark.fields(capture, "", *fields, two_pass=two_pass)
    return {name for one in rows for name, value in zip(names, one) if value}


def sha(data):
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------- MIME

NAMED = b'Content-Type: application/pdf; name="a.pdf"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="a.pdf"\n\n'


def multipart(parameter, boundary, closing=None):
    parts = b"--" + boundary + b"\nContent-Type: text/plain\n\nHi\n--" + boundary + b"\n" + NAMED + b64(PDF)
    return HEAD + crlf(b"Content-Type: multipart/mixed; boundary=" + parameter + b"\n\n" + parts + b"--" + (closing or boundary) + b"--\n")


BOUNDARIES = {
    "never-occurs": multipart(b'"=_declared"', b"=_used"),
    "closing-as-declared": multipart(b'"=_declared"', b"=_used", b"=_declared"),
    "other-case": multipart(b'"=_Boundary"', b"=_BOUNDARY"),
    "comment": multipart(b"(the boundary) =_x", b"(the boundary) =_x"),
    "escape": multipart(b'"=_a\\b"', b"=_a\\b"),
    "unquoted-blank": multipart(b"=_a b", b"=_a b"),
    "one-too-short": multipart(b'"=_abcd"', b"=_abc"),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", BOUNDARIES)
def test_a_boundary_that_is_not_the_declared_one(tshark, session_capture, two_pass, name, protocol):
    capture = session_capture(PROTOCOLS[protocol](BOUNDARIES[name]), **options(protocol))
    names, hashes = row(tshark, capture, two_pass, "mailxtra.attachment.filename", "mailxtra.attachment.sha256")
    assert names == ["a.pdf"] and hashes == [sha(PDF)]
    assert findings(tshark, capture, two_pass, "missing_boundary") == {"missing_boundary"}


def test_an_attached_message_of_nothing_but_a_header(tshark, session_capture, two_pass):
    inner = crlf(b"From: carol@example.com\nTo: ann@example.org\nSubject: inner\n")
    mail = HEAD + crlf(b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822; name="in.eml"\n\n') + inner + b"\r\n--b--\r\n"
    hashes, sizes = row(tshark, session_capture(smtp(mail)), two_pass, "mailxtra.attachment.sha256", "mailxtra.attachment.size")
    assert hashes == [sha(inner)] and sizes == [str(len(inner))]


def test_an_article_of_news_is_a_message(tshark, session_capture, two_pass):
    inner = b"From: carol@example.com\nNewsgroups: example.test\nContent-Type: multipart/mixed; boundary=\"c\"\n\n--c\n" + NAMED + b64(PDF) + b"--c--\n"
    mail = HEAD + crlf(b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/news\n\n' + inner + b"--b--\n")
    (names, hashes) = row(tshark, session_capture(smtp(mail)), two_pass, "mailxtra.attachment.filename", "mailxtra.attachment.sha256")
    assert names == ["a.pdf"] and hashes == [sha(PDF)]


def uuencoded(data, begin):
    import binascii

    lines = [binascii.b2a_uu(data[i : i + 45], backtick=True) for i in range(0, len(data), 45)]
    return begin + b"\n" + b"".join(lines) + b"`\nend\n"


@pytest.mark.parametrize("begin", [b"begin 644", b"begin 644 ", b"begin 0600"])
def test_a_uuencoded_file_without_a_name(tshark, session_capture, two_pass, begin):
    mail = HEAD + crlf(b"\nHi\n\n" + uuencoded(PDF, begin) + b"\nBye\n")
    (hashes,) = row(tshark, session_capture(smtp(mail)), two_pass, "mailxtra.attachment.sha256")
    assert hashes == [sha(PDF)]


def without_bytes(frames, start, length):
    """The frames without the one that holds this piece of the client's data; pieces are frames here."""
    return [frame for frame in frames if not (frame.sender == "C" and frame.payload[:length] == start)]


@pytest.mark.parametrize("left", ["nothing", "some of it"])
def test_a_part_header_that_is_lost(tshark, workspace, two_pass, left):
    """The segment with the boundary and the part's header is not in the capture: what base64 there is comes out."""
    first = crlf(b'Content-Type: multipart/mixed; boundary="=_b"\n\n--=_b\nContent-Type: text/plain\n\nHi Bob,\nhere it is.\n')
    header = crlf(b"--=_b\n" + NAMED)
    if left == "some of it":
        kept = crlf(b'--=_b\nContent-Type: application/pdf; name="a.pdf"\n')
        first, header = first + kept, header[len(kept) :]
    body = crlf(b64(PDF))
    cut = 78 * 2 + 33  # two lines and some of the third are lost with the header
    transcript = smtp(HEAD)[:9]
    for piece in (HEAD + first, header + body[:cut], body[cut:] + crlf(b"--=_b--\n.\n")):
        transcript.append(("C", piece))
    transcript.append(("S", b"250 queued\r\n"))
    frames = [frame for frame in tcp_session(transcript, mss=4000) if not frame.payload.startswith(header[:20]) or frame.sender == "S"]
    capture = write_pcap(workspace.folder() / "lost.pcap", frames)
    complete, size, digest, name = row(tshark, capture, two_pass, "mailxtra.attachment.complete", "mailxtra.attachment.size", "mailxtra.attachment.sha256", "mailxtra.attachment.filename")
    start = 57 * 3 if left == "some of it" else 57 * 2 + 24 + 3
    wanted = [PDF[-int(size[0]) :]]
    assert digest == [sha(one) for one in wanted] and int(size[0]) >= len(PDF) - start - 57
    assert complete in (["0"], ["False"])
    assert bool(name) == (left == "some of it")
    assert findings(tshark, capture, two_pass, "part_header_lost") == {"part_header_lost"}


# ---------------------------------------------------------------- header

ATTACHED = crlf(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n%s" + NAMED + b64(PDF) + b"--b--\n")
HEADERS = {
    "blanks": (b"      \r\n", b" \r\n"),
    "colon": (b":\r\n", b":\r\n"),
    "byte-order-mark": (b"\xef\xbb\xbf", b"\xef\xbb\xbf"),
    "byte-order-mark-and-blanks": (b"  \r\n\xef\xbb\xbf", b""),
    "junk": (b"Show original\r\nDownload\r\nCopy to clipboard\r\n", b""),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", HEADERS)
def test_lines_in_front_of_the_first_field(tshark, session_capture, two_pass, name, protocol):
    message, part = HEADERS[name]
    capture = session_capture(PROTOCOLS[protocol](message + HEAD + ATTACHED % part), **options(protocol))
    sender, names, hashes = row(tshark, capture, two_pass, "mailxtra.message.from", "mailxtra.attachment.filename", "mailxtra.attachment.sha256")
    assert sender == ["Ann <ann@example.org>"] and names == ["a.pdf"] and hashes == [sha(PDF)]


RAW = {
    "koi8-r": "Отчёт за третий квартал",
    "windows-1251": "Договор поставки и счёт на оплату",
    "iso-8859-1": "Grüße aus Köln",
    "big5": "關於專案進度的報告",
    "euc-kr": "회의 안내 드립니다",
    "shift_jis": "会議のお知らせ",
    "gb18030": "关于项目进度的报告",
}


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("charset", RAW)
def test_fields_that_are_not_encoded(tshark, session_capture, two_pass, charset, declared):
    kind = f'Content-Type: text/plain; charset="{charset}"' if declared else "Content-Type: text/plain"
    mail = f"From: {RAW[charset]} <ann@example.org>\r\nSubject: {RAW[charset]}\r\n{kind}\r\n\r\nx\r\n".encode(charset)
    subject, sender = row(tshark, session_capture(smtp(mail)), two_pass, "mailxtra.message.subject", "mailxtra.message.from")
    assert subject == [RAW[charset]] and sender == [f"{RAW[charset]} <ann@example.org>"]


# ---------------------------------------------------------------- envelope

PATHS = {
    "plain": b"<%s>",
    "blank": b" <%s>",
    "display-name": b'"Bob Smith" <%s>',
    "name": b"Bob Smith <%s>",
    "encoded-word": b"=?utf-8?Q?B=C3=B6b?= <%s>",
    "encoded-word-glued": b"=?utf-8?B?QsO2Yg==?=<%s>",
    "inside": b'<"Bob Smith" <%s>>',
    "blanks-inside": b"< %s >",
    "no-brackets": b"%s",
    "comment": b"<%s> (Bob)",
    "name-without-brackets": b"Bob Smith %s",
    "unclosed": b"<%s",
}


@pytest.mark.parametrize("name", PATHS)
def test_the_address_of_the_envelope(tshark, session_capture, two_pass, name):
    path = PATHS[name]
    capture = session_capture(smtp(HEAD + b"\r\nHi\r\n", sender=path % b"a@example.org", recipient=path % b"b@example.net"))
    assert row(tshark, capture, two_pass, "mailxtra.envelope.from", "mailxtra.envelope.to") == [["a@example.org"], ["b@example.net"]]
    found = findings(tshark, capture, two_pass, "bad_syntax")
    assert found == (set() if name in ("plain", "blank", "blanks-inside") else {"bad_syntax"})


# ---------------------------------------------------------------- logins


def b64l(text):
    return base64.b64encode(text.encode("latin-1"))


def login(*lines, code=b"235 ok"):
    """AUTH with these lines, of the client and the server in turn."""
    transcript = [("S", b"220 mx ESMTP\r\n"), ("C", b"EHLO c\r\n"), ("S", b"250-mx\r\n250 AUTH LOGIN PLAIN\r\n")]
    for number, line in enumerate(lines):
        transcript.append(("SC"[number % 2 == 0], line + b"\r\n"))
    return [*transcript, ("S", code + b"\r\n"), ("C", b"QUIT\r\n"), ("S", b"221 bye\r\n")]


USER, PASSWORD = b64l("Username:"), b64l("Password:")
LOGINS = {
    "asked-again": ([b"AUTH LOGIN " + b64l("myusername"), b"334 " + USER, b64l("myusername"), b"334 " + PASSWORD, b64l("secret1")], "LOGIN", "myusername", "secret1"),
    "one-line": ([b"AUTH LOGIN " + b64l("user1") + b" " + b64l("pw1")], "LOGIN", "user1", "pw1"),
    "plain-text-prompts": ([b"AUTH LOGIN", b"334 User name:", b64l("tim"), b"334 Password", b64l("pw")], "LOGIN", "tim", "pw"),
    "prompts-with-nul": ([b"AUTH LOGIN", b"334 " + b64l("User Name\0"), b64l("tim"), b"334 " + b64l("Password\0"), b64l("pw")], "LOGIN", "tim", "pw"),
    "unknown": ([b"AUTH xymcookie", b"334 ", b64l("cookie=Y&v=1")], "XYMCOOKIE", None, None),
    "plain-two-nul": ([b"AUTH PLAIN " + b64l("\0\0tim\0pw")], "PLAIN", "tim", "pw"),
    "plain-escapes": ([b"AUTH PLAIN " + b64l("\\0tim\\0pw")], "PLAIN", "tim", "pw"),
    "plain-colon": ([b"AUTH PLAIN " + b64l("tim:pw")], "PLAIN", "tim", "pw"),
}


@pytest.mark.parametrize("name", LOGINS)
def test_one_login(tshark, session_capture, two_pass, name):
    lines, mechanism, user, password = LOGINS[name]
    rows = tshark.fields(session_capture(login(*lines)), "", "mailxtra.auth.mechanism", "mailxtra.auth.username", "mailxtra.auth.password", two_pass=two_pass)
    mechanisms, users, passwords = ({value for one in rows for value in one[column]} for column in range(3))
    assert mechanisms == {mechanism}
    assert users == ({user} if user else set()) and passwords == ({password} if password else set())
    assert findings(tshark, session_capture(login(*lines)), two_pass, "bad_base64_auth") == set()


# ---------------------------------------------------------------- traces


def sessions(workspace, *hops):
    """(client, server, transcript, port) each; one session after the other."""
    frames = []
    for number, (client, server, transcript, port) in enumerate(hops):
        frames += tcp_session(transcript, client=(client, 41000 + number), server=(server, port))
    return write_pcap(workspace.folder() / "hops.pcap", frames)


AUTHOR, FIRST, SECOND, READER = "198.51.100.1", "198.51.100.2", "203.0.113.3", "203.0.113.4"
RECEIVED = b"Received: from %s by %s; Fri, 27 Nov 2026 10:00:00 +0000\r\n"


def test_the_hops_of_a_mail_that_gets_its_id_on_the_way(tshark, workspace, two_pass):
    author = b"From: ann@example.org\r\nTo: bob@example.net\r\nSubject: lunch\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n"
    first = RECEIVED % (b"pc.example.org", b"mx.example.org")
    second = RECEIVED % (b"mx.example.org", b"mx.example.net")
    added = b"Message-ID: <1@mx.example.org>\r\n"
    capture = sessions(
        workspace,
        (AUTHOR, FIRST, smtp(author + b"\r\nHi\r\n"), 25),
        (FIRST, SECOND, smtp(first + author + added + b"\r\nHi\r\n"), 25),
        (READER, SECOND, pop3(second + first + author + added + b"\r\nHi\r\n"), 110),
        (AUTHOR, FIRST, smtp(author + b"\r\nsomething else\r\n"), 25),
    )
    rows = tshark.fields(capture, "mailxtra.message.size", "mailxtra.message.trace", "mailxtra.message.hop", "mailxtra.message.added", two_pass=two_pass)
    assert [row[:2] for row in rows] == [[["1"], ["1"]], [["1"], ["2"]], [["1"], ["3"]], [["2"], ["1"]]]
    assert rows[1][2] == ["Received", "Message-ID"] and rows[2][2] == ["Received"]


SPAM = b"From: Anonymous Spammer\r\nTo: (recipient list suppressed)\r\nMessage-Id: <w45@unwilling.example.com>\r\nSubject: MONEY\r\n\r\nspam\r\n"
RELAY = b"Received: from spammer.example.cn ([192.0.2.120]) by unwilling.example.com (8.6.5/8.5.8) with SMTP id L1; Fri, 27 Nov 2026 10:00:00 +0000\r\n"


def relayed(mail):
    transcript = smtp(mail, sender=b"<spam@spammer.example.cn>")
    return [(side, data.replace(b"EHLO client.example.org", b"EHLO unwilling.example.com")) for side, data in transcript]


def test_a_third_party_that_relayed(tshark, workspace, two_pass):
    top = b"Received: from unwilling.example.com (unwilling.example.com [198.51.100.2]) by mx.example.net (8.8.5) id 1 for <bob@example.net>; Fri, 27 Nov 2026 10:00:01 +0000\r\n"
    capture = sessions(workspace, (FIRST, SECOND, relayed(RELAY + SPAM), 25), (READER, SECOND, pop3(top + RELAY + SPAM), 110))
    names = ["mailxtra.expert.relayed_by_third_party", "mailxtra.expert.from_no_address"]
    rows = tshark.fields(capture, "mailxtra.message.size", *names, two_pass=two_pass)
    assert [[len(cell) for cell in one] for one in rows] == [[1, 1], [1, 1]]
    text = tshark.read(capture, "-q", "-z", "expert", two_pass=two_pass)
    assert "Relayed by a third party: unwilling.example.com took it from spammer.example.cn" in text


LINES = b"Received: from lemongrass.example by galangal.example.org (8.7.3/8.5.1)...\r\nReceived: No Information Here, Go Away!\r\n"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_received_lines_without_a_date(tshark, session_capture, two_pass, protocol):
    forged = b"Received: from galangal.example.org (dial.example.cn [192.0.2.120]) by mx.example.net (8.8.5)...\r\n"
    capture = session_capture(PROTOCOLS[protocol](forged + LINES + HEAD + b"\r\nHi\r\n"), **options(protocol))
    text = tshark.read(capture, "-q", "-z", "expert", two_pass=two_pass)
    assert 'Received line 1 of 3 (from the top) "from galangal.example.org (dial.example.cn [192....' in text
    assert 'Received line 2 of 3 (from the top) "from lemongrass.example by galangal.example.org ...' in text
    assert 'Received line 3 of 3 (from the top) "No Information Here, Go Away!" says neither "from" nor "by", and has no date' in text
    assert "mx.example.net: the client called itself galangal.example.org, but its address 192.0.2.120 belongs to dial.example.cn" in text


def test_the_envelope_s_sender_in_a_mailbox(tshark, session_capture, two_pass):
    """Return-Path is what MAIL FROM was; the same finding as in transfer."""
    handed_over = session_capture(smtp(HEAD + b"\r\nHi\r\n", sender=b"<x@spam.example.com>"))
    fetched = session_capture(pop3(b"Return-Path: <x@spam.example.com>\r\n" + HEAD + b"\r\nHi\r\n"), **POP3)
    for capture in (handed_over, fetched):
        assert findings(tshark, capture, two_pass, "from_domain_differs") == {"from_domain_differs"}
