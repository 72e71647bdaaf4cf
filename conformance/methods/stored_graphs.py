"""Graphs that were explored once, kept in the cache folder as numbers.

The name of a file is the digest of all that decides its content: specification, profile, scope, bound, and
the moves. A file that is damaged or of another form is ignored.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts.cache import cache_folder
from snaptree.conformance.processes import keeping
from snaptree.spec.digests import json_digest, profile_digest, specification_digest
from snaptree.spec.files import read_regular, write_whole
from snaptree.spec.profiles import Profile
from snaptree.spec.shapes import Code

Edges = dict[Code, dict[tuple[Any, ...], Code]]
"""The states of a graph, the start first, each with its moves and where they lead."""

FORM: Final = b"snaptree-graph 1 "
"""How a file begins; the digest of the rest follows."""

MOST_OF_A_FILE: Final = 256 * 1024 * 1024
MOST_FILES: Final = 24
"""Graphs that are kept; the least recently written go first."""

_DAMAGED: Final = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)


def load(profile: Profile, bound: int, scope: str) -> Edges | None:
    """The edges of a graph, if they were kept."""
    if not keeping.enabled():
        return None
    file: Path | None = None
    try:
        file = _file(profile, bound, scope, make=False)
        return None if file is None else decode(read_regular(file, MOST_OF_A_FILE))
    except FileNotFoundError:
        return None
    except OSError as error:
        keeping.tell(f"a stored graph cannot be read: {error.strerror or error}")
    except _DAMAGED:
        keeping.tell(f"the stored graph {file} is damaged; it is computed and written again")
    return None


def store(profile: Profile, bound: int, scope: str, edges: Edges) -> None:
    """Keep the edges of a graph for the next process."""
    if not keeping.enabled():
        return
    try:
        file = _file(profile, bound, scope, make=True)
        if file is not None:
            write_whole(file, encode(edges))
            _forget_the_oldest(file.parent)
    except OSError as error:
        keeping.tell(
            f"no graph can be stored: {error.strerror or error}; SNAPTREE_CACHE names another folder"
        )


def encode(edges: Edges) -> bytes:
    """A graph as a file: a table of values, one of rows of labels, and numbers."""
    pool = _Pool()
    rows: dict[tuple[tuple[Any, ...], ...], int] = {}
    numbers = {code: number for number, code in enumerate(edges)}
    states = [
        [pool.number(code), rows.setdefault(tuple(leaving), len(rows)), *map(numbers.get, leaving.values())]
        for code, leaving in edges.items()
    ]
    record = {
        "rows": [[pool.number(label) for label in row] for row in rows],
        "states": states,
        "values": pool.entries,
    }
    body = json.dumps(record, separators=(",", ":")).encode()
    return FORM + sha256(body).hexdigest().encode() + b"\n" + body


def decode(content: bytes) -> Edges:
    """The graph in the content of a file. Raises one of the errors of a damaged file."""
    head, _, body = content.partition(b"\n")
    if head != FORM + sha256(body).hexdigest().encode():
        raise ValueError("the digest is another one")
    record = json.loads(body)
    values: list[Any] = []
    for entry in record["values"]:
        values.append(tuple([values[part] for part in entry]) if isinstance(entry, list) else entry)
    rows = [[values[label] for label in row] for row in record["rows"]]
    codes: list[Code] = [values[state[0]] for state in record["states"]]
    codes[0]  # there is a start
    return {
        code: dict(zip(rows[state[1]], [codes[there] for there in state[2:]], strict=True))
        for code, state in zip(codes, record["states"], strict=True)
    }


class _Pool:
    """Numbers for values. The entry of a tuple is the list of the numbers of its parts."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        entry = [self.number(part) for part in value] if isinstance(value, tuple) else value
        # The type is in the key: True equals 1.
        key = (type(value), tuple(entry) if isinstance(entry, list) else entry)
        if key not in self._numbers:
            self._numbers[key] = len(self.entries)
            self.entries.append(entry)
        return self._numbers[key]


def _file(profile: Profile, bound: int, scope: str, *, make: bool) -> Path | None:
    """The file of a graph; None where there is no folder for it."""
    try:
        folder = cache_folder(make=make) / "graphs"
        if make:
            folder.mkdir(exist_ok=True)
    except DriverUnavailable as error:
        raise OSError(None, str(error)) from None
    if not folder.is_dir():
        return None
    key = json_digest([specification_digest(), _moves_digest(), profile_digest(profile), scope, bound])
    return folder / f"{scope}-{bound}-{key[:32]}.graph"


def _moves_digest() -> str:
    """The digest of the modules that say what a graph is."""
    folder = Path(__file__).parent
    names = ("content.py", "graph.py", "libvirt_calls.py")
    return sha256(b"".join((folder / name).read_bytes() for name in names)).hexdigest()


def _forget_the_oldest(folder: Path) -> None:
    files = [(entry.stat().st_mtime, entry.path) for entry in os.scandir(folder) if entry.is_file()]
    for _, path in sorted(files)[:-MOST_FILES]:
        with suppress(FileNotFoundError):  # another process did the same
            os.unlink(path)
