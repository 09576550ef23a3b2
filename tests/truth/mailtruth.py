#!/usr/bin/env python3
"""Read the mails out of a capture, slowly and plainly: the truth that mailxtra is compared with.

Shares nothing with the plugin and nothing with Wireshark: the standard library only. It reads the whole capture
into memory, puts every TCP stream together by sequence number, splits it into SMTP, LMTP, POP3 and IMAP sessions
afterwards, with both directions at hand, and lets Python's email package decode the parts.

usage: mailtruth.py [--save DIR] CAPTURE       prints a JSON list of messages; --save writes the messages too
       mailtruth.py --message FILE             the same for one message in a file

Per message: protocol (SMTP, LMTP, POP3, IMAP), command (DATA, BDAT, RETR, TOP, FETCH, APPEND), stream (Wireshark's tcp.stream), frame (the
one that completes the message), envelope_from, envelope_to (accepted recipients), complete, size, sha256 (of the
message with dot-stuffing undone and its last CRLF kept), subject, from, to (decoded), attachments. Per attachment:
path (part number as in IMAP), filename (decoded, null without one), type, complete, size, sha256. What a hole in the
capture touches has complete = false and no hash; missing is the number of bytes that the hole took.
"""
import email
import email.header
import email.utils
import hashlib
import json
import re
import struct
import sys
import zlib
from pathlib import Path


# ---------------------------------------------------------------- capture files

def read_pcap(data):
    """Yields (link type, packet) of a classic pcap file, either byte order, micro- or nanoseconds."""
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xffff
    offset = 24
    while offset + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, offset + 8)[0]
        yield link, data[offset + 16:offset + 16 + length]
        offset += 16 + length


def read_pcapng(data):
    """Yields (link type, packet) of a pcapng file; blocks other than packets and interfaces are skipped."""
    offset, order, links = 0, "<", []
    while offset + 12 <= len(data):
        if data[offset:offset + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[offset + 8:offset + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, length = struct.unpack_from(order + "II", data, offset)
        body = data[offset + 8:offset + length - 4]
        if kind == 1:
            links.append(struct.unpack_from(order + "H", body)[0])
        elif kind == 6:
            interface, _, _, captured = struct.unpack_from(order + "IIII", body)
            yield links[interface], body[20:20 + captured]
        elif kind == 3:
            yield links[0], body[4:4 + struct.unpack_from(order + "I", body)[0]]
        if length < 12:
            return
        offset += length


def packets(data):
    return read_pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else read_pcap(data)


# ---------------------------------------------------------------- layers

def network_layer(link, packet):
    """The IP packet inside a frame, or b""."""
    if link == 1:
        kind, offset = struct.unpack_from(">H", packet, 12)[0], 14
    elif link == 113:
        kind, offset = struct.unpack_from(">H", packet, 14)[0], 16
    elif link == 276:
        kind, offset = struct.unpack_from(">H", packet)[0], 20
    elif link in (0, 108):
        return packet[4:]
    elif link in (12, 14, 101, 228, 229):
        return packet
    else:
        return b""
    while kind in (0x8100, 0x88a8):
        kind, offset = struct.unpack_from(">H", packet, offset + 2)[0], offset + 4
    return packet[offset:] if kind in (0x0800, 0x86dd) else b""


def tcp_segment(ip):
    """(source, destination, seq, ack, flags, payload) of an IP packet, or None. IP fragments are not joined."""
    if not ip:
        return None
    if ip[0] >> 4 == 4:
        total, fragment = struct.unpack_from(">H", ip, 2)[0], struct.unpack_from(">H", ip, 6)[0]
        if ip[9] != 6 or fragment & 0x3fff:
            return None
        source, destination, tcp = ip[12:16], ip[16:20], ip[(ip[0] & 15) * 4:total or len(ip)]
    elif ip[0] >> 4 == 6:
        source, destination, follow, offset = ip[8:24], ip[24:40], ip[6], 40
        end = 40 + struct.unpack_from(">H", ip, 4)[0]
        while follow in (0, 43, 60):
            follow, offset = ip[offset], offset + 8 * (ip[offset + 1] + 1)
        if follow != 6:
            return None
        tcp = ip[offset:end]
    else:
        return None
    if len(tcp) < 20:
        return None
    sport, dport, seq, ack, head = struct.unpack_from(">HHIIB", tcp)
    return (source, sport), (destination, dport), seq, ack, tcp[13], tcp[(head >> 4) * 4:]


class Flow:
    """One direction of a TCP stream: bytes in order, and where each came to be known."""

    def __init__(self):
        self.data = bytearray()
        self.frames = []              # (offset after the bytes, frame that made them contiguous)
        self.holes = []               # (offset, bytes that the capture lacks)
        self.next = None
        self.start = None             # sequence number of the SYN
        self.waiting = {}

    def segment(self, seq, syn, payload, frame):
        if syn:
            self.start = seq
            seq = (seq + 1) & 0xffffffff
        if self.next is None:
            self.next = seq
        if payload:
            kept = self.waiting.get(seq)
            if kept is None or len(kept) < len(payload):
                self.waiting[seq] = payload
        self.advance(frame)

    def advance(self, frame):
        """Takes over what has become contiguous; of bytes that came twice the first ones count."""
        moved = True
        while moved:
            moved = False
            for seq in sorted(self.waiting, key=lambda s: (s - self.next + 0x80000000) & 0xffffffff):
                ahead = (seq - self.next + 0x80000000 & 0xffffffff) - 0x80000000
                if ahead > 0:
                    break
                fresh = self.waiting.pop(seq)[-ahead:]
                if fresh:
                    self.data += fresh
                    self.next = (self.next + len(fresh)) & 0xffffffff
                    self.frames.append((len(self.data), frame))
                moved = True

    def acknowledged(self, ack, frame):
        """The peer has bytes that the capture lacks: they will not come any more."""
        while self.next is not None and self.waiting:
            first = min((seq - self.next) & 0xffffffff for seq in self.waiting)
            known = (ack - self.next) & 0xffffffff
            if not 0 < first <= known < 0x80000000:
                return
            self.holes.append((len(self.data), first))
            self.next = (self.next + first) & 0xffffffff
            self.advance(frame)

    def frame_at(self, offset):
        """The frame in which the byte at an offset became known."""
        return next((frame for end, frame in self.frames if offset < end), None)

    def lost(self, start, end):
        """The holes in a range of offsets."""
        return [(offset, count) for offset, count in self.holes if start < offset < end]


class Stream:
    def __init__(self, number, client, server):
        self.number = number
        self.ends = (client, server)
        self.flows = {client: Flow(), server: Flow()}


def tcp_streams(data):
    """All TCP streams of a capture, numbered as Wireshark numbers them: by their first packet."""
    streams, current = [], {}
    for frame, (link, packet) in enumerate(packets(data), 1):
        segment = tcp_segment(network_layer(link, packet))
        if not segment:
            continue
        source, destination, seq, ack, flags, payload = segment
        key = tuple(sorted((source, destination)))
        stream = current.get(key)
        opening = flags & 0x12 == 0x02
        if stream and opening and stream.flows[source].start not in (None, seq):
            stream = None             # the port pair is used a second time
        if not stream:
            # Without a SYN the one with the lower port is taken for the server, for want of better.
            ends = (source, destination) if opening or source[1] > destination[1] else (destination, source)
            stream = current[key] = Stream(len(streams), *ends)
            streams.append(stream)
        stream.flows[source].segment(seq, flags & 0x02, payload, frame)
        if flags & 0x10:
            stream.flows[destination].acknowledged(ack, frame)
    return streams


# ---------------------------------------------------------------- sessions

class Reader:
    """A position in a flow."""

    def __init__(self, flow):
        self.flow, self.data, self.at = flow, bytes(flow.data), 0

    def line(self):
        """The next line without its end, or None."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            return None
        line, self.at = self.data[self.at:end + 1], end + 1
        return line.rstrip(b"\r\n")

    def frame(self):
        """The frame of the byte read last."""
        return self.flow.frame_at(self.at - 1)

    def dotted(self):
        """A text that ends with a line of one dot: (text, ended, holes as (offset in the text, bytes lost))."""
        start, lines, ended = self.at, [], False
        while not ended:
            end = self.data.find(b"\r\n", self.at)
            if end < 0:
                lines.append(unstuff(self.data[self.at:]))
                self.at = len(self.data)
                break
            line, self.at = self.data[self.at:end + 2], end + 2
            ended = line == b".\r\n"
            lines.append(b"" if ended else unstuff(line))
        holes = [(len(b"".join(map(unstuff, self.data[start:offset].splitlines(keepends=True)))), count)
                 for offset, count in self.flow.lost(start, self.at)]
        return b"".join(lines), ended, holes


def unstuff(line):
    return line[1:] if line[:1] == b"." else line


def smtp_replies(flow):
    """(code, frame of the last line) for every reply of a server."""
    replies, reader = [], Reader(flow)
    while (line := reader.line()) is not None:
        if re.match(rb"\d\d\d( |$)", line):
            replies.append((int(line[:3]), reader.frame()))
    return replies


VERB = re.compile(rb"(EHLO|HELO|LHLO|MAIL FROM:|RCPT TO:|DATA\r|RSET|QUIT|AUTH|CAPA|USER|STAT|LIST|UIDL|RETR|TOP|DELE)", re.I)


def skip_beginning(reader):
    """A capture that starts inside a text: goes on after the line of one dot. That text is not counted as a message."""
    if not VERB.match(reader.data) and not reader.data.startswith((b"+OK", b"-ERR")):
        reader.dotted()


class SmtpSession:
    def __init__(self, stream, client, server):
        self.stream, self.messages = stream, []
        self.protocol = "SMTP"
        self.client, self.replies = Reader(client), smtp_replies(server)
        self.sender, self.recipients, self.chunks, self.chunk_holes = None, [], [], []

    def reply(self):
        """The reply to what was read last: the first one that is left and not older than the question."""
        asked = self.client.frame() or 0
        while self.replies:
            code, frame = self.replies.pop(0)
            if frame > asked:
                return code
        return 0

    def final_replies(self):
        """LMTP answers for each recipient that it accepted."""
        for _ in range(len(self.recipients) if self.protocol == "LMTP" else 1):
            self.reply()

    def reset(self):
        self.sender, self.recipients, self.chunks, self.chunk_holes = None, [], [], []

    def finish(self, command, message, ended, holes):
        self.messages.append(dict(protocol=self.protocol, command=command, stream=self.stream.number,
                                  frame=self.client.frame(), envelope_from=self.sender,
                                  envelope_to=self.recipients, complete=ended and not holes, raw=message, holes=holes))

    def run(self):
        if self.client.flow.start is not None:
            self.replies.pop(0)       # the greeting
        else:
            skip_beginning(self.client)
        while (line := self.client.line()) is not None:
            verb, _, rest = line.partition(b" ")
            step = getattr(self, "do_" + verb.decode("ascii", "replace").lower(), None)
            if step:
                if step(rest) == "TLS":
                    break
            else:
                self.reply()
        return self.messages

    def do_ehlo(self, _):
        self.reset()
        self.reply()

    do_helo = do_rset = do_ehlo

    def do_lhlo(self, _):
        self.protocol = "LMTP"
        self.do_ehlo(_)

    @staticmethod
    def path(rest):
        found = re.search(rb"<([^>]*)>", rest) or re.search(rb":\s*(\S*)", rest)
        return found.group(1).decode("utf-8", "replace") if found else ""

    def do_mail(self, rest):
        if 200 <= self.reply() < 300:
            self.reset()
            self.sender = self.path(rest)

    def do_rcpt(self, rest):
        if 200 <= self.reply() < 300:
            self.recipients.append(self.path(rest))

    def do_data(self, _):
        if self.reply() != 354:
            return
        self.finish("DATA", *self.client.dotted())
        self.final_replies()
        self.reset()

    def do_bdat(self, rest):
        words = rest.split()
        start, self.client.at = self.client.at, self.client.at + int(words[0])
        before = len(b"".join(self.chunks))
        self.chunk_holes += [(before + offset - start, count)
                             for offset, count in self.client.flow.lost(start, self.client.at)]
        self.chunks.append(self.client.data[start:self.client.at])
        if words[1:2] and words[1].upper() == b"LAST":
            self.finish("BDAT", b"".join(self.chunks), True, self.chunk_holes)
            self.final_replies()
            self.reset()
        else:
            self.reply()

    def do_auth(self, _):
        while self.reply() == 334 and self.client.line() is not None:
            pass

    def do_starttls(self, _):
        return "TLS" if self.reply() == 220 else None


def pop3_messages(stream, client, server):
    """Every RETR and TOP that got an answer."""
    client, server, messages = Reader(client), Reader(server), []
    if server.flow.start is None:
        skip_beginning(server)
    else:
        server.line()                 # the greeting
    while (line := client.line()) is not None:
        words = line.split()
        verb = words[0].upper().decode("ascii", "replace") if words else ""
        status = server.line()
        while status is not None and status.startswith(b"+ ") or status == b"+":
            client.line()             # SASL
            status = server.line()
        if status is None:
            break
        if not status.startswith(b"+OK"):
            continue
        if verb == "STLS":
            break
        if verb in ("RETR", "TOP", "CAPA") or verb in ("LIST", "UIDL") and len(words) == 1:
            text, ended, holes = server.dotted()
            if verb in ("RETR", "TOP"):
                messages.append(dict(protocol="POP3", command=verb, stream=stream.number, frame=server.frame(),
                                     envelope_from=None, envelope_to=[], complete=ended and not holes, raw=text,
                                     holes=holes))
    return messages


# ---------------------------------------------------------------- IMAP

LITERAL = re.compile(rb"~?\{(\d+)[+-]?\}\r?\n$")
PIECE = re.compile(rb"(BODY\[([^\]]*)\](?:<(\d+)>)?|RFC822(\.TEXT|\.HEADER)?) $", re.I)


def imap_lines(flow, skips=()):
    """The logical lines of a side: (lists of text and literal in turn, offset behind the line). `skips`: offsets of literals
    that were announced and never sent."""
    at, data = 0, bytes(flow.data)
    pieces = []
    while at < len(data):
        end = data.find(b"\n", at) + 1
        if not end:
            return
        text = data[at:end]
        found = LITERAL.search(text)
        if found and not re.match(rb"(\*|[^ ]+) (OK|NO|BAD|BYE|PREAUTH) |\+", text if not pieces else b""):
            if end in skips:
                pieces, at = [], end
                continue
            size = int(found[1])
            pieces += [text[:found.start()], (end, data[end:end + size])]
            at = end + size
            continue
        yield [*pieces, text.rstrip(b"\r\n")], end
        pieces, at = [], end


def inflated(flow, start):
    """The flow with what is behind `start` inflated (RFC 4978), each byte in the frame that brought it."""
    out, inflate, done = Flow(), zlib.decompressobj(-15), 0
    out.start, out.next = flow.start, flow.next
    for end, frame in flow.frames:
        piece, done = bytes(flow.data[done:end]), end
        clear = max(0, len(piece) - max(0, end - start))
        out.data += piece[:clear] + inflate.decompress(piece[clear:])
        out.frames.append((len(out.data), frame))
    return out


def without_compression(client, server):
    asked = re.search(rb"^(\S+) COMPRESS DEFLATE\r\n", bytes(client.data), re.M | re.I)
    agreed = asked and re.search(rb"^" + re.escape(asked[1]) + rb" OK [^\n]*\n", bytes(server.data), re.M)
    return (inflated(client, asked.end()), inflated(server, agreed.end())) if agreed else (client, server)


class ImapSession:
    """What one connection fetches and appends. Header and text, and chunks, are put together; a part is no message."""

    def __init__(self, stream, client, server):
        self.stream, self.client, self.server = stream, client, server
        self.messages, self.halves, self.chunks, self.sizes = [], {}, {}, {}
        self.compressed = server not in stream.flows.values()

    def add(self, command, flow, end, literals):
        """literals: (offset, bytes) of each that the message consists of, in order."""
        raw = b"".join(piece for _, piece in literals)
        spans = None if self.compressed else [(at, at + len(piece)) for at, piece in literals]
        self.messages.append(dict(protocol="IMAP", command=command, stream=self.stream.number, frame=flow.frame_at(end - 1),
                                  envelope_from=None, envelope_to=[], complete=True, raw=raw, holes=[], spans=spans))

    def fetched(self, pieces, end):
        text = b" ".join(piece for piece in pieces if isinstance(piece, bytes))
        number, uid = re.match(rb"\* (\d+) FETCH", text, re.I)[1], re.search(rb"UID (\d+)", text)
        size = re.search(rb"RFC822\.SIZE (\d+)", text)
        if size:
            self.sizes[number] = int(size[1])
        for before, literal in zip(pieces[::2], pieces[1::2]):
            found = PIECE.search(before)
            if not found:
                continue
            section = (found[2] or b"") if found[2] is not None else (found[4] or b"").strip(b".")
            section = section.upper()
            if section == b"" and found[3] is not None:
                self.chunk(number, int(found[3]), literal, end)
            elif section == b"":
                self.add("FETCH", self.server, end, [literal])
            elif section in (b"HEADER", b"TEXT"):
                half = self.halves.setdefault(number, {})
                half[section] = literal
                if len(half) == 2:
                    self.add("FETCH", self.server, end, [half[b"HEADER"], half[b"TEXT"]])
                    del self.halves[number]

    def chunk(self, number, origin, literal, end):
        held = self.chunks.setdefault(number, [])
        if origin == sum(len(raw) for _, raw in held):
            held.append(literal)
        if literal[1] and sum(len(raw) for _, raw in held) == self.sizes.get(number):
            self.add("FETCH", self.server, end, held)
            self.chunks[number] = []

    def refused(self):
        """Where a client's literal was to begin that the server did not want."""
        answers = {line[0].split(b" ")[0]: line[0] for line, _ in imap_lines(self.server) if not line[0].startswith((b"*", b"+"))}
        data = bytes(self.client.data)
        return {found.end() for found in re.finditer(rb"^(\S+) [^\r\n]*\{\d+\}\r\n", data, re.M)
                if re.match(rb"\S+ (NO|BAD) ", answers.get(found[1], b"")) and b"APPEND" in found[0]}

    def run(self):
        for pieces, end in imap_lines(self.server):
            if re.match(rb"\* \d+ FETCH", pieces[0], re.I):
                self.fetched(pieces, end)
            if re.match(rb"\* \d+ EXPUNGE", pieces[0], re.I):
                self.halves, self.chunks, self.sizes = {}, {}, {}
        for pieces, end in imap_lines(self.client, self.refused()):
            if re.match(rb"\S+ APPEND ", pieces[0], re.I):
                for at, raw in pieces[1::2]:
                    self.add("APPEND", self.client, at + len(raw), [(at, raw)])
        return self.messages


def stream_messages(stream):
    """What protocol a stream speaks is decided by its server's greeting and its client's first word."""
    client, server = (stream.flows[end] for end in stream.ends)
    if re.match(rb"(EHLO|HELO|LHLO|CAPA|USER|AUTH)\b", bytes(server.data), re.I):
        client, server = server, client
    first, says = bytes(client.data[:6]).upper(), bytes(server.data)
    late = server.start is None and client.start is None
    if says.startswith(b"220") and not first.startswith((b"USER", b"PASS", b"\x16")) \
            or late and re.search(rb"\nMAIL FROM:", bytes(client.data), re.I):
        return SmtpSession(stream, client, server).run()
    if says.startswith(b"* OK"):
        return ImapSession(stream, *without_compression(client, server)).run()
    if says.startswith(b"+OK") or late and re.search(rb"\r\n\.\r\n\+OK", says):
        return pop3_messages(stream, client, server)
    return []


# ---------------------------------------------------------------- MIME

# What mail programs mean by these names is the larger set.
CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc-kr": "cp949", "ks_c_5601-1987": "cp949"}


def decode(data, charset):
    name = (charset or "utf-8").lower()
    try:
        return data.decode(CHARSETS.get(name, name))
    except (LookupError, UnicodeDecodeError):
        return data.decode("latin-1")


def decode_words(value):
    """RFC 2047 in a header field or, against the RFC and everywhere, in a file name."""
    if value is None:
        return None
    value = re.sub(r"\r?\n(?=[ \t])", "", str(value))
    if "=?" not in value:
        return value.strip()
    return "".join(piece if isinstance(piece, str) else decode(piece, charset)
                   for piece, charset in email.header.decode_header(value)).strip()


def parse_head(head, default_type):
    """A header block. Raw 8-bit text is decoded first: the email package would replace it by U+FFFD."""
    message = email.message_from_string(decode(head, "utf-8"))
    message.set_default_type(default_type)
    return message


def split_head(raw):
    if raw[:2] == b"\r\n":
        return b"", raw[2:]
    head, _, body = raw.partition(b"\r\n\r\n")
    return head + b"\r\n", body


def split_parts(body, boundary):
    """The parts between boundary lines; the line end before a boundary belongs to it."""
    mark = b"--" + boundary.encode("utf-8", "surrogateescape")
    parts, current = [], None
    for line in re.findall(rb"[^\n]*\n|[^\n]+$", body):
        bare = line.rstrip(b" \t\r\n")
        if bare in (mark, mark + b"--"):
            if current is not None:
                parts.append(re.sub(rb"\r?\n$", b"", b"".join(current)))
            current = [] if bare == mark else None
            if current is None:
                return parts
        elif current is not None:
            current.append(line)
    if current is not None:
        parts.append(b"".join(current))
    return parts


def filename(head):
    name = head.get_filename()
    return decode_words(name) if name is not None else None


def attachments(raw, path="", default_type="text/plain"):
    """Yields (path, file name, type, bytes) by the policy of docs/architecture.md."""
    head_bytes, body = split_head(raw)
    head = parse_head(head_bytes, default_type)
    kind = head.get_content_type()
    named, attached = filename(head), head.get_content_disposition() == "attachment"
    if kind.startswith("multipart/") and head.get_boundary():
        inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        for number, part in enumerate(split_parts(body, head.get_boundary()), 1):
            yield from attachments(part, f"{path}.{number}" if path else str(number), inner)
        return
    path = path or "1"
    if kind == "message/rfc822":
        if named is not None or attached:
            yield path, named, kind, body
        # A message that is no multipart has one part, number 1.
        inner_head = parse_head(split_head(body)[0], "text/plain")
        yield from attachments(body, path if inner_head.is_multipart() or inner_head.get_content_maintype() == "multipart"
                               else path + ".1")
        return
    if attached or named is not None or kind.split("/")[0] not in ("text", "multipart", "message"):
        # The email package decodes the leaf; given as bytes, so that 8-bit text comes back unchanged.
        yield path, named, kind, email.message_from_bytes(raw).get_payload(decode=True)


def second_opinion(raw):
    """The attachments that the email package finds by itself, without the splitting above: bytes only."""
    found = []

    def walk(part):
        kind = part.get_content_type()
        wanted = part.get_content_disposition() == "attachment" or part.get_filename() is not None
        if part.is_multipart():
            for child in part.get_payload():
                walk(child)
        elif wanted or part.get_content_maintype() not in ("text", "multipart", "message"):
            found.append(part.get_payload(decode=True))

    walk(email.message_from_bytes(raw))
    return found


def describe(raw, complete=True):
    """The message-dependent half of an answer."""
    head = parse_head(split_head(raw)[0], "text/plain")
    listed, files = [], []
    for path, name, kind, data in attachments(raw):
        listed.append(dict(path=path, filename=name, type=kind, complete=True, size=len(data),
                           sha256=hashlib.sha256(data).hexdigest()))
        files.append((kind, data))
    plain = [data for kind, data in files if kind != "message/rfc822"]
    if complete and plain != second_opinion(raw):
        print(f"note: the email package splits {head['subject']!r} differently", file=sys.stderr)
    return dict(size=len(raw), sha256=hashlib.sha256(raw).hexdigest(), subject=decode_words(head["subject"]),
                **{"from": decode_words(head["from"])}, to=decode_words(head["to"]), attachments=listed)


def untouched(raw, holes):
    """The paths of the attachments that no hole touches: what fills the holes makes no difference to them."""
    versions = []
    for filler in (b"A", b"B"):
        filled, done = b"", 0
        for offset, count in holes:
            filled += raw[done:offset] + filler * count
            done = offset
        versions.append({path: data for path, _, _, data in attachments(filled + raw[done:])})
    return {path for path, data in versions[0].items() if versions[1].get(path) == data} if holes else set()


def capture_messages(path):
    """All messages of a capture in the order in which they were complete; raw bytes under "raw", and of IMAP where they
    stand in their flow under "spans", None for compressed ones."""
    messages = []
    for stream in tcp_streams(Path(path).read_bytes()):
        messages += stream_messages(stream)
    messages.sort(key=lambda message: (message["frame"] or 0, message["stream"]))
    for message in messages:
        holes = message.pop("holes")
        message.update(describe(message["raw"], message["complete"]))
        message["missing"] = sum(count for _, count in holes)
        if not message["complete"]:
            message["sha256"] = None
            whole = untouched(message["raw"], holes)
            for one in message["attachments"]:
                if one["path"] not in whole:
                    one.update(complete=False, size=None, sha256=None)
    return messages


def main(argv):
    save = None
    if argv[1:2] == ["--save"]:
        save = Path(argv[2])
        argv = argv[:1] + argv[3:]
    if argv[1:2] == ["--message"] and len(argv) == 3:
        answer = [describe(Path(argv[2]).read_bytes())]
    elif len(argv) == 2:
        answer = capture_messages(argv[1])
        for number, message in enumerate(answer, 1):
            raw = message.pop("raw")
            message.pop("spans", None)
            if save:
                save.mkdir(parents=True, exist_ok=True)
                (save / f"{number}.eml").write_bytes(raw)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
