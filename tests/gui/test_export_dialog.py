"""File > Export Objects > Mail attachments in Wireshark itself, driven like a user would; screenshots in build/gui."""

import hashlib
import json

import desktop
import harness
import pytest

CAPTURE = harness.PCAPS / "smtp-foxmail.pcap"
SCREENSHOTS = harness.build_dir() / "gui"

# With pytest-xdist: in one process, one window after the other.
pytestmark = [
    pytest.mark.xdist_group("gui"),
    pytest.mark.skipif(bool(desktop.missing_tools()), reason=f"NO GUI TEST: missing {', '.join(desktop.missing_tools())}"),
]


def messages(capture):
    return json.loads((harness.PCAPS / "expected.json").read_text(encoding="utf-8"))[capture.name]["messages"]


def attachments(capture):
    return [one for message in messages(capture) for one in message["attachments"]]


def expected_hashes(objects):
    return sorted(one["sha256"] for one in objects)


def hashes(folder):
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir())


@pytest.fixture(scope="module")
def screen():
    screen = desktop.Desktop()
    yield screen
    screen.close()


@pytest.fixture
def wireshark(screen, workspace):
    wireshark = desktop.Wireshark(screen, workspace, CAPTURE)
    yield wireshark
    still_alive = wireshark.alive()
    wireshark.close()
    assert still_alive, f"Wireshark has crashed:\n{wireshark.output()}"


def save_all(screen, wireshark, workspace, window):
    folder = workspace.folder()
    dialog = wireshark.press_button(window, opens="Save All Objects", tabs=4)
    wireshark.choose_path(dialog, folder)
    return folder


def test_mail_attachments_are_listed_and_saved(screen, wireshark, workspace):
    window = wireshark.open_export_list("Mail attachments")
    screen.resize(window, 900, 420)
    screen.screenshot(SCREENSHOTS / "export-list.png")
    screen.screenshot(SCREENSHOTS / "export-list-window.png", window)
    folder = save_all(screen, wireshark, workspace, window)
    assert hashes(folder) == expected_hashes(attachments(CAPTURE))


def test_one_attachment_is_saved(screen, wireshark, workspace):
    """The one that the text filter leaves."""
    target = workspace.folder() / "chosen.bin"
    window = wireshark.open_export_list("Mail attachments")
    screen.resize(window, 900, 420)
    screen.focus(window)
    screen.type("zip")
    screen.screenshot(SCREENSHOTS / "text-filter.png", window)
    screen.keys("Tab", "Tab", "Down", "Home", "shift+Tab", "shift+Tab")
    wireshark.choose_path(wireshark.press_button(window, opens="Save Object", tabs=3), target)
    (archive,) = [one for one in attachments(CAPTURE) if one["filename"].endswith(".zip")]
    assert hashlib.sha256(target.read_bytes()).hexdigest() == archive["sha256"]


def test_the_list_is_the_same_after_reload(screen, wireshark, workspace):
    wireshark.close_dialog(wireshark.open_export_list("Mail attachments"))
    screen.focus(wireshark.window)
    screen.keys("ctrl+r")
    window = wireshark.open_export_list("Mail attachments")
    folder = save_all(screen, wireshark, workspace, window)
    assert hashes(folder) == expected_hashes(attachments(CAPTURE))
    assert sorted(path.name for path in folder.iterdir()) == sorted(one["filename"] for one in attachments(CAPTURE))


def test_mail_messages_are_listed_and_saved(screen, wireshark, workspace):
    window = wireshark.open_export_list("Mail messages")
    screen.resize(window, 900, 420)
    screen.screenshot(SCREENSHOTS / "messages-window.png", window)
    assert hashes(save_all(screen, wireshark, workspace, window)) == expected_hashes(messages(CAPTURE))


def test_the_frame_that_completes_the_message(screen, wireshark):
    """Nothing to compare: the packet list and the tree are for people. It must be there and not crash."""
    screen.focus(wireshark.window)
    screen.resize(wireshark.window, 1270, 860)
    screen.keys("ctrl+slash", "ctrl+a")
    screen.type("mailxtra.message")
    screen.keys("Return")
    screen.keys("ctrl+Home")
    screen.screenshot(SCREENSHOTS / "message-frame.png")
