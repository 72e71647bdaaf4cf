"""``snaptree judge`` on a history of several callers: its callers as lanes, and the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from snaptree.conformance.cli.facts import print_json
from snaptree.conformance.cli.problems import (
    CONFORMS,
    DEVIATES,
    INCOMPLETE,
    NOTHING_TESTED,
    WRONG_USAGE,
    Problem,
)
from snaptree.conformance.judging.histories import Opinion, assess_history
from snaptree.conformance.reports.lanes import MOST_CALLS, lanes, picture, state_text
from snaptree.conformance.reports.words import call_text, plain
from snaptree.conformance.sequences.history import History, read_history
from snaptree.spec.files import write_whole
from snaptree.spec.profiles import load_profile
from snaptree.spec.rules import rule

_CODES: Final = {"explained": CONFORMS, "unexplained": DEVIATES, "undecided": INCOMPLETE}


def judge_history(
    console: Console, path: Path, profile: str | None, svg: Path | None = None, *, as_json: bool = False
) -> int:
    """Judge the history in a file, print the verdict, draw it in ``svg`` if asked, and return the exit code.

    Raises TraceError for a malformed file, ProfileError for an unknown profile, and Problem if no call was
    answered.
    """
    history = read_history(path)
    if not any(call.is_answered for call in history.calls):
        raise Problem(f"{path}: no call of the history has an outcome: nothing was tested", NOTHING_TESTED)
    judged_by = history.header.judged_by() if profile is None else load_profile(profile)
    header = history.header
    heading = (
        f"recorded on {header.driver} {header.driver_version} (profile {header.profile}), "
        f"judged by the model (profile {judged_by.name})"
    )
    console.print(plain(heading, 400), markup=False, soft_wrap=True)
    opinion = assess_history(history, judged_by)
    print_opinion(console, history, opinion)
    if as_json:
        wrong = None if opinion.contradiction is None else opinion.contradiction.call
        first = wrong and {
            "caller": wrong.caller,
            "operation": wrong.operation.to_json(),
            "begin": wrong.begin,
            "end": wrong.end,
        }
        print_json({"result": opinion.result, "calls": len(history.calls), "unexplained": first})
    if svg is not None:
        wrong = None if opinion.contradiction is None else opinion.contradiction.call
        try:
            write_whole(svg, picture(history, wrong))
        except OSError as error:
            raise Problem(f"{svg}: {error.strerror or 'cannot be written'}", WRONG_USAGE) from None
    return _CODES[opinion.result]


def print_opinion(console: Console, history: History, opinion: Opinion) -> None:
    """Print what was judged, and the first call that nothing explains."""
    calls, overlapping = len(history.calls), len(history.overlapping())
    unanswered = sum(1 for call in history.calls if not call.is_answered)
    console.print(
        f"{calls} calls of {len(history.callers)} callers, {overlapping} overlap another caller's, "
        f"{unanswered} without an answer",
        soft_wrap=True,
    )
    contradiction = opinion.contradiction
    for line in lanes(history, None if contradiction is None else contradiction.call):
        console.print(line, no_wrap=True, overflow="ellipsis")
    if calls > MOST_CALLS:
        console.print(f"… {MOST_CALLS} of {calls} calls are drawn")
    if contradiction is not None:
        call = contradiction.call
        console.print(Text(f"deviation: {contradiction.rule}", style="bold red"))
        console.print(Text(f"  {rule(contradiction.rule).sentence}"), soft_wrap=True)
        asked = plain(f"{call.caller}: {call_text(call.operation)} from {call.begin} to {call.end}", 300)
        console.print(Text(f"  call      {asked}"), soft_wrap=True)
        console.print(Text(f"  expected  {plain(contradiction.expected, 400)}"), soft_wrap=True)
        console.print(Text(f"  observed  {plain(contradiction.observed, 400)}"), soft_wrap=True)
        for state in dict.fromkeys(map(state_text, contradiction.possible)):
            console.print(Text(f"  possible  {state}"), soft_wrap=True)
    elif opinion.result == "undecided":
        console.print(
            Text(
                f"undecided after {opinion.nodes} states: not judged, and so incomplete", style="bold yellow"
            )
        )
    else:
        console.print(
            Text(f"no deviation: some order of the {calls} calls explains them", style="bold green")
        )
