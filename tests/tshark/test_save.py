"""tshark -z mailxtra,save,DIR: attachments and messages on disk as they are completed, and the manifest."""

import collections
import email
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess

import pytest
from harness import REPO, captures
from pcapgen import tcp_session, write_pcap
from test_export import attached, delivery, mail


def save(tshark, capture, *options, folder=None, check=True, **more):
    """Runs the tap; returns the folder and the finished process."""
    folder = folder or tshark.workspace.folder() / "saved"
    name = str(folder).replace("\\", "\\\\").replace(",", "\\,")
    done = tshark(
        "-q", "-r", tshark.workspace.readable(capture), "-z", ",".join(["mailxtra,save", name, *options]),
        *more.pop("args", ()), check=check, **more,
    )  # fmt: skip
    return folder, done


def manifest(folder, name="manifest.jsonl"):
    """The lines of objects; of a run that was not interrupted, so between one of its begin and one of its end."""
    begin, *lines, end = whole_manifest(folder, name)
    assert begin["record"] == "begin" and begin["schema"] == 1 and end["record"] == "end"
    assert end["messages"] == len(of_kind(lines, "message")) and end["attachments"] == len(of_kind(lines, "attachment"))
    assert len(lines) == end["messages"] + end["attachments"] and end["complete"] == (end["failed"] == 0)
    return lines


def whole_manifest(folder, name="manifest.jsonl"):
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def of_kind(lines, kind):
    return [line for line in lines if line["record"] == kind]


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def keys_of(tshark, capture):
    keys = capture.with_suffix(".keys.txt")
    return ("-o", f"tls.keylog_file:{tshark.workspace.readable(keys)}") if keys.exists() else ()


@pytest.mark.parametrize("capture", captures(), ids=lambda path: path.name)
def test_saves_what_is_exported(tshark, capture):
    folder, _ = save(tshark, capture, "messages", args=keys_of(tshark, capture))
    lines = manifest(folder)
    saved = files(folder)
    for kind, record in (("mail-attachments", "attachment"), ("mail-messages", "message")):
        expected = collections.Counter(p.read_bytes() for p in tshark.export(kind, capture).iterdir())
        assert collections.Counter(saved[line["file"]] for line in of_kind(lines, record)) == expected
    assert set(saved) == {line["file"] for line in lines} | {"manifest.jsonl"}
    for line in lines:
        assert hashlib.sha256(saved[line["file"]]).hexdigest() == line["sha256"]
        assert len(saved[line["file"]]) == line["size"]
        assert (line["missing"] == 0) == line["complete"]


def test_attachments_are_what_python_decodes(tshark, session_capture):
    sizes = {b"a.pdf": 1, b"b.zip": 1000, b"c.bin": 100_000}
    parts = [(attached(name), os.urandom(size)) for name, size in sizes.items()]
    message = mail(parts)
    folder, _ = save(tshark, session_capture(delivery(message)), "md5", "sha1")
    walked = email.message_from_bytes(message.removesuffix(b".\r\n")).walk()
    expected = {p.get_filename(): p.get_payload(decode=True) for p in walked if p.get_filename()}
    lines = of_kind(manifest(folder), "attachment")
    assert {line["name"]: (folder / line["file"]).read_bytes() for line in lines} == expected
    for line in lines:
        for name in ("md5", "sha1", "sha256"):
            assert line[name] == hashlib.new(name, expected[line["name"]]).hexdigest()
    [told] = of_kind(manifest(folder), "message")
    assert told["attachments"] == 3 and told["file"] is None
    assert told["client"] == "10.1.0.1:40000" and told["server"] == "10.1.0.2:25"
    assert told["complete"] is True and told["time"].startswith("2023-11-14T22:13:2")


@pytest.mark.parametrize("two_pass", [False, True], ids=["one pass", "-2"])
def test_a_message_cut_by_the_end_is_saved(tshark, session_capture, two_pass):
    whole = delivery(mail([(attached(b"big.bin"), bytes(30000))]))
    frames = tcp_session(whole)
    capture = write_pcap(tshark.workspace.folder() / "cut.pcap", frames[:-12])
    folder, _ = save(tshark, capture, args=("-2",) if two_pass else ())
    [line] = of_kind(manifest(folder), "attachment")
    assert line["complete"] is False and 0 < line["size"] < 30000
    assert (folder / line["file"]).read_bytes() == bytes(line["size"])


def test_names_are_safe_and_unique_and_nothing_is_overwritten(tshark, session_capture):
    wanted = [b"../../etc/passwd", b"/etc/shadow", b"a.txt", b"A.TXT", b"Manifest-2.jsonl", b"con", b"..", b"x\\\\y"]
    capture = session_capture(delivery(mail([(attached(name), b"hello") for name in wanted])))
    folder, _ = save(tshark, capture)
    first = files(folder)
    save(tshark, capture, folder=folder)
    both = files(folder)
    assert len(first) == len(wanted) + 1 and len(both) == 2 * len(first)
    assert all(both[name] == first[name] for name in first)
    assert all(p.parent == folder for p in folder.iterdir())
    told = [line["file"] for line in of_kind(manifest(folder, "manifest-2.jsonl"), "attachment")]
    assert len(set(told)) == len(wanted) and not set(told) & set(first)


def test_links_are_not_followed(tshark, session_capture):
    target = tshark.workspace.folder() / "target"
    folder = tshark.workspace.folder()
    for name in ("a.txt", "manifest.jsonl"):
        (folder / name).symlink_to(target)
    save(tshark, session_capture(delivery(mail([(attached(b"a.txt"), b"hello")]))), folder=folder)
    assert not target.exists()
    assert (folder / "a-2.txt").read_bytes() == b"hello"


def test_a_folder_that_cannot_be_written_to(tshark, session_capture):
    folder = tshark.workspace.folder()
    folder.chmod(0o555)
    if tshark.workspace.drops:
        os.chown(folder, 0, 0)
    elif os.geteuid() == 0:
        pytest.skip("root can write everywhere")
    capture = session_capture(delivery(mail([(attached(b"a.txt"), b"hello")])))
    for target in (folder, folder / "new", capture):
        _, done = save(tshark, capture, folder=target, check=False)
        assert done.returncode != 0 and b"mailxtra" in done.stderr and str(target).encode() in done.stderr


def test_a_full_disk(tshark, session_capture):
    """A limit on the size of files: the large one fails, the small ones do not, and the manifest says so."""
    parts = [(attached(b"small.txt"), b"hello"), (attached(b"big.bin"), bytes(300_000)), (attached(b"last.txt"), b"hello")]
    capture = session_capture(delivery(mail(parts)))
    folder = tshark.workspace.folder() / "saved"
    done = subprocess.run(
        ["tshark", "-n", "-q", "-r", tshark.workspace.readable(capture), "-z", f"mailxtra,save,{folder}"],
        capture_output=True,
        env=tshark.workspace.environment(tshark.plugins),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        **tshark.workspace.identity(),
    )
    assert done.returncode == 1 and b"1 could not be saved" in done.stderr
    lines = of_kind(manifest(folder), "attachment")
    assert [line["file"] for line in lines] == ["small.txt", None, "last.txt"]
    assert "error" in lines[1] and lines[1]["size"] == 300_000
    assert set(files(folder)) == {"small.txt", "last.txt", "manifest.jsonl"}


def test_a_manifest_that_is_full(tshark, session_capture):
    """No line without its file, no file without its line, no half line."""
    small = [(attached(b"f%d.txt" % i), b"hello") for i in range(20)]
    capture = session_capture(delivery(*[mail(small)] * 20))
    folder = tshark.workspace.folder() / "saved"
    done = subprocess.run(
        ["tshark", "-n", "-q", "-r", tshark.workspace.readable(capture), "-z", f"mailxtra,save,{folder}"],
        capture_output=True,
        env=tshark.workspace.environment(tshark.plugins),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        **tshark.workspace.identity(),
    )
    assert done.returncode == 1 and b"could not be saved" in done.stderr
    lines = whole_manifest(folder)
    told = {line["file"] for line in of_kind(lines, "attachment")}
    assert told == set(files(folder)) - {"manifest.jsonl"} and 0 < len(told) < 400
    assert lines[0]["record"] == "begin"
    assert all(end["complete"] is False and end["attachments"] == len(told) for end in of_kind(lines, "end"))


def test_filter_and_progress(tshark, session_capture):
    first = mail([(attached(b"a.txt"), b"hello")])
    second = mail([(attached(b"b.zip"), b"hello")])
    capture = session_capture(delivery(first, second))
    folder, done = save(tshark, capture, 'mailxtra.attachment.filename contains "zip"')
    assert [line["name"] for line in of_kind(manifest(folder), "attachment")] == ["b.zip"]
    assert done.stderr == b"" and done.stdout == b""  # no terminal
    for wrong in ("", ",,"):
        assert tshark("-q", "-r", capture, "-z", f"mailxtra,save{wrong}", check=False).returncode != 0
    assert save(tshark, capture, "no such == filter", check=False)[1].returncode != 0


def test_the_first_and_the_last_line(tshark, session_capture):
    capture = session_capture(delivery(mail([(attached(b"a.txt"), b"hello")])))
    folder, _ = save(tshark, capture, "messages", "md5", "of=1000", "tcp.port in {25,26}")
    begin, *_, end = whole_manifest(folder)
    assert re.fullmatch(r"\d+\.\d+\.\d+", begin.pop("plugin"))
    assert begin == {
        "record": "begin",
        "schema": 1,
        "options": {"messages": True, "digests": ["sha256", "md5"], "of": 1000, "filter": "tcp.port in {25,26}"},
    }
    assert end == {"record": "end", "messages": 1, "attachments": 1, "failed": 0, "complete": True}
    folder, _ = save(tshark, capture)
    assert whole_manifest(folder)[0]["options"] == {"messages": False, "digests": ["sha256"], "of": None, "filter": None}


@pytest.mark.parametrize("name", ["a,b", "a\\b", ",", "a\\,md5", "\\\\", "md5,"])
def test_any_name_of_a_folder(tshark, session_capture, name):
    """A backslash makes the comma or backslash behind it a part of the name."""
    capture = session_capture(delivery(mail([(attached(b"a.txt"), b"hello")])))
    folder, _ = save(tshark, capture, "sha1", folder=tshark.workspace.folder() / name)
    [line] = of_kind(manifest(folder), "attachment")
    assert "sha1" in line and "md5" not in line and set(files(folder)) == {"a.txt", "manifest.jsonl"}


def test_together_with_an_export(tshark, session_capture):
    whole = delivery(mail([(attached(b"big.bin"), bytes(30000))]))
    capture = write_pcap(tshark.workspace.folder() / "cut.pcap", tcp_session(whole)[:-12])
    target = tshark.workspace.folder()
    folder, _ = save(tshark, capture, args=("--export-objects", f"mail-attachments,{target}"))
    assert [p.read_bytes() for p in target.iterdir()] == [(folder / "big.bin").read_bytes()]


def test_many_objects(tshark):
    """Twenty thousand: linear, and no folder gets too large."""
    count, per_mail = 20_000, 50
    message = mail([(attached(b"image001.png"), b"hello")] * per_mail)
    capture = write_pcap(tshark.workspace.folder() / "many.pcap", tcp_session(delivery(*[message] * (count // per_mail))))
    folder, _ = save(tshark, capture)
    lines = of_kind(manifest(folder), "attachment")
    assert len(lines) == count == len({line["file"] for line in lines})
    assert max(len(list(d.iterdir())) for d in (folder, *(d for d in folder.iterdir() if d.is_dir()))) <= 10_002
    assert all((folder / line["file"]).read_bytes() == b"hello" for line in lines[:: count // 100])


@pytest.mark.skipif(shutil.which("parallel") is None, reason="GNU parallel is not installed")
@pytest.mark.parametrize("split", [1, 3])
def test_carve_script(tshark, session_capture, split):
    """Many captures, whole or split by flow: the same files, one manifest."""
    if split > 1 and shutil.which("tcpdump") is None:
        pytest.skip("tcpdump is not installed")
    wanted = [b"content %d" % number for number in range(12)]
    frames = []
    for number, data in enumerate(wanted):
        ends = {"client": (f"10.1.0.{number + 1}", 40000 + number), "server": ("10.2.0.1", 25)}
        if number % 2:
            ends = {"client": (f"fd00::{number + 1}", 40000 + number), "server": ("fd00::ffff", 25)}
        frames.append(tcp_session(delivery(mail([(attached(b"a.txt"), data)])), **ends))
    folder = tshark.workspace.folder()
    pcaps = [write_pcap(folder / f"{name} of day.pcap", sum(part, [])) for name, part in (("one", frames[:7]), ("two", frames[7:]))]
    out = tshark.workspace.folder() / "out, all\\of it"
    done = subprocess.run(
        [REPO / "scripts/carve.sh", "--split", str(split), "--jobs", "2", out, *pcaps],
        capture_output=True,
        env=tshark.workspace.environment(tshark.plugins),
        cwd=tshark.workspace.root,
        **tshark.workspace.identity(),
    )
    assert done.returncode == 0, done.stderr
    assert b"12 attachments of 2 captures" in done.stdout
    every = whole_manifest(out)
    assert len(of_kind(every, "begin")) == len(of_kind(every, "end")) == 2 * split
    assert all(line["complete"] for line in of_kind(every, "end"))
    lines = of_kind(every, "attachment")
    assert sorted((out / line["folder"] / line["file"]).read_bytes() for line in lines) == sorted(wanted)
    assert {line["capture"] for line in lines} == set(map(str, pcaps))


def test_carve_script_names_what_cannot_be_read(tshark, session_capture):
    """The others are carved all the same."""
    out = tshark.workspace.folder() / "out"
    good = session_capture(delivery(mail([(attached(b"a.txt"), b"content")])))
    done = subprocess.run(
        [REPO / "scripts/carve.sh", out, "/no/such/file.pcap", good],
        capture_output=True,
        env=tshark.workspace.environment(tshark.plugins),
        cwd=tshark.workspace.root,
        **tshark.workspace.identity(),
    )
    assert done.returncode == 1
    assert b"carve.sh: /no/such/file.pcap: not all of it" in done.stderr
    assert b"1 attachments of 2 captures" in done.stdout
