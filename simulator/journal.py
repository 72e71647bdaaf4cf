"""The journal: every change of a mutation is noted before it is made.

A mutation that fails, or is interrupted, is undone from its notes, last first.
So it is either done or has never been.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Journal:
    """Notes of the mutation under way. Empty between mutations.

    ``interrupt`` is called before each change, with the number of changes so
    far; a test that raises there sees what a crash at that place leaves.
    """

    __slots__ = ("_undo", "interrupt", "under_way")

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []
        self.under_way: str | None = None
        self.interrupt: Callable[[int], None] | None = None

    def begin(self, intent: str) -> None:
        """A mutation starts."""
        self.under_way = intent

    def note(self, undo: Callable[[], object]) -> None:
        """A change is about to be made; ``undo`` takes it back."""
        if self.interrupt is not None:
            self.interrupt(len(self._undo))
        self._undo.append(undo)

    def commit(self) -> None:
        """The mutation is complete."""
        self._undo.clear()
        self.under_way = None

    def roll_back(self) -> bool:
        """Take back everything that the mutation under way has changed; whether that was anything."""
        changed = bool(self._undo)
        while self._undo:
            self._undo.pop()()
        self.under_way = None
        return changed

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute, with a note."""
        before = getattr(owner, name)
        self.note(lambda: setattr(owner, name, before))
        setattr(owner, name, value)

    def put(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        """Add a new key to a mapping, with a note."""
        self.note(lambda: mapping.pop(key, None))
        mapping[key] = value

    def drop(self, mapping: dict[Any, Any], key: Any) -> None:
        """Remove a key from a mapping, with a note. Order matters, so all of it is noted."""
        before = dict(mapping)

        def undo() -> None:
            mapping.clear()
            mapping.update(before)

        self.note(undo)
        del mapping[key]
