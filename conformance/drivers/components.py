"""What a driver drives, by the digests of its files: what a certificate is about.

A digest says which file was there when the driver was opened. That the calls reached it, the driver says.
"""

from __future__ import annotations

import inspect
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from snaptree.conformance.driver import ConsistsOf, Driver, Json
from snaptree.spec.files import open_regular


@dataclass(frozen=True, order=True)
class Component:
    """A file of the system or of its driver: its name without folders, and its SHA-256 in hexadecimal."""

    name: str
    sha256: str

    def to_json(self) -> dict[str, Json]:
        """Its form in a message."""
        return {"name": self.name, "sha256": self.sha256}


def components_of(driver: Driver) -> tuple[Component, ...]:
    """The files that a driver names, and that of its class where it is not ours. What cannot be read is left
    out.
    """
    served = getattr(driver, "served_components", None)  # a driver in another process, which told them
    if served:
        return tuple(served)
    named: Any = driver.artifacts if isinstance(driver, ConsistsOf) else ()
    found = {one for path in (*named, *_own_file(driver)) for one in _digests(Path(path))}
    return tuple(sorted(found))


def components_from(said: Json) -> tuple[Component, ...]:
    """The components in a message; none if it is of another form."""
    if not isinstance(said, list):
        return ()
    return tuple(
        Component(one["name"][:200], one["sha256"])
        for one in said[:1000]
        if isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("sha256"), str)
        and len(one["sha256"]) == 64
        and set(one["sha256"]) <= set("0123456789abcdef")
    )


def files_of_command(command: Sequence[str]) -> list[Path]:
    """The program of a command, and the files among its words."""
    program = shutil.which(command[0]) if command else None
    words = [Path(word) for word in command[1:]]
    return [*([] if program is None else [Path(program)]), *(word for word in words if word.is_file())]


def loaded_libraries(part: str) -> list[Path]:
    """The files with this text in their names that are mapped into this process."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    paths = {line.split(maxsplit=5)[5] for line in lines if len(line.split(maxsplit=5)) == 6}
    return [Path(path) for path in sorted(paths) if part in Path(path).name and path.startswith("/")]


def _own_file(driver: Driver) -> Iterator[Path]:
    """The file of the driver's class, where snaptree does not ship it."""
    kind = type(driver)
    if kind.__module__.startswith("snaptree.") or kind.__module__ not in sys.modules:
        return
    try:
        yield Path(inspect.getfile(kind))
    except (TypeError, OSError):  # it was made by code without a file
        return


def _digests(path: Path) -> Iterator[Component]:
    """The digest of a file, or of every file of a Python package."""
    if path.is_dir():
        for file in sorted(path.rglob("*.py")):
            name = f"{path.name}/{file.relative_to(path)}"
            yield from (Component(name, one.sha256) for one in _digests(file))
        return
    try:
        with open_regular(path) as content:
            digest = sha256()
            while part := content.read(1 << 20):
                digest.update(part)
            yield Component(path.name, digest.hexdigest())
    except OSError:
        return
