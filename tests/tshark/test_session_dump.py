"""session_dump, the core on its own, against the plugin inside tshark: the same sessions, lines, messages and attachments."""

import collections
import random
import re
import struct
import subprocess

import pytest
from harness import PCAPS, TIMEOUT, build_dir, captures
from pcapgen import _checksum, tcp_session, write_pcap
from test_tunnels import SHA256, WRAPPINGS, delivery, ipv4

PROGRAM = build_dir() / "session_dump"
pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="session_dump is not built: libwiretap-dev is missing")

# What only Wireshark knows: session_dump decrypts nothing, so it sees of these captures what comes before TLS.
ENCRYPTED = {
    "exim-starttls.pcapng": "STARTTLS, keys in the capture",
    "exim-tls-odd-port.pcapng": "TLS on a port that says nothing: without the keys nobody can tell that it is mail",
    "imap-cyrus-tls.pcapng": "STARTTLS and port 993, keys in the capture",
    "imaps-993.pcapng": "port 993, keys in the capture",
    "pop3-stls.pcapng": "STLS, keys in the capture",
    "pop3s-995.pcapng": "port 995, keys in the capture",
    "smtp-starttls-separate-keys.pcap": "STARTTLS, keys beside the capture",
    "smtp-starttls.pcapng": "STARTTLS, keys in the capture",
    "smtps-465.pcapng": "port 465, keys in the capture",
    "three-hops-3-mail02-imap.pcapng": "STARTTLS, keys in the capture",
}
NOT_RECOGNISED = {"exim-tls-odd-port.pcapng"}

TRUE = {"1", "True"}  # 4.0; from 4.4 on

LINE = re.compile(r"(\d+) (\d+) ([CS-]) ([a-z-]+)(?: (.*))?")
SESSION = re.compile(r"(\w+) (\S+) > (\S+?)(, encrypted)?(, from the middle)?")
MESSAGE = re.compile(r"(\w+) (\w+), (\d+) bytes, (\w+), sha256 (\w+)")
ATTACHMENT = re.compile(r"(\S+) (\S+), (\d+) bytes, (\w+), sha256 (\w+), name (.*)")


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=TIMEOUT)


def dumped_lines(path):
    """(session, frame, who, kind, text) of each line; the last one, which sums up, is left out."""
    done = run(path)
    assert done.returncode == 0, done.stderr
    *rows, total = done.stdout.decode("utf-8").split("\n")[:-1]
    assert re.fullmatch(r"\d+ sessions, \d+ messages, \d+ attachments, \d+ frames, \d+ of them not read", total)
    found = [LINE.fullmatch(row) for row in rows]
    assert all(found), [row for row, match in zip(rows, found) if not match]
    return [(int(m[1]), int(m[2]), m[3], m[4], m[5] or "") for m in found]


class Seen:
    """What one of the two saw: lines by the ends of their connection, objects as (frame, size, complete, SHA-256)."""

    def __init__(self):
        self.protocols = collections.defaultdict(set)
        self.encrypted = set()
        self.commands = collections.defaultdict(list)  # of (frame, verb)
        self.replies = collections.defaultdict(list)  # of (frame, code or status)
        self.texts = collections.defaultdict(list)  # by ends and kind: (frame, line of session_dump or what the plugin shows of it)
        self.messages, self.attachments = [], []


def object_of(frame, found):
    return int(frame), int(found[3]), found[4] == "complete", found[5]


def by_session_dump(path):
    seen, ends, imap = Seen(), {}, set()
    for session, frame, _, kind, text in dumped_lines(path):
        if kind == "session":
            found = SESSION.fullmatch(text)
            ends[session] = frozenset(found.group(2, 3))
            imap |= {session} if found[1] == "IMAP" else set()
        elif kind == "closed":
            seen.protocols[ends[session]].add(text.removesuffix(", encrypted"))
            seen.encrypted |= {ends[session]} if text.endswith(", encrypted") else set()
        elif kind == "command":
            seen.commands[ends[session]].append((frame, verb_of(text, session in imap)))
        elif kind == "reply":
            seen.replies[ends[session]].append((frame, status_of(text, session in imap)))
        elif kind == "message":
            seen.messages.append(object_of(frame, MESSAGE.fullmatch(text)))
        elif kind == "attachment":
            seen.attachments.append(object_of(frame, ATTACHMENT.fullmatch(text)))
        seen.texts[ends[session], kind.removesuffix("-more")].append((frame, text))
    return seen


def verb_of(line, is_imap):
    words = line.upper().split()
    if is_imap and words != ["DONE"]:  # behind IDLE, without a tag
        words = words[2:] if words[1:2] == ["UID"] else words[1:]
    return words[0] if words else ""


def status_of(line, is_imap):
    words = line.split()
    if is_imap and words[0] != "+":
        return words[1].upper()
    return re.match(r"\d{3}|\+OK|-ERR|\+|", line)[0]


FIELDS = [
    "frame.number", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport",
    "mailxtra.protocol", "mailxtra.tls",
    "mailxtra.command", "mailxtra.command.argument", "mailxtra.reply.code", "mailxtra.reply.status", "mailxtra.reply.text",
    "mailxtra.message.size", "mailxtra.message.complete", "mailxtra.message.sha256",
    "mailxtra.attachment.size", "mailxtra.attachment.complete", "mailxtra.attachment.sha256",
]  # fmt: skip


def by_tshark(tshark, path, display_filter="mailxtra"):
    seen = Seen()
    for row in tshark.fields(path, display_filter, *FIELDS, two_pass=True):
        found = dict(zip(FIELDS, row))
        frame = int(found["frame.number"][0])
        ends = frozenset(end_of(found, side) for side in ("src", "dst"))
        seen.protocols[ends] |= set(found["mailxtra.protocol"])
        seen.encrypted |= {ends} if TRUE & set(found["mailxtra.tls"]) else set()
        for verb in found["mailxtra.command"]:
            seen.commands[ends].append((frame, verb))
        for status in found["mailxtra.reply.code"] + found["mailxtra.reply.status"]:
            seen.replies[ends].append((frame, status))
        seen.texts[ends, "command"] += [(frame, text) for text in found["mailxtra.command.argument"]]
        seen.texts[ends, "reply"] += [(frame, text) for text in found["mailxtra.reply.text"]]
        for kind, objects in (("message", seen.messages), ("attachment", seen.attachments)):
            columns = (found[f"mailxtra.{kind}.{name}"] for name in ("size", "complete", "sha256"))
            objects += [(frame, int(size), complete in TRUE, sha256) for size, complete, sha256 in zip(*columns, strict=True)]
    return seen


def end_of(found, side):
    """The innermost IP header is the last one."""
    if found[f"ipv6.{side}"]:
        return f"[{found[f'ipv6.{side}'][-1]}]:{found[f'tcp.{side}port'][-1]}"
    return f"{found[f'ip.{side}'][-1]}:{found[f'tcp.{side}port'][-1]}"


def by_frame(lines):
    """What the end of the capture brings belongs to an earlier frame."""
    return {key: sorted(found, key=lambda line: line[0]) for key, found in lines.items()}


def compare_lines(ours, theirs):
    assert by_frame(ours.commands) == by_frame(theirs.commands)
    assert by_frame(ours.replies) == by_frame(theirs.replies)
    lines = by_frame(ours.texts)
    for key, texts in by_frame(theirs.texts).items():
        rest = iter(lines[key]) if texts else ()
        for frame, text in texts:
            text = text.replace("\\\\", "\\")  # from 4.4 on tshark doubles backslashes
            assert any(line.endswith(text) for _, line in rest), (frame, text)


def compare(tshark, path):
    ours, theirs = by_session_dump(path), by_tshark(tshark, path)
    assert ours.protocols == theirs.protocols
    compare_lines(ours, theirs)
    assert sorted(ours.messages) == sorted(theirs.messages)
    assert sorted(ours.attachments) == sorted(theirs.attachments)
    return ours


@pytest.mark.parametrize("path", [p for p in captures() if p.name not in ENCRYPTED], ids=lambda path: path.name)
def test_same_as_tshark(tshark, path):
    compare(tshark, path)


@pytest.mark.parametrize("path", [p for p in captures() if p.name in ENCRYPTED], ids=lambda path: path.name)
def test_same_as_tshark_up_to_tls(tshark, path):
    ours = by_session_dump(path)
    assert ours.encrypted == (set() if path.name in NOT_RECOGNISED else by_tshark(tshark, path).encrypted)
    compare_lines(ours, by_tshark(tshark, path, "mailxtra.tls == 0"))


# ---- what carries the segments ----


def in_ipv4_fragments(frame, size=24):
    """The frame's packet in fragments of that many bytes, the last one first."""
    header, rest = bytearray(frame[14:34]), frame[34:]
    pieces = []
    for start in range(0, len(rest), size):
        piece = rest[start : start + size]
        more = start + size < len(rest)
        header[2:8] = struct.pack("!HHH", 20 + len(piece), sum(rest) & 0xFFFF, (0x2000 if more else 0) | start // 8)
        header[10:12] = b"\0\0"
        header[10:12] = struct.pack("!H", _checksum(bytes(header)))
        pieces.append(frame[:14] + bytes(header) + piece)
    return pieces[::-1]


def mailed(workspace, frames, **options):
    return write_pcap(workspace.folder() / "mail.pcap", frames, **options)


def in_ipv6_fragments(frame, size=24):
    header, rest = bytearray(frame[14:54]), frame[54:]
    header[6] = 44
    pieces = []
    for start in range(0, len(rest), size):
        piece = rest[start : start + size]
        header[4:6] = struct.pack("!H", 8 + len(piece))
        place = start | (start + size < len(rest))
        pieces.append(frame[:14] + bytes(header) + struct.pack("!BBHI", 6, 0, place, sum(rest)) + piece)
    return pieces


def geneve(frame):
    inner = struct.pack("!BBHII", 1, 0, 0x6558, 7 << 8, 0) + frame
    return frame[:14] + ipv4(17, struct.pack("!HHHH", 50000, 6081, 8 + len(inner), 0) + inner)


def erspan(frame):
    return frame[:14] + ipv4(47, struct.pack("!HHIII", 0x1000, 0x88BE, 1, 0x10010000, 0) + frame)


def pptp(frame):
    inner = b"\xff\3\0\x21" + frame[14:]
    return frame[:14] + ipv4(47, struct.pack("!HHHHI", 0x3001, 0x880B, len(inner), 7, 1) + inner)


def pseudowire(frame):
    return frame[:12] + struct.pack("!HII", 0x8847, 16 << 12 | 1 << 8 | 64, 0) + frame


def mac_in_mac(frame):
    return frame[:12] + struct.pack("!HI", 0x88E7, 5) + frame


def snap(frame):
    return frame[:12] + struct.pack("!H", 8 + len(frame) - 14) + b"\xaa\xaa\3\0\0\0" + frame[12:]


def ip_options(frame):
    return frame[:14] + b"\x46" + frame[15:16] + struct.pack("!H", len(frame) - 14 + 4) + frame[18:34] + b"\x94\4\0\0" + frame[34:]


def authenticated(frame):
    header = frame[14:23] + b"\x33" + frame[24:34]
    header = header[:2] + struct.pack("!H", len(frame) - 14 + 24) + header[4:]
    return frame[:14] + header + b"\6\4" + bytes(22) + frame[34:]


MORE_WRAPPINGS = [geneve, erspan, pptp, mac_in_mac, snap, ip_options, authenticated]

# The number of the link type, and what stands in front of an IPv4 packet.
LINKS = {
    "null": (0, b"\2\0\0\0"),
    "ppp": (9, b"\xff\3\0\x21"),
    "ppp_hdlc": (50, b"\xff\3\0\x21"),
    "raw": (101, b""),
    "cisco_hdlc": (104, b"\x0f\0\x08\0"),
    "loop": (108, b"\0\0\0\2"),
    "sll": (113, b"\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0"),
    "ipv4": (228, b""),
    "sll2": (276, b"\x08\0\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0"),
}


@pytest.mark.parametrize("link", LINKS)
def test_link(tshark, workspace, link):
    number, front = LINKS[link]
    path = mailed(workspace, [front + frame.bytes()[14:] for frame in tcp_session(delivery())])
    content = bytearray(path.read_bytes())
    content[20:24] = struct.pack("<I", number)
    path.write_bytes(content)
    ours = compare(tshark, path)
    assert [sha256 for *_, sha256 in ours.messages] == [SHA256]


@pytest.mark.parametrize("wrap", WRAPPINGS + MORE_WRAPPINGS, ids=lambda wrap: wrap.__name__)
def test_inside(tshark, workspace, wrap):
    frames = [wrap(frame.bytes()) for frame in tcp_session(delivery(), server_port=2626)]
    ours = compare(tshark, mailed(workspace, frames))
    assert [sha256 for *_, sha256 in ours.messages] == [SHA256]


def test_inside_a_pseudowire(workspace):
    """Ethernet behind a control word in MPLS (RFC 4385 3), which Wireshark takes for data unless a preference says
    otherwise, as nothing in the packet names it: session_dump is right here, and tshark has nothing to compare with."""
    ours = by_session_dump(mailed(workspace, [pseudowire(frame.bytes()) for frame in tcp_session(delivery())]))
    assert [sha256 for *_, sha256 in ours.messages] == [SHA256]


@pytest.mark.parametrize("version", [4, 6])
def test_fragments(tshark, workspace, version):
    ends = {} if version == 4 else {"client": ("2001:db8::1", 40000), "server": ("2001:db8::2", 25)}
    cut = in_ipv4_fragments if version == 4 else in_ipv6_fragments
    frames = [piece for frame in tcp_session(delivery(), **ends) for piece in cut(frame.bytes())]
    ours = compare(tshark, mailed(workspace, frames))
    assert [sha256 for *_, sha256 in ours.messages] == [SHA256]


def test_ends_used_again(tshark, workspace):
    """The second connection between the same two ports is a session of its own."""
    sessions = [tcp_session(delivery(), client_isn=isn, server_isn=isn + 7, server_port=2626) for isn in (1000, 900_000)]
    ours = compare(tshark, mailed(workspace, [*sessions[0], *sessions[1]]))
    assert [sha256 for *_, sha256 in ours.messages] == [SHA256] * 2


@pytest.mark.parametrize("port", [25, 2626])
@pytest.mark.parametrize("snaplen", [60, 96, 120, 200])
def test_snapshot_length(tshark, workspace, snaplen, port):
    compare(tshark, mailed(workspace, tcp_session(delivery(), server_port=port), snaplen=snaplen))


@pytest.mark.parametrize("port", [25, 2626])
@pytest.mark.parametrize("order", ["from_the_middle", "backwards_in_pairs", "twice", "without_the_end", "without_one"])
def test_disorder(tshark, workspace, order, port):
    frames = tcp_session(delivery(), server_port=port, mss=40)
    frames = {
        "from_the_middle": frames[20:],
        "backwards_in_pairs": [frame for pair in zip(frames[1::2], frames[::2]) for frame in pair],
        "twice": [frame for frame in frames for _ in range(2)],
        "without_the_end": frames[:-8],
        "without_one": frames[:22] + frames[23:],
    }[order]
    compare(tshark, mailed(workspace, frames))


def records(content):
    """The header of a pcap file, and its records."""
    order = "<" if content[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    found, at = [], 24
    while at < len(content):
        end = at + 16 + struct.unpack_from(order + "I", content, at + 8)[0]
        found.append(content[at:end])
        at = end
    return content[:24], found


def damaged(frames, kind, seed):
    dice = random.Random(seed)
    if kind == "cut":
        return frames[: dice.randrange(1, len(frames))]
    if kind == "from_the_middle":
        return frames[dice.randrange(1, len(frames)) :]
    if kind in ("dropped", "everything"):
        frames = [frame for frame in frames if dice.random() > 0.05]
    if kind in ("swapped", "everything"):
        for at in range(len(frames) - 3):
            if dice.random() < 0.1:
                other = at + dice.randrange(1, 4)
                frames[at], frames[other] = frames[other], frames[at]
    if kind in ("doubled", "everything"):
        frames = [frame for frame in frames for _ in range(1 + (dice.random() < 0.1))]
    return frames


@pytest.mark.parametrize("kind", ["cut", "from_the_middle", "dropped", "swapped", "doubled", "everything"])
@pytest.mark.parametrize("name", ["smtp-five-mails", "smtp-odd-port", "pop3-mailbox", "imap-append", "lmtp-two-recipients"])
def test_damaged(tshark, workspace, name, kind):
    """Not with captures whose mails are fetched in pieces over several connections: at the end of the capture the plugin
    joins the pieces of one connection before it hands on what waits in the next; session_dump joins behind all of them."""
    header, frames = records((PCAPS / f"{name}.pcap").read_bytes())
    path = workspace.folder() / "damaged.pcap"
    path.write_bytes(header + b"".join(damaged(frames, kind, seed=f"{name} {kind}")))
    compare(tshark, path)


# ---- the program ----


def test_help():
    done = run("--help")
    assert done.returncode == 0 and done.stdout.startswith(b"Usage: session_dump CAPTURE") and not done.stderr


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("--other",)])
def test_wrong_usage(arguments):
    done = run(*arguments)
    assert done.returncode == 2 and done.stderr.startswith(b"Usage: ") and not done.stdout


@pytest.mark.parametrize("content", [None, b"not a capture\n", bytes(range(256)) * 16], ids=["missing", "text", "bytes"])
def test_no_capture(tmp_path, content):
    path = tmp_path / "some\x1bfile"
    if content is not None:
        path.write_bytes(content)
    done = run(path)
    assert done.returncode == 1 and not done.stdout
    assert re.fullmatch(rb"session_dump: .*some\\x1bfile: .+\n", done.stderr)


def test_cut_capture(workspace):
    """What is there is printed, and that there is more is an error."""
    path = mailed(workspace, tcp_session(delivery()))
    whole = run(path).stdout.decode().splitlines()
    path.write_bytes(path.read_bytes()[:-10])
    done = run(path)
    assert done.returncode == 1 and b"cut short" in done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[:20] == whole[:20] and lines[-1].startswith("1 sessions, 1 messages, 1 attachments")


def test_prints_what_is_printable(workspace):
    path = mailed(workspace, tcp_session([("S", b"220 mx\x1b[2J\xff \xe2\x80\xae ESMTP\r\n"), ("C", b"EHLO \x07\r\n")]))
    out = run(path).stdout.decode("utf-8")
    assert all(c.isprintable() or c == "\n" for c in out)
    assert r"220 mx\x1b[2J\xff \u{202e} ESMTP" in out
