"""Writes TNEF streams (winmail.dat, [MS-OXTNEF]), since nothing in Debian does. Shares nothing with the plugin."""

import struct
import zlib

MESSAGE, ATTACHMENT = 1, 2
ATT_SUBJECT, ATT_BODY, ATT_PROPERTIES, ATT_CODE_PAGE, ATT_VERSION = 0x18004, 0x2800C, 0x69003, 0x69007, 0x89006
ATT_REND, ATT_DATA, ATT_TITLE, ATT_ATTACHMENT = 0x69002, 0x6800F, 0x18010, 0x69005
IID_MESSAGE = bytes.fromhex("0703020000000000C000000000000046")
LONG_NAME, MIME_TAG, METHOD, DATA_OBJECT, DISPLAY_NAME, RTF, HTML = 0x3707, 0x370E, 0x3705, 0x3701, 0x3001, 0x1009, 0x1013


def attribute(level, ident, data):
    return struct.pack("<BII", level, ident, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _padded(data):
    return struct.pack("<I", len(data)) + data + bytes(-len(data) % 4)


def text8(ident, value):
    return struct.pack("<HHI", 0x1E, ident, 1) + _padded(value.encode("latin-1") + b"\0")


def text16(ident, value):
    return struct.pack("<HHI", 0x1F, ident, 1) + _padded(value.encode("utf-16-le") + b"\0\0")


def number(ident, value):
    return struct.pack("<HHI", 3, ident, value)


def binary(ident, value, kind=0x102):
    return struct.pack("<HHI", kind, ident, 1) + _padded(value)


def properties(*entries):
    return struct.pack("<I", len(entries)) + b"".join(entries)


def file(title, data, long_name=None, mime_type=None):
    """The attributes of one attachment, in Outlook's order."""
    entries = [number(METHOD, 1)]
    if long_name:
        entries.append(text16(LONG_NAME, long_name))
    if mime_type:
        entries.append(text8(MIME_TAG, mime_type))
    out = attribute(ATTACHMENT, ATT_REND, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 32, 32, 0))
    out += attribute(ATTACHMENT, ATT_TITLE, title.encode("latin-1") + b"\0") + attribute(ATTACHMENT, ATT_DATA, data)
    return out + attribute(ATTACHMENT, ATT_ATTACHMENT, properties(*entries))


def embedded(name, inner):
    """An attached message; `inner` is a whole stream."""
    out = attribute(ATTACHMENT, ATT_REND, struct.pack("<HIHHI", 2, 0xFFFFFFFF, 32, 32, 0))
    out += attribute(ATTACHMENT, ATT_TITLE, name.encode("latin-1") + b"\0")
    entries = [number(METHOD, 5), text16(DISPLAY_NAME, name), binary(DATA_OBJECT, IID_MESSAGE + inner, kind=0x0D)]
    return out + attribute(ATTACHMENT, ATT_ATTACHMENT, properties(*entries))


def compressed_rtf(rtf):
    """LZFu ([MS-OXRTFCP]) with literals only, and its end mark."""
    out, place = b"", 207
    tokens = [bytes([byte]) for byte in rtf] + [None]
    for start in range(0, len(tokens), 8):
        control, run = 0, b""
        for bit, token in enumerate(tokens[start : start + 8]):
            if token is None:
                control |= 1 << bit
                run += struct.pack(">H", (place % 4096) << 4)
            else:
                run += token
                place += 1
        out += bytes([control]) + run
    checksum = zlib.crc32(out, 0xFFFFFFFF) ^ 0xFFFFFFFF  # the usual polynomial, begun with 0 and not inverted
    return struct.pack("<II4sI", len(out) + 12, len(rtf), b"LZFu", checksum) + out


def stream(*attachments, body=None, subject=None, rtf=None, html=None, code_page=1252):
    out = struct.pack("<IH", 0x223E9F78, 0x1234)
    out += attribute(MESSAGE, ATT_VERSION, struct.pack("<I", 0x10000))
    out += attribute(MESSAGE, ATT_CODE_PAGE, struct.pack("<II", code_page, 0))
    if subject:
        out += attribute(MESSAGE, ATT_SUBJECT, subject.encode(f"cp{code_page}") + b"\0")
    if body:
        out += attribute(MESSAGE, ATT_BODY, body.encode(f"cp{code_page}") + b"\0")
    entries = [binary(RTF, compressed_rtf(rtf))] if rtf else []
    entries += [binary(HTML, html)] if html else []
    if entries:
        out += attribute(MESSAGE, ATT_PROPERTIES, properties(*entries))
    return out + b"".join(attachments)
