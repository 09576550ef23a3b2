"""IMAP: what clients fetch in pieces, and what comes in ways that no captured client uses."""

import hashlib
import json
import sys

import harness
import pytest
from pcapgen import tcp_session, write_pcap

sys.path.insert(0, str(harness.REPO / "tests" / "truth"))
import mailtruth  # noqa: E402

PARTS = harness.PCAPS / "imap-parts.pcap"
STORE = harness.REPO / "tests" / "data" / "imap"
EML = harness.REPO / "tests" / "data" / "eml"
WHOLE = ["mutt", "neomutt", "offlineimap", "fetchmail", "getmail", "variants", "compress", "mbsync"]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def exported(tshark, kind, path, two_pass=False):
    return {file.name: file.read_bytes() for file in tshark.export(kind, path, two_pass=two_pass).iterdir()}


def attachments_of(name):
    """{file name: bytes}, by Python's email package."""
    return {named: data for _, named, _, data in mailtruth.attachments((EML / f"{name}.eml").read_bytes())}


@pytest.mark.parametrize("client", WHOLE)
def test_every_mail_is_as_in_the_servers_store(tshark, client, two_pass):
    """Byte for byte; mbsync brings one of its own."""
    store = json.loads((STORE / f"imap-{client}.json").read_text())
    got = [digest(data) for data in exported(tshark, "mail-messages", harness.PCAPS / f"imap-{client}.pcap", two_pass).values()]
    if client == "mbsync":
        assert len(got) == len(store) + 1 and set(store) <= set(got)
    else:
        assert sorted(got) == sorted(store)


# ---------------------------------------------------------------- parts


def test_parts_come_out_decoded_under_their_names(tshark, two_pass):
    """By part number alone: with a MIME header, with BODYSTRUCTURE, in chunks over two connections, from BINARY."""
    got = exported(tshark, "mail-attachments", PARTS, two_pass)
    gmail, thunderbird = attachments_of("five-4-gmail"), attachments_of("five-1-thunderbird")
    wanted = {name: gmail[name] for name in gmail if name.endswith((".png", ".zip"))} | {
        name: data for name, data in thunderbird.items() if name.endswith(".xlsx")
    }
    assert got == wanted
    # a part that was fetched twice is shown twice, and is one object
    sections = [value for (values,) in tshark.fields(PARTS, "mailxtra.imap.part", "mailxtra.imap.section") for value in values]
    assert sections.count("1.2") >= 2


def test_what_was_not_fetched_is_not_lost(tshark):
    """A preview of the first 200 octets; only the end of the capture tells that no more comes."""
    rows = tshark.fields(
        PARTS, "mailxtra.message", "mailxtra.message.complete", "mailxtra.message.missing", "mailxtra.message.not_fetched",
        "mailxtra.expert.not_fetched", two_pass=True,
    )  # fmt: skip
    assert len(rows) == 1
    (complete,), (missing,), (not_fetched,), notes = rows[0]
    assert complete in ("0", "False") and missing == "0" and int(not_fetched) > 0 and notes


def test_structure_and_envelope(tshark):
    names = ("mailxtra.imap.envelope.subject", "mailxtra.imap.body.filename", "mailxtra.imap.size", "mailxtra.imap.uid")
    rows = tshark.fields(PARTS, "mailxtra.imap.body", *names)
    subjects, files, sizes, uids = ([value for row in rows for value in row[column]] for column in range(4))
    assert "Lunch" in subjects
    assert {name for name in attachments_of("five-4-gmail") if name} <= set(files)
    assert len(sizes) == 5 and {"1", "2", "3", "4", "5"} <= set(uids)


# ---------------------------------------------------------------- made by hand

MAIL = (EML / "box-big5.eml").read_bytes()
OPEN = [
    ("S", b"* OK IMAP4rev1 ready\r\n"),
    ("C", b"a LOGIN joe {6}\r\n"),
    ("S", b"+ go\r\n"),
    ("C", b"se\"ret\r\n"),
    ("S", b"a OK in\r\n"),
    ("C", b"b SELECT INBOX\r\n"),
    ("S", b"* 9 EXISTS\r\n* OK [UIDVALIDITY 42] valid\r\nb OK done\r\n"),
]


def fetch(body, before=b"", behind=b"", name=b"BODY[]"):
    return b"* 1 FETCH (" + before + name + b" {%d}\r\n" % len(body) + body + behind + b")\r\n"


@pytest.fixture
def played(workspace):
    def play(*sessions, mss=1460):
        frames = []
        for number, transcript in enumerate(sessions):
            frames += tcp_session([*OPEN, *transcript], server_port=143, client=("10.1.0.1", 40000 + number), mss=mss)
        return write_pcap(workspace.folder() / "played.pcap", frames)

    return play


@pytest.mark.parametrize("mss", [1460, 61, 1])
def test_literals_wherever_segments_break(tshark, played, two_pass, mss):
    path = played(
        [
            ("C", b"c UID FETCH 5 (UID FLAGS BODY.PEEK[])\r\n"),
            ("S", fetch(MAIL, b"FLAGS (\\Seen) ", b" UID 5") + fetch(b"", name=b"BODY[1]") + b"c OK\r\n"),
            ("C", b"d APPEND Sent {%d+}\r\n" % len(MAIL) + MAIL + b"\r\n"),
            ("S", b"d OK [APPENDUID 1 1] done\r\n"),
        ],
        mss=mss,
    )
    assert [digest(data) for data in exported(tshark, "mail-messages", path, two_pass).values()] == [digest(MAIL)] * 2
    (row,) = tshark.fields(path, "mailxtra.auth.password", "mailxtra.auth.username", "mailxtra.auth.password")
    assert row == [["joe"], ['se"ret']]
    facts = tshark.fields(path, "mailxtra.message && mailxtra.imap.uid == 5", "mailxtra.imap.uidvalidity", two_pass=two_pass)
    assert facts and set(facts[0][0]) == {"42"}


def test_the_same_mail_in_two_connections_is_one_object(tshark, played, two_pass):
    session = [("C", b"c UID FETCH 5 BODY[]\r\n"), ("S", fetch(MAIL, b"UID 5 ") + b"c OK\r\n")]
    assert len(exported(tshark, "mail-messages", played(session, session), two_pass)) == 1


def test_chunks_without_uid_belong_together_until_numbers_move(tshark, played, two_pass):
    half = len(MAIL) // 2

    def chunk(tag, start, length, text):
        return [
            ("C", b"%s FETCH 1 BODY[]<%d.%d>\r\n" % (tag, start, length)),
            ("S", b"* 1 FETCH (BODY[]<%d> {%d}\r\n" % (start, len(text)) + text + b")\r\n" + tag + b" OK\r\n"),
        ]

    first, second = chunk(b"c", 0, half, MAIL[:half]), chunk(b"d", half, len(MAIL), MAIL[half:])
    assert [*exported(tshark, "mail-messages", played([*first, *second]), two_pass).values()] == [MAIL]
    moved = exported(tshark, "mail-messages", played([*first, ("S", b"* 1 EXPUNGE\r\n"), *second]), two_pass)
    assert MAIL not in moved.values()


def test_append_and_fetch_are_hops(tshark, played):
    """A header that is fetched by itself is none, and no mail in the table."""
    header = MAIL[: MAIL.index(b"\r\n\r\n") + 4]
    path = played(
        [("C", b"c APPEND INBOX {%d+}\r\n" % len(MAIL) + MAIL + b"\r\n"), ("S", b"c OK [APPENDUID 42 5] done\r\n")],
        [("C", b"c UID FETCH 5 BODY.PEEK[HEADER]\r\n"), ("S", fetch(header, b"UID 5 ", name=b"BODY[HEADER]") + b"c OK\r\n")],
        [("C", b"c UID FETCH 5 BODY[]\r\n"), ("S", fetch(MAIL, b"UID 5 ") + b"c OK\r\n")],
    )
    names = ("frame.number", "mailxtra.message.trace", "mailxtra.message.hop", "mailxtra.message.previous")
    first, second = tshark.fields(path, "mailxtra.message.hop", *names)
    assert first[1:] == [["1"], ["1"], []] and second[1:] == [["1"], ["2"], first[0]]
    table = tshark("-q", "-r", tshark.workspace.readable(path), "-z", "mailxtra,messages").stdout
    assert table.count(b"IMAP") == 2


def test_a_refused_append_leaves_no_mail(tshark, played):
    path = played([("C", b"c APPEND Big {100}\r\n"), ("S", b"c NO [TOOBIG] no\r\n"), ("C", b"d NOOP\r\n"), ("S", b"d OK\r\n")])
    assert tshark.frames(path, "mailxtra.message") == []
    assert tshark.fields(path, 'mailxtra.command == "NOOP"', "mailxtra.reply_in", two_pass=True) != []


def test_lost_bytes_in_a_literal(tshark, workspace):
    frames = tcp_session(
        [*OPEN, ("C", b"c FETCH 1 BODY[]\r\n"), ("S", fetch(MAIL) + b"* 2 EXISTS\r\nc OK\r\n"), ("C", b"d LOGOUT\r\n"), ("S", b"d OK\r\n")],
        server_port=143,
        mss=200,
    )
    inside = [frame for frame in frames if frame.sender == "S" and len(frame.payload) == 200][2]
    path = write_pcap(workspace.folder() / "lost.pcap", [frame for frame in frames if frame is not inside])
    (row,) = tshark.fields(path, "mailxtra.message", "mailxtra.message.missing", two_pass=True)
    assert row == [["200"]]
    assert tshark.frames(path, "mailxtra.imap.exists == 2", two_pass=True)
