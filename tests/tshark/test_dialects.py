"""Servers and clients that speak something else than RFC 5321: Exchange, Postfix' proxies, rare extensions, broken lines, BDAT."""

import hashlib
import struct
from base64 import b64encode

import pytest
from mail_table import first, subtrees
from pcapgen import tcp_session, write_pcap

MAIL = b"From: a@b.example\r\nSubject: dialect\r\n\r\nHi\r\n.dot\r\n"
OTHER = b"From: o@b.example\r\nSubject: other\r\n\r\nHello\r\n"
BINARY = b"From: a@b.example\r\nContent-Type: application/octet-stream; name=b.bin\r\nContent-Transfer-Encoding: binary\r\n\r\n" + bytes(range(256)) * 3
BLOB = bytes(range(256)) + b"\r\n.\r\nQUIT\r\nDATA\r\n"


def C(*lines):
    return "C", b"".join(line + b"\r\n" for line in lines)


def S(*lines):
    return "S", b"".join(line + b"\r\n" for line in lines)


def stuffed(mail):
    return mail.replace(b"\r\n.", b"\r\n..") + b".\r\n"


GREETING = S(b"220 mx.example ESMTP")
ENVELOPE = [C(b"MAIL FROM:<a@b.example>"), S(b"250 ok"), C(b"RCPT TO:<d@e.example>"), S(b"250 ok")]
DATA = [C(b"DATA"), S(b"354 go"), ("C", stuffed(MAIL)), S(b"250 2.0.0 queued")]
BYE = [C(b"QUIT"), S(b"221 bye")]
MAIL_COMMANDS = ["MAIL", "RCPT", "DATA", "QUIT"]


def session(*middle, hello=(b"mx",), greeting=GREETING, rest=(*ENVELOPE, *DATA, *BYE)):
    lines = [b"250-" + line for line in hello[:-1]] + [b"250 " + hello[-1]]
    return [greeting, C(b"EHLO c"), S(*lines), *middle, *rest]


EXCHANGE = (b"mx Hello [10.1.0.1]", b"X-EXPS GSSAPI NTLM LOGIN", b"X-EXPS=LOGIN", b"AUTH NTLM", b"X-LINK2STATE", b"XEXCH50", b"CHUNKING", b"OK")


def ntlm_security_buffers(*fields, start):
    """Length, room and offset of each field, and the fields themselves."""
    heads, body = b"", b""
    for data in fields:
        heads += struct.pack("<HHI", len(data), len(data), start + len(body))
        body += data
    return heads, body


NTLM_NEGOTIATE = b"NTLMSSP\0" + struct.pack("<II", 1, 0xA2088207) + bytes(16)
NTLM_HEADS, NTLM_BODY = ntlm_security_buffers(
    bytes(24), bytes(24), *(text.encode("utf-16-le") for text in ("SKYNET", "li", "PC")), b"", start=64
)
NTLM_AUTHENTICATE = b"NTLMSSP\0" + struct.pack("<I", 3) + NTLM_HEADS + struct.pack("<I", 0xA2888205) + NTLM_BODY
NTLM_CHALLENGE = b"NTLMSSP\0" + struct.pack("<IHHII", 2, 0, 0, 48, 0xA2898205) + b"01234567" + bytes(8) + struct.pack("<HHI", 0, 0, 48)

# name: (transcript, the commands in order, the messages in order)
SESSIONS = {
    "exchange_gssapi": (
        session(
            C(b"X-EXPS GSSAPI"), S(b"334 GSSAPI supported"), C(b"YIIFBgYJKoZIhvcSAQICAQBuggT1"), S(b"334 YIGZBgkqhkiG"), C(b""),
            S(b"235 2.7.0 Authentication successful"), C(b"X-LINK2STATE LAST CHUNK={00000050} MULTI (5) ({00000000-0000})"),
            S(b"200 LAST CHUNK={0000001f} DONE_RESPONSE"), hello=EXCHANGE,
        ),
        ["EHLO", "X-EXPS", "X-LINK2STATE", *MAIL_COMMANDS],
        [MAIL],
    ),
    "exchange_blob": (
        session(
            hello=EXCHANGE,
            rest=[*ENVELOPE[:2], C(b"XEXCH50 %d 2" % len(BLOB)), S(b"354 Send binary data"), ("C", BLOB), S(b"250 XEXCH50 OK"), *ENVELOPE[2:], *DATA, *BYE],
        ),
        ["EHLO", "MAIL", "XEXCH50", "RCPT", "DATA", "QUIT"],
        [MAIL],
    ),
    "exchange_blob_refused": (
        session(hello=EXCHANGE, rest=[*ENVELOPE[:2], C(b"XEXCH50 %d 2" % len(BLOB)), S(b"504 Need to authenticate first"), *ENVELOPE[2:], *DATA, *BYE]),
        ["EHLO", "MAIL", "XEXCH50", "RCPT", "DATA", "QUIT"],
        [MAIL],
    ),
    "exchange_bdat": (
        session(
            hello=EXCHANGE,
            rest=[*ENVELOPE, ("C", b"BDAT %d LAST\r\n" % len(BINARY) + BINARY), S(b"250 2.6.0 <x@mx> Queued mail for delivery"), *BYE],
        ),
        ["EHLO", "MAIL", "RCPT", "BDAT", "QUIT"],
        [BINARY],
    ),
    "xclient": (
        session(
            C(b"XCLIENT NAME=spike.example.org ADDR=192.0.2.7 LOGIN=+5Bu+40x+5D"), GREETING, C(b"EHLO spike"), S(b"250 mx"),
            hello=(b"mx", b"XCLIENT NAME ADDR PORT PROTO HELO LOGIN"),
        ),
        ["EHLO", "XCLIENT", "EHLO", *MAIL_COMMANDS],
        [MAIL],
    ),
    "xforward": (
        session(
            C(b"XFORWARD NAME=spike.example.org ADDR=IPv6:2001:db8::7"), S(b"250 Ok"), C(b"XFORWARD PROTO=ESMTP HELO=spike SOURCE=REMOTE"), S(b"250 Ok"),
            hello=(b"mx", b"XFORWARD NAME ADDR PROTO HELO SOURCE"),
        ),
        ["EHLO", "XFORWARD", "XFORWARD", *MAIL_COMMANDS],
        [MAIL],
    ),
    "extensions": (
        session(
            C(b"VRFY bob"), S(b"252 2.5.2 Cannot VRFY"), C(b"EXPN list"), S(b"250-Ann <ann@e.example>", b"250 Bob <bob@e.example>"),
            C(b"HELP"), S(b"214-Commands:", b"214 HELO EHLO"), C(b"ETRN e.example"), S(b"250 OK, queuing started"),
            hello=(
                b"mx", b"ETRN", b"VRFY", b"EXPN", b"HELP", b"BURL imap", b"FUTURERELEASE 86400 2026-01-01T00:00:00Z", b"DELIVERBY 240",
                b"MT-PRIORITY MIXER", b"REQUIRETLS", b"LIMITS RCPTMAX=20 MAILMAX=5",
            ),
            rest=[
                C(b"MAIL FROM:<a@b.example> HOLDFOR=3600 BY=120;R MT-PRIORITY=3 REQUIRETLS RET=HDRS ENVID=QQ+2B1"), S(b"250 ok"),
                C(b"RCPT TO:<d@e.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;d+40e.example"), S(b"250 ok"), *DATA, *BYE,
            ],
        ),
        ["EHLO", "VRFY", "EXPN", "HELP", "ETRN", *MAIL_COMMANDS],
        [MAIL],
    ),
    "burl": (
        session(
            hello=(b"mx", b"BURL imap", b"CHUNKING"),
            rest=[*ENVELOPE, C(b"BURL imap://bob@imap.example/Drafts;UID=2;urlauth=submit+bob:internal:91354a47 LAST"), S(b"250 2.5.0 Ok"), *ENVELOPE, *DATA, *BYE],
        ),
        ["EHLO", "MAIL", "RCPT", "BURL", *MAIL_COMMANDS],
        [MAIL],
    ),
    "banner_of_many_lines": (
        session(greeting=S(b"220-mx.example", *[b"220-We do not authorize spam %d" % n for n in range(50)], b"220 ready ESMTP")),
        ["EHLO", *MAIL_COMMANDS],
        [MAIL],
    ),
    "over_long_line": (
        session(C(b"NOOP " + b"x" * 70000), S(b"500 line too long")),
        ["EHLO", "NOOP", *MAIL_COMMANDS],
        [MAIL],
    ),
    "bytes_that_are_no_ascii": (
        session(
            C(b"VRFY J\xf6rg"), S(b"550 5.1.1 unbekannt: J\xf6rg"), C(b"\xc3\xa9\xff\xfe hello"), S(b"500 what?"), C(b"", b"NOOP\0x"), S(b"500 what?", b"500 what?"),
        ),
        ["EHLO", "VRFY", *MAIL_COMMANDS],
        [MAIL],
    ),
    "tarpit": (
        [("S", bytes([byte])) for byte in b"220-mx\r\n220-slow\r\n220 ESMTP\r\n"] + session()[1:],
        ["EHLO", *MAIL_COMMANDS],
        [MAIL],
    ),
    "lmtp": (
        [
            S(b"220 mda LMTP"), C(b"LHLO c"), S(b"250 mda"),
            C(b"MAIL FROM:<a@b.example>", b"RCPT TO:<d@e.example>", b"RCPT TO:<n@e.example>", b"RCPT TO:<f@e.example>", b"DATA"),
            S(b"250 ok", b"250 ok", b"550 no", b"250 ok", b"354 go"), ("C", stuffed(MAIL)),
            S(b"250 2.0.0 <d@e.example> saved", b"452 4.2.2 <f@e.example> full"), *BYE,
        ],
        ["LHLO", "MAIL", "RCPT", "RCPT", "RCPT", "DATA", "QUIT"],
        [MAIL],
    ),
    "chunks": (
        session(
            hello=(b"mx", b"CHUNKING", b"BINARYMIME"),
            rest=[
                C(b"MAIL FROM:<a@b.example> BODY=BINARYMIME"), S(b"250 ok"), *ENVELOPE[2:],
                ("C", b"BDAT 100\r\n" + BINARY[:100]), S(b"250 100 octets"), ("C", b"BDAT %d\r\n" % len(BINARY[100:]) + BINARY[100:]), S(b"250 more"),
                C(b"BDAT 0 LAST"), S(b"250 2.0.0 queued"), *ENVELOPE, *DATA, *BYE,
            ],
        ),
        ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "BDAT", *MAIL_COMMANDS],
        [BINARY, MAIL],
    ),
    "chunks_and_commands_in_one_segment": (
        session(
            hello=(b"mx", b"CHUNKING", b"PIPELINING"),
            rest=[
                (
                    "C",
                    b"MAIL FROM:<a@b.example>\r\nRCPT TO:<d@e.example>\r\nBDAT 10\r\n" + BINARY[:10] + b"BDAT %d LAST\r\n" % len(BINARY[10:]) + BINARY[10:]
                    + b"MAIL FROM:<a@b.example>\r\nRCPT TO:<d@e.example>\r\nBDAT %d LAST\r\n" % len(OTHER) + OTHER + b"QUIT\r\n",
                ),
                S(b"250 ok", b"250 ok", b"250 10", b"250 queued", b"250 ok", b"250 ok", b"250 queued", b"221 bye"),
            ],
        ),
        ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "MAIL", "RCPT", "BDAT", "QUIT"],
        [BINARY, OTHER],
    ),
    "chunk_refused_and_reset": (
        session(rest=[*ENVELOPE, ("C", b"BDAT 10\r\n" + MAIL[:10]), S(b"552 5.2.3 too big"), C(b"RSET"), S(b"250 ok"), *ENVELOPE, *DATA, *BYE]),
        ["EHLO", "MAIL", "RCPT", "BDAT", "RSET", *MAIL_COMMANDS],
        [None, MAIL],
    ),
    "chunk_size_overflows": (
        session(rest=[*ENVELOPE, C(b"BDAT 99999999999999999999999 LAST"), S(b"501 5.5.4 size"), C(b"BDAT -1"), S(b"501 5.5.4 size"), C(b"BDAT"), S(b"501 size"), *DATA, *BYE]),
        ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "BDAT", "DATA", "QUIT"],
        [MAIL],
    ),
    "data_in_the_middle_of_chunks": (
        session(rest=[*ENVELOPE, ("C", b"BDAT 10\r\n" + MAIL[:10]), S(b"250 ok"), C(b"DATA"), S(b"503 5.5.1 bad sequence"), C(b"RSET"), S(b"250 ok"), *ENVELOPE, *DATA, *BYE]),
        ["EHLO", "MAIL", "RCPT", "BDAT", "DATA", "RSET", *MAIL_COMMANDS],
        [None, MAIL],
    ),
    "body_before_354": (
        session(rest=[*ENVELOPE, ("C", b"DATA\r\n" + stuffed(MAIL) + b"QUIT\r\n"), S(b"354 go", b"250 queued", b"221 bye")]),
        ["EHLO", *MAIL_COMMANDS],
        [MAIL],
    ),
    "whole_session_in_one_segment_each": (
        [
            GREETING,
            (
                "C",
                b"EHLO c\r\n" + 2 * (b"MAIL FROM:<a@b.example>\r\nRCPT TO:<d@e.example>\r\nDATA\r\n" + stuffed(MAIL)) + b"MAIL FROM:<a@b.example>\r\n"
                b"RCPT TO:<d@e.example>\r\nDATA\r\n" + stuffed(OTHER) + b"QUIT\r\n",
            ),
            S(b"250 mx", *3 * (b"250 ok", b"250 ok", b"354 go", b"250 queued"), b"221 bye"),
        ],
        ["EHLO", *3 * ["MAIL", "RCPT", "DATA"], "QUIT"],
        [MAIL, MAIL, OTHER],
    ),
    "closed_with_421": (session(rest=[*ENVELOPE[:3], S(b"421 4.4.2 mx.example Error: timeout exceeded")]), ["EHLO", "MAIL", "RCPT"], []),
    "closed_with_421_inside_a_message": (session(rest=[*ENVELOPE, *DATA[:2], ("C", MAIL[:20]), S(b"421 4.3.0 shutting down")]), ["EHLO", "MAIL", "RCPT", "DATA"], [None]),
}


@pytest.fixture
def write(workspace):
    return lambda transcript, **options: write_pcap(workspace.folder() / "dialect.pcap", tcp_session(transcript, **options))


def messages(tshark, path, two_pass):
    """The SHA-256 of each message, None of one that is not complete."""
    frames = tshark.json(path, "mailxtra.message", two_pass=two_pass)
    found = [message for frame in frames for message in subtrees(frame, "mailxtra.message")]
    return [first(one, "mailxtra.message.sha256") if is_true(first(one, "mailxtra.message.complete")) else None for one in found]


def is_true(value):
    return str(value).lower() in ("1", "true")


def flat(rows, column=0):
    return [value for row in rows for value in row[column]]


def hashes(mails):
    return [mail and hashlib.sha256(mail).hexdigest() for mail in mails]


@pytest.mark.parametrize("mss", [1460, 1], ids=["whole", "byte_by_byte"])
@pytest.mark.parametrize("name", SESSIONS)
def test_commands_and_messages(tshark, write, two_pass, name, mss):
    transcript, commands, mails = SESSIONS[name]
    if mss == 1 and sum(len(data) for _, data in transcript) > 20000:
        mss = 900
    path = write(transcript, mss=mss)
    assert flat(tshark.fields(path, "mailxtra.command", "mailxtra.command", two_pass=two_pass)) == commands
    assert messages(tshark, path, two_pass) == hashes(mails)
    exported = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in tshark.export("mail-messages", path, two_pass=two_pass).iterdir())
    whole = hashes(mail for mail in mails if mail)
    assert len(exported) == len(mails) and all(exported.count(one) >= whole.count(one) for one in whole)


@pytest.mark.parametrize("name", SESSIONS)
def test_every_reply_finds_its_question(tshark, write, name):
    """But for the greetings, and a 421 that no command asked for."""
    path = write(SESSIONS[name][0])
    rows = tshark.fields(path, "mailxtra.reply.code", "mailxtra.reply.code", "mailxtra.reply_to", two_pass=True)
    unasked = [code for codes, questions in rows if not questions for code in codes]
    assert set(unasked) <= ({"220", "421"} if "421" in name else {"220"})
    for codes, questions in rows:
        assert not questions or len(questions) == len(codes)


def test_several_messages_of_one_frame_are_messages_of_their_own(tshark, write, two_pass):
    path = write(SESSIONS["whole_session_in_one_segment_each"][0])
    (frame,) = tshark.json(path, "mailxtra.message", two_pass=two_pass)
    subjects = [first(message, "mailxtra.message.subject") for message in subtrees(frame, "mailxtra.message")]
    assert subjects == ["dialect", "dialect", "other"]


def test_an_extension_s_parameters(tshark, write, two_pass):
    path = write(SESSIONS["extensions"][0])
    rows = tshark.fields(path, "mailxtra.command.parameter.name", "mailxtra.command.parameter.name", "mailxtra.command.parameter.value", two_pass=two_pass)
    assert flat(rows) == ["HOLDFOR", "BY", "MT-PRIORITY", "REQUIRETLS", "RET", "ENVID", "NOTIFY", "ORCPT"]
    assert flat(rows, 1) == ["3600", "120;R", "3", "HDRS", "QQ+1", "SUCCESS,DELAY", "rfc822;d@e.example"]
    capabilities = tshark.fields(path, "mailxtra.capability", "mailxtra.capability", two_pass=two_pass)
    assert flat(capabilities) == ["ETRN", "VRFY", "EXPN", "HELP", "BURL", "FUTURERELEASE", "DELIVERBY", "MT-PRIORITY", "REQUIRETLS", "LIMITS"]


def test_what_a_proxy_says_of_its_client(tshark, write, two_pass):
    path = write(SESSIONS["xclient"][0])
    rows = tshark.fields(path, "mailxtra.command == XCLIENT", "mailxtra.command.parameter.name", "mailxtra.command.parameter.value", two_pass=two_pass)
    assert rows == [[["NAME", "ADDR", "LOGIN"], ["spike.example.org", "192.0.2.7", "[u@x]"]]]


@pytest.mark.parametrize(
    "opening", [[C(b"X-EXPS NTLM"), S(b"334 NTLM supported"), C(b64encode(NTLM_NEGOTIATE))], [C(b"X-EXPS NTLM " + b64encode(NTLM_NEGOTIATE))]], ids=["bare", "initial"]
)
def test_exchange_s_ntlm(tshark, write, two_pass, opening):
    transcript = session(*opening, S(b"334 " + b64encode(NTLM_CHALLENGE)), C(b64encode(NTLM_AUTHENTICATE)), S(b"535 5.7.3 Authentication unsuccessful"), hello=EXCHANGE)
    path = write(transcript)
    rows = tshark.fields(path, "mailxtra.auth.mechanism", "mailxtra.auth.mechanism", "mailxtra.auth.username", "mailxtra.auth.success", two_pass=two_pass)
    assert {value for value in flat(rows)} == {"NTLM"}
    # from 4.4 on, -T fields writes a backslash as two
    assert {value.replace("\\\\", "\\") for value in flat(rows, 1)} == {"SKYNET\\li"}
    assert [is_true(value) for value in flat(rows, 2)] == [False]
    assert messages(tshark, path, two_pass) == hashes([MAIL])


def test_the_blob_of_exchange_is_no_command(tshark, write, two_pass):
    path = write(SESSIONS["exchange_blob"][0])
    assert tshark.frames(path, "mailxtra.expert.unknown_command", two_pass=two_pass) == []


def test_a_chunk_that_the_server_fetches_is_missing(tshark, write, two_pass):
    """BURL and BDAT make one message (RFC 4468): the capture has only the latter's part of it."""
    rest = [*ENVELOPE, C(b"BURL imap://bob@imap.example/Drafts;UID=2"), S(b"250 ok"), ("C", b"BDAT %d LAST\r\n" % len(OTHER) + OTHER), S(b"250 queued"), *BYE]
    path = write(session(rest=rest))
    assert messages(tshark, path, two_pass) == [None]


def test_lines_that_end_in_lf_alone(tshark, write, two_pass):
    """Both sides; the mail as well, whose bytes stay what they are."""
    path = write([(side, data.replace(b"\r\n", b"\n")) for side, data in session()])
    assert flat(tshark.fields(path, "mailxtra.command", "mailxtra.command", two_pass=two_pass)) == ["EHLO", *MAIL_COMMANDS]
    assert messages(tshark, path, two_pass) == hashes([MAIL.replace(b"\r\n", b"\n")])
    assert tshark.frames(path, "mailxtra.expert.bare_lf", two_pass=two_pass)


EXPERTS = {
    "over_long_line": "line_too_long",
    "bytes_that_are_no_ascii": "unknown_command",
    "chunk_size_overflows": "bdat_bad_size",
    "body_before_354": "data_before_354",
    "chunk_refused_and_reset": "message_aborted",
    "data_in_the_middle_of_chunks": "data_refused",
    "closed_with_421_inside_a_message": "data_refused",
}


@pytest.mark.parametrize("name", EXPERTS)
def test_what_is_odd_is_told(tshark, write, two_pass, name):
    assert tshark.frames(write(SESSIONS[name][0]), f"mailxtra.expert.{EXPERTS[name]}", two_pass=two_pass)


@pytest.mark.parametrize("name", ["exchange_gssapi", "exchange_blob", "xclient", "xforward", "extensions", "banner_of_many_lines", "chunks", "lmtp", "tarpit"])
def test_what_is_usual_is_not_complained_of(tshark, write, name):
    warning = 0x600000
    assert tshark.frames(write(SESSIONS[name][0]), f"mailxtra && _ws.expert.severity >= {warning}") == []
