"""The calls of one machine.

VirtualBox has one delete: it merges into the only child or the active state, and discards if nothing
depends on the snapshot. The driver therefore looks first (``kit.one_delete``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from copy import copy
from http.client import HTTPException
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.kit.blocks import check_write, check_writes
from snaptree.conformance.drivers.kit.callers import Gate
from snaptree.conformance.drivers.kit.one_delete import OneDelete
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.kit.text import xml_carries
from snaptree.conformance.drivers.kit.uuids import GivenUuids
from snaptree.conformance.drivers.virtualbox import disks
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError
from snaptree.conformance.drivers.virtualbox.machine import Machine
from snaptree.conformance.drivers.virtualbox.observation import PROPERTIES, ObservableMachine
from snaptree.conformance.drivers.virtualbox.soap import Api
from snaptree.spec.outcomes import InvalidArgument, InvalidName, InvalidPowerState, Unsupported

_KEEP_RUNNING: Final = True
"""``pause`` of takeSnapshot; false asks for a live snapshot, which a machine that is off refuses."""


class VirtualBoxDomain(ObservableMachine, OneDelete):
    """A machine that is off. ``killed`` kills its VBoxSVC and answers a session with the next one.

    ``folder`` is where all that is persistent lies, if a copy of it can be opened.
    """

    deletes_subtrees = False
    folder: Path

    def __init__(
        self,
        machine: Machine,
        killed: Callable[[], Api],
        given_up: Callable[[], None],
        session: Callable[[], Api],
    ) -> None:
        super().__init__(machine)
        self._new_session = session
        self._gate: Gate | None = None
        self._attached = False
        self._killed = killed
        self._given_up = given_up
        self._uuids = GivenUuids(identify=True)

    def attach(self) -> VirtualBoxDomain:
        """Another caller, in a session with a shared lock: the first one has that for writing, and keeps it.

        Seen: where each call takes a lock of its own, the machine stays locked for ever.
        """
        self.several_callers = True
        machine = self.machine.attach(self._new_session())
        other = copy(self)
        other.machine, other.snapshots = machine, self.snapshots.of(machine)
        other._attached, other._gate = True, None
        other.begin_session()
        return other

    def hold_at(self, place: int | None) -> None:
        """Stop the next call with an IProgress before it looks at that; see ``Holds``."""
        gate = self._gate = Gate()
        gate.hold_at(place)
        self.api.submitted = lambda: gate.pass_by("between its beginning and the first look at its progress")

    def held_at(self) -> str | None:
        """Where a call of this caller is stopped now."""
        return None if self._gate is None else self._gate.held_at()

    def let_go(self) -> None:
        """Let the call look at its progress."""
        if self._gate is not None:
            self._gate.let_go()

    @translate_errors
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
        self.snapshots.created(issued)
        self._uuids.give(issued, uuid)
        return issued

    @translate_errors
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Restore: the current state is lost."""
        self.check_resume(resume_as)
        self.revert_to(snapshot, resume_as)

    def revert_to(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """Restore. Nothing here starts a guest, so that ``resume_as`` is None."""
        self.api.finish("IMachine_restoreSnapshot", self.machine.ref, self.snapshots.find(snapshot))

    def delete(self, snapshot: SnapshotId, *, with_children: bool) -> None:
        """VirtualBox's delete, which takes one snapshot."""
        assert not with_children, "VirtualBox has no such delete"
        self.api.finish("IMachine_deleteSnapshot", self.machine.ref, snapshot)

    @translate_errors
    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""
        reference = self.snapshots.find(snapshot)
        self._is_name(name)
        self.api.call("ISnapshot_setName", reference, name)

    @translate_errors
    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""
        reference = self.snapshots.find(snapshot)
        self._is_text(description)
        self.api.call("ISnapshot_setDescription", reference, description)

    @translate_errors
    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set one block of the current image."""
        check_write(self.machine.sizes, disk, block, value)
        self._write(disk, {block: value})

    @translate_errors
    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Set several blocks of the current image."""
        self._write(disk, check_writes(self.machine.sizes, disk, blocks))

    def _write(self, disk: str, blocks: Mapping[int, int]) -> None:
        image = self.machine.image(self.machine.ref, disk)
        self._reader.forget(image)
        disks.write(self.api, image, blocks)

    @translate_errors
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
        """Kill VBoxSVC and the web service, and continue with new ones."""
        try:
            self.machine.find_again(self._killed())
        except BaseException:
            self.failed = True
            raise
        self.begin_session()

    def close(self) -> None:
        """Remove the machine with its files, if needed together with its VBoxSVC; or end a caller.

        Raises the error, unless an earlier call of this machine has failed already: that error has the
        reason.
        """
        if self._attached:
            self.machine.leave()
            return
        try:
            self.machine.remove()
            self.api.close()
        except (VirtualBoxError, OSError, HTTPException):
            self._given_up()
            if not self.failed:
                raise

    # --- steps ----------------------------------------------------------------

    @staticmethod
    def _is_name(name: str) -> None:
        if not xml_carries(name):
            raise InvalidName(f"{name!r} cannot be asked for: XML does not carry it")

    @staticmethod
    def _is_text(description: str) -> None:
        if not xml_carries(description):
            raise InvalidArgument(f"{description!r} cannot be asked for: XML does not carry it")


class ReopenedMachine(VirtualBoxDomain):
    """The machine in a folder that another VBoxSVC made. ``end`` kills the one that serves it."""

    def __init__(
        self,
        machine: Machine,
        killed: Callable[[], Api],
        end: Callable[[], None],
        session: Callable[[], Api],
    ) -> None:
        super().__init__(machine, killed, end, session)
        self._end = end
        self.snapshots.take_over()

    def release(self) -> None:
        """Kill VBoxSVC; the folder stays as it is."""
        self._end()

    def close(self) -> None:
        """The same, and empty the folder."""
        self._end()
        for entry in self.folder.iterdir():
            shutil.rmtree(entry, ignore_errors=True)
