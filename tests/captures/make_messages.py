#!/usr/bin/env python3
"""Write the messages that the captures carry: tests/data/eml/*.eml and the attachments they hold.

Every byte is computed here (pictures, archives, documents, texts), so a second run gives the same files.
The messages imitate the *form* that common mail programs give a message - boundary style, header order,
the way a file name is encoded - because that form is what a parser has to survive.

usage: make_messages.py [--check] [OUTDIR]      (default OUTDIR: tests/data)
"""
import base64
import hashlib
import io
import quopri
import struct
import sys
import zipfile
import zlib
from pathlib import Path

CRLF = b"\r\n"


# ---------------------------------------------------------------- attachments

def noise(seed, length):
    """Reproducible bytes that do not compress and hold every byte value."""
    out = b""
    counter = 0
    while len(out) < length:
        out += hashlib.sha256(f"{seed}/{counter}".encode()).digest()
        counter += 1
    return out[:length]


def png(width, height, seed):
    """An RGB picture. zlib level 0, so that the bytes do not depend on the zlib at hand."""
    rows = b""
    tint = noise(seed, 3)
    for y in range(height):
        rows += b"\0" + b"".join(
            bytes(((x * 255 // width) ^ tint[0], (y * 255 // height) ^ tint[1], tint[2])) for x in range(width))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))


def jpeg(width, height, seed):
    """A grey baseline JPEG whose 8x8 blocks hold a DC value only: the smallest encoder that decoders accept."""
    columns, lines = (width + 7) // 8, (height + 7) // 8
    grain = noise(seed, columns * lines)
    bits = []
    previous = 0
    # DC categories 0..11 all get a four-bit code; the only AC symbol is "end of block", code 0.
    for y in range(lines):
        for x in range(columns):
            value = (x * 120 // columns) + (y * 120 // lines) - 120 + (grain[y * columns + x] & 15)
            diff, previous = value - previous, value
            size = abs(diff).bit_length()
            bits.append(format(size, "04b"))
            if size:
                bits.append(format(diff if diff > 0 else diff + (1 << size) - 1, f"0{size}b"))
            bits.append("0")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    scan = bytes(int(stream[i:i + 8], 2) for i in range(0, len(stream), 8)).replace(b"\xff", b"\xff\x00")

    def segment(marker, data):
        return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data

    return (b"\xff\xd8" + segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
            + segment(0xdb, b"\0" + bytes([8] * 64))
            + segment(0xc0, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\0")
            + segment(0xc4, b"\x00" + bytes([0, 0, 0, 12] + [0] * 12) + bytes(range(12)))
            + segment(0xc4, b"\x10" + bytes([1] + [0] * 15) + b"\0")
            + segment(0xda, b"\x01\x01\0\0\x3f\0") + scan + b"\xff\xd9")


def archive(members):
    """A zip with stored members and a fixed date."""
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_STORED) as handle:
        for name, data in members:
            info = zipfile.ZipInfo(name, (2024, 3, 1, 9, 30, 0))
            info.external_attr = 0o644 << 16
            info.create_system = 3
            handle.writestr(info, data)
    return box.getvalue()


def pdf(text):
    """A one-page document with a correct cross-reference table."""
    stream = f"BT /F1 18 Tf 60 740 Td ({text}) Tj ET".encode("ascii")
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
               b" /Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)


def spreadsheet(seed):
    """Enough of an OOXML package to be recognised by its bytes."""
    return archive([
        ("[Content_Types].xml", b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
                                b'content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'),
        ("xl/workbook.xml", b"<workbook>" + seed.encode() + b"</workbook>"),
        ("xl/data.bin", noise(seed, 2500))])


FILES = {
    "minutes.pdf": pdf("Minutes of the skynet.local staff meeting"),
    "invoice.pdf": pdf("Invoice 2024-0117, total 1 250,00"),
    "agenda.pdf": pdf("Agenda"),
    "insert-pic.jpg": jpeg(480, 320, "insert"),
    "photo.jpg": jpeg(1200, 900, "photo"),
    "small.jpg": jpeg(160, 120, "small"),
    "test.zip": archive([("readme.txt", b"Two files for the Foxmail test.\r\n"), ("noise.bin", noise("zip", 9000))]),
    "budget.xlsx": spreadsheet("budget"),
    "plan.xlsx": spreadsheet("plan"),
    "logo.png": png(32, 24, "logo"),
    "diagram.png": png(48, 40, "diagram"),
    "keys.bin": noise("keys", 1111),
    "empty.dat": b"",
    # A patch is text whose leading dots and bare-dot lines would end the mail if nobody stuffed them.
    "fix.patch": (b"--- a/.gitignore\n+++ b/.gitignore\n@@ -1,3 +1,6 @@\n.build\n..\n.\n+.cache/\n+...\n"
                  b"From the start of the line\n.\n"),
    "notes.csv": "name;city\r\nJürgen;Köln\r\nÅsa;Malmö\r\n".encode("iso-8859-1"),
}


# ---------------------------------------------------------------- pieces of messages

def text_lines(text, charset):
    """Text with CRLF line ends in a charset."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode(charset)


def b64(data, width=76):
    encoded = base64.b64encode(data)
    return b"".join(encoded[i:i + width] + CRLF for i in range(0, len(encoded), width))


def qp(data):
    """Quoted-printable for text that already has CRLF line ends."""
    return quopri.encodestring(data.replace(CRLF, b"\n")).replace(b"\n", CRLF)


def qp_all(data, width=74):
    """Quoted-printable in Foxmail's manner: line ends are coded as =0A, lines are cut at a fixed width."""
    out, line = [], b""
    for byte in data:
        token = bytes([byte]) if 32 <= byte < 127 and byte != 61 else b"=%02X" % byte
        if len(line) + len(token) > width:
            out.append(line + b"=")
            line = b""
        line += token
        if byte == 10:
            out.append(line + b"=")
            line = b""
    out.append(line)
    return CRLF.join(out) + CRLF


def word(text, charset, kind="B", label=None):
    """One RFC 2047 encoded word."""
    raw = text.encode(charset)
    if kind == "B":
        body = base64.b64encode(raw).decode()
    else:
        body = "".join(chr(c) if chr(c).isalnum() and c < 128 else "_" if c == 32 else f"={c:02X}" for c in raw)
    return f"=?{label or charset}?{kind}?{body}?="


def percent(text, charset="utf-8"):
    """RFC 2231 extended value, without charset and language."""
    return "".join(chr(c) if c < 128 and (chr(c).isalnum() or c in b"-._") else f"%{c:02X}" for c in text.encode(charset))


def part(headers, body):
    """Header lines (a list of str) and a body (bytes that end in CRLF, or not)."""
    return "\r\n".join(headers).encode("utf-8") + CRLF + CRLF + body


def multipart(boundary, parts, preamble=b"", epilogue=b""):
    mark = b"--" + boundary.encode()
    out = preamble
    for one in parts:
        out += mark + CRLF + one + (b"" if one.endswith(CRLF) else CRLF)
    return out + mark + b"--" + CRLF + epilogue


# ---------------------------------------------------------------- the messages

def hops():
    """What Thunderbird writes for a mail with one attachment."""
    boundary = "------------6kT0aVhQmW1ZrPq3cLx8Nf2B"
    body = multipart(boundary, [
        part(["Content-Type: text/plain; charset=UTF-8; format=flowed", "Content-Transfer-Encoding: 7bit"],
             text_lines("Hello Chris,\n\nhere are the minutes of our meeting. Please read them before you come over \n"
                        "to cyberdyne on Monday; point 3 is yours.\n\n-- \nChris S.\nskynet.local\n", "ascii")),
        part(['Content-Type: application/pdf; name="minutes.pdf"', 'Content-Disposition: attachment; filename="minutes.pdf"',
              "Content-Transfer-Encoding: base64"], b64(FILES["minutes.pdf"], 72) + CRLF),
        part(['Content-Type: image/jpeg; name="whiteboard.jpg"', 'Content-Disposition: attachment; filename="whiteboard.jpg"',
              "Content-Transfer-Encoding: base64"], b64(FILES["insert-pic.jpg"], 72) + CRLF),
    ], b"This is a multi-part message in MIME format." + CRLF)
    return part([f'Content-Type: multipart/mixed; boundary="{boundary}"',
                 "Message-ID: <5e1c2a34-90d7-4b0e-8f6a-3d1b7c5f0a21@skynet.local>",
                 "Date: Fri, 1 Mar 2024 10:15:00 +0100", "MIME-Version: 1.0", "User-Agent: Mozilla Thunderbird",
                 "Content-Language: en-US", "To: Chris Sanders <sanders@cyberdyne.local>",
                 "From: Chris Sanders <sanders@skynet.local>", "Subject: Minutes of the meeting"], body)


def foxmail():
    """The structure that Foxmail 7 gives a mail: mixed > related > alternative, GB2312."""
    outer, middle, inner = ("----=_001_NextPart166634325136_=----", "----=_002_NextPart418455856474_=----",
                            "----=_003_NextPart021017628760_=----")
    cid = "_Foxmail.1@0d3f2a71-5b0e-44c1-9a57-7e0c1f2b3a4d"
    html = ("<html><head><meta http-equiv=\"content-type\" content=\"text/html; charset=GB2312\"><style>body { line-height: "
            "1.5; }body { font-size: 10.5pt; color: rgb(0, 0, 0); }</style></head><body>\n<div><span></span>下午三点在二号"
            f"会议室开会，请带上图纸。</div>\n<div><img src=\"cid:{cid}\" border=\"0\"></div>\n<hr color=\"#b5c4df\" "
            "size=\"1\" align=\"left\">\n<div><span>wang@skynet.local</span></div>\n</body></html>")
    alternative = multipart(inner, [
        part(["Content-Type: text/plain;", '\tcharset="GB2312"', "Content-Transfer-Encoding: base64"],
             b64(text_lines("\n下午三点在二号会议室开会，请带上图纸。\n\n\nwang@skynet.local\n", "gb2312")) + CRLF),
        part(["Content-Type: text/html;", '\tcharset="GB2312"', "Content-Transfer-Encoding: quoted-printable"],
             qp_all(html.encode("gb2312")))])
    related = multipart(middle, [
        part(["Content-Type: multipart/alternative;", f'\tboundary="{inner}"', ""], alternative + CRLF),
        part(["Content-Type: image/jpeg;", '\tname="InsertPic_5C7E.jpg"', "Content-Transfer-Encoding: base64",
              f"Content-ID: <{cid}>"], b64(FILES["insert-pic.jpg"]) + CRLF)])
    mixed = multipart(outer, [
        part(["Content-Type: multipart/related;", f'\tboundary="{middle}"', ""], related + CRLF),
        part(["Content-Type: application/octet-stream;", '\tname="test.zip"', "Content-Transfer-Encoding: base64",
              "Content-Disposition: attachment;", '\tfilename="test.zip"'], b64(FILES["test.zip"]) + CRLF),
        part(["Content-Type: application/octet-stream;", '\tname="' + word("照片.jpg", "gb2312", label="GB2312") + '"',
              "Content-Transfer-Encoding: base64", "Content-Disposition: attachment;",
              '\tfilename="' + word("照片.jpg", "gb2312", label="GB2312") + '"'], b64(FILES["photo.jpg"]) + CRLF),
    ], b"This is a multi-part message in MIME format." + CRLF + CRLF)
    return part(["Date: Fri, 1 Mar 2024 17:20:31 +0800", 'From: "wang@skynet.local" <wang@skynet.local>',
                 "To: li <li@cyberdyne.local>", "Subject: " + word("会议通知，请带图纸", "gb2312", label="GB2312"),
                 "X-Priority: 3", "X-Has-Attach: yes", "X-Mailer: Foxmail 7.2.13.365[cn]", "Mime-Version: 1.0",
                 "Message-ID: <202403011720312345671@skynet.local>", "Content-Type: multipart/mixed;",
                 f'\tboundary="{outer}"'], mixed + CRLF)


def thunderbird_2231():
    """A long non-ASCII file name as Thunderbird cuts it (RFC 2231 continuations) beside its RFC 2047 form."""
    boundary = "------------Zq4xVd0pR7uYb2Lw9KtMc1Ae"
    name = "Übersicht der Messwerte für März und die ganze Straße nach Köln.xlsx"
    pieces = percent(name)
    cuts, start = [], 0
    while start < len(pieces):
        end = min(start + 60, len(pieces))
        while end < len(pieces) and "%" in pieces[end - 2:end]:
            end -= 1                      # never cut inside %XX
        cuts.append(pieces[start:end])
        start = end
    disposition = ["Content-Disposition: attachment;"] + [
        f" filename*{i}*={'UTF-8' + chr(39) * 2 if i == 0 else ''}{cut}" + (";" if i < len(cuts) - 1 else "")
        for i, cut in enumerate(cuts)]
    body = multipart(boundary, [
        part(["Content-Type: text/plain; charset=UTF-8; format=flowed", "Content-Transfer-Encoding: 8bit"],
             text_lines("Grüß Gott,\n\n> schick mir bitte die Messwerte \n> vom März\n\nanbei die Tabelle; die Spalten "
                        "sind wie im \nletzten Jahr.\n\nViele Grüße\nJürgen\n", "utf-8")),
        part(["Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet;",
              ' name="' + word(name[:27], "utf-8", label="UTF-8"), " " + word(name[27:], "utf-8", label="UTF-8") + '"']
             + disposition + ["Content-Transfer-Encoding: base64"], b64(FILES["budget.xlsx"], 72) + CRLF),
    ], b"This is a multi-part message in MIME format." + CRLF)
    # The second word starts in the middle of the two bytes of "ä": readers have to join the words first.
    raw = "Messwerte für März und Köln".encode("utf-8")
    cut = raw.index("ä".encode()) + 1
    subject = [f"=?UTF-8?B?{base64.b64encode(p).decode()}?=" for p in (raw[:cut], raw[cut:])]
    return part([f'Content-Type: multipart/mixed; boundary="{boundary}"',
                 "Message-ID: <0b6c9d11-7c4f-4f0f-9a80-c2de1f3b5577@skynet.local>",
                 "Date: Sat, 2 Mar 2024 08:01:12 +0100", "MIME-Version: 1.0", "User-Agent: Mozilla Thunderbird",
                 "From: " + word("Jürgen Müller", "utf-8", "Q", "UTF-8") + " <juergen@skynet.local>",
                 "To: sanders@cyberdyne.local", f"Subject: {subject[0]}", f" {subject[1]}"], body)


def outlook():
    """Outlook over SMTP: NextPart boundaries, thread headers, charset windows-1251, names in RFC 2047."""
    outer, inner = "----=_NextPart_000_0005_01DA6C53.7A1B2C30", "----=_NextPart_001_0006_01DA6C53.7A1B2C30"
    plain = "Добрый день!\n\nСчёт во вложении. Срок оплаты - до 15 марта.\n\nС уважением,\nОльга\n"
    html = ('<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><META HTTP-EQUIV="Content-Type" CONTENT='
            '"text/html; charset=windows-1251"></head><body lang=RU><p class=MsoNormal>Добрый день!<o:p></o:p></p>\n'
            "<p class=MsoNormal>Счёт во вложении. Срок оплаты - до 15 марта.<o:p></o:p></p></body></html>\n")
    first, second = "Счёт на оплату за ", "февраль 2024.pdf"
    body = multipart(outer, [
        part(["Content-Type: multipart/alternative;", f'\tboundary="{inner}"', ""], multipart(inner, [
            part(["Content-Type: text/plain;", '\tcharset="windows-1251"', "Content-Transfer-Encoding: quoted-printable"],
                 qp(text_lines(plain, "cp1251"))),
            part(["Content-Type: text/html;", '\tcharset="windows-1251"', "Content-Transfer-Encoding: quoted-printable"],
                 qp(text_lines(html, "cp1251")))]) + CRLF),
        part(["Content-Type: application/pdf;", '\tname="' + word(first, "cp1251", label="windows-1251"),
              "\t" + word(second, "cp1251", label="windows-1251") + '"', "Content-Transfer-Encoding: base64",
              "Content-Disposition: attachment;", '\tfilename="' + word(first, "cp1251", label="windows-1251"),
              "\t" + word(second, "cp1251", label="windows-1251") + '"'], b64(FILES["invoice.pdf"]) + CRLF),
    ], b"This is a multipart message in MIME format." + CRLF + CRLF)
    return part(["From: " + word("Ольга Петрова", "cp1251", label="windows-1251") + " <olga@skynet.local>",
                 'To: "\'Chris Sanders\'" <sanders@cyberdyne.local>', "Cc: <li@cyberdyne.local>",
                 "Subject: " + word("Счёт за февраль", "cp1251", label="windows-1251"),
                 "Date: Sat, 2 Mar 2024 11:42:07 +0300", "Message-ID: <000401da6c7b$5f1e2d30$1d5a8790$@skynet.local>",
                 "MIME-Version: 1.0", "Content-Type: multipart/mixed;", f'\tboundary="{outer}"',
                 "X-Mailer: Microsoft Outlook 16.0", "Thread-Index: AdpsU3oWq8mXQm5cT0mRk1m6w4Zb3A==",
                 "Content-Language: ru"], body)


def apple():
    """Apple Mail: pictures and documents inline, name in RFC 2231 without continuations, nested mixed in alternative."""
    outer, inner = "Apple-Mail=_3F2B8C1D-9A4E-4D7C-8B21-6E5F0A1C2D3B", "Apple-Mail=_A81C6F02-55D3-4E9B-9C3F-0D7E2B4A6C18"
    html = ('<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-'
            'wrap: break-word;">Voilà le schéma…<br><br><div></div></body></html>\n')
    name = "Schéma général.png"
    body = multipart(outer, [
        part(["Content-Transfer-Encoding: quoted-printable", "Content-Type: text/plain;", "\tcharset=utf-8"],
             qp(text_lines("Voilà le schéma…\n\n", "utf-8"))),
        part(["Content-Type: multipart/mixed;", f'\tboundary="{inner}"', ""], multipart(inner, [
            part(["Content-Transfer-Encoding: quoted-printable", "Content-Type: text/html;", "\tcharset=utf-8"],
                 qp(text_lines(html, "utf-8"))),
            part(["Content-Disposition: inline;", f"\tfilename*=utf-8''{percent(name)}", "Content-Type: image/png;",
                  "\tx-unix-mode=0644;", '\tname="' + word(name, "utf-8", "Q") + '"', "Content-Transfer-Encoding: base64"],
                 b64(FILES["diagram.png"])),
            part(["Content-Transfer-Encoding: 7bit", "Content-Type: text/html;", "\tcharset=us-ascii"],
                 b"<html><body><br></body></html>" + CRLF),
            part(["Content-Disposition: attachment;", "\tfilename=agenda.pdf", "Content-Type: application/pdf;",
                  "\tx-unix-hidden-extension=yes;", '\tx-unix-mode=0644;', '\tname="agenda.pdf"',
                  "Content-Transfer-Encoding: base64"], b64(FILES["agenda.pdf"])),
        ]) + CRLF)])
    return part(["From: Amélie <amelie@skynet.local>".replace("Amélie", word("Amélie", "utf-8", "Q")),
                 "Content-Type: multipart/alternative;", f'\tboundary="{outer}"',
                 "Mime-Version: 1.0 (Mac OS X Mail 16.0 \\(3774.400.31\\))",
                 "Subject: " + word("Schéma général", "utf-8", "Q"),
                 "Message-Id: <7C1E5A90-2B3D-4F6A-8E17-9D0C4B5A6F21@skynet.local>",
                 "Date: Sat, 2 Mar 2024 12:00:00 +0100", "To: Chris Sanders <sanders@cyberdyne.local>",
                 "X-Mailer: Apple Mail (2.3774.400.31)"], body)


def gmail():
    """Gmail: hexadecimal boundaries, related picture, X-Attachment-Id; an attachment of zero bytes."""
    mixed, related, alternative = "0000000000004b1c8d0612f3a7e5", "0000000000004b1c8c0612f3a7e4", "0000000000004b1c8a0612f3a7e3"
    name = "日程表 2024.zip"
    body = multipart(mixed, [
        part([f'Content-Type: multipart/related; boundary="{related}"'], multipart(related, [
            part([f'Content-Type: multipart/alternative; boundary="{alternative}"'], multipart(alternative, [
                part(['Content-Type: text/plain; charset="UTF-8"', "Content-Transfer-Encoding: base64"],
                     b64(text_lines("こんにちは、\n\n日程表を送ります。\n[image: logo.png]\n", "utf-8"))),
                part(['Content-Type: text/html; charset="UTF-8"', "Content-Transfer-Encoding: base64"],
                     b64(text_lines('<div dir="ltr">こんにちは、<div><br></div><div>日程表を送ります。</div><div><img src="cid:'
                                    'ii_lt8u3q0x0" alt="logo.png" width="32" height="24"></div></div>\n', "utf-8")))]) + CRLF),
            part(['Content-Type: image/png; name="logo.png"', 'Content-Disposition: inline; filename="logo.png"',
                  "Content-Transfer-Encoding: base64", "Content-ID: <ii_lt8u3q0x0>", "X-Attachment-Id: ii_lt8u3q0x0"],
                 b64(FILES["logo.png"]))]) + CRLF),
        part(['Content-Type: application/zip; name="' + word(name, "utf-8", label="UTF-8") + '"',
              'Content-Disposition: attachment; filename="' + word(name, "utf-8", label="UTF-8") + '"',
              "Content-Transfer-Encoding: base64", "Content-ID: <f_lt8u4c2k1>", "X-Attachment-Id: f_lt8u4c2k1"],
             b64(archive([("plan.txt", noise("plan", 1800))]))),
        part(['Content-Type: application/octet-stream; name="empty.dat"',
              'Content-Disposition: attachment; filename="empty.dat"', "Content-Transfer-Encoding: base64",
              "X-Attachment-Id: f_lt8u4c2k2"], b"")])
    return part(["MIME-Version: 1.0", "Date: Sat, 2 Mar 2024 21:14:55 +0900",
                 "Message-ID: <CAF4kX9mT2bQ7e=Lr8vWJ0yZ3cNdPqHs5uGxKtA1oBiEw6RfDgQ@mail.skynet.local>",
                 "Subject: " + word("日程表", "utf-8", label="UTF-8"),
                 "From: " + word("佐藤", "utf-8", label="UTF-8") + " <sato@skynet.local>", "To: sanders@cyberdyne.local",
                 f'Content-Type: multipart/mixed; boundary="{mixed}"'], body)


def mutt():
    """mutt: ISO-2022-JP text, a patch full of dots, a forwarded mail that has an attachment of its own."""
    boundary, nested = "FCuugMFkClbJLl1L", "k1lZvvs/B4yU6o8G"
    forwarded = part(["Date: Thu, 29 Feb 2024 18:00:00 +0100", "From: amelie@skynet.local", "To: sato@skynet.local",
                      "Subject: Keys", "Message-ID: <20240229170000.GB2042@skynet.local>", "MIME-Version: 1.0",
                      f'Content-Type: multipart/mixed; boundary="{nested}"', "Content-Disposition: inline"],
                     multipart(nested, [
                         part(["Content-Type: text/plain; charset=iso-8859-1", "Content-Disposition: inline",
                               "Content-Transfer-Encoding: 8bit"], text_lines("Voilà les clés.\n", "iso-8859-1")),
                         part(["Content-Type: application/octet-stream", "Content-Disposition: attachment; "
                               'filename="keys.bin"', "Content-Transfer-Encoding: base64"],
                              b64(FILES["keys.bin"], 72))]))
    body = multipart(boundary, [
        part(["Content-Type: text/plain; charset=iso-2022-jp", "Content-Disposition: inline",
              "Content-Transfer-Encoding: 7bit"],
             text_lines("パッチと転送メールを添付します。\n\n.dotted line\n.\n..\nend\n\n--\n佐藤\n", "iso-2022-jp")),
        part(["Content-Type: text/x-diff; charset=us-ascii", 'Content-Disposition: attachment; filename="fix.patch"'],
             FILES["fix.patch"].replace(b"\n", CRLF) + CRLF),
        part(["Content-Type: message/rfc822", "Content-Disposition: attachment; filename=\"keys.eml\""], forwarded + CRLF)])
    return part(["Date: Sun, 3 Mar 2024 09:00:00 +0900", "From: " + word("佐藤", "iso-2022-jp", label="iso-2022-jp")
                 + " <sato@skynet.local>", "To: sanders@cyberdyne.local",
                 "Subject: " + word("パッチ", "iso-2022-jp", label="iso-2022-jp"),
                 "Message-ID: <20240303000000.GA2718@skynet.local>", "MIME-Version: 1.0",
                 f'Content-Type: multipart/mixed; boundary="{boundary}"', "Content-Disposition: inline",
                 "User-Agent: Mutt/2.2.9 (2022-11-12)"], body)


def python_lib():
    """The form of Python's email package, with a text attachment in Latin-1, 8bit."""
    boundary = "===============7298464012345678901=="
    body = multipart(boundary, [
        part(['Content-Type: text/plain; charset="utf-8"', "Content-Transfer-Encoding: 7bit"],
             b"The list is attached." + CRLF),
        part(['Content-Type: text/csv; charset="iso-8859-1"', "Content-Transfer-Encoding: 8bit",
              "Content-Disposition: attachment; filename*=utf-8''St%C3%A4dte.csv", "MIME-Version: 1.0"],
             FILES["notes.csv"]),
        part(["Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
              "Content-Transfer-Encoding: base64", 'Content-Disposition: attachment; filename="plan.xlsx"',
              "MIME-Version: 1.0"], b64(FILES["plan.xlsx"]))])
    return part(["From: robot@skynet.local", "To: sanders@cyberdyne.local, li@cyberdyne.local",
                 "Subject: nightly list", "Date: Mon, 04 Mar 2024 02:00:00 +0000",
                 "Message-ID: <170951760000.4242.1234567890123456789@skynet.local>", "MIME-Version: 1.0",
                 f'Content-Type: multipart/mixed; boundary="{boundary}"'], body)


def plain(name, subject, text, charset="us-ascii", label=None, encoding="7bit", kind="B", to="sanders@cyberdyne.local"):
    """A mail of one text part."""
    raw = text_lines(text, charset)
    body = {"7bit": raw, "8bit": raw, "base64": b64(raw), "quoted-printable": qp(raw)}[encoding]
    title = subject if subject.isascii() else word(subject, charset, kind, label)
    return part([f"From: {name}@skynet.local", f"To: {to}", f"Subject: {title}", "Date: Mon, 04 Mar 2024 10:00:00 +0000",
                 f"Message-ID: <{name}.1709546400@skynet.local>", "MIME-Version: 1.0",
                 f"Content-Type: text/plain; charset={label or charset}", f"Content-Transfer-Encoding: {encoding}"], body)


def with_file(name, subject, text, charset, label, filename, data, kind="B"):
    """A mail of a text in 8bit and a file whose name is an encoded word in the same charset."""
    boundary = f"=_{name}_{hashlib.md5(name.encode()).hexdigest()[:16]}"
    title = word(filename, charset, kind, label)
    body = multipart(boundary, [
        part([f"Content-Type: text/plain; charset={label}", "Content-Transfer-Encoding: 8bit"], text_lines(text, charset)),
        part([f'Content-Type: application/octet-stream; name="{title}"', "Content-Transfer-Encoding: base64",
              f'Content-Disposition: attachment; filename="{title}"'], b64(data))])
    return part([f"From: {name}@skynet.local", "To: sanders@cyberdyne.local", "Subject: " + word(subject, charset, kind, label),
                 "Date: Mon, 04 Mar 2024 11:00:00 +0000", f"Message-ID: <{name}.1709550000@skynet.local>",
                 "MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{boundary}"'], body)


def digest():
    """multipart/digest: parts without a Content-Type are messages; they have no file name, so they are not attachments."""
    entries = [b"Content-Type: message/rfc822" + CRLF * 2 if i == 0 else CRLF for i in range(2)]
    parts = [entries[i] + part([f"From: list{i}@skynet.local", f"Subject: Entry {i + 1}",
                                "Date: Mon, 04 Mar 2024 12:00:00 +0000"], f"Text of entry {i + 1}.\r\n".encode())
             for i in range(2)]
    return part(["From: digest@skynet.local", "To: sanders@cyberdyne.local", "Subject: Digest 17",
                 "Date: Mon, 04 Mar 2024 12:30:00 +0000", "Message-ID: <digest.17@skynet.local>", "MIME-Version: 1.0",
                 'Content-Type: multipart/digest; boundary="=-digest"'], multipart("=-digest", parts))


def dots():
    """Lines that begin with dots everywhere: the text, an attachment in 7bit, even the last line is a dot."""
    text = ".\n..\n...\n.hidden\n..two\n\n.\n" + "x" * 200 + "\n. \n.\t\nlast but one\n."
    return part(["From: dots@skynet.local", "To: sanders@cyberdyne.local", "Subject: .dots.",
                 "Date: Tue, 05 Mar 2024 08:00:00 +0000", "Message-ID: <dots.1@skynet.local>", "MIME-Version: 1.0",
                 'Content-Type: multipart/mixed; boundary="..dot.."'], multipart("..dot..", [
                     part(["Content-Type: text/plain; charset=us-ascii"], text_lines(text, "ascii")),
                     part(["Content-Type: application/x-dotted", 'Content-Disposition: attachment; filename=".profile"',
                           "Content-Transfer-Encoding: 7bit"], b".\r\n..\r\n. a\r\n.b\r\n.\r\n")], b".\r\n", b".\r\n.."))


def smtputf8():
    """RFC 6532: raw UTF-8 in addresses, subject and file name."""
    return part(["From: Jürgen <jürgen@skynet.local>", "To: Ελένη <ελένη@cyberdyne.local>",
                 "Subject: Καλημέρα – raw UTF-8", "Date: Tue, 05 Mar 2024 09:00:00 +0000",
                 "Message-ID: <utf8.1@skynet.local>", "MIME-Version: 1.0",
                 'Content-Type: multipart/mixed; boundary="=-utf8"'], multipart("=-utf8", [
                     part(["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"],
                          text_lines("Καλημέρα κόσμε\n", "utf-8")),
                     part(['Content-Type: application/octet-stream; name="πρόγραμμα.bin"', "Content-Transfer-Encoding: base64",
                           'Content-Disposition: attachment; filename="πρόγραμμα.bin"'], b64(noise("utf8", 300)))]))


def bdat():
    """For CHUNKING: two attachments, and no line end after the last byte."""
    boundary = "bdat-7f3a"
    message = part(["From: chunk@skynet.local", "To: sanders@cyberdyne.local", "Subject: sent in chunks",
                    "Date: Tue, 05 Mar 2024 10:00:00 +0000", "Message-ID: <bdat.1@skynet.local>", "MIME-Version: 1.0",
                    f'Content-Type: multipart/mixed; boundary="{boundary}"'], multipart(boundary, [
                        part(["Content-Type: text/plain"], b".a line with a dot that BDAT leaves alone\r\n.\r\nend\r\n"),
                        part(['Content-Type: image/jpeg; name="small.jpg"', "Content-Transfer-Encoding: base64"],
                             b64(FILES["small.jpg"])),
                        part(['Content-Type: application/octet-stream', 'Content-Disposition: attachment; filename="keys.bin"',
                              "Content-Transfer-Encoding: base64"], b64(FILES["keys.bin"]))]))
    return message[:-2]


def to_list():
    """To a mailing list: a text with a line of blanks and empty lines at its end, which DKIM's canonicalisations treat differently."""
    return part(["From: Chris Sanders <sanders@skynet.local>", "To: team@lists.cyberdyne.local", "Subject: Lunch on Friday",
                 "Date: Fri, 08 Mar 2024 09:00:00 +0100", "Message-ID: <list.1@skynet.local>", "MIME-Version: 1.0",
                 "Content-Type: text/plain; charset=us-ascii"], b"Lunch  on Friday?\r\n \r\nChris \r\n\r\n\r\n")


MESSAGES = {
    "hops-thunderbird": hops(),
    "foxmail-gb2312": foxmail(),
    "five-1-thunderbird": thunderbird_2231(),
    "five-2-outlook": outlook(),
    "five-3-apple": apple(),
    "five-4-gmail": gmail(),
    "five-5-mutt": mutt(),
    "python": python_lib(),
    "box-ascii": plain("anna", "Lunch", "Lunch at noon?\n.\n\nAnna\n"),
    "box-big5": with_file("chen", "報表", "您好，\n\n附件是三月的報表。\n\n陳\n", "big5", "Big5", "三月報表.xlsx", FILES["plan.xlsx"]),
    "box-shiftjis": with_file("yamada", "見積書の件", "お世話になっております。\n見積書をお送りします。\n能登表示ソフト\n",
                              "shift_jis", "Shift_JIS", "見積書.pdf", FILES["invoice.pdf"]),
    "box-euckr": with_file("kim", "회의록", "안녕하세요.\n회의록을 보냅니다.\n", "euc_kr", "EUC-KR", "회의록.pdf",
                           FILES["minutes.pdf"]),
    "box-koi8r": plain("ivan", "Привет из Томска", "Привет!\n\nЗавтра в десять.\n\nИван\n", "koi8-r", "koi8-r",
                       "quoted-printable", "Q"),
    "box-latin1-8bit": plain("asa", "Blåbär", "Hej,\n\nblåbären är mogna. Äntligen!\n\n/Åsa\n", "iso-8859-1", "iso-8859-1",
                             "8bit", "Q"),
    "box-digest": digest(),
    "dots": dots(),
    "smtputf8": smtputf8(),
    "bdat-no-final-newline": bdat(),
    "typed": b"Subject: typed by hand\r\nFrom: student@skynet.local\r\n\r\nThis is a test.\r\n..two dots\r\n",
    "list": to_list(),
    "short": plain("probe", "ping", "ping\n"),
}


def main(argv):
    check = "--check" in argv
    rest = [a for a in argv if not a.startswith("--")]
    root = Path(rest[0]) if rest else Path(__file__).resolve().parent.parent / "data"
    wanted = {root / "eml" / f"{name}.eml": data for name, data in MESSAGES.items()}
    wanted.update({root / "files" / name: data for name, data in FILES.items()})
    bad = 0
    for path, data in wanted.items():
        if check:
            if not path.is_file() or path.read_bytes() != data:
                print(f"differs: {path}")
                bad = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
