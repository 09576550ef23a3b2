#!/usr/bin/env python3
"""Write pcaps/expected.json: what is in every capture, by tests/truth/mailtruth.py, checked against what was sent.

Messages that went through TLS are not on the wire in clear text; the laboratory keeps them in tests/data/tls/CAPTURE/.
Their frame is null. Every message is traced back to the file in tests/data/eml that it started from ("origin"): the
bytes must be those of the file, or, where a server has added header fields, the attachments must be.

usage: make_expected.py [--check]
"""
import email
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PCAPS, DATA = ROOT / "pcaps", ROOT / "tests" / "data"
sys.path.insert(0, str(ROOT / "tests" / "truth"))
import mailtruth  # noqa: E402


def message_id(raw):
    return email.message_from_bytes(raw)["message-id"]


def sent_messages():
    """Message-ID -> (name, bytes as they end on the wire, attachments)."""
    sent = {}
    for path in sorted((DATA / "eml").glob("*.eml")):
        raw = path.read_bytes()
        sent[message_id(raw)] = path.stem, raw, mailtruth.describe(raw)["attachments"]
    return sent


def trace(message, raw, sent):
    """Adds the origin; returns a complaint or None."""
    name, original, attachments = sent.get(message_id(raw), (None, None, None))
    message["origin"] = name
    if message["command"] == "TOP" or not message["complete"] or name in (None, "typed"):
        return None
    message["verbatim"] = raw in (original, original + b"\r\n")
    if message["attachments"] != attachments:
        return f"{name}: the attachments are not the ones that were sent"
    if not message["verbatim"]:
        # Servers put fields on top and clients may add some; the body must be the one that was sent.
        mine, theirs = (mailtruth.split_head(one)[1].rstrip(b"\r\n") for one in (raw, original))
        if mine != theirs:
            return f"{name}: the body is not the one that was sent"
    return None


def behind_tls(capture):
    """The messages that the laboratory noted for a capture, in order."""
    for path in sorted((DATA / "tls" / capture.stem).glob("*.eml"), key=lambda p: int(p.stem)):
        raw = path.read_bytes()
        yield dict(json.loads(path.with_suffix(".json").read_text()), stream=None, frame=None, tls=True, complete=True,
                   missing=0, raw=raw, **mailtruth.describe(raw))


def expectations():
    sent, captures, complaints = sent_messages(), {}, []
    for capture in sorted([*PCAPS.glob("*.pcap"), *PCAPS.glob("*.pcapng")]):
        keys = capture.with_suffix(".keys.txt")
        messages = []
        for message in [*mailtruth.capture_messages(capture), *behind_tls(capture)]:
            raw = message.pop("raw")
            message.pop("spans", None)
            message.setdefault("tls", False)
            complaint = trace(message, raw, sent)
            if complaint:
                complaints.append(f"{capture.name}: {complaint}")
            messages.append(message)
        captures[capture.name] = dict(keys=keys.name if keys.exists() else None, messages=messages)
    return captures, complaints


def main(argv):
    captures, complaints = expectations()
    target = PCAPS / "expected.json"
    text = json.dumps(captures, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if "--check" in argv:
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            complaints.append(f"{target} is not what the captures say")
    else:
        target.write_text(text, encoding="utf-8")
        count = sum(len(one["messages"]) for one in captures.values())
        print(f"{len(captures)} captures, {count} messages")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
