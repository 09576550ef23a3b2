"""Does the plugin know whether the frames of a capture will be dissected again? All memory depends on it."""

import shutil

import pytest
from harness import PCAPS, Sharkd
from pcapgen import tcp_session, write_pcap
from test_export import attached, delivery, mail

VARIABLE = "MAILXTRA_LATER_PASSES"


@pytest.fixture(scope="module", params=[1, 2, 3, 4, 30, "many"])
def capture(request, workspace):
    """A capture of that many frames, the first of them with mail in it."""
    if request.param == "many":
        return PCAPS / "smtp-five-mails.pcap"
    frames = [frame for frame in tcp_session(delivery(mail([(attached(b"a.bin"), bytes(20000))])))][3:]
    return write_pcap(workspace.folder() / "few.pcap", frames[: request.param])


def decision(errors):
    [line] = [line for line in errors.splitlines() if line.startswith("mailxtra: later passes: ")]
    return line.removeprefix("mailxtra: later passes: ").split(" ")[0]


@pytest.mark.parametrize("options", [(), ("-V",), ("-Y", "frame.number == 2"), ("-Y", "smtp", "-V")], ids=" ".join)
@pytest.mark.parametrize("later", ["no", "yes"])
def test_tshark(tshark, capture, monkeypatch, options, later):
    monkeypatch.setenv(VARIABLE, "show")
    passes = ("-2",) if later == "yes" else ()
    done = tshark("-r", tshark.workspace.readable(capture), "-q", "-z", "mailxtra,sessions", *passes, *options)
    assert decision(done.stderr.decode()) == later


@pytest.mark.skipif(shutil.which("sharkd") is None, reason="sharkd is not installed")
def test_sharkd(workspace, tshark, capture, monkeypatch):
    monkeypatch.setenv(VARIABLE, "show")
    with Sharkd(workspace) as sharkd:
        sharkd.load(capture)
        assert decision(sharkd.errors()) == "yes"


@pytest.mark.parametrize("word", ["yes", "no"])
def test_the_variable_has_the_last_word(tshark, monkeypatch, word):
    capture = PCAPS / "smtp-five-mails.pcap"
    plain = tshark.read(capture, "-V")
    monkeypatch.setenv(VARIABLE, f"{word},show")
    done = tshark("-r", tshark.workspace.readable(capture), "-V")
    assert decision(done.stderr.decode()) == word and done.stdout.decode() == plain
