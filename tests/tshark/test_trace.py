"""Where a mail comes from: hops, Received fields, findings, the health of sessions, and the tables of them."""

import base64
import dataclasses
import email
import hashlib
import re
import subprocess

import harness
import pytest
from pcapgen import tcp_session, write_pcap

CHAIN = harness.PCAPS / "trace-chain.pcap"
FORGED = harness.PCAPS / "forged.pcap"

DATE = b"; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
MAIL = (
    b"From: Ann <ann@a.example>\r\nTo: bob@b.example\r\nSubject: Hi\r\nDate: Tue, 14 Nov 2023 22:13:00 +0000\r\n"
    b"Message-ID: <1@a.example>\r\n\r\nHello\r\n"
)


def smtp(message=MAIL, helo=b"EHLO mx.a.example", sender=b"ann@a.example", before=(), capabilities=b"250 PIPELINING", ending=True):
    """A session that hands over one message."""
    transcript = [
        ("S", b"220 mx.b.example ESMTP\r\n"),
        ("C", helo + b"\r\n"),
        ("S", b"250-mx.b.example\r\n" + capabilities + b"\r\n"),
        *before,
        ("C", b"MAIL FROM:<" + sender + b">\r\n"),
        ("S", b"250 2.1.0 Ok\r\n"),
        ("C", b"RCPT TO:<bob@b.example>\r\n"),
        ("S", b"250 2.1.5 Ok\r\n"),
        ("C", b"DATA\r\n"),
        ("S", b"354 Go\r\n"),
        ("C", message + b".\r\n"),
        ("S", b"250 2.0.0 Ok: queued\r\n"),
    ]
    return transcript + ([("C", b"QUIT\r\n"), ("S", b"221 2.0.0 Bye\r\n")] if ending else [])


def every(tshark, capture, name, two_pass=False, display_filter=None):
    return [value for row in tshark.fields(capture, display_filter or name, name, two_pass=two_pass) for value in row[0]]


def findings(tshark, capture, two_pass=False):
    """Filter names of the expert infos about where a mail comes from, over all frames."""
    names = [line.split("\t")[2] for line in tshark.text("-G", "fields").splitlines() if "\tmailxtra.expert." in line]
    first = names.index("mailxtra.expert.from_domain_differs")
    last = names.index("mailxtra.expert.starttls_not_used")
    rows = tshark.fields(capture, "mailxtra", *names[first : last + 1], two_pass=two_pass)
    return {name for row in rows for name, values in zip(names[first : last + 1], row) if values}


def short(names):
    return {name.rpartition(".")[2] for name in names}


# ---- hops ----

HOPS = [  # frame, trace, hop, previous, client, server
    (20, 1, 1, None, "172.16.16.225", "172.16.16.221"),
    (38, 1, 2, 20, "172.16.16.221", "172.16.16.231"),
    (52, 1, 3, 38, "172.16.16.231", "172.16.16.235"),
    (92, 1, 4, 52, "172.16.16.235", "172.16.16.221"),
    (101, 1, 4, 52, "172.16.16.235", "172.16.16.231"),
    (129, 1, 5, 101, "172.16.16.235", "172.16.16.231"),
]


def test_hops(tshark, two_pass):
    names = [f"mailxtra.message.{name}" for name in ("trace", "hop", "previous", "client", "server")]
    rows = tshark.fields(CHAIN, "mailxtra.message", "frame.number", *names, two_pass=two_pass)
    found = [
        (int(frame[0]), int(trace[0]), int(hop[0]), int(previous[0]) if previous else None, client[0], server[0])
        for frame, trace, hop, previous, client, server in rows
    ]
    assert found == HOPS


def test_one_filter_shows_the_life_of_a_mail(tshark, two_pass):
    assert tshark.frames(CHAIN, "mailxtra.message.trace == 1", two_pass=two_pass) == [row[0] for row in HOPS]


def test_next_is_known_from_the_second_pass_on(tshark):
    rows = tshark.fields(CHAIN, "mailxtra.message", "mailxtra.message.next", two_pass=True)
    assert [row[0] for row in rows] == [["38"], ["52"], ["92", "101"], [], ["129"], []]
    assert every(tshark, CHAIN, "mailxtra.message.next") == []


def test_what_changed_on_the_way(tshark, two_pass):
    rows = tshark.fields(CHAIN, "mailxtra.message", "mailxtra.message.added", two_pass=two_pass)
    assert [set(row[0]) for row in rows] == [
        set(),
        {"Received"},
        {"Received"},
        {"Received", "DKIM-Signature"},
        {"Received", "DKIM-Signature"},
        {"Received", "Delivered-To", "Return-Path"},
    ]
    assert set(every(tshark, CHAIN, "mailxtra.message.body_changed", two_pass)) <= {"0", "False"}


def test_every_received_field_of_the_chain_was_seen(tshark, two_pass):
    """The servers' own lines, in order of travel, each with the frame of the hop that it tells of."""
    names = ["mailxtra.received.by", "mailxtra.received.seen_in", "mailxtra.received.claimed", "mailxtra.received.ip"]
    by, seen, claimed, ips = tshark.fields(CHAIN, "frame.number == 129", *names, two_pass=two_pass)[0]
    assert by == ["mail01.skynet.local", "relay.cyberdyne.local", "lists.cyberdyne.local", "mail02.cyberdyne.local"]
    assert seen == ["20", "38", "52", "101"]
    assert set(claimed) <= {"0", "False"}
    assert ips == ["172.16.16.225", "172.16.16.221", "172.16.16.231", "172.16.16.235"]
    assert findings(tshark, CHAIN, two_pass) == {"mailxtra.expert.starttls_not_used"}


def test_received_fields_are_all_there(tshark):
    """As many as Python's email package finds in the exported messages."""
    exported = [path.read_bytes() for path in tshark.export("mail-messages", FORGED).iterdir()]
    wanted = sum(len(email.message_from_bytes(message).get_all("received", [])) for message in exported)
    assert len(every(tshark, FORGED, "mailxtra.received.claimed")) == wanted == 14


# ---- forged mails ----


def test_the_forged_mails(tshark, two_pass):
    """The three examples, handed in and as they lie in the mailbox."""
    names = ["mailxtra.expert.received_helo_differs", "mailxtra.expert.received_malformed", "mailxtra.expert.received_no_address"]
    rows = tshark.fields(FORGED, "mailxtra.message", "mailxtra.message.trace", *names, two_pass=two_pass)
    found = [(int(trace[0]), len(helo), len(malformed), len(no_address)) for trace, helo, malformed, no_address in rows]
    assert found == [(1, 0, 0, 0), (2, 0, 2, 1), (3, 0, 0, 2), (1, 1, 0, 0), (2, 1, 2, 1), (3, 1, 0, 2)]


def test_what_was_only_claimed(tshark, two_pass):
    """Below the line that the capture's first server wrote stands what its client brought."""
    rows = tshark.fields(FORGED, "mailxtra.message", "mailxtra.received.claimed", two_pass=two_pass)
    assert [[value in ("1", "True") for value in row[0]] for row in rows] == [
        [],
        [True, True],
        [True, True],
        [False, False],
        [True, True, False, False],
        [True, True, False, False],
    ]


def test_ordinary_mail_raises_nothing(tshark, session_capture, two_pass):
    capture = session_capture(smtp())
    assert findings(tshark, capture, two_pass) == set()


TRACE = b"Received: from c.example (c.example [192.0.2.3]) by bank.example (Postfix) with SMTP id 1" + DATE


@pytest.mark.parametrize(
    "options, wanted",
    [
        ({"sender": b"x@spam.example"}, {"from_domain_differs"}),
        ({"sender": b""}, {"null_sender_no_report"}),
        ({"helo": b"EHLO [198.51.100.9]"}, {"helo_address_differs"}),
        ({"message": TRACE + MAIL}, {"received_chain_broken"}),
        ({"message": MAIL.replace(b"Ann <", b'"b@bank.example" <')}, {"display_name_address"}),
        ({"message": b"Authentication-Results: mx.b.example; dmarc=pass\r\n" + MAIL}, {"auth_results_claimed"}),
        ({"message": b"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; bh=eHh4; b=x\r\n" + MAIL}, {"dkim_body_altered"}),
    ],
)
def test_findings_in_a_session(tshark, session_capture, options, wanted, two_pass):
    """What takes the session to know. All the others: tests/unit/test_trace_check.c."""
    capture = session_capture(smtp(**options))
    assert short(findings(tshark, capture, two_pass)) == wanted


def test_server_knows_better(tshark, session_capture, two_pass):
    transcript = [(side, data.replace(b"250-mx.b.example\r\n", b"250-mx.b.example Hello real.isp.example [10.1.0.1]\r\n"))
                  for side, data in smtp()]
    assert short(findings(tshark, session_capture(transcript), two_pass)) == {"helo_name_differs"}


def test_login_of_another(tshark, session_capture, two_pass):
    login = lambda user: [("C", b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0pw") + b"\r\n"), ("S", b"235 2.7.0 Ok\r\n")]
    assert short(findings(tshark, session_capture(smtp(before=login(b"eve@a.example"))), two_pass)) == {"auth_user_differs"}
    assert short(findings(tshark, session_capture(smtp(before=login(b"ann@a.example"))), two_pass)) == set()


# ---- from hop to hop ----


@pytest.fixture
def hops(workspace):
    """The mail from 10.1.0.1 to 10.1.0.2, and what 10.1.0.2 makes of it to 10.1.0.3."""

    def make(second):
        frames = tcp_session(smtp(), client=("10.1.0.1", 40000), server=("10.1.0.2", 25))
        frames += tcp_session(smtp(second, helo=b"EHLO mx.b.example"), client=("10.1.0.2", 40001), server=("10.1.0.3", 25))
        return write_pcap(workspace.folder() / "hops.pcap", frames)

    return make


WRITTEN = b"Received: from mx.a.example (mx.a.example [10.1.0.1]) by mx.b.example (Postfix) with ESMTP id 1" + DATE


@pytest.mark.parametrize(
    "second, wanted",
    [
        (WRITTEN + MAIL, set()),
        (WRITTEN + MAIL.replace(b"Hello", b"Hello, pay here"), {"body_changed"}),
        (WRITTEN + MAIL.replace(b"Subject: Hi", b"Subject: Urgent"), {"fields_changed"}),
        (WRITTEN + b"List-Id: <l.b.example>\r\n" + MAIL.replace(b"Subject: Hi", b"Subject: [l] Hi").replace(b"Hello", b"Hello\r\n-- list"), set()),
        (WRITTEN.replace(b"[10.1.0.1]", b"[10.9.9.9]") + MAIL, {"received_contradicts_capture"}),
        (WRITTEN.replace(b"from mx.a.example (mx.a.example", b"from other.a.example (unknown") + MAIL, {"received_contradicts_capture"}),
    ],
)
def test_findings_between_hops(tshark, hops, second, wanted, two_pass):
    capture = hops(second)
    assert every(tshark, capture, "mailxtra.message.hop", two_pass) == ["1", "2"]
    assert short(findings(tshark, capture, two_pass)) == wanted
    # a list of expert infos alone: the earlier message is kept for the comparison
    listed = tshark.read(capture, "-q", "-z", "expert", two_pass=two_pass)
    assert ("The body is not the one that frame" in listed) == ("body_changed" in wanted)
    assert (": not what frame" in listed) == ("fields_changed" in wanted)


# ---- DKIM ----


def test_dkim_body_hash_of_a_real_signer(tshark, two_pass):
    """OpenSMTPD's filter signed it; Python hashes the exported body again, by RFC 6376 3.4.3."""
    assert set(every(tshark, CHAIN, "mailxtra.dkim.body_hash_ok", two_pass)) <= {"1", "True"}
    hashes = set(every(tshark, CHAIN, "mailxtra.dkim.body_hash", two_pass))
    signed = [path.read_bytes() for path in tshark.export("mail-messages", CHAIN).iterdir() if b"DKIM-Signature" in path.read_bytes()]
    assert len(signed) == 3
    for message in signed:
        body = message.split(b"\r\n\r\n", 1)[1].rstrip(b"\r\n") + b"\r\n"
        assert {base64.b64encode(hashlib.sha256(body).digest()).decode()} == hashes


def test_dkim_by_dkimpy(tshark, session_capture, two_pass):
    """Signed by another implementation, in all canonicalisations, with and without l=; and then altered."""
    dkim = pytest.importorskip("dkim", reason="python3-dkim is not installed")
    key = subprocess.run(["openssl", "genrsa", "1024"], capture_output=True, check=True).stdout
    body = b"Hello  there \r\n \t\r\n\r\nlast line\t\r\n\r\n\r\n"
    for canon in (b"simple", b"relaxed"):
        for length in (False, True):
            message = MAIL.split(b"\r\n\r\n")[0] + b"\r\n\r\n" + body
            signature = dkim.sign(message, b"sel", b"a.example", key, canonicalize=(b"relaxed", canon), length=length)
            capture = session_capture(smtp(signature + message))
            assert every(tshark, capture, "mailxtra.dkim.body_hash_ok", two_pass)[0] in ("1", "True"), (canon, length)
            altered = session_capture(smtp((signature + message).replace(b"Hello", b"HELLO")))
            assert every(tshark, altered, "mailxtra.dkim.body_hash_ok", two_pass)[0] in ("0", "False"), (canon, length)


# ---- senders and recipients ----


def test_blind_copies(tshark, session_capture, two_pass):
    hidden = [(side, data) for side, data in smtp()]
    at = hidden.index(("C", b"DATA\r\n"))
    hidden[at:at] = [("C", b"RCPT TO:<eve@b.example>\r\n"), ("S", b"250 2.1.5 Ok\r\n")]
    capture = session_capture(hidden)
    assert every(tshark, capture, "mailxtra.envelope.bcc", two_pass) == ["eve@b.example"]
    assert every(tshark, session_capture(smtp()), "mailxtra.envelope.bcc", two_pass) == []


def test_authentication_results(tshark, session_capture, two_pass):
    results = b"Authentication-Results: mx.c.example; spf=pass smtp.mailfrom=a.example; dkim=none\r\nReceived-SPF: pass receiver=mx.c.example\r\n"
    capture = session_capture(smtp(results + MAIL))
    assert every(tshark, capture, "mailxtra.auth_results.method", two_pass) == ["spf", "dkim", "spf"]
    assert every(tshark, capture, "mailxtra.auth_results.result", two_pass) == ["pass", "none", "pass"]
    assert every(tshark, capture, "mailxtra.auth_results.server", two_pass) == ["mx.c.example", "mx.c.example"]


# ---- health of sessions ----


def test_meaning_of_refusals(tshark, session_capture, two_pass):
    refused = [("C", b"MAIL FROM:<x@y.example>\r\n"), ("S", b"451 4.7.1 Greylisted\r\n"), ("C", b"RCPT TO:<z@b.example>\r\n"),
               ("S", b"550 5.1.1 User unknown\r\n")]
    capture = session_capture(smtp(before=refused))
    assert len(tshark.frames(capture, "mailxtra.expert.reply_transient_failure", two_pass=two_pass)) == 1
    assert len(tshark.frames(capture, "mailxtra.expert.reply_permanent_failure", two_pass=two_pass)) == 1
    assert every(tshark, capture, "mailxtra.reply.meaning", two_pass)[1] == "there is no such mailbox"
    assert findings(tshark, session_capture(smtp()), two_pass) == set()


@pytest.mark.parametrize("failures", [2, 3, 4])
def test_many_failed_logins(tshark, session_capture, failures, two_pass):
    attempt = [("C", b"AUTH PLAIN AGEAYg==\r\n"), ("S", b"535 5.7.8 No\r\n")]
    capture = session_capture(smtp(before=attempt * failures))
    assert every(tshark, capture, "mailxtra.auth.failures", two_pass) == [str(n) for n in range(3, failures + 1)]
    flagged = tshark.frames(capture, "mailxtra.expert.auth_failed_repeatedly", two_pass=two_pass)
    assert len(flagged) == max(0, failures - 2)


def test_starttls_not_used(tshark, session_capture, two_pass):
    offered = session_capture(smtp(capabilities=b"250 STARTTLS"))
    assert findings(tshark, offered, two_pass) == {"mailxtra.expert.starttls_not_used"}
    assert len(tshark.frames(offered, "mailxtra.expert.starttls_not_used", two_pass=two_pass)) == 1
    local = session_capture(smtp(capabilities=b"250 STARTTLS"), client=("127.0.0.1", 40000), server=("127.0.0.1", 25))
    assert findings(tshark, local, two_pass) == set()
    for name in ("smtp-starttls.pcapng", "pop3-stls.pcapng"):
        assert tshark.frames(harness.PCAPS / name, "mailxtra.expert.starttls_not_used", two_pass=two_pass) == []


def closing(workspace, transcript, first):
    """The session, closed by one side first: tcp_session() lets the client do it."""
    frames = tcp_session(transcript)
    if first == "S":
        server_fin = frames[-2]
        frames = frames[:-3] + [dataclasses.replace(server_fin, ack=server_fin.ack - 1)]
    return write_pcap(workspace.folder() / "closing.pcap", frames)


def test_server_closes_without_quit(tshark, workspace, two_pass):
    flagged = {"mailxtra.expert.closed_without_quit"}
    imap = [("S", b"* OK IMAP4rev1 ready\r\n"), ("C", b"a NOOP\r\n"), ("S", b"a OK done\r\n")]
    for transcript, first, wanted in (
        (imap, "S", flagged),
        (imap + [("S", b"* BYE Autologout; idle for too long\r\n")], "S", set()),
        (smtp(ending=False), "S", flagged),
        (smtp(ending=False), "C", set()),
        (smtp(), "S", set()),
        (smtp(ending=False) + [("S", b"421 4.4.2 Timeout\r\n")], "S", {"mailxtra.expert.reply_transient_failure"}),
    ):
        capture = closing(workspace, transcript, first)
        assert findings(tshark, capture, two_pass) == wanted, (first, transcript[-1])


def test_connection_lost_in_a_message(tshark, session_capture, two_pass):
    cut = smtp()[:9] + [("C", MAIL[:100])]
    assert "mailxtra.expert.connection_lost_in_message" in findings(tshark, session_capture(cut), two_pass)
    still_open = session_capture(cut, closing=False)
    assert "mailxtra.expert.connection_lost_in_message" not in findings(tshark, still_open, two_pass)


# ---- tables ----


def table(tshark, capture, kind, *args, **options):
    """The rows of a `-z mailxtra,...` table as lists of cells."""
    output = tshark.read(capture, "-q", "-z", f"mailxtra,{kind}", *args, **options)
    return [[cell.strip() for cell in line.split("|")[:-1]] for line in output.splitlines() if "|" in line]


def test_messages_table(tshark, two_pass):
    capture = harness.PCAPS / "three-hops-3-mail02-pop3.pcap"
    heading, *rows = table(tshark, capture, "messages", two_pass=two_pass)
    assert heading == ["Frame", "Time", "Protocol", "Client", "Server", "From", "To", "Subject", "Size", "Attachments", "Complete"]
    assert [(row[0], row[2], row[3], row[7], row[9], row[10]) for row in rows] == [
        ("15", "SMTP", "172.16.16.221", "Minutes of the meeting", "minutes.pdf, whiteboard.jpg", "yes"),
        ("51", "POP3", "172.16.16.235", "Minutes of the meeting", "minutes.pdf, whiteboard.jpg", "yes"),
    ]
    (_, only) = table(tshark, capture, 'messages,mailxtra.protocol=="POP3"', two_pass=two_pass)
    assert only[0] == "51"


def test_trace_table(tshark, two_pass):
    heading, *rows = table(tshark, CHAIN, "trace", two_pass=two_pass)
    assert heading[:3] == ["Hop", "Frame", "Time"]
    assert [(int(row[1]), int(row[0])) for row in rows] == [(frame, hop) for frame, _, hop, *_ in HOPS]
    assert rows[3][8] == "+Received +DKIM-Signature"
    output = tshark.read(FORGED, "-q", "-z", "mailxtra,trace", two_pass=two_pass)
    assert re.findall(r"^Mail (\d+): ", output, re.M) == ["1", "2", "3"]


def test_sessions_table(tshark, two_pass):
    heading, row = table(tshark, harness.PCAPS / "smtp-auth-retry.pcap", "sessions", two_pass=two_pass)
    facts = dict(zip(heading, row))
    assert facts["Client"].startswith("172.16.16.225:") and facts["Server"] == "172.16.16.221:587"
    assert facts["Greeting"] == "mail01.skynet.local ESMTP Postfix" and facts["HELO"] == "client.skynet.local"
    assert facts["TLS"] == "offered, not used" and facts["User"] == "wang@skynet.local"
    assert facts["Login"] == "LOGIN ok, 3 failed" and facts["Mails"] == "1" and facts["Refusals"] == "3" and facts["End"] == "quit"
    tls = table(tshark, harness.PCAPS / "smtp-starttls.pcapng", "sessions", two_pass=two_pass)
    assert dict(zip(*tls))["TLS"] == "yes"
    # the frame with the FIN has nothing else to tell
    left = table(tshark, harness.PCAPS / "imap-neomutt.pcap", "sessions", two_pass=two_pass)
    assert dict(zip(*left))["End"] == "closed by the client"


def test_client_and_server_of_a_session_that_is_recognised_late(tshark, session_capture, two_pass):
    """What the server said first is understood in a frame of the client's, and says nothing about who is who."""
    session = [
        ("S", b"+OK\r\n"),
        ("C", b"USER ann\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"PASS x\r\n"),
        ("S", b"+OK\r\n"),
        ("C", b"RETR 1\r\n"),
        ("S", b"+OK\r\n" + MAIL + b".\r\n"),
        ("C", b"QUIT\r\n"),
        ("S", b"+OK\r\n"),
    ]
    capture = session_capture(session, client=("10.7.0.1", 40001), server=("10.7.0.2", 1110))
    heading, row = table(tshark, capture, "sessions", two_pass=two_pass)
    facts = dict(zip(heading, row))
    assert (facts["Client"], facts["Server"]) == ("10.7.0.1:40001", "10.7.0.2:1110")
    output = tshark.read(capture, "-q", "-z", "mailxtra,trace", two_pass=two_pass)
    assert "|10.7.0.1 |10.7.0.2:1110 |" in output


def test_counts(tshark, two_pass):
    output = tshark.read(harness.PCAPS / "smtp-five-mails.pcap", "-q", "-z", "mailxtra,tree", two_pass=two_pass)
    counts = {}
    for line in output.splitlines():
        match = re.match(r"^( *)(.+?)  +(\d+) ", line)
        if match:
            counts[match[2]] = int(match[3])
    assert counts["Mails by protocol"] == 5 and counts["MAIL"] == 5 and counts["354"] == 5
    assert counts["sanders@skynet.local"] == 5 and counts["application/pdf"] >= 1


def test_response_times(tshark, two_pass):
    output = tshark.read(harness.PCAPS / "smtp-five-mails.pcap", "-q", "-z", "mailxtra,srt", two_pass=two_pass)
    calls = {line.split()[1]: int(line.split()[2]) for line in output.splitlines() if re.match(r"^ +\d+ ", line)}
    assert calls == {"EHLO": 1, "MAIL": 5, "RCPT": 5, "DATA": 5, "QUIT": 1, "(data)": 5}


def test_flow_graph(tshark, two_pass):
    output = tshark.read(CHAIN, "-q", "-z", "flow,mailxtra,network", two_pass=two_pass)
    assert all(host in output for host in ("172.16.16.225", "172.16.16.221", "172.16.16.231", "172.16.16.235"))
    assert "MAIL FROM:<sanders@skynet.local>" in output and "[ACK]" not in output


def test_follow(tshark, two_pass):
    output = tshark.read(harness.PCAPS / "smtp-foxmail.pcap", "-q", "-z", "follow,mailxtra,ascii,0", two_pass=two_pass)
    assert "LOGIN password: wang-secret" in output
    assert "SHA-256 851feb837df306fdd6176a2fd84012b2caaccb8b9a53136b718a19cfa5abea38" in output
    assert "MAIL FROM:<wang@skynet.local>" in output
    hidden = tshark.read(harness.PCAPS / "smtp-foxmail.pcap", "-q", "-z", "follow,mailxtra,ascii,0",
                         prefs=["mailxtra.decode_auth:FALSE"])
    assert "wang-secret" not in hidden
