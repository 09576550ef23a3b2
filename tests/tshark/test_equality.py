"""What is found does not depend on what is drawn: the same files, manifest, tables and fields in every mode of tshark.

The truth is what Python put into the captures (crowded.py), never only that two modes agree. Any "Dissector bug" in the
output fails a test by itself (harness.py).
"""

import hashlib
import json
import re
import shutil
from collections import Counter

import crowded
import pytest
from crowded import SHAPES

# How many objects (messages, attachments) of one frame the tree shows at least before it may say "and N more". Exports, the
# manifest and tables have no such bound. docs/ names the cap of the plugin; it must not be below this.
TREE_CAP = 1000
AND_MORE = re.compile(r"\band [\d,]+ more\b")

MODES = {
    "q": ["-q"],
    "V": ["-V"],
    "2q": ["-2", "-q"],
    "2V": ["-2", "-V"],
    "filter": ["-Y", "mailxtra"],
    "color": ["--color"],
    "fields": ["-T", "fields", "-e", "frame.number", "-e", "mailxtra.message.subject", "-e", "mailxtra.attachment.sha256"],
}
TABLES = ("mailxtra,messages", "mailxtra,trace", "mailxtra,sessions", "mailxtra,tree", "credentials")
DRAWING = ("stock_trees", "call_imf", "call_media")
PREFERENCES = {
    **{name: [f"mailxtra.{name}:FALSE"] for name in DRAWING},
    "none": [f"mailxtra.{name}:FALSE" for name in DRAWING],
}

# Thousands of files for each run: there one mode in one pass and one in two passes are enough, over both protocols.
MODES_OF_LARGE = {
    "smtp-1500": ("q", "V", "2V", "fields"),
    "pop3-1500": ("q", "2q", "filter", "color"),
    "smtp-5000": ("q", "V"),
    "pop3-5000": ("q", "2V"),
    "smtp-20000": ("q", "2V"),
    "pop3-20000": ("q", "V"),
    "4-mails-of-2500": ("q", "V"),
}
WITH_PREFERENCES = ("smtp-250", "pop3-600", "tls-320-mails")


def cases():
    """Shape, mode and preferences: the modes with the defaults, those that draw most with each preference."""
    for shape in SHAPES:
        for mode in MODES_OF_LARGE.get(shape, MODES):
            yield shape, mode, "default"
    for shape in WITH_PREFERENCES:
        for preferences in PREFERENCES:
            for mode in ("V", "2V", "color"):
                yield shape, mode, preferences


def of_one_shape(parameters):
    """With pytest-xdist: what has the same shape runs in one process, which makes the capture once."""
    return [pytest.param(*one, marks=pytest.mark.xdist_group(one[0]), id="-".join(one)) for one in parameters]


# ---- captures and runs ----


class Run:
    """What one run of tshark gives with every consumer: both exports, the tap that saves, and the tables."""

    def __init__(self, tshark, capture, mode, preferences=()):
        folders = [tshark.workspace.folder() for _ in range(3)]
        consumers = ["--export-objects", f"mail-attachments,{folders[0]}", "--export-objects", f"mail-messages,{folders[1]}"]
        consumers += ["-z", f"mailxtra,save,{folders[2]},messages"]
        for table in TABLES:
            consumers += ["-z", table]
        self.output = tshark.read(capture.path, *MODES[mode], *consumers, prefs=preferences)
        self.manifest = read_manifest(folders[2])
        self.attachments, self.messages, self.saved = map(facts, folders)
        for folder in folders:
            shutil.rmtree(folder)  # thousands of files

    def lines(self, kind):
        return [line for line in self.manifest if line["record"] == kind]


def read_manifest(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def reference(tshark, made):
    """The run with `-q`, where nothing is drawn. What it found is compared with the truth like that of the others."""
    runs = {}

    def get(shape):
        if shape not in runs:
            runs[shape] = Run(tshark, made(shape), "q")
        return runs[shape]

    return get


def facts(folder):
    """Name, size and hash of each file."""
    return sorted((str(path.relative_to(folder)), *facts_of(path)) for path in folder.rglob("*") if path.is_file())


def facts_of(path):
    data = path.read_bytes()
    return len(data), hashlib.sha256(data).hexdigest()


def same(found, wanted):
    """The same values in the same order; a short report, for the lists are long."""
    if found != wanted:
        found_count, wanted_count = Counter(map(str, found)), Counter(map(str, wanted))
        missing, extra = list(wanted_count - found_count), list(found_count - wanted_count)
        pytest.fail(f"{len(found)} of {len(wanted)}; missing {len(missing)}: {missing[:3]}; not wanted {len(extra)}: {extra[:3]}")


# ---- exports, manifest and tables ----


@pytest.mark.parametrize("shape,mode,preferences", of_one_shape(cases()))
def test_the_same_is_found(tshark, made, reference, shape, mode, preferences):
    capture, plain = made(shape), reference(shape)
    run = plain if mode == "q" else Run(tshark, capture, mode, PREFERENCES.get(preferences, ()))
    same(run.attachments, sorted(file.facts for file in capture.files))
    same(run.messages, sorted((name + ".eml", *rest) for name, *rest in (mail.facts for mail in capture.mails)))
    check_manifest(run, capture)
    same(run.lines("attachment"), plain.lines("attachment"))
    same(run.lines("message"), plain.lines("message"))
    check_tables_are_equal(without_rates(run.output), without_rates(plain.output))


def check_manifest(run, capture):
    """Its lines in the order of the capture, and each file with the bytes that its line says."""
    attachments, messages = run.lines("attachment"), run.lines("message")
    same([(line["name"], line["size"], line["sha256"]) for line in attachments], [file.facts for file in capture.files])
    same([(line["subject"], line["size"], line["sha256"]) for line in messages], [mail.facts for mail in capture.mails])
    assert [line["attachments"] for line in messages] == [len(mail.files) for mail in capture.mails]
    assert {(line["complete"], line["missing"]) for line in attachments + messages} == {(True, 0)}
    written = [fact for fact in run.saved if fact[0] != "manifest.jsonl"]
    same(written, sorted((line["file"], line["size"], line["sha256"]) for line in attachments + messages))


def check_tables_are_equal(output, tables):
    """tshark prints its tables behind the packets. `tables` is the output of a run that prints no packets."""
    if not output.endswith(tables):
        lines, wanted = output.splitlines()[-tables.count("\n") :], tables.splitlines()
        differing = [[line[:200] for line in pair] for pair in zip(lines, wanted) if pair[0] != pair[1]]
        pytest.fail(f"the tables differ: {differing[:3]}")


def without_rates(output):
    """The table of counts has rates too. They depend on the last frame of which a tap is called: test_one_table_alone() has them."""
    return re.sub(r"^( *\S.*? +\d+ +)[\d.]+ +[\d.]+% .*$", r"\1", output, flags=re.M)


def rows(output, title):
    """The rows of one of mailxtra's tables as lists of cells, the heading first."""
    table = output.split(f"\n{title}:\n", 1)[1].split("\n====", 1)[0]
    return [[cell.strip() for cell in line.split("|")[:-1]] for line in table.splitlines() if "|" in line]


@pytest.mark.parametrize("shape", of_one_shape((shape,) for shape in SHAPES))
def test_tables_hold_the_truth(made, reference, shape):
    capture, output = made(shape), reference(shape).output
    count, files = len(capture.mails), len(capture.files)
    heading, *mails = rows(output, "Mail Messages")
    columns = [heading.index(name) for name in ("Subject", "Size", "Attachments", "Complete")]
    wanted = [[mail.subject, str(len(mail.content)), ", ".join(file.name for file in mail.files), "yes"] for mail in capture.mails]
    same([[row[at] for at in columns] for row in mails], wanted)
    heading, session = rows(output, "Mail Sessions")
    assert (session[heading.index("Mails")], session[heading.index("Protocol")]) == (str(count), capture.protocol)
    assert session[heading.index("User")] == "bob"
    assert len(rows(output, "Mail Trace")) == 1 + count
    assert counted(output, "Mails by protocol") == count and counted(output, "Attachments by type") == files
    credentials = output.split("Packet     Protocol", 1)[1].split("\n====", 1)[0].splitlines()[2:]
    assert [line.split()[1:3] for line in credentials] == [[capture.protocol, "bob"]]


def counted(output, name):
    return int(re.search(rf"^{name} +(\d+) ", output, re.M)[1])


# ---- one consumer alone ----


CROWDED = ("smtp-600", "1000-mails", "tls-320-mails")


@pytest.mark.parametrize("mode", ["V", "2V", "filter"])
@pytest.mark.parametrize("shape", of_one_shape((shape,) for shape in CROWDED))
def test_one_export_alone(tshark, made, shape, mode):
    """Without the others, that could have made something of it ready."""
    capture = made(shape)
    for kind, wanted in (("mail-attachments", [file.facts[1:] for file in capture.files]), ("mail-messages", [mail.facts[1:] for mail in capture.mails])):
        target = tshark.workspace.folder()
        tshark.read(capture.path, *MODES[mode], "--export-objects", f"{kind},{target}")
        same(sorted(map(facts_of, target.iterdir())), sorted(wanted))


@pytest.mark.parametrize("mode", ["V", "2V"])
@pytest.mark.parametrize("shape", of_one_shape((shape,) for shape in CROWDED))
def test_saving_alone(tshark, made, shape, mode):
    capture, target = made(shape), tshark.workspace.folder()
    tshark.read(capture.path, *MODES[mode], "-z", f"mailxtra,save,{target}")
    lines = [line for line in read_manifest(target) if line["record"] == "attachment"]
    same([(line["name"], *facts_of(target / line["file"])) for line in lines], [file.facts for file in capture.files])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("shape", of_one_shape((shape,) for shape in CROWDED))
def test_one_table_alone(tshark, made, shape, table):
    alone = tshark.read(made(shape).path, "-q", "-z", table)
    for mode in ("V", "2V"):
        check_tables_are_equal(tshark.read(made(shape).path, *MODES[mode], "-z", table), alone)


# ---- fields ----

ATTACHMENT_FIELDS = [f"mailxtra.attachment.{name}" for name in ("filename", "size", "sha256", "type", "complete")]
MESSAGE_FIELDS = [f"mailxtra.message.{name}" for name in ("subject", "size", "sha256", "complete")]


@pytest.mark.parametrize("preferences", ["default", "none"])
@pytest.mark.parametrize("shape", of_one_shape((shape,) for shape in SHAPES))
def test_fields(tshark, made, shape, two_pass, preferences):
    capture, prefs = made(shape), PREFERENCES.get(preferences, ())
    row = tshark.fields(capture.path, "mailxtra.message", *MESSAGE_FIELDS, *ATTACHMENT_FIELDS, two_pass=two_pass, prefs=prefs)
    columns = [[value for values in column for value in values] for column in zip(*row)] or [[]] * 9
    assert len(set(map(len, columns[:4]))) == 1 and len(set(map(len, columns[4:]))) == 1
    check_up_to_the_cap(values(columns[:4]), [(*mail.facts, True) for mail in capture.mails])
    wanted = [(*file.facts, file.kind, True) for file in capture.files]
    check_up_to_the_cap(values(columns[4:]), wanted)
    if len(columns[4]) < len(wanted):
        assert AND_MORE.search(tshark.verbose(capture.path, two_pass=two_pass, prefs=prefs))


def values(columns):
    """A tuple for each object, its size a number and whether it is complete a truth value."""
    return [(one[0], int(one[1]), *one[2:-1], one[-1] in ("1", "True")) for one in zip(*columns)]


def check_up_to_the_cap(found, wanted):
    """All of it, or the objects that the tree shows, in order, and not fewer than it may leave out."""
    if len(wanted) <= TREE_CAP:
        same(found, wanted)
    else:
        assert len(found) >= TREE_CAP
        rest = iter(wanted)
        assert all(one in rest for one in found)


@pytest.mark.parametrize("shape", of_one_shape((shape,) for shape in ("depth-400", "smtp-20000")))
def test_what_is_behind_a_limit_of_the_plugin_is_marked(tshark, made, shape, two_pass):
    """Parts that are not found are not left out without a word."""
    names = {"depth-400": "mailxtra.expert.nesting_limit", "smtp-20000": "mailxtra.expert.part_limit"}
    capture = made(shape)
    if shape == "smtp-20000" and len(capture.files) == 20_000:
        pytest.skip("the plugin's bound is above this mail's parts")
    assert len(tshark.frames(capture.path, names[shape], two_pass=two_pass)) == 1


@pytest.mark.parametrize("shape", of_one_shape((shape,) for shape in ("smtp-250", "pop3-245", "1000-mails", "tls-320-mails")))
def test_one_frame_completes_the_mails(tshark, made, shape):
    """The captures are what they are meant to be."""
    assert crowded.MAX_SEGMENT < 65_535 - 40
    assert len(tshark.frames(made(shape).path, "mailxtra.message")) == 1
