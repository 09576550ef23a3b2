"""Captures made of nothing but Python: TCP sessions from transcripts, written as classic pcap files.

    frames = tcp_session([("S", b"220 ready\r\n"), ("C", b"QUIT\r\n"), ("S", b"221 bye\r\n")], server_port=2525)
    write_pcap(path, frames)

A transcript entry is one write of the client ("C") or the server ("S"); it is cut into segments of at most
`mss` bytes (1: typed by hand over telnet). The result is a list of Frame, so that a test can drop, double or
move segments before it writes them.
"""

import ipaddress
import struct
from dataclasses import dataclass, replace

FIN, SYN, PSH, ACK = 0x01, 0x02, 0x08, 0x10

CLIENT_MAC = bytes.fromhex("020000000001")
SERVER_MAC = bytes.fromhex("020000000002")
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
IPPROTO_TCP = 6


@dataclass(frozen=True)
class Frame:
    """One TCP segment; `sender` is "C" or "S"."""

    sender: str
    source: tuple  # address, port
    target: tuple
    seq: int
    ack: int
    flags: int
    payload: bytes

    def bytes(self):
        return _ethernet(self, _ip(self, _tcp(self)))


def tcp_session(
    transcript,
    client=("10.1.0.1", 40000),
    server=("10.1.0.2", 25),
    server_port=None,
    mss=1460,
    handshake=True,
    closing=True,
    client_isn=1000,
    server_isn=5000,
    acks=True,
):
    """The frames of one session. handshake=False: the capture begins in the middle of the session."""
    if server_port is not None:
        server = (server[0], server_port)
    ends = {"C": client, "S": server}
    other = {"C": "S", "S": "C"}
    next_seq = {"C": client_isn & 0xFFFFFFFF, "S": server_isn & 0xFFFFFFFF}
    frames = []

    def send(sender, flags, payload=b""):
        peer = other[sender]
        ack = next_seq[peer] if flags & ACK else 0
        frames.append(Frame(sender, ends[sender], ends[peer], next_seq[sender], ack, flags, payload))
        used = len(payload) + bool(flags & SYN) + bool(flags & FIN)
        next_seq[sender] = (next_seq[sender] + used) & 0xFFFFFFFF

    if handshake:
        send("C", SYN)
        send("S", SYN | ACK)
        send("C", ACK)
    for sender, data in transcript:
        for start in range(0, len(data), mss):
            send(sender, PSH | ACK, data[start : start + mss])
            if acks and start + mss < len(data) and (start // mss) % 2:
                send(other[sender], ACK)
    if closing:
        send("C", FIN | ACK)
        send("S", FIN | ACK)
        send("C", ACK)
    return frames


def segment(frame, start=0, end=None, shift=0):
    """The segment once more, with only the bytes from start to end of it; shift moves it against its place."""
    seq = (frame.seq + start + shift) & 0xFFFFFFFF
    return replace(frame, seq=seq, payload=frame.payload[start:end])


def icmp_quoting(frame, quoted=None):
    """"Fragmentation needed", sent to the sender of an IPv4 segment, with (so many bytes of) its packet quoted."""
    packet = _ip(frame, _tcp(frame))[:quoted]
    message = struct.pack("!BBHHH", 3, 4, 0, 0, 1280) + packet
    message = message[:2] + struct.pack("!H", _checksum(message)) + message[4:]
    sender, reader = ipaddress.ip_address("10.9.9.9").packed, ipaddress.ip_address(frame.source[0]).packed
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 1, 0, 64, 1, 0) + sender + reader
    header = header[:10] + struct.pack("!H", _checksum(header)) + header[12:]
    return CLIENT_MAC + SERVER_MAC + struct.pack("!H", ETHERTYPE[4]) + header + message


def write_pcap(path, frames, start=1_700_000_000.0, step=0.001, snaplen=262144):
    """Writes the frames (or packets, as bytes) one `step` of seconds apart, cut to snaplen bytes. Returns the path."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, 1))
        for number, frame in enumerate(frames):
            data = frame if isinstance(frame, bytes) else frame.bytes()
            micros = round((start + number * step) * 1_000_000)
            kept = data[:snaplen]
            out.write(struct.pack("<IIII", micros // 1_000_000, micros % 1_000_000, len(kept), len(data)))
            out.write(kept)
    return path


def _checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _addresses(frame):
    return ipaddress.ip_address(frame.source[0]), ipaddress.ip_address(frame.target[0])


def _tcp(frame):
    source, target = _addresses(frame)
    header = struct.pack(
        "!HHIIBBHHH", frame.source[1], frame.target[1], frame.seq, frame.ack, 5 << 4, frame.flags, 64240, 0, 0
    )
    segment = header + frame.payload
    if source.version == 4:
        pseudo = source.packed + target.packed + struct.pack("!BBH", 0, IPPROTO_TCP, len(segment))
    else:
        pseudo = source.packed + target.packed + struct.pack("!IHBB", len(segment), 0, 0, IPPROTO_TCP)
    return segment[:16] + struct.pack("!H", _checksum(pseudo + segment)) + segment[18:]


def _ip(frame, segment):
    source, target = _addresses(frame)
    if source.version == 6:
        head = struct.pack("!IHBB", 6 << 28, len(segment), IPPROTO_TCP, 64)
        return head + source.packed + target.packed + segment
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0x4000, 64, IPPROTO_TCP, 0)
    header += source.packed + target.packed
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + segment


def _ethernet(frame, packet):
    macs = SERVER_MAC + CLIENT_MAC if frame.sender == "C" else CLIENT_MAC + SERVER_MAC
    version = ipaddress.ip_address(frame.source[0]).version
    return macs + struct.pack("!H", ETHERTYPE[version]) + packet
