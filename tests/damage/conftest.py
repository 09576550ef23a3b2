"""Fixtures of the damage tests, and the sum that they print at the end."""

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tshark"))

import harness  # noqa: E402


@pytest.fixture(scope="session")
def tshark(workspace):
    runner = harness.Tshark(workspace)
    assert "mailxtra.so" in runner.text("-G", "plugins"), f"tshark does not load {workspace.with_plugin}"
    return runner


def pytest_terminal_summary(terminalreporter):
    """The counts that the tests recorded, added up over all workers."""
    sums = Counter()
    for reports in terminalreporter.stats.values():
        for report in (one for one in reports if getattr(one, "when", None) == "call"):
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith("damage: "):
                    sums[name.removeprefix("damage: ")] += value
    if sums:
        terminalreporter.write_line("damaged captures: " + ", ".join(f"{value} {name}" for name, value in sums.items()))
