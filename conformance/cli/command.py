"""The command as a whole: its sub-commands, and the handling of errors that they share."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any, Final

import typer

from snaptree.conformance.cli.on_demand import Commands
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
from snaptree.conformance.processes import keeping
from snaptree.conformance.processes.interruption import interrupt, interrupt_once, is_interruption
from snaptree.conformance.reports.console import TextConsole

_TOLD: Final = (signal.SIGTERM, signal.SIGHUP)

app = typer.Typer(
    name="snaptree",
    help="A reference specification of snapshot trees, and a conformance suite for hypervisor drivers.",
    epilog=LEGEND,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _print_versions(asked: bool) -> None:
    """Print the version of snaptree and of the formats that it speaks, and end."""
    if not asked:
        return
    from snaptree.conformance.drivers.remote.messages import PROTOCOL
    from snaptree.conformance.reports.results import REPORT_VERSION
    from snaptree.conformance.running.heading import snaptree_version
    from snaptree.conformance.sequences.traces import TRACE_VERSION
    from snaptree.spec.rules import specification_version

    typer.echo(
        f"snaptree {snaptree_version()}, specification {specification_version}, report {REPORT_VERSION}, "
        f"trace {TRACE_VERSION}, protocol {PROTOCOL}"
    )
    raise typer.Exit


@app.callback(cls=Commands)
def _snaptree(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_versions, is_eager=True, help="Print the versions, and end."
        ),
    ] = False,
) -> None:
    """The options that come before a command."""


def main() -> None:
    """Run the command line and exit with one of the documented codes."""
    keeping.enable(_print_note)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    try:
        unread = standard_streams()
        # Told to end by a CI system, or by a terminal that closes, is the same as Ctrl-C: a partial report,
        # and nothing left behind.
        with suppress(ValueError):  # not the main thread
            for told in _TOLD:
                signal.signal(told, interrupt_once)
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                signal.signal(signal.SIGINT, interrupt)
        result: Any = app(arguments, prog_name="snaptree", standalone_mode=False)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt, GeneratorExit, SystemExit) as error:  # noqa: BLE001 - the last resort
        return _code_of(error, arguments)
    if result == INTERRUPTED:
        # Some versions of typer turn the interruption of a command into this result, without a word.
        return _print_error("interrupted", INTERRUPTED)
    if unread:
        return UNREAD
    return result if isinstance(result, int) else 0


def _code_of(error: BaseException, arguments: list[str]) -> int:
    """Tell the user what ended the command; returns the exit code."""
    if is_interruption(error):
        return _print_error("interrupted", INTERRUPTED)
    match error:
        case Problem():
            return _print_error(str(error), error.exit_code)
        case typer.Abort():
            return _print_error("interrupted", INTERRUPTED)
        case BrokenPipeError():
            return _discard_output()
        case SystemExit():
            # click makes a closed pipe an exit of its own, with the code that says "deviates" here.
            if isinstance(error.__context__, BrokenPipeError):
                return _discard_output()
            if error.code not in (None, 0):
                raise error
            if _completes(arguments):
                return 0
            # Whatever ended the program so: nobody was told a verdict.
            return _our_fault(error, arguments)
        case OSError() if error.errno in (errno.ENOSPC, errno.EIO) and error.filename is None:
            _discard_output()
            return _print_error(f"the output could not be written: {error.strerror}", UNAVAILABLE)
    # Some versions of typer carry a click of their own: its errors are told by their form.
    told = getattr(error, "format_message", None)
    if told is None:
        return _our_fault(error, arguments)
    # Not by their own show(): it reads what the user typed as markup.
    context = getattr(error, "ctx", None)
    if not told():
        # No argument was given: the help stands on stdout already.
        return WRONG_USAGE
    command = "snaptree" if context is None else context.command_path
    return _print_error(f"{told()}\n'{command} --help' tells what it takes", WRONG_USAGE)


def _completes(arguments: list[str]) -> bool:
    """Whether a shell asked for words to complete, or a user for the script that asks: click exits then."""
    return "_SNAPTREE_COMPLETE" in os.environ or any(one.endswith("-completion") for one in arguments[:1])


@contextmanager
def _writing() -> Iterator[None]:
    """Write to stderr; the exit code tells what happened also where that is full or closed."""
    try:
        yield
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr.fileno())
        _discard(sys.stdout.fileno())


def _discard_output() -> int:
    """stdout was closed early, so the verdict was not printed. Discard the rest of the output."""
    _discard(sys.stdout.fileno())
    return UNREAD


def _discard(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _print_note(text: str) -> None:
    with _writing():
        TextConsole(stderr=True, soft_wrap=True).print(f"snaptree: {text}")


def _print_error(text: str, exit_code: int) -> int:
    _print_note(text)
    return exit_code


def _our_fault(error: BaseException, arguments: list[str]) -> int:
    _print_error(
        f"a defect of snaptree itself: {type(error).__name__}: {error}\n"
        f"please report it, with this command: snaptree {' '.join(arguments)}\n"
        "SNAPTREE_TRACEBACK=1 shows where it happened",
        OUR_FAULT,
    )
    if os.environ.get("SNAPTREE_TRACEBACK"):
        traceback.print_exception(error)
    return OUR_FAULT
