"""Damaged captures: what the network and the capture point did to the frames changes nothing in what is in them.

Each batch is every clean capture of pcaps/ once, damaged by a seed of its own, all in one file and mixed with each
other. MAILXTRA_DAMAGE_SEED moves all seeds, MAILXTRA_DAMAGE_ROUNDS multiplies the batches; a damaged capture that is read
wrongly is written to MAILXTRA_DAMAGE_KEEP (default: pytest's folder for temporary files) by itself.
"""

import email
import hashlib
import json
import os
import random
from collections import Counter

import damage
import harness
import mailtruth
import oracle
import pytest

FIRST_SEED = int(os.environ.get("MAILXTRA_DAMAGE_SEED", "0"))
ROUNDS = int(os.environ.get("MAILXTRA_DAMAGE_ROUNDS", "1"))

EXPECTED = json.loads((harness.PCAPS / "expected.json").read_text(encoding="utf-8"))
# Decoded text may hold any character, separators as well.
FREE_TEXT = {"mailxtra.part.text"}
MOST_FRAMES = 4000


def seeds(count):
    return range(FIRST_SEED, FIRST_SEED + count * ROUNDS)


# Attachments that are fetched by part number, by their mails: one of them twice.
FETCHED_BY_IMAPLIB = [("five-4-gmail", ".png"), ("five-4-gmail", ".png"), ("five-4-gmail", ".zip"), ("five-1-thunderbird", ".xlsx")]
PARTS = {f"imap-{name}.pcap": FETCHED_BY_IMAPLIB for name in ("parts", "cyrus-parts", "courier-parts")}


# A text in base64 that is fetched by part number, too: when what says its type is lost, it is taken for a file.
GUESSED = dict.fromkeys(PARTS, ("five-4-gmail", "text/plain"))


def mail_of(name):
    return (harness.REPO / "tests" / "data" / "eml" / f"{name}.eml").read_bytes()


def is_clear(path):
    if path.name.endswith("-alpine.pcap"):
        # half of the parts are texts and attached messages, of which this reader of whole mails knows nothing
        return False
    return path.suffix == ".pcap" and not any(message["tls"] for message in EXPECTED[path.name]["messages"])


def parts_of(path):
    """Hashes of the attachments that the capture's client fetched by themselves, from the mails."""
    hashes = Counter()
    for name, end in PARTS.get(path.name, []):
        (data,) = [data for _, named, _, data in mailtruth.attachments(mail_of(name)) if named and named.endswith(end)]
        hashes[hashlib.sha256(data).hexdigest()] += 1
    return hashes


def guessed_of(path):
    if path.name not in GUESSED:
        return Counter()
    name, kind = GUESSED[path.name]
    (data,) = [part.get_payload(decode=True) for part in email.message_from_bytes(mail_of(name)).walk() if part.get_content_type() == kind]
    return Counter([hashlib.sha256(data).hexdigest()])


class Clean:
    """A clean capture and what is in it."""

    def __init__(self, path):
        self.path = path
        self.capture = damage.Capture(path)
        self.messages = oracle.messages_of(self.capture, path)
        self.parts, self.guessed = parts_of(path), guessed_of(path)
        self.has_places = all(message.places for message in self.messages)
        self.from_start = all(held.start is not None for held in map(self.capture.flow, self.capture.base))

    def damaged(self, seed, operations):
        """operations: a function of a random generator and this that gives (name, options) in order."""
        result = damage.Damage(self.capture, seed)
        for name, options in operations(result.random, self):
            result.apply(name, **options)
        return result


@pytest.fixture(scope="session")
def clean_captures():
    return [Clean(path) for path in harness.captures() if is_clear(path)]


# ---------------------------------------------------------------- kinds of damage


def segment_sizes(rng, clean):
    """Smallest and largest; so large that the number of frames stays bearable."""
    data = sum(damage.total(held) for held in clean.capture.covered.values())
    least = data // MOST_FRAMES + 1
    return rng.choice([(least, least), (least, 100), (1, 2000), (500, 9000), (65000, damage.LARGEST_PAYLOAD)])


def without_loss(rng, clean):
    """One to four kinds of damage at once, no byte lost."""
    smallest, largest = segment_sizes(rng, clean)
    share, window = rng.choice([(0.1, 1), (0.3, 4), (1, 1), (1, 3)])
    possible = [
        ("resegment", {"smallest": smallest, "largest": max(smallest, largest)}),
        ("reorder", {"window": rng.choice([2, 3, 6, 12, 24])}),
        ("reorder_acks", {"window": rng.choice([2, 8])}),
        ("late", {"count": rng.randint(1, 4), "window": rng.choice([2, 20])}),
        ("duplicate", {"share": share, "window": window}),
        ("retransmit", {"count": rng.randint(1, 8), "kind": rng.choice(["mixed", *damage.RETRANSMISSIONS])}),
        ("conflict", {"count": rng.randint(1, 3)}),
        ("resets", {"count": rng.randint(1, 3)}),
        ("mirror", {"delay": rng.choice([2, 4])}),
        ("keepalive", {"count": rng.randint(1, 4)}),
        ("icmp", {"count": rng.randint(1, 5)}),
        ("wrap", {}),
        ("ports", {}),
    ]
    chosen = rng.sample(range(len(possible)), rng.randint(1, 4))
    return [possible[index] for index in sorted(chosen)]


def losing_parts_of_messages(rng, clean):
    """Frames are lost whose bytes are all of one message, but for its beginning and its end."""
    operations = []
    if rng.random() < 0.3:
        operations.append(("resegment", {"smallest": 200, "largest": 900}))
    for message in rng.sample(clean.messages, min(len(clean.messages), rng.randint(1, 2))):
        place = (*message.flow, *message.body())
        operations.append(("drop", {"count": rng.randint(1, 2), "run": rng.randint(1, 2), "within": place}))
    if rng.random() < 0.4:
        operations += rng.choice(
            [
                [("reorder", {"window": 3})],
                [("duplicate", {"share": 0.3})],
                [("wrap", {})],
                [("icmp", {"count": 3})],
                [("keepalive", {"count": 2})],
                [("ports", {})],
            ]
        )
    return operations


def losing_anything(rng, clean):
    """Any segment with data may be lost, of commands and replies as well."""
    operations = [("drop", {"count": rng.randint(1, 5), "run": rng.randint(1, 3)})]
    if rng.random() < 0.5:
        operations += [("reorder", {"window": 4}), ("retransmit", {"count": 3})]
    return operations


def cut_start(rng, clean):
    return [("cut_start", {"share": rng.uniform(0, 0.9)})]


def cut_end(rng, clean):
    return [("cut_end", {"share": rng.uniform(0, 0.9)})]


def snapped(rng, clean):
    return [("snap", {"length": rng.choice([80, 96, 128, 200, 600, 1400])})]


def one_way(rng, clean):
    return [("one_way", {"side": rng.choice("CS")})]


# ---------------------------------------------------------------- reading with tshark


class Batch:
    """Many damaged captures in one file, and what tshark makes of it."""

    def __init__(self, tshark, workspace, damages, seed=0):
        self.tshark = tshark
        self.damages = damages
        self.frames = damage.side_by_side(damages, seed)
        # each by itself is as fast as in a file of its own
        step = max(1, damage.STEP_MICROSECONDS // len(damages))
        self.path = damage.write_pcap(workspace.folder() / "damaged.pcap", damage.interleave(self.frames, seed), step)
        self.names = mailxtra_fields(tshark)

    def read(self, two_pass=False, prefs=()):
        """What was found per damaged capture, the exported files, and all the fields. In one pass the files come from a
        run of their own: without anything to print there are no trees, which is another way through the plugin."""
        folders = [self.tshark.workspace.folder() for _ in range(2)]
        export = []
        for kind, folder in zip(("mail-messages", "mail-attachments"), folders):
            export += ["--export-objects", f"{kind},{folder}"]
        if not two_pass:
            self.tshark.read(self.path, "-q", *export, prefs=prefs)
            export = []
        args = ["-T", "fields", "-E", f"separator={harness.FIELD}", "-E", f"aggregator={harness.VALUE}"]
        # what an ICMP error quotes is cut off, which other dissectors take ill
        args += ["-Y", "mailxtra || (_ws.malformed && !icmp && !icmpv6)"]
        for name in ("frame.number", "ip.src", "ipv6.src", "_ws.malformed", "tcp.stream", *self.names):
            args += ["-e", name]
        printed = self.tshark.read(self.path, *args, *export, two_pass=two_pass, prefs=prefs)
        rows = [row.split(harness.FIELD) for row in printed.split("\n")[:-1]]
        return Reading(self, rows, *map(hashes, folders))


class Reading:
    def __init__(self, batch, rows, messages, attachments):
        self.exported_messages, self.exported_attachments = messages, attachments
        self.malformed = [(row[0], row[1] or row[2]) for row in rows if row[3]]
        backward = [0, *(index for index, name in enumerate(batch.names, 5) if name not in harness.FORWARD_FIELDS)]
        self.fields = {int(row[0]): [row[index] for index in backward] for row in rows}
        self.owner = {int(row[0]): (damage.number_of(row[1] or row[2]), int(row[4])) for row in rows}
        self.found = [oracle.Expected() for _ in batch.damages]
        self.hurt = [Counter() for _ in batch.damages]
        self.partial = [Counter() for _ in batch.damages]
        for row in rows:
            number = damage.number_of((row[1] or row[2]).split(harness.VALUE)[0])
            self._take(number, dict(zip(batch.names, (cell.split(harness.VALUE) if cell else [] for cell in row[5:]))))

    def _take(self, number, values):
        found = self.found[number]
        facts = (values[f"mailxtra.message.{name}"] for name in ("sha256", "complete", "missing"))
        for digest, complete, missing in zip(*facts, strict=True):
            if is_true(complete):
                assert int(missing) == 0
                found.messages[digest] += 1
            else:
                found.missing[int(missing)] += 1
                self.partial[number][digest] += 1
        pairs = zip(values["mailxtra.attachment.sha256"], values["mailxtra.attachment.complete"], strict=True)
        for digest, complete in pairs:
            (found.attachments if is_true(complete) else self.hurt[number])[digest] += 1


def is_true(value):
    return value in ("1", "True", "true")


def hashes(folder):
    return Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir())


def mailxtra_fields(tshark):
    lines = (line.split("\t") for line in tshark.text("-G", "fields").splitlines())
    names = (line[2] for line in lines if line[0] == "F" and line[2].startswith("mailxtra."))
    return [name for name in names if ".fragment" not in name and name not in FREE_TEXT]


# ---------------------------------------------------------------- checks


@pytest.fixture
def keep(tmp_path):
    """Writes the frames of a damaged capture by itself, for whoever wants to know what went wrong with it."""
    folder = os.environ.get("MAILXTRA_DAMAGE_KEEP") or tmp_path

    def write(one, label, frames):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{label}-{one.capture.name.removesuffix('.pcap')}-{one.seed}.pcap")
        return damage.write_pcap(path, frames)

    return write


@pytest.fixture
def check(tshark, workspace, keep, record_property):
    """Damages captures, reads them in one pass and in two, and compares with what is expected of each."""

    def run(label, damages, expectations, seed=0, prefs=()):
        batch = Batch(tshark, workspace, damages, seed)
        readings = [batch.read(two_pass=two_pass, prefs=prefs) for two_pass in (False, True)]
        report = []
        for number, (one, expected) in enumerate(zip(damages, expectations)):
            wrong = oracle.judge(expected, readings[0].found[number])
            if wrong != (wrong_twice := oracle.judge(expected, readings[1].found[number])):
                wrong = [*wrong, *(f"with -2, {text}" for text in wrong_twice)]
            if wrong:
                report.append(f"{keep(one, label, batch.frames[number])}: {'; '.join(wrong)}; {describe(one)}")
        first, second = readings
        record_property("damage: damaged captures", len(damages))
        record_property("damage: frames", sum(len(one.frames) for one in damages))
        record_property("damage: messages expected", sum(one.messages.total() for one in expectations))
        record_property("damage: messages with holes found", sum(one.missing.total() for one in first.found))
        record_property("damage: read less than all of, for a known reason", sum(bool(one.excuse) for one in expectations))
        record_property("damage: attachments expected", sum(one.attachments.total() for one in expectations))
        assert not report, f"{len(report)} of {len(damages)} are read wrongly:\n" + "\n".join(report)
        assert not differences(batch, first, second)
        for reading in readings:
            assert [frame for frame, source in reading.malformed if not expectations[damage.number_of(source)].excuse] == []
            # what is certain only at the capture's end is exported in one pass, too
            assert reading.exported_messages == sum_of(one.messages for one in second.found) + sum_of(second.partial)
            assert reading.exported_attachments == sum_of(map(objects, damages, (one.attachments for one in second.found))) + sum_of(
                map(objects, damages, second.hurt)
            )
        return first

    return run


def objects(one, attachments):
    """What is exported: a part that was fetched twice is shown twice, and is one object."""
    return Counter(set(attachments)) if one.capture.name in PARTS else attachments


def sum_of(counters):
    result = Counter()
    for one in counters:
        result += one
    return result


def describe(one):
    operations = [f"{done.pop('operation')}{done}" for done in map(dict, one.done)]
    return f"seed {one.seed}: {', '.join(operations)}"[:600]


# Of IMAP only: that no more of a mail, or nothing of what a part is, was fetched, is shown behind the last bytes of the session.
KNOWN_AT_THE_END = ["mailxtra.message.not_fetched", "mailxtra.expert.not_fetched", "mailxtra.expert.part_unknown"]


def differences(batch, first, second):
    """Where one pass and two do not say the same. In one pass the last frame of a stream cannot tell what is certain
    only when the capture is over: where bytes are lost, or its end, and that no more of a mail is fetched."""
    last = {}
    for frame, owner in second.owner.items():
        last[owner] = max(frame, last.get(owner, 0))
    names = ["frame", *(name for name in batch.names if name not in harness.FORWARD_FIELDS)]
    at_the_end = [names.index(name) for name in KNOWN_AT_THE_END]
    found = []
    for frame in sorted(first.fields.keys() | second.fields.keys()):
        one, two = first.fields.get(frame), second.fields.get(frame)
        number, _ = owner = second.owner.get(frame) or first.owner[frame]
        damaged = batch.damages[number]
        if one == two or frame == last.get(owner) and any(damaged.lost().values()):
            continue
        # that may be all that the frame has to tell
        if two and any(two[index] and not (one and one[index]) for index in at_the_end):
            continue
        told = [f"{n}: {a!r}, {b!r}" for n, a, b in zip(names, one, two) if a != b] if one and two else [f"{one}, {two}"]
        found.append(f"{damaged.capture.name} {damaged.seed}, frame {frame} of {batch.path}: {'; '.join(told)}"[:300])
    return found


# ---------------------------------------------------------------- what is known and accepted

ORDINARY_PORTS = {24, 25, 110, 587}


def comes_in_order(one, flow):
    """Does the first data segment of a flow hold its beginning?"""
    first = [frame for frame in one.frames if frame.flow == flow and frame.is_data][:1]
    return not first or one.capture.offset(first[0]) <= one.capture.covered[flow][0][0]


def excuse_of(clean, one):
    """Why a damaged capture without loss need not be read in full; "" when it has to be."""
    disordered = any(done["operation"] in ("reorder", "reorder_acks", "late", "mirror") for done in one.done)
    if disordered and not clean.from_start and not on_ordinary_ports(one):
        return "on a port that promises nothing, a disordered session without handshake is read from its first plain line on"
    if all(comes_in_order(one, flow) for flow in clean.capture.base):
        return ""
    if not clean.from_start:
        return "what stands before the first segment of a capture without handshake has no place"
    return ""


def on_ordinary_ports(one):
    ends = {(frame.stream, *(frame.target if frame.sender == "C" else frame.source)) for frame in one.capture.frames}
    return {one.address(end)[-1] for end in ends} <= ORDINARY_PORTS


def expectation_without_loss(clean, one):
    expected = oracle.all_of(clean.messages, not clean.from_start, clean.parts)
    excuse = excuse_of(clean, one)
    return oracle.excused(expected, excuse) if excuse else expected


# ---------------------------------------------------------------- without loss


def lossless_batch(clean_captures, seed, operations=without_loss):
    damages = [clean.damaged(seed, operations) for clean in clean_captures]
    assert not any(any(one.lost().values()) for one in damages)
    return damages, [expectation_without_loss(clean, one) for clean, one in zip(clean_captures, damages)]


@pytest.mark.parametrize("seed", seeds(16))
def test_without_loss_nothing_changes(check, clean_captures, seed):
    check("without-loss", *lossless_batch(clean_captures, seed), seed)


PREFERENCES = [
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.reassemble_out_of_order:TRUE",
    "tcp.no_subdissector_on_error:FALSE",
    "tcp.analyze_sequence_numbers:FALSE",
]


@pytest.mark.parametrize("preference", PREFERENCES)
@pytest.mark.parametrize("seed", seeds(2))
def test_whatever_the_preferences_are(check, clean_captures, seed, preference):
    check("preference", *lossless_batch(clean_captures, seed + 1000), seed, prefs=[preference])


def in_single_bytes(rng, clean):
    return [("resegment", {"smallest": 1, "largest": 1}), ("reorder", {"window": 4}), ("duplicate", {"share": 0.1})]


def in_the_largest_segments(rng, clean):
    return [("resegment", {"smallest": damage.LARGEST_PAYLOAD, "largest": damage.LARGEST_PAYLOAD})]


@pytest.mark.parametrize("name", ["smtp-postfix-relay.pcap", "pop3-pipelined.pcap", "smtp-bdat.pcap"])
@pytest.mark.parametrize("operations", [in_single_bytes, in_the_largest_segments], ids=lambda function: function.__name__)
def test_byte_by_byte_equals_whole(check, clean_captures, name, operations):
    chosen = [clean for clean in clean_captures if clean.path.name == name]
    check("size", *lossless_batch(chosen, FIRST_SEED, operations))


@pytest.mark.parametrize("seed", seeds(12))
def test_by_itself(tshark, workspace, clean_captures, keep, record_property, seed):
    """One damaged capture per file, as users have it, with the addresses it had."""
    clean = random.Random(seed).choice([clean for clean in clean_captures if clean.messages and clean.has_places])
    one = clean.damaged(seed + 2000, without_loss)
    frames = list(one.final_frames())
    path = damage.write_pcap(workspace.folder() / "one.pcap", frames)
    if excuse_of(clean, one):
        pytest.skip(excuse_of(clean, one))
    wanted = oracle.all_of(clean.messages)
    record_property("damage: damaged captures", 1)
    for kind, hashes_wanted in (("mail-messages", wanted.messages), ("mail-attachments", wanted.attachments)):
        got = hashes(tshark.export(kind, path, two_pass=bool(seed % 2)))
        if clean.from_start:
            assert got == hashes_wanted, f"{keep(one, 'single', frames)}: {describe(one)}"
        else:
            assert not hashes_wanted - got, f"{keep(one, 'single', frames)}: {describe(one)}"


# ---------------------------------------------------------------- with loss


def left_open(one):
    """Of a session without an end maybe only the capture's end tells that a hole stays one, and one pass cannot show that."""
    closed = {frame.stream for frame in one.capture.frames if frame.flags & (damage.FIN | damage.RST)}
    hurt = {stream for (stream, _), ranges in one.lost().items() if ranges}
    return "" if hurt <= closed else "the capture ends before the session with the hole does"


@pytest.mark.parametrize("seed", seeds(12))
def test_holes_in_messages_are_told(check, clean_captures, seed):
    chosen = [clean for clean in clean_captures if clean.messages and clean.has_places]
    damages = [clean.damaged(seed, losing_parts_of_messages) for clean in chosen]
    expectations = []
    for clean, one in zip(chosen, damages):
        expected = oracle.holes_inside(clean.messages, one.lost(), not clean.from_start)
        excuse = excuse_of(clean, one) or left_open(one)
        expectations.append(oracle.excused(expected, excuse) if excuse else expected)
    check("holes", damages, expectations, seed)


def nothing(clean, one):
    """No message has to come out."""
    return lambda message: False


def asked_for_after_the_cut(clean, one):
    """The whole exchange is there: the command that brings the message, what the server said to it, and the message."""
    lost = one.lost()
    if not on_ordinary_ports(one):
        return nothing(clean, one)

    def must(message):
        stream = message.flow[0]
        ends = {side: max((end for _, end in lost[stream, side]), default=0) for side in "CS"}
        return message.command_at >= ends["C"] and (message.flow[1] == "C" or ends["S"] + 5 < message.start)

    return must


def answered_before_the_cut(clean, one):
    """The server has answered to the message, so that everything is decided."""

    def must(message):
        other = message.flow[0], "S" if message.flow[1] == "C" else "C"
        base = clean.capture.base[message.flow]
        return any(
            frame.flow == other and (frame.is_data or message.flow[1] == "S") and (frame.ack - base) % damage.MODULUS >= message.end
            for frame in one.frames
            if frame.flags & damage.ACK and not frame.flags & damage.SYN
        )

    return must


LOSSES = [
    (losing_anything, nothing, 4),
    (cut_start, asked_for_after_the_cut, 4),
    (cut_end, answered_before_the_cut, 4),
    (snapped, nothing, 3),
    (one_way, nothing, 2),
]


@pytest.mark.parametrize(
    "kind,must,seed",
    [pytest.param(kind, must, seed, id=f"{kind.__name__}-{seed}") for kind, must, count in LOSSES for seed in seeds(count)],
)
def test_nothing_is_invented(check, clean_captures, kind, must, seed):
    chosen = clean_captures
    damages = [clean.damaged(seed, kind) for clean in chosen]
    expectations = [
        oracle.nothing_invented(clean.messages, one.lost(), must(clean, one), clean.parts + clean.guessed) for clean, one in zip(chosen, damages)
    ]
    check(kind.__name__, damages, expectations, seed)


@pytest.mark.parametrize("two_pass", [False, True], ids=["one_pass", "two_pass"])
@pytest.mark.parametrize("operations", [without_loss, losing_parts_of_messages, losing_anything, snapped], ids=lambda f: f.__name__)
def test_no_dissector_complains(tshark, workspace, clean_captures, operations, two_pass):
    chosen = [clean for clean in clean_captures if clean.messages and clean.has_places]
    batch = Batch(tshark, workspace, [clean.damaged(3000 + FIRST_SEED, operations) for clean in chosen])
    text = tshark.verbose(batch.path, display_filter="tcp && !icmp && !icmpv6", two_pass=two_pass)
    complaints = [line.strip() for line in text.split("\n") if "Dissector bug" in line or "[Malformed Packet" in line]
    assert complaints == [], batch.path
