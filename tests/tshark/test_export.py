"""Export Objects where names are many, equal, missing or hostile."""

import base64
import hashlib

import pytest

MANY = 1500


def mail(parts, boundary=b"b1"):
    lines = [
        b"From: ann@example.org",
        b"To: bob@example.net",
        b"Subject: files",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="' + boundary + b'"',
        b"",
    ]
    for header, data in parts:
        lines += [b"--" + boundary, header, b"Content-Transfer-Encoding: base64", b"", base64.b64encode(data)]
    lines += [b"--" + boundary + b"--", b".", b""]
    return b"\r\n".join(lines)


def delivery(*mails):
    transcript = [("S", b"220 mx.example.org ESMTP\r\n"), ("C", b"HELO c\r\n"), ("S", b"250 mx\r\n")]
    for content in mails:
        transcript += [
            ("C", b"MAIL FROM:<ann@example.org>\r\n"),
            ("S", b"250 Ok\r\n"),
            ("C", b"RCPT TO:<bob@example.net>\r\n"),
            ("S", b"250 Ok\r\n"),
            ("C", b"DATA\r\n"),
            ("S", b"354 Go\r\n"),
            ("C", content),
            ("S", b"250 Ok\r\n"),
        ]
    return transcript + [("C", b"QUIT\r\n"), ("S", b"221 Bye\r\n")]


def attached(name, kind=b"image/png"):
    return b"Content-Type: " + kind + b'\r\nContent-Disposition: attachment; filename="' + name + b'"'


def contents(folder):
    return sorted(path.read_bytes() for path in folder.iterdir())


def test_many_attachments_of_one_name(tshark, session_capture):
    """More than Wireshark has patience for: from 1,000 equal names on it overwrites files."""
    wanted = [b"picture %d" % number for number in range(MANY)]
    mails = [mail([(attached(b"image001.png"), data) for data in wanted[at : at + 100]]) for at in range(0, MANY, 100)]
    folder = tshark.export("mail-attachments", session_capture(delivery(*mails)))
    assert contents(folder) == sorted(wanted)
    assert all(path.suffix == ".png" for path in folder.iterdir())


def test_many_messages_of_one_subject(tshark, session_capture):
    wanted = [mail([(b"Content-Type: text/plain", b"text %d" % number)]) for number in range(1100)]
    folder = tshark.export("mail-messages", session_capture(delivery(*wanted)))
    assert contents(folder) == sorted(content.removesuffix(b".\r\n") for content in wanted)


@pytest.mark.parametrize("asked,complete", [(9, "0"), (10, "0"), (11, "1"), (99999999, "1")])
def test_what_top_leaves_out_is_missing(tshark, session_capture, two_pass, asked, complete):
    """POP3's TOP gives as many lines of the body as were asked for: less than that is all there are (fetchmail asks for 99999999)."""
    header, body = b"Subject: s\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n", b"QUJDREVG\r\n" * 10
    lines = b"".join(body.splitlines(keepends=True)[:asked])
    session = [("S", b"+OK\r\n"), ("C", b"TOP 1 %d\r\n" % asked), ("S", b"+OK\r\n" + header + lines + b".\r\n"), ("C", b"QUIT\r\n"), ("S", b"+OK\r\n")]
    path = session_capture(session, server_port=110)
    names = [f"mailxtra.{name}" for name in ("message.complete", "attachment.complete", "attachment.size", "expert.message_cut")]
    [found] = tshark.fields(path, "mailxtra.message", *names, two_pass=two_pass)
    assert [[str(int(value in ("1", "True"))) for value in cell] for cell in found[:2]] == [["1"], [complete]]
    assert found[2:] == [[str(6 * lines.count(b"\n"))], []]
    assert contents(tshark.export("mail-messages", path)) == [header + lines]


def test_hostile_names_stay_in_the_folder(tshark, session_capture):
    names = [
        b"../../etc/passwd",
        b"..\\\\..\\\\boot.ini",
        b"/etc/shadow",
        b".bashrc",
        b"..",
        b".",
        b"",
        b"nul",
        b"COM1.txt",
        b"a:b*c?d<e>f|g.txt",
        b"tab\there.txt",
        b"x" * 300 + b".txt",
        b"space at the end ",
        b"dot at the end.",
        b"=?utf-8?B?Li4vLi4vZXRjL3Bhc3N3ZA==?=",
        "日本語".encode() * 60 + b".txt",
    ]
    wanted = [b"file %d" % number for number in range(len(names))]
    parts = [(attached(name, b"text/plain"), data) for name, data in zip(names, wanted)]
    folder = tshark.export("mail-attachments", session_capture(delivery(mail(parts))))
    assert contents(folder) == sorted(wanted)
    for path in folder.iterdir():
        name = path.name
        assert not name.startswith(".") and not name.endswith((" ", ".")) and len(name.encode()) <= 255
        assert not set(name) & set('\\/:*?"<>|') and name.isprintable()
        assert name.split(".")[0].upper() not in ("NUL", "COM1")


def test_attachments_without_a_name_get_an_extension(tshark, session_capture):
    parts = [(b"Content-Type: " + kind, b"data of " + kind) for kind in (b"image/png", b"application/pdf", b"image/jpeg")]
    folder = tshark.export("mail-attachments", session_capture(delivery(mail(parts))))
    assert sorted(path.suffix for path in folder.iterdir()) in ([".jpeg", ".pdf", ".png"], [".jpg", ".pdf", ".png"])


def test_text_bodies_only_on_demand(tshark, session_capture):
    capture = session_capture(delivery(mail([(b"Content-Type: text/plain", b"Hello\r\n"), (attached(b"a.png"), b"png")])))
    assert contents(tshark.export("mail-attachments", capture)) == [b"png"]
    with_text = tshark.export("mail-attachments", capture, prefs=["mailxtra.export_text:TRUE"])
    assert contents(with_text) == [b"Hello\r\n", b"png"]


def test_large_attachment_over_many_segments(tshark, session_capture, two_pass):
    data = hashlib.sha256(b"seed").digest() * 60_000
    coded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    content = mail([(attached(b"big.bin"), b"")]).replace(b"base64\r\n\r\n", b"base64\r\n\r\n" + coded)
    folder = tshark.export("mail-attachments", session_capture(delivery(content)), two_pass=two_pass)
    assert contents(folder) == [data]
