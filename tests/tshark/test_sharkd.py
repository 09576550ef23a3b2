"""sharkd: one process that reads several captures and lists their objects as often as it is asked to."""

import base64
import collections
import shutil

import pytest
from harness import PCAPS, Sharkd

KINDS = ("mail-attachments", "mail-messages")
pytestmark = pytest.mark.skipif(shutil.which("sharkd") is None, reason="sharkd is not installed")

CAPTURES = ("imap-mutt.pcap", "smtp-five-mails.pcap", "imap-parts.pcap", "three-hops-3-mail02-pop3.pcap", "imap-append.pcap")


@pytest.fixture
def sharkd(workspace, tshark):
    with Sharkd(workspace) as process:
        yield process


def listed(sharkd, kind):
    [answer] = sharkd("tap", tap0=f"eo:{kind}")["taps"]
    return answer["objects"]


def downloads(sharkd, objects):
    """Name and bytes of each object."""
    answers = [sharkd("download", token=entry["_download"]) for entry in objects]
    assert [answer["file"] for answer in answers] == [entry["filename"] for entry in objects]
    return [(answer["file"], base64.b64decode(answer["data"])) for answer in answers]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CAPTURES)
def test_the_list_is_the_same_each_time(sharkd, tshark, name, kind):
    """Objects, names and data; and tshark exports the same."""
    sharkd.load(PCAPS / name)
    first = listed(sharkd, kind)
    assert first
    for _ in range(2):
        assert listed(sharkd, kind) == first
        found = downloads(sharkd, first)
        assert [len(data) for _, data in found] == [entry["len"] for entry in first]
    expected = collections.Counter(path.read_bytes() for path in tshark.export(kind, PCAPS / name).iterdir())
    assert collections.Counter(data for _, data in found) == expected
    assert len({name for name, _ in found}) == len(found)


def test_one_capture_behind_the_other(sharkd, workspace):
    """What is listed of a capture does not depend on those before it."""
    alone = {}
    for name in CAPTURES:
        with Sharkd(workspace) as fresh:
            fresh.load(PCAPS / name)
            alone[name] = {kind: listed(fresh, kind) for kind in KINDS}
    for name in (*CAPTURES, *CAPTURES[:2], CAPTURES[0], CAPTURES[0]):
        sharkd.load(PCAPS / name)
        for kind in KINDS:
            assert listed(sharkd, kind) == alone[name][kind]
            downloads(sharkd, alone[name][kind])


def test_two_lists_and_tables_at_once(sharkd):
    sharkd.load(PCAPS / "imap-mutt.pcap")
    wanted = {f"tap{number}": tap for number, tap in enumerate(["eo:mail-attachments", "eo:mail-messages", "stat:mailxtra"])}
    answers = [sharkd("tap", **wanted)["taps"] for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert [len(answer["objects"]) for answer in answers[0] if answer["type"] == "eo"]
    by_kind = {answer["tap"]: answer["objects"] for answer in answers[0] if answer["type"] == "eo"}
    assert by_kind["eo:mail-attachments"] == listed(sharkd, "mail-attachments")
    assert by_kind["eo:mail-messages"] == listed(sharkd, "mail-messages")
