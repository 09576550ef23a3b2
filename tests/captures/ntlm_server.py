#!/usr/bin/env python3
"""The smallest server that takes AUTH NTLM, since Dovecot has none: ntlm_server.py smtp|pop3 PORT

Accepts every answer but that of the user "ghost". The challenge is fixed, so that hashes can be compared.
"""
import base64
import socketserver
import struct
import sys

CHALLENGE = bytes.fromhex("0123456789abcdef")


def challenge_message():
    """NTLMSSP CHALLENGE_MESSAGE for the domain SKYNET."""
    domain = "SKYNET".encode("utf-16-le")
    pairs = b"".join(struct.pack("<HH", kind, len(text)) + text for kind, text in (
        (2, domain), (1, "MAIL01".encode("utf-16-le")), (4, "skynet.local".encode("utf-16-le")),
        (3, "mail01.skynet.local".encode("utf-16-le")), (0, b"")))
    # Unicode, target name, NTLM, always sign, target is a domain, extended security, target info, 128, 56
    flags = 0x00000001 | 0x4 | 0x200 | 0x8000 | 0x10000 | 0x80000 | 0x800000 | 0x20000000 | 0x80000000
    start = 48
    return (b"NTLMSSP\0" + struct.pack("<IHHII", 2, len(domain), len(domain), start, flags) + CHALLENGE + bytes(8)
            + struct.pack("<HHI", len(pairs), len(pairs), start + len(domain)) + domain + pairs)


def user_of(answer):
    """The user name in an AUTHENTICATE_MESSAGE."""
    length, _, offset = struct.unpack_from("<HHI", answer, 36)
    return answer[offset:offset + length].decode("utf-16-le", "replace")


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def authenticate(self, prompt, first):
        """The three messages; returns whether the user may come in."""
        if not first:
            self.say(prompt)
            first = self.rfile.readline().strip().decode()
        self.say(prompt + base64.b64encode(challenge_message()).decode())
        return user_of(base64.b64decode(self.rfile.readline())) != "ghost"

    def handle(self):
        smtp = self.server.speaks == "smtp"
        self.say("220 mail01.skynet.local ESMTP" if smtp else "+OK mail01.skynet.local")
        for line in self.rfile:
            words = line.decode().split()
            verb = words[0].upper() if words else ""
            if verb == "EHLO":
                self.say("250-mail01.skynet.local\r\n250-AUTH NTLM\r\n250 8BITMIME")
            elif verb == "CAPA":
                self.say("+OK\r\nSASL NTLM\r\nUIDL\r\n.")
            elif verb == "AUTH" and smtp:
                good = self.authenticate("334 ", words[2] if len(words) > 2 else "")
                self.say("235 2.7.0 Authentication successful" if good else "535 5.7.8 Authentication failed")
            elif verb == "AUTH":
                good = self.authenticate("+ ", words[2] if len(words) > 2 else "")
                self.say("+OK logged in" if good else "-ERR [AUTH] failed")
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye" if smtp else "+OK bye")
                return
            else:
                self.say("250 2.0.0 Ok" if smtp else "+OK\r\n." if verb == "LIST" else "+OK")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("", int(sys.argv[2])), Session) as server:
        server.speaks = sys.argv[1]
        server.serve_forever()
