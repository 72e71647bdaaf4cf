"""``snaptree shell``: an interactive simulated hypervisor, with the tree drawn after each step."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated

import typer

from snaptree.conformance.cli.options import Place, ProfileName
from snaptree.conformance.cli.places import calls_at
from snaptree.conformance.cli.problems import CONFORMS, DEVIATES, WRONG_USAGE, Problem, problem_exits
from snaptree.conformance.reports.console import TextConsole
from snaptree.conformance.reports.words import call_text
from snaptree.spec.examples import TREES, script_operations, tree_operations
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted


def shell_command(
    profile: ProfileName = None,
    tree: Annotated[
        str | None,
        typer.Option(
            help="Start with an example tree, or a script such as 'create a; write; create b; revert a'. "
            f"Examples: {', '.join(TREES)}."
        ),
    ] = None,
    place: Place = None,
) -> int:
    """Run an interactive simulated hypervisor, or a script of its commands from standard input."""
    # Here and not above: the shell prints what other commands print, and its terminal takes time to import.
    from snaptree.conformance.shell.commands import Shell
    from snaptree.conformance.shell.session import DEFAULT_PROFILE, Session
    from snaptree.conformance.shell.terminal import converse, follow, is_conversation

    console = TextConsole()
    with problem_exits():
        session = Session(profile or DEFAULT_PROFILE)
        beginning = _beginning(tree) if place is None else calls_at(place, tree, session.profile)
    with closing(session):
        for operation in beginning:
            taken = session.do(operation)
            if not isinstance(taken.outcome, Accepted):
                kinds = " or ".join(sorted(taken.outcome.kinds))
                call = call_text(operation, taken.before)
                raise Problem(f"--tree: {call} is refused as {kinds} under this profile", WRONG_USAGE)
        shell = Shell(session, console)
        if is_conversation():
            converse(shell)
        else:
            follow(shell, sys.stdin)
            if shell.mistakes:
                return WRONG_USAGE
        return DEVIATES if session.deviated else CONFORMS


def _beginning(tree: str | None) -> list[Operation]:
    if tree is None:
        return []
    script = tree not in TREES and (";" in tree or " " in tree)
    return script_operations(tree) if script else tree_operations(tree)
