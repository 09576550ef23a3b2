#!/usr/bin/env python3
"""Mail clients for the captures: smtplib and poplib where they do what is wanted, a bare socket where the
session has to be something that no library would write.

usage: clients.py SESSION HOST PORT [ARGUMENT...]       SESSION: a function below, with - for _
"""
import base64
import hashlib
import hmac
import imaplib
import json
import poplib
import re
import smtplib
import socket
import ssl
import sys
import time
import zlib
from pathlib import Path

EML = Path(__file__).resolve().parent.parent / "data" / "eml"


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def stuffed(message):
    """A message as it goes over the wire after DATA, with the final dot."""
    out = b"".join(b"." + line if line.startswith(b".") else line for line in message.splitlines(keepends=True))
    return out + (b"" if out.endswith(b"\r\n") else b"\r\n") + b".\r\n"


class Wire:
    """A socket that speaks lines. Prints the session as the README quotes it."""

    def __init__(self, host, port, greeting=True, source=None):
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        if greeting:
            self.greeting = self.reply()

    def line(self):
        line = self.file.readline()
        print("S:", line)
        return line

    def reply(self):
        """One SMTP reply; POP3's status lines pass as well, since their fourth byte is no hyphen."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return lines[-1]

    def listing(self):
        """The lines of a POP3 multi-line reply."""
        lines = []
        while True:
            line = self.line()
            if line in (b".\r\n", b""):
                return lines
            lines.append(line)

    def send(self, text):
        data = text if isinstance(text, bytes) else (text + "\r\n").encode()
        print("C:", data[:70])
        self.socket.sendall(data)

    def ask(self, text, expect=None):
        self.send(text)
        answer = self.reply()
        if expect and not answer.startswith(expect.encode()):
            raise SystemExit(f"{text!r}: {expect} expected, {answer!r} came")
        return answer

    def type(self, text, pause=0.004):
        """Every byte in a segment of its own."""
        for byte in text.encode() + b"\r\n":
            self.socket.send(bytes([byte]))
            time.sleep(pause)


def read(name):
    return (EML / f"{name}.eml").read_bytes()


# ---------------------------------------------------------------- what went through TLS

def save(folder, protocol, command, message, sender=None, recipients=()):
    """Keeps a message for the expectations: the wire shows ciphertext only."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    number = len(list(folder.glob("*.eml"))) + 1
    (folder / f"{number}.eml").write_bytes(message)
    (folder / f"{number}.json").write_text(json.dumps(
        {"protocol": protocol, "command": command, "envelope_from": sender, "envelope_to": list(recipients)}) + "\n")


def tls_context(keys, version):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.keylog_filename = keys
    if version == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def save_smtp(host, port, folder, name, sender, *recipients):
    """Not a session: notes that another client sent tests/data/eml/NAME.eml through TLS."""
    message = read(name)
    save(folder, "SMTP", "DATA", message if message.endswith(b"\r\n") else message + b"\r\n", sender, recipients)


def smtp_starttls(host, port, keys, folder, version, *names):
    """EHLO, STARTTLS, EHLO, AUTH, one mail per name."""
    with smtplib.SMTP(host, int(port), local_hostname="client.skynet.local") as client:
        client.set_debuglevel(1)
        client.starttls(context=tls_context(keys, version))
        client.login("sanders@skynet.local", "Sk7net!pass")
        for name in names:
            client.sendmail("sanders@skynet.local", ["sanders@cyberdyne.local"], read(name))
            save(folder, "SMTP", "DATA", read(name), "sanders@skynet.local", ["sanders@cyberdyne.local"])


def smtp_exim(host, port, keys, folder, text, chunks, pipelined):
    """EHLO, STARTTLS, EHLO, AUTH, a mail by DATA, one by BDAT in two chunks, one pipelined up to its only chunk."""
    sender, recipient = "sanders@skynet.local", "sanders@cyberdyne.local"
    envelope = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\n".encode()
    with smtplib.SMTP(host, int(port), local_hostname="client.skynet.local") as client:
        client.set_debuglevel(1)
        client.starttls(context=tls_context(keys, "1.3"))
        client.login(sender, "Sk7net!pass")
        client.sendmail(sender, [recipient], read(text))
        save(folder, "SMTP", "DATA", read(text), sender, [recipient])
        client.mail(sender)
        client.rcpt(recipient)
        data = read(chunks)
        for piece, last in ((data[:1000], b""), (data[1000:], b" LAST")):
            client.sock.sendall(b"BDAT %d%s\r\n" % (len(piece), last) + piece)
            print(client.getreply())
        save(folder, "SMTP", "BDAT", data, sender, [recipient])
        data = read(pipelined)
        client.sock.sendall(envelope + b"BDAT %d LAST\r\n" % len(data) + data)
        print([client.getreply() for _ in range(3)])
        save(folder, "SMTP", "BDAT", data, sender, [recipient])


def smtps_alpn(host, port, keys, folder, version, *names):
    """TLS from the first byte, with ALPN; one mail per name."""
    context = tls_context(keys, version)
    context.set_alpn_protocols(["smtp"])
    with smtplib.SMTP_SSL(host, int(port), local_hostname="client.skynet.local", context=context) as client:
        client.set_debuglevel(1)
        for name in names:
            client.sendmail("sanders@skynet.local", ["sanders@cyberdyne.local"], read(name))
            save(folder, "SMTP", "DATA", read(name), "sanders@skynet.local", ["sanders@cyberdyne.local"])


def pop3_stls(host, port, keys, folder, version, user, password):
    """CAPA, STLS, CAPA, USER, PASS, RETR of everything."""
    client = poplib.POP3(host, int(port))
    client.set_debuglevel(1)
    client.capa()
    client.stls(tls_context(keys, version))
    client.capa()
    client.user(user)
    client.pass_(password)
    for number in range(1, client.stat()[0] + 1):
        save(folder, "POP3", "RETR", b"".join(line + b"\r\n" for line in client.retr(number)[1]))
    client.quit()


def pop3s(host, port, keys, folder, version, user, password):
    """The same inside implicit TLS, with TOP and LIST."""
    client = poplib.POP3_SSL(host, int(port), context=tls_context(keys, version))
    client.set_debuglevel(1)
    client.user(user)
    client.pass_(password)
    client.list()
    client.uidl()
    for number in range(1, client.stat()[0] + 1):
        save(folder, "POP3", "RETR", b"".join(line + b"\r\n" for line in client.retr(number)[1]))
    client.quit()


# ---------------------------------------------------------------- SMTP and LMTP

def lmtp_deliver(host, port, sender, recipient, path):
    with smtplib.LMTP(host, int(port), local_hostname="mail01.skynet.local") as client:
        client.sendmail(sender, [recipient], Path(path).read_bytes())


def lmtp_two_recipients(host, port):
    """Two good recipients and one unknown: LMTP answers the final dot once per accepted recipient."""
    wire = Wire(host, port)
    wire.ask("LHLO mail01.skynet.local", "250")
    wire.ask("MAIL FROM:<wang@skynet.local> BODY=8BITMIME", "250")
    wire.ask("RCPT TO:<sanders@cyberdyne.local>", "250")
    wire.ask("RCPT TO:<nobody@cyberdyne.local>", "550")
    wire.ask("RCPT TO:<li@cyberdyne.local>", "250")
    wire.ask("DATA", "354")
    wire.send(stuffed(read("box-big5")))
    wire.reply()
    wire.reply()
    wire.ask("RSET", "250")
    # The second mail pipelined, as Postfix's own LMTP client does it.
    wire.send(b"MAIL FROM:<wang@skynet.local>\r\nRCPT TO:<li@cyberdyne.local>\r\nRCPT TO:<sanders@cyberdyne.local>\r\nDATA\r\n")
    for _ in range(4):
        wire.reply()
    wire.send(stuffed(read("dots")))
    wire.reply()
    wire.reply()
    wire.ask("QUIT", "221")


def smtp_many(host, port, *names):
    """One session, one mail per name, by smtplib."""
    with smtplib.SMTP(host, int(port), local_hostname="client.skynet.local") as client:
        client.set_debuglevel(1)
        for name in names:
            client.sendmail("sanders@skynet.local", ["sanders@cyberdyne.local"], read(name), ["BODY=8BITMIME"])


def token(user):
    """A JSON web token (HS256), signed with the key that lab_servers.sh gives Dovecot."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    body = part(b'{"alg":"HS256","typ":"JWT"}') + b"." + part(json.dumps(
        {"sub": user, "iat": 1709200000, "nbf": 1709200000, "exp": 4102444800}).encode())
    return (body + b"." + part(hmac.new(b"lab-secret-for-tokens", body, hashlib.sha256).digest())).decode()


def scram(wire, algorithm, user, password, command):
    """RFC 5802 without channel binding. The client's nonce is fixed: it is read by people."""
    first = f"n={user},r=fyko+d2lbbFgONRv9qkxdawL"
    challenge = wire.ask(command + b64("n,," + first))
    server = base64.b64decode(challenge.split(b" ", 1)[1])
    nonce, salt, rounds = (field.split(b"=", 1)[1] for field in server.split(b","))
    salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), base64.b64decode(salt), int(rounds))
    client_key = hmac.new(salted, b"Client Key", algorithm).digest()
    without_proof = b"c=biws,r=" + nonce
    signature = hmac.new(hashlib.new(algorithm, client_key).digest(),
                         first.encode() + b"," + server + b"," + without_proof, algorithm).digest()
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    if wire.ask(b64(without_proof + b",p=" + base64.b64encode(proof))).startswith((b"334", b"+ ")):
        wire.ask("")                                                # the server's own proof is acknowledged by an empty line


def smtp_auth_variants(host, port):
    """The shapes that swaks does not write: each in a session of its own, closed by QUIT."""
    user, password = "sanders@skynet.local", "Sk7net!pass"
    plain = b64("\0sanders@skynet.local\0Sk7net!pass")
    with_authzid = b64("sanders@skynet.local\0sanders@skynet.local\0Sk7net!pass")
    for name, steps in {
        "PLAIN, no initial response": ["AUTH PLAIN", plain],
        "PLAIN with an authorization identity, lower case": ["auth plain " + with_authzid],
        "LOGIN, user name in the command": ["AUTH LOGIN " + b64("sanders@skynet.local"), b64("Sk7net!pass")],
        "ANONYMOUS with a trace": ["AUTH ANONYMOUS " + b64("guest@reader")],
        "XOAUTH2": ["AUTH XOAUTH2 " + b64(f"user={user}\x01auth=Bearer {token(user)}\x01\x01")],
        "XOAUTH2, forged": ["AUTH XOAUTH2 " + b64(f"user={user}\x01auth=Bearer forged\x01\x01"), ""],
        "OAUTHBEARER, no initial response": ["AUTH OAUTHBEARER", b64(
            f"n,a={user},\x01host=mail01.skynet.local\x01port=587\x01auth=Bearer {token(user)}\x01\x01")],
        "SCRAM-SHA-1": [("sha1", "AUTH SCRAM-SHA-1 ", password)],
        "SCRAM-SHA-256": [("sha256", "AUTH SCRAM-SHA-256 ", password)],
        "SCRAM-SHA-256, wrong password": [("sha256", "AUTH SCRAM-SHA-256 ", "wrong")],
        "cancelled with a star": ["AUTH LOGIN", "*"],
        "broken base64": ["AUTH PLAIN !!!!"],
        "unknown mechanism": ["AUTH KERBEROS_V4"],
    }.items():
        print("##", name)
        wire = Wire(host, port)
        wire.ask("EHLO client.skynet.local", "250")
        for step in steps:
            if isinstance(step, tuple):
                scram(wire, step[0], user, step[2], step[1])
            else:
                wire.ask(step)
        wire.ask("QUIT", "221")


def smtp_auth_retry(host, port):
    """Three refusals by three mechanisms, then the right password, then a mail: all in one session."""
    wire = Wire(host, port)
    wire.ask("EHLO client.skynet.local", "250")
    wire.ask("AUTH LOGIN", "334")
    wire.ask(b64("sanders@skynet.local"), "334")
    wire.ask(b64("wrong-one"), "535")
    wire.ask("AUTH PLAIN " + b64("\0ghost@skynet.local\0boo"), "535")
    challenge = wire.ask("AUTH CRAM-MD5", "334")
    digest = hmac.new(b"wrong-three", base64.b64decode(challenge[4:].strip()), hashlib.md5).hexdigest()
    wire.ask(b64(f"li@skynet.local {digest}"), "535")
    wire.ask("AUTH LOGIN", "334")
    wire.ask(b64("wang@skynet.local"), "334")
    wire.ask(b64("wang-secret"), "235")
    wire.ask("MAIL FROM:<wang@skynet.local> AUTH=<>", "250")
    wire.ask("RCPT TO:<li@cyberdyne.local>", "250")
    wire.ask("DATA", "354")
    wire.send(stuffed(read("box-koi8r")))
    wire.reply()
    wire.ask("QUIT", "221")


def smtp_refused(host, port):
    """Every kind of refusal, and a mail that gets through at the end."""
    wire = Wire(host, port)
    wire.ask("MAIL FROM:<early@skynet.local>")                      # before EHLO
    wire.ask("HELO", "501")
    wire.ask("EHLO client.skynet.local", "250")
    wire.ask("EXPN staff")
    wire.ask("HLEP")
    wire.ask("VRFY sanders@cyberdyne.local")
    wire.ask("NOOP", "250")
    wire.ask("MAIL FROM:<sanders@skynet.local> SIZE=99999999", "552")
    wire.ask("DATA", "503")
    wire.ask("MAIL FROM:<spam@skynet.local> SIZE=300 RET=HDRS ENVID=QQ314159", "250")
    wire.ask("RCPT TO:<nobody@cyberdyne.local>", "554")
    wire.ask("DATA", "554")                                         # no valid recipient
    wire.ask("RCPT TO:<sanders@cyberdyne.local> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;sanders@cyberdyne.local", "250")
    wire.ask("DATA", "554")                                         # the policy does not like the sender
    wire.ask("RSET", "250")
    wire.ask("MAIL FROM:<sanders@skynet.local>", "250")
    wire.ask("RCPT TO:<sanders@cyberdyne.local>", "250")
    wire.ask("DATA", "354")
    wire.send(stuffed(read("short").replace(b"Subject: ping", b"Subject: refuse me")))
    wire.reply()                                                    # 550 after the message went over
    wire.ask("MAIL FROM:<>", "250")
    wire.ask("RCPT TO:<sanders@cyberdyne.local>", "250")
    wire.ask("DATA", "354")
    wire.send(stuffed(read("short")))
    wire.reply()
    wire.ask("QUIT", "221")


def smtp_pipelining(host, port):
    """Two mails; the second one's commands share a segment with the first one's final dot (RFC 2920, 3.1)."""
    wire = Wire(host, port)
    wire.ask("EHLO client.skynet.local", "250")
    start = b"MAIL FROM:<sanders@skynet.local>\r\nRCPT TO:<sanders@cyberdyne.local>\r\nRCPT TO:<nobody@cyberdyne.local>\r\nDATA\r\n"
    wire.send(start)
    for _ in range(4):
        wire.reply()
    wire.send(stuffed(read("five-2-outlook")) + start)
    for _ in range(5):
        wire.reply()
    wire.send(stuffed(read("python")) + b"QUIT\r\n")
    wire.reply()
    wire.reply()


def smtp_eager(host, port):
    """A client that does not wait: DATA and the whole mail, twice, and QUIT in one write after EHLO."""
    wire = Wire(host, port)
    wire.ask("EHLO client.skynet.local", "250")
    start = b"MAIL FROM:<sanders@skynet.local>\r\nRCPT TO:<sanders@cyberdyne.local>\r\nDATA\r\n"
    wire.send(start + stuffed(read("box-koi8r")) + start + stuffed(read("box-shiftjis")) + b"QUIT\r\n")
    for _ in range(9):
        wire.reply()


def smtp_bdat(host, port):
    """Chunks of odd sizes, an empty last chunk, a pipelined pair, and DATA after BDAT in the same session."""
    wire = Wire(host, port)
    wire.ask("EHLO client.skynet.local", "250")
    message = read("bdat-no-final-newline")

    def envelope():
        wire.ask("MAIL FROM:<sanders@skynet.local> BODY=8BITMIME", "250")
        wire.ask("RCPT TO:<sanders@cyberdyne.local>", "250")

    envelope()
    for start, end in ((0, 1000), (1000, 1001), (1001, 2500)):
        wire.send(b"BDAT %d\r\n" % (end - start) + message[start:end])
        wire.reply()
    wire.send(b"BDAT %d LAST\r\n" % (len(message) - 2500) + message[2500:])
    wire.reply()

    envelope()
    message = read("dots")
    wire.send(b"BDAT %d\r\n" % len(message) + message)
    wire.reply()
    wire.ask("BDAT 0 LAST", "250")

    message = read("five-1-thunderbird")
    wire.send(b"MAIL FROM:<sanders@skynet.local>\r\nRCPT TO:<sanders@cyberdyne.local>\r\n"
              + b"BDAT 3000\r\n" + message[:3000] + b"BDAT %d LAST\r\n" % (len(message) - 3000) + message[3000:])
    for _ in range(4):
        wire.reply()

    envelope()
    wire.ask("DATA", "354")
    wire.send(stuffed(read("box-latin1-8bit")))
    wire.reply()
    wire.ask("QUIT", "221")


def smtp_dots(host, port):
    """Dot-stuffing cut at every awkward place: single bytes around the dots, the final CR LF . CR LF in five segments."""
    wire = Wire(host, port)
    wire.ask("EHLO client.skynet.local", "250")
    for name, slow in (("dots", False), ("dots", True), ("five-5-mutt", False)):
        wire.ask("MAIL FROM:<sanders@skynet.local>", "250")
        wire.ask("RCPT TO:<sanders@cyberdyne.local>", "250")
        wire.ask("DATA", "354")
        data = stuffed(read(name))
        if slow:
            edge = data.index(b"\r\n\r\n") + 2
            wire.send(data[:edge])
            for byte in data[edge:]:
                wire.socket.send(bytes([byte]))
                time.sleep(0.003)
        else:
            wire.send(data)
        wire.reply()
    wire.ask("QUIT", "221")


def smtp_utf8(host, port):
    wire = Wire(host, port)
    wire.ask("EHLO client.skynet.local", "250")
    wire.ask("MAIL FROM:<jürgen@skynet.local> BODY=8BITMIME SMTPUTF8 SIZE=%d" % len(read("smtputf8")), "250")
    wire.ask("RCPT TO:<ελένη@cyberdyne.local>", "250")
    wire.ask("DATA", "354")
    wire.send(stuffed(read("smtputf8")))
    wire.reply()
    wire.ask("QUIT", "221")


# ---------------------------------------------------------------- POP3

def pop3_mailbox(host, port, user, password):
    """One of everything, by poplib, one command at a time."""
    client = poplib.POP3(host, int(port))
    client.set_debuglevel(1)
    client.capa()
    client.user(user)
    client.pass_(password)
    count = client.stat()[0]
    client.list()
    client.list(2)
    client.uidl()
    client.uidl(1)
    client.noop()
    client.top(1, 0)
    client.top(2, 5)
    for number in range(1, count + 1):
        client.retr(number)
    try:
        client.retr(count + 1)
    except poplib.error_proto as error:
        print(error)
    client.dele(1)
    client.dele(3)
    client.rset()
    client.dele(2)
    client.stat()
    client.quit()


def pop3_pipelined(host, port, user, password):
    """Login, then all the RETRs in one write: the answers run together without regard to segments."""
    wire = Wire(host, port)
    wire.send("CAPA")
    wire.listing()
    wire.send(f"USER {user}\r\nPASS {password}\r\nSTAT")
    wire.reply()
    wire.reply()
    count = int(wire.reply().split()[1])
    wire.send("LIST\r\nUIDL\r\n" + "\r\n".join(f"RETR {n}" for n in range(1, count + 1)) + "\r\nTOP 1 1\r\nNOOP\r\nQUIT")
    for _ in range(count + 3):
        wire.reply()
        wire.listing()
    wire.reply()
    wire.reply()


def pop3_auth(host, port):
    """Each mechanism in a session of its own; STAT shows that the login counts."""
    user, password = "reader@cyberdyne.local", "Plaintext99"
    plain = b64(f"\0{user}\0{password}")
    for name, steps in {
        "USER and PASS": [f"USER {user}", f"PASS {password}"],
        "USER and PASS, wrong, then right": [f"USER {user}", "PASS not it", f"USER {user}", f"PASS {password}"],
        "AUTH PLAIN with initial response": ["AUTH PLAIN " + plain],
        "AUTH PLAIN without": ["AUTH PLAIN", plain],
        "AUTH LOGIN": ["AUTH LOGIN", b64(user), b64(password)],
        "AUTH LOGIN, wrong, then cancelled, then PLAIN": ["AUTH LOGIN", b64("ghost"), b64("boo"), "AUTH LOGIN", "*",
                                                           "AUTH PLAIN " + plain],
        "AUTH CRAM-MD5": ["AUTH CRAM-MD5", "cram"],
        "APOP": ["apop"],
        "APOP, wrong": ["apop-wrong", "apop"],
    }.items():
        print("##", name)
        wire = Wire(host, port)
        banner = wire.greeting[wire.greeting.index(b"<"):wire.greeting.rindex(b">") + 1]
        answer = b""
        for step in steps:
            if step == "cram":
                digest = hmac.new(password.encode(), base64.b64decode(answer[2:].strip()), hashlib.md5).hexdigest()
                step = b64(f"{user} {digest}")
            elif step.startswith("apop"):
                secret = password if step == "apop" else "wrong"
                step = f"APOP {user} " + hashlib.md5(banner + secret.encode()).hexdigest()
            answer = wire.ask(step)
        wire.ask("STAT", "+OK")
        wire.ask("QUIT", "+OK")


# ---------------------------------------------------------------- IMAP

def imap_fill(host, port, user, password, *names):
    """Not captured: these mails and no others in the INBOX, by APPEND."""
    client = imaplib.IMAP4(host, int(port))
    client.login(user, password)
    client.select("INBOX")
    client.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
    client.expunge()
    for name in names:
        client.append("INBOX", None, None, read(name))
    client.logout()


def imap_store(target, *folders):
    """Not a session: notes the SHA-256 of each mail that the server has, as it goes over the wire (CRLF)."""
    mails = [re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
             for folder in folders for path in sorted(Path(folder).iterdir()) if not path.name.startswith("cyrus.")]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(json.dumps(sorted(hashlib.sha256(mail).hexdigest() for mail in mails), indent=1) + "\n")


def imap_fetch_variants(host, port, user, password):
    """imaplib, each mail in another way: whole, header and text, RFC822, in chunks, as parts."""
    client = imaplib.IMAP4(host, int(port))
    client.login(user, password)
    client.select("INBOX")
    sizes = {uid: int(re.search(rb"RFC822.SIZE (\d+)", client.uid("FETCH", uid, "(RFC822.SIZE)")[1][0])[1])
             for uid in client.uid("SEARCH", "ALL")[1][0].decode().split()}
    uids = list(sizes)
    client.uid("FETCH", uids[0], "(FLAGS INTERNALDATE BODY.PEEK[])")
    client.fetch("2", "(RFC822.HEADER RFC822.TEXT)")
    client.uid("FETCH", uids[2], "(ENVELOPE BODYSTRUCTURE)")
    for start in range(0, sizes[uids[2]] + 1, 2000):
        client.uid("FETCH", uids[2], f"(BODY.PEEK[]<{start}.2000>)")
    client.uid("FETCH", uids[3], "(UID BODY.PEEK[HEADER])")
    client.uid("FETCH", uids[3], "(UID BODY.PEEK[TEXT])")
    client.fetch("5", "RFC822")
    client.logout()


def imap_parts(host, port, user, password):
    """A client that shows a mail and saves its attachments: structure, header, then single parts, one in chunks, one in
    another connection, one twice, one with the encoding undone by the server."""
    def connect():
        client = imaplib.IMAP4(host, int(port))
        client.login(user, password)
        client.select("INBOX", readonly=True)
        return client

    client = connect()
    first, _, third, _, fifth = client.uid("SEARCH", "ALL")[1][0].decode().split()
    client.uid("FETCH", "1:*", "(FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE "
                               "BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT CONTENT-TYPE)])")
    client.uid("FETCH", third, "(BODY.PEEK[HEADER] BODY.PEEK[1.1.1])")
    client.uid("FETCH", third, "(BODY.PEEK[1.2.MIME])")
    client.uid("FETCH", third, "(BODY.PEEK[1.2])")
    client.uid("FETCH", third, "(BODY.PEEK[1.2])")
    client.uid("FETCH", third, "(BODY.PEEK[2]<0.1500>)")
    second = connect()
    start = 1500
    while start:
        piece = second.uid("FETCH", third, f"(BODY.PEEK[2]<{start}.1500>)")[1][0]
        start = start + 1500 if isinstance(piece, tuple) and len(piece[1]) == 1500 else 0
    if "BINARY" in client.capabilities:
        second.uid("FETCH", first, "(BINARY.PEEK[2])")
    else:
        second.uid("FETCH", first, "(BODY.PEEK[2])")
    # a preview: the rest is never fetched
    second.uid("FETCH", fifth, "(BODY.PEEK[]<0.200>)")
    second.logout()
    client.logout()


def imap_append(host, port, user, password, *names):
    """APPEND with and without waiting for leave, MULTIAPPEND, one that the server does not want, and IDLE."""
    wire = Wire(host, port, greeting=False)
    wire.line()

    def done(tag):
        while not (line := wire.line()).startswith(tag.encode() + b" "):
            pass
        return line

    wire.send(f"a1 LOGIN {{{len(user)}}}")
    wire.line()
    wire.send(f"{user} {{{len(password)}+}}\r\n{password}")
    done("a1")
    wire.send('a2 CREATE "Entw&APw-rfe"')
    done("a2")
    mails = [read(name) for name in names]
    wire.send(f'a3 APPEND "Entw&APw-rfe" (\\Draft) "01-Jan-2024 10:00:00 +0100" {{{len(mails[0])}}}')
    wire.line()
    wire.send(mails[0] + b"\r\n")
    done("a3")
    wire.send(f"a4 APPEND INBOX (\\Seen) {{{len(mails[1])}+}}\r\n".encode() + mails[1] +
              f" (\\Flagged) {{{len(mails[2])}+}}\r\n".encode() + mails[2] + b"\r\n")
    done("a4")
    wire.send("a5 APPEND nowhere {1000}")
    done("a5")
    wire.send("a6 SELECT INBOX")
    done("a6")
    wire.send("a7 IDLE")
    wire.line()
    wire.send("DONE")
    done("a7")
    wire.send("a8 LOGOUT")
    done("a8")


def imap_compress(host, port, user, password):
    """COMPRESS=DEFLATE (RFC 4978), and everything fetched behind it."""
    connection = socket.create_connection((host, int(port)), timeout=20)
    inflate, deflate = zlib.decompressobj(-15), zlib.compressobj(9, zlib.DEFLATED, -15)

    def ask(text, tag, compressed):
        data = text.encode() + b"\r\n"
        connection.sendall(deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH) if compressed else data)
        answer = b""
        while not re.search(rb"(^|\n)" + tag + rb" (OK|NO|BAD)[^\n]*\n$", answer):
            piece = connection.recv(65536)
            answer += inflate.decompress(piece) if compressed else piece
        return answer

    connection.recv(65536)
    ask(f"c1 LOGIN {user} {password}", b"c1", False)
    ask("c2 COMPRESS DEFLATE", b"c2", False)
    ask("c3 SELECT INBOX", b"c3", True)
    ask("c4 UID FETCH 1:* (FLAGS BODY.PEEK[])", b"c4", True)
    ask("c5 LOGOUT", b"c5", True)


# ---------------------------------------------------------------- not mail

def not_mail(host):
    """FTP, Redis, memcached, IRC and HTTP, in this order, each on a port of its own."""
    wire = Wire(host, 2121)
    for command in ("USER anonymous", "PASS guest@skynet.local", "NOOP", "STAT", "HELP", "PWD", "SIZE file.txt", "QUIT"):
        wire.ask(command)
        if command in ("STAT", "HELP"):
            time.sleep(0.1)
    wire = Wire(host, 16379, greeting=False)
    # Inline commands; "+OK" and "-ERR" are the words of POP3.
    for command in ("SET user reader", "GET user", "AUTH secret", "FOO", "CONFIG SET maxmemory 0", "PING", "QUIT"):
        wire.send(command)
        if wire.line().startswith(b"$"):
            wire.line()
    wire = Wire(host, 21211, greeting=False)
    for command in ("version", "set mail 0 0 5\r\nhello", "stats items", "quit"):
        wire.send(command)
        if command != "quit":
            wire.line()
    wire = Wire(host, 16667, greeting=False)
    wire.send("NICK reader\r\nUSER reader 0 * :A Reader")
    while b" 376 " not in (line := wire.line()) and b" 422 " not in line:
        pass
    wire.send("LIST\r\nQUIT :bye")
    while wire.line():
        pass
    wire = Wire(host, 18080, greeting=False)
    # A mail in an HTTP answer is no mail traffic.
    wire.send("GET /dots.eml HTTP/1.0\r\nUser-Agent: lab\r\n")
    while wire.line():
        pass


def main(argv):
    session = globals()[argv[1].replace("-", "_")]
    session(*argv[2:])


if __name__ == "__main__":
    main(sys.argv)
