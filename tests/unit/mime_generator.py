"""Random messages, valid and damaged, for check_mime_against_references.py.

`generate(rng)` gives a Message: its bytes, what went in (None for a damaged one: nobody knows), and a word for
the kind of damage. The same rng state gives the same message.
"""

import base64
import email.header
import random
import re
from dataclasses import dataclass

NAMES = [
    "report.pdf", "my file.txt", "Übersicht für März.xlsx", "照片.jpg", "日程表 2024.zip", "a;b,c.doc", 'say "hi".txt',
    "C:\\temp\\new.txt", "Счёт на оплату за февраль 2024 года и ещё за март.pdf", "(1) copy.txt", "x" * 120 + ".bin",
    "it's 100%.csv", "π.bin", "a=b.txt", "x_y.txt", "[draft].doc", "name?.txt", "тест.tar.gz",
]
SAMPLES = {
    "utf-8": "naïve 文字 πρ", "iso-8859-1": "Grüße, ça va", "iso-8859-2": "Zażółć gęślą jaźń", "iso-8859-15": "100 €", "windows-1251": "Счёт",
    "windows-1252": "“quoted” – €", "koi8-r": "Привет", "gb2312": "你好世界", "gbk": "镕基", "gb18030": "㐀你", "big5": "中文報告", "shift_jis": "日本語テスト",
    "euc-jp": "日本語", "iso-2022-jp": "日本語とASCII", "euc-kr": "한국어", "windows-1255": "שלום", "windows-1256": "مرحبا", "iso-8859-7": "καλημέρα",
    "tis-620": "สวัสดี", "us-ascii": "plain", "utf-16be": "wide", "koi8-u": "Привіт", "windows-1253": "Γεια", "iso-8859-9": "İstanbul",
}
BOUNDARIES = [
    "----=_%03d_NextPart166634325136_=----", "b%d", "=_%x_", "------------%024d", "Apple-Mail=_%X", "(%d)", "a b %d", "--%d--", "%d" + "x" * 60, "----%d",
]
LINE_ENDS = {"crlf": b"\r\n", "lf": b"\n"}


@dataclass
class Message:
    raw: bytes
    truth: dict  # None: damaged
    damage: str


def rfc2231(name, value, rng, charset="UTF-8"):
    """name*=..., or in sections when it is long, which may come in any order."""
    quoted = "".join(c if re.match(r"[A-Za-z0-9._-]", c) else "".join("%%%02X" % b for b in c.encode(charset)) for c in value)
    if len(quoted) < 40 and rng.random() < 0.8:
        return ["%s*=%s'%s'%s" % (name, charset, rng.choice(["", "en"]), quoted)]
    pieces = []
    while quoted:
        cut = rng.randint(20, 50)
        while cut < len(quoted) and "%" in quoted[cut - 2 : cut]:
            cut += 1
        pieces.append(quoted[:cut])
        quoted = quoted[cut:]
    sections = ["%s*%d*=%s%s" % (name, i, charset + "''" if i == 0 else "", piece) for i, piece in enumerate(pieces)]
    if rng.random() < 0.3:
        rng.shuffle(sections)
    return sections


def parameter(name, value, rng):
    """The parameter in one of its forms."""
    forms = ["2231", "2047"] + (["quoted"] * 4 if value.isascii() else [])
    form = rng.choice(forms)
    if form == "2231":
        pieces = rfc2231(name, value, rng)
    elif form == "2047":
        pieces = ['%s="%s"' % (name, email.header.Header(value, "utf-8", maxlinelen=70, continuation_ws=" ").encode())]
    elif re.fullmatch(r"[A-Za-z0-9._-]+", value) and rng.random() < 0.5:
        pieces = ["%s=%s" % (name, value)]
    else:
        pieces = ['%s="%s"' % (name, value.replace("\\", "\\\\").replace('"', '\\"'))]
    return "".join(rng.choice(["; ", ";", ";\n ", ";\n\t"]) + piece for piece in pieces)


def base64_lines(payload, rng):
    width = rng.choice([76, 60, 72, 64, 4, 1000])
    text = base64.b64encode(payload).decode()
    return "\n".join(text[i : i + width] for i in range(0, len(text), width)).encode() + (b"\n" if text and rng.random() < 0.5 else b"")


def quoted_printable(payload, rng, text):
    """Each byte may be escaped; line ends of binary data must be."""
    out, length = [], 0
    for i, byte in enumerate(payload):
        last = i + 1 == len(payload) or payload[i + 1] in b"\r\n"
        if text and byte in b"\n":
            out.append("\n")
            length = 0
            continue
        plain = 33 <= byte <= 126 and byte != 61 or byte in b" \t" and not last
        piece = chr(byte) if plain and rng.random() < 0.95 else ("=%02X" if rng.random() < 0.9 else "=%02x") % byte
        if length + len(piece) > 75:
            out.append("=" + rng.choice(["", "", " ", "\t"]) + "\n")
            length = 0
        out.append(piece)
        length += len(piece)
    return "".join(out).encode()


def uuencode(payload, name):
    out = [b"begin 644 " + name]
    for i in range(0, len(payload), 45):
        chunk = payload[i : i + 45]
        padded = chunk + b"\0" * (-len(chunk) % 3)
        line = chr(32 + len(chunk))
        for k in range(0, len(padded), 3):
            bits = int.from_bytes(padded[k : k + 3], "big")
            line += "".join(chr(((bits >> shift) & 63) + 32).replace(" ", "`") for shift in (18, 12, 6, 0))
        out.append(line.encode())
    return b"\n".join(out + [b"`", b"end"])


def text_body(rng, charset):
    words = ["hello", "--", "--x", "From me", "=3D", "a" * 80, "", " indented", ".", "..", SAMPLES[charset], "begin the day", "Subject: x"]
    return "\n".join(rng.choice(words) for _ in range(rng.randint(0, 12)))


def leaf(rng, crlf):
    """(raw bytes with LF, what went in)."""
    attached = rng.random() < 0.5
    charset = None if attached else rng.choice(list(SAMPLES))
    text = None
    if attached:
        kind = rng.choice(["application/pdf", "image/png", "application/octet-stream", "text/plain", "application/zip"])
        payload = rng.randbytes(rng.choice([0, 1, 2, 3, 57, 58, 1000, rng.randint(0, 3000)]))
        encoding = rng.choice(["base64", "base64", "quoted-printable", "x-uuencode"])
    else:
        text = text_body(rng, charset)
        wide = charset == "utf-16be"
        payload = text.replace("\n", "\r\n" if wide and crlf else "\n").encode(charset)
        kind = rng.choice(["text/plain", "text/html", "text/calendar"])
        encoding = "base64" if wide else rng.choice(["7bit", "8bit", "base64", "quoted-printable", None, "binary"])
    header = "Content-Type: " + rng.choice([kind, kind, kind.upper(), kind.title()])
    if charset:
        header += rng.choice(["; ", ";", ";\n "]) + "charset=" + rng.choice([charset, '"%s"' % charset, charset.upper()])
    name = rng.choice(NAMES) if attached else None
    if encoding == "x-uuencode":
        name = rng.choice(["a.bin", "b c.txt"])
    in_type = attached and rng.random() < 0.3
    if in_type:
        header += parameter("name", name, rng)
    fields = [header]
    if encoding:
        fields.append("Content-Transfer-Encoding: " + rng.choice([encoding, encoding.upper(), encoding + " "]))
    if attached:
        fields.append("Content-Disposition: " + rng.choice(["attachment", "inline", "ATTACHMENT"]) + ("" if in_type else parameter("filename", name, rng)))
    if rng.random() < 0.2:
        fields.append("Content-ID: <x@y>")
    rng.shuffle(fields)
    if encoding == "base64":
        body = base64_lines(payload, rng)
    elif encoding == "quoted-printable":
        body = quoted_printable(payload, rng, text is not None)
    elif encoding == "x-uuencode":
        body = uuencode(payload, name.encode())
    else:
        body = payload
    if crlf and text is not None and encoding != "base64":
        payload = payload.replace(b"\n", b"\r\n")
    node = {"type": kind, "filename": name, "bytes": payload, "text": text if text is not None and "\x1b" not in text else None}
    return "\n".join(fields).encode() + b"\n\n" + body, node


def boundary_text(rng):
    pattern = rng.choice(BOUNDARIES)
    return pattern % rng.randint(1, 1 << 40)


def quote(boundary, rng):
    plain = re.fullmatch(r"[A-Za-z0-9'+_.-]+", boundary)
    return boundary if plain and rng.random() < 0.5 else '"%s"' % boundary


def multipart(rng, depth, crlf, damage):
    boundary = boundary_text(rng)
    kind = "multipart/" + rng.choice(["mixed", "alternative", "related", "digest", "parallel", "signed", "report", "x-unknown"])
    head = "Content-Type: %s;%sboundary=%s\n\n" % (kind, rng.choice([" ", "\n\t", ""]), quote(boundary, rng))
    out, children = [head.encode()], []
    if rng.random() < 0.5:
        out.append(rng.choice([b"This is a multi-part message in MIME format.\n", b"\n", b"--\n", b"--not\n"]))
    delimiter = b"--" + boundary.encode()
    for _ in range(rng.randint(1, 4)):
        raw, node = entity(rng, depth + 1, crlf, damage, kind)
        out.append(delimiter + rng.choice([b"", b"", b"", b"  ", b"\t"]) + b"\n" + raw + b"\n")
        children.append(node)
    if damage != "no-close" or rng.random() < 0.5:
        out.append(delimiter + b"--" + rng.choice([b"", b"", b" "]))
        if rng.random() < 0.5:
            out.append(b"\nepilogue\n")
    return b"".join(out), {"type": kind, "children": children}


def message(rng, depth, crlf, damage):
    subject = rng.choice(NAMES + list(SAMPLES.values()))
    coded = email.header.Header(subject, "us-ascii" if subject.isascii() and rng.random() < 0.7 else "utf-8").encode()
    raw, node = entity(rng, depth, crlf, damage, None)
    node["subject"] = subject
    return ("From: a@example.org\nSubject: %s\nMIME-Version: 1.0\n" % coded).encode() + raw, node


def entity(rng, depth, crlf, damage, parent):
    roll = rng.random()
    if depth < 4 and roll < (0.6 if depth == 0 else 0.3):
        return multipart(rng, depth, crlf, damage)
    if 0 < depth < 4 and roll < 0.4:
        raw, node = message(rng, depth + 1, crlf, damage)
        bare = parent == "multipart/digest" and rng.random() < 0.5
        return (b"\n" if bare else b"Content-Type: message/rfc822\n\n") + raw, {"type": "message/rfc822", "children": [node]}
    return leaf(rng, crlf)


# ---- damage ----


def damage_lines(rng, raw):
    """Lines lost, doubled, moved or changed, as by a bad transport or a bad writer."""
    lines = raw.split(b"\n")
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        operation = rng.randrange(6)
        if operation == 0 and len(lines) > 1:
            del lines[at]
        elif operation == 1:
            lines.insert(at, lines[rng.randrange(len(lines))])
        elif operation == 2:
            other = rng.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif operation == 3:
            lines.insert(at, rng.choice([b"", b"--", b"junk", b"Content-Type: text/html", b"Content-Type: text", b" continued", b"--b1"]))
        elif operation == 4 and lines[at]:
            cut = rng.randrange(len(lines[at]))
            lines[at] = lines[at][:cut] + rng.choice([b"", b"=", b'"', b";", b"\0", b"\xff", b" ", b"(", b"?=", b"%"]) + lines[at][cut + rng.randint(0, 1) :]
        elif operation == 5 and lines[at]:
            lines[at] = lines[at][: rng.randrange(len(lines[at]))]
    return b"\n".join(lines)


def damage_base64(rng, raw):
    """Junk, padding in the wrong place, and none at all."""
    found = list(re.finditer(rb"(?m)^[A-Za-z0-9+/]{8,}={0,2}$", raw))
    if not found:
        return raw
    line = rng.choice(found)
    at = rng.randint(line.start(), line.end())
    piece = rng.choice([b"=", b"==", b"\n\n", b" ", b"-", b"_", b"!", b"*", b"\t\n", b"QQ==", b"\n--\nlist footer"])
    return rng.choice([raw[:at] + piece + raw[at:], raw[: line.end() - 1] + raw[line.end() :], raw[: line.start()] + raw[line.start() :].replace(b"=", b"", 2)])


def damage_quoted_printable(rng, raw):
    found = list(re.finditer(rb"=[0-9A-F]{2}|=\n", raw))
    if not found:
        return raw
    at = rng.choice(found)
    return raw[: at.start()] + rng.choice([b"=", b"=G1", b"=4", b"= =20", b"=\t\n", b"==", b"=\n\n", b"\x80\xff", b" \n", b"=3d"]) + raw[at.end() :]


def damage_header(rng, raw):
    """A field that counts is changed."""
    found = list(re.finditer(rb"(?m)^Content-(?:Type|Disposition|Transfer-Encoding):.*$", raw))
    if not found:
        return raw
    field = rng.choice(found)
    text = field.group()
    changed = rng.choice([
        text + b"\n" + text, text.replace(b": ", b" : "), text.replace(b": ", b":"), text.replace(b":", b""), text.replace(b"/", b""), text + b";", text + b" (comment)",
        text.replace(b": ", b": (a comment) "), text.replace(b"=", b" = ", 1), text.replace(b'"', b"", 1), text.replace(b";", b"", 1), text + b"; x=y; x=z", text.lower(),
        text.replace(b"; ", b";; "), b"X-" + text, text.replace(b"/", b" / "),
    ])
    return raw[: field.start()] + changed + raw[field.end() :]


def damage_boundary(rng, raw):
    found = list(re.finditer(rb"(?m)^--.+$", raw))
    if not found:
        return raw
    line = rng.choice(found)
    text = line.group()
    changed = rng.choice([text + b"x", text + b"--", text[:-1], b" " + text, text[1:], text + b"\n" + text, text + b"\n\n" + text, b"", text.upper(), b"-" + text, text + b"\t "])
    return raw[: line.start()] + changed + raw[line.end() :]


DAMAGES = {
    "lines": damage_lines, "base64": damage_base64, "quoted-printable": damage_quoted_printable, "header": damage_header, "boundary": damage_boundary,
}


def generate(rng: random.Random):
    crlf = rng.random() < 0.5
    damage = rng.choice(["", "", "", "no-close", "cut", "cr", *DAMAGES])
    raw, truth = message(rng, 0, crlf, damage)
    raw = raw.replace(b"\r\n", b"\n")
    if damage in DAMAGES:
        raw = DAMAGES[damage](rng, raw)
    if damage == "cr":
        raw = raw.replace(b"\n", b"\r")
    elif crlf:
        raw = raw.replace(b"\n", b"\r\n")
    if damage == "cut":
        raw = raw[: rng.randint(0, len(raw))]
    return Message(raw, None if damage not in ("", "no-close") else truth, damage)
