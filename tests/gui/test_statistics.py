"""The tables of Statistics in Wireshark itself, opened as `-z` does; screenshots in build/gui."""

import time

import desktop
import harness
import pytest

CAPTURE = harness.PCAPS / "trace-chain.pcap"
SCREENSHOTS = harness.build_dir() / "gui"

# With pytest-xdist: in one process, one window after the other.
pytestmark = [
    pytest.mark.xdist_group("gui"),
    pytest.mark.skipif(bool(desktop.missing_tools()), reason=f"NO GUI TEST: missing {', '.join(desktop.missing_tools())}"),
]


@pytest.fixture(scope="module")
def screen():
    screen = desktop.Desktop()
    yield screen
    screen.close()


@pytest.mark.parametrize(
    "table, title",
    [
        ("mailxtra,messages", "Mail Messages"),
        ("mailxtra,trace", "Mail Trace"),
        ("mailxtra,sessions", "Mail Sessions"),
        ("mailxtra,srt", "Service Response Time"),
    ],
)
def test_table(screen, workspace, table, title):
    wireshark = desktop.Wireshark(screen, workspace, CAPTURE, "-z", table)
    try:
        window = screen.wait_for(title)
        assert window, f"no window {title!r}:\n{wireshark.output()}"
        screen.resize(window, 1200, 420)
        time.sleep(1)
        screen.screenshot(SCREENSHOTS / f"{table.replace(',', '-')}.png", window)
        assert wireshark.alive(), wireshark.output()
    finally:
        wireshark.close()


def test_counts_from_the_menu(screen, workspace):
    """Trees of statistics have no -z in Wireshark; a plugin's stand at the end of the menu. Its picture is for people."""
    wireshark = desktop.Wireshark(screen, workspace, CAPTURE)
    try:
        screen.focus(wireshark.window)
        screen.keys("alt+s")
        time.sleep(1)
        screen.screenshot(SCREENSHOTS / "statistics-menu.png")
        screen.keys("Up", "Return")
        window = screen.wait_for("Mail Counts")
        assert window, "the last entry of Statistics does not open Mail Counts"
        screen.resize(window, 1000, 600)
        time.sleep(1)
        screen.screenshot(SCREENSHOTS / "mailxtra-tree.png", window)
        assert wireshark.alive(), wireshark.output()
    finally:
        wireshark.close()


def test_later_passes_are_expected(screen, workspace, monkeypatch):
    """Wireshark comes back to frames: the plugin must keep what it has stored."""
    monkeypatch.setenv("MAILXTRA_LATER_PASSES", "show")
    wireshark = desktop.Wireshark(screen, workspace, CAPTURE)
    try:
        assert "mailxtra: later passes: yes (the program keeps its frames: yes)" in wireshark.output()
    finally:
        wireshark.close()
