"""Errors of dissectors in what tshark printed: which of them count for mailxtra, and the run of stock to compare with."""

import re

# stderr names the frame and has every "Dissector bug", whatever stdout prints.
WARNING = re.compile(rb"Dissector bug, protocol (.+?), in packet (\d+): (.*)")
BUG = re.compile(rb"\[Dissector bug, protocol (.+?): (.*)\]")

# The handles that TLS calls belong to the stock protocols, so an exception of mailxtra can have their names.
OURS = rb"(?i:mailxtra|smtp|pop|imap)"
MALFORMED = re.compile(rb"\[Malformed Packet: (" + OURS + rb")\]")
MALFORMED_IN_TABLE = re.compile(rb"^ +\d+ +Malformed +(" + OURS + rb") +Malformed Packet", re.MULTILINE)

# Arguments that change what is dissected. Others are about the output, and may name what stock does not know.
FLAGS = {"-2"}
WITH_VALUE = {"-o", "-d", "--enable-protocol", "--disable-protocol", "--enable-heuristic", "--disable-heuristic"}


def of(done):
    """The errors in the output of a run of tshark, as a set of tuples."""
    if not any(word in out for out in (done.stdout, done.stderr) for word in (b"Dissector bug", b"Malformed")):
        return set()
    bugs = WARNING.findall(done.stderr) or BUG.findall(done.stdout)
    malformed = MALFORMED.findall(done.stdout) + MALFORMED_IN_TABLE.findall(done.stdout)
    return {("Dissector bug", *map(_text, bug)) for bug in bugs} | {("Malformed Packet", _text(name)) for name in malformed}


def stock_arguments(args):
    """The arguments of a run of stock over the same capture that prints all of its errors; None where there is no file to read."""
    kept, pending = [], list(map(str, args))
    while pending:
        arg = pending.pop(0)
        if arg in FLAGS:
            kept.append(arg)
        elif arg == "-r" and pending:
            kept += [arg, pending.pop(0)]
        elif arg in WITH_VALUE and pending:
            value = pending.pop(0)
            kept += [] if "mailxtra" in value else [arg, value]
    if "-r" not in kept or "-" in kept:
        return None
    return (*kept, "-V")


def _text(data):
    return data.decode("utf-8", errors="replace")
