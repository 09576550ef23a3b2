"""Every capture of the project against pcaps/expected.json, which an independent reader in Python has written."""

import functools
import hashlib
import json
import sys
from collections import Counter

import harness
import pytest
from mail_table import first, subtrees, values

sys.path.insert(0, str(harness.REPO / "tests" / "truth"))
import mailtruth  # noqa: E402

EXPECTED = json.loads((harness.PCAPS / "expected.json").read_text(encoding="utf-8"))
PROTOCOLS = {"SMTP", "LMTP", "POP3", "IMAP"}
MAIL_PORTS = {24, 25, 110, 143, 465, 587, 993, 995, 2525, 10465}
MAIL_FIELDS = ("frame", "protocol", "size", "sha256", "complete", "missing", "subject", "from", "to")
ATTACHMENT_FIELDS = ("path", "filename", "type", "complete", "size", "sha256")


@pytest.fixture(params=sorted(EXPECTED))
def capture(request):
    if request.param in harness.PIECES:
        pytest.skip("no whole mails")
    return harness.PCAPS / request.param


@pytest.fixture
def expected(capture):
    """The messages that are in it."""
    return [message for message in EXPECTED[capture.name]["messages"] if message["protocol"] in PROTOCOLS]


def test_every_capture_is_expected():
    assert [path.name for path in harness.captures()] == sorted(EXPECTED)


# The plugin knows only later than the bytes are there that they are a message: frames are not compared.
LATER = {
    "smtp-eager-client.pcap": "the client sends the message before the server has agreed to it",
    "smtp-lost-frame.pcap": "what comes behind lost bytes waits until it is certain that they are lost",
}


def test_messages(tshark, capture, expected, two_pass):
    found = [
        found_message(frame, message)
        for frame in tshark.json(capture, "mailxtra.message", two_pass=two_pass)
        for message in subtrees(frame, "mailxtra.message")
    ]
    if "from-the-middle" in capture.name and not found[0]["complete"]:
        # The end of a message whose beginning is not in the capture.
        del found[0]
    hidden = {message["sha256"] for message in expected if message["frame"] is None}
    for message in found:
        if message["sha256"] in hidden or capture.name in LATER:
            message["frame"] = None
    wanted = [expected_message(message) for message in expected]
    if capture.name in LATER:
        wanted = [message | {"frame": None} for message in wanted]
    assert in_order(found) == in_order(wanted)


def found_message(frame, message):
    def value(name):
        return first(message, f"mailxtra.message.{name}")

    complete = is_true(value("complete"))
    return {
        "frame": int(first(frame, "frame.number")),
        "protocol": first(frame, "mailxtra.protocol"),
        "size": int(value("size")),
        "sha256": value("sha256") if complete else None,
        "complete": complete,
        "missing": int(value("missing") or 0),
        "subject": one_line(value("subject")),
        "from": one_line(", ".join(values(message, "mailxtra.message.from"))),
        "to": one_line(", ".join(values(message, "mailxtra.message.to"))),
        "attachments": list(found_attachments(message)),
    }


def found_attachments(message):
    for part in subtrees(message, "mailxtra.part"):
        path = first(part, "mailxtra.part.path")
        for name, value in part:
            if name in ("mailxtra.attachment", "mailxtra.attachment_tree"):
                complete = is_true(first(value, "mailxtra.attachment.complete"))
                yield {
                    "path": path,
                    "filename": first(value, "mailxtra.attachment.filename") or None,
                    "type": first(value, "mailxtra.attachment.type"),
                    "complete": complete,
                    # What is left of a damaged one is not compared.
                    "size": int(first(value, "mailxtra.attachment.size")) if complete else None,
                    "sha256": first(value, "mailxtra.attachment.sha256") if complete else None,
                }


def expected_message(message):
    facts = {name: message.get(name, 0) for name in MAIL_FIELDS}
    for name in ("subject", "from", "to"):
        facts[name] = one_line(message[name] or "")
    facts["attachments"] = [{name: one[name] for name in ATTACHMENT_FIELDS} for one in message["attachments"]]
    return facts


def in_order(messages):
    return sorted(messages, key=lambda message: (message["frame"] or 0, message["sha256"] or ""))


def one_line(text):
    return " ".join(text.split())


def is_true(value):
    return str(value).lower() in ("1", "true")


def test_envelope(tshark, capture, expected, two_pass):
    """Every sender and accepted recipient of a message was seen on its way."""
    names = ("mailxtra.envelope.from", "mailxtra.envelope.to")
    rows = tshark.fields(capture, "mailxtra.envelope.from || mailxtra.envelope.to", *names, two_pass=two_pass)
    senders, recipients = ({address for row in rows for address in row[column]} for column in (0, 1))
    assert {message["envelope_from"] for message in expected if message["envelope_from"]} <= senders
    assert {address for message in expected for address in message["envelope_to"]} <= recipients


def test_exported_attachments_are_exact(tshark, capture, expected, two_pass):
    exported = hashes(tshark.export("mail-attachments", capture, two_pass=two_pass))
    check_export(exported, [one["sha256"] for message in expected for one in message["attachments"]])


def test_exported_messages_are_exact(tshark, capture, expected, two_pass):
    exported = hashes(tshark.export("mail-messages", capture, two_pass=two_pass))
    head_is_missing = [None] if "from-the-middle" in capture.name else []
    check_export(exported, [message["sha256"] for message in expected] + head_is_missing)


def check_export(exported, wanted):
    """Damaged ones, whose hash is None, are exported as far as they go."""
    whole = Counter(sha256 for sha256 in wanted if sha256)
    assert whole - Counter(exported) == Counter()
    assert len(exported) == len(wanted)


def test_exported_names_are_safe(tshark, capture):
    for kind in ("mail-attachments", "mail-messages"):
        for path in tshark.export(kind, capture).iterdir():
            assert path.is_file() and not path.name.startswith(".") and path.name.isprintable()


def test_exported_messages_by_imf_are_exact(tshark, capture, expected):
    """The stock export gets the right bytes too."""
    exported = hashes(tshark.export("imf", capture))
    assert {message["sha256"] for message in expected if message["complete"]} <= {*exported}


def test_attachments_are_what_python_decodes(tshark, capture):
    """From the exported messages, by Python's email package alone."""
    if "lost" in capture.name:
        pytest.skip("a message with a hole reads differently without the knowledge where the hole is")
    wanted = []
    for path in tshark.export("mail-messages", capture).iterdir():
        wanted += [hashlib.sha256(data).hexdigest() for *_, data in mailtruth.attachments(path.read_bytes())]
    assert hashes(tshark.export("mail-attachments", capture)) == sorted(wanted)


def hashes(folder):
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir())


def test_one_pass_and_two_say_the_same(tshark, capture):
    names = [name for name in mailxtra_fields(tshark) if name not in harness.FORWARD_FIELDS]
    one, two = (tshark.fields(capture, "mailxtra", "frame.number", *names, two_pass=two) for two in (False, True))
    assert one == two


def mailxtra_fields(tshark):
    lines = (line.split("\t") for line in tshark.text("-G", "fields").splitlines())
    return [line[2] for line in lines if line[0] == "F" and line[2].startswith("mailxtra.") and ".fragment" not in line[2]]


def test_all_mail_frames_and_only_those(tshark, capture, two_pass):
    found = set(tshark.frames(capture, "mailxtra", two_pass=two_pass))
    clear, encrypted = mail_frames(tshark, capture)
    # the frame that makes a loss certain may be a bare acknowledgement
    settling = set(tshark.frames(capture, "mailxtra.missing", two_pass=two_pass))
    assert clear <= found <= clear | encrypted | settling


@functools.cache
def mail_frames(tshark, capture):
    """Frames with bytes of a mail session: those in clear text, and those behind STARTTLS or on TLS ports."""
    clear, encrypted, in_tls = set(), set(), set()
    mail = {stream.number for stream in mailtruth.tcp_streams(capture.read_bytes()) if is_mail(stream)}
    for (number,), (stream,), tls in tshark.fields(capture, "tcp.len > 0", "frame.number", "tcp.stream", "tls"):
        if tls:
            in_tls.add(stream)
        if int(stream) in mail:
            (encrypted if stream in in_tls else clear).add(int(number))
    return clear, encrypted


def is_mail(stream):
    """By the port, else by what both sides say first: a server's greeting alone could be FTP's, too."""
    if {port for _, port in stream.ends} & MAIL_PORTS:
        return True
    starts = [bytes(flow.data[:4]).upper() for flow in stream.flows.values()]
    smtp = any(start.startswith(b"220") for start in starts) and {b"EHLO", b"HELO", b"LHLO"} & {*starts}
    imap = any(start.startswith(b"* OK") for start in starts)
    pop3 = any(start.startswith(b"+OK") for start in starts) and {b"CAPA", b"USER", b"AUTH", b"APOP"} & {*starts}
    return bool(smtp or pop3 or imap)
