"""Drives Wireshark's window on a display of its own: Xvfb, a window manager, xdotool for keys and titles.

Menus and buttons are found by what they open (the title of the new window), not by where they stand, so that the
order of menu entries may differ between versions. What is waited for is looked for until it is there; the bounds are for machines
that are slow and busy.
"""

import itertools
import os
import shutil
import subprocess
import time

TOOLS = ["Xvfb", "openbox", "xdotool", "import", "wireshark"]
SECONDS = 240
PAUSE = 0.25
# For a window that may not come because the place was the wrong one: soon, and then once more with patience.
TRIES = (5, 60)


def missing_tools():
    return [tool for tool in TOOLS if shutil.which(tool) is None]


class Desktop:
    """An X display with a window manager."""

    def __init__(self):
        read_end, write_end = os.pipe()
        screen = ["-screen", "0", "1280x900x24", "-nolisten", "tcp"]
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), *screen],
            pass_fds=[write_end],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write_end)
        with os.fdopen(read_end) as number:
            self.display = ":" + number.readline().strip()
        if self.display == ":":
            raise RuntimeError("Xvfb did not start")
        self.environment = os.environ | {"DISPLAY": self.display}
        self._manager = subprocess.Popen(
            ["openbox"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def close(self):
        for process in (self._manager, self._server):
            process.terminate()
            process.wait()

    def _xdotool(self, *args):
        return subprocess.run(["xdotool", *args], env=self.environment, capture_output=True, text=True)

    def windows(self, title):
        """The visible windows with this text in their title."""
        return self._xdotool("search", "--onlyvisible", "--name", title).stdout.split()

    def wait_for(self, title, seconds=SECONDS):
        """The window with this text in its title, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.windows(title)
            if found:
                return found[-1]
            time.sleep(PAUSE)
        return None

    def wait_gone(self, title, seconds=SECONDS):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.windows(title):
            time.sleep(PAUSE)
        return not self.windows(title)

    def focus(self, window):
        self._xdotool("windowactivate", "--sync", window)
        time.sleep(PAUSE)

    def resize(self, window, width, height):
        self._xdotool("windowsize", "--sync", window, str(width), str(height))
        time.sleep(PAUSE)

    def keys(self, *names):
        """Presses keys one after another, slowly enough for menus to open."""
        for name in names:
            self._xdotool("key", "--clearmodifiers", name)
            time.sleep(PAUSE)

    def type(self, text):
        self._xdotool("type", "--delay", "20", text)
        time.sleep(PAUSE)

    def screenshot(self, path, window="root"):
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["import", "-window", window, str(path)], env=self.environment, check=True)


class Wireshark:
    """Wireshark with a capture open, as the user of the workspace; with further arguments."""

    def __init__(self, desktop, workspace, capture, *arguments):
        self.desktop = desktop
        self.title = capture.name
        runtime = workspace.folder()
        runtime.chmod(0o700)
        environment = workspace.environment(workspace.with_plugin)
        environment |= {"DISPLAY": desktop.display, "XDG_RUNTIME_DIR": str(runtime), "QT_QPA_PLATFORM": "xcb"}
        environment["HOME"] = str(workspace.folder())
        self._log = open(workspace.root / "wireshark.log", "w+b")
        self._process = subprocess.Popen(
            ["wireshark", "-n", "-r", str(workspace.readable(capture)), *arguments],
            env=environment,
            cwd=workspace.root,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            **workspace.identity(),
        )
        self.window = desktop.wait_for(self.title)
        if self.window is None:
            self.close()
            raise RuntimeError(f"no Wireshark window with {self.title} came up:\n{self.output()}")
        desktop.resize(self.window, 1100, 700)

    def output(self):
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def alive(self):
        return self._process.poll() is None

    def close(self):
        self._process.terminate()
        self._process.wait()

    def open_export_list(self, name):
        """File > Export Objects > name. Returns the list's window."""
        seen = []
        # From 4.0 to 4.6 our entries follow DICOM, FTP-DATA, HTTP and IMF.
        positions = (4, 5, 0, 1, 2, 3, 6, 7, 8, 9, 10, 11)
        for seconds, position in itertools.product(TRIES, positions):
            self.desktop.focus(self.window)
            # Below "Export Objects" stand "Print" and "Quit", in every version.
            self.desktop.keys("alt+f", "Up", "Up", "Up", "Right", *["Down"] * position, "Return")
            window = self.desktop.wait_for("object list", seconds)
            if window is None:
                self.desktop.keys("Escape", "Escape", "Escape")
                continue
            title = self._title(window)
            if name in title:
                return window
            seen.append(title)
            self.close_dialog(window)
        raise AssertionError(f"File > Export Objects has no {name!r}; it has {seen}")

    def _title(self, window):
        return self.desktop._xdotool("getwindowname", window).stdout.strip()

    def close_dialog(self, window):
        self.desktop.focus(window)
        self.desktop.keys("Escape")
        self.desktop.wait_gone("object list")

    def press_button(self, window, opens, tabs):
        """Presses the button of an export list that opens a window with this title.

        `tabs` is where the button was last seen in the order of focus, counted from the text filter."""
        for seconds, count in itertools.product(TRIES, (tabs, tabs - 1, tabs + 1)):
            self.desktop.focus(window)
            self.desktop.keys(*["Tab"] * count, "space")
            dialog = self.desktop.wait_for(opens, seconds)
            if dialog is not None:
                return dialog
            self.desktop.keys(*["shift+Tab"] * count)
        raise AssertionError(f"no button of {self._title(window)!r} opens {opens!r}")

    def choose_path(self, dialog, path):
        """Answers a file dialog with a path."""
        title = self._title(dialog)
        self.desktop.focus(dialog)
        self.desktop.keys("ctrl+a")
        self.desktop.type(str(path))
        self.desktop.keys("Return")
        if not self.desktop.wait_gone(title, seconds=30):
            self.desktop.keys("Return")
        assert self.desktop.wait_gone(title), f"{title!r} stays open"
