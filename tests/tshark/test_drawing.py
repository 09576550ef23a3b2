"""Drawing within Wireshark's limits, and through its reassembly. docs/limits.md lists the limits."""

import hashlib
import re

import pytest
from harness import PCAPS
from test_export import attached, delivery, mail

SOURCE = re.compile(r"^(.+) \((\d+) bytes?\):$")
LINE = re.compile(r"^([0-9a-f]{4,})  ((?:[0-9a-f]{2} )+)")


def data_sources(text, name):
    """The bytes of the data sources of that name in the output of `tshark -x`."""
    found, current = [], None
    for line in text.splitlines():
        head, row = SOURCE.match(line), LINE.match(line)
        if head:
            current = bytearray() if head[1] == name else None
            if current is not None:
                found.append((current, int(head[2])))
        elif row and current is not None:
            current += bytes.fromhex(row[2])
        elif not line:
            current = None if current else current
    assert all(len(data) == size for data, size in found)
    return [bytes(data) for data, _ in found]


def digests(items):
    return sorted(hashlib.sha256(item).hexdigest() for item in items)


REASSEMBLED = ("smtp-foxmail", "smtp-dots", "smtp-bdat", "pop3-mailbox", "imap-mutt", "pop3-lossy-link")


@pytest.mark.parametrize("name", REASSEMBLED)
def test_what_wireshark_reassembles_is_what_is_exported(tshark, name, two_pass):
    """The data source comes out of the reassembly table, the export is what the core has joined."""
    capture = PCAPS / f"{name}.pcap"
    shown = data_sources(tshark.read(capture, "-x", "-Y", "mailxtra.message", two_pass=two_pass), "Mail message")
    exported = tshark.export("mail-messages", capture, two_pass=two_pass)
    assert shown and set(digests(path.read_bytes() for path in exported.iterdir())) <= set(digests(shown))


def test_a_message_of_thousands_of_fragments(tshark, session_capture, two_pass):
    whole = mail([(attached(b"big.bin"), bytes(range(256)) * 400)])
    capture = session_capture(delivery(whole), mss=30)
    [shown] = data_sources(tshark.read(capture, "-x", "-Y", "mailxtra.message", two_pass=two_pass), "Mail message")
    assert shown == whole.removesuffix(b".\r\n")
    [[count], [length], frames] = tshark.fields(
        capture, "mailxtra.message", "mailxtra.fragment.count", "mailxtra.reassembled.length", "mailxtra.fragment", two_pass=two_pass
    )[0]
    assert int(count) == len(frames) > 4000 and int(length) == len(shown)
    assert sorted(map(int, frames)) == list(map(int, frames))


def files(folder):
    return sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in folder.iterdir())


LIMITS = ("gui.max_tree_items:3000", "gui.max_tree_items:400", "gui.max_tree_depth:30")


@pytest.mark.parametrize(
    "shape, limit",
    [(shape, limit) for shape in ("smtp-600", "1000-mails") for limit in LIMITS]
    # TLS needs some 3,000 items for its own records, and would end itself with fewer
    + [("tls-320-mails", limit) for limit in ("gui.max_tree_items:12000", "gui.max_tree_depth:30")],
)
def test_smaller_limits_lose_nothing(tshark, made, shape, limit, two_pass):
    capture = made(shape)
    found = [
        files(tshark.export("mail-attachments", capture.path, *mode, two_pass=two_pass, prefs=more))
        for mode, more in (([], []), (["-V"], [limit]))
    ]
    assert found[0] == found[1] and len(found[0]) == len(capture.files)


FACTS = ["mailxtra.message.from.address", "mailxtra.message.to.address", "mailxtra.message.cc.address", "mailxtra.message.time"]


def test_typed_fields(tshark, session_capture, two_pass):
    message = (
        b'From: "Li, Si" <li@EXAMPLE.net>\r\nTo: a@example.org, B <b@example.org>\r\nCc: c@example.org\r\n'
        b"Date: Thu, 01 Jan 2026 01:00:10 +0100\r\nSubject: x\r\n\r\nhello\r\n.\r\n"
    )
    capture = session_capture(delivery(message))
    [row] = tshark.fields(capture, "mailxtra.message", *FACTS, two_pass=two_pass)
    assert row[:3] == [["li@example.net"], ["a@example.org", "b@example.org"], ["c@example.org"]]
    assert row[3][0].startswith(("Jan  1, 2026 00:00:10", "2026-01-01T00:00:10"))
    found = tshark.frames(capture, 'mailxtra.message.time == "2026-01-01 00:00:10Z"' if tshark.version > "4.0" else
                          'mailxtra.message.time == "2026-01-01 00:00:10"', two_pass=two_pass)  # fmt: skip
    assert len(found) == 1


def test_each_expert_info_is_a_finding(tshark, two_pass):
    """The field holds what the expert infos of mailxtra say, so that "any finding" can be filtered."""
    capture = PCAPS / "forged.pcap"
    rows = tshark.fields(capture, "mailxtra.finding", "frame.number", "mailxtra.finding", two_pass=two_pass)
    text = tshark.verbose(capture, display_filter="mailxtra.finding", two_pass=two_pass)
    # a label has 240 bytes; the field has all of it
    assert rows and all(f"Protocol): {finding[:180]}" in text for _, findings in rows for finding in findings)
    assert tshark.frames(capture, "mailxtra.finding", two_pass=two_pass) == [int(number[0]) for number, _ in rows]


def test_findings_beyond_what_wireshark_lists(tshark, session_capture, two_pass):
    """5,000 taps of a packet are all there are: the expert infos of one frame end before, and say so."""
    message = b"".join(b"X-%d: \xe4\r\n" % number for number in range(6000)) + b"\r\nhello\r\n.\r\n"
    capture = session_capture(delivery(message))
    listed = tshark.read(capture, "-q", "-z", "expert", two_pass=two_pass)
    assert "The frame has more findings than Wireshark can list" in listed
    [count] = re.findall(r"(\d+) +\S+ +\S+ +Header field has unencoded 8-bit bytes", listed)
    assert 1900 < int(count) <= 2000
