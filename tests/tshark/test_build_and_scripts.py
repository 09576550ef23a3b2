"""The build and the scripts as a stranger uses them, in a copy of the repository."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import harness
import pytest
from pcapgen import tcp_session, write_pcap

# With pytest-xdist: in one process, for all tests work in the same copy.
pytestmark = pytest.mark.xdist_group("scripts")

SOURCES = ["CMakeLists.txt", "CMakePresets.json", "packet-mailxtra.c", "plugin", "programs", "scripts", "tests", "pcaps"]
CAPTURE = harness.PCAPS / "smtp-foxmail.pcap"


@pytest.fixture(scope="module")
def checkout(workspace):
    """A copy that belongs to an unprivileged user, who has a home of his own."""
    folder = workspace.folder()
    for name in SOURCES:
        source = harness.REPO / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, folder)
    if workspace.drops:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, harness.NOBODY, harness.NOBODY)
    return folder


@pytest.fixture(scope="module")
def run(workspace, checkout):
    """Runs a command in the copy without a terminal, as the user; variables that would lead out of it are gone."""
    home = workspace.folder()

    def call(*command, **variables):
        env = {key: value for key, value in os.environ.items() if not key.startswith(("MAILXTRA_", "XDG_", "WIRESHARK_", "SUDO_"))}
        return subprocess.run(
            [str(word) for word in command],
            cwd=checkout,
            env=env | {"HOME": str(home), "LC_ALL": "C.UTF-8"} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=harness.TIMEOUT,
            **workspace.identity(),
        )

    call.home = home
    return call


@pytest.fixture(scope="module")
def built(run):
    """Configured and built with the two commands of the README; the output of both."""
    configured = run("cmake", "-S", ".", "-B", "build")
    assert configured.returncode == 0, configured.stderr
    made = run("cmake", "--build", "build", "-j", "2")
    assert made.returncode == 0, made.stdout + made.stderr
    return configured.stdout + configured.stderr + made.stdout + made.stderr


def test_builds_without_warnings(checkout, built):
    assert (checkout / "build" / "mailxtra.so").exists()
    assert "warning" not in built.lower()


def test_missing_package_is_named_in_one_line(run, workspace):
    """Everything pkg-config knows is there but Wireshark, which cannot be found by CMake's package either."""
    known = workspace.folder()
    paths = run("pkg-config", "--variable", "pc_path", "pkg-config").stdout.strip().split(":")
    for file in (file for path in reversed(paths) for file in Path(path).glob("*.pc")):
        if file.name != "wireshark.pc":
            (known / file.name).unlink(missing_ok=True)
            (known / file.name).symlink_to(file)
    without = ["-S", ".", "-B", "build-without", "-DCMAKE_DISABLE_FIND_PACKAGE_Wireshark=ON"]
    done = run("cmake", *without, PKG_CONFIG_LIBDIR=str(known))
    assert done.returncode != 0
    assert re.search(r"^ *Wireshark.*apt-get install wireshark-dev$", done.stderr, re.M), done.stderr


def test_demo(run, checkout, built):
    done = run("scripts/demo.sh")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    heading = next(line for line in done.stdout.splitlines() if line.startswith("frame"))
    assert heading.split("  ")[0] == "frame" and heading.endswith("SHA-256")
    for message in expected_messages(CAPTURE):
        assert message["subject"] in done.stdout
        for attachment in message["attachments"]:
            assert attachment["filename"] in done.stdout and attachment["sha256"] in done.stdout
    wanted = sorted(one["sha256"] for message in expected_messages(CAPTURE) for one in message["attachments"])
    assert hashes(checkout / "out") == wanted


def test_demo_twice_gives_the_files_once(run, checkout, built, workspace):
    out = checkout / "twice"
    for _ in range(2):
        assert run("scripts/demo.sh", "pcaps/smtp-five-mails.pcap", out).returncode == 0
    wanted = sorted(one["sha256"] for m in expected_messages(harness.PCAPS / "smtp-five-mails.pcap") for one in m["attachments"])
    assert hashes(out) == sorted(set(wanted)) or hashes(out) == wanted


def test_demo_shows_logins(run, built):
    done = run("scripts/demo.sh", "pcaps/smtp-auth-retry.pcap", "logins")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^frame +protocol +mechanism +user name +password +outcome$", done.stdout, re.M)
    assert "refused" in done.stdout and "accepted" in done.stdout


def test_demo_shows_the_way_of_a_mail(run, built):
    done = run("scripts/demo.sh", "pcaps/three-hops-2-mail01.pcap", "hops")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^mail +hop +frame +after +protocol +client +server +changes$", done.stdout, re.M)
    assert re.search(r"^ +1 +1 +25 +- +SMTP +172.16.16.225 +172.16.16.221 +-$", done.stdout, re.M)
    assert re.search(r"^ +1 +2 +45 +[0-9.]+ s +SMTP +172.16.16.221 +172.16.16.231 +\+Received$", done.stdout, re.M)
    assert not re.search(r"^frame +mail +weight", done.stdout, re.M)


def test_demo_shows_what_does_not_fit(run, built):
    done = run("scripts/demo.sh", "pcaps/forged.pcap", "forged")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ +36 +2 +warning +Received line [12] of 2", done.stdout, re.M)
    assert re.search(r"^ +88 +1 +note +.*galangal.org.*dial-225.isp.example", done.stdout, re.M)


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["nowhere.pcap"], "no such file: nowhere.pcap"),
        (["pcaps"], "this is a folder, not a capture: pcaps"),
        (["scripts/demo.sh", "x"], "not a capture: scripts/demo.sh"),
        (["pcaps/smtp-foxmail.pcap", "CMakeLists.txt"], "the output folder is not a folder: CMakeLists.txt"),
        (["pcaps/smtp-foxmail.pcap", "CMakeLists.txt/x"], "the output folder is not writable: CMakeLists.txt/x"),
        (["a", "b", "c"], "too many arguments"),
        (["--wrong"], "unknown argument: --wrong"),
    ],
)
def test_demo_says_what_is_wrong(run, built, checkout, arguments, message):
    done = run("scripts/demo.sh", *arguments)
    assert done.returncode != 0
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (checkout / "x").exists()


def test_demo_says_that_a_folder_is_not_writable(run, built, checkout):
    locked = checkout / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    done = run("scripts/demo.sh", CAPTURE.relative_to(harness.REPO), "locked")
    assert done.returncode != 0 and "the output folder is not writable: locked" in done.stderr


def test_demo_says_that_there_is_no_mail(run, built, checkout):
    capture = checkout / "http.pcap"
    write_pcap(capture, tcp_session([("C", b"GET / HTTP/1.0\r\n\r\n"), ("S", b"HTTP/1.0 200 OK\r\n\r\n")], server_port=80))
    done = run("scripts/demo.sh", capture, "none")
    assert done.returncode == 0
    assert f"No mail in it: {capture}" in done.stdout
    assert not (checkout / "none").exists()


def test_demo_reads_a_capture_that_is_cut_short(run, built, checkout):
    capture = checkout / "short.pcap"
    capture.write_bytes((harness.PCAPS / "smtp-five-mails.pcap").read_bytes()[:-10])
    done = run("scripts/demo.sh", capture, "short")
    assert done.returncode == 0
    assert "the capture is damaged" in done.stderr and "attachments exported" in done.stdout


def mail_rows(output):
    """The cells of demo.sh's table of mails, by file name: columns stand two spaces apart."""
    heading, _, *rows = output.split("\n\n")[1].splitlines()
    names = re.split(r"  +", heading.strip())
    cells = [dict(zip(names, re.split(r"  +", row.strip()))) for row in rows]
    return {row["file name"]: row for row in cells}


def test_demo_marks_what_the_end_of_the_capture_cuts(run, built, checkout):
    """Frame 40 is in the middle of the third file: the last line says so, and the rows say which."""
    assert run("editcap", "-r", CAPTURE.relative_to(harness.REPO), "cut.pcap", "1-40").returncode == 0
    done = run("scripts/demo.sh", "cut.pcap", "cut")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "3 attachments exported to cut/, 1 of them incomplete"
    rows = mail_rows(done.stdout)
    assert [row["incomplete"] for row in rows.values()] == ["mail", "mail", "file"]
    assert {row["SHA-256"] for row in rows.values()} == set(hashes(checkout / "cut"))
    whole = {one["sha256"] for message in expected_messages(CAPTURE) for one in message["attachments"]}
    assert [row["SHA-256"] in whole for row in rows.values()] == [True, True, False]


def test_demo_marks_what_a_lost_packet_cuts(run, built):
    done = run("scripts/demo.sh", "pcaps/smtp-lost-frame.pcap", "lost")
    assert done.returncode == 0, done.stderr
    assert "file" in [row["incomplete"] for row in mail_rows(done.stdout).values()]
    assert re.search(r" exported to lost/, (1 of them )?incomplete$", done.stdout.rstrip())


def test_demo_shows_a_mail_without_files_that_is_cut(run, built, checkout):
    greeting = [("S", b"+OK\r\n"), ("C", b"USER bob\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS x\r\n"), ("S", b"+OK\r\n")]
    session = [*greeting, ("C", b"RETR 1\r\n"), ("S", b"+OK\r\nSubject: half\r\n\r\nThe first line\r\n")]
    write_pcap(checkout / "half.pcap", tcp_session(session, server_port=110, closing=False))
    done = run("scripts/demo.sh", "half.pcap", "half")
    assert done.returncode == 0, done.stderr
    assert re.search(r" half +- +- +- +mail +-$", done.stdout, re.M)
    assert done.stdout.splitlines()[-1] == "No attachments to export; 1 mail is incomplete"


@pytest.mark.parametrize("capture", ["smtp-foxmail.pcap", "smtp-lossy-link-sender.pcap", "imap-mutt.pcap", "pop3-mailbox.pcap"])
def test_demo_marks_nothing_that_is_whole(run, built, capture):
    done = run("scripts/demo.sh", f"pcaps/{capture}", "whole")
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^frame .*\bincomplete\b", done.stdout, re.M) and "incomplete" not in done.stdout.splitlines()[-1]


def test_install_and_uninstall(run, built):
    done = run("scripts/install.sh")
    assert done.returncode == 0, done.stderr
    major_minor = harness.wireshark_version()[0]
    target = run.home / ".local/lib/wireshark/plugins" / major_minor / "epan/mailxtra.so"
    assert target.exists() and str(target) in done.stdout
    assert str(target) in run("tshark", "-G", "plugins").stdout
    done = run("scripts/install.sh", "--uninstall")
    assert done.returncode == 0 and not target.exists()
    done = run("scripts/install.sh", "--uninstall")
    assert done.returncode == 0 and "Nothing to remove" in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's personal plugins are ignored by Wireshark")
def test_root_is_told_that_his_personal_plugins_are_ignored():
    done = subprocess.run([harness.REPO / "scripts/install.sh", "--user"], capture_output=True, text=True)
    assert done.returncode != 0 and "ignores root's personal plugins" in done.stderr


@pytest.mark.parametrize("script", ["demo.sh", "test.sh", "install.sh", "bench.sh", "carve.sh", "fuzz.sh"])
def test_help(run, script):
    done = run(f"scripts/{script}", "--help")
    assert done.returncode == 0 and done.stdout.startswith(f"scripts/{script}")


def test_wrong_arguments_of_the_test_script(run):
    done = run("scripts/test.sh", "--version", "9.9")
    assert done.returncode != 0 and "--version wants" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shell_scripts_are_clean():
    scripts = [*harness.REPO.glob("scripts/*.sh"), *harness.REPO.glob("tests/captures/*.sh"), harness.REPO / ".ci/run"]
    done = subprocess.run(["shellcheck", "-x", *scripts], cwd=harness.REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def expected_messages(capture):
    return json.loads((harness.PCAPS / "expected.json").read_text(encoding="utf-8"))[capture.name]["messages"]


def hashes(folder):
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir())
