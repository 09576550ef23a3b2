#!/usr/bin/env python3
"""Compares mime_dump with Python's email package, with GMime, and with what went in, on generated messages.

usage: check_mime_against_references.py MIME_DUMP [GMIME_DUMP] [--count N] [--seed N] [--show N]
"""
import argparse
import base64
import collections
import email
import email.header
import email.policy
import hashlib
import itertools
import json
import random
import re
import struct
import subprocess
import sys
from dataclasses import dataclass

import mime_generator


class Dumper:
    """A program that reads messages with a length in front, and answers with JSON lines and an empty one."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, raw):
        self.process.stdin.write(struct.pack(">I", len(raw)) + raw)
        self.process.stdin.flush()
        parts = []
        while (line := self.process.stdout.readline()).strip():
            parts.append(json.loads(line))
        return parts


def decoded_name(name):
    """What email leaves to its caller: unfolding, and RFC 2047 in parameters."""
    if name is None:
        return None
    name = re.sub(r"\r?\n[ \t]|\r[ \t]", " ", name)
    try:
        return str(email.header.make_header(email.header.decode_header(name))) if "=?" in name else name
    except (LookupError, UnicodeError, email.errors.HeaderParseError):
        return name


RAISES = "\0email raises"


def python_name(part):
    try:
        return decoded_name(part.get_filename())
    except (TypeError, ValueError, UnicodeError, LookupError):
        return RAISES


def python_parts(part, path="", root=True, out=None):
    """email's tree, numbered as mime_parser.h does."""
    out = [] if out is None else out
    multi = part.is_multipart() and part.get_content_maintype() == "multipart"
    if root:
        path = path if multi else (path + ".1" if path else "1")
    node = {"path": path, "type": part.get_content_type(), "filename": python_name(part)}
    if not part.is_multipart():
        if (encoding := part.get("Content-Transfer-Encoding")) is not None:
            part.replace_header("Content-Transfer-Encoding", str(encoding).strip())
        payload = part.get_payload(decode=True)
        node |= {"bytes": payload, "sha256": hashlib.sha256(payload).hexdigest(), "size": len(payload)}
    out.append(node)
    if part.is_multipart():
        for i, child in enumerate(part.get_payload(), 1):
            if multi:
                python_parts(child, "%s.%d" % (path, i) if path else str(i), False, out)
            else:
                python_parts(child, path, True, out)
    return out


def truth_parts(node, path="", root=True, out=None):
    out = [] if out is None else out
    multi = node["type"].startswith("multipart/")
    if root:
        path = path if multi else (path + ".1" if path else "1")
    out.append({"path": path, "type": node["type"], "filename": node.get("filename")})
    if "bytes" in node:
        out[-1] |= {"sha256": hashlib.sha256(node["bytes"]).hexdigest(), "size": len(node["bytes"]), "text": node["text"]}
    for i, child in enumerate(node.get("children", []), 1):
        if multi:
            truth_parts(child, "%s.%d" % (path, i) if path else str(i), False, out)
        else:
            truth_parts(child, path, True, out)
    return out


def one_line_end(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_valid_text(part, raw):
    """Is the body what its charset says? What else to show is taste."""
    charset = {"gb2312": "gb18030", "gbk": "gb18030"}.get((part["charset"] or "").lower(), part["charset"])
    if part["decoded_inside"] or not charset:
        return False
    data = our_bytes(part["encoding"], body_of(raw, part))
    if charset.lower() == "shift_jis" and re.search(rb"[\\~]", data):
        return False  # yen and overline by the letter, backslash and tilde in code page 932
    try:
        return not re.search("[\0\x80-\x9f]", data.decode(charset))
    except (UnicodeError, LookupError):
        return False


def differences(ours, theirs, line_ends_differ=False):
    """(what, our part, their part) for each difference; only "tree" when the trees differ."""
    mine = [(part["path"], part["type"]) for part in ours]
    other = [(part["path"], part["type"]) for part in theirs]
    if mine != other:
        return [("tree", mine, other)]
    found = []
    for a, b in zip(ours, theirs):
        if "sha256" in b and a["sha256"] != b["sha256"] and not (line_ends_differ and a["size"] == b["size"]):
            found.append(("bytes", a, b))
        elif b.get("text") is not None and a["valid_text"] and a["charset"] and a.get("text") is not None and one_line_end(a["text"]) != one_line_end(b["text"]):
            found.append(("text", a, b))
        if (a["filename"] or None) != (b["filename"] or None):
            found.append(("name", a, b))
    return found


# ---- a second implementation of what docs/mime.md says about encodings ----


def our_base64(body):
    """Quanta of the alphabet; whatever else stands between them is passed over; behind the padding only a line that is
    nothing but whole quanta goes on."""
    out, quantum, after, held = bytearray(), b"", False, b""
    alphabet, line_starts, seen = None, True, set()

    def end():
        nonlocal quantum
        if len(quantum) >= 2:
            out.extend(base64.b64decode(quantum + b"=" * (4 - len(quantum))))
        quantum = b""

    def judge(line):
        nonlocal quantum, after
        digits = re.sub(rb"[ \t\r]", b"", line)
        if digits and re.fullmatch(rb"[A-Za-z0-9+/=]+", digits) and len(digits) % 4 == 0:
            for c in digits:
                if c == 61:
                    end()
                    after = True
                else:
                    quantum += bytes([c])
                    after = False
                    if len(quantum) == 4:
                        out.extend(base64.b64decode(quantum))
                        quantum = b""

    i, pad = 0, False
    while i < len(body):
        c = body[i : i + 1]
        if after:
            if c == b"=" and not held:
                i += 1
                continue
            line_end = body.find(b"\n", i)
            line_end = len(body) if line_end < 0 else line_end
            judge(body[i:line_end])
            i = line_end + 1
            continue
        if not pad and c in (b"-", b"_"):
            if alphabet is None:
                twice = line_starts and body[i + 1 : i + 2] in (c, b"")
                alphabet = "standard" if twice or any(digit in b"+/" for digit in seen) else "url"
            if alphabet == "url":
                c = c.replace(b"-", b"+").replace(b"_", b"/")
        if c == b"\n":
            line_starts = True
        elif re.match(rb"[A-Za-z0-9+/]", c) and not pad:
            line_starts = False
            seen.add(c[0])
        if pad:
            i += 1
            if c in b" \t\r\n":
                continue
            pad, after = False, True
            if c != b"=":
                i -= 1
            continue
        if c == b"=":
            if len(quantum) >= 2:
                pad, after = len(quantum) == 2, len(quantum) == 3
                end()
        elif re.match(rb"[A-Za-z0-9+/]", c):
            quantum += c
            if len(quantum) == 4:
                out.extend(base64.b64decode(quantum))
                quantum = b""
        i += 1
    end()
    return bytes(out)


def our_quoted_printable(body):
    """RFC 2045 6.7 with its rules 3 and 5; what is no escape stays."""
    body = re.sub(rb"[ \t]+(?=[\r\n]|\Z)", b"", body)
    return re.sub(rb"=(?:([0-9A-Fa-f]{2})|\r\n|\n|\r|\Z)", lambda m: bytes.fromhex((m[1] or b"").decode()), body)


def our_uuencode(body):
    """The lines between "begin" and "end" that are as long as they say; of a body that gives nothing so, all of it."""
    out, inside, closed, bad = bytearray(), False, False, False
    for line in re.split(rb"[\r\n]+", body):
        if not inside:
            inside = bool(re.match(rb"begin [0-9]", line, re.I))
        elif line.lower() == b"end":
            closed = True
            break
        elif line:
            length = (line[0] - 32) & 63
            if not 32 <= line[0] <= 96 or len(line) > 1 + (length + 2) // 3 * 4 + 2:
                bad = True
                continue
            digits = [(c - 32) & 63 for c in line[1:]] + [0] * 90
            bits = b"".join((a << 18 | b << 12 | c << 6 | d).to_bytes(3, "big") for a, b, c, d in zip(*[iter(digits)] * 4))
            out += bits[:length]
    return bytes(out) if out or (closed and not bad) else body


def first_word(encoding):
    plain = re.sub(rb"\([^()]*\)", b" ", (encoding or "").encode()).strip()
    return re.split(rb"[ \t;,(\"]", plain)[0].lower()


def our_bytes(encoding, body):
    encoding = first_word(encoding)
    decoders = {b"base64": our_base64, b"quoted-printable": our_quoted_printable, b"x-uuencode": our_uuencode}
    return decoders.get(encoding, bytes)(body)


# ---- rules ----
#
# A rule is a repair: it takes one oddity out of the header or body of a part, in the way in which docs/mime.md says
# that we read it. It explains a difference only if the other reader, given the repaired message, agrees with
# what we made of the damaged one: in the whole tree, all bytes and all names.

RULES = []


def rule(where, reason, readers=("python", "gmime")):
    def add(repair):
        RULES.append((repair.__name__, where, readers, reason, repair))
        return repair

    return add


CONTENT_FIELD = rb"(?mi)(?:^|(?<=\r))(Content-(?:Type|Disposition|Transfer-Encoding)[ \t]*:)((?:[^\r\n]|\r?\n[ \t]|\r[ \t])*)"


def in_content_fields(header, change):
    return re.sub(CONTENT_FIELD, lambda field: field[1] + change(field[2]), header)


def outside_quotes(pattern, by, text):
    """re.sub() of what is not in a quoted string."""
    return re.sub(rb'"(?:[^"\\]|\\.)*"?|' + pattern, lambda m: m[0] if m[0].startswith(b'"') else m.expand(by), text, flags=re.S)


@rule("header", "RFC 2045 5.1, RFC 822 3.4.3: comments may stand between the words of a structured field")
def comment(part, header):
    return in_content_fields(header, lambda value: outside_quotes(rb"(?<=[ \t:;\"])\([^()\"]*\)", rb"", value) if b"filename=(" not in value else value)


@rule("header", "RFC 822 3.1.4: blanks may stand between the words of a structured field")
def blank_between_words(part, header):
    def change(value):
        value = re.sub(rb"^(\s*[^\s;/]+)\s*/\s*", rb"\1/", value)
        return outside_quotes(rb"[ \t]*=[ \t]+|[ \t]+=", rb"=", value)

    return in_content_fields(header, change)


@rule("header", "RFC 5322 4.5.8: blanks in front of the colon are obsolete, and to be accepted")
def blank_before_colon(part, header):
    return re.sub(rb"(?m)^([!-9;-~]+)[ \t]+:", rb"\1:", header)


@rule("header", "a line that is no field is passed over if the header goes on behind it; email and GMime end the header there")
def junk_in_header(part, header):
    lines = re.split(rb"(?<=\n)|(?<=\r)(?!\n)", header)
    while lines and lines[0][:1] in (b" ", b"\t"):
        del lines[0]  # the continuation of nothing
    kept, junk = [], False
    for line in lines:
        # what continues the line goes with it
        junk = junk if line[:1] in (b" ", b"\t") else bool(line) and not re.match(rb"[\r\n]|[^\x00-\x20:\x7f]+[ \t]*:", line)
        kept += [] if junk else [line]
    return b"".join(kept)


@rule("header", "the blank line is missing: the body begins with the first line that can be no field")
def no_blank_line(part, header):
    blank = header in (b"\n", b"\r\n", b"\r") or header.endswith((b"\n\n", b"\n\r\n", b"\r\r"))
    return header if blank else header + (b"" if not header or header[-1:] in b"\r\n" else b"\n") + b"\n"


@rule("header", "words behind the subtype do not belong to it")
def words_behind_type(part, header):
    return re.sub(rb"(?mi)((?:^|(?<=\r))Content-Type:\s*[^\s;/]+/[^\s;=]+)(?:[ \t]|\r?\n[ \t])+[^\s;=/]+[ \t]*(?=\r?\n[^ \t]|\r|;|\Z)", rb"\1", header)


KNOWN = rb"(?:name|filename|charset|boundary)\*?[0-9*]*="


@rule("header", "no semicolon: a parameter that is known begins all the same")
def no_semicolon(part, header):
    return in_content_fields(header, lambda value: outside_quotes(rb"(?<![;\s])(\s+" + KNOWN + rb")", rb";\1", value))


@rule("header", "no end quote: the value reaches to the end, or to a semicolon with a known parameter")
def no_end_quote(part, header):
    def change(value):
        quotes = len(re.findall(rb'(?<!\\)"', value))
        return value if quotes % 2 == 0 else value.rstrip(b"\r\n") + b'"'

    return in_content_fields(header, change)


@rule("header", "parameters without a value, or without a name, are none")
def empty_parameter(part, header):
    return in_content_fields(header, lambda value: outside_quotes(rb"(?:;[^;=\"]*(?==|;|\Z))(?!\s*=)", rb"", value))


@rule("header", "a name is looked for in Content-Type filename= and in Content-Disposition name=, too")
def filename_elsewhere(part, header):
    if not re.search(rb"(?i)filename\*?[0-9*]*=", header):
        header = re.sub(rb"(?i)(Content-Disposition:(?:[^\r\n]|\r?\n[ \t])*?)(?<=[;\s])name(?=\*?[0-9*]*=)", rb"\1filename", header)
    return re.sub(rb"(?i)Content-Type:(?:[^\r\n]|\r?\n[ \t])*", lambda field: re.sub(rb"(?i)(?<=[;\s])filename(?=\*?[0-9*]*=)", b"name", field[0]), header)


@rule("header", "a blank ends a value without quotes, but for file names")
def blank_ends_value(part, header):
    return in_content_fields(header, lambda value: outside_quotes(rb"((?:charset|boundary)=[^\s;\"]+)\s+(?!\s*;)[^;=\"]+(?=;|\Z)", rb"\1", value))


@rule("header", "behind an end quote that is the only one, junk is passed over")
def junk_behind_quote(part, header):
    quoted = rb'("(?:[^"\\]|\\.)*")(?!\s*(?:;|\(|\Z|' + KNOWN + rb'))[^;"]*(?=;|\Z)'
    return in_content_fields(header, lambda value: re.sub(quoted, rb"\1", value))


@rule("header", "a quote in front of the value does not belong to it")
def quote_at_value(part, header):
    return in_content_fields(header, lambda value: re.sub(rb'^(\s*)"', rb"\1", value))


@rule("header", "8-bit bytes in the name of a field are let pass")
def eight_bit_name(part, header):
    return re.sub(rb"(?m)^[!-9;-~\x80-\xff]+(?=[ \t]*:)", lambda name: re.sub(rb"[\x80-\xff]", b"x", name[0]), header)


@rule("header", "of two parameters of a name the first counts")
def parameter_twice(part, header):
    def change(value):
        seen, kept = set(), []
        for piece in re.split(rb";(?=(?:[^\"]*\"[^\"]*\")*[^\"]*\Z)", value):
            name = piece.split(b"=")[0].strip().lower() if b"=" in piece else None
            if name is None or name not in seen:
                kept.append(piece)
            seen.add(name)
        return b";".join(kept)

    return in_content_fields(header, change)


@rule("header", "of two fields of a name the first counts")
def field_twice(part, header):
    seen = set()

    def keep(field):
        name = field[1].strip(b": \t").lower()
        if name in seen:
            return b"X-Again:" + field[2]
        seen.add(name)
        return field[0]

    return re.sub(CONTENT_FIELD, keep, header)


@rule("header", "an encoding is a word: what is behind a blank, a semicolon or a comment does not belong to it")
def encoding_name(part, header):
    return re.sub(rb"(?mi)^(Content-Transfer-Encoding:[ \t]*[A-Za-z0-9-]+)(?![A-Za-z0-9-])(?:[^\r\n]|\r?\n[ \t])+", rb"\1", header)


@rule("header", "what is no type/subtype is text/plain (RFC 2045 5.2)")
def bad_type(part, header):
    if "bad_content_type" not in part["anomalies"]:
        return header
    return re.sub(rb"(?mi)^Content-Type:(?:[^;\r\n]|\r?\n[ \t])*", b"Content-Type: " + part["type"].encode(), header)


@rule("body", "RFC 2045 6.7 rules 3 and 5: blanks in front of a line end were added on the way, behind \"=\" too")
def blanks_at_line_end(part, body):
    return body if our_encoding(part) != b"quoted-printable" else re.sub(rb"[ \t]+(?=[\r\n]|\Z)", b"", body)


@rule("body", "RFC 2045 6.7: an \"=\" that is no escape is text")
def bad_escape(part, body):
    if our_encoding(part) != b"quoted-printable":
        return body
    return re.sub(rb"=(?![0-9A-Fa-f]{2}|[ \t]*[\r\n])", b"=3D", re.sub(rb"=[ \t]*\Z", b"", body))


@rule("body", "RFC 2045 6.8: padding is missing, or more base64 or a footer stands behind it: see our_base64()")
def odd_base64(part, body):
    plain = re.sub(rb"[ \t\r\n]", b"", body)
    if our_encoding(part) != b"base64" or re.fullmatch(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", plain):
        return body
    return base64.encodebytes(our_base64(body))


@rule("body", "uuencode without its begin or end line, or with other lines in between: see our_uuencode()")
def odd_uuencode(part, body):
    if our_encoding(part) != b"x-uuencode":
        return body
    return mime_generator.uuencode(our_uuencode(body), b"x") if re.search(rb"(?mi)^begin [0-9]", body) else body


def rfc2231(name, value):
    return name + b"*=UTF-8''" + "".join("%%%02X" % byte for byte in value.encode()).encode()


@rule("header", "a name is what its encoded words say: quoted-pairs were undone before, not in the decoded text", readers=("gmime",))
def quoted_pair_in_word(part, header):
    def change(field):
        name = decoded_name(field[2].decode("latin-1"))
        return rfc2231(field[1], name) if re.search(r'["\\]', name) else field[0]

    return re.sub(rb'((?:file)?name)="(=\?[^"]*\?=)"', change, header)


@rule("header", "RFC 2231 3: the order of the sections is that of their numbers, not that of the field", readers=("gmime",))
def sections_in_disorder(part, header):
    def change(value):
        pieces = re.split(rb";", value)
        numbered = sorted((int(m[1]), piece) for piece in pieces if (m := re.match(rb"\s*(?:file)?name\*(\d+)\*?=", piece)))
        rest = [piece for piece in pieces if not re.match(rb"\s*(?:file)?name\*\d+\*?=", piece)]
        return b";".join(rest + [piece for _, piece in numbered])

    return in_content_fields(header, change)


@rule("header", "the boundary parameter is missing or damaged: the first line that looks like a boundary is one")
def guessed_boundary(part, header):
    if "missing_boundary" not in part["anomalies"] or not part["children"]:
        return header
    return re.sub(rb"(?mi)^Content-Type:(?:[^\r\n]|\r?\n[ \t])*", b'Content-Type: %s; boundary="%s"' % (part["type"].encode(), part["boundary"].encode()), header)


@rule("header", "the same where there is no parameter at all; others are boundary_misspelt()'s")
def no_boundary(part, header):
    return header if re.search(rb'(?i)boundary="[^"\r\n]+"', header) else guessed_boundary(part, header)


@rule("close", "RFC 2046 5.1.1: the line end in front of a boundary is the boundary's, and in front of a missing one, too")
def missing_close(part, end_of_line):
    return end_of_line + b"--" + part["boundary"].encode() + b"--" if "missing_close_boundary" in part["anomalies"] else b""


@rule("header", "RFC 2045 6.4 forbids an encoding on a multipart or message; it is undone where the body has no structure as it stands")
def encoded_composite(part, header):
    if part["looked_into"] or "encoded_composite" not in part["anomalies"]:
        return header  # see decoded_edits()
    return re.sub(CONTENT_FIELD, lambda field: b"X-Was:" if b"ransfer" in field[1].lower() else field[0], header)


@rule("header", "RFC 2047 2: an encoded word ends in \"?=\"; without that it is text")
def encoded_word_without_end(part, header):
    def change(field):
        return rfc2231(field[1], part["filename"]) if re.search(rb"=\?[^?]*\?[bBqQ]\?[^?]*\?(?!=)", field[2]) else field[0]

    return re.sub(rb'((?:file)?name)="([^"]*)"', change, header) if part["filename"] else header


@rule("header", "RFC 2047 4.2: an \"=\" without two digits is kept, where GMime drops it")
def bad_escape_in_word(part, header):
    def change(field):
        return rfc2231(field[1], part["filename"]) if re.search(rb"(?i)\?q\?[^?]*=(?![0-9a-f]{2})", field[2]) else field[0]

    return re.sub(rb'((?:file)?name)="([^"]*)"', change, header) if part["filename"] else header


def last_line(raw):
    return re.search(rb"(?:^|(?<=[\r\n]))--[^\r\n]*[\r\n]*\Z", raw)


@rule("message", "no part begins with the declared boundary: a line with the header of a part behind it is one, and the declared one still closes")
def boundary_misspelt(raw):
    for found in list(re.finditer(rb'(?i)boundary="?([^"\r\n;]+?)[ \t]*"?[ \t]*[;\r\n]', raw)):
        declared, behind = found[1], found.end() - 1
        if re.search(rb"(?:^|(?<=[\r\n]))--" + re.escape(declared) + rb"[ \t]*(?=[\r\n])", raw[behind:]):
            continue
        line = rb"(?<=[\r\n])--([^\r\n]+?)[ \t]*(?:\r\n|\r|\n)(?:(?!--)(?:[ \t]|[^\r\n:]+:)[^\r\n]*(?:\r\n|\r|\n))*?(?=Content-)"
        if guess := re.search(line, raw[behind:]):
            ours = rb"(?<=[\r\n])--" + re.escape(guess[1]) + rb"(?=(?:--)?[ \t]*(?:[\r\n]|\Z))"
            raw = raw[:behind] + re.sub(ours, lambda _: b"--" + declared, raw[behind:])
    return raw


@rule("message", "a boundary with nothing behind it opens no part")
def boundary_at_end(raw):
    found = last_line(raw)
    if not found:
        return raw
    line = found[0].strip()
    closes = line.endswith(b"--") and re.search(rb"(?m)^" + re.escape(line[:-2]) + rb"[ \t]*\r?$", raw)
    return raw if closes else raw[: found.start()]


@rule("message", "a boundary right behind a boundary opens no part in between")
def boundary_twice(raw):
    return re.sub(rb"(?m)(?:^|(?<=\r))(--[^\r\n]+?)[ \t]*(?:\r\n|\n|\r)(?=\1(?:--)?[ \t]*(?:[\r\n]|\Z))", b"", raw)


@rule("message", "GMime leaves the CR of a CRLF in front of a boundary in some bodies; email's and GMime's quoted-printable knows no CR as a line end: both are given LF")
def line_feeds(raw):
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def our_encoding(part):
    return first_word(part["encoding"])


def decoded_edits(raw, number, part, parts, rules):
    """The part without its encoding, and repaired inside."""
    start, length, body, body_length = part["offsets"]
    inside = [inner | {"decoded_inside": False} for inner in parts[number + 1 :] if inner["decoded_inside"] and inner["path"].startswith(part["path"])]
    header = re.sub(CONTENT_FIELD, lambda field: b"X-Was:" if b"ransfer" in field[1].lower() else field[0], raw[start : start + length])
    for r in rules:
        header = r[4](part, header) if r[1] == "header" else header
    content = repaired(our_bytes(part["encoding"], raw[body : body + body_length]), inside, [r for r in rules if r[1] != "message"])
    return [(start, number, start + length, header), (body, number, body + body_length, content)]


def repaired(raw, parts, rules):
    """The message with the repairs made."""
    edits = []
    end_of_line = b"\r\n" if b"\r\n" in raw else b"\r" if b"\n" not in raw else b"\n"
    for number, part in enumerate(parts):
        if part["decoded_inside"]:
            continue
        if part["looked_into"] and any(r[0] == "encoded_composite" for r in rules):
            edits += decoded_edits(raw, number, part, parts, rules)
            continue
        start, length, body, body_length = part["offsets"]
        header = changed_header = raw[start : start + length]
        content = changed_content = raw[body : body + body_length] if not part["children"] else b""
        closing = b""
        for _, where, _, _, repair in rules:
            if where == "header":
                changed_header = repair(part, changed_header)
            elif where == "body" and not part["children"]:
                changed_content = repair(part, changed_content)
            elif where == "close":
                closing = repair(part, end_of_line)
        if changed_header != header:
            edits.append((start, number, start + length, changed_header))
        if changed_content != content:
            edits.append((body, number, body + body_length, changed_content))
        if closing:
            edits.append((body + body_length, -number, body + body_length, closing))
    for start, _, end, text in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        raw = raw[:start] + text + raw[end:]
    for _, where, _, _, repair in rules:
        if where == "message":
            raw = repair(raw)
    return raw


def agree(raw, ours, chosen, reader, read, read_ours, line_ends_differ):
    """Does the other reader, given the repaired message, say what we say of the message as it is? With other line ends,
    what we say of that, too. The names of the rules; None: it does not."""
    changed = repaired(raw, ours, chosen)
    names = [r[0] for r in chosen]
    if "line_feeds" in names:
        lf = read_ours(line_feeds(raw))
        if summary(lf) != summary(ours):
            return None
        ours, line_ends_differ = lf, False
    ways = excused(raw, ours, reader, read(changed), line_ends_differ)
    if ways is None:
        return None
    return [r[0] for r in chosen if len(chosen) == 1 or repaired(raw, ours, [other for other in chosen if other is not r]) != changed] + ways


def summary(parts):
    return [(part["path"], part["type"], part["filename"]) for part in parts]


def explain(raw, ours, reader, read, read_ours, line_ends_differ):
    """The names of the rules that together explain the differences; None: they do not."""
    applicable = [r for r in RULES if reader in r[2] and repaired(raw, ours, [r]) != raw]
    inner = [r for r in applicable if r[1] != "message"]
    outer = [r for r in applicable if r[1] == "message"]
    attempts = [[]] + [[r] for r in applicable] + [inner[:n] for n in range(2, len(inner) + 1)]
    attempts += [inner + [r] for r in outer] + [inner + outer]
    # of two repairs of one boundary one is enough
    for given in ("guessed_boundary",), ("guessed_boundary", "no_boundary"):
        rest = [r for r in inner if r[0] not in given]
        attempts += [rest + list(some) for n in (1, 2) for some in itertools.combinations(outer, n)]
    every = [r for r in RULES if reader in r[2] and r[1] != "message"]
    attempts += [every, every + [r for r in RULES if r[0] == "line_feeds"]]
    # a boundary at the end stands right in front of the closing one that a repair adds
    attempts += [every + [r for r in RULES if r[0].startswith("boundary_")], [r for r in RULES if reader in r[2]]]
    for chosen in attempts:
        names = agree(raw, ours, chosen, reader, read, read_ours, line_ends_differ)
        if names is not None:
            return names
    return None


# ---- ways of a reader that no repair can take away ----

READER_WAYS = {
    "gmime_no_body": "GMime gives no part for a message without a body",
    "no_begin_line": "uuencode without a begin line is given raw; the others give nothing, or decode lines that may be none",
    "email_any_message": "email reads every message/* as a message; only rfc822 and global are (RFC 2046 5.2, RFC 6532 3.7)",
    "blanks_at_words": "email puts a blank between an encoded word and the text glued to it, and drops those in front of a missing end quote; GMime keeps tabs",
    "bytes_of_no_charset": "a name with bytes that its charset does not know (U+FFFD each, where the others have \"?\" or nothing), or whose first section, with the charset, is lost (guessed)",
    "email_strips": "email takes the blanks off a name that ends in an encoded blank",
    "damaged_word": "email leaves an encoded word with 8-bit bytes or broken base64 in it as it is, and gives U+FFFD for 8-bit bytes; here they are passed over in the word, and guessed outside",
    "gmime_comment": "GMime takes the parentheses of a name without quotes for a comment",
    "gmime_nul": "GMime ends a field at a NUL",
    "url_digits": "\"-\" and \"_\" are digits of base64 where no \"+\" or \"/\" was in front; GMime passes over them",
    "gmime_half_charset": "GMime gives no name where charset'language' is cut off",
    "email_raises": "email raises TypeError for name*= beside name*0*=",
    "email_multipart_without_parts": "email gives of a multipart without parts its preamble only, and the line end in front of the next boundary with it",
}


def excused(raw, ours, reader, theirs, line_ends_differ):
    """The ways that excuse all differences; None: there are others."""
    ways = set()
    found = differences(ours, theirs, line_ends_differ)
    if found and reader == "gmime" and found[0][0] == "tree":
        ours = [part for part in ours if part["size"] or part["children"] or not is_root(part, ours)]
        found = differences(ours, theirs, line_ends_differ)
        ways.add("gmime_no_body")
    if found and reader == "python" and found[0][0] == "tree":
        leaves = [part["path"] + "." for part in ours if part["type"].startswith("message/") and not part["message"]]
        theirs = without_inner_messages(theirs, leaves)
        found = [one for one in differences(ours, theirs, line_ends_differ) if not (one[0] == "bytes" and one[2]["sha256"] is None)]
        ways.add("email_any_message")
    for what, a, b in found:
        if reader == "python" and what == "name" and b["filename"] == RAISES:
            ways.add("email_raises")
        elif what == "name" and b["filename"] and a["filename"] and squeezed(a) == squeezed(b) and b"=?" in header_of(raw, a):
            ways.add("blanks_at_words")
        elif reader == "python" and what == "name" and b["filename"] and (a["filename"] or "").strip() == b["filename"]:
            ways.add("email_strips")
        elif reader == "python" and what == "name" and ("=?" in (b["filename"] or "") or "\ufffd" in (b["filename"] or "") and re.search(rb"[\x80-\xff]", header_of(raw, a))):
            ways.add("damaged_word")
        elif reader == "gmime" and what == "name" and b["filename"] and b"name=(" in header_of(raw, a) and (a["filename"] or "").endswith(b["filename"]):
            ways.add("gmime_comment")
        elif reader == "gmime" and what == "name" and not b["filename"] and b"\0" in header_of(raw, a):
            ways.add("gmime_nul")
        elif reader == "gmime" and what == "bytes" and first_word(a["encoding"]) == b"base64" and re.search(rb"\A[A-Za-z0-9\s]*[-_]", body_of(raw, a)):
            ways.add("url_digits")
        elif what == "name" and b["filename"] and ("\ufffd" in (a["filename"] or "") or lacks_first_section(header_of(raw, a))):
            ways.add("bytes_of_no_charset")
        elif reader == "gmime" and what == "name" and not b["filename"] and re.search(rb"\*=[^'\r\n;]*'[^'\r\n;]*\Z", header_of(raw, a)):
            ways.add("gmime_half_charset")
        elif what == "bytes" and first_word(a["encoding"]) == b"x-uuencode" and not re.search(rb"(?i)(?:\A|[\r\n])begin [0-9]", body_of(raw, a)):
            ways.add("no_begin_line")
        elif reader == "python" and what == "bytes" and a["type"].startswith("multipart/") and body_of(raw, a).startswith(b["bytes"].rstrip(b"\r\n")):
            ways.add("email_multipart_without_parts")
        else:
            return None
    return sorted(ways)


def without_inner_messages(parts, leaves):
    """The parts without what email found inside of those leaves (their paths, with a dot)."""
    kept, seen = [], set()
    for part in parts:
        leaf = part["path"] + "." in leaves
        if not part["path"].startswith(tuple(leaves)) and not (leaf and part["path"] in seen):
            kept.append(part | ({"sha256": None} if leaf else {}))
        seen.add(part["path"])
    return kept


def lacks_first_section(header):
    fields = re.split(rb"[\r\n]+(?![ \t])", header)
    return any(re.search(rb"name\*[1-9]", field) and not re.search(rb"name\*0", field) for field in fields)


def squeezed(part):
    return re.sub(r"\s+", "", part["filename"])


def is_root(part, parts):
    """Is it the root part of a message, with nothing but that message above?"""
    above = part["path"].rpartition(".")[0]
    return part["path"] == "1" and len(parts) == 1 or any(other["message"] and other["path"] == above for other in parts)


# ---- comparing ----


def header_of(raw, part):
    return raw[part["offsets"][0] : part["offsets"][0] + part["offsets"][1]]


def body_of(raw, part):
    return raw[part["offsets"][2] : part["offsets"][2] + part["offsets"][3]]


def localised(found, ours, raw):
    """The first part at which two trees differ, with its header."""
    what, a, b = found
    if what != "tree":
        return what, a, b, header_of(raw, a), body_of(raw, a)
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    part = ours[min(at, len(ours) - 1)]
    return what, a[at:], b[at:], header_of(raw, part), body_of(raw, part)


def python_reads(raw):
    return python_parts(email.message_from_bytes(raw))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("mime_dump")
    arguments.add_argument("gmime_dump", nargs="?")
    arguments.add_argument("--count", type=int, default=3000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--show", type=int, default=5)
    options = arguments.parse_args()
    ours_of = Dumper(options.mime_dump, "--batch")
    gmime_of = Dumper(options.gmime_dump) if options.gmime_dump else None

    def read_ours(text):
        """Without the files inside of texts, which the others do not look for."""
        parts = [part for part in ours_of(text) if not re.search(r"\.f\d+$", part["path"])]
        for part in parts:
            part["valid_text"] = is_valid_text(part, text)
        return parts

    explained, by_rule, unexplained, compared = collections.Counter(), 0, 0, 0
    for i in range(options.count):
        generated = mime_generator.generate(random.Random(options.seed * 1000003 + i))
        raw = generated.raw
        ours = read_ours(raw)
        for part in ours:
            wanted = None if part["children"] or part["decoded_inside"] else hashlib.sha256(our_bytes(part["encoding"], body_of(raw, part))).hexdigest()
            if not part["same_byte_by_byte"] or wanted not in (None, part["sha256"]):
                unexplained += 1
                if unexplained <= options.show:
                    print("message %d: part %s decodes to other bytes than docs/mime.md says" % (i, part["path"]), part["encoding"], body_of(raw, part)[-200:])
        cr = generated.damage == "cr"
        readers = {"python": python_reads}
        if gmime_of:
            # GMime knows no CR as a line end; it is given LF.
            readers["gmime"] = lambda text: gmime_of(text.replace(b"\r", b"\n") if cr else text)
        if generated.damage == "":
            readers["truth"] = lambda text: truth_parts(generated.truth)
        for reader, read in readers.items():
            compared += len(ours)
            theirs = read(raw)
            found = differences(ours, theirs, cr and reader == "gmime")
            names = explain(raw, ours, reader, read, read_ours, cr and reader == "gmime") if found else []
            if names is not None:
                explained.update(names)
                by_rule += len(found)
                continue
            unexplained += 1
            if unexplained <= options.show:
                for one in found[:2]:
                    what, a, b, header, body = localised(one, ours, raw)
                    report(i, Difference(reader, what, a, b, raw, header, body, generated.damage))
    for name, where, _, reason, _ in RULES:
        print("%6d  %s (%s): %s" % (explained[name], name, where, reason))
    for name, reason in READER_WAYS.items():
        print("%6d  %s: %s" % (explained[name], name, reason))
    print("%d messages, %d parts compared, %d unexplained, %d explained by rule" % (options.count, compared, unexplained, by_rule))
    return 1 if unexplained else 0


@dataclass
class Difference:
    reader: str
    what: str  # tree, bytes, text, name
    ours: object
    theirs: object
    raw: bytes
    header: bytes  # of the part; of a tree, of the first part that differs
    body: bytes
    damage: str


def report(number, d):
    shown = [{key: part.get(key) for key in ("path", "type", "filename", "size", "text")} if isinstance(part, dict) else part[:4] for part in (d.ours, d.theirs)]
    print("message %d (%s): %s differs from %s" % (number, d.damage or "valid", d.what, d.reader))
    print("   ours  ", str(shown[0])[:200])
    print("   theirs", str(shown[1])[:200])
    print("   header", d.header[-300:])
    if d.what == "bytes":
        print("   body  ", d.body[:60], b"...", d.body[-100:])


if __name__ == "__main__":
    sys.exit(main())
