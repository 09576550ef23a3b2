"""IMAP: what clients fetch in pieces, and what comes in ways that no captured client uses."""

import base64
import email
import hashlib
import json
import sys

import harness
import pytest
from pcapgen import tcp_session, write_pcap

sys.path.insert(0, str(harness.REPO / "tests" / "truth"))
import mailtruth  # noqa: E402

PARTS = harness.PCAPS / "imap-parts.pcap"
ALL_PARTS = [PARTS, harness.PCAPS / "imap-cyrus-parts.pcap", harness.PCAPS / "imap-courier-parts.pcap"]
STORE = harness.REPO / "tests" / "data" / "imap"
EML = harness.REPO / "tests" / "data" / "eml"
WHOLE = [
    "mutt", "neomutt", "offlineimap", "fetchmail", "getmail", "variants", "compress", "mbsync",
    "cyrus-mutt", "cyrus-mbsync", "cyrus-offlineimap", "cyrus-fetchmail", "cyrus-variants", "cyrus-tls",
    "cyrus-claws", "cyrus-sylpheed",
    "courier-neomutt", "courier-mbsync", "courier-fetchmail", "courier-getmail", "courier-variants",
    "courier-claws",
]  # fmt: skip


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
    (path,) = harness.PCAPS.glob(f"imap-{client}.pcap*")
    got = [digest(data) for data in exported(tshark, "mail-messages", path, two_pass).values()]
    if client.endswith("mbsync"):
        assert len(got) == len(store) + 1 and set(store) <= set(got)
    else:
        assert sorted(got) == sorted(store)


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize("path", ALL_PARTS, ids=lambda path: path.stem)
def test_parts_come_out_decoded_under_their_names(tshark, path, two_pass):
    """By part number alone: with a MIME header, with BODYSTRUCTURE, in chunks over two connections, from BINARY."""
    got = exported(tshark, "mail-attachments", path, two_pass)
    gmail, thunderbird = attachments_of("five-4-gmail"), attachments_of("five-1-thunderbird")
    wanted = {name: gmail[name] for name in gmail if name.endswith((".png", ".zip"))} | {
        name: data for name, data in thunderbird.items() if name.endswith(".xlsx")
    }
    assert got == wanted
    # a part that was fetched twice is shown twice, and is one object
    sections = [value for (values,) in tshark.fields(path, "mailxtra.imap.part", "mailxtra.imap.section") for value in values]
    assert sections.count("1.2") >= 2


ALPINE_SAVES = {
    "five-1-thunderbird": ["Übersicht der Messwerte für März und die ganze Straße nach Köln.xlsx"],
    "five-4-gmail": ["logo.png", "日程表 2024.zip"],
    # the second one in two chunks; only on Courier
    "foxmail-gb2312": ["InsertPic_5C7E.jpg", "test.zip"],
}


@pytest.mark.parametrize("server", ["cyrus", "courier"])
def test_what_alpine_saves(tshark, server, two_pass):
    """Single parts by sequence number; under the names of BODYSTRUCTURE."""
    got = exported(tshark, "mail-attachments", harness.PCAPS / f"imap-{server}-alpine.pcap", two_pass)
    mails = [mail for mail in ALPINE_SAVES if server == "courier" or mail != "foxmail-gb2312"]
    assert got == {name: attachments_of(mail)[name] for mail in mails for name in ALPINE_SAVES[mail]}


@pytest.mark.parametrize("path", ALL_PARTS, ids=lambda path: path.stem)
def test_what_was_not_fetched_is_not_lost(tshark, path):
    """A preview of the first 200 octets; only the end of the capture tells that no more comes."""
    rows = tshark.fields(
        path, "mailxtra.message", "mailxtra.message.complete", "mailxtra.message.missing", "mailxtra.message.not_fetched",
        "mailxtra.expert.not_fetched", two_pass=True,
    )  # fmt: skip
    assert len(rows) == 1
    (complete,), (missing,), (not_fetched,), notes = rows[0]
    assert complete in ("0", "False") and missing == "0" and int(not_fetched) > 0 and notes


@pytest.mark.parametrize("path", ALL_PARTS, ids=lambda path: path.stem)
def test_structure_and_envelope(tshark, path):
    names = ("mailxtra.imap.envelope.subject", "mailxtra.imap.body.filename", "mailxtra.imap.size", "mailxtra.imap.uid")
    rows = tshark.fields(path, "mailxtra.imap.body", *names)
    subjects, files, sizes, uids = ([value for row in rows for value in row[column]] for column in range(4))
    assert "Lunch" in subjects
    assert {name for name in attachments_of("five-4-gmail") if name} <= set(files)
    assert len(sizes) == 5 and len(set(uids)) == 5


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


def test_two_appended_mails_are_two_objects(tshark, played, two_pass):
    append = [("C", b"c APPEND Sent {%d+}\r\n" % len(MAIL) + MAIL + b"\r\n"), ("S", b"c OK done\r\n")]
    path = played(append, append)
    assert len(exported(tshark, "mail-messages", path, two_pass)) == 2
    saved = sorted(exported(tshark, "mail-attachments", path, two_pass).values())
    assert saved == sorted(2 * list(attachments_of("box-big5").values()))
    assert saved


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


# ---------------------------------------------------------------- what says what a part is, and when

GMAIL = (EML / "five-4-gmail.eml").read_bytes()


def image_of_gmail():
    """Python's part, its bytes as transferred, and its BODYSTRUCTURE as the second of two parts."""
    part = next(part for part in email.message_from_bytes(GMAIL).walk() if part.get_content_maintype() == "image")
    wire = part.get_payload().replace("\n", "\r\n").replace("\r\r\n", "\r\n").encode()
    structure = (
        b'(("text" "plain" NIL NIL NIL "7bit" 2 1)("image" "%s" ("name" "%s") NIL NIL "base64" %d NIL ("attachment" ("filename" "%s")) NIL)'
        b' "mixed")'
    ) % (part.get_content_subtype().encode(), part.get_filename().encode(), len(wire), part.get_filename().encode())
    return part, wire, structure


PART, WIRE, STRUCTURE = image_of_gmail()
ASK_PART = [("C", b"c UID FETCH 5 BODY.PEEK[2]\r\n"), ("S", fetch(WIRE, b"UID 5 ", name=b"BODY[2]") + b"c OK\r\n")]
ASK_STRUCTURE = [("C", b"d UID FETCH 5 BODYSTRUCTURE\r\n"), ("S", b"* 1 FETCH (UID 5 BODYSTRUCTURE %s)\r\nd OK\r\n" % STRUCTURE)]
ASK_MIME = [("C", b"e UID FETCH 5 BODY.PEEK[2.MIME]\r\n"), ("S", fetch(b"".join(b"%s: %s\r\n" % (k.encode(), str(v).encode()) for k, v in PART.items()) + b"\r\n", b"UID 5 ", name=b"BODY[2.MIME]") + b"e OK\r\n")]  # fmt: skip
BY_NUMBER = [("C", b"c FETCH 1 BODY[2]\r\n"), ("S", fetch(WIRE, name=b"BODY[2]") + b"c OK\r\n")]
HALF = len(WIRE) // 2
IN_CHUNKS = [
    ("C", b"c UID FETCH 5 BODY[2]<0.%d>\r\nx UID FETCH 5 BODY[2]<%d.%d>\r\n" % (HALF, HALF, len(WIRE) - HALF)),
    ("S", fetch(WIRE[:HALF], b"UID 5 ", name=b"BODY[2]<0>") + fetch(WIRE[HALF:], b"UID 5 ", name=b"BODY[2]<%d>" % HALF) + b"c OK\r\nx OK\r\n"),
]


@pytest.mark.parametrize(
    "sessions",
    [[ASK_STRUCTURE + ASK_PART], [ASK_PART + ASK_STRUCTURE], [ASK_PART, ASK_STRUCTURE], [ASK_PART + ASK_MIME], [BY_NUMBER + ASK_STRUCTURE],
     [IN_CHUNKS + ASK_STRUCTURE], [ASK_PART + ASK_STRUCTURE + ASK_PART, ASK_PART]],
    ids=["before", "behind", "in-a-second-connection", "its-header-behind", "by-number-first", "tells-the-end-of-chunks", "fetched-thrice"],
)  # fmt: skip
def test_what_says_what_a_part_is_may_come_at_any_time(tshark, played, two_pass, sessions):
    """It is exported once, decoded, under its name, and is no guess."""
    path = played(*sessions)
    got = exported(tshark, "mail-attachments", path, two_pass)
    assert got == {PART.get_filename(): PART.get_payload(decode=True)}
    assert tshark.frames(path, "mailxtra.expert.part_unknown", two_pass=True) == []
    rows = tshark.fields(path, "mailxtra.attachment", "mailxtra.attachment.filename", "mailxtra.attachment.sha256", two_pass=two_pass)
    assert rows and all(row == [[PART.get_filename()], [digest(PART.get_payload(decode=True))]] for row in rows)


def test_a_part_of_which_nothing_is_known_is_a_guess(tshark, played, two_pass):
    path = played(ASK_PART)
    (data,) = exported(tshark, "mail-attachments", path, two_pass).values()
    assert data == PART.get_payload(decode=True)
    assert tshark.frames(path, "mailxtra.expert.part_unknown", two_pass=True)


def test_two_parts_wait_for_one_structure(tshark, played, two_pass):
    text = [("C", b"f UID FETCH 5 BODY[1]\r\n"), ("S", fetch(b"hi", b"UID 5 ", name=b"BODY[1]") + b"f OK\r\n")]
    path = played(ASK_PART + text + ASK_STRUCTURE)
    (row,) = tshark.fields(path, "mailxtra.imap.part", "mailxtra.imap.part", "mailxtra.part.type", two_pass=two_pass)
    assert len(row[0]) == 2 and row[1] == ["text/plain", "image/" + PART.get_content_subtype()]


# ---------------------------------------------------------------- URLFETCH

URL = b"imap://joe@10.1.0.2/INBOX;UIDVALIDITY=42/;UID=5%s;URLAUTH=submit+joe:internal:91354a473744909de610943775f92038"


def test_urlfetch(tshark, played, two_pass):
    """A mail, and a part whose structure an IMAP client asked for."""
    whole, part = URL % b"", URL % b"/;SECTION=2"
    submit = [
        ("C", b'c URLFETCH "%s" "%s"\r\n' % (whole, part)),
        ("S", b'* URLFETCH "%s" {%d}\r\n' % (whole, len(MAIL)) + MAIL + b' "%s" {%d}\r\n' % (part, len(WIRE)) + WIRE + b"\r\nc OK\r\n"),
    ]
    path = played(submit, ASK_STRUCTURE)
    assert [*exported(tshark, "mail-messages", path, two_pass).values()] == [MAIL]
    assert exported(tshark, "mail-attachments", path, two_pass)[PART.get_filename()] == PART.get_payload(decode=True)
    urls = tshark.fields(path, "mailxtra.imap.url", "mailxtra.imap.url", two_pass=two_pass)
    assert [row[0] for row in urls] == [[whole.decode(), part.decode()]] * 2
    facts = tshark.fields(path, "mailxtra.message", "mailxtra.imap.mailbox", "mailxtra.imap.uid", two_pass=two_pass)
    assert facts[0] == [["INBOX"], ["5"]]


def test_urlfetch_extended(tshark, played, two_pass):
    """RFC 5524: decoded by the server, with its structure."""
    data = PART.get_payload(decode=True)
    url = b"/INBOX;UIDVALIDITY=42/;UID=5/;SECTION=2"
    structure = b'("image" "x" ("name" "%s") NIL NIL "base64" %d)' % (PART.get_filename().encode(), len(WIRE))
    path = played(
        [
            ("C", b'c URLFETCH ("%s" BODYPARTSTRUCTURE BINARY)\r\n' % url),
            ("S", b'* URLFETCH "%s" (BINARY ~{%d}\r\n' % (url, len(data)) + data + b") (BODYPARTSTRUCTURE %s)\r\nc OK\r\n" % structure),
        ]
    )
    assert exported(tshark, "mail-attachments", path, two_pass) == {PART.get_filename(): data}


# ---------------------------------------------------------------- ways to fetch and to append

HEADER_END = MAIL.index(b"\r\n\r\n") + 4


@pytest.mark.parametrize(
    "response",
    [fetch(MAIL, b"UID 5 ", name=b"RFC822"), b"* 1 FETCH (UID 5 BINARY[] ~{%d}\r\n" % len(MAIL) + MAIL + b")\r\n",
     b"* 1 FETCH (UID 5 RFC822.HEADER {%d}\r\n" % HEADER_END + MAIL[:HEADER_END] + b" RFC822.TEXT {%d}\r\n" % (len(MAIL) - HEADER_END)
     + MAIL[HEADER_END:] + b")\r\n",
     fetch(MAIL, b"UID 5 ") + b"* 2 FETCH (UID 6 BODY[] NIL BODY[2] NIL)\r\n"],
    ids=["RFC822", "BINARY", "RFC822.HEADER-and-TEXT", "NIL"],
)  # fmt: skip
def test_ways_to_fetch(tshark, played, two_pass, response):
    path = played([("C", b"c UID FETCH 5:6 (as it comes)\r\n"), ("S", response + b"c OK\r\n")])
    assert [*exported(tshark, "mail-messages", path, two_pass).values()] == [MAIL]


def test_ways_to_append(tshark, played, two_pass):
    """Two in one command, one as literal8; CATENATE with a piece that the server has; UTF8 (RFC 6855)."""
    path = played(
        [
            ("C", b"c APPEND Sent ($Junk) {%d+}\r\n" % len(MAIL) + MAIL + b" ($Label) ~{%d+}\r\n" % len(GMAIL) + GMAIL + b"\r\n"),
            ("S", b"c OK [APPENDUID 1 2:3] done\r\n"),
            ("C", b"d APPEND Sent UTF8 (~{3+}\r\nA:1)\r\n"),
            ("S", b"d OK\r\n"),
            ("C", b'e APPEND Sent CATENATE (TEXT {%d+}\r\n' % HEADER_END + MAIL[:HEADER_END] + b' URL "/INBOX/;UID=1/;SECTION=TEXT")\r\n'),
            ("S", b"e OK\r\n"),
        ]
    )
    assert sorted(exported(tshark, "mail-messages", path, two_pass).values()) == sorted([MAIL, GMAIL, b"A:1", MAIL[:HEADER_END]])
    flags = tshark.fields(path, "mailxtra.message", "mailxtra.imap.flags", two_pass=two_pass)
    assert [flag for row in flags for flag in row[0]] == ["$Junk", "$Label"]
    rows = tshark.fields(path, "mailxtra.expert.not_fetched", "mailxtra.message.complete", "mailxtra.message.missing", "mailxtra.expert.lost_bytes", two_pass=True)  # fmt: skip
    assert len(rows) == 1 and rows[0][0][0] in ("0", "False") and rows[0][1:] == [["0"], []]


def test_another_uidvalidity_is_another_mail(tshark, played, two_pass):
    half = len(MAIL) // 2
    first = [("C", b"c UID FETCH 5 BODY[]<0.%d>\r\n" % half), ("S", fetch(MAIL[:half], b"UID 5 ", name=b"BODY[]<0>") + b"c OK\r\n")]
    again = [("C", b"d SELECT INBOX\r\n"), ("S", b"* OK [UIDVALIDITY %d]\r\nd OK\r\n")]
    second = [("C", b"e UID FETCH 5 BODY[]<%d.99999>\r\n" % half), ("S", fetch(MAIL[half:], b"UID 5 ", name=b"BODY[]<%d>" % half) + b"e OK\r\n")]

    def mails(uidvalidity):
        selected = [(side, text % uidvalidity if b"%d" in text else text) for side, text in again]
        return [*exported(tshark, "mail-messages", played(first + selected + second), two_pass).values()]

    assert mails(42) == [MAIL]
    assert MAIL not in mails(43)


def test_a_piece_beyond_the_bound_is_told(tshark, played, two_pass):
    path = played([("C", b"c UID FETCH 5 BODY[]<3000000000.3>\r\n"), ("S", fetch(b"abc", b"UID 5 ", name=b"BODY[]<3000000000>") + b"c OK\r\n")])
    assert tshark.frames(path, "mailxtra.expert.piece_not_kept", two_pass=two_pass)


def test_injected_behind_starttls(tshark, workspace):
    """By the client in front of the server's consent, by the server behind it."""
    frames = tcp_session(
        [
            ("S", b"* OK IMAP4rev1 ready\r\n"),
            ("C", b"a STARTTLS\r\nb LOGIN evil evil\r\n"),
            ("S", b"a OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"),
            ("C", bytes.fromhex("160301000101")),
        ],
        server_port=143,
    )
    path = write_pcap(workspace.folder() / "injected.pcap", frames)
    lines = tshark.fields(path, "mailxtra.expert.starttls_injection", "mailxtra.text")
    assert [row[0] for row in lines] == [["b LOGIN evil evil", "* CAPABILITY IMAP4rev1 AUTH=PLAIN"]]
    assert tshark.frames(path, "mailxtra.auth.password") == []
