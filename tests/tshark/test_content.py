"""What is in the parts: types, archives, TNEF, S/MIME, links, hashes. Truth: the programs that made them, file(1), tnef, ytnef,
openssl, Python."""

import base64
import bz2
import gzip
import hashlib
import html.parser
import io
import lzma
import os
import shutil
import struct
import subprocess
import tarfile
import zipfile
import zlib

import harness
import pytest
import tnef_writer as tnef
from test_save import manifest, of_kind, save

SEVENZIP = shutil.which("7zz") or shutil.which("7z") or "7zz"
needs = {name: pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed") for name in
         ("openssl", "gpg", SEVENZIP, "zip", "tnef", "ytnef", "file", "genisoimage", "gcc")}

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(64)
FINDINGS = ("type_mismatch", "executable_content", "double_extension", "rtlo_filename", "encrypted_archive", "macro_document",
            "archive_with_executable")


# ---------------------------------------------------------------- mails


def part(data, kind="application/octet-stream", name=None):
    lines = [f"Content-Type: {kind}" + (f'; name="{name}"' if name else ""), "Content-Transfer-Encoding: base64"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + base64.encodebytes(data).replace(b"\n", b"\r\n")


def mixed(*parts):
    out = b'Content-Type: multipart/mixed; boundary="=outer="\r\n\r\n'
    for content in parts:
        out += b"--=outer=\r\n" + content + b"\r\n"
    return out + b"--=outer=--\r\n"


def mail(content):
    return b"From: ann@example.org\r\nTo: bob@example.net\r\nSubject: content\r\nMIME-Version: 1.0\r\n" + content


@pytest.fixture
def capture(session_capture):
    """A capture of one SMTP session with these mails."""

    def make(*contents):
        transcript = [("S", b"220 mx.example.org ESMTP\r\n"), ("C", b"HELO c\r\n"), ("S", b"250 mx\r\n")]
        for content in contents:
            body = mail(content).replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.\r\n"
            transcript += [("C", b"MAIL FROM:<ann@example.org>\r\n"), ("S", b"250 Ok\r\n"), ("C", b"RCPT TO:<bob@example.net>\r\n"),
                           ("S", b"250 Ok\r\n"), ("C", b"DATA\r\n"), ("S", b"354 Go\r\n"), ("C", body), ("S", b"250 Ok\r\n")]
        return session_capture(transcript + [("C", b"QUIT\r\n"), ("S", b"221 Bye\r\n")])

    return make


def values(tshark, path, field, display_filter="mailxtra.message", **options):
    """All values of the field in the capture."""
    return [value for row in tshark.fields(path, display_filter, field, **options) for value in row[0]]


def findings(tshark, path, **options):
    """The findings of each message, in order."""
    return [{name for name, cell in zip(FINDINGS, row) if cell}
            for row in tshark.fields(path, "mailxtra.message", *(f"mailxtra.expert.{name}" for name in FINDINGS), **options)]


def exported(tshark, path, **options):
    return {entry.name: entry.read_bytes() for entry in tshark.export("mail-attachments", path, **options).iterdir()}


def run(*args, cwd=None, data=None):
    done = subprocess.run([str(arg) for arg in args], cwd=cwd, input=data, capture_output=True)
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout


# ---------------------------------------------------------------- what files are


def zipped(members, **options):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX = zipped({"[Content_Types].xml": "<a/>", "_rels/.rels": "", "word/document.xml": "<b/>"}, compression=zipfile.ZIP_DEFLATED)
DOCM = zipped({"[Content_Types].xml": "<a/>", "word/document.xml": "<b/>", "word/vbaProject.bin": "x"})
ODT = zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""})

FILES = {
    "elf": (open("/bin/true", "rb").read(), "application/x-elf"),
    "pe": (PE, "application/vnd.microsoft.portable-executable"),
    "png": (PNG, "image/png"),
    "pdf": (PDF, "application/pdf"),
    "zip": (zipped({"a.txt": "x"}), "application/zip"),
    "docx": (DOCX, OFFICE + "wordprocessingml.document"),
    "docm": (DOCM, "application/vnd.ms-word.document.macroenabled.12"),
    "odt": (ODT, "application/vnd.oasis.opendocument.text"),
    "jar": (zipped({"META-INF/MANIFEST.MF": "", "A.class": ""}), "application/java-archive"),
    "gz": (gzip.compress(b"x"), "application/gzip"),
    "bz2": (bz2.compress(b"x"), "application/x-bzip2"),
    "xz": (lzma.compress(b"x"), "application/x-xz"),
    "tar": (tarred("a", b"x"), "application/x-tar"),
    "html": (b"<!DOCTYPE html><html><body>x</body></html>\n", "text/html"),
    "sh": (b"#!/bin/sh\necho\n", "text/x-shellscript"),
    "text": ("Grüße aus Köln\n".encode(), "text/plain"),
    "latin1": ("Grüße aus Köln, in aller Kürze\n".encode("latin-1"), "text/plain"),
    "random": (hashlib.sha256(b"seed").digest() * 8, "application/octet-stream"),
}


def test_detected_types(tshark, capture, two_pass):
    path = capture(mixed(*(part(data) for data, _ in FILES.values())))
    assert values(tshark, path, "mailxtra.attachment.detected_type", two_pass=two_pass) == [kind for _, kind in FILES.values()]


# libmagic's names for the same things
SAME = {"application/x-elf": {"application/x-pie-executable", "application/x-sharedlib", "application/x-executable"},
        "application/vnd.microsoft.portable-executable": {"application/x-dosexec"},
        "application/vnd.ms-word.document.macroenabled.12": {OFFICE + "wordprocessingml.document", "application/zip"},
        "application/java-archive": {"application/java-archive", "application/zip"},
        OFFICE + "wordprocessingml.document": {"application/zip"}}


@needs["file"]
def test_detected_types_against_libmagic(tmp_path):
    """The table above is no opinion of ours."""
    for name, (data, kind) in FILES.items():
        (tmp_path / name).write_bytes(data)
        seen = run("file", "-b", "--mime-type", tmp_path / name).decode().strip()
        assert seen == kind or seen in SAME.get(kind, ()), name


@needs["genisoimage"]
@needs[SEVENZIP]
def test_detected_types_of_real_programs(tshark, capture, tmp_path):
    (tmp_path / "run.exe").write_bytes(PE)
    run("genisoimage", "-quiet", "-o", tmp_path / "a.iso", tmp_path / "run.exe")
    run(SEVENZIP, "a", "a.7z", "run.exe", cwd=tmp_path)
    path = capture(mixed(part((tmp_path / "a.iso").read_bytes(), name="invoice.pdf.iso"), part((tmp_path / "a.7z").read_bytes())))
    assert values(tshark, path, "mailxtra.attachment.detected_type") == ["application/x-iso9660-image", "application/x-7z-compressed"]
    assert findings(tshark, path) == [{"double_extension"}]


# ---------------------------------------------------------------- findings

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

MUST = [
    (part(PE, "image/jpeg", "holiday.jpg"), {"type_mismatch", "executable_content"}),
    (part(PDF, "text/plain", "notes.txt"), {"type_mismatch"}),
    (part(PE, name="setup.exe"), {"executable_content"}),
    (part(EICAR, name="eicar.com"), {"executable_content"}),
    (part(b"WScript.Echo 1\r\n", "text/plain", "invoice.vbs"), {"executable_content"}),
    (part(PE, name="invoice.pdf.exe"), {"executable_content", "double_extension"}),
    (part(PE, name="=?utf-8?B?" + base64.b64encode("annexe\u202efdp.exe".encode()).decode() + "?="), {"executable_content", "rtlo_filename"}),
    (part(DOCM, name="report.docm"), {"macro_document"}),
    (part(zipped({"readme.txt": "x", "sub/run.JS": "y"}), "application/zip", "a.zip"), {"archive_with_executable"}),
]

MUST_NOT = [
    part(DOCX, OFFICE + "wordprocessingml.document", "report.docx"),
    part(DOCX, "application/zip", "report.zip"),
    part(ODT, "application/vnd.oasis.opendocument.text", "a.odt"),
    part(PNG, "image/jpeg", "image001.jpg"),
    part(PNG, "image/x-png", "a.png"),
    part(b"a;b\n1;2\n", "application/vnd.ms-excel", "a.csv"),
    part(b"<html><body>x", "application/msword", "a.doc"),
    part(b"From: a\nTo: b\nSubject: c\n\nx", "text/plain", "a.eml"),
    part(zipped({"a.txt": "x", "b.tar.gz": "y"}), "application/x-zip-compressed", "v1.2.zip"),
    part(gzip.compress(tarred("a", b"x")), "application/x-gzip", "a.tar.gz"),
    part(b"", "application/pdf", "empty.pdf"),
    part(PDF, name="\u05d7\u05e9\u05d1\u05d5\u05e0\u05d9\u05ea.pdf"),
    part(PDF, name="mail.example.com.pdf"),
    b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    b"\r\njust text, and no header of its own\r\n",
]


def test_findings(tshark, capture, two_pass):
    path = capture(*(mixed(content) for content, _ in MUST), *(mixed(content) for content in MUST_NOT))
    seen = findings(tshark, path, two_pass=two_pass)
    assert seen == [wanted for _, wanted in MUST] + [set()] * len(MUST_NOT)


def test_findings_filter(tshark, capture):
    """Each is a filter of its own, alone in a run."""
    path = capture(*(mixed(content) for content, _ in MUST))
    frames = tshark.frames(path, "mailxtra.message")
    for name in set().union(*(wanted for _, wanted in MUST)):
        hit = [frame for frame, (_, wanted) in zip(frames, MUST) if name in wanted]
        assert tshark.frames(path, f"mailxtra.expert.{name}") == hit, name
    assert "The document carries macros" in tshark.read(path, "-q", "-z", "expert", "-Y", "mailxtra")
    assert len(tshark.frames(path, '_ws.expert.message contains "carries macros"')) == 1


def test_findings_in_ordinary_mail(tshark):
    """None of them in the mails of this project's captures."""
    for path in harness.captures():
        assert not any(findings(tshark, path)), path


# ---------------------------------------------------------------- archives


def test_members(tshark, capture, two_pass):
    cp437 = zipped({"u.txt": "x"}).replace(b"u.txt", b"\x81.txt")
    path = capture(mixed(part(zipped({"ä/日.txt": "x", "a.txt": "y"})), part(cp437), part(DOCX)))
    assert values(tshark, path, "mailxtra.attachment.member", two_pass=two_pass) == [
        "ä/日.txt", "a.txt", "ü.txt", "[Content_Types].xml", "_rels/.rels", "word/document.xml"]
    assert tshark.frames(path, 'mailxtra.attachment.member contains "日"') == tshark.frames(path, "mailxtra.message")


@needs["zip"]
@needs[SEVENZIP]
def test_encrypted_archives(tshark, capture, tmp_path):
    (tmp_path / "a.txt").write_text("secret" * 100)
    run("zip", "-q", "-P", "pass", "classic.zip", "a.txt", cwd=tmp_path)
    run(SEVENZIP, "a", "-ppass", "-mem=AES256", "aes.zip", "a.txt", cwd=tmp_path)
    run(SEVENZIP, "a", "-ppass", "-mhe=on", "names.7z", "a.txt", cwd=tmp_path)
    run("zip", "-q", "open.zip", "a.txt", cwd=tmp_path)
    run(SEVENZIP, "a", "open.7z", "a.txt", cwd=tmp_path)
    archives = ["classic.zip", "aes.zip", "names.7z", "open.zip", "open.7z"]
    path = capture(*(mixed(part((tmp_path / name).read_bytes(), name=name)) for name in archives))
    assert findings(tshark, path) == [{"encrypted_archive"}] * 3 + [set()] * 2
    assert values(tshark, path, "mailxtra.attachment.member") == ["a.txt"] * 3


def test_archive_with_very_many_members(tshark, capture):
    """Half a million empty files: the names are bounded, the one that matters is found, time is linear."""
    count = 500_000
    central = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    last = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0) + b"b.exe"
    local = b"PK\3\4" + bytes(22) + struct.pack("<HH", 1, 0) + b"a"
    directory = central * count + last
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), len(local), 0)
    path = capture(mixed(part(local + directory + end, name="many.zip")))
    assert len(values(tshark, path, "mailxtra.attachment.member")) == 1000
    assert findings(tshark, path) == [{"archive_with_executable"}]
    assert tshark.frames(path, "mailxtra.expert.content_limit")


# ---------------------------------------------------------------- TNEF

TNEF_FILES = {"report.txt": b"text\r\n", "日程表.pdf": PDF, "LONGFI~1.PNG": PNG, "inner.bin": bytes(range(256)) * 20}


def winmail():
    inner = tnef.stream(tnef.file("inner.bin", TNEF_FILES["inner.bin"]), subject="inner", body="inner body")
    return tnef.stream(
        tnef.file("report.txt", TNEF_FILES["report.txt"]),
        tnef.file("A.PDF", TNEF_FILES["日程表.pdf"], long_name="日程表.pdf", mime_type="application/pdf"),
        tnef.embedded("Forwarded", inner),
        tnef.file("LONGFI~1.PNG", TNEF_FILES["LONGFI~1.PNG"]),
        subject="outer", body="Grüße\r\nsecond line", rtf=b"{\\rtf1 Gr\\'fc\\'dfe}", html=b"<a href=\"http://tnef.example/\">x</a>")


def test_tnef(tshark, capture, two_pass):
    path = capture(mixed(part(winmail(), "application/ms-tnef", "winmail.dat")))
    folder = exported(tshark, path, two_pass=two_pass)
    assert {name: folder.get(name) for name in TNEF_FILES} == TNEF_FILES
    assert folder["winmail.dat"] == winmail()
    assert len(folder) == len(TNEF_FILES) + 2  # itself, and the message in it
    assert set(values(tshark, path, "mailxtra.attachment.filename", two_pass=two_pass)) == set(TNEF_FILES) | {"winmail.dat", "Forwarded.tnef"}
    assert values(tshark, path, "mailxtra.part.path") == ["1", "1.1", "1.2", "1.3", "1.3.1", "1.3.text", "1.4", "1.text", "1.html", "1.rtf"]
    lines = [line.replace("\\\\", "\\") for line in values(tshark, path, "mailxtra.part.text")]  # 4.4 and later escape it
    assert ["Grüße", "second line"] == [line for line in lines if line in ("Grüße", "second line")]
    assert "{\\rtf1 Gr\\'fc\\'dfe}" in lines and "inner body" in lines
    assert values(tshark, path, "mailxtra.part.url") == ["http://tnef.example/"]
    digest = hashlib.sha256(TNEF_FILES["inner.bin"]).hexdigest()
    assert tshark.frames(path, f'mailxtra.attachment.sha256 == "{digest}"', two_pass=two_pass)


@needs["openssl"]
def test_what_is_inside_is_saved_too(tshark, capture, signer):
    """-z mailxtra,save writes what the export list has."""
    signed = run("openssl", "cms", *SIGN, "-outform", "DER", cwd=signer, data=part(b"inside", name="inside.bin"))
    path = capture(mixed(part(winmail(), "application/ms-tnef", "winmail.dat"), part(signed, "application/pkcs7-mime; smime-type=signed-data", "smime.p7m")))
    folder, _ = save(tshark, path)
    lines = of_kind(manifest(folder), "attachment")
    offered = exported(tshark, path)
    assert offered["inside.bin"] == b"inside"
    assert sorted((line["file"], line["sha256"]) for line in lines) == sorted((name, hashlib.sha256(data).hexdigest()) for name, data in offered.items())
    assert [line["attachments"] for line in of_kind(manifest(folder), "message")] == [len(offered)]


def unpacked(folder, *command):
    """The files that another reader writes into the folder."""
    folder.mkdir()
    run(*command)
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


@needs["tnef"]
@needs["ytnef"]
def test_tnef_against_other_readers(tmp_path):
    """The stream itself is none that only we can read. tnef leaves the message in it as a stream of its own, ytnef
    passes it over."""
    outer = [data for name, data in TNEF_FILES.items() if name != "inner.bin"]
    (tmp_path / "winmail.dat").write_bytes(winmail())
    by_tnef = unpacked(tmp_path / "1", "tnef", "--unix-paths", "-C", tmp_path / "1", tmp_path / "winmail.dat")
    by_ytnef = unpacked(tmp_path / "2", "ytnef", "-f", tmp_path / "2", tmp_path / "winmail.dat")
    assert all(data in by_tnef.values() and data in by_ytnef.values() for data in outer)
    (tmp_path / "inner.dat").write_bytes(by_tnef["Forwarded"].removeprefix(tnef.IID_MESSAGE))
    by_tnef = unpacked(tmp_path / "3", "tnef", "--unix-paths", "-C", tmp_path / "3", tmp_path / "inner.dat")
    assert by_tnef == {"inner.bin": TNEF_FILES["inner.bin"]}


def test_tnef_nested_deeply(tshark, capture):
    inner = tnef.stream(tnef.file("deep.txt", b"x"))
    for _ in range(200):
        inner = tnef.stream(tnef.embedded("m", inner))
    path = capture(mixed(part(inner, "application/ms-tnef", "winmail.dat")))
    assert tshark.frames(path, "mailxtra.expert.content_limit")
    assert "deep.txt" not in exported(tshark, path)


# ---------------------------------------------------------------- S/MIME and OpenPGP


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signer")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "30",
        "-subj", "/CN=ann/emailAddress=ann@example.org")
    return folder


INNER = mixed(b"Content-Type: text/plain\r\n\r\nsecret text\r\n", part(PNG, "image/png", "inside.png"))


def header_and_body(entity):
    """openssl's output without its own MIME-Version and prose."""
    return entity.replace(b"\r\n", b"\n").replace(b"MIME-Version: 1.0\n", b"", 1).replace(b"\n", b"\r\n")


def openssl(signer, *args, data):
    return header_and_body(run("openssl", *args, cwd=signer, data=data))


SIGN = ("-sign", "-signer", "cert.pem", "-inkey", "key.pem", "-nodetach")


@needs["openssl"]
@pytest.mark.parametrize("way", [("smime", *SIGN), ("cms", *SIGN), ("cms", *SIGN, "-stream"), ("cms", *SIGN, "-keyid"), ("smime", *SIGN, "-stream", "-indef")],
                         ids=lambda way: "-".join(way[:1] + way[7:]))
def test_smime_opaque(tshark, capture, signer, way, two_pass):
    path = capture(openssl(signer, *way, data=INNER))
    assert exported(tshark, path, two_pass=two_pass)["inside.png"] == PNG
    assert values(tshark, path, "mailxtra.part.protection", two_pass=two_pass) == ["signed"]
    assert values(tshark, path, "mailxtra.part.path") == ["1", "1", "1.1", "1.2"]
    assert "secret text" in values(tshark, path, "mailxtra.part.text")
    assert not tshark.frames(path, "mailxtra.expert.bad_cms")


@needs["openssl"]
def test_smime_without_smime_type(tshark, capture, signer):
    entity = openssl(signer, "cms", *SIGN, data=INNER)
    body = entity.split(b"\r\n\r\n", 1)[1]
    for kind in (b"application/pkcs7-mime", b"application/x-pkcs7-mime", b'application/octet-stream; name="smime.p7m"'):
        path = capture(b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body)
        assert exported(tshark, path)["inside.png"] == PNG


@needs["openssl"]
def test_smime_encrypted(tshark, capture, signer):
    path = capture(openssl(signer, "cms", "-encrypt", "-aes256", "cert.pem", data=INNER))
    assert values(tshark, path, "mailxtra.part.protection") == ["encrypted"]
    assert tshark.frames(path, "mailxtra.expert.encrypted_content") == tshark.frames(path, "mailxtra.message")
    assert set(exported(tshark, path)) == {"smime.p7m"}


@needs["openssl"]
def test_smime_detached(tshark, capture, signer):
    """Wireshark's CMS dissector shows the signature."""
    path = capture(openssl(signer, "cms", "-sign", "-signer", "cert.pem", "-inkey", "key.pem", data=INNER))
    assert values(tshark, path, "mailxtra.part.protection") == ["signed"]
    assert exported(tshark, path)["inside.png"] == PNG
    assert tshark.frames(path, "cms.SignedData_element or cms.signerInfos") == tshark.frames(path, "mailxtra.message")


def der(tag, *contents):
    content = b"".join(contents)
    length = len(content)
    head = bytes([length]) if length < 128 else bytes([0x84]) + struct.pack(">I", length)
    return bytes([tag]) + head + content


def compressed_data(content):
    """RFC 3274; OpenSSL of Debian has no zlib."""
    oid = bytes.fromhex("060B2A864886F70D0109100109")
    algorithm = der(0x30, bytes.fromhex("060B2A864886F70D0109100308"))
    inner = der(0x30, bytes.fromhex("06092A864886F70D010701"), der(0xA0, der(0x04, zlib.compress(content))))
    return der(0x30, oid, der(0xA0, der(0x30, b"\x02\x01\x00", algorithm, inner)))


@needs["openssl"]
def test_smime_compressed_and_signed(tshark, capture, signer):
    packed = part(compressed_data(INNER), "application/pkcs7-mime; smime-type=compressed-data", "smime.p7z")
    path = capture(packed, openssl(signer, "cms", *SIGN, "-binary", data=packed))
    for row in tshark.fields(path, "mailxtra.message", "mailxtra.attachment.filename"):
        assert "inside.png" in row[0]
    assert values(tshark, path, "mailxtra.part.protection") == ["compressed", "signed", "compressed"]


def test_smime_bomb(tshark, capture):
    """A hundred megabytes in a hundred kilobytes: 64 are looked at."""
    bomb = b"Content-Type: application/octet-stream; name=big\r\n\r\n" + bytes(100_000_000)
    path = capture(part(compressed_data(bomb), "application/pkcs7-mime", "smime.p7z"))
    assert tshark.frames(path, "mailxtra.expert.content_limit")


@needs["gpg"]
def test_openpgp(tshark, capture, tmp_path):
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", "", "--no-auto-key-locate")
    run(*gpg, "--quick-gen-key", "ann@example.org", "default", "default", "never")
    text = b"hello\r\n"
    armour = run(*gpg, "--armor", "--trust-model", "always", "-r", "ann@example.org", "-e", data=text).replace(b"\n", b"\r\n")
    clear = run(*gpg, "--clearsign", data=text).replace(b"\n", b"\r\n")
    detached = run(*gpg, "--armor", "-b", data=text).replace(b"\n", b"\r\n")
    run("gpgconf", "--homedir", home, "--kill", "all")
    encrypted = (b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n--b\r\n'
                 b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\n"
                 b"Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n" + armour + b"\r\n--b--\r\n")
    signed = (b'Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary=b\r\n\r\n--b\r\n'
              b"Content-Type: text/plain\r\n\r\n" + text + b"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n" + detached + b"\r\n--b--\r\n")
    path = capture(encrypted, signed, b"\r\n" + armour, b"\r\n" + clear, b"\r\n> " + armour)
    seen = [row[0] for row in tshark.fields(path, "mailxtra.message", "mailxtra.part.protection")]
    assert seen == [["encrypted"], ["signed"], ["encrypted"], ["signed"], []]
    assert values(tshark, path, "mailxtra.attachment.detected_type")[1:] == ["application/pgp-encrypted", "application/pgp-signature"]


# ---------------------------------------------------------------- links, calendars

PAGE = """<html><head><meta http-equiv="refresh" content="3;url=http://refresh.example/"><style>p{background:url(http://css.example/a)}</style>
</head><body background='http://body.example/b.png'><a href="http://a.example/?x=1&amp;y=2">a</a> <A HREF=http://b.example/unquoted>b</A>
<img src="cid:x@y"><img src='http://img.example/i.png'><form action="http://form.example/"></form><area href="http://area.example/">
<a href="#top">no</a><!-- <a href="http://comment.example/">no</a> --><a href="http://m&uuml;ller.example/">IDN</a></body></html>"""


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = set()

    def handle_starttag(self, tag, attributes):
        self.found |= {value for name, value in attributes if name in ("href", "src", "action", "background")}


def test_links(tshark, capture, two_pass):
    page = PAGE.replace("&uuml;", "ü").encode()
    text = ("See http://text.example/path, (https://brackets.example/a_(b)) and <http://angle.example/bro\r\n ken> or mailto:x@example.org.\r\n").encode()
    path = capture(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + page, b"\r\n" + text)
    found, plain = [row[0] for row in tshark.fields(path, "mailxtra.message", "mailxtra.part.url", two_pass=two_pass)]
    reader = Links()
    reader.feed(page.decode())
    wanted = {link for link in reader.found if not link.startswith(("#", "cid:"))} | {"http://refresh.example/", "http://css.example/a"}
    assert set(found) == wanted and len(found) == len(wanted)
    assert plain == ["http://text.example/path", "https://brackets.example/a_(b)", "http://angle.example/broken", "mailto:x@example.org"]
    assert len(tshark.frames(path, 'mailxtra.part.url contains "area.example"')) == 1


def test_links_flowed(tshark, capture):
    path = capture(b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nhttp://long.example/aaaa \r\nbbbb\r\nnext\r\n")
    assert values(tshark, path, "mailxtra.part.url") == ["http://long.example/aaaabbbb"]


def test_many_links(tshark, capture):
    text = b"".join(b"http://a.example/%d\r\n" % number for number in range(1200))
    path = capture(b"\r\n" + text)
    assert len(values(tshark, path, "mailxtra.part.url")) == 1000
    assert tshark.frames(path, "mailxtra.part.url and mailxtra.expert.content_limit")


@pytest.mark.parametrize("kind", ["text/calendar", "text/x-vcard", "text/vcard", "text/directory", "application/ics"])
def test_calendars_and_cards_are_text(tshark, capture, kind):
    body = "BEGIN:VCALENDAR\r\nSUMMARY:Grüße\r\nEND:VCALENDAR\r\n".encode()
    path = capture(part(body, f"{kind}; charset=utf-8"))
    assert values(tshark, path, "mailxtra.part.text") == ["BEGIN:VCALENDAR", "SUMMARY:Grüße", "END:VCALENDAR"]


# ---------------------------------------------------------------- hashes


def test_hashes(tshark, capture):
    path = capture(mixed(part(PNG), part(PDF)))
    frame = tshark.frames(path, "mailxtra.message")
    for name in ("md5", "sha1", "sha256"):
        digests = [hashlib.new(name, data).hexdigest() for data in (PNG, PDF)]
        assert values(tshark, path, f"mailxtra.attachment.{name}") == digests
        for digest in digests:
            wanted = f'mailxtra.attachment.{name} == "{digest}"'
            assert tshark.frames(path, wanted) == frame
            assert tshark.frames(path, wanted, two_pass=True) == frame
            assert tshark.read(path, "-2", "-R", wanted, "-T", "fields", "-e", "mailxtra.attachment.size").strip()
            assert digest in tshark.read(path, "-T", "json", "-Y", wanted)
    assert tshark.frames(path, f'mailxtra.attachment.md5 == "{"0" * 32}"') == []


COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
static int count;
static void tell(void)
{
    FILE *out = fopen(getenv("COUNT_FILE"), "w");
    fprintf(out, "%d", count);
    fclose(out);
}
static void note(gsize length)
{
    if (length == 4321 && count++ == 0)
        atexit(tell);
}
void g_checksum_update(GChecksum *checksum, const guchar *data, gssize length)
{
    void (*next)(GChecksum *, const guchar *, gssize) = dlsym(RTLD_NEXT, "g_checksum_update");
    note((gsize)length);
    next(checksum, data, length);
}
void gcry_md_write(void *digest, const void *data, gsize length)
{
    void (*next)(void *, const void *, gsize) = dlsym(RTLD_NEXT, "gcry_md_write");
    note(length);
    next(digest, data, length);
}
"""


@pytest.fixture(scope="module")
def counting(workspace, tmp_path_factory):
    """tshark in which the digests of an attachment of 4,321 bytes are counted."""
    folder = tmp_path_factory.mktemp("counter")
    (folder / "counter.c").write_text(COUNTER)
    flags = run("pkg-config", "--cflags", "glib-2.0").decode().split()
    run("gcc", "-shared", "-fPIC", *flags, "-o", folder / "counter.so", folder / "counter.c", "-ldl")
    library = workspace.readable(folder / "counter.so")
    target = workspace.folder() / "count"
    script = workspace.folder() / "counting-tshark"
    script.write_text(f'#!/bin/sh\nLD_PRELOAD={library} COUNT_FILE={target} exec tshark "$@"\n')
    script.chmod(0o755)
    runner = harness.Tshark(workspace)

    def count(path, *args):
        target.unlink(missing_ok=True)
        runner.read(path, *args, command=str(script))
        return int(target.read_text()) if target.exists() else 0

    return count


@needs["gcc"]
def test_hashes_only_if_somebody_looks(counting, capture):
    """-T fields makes Wireshark's tree visible, as -V does: then whoever draws it may not know who looks."""
    path = capture(mixed(part(bytes(4321))))
    assert counting(path) == 0
    assert counting(path, "-Y", "mailxtra.attachment.size == 4321") == 0
    assert counting(path, "-Y", "mailxtra.attachment.detected_type") == 0
    assert counting(path, "-q", "-z", "io,phs,mailxtra") == 0
    assert counting(path, "-Y", 'mailxtra.attachment.sha256 != ""') == 1
    assert counting(path, "-2", "-R", 'mailxtra.attachment.md5 != ""', "-Y", 'mailxtra.attachment.md5 != ""') == 1
    assert counting(path, "-V") == 3
    assert counting(path, "-2", "-V", "-Y", "mailxtra.attachment.sha256") == 3
