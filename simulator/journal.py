"""The journal: notes every change of a mutation before the change is made.

A mutation that fails or is interrupted is undone from its notes, the last note first. It is therefore
complete or has no effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Journal:
    """Notes of the running mutation. Empty between mutations.

    ``interrupt`` is called before each change with the number of earlier changes. A test that raises there
    sees the state after a crash at that place.
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
        """Record how to undo the next change."""
        if self.interrupt is not None:
            self.interrupt(len(self._undo))
        self._undo.append(undo)

    def commit(self) -> None:
        """The mutation is complete."""
        self._undo.clear()
        self.under_way = None

    def roll_back(self) -> bool:
        """Undo every change of the running mutation; returns whether there was any."""
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
        """Remove a key from a mapping, with a note of the whole mapping, since order matters."""
        before = dict(mapping)

        def undo() -> None:
            mapping.clear()
            mapping.update(before)

        self.note(undo)
        del mapping[key]
