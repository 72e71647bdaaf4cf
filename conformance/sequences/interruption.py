"""An interruption: the last call of a run was killed or failed inside, what that left, and what was allowed.

With it a trace shows the same again without a recorder: the folder is written out and opened, or a domain in
memory is killed before the same change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from snaptree.conformance.driver import Json

Kind = Literal["kill", "error", "power"]

AROUND: Final = 3
"""Effects that are told before the moment, and as many after it."""


@dataclass(frozen=True)
class Neighbour:
    """An effect near the moment: its number from 1, what it did, and whether it happened."""

    number: int
    text: str
    happened: bool


@dataclass(frozen=True)
class Moment:
    """Where a call was cut off.

    ``done`` of ``of`` effects had happened. ``change`` is the number of the change of a domain in memory that
    did not happen, from 0. ``finished`` says that the call had returned.
    """

    kind: Kind = "kill"
    done: int = 0
    of: int = 0
    around: tuple[Neighbour, ...] = ()
    change: int | None = None
    finished: bool = False


@dataclass(frozen=True)
class Interruption:
    """What a kill or an error left, and what was wrong with it.

    ``allowed`` names the states that were allowed, ``against`` says how the one seen differs from each.
    ``returned`` is what the call returns where it is not interrupted, ``learned`` what the driver had
    generated before. ``folder`` is the packed folder to open again, ``files`` the paths that belong to the
    states before and after. Without a folder, ``unplayed`` says why none can be opened.
    """

    moment: Moment
    words: str
    part: str
    wrong: str
    allowed: tuple[str, ...]
    against: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    returned: Json = None
    learned: tuple[tuple[str, str, Json], ...] = ()
    folder: Mapping[str, Any] | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unplayed: str = ""

    def to_json(self) -> dict[str, Any]:
        """The record in a trace."""
        moment = self.moment
        return {
            "kind": moment.kind,
            "done": moment.done,
            "of": moment.of,
            "around": [[one.number, one.text, one.happened] for one in moment.around],
            "change": moment.change,
            "finished": moment.finished,
            "moment": self.words,
            "part": self.part,
            "wrong": self.wrong,
            "allowed": list(self.allowed),
            "against": {state: list(texts) for state, texts in self.against.items()},
            "returned": self.returned,
            "learned": [list(one) for one in self.learned],
            "folder": self.folder,
            "files": {state: list(paths) for state, paths in self.files.items()},
            "unplayed": self.unplayed,
        }


def interruption_from(record: Mapping[str, Any]) -> Interruption:
    """The interruption of a record that fits its schema."""
    around = tuple(Neighbour(*one) for one in record["around"])
    moment = Moment(
        record["kind"], record["done"], record["of"], around, record["change"], record["finished"]
    )
    return Interruption(
        moment,
        record["moment"],
        record["part"],
        record["wrong"],
        tuple(record["allowed"]),
        {state: tuple(texts) for state, texts in record["against"].items()},
        record["returned"],
        tuple((kind, name, value) for kind, name, value in record["learned"]),
        record["folder"],
        {state: tuple(paths) for state, paths in record["files"].items()},
        record["unplayed"],
    )
