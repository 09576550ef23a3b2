"""TCP as it is: segments lost, doubled, late, overlapping, quoted in ICMP, cut short. Bytes have their place by number."""

import hashlib
import random
from dataclasses import replace

import pytest
from mail_table import first, subtrees
from pcapgen import ACK, FIN, SYN, icmp_quoting, segment, tcp_session, write_pcap
from test_export import attached, contents, delivery, mail

RST, URG = 0x04, 0x20
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


def messages(tshark, path, two_pass, prefs=()):
    frames = tshark.json(path, "mailxtra.message", two_pass=two_pass, prefs=prefs)
    return [m for frame in frames for m in subtrees(frame, "mailxtra.message")]


def commands(tshark, path, two_pass=False, prefs=()):
    rows = tshark.fields(path, "mailxtra.command", "mailxtra.command", two_pass=two_pass, prefs=prefs)
    return [value for row in rows for value in row[0]]


def is_true(value):
    return str(value).lower() in ("1", "true")


def is_intact(tshark, path, two_pass, prefs=()):
    found = messages(tshark, path, two_pass, prefs)
    assert [first(message, "mailxtra.message.sha256") for message in found] == [SHA256]
    assert is_true(first(found[0], "mailxtra.message.complete"))
    assert contents(tshark.export("mail-attachments", path, two_pass=two_pass, prefs=prefs)) == sorted(FILES)
    assert commands(tshark, path, two_pass, prefs) == ["HELO", "MAIL", "RCPT", "DATA", "QUIT"]


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


def other_content_sent_again(frames):
    """The first copy counts."""
    at = body(frames)[5]
    return frames[: at + 1] + [replace(frames[at], payload=b"Z" * 700)] + frames[at + 1 :]


def other_content_in_an_overlap(frames):
    at = body(frames)[5]
    return frames[: at + 1] + [replace(frames[at], seq=frames[at].seq - 300, payload=b"Z" * 500)] + frames[at + 1 :]


def forged_reset(shift):
    """A middle box guesses where the client is."""

    def change(frames):
        at = body(frames)[8]
        reset = replace(frames[at], flags=RST, payload=b"", seq=(frames[at].seq + shift) % 2**32)
        return frames[:at] + [reset] + frames[at:]

    return change


old_reset, reset_ahead, reset_far_away = forged_reset(-1500), forged_reset(5000), forged_reset(0x40000000)


def client_s_side_first(frames):
    """Two captures, one of each direction, one behind the other."""
    return sorted(frames, key=lambda frame: (not frame.flags & SYN, frame.sender))


def server_s_side_first(frames):
    return sorted(frames, key=lambda frame: (not frame.flags & SYN, frame.sender == "C"))


def two_interfaces(frames):
    """Each frame twice, in a slightly different order, the second a little later."""
    chance = random.Random(5)
    places = [(number + delay + chance.uniform(0, 2), frame) for number, frame in enumerate(frames) for delay in (0, 3)]
    return [frame for _, frame in sorted(places, key=lambda place: place[0])]


def acknowledgement_before_the_syn(frames):
    """TCP then does not remember where the streams begin; the first bytes come last."""
    acknowledgement = replace(frames[2], ack=frames[2].ack + len(frames[3].payload))
    return [acknowledgement, *frames[:3], frames[5], frames[4], frames[3], *frames[6:]]


def urgent(frames):
    """RFC 6093: urgent bytes are bytes of the stream."""
    return [replace(frame, flags=frame.flags | URG) if frame.payload else frame for frame in frames]


def greeting_in_the_syn(frames):
    """TCP Fast Open (RFC 7413)."""
    greeting = frames[3].payload
    return [frames[0], replace(frames[1], payload=greeting), replace(frames[2], ack=frames[2].ack + len(greeting)), *frames[4:]]


def what_was_never_sent_acknowledged(frames):
    at = body(frames)[5]
    one = frames[at]
    ack = replace(one, sender="S", source=one.target, target=one.source, flags=ACK, payload=b"", seq=one.ack, ack=one.seq + 100_000)
    return frames[:at] + [ack] + frames[at:]


def window_probe(frames):
    """The next byte, by itself."""
    at = body(frames)[5]
    return frames[:at] + [segment(frames[at], 0, 1)] + frames[at:]


def syn_in_the_middle(frames):
    at = body(frames)[5]
    return frames[:at] + [frames[0]] + frames[at:]


def half_closed(frames):
    """The client's FIN comes with its QUIT; the server still answers."""
    at = next(number for number, frame in enumerate(frames) if frame.payload == b"QUIT\r\n")
    quit_, bye, fin = frames[at], frames[at + 1], frames[at + 2]
    last = replace(frames[at + 3], seq=bye.seq + len(bye.payload), ack=fin.seq + 1)
    return frames[:at] + [replace(quit_, flags=quit_.flags | FIN), replace(bye, ack=bye.ack + 1), last, frames[at + 4]]


def wrong_checksums(frames):
    """As of a host whose card computes them."""
    packets = [bytearray(frame.bytes()) for frame in frames]
    for packet in packets:
        packet[50] ^= 0x5A
    return [bytes(packet) for packet in packets]


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
    other_content_sent_again,
    other_content_in_an_overlap,
    old_reset,
    reset_ahead,
    reset_far_away,
    client_s_side_first,
    server_s_side_first,
    two_interfaces,
    acknowledgement_before_the_syn,
    urgent,
    greeting_in_the_syn,
    what_was_never_sent_acknowledged,
    window_probe,
    syn_in_the_middle,
    half_closed,
    wrong_checksums,
]
NAMES = {change: name for name, change in globals().items() if callable(change)}


@pytest.mark.parametrize("change", STREAMS, ids=NAMES.get)
def test_the_mail_is_intact(tshark, frames, write, two_pass, change):
    is_intact(tshark, write(change(frames)), two_pass)


@pytest.mark.parametrize("port", [25, 2627])
def test_the_first_bytes_have_their_place_behind_an_acknowledgement_before_the_syn(tshark, write, two_pass, port):
    path = write(acknowledgement_before_the_syn(tcp_session(delivery(MAIL), mss=700, server_port=port)))
    is_intact(tshark, path, two_pass)
    codes = [code for row in tshark.fields(path, "mailxtra.reply.code", "mailxtra.reply.code", two_pass=two_pass) for code in row[0]]
    assert codes == ["220", "250", "250", "250", "354", "250", "221"]


PREFERENCES = [
    ["tcp.reassemble_out_of_order:TRUE"],
    ["tcp.no_subdissector_on_error:FALSE"],
    ["tcp.analyze_sequence_numbers:FALSE"],
    ["tcp.desegment_tcp_streams:FALSE"],
    ["tcp.check_checksum:TRUE"],
    ["tcp.no_subdissector_on_error:FALSE", "tcp.analyze_sequence_numbers:FALSE", "tcp.desegment_tcp_streams:FALSE"],
]


@pytest.mark.parametrize("prefs", PREFERENCES, ids=lambda prefs: "+".join(one.split(":")[0].split(".")[1] for one in prefs))
@pytest.mark.parametrize("change", STREAMS, ids=NAMES.get)
def test_the_mail_is_intact_whatever_the_preferences_are(tshark, frames, write, change, prefs):
    is_intact(tshark, write(change(frames)), bool(STREAMS.index(change) % 2), prefs)


def test_a_reset_cuts_the_mail(tshark, frames, write, two_pass):
    """One that stands right behind what was sent is believed."""
    at = body(frames)[8]
    path = write(frames[:at] + [replace(frames[at], flags=RST, payload=b"")])
    (message,) = messages(tshark, path, two_pass)
    assert not is_true(first(message, "mailxtra.message.complete"))
    assert first(message, "mailxtra.message.missing") == "0"
    assert first(message, "mailxtra.message.size") == str(8 * 700)


def test_a_slow_session_does_not_wait_for_minutes(tshark, write, two_pass):
    """A byte a second: the verdict about a lost one comes after a few, not after 64 of them."""
    typed = [("C", bytes([byte])) for byte in b"RSET\r\nNOOP\r\nRSET\r\nNOOP\r\n"]
    frames = tcp_session([*delivery()[:-2], *typed])
    first_ = next(number for number, frame in enumerate(frames) if frame.payload == b"R")
    path = write([frame for number, frame in enumerate(with_acks(frames)) if number != first_], step=1.0)
    ((decided,),) = tshark.fields(path, "mailxtra.missing", "frame.number", two_pass=two_pass)
    assert first_ < int(decided[0]) <= first_ + 8


def with_acks(frames):
    """Each byte acknowledged in a segment of its own, as a server does that has nothing to say."""
    result = []
    for frame in frames:
        result.append(frame)
        if len(frame.payload) == 1:
            result.append(replace(frame, sender="S", source=frame.target, target=frame.source, flags=ACK, payload=b"", seq=frame.ack, ack=frame.seq + 1))
    return result


def test_sequence_numbers_that_wrap_around(tshark, write, two_pass):
    is_intact(tshark, write(tcp_session(delivery(MAIL), mss=700, client_isn=2**32 - 5000, server_isn=2**32 - 40)), two_pass)


@pytest.mark.parametrize("prefs", [[], ["tcp.analyze_sequence_numbers:FALSE"]], ids=["default", "no_analysis"])
@pytest.mark.parametrize("numbers", [(90_000_000, 80_000_000), (100, 200)], ids=["higher", "lower"])
@pytest.mark.parametrize("closing", [True, False], ids=["closed", "not_closed"])
def test_ports_used_again(tshark, write, two_pass, prefs, numbers, closing):
    """Two sessions between the same ports, one after the other."""
    again = tcp_session(delivery(MAIL), mss=500, client_isn=numbers[0], server_isn=numbers[1])
    path = write(tcp_session(delivery(MAIL), mss=700, closing=closing) + again)
    assert [first(m, "mailxtra.message.sha256") for m in messages(tshark, path, two_pass, prefs)] == [SHA256] * 2


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


def test_the_end_of_one_mail_and_the_beginning_of_the_next_lost(tshark, write, two_pass):
    """What the client asked in between tells that the hole is in two answers."""
    answers = [mail([(attached(b"file.bin"), data)]) for data in FILES]
    session = [("S", b"+OK POP3 ready\r\n"), ("C", b"USER ann\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS x\r\n"), ("S", b"+OK\r\n")]
    for number, answer in enumerate(answers, 1):
        session += [("C", b"RETR %d\r\n" % number), ("S", b"+OK\r\n" + answer)]
        session += [("C", b"DELE %d\r\n" % number), ("S", b"+OK deleted\r\n")] if number > 1 else []
    frames = tcp_session([*session, ("C", b"QUIT\r\n"), ("S", b"+OK bye\r\n")], server_port=110, mss=700)
    second = next(number for number, frame in enumerate(frames) if frame.payload == b"RETR 2\r\n")
    path = write(lost(frames, {second - 1, second + 1}))
    digests = [hashlib.sha256(answer.removesuffix(b".\r\n")).hexdigest() for answer in answers]
    found = messages(tshark, path, two_pass)
    assert [is_true(first(m, "mailxtra.message.complete")) for m in found] == [False, False, True]
    assert first(found[2], "mailxtra.message.sha256") == digests[2]
    # where in its hole the second one begins cannot be known
    assert [int(first(m, "mailxtra.message.missing")) for m in found] == [len(frames[second - 1].payload), 0, 0]
    assert commands(tshark, path, two_pass) == ["USER", "PASS", "RETR", "RETR", "DELE", "RETR", "DELE", "QUIT"]


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


@pytest.mark.parametrize("port", [25, 8025], ids=["own_port", "odd_port"])
@pytest.mark.parametrize("side", ["S", "C"])
def test_a_lost_beginning_in_a_capture_that_ends_inside_the_session(tshark, write, two_pass, side, port):
    """What is behind the hole is read when nothing can fill it any more, even if nothing in front of it said that this is mail."""
    session = tcp_session([("S", b"220 ready\r\n"), *delivery(MAIL)[1:-2]], server_port=port, closing=False)
    opening = next(number for number, frame in enumerate(session) if frame.payload and frame.sender == side)
    path = write(lost(session, {opening}))
    assert contents(tshark.export("mail-attachments", path, two_pass=two_pass)) == sorted(FILES)
    found = messages(tshark, path, True)
    assert [first(message, "mailxtra.message.sha256") for message in found] == [SHA256]
    assert is_true(first(found[0], "mailxtra.message.complete"))


@pytest.mark.parametrize("side", ["S", "C"])
def test_a_first_line_without_its_beginning_on_an_odd_port(tshark, write, two_pass, side):
    """What is left of a line behind a hole says nothing of what is spoken; the next line does."""
    session = tcp_session([("S", b"220 mx.example.org ESMTP\r\n"), *delivery(MAIL)[1:]], server_port=8025)
    opening = next(number for number, frame in enumerate(session) if frame.payload and frame.sender == side)
    session[opening] = segment(session[opening], start=2)
    assert contents(tshark.export("mail-attachments", write(session), two_pass=two_pass)) == sorted(FILES)


def test_frames_cut_by_the_snapshot_length(tshark, frames, write, two_pass):
    path = write(frames, snaplen=600)
    for message in messages(tshark, path, two_pass):
        assert not is_true(first(message, "mailxtra.message.complete"))
    assert tshark.frames(path, "_ws.malformed", two_pass=two_pass) == []


def test_one_direction_only(tshark, frames, write, two_pass):
    """The capture holds what the client said and nothing of the server."""
    path = write([frame for frame in frames if frame.sender == "C"])
    assert [first(m, "mailxtra.message.sha256") for m in messages(tshark, path, two_pass)] == [SHA256]


# ---------------------------------------------------------------- behind the close


@pytest.fixture
def behind_the_close(frames, write):
    """A capture that was out of order before, with one segment of the mail behind both FINs and their acknowledgements; or
    without it."""

    def make(lost=False):
        at = body(frames)
        late = frames[at[-3]]
        early = [frames[number] for number in range(len(frames)) if number != at[-3]]
        early.insert(at[1] + 4, early.pop(at[1]))
        return write([*early, *([] if lost else [late])])

    return make


def test_whoever_can_wait_gets_what_is_captured_behind_the_close(tshark, behind_the_close):
    path = behind_the_close()
    assert contents(tshark.export("mail-attachments", path)) == sorted(FILES)
    is_intact(tshark, path, two_pass=True)


def test_whoever_prints_frames_once_learns_of_the_hole_at_the_close(tshark, behind_the_close):
    for lost in (False, True):
        [found] = messages(tshark, behind_the_close(lost), two_pass=False)
        assert first(found, "mailxtra.message.missing") == "700"


def test_what_does_not_come_is_told_where_the_connection_was_closed(tshark, behind_the_close):
    path = behind_the_close(lost=True)
    rows = [tshark.fields(path, "mailxtra.message", "frame.number", "mailxtra.message.missing", two_pass=two) for two in (False, True)]
    assert rows[0] == rows[1] == [[[str(tshark.frames(path, "tcp.flags.fin == 1")[-1])], ["700"]]]


def test_no_more_than_some_are_waited_for(tshark, write):
    """1,100 connections in a capture that is out of order, each with a hole at its close: behind 1,024 the close decides."""
    everything = swapped(tcp_session(delivery(MAIL), mss=700))
    for number in range(1100):
        session = tcp_session(delivery(mail([(b"", b"x%d" % number)])), client=("10.1.0.1", 20000 + number), mss=700)
        [last] = [n for n, frame in enumerate(session) if frame.sender == "C" and frame.payload.endswith(b"\r\n.\r\n")]
        session[last] = segment(session[last], 30)
        everything += session
    found = [file.read_bytes() for file in tshark.export("mail-messages", write(everything)).iterdir()]
    assert len(found) == 1101


def test_info_says_who_spoke_although_the_other_one_sent_the_frame(tshark, write):
    """What waits behind a hole is shown in the frame that decides."""
    session = [("S", b"* PREAUTH hi\r\n"), ("C", b"1 NOOP\r\n"), ("S", b"* 1 EXISTS\r\n"), ("S", b"1 OK done\r\n"), ("C", b"2 NOOP\r\n")]
    frames = [frame for frame in tcp_session(session, server_port=143, closing=False) if frame.payload != b"* 1 EXISTS\r\n"]
    lines = tshark.read(write(frames), two_pass=True).splitlines()
    assert "Response: 1 OK done" in lines[-1]
