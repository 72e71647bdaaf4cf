"""The words of the shell: turns each line into steps, or answers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.text import Text

from snaptree.conformance.reports.plans import plan_lines, plan_pictures
from snaptree.conformance.reports.rules import print_rule
from snaptree.conformance.reports.words import call_text, plain
from snaptree.conformance.shell import showing
from snaptree.conformance.shell.calls import CALL_WORDS, parse_operation
from snaptree.conformance.shell.manual import manual, manual_page
from snaptree.conformance.shell.reading import (
    commands_of,
    nothing_after,
    snapshot_of,
    text_of,
    times_of,
    without_brackets,
    words_of,
)
from snaptree.conformance.shell.session import Mistake, Session
from snaptree.spec.operations import CALLS
from snaptree.spec.plan import plan
from snaptree.spec.profiles import ProfileError, shipped_profiles
from snaptree.spec.rules import UnknownRule, rule, select
from snaptree.spec.semantics import step


@dataclass(frozen=True)
class Word:
    """A word of the shell that is no call: its usage, and its function."""

    usage: str
    about: str
    answer: Callable[[Shell, str], None]


class Shell:
    """Reads lines, works on a session, and prints on a console. No input raises an exception.

    ``mistakes`` counts the lines that failed, ``ended`` is true after ``quit``.
    """

    def __init__(self, session: Session, console: Console) -> None:
        self.session = session
        self.console = console
        self.ended = False
        self.mistakes = 0

    def run(self, line: str) -> None:
        """Execute a line. Commands after a mistake in the same line are skipped."""
        try:
            for command in commands_of(line):
                self._command(command)
                if self.ended:
                    return
        except (Mistake, ProfileError, UnknownRule) as mistake:
            self.mistakes += 1
            self.print_lines(Text(plain(str(mistake), 600), style="red"))

    def print_lines(self, *lines: Text | str) -> None:
        """Print lines without markup. Only a terminal has a width to wrap them at."""
        wide = not self.console.is_terminal
        for line in lines:
            self.console.print(line, soft_wrap=wide, markup=False, highlight=False, emoji=False)

    def greet(self) -> None:
        """Print the greeting."""
        about = plain(self.session.profile.title or self.session.profile.name)
        self.print_lines(
            Text.assemble(
                ("a simulated hypervisor", "bold"), f", profile {self.session.profile.name}: {about}"
            ),
            "try 'create a'; Tab completes, 'help' explains, 'undo' takes back, Ctrl-D ends",
        )
        self.tree("")

    def _command(self, command: str) -> None:
        word, rest = words_of(command)
        known = WORDS.get(word.lower())
        if known is not None:
            known.answer(self, without_brackets(rest))
            return
        taken = self.session.do(parse_operation(command, self.session, WORDS))
        showing.print_step(self.console, taken, self.session.profile)

    # --- the words that are no calls ----------------------------------------

    def plan(self, rest: str) -> None:
        """Print what a call would do and destroy."""
        if not rest:
            raise Mistake("plan needs a call, such as 'plan discard_forced(a)'")
        operation = parse_operation(rest, self.session)
        domain, profile = self.session.domain, self.session.profile
        would, outcome = plan(domain, operation, profile), step(domain, operation, profile)
        before, after = plan_pictures(domain, operation, would, outcome)
        self.console.print(
            before if after is None else Columns([before, after], padding=(0, 6), expand=False)
        )
        for label, text, style in plan_lines(domain, would, outcome):
            self.print_lines(Text.assemble((f"{label:12}", "bold"), (text, style)))

    def why(self, rest: str) -> None:
        """Print the rules that decided the last outcome."""
        nothing_after("why", rest)
        if not self.session.steps:
            raise Mistake("no step was taken yet")
        for text in showing.reasons(self.session.steps[-1], self.session.profile):
            self.print_lines(text)

    def tree(self, rest: str) -> None:
        """Print the present tree."""
        nothing_after("tree", rest)
        showing.print_tree(self.console, self.session.domain)

    def show(self, rest: str) -> None:
        """Print the content of a snapshot or of the active state."""
        domain = self.session.domain
        snapshot = None
        if rest:
            asked = text_of("show [NAME]", rest)
            snapshot = domain.snapshots.get(snapshot_of(domain, asked))
            if snapshot is None:
                raise Mistake(f"no snapshot {asked!r}")
        elif not domain.defined:
            raise Mistake("the domain is gone")
        self.print_lines(*showing.content(domain, snapshot))

    def steps(self, rest: str) -> None:
        """Print the steps so far."""
        nothing_after("steps", rest)
        if not self.session.steps:
            self.print_lines("no step was taken yet")
        for number, taken in enumerate(self.session.steps, start=1):
            self.print_lines(showing.step_line(number, taken.operation, taken))

    def undo(self, rest: str) -> None:
        """Undo the last change."""
        for _ in range(times_of("undo [N]", rest)):
            back = self.session.undo()
            self.print_lines(
                f"took back {call_text(back[0].operation, back[0].before)}{_and_more(len(back) - 1)}"
            )
        self.tree("")

    def redo(self, rest: str) -> None:
        """Redo the last undone change."""
        for _ in range(times_of("redo [N]", rest)):
            for taken in self.session.redo():
                showing.print_step(self.console, taken, self.session.profile)

    def rules(self, rest: str) -> None:
        """Print the catalogue, or one rule."""
        found = select(rest.split()) if rest else []
        if rest and not found:
            found = [rule(rest)]
        if len(found) == 1:
            print_rule(self.console, found[0].id)
            return
        for one in found:
            self.print_lines(Text.assemble((f"{one.id:<12}", "bold"), f"({one.level}) {one.sentence}"))
        if not found:
            self.print_lines("rules ID shows a rule, rules CHAPTER or a glob such as 'MERGE-*' lists several")

    def profile(self, rest: str) -> None:
        """Print the profile, or repeat the steps under another."""
        if rest:
            left_out = self.session.begin_again(text_of("profile [NAME]", rest))
            taken = len(self.session.steps)
            if taken or left_out:
                self.print_lines(f"the same {taken} steps again{_left_out(left_out)}:")
                self.steps("")
        profile = self.session.profile
        unclaimed = [call for call in CALLS if not profile.claims(call)]
        self.print_lines(
            Text.assemble((f"{plain(profile.name):<12}", "bold"), plain(profile.title, 200)),
            f"{'not claimed':<12}{', '.join(unclaimed) or 'nothing: every call is'}",
        )
        if rest:
            self.tree("")
        else:
            self.print_lines(
                f"{'others':<12}{', '.join(shipped_profiles())}; 'profile NAME' takes the steps again there"
            )

    def save(self, rest: str) -> None:
        """Write the session as a trace."""
        if not rest:
            raise Mistake("save needs the name of a file")
        command = self.session.save(Path(text_of("save FILE", rest)))
        self.print_lines(f"saved {len(self.session.steps)} steps; {plain(command, 400)}")

    def help(self, rest: str) -> None:
        """Print the commands."""
        if rest:
            self.print_lines(*manual_page(text_of("help [COMMAND]", rest).lower(), WORDS))
        else:
            for part in manual(WORDS):
                self.console.print(part)

    def quit(self, rest: str) -> None:
        """End the shell."""
        nothing_after("quit", rest)
        self.ended = True


def _and_more(number: int) -> str:
    return f", and {number} refused or looking after it" if number else ""


def _left_out(number: int) -> str:
    return f", {number} left out, as their snapshots are not created there" if number else ""


WORDS: dict[str, Word] = {
    "plan": Word("plan CALL", "print what a call would do and destroy", Shell.plan),
    "why": Word("why", "the rules that decided the last outcome", Shell.why),
    "tree": Word("tree", "the tree as it is", Shell.tree),
    "show": Word("show [NAME]", "what a snapshot holds, or the active state", Shell.show),
    "steps": Word("steps", "the steps taken so far; so does history", Shell.steps),
    "undo": Word("undo [N]", "take back the last change, and refusals and look-ups after it", Shell.undo),
    "redo": Word("redo [N]", "take again what undo took back", Shell.redo),
    "rules": Word("rules ID", "a rule with its figure; a chapter or a glob lists several", Shell.rules),
    "profile": Word(
        "profile [NAME]", "what the hypervisor claims; the same steps under another", Shell.profile
    ),
    "save": Word(
        "save FILE", "the session as a trace, for snaptree replay and judge; so does export", Shell.save
    ),
    "help": Word("help [COMMAND]", "the commands, or one of them", Shell.help),
    "quit": Word("quit", "end; so do exit and Ctrl-D", Shell.quit),
    "exit": Word("exit", "end", Shell.quit),
    "history": Word("history", "the steps taken so far, as steps", Shell.steps),
    "export": Word("export FILE", "the session as a trace, as save", Shell.save),
}


def all_words() -> Sequence[str]:
    """Every word that a line can begin with."""
    return [*WORDS, *CALL_WORDS]
