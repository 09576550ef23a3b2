"""TLS: without keys, on odd ports, with frames lost and out of order; sessions that ask for TLS and do not get it."""

import hashlib
import json
import random
import struct
from collections import Counter

import harness
import pytest
from mail_table import first, subtrees
from pcapgen import tcp_session, write_pcap

EXPECTED = json.loads((harness.PCAPS / "expected.json").read_text(encoding="utf-8"))
UPGRADED = ["smtp-starttls.pcapng", "exim-starttls.pcapng", "pop3-stls.pcapng"]
WRAPPED = ["smtps-465.pcapng", "pop3s-995.pcapng", "exim-tls-odd-port.pcapng"]
SECRETS, PACKET = 0x0A, 0x06  # kinds of blocks (draft-ietf-opsawg-pcapng 4.7, 4.3)
ETHERNET, IPV4 = 14, 20


def expected_hashes(name):
    return Counter(message["sha256"] for message in EXPECTED[name]["messages"])


def hashes(folder):
    return Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir())


# ---------------------------------------------------------------- pcapng files changed


def blocks(path):
    data, at = path.read_bytes(), 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        yield kind, data[at : at + length]
        at += length


@pytest.fixture
def changed(workspace):
    """Writes one of the project's captures again: change() gets the list of its packet blocks and gives another."""

    def write(name, change=lambda packets: packets, keys=True):
        found = list(blocks(harness.PCAPS / name))
        head = [block for kind, block in found if kind != PACKET and (keys or kind != SECRETS)]
        packets = [block for kind, block in found if kind == PACKET]
        path = workspace.folder() / name
        path.write_bytes(b"".join([*head, *change(packets)]))
        return path

    return write


BLOCK_HEAD = 28  # of an enhanced packet block


def with_port(old, new):
    """Another server port. Nobody checks the checksum: it is not offloaded, but Wireshark does not look by default."""

    def change(packets):
        result = []
        for block in packets:
            block = bytearray(block)
            for place in (BLOCK_HEAD + ETHERNET + IPV4, BLOCK_HEAD + ETHERNET + IPV4 + 2):
                if struct.unpack_from("!H", block, place)[0] == old:
                    struct.pack_into("!H", block, place, new)
            result.append(bytes(block))
        return result

    return change


def carrying(packets):
    """Which packets carry much: they are records of application data."""
    return [index for index, block in enumerate(packets) if struct.unpack_from("<I", block, 20)[0] > 300]


def swapped(rng):
    def change(packets):
        packets = list(packets)
        index = rng.choice(carrying(packets)[1:-1])
        packets[index], packets[index + 1] = packets[index + 1], packets[index]
        return packets

    return change


def dropped(rng):
    def change(packets):
        index = rng.choice(carrying(packets)[1:])
        return packets[:index] + packets[index + 1 :]

    return change


def doubled(rng):
    def change(packets):
        return [copy for block in packets for copy in [block] * rng.choice([1, 2])]

    return change


def moved_back(rng):
    def change(packets):
        packets = list(packets)
        index = rng.choice(carrying(packets)[1:-1])
        packets.insert(min(index + 3, len(packets)), packets.pop(index))
        return packets

    return change


# ---------------------------------------------------------------- tests


@pytest.mark.parametrize("name", UPGRADED)
def test_without_keys_the_begin_of_the_encryption_is_told(tshark, changed, two_pass, name):
    path = changed(name, keys=False)
    rows = tshark.fields(path, "mailxtra", "frame.number", "mailxtra.state", "mailxtra.tls", "tls", two_pass=two_pass)
    states = [row[1][-1] for row in rows]
    assert states[-1] == "TLS" and "TLS" not in states[:-1]
    last = int(rows[-1][0][0])
    encrypted = tshark.frames(path, "tls", two_pass=two_pass)
    assert encrypted and min(encrypted) > last
    assert "encrypt" in tshark.verbose(path, display_filter=f"frame.number == {last}", two_pass=two_pass).lower()
    assert hashes(tshark.export("mail-messages", path, two_pass=two_pass)) == Counter()
    assert tshark.frames(path, "_ws.malformed", two_pass=two_pass) == []


@pytest.mark.parametrize("name", WRAPPED)
def test_without_keys_nothing_is_invented(tshark, changed, two_pass, name):
    path = changed(name, keys=False)
    assert tshark.frames(path, "mailxtra", two_pass=two_pass) == []
    assert hashes(tshark.export("mail-messages", path, two_pass=two_pass)) == Counter()


@pytest.mark.parametrize("name", UPGRADED)
def test_capabilities_are_asked_again_inside(tshark, name, two_pass):
    rows = tshark.fields(harness.PCAPS / name, "mailxtra.capability", "mailxtra.tls", "mailxtra.capability", two_pass=two_pass)
    inside = [row[0][0] in ("1", "True") for row in rows]
    assert inside[0] is False and inside[-1] is True
    assert {"STARTTLS", "STLS"} & set(rows[0][1]) and not {"STARTTLS", "STLS"} & set(rows[-1][1])


@pytest.mark.parametrize("name,port,stranger", [("smtps-465.pcapng", 465, 40465), ("pop3s-995.pcapng", 995, 40995)])
def test_on_odd_ports_the_decrypted_bytes_tell(tshark, changed, two_pass, name, port, stranger):
    path = changed(name, with_port(port, stranger))
    assert hashes(tshark.export("mail-messages", path, two_pass=two_pass)) == expected_hashes(name)
    assert set(tshark.frames(path, "mailxtra", two_pass=two_pass)) == set(tshark.frames(harness.PCAPS / name, "mailxtra", two_pass=two_pass))


@pytest.mark.parametrize("change", [swapped, moved_back, doubled], ids=lambda function: function.__name__)
@pytest.mark.parametrize("name", [*UPGRADED, *WRAPPED])
@pytest.mark.parametrize("seed", range(2))
def test_out_of_order_with_tcp_s_own_reassembly(tshark, changed, name, change, seed):
    path = changed(name, change(random.Random(seed)))
    exported = tshark.export("mail-messages", path, two_pass=bool(seed), prefs=["tcp.reassemble_out_of_order:TRUE"])
    assert hashes(exported) == expected_hashes(name)


@pytest.mark.parametrize("name", UPGRADED)
def test_a_hello_that_is_lost(tshark, changed, two_pass, name):
    """What follows is TLS all the same, and nobody's commands."""

    def change(packets):
        hello = next(index for index, block in enumerate(packets) if block[BLOCK_HEAD + ETHERNET + IPV4 + 32 :][:3] in (b"\x16\x03\x01", b"\x16\x03\x03"))
        return packets[:hello] + packets[hello + 1 :]

    path = changed(name, change, keys=False)
    (begun,) = tshark.frames(path, "mailxtra.state == TLS && mailxtra.reply.text", two_pass=two_pass)
    later = tshark.fields(path, f"frame.number > {begun} && mailxtra", "mailxtra.command", "mailxtra.reply.text", two_pass=two_pass)
    assert [value for row in later for cell in row for value in cell] == []
    assert tshark.frames(path, "tls.record", two_pass=two_pass)


PREFERENCES = [[], ["tcp.no_subdissector_on_error:FALSE"], ["tcp.desegment_tcp_streams:FALSE"], ["tls.desegment_ssl_records:FALSE"]]


@pytest.mark.parametrize("prefs", PREFERENCES, ids=lambda prefs: prefs[0].split(":")[0] if prefs else "default")
@pytest.mark.parametrize("change", [swapped, moved_back, doubled, dropped], ids=lambda function: function.__name__)
@pytest.mark.parametrize("name", [*UPGRADED, *WRAPPED])
def test_what_claims_to_be_complete_is(tshark, changed, name, change, prefs):
    """TLS gets its segments from TCP, and loses track where one is late or lost; what is behind is not made up."""
    path = changed(name, change(random.Random(name)))
    frames = tshark.json(path, "mailxtra.message", prefs=prefs)
    messages = [message for frame in frames for message in subtrees(frame, "mailxtra.message")]
    whole = [first(one, "mailxtra.message.sha256") for one in messages if str(first(one, "mailxtra.message.complete")).lower() in ("1", "true")]
    assert not Counter(whole) - expected_hashes(name)


MAIL = b"From: a@b.example\r\nSubject: tls\r\n\r\nHi\r\n"
SMTP_HELLO = [("C", b"EHLO c\r\n"), ("S", b"250-mx\r\n250 STARTTLS\r\n")]
SMTP_REST = [
    *SMTP_HELLO,
    ("C", b"MAIL FROM:<a@b.example>\r\n"),
    ("S", b"250 ok\r\n"),
    ("C", b"RCPT TO:<d@e.example>\r\n"),
    ("S", b"250 ok\r\n"),
    ("C", b"DATA\r\n"),
    ("S", b"354 go\r\n"),
    ("C", MAIL + b".\r\n"),
    ("S", b"250 queued\r\n"),
]
POP3_REST = [
    ("C", b"USER bob\r\n"),
    ("S", b"+OK\r\n"),
    ("C", b"PASS secret\r\n"),
    ("S", b"+OK Logged in.\r\n"),
    ("C", b"RETR 1\r\n"),
    ("S", b"+OK 40 octets\r\n" + MAIL + b".\r\n"),
]
SESSIONS = {
    "starttls": (25, [("S", b"220 mx ESMTP\r\n"), *SMTP_HELLO], b"STARTTLS\r\n", SMTP_REST),
    "exchange": (25, [("S", b"220 mx ESMTP\r\n"), ("C", b"EHLO c\r\n"), ("S", b"250-mx\r\n250 X-ANONYMOUSTLS\r\n")], b"X-ANONYMOUSTLS\r\n", SMTP_REST),
    "odd_port": (2626, [("S", b"220 mx ESMTP\r\n"), *SMTP_HELLO], b"STARTTLS\r\n", SMTP_REST),
    "stls": (110, [("S", b"+OK POP3 ready\r\n"), ("C", b"CAPA\r\n"), ("S", b"+OK\r\nSTLS\r\nUSER\r\n.\r\n")], b"STLS\r\n", POP3_REST),
}
ANSWERS = {
    "refused": (b"454 4.7.0 TLS not available due to temporary reason\r\n", b"-ERR not now\r\n"),
    "decrypted_in_place": (b"220 2.0.0 Ready to start TLS\r\n", b"+OK Begin TLS negotiation now.\r\n"),
}
HELLO = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + bytes(32) + b"\0\0\x02\x13\x01\x01\0" + b"\0\0"


def upgrade(name, answer):
    port, opening, command, rest = SESSIONS[name]
    return port, [*opening, ("C", command), ("S", answer[port == 110])], rest


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_that_stays_in_clear(tshark, workspace, two_pass, name, answer):
    port, opening, rest = upgrade(name, ANSWERS[answer])
    path = write_pcap(workspace.folder() / "clear.pcap", tcp_session([*opening, *rest], server_port=port))
    assert hashes(tshark.export("mail-messages", path, two_pass=two_pass)) == Counter([hashlib.sha256(MAIL).hexdigest()])
    assert tshark.frames(path, "tls || _ws.malformed", two_pass=two_pass) == []
    assert tshark.frames(path, "mailxtra.state == TLS", two_pass=two_pass) == ([] if answer == "refused" else [tshark.frames(path, "tcp.len > 0")[len(opening) - 1]])


@pytest.mark.parametrize("together", [True, False], ids=["one_segment", "next_segment"])
@pytest.mark.parametrize("name", SESSIONS)
def test_plain_text_behind_the_command_is_told(tshark, workspace, two_pass, name, together):
    """CVE-2011-0411 and its kin. In a segment of its own it is the same to the server."""
    port, opening, command, _ = SESSIONS[name]
    injected = b"USER eve\r\n" if port == 110 else b"MAIL FROM:<eve@b.example>\r\n"
    client = [("C", command + injected)] if together else [("C", command), ("C", injected)]
    answer = ANSWERS["decrypted_in_place"][port == 110]
    path = write_pcap(workspace.folder() / "injected.pcap", tcp_session([*opening, *client, ("S", answer), ("C", HELLO)], server_port=port))
    assert tshark.frames(path, "mailxtra.expert.starttls_injection", two_pass=two_pass)
    assert "eve" not in tshark.read(path, "-T", "fields", "-e", "mailxtra.envelope.from", "-e", "mailxtra.auth.username", two_pass=two_pass)


@pytest.mark.parametrize("name", SESSIONS)
def test_plain_text_behind_the_answer_is_told(tshark, workspace, two_pass, name):
    """The same against clients: what the server is made to say behind its consent."""
    port, opening, command, _ = SESSIONS[name]
    answer = ANSWERS["decrypted_in_place"][port == 110]
    injected = b"+OK injected\r\n" if port == 110 else b"250-mx\r\n250 AUTH PLAIN\r\n"
    path = write_pcap(workspace.folder() / "injected.pcap", tcp_session([*opening, ("C", command), ("S", answer + injected), ("C", HELLO)], server_port=port))
    assert tshark.frames(path, "mailxtra.expert.starttls_injection", two_pass=two_pass)


@pytest.mark.parametrize("name", UPGRADED + WRAPPED)
def test_a_password_inside_tls_is_not_in_clear(tshark, name, two_pass):
    path = harness.PCAPS / name
    assert tshark.frames(path, "mailxtra.expert.cleartext_password", two_pass=two_pass) == []


def test_a_password_in_clear_is(tshark, two_pass):
    assert tshark.frames(harness.PCAPS / "smtp-auth-mechanisms.pcap", "mailxtra.expert.cleartext_password", two_pass=two_pass)
