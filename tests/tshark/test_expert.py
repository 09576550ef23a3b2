"""Expert infos: the table of `-z expert`, without a filter, has what the trees have."""

import re
from collections import Counter

import harness
import pytest
from mail_table import first, subtrees

FORGED = harness.PCAPS / "forged.pcap"

# Severities by the headings of the table and by _ws.expert.severity.
HEADINGS = {"Errors": "8388608", "Warns": "6291456", "Notes": "4194304", "Chats": "2097152"}

ERROR, WARNING, NOTE, CHAT = HEADINGS.values()
INVENTED = "which servers write (RFC 5321 4.4): it is invented or of an unusual server, and lines below it prove nothing"
NO_DATE = f'"from nowhere by fictitious-site (8.8.3/8.7.2)..." has no date, {INVENTED}'
NOTHING = f'"No Information Here, Go Away!" says neither "from" nor "by", and has no date, {INVENTED}'
NO_ADDRESS = "without noting an address: servers that take mail from others note it, and nothing but the name is left to check"
FINDINGS_OF_FORGED = Counter(
    {
        (WARNING, f"Received line 1 of 2 (from the top) {NO_DATE}"): 1,
        (WARNING, f"Received line 2 of 2 (from the top) {NOTHING}"): 1,
        (WARNING, f"Received line 3 of 4 (from the top) {NO_DATE}"): 1,
        (WARNING, f"Received line 4 of 4 (from the top) {NOTHING}"): 1,
        (NOTE, f"fictitious-site took the message from nowhere {NO_ADDRESS}"): 2,
        (NOTE, f"galangal.org took the message from lemongrass.org {NO_ADDRESS}"): 2,
        (NOTE, f"lemongrass.org took the message from graprao.com {NO_ADDRESS}"): 2,
        (NOTE, "mail02.cyberdyne.local: the client called itself galangal.org, but its address 172.16.16.225 belongs to dial-225.isp.example"): 3,
        (NOTE, "The server offers STARTTLS, but the client goes on in clear text"): 1,
        (NOTE, "Password sent without encryption"): 1,
    }
)

# Messages and sessions with findings of different kinds; mail in pieces, inside TLS, with bytes lost; and nothing to find.
CAPTURES = [
    "forged.pcap",
    "trace-chain.pcap",
    "smtp-foxmail.pcap",
    "smtp-auth-retry.pcap",
    "smtp-refused.pcap",
    "smtp-lost-frame.pcap",
    "smtp-lossy-link-receiver.pcap",
    "smtp-from-the-middle.pcap",
    "smtp-starttls.pcapng",
    "smtps-465.pcapng",
    "lmtp-two-recipients.pcap",
    "pop3-mailbox.pcap",
    "pop3-pipelined.pcap",
    "imap-cyrus-variants.pcap",
    "imap-courier-alpine.pcap",
    "not-mail.pcap",
]


def table(tshark, capture, two_pass):
    """How often each severity and text stands in the table, with the protocols that it names."""
    found, severity = [], None
    for line in tshark.read(capture, "-q", "-z", "expert", two_pass=two_pass).splitlines():
        if heading := re.match(r"(\w+) \(\d+\)$", line):
            severity = HEADINGS.get(heading[1])
        elif row := re.match(r" +(\d+) +\w+ +(\S.*?)  (.*)$", line):
            found.append((severity, row[3], row[2], int(row[1])))
    return found


def of_mailxtra(rows, texts=()):
    """The counts of the rows that name mailxtra, or of these texts: inside TLS the protocol can be another."""
    counts = Counter()
    for severity, text, protocol, count in rows:
        if protocol.lower() == "mailxtra" or (severity, text) in texts:
            counts[severity, text] += count
    return counts


def in_trees(tshark, capture, two_pass):
    """How often each severity and text of mailxtra's stands in the trees of all frames."""
    return Counter(
        (str(first(info, "_ws.expert.severity")), first(info, "_ws.expert.message"))
        for frame in tshark.json(capture, protocols="mailxtra", two_pass=two_pass)
        for info in subtrees(frame, "_ws.expert")
        if any(name.startswith("mailxtra.expert.") for name, _ in info)
    )


def test_all_findings_of_the_forged_mails(tshark, two_pass):
    assert of_mailxtra(table(tshark, FORGED, two_pass)) == FINDINGS_OF_FORGED
    assert FINDINGS_OF_FORGED.total() == 15


def test_trees_of_the_forged_mails(tshark, two_pass):
    assert in_trees(tshark, FORGED, two_pass) == FINDINGS_OF_FORGED


@pytest.mark.parametrize("name", CAPTURES)
def test_table_and_trees_agree(tshark, two_pass, name):
    capture = harness.PCAPS / name
    wanted = in_trees(tshark, capture, two_pass)
    assert of_mailxtra(table(tshark, capture, two_pass), wanted) == wanted


def test_a_filter_gives_the_same(tshark, two_pass):
    """With a filter Wireshark makes a tree for each frame; what is found is the same."""
    output = tshark.read(FORGED, "-q", "-z", "expert,mailxtra", two_pass=two_pass)
    assert all(text in output for _, text in FINDINGS_OF_FORGED)


def test_trees_beside_the_table_change_nothing(tshark, two_pass):
    """`-V -z expert`: no finding is counted twice, once for the table and once for the tree."""
    alone, beside = (tshark.read(FORGED, *args, "-z", "expert", two_pass=two_pass) for args in (["-q"], ["-V"]))
    rows = [sorted(line for line in output.splitlines() if re.match(r" +\d+ +Protocol +Mailxtra  ", line)) for output in (alone, beside)]
    assert rows[0] == rows[1]
