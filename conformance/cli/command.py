"""The command as a whole: its sub-commands, and what every one of them does about errors."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import Any

import typer
from rich.console import Console

from snaptree.conformance.cli import (
    checking,
    comparing,
    lawful,
    looking,
    mutants,
    replaying,
    shelling,
    validating,
)
from snaptree.conformance.cli.problems import (
    INTERRUPTED,
    LEGEND,
    OUR_FAULT,
    UNAVAILABLE,
    UNREAD,
    WRONG_USAGE,
    Problem,
)
from snaptree.conformance.cli.streams import standard_streams

app = typer.Typer(
    name="snaptree",
    help="A reference specification of snapshot trees, and a conformance suite for hypervisor drivers.",
    epilog=LEGEND,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command("check")(checking.check)
app.command("smoke")(checking.smoke_command)
app.command("drivers")(looking.drivers)
app.command("rules")(looking.rules_command)
app.command("plan")(looking.plan_command)
app.command("explore")(looking.explore_command)
app.command("profiles")(looking.profiles)
app.command("replay")(replaying.replay)
app.command("judge")(replaying.judge_command)
app.command("shell")(shelling.shell_command)
app.command("compare")(comparing.compare)
app.command("laws")(lawful.laws_command)
app.command("validate")(validating.validate)
app.command("mutants")(mutants.mutants_command)


def main() -> None:
    """Run the command line and exit with one of the documented codes."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    standard_streams()
    # Told to end by a CI system is the same as Ctrl-C: a partial report, and nothing left behind.
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        result: Any = app(arguments, prog_name="snaptree", standalone_mode=False)
        sys.stdout.flush()
    except Problem as problem:
        return _said(str(problem), problem.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _said("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _unread()
    except SystemExit as left:
        # click makes a closed pipe an exit of its own, with the code that says "deviates" here.
        if isinstance(left.__context__, BrokenPipeError):
            return _unread()
        if left.code not in (None, 0):
            raise
        # Whatever ended the program so: nobody was told a verdict.
        return _our_fault(left, arguments)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            return _our_fault(error, arguments)
        _unread()
        return _said(f"the output could not be written: {error.strerror}", UNAVAILABLE)
    except Exception as error:  # noqa: BLE001 - the last resort: what is no wrong usage is a fault of ours
        # Some versions of typer carry a click of their own: its errors are told by their form.
        show = getattr(error, "show", None)
        if show is None or not hasattr(error, "format_message"):
            return _our_fault(error, arguments)
        show()
        return WRONG_USAGE
    if result == INTERRUPTED:
        # Some versions of typer turn the interruption of a command into this result, without a word.
        return _said("interrupted", INTERRUPTED)
    return result if isinstance(result, int) else 0


def _interrupt(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _unread() -> int:
    """Nobody reads the output any more, so nobody was told a verdict. Nothing more may be flushed there."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return UNREAD


def _said(text: str, exit_code: int) -> int:
    Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"snaptree: {text}")
    return exit_code


def _our_fault(error: BaseException, arguments: list[str]) -> int:
    _said(
        f"a fault of snaptree itself: {type(error).__name__}: {error}\n"
        f"please report it, with this command: snaptree {' '.join(arguments)}\n"
        "SNAPTREE_TRACEBACK=1 shows where it happened",
        OUR_FAULT,
    )
    if os.environ.get("SNAPTREE_TRACEBACK"):
        traceback.print_exception(error)
    return OUR_FAULT
