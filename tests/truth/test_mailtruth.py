#!/usr/bin/env python3
"""Tests of the truth tool itself, on messages whose attachments are known bytes and on the captures."""
import hashlib
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(HERE))
import mailtruth  # noqa: E402


def attachments(name):
    return {a["path"]: a for a in mailtruth.describe((TESTS / "data/eml" / f"{name}.eml").read_bytes())["attachments"]}


def file_hash(name):
    return hashlib.sha256((TESTS / "data/files" / name).read_bytes()).hexdigest()


class Messages(unittest.TestCase):
    def test_known_attachments(self):
        for message, path, name, file in (
                ("foxmail-gb2312", "1.2", "InsertPic_5C7E.jpg", "insert-pic.jpg"),
                ("foxmail-gb2312", "2", "test.zip", "test.zip"),
                ("foxmail-gb2312", "3", "照片.jpg", "photo.jpg"),
                ("five-1-thunderbird", "2", "Übersicht der Messwerte für März und die ganze Straße nach Köln.xlsx", "budget.xlsx"),
                ("five-2-outlook", "2", "Счёт на оплату за февраль 2024.pdf", "invoice.pdf"),
                ("five-3-apple", "2.2", "Schéma général.png", "diagram.png"),
                ("five-4-gmail", "1.2", "logo.png", "logo.png"),
                ("five-4-gmail", "3", "empty.dat", "empty.dat"),
                ("five-5-mutt", "3.2", "keys.bin", "keys.bin"),
                ("box-shiftjis", "2", "見積書.pdf", "invoice.pdf")):
            with self.subTest(message=message, path=path):
                found = attachments(message)[path]
                self.assertEqual((found["filename"], found["sha256"]), (name, file_hash(file)))

    def test_encapsulated_message_is_the_bytes_of_its_part(self):
        raw = (TESTS / "data/eml/five-5-mutt.eml").read_bytes()
        exported = next(data for path, _, kind, data in mailtruth.attachments(raw) if kind == "message/rfc822")
        self.assertTrue(exported.startswith(b"Date: Thu, 29 Feb 2024") and exported in raw)

    def test_a_digest_has_no_attachments(self):
        self.assertEqual(attachments("box-digest"), {})

    def test_subject_split_inside_a_character(self):
        raw = (TESTS / "data/eml/five-1-thunderbird.eml").read_bytes()
        self.assertEqual(mailtruth.describe(raw)["subject"], "Messwerte für März und Köln")

    def test_a_hole_touches_only_its_part(self):
        raw = (TESTS / "data/eml/foxmail-gb2312.eml").read_bytes()
        at = raw.index(b'filename="test.zip"') + 500
        self.assertEqual(mailtruth.untouched(raw[:at] + raw[at + 100:], [(at, 100)]), {"1.2", "3"})


class Tcp(unittest.TestCase):
    def test_late_doubled_and_overlapping_segments(self):
        flow = mailtruth.Flow()
        flow.segment(0xfffffffa, True, b"", 1)
        for frame, (offset, data) in enumerate(((4, b"ef"), (0, b"abc"), (0, b"abc"), (2, b"Xde"), (6, b"g")), 2):
            flow.segment((0xfffffffb + offset) & 0xffffffff, False, data, frame)
        self.assertEqual(bytes(flow.data), b"abcdefg")
        self.assertEqual([flow.frame_at(n) for n in range(7)], [3, 3, 3, 5, 5, 5, 6])

    def test_what_is_acknowledged_and_was_not_seen_is_lost(self):
        flow = mailtruth.Flow()
        flow.segment(99, True, b"", 1)
        flow.segment(100, False, b"ab", 2)
        flow.segment(105, False, b"fg", 3)
        flow.acknowledged(102, 4)
        self.assertEqual(bytes(flow.data), b"ab")
        flow.acknowledged(107, 5)
        self.assertEqual((bytes(flow.data), flow.holes), (b"abfg", [(2, 3)]))


class Captures(unittest.TestCase):
    def test_expectations_are_up_to_date(self):
        for script in ("make_messages.py", "make_expected.py"):
            subprocess.run([sys.executable, str(TESTS / "captures" / script), "--check"], check=True)


if __name__ == "__main__":
    unittest.main()
