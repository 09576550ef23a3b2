#!/usr/bin/env python3
"""Compares the files that real programs have attached (tests/captures/make_encoder_mails.sh) with the originals.

usage: check_mime_encoders.py MIME_DUMP DATA_FOLDER
"""
import sys
from pathlib import Path

from check_mime_corpus import decoded_of
from check_mime_against_references import Dumper

PDF = "Übersicht für März.pdf"
ORIGINALS = {PDF: "invoice.pdf", "my invoice.pdf": "invoice.pdf", "照片.jpg": "small.jpg"}

# message -> file names in order; a name in () is a text, without its name
MESSAGES = {
    "mutt": ["(text.txt)", "small.jpg", "notes.csv", PDF, "照片.jpg"],
    "msmtp": ["(text.txt)", "small.jpg", "notes.csv", PDF, "照片.jpg"],
    "s-nail": ["(text.txt)", "small.jpg", PDF, "empty.dat"],
    "mpack": ["small.jpg"],
    "uuencode": ["small.jpg", PDF],
    "binhex": ["small.jpg"],
    "mime-lite": ["(text.txt)", "small.jpg", "my invoice.pdf"],
    "mime-tools": ["(text.txt)", "small.jpg", "invoice.pdf"],
    "python": ["(text.txt)", "small.jpg", PDF, "照片.jpg", "empty.dat", "notes.csv"],
    "recode-base64": ["(recode.txt)"],
    "recode-quoted-printable": ["(recode.txt)"],
    **{"iconv-" + charset: ["(iconv-%s.txt)" % charset] for charset in "BIG5 EUC-KR GB18030 ISO-2022-JP KOI8-R SHIFT_JIS UTF-16 UTF-7".split()},
}

NAMELESS = ("multipart/", "message/")


def text_of(data):
    """Blanks at line ends do not survive every encoder, nor does the lack of the last line end."""
    return [line.rstrip() for line in data.decode("utf-8").rstrip("\r\n").splitlines()]


def leaves(parts, wanted):
    """The parts that the files came in: those with a name, or the text when one is wanted."""
    named = [part for part in parts if part["filename"] and not part["type"].startswith(NAMELESS)]
    texts = [part for part in parts if part["type"] == "text/plain" and not part["filename"]]
    return (texts[:1] if wanted[0].startswith("(") else []) + named


def check(wanted, parts, data):
    found = leaves(parts, wanted)
    if len(found) != len(wanted):
        return ["%d files, not %d" % (len(found), len(wanted))]
    wrong = []
    for name, part in zip(wanted, found):
        if name.startswith("("):
            if text_of(part["text"].encode()) != text_of((data / "encoders" / name.strip("()")).read_bytes()):
                wrong.append("the text differs: %r" % part["text"])
        elif part["filename"] != name:
            wrong.append("the name is %r, not %r" % (part["filename"], name))
        elif decoded_of(part) != (data / "files" / ORIGINALS.get(name, name)).read_bytes():
            wrong.append("%s has other bytes" % name)
    return wrong + ["part %s: not the same byte by byte" % part["path"] for part in parts if not part["same_byte_by_byte"]]


def main():
    dump, data, failures, files = Dumper(sys.argv[1], "--batch"), Path(sys.argv[2]), 0, 0
    for name, wanted in MESSAGES.items():
        raw = (data / "encoders" / (name + ".eml")).read_bytes()
        files += len(wanted)
        for text in check(wanted, dump(raw), data):
            failures += 1
            print("%s: %s" % (name, text))
    print("%d messages with %d files, %d differences" % (len(MESSAGES), files, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
