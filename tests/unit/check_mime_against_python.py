#!/usr/bin/env python3
"""Compares mime_dump with Python's email package on generated messages.

usage: check_mime_against_python.py MIME_DUMP [COUNT [SEED]]

Each message is built from its parts, so there are two truths: what went in, and what email makes
of it. Well-formed messages must agree with both in tree, types, names and bytes. Messages damaged in a
way that both sides define (a missing closing boundary, no blank line, a cut) must agree with email.
Every message is tried with CRLF and with LF.

Where the core knowingly differs from email, and why (`compare` allows for it):
  - email ends base64 at the first padding; the core decodes concatenated texts on (test_cte_decoder.c);
  - email gives base64 back undecoded when one character is left over (a cut body); the core drops it;
  - email keeps blanks in front of a line end in quoted-printable; RFC 2045 6.7 rule 3 drops them;
  - a boundary with nothing behind it opens an empty part in email, none in the core;
  - a Content-Type cut to "text/" stays so in email, and is text/plain in the core (RFC 2045 5.2);
  - email prefers filename over filename*; the core the other way round (test_mime_param.c).
"""
import email
import email.header
import email.policy
import hashlib
import json
import random
import re
import struct
import subprocess
import sys
import base64
import quopri

NAMES = ["report.pdf", "my file.txt", "Übersicht für März.xlsx", "照片.jpg", "日程表 2024.zip", "a;b,c.doc",
         'say "hi".txt', "C:\\temp\\new.txt", "Счёт на оплату за февраль 2024 года и ещё за март.pdf", "(1) copy.txt", "x" * 120 + ".bin",
         "it's 100%.csv", "π.bin"]
CHARSETS = ["utf-8", "iso-8859-1", "gb2312", "koi8-r", "shift_jis", "euc-kr", "big5", "windows-1251"]


def rfc2231(name, value, rng):
    """name*=..., or in sections when it is long."""
    quoted = "".join(c if re.match(r"[A-Za-z0-9._-]", c) else "".join("%%%02X" % b for b in c.encode()) for c in value)
    if len(quoted) < 40:
        return "; %s*=UTF-8''%s" % (name, quoted)
    pieces, out = [], []
    while quoted:
        cut = rng.randint(20, 50)
        while cut < len(quoted) and "%" in quoted[cut - 2:cut]:
            cut += 1
        pieces.append(quoted[:cut])
        quoted = quoted[cut:]
    for i, piece in enumerate(pieces):
        out.append(";\n %s*%d*=%s%s" % (name, i, "UTF-8''" if i == 0 else "", piece))
    return "".join(out)


def param(name, value, rng):
    ascii_only = value.isascii()
    forms = ["2231", "2047"] + (["quoted"] * 4 if ascii_only else [])
    form = rng.choice(forms)
    if form == "2231":
        return rfc2231(name, value, rng)
    if form == "2047":
        return '; %s="%s"' % (name, email.header.Header(value, "utf-8", maxlinelen=70).encode())
    return '; %s="%s"' % (name, value.replace("\\", "\\\\").replace('"', '\\"'))


def wrap(text, width):
    return "\n".join(text[i:i + width] for i in range(0, len(text), width))


def text_body(rng, charset):
    samples = {"gb2312": "你好世界", "koi8-r": "Привет", "shift_jis": "日本語", "euc-kr": "한국어", "big5": "中文報告", "windows-1251": "Счёт",
               "iso-8859-1": "Grüße, ça va", "utf-8": "naïve 文字 πρ"}
    words = ["hello", "--", "--x", "From me", "=3D", "a" * 80, "", " indented", ".", "..", samples[charset]]
    return "\n".join(rng.choice(words) for _ in range(rng.randint(0, 12))).encode(charset)


def leaf(rng, crlf):
    """(raw bytes, expected tree node)."""
    attached = rng.random() < 0.5
    if attached:
        kind = rng.choice(["application/pdf", "image/png", "application/octet-stream", "text/plain"])
        payload = rng.randbytes(rng.choice([0, 1, 2, 3, 57, 58, 1000, rng.randint(0, 3000)]))
        encoding = rng.choice(["base64", "base64", "quoted-printable"])
        charset = None
    else:
        charset = rng.choice(CHARSETS)
        payload = text_body(rng, charset)
        kind = rng.choice(["text/plain", "text/html"])
        encoding = rng.choice(["7bit", "8bit", "base64", "quoted-printable", None])
    header = "Content-Type: " + kind
    if charset:
        header += "; charset=" + rng.choice([charset, '"%s"' % charset, charset.upper()])
    name = rng.choice(NAMES) if attached else None
    in_type = attached and rng.random() < 0.3
    if in_type:
        header += param("name", name, rng)
    header += "\n"
    if encoding:
        header += "Content-Transfer-Encoding: %s\n" % rng.choice([encoding, encoding.upper()])
    if attached:
        header += "Content-Disposition: attachment" + ("" if in_type else param("filename", name, rng)) + "\n"
    if encoding == "base64":
        body = wrap(base64.b64encode(payload).decode(), rng.choice([76, 60, 72, 64])).encode()
        if rng.random() < 0.5 and body:
            body += b"\n"
    elif encoding == "quoted-printable":
        body = quopri.encodestring(payload.replace(b"\n", b"\n"), quotetabs=False)
        if body.endswith(b"=\n"):
            body = body[:-2]
        if attached:  # binary: line ends must be encoded to survive
            body = wrap_qp(payload)
    else:
        body = payload
    raw = header.encode() + b"\n" + body
    if crlf and encoding != "base64" and not attached:
        payload = payload.replace(b"\n", b"\r\n")
    return raw, {"type": kind, "filename": name, "bytes": payload}


def wrap_qp(payload):
    out, line = [], ""
    for b in payload:
        piece = "=%02X" % b
        if len(line) + 3 > 75:
            out.append(line + "=")
            line = ""
        line += piece
    out.append(line)
    return "\n".join(out).encode()


def multipart(rng, depth, crlf, damage):
    boundary = rng.choice(["----=_%03d_NextPart166634325136_=----" % depth, "b" + "x" * depth, "b%d" % depth, "=_%x" % rng.randint(0, 1 << 60),
                           "------------%024d" % rng.randint(1, 9999), "Apple-Mail=_%X" % rng.randint(0, 1 << 40)])
    kind = "multipart/" + rng.choice(["mixed", "alternative", "related", "digest", "x-unknown"])
    children, out = [], [b"Content-Type: %s;%sboundary=\"%s\"\n\n" % (kind.encode(), rng.choice([b" ", b"\n\t", b""]), boundary.encode())]
    if rng.random() < 0.5:
        out.append(rng.choice([b"This is a multi-part message in MIME format.\n", b"\n", b"--\n", b"--not\n"]))
    for i in range(rng.randint(1, 4)):
        raw, node = entity(rng, depth + 1, crlf, damage)
        out.append(b"--" + boundary.encode() + rng.choice([b"", b"", b"  ", b"\t"]) + b"\n" + raw + b"\n")
        children.append(node)
    if damage != "no-close" or rng.random() < 0.5:
        out.append(b"--" + boundary.encode() + b"--" + rng.choice([b"", b"", b" "]))
        if rng.random() < 0.5:
            out.append(b"\nepilogue\n")
    return b"".join(out), {"type": kind, "children": children, "boundary": boundary}


def message(rng, depth, crlf, damage):
    subject = email.header.Header(rng.choice(NAMES), "utf-8").encode()
    head = ("From: a@example.org\nSubject: %s\nMIME-Version: 1.0\n" % subject).encode()
    raw, node = entity(rng, depth, crlf, damage)
    return head + raw, node


def entity(rng, depth, crlf, damage):
    roll = rng.random()
    if depth < 4 and roll < 0.35:
        return multipart(rng, depth, crlf, damage)
    if depth < 4 and depth > 0 and roll < 0.45:
        raw, node = message(rng, depth + 1, crlf, damage)
        return b"Content-Type: message/rfc822\n\n" + raw, {"type": "message/rfc822", "children": [node]}
    return leaf(rng, crlf)


def flatten_python(part, path="", root=True, out=None):
    """As mime_parser.h numbers them."""
    out = [] if out is None else out
    multi = part.is_multipart() and part.get_content_maintype() == "multipart"
    if root:
        path = path if multi else (path + ".1" if path else "1")
    node = {"path": path, "type": part.get_content_type()}
    if not part.is_multipart():
        payload = part.get_payload(decode=True)
        node["sha256"] = hashlib.sha256(payload).hexdigest()
        node["size"] = len(payload)
    name = part.get_filename()
    if name is not None:
        name = re.sub(r"\r?\n[ \t]", " ", name)
        try:
            name = str(email.header.make_header(email.header.decode_header(name))) if "=?" in name else name
        except (LookupError, UnicodeError):
            pass
    node["filename"] = name
    out.append(node)
    if part.is_multipart():
        for i, child in enumerate(part.get_payload(), 1):
            if multi:
                flatten_python(child, "%s.%d" % (path, i) if path else str(i), False, out)
            else:
                flatten_python(child, path, True, out)
    return out


def flatten_truth(node, path="", root=True, out=None):
    out = [] if out is None else out
    multi = node["type"].startswith("multipart/")
    if root:
        path = path if multi else (path + ".1" if path else "1")
    out.append({"path": path, "type": node["type"], "filename": node.get("filename")})
    if "bytes" in node:
        out[-1]["sha256"] = hashlib.sha256(node["bytes"]).hexdigest()
        out[-1]["size"] = len(node["bytes"])
    for i, child in enumerate(node.get("children", []), 1):
        if multi:
            flatten_truth(child, "%s.%d" % (path, i) if path else str(i), False, out)
        else:
            flatten_truth(child, path, True, out)
    return out


def compare(ours, theirs, keys):
    if len(ours) != len(theirs):
        return "parts: %s != %s" % ([(p["path"], p["type"]) for p in ours], [(p["path"], p["type"]) for p in theirs])
    for a, b in zip(ours, theirs):
        for key in keys:
            if "bad_base64" in a["decoding"] and key in ("sha256", "size"):
                continue
            if key in b and a[key] != b[key]:
                return "%s %s: %r != %r" % (a["path"], key, a[key], b[key])
    return None


def differs_knowingly(raw):
    """The last line is a boundary, or a Content-Type cut in its type."""
    last = raw.rstrip(b"\r\n")
    last = last[last.rfind(b"\n") + 1:]
    return last.startswith(b"--") or re.match(rb"content-type:[^;]*$", last, re.I)


class Dumper:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, raw):
        self.process.stdin.write(struct.pack(">I", len(raw)) + raw)
        self.process.stdin.flush()
        parts = []
        while (line := self.process.stdout.readline()).strip():
            parts.append(json.loads(line))
        return parts


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    dump, failures, damaged_differ = Dumper(program), 0, 0
    for i in range(count):
        rng = random.Random(seed * 1000003 + i)
        crlf = rng.random() < 0.5
        damage = rng.choice(["", "", "no-close", "cut"])
        raw, node = message(rng, 0, crlf, damage)
        if crlf:
            raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if damage == "cut":
            raw = raw[:rng.randint(0, len(raw))]
            raw = raw[:raw.rfind(b"\n", 0, raw.rfind(b"\n\n") + 1) + 1] if not crlf and rng.random() < 0.2 else raw
            raw = raw.rstrip(b"\r")
            if differs_knowingly(raw):
                continue
        ours = dump(raw)
        theirs = flatten_python(email.message_from_bytes(raw))
        keys = ["path", "type", "sha256", "size"] + ([] if damage else ["filename"])
        wrong = compare(ours, theirs, keys)
        if not wrong and not damage:
            wrong = compare(ours, flatten_truth(node), keys)
            wrong = wrong and "truth: " + wrong
        if wrong:
            failures += 1
            if failures <= 10:
                print("message %d (%s, %s): %s" % (i, damage, "CRLF" if crlf else "LF", wrong))
                open("/tmp/mime-differs-%d.eml" % i, "wb").write(raw)
    print("%d messages, %d differ" % (count, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
