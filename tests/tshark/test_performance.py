"""How the cost grows with the size of a mail. Time is reported, never judged: the machine may be busy."""

import base64
import resource

from test_export import attached, delivery, mail


def user_seconds(call):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    call()
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def big_mail(megabytes):
    coded = base64.encodebytes(bytes(57) * (megabytes * 1_000_000 // 78)).replace(b"\n", b"\r\n")
    return mail([(attached(b"big.bin"), b"")]).replace(b"base64\r\n\r\n", b"base64\r\n\r\n" + coded)


def test_one_large_mail_costs_what_many_small_ones_cost(tshark, session_capture, record_property):
    captures = {
        "floor, as echo": session_capture(delivery(big_mail(16))),
        "16 of 1 MB": session_capture(delivery(*[big_mail(1)] * 16)),
        "1 of 16 MB": session_capture(delivery(big_mail(16))),
        "1 of 32 MB": session_capture(delivery(big_mail(32))),
    }
    seconds = {}
    for name, capture in captures.items():
        args = ["-d", "tcp.port==25,echo"] if name.startswith("floor") else []
        # A tap that asks for nothing: without any, tshark -q would not dissect at all.
        seconds[name] = user_seconds(lambda: tshark.read(capture, "-q", "-z", "io,stat,0", *args))
        record_property(f"user seconds, {name}", round(seconds[name], 2))
    export = user_seconds(lambda: tshark.export("mail-attachments", captures["1 of 32 MB"]))
    record_property("user seconds, export of 1 of 32 MB", round(export, 2))
    print({name: round(value, 2) for name, value in seconds.items()}, "export of 32 MB:", round(export, 2))
