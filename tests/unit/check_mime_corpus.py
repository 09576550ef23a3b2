#!/usr/bin/env python3
"""Compares what mime_dump makes of the messages in tests/data/mime with what is written beside them.

usage: check_mime_corpus.py MIME_DUMP FOLDER [CASE...]

Each CASE.eml is one case; CASE.json says what it is about and what has to come out: all parts in order, each with path
and type, and those of the other keys that matter to the case. Anomalies are always compared, as a set. Every
message is read with LF and with CRLF, unless "line_ends" is "as_is"; decoded bodies are decoded whole and byte by byte.
"""
import base64
import hashlib
import json
import sys
from pathlib import Path

from check_mime_against_references import Dumper

PLAIN = ("filename", "other_filename", "description", "charset", "encoding", "attachment", "preamble", "epilogue")


def one_line_end(text):
    return text.replace("\r\n", "\n") if text is not None else None


def decoded_of(part):
    return base64.b64decode(part["bytes"])


def fields_of(block):
    return {field["name"]: field["value"] for field in block}


def check_part(wanted, part):
    """What is wrong about the part, as a list of texts."""
    wrong = []

    def same(what, want, got):
        if want != got:
            wrong.append("part %s: %s is %r, not %r" % (wanted["path"], what, got, want))

    for key in PLAIN:
        if key in wanted or key in ("filename", "other_filename"):
            value = part[key]
            same(key, wanted.get(key), one_line_end(value) if isinstance(value, str) else value)
    if "decoded" in wanted:
        same("body", wanted["decoded"], decoded_of(part).replace(b"\r\n", b"\n").decode(errors="replace"))
    if "hex" in wanted:
        same("body", wanted["hex"], decoded_of(part).hex())
    if "sha256" in wanted:
        same("hash of the body", wanted["sha256"], hashlib.sha256(decoded_of(part)).hexdigest())
    if "text" in wanted:
        same("text", wanted["text"], one_line_end(part["text"]))
    if "blocks" in wanted:
        same("header blocks", wanted["blocks"], [fields_of(block) for block in part["blocks"]])
    for name, value in wanted.get("parameters", {}).items():
        same("parameter " + name, value, fields_of(part["parameters"]).get(name))
    for name, value in wanted.get("field", {}).items():
        same("field " + name, value, fields_of(part["fields"]).get(name))
    same("anomalies", sorted(wanted.get("anomalies", [])), sorted(set(part["anomalies"] + part["decoding"] + part.get("in_text", []))))
    same("byte by byte", True, part["same_byte_by_byte"])
    return wrong


def check(wanted, parts):
    pairs = [(part["path"], part["type"]) for part in wanted["parts"]], [(part["path"], part["type"]) for part in parts]
    if pairs[0] != pairs[1]:
        return ["parts are %s, not %s" % (pairs[1], pairs[0])]
    wrong = [text for want, part in zip(wanted["parts"], parts) for text in check_part(want, part)]
    if "subject" in wanted and fields_of(parts[0]["fields"]).get("Subject") != wanted["subject"]:
        wrong.append("subject is %r, not %r" % (fields_of(parts[0]["fields"]).get("Subject"), wanted["subject"]))
    for field, addresses in wanted.get("addresses", {}).items():
        found = [[a["name"], a["mailbox"], a["group"]] for a in parts[0]["addresses"] if a["field"] == field]
        if found != addresses:
            wrong.append("%s is %r, not %r" % (field, found, addresses))
    return wrong


def variants(raw, wanted):
    if wanted.get("line_ends") == "as_is":
        return {"as is": raw}
    return {"LF": raw, "CRLF": raw.replace(b"\n", b"\r\n")}


def main():
    dump, folder, chosen = Dumper(sys.argv[1], "--batch"), Path(sys.argv[2]), sys.argv[3:]
    messages, failures = sorted(folder.glob("*.eml")), 0
    for message in messages:
        if chosen and message.stem not in chosen:
            continue
        wanted = json.loads(message.with_suffix(".json").read_text())
        for name, raw in variants(message.read_bytes(), wanted).items():
            for text in check(wanted, dump(raw)):
                failures += 1
                print("%s (%s): %s" % (message.stem, name, text))
    print("%d cases, %d differences" % (len(messages), failures))
    return 1 if failures or not messages else 0


if __name__ == "__main__":
    sys.exit(main())
