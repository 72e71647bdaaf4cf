"""Commands of one tool in a pasted session, each with what it printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from snaptree.conformance.sequences.pasted.session import PasteError


@dataclass(frozen=True)
class Typed:
    """A command with the lines that it printed; ``with_value`` are its options that take a value."""

    line: int
    words: tuple[str, ...]
    printed: tuple[str, ...]
    with_value: frozenset[str] = frozenset()

    @property
    def error(self) -> str | None:
        """The message after ``error:``; None if there is none."""
        said = [
            one.lower().find("error:") >= 0 and one[one.lower().find("error:") + 6 :].strip()
            for one in self.printed
            if re.match(r"(\w+: )?error:", one, re.IGNORECASE)
        ]
        return "; ".join(one for one in said if one) or None

    def flag(self, *names: str) -> bool:
        """Whether one of the flags was given."""
        return any(f"--{name}" in self.words for name in names)

    def value(self, *names: str) -> str | None:
        """The value of an option, as ``--name X`` or ``--name=X``."""
        for place, word in enumerate(self.words):
            for name in names:
                if word.startswith(f"--{name}="):
                    return word.partition("=")[2]
                if word == f"--{name}" and place + 1 < len(self.words):
                    return self.words[place + 1]
        return None

    @property
    def plain(self) -> list[str]:
        """The words after the command that are no option, nor the value of one."""
        rest: list[str] = []
        skip = False
        for word in self.words[1:]:
            if skip:
                skip = False
            elif word.startswith("--"):
                skip = "=" not in word and word[2:] in self.with_value
            else:
                rest.append(word)
        return rest


def commands(
    text: str, tool: str, *, prompt: bool = False, with_value: frozenset[str] = frozenset()
) -> Iterator[Typed]:
    """The commands of a tool after a prompt of a shell, or after a prompt of its own. Raises PasteError."""
    before = r"^\s*(?:[^\s'\"]{0,60}\s?[$#%>]\s*)?(?:sudo\s+)?"
    patterns = [
        re.compile(rf"{before}(?:\S*/)?{re.escape(tool)}(?:\.exe)?\s+(?P<rest>[^\s:].*)$", re.IGNORECASE)
    ]
    if prompt:
        patterns.insert(0, re.compile(rf"^\s*{re.escape(tool)}\s*[#>]\s*(?P<rest>\S.*)$"))
    words: tuple[str, ...] = ()
    begun, printed = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        found = next((one for pattern in patterns if (one := pattern.match(line)) is not None), None)
        if found is None:
            printed.append(line.rstrip())
            continue
        if words:
            yield Typed(begun, words, tuple(printed), with_value)
        words, begun, printed = _words(found["rest"], number, tool), number, list[str]()
    if words:
        yield Typed(begun, words, tuple(printed), with_value)


def _words(rest: str, line: int, tool: str) -> tuple[str, ...]:
    try:
        words = shlex.split(rest, comments=True)
    except ValueError as error:
        raise PasteError(f"line {line}: {error}") from None
    while words[:1] in (["-c"], ["--connect"]):
        words = words[2:]
    while words and words[0].startswith("-"):
        words = words[1:]
    if not words:
        raise PasteError(f"line {line}: {tool} without a command")
    return tuple(words)
