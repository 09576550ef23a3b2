"""Fixtures of the tshark tests; MAILXTRA_BUILD names the build folder (default: build)."""

import shutil

import harness
import pytest
from crowded import SHAPES
from pcapgen import tcp_session, write_pcap


@pytest.fixture(scope="session")
def tshark(workspace):
    """tshark with the plugin. That it is loaded is checked first: without it most tests would pass for nothing."""
    runner = harness.Tshark(workspace)
    listed = runner.text("-G", "plugins")
    assert "mailxtra.so" in listed, f"tshark does not load {workspace.with_plugin}; it lists: {listed}"
    return runner


@pytest.fixture(scope="session")
def stock(workspace):
    """tshark as it comes, without the plugin."""
    runner = harness.Tshark(workspace, plugin=False)
    assert "mailxtra" not in runner.text("-G", "plugins")
    return runner


@pytest.fixture(params=[False, True], ids=["one_pass", "two_pass"])
def two_pass(request):
    return request.param


@pytest.fixture
def session_capture(workspace):
    """Writes sessions, given as transcripts, into a capture that tshark may read; options as for tcp_session."""

    def make(*transcripts, **options):
        frames = []
        for number, transcript in enumerate(transcripts):
            frames += tcp_session(transcript, **{"client": ("10.1.0.1", 40000 + number), **options})
        return write_pcap(workspace.folder() / "session.pcap", frames)

    return make


@pytest.fixture(scope="session")
def made(workspace):
    """The capture of a shape."""
    captures = {}

    def get(shape):
        if shape not in captures:
            if shape.startswith("tls") and shutil.which("openssl") is None:
                pytest.skip("openssl is not installed")
            captures[shape] = SHAPES[shape](workspace.folder())
        return captures[shape]

    return get
