"""A domain part by part, as values that can be compared between two profiles.

Two hypervisors can differ only in parts that both show and both can change: a driver that cannot write
disks always has the content of a fresh domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain, Point

PARTS: Final = ("tree", "current", "power", "image", "memory", "content", "configuration")
"""In the order in which a difference is named."""

_NEEDED: Final = {
    "power": ("power", None),
    "image": ("power", "managed_save"),
    "memory": ("memory", "write_memory"),
    "content": ("disks", "write_disk"),
    "configuration": ("configuration", "configure"),
}
"""What has to be observed, and what has to be claimed, for a part to say anything."""


def common_parts(one: Profile, other: Profile) -> tuple[str, ...]:
    """The parts in which two profiles can be compared."""
    return tuple(part for part in PARTS if _shows(one, part) and _shows(other, part))


def _shows(profile: Profile, part: str) -> bool:
    observed, claimed = _NEEDED.get(part, ("tree", None))
    return profile.can_observe(observed) and (claimed is None or profile.claims(claimed))


def portrait(domain: Domain, part: str) -> object:
    """A part of a domain, as a value that is equal to that of another where the part is."""
    match part:
        case "tree":
            return tuple((one.id, one.name, one.parent) for one in domain.in_order())
        case "current":
            return domain.current
        case "power":
            return domain.active.power
        case "image":
            return domain.managed_save is not None
        case "memory":
            return str(domain.active.memory)
        case "content":
            return tuple(point.disks for point in _points(domain))
        case _:
            return tuple(point.configuration for point in _points(domain))


def _points(domain: Domain) -> Iterator[Point]:
    yield domain.active
    for snapshot in domain.in_order():
        yield snapshot.point


def in_words(domain: Domain, part: str) -> str:
    """A part of a domain in a few words."""
    match part:
        case "tree":
            return f"tree {_tree(domain, None) or 'empty'}"
        case "current":
            return f"current is {'base' if domain.current is None else domain.snapshots[domain.current].name}"
        case "power":
            return domain.active.power
        case "image":
            return "with a managed-save image" if domain.managed_save is not None else "without an image"
        case "memory":
            return "without memory" if domain.active.memory is None else f"memory {domain.active.memory}"
        case _:
            return f"other {part}"


def _tree(domain: Domain, snapshot: str | None) -> str:
    families = []
    for child in domain.children_of(snapshot):
        below = _tree(domain, child)
        families.append(domain.snapshots[child].name + (f"({below})" if below else ""))
    return ", ".join(families)
