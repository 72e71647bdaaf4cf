"""A command that is a call: in the specification's words, or a short one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final, Protocol

from snaptree.conformance.shell.aliases import ALIASES, WRITE, expand_alias
from snaptree.conformance.shell.reading import Argument, arguments_of, call_of, operation_of, words_of
from snaptree.conformance.shell.session import Mistake
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.state import Domain

CALL_WORDS: Final[tuple[str, ...]] = (*CALLS, *ALIASES)
"""Every word that a call can begin with."""


class Situation(Protocol):
    """The moment at which a command is read: a domain of the model, and the steps that led to it."""

    @property
    def domain(self) -> Domain:
        """The domain of the model."""

    @property
    def steps(self) -> Sequence[Any]:
        """Every step so far."""


def parse_operation(command: str, session: Situation, other_words: Iterable[str] = ()) -> Operation:
    """The operation of a command.

    Raises Mistake; for an unknown word it suggests another, from ``other_words`` too.
    """
    typed, rest = words_of(command)
    word = typed.lower()
    if word == WRITE:
        call, arguments = ALIASES[word].call, _write(arguments_of(rest), session)
    elif word in ALIASES:
        call, arguments = expand_alias(word, arguments_of(rest))
    else:
        known = call_of(word)
        if known is None:
            near = get_close_matches(word, [*other_words, *CALL_WORDS], 2)
            hint = f"did you mean {' or '.join(near)}?" if near else "'help' lists the commands"
            raise Mistake(f"no command {typed!r}; {hint}")
        call, arguments = known, arguments_of(rest)
    return operation_of(call, arguments, session.domain)


def _write(given: Sequence[Argument], session: Situation) -> list[Argument]:
    """Arguments of a write to a fixed place with a new value each time."""
    disks = sorted(session.domain.active.disks)
    if not disks:
        raise Mistake("the domain has no disk to write to")
    return [Argument(disks[0]), Argument("0"), *(given or [Argument(str(len(session.steps) % 255 + 1))])]
