#!/usr/bin/env python3
"""The rooms of plugin/core and plugin/epan: what the build refuses, and what it cannot see.

    check_rooms.py SOURCE-FOLDER BUILD-FOLDER

An include of a room that a room may not use does not compile: one header of every other room is tried in each. Further:
no source lies outside of a room, no _private.h is included from another room, and no header includes itself through
others.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def main(source, build):
    return max([check(source / "plugin" / half, build) for half in ("core", "epan")])


def check(core, build):
    rooms = {folder.name: sorted(folder.glob("*.[ch]")) for folder in sorted(core.iterdir()) if folder.is_dir()}
    commands = commands_of(build, core)
    faults = [f"{path} lies in no room" for path in core.glob("*.[ch]")]
    faults += [f"room {room} has no source that is compiled" for room in rooms if room not in commands and commands]
    checks = 0
    for room, command in commands.items():
        for other, files in rooms.items():
            checks += 1
            faults += try_include(room, command, other, files, core)
    faults += private_includes(rooms) + circles(rooms)
    print("\n".join(faults) or f"plugin/{core.name}: {len(rooms)} rooms, {checks} includes tried")
    return 1 if faults else 0


def commands_of(build, core):
    """For each room the compiler and its -iquote folders, as the build has them."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = Path(entry["file"])
        if core in path.parents:
            words = shlex.split(entry["command"])
            flags = [words[i + 1] for i, word in enumerate(words) if word == "-iquote"]
            system = [word for i, word in enumerate(words) if word.startswith("-I") or words[i - 1] == "-isystem" or word == "-isystem"]
            found[path.parent.name] = (words[0], flags, system)
    return found


def try_include(room, command, other, files, core):
    compiler, folders, system = command
    allowed = str(core / other) in folders
    header = next(path.name for path in files if path.suffix == ".h" and not path.name.endswith("_private.h"))
    quotes = [word for folder in folders for word in ("-iquote", folder)]
    done = subprocess.run(
        [compiler, *quotes, *system, "-fsyntax-only", "-x", "c", "-"], input=f'#include "{header}"\n', capture_output=True, text=True
    )
    if allowed != (done.returncode == 0):
        return [f"{room} {'cannot' if allowed else 'can'} include {other}/{header}: {done.stderr.strip()[:200]}"]
    return []


def private_includes(rooms):
    owner = {path.name: room for room, files in rooms.items() for path in files}
    return [
        f"{path}: {name} belongs to {owner[name]}"
        for room, files in rooms.items()
        for path in files
        for name in INCLUDE.findall(path.read_text(encoding="utf-8"))
        if name.endswith("_private.h") and owner.get(name) != room
    ]


def circles(rooms):
    headers = {path.name: INCLUDE.findall(path.read_text(encoding="utf-8")) for files in rooms.values() for path in files if path.suffix == ".h"}
    return [f"{name} includes itself through others" for name in headers if name in reached(name, headers)]


def reached(start, headers):
    seen, left = set(), list(headers[start])
    while left:
        name = left.pop()
        if name in headers and name not in seen:
            seen.add(name)
            left += headers[name]
    return seen


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
