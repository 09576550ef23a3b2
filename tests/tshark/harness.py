"""Runs tshark with mailxtra, or without, so that nothing of the caller's own Wireshark gets in.

Every run has a home of its own without preferences, and a plugin folder that holds mailxtra only (stock: nothing).
Wireshark ignores WIRESHARK_PLUGIN_DIR and the personal plugin folder when run as root, so root drops to an
unprivileged user; files for and from that user lie in a workspace that he can reach.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "scripts"))

import dissector_errors  # noqa: E402
from mail_table import json_frames  # noqa: E402

PCAPS = REPO / "pcaps"

# In one pass a frame cannot know what comes after it.
FORWARD_FIELDS = {"mailxtra.reply_in", "mailxtra.reassembled.in", "mailxtra.message.next"}
NOBODY = 65534
TIMEOUT = 1800  # seconds; what hangs is ended, a slow machine is not

# Separators that no field value of a mail holds.
FIELD, VALUE = "\x1d", "\x1f"


def build_dir():
    return Path(os.environ.get("MAILXTRA_BUILD", REPO / "build")).resolve()


def wireshark_version():
    """("4.0", "4.0.17") of the installed tshark."""
    out = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True).stdout
    full = re.search(r"(\d+\.\d+)\.\d+", out)
    return full[1], full[0]


# Of the mails of these captures only pieces were fetched: test_imap.py knows which.
PIECES = {f"imap-{name}.pcap" for name in ("parts", "cyrus-parts", "courier-parts", "courier-alpine", "cyrus-alpine")}


def captures():
    """The captures of the project, by name."""
    return sorted(p for p in PCAPS.glob("*.pcap*") if p.suffix in (".pcap", ".pcapng"))


def memory_folder():
    """A folder in memory that plugins can be loaded from, for some tests write tens of thousands of files; else None."""
    folder = "/dev/shm"
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        return None
    facts = os.statvfs(folder)
    return folder if not facts.f_flag & os.ST_NOEXEC and facts.f_bavail * facts.f_frsize > 4 << 30 else None


class Workspace:
    """A folder that the user who runs Wireshark can reach, with his home and two plugin folders in it."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="mailxtra-test-", dir=memory_folder()))
        self.root.chmod(0o755)
        self.drops = os.geteuid() == 0
        self.home = self.folder("home")
        self.with_plugin = self.root / "plugins"
        self.without_plugin = self.root / "no-plugins"
        self.without_plugin.mkdir()
        self._copies = {}
        self._count = 0
        self._install_plugin()

    def _install_plugin(self):
        plugin = build_dir() / "mailxtra.so"
        assert plugin.exists(), f"{plugin} is not there: build the plugin first"
        target = self.with_plugin / wireshark_version()[0] / "epan"
        target.mkdir(parents=True)
        shutil.copy(plugin, target)
        (target / "mailxtra.so").chmod(0o755)

    def folder(self, name=None):
        """A new folder that the user who runs Wireshark can write to."""
        if name is None:
            self._count += 1
            name = f"folder{self._count}"
        path = self.root / name
        path.mkdir()
        if self.drops:
            os.chown(path, NOBODY, NOBODY)
        return path

    def readable(self, path):
        """The path itself, or for root a copy of it where an unprivileged user can read it."""
        path = Path(path).resolve()
        if not self.drops or self.root in path.parents:
            return path
        stamp = (path, path.stat().st_mtime_ns, path.stat().st_size)
        if stamp not in self._copies:
            copy = self.folder() / path.name
            shutil.copy(path, copy)
            copy.chmod(0o644)
            self._copies[stamp] = copy
        return self._copies[stamp]

    def environment(self, plugins):
        env = {key: value for key, value in os.environ.items() if not key.startswith(("WIRESHARK_", "XDG_"))}
        return env | {
            "HOME": str(self.home),
            "WIRESHARK_PLUGIN_DIR": str(plugins),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "G_SLICE": "always-malloc",
        }

    def identity(self):
        """The arguments that make subprocess drop root."""
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.drops else {}

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)


class Tshark:
    """tshark in a workspace, with mailxtra or without."""

    def __init__(self, workspace, plugin=True):
        self.workspace = workspace
        self.version = wireshark_version()[0]
        self.plugin = plugin
        self.plugins = workspace.with_plugin if plugin else workspace.without_plugin
        self._exports = {}
        self._stock_errors = {}

    def __call__(self, *args, check=True, command="tshark", stdin=subprocess.DEVNULL, errors_expected=None):
        """Runs tshark with -n and these arguments; returns the completed process, output as bytes.

        With the plugin, a "Dissector bug" or a "Malformed Packet" of ours in the output fails, unless stock prints the same
        on this capture. errors_expected: why such an error is wanted in this run.
        """
        done = self._run(command, args, stdin)
        if check and done.returncode != 0:
            raise AssertionError(f"{done.args} gave {done.returncode}:\n{done.stderr.decode(errors='replace')}")
        if self.plugin and not errors_expected:
            self._check_errors(done, args)
        return done

    def _run(self, command, args, stdin):
        no_names = [] if args[0] == "-G" else ["-n"]
        return subprocess.run(
            [command, *no_names, *map(str, args)],
            stdin=stdin,
            capture_output=True,
            env=self.workspace.environment(self.plugins),
            cwd=self.workspace.root,
            timeout=TIMEOUT,
            **self.workspace.identity(),
        )

    def _check_errors(self, done, args):
        """Stock runs only when there is an error to compare with."""
        found = dissector_errors.of(done)
        if found:
            found -= self._errors_of_stock(dissector_errors.stock_arguments(args))
        if found:
            lines = "\n".join(sorted(map(str, found)))
            raise AssertionError(f"{done.args} prints errors that tshark without mailxtra does not print:\n{lines}")

    def _errors_of_stock(self, args):
        if args is None:
            return set()
        if args not in self._stock_errors:
            stock = Tshark(self.workspace, plugin=False)
            self._stock_errors[args] = dissector_errors.of(stock(*args, check=False))
        return self._stock_errors[args]

    def text(self, *args, **options):
        return self(*args, **options).stdout.decode("utf-8", errors="replace")

    def read(self, capture, *args, two_pass=False, prefs=(), **options):
        """The output of `tshark -r capture` with these arguments, as text; TLS keys beside the capture are used."""
        keys = Path(capture).with_suffix(".keys.txt")
        if keys.exists():
            prefs = [*prefs, f"tls.keylog_file:{self.workspace.readable(keys)}"]
        return self.text("-r", self.workspace.readable(capture), *_options(two_pass, prefs), *args, **options)

    def fields(self, capture, display_filter, *names, two_pass=False, prefs=(), **options):
        """One list per frame that the filter lets through, in it for each field the list of its values."""
        args = ["-T", "fields", "-E", f"separator={FIELD}", "-E", f"aggregator={VALUE}"]
        if display_filter:
            args += ["-Y", display_filter]
        for name in names:
            args += ["-e", name]
        output = self.read(capture, *args, two_pass=two_pass, prefs=prefs, **options)
        rows = output.split("\n")[:-1]
        return [[cell.split(VALUE) if cell else [] for cell in row.split(FIELD)] for row in rows]

    def frames(self, capture, display_filter, **options):
        """The numbers of the frames that the filter lets through."""
        return [int(row[0][0]) for row in self.fields(capture, display_filter, "frame.number", **options)]

    def verbose(self, capture, *args, display_filter=None, **options):
        """`-V` of the frames that the filter lets through."""
        if display_filter:
            args += ("-Y", display_filter)
        return self.read(capture, "-V", *args, **options)

    def json(self, capture, display_filter=None, protocols="frame tcp mailxtra", **options):
        """The layers of each frame as nested (name, value) pairs, for the functions of scripts/mail_table.py."""
        args = ["-T", "json", "-J", protocols]
        if display_filter:
            args += ["-Y", display_filter]
        return json_frames(self.read(capture, *args, **options))

    def export(self, kind, capture, *args, two_pass=False, prefs=(), **options):
        """Exports the objects of this kind; returns the folder that holds them, not to be changed: it may be used again."""
        key = (kind, capture, args, two_pass, tuple(prefs))
        if key not in self._exports:
            target = self.workspace.folder()
            args += ("-q", "--export-objects", f"{kind},{target}")
            self.read(capture, *args, two_pass=two_pass, prefs=prefs, **options)
            self._exports[key] = target
        return self._exports[key]


class Sharkd:
    """One sharkd process with mailxtra, asked over its standard input and output."""

    def __init__(self, workspace):
        self.workspace = workspace
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            ["sharkd", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=workspace.environment(workspace.with_plugin),
            cwd=workspace.root,
            **workspace.identity(),
        )
        self._count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(TIMEOUT)

    def errors(self):
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def __call__(self, method, **params):
        """The result of a request."""
        self._count += 1
        request = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"sharkd is gone, exit status {self._process.wait(TIMEOUT)}:\n{self.errors()}"
        answer = json.loads(line)
        assert answer["id"] == self._count and "result" in answer, answer
        return answer["result"]

    def load(self, capture):
        assert self("load", file=str(self.workspace.readable(capture)))["status"] == "OK"


def _options(two_pass, prefs):
    options = ["-2"] if two_pass else []
    for preference in prefs:
        options += ["-o", preference]
    return options
