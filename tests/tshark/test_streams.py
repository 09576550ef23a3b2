"""TCP as it is: segments lost, doubled, late, overlapping, quoted in ICMP, cut short. Bytes have their place by number."""

import hashlib
import random
from dataclasses import replace

import pytest
from mail_table import first, subtrees
from pcapgen import icmp_quoting, segment, tcp_session, write_pcap
from test_export import attached, contents, delivery, mail

FIRST, SECOND, THIRD = (random.Random(seed).randbytes(6000) for seed in (1, 2, 3))
FILES = [FIRST, SECOND, THIRD]
MAIL = mail([(attached(b"file%d.bin" % number), data) for number, data in enumerate(FILES, 1)])
SHA256 = hashlib.sha256(MAIL.removesuffix(b".\r\n")).hexdigest()


@pytest.fixture
def frames():
    return tcp_session(delivery(MAIL), mss=700)


def body(frames):
    """The indices of the segments of the mail."""
    return [number for number, frame in enumerate(frames) if len(frame.payload) == 700 and frame.sender == "C"]


@pytest.fixture
def write(workspace):
    return lambda frames, **options: write_pcap(workspace.folder() / "stream.pcap", frames, **options)


def messages(tshark, path, two_pass):
    return [m for frame in tshark.json(path, "mailxtra.message", two_pass=two_pass) for m in subtrees(frame, "mailxtra.message")]


def commands(tshark, path, two_pass=False):
    rows = tshark.fields(path, "mailxtra.command", "mailxtra.command", two_pass=two_pass)
    return [value for row in rows for value in row[0]]


def is_true(value):
    return str(value).lower() in ("1", "true")


def is_intact(tshark, path, two_pass):
    found = messages(tshark, path, two_pass)
    assert [first(message, "mailxtra.message.sha256") for message in found] == [SHA256]
    assert is_true(first(found[0], "mailxtra.message.complete"))
    assert contents(tshark.export("mail-attachments", path, two_pass=two_pass)) == sorted(FILES)
    assert commands(tshark, path, two_pass) == ["HELO", "MAIL", "RCPT", "DATA", "QUIT"]


def swapped(frames):
    at = body(frames)
    for one in at[2:-2:4]:
        frames[one], frames[one + 1] = frames[one + 1], frames[one]
    return frames


def shuffled(frames):
    """The receiver acknowledges when all is there."""
    first, last = body(frames)[0], body(frames)[-1]
    frames = [frame for number, frame in enumerate(frames) if frame.payload or not first < number < last]
    at = body(frames)[1:-1]
    order = random.Random(7).sample(at, len(at))
    return [frames[order[at.index(number)]] if number in at else frame for number, frame in enumerate(frames)]


def doubled(frames):
    return [copy for frame in frames for copy in ([frame, frame] if frame.payload else [frame])]


def all_again_at_the_end_of_the_mail(frames):
    last = body(frames)[-1]
    return frames[: last + 1] + [frames[number] for number in body(frames)] + frames[last + 1 :]


def lost_and_sent_again(frames):
    """The receiver does not acknowledge what it lacks."""
    at, later = body(frames)[5], body(frames)[9]
    between = [frame for frame in frames[at + 1 : later] if frame.payload]
    return frames[:at] + between + [frames[at]] + frames[later:]


def sent_again_in_other_sizes(frames):
    """The path's MTU became smaller: the same bytes in smaller segments, across the old borders."""
    at = body(frames)[5]
    again = [segment(frames[at], 300), segment(frames[at + 1], 0, 250), segment(frames[at + 1], 250)]
    return frames[: at + 2] + again + frames[at + 2 :]


def overlapping(frames):
    at = body(frames)[6]
    joined = replace(segment(frames[at], 200), payload=frames[at].payload[200:] + frames[at + 1].payload[:400])
    return frames[: at + 1] + [joined] + frames[at + 1 :]


def keep_alive(frames):
    at = body(frames)[8]
    probe = replace(frames[at], seq=frames[at].seq - 1, payload=b"\0")
    return frames[:at] + [probe] + frames[at:]


def quoted_in_icmp(frames):
    at = body(frames)[4]
    return frames[: at + 1] + [icmp_quoting(frames[at])] + frames[at + 1 :]


def quoted_in_icmp_before_it_comes(frames):
    at = body(frames)[4]
    return frames[:at] + [icmp_quoting(frames[at], 128)] + frames[at:]


STREAMS = [
    swapped,
    shuffled,
    doubled,
    all_again_at_the_end_of_the_mail,
    lost_and_sent_again,
    sent_again_in_other_sizes,
    overlapping,
    keep_alive,
    quoted_in_icmp,
    quoted_in_icmp_before_it_comes,
]


@pytest.mark.parametrize("change", STREAMS, ids=[change.__name__ for change in STREAMS])
@pytest.mark.parametrize("reassemble", [False, True], ids=["default", "reassemble_out_of_order"])
def test_the_mail_is_intact(tshark, frames, write, two_pass, change, reassemble):
    path = write(change(frames))
    if not reassemble:
        is_intact(tshark, path, two_pass)
        return
    prefs = ["tcp.reassemble_out_of_order:TRUE"]
    assert contents(tshark.export("mail-attachments", path, two_pass=two_pass, prefs=prefs)) == sorted(FILES)


def test_sequence_numbers_that_wrap_around(tshark, write, two_pass):
    is_intact(tshark, write(tcp_session(delivery(MAIL), mss=700, client_isn=2**32 - 5000, server_isn=2**32 - 40)), two_pass)


def test_ports_used_again(tshark, write, two_pass):
    """Two sessions between the same ports, one after the other."""
    again = tcp_session(delivery(MAIL), mss=500, client_isn=90_000_000, server_isn=80_000_000)
    path = write(tcp_session(delivery(MAIL), mss=700) + again)
    assert [first(m, "mailxtra.message.sha256") for m in messages(tshark, path, two_pass)] == [SHA256] * 2


def test_sessions_side_by_side(tshark, write, two_pass):
    sessions = [tcp_session(delivery(MAIL), client=("10.1.0.1", 40000 + number), mss=500 + number) for number in range(8)]
    mixed = [sessions[at % 8][at // 8] for at in range(8 * min(map(len, sessions)))]
    path = write(mixed + [frame for one in sessions for frame in one[min(map(len, sessions)) :]])
    assert [first(m, "mailxtra.message.sha256") for m in messages(tshark, path, two_pass)] == [SHA256] * 8


def lost(frames, numbers):
    return [frame for number, frame in enumerate(frames) if number not in numbers]


def test_a_lost_segment_is_told(tshark, frames, write, two_pass):
    """The hole is in the second file: the others are whole, and only they claim to be."""
    at = body(frames)
    path = write(lost(frames, {at[len(at) // 2]}))
    (message,) = messages(tshark, path, two_pass)
    assert not is_true(first(message, "mailxtra.message.complete"))
    assert first(message, "mailxtra.message.missing") == "700"
    complete = [is_true(first(one, "mailxtra.attachment.complete")) for one in subtrees(message, "mailxtra.attachment")]
    assert complete == [True, False, True]
    exported = contents(tshark.export("mail-attachments", path, two_pass=two_pass))
    assert FIRST in exported and THIRD in exported and len(exported) == 3
    assert commands(tshark, path, two_pass)[-1] == "QUIT"


def test_a_lost_end_is_told(tshark, frames, write, two_pass):
    """The segment with the closing dot is lost, the session goes on."""
    dot = next(number for number, frame in enumerate(frames) if frame.payload.endswith(b"\r\n.\r\n"))
    path = write(lost(frames, {dot}))
    (message,) = messages(tshark, path, two_pass)
    assert not is_true(first(message, "mailxtra.message.complete"))
    assert commands(tshark, path, two_pass)[-1] == "QUIT"


def test_a_capture_that_ends_inside_a_mail(tshark, frames, write, two_pass):
    at = body(frames)
    path = write(frames[: at[len(at) // 2]])
    assert "DATA" in commands(tshark, path, two_pass)
    assert "Dissector bug" not in tshark.verbose(path, two_pass=two_pass)


def test_frames_cut_by_the_snapshot_length(tshark, frames, write, two_pass):
    path = write(frames, snaplen=600)
    for message in messages(tshark, path, two_pass):
        assert not is_true(first(message, "mailxtra.message.complete"))
    assert tshark.frames(path, "_ws.malformed", two_pass=two_pass) == []


def test_one_direction_only(tshark, frames, write, two_pass):
    """The capture holds what the client said and nothing of the server."""
    path = write([frame for frame in frames if frame.sender == "C"])
    assert [first(m, "mailxtra.message.sha256") for m in messages(tshark, path, two_pass)] == [SHA256]
