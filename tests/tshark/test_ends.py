"""The end of the capture, and of a session that is reset: what they cut is listed, counted and saved."""

import itertools
import re
import subprocess

import pytest
from harness import PCAPS
from pcapgen import tcp_session, write_pcap
from test_export import attached, delivery, mail
from test_save import files, manifest, of_kind, save

TABLES = ("mailxtra,messages", "mailxtra,trace", "mailxtra,sessions", "mailxtra,tree", "mailxtra,srt", "follow,mailxtra,ascii,0")


def big(number, size=30_000):
    content = bytes((number + at // 251) % 256 for at in range(size))
    return mail([(attached(b"first%d.bin" % number), b"whole %d" % number), (attached(b"big%d.bin" % number), content)])


@pytest.fixture(scope="module")
def cut(workspace):
    """Three connections side by side; the end cuts a mail of two of them, and a third one is over."""
    one = tcp_session(delivery(big(1), big(2)), client=("10.1.0.1", 40001))[:-20]
    two = tcp_session(delivery(big(3)), client=("10.1.0.2", 40002))[:-15]
    three = tcp_session(delivery(mail([(attached(b"small.txt"), b"hello")])), client=("10.1.0.3", 40003))
    frames = [frame for trio in itertools.zip_longest(one, two, three) for frame in trio if frame]
    return write_pcap(workspace.folder() / "cut.pcap", frames)


def table(tshark, capture, *tables, two_pass=False):
    options = [word for name in tables for word in ("-z", name)]
    return tshark.read(capture, "-q", *options, two_pass=two_pass)


def rows(output):
    return sorted(line for line in output.splitlines() if "|" in line)


@pytest.mark.parametrize("name", TABLES)
def test_one_pass_lists_what_two_passes_list(tshark, cut, name):
    """In one pass what the end cuts stands behind the others, and is counted in the last frame's time."""
    one, two = table(tshark, cut, name), table(tshark, cut, name, two_pass=True)
    if name == "mailxtra,tree":
        one, two = (re.sub(r"( \d+) .*", r"\1", output) for output in (one, two))
    assert sorted(one.splitlines()) == sorted(two.splitlines())
    if name == "mailxtra,messages":
        assert [line.endswith("|no |") for line in one.splitlines() if "|SMTP |" in line] == [False, False, True, True]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_all_at_once_in_any_order(tshark, cut, order):
    """Each table, list and saver has all, whichever option comes first."""
    saved, listed = tshark.workspace.folder() / "saved", tshark.workspace.folder()
    options = [("-z", TABLES[0], "-z", TABLES[1]), ("-z", TABLES[2], "-z", TABLES[3], "-z", TABLES[4]),
               ("-z", f"mailxtra,save,{saved}"), ("--export-objects", f"mail-attachments,{listed}")]  # fmt: skip
    output = tshark.read(cut, "-q", *[word for place in order for word in options[place]])
    assert rows(output) == sorted(row for name in TABLES[:3] for row in rows(table(tshark, cut, name)))
    assert sorted(p.read_bytes() for p in listed.iterdir()) == sorted(data for name, data in files(saved).items() if name != "manifest.jsonl")
    assert len(list(listed.iterdir())) == 7
    assert re.search(r"^ SMTP +4 ", output, re.M)


FILTERS = ("tcp.port == 25", "tcp.port == 40001", "ip.src == 10.1.0.2", "smtp.req.command == DATA", "mailxtra.message.complete == 1",
           "frame.number < 30", "not smtp", "tcp.srcport == 25", "frame.number > 20", "mailxtra")  # fmt: skip


@pytest.mark.parametrize("condition", FILTERS)
def test_filters(tshark, cut, condition):
    """A message that the end cuts belongs to the last frame of its connection, as it does with -2."""
    for name in TABLES[:3]:
        one = tshark("-q", "-r", tshark.workspace.readable(cut), "-z", f"{name},{condition}")
        two = table(tshark, cut, f"{name},{condition}", two_pass=True)
        assert rows(one.stdout.decode()) == rows(two) and one.stderr == b""
    one, two = (save(tshark, cut, condition, args=args)[0] for args in ((), ("-2",)))
    one, two = files(one), files(two)
    lines = [sorted(saved.pop("manifest.jsonl").splitlines()) for saved in (one, two)]
    assert one == two and lines[0] == lines[1]


@pytest.mark.parametrize("name, frames", [("smtp-from-the-middle.pcap", 12), ("pop3-mailbox.pcap", 35), ("imap-mutt.pcap", 31), ("smtps-465.pcapng", 30),
                                          ("smtp-bdat.pcap", 20), ("imap-parts.pcap", 60), ("smtp-lost-frame.pcap", 40)])  # fmt: skip
def test_real_captures_that_end_early(tshark, name, frames):
    capture = PCAPS / name
    for kind in TABLES[:3]:
        one, two = (tshark.read(capture, "-q", "-c", frames, "-z", kind, two_pass=two_pass) for two_pass in (False, True))
        assert rows(one) == rows(two)


def test_a_session_that_is_known_at_the_end_only(tshark, workspace):
    """Everything of it waits for bytes that never come; the tables have had no frame of it."""
    frames = tcp_session(delivery(big(1, 3000)), server=("10.1.0.2", 2525))
    capture = write_pcap(workspace.folder() / "late.pcap", frames[:3] + frames[4:-8])
    for kind in TABLES[:3]:
        one, two = table(tshark, capture, kind), table(tshark, capture, kind, two_pass=True)
        assert rows(one) == rows(two)
        assert len(rows(one)) == 2
    for condition, silent in (("tcp.port == 2525", True), ("smtp", False)):
        done = tshark("-q", "-r", capture, "-z", f"mailxtra,messages,{condition}")
        assert len(rows(done.stdout.decode())) == 1 + silent
        assert silent == (done.stderr == b"") and (silent or b"1 messages that only the end" in done.stderr)


# ---- the session is reset ----


@pytest.fixture(scope="module")
def four(workspace):
    """One connection with four mails of 44 kB, 33 to 34 frames each with their replies and acknowledgements."""
    return write_pcap(workspace.folder() / "four.pcap", tcp_session(delivery(*[big(number) for number in range(1, 5)])))


def check_manifest(folder):
    """Numbers go on, nothing that was cut counts as whole, and every file holds what its line says."""
    lines, saved = manifest(folder), files(folder)
    messages = of_kind(lines, "message")
    numbers = [line["message"] for line in messages]
    assert numbers == sorted(set(numbers))
    resets = [line.get("reset", 0) for line in lines]
    assert resets == sorted(resets)
    for line in lines:
        assert (line["missing"] == 0) == line["complete"] or line["missing"]
        assert line["complete"] or line["missing"] is None
    told = [line for line in lines if line["file"]]
    assert {line["file"] for line in told} | {"manifest.jsonl"} == set(saved) and len(told) == len(saved) - 1
    assert all(len(saved[line["file"]]) == line["size"] for line in told)
    return lines


@pytest.mark.parametrize("every", [1, 7, 10, 30, 50, 1000])
def test_a_session_that_is_reset(tshark, four, every):
    """What is open then is entered as far as it goes; what is whole in it is whole."""
    listed = tshark.workspace.folder()
    folder, done = save(tshark, four, args=("-M", every, "--export-objects", f"mail-attachments,{listed}"))
    lines = check_manifest(folder)
    attachments = of_kind(lines, "attachment")
    count = done.stderr.count(b"resetting session")
    assert max(line.get("reset", 0) for line in lines) <= count
    for line in attachments:
        content = (folder / line["file"]).read_bytes()
        if line["name"].startswith("first"):
            assert line["complete"] is (content == b"whole " + line["name"][5:-4].encode())
    if every == 1000:
        assert count == 0 and len(attachments) == 8 and all(line["complete"] for line in attachments)
    if every in (10, 30):
        assert {line["name"] for line in attachments} >= {"first1.bin", "big1.bin"}
    saved = files(folder)
    del saved["manifest.jsonl"]
    assert sorted(path.read_bytes() for path in listed.iterdir()) == sorted(saved.values())
    assert {path.name for path in listed.iterdir()} == set(saved)


@pytest.mark.parametrize("every", [1, 10, 50])
def test_tables_and_lists_outlive_a_reset(tshark, four, every):
    """Rows of all sessions, each as it ended."""
    options = [word for name in TABLES for word in ("-z", name)]
    listed = tshark.workspace.folder()
    folder, _ = save(tshark, four, "messages", args=(*options[:-2], "-M", every, "--export-objects", f"mail-messages,{listed}"))
    output = tshark.read(four, "-q", "-M", every, *options)
    lines = of_kind(manifest(folder), "message")
    shown = [line for line in output.splitlines() if re.search(r"\|SMTP \|10.1.0.1 \|10.1.0.2 \|", line)]
    assert [int(row.split("|")[0]) for row in shown] == [line["frame"] for line in lines]
    assert [row.split("|")[-2].strip() for row in shown] == ["yes" if line["complete"] else "no" for line in lines]
    assert len(list(listed.iterdir())) == len(lines)


@pytest.mark.parametrize("name", ["imap-mutt.pcap", "imap-parts.pcap", "pop3-mailbox.pcap", "smtp-bdat.pcap", "imap-compress.pcap", "trace-chain.pcap"])
@pytest.mark.parametrize("every", [3, 20])
def test_real_captures_that_are_reset(tshark, name, every):
    options = [word for table in TABLES for word in ("-z", table)]
    folder, _ = save(tshark, PCAPS / name, "messages", args=("-M", every, *options))
    lines, saved = manifest(folder), files(folder)
    assert {line["file"] for line in lines if line["file"]} == set(saved) - {"manifest.jsonl"}


def test_a_filter_outlives_a_reset(tshark, four):
    plain, _ = save(tshark, four, args=("-M", "10"))
    filtered, _ = save(tshark, four, "tcp.port == 25", args=("-M", "10"))
    assert manifest(plain) == manifest(filtered)


def test_the_next_file_of_a_ring_buffer(tshark, four):
    """Wireshark forgets everything between two files of a ring buffer."""
    folder, ring = tshark.workspace.folder() / "saved", tshark.workspace.folder()
    done = subprocess.run(
        ["tshark", "-n", "-q", "-i", "-", "-b", "filesize:60", "-w", str(ring / "ring"), "-z", f"mailxtra,save,{folder}"],
        stdin=open(four, "rb"),
        capture_output=True,
        env=tshark.workspace.environment(tshark.plugins),
        **tshark.workspace.identity(),
    )
    if b"captured" not in done.stderr:
        pytest.skip(f"tshark cannot capture from a pipe here: {done.stderr.decode(errors='replace')}")
    assert done.returncode == 0 and len(list(ring.iterdir())) > 2
    lines = check_manifest(folder)
    attachments = of_kind(lines, "attachment")
    assert {"first1.bin", "big1.bin"} <= {line["name"] for line in attachments}
    assert max(line.get("reset", 0) for line in lines) == len(list(ring.iterdir())) - 1
