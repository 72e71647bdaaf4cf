"""The calls of one machine.

VirtualBox has one delete: it merges into the one child, or the active state, and discards where nothing
depends on the snapshot. So the driver looks first, and calls it only where that is what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPException
from typing import Final

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.given_uuids import GivenUuids
from snaptree.conformance.drivers.virtualbox import disks
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError
from snaptree.conformance.drivers.virtualbox.looking import PROPERTIES, LookedAt, judged_call
from snaptree.conformance.drivers.virtualbox.machine import Machine
from snaptree.conformance.drivers.virtualbox.soap import Api
from snaptree.conformance.drivers.virtualbox.text import carried
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    Unsupported,
    WouldDiscard,
)
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

_KEEP_RUNNING: Final = True
"""``pause`` of takeSnapshot; false asks for a live snapshot, which a machine that is off refuses."""


class VirtualBoxDomain(LookedAt):
    """A machine that is off. ``killed`` kills its VBoxSVC and answers a session with the next one."""

    def __init__(self, machine: Machine, killed: Callable[[], Api], given_up: Callable[[], None]) -> None:
        super().__init__(machine)
        self._killed = killed
        self._given_up = given_up
        self._uuids = GivenUuids()

    @judged_call
    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state. VirtualBox issues the UUID, which is the snapshot's id."""
        if memory:
            raise InvalidPowerState("a machine that is off has no memory")
        if quiesce:
            raise Unsupported("VirtualBox does not quiesce")
        self._is_name(name)
        self._is_text(description)
        self._uuids.check(uuid, self.list)
        answer = self.api.finish("IMachine_takeSnapshot", self.machine.ref, name, description, _KEEP_RUNNING)
        issued: SnapshotId = answer.id
        self.created(issued)
        self._uuids.give(issued, uuid)
        return issued

    @judged_call
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Restore: the current state goes without a question."""
        self._resumes_nothing(resume_as)
        self.api.finish("IMachine_restoreSnapshot", self.machine.ref, self.found(snapshot))

    @judged_call
    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Delete a snapshot that something depends on."""
        reference = self.found(snapshot)
        if not self.children_of(reference) and self.current_reference() != reference:
            raise WouldDiscard("nothing depends on it", casualties=[snapshot])
        self._delete(snapshot)

    @judged_call
    def discard(self, snapshot: SnapshotId) -> None:
        """Delete a snapshot that nothing depends on."""
        casualties = self.casualties_of(self.found(snapshot))
        if casualties:
            raise WouldDiscard("something depends on it", casualties=casualties)
        self._delete(snapshot)

    @judged_call
    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Restore the parent if the active state would go too; then delete from the leaves down."""
        self._resumes_nothing(resume_as)
        reference = self.found(snapshot)
        below = [self.id_of(one) for one, _ in self.below(reference)]
        if self.current() in (snapshot, *below):
            parent = self.api.call("ISnapshot_getParent", reference)
            if not parent:
                raise Unsupported("nothing goes back to before the first snapshot")
            self.api.finish("IMachine_restoreSnapshot", self.machine.ref, parent)
        for one in (*reversed(below), snapshot):
            self._delete(one)

    @judged_call
    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool = False) -> None:
        """Delete from the leaves down, each by the delete that keeps the active state."""
        reference = self.found(snapshot)
        below = [self.id_of(one) for one, _ in self.below(reference)]
        for one in (*reversed(below), *(() if keep_root else (snapshot,))):
            self._delete(one)

    @judged_call
    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""
        reference = self.found(snapshot)
        self._is_name(name)
        self.api.call("ISnapshot_setName", reference, name)

    @judged_call
    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""
        reference = self.found(snapshot)
        self._is_text(description)
        self.api.call("ISnapshot_setDescription", reference, description)

    @judged_call
    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set one block of the current image."""
        if disk not in self.machine.disks:
            raise InvalidArgument(f"there is no disk {disk!r}")
        image = self.machine.image(self.machine.ref, disk)
        size = self.machine.sizes[disk]
        if not (block >= 0 and block * BLOCK_STRIDE + BLOCK_SIZE <= size and 0 <= value <= 255):
            raise InvalidArgument(f"no block {block} of {disk}, or no value {value}")
        self._reader.forget(image)
        disks.write(self.api, image, block, value)

    @judged_call
    def configure(self, key: str, value: str) -> None:
        """Set a guest property of the machine."""
        if not key:
            raise InvalidArgument("the key is empty")
        machine, name = self.machine.ref, f"{PROPERTIES}{key}"
        if value:
            self.api.call("IMachine_setGuestProperty", machine, name, value, "")
        elif key in self.configuration(machine):
            self.api.call("IMachine_deleteGuestProperty", machine, name)
        else:
            return
        self.api.call("IMachine_saveSettings", machine)

    def crash(self) -> None:
        """Kill VBoxSVC and the web service, and go on with new ones."""
        self.machine.found_again(self._killed())
        self.looked_at_anew()

    def close(self) -> None:
        """Remove the machine with everything that belongs to it, if need be with its VBoxSVC."""
        try:
            self.machine.remove()
            self.api.close()
        except (VirtualBoxError, OSError, HTTPException):
            # What was wrong, an earlier call has said.
            self._given_up()

    # --- steps ----------------------------------------------------------------

    def _delete(self, snapshot: SnapshotId) -> None:
        self.api.finish("IMachine_deleteSnapshot", self.machine.ref, snapshot)

    @staticmethod
    def _resumes_nothing(resume_as: str | None) -> None:
        if resume_as is not None:
            raise Unsupported("no guest is started here")

    @staticmethod
    def _is_name(name: str) -> None:
        if not carried(name):
            raise InvalidName(f"{name!r} cannot be asked for: XML does not carry it")

    @staticmethod
    def _is_text(description: str) -> None:
        if not carried(description):
            raise InvalidArgument(f"{description!r} cannot be asked for: XML does not carry it")
