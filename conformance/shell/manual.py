"""The text of ``help``, computed from the operations so that it is never out of date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final, Protocol

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from snaptree.conformance.shell.aliases import ALIASES
from snaptree.conformance.shell.reading import call_of, usage_of
from snaptree.conformance.shell.session import Mistake
from snaptree.spec.operations import CALLS, FORCED, KINDS

NOTES: Final = (
    "A call is typed as in the specification, create(b, memory=true), or in words, create b --memory.",
    'Snapshots go by name; an id is taken as well. Quote a name with separators: revert "my snapshot".',
    "Several commands stand on one line with ; between them. A line that begins with # is a comment.",
)

SYNONYMS: Final = ("exit", "history", "export")
"""Words that are understood, and that say what another word says: left out of the list."""


class ManualEntry(Protocol):
    """A word with its usage and its description."""

    @property
    def usage(self) -> str: ...

    @property
    def about(self) -> str: ...


def manual(words: Mapping[str, ManualEntry]) -> Iterator[RenderableType]:
    """The list of all commands, short enough for one screen."""
    yield _entries((word.usage, word.about) for name, word in words.items() if name not in SYNONYMS)
    yield Text("\nthe calls of the specification; 'help CALL' explains one", style="bold")
    yield Padding(Text(", ".join(CALLS)), (0, 0, 0, 2))
    yield Text("\nother words for them; none looks at the tree to choose what it means", style="bold")
    yield _entries((alias.usage, alias.about) for alias in ALIASES.values())
    yield Text()
    yield from (Text(note) for note in NOTES)


def _entries(lines: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 0, 0, 2), pad_edge=True)
    table.add_column(style="bold", max_width=38, overflow="fold")
    table.add_column(overflow="fold")
    for written, about in lines:
        table.add_row(Text(written), Text(about))
    return table


def manual_page(word: str, words: Mapping[str, ManualEntry]) -> Iterator[Text]:
    """The page of one command. Raises Mistake for an unknown word."""
    if word in words:
        yield _entry(words[word].usage, words[word].about)
    elif word in ALIASES:
        yield _entry(ALIASES[word].usage, ALIASES[word].about)
    elif (call := call_of(word)) is not None:
        yield Text(usage_of(call), style="bold")
        yield Text(_documented(call))
        if call in FORCED:
            yield Text(f"{FORCED[call].call} is the same, and destroys what is in the way")
        same = [alias.usage for alias in ALIASES.values() if alias.call == call]
        if same:
            yield Text(f"or: {'; '.join(same)}")
    else:
        near = get_close_matches(word, [*words, *CALLS, *ALIASES], 2)
        raise Mistake(f"no command {word!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""))


def _entry(written: str, about: str) -> Text:
    return Text.assemble((written, "bold"), f"\n{about}")


def _documented(call: str) -> str:
    kind = KINDS[call]
    return " ".join((kind.__doc__ or "").split())
