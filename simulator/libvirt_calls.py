"""libvirt's own calls on the machine, as libvirt documents them. Snapshots are named by their ids.

The only entry is ``native_call``, as in a driver of libvirt: the name of the C function and its arguments.
Errors have libvirt's codes; ``events`` holds the events of the last call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from snaptree.simulator.delete_calls import DeleteCalls
from snaptree.simulator.guest_calls import GuestCalls
from snaptree.simulator.nodes import Node
from snaptree.simulator.tree_calls import TreeCalls
from snaptree.spec.observation import Observation
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidPowerState,
    LimitExceeded,
    NameInUse,
    NoSuchSnapshot,
    Refusal,
    Unsupported,
    WouldDiscard,
)

_CODES: Final[dict[type[Refusal], int]] = {
    NoSuchSnapshot: 72, InvalidArgument: 8, Unsupported: 84, InvalidPowerState: 55, WouldDiscard: 55,
    NameInUse: 9, LimitExceeded: 84,
}  # fmt: skip

# Bits as in libvirt's headers; what a set of flags may hold, and those that exclude each other.
_CREATE: Final = {"REDEFINE": 1, "CURRENT": 2, "NO_METADATA": 4, "HALT": 8, "DISK_ONLY": 16,
                  "REUSE_EXT": 32, "QUIESCE": 64, "ATOMIC": 128, "LIVE": 256, "VALIDATE": 512}  # fmt: skip
_DELETE: Final = {"CHILDREN": 1, "METADATA_ONLY": 2, "CHILDREN_ONLY": 4}
_REVERT: Final = {"RUNNING": 1, "PAUSED": 2, "FORCE": 4, "RESET_NVRAM": 8}
_SAVE: Final = {"BYPASS_CACHE": 1, "RUNNING": 2, "PAUSED": 4, "RESET_NVRAM": 8}
_UNDEFINE: Final = {"MANAGED_SAVE": 1, "SNAPSHOTS_METADATA": 2, "NVRAM": 4, "KEEP_NVRAM": 8,
                    "CHECKPOINTS_METADATA": 16, "TPM": 32, "KEEP_TPM": 64}  # fmt: skip
_SECURE: Final = 1

FLAGS: Final = {"create": _CREATE, "delete": _DELETE, "revert": _REVERT, "save": _SAVE, "undefine": _UNDEFINE}
"""The bits that are known here, for a test that compares them with libvirt's."""

_DEEP, _METADATA, _LEAVES, _NO_LEAVES, _NO_METADATA = 1, 2, 4, 8, 16
_INACTIVE, _ACTIVE, _DISK_ONLY, _INTERNAL, _EXTERNAL, _TOPOLOGICAL = 32, 64, 128, 256, 512, 1024
_FILTERS: Final = 2 * _TOPOLOGICAL - 1

_STARTED, _SUSPENDED, _RESUMED, _STOPPED = 2, 3, 4, 5


class LibvirtCalls(TreeCalls, DeleteCalls, GuestCalls):
    """libvirt's calls; ``events`` is None until the first of them."""

    events: list[list[int]] | None = None

    def native_call(self, name: str, arguments: dict[str, Any]) -> Any:
        """One of libvirt's calls. Raises a refusal with libvirt's code."""
        self.events = []
        made = getattr(self, f"native_{name.removeprefix('virDomain').replace(':', '_')}", None)
        if made is None:
            raise Unsupported(f"no call {name}")
        try:
            if not self.defined:
                raise InvalidArgument("no such domain")
            with self.turn, self.sight:
                return self._wholly(name, made, arguments)
        except Refusal as refusal:
            code = 42 if not self.defined else _CODES.get(type(refusal), 1)
            refusal.native = {"system": "libvirt", "code": code, "text": str(refusal)}
            refusal.casualties = None
            raise

    def _wholly(self, name: str, made: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Run a group of calls as one mutation: all of it takes effect, or nothing."""
        self.journal.begin(name)
        try:
            result = made(**arguments)
        except Exception:
            if self.journal.roll_back():
                self.pool.epoch += 1
            raise
        self.journal.commit()
        return result

    def _shown(self) -> Observation:
        shown = super()._shown()
        if self.events is not None:
            shown["events"] = self.events
        return shown

    def _tell(self, event: int, detail: int) -> None:
        assert self.events is not None, "a call is under way"
        self.events.append([event, detail])

    # --- snapshots --------------------------------------------------------------

    def native_SnapshotCreateXML(self, name: str, description: str, flags: int) -> str:  # noqa: N802 - libvirt's name
        """Capture the domain, with its memory if it has any."""
        self._take(flags, "create", _CREATE)
        disk_only, halts = flags & _CREATE["DISK_ONLY"], flags & _CREATE["HALT"]
        quiesces_memory = flags & _CREATE["QUIESCE"] and not disk_only
        if flags & _CREATE["CURRENT"] or quiesces_memory or (halts and not self.persistent):
            raise InvalidArgument("flags that do not go together, or not with this domain")
        on = self.power != "off"
        key = self.create(name, description, memory=on and not disk_only)
        if halts and on:
            self.stop()
            self._tell(_STOPPED, 6)
        return key

    def native_SnapshotCreateXML_REDEFINE(  # noqa: N802 - libvirt's name
        self, snapshot: str, edit: str, parent: str | None, flags: int
    ) -> str:
        """Restore the record of a listed or forgotten snapshot."""
        self._take(flags, "create", _CREATE)
        node = self.nodes.get(snapshot) or self.hidden.get(snapshot)
        if node is None:
            raise NoSuchSnapshot(f"no snapshot {snapshot!r}")
        if flags & (_CREATE["NO_METADATA"] | _CREATE["HALT"]) or edit in (
            "unknown-parent",
            "domain",
            "state",
            "time",
        ):
            raise InvalidArgument("a record that cannot be")
        over = node.over
        if edit == "parent":
            over = self.ground if parent is None else self._node(parent)
        assert over is not None, "every snapshot stands on something"
        if over is not self.ground and (over.key not in self.nodes or over in self.tower(node)):
            raise InvalidArgument("no such parent, or one that stands on it")
        if snapshot in self.hidden or over is not node.over:
            self.admit_place(node, over)
        if snapshot in self.hidden:
            del self.hidden[snapshot]
            self.nodes[snapshot] = node
            self.nodes = {one.key: one for one in sorted(self.nodes.values(), key=lambda one: one.number)}
        node.over = over
        if edit == "description":
            node.description = "again"
        if flags & _CREATE["CURRENT"]:
            self.at = node
        for one in self.nodes.values():
            self.touched(one)
        return snapshot

    def admit_place(self, node: Node, over: Node) -> None:
        """Refuse to put a snapshot, with all that stands on it, where no create could have made it."""
        limit = self.profile.limits.depth
        here = sum(1 for _ in over.path())
        # A forgotten one has nothing above it: its children went down when it was forgotten.
        tower = [node] if node.key in self.hidden else self.tower(node)
        height = 1 + max(sum(1 for _ in one.path()) for one in tower) - sum(1 for _ in node.path())
        if limit is not None and here + height > limit:
            raise LimitExceeded(f"at most {limit} deep")
        others = [one for one in self.above(self.ground) if one is not node]
        if self.profile.roots == "single" and over is self.ground and others:
            raise Unsupported("only one root snapshot can exist")

    def native_SnapshotDelete(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        """Remove a snapshot, its subtree, or only the records."""
        self._take(flags, "delete", _DELETE)
        whole, below = flags & _DELETE["CHILDREN"], flags & _DELETE["CHILDREN_ONLY"]
        if whole and below:
            raise InvalidArgument("CHILDREN and CHILDREN_ONLY exclude each other")
        tower = self.tower(self._node(snapshot))
        gone = tower[1:] if below else tower if whole else tower[:1]
        for node in reversed(gone):
            if flags & _DELETE["METADATA_ONLY"]:
                self.unlist(node)
                self.hidden[node.key] = node
            else:
                self.splice(node)

    def native_RevertToSnapshot(self, snapshot: str, flags: int) -> None:  # noqa: N802 - libvirt's name
        """Revert; every revert starts a new process."""
        self._take(flags, "revert", _REVERT)
        running, paused = flags & _REVERT["RUNNING"], flags & _REVERT["PAUSED"]
        if running and paused:
            raise InvalidArgument("RUNNING and PAUSED exclude each other")
        node = self._node(snapshot)
        if node.memory is None and not self.persistent and not (running or paused):
            raise InvalidPowerState("a transient domain is never off")
        was_on = self.power != "off"
        self.revert(snapshot, "running" if running else "paused" if paused else None)
        if was_on:
            self._tell(_STOPPED, 6)
        if self.power != "off":
            self._tell(_STARTED, 3)
        if self.power == "paused":
            self._tell(_SUSPENDED, 5)

    # --- lists and look-ups -------------------------------------------------------

    def native_ListAllSnapshots(self, flags: int) -> list[str]:  # noqa: N802 - libvirt's name
        """All snapshots that pass the filter, or only the roots."""
        return self._passing(self.above(self.ground) if flags & _DEEP else [*self.nodes.values()], flags)

    def native_SnapshotListAllChildren(self, snapshot: str, flags: int) -> list[str]:  # noqa: N802 - libvirt's name
        """The children that pass the filter, or all descendants."""
        node = self._node(snapshot)
        return self._passing(self.tower(node)[1:] if flags & _DEEP else self.above(node), flags)

    def native_SnapshotNum(self, flags: int) -> int:  # noqa: N802 - libvirt's name
        """The number of snapshots that pass the filter."""
        return len(self.native_ListAllSnapshots(flags))

    def native_SnapshotNumChildren(self, snapshot: str, flags: int) -> int:  # noqa: N802 - libvirt's name
        """The number of children or descendants that pass the filter."""
        return len(self.native_SnapshotListAllChildren(snapshot, flags))

    def passes(self, node: Node, flags: int) -> bool:
        """Whether a snapshot passes the filter: in every group that has a flag set, one of the flags set
        applies.
        """
        leaf, memory = not self.above(node), node.memory is not None
        groups = (
            {_LEAVES: leaf, _NO_LEAVES: not leaf},
            {_METADATA: True, _NO_METADATA: False},
            {
                _INACTIVE: not memory and node.power == "off",
                _ACTIVE: memory,
                _DISK_ONLY: not memory and node.power != "off",
            },
            {_INTERNAL: True, _EXTERNAL: False},
        )
        asked = ([holds for bit, holds in group.items() if flags & bit] for group in groups)
        return all(any(group) for group in asked if group)

    def _passing(self, nodes: list[Node], flags: int) -> list[str]:
        if flags & ~_FILTERS:
            raise InvalidArgument("an unknown flag")
        if flags & _TOPOLOGICAL:
            nodes = [node for node in self.tower(self.ground) if node in nodes]
        return [node.key for node in nodes if self.passes(node, flags)]

    def native_SnapshotLookupByName(self, name: str, flags: int) -> str:  # noqa: N802 - libvirt's name
        """The snapshot with that name."""
        self._none(flags)
        bearers = [node.key for node in self.nodes.values() if node.name == name]
        return bearers[0] if bearers else self._node(name).key

    def native_SnapshotCurrent(self, flags: int) -> str:  # noqa: N802 - libvirt's name
        """The current snapshot."""
        self._none(flags)
        return self._node(self.at.key).key

    def native_HasCurrentSnapshot(self, flags: int) -> int:  # noqa: N802 - libvirt's name
        """Whether a snapshot is current."""
        self._none(flags)
        return int(self.at is not self.ground)

    def native_SnapshotGetParent(self, snapshot: str, flags: int) -> str:  # noqa: N802 - libvirt's name
        """The parent of a snapshot."""
        self._none(flags)
        over = self._node(snapshot).over
        assert over is not None, "every snapshot stands on something"
        return self._node(over.key).key

    def native_SnapshotIsCurrent(self, snapshot: str, flags: int) -> int:  # noqa: N802 - libvirt's name
        """Whether the snapshot is current."""
        self._none(flags)
        return int(self._node(snapshot) is self.at)

    def native_SnapshotHasMetadata(self, snapshot: str, flags: int) -> int:  # noqa: N802 - libvirt's name
        """Whether libvirt has a record of the snapshot; true for every listed one."""
        self._none(flags)
        return int(bool(self._node(snapshot).key))

    def native_SnapshotGetXMLDesc(self, snapshot: str, flags: int) -> dict[str, Any]:  # noqa: N802 - libvirt's name
        """The fields of the snapshot's document."""
        self._none(flags & ~_SECURE)
        node = self._node(snapshot)
        root = node.over is self.ground or node.over is None
        return {
            "name": node.name,
            "description": node.description,
            "parent": None if root or node.over is None else node.over.name,
            "state": self._state_of(node),
            "disks": node.memory is None,
        }

    def _state_of(self, node: Node) -> str:
        """libvirt's word for what was captured: disks alone are a state of their own while it is on."""
        words = {"off": "shutoff", "running": "running", "paused": "paused"}
        disks_of_a_domain_that_is_on = node.memory is None and node.power != "off"
        return "disk-snapshot" if disks_of_a_domain_that_is_on else words[node.power]

    # --- the domain -----------------------------------------------------------------

    def native_Create(self) -> None:  # noqa: N802 - libvirt's name
        """Boot, or continue the managed-save image."""
        saved = self.saved is not None
        self.start()
        self._tell(_STARTED, 2 if saved else 0)
        if self.power == "paused":
            self._tell(_SUSPENDED, 4)

    def native_Destroy(self) -> None:  # noqa: N802 - libvirt's name
        """Turn off."""
        self.stop()
        self._tell(_STOPPED, 1)

    def native_Suspend(self) -> None:  # noqa: N802 - libvirt's name
        """Stop the processors."""
        self.pause()
        self._tell(_SUSPENDED, 0)

    def native_Resume(self) -> None:  # noqa: N802 - libvirt's name
        """Let them run on."""
        self.resume()
        self._tell(_RESUMED, 0)

    def native_ManagedSave(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        """Save memory and turn off."""
        running, paused = flags & _SAVE["RUNNING"], flags & _SAVE["PAUSED"]
        if flags & ~sum(_SAVE.values()) or (running and paused):
            raise InvalidArgument("an unknown flag, or two that exclude each other")
        self.managed_save()
        assert self.saved is not None, "it was just saved"
        self.saved = (self.saved[0], "running" if running else "paused" if paused else self.saved[1])
        self._tell(_STOPPED, 4)

    def native_ManagedSaveRemove(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        """Drop the image."""
        self._none(flags)
        self.managed_save_remove()

    def native_UndefineFlags(self, flags: int) -> None:  # noqa: N802 - libvirt's name
        """Remove the definition."""
        if flags & ~sum(_UNDEFINE.values()):
            raise InvalidArgument("an unknown flag")
        off = self.power == "off"
        keeps_image = self.saved is not None and not flags & _UNDEFINE["MANAGED_SAVE"]
        if keeps_image or (off and self.nodes and not flags & _UNDEFINE["SNAPSHOTS_METADATA"]):
            raise WouldDiscard("there are snapshots, or an image")
        self._tell(1, 0)
        if off:
            self._remove()
        else:
            self.persistent = False

    # --- what they share --------------------------------------------------------------

    def _node(self, snapshot: str) -> Node:
        if snapshot not in self.nodes:
            raise NoSuchSnapshot(f"no snapshot {snapshot!r}")
        return self.nodes[snapshot]

    def _none(self, flags: int) -> None:
        if flags:
            raise InvalidArgument("the call has no flags")

    def _take(self, flags: int, group: str, bits: dict[str, int]) -> None:
        taken = self.profile.libvirt.get(group, ())
        if flags & ~sum(bit for name, bit in bits.items() if name in taken):
            raise InvalidArgument("a flag that is not known here")
