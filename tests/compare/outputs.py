#!/usr/bin/env python3
"""Keeps what tshark prints and writes with one build of the plugin, and compares two such folders.

    outputs.py keep BUILD FOLDER [--jobs N] [NAME...]     runs tshark with BUILD/mailxtra.so over the captures in pcaps/
    outputs.py compare OLD NEW [--lines N] [--only WORD]   unified diffs, cut to N lines each, and a summary

FOLDER gets a folder for each capture, and in it a file for each output (OUTPUTS below). A change of the plugin that is meant
to change nothing gives two equal folders. NAME: only captures whose name holds this word.
Exit status of compare: 0 equal, 1 not.
"""

import argparse
import difflib
import hashlib
import itertools
import os
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tshark"))

import harness  # noqa: E402

TABLES = ("mailxtra,messages", "mailxtra,trace", "mailxtra,sessions", "mailxtra,tree", "credentials", "expert")

# What is kept of each capture: file name and arguments. {folder} is a new folder, whose files are listed in the output.
OUTPUTS = {
    "verbose.txt": ["-V"],
    "verbose-2.txt": ["-2", "-V"],
    "json.txt": ["-T", "json"],
    "json-mailxtra-2.txt": ["-2", "-T", "json", "-J", "mailxtra"],
    "summary.txt": [],
    "columns.txt": ["-T", "fields", "-e", "frame.number", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info"],
    "columns-2.txt": ["-2", "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Protocol", "-e", "_ws.col.Info"],
    "attachments.txt": ["-q", "--export-objects", "mail-attachments,{folder}"],
    "messages.txt": ["-q", "--export-objects", "mail-messages,{folder}"],
    "save.txt": ["-q", "-z", "mailxtra,save,{folder},messages"],
    **{f"table-{table.split(',')[-1]}.txt": ["-q", "-z", table] for table in TABLES},
}


# ---- keep ----


def keep(build, target, jobs, names):
    os.environ["MAILXTRA_BUILD"] = str(build)
    captures = [path for path in harness.captures() if not names or any(name in path.name for name in names)]
    workspace = harness.Workspace()
    started = time.monotonic()
    try:
        runs = prepare(workspace, captures, target)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda run: keep_output(*run), runs))
    finally:
        workspace.remove()
    print(f"{len(runs)} outputs of {len(captures)} captures in {target}, {time.monotonic() - started:.0f} s")


def prepare(workspace, captures, target):
    """The arguments of keep_output() for each output. Folders and copies are made here: the workspace counts them, and threads
    must not do so at the same time."""
    tshark = harness.Tshark(workspace)
    runs = []
    for capture in captures:
        folder = target / capture.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        keys = capture.with_suffix(".keys.txt")
        for path in (capture, keys):
            if path.exists():
                workspace.readable(path)
        for name, args in OUTPUTS.items():
            made = workspace.folder() if "{folder}" in " ".join(args) else None
            runs.append((tshark, capture, [arg.format(folder=made) for arg in args], made, folder / name))
    return runs


def keep_output(tshark, capture, args, made, target):
    keys = capture.with_suffix(".keys.txt")
    if keys.exists():
        args = ["-o", f"tls.keylog_file:{tshark.workspace.readable(keys)}", *args]
    done = tshark("-r", tshark.workspace.readable(capture), *args, check=False, errors_expected="they are part of what is compared")
    text = done.stdout.decode("utf-8", errors="replace")
    text += "".join(f"stderr: {line}\n" for line in done.stderr.decode("utf-8", errors="replace").splitlines())
    text += f"exit status: {done.returncode}\n" if done.returncode else ""
    text += listing(made) if made else ""
    target.write_text(text, encoding="utf-8")


def listing(folder):
    """Each file with its hash and size, the manifest also in full. The folder is removed."""
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data, name = path.read_bytes(), path.relative_to(folder)
        lines.append(f"{hashlib.sha256(data).hexdigest()} {len(data):8} {name}")
        if path.suffix == ".jsonl":
            lines += [f"{name}: {line}" for line in data.decode("utf-8", errors="replace").splitlines()]
    shutil.rmtree(folder)
    return "".join(line + "\n" for line in lines)


# ---- compare ----


def compare(old, new, limit, only):
    """Prints the differences; returns whether there are none."""
    names = sorted({path.relative_to(root) for root in (old, new) for path in root.rglob("*.txt")})
    names = [name for name in names if only in str(name)]
    if not names:
        sys.exit("nothing to compare")
    differing = [name for name in names if differ(old / name, new / name, limit)]
    summary(names, differing)
    return not differing


def differ(old, new, limit):
    texts = [path.read_text(encoding="utf-8") if path.exists() else "" for path in (old, new)]
    if texts[0] == texts[1] and old.exists() == new.exists():
        return False
    lines = difflib.unified_diff(*(text.splitlines() for text in texts), str(old), str(new), n=1, lineterm="")
    shown = list(itertools.islice(lines, limit + 1))
    print("\n".join(shown[:limit] + ["..."] * (len(shown) > limit)))
    return True


def summary(names, differing):
    """How many captures each kind of output differs in, and which."""
    counts = Counter(name.name for name in differing)
    print(f"\n{len(differing)} of {len(names)} outputs differ")
    for kind, count in sorted(counts.items()):
        captures = " ".join(name.parent.name for name in differing if name.name == kind)
        print(f"  {kind:22} {count:3}  {captures}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("keep")
    one.add_argument("build", type=Path)
    one.add_argument("folder", type=Path)
    one.add_argument("--jobs", type=int, default=2)
    one.add_argument("names", nargs="*")
    two = commands.add_parser("compare")
    two.add_argument("old", type=Path)
    two.add_argument("new", type=Path)
    two.add_argument("--lines", type=int, default=20, help="of each diff")
    two.add_argument("--only", default="", help="only outputs whose path holds this word, e.g. json or smtp-foxmail")
    args = parser.parse_args()
    if args.command == "keep":
        keep(args.build, args.folder, args.jobs, args.names)
        return 0
    return 0 if compare(args.old, args.new, args.lines, args.only) else 1


if __name__ == "__main__":
    sys.exit(main())
