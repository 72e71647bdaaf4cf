"""A command that is a call: in the specification's words, or in a shorter one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from snaptree.conformance.shell.aliases import ALIASES, WRITE, expanded
from snaptree.conformance.shell.reading import Argument, arguments_of, call_of, operation_of, words_of
from snaptree.conformance.shell.session import Mistake, Session
from snaptree.spec.operations import CALLS, Operation

CALL_WORDS: Final[tuple[str, ...]] = (*CALLS, *ALIASES)
"""Every word that a call can begin with."""


def operation_typed(command: str, session: Session, other_words: Iterable[str] = ()) -> Operation:
    """The operation that a command stands for.

    Raises Mistake; for an unknown word it suggests another, ``other_words`` included.
    """
    typed, rest = words_of(command)
    word = typed.lower()
    if word == WRITE:
        call, arguments = ALIASES[word].call, _write(arguments_of(rest), session)
    elif word in ALIASES:
        call, arguments = expanded(word, arguments_of(rest))
    else:
        known = call_of(word)
        if known is None:
            near = get_close_matches(word, [*other_words, *CALL_WORDS], 2)
            hint = f"did you mean {' or '.join(near)}?" if near else "'help' lists the commands"
            raise Mistake(f"no command {typed!r}; {hint}")
        call, arguments = known, arguments_of(rest)
    return operation_of(call, arguments, session.domain)


def _write(given: Sequence[Argument], session: Session) -> list[Argument]:
    """A place that is always the same, and a value that is always another."""
    disks = sorted(session.domain.active.disks)
    if not disks:
        raise Mistake("the domain has no disk to write to")
    return [Argument(disks[0]), Argument("0"), *(given or [Argument(str(len(session.steps) % 255 + 1))])]
