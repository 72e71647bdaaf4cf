"""The calls of one domain.

vSphere has one removal: it merges into the children or the active state if there are any, and discards
otherwise. The driver therefore looks first (``kit.one_delete``), and always passes whether the children are
removed: users have lost snapshots by the default.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.esx import configuration, names
from snaptree.conformance.drivers.esx.faults import EsxError
from snaptree.conformance.drivers.esx.machines import Machines
from snaptree.conformance.drivers.esx.observation import ObservableMachine
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.tasks import finish
from snaptree.conformance.drivers.kit.callers import Gate
from snaptree.conformance.drivers.kit.one_delete import OneDelete
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.kit.uuids import GivenUuids
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    NoSuchSnapshot,
    Unsupported,
    WouldDiscard,
)
from snaptree.spec.profiles import Profile


class EsxDomain(ObservableMachine, OneDelete):
    """One machine. The driver neither reads nor writes its disks."""

    def __init__(
        self, session: Session, machines: Machines, machine: Any, profile: Profile, within: float
    ) -> None:
        super().__init__(session, machine, profile)
        self._machines = machines
        self._within = within
        self._uuids = GivenUuids()
        self._gate: Gate | None = None
        self._attached = False
        self.another_session: Callable[[], Session] | None = None
        """Logs in once more, where the driver lets several callers work on a machine."""

    # --- several callers ------------------------------------------------------

    def attach(self) -> EsxDomain:
        """Another caller, in a session of its own. Raises DriverUnavailable if the host lets nobody in."""
        assert self.another_session is not None, "who opens a domain says how to log in again"
        self.made.several_callers = True
        other = copy(self)
        other.session = self.another_session()
        other.machine = other.session.object(self.session.vim.VirtualMachine, self.machine._moId)
        other._attached, other._gate = True, None
        return other

    def hold_at(self, place: int | None) -> None:
        """Stop the next call that submits a task before it looks at that; see ``Holds``."""
        self._gate = Gate()
        self._gate.hold_at(place)

    def held_at(self) -> str | None:
        """Where a call of this caller is stopped now."""
        return None if self._gate is None else self._gate.held_at()

    def let_go(self) -> None:
        """Let the call look at its task."""
        if self._gate is not None:
            self._gate.let_go()

    # --- the tree -------------------------------------------------------------

    @translate_errors
    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state."""
        if not self.profile.names.allows(name):
            raise InvalidName(f"{name!r:.300} is no name for a snapshot")
        if quiesce and not self.profile.offers("quiesce"):
            raise Unsupported("quiescing is not claimed")
        if memory or quiesce:
            # Documented: both arguments are ignored for a machine that is off.
            power = self.power()
            if power != "running":
                raise InvalidPowerState(f"the machine is {power}: it has no memory, and nothing to quiesce")
        self._uuids.check(uuid, self.list)
        # Documented: a description that is left out may become a default one.
        made = self._finish(
            f"create {name!r:.80}",
            lambda: self.machine.CreateSnapshot_Task(
                name=names.escape(name), description=description, memory=memory, quiesce=quiesce
            ),
        )
        if made is None:
            raise EsxError("CreateSnapshot_Task succeeded without saying which snapshot it made")
        issued: str = made._moId
        self.made.created(issued, self._parent_of(issued) if self.made.several_callers else None)
        self._uuids.give(issued, uuid)
        return issued

    @translate_errors
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Make the active state what the snapshot holds; the host turns the machine on or off with it."""
        target = self._made_here(snapshot)
        if resume_as is not None:
            self.catalogue().require(snapshot)
            self.check_resume(resume_as)
        self._finish(f"revert to {snapshot}", lambda: target.RevertToSnapshot_Task(suppressPowerOn=False))

    def delete(self, snapshot: SnapshotId, *, with_children: bool) -> None:
        """The host's removal; it also applies to a lower snapshot that this run did not create."""
        target = self._handle(snapshot)
        self._finish(f"remove {snapshot}", lambda: target.RemoveSnapshot_Task(removeChildren=with_children))

    def revert_to(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """Revert, and turn off."""
        target = self._handle(snapshot)
        self._finish(f"revert to {snapshot}", lambda: target.RevertToSnapshot_Task(suppressPowerOn=True))
        # With memory it may be suspended now, and the specification wants it off.
        if self.power() != "off":
            self._finish("turning off", self.machine.PowerOffVM_Task)

    @translate_errors
    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""
        if not self.profile.names.allows(name):
            raise InvalidName(f"{name!r:.300} is no name for a snapshot")
        target = self._made_here(snapshot)
        self.session.ask(lambda: target.RenameSnapshot(name=names.escape(name)))

    @translate_errors
    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""
        target = self._made_here(snapshot)
        self.session.ask(lambda: target.RenameSnapshot(description=description))

    # --- power and configuration ----------------------------------------------

    @translate_errors
    def start(self) -> None:
        """Turn on."""
        self._finish("turning on", self.machine.PowerOnVM_Task)

    @translate_errors
    def stop(self) -> None:
        """Turn off, without asking the guest."""
        self._finish("turning off", self.machine.PowerOffVM_Task)

    @translate_errors
    def configure(self, key: str, value: str) -> None:
        """Set one option; an empty value removes it."""
        if not key:
            raise InvalidArgument("the key is empty")
        spec = configuration.entry_spec(self.session.vim, key, value)
        self._finish(f"set {key!r:.80}", lambda: self.machine.ReconfigVM_Task(spec))

    # --- the end --------------------------------------------------------------

    @translate_errors
    def undefine(self) -> None:
        """Remove a machine that is off and has no snapshots."""
        power = self.power()
        if power != "off":
            raise InvalidPowerState(f"the machine is {power}")
        casualties = self.catalogue().ids()
        if casualties:
            raise WouldDiscard("it has snapshots", casualties=casualties)
        self.undefine_forced()

    @translate_errors
    def undefine_forced(self) -> None:
        """Remove a machine with its snapshots; the host refuses that for one that is on."""
        self._machines.destroy(self.machine)
        self.gone = True

    def close(self) -> None:
        """Give the machine back; if its session is gone, the next session does that. Or end a caller."""
        if self._attached:
            self.session.close()
            return
        if not self.gone:
            self._machines.give_back(self.machine, self.made)
            self.gone = True

    # --- steps ----------------------------------------------------------------

    def _finish(self, what: str, call: Any) -> Any:
        """The result of a task of this machine. Raises as ``Session.ask`` and ``awaited``."""
        task = self.session.ask(call)
        if self._gate is not None:
            self._gate.pass_by("between the submission of its task and the first look at it")
        return finish(self.session, task, what, self._within)

    def _parent_of(self, snapshot: SnapshotId) -> SnapshotId | None:
        return next((one.parent for one in self.catalogue().entries if one.id == snapshot), None)

    def _made_here(self, snapshot: SnapshotId) -> Any:
        """The managed object of a snapshot that was made here; whether it still is, the host says."""
        if snapshot not in self.made:
            raise NoSuchSnapshot(f"no snapshot {snapshot!r:.300} was made here")
        return self._handle(snapshot)

    def _handle(self, snapshot: SnapshotId) -> Any:
        return self.session.object(self.session.vim.vm.Snapshot, snapshot)
