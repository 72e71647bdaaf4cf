"""A pasted session of virsh gets a verdict, and what it does not show is not judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run

SESSION = """\
root@host:~# virsh -c qemu:///system snapshot-list vm1 --tree
mon
  |
  +- tue
  |   |
  |   +- thu
  |
  +- wed

root@host:~# virsh snapshot-current vm1 --name
wed
root@host:~# virsh snapshot-delete vm1 mon
Domain snapshot mon deleted

root@host:~# virsh snapshot-list vm1 --parent
 Name   Creation Time               State     Parent
------------------------------------------------------
 tue    2026-11-30 07:00:00 +0000   shutoff
 wed    2026-11-30 07:00:01 +0000   shutoff
 thu    2026-11-30 07:00:02 +0000   shutoff   tue

virsh # snapshot-create-as vm1 tue
error: operation failed: domain moment tue already exists
virsh # snapshot-revert vm1 "tue"
$ sudo virsh snapshot-current vm1 --name
{current}
$ virsh dumpxml vm1
<domain/>
"""

ERROR = "error: operation failed: domain moment tue already exists"


def converted(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, int, str]:
    (folder / "session.txt").write_text(text)
    capsys.readouterr()
    code = run(["convert", str(folder / "session.txt"), "--out", str(folder / "session.jsonl")])
    said = capsys.readouterr()
    if code != 0:
        assert not (folder / "session.jsonl").exists()
        return code, said.err, -1, ""
    judged = run(["judge", str(folder / "session.jsonl")])
    return code, said.out + said.err, judged, capsys.readouterr().out


def test_a_right_session_has_no_deviation_and_what_was_not_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, judged, report = converted(SESSION.format(current="tue"), tmp_path, capsys)
    assert (code, judged) == (0, 0)
    number = SESSION.splitlines().index("$ virsh dumpxml vm1") + 1
    assert f"not read: line {number}: dumpxml vm1" in said
    assert "lookup_by_name(thu)" in report
    assert "refused as NameInUse" in report


@pytest.mark.parametrize(
    ("right", "wrong", "shown"),
    [
        ("{current}", "wed", "seen      result: wed"),
        (" thu    2026-11-30 07:00:02 +0000   shutoff   tue\n", "", "count()"),
        ("shutoff   tue", "shutoff   wed", "parent(thu)"),
        (ERROR, "Domain snapshot tue created", "create(tue)"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_a_deviation(
    right: str, wrong: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert right in SESSION
    text = SESSION.replace(right, wrong).replace("{current}", "tue")
    code, _, judged, report = converted(text, tmp_path, capsys)
    assert (code, judged) == (0, 1)
    assert shown in report.partition("deviation ")[2]


def test_a_leaf_that_is_not_current_is_discarded_and_any_other_merged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        "$ virsh snapshot-create-as vm a\nDomain snapshot a created\n$ virsh snapshot-create-as vm b\n"
        "Domain snapshot b created\n$ virsh snapshot-revert vm a\n$ virsh snapshot-delete vm b\n"
        "$ virsh snapshot-delete vm --snapshotname a\n$ virsh snapshot-list vm --name\n"
    )
    _, _, judged, report = converted(text, tmp_path, capsys)
    assert judged == 0
    assert "discard(b)" in report
    assert "merge_into_children(a)" in report
    assert "count()" in report


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no command of virsh about snapshots or power"),
        ("$ virsh snapshot-delete vm mon\n", "line 1: nothing shows where 'mon' comes from"),
        ("$ virsh snapshot-list vm --name\nmon\n", "line 1: it shows no parents"),
        ("$ virsh snapshot-create-as a x\n$ virsh start b\n", "line 2: a session is of one domain"),
        ("$ virsh snapshot-revert vm 'x\n", "line 1: No closing quotation"),
        ("$ virsh snapshot-create-as vm x\n$ virsh snapshot-revert vm --current\n", "names no snapshot"),
        ("$ virsh snapshot-list vm\nwhat is this\n", "no listing that virsh prints"),
        ("\x1b[2J$ virsh snapshot-delete vm '\x1b[31m\u202e'\n", "nothing shows where"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_line(
    text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, _, _ = converted(text, tmp_path, capsys)
    assert code == 2
    assert reason in said
    assert said.count("\n") == 1
    assert all(char.isprintable() for char in said.rstrip("\n"))


def test_another_tool_and_a_missing_file_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["convert", "x", "--from", "virhs"]) == 2
    assert "did you mean virsh?" in capsys.readouterr().err
    assert run(["convert", str(tmp_path / "none")]) == 2
    assert "No such file or directory" in capsys.readouterr().err


# --- other tools: sessions as VirtualBox 7.1 and QEMU 7.2 printed them -----------------------------------

SESSIONS = Path(__file__).parent / "sessions"


def from_tool(
    tool: str, text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, int, str]:
    (folder / "session.txt").write_text(text)
    out = folder / "session.jsonl"
    code = run(["convert", str(folder / "session.txt"), "--from", tool, "--out", str(out)])
    said = capsys.readouterr()
    if code != 0:
        return code, said.err, -1, ""
    judged = run(["judge", str(out)])
    return code, said.err, judged, capsys.readouterr().out


@pytest.mark.parametrize(
    ("tool", "right", "wrong"),
    [
        ("vboxmanage", "      Name: thu (UUID", "      Name: tue (UUID"),  # the discarded one stayed
        ("qemu-img", "1         mon     ", "1         tue     "),
    ],
)
def test_a_session_of_another_tool_gets_a_verdict(
    tool: str, right: str, wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SESSIONS / f"{tool}.txt").read_text()
    code, _, judged, report = from_tool(tool, text, tmp_path, capsys)
    assert (code, judged) == (0, 0)
    assert "no deviation" in report
    place = text.rindex(right)
    _, _, judged, report = from_tool(
        tool, text[:place] + wrong + text[place + len(right) :], tmp_path, capsys
    )
    assert judged == 1
    assert "lookup_by_name" in report


@pytest.mark.parametrize(
    ("tool", "begin", "asked"),
    [
        ("vboxmanage", "$ VBoxManage snapshot vm1 list\n", "VBoxManage snapshot VM list"),
        ("qemu-img", "$ qemu-img snapshot -l d.qcow2\n", "qemu-img snapshot -l IMAGE"),
    ],
)
def test_a_session_of_another_tool_may_begin_with_its_listing(
    tool: str, begin: str, asked: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SESSIONS / f"{tool}.txt").read_text()
    middle = text[text.index(begin) :]
    code, _, judged, _ = from_tool(tool, middle, tmp_path, capsys)
    assert (code, judged) == (0, 0)
    last = {
        "vboxmanage": "$ VBoxManage snapshot vm1 restore x\n",
        "qemu-img": "$ qemu-img snapshot -a x d.qcow2\n",
    }
    code, said, _, _ = from_tool(tool, last[tool], tmp_path, capsys)
    assert code == 2
    assert f"paste '{asked}' in front" in said


def test_no_session_of_the_tool_and_no_such_tool_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for tool, told in (
        ("vboxmanage", "there is no 'VBoxManage snapshot'"),
        ("qemu-img", "there is no 'qemu-img"),
    ):
        code, said, _, _ = from_tool(tool, "hello\n", tmp_path, capsys)
        assert (code, said.count("\n")) == (2, 1)
        assert told in said
    code, said, _, _ = from_tool("vboxmange", "hello\n", tmp_path, capsys)
    assert code == 2
    assert "vboxmanage" in said
