#!/usr/bin/env python3
"""Four times the size may cost four times the instructions, and not sixteen times: runs linear_work under valgrind, which counts
them, so that neither the machine nor what else it does matters. Ends with 77 (skipped) where valgrind is not installed.

usage: check_linear_work.py [LINEAR_WORK] [--show]
"""
import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Linear is 4, and buffers that double when they are full make up to 4.9 of it; quadratic is 16.
MOST = 5.5
# The case that is quadratic on purpose: this check has to find it.
CONTROL = "quadratic: "


def instructions(program):
    """The names of all cases, and {name: {times: instructions}}."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind"
        command = ["valgrind", "-q", "--tool=callgrind", "--combine-dumps=yes", f"--callgrind-out-file={out}", program]
        names = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        counts = {name: {} for name in names}
        label = None
        for line in out.read_text().splitlines():
            if found := re.fullmatch(r"desc: Trigger: Client Request: (\d) x (.*)", line):
                label = found[2], int(found[1])
            elif label and (found := re.fullmatch(r"totals: (\d+)", line)):
                counts[label[0]][label[1]] = int(found[1])
                label = None
    return counts


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program", nargs="?")
    options.add_argument("--show", action="store_true", help="print every case")
    options = options.parse_args()
    if not options.program or not shutil.which("valgrind"):
        print("valgrind is not installed, or linear_work was built without it")
        return 77
    wrong = 0
    counts = instructions(options.program)
    for name, count in counts.items():
        times = count[4] / count[1]
        is_wrong = (times > MOST) != name.startswith(CONTROL)
        wrong += is_wrong
        if is_wrong or options.show:
            print("%s %.2f times, %d instructions: %s" % ("WRONG" if is_wrong else "right", times, count[4], name))
    print("%d cases, %d wrong" % (len(counts), wrong))
    return 1 if wrong or not counts else 0


if __name__ == "__main__":
    sys.exit(main())
