"""The shell: what is typed is what is done, what is undone is gone, and nothing that is typed breaks it."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from rich.console import Console

from snaptree.conformance.cli.command import run
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.sequences.traces import read_trace
from snaptree.conformance.shell import showing
from snaptree.conformance.shell.aliases import ALIASES
from snaptree.conformance.shell.commands import Shell, all_words
from snaptree.conformance.shell.completing import ShellCompleter
from snaptree.conformance.shell.session import Mistake, Session
from snaptree.conformance.shell.terminal import PROMPT, open_history
from snaptree.spec import operations as ops
from snaptree.spec.operations import CALLS


class Typist:
    """A shell whose answers can be read."""

    def __init__(self, session: Session | None = None) -> None:
        self.paper = io.StringIO()
        console = Console(file=self.paper, width=100, markup=False, highlight=False, emoji=False)
        self.shell = Shell(session or Session(), console)
        self.session = self.shell.session

    def types(self, *lines: str) -> str:
        """Type lines; returns what was answered to them."""
        start = self.paper.tell()
        for line in lines:
            self.shell.run(line)
        return self.paper.getvalue()[start:]

    @property
    def did(self) -> list[ops.Operation]:
        return [taken.operation for taken in self.session.steps]

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.session.domain.in_order()]


@pytest.fixture
def typist() -> Typist:
    return Typist()


# --- reading ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ("create(b)", ops.Create("b")),
        ("create b", ops.Create("b")),
        ("CREATE b", ops.Create("b")),
        ("create(b, memory=true)", ops.Create("b", memory=True)),
        ("create b --memory", ops.Create("b", memory=True)),
        ("create b memory=true", ops.Create("b", memory=True)),
        ("create b --description=before", ops.Create("b", "before")),
        ("create b --description before", ops.Create("b", "before")),
        ("create(b, a text with spaces)", ops.Create("b", "a text with spaces")),
        ('create("x, y", "p;q")', ops.Create("x, y", "p;q")),
        ("create 'two words'", ops.Create("two words")),
        (r'create "a\"b\\\x1b\u00e9"', ops.Create('a"b\\\x1bé')),
        ("create it's", ops.Create("it's")),
        ("create 7", ops.Create("7")),
        ("create(true)", ops.Create("true")),
        ('create("")', ops.Create("")),
        ("revert(a)", ops.Revert("s1")),
        ("revert s1", ops.Revert("s1")),
        ("revert nobody", ops.Revert("nobody")),
        ("revert a --resume-as running", ops.Revert("s1", "running")),
        ("discard_forced(a)", ops.DiscardForced("s1")),
        ("discard-forced a", ops.DiscardForced("s1")),
        ("discard(a, forced=true)", ops.DiscardForced("s1")),
        ("children", ops.Children()),
        ("children(none)", ops.Children(None)),
        ("children a", ops.Children("s1")),
        ("write_disk vda 3 7", ops.WriteDisk("vda", 3, 7)),
        ("write_disk(vda, block=3, value=7)", ops.WriteDisk("vda", 3, 7)),
        ("attach_disk vdc 1M --independent", ops.AttachDisk("vdc", 1 << 20, independent=True)),
        ("write 9", ops.WriteDisk("vda", 0, 9)),
        ("snapshot-create b", ops.Create("b")),
        ("snapshot-create-as b before --memory", ops.Create("b", "before", memory=True)),
        ("snapshot-revert a --paused", ops.Revert("s1", "paused")),
        ("snapshot-delete a", ops.MergeIntoChildren("s1")),
        ("snapshot-delete --children a", ops.RemoveSubtree("s1")),
        ("snapshot-delete a --children-only", ops.RemoveSubtree("s1", keep_root=True)),
        ("snapshot-delete a --parent", ops.MergeIntoParent("s1")),
        ("snapshot-delete a --parent --force", ops.MergeIntoParentForced("s1")),
        ("snapshot-delete a --force --discard", ops.DiscardForced("s1")),
        ("snapshot-list", ops.ListSnapshots()),
        ("snapshot-current", ops.Current()),
        ("destroy", ops.Stop()),
    ],
)
def test_a_line_is_the_operation_that_it_says(typist: Typist, line: str, operation: ops.Operation) -> None:
    typist.types("create(a)")
    typist.types(line)
    assert typist.did == [ops.Create("a"), operation]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("frobnicate", "no command 'frobnicate'; 'help' lists the commands"),
        ("revrt a", "did you mean revert"),
        ("revert", "snapshot is missing: revert(snapshot, [resume_as])"),
        ("revert(a", "the bracket is not closed"),
        ("create(a;b)", "the bracket is not closed"),
        ("create 'a", "a quote is not closed"),
        ("create 'a'b", "'b' stands where an argument has ended"),
        ("create a b --memory --quiesce x y", "too many arguments"),
        ("create a memroy=true", "did you mean memory?"),
        ("create a=b", "has to be quoted"),
        ("create a --memory=perhaps", "memory is true or false, not 'perhaps'"),
        ("write_disk vda zero 1", "block is a number, not 'zero'"),
        (f"write_disk vda {'9' * 5000} 1", "block is a number"),
        ("revert a --resume-as", "resume_as is missing"),
        ("snapshot-delete a --parent --discard", "--parent and --discard exclude each other"),
        ("snapshot-delete a --force", "merge_into_children has nothing to force"),
        ("snapshot-delete a --children --force", "remove_subtree has nothing to force"),
        ("undo", "nothing to undo"),
        ("redo", "nothing to redo"),
        ("undo -1", "with a number from 1"),
        ("why", "no step was taken yet"),
        ("plan", "plan needs a call"),
        ("plan burn(a)", "no command 'burn'"),
        ("show nobody", "no snapshot 'nobody'"),
        ("rules MERGE-999", "no rule 'MERGE-999'"),
        ("help burn", "no command 'burn'"),
        ("profile nowhere", "no profile 'nowhere'"),
        ("profile '\\x00'", "no profile"),
        ("save", "save needs the name of a file"),
        ("save x", "no steps to save yet"),
        ("quit now", "quit takes no argument"),
    ],
)
def test_a_mistake_gets_one_line_and_changes_nothing(typist: Typist, line: str, said: str) -> None:
    answer = typist.types(line)
    assert said in answer
    assert answer.count("\n") == 1
    assert typist.shell.mistakes == 1
    assert typist.did == []


def test_commands_on_one_line_end_at_the_first_mistake(typist: Typist) -> None:
    typist.types("# create z", "", "create a; write; create b; revrt a; create c")
    assert typist.names == ["a", "b"]


def test_a_name_means_the_live_snapshot_except_where_only_a_retired_one_can_be_meant(typist: Typist) -> None:
    typist.types("create a", "create b", "retire a", "create a", "revert a", "reclaim a")
    assert typist.did[-2:] == [ops.Revert("s3"), ops.Reclaim("s1")]


def test_a_name_that_several_bear_has_to_be_told_by_id() -> None:
    typist = Typist(Session("virtualbox"))
    typist.types("create a", "create a")
    assert "2 snapshots are called 'a'; name one by its id: s1, s2" in typist.types("revert a")
    typist.types("revert s1")
    assert typist.did[-1] == ops.Revert("s1")
    assert "a (s1), a (s2)" in typist.types("list")


# --- answers ---------------------------------------------------------------------------


def test_the_tree_is_drawn_after_a_step_with_what_it_did(typist: Typist) -> None:
    typist.types("create a; create b; revert a; create c")
    answer = typist.types("merge_into_parent_forced(b)")
    assert answer.splitlines() == [
        "merge_into_parent_forced(b): accepted",
        "base",
        "└── a  now holds what b held",
        "    └── ● active (off)  reset to a",
    ]


def test_a_refusal_shows_what_would_be_destroyed(typist: Typist) -> None:
    typist.types("create a; create b")
    assert typist.types("discard a").splitlines()[0] == (
        "discard(a): refused as WouldDiscard, it would destroy b, the active state"
    )
    assert "b  would be destroyed" in typist.types("discard a")


def test_every_kind_that_is_as_correct_is_named(typist: Typist) -> None:
    answer = typist.types("create '' --memory")
    assert "refused as InvalidName" in answer or "refused as InvalidPowerState" in answer
    assert "(as correct: Invalid" in answer


def test_a_deep_tree_is_drawn_without_a_broken_line(typist: Typist) -> None:
    answer = typist.types(*(f"create snapshot-{number}" for number in range(40)))
    last = answer.splitlines()[-2:]
    assert last[0].strip() == "└── snapshot-39  new"
    assert last[1].index("●") == last[0].index("s") + 4


@pytest.mark.parametrize("name", ["[bold]x[/bold]", "[/]", ":smile:", "[link=file:///etc]x"])
def test_a_name_is_never_markup(typist: Typist, name: str) -> None:
    assert typist.types(f'create "{name}"').count(name) == 2
    assert name in typist.types("list")
    assert name in typist.types(f"plan discard_forced('{name}')")
    assert name in typist.types(f"show '{name}'", "steps")


def test_control_characters_never_reach_the_terminal(typist: Typist) -> None:
    answer = typist.types(
        r'create "\x1b[2J\x07"', "create \x1b[31m", "\x1b[2J", "why", "list", "help \x07x", "steps"
    )
    assert "\x1b" not in answer
    assert "\x07" not in answer
    assert [operation.op for operation in typist.did] == ["create", "create", "list"]


def test_why_names_the_rules_of_a_refusal_with_sentence_and_example(typist: Typist) -> None:
    answer = typist.types("create a; discard a; why")
    assert "DISCARD-5   (MUST) A snapshot with dependents is not discarded" in answer
    assert "for instance, on the tree fork: discard(b)" in answer


def test_why_after_success_says_what_the_call_does(typist: Typist) -> None:
    typist.types("create a; write; revert a")
    taken, profile = typist.session.steps[-1], typist.session.profile
    assert showing.deciding_rules(taken, profile)
    assert "REVERT-1" in showing.effect_rules(taken, profile)
    assert "REVERT-1" in typist.types("why")


def test_plan_says_what_would_be_lost_and_does_nothing(typist: Typist) -> None:
    typist.types("create a; create b")
    answer = typist.types("plan snapshot-delete a --discard --force")
    assert "destroys    b" in answer
    assert "afterwards" in answer
    assert len(typist.did) == 2


def test_show_tells_what_a_point_holds(typist: Typist) -> None:
    typist.types("write 7; create a 'first one'; write 8; start")
    assert "block 0 is 7" in typist.types("show a")
    assert "first one" in typist.types("show a")
    active = typist.types("show")
    assert "block 0 is 8" in active
    assert "memory      unspecified" in active


def test_rules_shows_one_with_its_figure_or_lists_several(typist: Typist) -> None:
    assert "after discard(b): refused as WouldDiscard" in typist.types("rules discard-5")
    assert typist.types("rules MERGE-*").count("(MUST)") > 5


def test_help_lists_every_word_and_explains_it(typist: Typist) -> None:
    everything = typist.types("help")
    for word in all_words():
        if word != "exit":
            assert word in everything
        assert typist.types(f"help {word}").strip()
    assert typist.shell.mistakes == 0
    assert "--children is remove_subtree" in " ".join(everything.split())
    assert len(everything.splitlines()) < 50


def test_every_call_and_alias_is_known(typist: Typist) -> None:
    for word in (*CALLS, *ALIASES):
        typist.types(f"help {word}", f"plan {word} x 1 2")
        assert "no command" not in typist.paper.getvalue()


# --- undo, redo, profiles --------------------------------------------------------------


def test_undo_takes_back_the_last_change_and_what_only_asked_after_it(typist: Typist) -> None:
    typist.types("create a", "write 5", "create b", "discard a", "list")
    assert "took back create(b), and 2 refused or looking after it" in typist.types("undo")
    assert typist.did == [ops.Create("a"), ops.WriteDisk("vda", 0, 5)]
    assert typist.names == ["a"]
    typist.types("undo 2")
    assert typist.did == []
    typist.types("redo 3")
    assert typist.names == ["a", "b"]
    assert typist.did[-2:] == [ops.Discard("s1"), ops.ListSnapshots()]


def test_a_new_step_forgets_what_could_be_redone(typist: Typist) -> None:
    typist.types("create a", "create b", "undo", "create c")
    assert "nothing to redo" in typist.types("redo")
    assert typist.names == ["a", "c"]


def test_undo_brings_a_removed_domain_back(typist: Typist) -> None:
    assert "the domain is gone" in typist.types("create a", "undefine_forced")
    assert "the domain was removed" in typist.types("start")
    typist.types("undo")
    assert typist.names == ["a"]


def test_the_same_steps_are_taken_again_under_another_profile(typist: Typist) -> None:
    typist.types("create a; create b; retire a; create b")
    answer = typist.types("profile virtualbox")
    assert "retire(a)  refused as Unsupported" in answer
    assert typist.session.profile.name == "virtualbox"
    assert typist.names == ["a", "b", "b"]


def test_steps_on_snapshots_that_the_other_profile_does_not_create_are_left_out(typist: Typist) -> None:
    typist.types("start; create a --memory; stop; create b; revert a; revert b")
    assert "1 left out" in typist.types("profile virtualbox")
    assert typist.names == ["b"]
    assert typist.session.steps[-1].operation == ops.Revert("s1")


# --- deviations ------------------------------------------------------------------------


class Losing(SimulatedDomain):
    """Loses a block when a snapshot is renamed."""

    def rename(self, snapshot: str, name: str) -> None:
        super().rename(snapshot, name)
        self.write_disk("vda", 7, 77)


class LosingDriver(SimulatorDriver):
    domain_class = Losing


def test_a_step_that_deviates_is_told_and_has_to_be_undone() -> None:
    typist = Typist(Session(open_driver=LosingDriver))
    answer = typist.types("create a", "rename a b")
    assert "disagree" in answer
    assert "content" in answer
    assert typist.session.deviated
    assert "undo" in typist.types("create c")
    typist.types("undo", "create c")
    assert not typist.session.deviated
    assert typist.names == ["a", "c"]


def test_a_step_that_breaks_off_leaves_both_sides_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    session.do(ops.Create("a"))

    def interrupted(*_arguments: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SimulatedDomain, "write_disk", interrupted)
        with pytest.raises(KeyboardInterrupt):
            session.do(ops.WriteDisk("vda", 0, 1))
    assert not session.do(ops.Create("b")).differences
    assert len(session.steps) == 2


# --- saving ----------------------------------------------------------------------------


def test_a_saved_session_can_be_replayed_and_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typist = Typist()
    typist.types("create a; write; create b; undo; discard a; merge_into_parent a")
    file = tmp_path / "my session.jsonl"
    assert f"snaptree replay '{file}'" in typist.types(f"save {file}")
    assert read_trace(file).operations == typist.did
    assert run(["replay", str(file)]) == 0
    assert run(["judge", str(file)]) == 0
    assert "no deviation in 4 steps" in capsys.readouterr().out


def test_a_file_is_replaced_only_by_the_session_that_wrote_it(tmp_path: Path) -> None:
    file, taken = tmp_path / "mine", tmp_path / "theirs"
    taken.write_text("precious")
    typist = Typist()
    typist.types("create a", f"save {file}", "create b", f"save {file}")
    assert len(read_trace(file).steps) == 2
    assert "exists already" in typist.types(f"save {taken}")
    assert "is a folder" in typist.types(f"save {tmp_path}")
    assert "No such file" in typist.types(f"save {tmp_path}/no/where")
    assert "no name of a file" in typist.types("save '\\x00'")
    assert taken.read_text() == "precious"


def test_the_command_that_replays_names_the_profile(tmp_path: Path) -> None:
    session = Session("qemu")
    session.do(ops.Create("a"))
    assert session.save(tmp_path / "t").endswith("--profile qemu")


def test_an_empty_session_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no steps"):
        Session().save(tmp_path / "t")
    assert not (tmp_path / "t").exists()


# --- completion ------------------------------------------------------------------------


def completed(session: Session, typed: str) -> set[str]:
    found = ShellCompleter(session).get_completions(Document(typed), CompleteEvent())
    return {typed[: len(typed) + one.start_position] + one.text for one in found}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("rev", {"revert "}),
        ("snapshot-rev", {"snapshot-revert "}),
        ("revert ", {"revert a ", "revert alpha ", 'revert "b c" '}),
        ("revert al", {"revert alpha "}),
        ('revert "b', {'revert "b c" '}),
        ("revert(al", {"revert(alpha"}),
        ("create x; discard(al", {"create x; discard(alpha"}),
        ("plan revert al", {"plan revert alpha "}),
        ("plan rev", {"plan revert "}),
        ("revert(a, resume_as=r", {"revert(a, resume_as=running"}),
        ("snapshot-delete a --children-", {"snapshot-delete a --children-only "}),
        ("write_disk vdb", {"write_disk vdb "}),
        ("profile virt", {"profile virtualbox "}),
        ("rules MERGE-23", {"rules MERGE-23 "}),
        ("show al", {"show alpha "}),
        ("start ", set()),
    ],
)
def test_tab_offers_what_may_stand_there(typed: str, offered: set[str]) -> None:
    typist = Typist()
    typist.types("create a; create alpha; create 'b c'")
    assert completed(typist.session, typed) == offered


def test_what_tab_offers_for_a_strange_name_is_read_back_as_that_name() -> None:
    typist = Typist()
    names = ["it's", 'say "x"', "a;b", "x,y", "--force", "é\\n", "#1", "a=b", "(x)"]
    for name in names:
        typist.session.do(ops.Create(name))
    for offer in completed(typist.session, "revert "):
        typist.types(offer)
    reverted = {operation.snapshot for operation in typist.did if isinstance(operation, ops.Revert)}
    assert reverted == {f"s{number}" for number in range(1, len(names) + 1)}


# --- the command -----------------------------------------------------------------------


def shell(script: str | bytes, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    code = f"import sys; sys.argv[1:] = {['shell', *arguments]!r}\n{COMMAND}"
    return subprocess.run(
        [sys.executable, "-c", code],
        input=script.encode() if isinstance(script, str) else script,
        capture_output=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


# The sub-command is put into an app of its own, so that this holds wherever it is registered.
COMMAND = """
import typer
from snaptree.conformance.cli.problems import Problem
from snaptree.conformance.cli.shell import shell_command
app = typer.Typer()
app.command("shell")(shell_command)
app.callback()(lambda: None)
try:
    sys.exit(app(sys.argv[1:], standalone_mode=False))
except Problem as problem:
    print(problem, file=sys.stderr)
    sys.exit(problem.exit_code)
"""


def test_a_script_on_standard_input_is_done_line_by_line() -> None:
    done = shell(
        "create(a)\nwrite\nsnapshot-create b\nrevert a\nlist\nquit\ncreate(late)\n", "--tree", "base-only"
    )
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "snaptree> list\nlist(): a, b\n" in text
    assert "late" not in text
    assert not done.stderr


def test_a_script_with_a_mistake_or_with_bytes_that_are_no_text_goes_on_and_ends_with_2() -> None:
    done = shell(b"create \xff\xfe\nfrobnicate\n\x00\x1b[2J\ncreate good\n")
    text = done.stdout.decode()
    assert done.returncode == 2
    assert "refused as InvalidName" in text
    assert "create(good): accepted" in text
    assert "\x1b" not in text
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tree", "copse"], "no example tree 'copse'"),
        (["--tree", "create a; burn b"], "cannot read 'burn b'"),
        (["--profile", "nowhere"], "no profile 'nowhere'"),
        (["--profile", "virtualbox", "--tree", "running"], "start() is refused as Unsupported"),
    ],
)
def test_a_beginning_that_cannot_be_made_is_wrong_usage(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("list\n"))
    assert run(["shell", *arguments]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert not shown.out


class Terminal:
    """The shell on a terminal of its own."""

    def __init__(self, state: Path) -> None:
        self.end, other = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.argv[1:] = ['shell']\n{COMMAND}"],
            stdin=other,
            stdout=other,
            stderr=other,
            env={**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(state)},
            start_new_session=True,
        )
        os.close(other)
        self.seen = ""

    def until(self, text: str) -> str:
        """What was shown until a text appears in it."""
        ends = time.monotonic() + 30
        while text not in self.seen and time.monotonic() < ends:
            if select.select([self.end], [], [], 0.1)[0]:
                try:
                    shown = os.read(self.end, 65536)
                except OSError:  # how Linux says that the other end is closed
                    break
                self.seen += shown.decode(errors="replace")
                if b"\x1b[6n" in shown:  # it asks where the cursor is
                    os.write(self.end, b"\x1b[1;1R")
        assert text in self.seen
        before, _, self.seen = self.seen.partition(text)
        return before + text

    def types(self, text: str) -> None:
        os.write(self.end, text.encode())

    def close(self) -> None:
        """End what has not ended."""
        self.process.kill()
        self.process.wait()
        os.close(self.end)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def test_on_a_terminal_tab_completes_ctrl_c_clears_and_ctrl_d_ends(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.until("Ctrl-D ends")
    terminal.until(PROMPT.strip())
    terminal.types("create nonsense")
    terminal.until("nonsense")
    terminal.types("\x03")
    terminal.until(PROMPT.strip())
    terminal.types("create abcdef\r")
    terminal.until("accepted")
    terminal.until(PROMPT.strip())
    terminal.types("snapshot-rev\tab\t\r")
    terminal.until("revert(abcdef): ")
    terminal.until(PROMPT.strip())
    terminal.types("\x04")
    assert terminal.process.wait(timeout=20) == 0
    remembered_lines = (tmp_path / "snaptree" / "shell-history").read_text()
    assert "+create abcdef" in remembered_lines
    assert "nonsense" not in remembered_lines


def test_without_a_state_folder_history_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert not hasattr(open_history(), "filename")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    history = open_history()
    assert hasattr(history, "filename")
    history.append_string("half a character: \ud800")
    assert "half" in history.get_strings()[-1]
