"""What must come out of a damaged capture, from the messages of the clean one and the bytes that are lost.

All of it is reckoned with mailtruth and Python's email package. Offsets are those of damage.Capture.
"""

import email
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field

import mailtruth
from damage import total, within

END_OF_TEXT = b"\r\n.\r\n"
MAIL_FROM = re.compile(rb"^mail from:", re.I | re.M)
RETRIEVAL = re.compile(rb"^(retr|top) \d", re.I | re.M)


@dataclass
class Expected:
    """Multisets of SHA-256; what is complete must be there, and exact, and nothing else may claim to be complete."""

    messages: Counter = field(default_factory=Counter)
    attachments: Counter = field(default_factory=Counter)
    known_messages: Counter = field(default_factory=Counter)  # what may come out complete
    known_attachments: Counter = field(default_factory=Counter)
    missing: Counter = field(default_factory=Counter)  # bytes lost of each message with a hole
    exactly: bool = True  # missing is all of it; else other incomplete messages may come out as well
    previews: bool = False  # a mail of which not all was fetched comes out at the capture's end, no byte of it lost
    begins_late: bool = False  # a text whose beginning was not captured may come out, incomplete, nobody knows by how much
    excuse: str = ""  # why not all that is in the capture must come out: known and accepted


class Message:
    """A message of a clean capture, and where its bytes are."""

    def __init__(self, facts, flow, places, command_at, end):
        self.raw = facts["raw"]
        self.command = facts["command"]
        self.complete = facts["complete"]
        self.sha256 = facts["sha256"] or sha256(self.raw)
        self.missing = facts["missing"]
        self.attachments = facts["attachments"]
        self.flow = flow
        self.places = places  # offset in the flow of each byte of raw
        self.command_at = command_at  # in the client's flow: where the command begins that brings it
        self.start, self.end = (places[0], end) if places else (None, None)

    def body(self):
        """Offsets between which frames may be lost and the message still be seen to begin and to end."""
        if self.command not in ("BDAT", "FETCH", "APPEND"):
            return self.start, self.end - len(END_OF_TEXT)
        edges = [index for index, place in enumerate(self.places) if place - 1 not in self.places[index - 1 : index]]
        chunks = [(self.places[a], self.places[b - 1] + 1) for a, b in zip(edges, [*edges[1:], len(self.places)])]
        return max(chunks, key=lambda chunk: chunk[1] - chunk[0])

    def hashes(self, complete=True):
        return Counter(one["sha256"] for one in self.attachments if one["complete"] == complete)

    def lost(self, lost):
        """Which bytes of raw are in these ranges of the flow, as ranges of raw."""
        gone = [index for index, place in enumerate(self.places) if any(a <= place < b for a, b in lost)]
        ranges = []
        for index in gone:
            if ranges and ranges[-1][1] == index:
                ranges[-1][1] = index + 1
            else:
                ranges.append([index, index + 1])
        return ranges

    def untouched(self, lost):
        """The attachments that a loss leaves alone: what stood in the lost bytes makes no difference to them, and
        none of them is between the boundary lines around them."""
        ranges = self.lost(lost)
        found = Counter(described(self.raw))
        for filler in (b"A", b"Z"):
            filled = bytearray(self.raw)
            for start, end in ranges:
                filled[start:end] = filler * (end - start)
            found &= Counter(described(bytes(filled)))
        touched = Counter()
        for start, end, digest in segments(self.raw):
            if any(a < end and b > start for a, b in ranges):
                touched[digest] += 1
        result = Counter(digest for _, _, digest in found.elements())
        return result - touched


def described(raw):
    return [(name, kind, sha256(data)) for _, name, kind, data in mailtruth.attachments(raw)]


def segments(raw):
    """(start, end, hash of the decoded bytes) of what stands between two boundary lines, these included."""
    boundaries = re.findall(rb'boundary="?([^"\r\n;]+)"?', raw, re.I)
    lines = [
        (line.start(), line.end())
        for line in re.finditer(rb"^[^\r\n]*\r\n", raw, re.M)
        if any(line[0].rstrip() in (b"--" + mark, b"--" + mark + b"--") for mark in boundaries)
    ]
    if not lines:
        yield 0, len(raw), sha256(email.message_from_bytes(raw).get_payload(decode=True) or b"")
    for (start, inner), (inner_end, end) in zip(lines, lines[1:]):
        content = re.sub(rb"\r\n$", b"", raw[inner:inner_end])
        part = email.message_from_bytes(content)
        if not part.is_multipart():
            yield start, end, sha256(part.get_payload(decode=True) or b"")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# ---------------------------------------------------------------- the messages of a clean capture


def messages_of(capture, path):
    """The messages that mailtruth finds, with their places. Where the capture lacks bytes, without places."""
    found, at = [], {}
    for facts in mailtruth.capture_messages(path):
        sender = "S" if facts["command"] in ("RETR", "TOP", "FETCH") else "C"
        flow = (facts["stream"], sender)
        held = capture.flow(flow)
        places, end, command_at = [], None, None
        if facts["protocol"] == "IMAP":
            command_at = -1  # never said to be asked for behind a cut: several commands may be under way
            places = [place for start, end in facts["spans"] or [] for place in range(start, end)]
            end = places[-1] + 1 if places else None
        elif not held.holes:
            data, start = bytes(held.data), at.get(flow, 0)
            place = place_chunks if facts["command"] == "BDAT" else place_text
            places, end = place(data, facts["raw"], start)
            at[flow] = end
            if sender == "C":
                command_at = [line.start() for line in MAIL_FROM.finditer(data, 0, places[0])][-1]
            else:
                asked = list(RETRIEVAL.finditer(bytes(capture.flow((facts["stream"], "C")).data)))
                command_at = asked[sum(one.flow == flow for one in found)].start()
        found.append(Message(facts, flow, places, command_at, end))
    return found


def place_text(data, raw, start):
    """A text on the wire has a dot in front of each line that begins with one."""
    stuffed = re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n"
    begin = data.index(stuffed, start)
    if raw[:1] == b".":
        begin = data.index(b"." + raw[:1], start)
    places, at = [], begin
    for index, byte in enumerate(raw):
        if byte == 0x2E and raw[index - 1 : index] in (b"\n", b""):
            at += 1
        places.append(at)
        at += 1
    return places, begin + len(stuffed)


def place_chunks(data, raw, start):
    places, at = [], start
    while len(places) < len(raw):
        header = re.compile(rb"BDAT (\d+)[^\r\n]*\r\n").search(data, at)
        at = header.end() + int(header[1])
        places += range(header.end(), at)
    assert bytes(data[place] for place in places) == raw
    return places, at


def all_of(messages, begins_late=False, parts=Counter()):
    """What the clean capture gives. parts: attachments that were fetched by themselves."""
    expected = Expected(begins_late=begins_late, attachments=Counter(parts), previews=bool(parts))
    for message in messages:
        if message.complete:
            expected.messages[message.sha256] += 1
        else:
            expected.missing[message.missing] += 1
        expected.attachments += message.hashes()
    expected.known_messages = +expected.messages
    expected.known_attachments = +expected.attachments
    return expected


def holes_inside(messages, lost, begins_late=False):
    """When all that is lost lies inside of messages: everything can be told."""
    expected = Expected(begins_late=begins_late)
    for message in messages:
        gone = within(lost.get(message.flow, []), message.start, message.end)
        # of a mail in several literals not all that lies between is its own; dots that were doubled are lost as well
        missing = total(message.lost(gone)) if message.command in ("FETCH", "APPEND") else total(gone)
        expected.known_attachments += message.hashes()
        if missing:
            expected.missing[missing] += 1
            expected.attachments += message.untouched(gone)
        else:
            expected.messages[message.sha256] += 1
            expected.attachments += message.hashes()
    expected.known_messages = +expected.messages
    return expected


def nothing_invented(messages, lost, must=lambda message: False, parts=Counter()):
    """When anything may be lost: what claims to be complete is so, and no byte of it was lost. must() tells which of the
    messages that lost no byte have to come out. parts: attachments that were fetched by themselves, which may."""
    expected = Expected(exactly=False, known_attachments=Counter(parts))
    for message in messages:
        expected.known_attachments += message.hashes()
        # of a compressed session nobody can say which of its bytes are the message's
        if message.places and within(lost.get(message.flow, []), message.start, message.end):
            continue
        expected.known_messages[message.sha256] += 1
        if message.places and must(message):
            expected.messages[message.sha256] += 1
            expected.attachments += message.hashes()
    return expected


def excused(expected, excuse):
    """The same, but nothing has to come out."""
    return Expected(
        known_messages=expected.known_messages, known_attachments=expected.known_attachments, exactly=False, excuse=excuse
    )


def judge(expected, found):
    """What is wrong with what was found, as text; found has the same fields as Expected, and hurt_attachments."""
    wrong = []

    def must(condition, text):
        if not condition:
            wrong.append(text)

    for kind in ("messages", "attachments"):
        wanted, allowed, got = getattr(expected, kind), getattr(expected, "known_" + kind), getattr(found, kind)
        must(not wanted - got, f"{kind} that are not there: {short(wanted - got)}")
        must(not got - allowed, f"{kind} that claim to be complete: {short(got - allowed)}")
    if expected.begins_late or expected.previews:
        found.missing.pop(0, None)
    if expected.exactly:
        must(found.missing == expected.missing, f"bytes lost per message: {dict(found.missing)}, not {dict(expected.missing)}")
    return wrong


def short(hashes):
    return sorted(digest[:12] for digest in hashes.elements())
