"""User names and passwords: in the tree, and in Wireshark's credentials tap."""

import base64

import harness
import pytest


def b64(data):
    return base64.b64encode(data)


SMTP_START = [
    ("S", b"220 mx.example.org ESMTP\r\n"),
    ("C", b"EHLO client\r\n"),
    ("S", b"250-mx.example.org\r\n250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2\r\n"),
]
POP3_START = [("S", b"+OK POP3 ready <1896.697170952@example.org>\r\n")]
SMTP_GOOD, SMTP_BAD = ("S", b"235 2.7.0 Accepted\r\n"), ("S", b"535 5.7.8 Bad credentials\r\n")
POP3_GOOD, POP3_BAD = ("S", b"+OK Logged in\r\n"), ("S", b"-ERR Bad login\r\n")

LOGINS = {
    "smtp_plain": (25, SMTP_START + [("C", b"AUTH PLAIN " + b64(b"\0ann\0secret") + b"\r\n"), SMTP_GOOD]),
    "smtp_plain_continued": (
        25,
        SMTP_START + [("C", b"AUTH PLAIN\r\n"), ("S", b"334 \r\n"), ("C", b64(b"\0ann\0secret") + b"\r\n"), SMTP_GOOD],
    ),
    "smtp_plain_authzid": (25, SMTP_START + [("C", b"AUTH PLAIN " + b64(b"boss\0ann\0secret") + b"\r\n"), SMTP_GOOD]),
    "smtp_login": (
        25,
        SMTP_START
        + [
            ("C", b"AUTH LOGIN\r\n"),
            ("S", b"334 VXNlcm5hbWU6\r\n"),
            ("C", b64(b"ann") + b"\r\n"),
            ("S", b"334 UGFzc3dvcmQ6\r\n"),
            ("C", b64(b"secret") + b"\r\n"),
            SMTP_GOOD,
        ],
    ),
    "smtp_login_with_user": (
        25,
        SMTP_START
        + [
            ("C", b"AUTH LOGIN " + b64(b"ann") + b"\r\n"),
            ("S", b"334 UGFzc3dvcmQ6\r\n"),
            ("C", b64(b"secret") + b"\r\n"),
            SMTP_GOOD,
        ],
    ),
    "pop3_user": (
        110,
        POP3_START + [("C", b"USER ann\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS secret\r\n"), POP3_GOOD],
    ),
    "pop3_plain": (
        110,
        POP3_START + [("C", b"AUTH PLAIN\r\n"), ("S", b"+ \r\n"), ("C", b64(b"\0ann\0secret") + b"\r\n"), POP3_GOOD],
    ),
    "pop3_plain_initial": (110, POP3_START + [("C", b"AUTH PLAIN " + b64(b"\0ann\0secret") + b"\r\n"), POP3_GOOD]),
    "pop3_login": (
        110,
        POP3_START
        + [
            ("C", b"AUTH LOGIN\r\n"),
            ("S", b"+ VXNlcm5hbWU6\r\n"),
            ("C", b64(b"ann") + b"\r\n"),
            ("S", b"+ UGFzc3dvcmQ6\r\n"),
            ("C", b64(b"secret") + b"\r\n"),
            POP3_GOOD,
        ],
    ),
}
# Mechanisms that show a user name and no password.
DIGESTS = {
    "smtp_cram": (
        25,
        SMTP_START
        + [
            ("C", b"AUTH CRAM-MD5\r\n"),
            ("S", b"334 " + b64(b"<1896.697170952@example.org>") + b"\r\n"),
            ("C", b64(b"ann b913a602c7eda7a495b4e6e7334d3890") + b"\r\n"),
            SMTP_GOOD,
        ],
    ),
    "pop3_apop": (110, POP3_START + [("C", b"APOP ann c4c9334bac560ecc979e58001b3e22fb\r\n"), POP3_GOOD]),
    "smtp_xoauth2": (25, SMTP_START + [("C", b"AUTH XOAUTH2 " + b64(b"user=ann\1auth=Bearer ya29\1\1") + b"\r\n"), SMTP_GOOD]),
    "smtp_scram": (
        25,
        SMTP_START
        + [
            ("C", b"AUTH SCRAM-SHA-256 " + b64(b"n,,n=ann,r=rOprNGfwEbeRWgbNEkqO") + b"\r\n"),
            ("S", b"334 " + b64(b"r=rOprNGfwEbeRWgbNEkqO%hvYDpW,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096") + b"\r\n"),
            ("C", b64(b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpW,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=") + b"\r\n"),
            SMTP_GOOD,
        ],
    ),
}


def every(tshark, capture, name, two_pass=False):
    return [value for row in tshark.fields(capture, name, name, two_pass=two_pass) for value in row[0]]


def outcomes(tshark, capture, two_pass=False):
    return [value in ("1", "True") for value in every(tshark, capture, "mailxtra.auth.success", two_pass)]


def tapped(tshark, capture, *args):
    """User names of `-z credentials`, in order."""
    lines = tshark.read(capture, "-q", "-z", "credentials", *args).splitlines()
    rows = [line.split() for line in lines]
    return [row[2] for row in rows if len(row) > 2 and row[0].isdigit()]


@pytest.mark.parametrize("name", LOGINS)
def test_user_name_and_password(tshark, session_capture, two_pass, name):
    port, transcript = LOGINS[name]
    capture = session_capture(transcript, server_port=port)
    assert set(every(tshark, capture, "mailxtra.auth.username", two_pass)) == {"ann"}
    assert set(every(tshark, capture, "mailxtra.auth.password", two_pass)) == {"secret"}
    assert outcomes(tshark, capture, two_pass) == [True]
    assert tapped(tshark, capture) == ["ann"]


@pytest.mark.parametrize("name", DIGESTS)
def test_user_name_of_a_digest(tshark, session_capture, two_pass, name):
    port, transcript = DIGESTS[name]
    capture = session_capture(transcript, server_port=port)
    assert set(every(tshark, capture, "mailxtra.auth.username", two_pass)) == {"ann"}
    assert every(tshark, capture, "mailxtra.auth.password", two_pass) == []
    assert outcomes(tshark, capture, two_pass) == [True]
    assert tapped(tshark, capture) == ["ann"]


def test_every_attempt_keeps_its_own_name_and_outcome(tshark, session_capture, two_pass):
    attempts = []
    for user, answer in ((b"ann", SMTP_BAD), (b"bob", SMTP_BAD), (b"eve", SMTP_GOOD)):
        attempts += [("C", b"AUTH PLAIN " + b64(b"\0" + user + b"\0pw-" + user) + b"\r\n"), answer]
    capture = session_capture(SMTP_START + attempts)
    assert list(dict.fromkeys(every(tshark, capture, "mailxtra.auth.username", two_pass))) == ["ann", "bob", "eve"]
    assert list(dict.fromkeys(every(tshark, capture, "mailxtra.auth.password", two_pass))) == ["pw-ann", "pw-bob", "pw-eve"]
    assert outcomes(tshark, capture, two_pass) == [False, False, True]
    assert tapped(tshark, capture) == tapped(tshark, capture, "-2") == ["ann", "bob", "eve"]


def test_pop3_attempts(tshark, session_capture, two_pass):
    attempts = []
    for user, answer in ((b"ann", POP3_BAD), (b"bob", POP3_GOOD)):
        attempts += [("C", b"USER " + user + b"\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS pw-" + user + b"\r\n"), answer]
    capture = session_capture(POP3_START + attempts, server_port=110)
    assert outcomes(tshark, capture, two_pass) == [False, True]
    assert tapped(tshark, capture) == ["ann", "bob"]


def test_a_cancelled_attempt(tshark, session_capture, two_pass):
    transcript = SMTP_START + [
        ("C", b"AUTH LOGIN\r\n"),
        ("S", b"334 VXNlcm5hbWU6\r\n"),
        ("C", b"*\r\n"),
        ("S", b"501 5.7.0 Authentication aborted\r\n"),
        ("C", b"NOOP\r\n"),
        ("S", b"250 Ok\r\n"),
    ]
    capture = session_capture(transcript)
    assert every(tshark, capture, "mailxtra.auth.username", two_pass) == []
    assert "NOOP" in every(tshark, capture, "mailxtra.command", two_pass)
    assert tapped(tshark, capture) == []


def test_passwords_can_be_kept_out_of_sight(tshark, session_capture):
    port, transcript = LOGINS["smtp_plain"]
    capture = session_capture(transcript, server_port=port)
    off = ["mailxtra.decode_auth:FALSE"]
    assert tshark.frames(capture, "mailxtra.auth.password", prefs=off) == []


def listed(tshark, capture, two_pass):
    """Protocol, user name and mechanism of each row of -z credentials."""
    rows = [line.split() for line in tshark.read(capture, "-q", "-z", "credentials", two_pass=two_pass).splitlines()]
    return [(row[1], row[2], row[3].rstrip(",")) for row in rows if len(row) > 3 and row[0].isdigit()]


def test_an_empty_password_is_listed(tshark, session_capture, two_pass):
    plain = session_capture(SMTP_START + [("C", b"AUTH PLAIN " + b64(b"\0ann\0") + b"\r\n"), SMTP_BAD], server_port=25)
    assert listed(tshark, plain, two_pass) == [("SMTP", "ann", "PLAIN")]
    assert tshark.frames(plain, 'mailxtra.auth.password == ""', two_pass=two_pass)


def test_ntlm_is_listed(tshark, two_pass):
    rows = listed(tshark, harness.PCAPS / "auth-ntlm.pcap", two_pass)
    assert rows and all(mechanism == "NTLM" for _, _, mechanism in rows)
