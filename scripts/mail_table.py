#!/usr/bin/env python3
"""Prints the mails and the logins of a capture as tables, for scripts/demo.sh.

    mail_table.py MESSAGES.json LOGINS.json [INCOMPLETE]

Both are what `tshark -T json -J "frame tcp mailxtra"` prints: the frames that complete a message, and the frames that
hold a user name, a password or the outcome of a login. The file INCOMPLETE gets the numbers of attachments and of mails that
are not whole. Exit status 3: neither a mail nor a login.
"""

import json
import re
import shutil
import sys
import unicodedata
from collections import Counter

NO_MAIL = 3
# A column that is there only when something is cut: "file", or "mail" where the file of the row is whole.
CUT = "incomplete"
MAIL_COLUMNS = ["frame", "protocol", "from", "to", "subject", "file name", "type", "size", CUT, "SHA-256"]
HOP_COLUMNS = ["mail", "hop", "frame", "after", "protocol", "client", "server", "changes"]
FINDING_COLUMNS = ["frame", "mail", "weight", "finding"]
LOGIN_COLUMNS = ["frame", "protocol", "mechanism", "user name", "password", "outcome"]
NUMBERS = {"frame", "size", "mail", "hop"}
# What gives way where the terminal is too narrow, and down to what width.
SHRINKABLE = {"SHA-256": 12, "subject": 16, "to": 14, "from": 14, "file name": 18, "type": 12, "finding": 40, "changes": 16}
NOTHING = "-"
GAP = "  "


def main(messages_file, logins_file, incomplete_file=None):
    frames = read_frames(messages_file)
    mails = [row for frame in frames for row in mail_rows(frame)]
    logins = login_rows(read_frames(logins_file))
    if incomplete_file:
        with open(incomplete_file, "w", encoding="utf-8") as stream:
            print(incomplete(frames, "mailxtra.attachment"), incomplete(frames, "mailxtra.message"), file=stream)
    tables = without_empty(MAIL_COLUMNS, mails, CUT), (HOP_COLUMNS, hop_rows(frames)), (FINDING_COLUMNS, finding_rows(frames)), (LOGIN_COLUMNS, logins)
    for columns, rows in tables:
        if rows:
            print()
            print("\n".join(table(columns, rows)))
    return 0 if mails or logins else NO_MAIL


def without_empty(columns, rows, name):
    """The table without the column of this name where no row has anything in it."""
    at = columns.index(name)
    if any(row[at] for row in rows):
        return columns, rows
    return columns[:at] + columns[at + 1 :], [row[:at] + row[at + 1 :] for row in rows]


def read_frames(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return json_frames(stream.read())


def json_frames(text):
    """The layers of each frame as nested (name, value) pairs, for a name may stand more than once. The list is left
    open by a tshark that found the capture damaged."""
    text = text.strip()
    if text and not text.endswith("]"):
        text += "]"
    frames = json.loads(text or "[]", object_pairs_hook=list, strict=False)
    return [dict(dict(frame)["_source"])["layers"] for frame in frames]


def is_subtree(value):
    return isinstance(value, list) and bool(value) and isinstance(value[0], tuple)


def fields(pairs):
    """Every field and value, in order, however deep."""
    for name, value in pairs:
        if is_subtree(value):
            yield from fields(value)
        elif isinstance(value, list):
            for one in value:
                yield name, one
        else:
            yield name, value


def values(pairs, name):
    return [value for field, value in fields(pairs) if field == name]


def first(pairs, name):
    return next(iter(values(pairs, name)), "")


def subtrees(pairs, name):
    """The children of every field of this name, in order, however deep: they stand in the field
    itself, or in "<name>_tree" when it has a value of its own."""
    for field, value in pairs:
        if is_subtree(value):
            if field in (name, name + "_tree"):
                yield value
            yield from subtrees(value, name)


def mail_rows(frame):
    number, protocol = first(frame, "frame.number"), first(frame, "mailxtra.protocol")
    for message in subtrees(frame, "mailxtra.message"):
        mail = [
            number,
            protocol,
            addresses(first(message, "mailxtra.message.from")),
            addresses(first(message, "mailxtra.message.to")),
            first(message, "mailxtra.message.subject"),
        ]
        attachments = list(subtrees(message, "mailxtra.attachment"))
        cut_mail = "mail" if is_cut(message, "mailxtra.message.complete") else ""
        for attachment in attachments:
            *facts, digest = (first(attachment, f"mailxtra.attachment.{name}") for name in ("filename", "type", "size", "sha256"))
            cut = "file" if is_cut(attachment, "mailxtra.attachment.complete") else cut_mail
            yield [*mail, *facts, cut, digest]
        if not attachments:
            yield [*mail, "", "", "", cut_mail, ""]


def is_cut(pairs, field):
    return str(first(pairs, field)).lower() in ("0", "false")


def incomplete(frames, name):
    """How many of the subtrees of this name are not whole."""
    return sum(is_cut(one, f"{name}.complete") for frame in frames for one in subtrees(frame, name))


def hop_rows(frames):
    """The hops of every mail that the capture shows on more than one, mail by mail."""
    rows = [hop_row(frame, message) for frame in frames for message in subtrees(frame, "mailxtra.message")]
    hops = Counter(row[0] for row in rows)
    return sorted((row for row in rows if row[0] and hops[row[0]] > 1), key=lambda row: int(row[0]))


def hop_row(frame, message):
    names = ("trace", "hop")
    number, hop = (first(message, f"mailxtra.message.{name}") for name in names)
    delay = first(message, "mailxtra.message.hop_delay")
    changes = [sign + name for sign, kind in zip("+-~", ("added", "removed", "changed"))
               for name in values(message, f"mailxtra.message.{kind}")]
    if first(message, "mailxtra.message.body_changed") in ("1", "True", "true"):
        changes.append("body")
    return [
        number,
        hop,
        first(frame, "frame.number"),
        f"{float(delay):.3f} s" if delay else "",
        first(frame, "mailxtra.protocol"),
        first(message, "mailxtra.message.client"),
        first(message, "mailxtra.message.server"),
        " ".join(changes),
    ]


# _ws.expert.severity of what is shown
WEIGHTS = {"2097152": "chat", "4194304": "note", "6291456": "warning", "8388608": "error"}


def finding_rows(frames):
    """What does not fit about where the mails say they come from."""
    return [
        [
            first(frame, "frame.number"),
            first(message, "mailxtra.message.trace"),
            WEIGHTS.get(first(finding, "_ws.expert.severity"), ""),
            first(finding, "_ws.expert.message"),
        ]
        for frame in frames
        for message in subtrees(frame, "mailxtra.message")
        for finding in subtrees(message, "_ws.expert")
    ]


def addresses(text):
    """Without the names that stand before them: Ann <ann@example.org> is ann@example.org."""
    return ", ".join(re.findall(r"<([^<>]+@[^<>]+)>", text)) or text


def login_rows(frames):
    """One row per attempt. User name, password and outcome may stand in different frames of a session."""
    rows, pending = [], {}
    for frame in frames:
        stream = first(frame, "tcp.stream")
        for name, value in fields(frame):
            kind = name.rpartition("mailxtra.auth.")[2]
            attempt = pending.get(stream)
            if kind not in ("mechanism", "username", "password", "success"):
                continue
            if attempt is None or attempt.get(kind, value) != value:
                attempt = {"frame": first(frame, "frame.number"), "protocol": first(frame, "mailxtra.protocol")}
                pending[stream] = attempt
                rows.append(attempt)
            attempt[kind] = value
            if kind == "success":
                del pending[stream]
    names = ("frame", "protocol", "mechanism", "username", "password")
    return [[row.get(name, "") for name in names] + [outcome(row.get("success"))] for row in rows if named(row)]


def named(row):
    return "username" in row or "password" in row


def outcome(success):
    if success is None:
        return ""
    return "accepted" if str(success).lower() in ("1", "true") else "refused"


def table(columns, rows):
    """The lines of a table, cut to the width of the terminal; in full where the output is none."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(columns, *cells)]
    if sys.stdout.isatty():
        shrink(columns, widths, shutil.get_terminal_size().columns)
    for row in [columns, ["-" * size for size in widths], *cells]:
        padded = (pad(cell, size, name in NUMBERS) for cell, size, name in zip(row, widths, columns))
        yield GAP.join(padded).rstrip()


def shrink(columns, widths, room):
    for name, least in SHRINKABLE.items():
        excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
        if excess > 0 and name in columns:
            index = columns.index(name)
            widths[index] = max(min(least, widths[index]), widths[index] - excess)


def printable(text):
    """One line without control characters, for what stands in a mail must not steer the terminal."""
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    shown = "".join(c for c in shown if unicodedata.category(c) not in ("Cf", "Cs"))
    return shown.strip() or NOTHING


def width(text):
    """Columns on a terminal: East Asian characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text, size, to_the_right):
    if width(text) > size:
        while width(text) > size - 1:
            text = text[:-1]
        text += "…"
    space = " " * (size - width(text))
    return space + text if to_the_right else text + space


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
