"""Compares an observation with the state that the model expects.

It compares the whole observation after every step, so the equal case has to be quick: a handful of
comparisons of whole values. It takes apart only a state that differs. It never skips an object because it
is the same object as before: a driver may change an object that it has returned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from snaptree.conformance.driver import Json
from snaptree.conformance.engine.differences import NOTHING_NEW, Difference, Viewpoint, of_domain
from snaptree.conformance.engine.expectation import Expectation
from snaptree.conformance.engine.identities import Identities
from snaptree.conformance.engine.visibility import left_out, summary
from snaptree.spec.observation import DiskSeen, Entry, ImageSeen, Observation, PointSeen
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE, Disk, Domain, Point, SavedState, Snapshot


class StateComparison:
    """Compares the observations of one domain with its model, under a profile."""

    def __init__(self, profile: Profile, identities: Identities) -> None:
        self._profile = profile
        self._identities = identities
        self._expectation = Expectation(profile, identities)

    def met_by(self, seen: Observation, model: Domain) -> bool:
        """Whether an observation shows all of the model. If not, there may still be no difference."""
        return self._expectation.met_by(seen, model)

    def differences(self, view: Viewpoint, seen: Observation) -> Iterator[Difference]:
        """Every difference between an observation of the right form and the model after the step.

        A key that is absent is not compared. If the profile claims it, its absence is a difference.
        """
        gaps = left_out(seen, self._profile)
        if gaps:
            yield of_domain("visibility", "every part that the profile claims to show", summary(gaps))
        yield from _compare(view, seen, self._profile, self._identities)


def _compare(
    view: Viewpoint, seen: Observation, profile: Profile, identities: Identities
) -> Iterator[Difference]:
    model = view.after
    if "snapshots" in seen:
        yield from _snapshots(view, seen["snapshots"], profile, identities)
    current = None if model.current is None else identities.to_driver.get(model.current)
    if "current" in seen and seen["current"] != current:
        shown = _id(seen["current"], identities)
        yield of_domain("current", view.place(model.current), view.place(shown))
    if "active" in seen and model.active.seen != seen["active"]:
        yield from _point(view, "active", model.active, seen["active"], profile)
    base = seen.get("base")
    if base is not None and profile.can_observe("base"):
        expected = model.base.seen
        if "disks" in base and base["disks"] != expected["disks"]:
            yield from _disks(view, "base", expected["disks"], base["disks"])
        if profile.can_observe("configuration") and _differs(
            base, "configuration", expected["configuration"]
        ):
            shown_there = str(base["configuration"])
            yield view.difference("configuration", "base", str(expected["configuration"]), shown_there)
    yield from _rest(view, seen, profile)


def _differs(part: Mapping[str, Json], key: str, expected: Json) -> bool:
    """Whether a part shows another value; one that shows none does not differ."""
    return key in part and bool(part[key] != expected)


def _snapshots(
    view: Viewpoint, entries: list[Entry], profile: Profile, identities: Identities
) -> Iterator[Difference]:
    ids = identities.to_driver
    expected = view.after.in_order()
    if [entry["id"] for entry in entries] != [ids.get(snapshot.id) for snapshot in expected]:
        yield from _listing(view, expected, entries, identities)
    by_id = {entry["id"]: entry for entry in entries}
    for snapshot in expected:
        entry = by_id.get(ids.get(snapshot.id, ""))
        if entry is not None:
            yield from _snapshot(view, snapshot, entry, profile, identities)


def _id(value: Json, identities: Identities) -> str | None:
    return None if value is None else identities.model_id(value)


def _listing(
    view: Viewpoint, expected: list[Snapshot], entries: list[Entry], identities: Identities
) -> Iterator[Difference]:
    seen = [identities.model_id(entry["id"]) for entry in entries]
    wanted = [snapshot.id for snapshot in expected]
    for snapshot in wanted:
        if snapshot not in seen:
            yield view.difference("existence", snapshot, "listed", "not listed")
    for snapshot in seen:
        if snapshot in view.before.snapshots and snapshot not in view.after.snapshots:
            yield view.difference("existence", snapshot, "not listed", "listed")
        elif snapshot not in view.after.snapshots:
            yield view.difference("existence", snapshot, NOTHING_NEW, f"one with {snapshot}")
    if len(set(seen)) < len(seen):
        yield of_domain("existence", "each snapshot listed once", "one is listed twice")
    elif sorted(seen) == sorted(wanted):
        yield of_domain("order", ", ".join(map(view.place, wanted)), ", ".join(map(view.place, seen)))


def _snapshot(
    view: Viewpoint, snapshot: Snapshot, entry: Entry, profile: Profile, identities: Identities
) -> Iterator[Difference]:
    here = snapshot.id
    if _differs(entry, "name", snapshot.name):
        yield view.difference("name", here, repr(snapshot.name), repr(entry["name"]))
    parent = None if snapshot.parent is None else identities.to_driver.get(snapshot.parent)
    if _differs(entry, "parent", parent):
        shown = _id(entry["parent"], identities)
        yield view.difference("parent", here, view.place(snapshot.parent), view.place(shown))
    observes = profile.observes
    if observes.get("description") == "always" and _differs(entry, "description", snapshot.description):
        yield view.difference("description", here, repr(snapshot.description), repr(entry["description"]))
    if observes.get("uuid") == "always" and "uuid" in entry:
        yield from _learned(view, "uuid", here, snapshot.uuid, entry["uuid"], identities)
    if observes.get("captured") == "always" and "captured" in entry:
        yield from _learned(view, "captured", here, str(snapshot.captured), entry["captured"], identities)
    if "point" in entry and snapshot.point.seen != entry["point"]:
        yield from _point(view, here, snapshot.point, entry["point"], profile)


def _learned(
    view: Viewpoint, part: str, snapshot: str, model: str, seen: Json, identities: Identities
) -> Iterator[Difference]:
    """A value that the driver generates: recorded when first seen, constant afterwards."""
    known = identities.learned.setdefault((part, model), seen)
    if known != seen:
        yield view.difference(part, snapshot, str(known), str(seen))
    elif part == "uuid" and identities.bearers.setdefault(str(seen), model) != model:
        yield view.difference(part, snapshot, "a uuid of its own", f"{seen}, which another snapshot bears")


def _point(
    view: Viewpoint, where: str, point: Point, seen: PointSeen, profile: Profile
) -> Iterator[Difference]:
    expected = point.seen
    observes = profile.observes
    # What a point holds may only show by reverting to it: in the active state, then.
    readable = ("always", "by-reverting") if where == "active" else ("always",)
    if observes.get("disks") in readable and _differs(seen, "disks", expected["disks"]):
        yield from _disks(view, where, expected["disks"], seen["disks"])
    memory, power = seen.get("memory", expected["memory"]), seen.get("power", expected["power"])
    if observes.get("memory") in readable and not _same_memory(expected["memory"], memory):
        yield view.difference("memory", where, str(expected["memory"]), str(memory))
    if observes.get("power") == "always" and not _same_power(where, expected, power):
        yield view.difference("power", where, expected["power"], power)
    configuration = expected["configuration"]
    if observes.get("configuration") == "always" and _differs(seen, "configuration", configuration):
        yield view.difference("configuration", where, str(configuration), str(seen["configuration"]))


def _same_power(where: str, expected: PointSeen, seen: Json) -> bool:
    # CREATE-5: what a point without memory records is information only. It may be what the domain was
    # (libvirt, VirtualBox) or what a revert will make of it (off, documented for vSphere).
    recorded_only = where != "active" and expected["memory"] is None
    return bool(seen == expected["power"]) or (recorded_only and seen == "off")


def _same_memory(expected: Json, seen: Json) -> bool:
    # After a boot the content is unspecified: anything but "no memory" is right.
    return bool(seen == expected) or (expected == "unspecified" and seen is not None)


def _same_image(image: SavedState, seen: ImageSeen) -> bool:
    return seen.get("power", image.power) == image.power and _same_memory(
        image.memory, seen.get("memory", image.memory)
    )


def _disks(
    view: Viewpoint, where: str, expected: Mapping[str, DiskSeen], seen: Mapping[str, DiskSeen]
) -> Iterator[Difference]:
    if set(seen) != set(expected):
        yield view.difference("size", where, f"disks {sorted(expected)}", f"disks {sorted(seen)}")
    for disk in sorted(set(seen) & set(expected)):
        if seen[disk]["size"] != expected[disk]["size"]:
            yield view.difference(
                "size",
                where,
                f"{disk}: {expected[disk]['size']} bytes",
                f"{disk}: {seen[disk]['size']} bytes",
            )
        if seen[disk]["blocks"] != expected[disk]["blocks"]:
            yield view.difference(
                "content", where, f"{disk}: {_blocks(expected[disk])}", f"{disk}: {_blocks(seen[disk])}"
            )


def digest(disk: Disk) -> str:
    """SHA-256, in hexadecimal, of every byte of a disk in the model."""
    content = bytearray(disk.size)
    for block, value in disk.blocks.items():
        start = block * BLOCK_STRIDE
        content[start : start + BLOCK_SIZE] = bytes([value]) * BLOCK_SIZE
    return sha256(content).hexdigest()


def _blocks(disk: DiskSeen) -> str:
    blocks = disk["blocks"]
    if not blocks:
        return "all zero"
    return ", ".join(f"block {k} = {v}" for k, v in sorted(blocks.items(), key=lambda item: int(item[0])))


def _rest(view: Viewpoint, seen: Observation, profile: Profile) -> Iterator[Difference]:
    """The managed-save image, and the independent disks."""
    model = view.after
    image = model.managed_save
    if "managed_save" in seen and (profile.claims("managed_save") or image is not None):
        shown = seen["managed_save"]
        if (image is None) != (shown is None) or (
            image is not None
            and shown is not None
            and profile.can_observe("memory")
            and not _same_image(image, shown)
        ):
            yield view.difference("managed_save", "active", str(image), str(shown))
    if "independent" in seen and profile.offers("independent_disks"):
        expected = {name: disk.seen for name, disk in sorted(model.independent.items())}
        if seen["independent"] != expected:
            yield from _disks(view, "active", expected, seen["independent"])
