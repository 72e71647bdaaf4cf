"""Completion with Tab: commands first, then their arguments, mainly names of snapshots."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, Final, get_args, get_type_hints

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from snaptree.conformance.reports.words import plain
from snaptree.conformance.shell.aliases import ALIASES, WRITE
from snaptree.conformance.shell.calls import CALL_WORDS
from snaptree.conformance.shell.commands import WORDS, all_words
from snaptree.conformance.shell.reading import call_of, quote, words_of
from snaptree.conformance.shell.session import Session
from snaptree.spec.operations import KINDS, RESUME_AS, Operation
from snaptree.spec.profiles import shipped_profiles
from snaptree.spec.rules import CHAPTERS, rules

_FRAGMENT: Final = re.compile(r"(?:^|(?<=[\s,(=]))(\"(?:[^\"\\]|\\.)*|'(?:[^'\\]|\\.)*|[^\s,(=\"']*)$")


class ShellCompleter(Completer):
    """Completes for one session, with the present names of its domain."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """The possible words at the cursor."""
        typed = document.text_before_cursor.rpartition(";")[2].lstrip()
        word, _, path = typed.partition(" ")
        if word in ("save", "export") and path:
            yield from self._paths.get_completions(Document(path.lstrip()), complete_event)
            return
        found = _FRAGMENT.search(typed)
        fragment = "" if found is None else found[1]
        before = typed[: len(typed) - len(fragment)]
        # Between brackets a comma may follow, or the end; between words it is a space.
        gap = "" if "(" in before else " "
        for text in self._candidates(before):
            # A name that has to be quoted is found with and without the quote.
            if text.startswith(fragment) or (text[0] == '"' and text[1:].startswith(fragment.lstrip("\"'"))):
                yield Completion(text + gap, start_position=-len(fragment), display=plain(text, 40))

    def _candidates(self, before: str) -> Iterable[str]:
        word, rest = words_of(before)
        if word == "plan":
            return self._candidates(before.lstrip().removeprefix("plan").lstrip()) if rest else CALL_WORDS
        if not before.strip():
            return all_words()
        if word in WORDS or word == WRITE:
            return self._after(word)
        key = before.rstrip()[:-1].rpartition(" ")[2] if before.rstrip().endswith("=") else ""
        return self._arguments(word, key.rpartition("(")[2].rpartition(",")[2].lstrip("-"), before)

    def _after(self, word: str) -> Iterable[str]:
        match word:
            case "help":
                return all_words()
            case "rules":
                return [*(one.id for one in rules()), *CHAPTERS]
            case "profile":
                return shipped_profiles()
            case "show":
                return self._names()
        return ()

    def _arguments(self, word: str, key: str, before: str) -> Iterable[str]:
        alias = ALIASES.get(word)
        call = alias.call if alias is not None else call_of(word)
        if call is None:
            return ()
        kind = KINDS[call]
        hints = _fields(kind)
        if key:
            return self._values(key, hints.get(key))
        flags = [f"--{flag.replace('_', '-')}" for flag in (alias.flags if alias is not None else ())]
        if "(" not in before:
            flags += [f"--{name.replace('_', '-')}" for name, kind_of in hints.items() if kind_of is bool]
        given = before.count(",") if "(" in before else len(before.split()) - 1
        names = list(hints)
        positional = self._values(names[given], hints[names[given]]) if given < len(names) else ()
        return [*positional, *flags]

    def _values(self, key: str, kind: Any) -> Iterable[str]:
        if key == "snapshot":
            return self._names()
        if key == "disk":
            domain = self._session.domain
            return [quote(disk) for disk in sorted({*domain.active.disks, *domain.independent})]
        if key == "resume_as":
            return RESUME_AS
        return ("true", "false") if kind is bool or bool in get_args(kind) else ()

    def _names(self) -> list[str]:
        """The names of snapshots, quoted as the shell reads them."""
        domain = self._session.domain
        listed = [one.name for one in (*domain.in_order(), *domain.retired.values())]
        return [quote(name) for name in dict.fromkeys(listed)]


def _fields(kind: type[Operation]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
