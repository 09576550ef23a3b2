"""How the cost grows with the size of a mail. Time is reported, never judged: the machine may be busy."""

import base64
import os
import resource
import subprocess
from dataclasses import replace

from pcapgen import tcp_session, write_pcap
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


def peak_megabytes(tshark, capture, *args):
    """Of a run of tshark that dissects and prints nothing."""
    command = ["tshark", "-n", "-r", str(tshark.workspace.readable(capture)), "-q", *(args or ("-z", "io,stat,0"))]
    environment = tshark.workspace.environment(tshark.plugins)
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=environment, cwd=tshark.workspace.root, **tshark.workspace.identity()
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


def test_what_waits_behind_a_hole_is_bounded(tshark, workspace, record_property):
    """A segment is lost, and nobody acknowledges it, so that 48 MB could wait behind it; 16 MiB may. Compared with the same
    loss acknowledged at once."""
    frames = tcp_session(delivery(big_mail(48)))
    lost = next(number for number, frame in enumerate(frames) if len(frame.payload) == 1460)
    ack = frames[lost].seq
    stuck = [replace(frame, ack=ack) if frame.sender == "S" and number > lost and frame.ack > ack else frame for number, frame in enumerate(frames)]
    acknowledged, holed = (
        write_pcap(workspace.folder() / "lost.pcap", version[:lost] + version[lost + 1 :]) for version in (frames, stuck)
    )
    peaks = {name: peak_megabytes(tshark, path) for name, path in {"acknowledged": acknowledged, "not": holed}.items()}
    record_property("megabytes at most", {name: round(value) for name, value in peaks.items()})
    assert peaks["not"] < peaks["acknowledged"] + 32
    told = tshark.fields(holed, "mailxtra.missing", "mailxtra.missing")
    assert [value for row in told for value in row[0]] == ["1460"]


def test_a_single_pass_gives_messages_back(tshark, session_capture, record_property):
    """16 mails of 1 MB: who looks at each frame once keeps none of them. The floor is the same capture as echo."""
    capture = session_capture(delivery(*[big_mail(1)] * 16))
    plain = ("-z", "http,tree")  # a tap that wants no tree, in any version
    floor = peak_megabytes(tshark, capture, *plain, "-d", "tcp.port==25,echo")
    peak = peak_megabytes(tshark, capture, *plain)
    record_property("megabytes over the floor", round(peak - floor, 1))
    assert peak < floor + 8
    told = [tshark.read(capture, *args, "-Y", "mailxtra.message.size", "-T", "fields", "-e", "mailxtra.message.sha256") for args in ([], ["-2"])]
    assert told[0] == told[1] and len(told[0].split()) == 16
