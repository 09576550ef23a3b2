"""The harness fails a test when tshark prints a dissector's error that is mailxtra's."""

import subprocess

import dissector_errors
import harness
import pytest

ASSERTION = 'packet.c:869: failed assertion "saved_layers_len < prefs.gui_max_tree_depth"'
WARNING = " ** (tshark:1) 10:00:00.0 [Epan WARNING] -- Dissector bug, protocol {}, in packet {}: " + ASSERTION + "\n"
TABLE = "Errors (1)\n=============\n   Frequency      Group           Protocol  Summary\n           1  Malformed                {}  Malformed Packet (Exception occurred)\n"


def printed(stdout="", stderr=""):
    return subprocess.CompletedProcess(["tshark"], 0, stdout.encode(), stderr.encode())


@pytest.mark.parametrize(
    "done,errors",
    [
        (printed("Frame 1: 60 bytes\n"), set()),
        (printed(stderr=WARNING.format("MIME multipart", 49)), {("Dissector bug", "MIME multipart", "49", ASSERTION)}),
        (printed(f"    [Dissector bug, protocol IMF: {ASSERTION}]\n", WARNING.format("IMF", 3)), {("Dissector bug", "IMF", "3", ASSERTION)}),
        (printed(f"    [Dissector bug, protocol IMF: {ASSERTION}]\n"), {("Dissector bug", "IMF", ASSERTION)}),
        (printed("[Malformed Packet: Mailxtra]\n"), {("Malformed Packet", "Mailxtra")}),
        (printed(TABLE.format("MAILXTRA")), {("Malformed Packet", "MAILXTRA")}),
        (printed("[Malformed Packet: SMTP]\n"), {("Malformed Packet", "SMTP")}),
        (printed("[Malformed Packet: PNG]\n"), set()),
    ],
)
def test_errors_that_are_found(done, errors):
    assert dissector_errors.of(done) == errors


def test_arguments_for_stock():
    """What is dissected stays, what is printed does not."""
    args = ["-r", "/tmp/mailxtra/x.pcap", "-2", "-o", "mailxtra.call_imf:FALSE", "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-e", "mailxtra.state"]
    assert dissector_errors.stock_arguments(args) == ("-r", "/tmp/mailxtra/x.pcap", "-2", "-o", "tcp.check_checksum:TRUE", "-V")
    assert dissector_errors.stock_arguments(["-r", "-", "-V"]) is None
    assert dissector_errors.stock_arguments(["-G", "fields"]) is None


@pytest.fixture
def runs(workspace, monkeypatch):
    """tshark with the plugin that prints what the test says; stock prints the second output."""
    outputs = {}
    monkeypatch.setattr(harness.Tshark, "_run", lambda self, *_: outputs["plugin" if self.plugin else "stock"])

    def make(plugin, stock=None):
        outputs.update(plugin=plugin, stock=stock)
        return harness.Tshark(workspace)

    return make


def test_an_error_of_ours_fails(runs):
    tshark = runs(printed(stderr=WARNING.format("IMF", 7)), stock=printed(stderr=WARNING.format("IMF", 8)))
    with pytest.raises(AssertionError, match="IMF"):
        tshark("-r", "x.pcap", "-V")
    tshark("-r", "x.pcap", "-V", errors_expected="the test of the opt-out")


def test_an_error_of_stock_is_allowed(runs):
    tshark = runs(printed(stderr=WARNING.format("IMF", 7)), stock=printed(stderr=WARNING.format("IMF", 7)))
    tshark("-r", "x.pcap", "-V")


def test_stock_runs_only_on_a_hit(runs):
    runs(printed("Frame 1\n"))("-r", "x.pcap", "-V")  # the output of stock is not there
