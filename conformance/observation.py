"""Comparing what a driver lets us see with the state that the model expects.

The whole observation is compared after every step, so the equal case has to be
quick: it is a handful of dictionary comparisons. Only a state that differs is
taken apart. Nothing is skipped because it looks like the same object as before:
a driver may change an object that it has handed out.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from snaptree.conformance.driver import Json
from snaptree.conformance.identities import Identities
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE, Disk, Domain, Point, SavedState, Snapshot


class Found(NamedTuple):
    """A part that differs; ``snapshot`` is a model id, ``active``, ``base`` or ``domain``."""

    part: str
    snapshot: str
    expected: str
    observed: str


def compare_state(
    model: Domain, seen: dict[str, Json], profile: Profile, identities: Identities
) -> Iterator[Found]:
    """Everything in which an observation differs from the model, nothing if it agrees.

    Parts that the profile does not claim to observe are not looked at; a part
    that it claims and the driver leaves out is a difference.
    """
    try:
        yield from _compare(model, seen, profile, identities)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # A malformed observation must not end the run: it is what the driver did.
        yield Found("outcome", "domain", "an observation", f"malformed: {type(error).__name__}: {error}")


def _compare(
    model: Domain, seen: dict[str, Json], profile: Profile, identities: Identities
) -> Iterator[Found]:
    ids = identities.to_driver
    entries: list[dict[str, Json]] = seen["snapshots"]
    expected = model.in_order()
    if [entry["id"] for entry in entries] != [ids.get(snapshot.id) for snapshot in expected]:
        yield from _listing(model, expected, entries, identities)
    by_id = {entry["id"]: entry for entry in entries}
    for snapshot in expected:
        entry = by_id.get(ids.get(snapshot.id))
        if entry is not None:
            yield from _snapshot(snapshot, entry, profile, identities)
    current = None if model.current is None else ids.get(model.current)
    if seen["current"] != current:
        yield Found("current", "domain", str(model.current), _id(seen["current"], identities))
    if not _equal(model.active, seen["active"]):
        yield from _point("active", model.active, seen["active"], profile)
    if "base" in profile.observes and profile.can_observe("base"):
        base = model.base.seen
        if seen["base"]["disks"] != base["disks"]:
            yield from _disks("base", base["disks"], seen["base"]["disks"])
        if profile.can_observe("configuration") and seen["base"]["configuration"] != base["configuration"]:
            yield Found(
                "configuration", "base", str(base["configuration"]), str(seen["base"]["configuration"])
            )
    yield from _rest(model, seen, profile)


def _equal(point: Point, seen: Json) -> bool:
    return bool(point.seen == seen)


def _id(value: Json, identities: Identities) -> str:
    return "None" if value is None else identities.model_id(value)


def _listing(
    model: Domain, expected: list[Snapshot], entries: list[dict[str, Json]], identities: Identities
) -> Iterator[Found]:
    seen = [identities.model_id(entry["id"]) for entry in entries]
    wanted = [snapshot.id for snapshot in expected]
    for snapshot in wanted:
        if snapshot not in seen:
            yield Found("existence", snapshot, "listed", "not listed")
    for snapshot in seen:
        if snapshot not in model.snapshots:
            yield Found("existence", snapshot, "not listed", "listed")
    if len(set(seen)) < len(seen):
        yield Found("existence", "domain", "each snapshot listed once", "one is listed twice")
    elif sorted(seen) == sorted(wanted):
        yield Found("order", "domain", ", ".join(wanted), ", ".join(seen))


def _snapshot(
    snapshot: Snapshot, entry: dict[str, Json], profile: Profile, identities: Identities
) -> Iterator[Found]:
    here = snapshot.id
    if entry["name"] != snapshot.name:
        yield Found("name", here, repr(snapshot.name), repr(entry["name"]))
    parent = None if snapshot.parent is None else identities.to_driver.get(snapshot.parent)
    if entry["parent"] != parent:
        yield Found("parent", here, str(snapshot.parent), _id(entry["parent"], identities))
    observes = profile.observes
    if observes.get("description") == "always" and entry["description"] != snapshot.description:
        yield Found("description", here, repr(snapshot.description), repr(entry["description"]))
    if observes.get("uuid") == "always":
        yield from _learned("uuid", here, snapshot.uuid, entry["uuid"], identities)
    if observes.get("captured") == "always":
        yield from _learned("captured", here, str(snapshot.captured), entry["captured"], identities)
    if not _equal(snapshot.point, entry.get("point")) and "point" in entry:
        yield from _point(here, snapshot.point, entry["point"], profile)
    elif "point" not in entry and observes.get("disks") == "always":
        yield Found("content", here, "a point", "the driver claims to show it and left it out")


def _learned(part: str, snapshot: str, model: str, seen: Json, identities: Identities) -> Iterator[Found]:
    """A value that the driver generates: learned when first seen, the same ever after."""
    known = identities.learned.setdefault((part, model), seen)
    if known != seen:
        yield Found(part, snapshot, str(known), str(seen))
    elif part == "uuid" and identities.bearers.setdefault(str(seen), model) != model:
        yield Found(part, snapshot, "a uuid of its own", f"{seen}, which another snapshot bears")


def _point(where: str, point: Point, seen: dict[str, Json], profile: Profile) -> Iterator[Found]:
    expected = point.seen
    observes = profile.observes
    # What a point holds may only show by reverting to it: in the active state, then.
    readable = ("always", "by-reverting") if where == "active" else ("always",)
    if observes.get("disks") in readable and seen["disks"] != expected["disks"]:
        yield from _disks(where, expected["disks"], seen["disks"])
    if observes.get("memory") in readable and not _same_memory(expected["memory"], seen["memory"]):
        yield Found("memory", where, str(expected["memory"]), str(seen["memory"]))
    if observes.get("power") == "always" and not _same_power(where, expected, seen["power"]):
        yield Found("power", where, expected["power"], str(seen["power"]))
    if observes.get("configuration") == "always" and seen["configuration"] != expected["configuration"]:
        yield Found("configuration", where, str(expected["configuration"]), str(seen["configuration"]))


def _same_power(where: str, expected: dict[str, Any], seen: Json) -> bool:
    # CREATE-5: what a point without memory records is information only. It may be what the domain was
    # (libvirt, VirtualBox) or what a revert will make of it (off, documented for vSphere).
    recorded_only = where != "active" and expected["memory"] is None
    return bool(seen == expected["power"]) or (recorded_only and seen == "off")


def _same_memory(expected: Json, seen: Json) -> bool:
    # After a boot the content is unspecified: anything but "no memory" is right.
    return bool(seen == expected) or (expected == "unspecified" and seen is not None)


def _same_image(image: SavedState, seen: dict[str, Json]) -> bool:
    return bool(seen["power"] == image.power) and _same_memory(image.memory, seen["memory"])


def _disks(where: str, expected: dict[str, Any], seen: dict[str, Json]) -> Iterator[Found]:
    if set(seen) != set(expected):
        yield Found("size", where, f"disks {sorted(expected)}", f"disks {sorted(seen)}")
    for disk in sorted(set(seen) & set(expected)):
        if seen[disk]["size"] != expected[disk]["size"]:
            yield Found(
                "size",
                where,
                f"{disk}: {expected[disk]['size']} bytes",
                f"{disk}: {seen[disk]['size']} bytes",
            )
        if seen[disk]["blocks"] != expected[disk]["blocks"]:
            yield Found(
                "content", where, f"{disk}: {_blocks(expected[disk])}", f"{disk}: {_blocks(seen[disk])}"
            )


def digest(disk: Disk) -> str:
    """SHA-256, in hexadecimal, of every byte of a disk as the model has it."""
    content = bytearray(disk.size)
    for block, value in disk.blocks.items():
        start = block * BLOCK_STRIDE
        content[start : start + BLOCK_SIZE] = bytes([value]) * BLOCK_SIZE
    return sha256(content).hexdigest()


def _blocks(disk: dict[str, Json]) -> str:
    blocks = disk["blocks"]
    if not blocks:
        return "all zero"
    return ", ".join(f"block {k} = {v}" for k, v in sorted(blocks.items(), key=lambda item: int(item[0])))


def _rest(model: Domain, seen: dict[str, Json], profile: Profile) -> Iterator[Found]:
    """The managed-save image, and the disks that belong to no point."""
    if profile.claims("managed_save") or model.managed_save is not None:
        image = model.managed_save
        shown = seen["managed_save"]
        if (image is None) != (shown is None) or (
            image is not None and profile.can_observe("memory") and not _same_image(image, shown)
        ):
            yield Found("managed_save", "active", str(image), str(shown))
    if profile.offers("independent_disks"):
        expected = {name: disk.seen for name, disk in sorted(model.independent.items())}
        if seen["independent"] != expected:
            yield from _disks("active", expected, seen["independent"])
