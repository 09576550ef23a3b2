"""Captures with very much in one mail or in one frame, and what is in them as Python put it there.

    capture = SHAPES["smtp-600"](folder)      a Capture: path, mails, and the files attached to them

Sizes are chosen by Wireshark's limits: 500 layers and 5,000 tap entries for a packet.
"""

import base64
import hashlib
import re
import ssl
import struct
import subprocess
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pcapgen import tcp_session, write_pcap

REPO = Path(__file__).resolve().parents[2]
MAX_SEGMENT = 65_000  # nearly all that an IPv4 packet can carry


def limit(name):
    """One of the plugin's own bounds: what is behind it is marked, and not found as a part of its own."""
    [header] = REPO.glob("plugin/core/**/limits.h")
    return int(re.search(rf"#define {name} (\d+)$", header.read_text(encoding="utf-8"), re.M)[1])


@dataclass(frozen=True)
class File:
    """What is attached to a mail."""

    name: str
    kind: str
    data: bytes

    @property
    def facts(self):
        return self.name, len(self.data), hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Mail:
    subject: str
    content: bytes
    files: tuple

    @property
    def facts(self):
        return self.subject, len(self.content), hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Capture:
    path: Path
    mails: list
    protocol: str

    @property
    def files(self):
        return [file for mail in self.mails for file in mail.files]


# ---- mails ----


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(number):
    """A picture of one pixel with a comment."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"tEXt", b"Comment\0%d" % number) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


# Types with a dissector in Wireshark.
KINDS = [
    ("png", "image/png", png),
    ("json", "application/json", lambda number: b'{"number": %d}' % number),
    ("txt", "text/plain", lambda number: b"text %d" % number),
    ("xml", "application/xml", lambda number: b"<?xml version='1.0'?><number>%d</number>" % number),
    ("html", "text/html", lambda number: b"<html><body>%d</body></html>" % number),
]


def file_of(number):
    ending, kind, content = KINDS[number % len(KINDS)]
    return File(f"f{number:05}.{ending}", kind, content(number))


def part(file):
    """Header and body of a part; what is text stays text."""
    head = f'Content-Type: {file.kind}\r\nContent-Disposition: attachment; filename="{file.name}"\r\n'.encode()
    if file.data.isascii():
        return head + b"\r\n" + file.data + b"\r\n"
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(file.data) + b"\r\n"


def header(subject, number):
    lines = ["From: ann@a.example", "To: bob@b.example", f"Subject: {subject}", f"Message-ID: <{number}@a.example>", "MIME-Version: 1.0"]
    return "".join(line + "\r\n" for line in lines).encode()


def multipart(boundary, parts):
    """From the Content-Type field to the last boundary."""
    head = b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n"
    return head + b"".join(b"--" + boundary + b"\r\n" + one for one in parts) + b"--" + boundary + b"--\r\n"


def mail_of_parts(number, count):
    """The mail's root is a part too, and the last one before the limit takes up all that is behind it."""
    subject = f"m{number:04}"
    files = [file_of(number * count + at) for at in range(count)]
    found = limit("LIMIT_MIME_PARTS") - 2 if 1 + count >= limit("LIMIT_MIME_PARTS") else count
    return Mail(subject, header(subject, number) + multipart(b"b", map(part, files)), tuple(files[:found]))


def mail_of_depth(depth):
    """Multiparts inside of each other, each with a file in front of the next one; the files below the limit are not found."""
    files = [file_of(level) for level in range(depth)]
    content = part(files[-1])
    for level in reversed(range(depth)):
        content = multipart(b"b%d" % level, [part(files[level]), content] if level < depth - 1 else [content])
    subject = f"depth{depth}"
    return Mail(subject, header(subject, 0) + content, tuple(files[: limit("LIMIT_MIME_DEPTH")]))


def small_mail(number):
    """As few bytes as a mail with a file can have."""
    file = File(f"f{number}", "a/b", b"%d" % number)
    subject = f"m{number}"
    content = f"Subject:{subject}\r\nContent-Type:a/b;name={file.name}\r\n\r\n".encode() + file.data + b"\r\n"
    return Mail(subject, content, (File(file.name, file.kind, file.data + b"\r\n"),))


# ---- sessions ----

POP3_LOGIN = [("S", b"+OK POP3 ready\r\n"), ("C", b"USER bob\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS secret\r\n"), ("S", b"+OK\r\n")]
SMTP_LOGIN = [
    ("S", b"220 mx.b.example ESMTP\r\n"),
    ("C", b"EHLO a.example\r\n"),
    ("S", b"250-mx.b.example\r\n250-CHUNKING\r\n250 AUTH PLAIN\r\n"),
    ("C", b"AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n"),
    ("S", b"235 2.7.0 ok\r\n"),
]
ENVELOPE = b"MAIL FROM:<ann@a.example>\r\nRCPT TO:<bob@b.example>\r\n"


def smtp(mails):
    transcript = list(SMTP_LOGIN)
    for mail in mails:
        transcript += [
            ("C", b"MAIL FROM:<ann@a.example>\r\n"),
            ("S", b"250 ok\r\n"),
            ("C", b"RCPT TO:<bob@b.example>\r\n"),
            ("S", b"250 ok\r\n"),
            ("C", b"DATA\r\n"),
            ("S", b"354 go\r\n"),
            ("C", mail.content + b".\r\n"),
            ("S", b"250 ok\r\n"),
        ]
    return transcript + [("C", b"QUIT\r\n"), ("S", b"221 bye\r\n")]


def answer(mail):
    return b"+OK\r\n" + mail.content + b".\r\n"


def requests(mails):
    return b"".join(b"RETR %d\r\n" % number for number in range(1, len(mails) + 1))


def pop3(mails):
    """All mails requested in one write, and all sent in another."""
    fetched = [("C", requests(mails)), ("S", b"".join(map(answer, mails)))]
    return POP3_LOGIN + fetched + [("C", b"QUIT\r\n"), ("S", b"+OK\r\n")]


def late_beginning(frames):
    """The first segment of the server's largest write comes behind the others: so one frame completes all that is in them."""
    full = [number for number, frame in enumerate(frames) if frame.sender == "S" and len(frame.payload) == MAX_SEGMENT]
    last = full[-1] + 1  # the rest of the write
    return frames[: full[0]] + frames[full[0] + 1 : last + 1] + [frames[full[0]]] + frames[last + 1 :]


# ---- TLS ----


class TlsPeers:
    """A client and a server without sockets: each write becomes a TLS record, and the secrets go into a key log."""

    def __init__(self, certificate, key_log):
        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        server.load_cert_chain(certificate)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.keylog_filename = key_log
        self.inbox = {side: ssl.MemoryBIO() for side in "CS"}
        self.outbox = {side: ssl.MemoryBIO() for side in "CS"}
        self.peer = {
            "C": client.wrap_bio(self.inbox["C"], self.outbox["C"]),
            "S": server.wrap_bio(self.inbox["S"], self.outbox["S"], server_side=True),
        }

    def handshake(self):
        """The writes of both sides until there is nothing more to say."""
        transcript, idle = [], 0
        while idle < 2:
            side = "CS"[(len(transcript) + idle) % 2]
            try:
                self.peer[side].do_handshake()
            except ssl.SSLWantReadError:
                pass
            data = self.sent(side)
            transcript += [(side, data)] if data else []
            idle = 0 if data else idle + 1
        return transcript

    def write(self, side, records):
        for record in records:
            self.peer[side].write(record)
        return side, self.sent(side)

    def sent(self, side):
        data = self.outbox[side].read()
        self.inbox["S" if side == "C" else "C"].write(data)
        return data


def self_signed(folder):
    path = folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mx.b.example", "-days", "30", "-keyout", "-", "-out", "-"]
    path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    return path


def encrypted(transcript, capture):
    """The transcript inside TLS; an entry is (side, records). The keys go beside the capture, where the harness looks."""
    key_log = capture.with_suffix(".keys.txt")
    peers = TlsPeers(self_signed(capture.parent), key_log)
    written = peers.handshake() + [peers.write(side, records) for side, records in transcript]
    key_log.chmod(0o644)
    return written


def in_records(transcript):
    return [(side, [data]) for side, data in transcript]


def pop3_records(mails, cut):
    """POP3 whose server sends each answer in one record or, cut, in three."""
    answers = [piece for mail in mails for piece in (thirds(answer(mail)) if cut else [answer(mail)])]
    return in_records(POP3_LOGIN) + [("C", [requests(mails)]), ("S", answers)] + in_records([("C", b"QUIT\r\n"), ("S", b"+OK\r\n")])


def thirds(data):
    step = len(data) // 3
    return [data[:step], data[step : 2 * step], data[2 * step :]]


def bdat_records(mails):
    """SMTP whose client does not wait for replies; the envelope, the command and the content of each mail are a record."""
    written = [piece for mail in mails for piece in (ENVELOPE, b"BDAT %d LAST\r\n" % len(mail.content), mail.content)]
    replies = b"250 ok\r\n" * 3 * len(mails)
    return in_records(SMTP_LOGIN) + [("C", written), ("S", [replies])] + in_records([("C", b"QUIT\r\n"), ("S", b"221 bye\r\n")])


# ---- captures ----


def write(folder, frames, mails, protocol):
    return Capture(write_pcap(folder / "crowded.pcap", frames), mails, protocol)


def delivered(count, folder):
    mails = [mail_of_parts(0, count)]
    return write(folder, tcp_session(smtp(mails)), mails, "SMTP")


def nested(depth, folder):
    mails = [mail_of_depth(depth)]
    return write(folder, tcp_session(smtp(mails)), mails, "SMTP")


def fetched(count, folder):
    mails = [mail_of_parts(0, count)]
    return write(folder, tcp_session(pop3(mails), server_port=110), mails, "POP3")


def fetched_in_a_frame(mails, folder):
    """The answers fit into one segment."""
    frames = tcp_session(pop3(mails), server_port=110, mss=MAX_SEGMENT)
    assert sum(frame.payload.startswith(b"+OK\r\nSubject") for frame in frames) == 1
    return write(folder, frames, mails, "POP3")


def completed_in_a_frame(count, parts, folder):
    """The answers take more than a segment; the one that comes last completes all of them."""
    mails = [mail_of_parts(number, parts) for number in range(count)]
    frames = tcp_session(pop3(mails), server_port=110, mss=MAX_SEGMENT, acks=False)
    return write(folder, late_beginning(frames), mails, "POP3")


def in_tls_records(port, records, mails, folder):
    """All records of the largest write are in one segment."""
    frames = tcp_session(encrypted(records(mails), folder / "crowded.pcap"), server_port=port, mss=MAX_SEGMENT)
    assert max(len(frame.payload) for frame in frames) < MAX_SEGMENT
    return write(folder, frames, mails, "SMTP" if port == 465 else "POP3")


def small_mails(count):
    return list(map(small_mail, range(count)))


PARTS = (245, 250, 600, 1500, 5000, 20_000)
SHAPES = {
    **{f"smtp-{count}": partial(delivered, count) for count in PARTS},
    **{f"pop3-{count}": partial(fetched, count) for count in PARTS},
    "depth-60": partial(nested, 60),
    "depth-400": partial(nested, 400),
    "1000-mails": partial(fetched_in_a_frame, small_mails(1000)),
    "50-mails-of-50": partial(completed_in_a_frame, 50, 50),
    "4-mails-of-2500": partial(completed_in_a_frame, 4, 2500),
    "tls-320-mails": partial(in_tls_records, 995, partial(pop3_records, cut=False), small_mails(320)),
    "tls-600-mails": partial(in_tls_records, 995, partial(pop3_records, cut=False), small_mails(600)),
    "tls-110-mails-cut": partial(in_tls_records, 995, partial(pop3_records, cut=True), small_mails(110)),
    "tls-120-bdat": partial(in_tls_records, 465, bdat_records, small_mails(120)),
}
