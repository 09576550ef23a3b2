"""Measures mailxtra against the floor and stock Wireshark, and prints the table of docs/performance.md.

    bench.py [--quick] MAKE_CAPTURE      (scripts/bench.sh builds what it needs and calls it)

Time is user CPU time. Each figure is the median of the ratios of runs that follow each other directly, so that a busy
machine disturbs both alike. Time is never judged here; an attachment with a wrong hash is: exit status 1.
"""

import collections
import hashlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tshark"))

from harness import Workspace, wireshark_version  # noqa: E402

PORTS = (25, 110, 143)
PLAIN = ["-q", "-z", "http,tree"]
FLOOR = PLAIN + [word for port in PORTS for word in ("-d", f"tcp.port=={port},echo")]
FIELDS = [
    f"mailxtra.{name}"
    for name in (
        "message.from message.to message.subject message.date message.size envelope.from envelope.to "
        "attachment.filename attachment.size attachment.sha256"
    ).split()
]

# Targets of single shapes: a mail of pieces is joined from a copy.
SAVE = {"one": 1.35, "imap-pieces": 1.7}

Run = collections.namedtuple("Run", "seconds megabytes")  # user CPU time, peak of resident memory
Row = collections.namedtuple("Row", "shape work target figure ok")


class Bench:
    def __init__(self, make_capture, quick):
        self.make_capture = make_capture
        self.rounds = 3 if quick else 5
        self.space = Workspace()
        self.rows = []
        self.wrong = []
        self.startup = None

    # ---- captures ----

    def capture(self, shape, size):
        path = self.space.root / f"{shape}-{size}.pcap"
        out = subprocess.run([self.make_capture, shape, str(size), path], capture_output=True, text=True, check=True)
        path.chmod(0o644)
        hashes = collections.Counter(line.split()[0] for line in out.stdout.splitlines())
        decoded = sum(int(line.split()[1]) for line in out.stdout.splitlines())
        return Capture(f"{shape}, {size} {unit(shape)}", path, hashes, decoded)

    # ---- running ----

    def run(self, args, plugin=True, command="tshark"):
        plugins = self.space.with_plugin if plugin else self.space.without_plugin
        environment = {k: v for k, v in self.space.environment(plugins).items() if k != "G_SLICE"}
        process = subprocess.Popen(
            [command, *(["-n"] if command == "tshark" else []), *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=self.space.root,
            **self.space.identity(),
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{process.args} gave {process.returncode}")
        return Run(used.ru_utime, used.ru_maxrss / 1024)

    def compare(self, ours, theirs, rounds=None):
        """Median ratio of user time, and the last run of both."""
        ratios = []
        for _ in range(rounds or self.rounds):
            base, mine = theirs(), ours()
            ratios.append(mine.seconds / max(base.seconds, 0.001))
        return statistics.median(ratios), mine, base

    # ---- kinds of work ----

    def floor(self, capture):
        return lambda: self.run(["-r", capture.path, *FLOOR], plugin=False)

    def plain(self, capture):
        return lambda: self.run(["-r", capture.path, *PLAIN])

    def into_folder(self, capture, args, plugin=True, check=True):
        def once():
            folder = self.space.folder()
            run = self.run(["-r", capture.path, "-q", *(str(a).replace("DIR", str(folder)) for a in args)], plugin)
            if check:
                self.check(capture, folder)
            shutil.rmtree(folder)
            return run

        return once

    def save(self, capture):
        return self.into_folder(capture, ["-z", "mailxtra,save,DIR"])

    def check(self, capture, folder):
        """Every attachment is there, byte for byte, and the manifest tells the truth."""
        found = {}
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.startswith("manifest"):
                found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
        if collections.Counter(found.values()) != capture.hashes:
            self.wrong.append(f"{capture.name}: {len(found)} files, not the {capture.hashes.total()} expected ones")
        manifest = folder / "manifest.jsonl"
        if manifest.exists():
            lines = [json.loads(line) for line in manifest.open(encoding="utf-8")]
            told = {line["file"]: line["sha256"] for line in lines if line["record"] == "attachment"}
            if told != found:
                self.wrong.append(f"{capture.name}: the manifest does not tell what was saved")

    # ---- rows ----

    def row(self, capture, work, target, figure, form="{:.2f} × floor"):
        self.rows.append(Row(capture.name, work, form.format(target), form.format(figure), figure <= target))
        print(f"  {capture.name}: {work}: {form.format(figure)}", file=sys.stderr, flush=True)

    def measure_plain(self, capture, target, stock=False):
        rounds = 3 if capture.path_size > 400e6 else self.rounds
        ratio, mine, base = self.compare(self.plain(capture), self.floor(capture), rounds)
        self.row(capture, "plain pass", target, ratio)
        message_bytes = capture.decoded * 78 / 57 / 1e6
        more = mine.megabytes - base.megabytes
        if message_bytes > 1:
            self.row(capture, "peak memory, plain pass", 1.2, more / message_bytes, "floor + {:.2f} × message bytes")
        else:
            self.note(capture, "peak memory, plain pass", f"floor + {more:.0f} MB")
        if stock:
            stock_ratio, _, _ = self.compare(
                lambda: self.run(["-r", capture.path, *PLAIN], plugin=False), self.floor(capture), 1
            )
            self.note(capture, "plain pass, stock Wireshark", f"{stock_ratio:.2f} × floor")
        return mine

    def note(self, capture, work, text):
        self.rows.append(Row(capture.name, work, "", text, True))

    def measure_save(self, capture, target):
        ratio, mine, base = self.compare(self.save(capture), self.floor(capture), min(3, self.rounds))
        self.row(capture, "save, with SHA-256", target, ratio)
        return mine

    def measure_export(self, capture):
        ours = self.into_folder(capture, ["--export-objects", "mail-attachments,DIR"])
        theirs = self.into_folder(capture, ["--export-objects", "imf,DIR"], plugin=False, check=False)
        ratio, mine, _ = self.compare(ours, theirs, min(3, self.rounds))
        self.row(capture, "export of mail-attachments", 1.0, ratio, "{:.2f} × stock's export of imf")
        floor = self.floor(capture)().megabytes
        message_bytes, attachment_bytes = capture.decoded * 78 / 57 / 1e6, capture.decoded / 1e6
        more = (mine.megabytes - floor - attachment_bytes) / message_bytes
        self.row(capture, "peak memory, export", 1.2, more, "floor + attachments + {:.2f} × message bytes")

    def measure_fields(self, capture):
        args = ["-r", capture.path, "-T", "fields", *(word for name in FIELDS for word in ("-e", name))]
        folder = self.space.folder()
        self.run(["-r", capture.path, "-q", "-z", f"mailxtra,save,{folder}"])
        sums = self.run(["-c", f"find {folder} -type f ! -name 'manifest*' -print0 | xargs -0 sha256sum"], command="sh")
        shutil.rmtree(folder)
        ratio, mine, base = self.compare(lambda: self.run(args), self.floor(capture), min(3, self.rounds))
        target = 2 + sums.seconds / base.seconds
        self.row(capture, "-T fields, 10 fields and SHA-256", target, ratio)

    def measure_trees(self, capture):
        for name, ours, theirs in (
            ("-Y mailxtra", ["-Y", "mailxtra"], ["-Y", "smtp"]),
            ("-V", ["-V"], ["-V"]),
            ("-T json", ["-T", "json"], ["-T", "json"]),
        ):
            ratio, _, _ = self.compare(
                lambda args=ours: self.run(["-r", capture.path, *args]),
                lambda args=theirs: self.run(["-r", capture.path, *args], plugin=False),
                1 if name != "-Y mailxtra" else min(3, self.rounds),
            )
            self.row(capture, name, 1.0, ratio, "{:.2f} × stock's")

    def measure_no_mail(self, capture):
        ratio, _, _ = self.compare(
            self.plain(capture), lambda: self.run(["-r", capture.path, *PLAIN], plugin=False), 2 * self.rounds + 1
        )
        self.row(capture, "plain pass", 1.02, ratio, "{:.3f} × without the plugin")

    def measure_growth(self, work, small, large):
        """`small` and `large`: (capture, seconds). What starting costs is no growth."""
        if self.startup is None:
            empty = self.capture("one", 0)
            self.startup = min(self.plain(empty)().seconds for _ in range(5))
        (first, t1), (last, t2) = small, large
        exponent = math.log(max(t2 - self.startup, 0.001) / max(t1 - self.startup, 0.001)) / math.log(
            last.path_size / first.path_size
        )
        self.rows.append(
            Row(f"{first.name} to {last.name}", work, "exponent 1.05", f"exponent {exponent:.2f}", exponent <= 1.05)
        )

    def print_table(self):
        header = Row("shape", "work", "target", "figure", "")
        widths = [max(len(row[i]) for row in [header, *self.rows]) for i in range(4)]
        line = lambda cells: "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths)) + " |"  # noqa: E731
        print(line(header[:4]))
        print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
        for row in self.rows:
            print(line(row[:4]) + ("" if row.ok else "  <- above the target"))


class Capture:
    def __init__(self, name, path, hashes, decoded):
        self.name, self.path, self.hashes, self.decoded = name, path, hashes, decoded
        self.path_size = path.stat().st_size

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.path.unlink()


def unit(shape):
    return {"small": "mails", "smtp-bytes": "bytes", "pop3-bytes": "bytes"}.get(shape, "MB")


def quick(bench):
    sizes = {}
    for shape, size, target in (
        ("attachments", 50, 1.25),
        ("one", 10, 1.3),
        ("one", 50, 1.3),
        ("interleaved", 40, 1.3),
        ("small", 3000, 1.2),
        ("pop3", 40, 1.3),
        ("imap", 10, 1.3),
        ("imap", 40, 1.3),
        ("imap-pieces", 10, 1.5),
        ("imap-pieces", 40, 1.5),
        ("smtp-bytes", 20000, 1.5),
        ("pop3-bytes", 20000, 1.5),
    ):
        with bench.capture(shape, size) as capture:
            sizes[shape, size] = capture, bench.measure_plain(capture, target).seconds
            if shape in ("attachments", "small", "imap-pieces"):
                bench.measure_save(capture, SAVE.get(shape, 1.4))
            if (shape, size) == ("attachments", 50):
                bench.measure_export(capture)
            if (shape, size) == ("one", 50):
                bench.measure_save(capture, SAVE["one"])
    bench.measure_growth("plain pass", sizes["one", 10], sizes["one", 50])
    bench.measure_growth("plain pass", sizes["imap-pieces", 10], sizes["imap-pieces", 40])
    with bench.capture("no-mail", 40) as capture:
        bench.measure_no_mail(capture)


def full(bench):
    plain, saved = {}, {}
    for shape, size, target, stock in (
        ("attachments", 10, 1.25, True),
        ("attachments", 100, 1.25, True),
        ("attachments", 500, 1.25, False),
        ("attachments", 1000, 1.25, False),
        ("one", 10, 1.3, True),
        ("one", 100, 1.3, False),
        ("one", 500, 1.3, False),
        ("one", 1000, 1.3, False),
        ("interleaved", 10, 1.3, True),
        ("interleaved", 500, 1.3, False),
        ("small", 2000, 1.2, True),
        ("small", 100000, 1.2, False),
        ("pop3", 10, 1.3, True),
        ("pop3", 100, 1.3, False),
        ("imap", 10, 1.3, True),
        ("imap", 100, 1.3, False),
        ("imap-pieces", 10, 1.5, True),
        ("imap-pieces", 100, 1.5, False),
        ("smtp-bytes", 10000, 1.5, False),
        ("smtp-bytes", 100000, 1.5, False),
        ("pop3-bytes", 10000, 1.5, False),
        ("pop3-bytes", 100000, 1.5, False),
    ):
        with bench.capture(shape, size) as capture:
            plain.setdefault(shape, []).append((capture, bench.measure_plain(capture, target, stock).seconds))
            if shape in ("attachments", "small", "imap", "imap-pieces") or (shape, size) in (("one", 10), ("one", 500)):
                run = bench.measure_save(capture, SAVE.get(shape, 1.4))
                saved.setdefault(shape, []).append((capture, run.seconds))
            if (shape, size) == ("attachments", 500):
                bench.measure_export(capture)
                bench.measure_fields(capture)
    for work, runs in (("plain pass", plain), ("save", saved)):
        for sizes in runs.values():
            bench.measure_growth(work, sizes[0], sizes[-1])
    with bench.capture("attachments", 50) as capture:
        bench.measure_trees(capture)
    with bench.capture("no-mail", 500) as capture:
        bench.measure_no_mail(capture)


def main():
    *options, make_capture = sys.argv[1:]
    bench = Bench(Path(make_capture).resolve(), "--quick" in options)
    began = time.monotonic()
    try:
        (quick if "--quick" in options else full)(bench)
    finally:
        bench.space.remove()
    print(f"Wireshark {wireshark_version()[1]}, user CPU time, medians of {bench.rounds} rounds")
    bench.print_table()
    print(f"{time.monotonic() - began:.0f} s; hashes of attachments: {'WRONG' if bench.wrong else 'all right'}")
    for what in bench.wrong:
        print(f"WRONG: {what}")
    return 1 if bench.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
