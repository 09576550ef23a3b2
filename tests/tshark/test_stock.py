"""mailxtra takes nothing away: what stock Wireshark shows of smtp.* and pop.* stays, and switching it off restores all."""

import re
import sys
from collections import Counter

import harness
import pytest

sys.path.insert(0, str(harness.REPO / "tests" / "truth"))
import mailtruth  # noqa: E402

FIELDS = [
    "smtp.req.command",
    "smtp.req.parameter",
    "smtp.response.code",
    "smtp.rsp.parameter",
    "pop.request.command",
    "pop.request.parameter",
    "pop.response.indicator",
    "pop.response.description",
    "imap.line",
    "imap.request_tag",
    "imap.request.command",
    "imap.request.folder",
    "imap.response_tag",
    "imap.response.status",
]


@pytest.fixture(params=[path.name for path in harness.captures()])
def capture(request):
    return harness.PCAPS / request.param


def test_switched_off_it_is_not_there(tshark, stock, capture, two_pass):
    """Byte for byte what Wireshark prints without the plugin."""
    off = ("--disable-protocol", "mailxtra")
    assert tshark.verbose(capture, *off, two_pass=two_pass) == stock.verbose(capture, two_pass=two_pass)
    assert tshark.read(capture, *off, two_pass=two_pass) == stock.read(capture, two_pass=two_pass)


# Here what comes behind lost bytes waits until it is certain that they are lost.
WITH_A_HOLE = "smtp-lost-frame.pcap"


def test_stock_fields_stay_behind_a_hole(tshark, stock, two_pass):
    """Every value is there, if in a later frame."""
    capture = harness.PCAPS / WITH_A_HOLE
    for name in FIELDS:
        ours, theirs = (
            Counter(value for (values,) in runner.fields(capture, name, name, two_pass=two_pass) for value in values)
            for runner in (tshark, stock)
        )
        assert not theirs - ours, name


def test_stock_fields_stay(tshark, stock, capture, two_pass):
    """Every value that stock has right is there, in the same frame."""
    if capture.name == WITH_A_HOLE:
        return  # see above
    lost = []
    is_line = judge_of_lines(capture)
    ours, theirs = (runner.fields(capture, "", "frame.number", *FIELDS, two_pass=two_pass) for runner in (tshark, stock))
    assert len(ours) == len(theirs)
    for mine, stock_row in zip(ours, theirs):
        missing = {
            name: list((Counter(stock_values) - Counter(my_values)).elements())
            for name, my_values, stock_values in zip(FIELDS, mine[1:], stock_row[1:])
        }
        no_lines = [line for line in dict(zip(FIELDS, stock_row[1:]))["imap.line"] if not is_line(line)]
        missing = {name: [v for v in values if not (name.startswith("imap.") and is_of(v, no_lines))] for name, values in missing.items()}
        if any(missing.values()) and not stock_is_wrong(capture, missing):
            lost.append((int(mine[0][0]), {name: values for name, values in missing.items() if values}))
    assert lost == []


def stock_is_wrong(capture, missing):
    """What stock Wireshark shows in this frame, and should not."""
    commands, parameters = missing["smtp.req.command"], missing["smtp.req.parameter"]
    if missing["smtp.response.code"] or missing["pop.response.indicator"]:
        return False
    # Of STARTTLS, of an AUTH response, of message text that it takes for commands it shows the first four letters.
    if {command.upper() for command in commands} - SMTP_COMMANDS:
        return True
    # From 4.4 on a line that goes on in the next segment is shown cut off.
    if any("<" in parameter and ">" not in parameter for parameter in parameters):
        return True
    # POP3 lines are not put together from segments: of a typed command each letter is a request.
    return capture.name.startswith("pop3-telnet")


PROTOCOL_LINE = re.compile(r"(\* |\+ |\S+ (UID )?[A-Z]+( |$)|DONE$|[A-Za-z0-9+/=]{0,59}$)")


def shown(text):
    """A line of stock's without its end."""
    return text.replace("\\r\\n", "")


def judge_of_lines(capture):
    """Stock shows what is in literals as lines with tags and commands, and the line in front of one in the frame that
    completes it; it knows nothing of compression. The function says whether what it shows is a line of the protocol, all
    of it: mailtruth reads them from the capture, and behind TLS their form has to do."""
    lines = imap_lines_of(capture) if capture.suffix == ".pcap" else None
    if lines is not None:
        return lambda line: shown(line) in lines
    return lambda line: shown(line).isprintable() and PROTOCOL_LINE.match(shown(line)) and not re.search(r"\{\d+[+-]?\}$", shown(line))


def imap_lines_of(capture):
    """Lines without literals, of all sessions of the capture."""
    lines = set()
    for stream in mailtruth.tcp_streams(capture.read_bytes()):
        client, server = mailtruth.without_compression(*(stream.flows[end] for end in stream.ends))
        skips = mailtruth.ImapSession(stream, client, server).refused()
        for flow, gaps in ((client, skips), (server, set())):
            lines |= {pieces[0].decode(errors="replace") for pieces, _ in mailtruth.imap_lines(flow, gaps) if len(pieces) == 1}
    return lines


def is_of(value, lines):
    """Is it one of these lines, or a word of one? A folder's name is shown without its quotes, and compressed bytes in
    more than one way."""
    return any(not shown(line).isprintable() for line in lines) or any(shown(value) == shown(line) or value.strip('"') in shown(line) for line in lines)


SMTP_COMMANDS = set("EHLO HELO LHLO MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT AUTH STARTTLS".split())
