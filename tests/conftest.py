"""What the tshark tests and the GUI tests share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "tshark"))

import harness  # noqa: E402


@pytest.fixture(scope="session")
def workspace():
    workspace = harness.Workspace()
    yield workspace
    workspace.remove()
