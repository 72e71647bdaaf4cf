"""A second reading of the chapters: one mutable machine that keeps the full content of every point.

It was written from the text of the chapters without looking into ``spec/semantics`` and shares no code
with it. It imports nothing of the specification but the values that say what was asked: operations and
profiles. What the text leaves open is in ``choices.py``; the walks do not go there.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile

STRIDE: Final = 65536
SECTOR: Final = 512
ON: Final = ("running", "paused")


class Refused(Exception):
    """All kinds of refusal that apply, and what would be destroyed where that is one of them."""

    def __init__(self, kinds: set[str], casualties: set[str] | None = None) -> None:
        super().__init__(", ".join(sorted(kinds)))
        self.kinds = kinds
        self.casualties = casualties


def _point(disks: dict[str, Any], configuration: dict[str, str]) -> dict[str, Any]:
    return {"disks": disks, "memory": None, "power": "off", "configuration": configuration}


@dataclass
class Machine:
    """A domain. ``snapshots`` are in order of creation; ``retired`` are storage only."""

    profile: Profile
    disks: dict[str, int]
    persistent: bool = True
    defined: bool = True
    current: str | None = None
    image: dict[str, Any] | None = None
    captures: int = 0
    uuids: set[str] = field(default_factory=set)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    retired: dict[str, dict[str, Any]] = field(default_factory=dict)
    independent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.base = _point({name: {"size": size, "blocks": {}} for name, size in self.disks.items()}, {})
        self.active = deepcopy(self.base)

    # --- what a call answers ----------------------------------------------------------

    def ask(self, operation: Operation) -> Any:
        """Carry out a call and give its result. Raises Refused, and then nothing has changed."""
        if not self.profile.claims(operation.call):
            removed = set() if self.defined else {"InvalidArgument"}
            raise Refused({"Unsupported"} | removed)  # REFUSE-5, POWER-18
        if not self.defined:
            raise Refused({"InvalidArgument"})  # POWER-18
        kinds = set()
        if self.active["power"] not in self.profile.power.get(operation.call, ("off", *ON)):
            kinds.add("InvalidPowerState")  # POWER-1
        target = getattr(operation, "snapshot", None)
        if target is not None and target not in self.snapshots and operation.call != "reclaim":
            kinds.add("NoSuchSnapshot")  # REFUSE-4, RETIRE-8
        casualties = getattr(self, f"refuse_{operation.call}", _nothing)(operation, kinds)
        if kinds:
            raise Refused(kinds, casualties if "WouldDiscard" in kinds else None)
        return getattr(self, f"do_{operation.call}")(operation)

    # --- the tree ---------------------------------------------------------------------

    def children(self, parent: str | None) -> list[str]:
        return [one for one, snapshot in self.snapshots.items() if snapshot["parent"] == parent]

    def below(self, top: str) -> list[str]:
        """A snapshot and everything below it, parents first."""
        return [top, *(one for child in self.children(top) for one in self.below(child))]

    def depth(self, snapshot: str | None) -> int:
        return 0 if snapshot is None else 1 + self.depth(self.snapshots[snapshot]["parent"])

    def dependents(self, snapshot: str | None) -> int:
        return len(self.children(snapshot)) + (self.current == snapshot)

    def bearers(self, name: str) -> list[str]:
        return [one for one, snapshot in self.snapshots.items() if snapshot["name"] == name]

    def splice(self, snapshot: str) -> dict[str, Any]:
        """The snapshot goes; what grew from it grows from its parent now (MERGE-17, MERGE-18, MERGE-4)."""
        gone = self.snapshots.pop(snapshot)
        for other in self.snapshots.values():
            if other["parent"] == snapshot:
                other["parent"] = gone["parent"]
        if self.current == snapshot:
            self.current = gone["parent"]
        return gone

    # --- create -----------------------------------------------------------------------

    def bad_name(self, name: str, bearer: str | None, policies: tuple[str, ...]) -> set[str]:
        kinds = set()
        rules = self.profile.names
        if not name or len(name.encode()) > rules.longest or not rules.allows(name):
            kinds.add("InvalidName")  # NAME-8
        if rules.policy in policies and set(self.bearers(name)) - {bearer}:
            kinds.add("NameInUse")  # NAME-20
        return kinds

    def refuse_create(self, asked: ops.Create, kinds: set[str]) -> None:
        profile, power = self.profile, self.active["power"]
        kinds |= self.bad_name(asked.name, None, ("unique",)) | self.bad_description(asked.description)
        if asked.uuid is not None and (
            not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", asked.uuid)
            or asked.uuid in {one["uuid"] for one in (*self.snapshots.values(), *self.retired.values())}
        ):
            kinds.add("InvalidArgument")  # NAME-31
        if asked.uuid in self.uuids and profile.identity == "uuid":
            kinds.add("InvalidArgument")  # NAME-33
        replaced = self.bearers(asked.name) if profile.names.policy == "replace" else []
        most = profile.limits.merge_children
        if replaced and most is not None and self.dependents(replaced[0]) > most:
            kinds.add("LimitExceeded")  # NAME-25
        kinds |= self.without(replaced).full()
        if asked.memory and power == "off":
            kinds.add("InvalidPowerState")  # CREATE-14
        if (asked.memory and profile.memory == "never") or (
            not asked.memory and profile.memory == "always" and power in ON
        ):
            kinds.add("Unsupported")  # CREATE-15, CREATE-16
        if asked.quiesce:
            kinds |= set() if profile.offers("quiesce") else {"Unsupported"}  # CREATE-10
            kinds |= set() if power == "running" else {"InvalidPowerState"}  # CREATE-11
        if self.image is not None and profile.create_with_managed_save == "refuses":
            kinds.add("InvalidPowerState")  # SAVE-13

    def without(self, replaced: list[str]) -> Machine:
        """The machine after the snapshots that a new one replaces are gone."""
        if not replaced:
            return self
        other = deepcopy(self)
        for one in replaced:
            other.splice(one)
        return other

    def full(self) -> set[str]:
        """What forbids one more snapshot on the current one."""
        kinds, limits = set(), self.profile.limits
        if self.profile.roots == "single" and len(self.children(None)) + (self.current is None) > 1:
            kinds.add("Unsupported")  # LIMIT-2, TREE-11
        if limits.depth is not None and self.depth(self.current) + 1 > limits.depth:
            kinds.add("LimitExceeded")  # LIMIT-4
        if limits.count is not None and len(self.snapshots) + len(self.retired) + 1 > limits.count:
            kinds.add("LimitExceeded")
        return kinds

    def do_create(self, asked: ops.Create) -> str:
        if self.profile.names.policy == "replace":
            for bearer in self.bearers(asked.name):
                self.splice(bearer)  # NAME-6
        self.captures += 1
        number = self.captures
        uuid = asked.uuid or f"{number:08x}-0000-4000-8000-000000000000"
        ids = {"name": asked.name, "uuid": uuid, "id": f"r{number}"}
        here = ids[self.profile.identity]
        point = deepcopy(self.active)
        if not asked.memory:
            point["memory"] = None  # CREATE-5
        if self.image is not None and self.profile.create_with_managed_save == "drops":
            self.image = None
        elif self.image is not None and self.profile.memory != "never":
            point.update(self.image)
        self.uuids.add(uuid)
        self.snapshots[here] = {
            "name": asked.name, "description": asked.description, "uuid": uuid,
            "parent": self.current, "captured": number, "point": point,
        }  # fmt: skip
        self.current = here
        return here

    # --- revert, and what a forced delete does to the active state ---------------------

    def bad_wish(self, resume_as: str | None) -> set[str]:
        if resume_as is None:
            return set()
        kinds = set() if resume_as in ("off", *ON) else {"InvalidArgument"}  # REVERT-16
        return kinds if self.profile.offers("resume_as") else {*kinds, "Unsupported"}  # REVERT-17

    def refuse_revert(self, asked: ops.Revert, kinds: set[str]) -> None:
        kinds |= self.bad_wish(asked.resume_as)
        if self.persistent or asked.snapshot not in self.snapshots:
            return
        point, back = self.snapshots[asked.snapshot]["point"], self.profile.revert_with_memory
        goes_on = point["memory"] is not None and asked.resume_as is None
        if goes_on and back == "saved":
            kinds.add("Unsupported")  # SAVE-20
        comes_on = asked.resume_as in ON or (goes_on and back == "captured")
        if not comes_on and self.profile.transient_off == "refused":
            kinds.add("InvalidPowerState")  # POWER-30

    def do_revert(self, asked: ops.Revert) -> None:
        self.take(self.snapshots[asked.snapshot]["point"], asked.snapshot)
        point = self.snapshots[asked.snapshot]["point"]
        if asked.resume_as is not None:
            self.wake(point, asked.resume_as)
        elif point["memory"] is not None:
            if self.profile.revert_with_memory == "captured":
                self.wake(point, point["power"])
            elif self.profile.revert_with_memory == "saved":
                self.image = {"memory": point["memory"], "power": point["power"]}

    def take(self, point: dict[str, Any], current: str | None) -> None:
        """The active state becomes a point, and is off (REVERT-1, REVERT-7, REVERT-8)."""
        self.active = deepcopy(point)
        self.active.update(memory=None, power="off")
        self.current, self.image = current, None

    def wake(self, point: dict[str, Any], power: str) -> None:
        if power in ON:
            memory = "unspecified" if point["memory"] is None else point["memory"]
            self.active.update(memory=memory, power=power)  # REVERT-13

    def reset(self, parent: str | None, resume_as: str | None) -> None:
        point = self.base if parent is None else self.snapshots[parent]["point"]
        self.take(point, parent)
        self.wake(point, resume_as or "off")  # FORCE-3

    # --- deletes ----------------------------------------------------------------------

    def second_root(self, snapshot: str) -> set[str]:
        """Removing a root with several children, where one root is all there can be (TREE-11)."""
        root = snapshot in self.snapshots and self.snapshots[snapshot]["parent"] is None
        splits = root and len(self.children(snapshot)) > 1
        return {"Unsupported"} if splits and self.profile.roots == "single" else set()

    def refuse_merge_into_children(self, asked: ops.MergeIntoChildren, kinds: set[str]) -> set[str]:
        if asked.snapshot in self.snapshots:
            most = self.profile.limits.merge_children
            if self.dependents(asked.snapshot) == 0:
                kinds.add("WouldDiscard")  # MERGE-19
            elif most is not None and self.dependents(asked.snapshot) > most:
                kinds.add("LimitExceeded")  # MERGE-21
            kinds |= self.second_root(asked.snapshot)
        return {asked.snapshot}

    def do_merge_into_children(self, asked: ops.MergeIntoChildren) -> None:
        self.splice(asked.snapshot)

    def lost_by_merge(self, snapshot: str) -> set[str]:
        """The other dependents of the parent with everything below them (MERGE-27)."""
        parent = self.snapshots[snapshot]["parent"]
        lost = {one for child in self.children(parent) if child != snapshot for one in self.below(child)}
        return lost | ({"active"} if self.current == parent or self.current in lost else set())

    def lost_by_discard(self, snapshot: str) -> set[str]:
        """Everything below, and the active state if it grew from there (DISCARD-6, DISCARD-4)."""
        below = set(self.below(snapshot))
        return (below - {snapshot}) | ({"active"} if self.current in below else set())

    def lost(self, operation: Operation) -> set[str]:
        """The casualties of a merge into the parent or a discard of a listed snapshot."""
        by = self.lost_by_merge if operation.op == "merge_into_parent" else self.lost_by_discard
        return by(operation.snapshot)  # type: ignore[attr-defined]

    def _refuse_plain(self, asked: Any, kinds: set[str]) -> set[str]:
        lost = self.lost(asked) if asked.snapshot in self.snapshots else set()
        if lost:
            kinds.add("WouldDiscard")
        return lost

    def _refuse_forced(self, asked: Any, kinds: set[str]) -> None:
        kinds |= self.bad_wish(asked.resume_as)
        if asked.snapshot not in self.snapshots or "active" not in self.lost(asked):
            return
        comes_on = self.persistent or asked.resume_as in ON
        if not comes_on and self.profile.transient_off == "refused":
            kinds.add("InvalidPowerState")  # POWER-30
        if self.snapshots[asked.snapshot]["parent"] is None and not self.profile.offers("reset_to_base"):
            kinds.add("Unsupported")  # FORCE-6

    refuse_discard, refuse_discard_forced = _refuse_plain, _refuse_forced

    def refuse_merge_into_parent(self, asked: Any, kinds: set[str]) -> set[str]:
        kinds |= self.second_root(asked.snapshot)
        return self._refuse_plain(asked, kinds)

    def refuse_merge_into_parent_forced(self, asked: Any, kinds: set[str]) -> None:
        kinds |= self.second_root(asked.snapshot)
        self._refuse_forced(asked, kinds)

    def do_merge_into_parent(self, asked: Any) -> None:
        lost = self.lost_by_merge(asked.snapshot)
        parent = self.snapshots[asked.snapshot]["parent"]
        for one in lost - {"active"}:
            del self.snapshots[one]
        gone = self.splice(asked.snapshot)
        if parent is None:  # MERGE-16
            self.base = _point(deepcopy(gone["point"]["disks"]), deepcopy(gone["point"]["configuration"]))
        else:  # MERGE-11, NAME-23
            self.snapshots[parent].update(point=gone["point"], captured=gone["captured"])
        if "active" in lost:
            self.reset(parent, asked.resume_as)

    def do_discard(self, asked: Any) -> None:
        lost = self.lost_by_discard(asked.snapshot)
        parent = self.snapshots[asked.snapshot]["parent"]
        for one in (lost - {"active"}) | {asked.snapshot}:
            del self.snapshots[one]
        if "active" in lost:
            self.reset(parent, asked.resume_as)

    do_merge_into_parent_forced, do_discard_forced = do_merge_into_parent, do_discard

    def do_remove_subtree(self, asked: ops.RemoveSubtree) -> None:
        for one in reversed(self.below(asked.snapshot)):  # leaf first
            if not (asked.keep_root and one == asked.snapshot):
                self.splice(one)

    def refuse_retire(self, asked: ops.Retire, kinds: set[str]) -> None:
        kinds |= self.second_root(asked.snapshot)

    def do_retire(self, asked: ops.Retire) -> None:
        key = asked.snapshot
        while key in self.retired:
            key += "'"  # Where the name is the identity, retired ones may share it; none is reclaimed.
        self.retired[key] = self.splice(asked.snapshot)  # RETIRE-1

    def refuse_reclaim(self, asked: ops.Reclaim, kinds: set[str]) -> None:
        if asked.snapshot not in self.retired:  # RETIRE-11, RETIRE-12
            kinds.add("InvalidArgument" if asked.snapshot in self.snapshots else "NoSuchSnapshot")

    def do_reclaim(self, asked: ops.Reclaim) -> None:
        del self.retired[asked.snapshot]

    def refuse_rename(self, asked: ops.Rename, kinds: set[str]) -> None:
        kinds |= self.bad_name(asked.name, asked.snapshot, ("unique", "replace"))

    def refuse_describe(self, asked: ops.Describe, kinds: set[str]) -> None:
        kinds |= self.bad_description(asked.description)

    def bad_description(self, text: str) -> set[str]:
        bad = self.profile.descriptions == "xml" and not all(map(_xml_has, text))
        return {"InvalidArgument"} if bad else set()  # CREATE-17

    def do_rename(self, asked: ops.Rename) -> None:
        self.snapshots[asked.snapshot]["name"] = asked.name

    def do_describe(self, asked: ops.Describe) -> None:
        self.snapshots[asked.snapshot]["description"] = asked.description

    # --- power ------------------------------------------------------------------------

    def refuse_start(self, _: Operation, kinds: set[str]) -> None:
        self.need(kinds, "off")

    def need(self, kinds: set[str], *powers: str) -> None:
        if self.active["power"] not in powers:
            kinds.add("InvalidPowerState")  # POWER-25 to POWER-28, ACTIVE-20

    def refuse_stop(self, _: Operation, kinds: set[str]) -> None:
        self.need(kinds, *ON)

    def refuse_pause(self, _: Operation, kinds: set[str]) -> None:
        self.need(kinds, "running")

    def refuse_resume(self, _: Operation, kinds: set[str]) -> None:
        self.need(kinds, "paused")

    def do_start(self, _: Operation) -> None:
        self.active.update(self.image or {"memory": "unspecified", "power": "running"})  # POWER-10
        self.image = None

    def do_stop(self, _: Operation) -> None:
        self.active.update(memory=None, power="off")  # POWER-13
        self.defined = self.persistent  # POWER-18

    def do_crash(self, _: Operation) -> None:
        if self.active["power"] in ON:
            self.do_stop(_)  # POWER-16: the image stays

    def do_pause(self, _: Operation) -> None:
        self.active["power"] = "paused"

    def do_resume(self, _: Operation) -> None:
        self.active["power"] = "running"

    def refuse_managed_save(self, _: Operation, kinds: set[str]) -> None:
        if not self.persistent:
            kinds.add("Unsupported")  # SAVE-18
        if self.active["power"] == "off":
            kinds.add("InvalidPowerState")

    def do_managed_save(self, _: Operation) -> None:
        self.image = {"memory": self.active["memory"], "power": self.active["power"]}  # SAVE-8
        self.active.update(memory=None, power="off")

    def do_managed_save_remove(self, _: Operation) -> None:
        self.image = None

    def refuse_undefine(self, _: Operation, kinds: set[str]) -> set[str]:
        self.refuse_undefine_forced(_, kinds)
        if self.snapshots or self.image is not None:
            kinds.add("WouldDiscard")  # POWER-21
        return set(self.snapshots) | ({"active"} if self.image is not None else set())  # POWER-22

    def refuse_undefine_forced(self, _: Operation, kinds: set[str]) -> None:
        if self.active["power"] != "off":
            kinds.add("InvalidPowerState")

    def do_undefine(self, _: Operation) -> None:
        self.defined = False

    do_undefine_forced = do_undefine

    # --- the active state -------------------------------------------------------------

    def disk(self, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.active["disks"].get(name) or self.independent.get(name)
        return found

    def image_bars(self, kinds: set[str]) -> None:
        if self.image is not None:
            kinds.add("InvalidPowerState")  # SAVE-4

    def refuse_write_disk(self, asked: ops.WriteDisk, kinds: set[str]) -> None:
        self.image_bars(kinds)
        disk = self.disk(asked.disk)
        inside = disk is not None and asked.block >= 0 and asked.block * STRIDE + SECTOR <= disk["size"]
        if not inside or not 0 <= asked.value <= 255:
            kinds.add("InvalidArgument")  # ACTIVE-11

    def do_write_disk(self, asked: ops.WriteDisk) -> None:
        disk = self.disk(asked.disk)
        assert disk is not None
        disk["blocks"][asked.block] = asked.value

    def refuse_write_memory(self, asked: ops.WriteMemory, kinds: set[str]) -> None:
        self.need(kinds, *ON)
        if not 0 <= asked.value <= 255:
            kinds.add("InvalidArgument")

    def do_write_memory(self, asked: ops.WriteMemory) -> None:
        self.active["memory"] = asked.value

    def bad_size(self, size: int) -> set[str]:
        most = self.profile.limits.disk_size
        fits = most is None or size <= most  # ACTIVE-15
        return set() if size > 0 and size % STRIDE == 0 and fits else {"InvalidArgument"}

    def refuse_resize_disk(self, asked: ops.ResizeDisk, kinds: set[str]) -> None:
        self.image_bars(kinds)
        kinds |= self.bad_size(asked.size) | (set() if self.disk(asked.disk) else {"InvalidArgument"})

    def do_resize_disk(self, asked: ops.ResizeDisk) -> None:
        disk = self.disk(asked.disk)
        assert disk is not None
        blocks = {block: value for block, value in disk["blocks"].items() if block * STRIDE < asked.size}
        disk.update(size=asked.size, blocks=blocks)  # ACTIVE-2

    def points(self) -> list[dict[str, Any]]:
        return [self.base, *(one["point"] for one in (*self.snapshots.values(), *self.retired.values()))]

    def refuse_attach_disk(self, asked: ops.AttachDisk, kinds: set[str]) -> None:
        self.image_bars(kinds)
        kinds |= self.bad_size(asked.size)
        if (
            not asked.disk
            or self.disk(asked.disk)
            or (asked.independent and any(asked.disk in point["disks"] for point in self.points()))
        ):
            kinds.add("InvalidArgument")
        if asked.independent and not self.profile.offers("independent_disks"):
            kinds.add("Unsupported")  # PROFILE-1

    def do_attach_disk(self, asked: ops.AttachDisk) -> None:
        disks = self.independent if asked.independent else self.active["disks"]
        disks[asked.disk] = {"size": asked.size, "blocks": {}}  # ACTIVE-7

    def refuse_detach_disk(self, asked: ops.DetachDisk, kinds: set[str]) -> None:
        self.image_bars(kinds)
        kinds |= set() if self.disk(asked.disk) else {"InvalidArgument"}

    def do_detach_disk(self, asked: ops.DetachDisk) -> None:
        self.active["disks"].pop(asked.disk, None)
        self.independent.pop(asked.disk, None)

    def refuse_configure(self, asked: ops.Configure, kinds: set[str]) -> None:
        self.image_bars(kinds)
        if asked.key == "":
            kinds.add("InvalidArgument")  # ACTIVE-19

    def do_configure(self, asked: ops.Configure) -> None:
        entries = {key: old for key, old in self.active["configuration"].items() if key != asked.key}
        self.active["configuration"] = entries | ({asked.key: asked.value} if asked.value else {})

    # --- look-ups ---------------------------------------------------------------------

    def do_list(self, _: Operation) -> list[str]:
        return list(self.snapshots)

    def do_count(self, _: Operation) -> int:
        return len(self.snapshots)

    def do_children(self, asked: ops.Children) -> list[str]:
        return self.children(asked.snapshot)

    def do_parent(self, asked: ops.Parent) -> str | None:
        parent: str | None = self.snapshots[asked.snapshot]["parent"]
        return parent

    def do_current(self, _: Operation) -> str | None:
        return self.current

    def do_lookup_by_id(self, asked: ops.LookupById) -> str:
        return asked.snapshot

    def refuse_lookup_by_name(self, asked: ops.LookupByName, kinds: set[str]) -> None:
        bearers = self.bearers(asked.name)
        if not bearers:
            kinds.add("NoSuchSnapshot")  # REFUSE-4
        if len(bearers) > 1 and self.profile.names.lookup == "ambiguous":
            kinds.add("AmbiguousName")  # NAME-28

    def do_lookup_by_name(self, asked: ops.LookupByName) -> str:
        bearers = self.bearers(asked.name)
        if self.profile.names.lookup == "first-breadth-first":
            level = self.children(None)
            while not set(level) & set(bearers):
                level = [child for one in level for child in self.children(one)]  # NAME-29
            return next(one for one in level if one in bearers)
        in_order = [one for root in self.children(None) for one in self.below(root)]
        return next(one for one in in_order if one in bearers)


def _xml_has(letter: str) -> bool:
    """Whether the letter is a Char of XML 1.0."""
    ranges = (("\t", "\n"), ("\r", "\r"), (" ", "\ud7ff"), ("\ue000", "\ufffd"), ("\U00010000", "\U0010ffff"))
    return any(first <= letter <= last for first, last in ranges)


def _nothing(_: Operation, __: set[str]) -> None:
    return None
