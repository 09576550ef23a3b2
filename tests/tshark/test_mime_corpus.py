"""The messages of tests/data/mime through tshark: sent with DATA, with BDAT, and fetched with POP3.

What each message is, is in the .json beside it (tests/unit/check_mime_corpus.py); here the tree has to say the same. With DATA
and POP3 lines end in CRLF; messages whose line ends are the case go through BDAT, which carries any bytes.
"""

import hashlib
import json

import pytest
from harness import REPO

CORPUS = REPO / "tests" / "data" / "mime"
CASES = sorted(CORPUS.glob("*.eml"))


def expectation(message):
    return json.loads(message.with_suffix(".json").read_text())


def as_is(message):
    return expectation(message).get("line_ends") == "as_is"


def content(message):
    raw = message.read_bytes()
    return raw if as_is(message) else raw.replace(b"\n", b"\r\n")


def stuffed(raw):
    """A message as DATA and RETR carry it, its end included. A message without a final line end gets one."""
    raw += b"" if raw.endswith(b"\r\n") else b"\r\n"
    return b"".join(b"." + line if line.startswith(b".") else line for line in raw.splitlines(keepends=True)) + b".\r\n"


def envelope():
    return [("C", b"MAIL FROM:<a@example.org>\r\n"), ("S", b"250 Ok\r\n"), ("C", b"RCPT TO:<b@example.net>\r\n"), ("S", b"250 Ok\r\n")]


GREETING = [("S", b"220 mx ESMTP\r\n"), ("C", b"EHLO c\r\n"), ("S", b"250-mx\r\n250 CHUNKING\r\n")]


def by_data(messages):
    transcript = list(GREETING)
    for message in messages:
        transcript += envelope() + [("C", b"DATA\r\n"), ("S", b"354 Go\r\n"), ("C", stuffed(content(message))), ("S", b"250 Ok\r\n")]
    return transcript + [("C", b"QUIT\r\n"), ("S", b"221 Bye\r\n")]


def by_bdat(messages):
    transcript = list(GREETING)
    for message in messages:
        raw = content(message)
        half = len(raw) // 2
        transcript += envelope() + [("C", b"BDAT %d\r\n" % half + raw[:half]), ("S", b"250 Ok\r\n")]
        transcript += [("C", b"BDAT %d LAST\r\n" % (len(raw) - half) + raw[half:]), ("S", b"250 Ok\r\n")]
    return transcript + [("C", b"QUIT\r\n"), ("S", b"221 Bye\r\n")]


def by_pop3(messages):
    transcript = [("S", b"+OK POP3 ready\r\n"), ("C", b"USER u\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS p\r\n"), ("S", b"+OK\r\n")]
    for number, message in enumerate(messages, 1):
        transcript += [("C", b"RETR %d\r\n" % number), ("S", b"+OK\r\n" + stuffed(content(message)))]
    return transcript + [("C", b"QUIT\r\n"), ("S", b"+OK bye\r\n")]


TRANSPORTS = {"data": (by_data, 25), "bdat": (by_bdat, 25), "pop3": (by_pop3, 110)}
FIELDS = [
    "mailxtra.part.path", "mailxtra.part.type", "mailxtra.part.filename", "mailxtra.part.other_filename", "mailxtra.message.subject",
    "mailxtra.attachment.sha256", "mailxtra.part.parameter.name", "mailxtra.header.name",
]


@pytest.fixture(scope="module")
def rows(tshark, workspace):
    """What tshark says of each case, by transport; one run for all messages of a transport."""
    from pcapgen import tcp_session, write_pcap

    made = {}
    for name, (transcript_of, port) in TRANSPORTS.items():
        messages = [message for message in CASES if name == "bdat" or not as_is(message)]
        capture = write_pcap(workspace.folder() / f"{name}.pcap", tcp_session(transcript_of(messages), server_port=port))
        read = tshark.fields(capture, "mailxtra.message", *FIELDS)
        assert len(read) == len(messages)
        made[name] = dict(zip((message.stem for message in messages), (dict(zip(FIELDS, row)) for row in read)))
    return made


def wanted_hashes(wanted):
    """Of the attachments whose bytes do not depend on line ends."""
    hashes = []
    for part in wanted["parts"]:
        if part.get("attachment") and "sha256" in part:
            hashes.append(part["sha256"])
        elif part.get("attachment") and "hex" in part:
            hashes.append(hashlib.sha256(bytes.fromhex(part["hex"])).hexdigest())
    return hashes


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("message", CASES, ids=lambda message: message.stem)
def test_case(rows, message, transport):
    wanted = expectation(message)
    if message.stem not in rows[transport]:
        assert as_is(message)
        pytest.skip("its line ends do not survive DATA and RETR")
    row = rows[transport][message.stem]
    assert row["mailxtra.part.path"] == [part["path"] for part in wanted["parts"] if part["path"]]
    assert row["mailxtra.part.type"] == [part["type"] for part in wanted["parts"]]
    # from 4.4 on tshark writes a backslash as two
    assert [name.replace("\\\\", "\\") for name in row["mailxtra.part.filename"]] == [part["filename"] for part in wanted["parts"] if part.get("filename")]
    assert row["mailxtra.part.other_filename"] == [part["other_filename"] for part in wanted["parts"] if part.get("other_filename")]
    assert set(wanted_hashes(wanted)) <= set(row["mailxtra.attachment.sha256"])
    if "subject" in wanted:
        assert row["mailxtra.message.subject"] == [wanted["subject"]]
    for part in wanted["parts"]:
        assert set(part.get("parameters", {})) <= set(row["mailxtra.part.parameter.name"])
        for block in part.get("blocks", []):
            assert set(block) <= set(row["mailxtra.header.name"])


def test_anomalies_are_expert_infos(tshark, workspace):
    """Each anomaly that a case is about can be filtered for."""
    from pcapgen import tcp_session, write_pcap

    capture = write_pcap(workspace.folder() / "anomalies.pcap", tcp_session(by_bdat(CASES), server_port=25))
    names = sorted({name for message in CASES for part in expectation(message)["parts"] for name in part.get("anomalies", [])})
    assert len(names) > 20
    read = tshark.fields(capture, "mailxtra.message", *(f"mailxtra.expert.{name}" for name in names))
    for message, row in zip(CASES, read):
        met = {name for name, cell in zip(names, row) if cell}
        wanted = {name for part in expectation(message)["parts"] for name in part.get("anomalies", [])}
        assert wanted <= met, message.stem


def test_decoded_bodies_are_data_sources(tshark, workspace):
    from pcapgen import tcp_session, write_pcap

    message = CORPUS / "structure-multipart-base64.eml"
    capture = write_pcap(workspace.folder() / "inside.pcap", tcp_session(by_data([message]), server_port=25))
    text = tshark.read(capture, "-x", "-Y", "mailxtra.message")
    assert "Decoded part 2: multipart/mixed" in text and "Part 2.2: b.png" in text
    assert len(list(tshark.export("mail-attachments", capture).glob("b.png"))) == 1


def test_preamble_and_epilogue(tshark, workspace):
    from pcapgen import tcp_session, write_pcap

    message = CORPUS / "structure-preamble-epilogue.eml"
    capture = write_pcap(workspace.folder() / "around.pcap", tcp_session(by_data([message]), server_port=25))
    [[preamble, epilogue]] = tshark.fields(capture, "mailxtra.message", "mailxtra.part.preamble", "mailxtra.part.epilogue")
    assert preamble == ["This is a multi-part message."] and epilogue[0].startswith("An epilogue.")


def test_partial_and_external(tshark, workspace):
    from pcapgen import tcp_session, write_pcap

    messages = [CORPUS / "structure-partial.eml", CORPUS / "structure-external-body.eml"]
    capture = write_pcap(workspace.folder() / "partial.pcap", tcp_session(by_data(messages), server_port=25))
    names = [f"mailxtra.part.{name}" for name in ("partial.id", "partial.number", "partial.total", "external.access_type")]
    assert tshark.fields(capture, "mailxtra.message", *names) == [[["xyz@host.com"], ["2"], ["3"], []], [[], [], [], ["URL"]]]
