#!/usr/bin/env python3
"""Takes a clean capture and damages it, as networks and capture points do; the same seed gives the same damage.

    damage.py [--seed N] CAPTURE OUTPUT OPERATION[:NAME=VALUE,...]...

writes a pcap file and prints a JSON report: what each operation did, and which bytes of which TCP direction are in the
clean capture but in no frame of the damaged one. Operations, in the order in which they are applied:

    reorder       frames change places within window frames; across=1: connections' beginnings and ends as well
    reorder_acks  the same for segments without data
    late          count data segments come up to window frames later, as if sent again after a loss
    duplicate     share of the frames come twice, up to window frames apart; share=1: as from two switch ports
    retransmit    count data segments are sent again: kind=same, longer, shorter, overlapping, cut (resegmented), mixed
    resegment     all data is cut anew: smallest to largest bytes per segment
    conflict      count data segments are sent again with other content: the first copy counts
    resets        count forged RSTs that no host obeys: old ones, and ones ahead of or far from the window
    mirror        every frame twice, from two interfaces that disagree a little about the order
    keepalive     count probes, with or without a byte of garbage in front of the window, and their answers
    icmp          count ICMP errors that quote the beginnings of segments
    drop          count data segments are lost; within=STREAM/SENDER/START/END: only ones that lie in these bytes
    cut_start     frames of the beginning are lost (share or count)
    cut_end       frames of the end are lost (share or count)
    snap          every frame is cut to length bytes
    one_way       only what the side sent: side=C or S
    wrap          sequence numbers run over in the middle of the data
    ports         other ports, server=0: random ones

Bytes are counted per direction from its first one in the clean capture. All frames are written as Ethernet, one
millisecond apart, without TCP options, with right lengths and checksums.
"""

import argparse
import ipaddress
import json
import random
import struct
import sys
from dataclasses import dataclass, replace
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "tshark"), str(TESTS / "truth")]

import mailtruth  # noqa: E402
import pcapgen  # noqa: E402
from pcapgen import ACK, FIN, PSH, SYN  # noqa: E402

RST = 0x04
MODULUS = 1 << 32
LARGEST_PAYLOAD = 65535 - 60
DYNAMIC_PORTS = (49152, 65535)  # nobody else's (RFC 6335 6)
START_TIME = 1_700_000_000
STEP_MICROSECONDS = 1000


@dataclass(frozen=True)
class Segment(pcapgen.Frame):
    """A TCP segment of a capture. seq and ack count as in the clean capture until it is written."""

    stream: int = 0
    snap: int | None = None  # bytes of the frame that are captured
    quoted: int | None = None  # the frame is an ICMP error that quotes so many bytes of this segment's packet

    @property
    def flow(self):
        return self.stream, self.sender

    @property
    def is_data(self):
        return bool(self.payload) and self.quoted is None

    @property
    def is_anchor(self):
        return bool(self.flags & (SYN | FIN | RST)) and self.quoted is None

    def captured_payload(self):
        """Bytes of the payload that the capture holds."""
        if self.quoted is not None:
            return 0
        if self.snap is None:
            return len(self.payload)
        return max(0, min(len(self.payload), self.snap - (len(self.bytes()) - len(self.payload))))

    def packet(self):
        """The frame as it was on the wire."""
        if self.quoted is None:
            return self.bytes()
        version = ipaddress.ip_address(self.source[0]).version
        return pcapgen.icmp_quoting(self, self.quoted) if version == 4 else icmpv6_quoting(self, self.quoted)


def icmpv6_quoting(segment, quoted):
    """"Packet too big", sent to the sender of an IPv6 segment."""
    message = struct.pack("!BBHI", 2, 0, 0, 1280) + segment.bytes()[14:][:quoted]
    sender, reader = ipaddress.ip_address("fd99::9").packed, ipaddress.ip_address(segment.source[0]).packed
    checksum = ones_complement_sum(sender + reader + struct.pack("!II", len(message), 58) + message)
    message = message[:2] + struct.pack("!H", checksum) + message[4:]
    header = struct.pack("!IHBB", 6 << 28, len(message), 58, 64) + sender + reader
    return pcapgen.CLIENT_MAC + pcapgen.SERVER_MAC + b"\x86\xdd" + header + message


def ones_complement_sum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


# ---------------------------------------------------------------- ranges of bytes


def merged(ranges):
    """Ranges (start, end) in order, without overlaps."""
    result = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1][1] = max(end, result[-1][1])
        elif start < end:
            result.append([start, end])
    return [tuple(one) for one in result]


def without(ranges, others):
    """What is in the ranges and not in the others; both merged."""
    result = []
    for start, end in ranges:
        for first, last in others:
            if last <= start or first >= end:
                continue
            if first > start:
                result.append((start, first))
            start = max(start, last)
        if start < end:
            result.append((start, end))
    return result


def within(ranges, start, end):
    """The part of the ranges that lies between start and end."""
    return [(max(a, start), min(b, end)) for a, b in ranges if a < end and b > start]


def total(ranges):
    return sum(end - start for start, end in ranges)


# ---------------------------------------------------------------- captures


class Capture:
    """The TCP segments of a capture file, in order; nothing else of it."""

    def __init__(self, path):
        self.name = Path(path).name
        data = Path(path).read_bytes()
        self.streams = mailtruth.tcp_streams(data)
        self.frames, self.base = [], {}
        current, count = {}, 0
        for link, packet in mailtruth.packets(data):
            fields = mailtruth.tcp_segment(mailtruth.network_layer(link, packet))
            if not fields:
                continue
            source, target, seq, ack, flags, payload = fields
            key = frozenset((source, target))
            if key not in current or flags & (SYN | ACK) == SYN and self._is_new(current[key], source, seq):
                current[key], count = self.streams[count], count + 1
            stream = current[key]
            sender = "C" if source == stream.ends[0] else "S"
            first = seq + 1 if flags & SYN else seq
            self.base.setdefault((stream.number, sender), first % MODULUS)
            ends = [(str(ipaddress.ip_address(address)), port) for address, port in (source, target)]
            self.frames.append(Segment(sender, *ends, seq, ack, flags & 0x3F, payload, stream=stream.number))
        self.covered = self.coverage(self.frames)

    @staticmethod
    def _is_new(stream, source, seq):
        return stream.flows[source].start not in (None, seq)

    def flow(self, flow):
        """mailtruth's Flow of (stream, sender)."""
        stream = self.streams[flow[0]]
        return stream.flows[stream.ends[0 if flow[1] == "C" else 1]]

    def offset(self, segment):
        """Where the first byte of the segment stands in its flow; negative: before the first byte of the clean capture."""
        seq = segment.seq + (1 if segment.flags & SYN else 0)
        distance = (seq - self.base[segment.flow]) % MODULUS
        return distance - MODULUS if distance >= MODULUS // 2 else distance

    def end(self, segment):
        return self.offset(segment) + len(segment.payload)

    def coverage(self, frames):
        """Per flow, the ranges of bytes that these frames hold."""
        ranges = {flow: [] for flow in self.base}
        for frame in frames:
            held = frame.captured_payload()
            if held:
                start = self.offset(frame)
                ranges[frame.flow].append((start, start + held))
        return {flow: merged(held) for flow, held in ranges.items()}

    def bytes_between(self, flow, start, end):
        """Bytes of a flow by their offsets. None where the clean capture lacks some."""
        held = self.flow(flow)
        if held.holes or start < 0 or end > len(held.data):
            return None
        return bytes(held.data[start:end])


# ---------------------------------------------------------------- damage


class Damage:
    """A capture under damage: apply operations, then write."""

    def __init__(self, capture, seed=0):
        self.capture = capture
        self.random = random.Random(f"{capture.name}/{seed}")
        self.seed = seed
        self.frames = list(capture.frames)
        self.done = []
        self.shift = {flow: 0 for flow in capture.base}
        self.renamed = {}

    def apply(self, operation, **options):
        found = OPERATIONS[operation](self, **options)
        self.done.append({"operation": operation, **options, **(found or {})})
        return self

    def lost(self):
        """Per flow, the ranges of bytes that the clean capture holds and the damaged one does not."""
        left = self.capture.coverage(self.frames)
        return {flow: without(held, left[flow]) for flow, held in self.capture.covered.items()}

    def report(self):
        lost = [
            {"stream": stream, "sender": sender, "ranges": ranges}
            for (stream, sender), ranges in self.lost().items()
            if ranges
        ]
        return {
            "capture": self.capture.name,
            "seed": self.seed,
            "operations": self.done,
            "frames": len(self.frames),
            "lost": lost,
        }

    def address(self, end):
        return self.renamed.get(end, end)

    def final_frames(self, address=lambda text: text):
        """The frames as they are to be written; address() may give every host another address."""
        for frame in self.frames:
            other = frame.stream, "S" if frame.sender == "C" else "C"
            ends = [self.address((frame.stream, *end))[-2:] for end in (frame.source, frame.target)]
            ends = [(address(host), port) for host, port in ends]
            yield replace(
                frame,
                source=ends[0],
                target=ends[1],
                seq=(frame.seq + self.shift[frame.flow]) % MODULUS,
                ack=(frame.ack + self.shift.get(other, 0)) % MODULUS if frame.flags & ACK else frame.ack,
            )

    # -- helpers of the operations

    def data_positions(self):
        return [position for position, frame in enumerate(self.frames) if frame.is_data]

    def whole_positions(self):
        """Where a data segment stands and both directions of its stream are whole up to there."""
        held, positions = {flow: 0 for flow in self.capture.base}, []
        for position, frame in enumerate(self.frames):
            if frame.quoted is not None:
                continue
            start, end = self.capture.offset(frame), self.capture.end(frame)
            if frame.payload and start <= held[frame.flow]:
                held[frame.flow] = max(end, held[frame.flow])
            other = frame.stream, "S" if frame.sender == "C" else "C"
            read = (frame.ack - self.capture.base[other]) % MODULUS if frame.flags & ACK and other in held else 0
            if frame.is_data and held[frame.flow] == end and read <= held.get(other, 0):
                positions.append(position)
        return positions

    def pick(self, positions, count):
        return sorted(self.random.sample(positions, min(count, len(positions))))

    def insert(self, additions):
        """Inserts (position, frame): the frame comes right behind the one that stands there now."""
        behind = {}
        for position, frame in additions:
            behind.setdefault(min(position, len(self.frames) - 1), []).append(frame)
        self.frames = [one for position, frame in enumerate(self.frames) for one in (frame, *behind.get(position, ()))]

    def last_before_end(self, stream, position):
        """The last position from there on at which the stream is still open."""
        ends = (at for at, frame in enumerate(self.frames) if frame.flags & (FIN | RST) and frame.stream == stream)
        return min((at - 1 for at in ends if at > position), default=len(self.frames) - 1)

    def now(self, flow, position):
        """Sequence and acknowledgement number a sender would use in a new segment behind this position."""
        seq = ack = None
        for frame in self.frames[: position + 1]:
            if frame.flow != flow or frame.quoted is not None:
                continue
            following = frame.seq + len(frame.payload) + bool(frame.flags & SYN) + bool(frame.flags & FIN)
            if seq is None or (following - seq) % MODULUS < MODULUS // 2:
                seq = following % MODULUS
            if frame.flags & ACK and (ack is None or (frame.ack - ack) % MODULUS < MODULUS // 2):
                ack = frame.ack
        return seq, ack


def displaced(damage, positions, window):
    """The frames at these positions change places among themselves; none moves by window places or more."""
    order = sorted(positions, key=lambda position: (position + damage.random.uniform(0, window), position))
    frames = [damage.frames[position] for position in order]
    for position, frame in zip(positions, frames):
        damage.frames[position] = frame
    return sum(a != b for a, b in zip(order, positions))


def reorder(damage, window=5, across=0):
    if across:
        return {"moved": displaced(damage, list(range(len(damage.frames))), window)}
    moved, run = 0, []
    for position in range(len(damage.frames) + 1):
        if position < len(damage.frames) and not damage.frames[position].is_anchor:
            run.append(position)
            continue
        moved += displaced(damage, run, window)
        run = []
    return {"moved": moved}


def reorder_acks(damage, window=5):
    """Segments without data move by up to window frames; the others keep their order."""
    keys = {}
    for position, frame in enumerate(damage.frames):
        bare = not frame.payload and not frame.is_anchor and frame.quoted is None
        keys[position] = position + (damage.random.uniform(-window, window) if bare else 0)
    order = sorted(keys, key=lambda position: (keys[position], position))
    before = damage.frames
    anchors = [position for position, frame in enumerate(before) if frame.is_anchor]
    # the beginning and the end stay in front and behind
    if anchors:
        first = next((position for position, frame in enumerate(before) if not frame.is_anchor), len(before))
        order = list(range(first)) + [position for position in order if position >= first]
    damage.frames = [before[position] for position in order]
    return {"moved": sum(a != b for a, b in enumerate(order))}


def late(damage, count=3, window=20):
    moved = []
    for position in damage.pick(damage.data_positions(), count):
        frame = damage.frames[position]
        target = min(position + damage.random.randint(1, window), damage.last_before_end(frame.stream, position))
        del damage.frames[position]
        damage.frames.insert(target, frame)
        moved.append([position, target])
    return {"moved": moved}


def duplicate(damage, share=0.2, window=1):
    count = round(share * len(damage.frames))
    chosen = set(damage.pick(list(range(len(damage.frames))), count))
    additions, last, streams = [], len(damage.frames), {}
    for position in reversed(range(len(damage.frames))):
        frame = damage.frames[position]
        if position in chosen:
            where = min(position + damage.random.randrange(window), streams.get(frame.stream, last) - 1)
            additions.append((max(where, position), frame))
        if frame.flags & (FIN | RST):
            streams[frame.stream] = position
    damage.insert(additions[::-1])
    return {"doubled": len(additions)}


def cut_anew(damage, frame, data, smallest, largest):
    """The frame with this data from its place on, in segments of other sizes."""
    pieces, at = [], 0
    while at < len(data):
        size = damage.random.randint(smallest, largest)
        pieces.append(replace(frame, seq=(frame.seq + at) % MODULUS, payload=data[at : at + size]))
        at += size
    return pieces


RETRANSMISSIONS = ("same", "longer", "shorter", "overlapping", "cut")


def retransmit(damage, count=4, kind="mixed", window=12):
    """Only bytes that were sent before are sent again."""
    capture, additions, kinds = damage.capture, [], []
    for position in damage.pick(damage.data_positions(), count):
        frame = damage.frames[position]
        target = min(position + damage.random.randint(1, window), damage.last_before_end(frame.stream, position))
        sent = max(capture.end(other) for other in damage.frames[: target + 1] if other.flow == frame.flow)
        start, end = capture.offset(frame), capture.end(frame)
        chosen = damage.random.choice(RETRANSMISSIONS) if kind == "mixed" else kind
        if chosen in ("longer", "overlapping"):
            end = damage.random.randint(end, max(end, min(sent, end + 3000)))
        if chosen == "overlapping" or chosen == "shorter" and damage.random.random() < 0.5:
            start = damage.random.randrange(start, capture.end(frame))
        elif chosen == "shorter":
            end = damage.random.randint(start + 1, end)
        data = capture.bytes_between(frame.flow, start, end)
        if data is None:
            start, data = capture.offset(frame), frame.payload
        again = replace(
            frame,
            seq=(capture.base[frame.flow] + start) % MODULUS,
            payload=data,
            flags=ACK | PSH,
            ack=damage.now(frame.flow, target)[1] or frame.ack,
        )
        pieces = cut_anew(damage, again, data, 1, max(1, len(data) // 2)) if chosen == "cut" else [again]
        additions += [(target, piece) for piece in pieces[:200]]
        kinds.append([chosen, *frame.flow, start, start + len(data)])
    damage.insert(additions)
    return {"sent_again": kinds}


def resegment(damage, smallest=1, largest=3000):
    """Runs of data that one side sends while the other says nothing but ACKs are cut anew."""
    capture, result = damage.capture, []
    open_run = {}  # stream: [sender, place in result, frame, data]

    def close(stream):
        run = open_run.pop(stream, None)
        if run:
            result[run[1]] = cut_anew(damage, run[2], run[3], smallest, largest)

    for frame in damage.frames:
        run = open_run.get(frame.stream)
        if run and (frame.is_anchor or frame.is_data):
            joins = (
                frame.is_data
                and not frame.is_anchor
                and frame.sender == run[0]
                and frame.ack == run[2].ack
                and capture.offset(frame) == capture.offset(run[2]) + len(run[3])
            )
            if joins:
                run[3] += frame.payload
                continue
            close(frame.stream)
        if frame.is_data and not frame.is_anchor:
            open_run[frame.stream] = [frame.sender, len(result), frame, frame.payload]
        result.append([frame])
    for stream in list(open_run):
        close(stream)
    before = len(damage.frames)
    damage.frames = [frame for frames in result for frame in frames]
    return {"segments": [before, len(damage.frames)]}


def keepalive(damage, count=3, garbage=1):
    additions = []
    for position in damage.pick(damage.whole_positions(), count):
        frame = damage.frames[position]
        other = frame.stream, "S" if frame.sender == "C" else "C"
        (seq, ack), (other_seq, _) = damage.now(frame.flow, position), damage.now(other, position)
        if ack is None or other_seq is None:
            continue
        byte = b"\0" if garbage and damage.random.random() < 0.5 else b""
        probe = replace(frame, seq=(seq - 1) % MODULUS, ack=ack, flags=ACK, payload=byte)
        answer = replace(
            frame, sender=other[1], source=frame.target, target=frame.source, seq=other_seq, ack=seq, flags=ACK, payload=b""
        )
        additions += [(position, probe), (position, answer)]
    damage.insert(additions)
    return {"probes": len(additions) // 2}


def conflict(damage, count=3):
    """Shifted by up to half of itself backwards, so that borders do not agree either. Only bytes that nothing holds back."""
    additions = []
    for position in damage.pick(damage.whole_positions(), count):
        frame = damage.frames[position]
        back = damage.random.randint(0, min(len(frame.payload) // 2, max(0, damage.capture.offset(frame))))
        other = bytes(byte ^ 0x2A for byte in frame.payload)
        additions.append((position, replace(frame, seq=(frame.seq - back) % MODULUS, payload=other)))
    damage.insert(additions)
    return {"conflicts": len(additions)}


def resets(damage, count=2):
    additions = []
    for position in damage.pick(damage.data_positions(), count):
        frame = damage.frames[position]
        if damage.now(frame.flow, damage.last_before_end(frame.stream, position))[0] == frame.seq + len(frame.payload):
            continue  # the flow's last segment: nothing shows that the reset was forged
        shift = damage.random.choice([-damage.random.randint(1, 3000), damage.random.randint(100_000, 1_000_000), 0x40000000])
        additions.append((position - 1, replace(frame, seq=(frame.seq + shift) % MODULUS, payload=b"", flags=RST)))
    damage.insert(sorted(additions, key=lambda one: one[0]))
    return {"resets": len(additions)}


def mirror(damage, delay=3):
    """Beginnings and ends keep their order against what stands around them; see displaced()."""
    doubled = [frame for frame in damage.frames for _ in range(1 if frame.is_anchor else 2)]
    damage.frames = doubled
    return {"doubled": len(doubled), **reorder(damage, window=delay)}


def icmp(damage, count=3):
    additions = []
    for position in damage.pick(damage.data_positions(), count):
        frame = damage.frames[position]
        length = damage.random.choice([28, 128, 548, 1232])
        where = max(0, position + damage.random.randint(-3, 3))
        additions.append((where, replace(frame, quoted=length)))
    damage.insert(additions)
    return {"quoted": len(additions)}


def drop(damage, count=1, within=None, run=1):
    """Loses `run` data segments in a row, `count` times."""
    capture, positions = damage.capture, damage.data_positions()
    if within is not None:
        stream, sender, start, end = within if isinstance(within, (list, tuple)) else within.split("/")
        flow, start, end = (int(stream), sender), int(start), int(end)
        positions = [
            position
            for position in positions
            if damage.frames[position].flow == flow
            and start <= capture.offset(damage.frames[position])
            and capture.end(damage.frames[position]) <= end
        ]
    gone = set()
    for first in damage.pick(list(range(len(positions))), count):
        gone |= set(positions[first : first + run])
    damage.frames = [frame for position, frame in enumerate(damage.frames) if position not in gone]
    return {"dropped": sorted(gone)}


def how_many(damage, share, count):
    return count if count is not None else round(share * len(damage.frames))


def cut_start(damage, share=0.3, count=None):
    damage.frames = damage.frames[how_many(damage, share, count) :]


def cut_end(damage, share=0.3, count=None):
    damage.frames = damage.frames[: len(damage.frames) - how_many(damage, share, count)]


def snap(damage, length=96):
    damage.frames = [replace(frame, snap=length) for frame in damage.frames]


def one_way(damage, side="C"):
    damage.frames = [frame for frame in damage.frames if frame.sender == side]


def wrap(damage):
    """Each direction's sequence number becomes 0 somewhere inside its data."""
    at = {}
    for flow, ranges in damage.capture.covered.items():
        if ranges:
            place = damage.random.randint(ranges[0][0], ranges[-1][1])
            damage.shift[flow] = -(damage.capture.base[flow] + place) % MODULUS
            at["/".join(map(str, flow))] = place
    return {"at": at}


def ports(damage, server=0):
    """The streams of a capture that share a server's port go on sharing it."""
    servers, used = {}, set()
    for stream in damage.capture.streams:
        for index, (address, port) in enumerate(stream.ends):
            host = str(ipaddress.ip_address(address))
            if index == 1 and (host, port) in servers:
                fresh = servers[host, port]
            else:
                fresh = server if index == 1 and server else damage.random.randint(*DYNAMIC_PORTS)
                while fresh in used:
                    fresh = damage.random.randint(*DYNAMIC_PORTS)
                used.add(fresh)
                if index == 1:
                    servers[host, port] = fresh
            damage.renamed[stream.number, host, port] = (stream.number, host, fresh)
    return {"servers": sorted(servers.values())}


OPERATIONS = {
    function.__name__: function
    for function in (
        reorder,
        reorder_acks,
        late,
        duplicate,
        retransmit,
        resegment,
        conflict,
        resets,
        mirror,
        keepalive,
        icmp,
        drop,
        cut_start,
        cut_end,
        snap,
        one_way,
        wrap,
        ports,
    )
}


# ---------------------------------------------------------------- files


def write_pcap(path, frames, step=STEP_MICROSECONDS):
    """`step`: microseconds between two frames."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number, frame in enumerate(frames):
            data = frame.packet()
            kept = data[: frame.snap]
            seconds, micros = divmod(number * step, 1_000_000)
            out.write(struct.pack("<IIII", START_TIME + seconds, micros, len(kept), len(data)) + kept)
    return path


def own_addresses(number, shuffle):
    """Gives the hosts of one capture addresses of their own, the same kind as before: 10.x.y.n or fd00::x:n."""
    given, last = {}, shuffle.sample(range(1, 255), 254)

    def address(text):
        if text not in given:
            host = last[len(given)]
            if ":" in text:
                given[text] = f"fd00::{number:x}:{host:x}"
            else:
                given[text] = f"10.{number >> 8}.{number & 255}.{host}"
        return given[text]

    return address


def number_of(address):
    """The number behind an address of own_addresses()."""
    packed = ipaddress.ip_address(address).packed
    return int.from_bytes(packed[1:3] if len(packed) == 4 else packed[12:14], "big")


def side_by_side(damages, seed=0):
    """The final frames of many damaged captures, each with addresses of its own. Who has the smaller one is chance."""
    shuffle = random.Random(seed)
    return [list(damage.final_frames(own_addresses(number, shuffle))) for number, damage in enumerate(damages)]


def interleave(captures, seed=0):
    """Many lists of frames as one, mixed as on a busy line."""
    turns = [number for number, frames in enumerate(captures) for _ in frames]
    random.Random(seed).shuffle(turns)
    heads = [iter(frames) for frames in captures]
    return [next(heads[number]) for number in turns]


def parse_operation(text):
    name, _, options = text.partition(":")
    if name not in OPERATIONS:
        raise SystemExit(f"no such operation: {name}")
    pairs = (option.partition("=") for option in options.split(",") if option)
    return name, {key: number(value) for key, _, value in pairs}


def number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("capture")
    parser.add_argument("output")
    parser.add_argument("operation", nargs="*")
    arguments = parser.parse_args(argv)
    damage = Damage(Capture(arguments.capture), arguments.seed)
    for text in arguments.operation:
        name, options = parse_operation(text)
        damage.apply(name, **options)
    write_pcap(arguments.output, damage.final_frames())
    json.dump(damage.report(), sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
