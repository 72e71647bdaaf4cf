"""The calls of one domain.

vSphere has one removal: it merges into the children where there are any, or the
active state, and discards where there is nothing. So the driver looks first and
calls it only where that is what was asked for, and always says whether the
children are to go: leaving that to a default has cost people their snapshots.
"""

from __future__ import annotations

from typing import Any

from snaptree.conformance.driver import SnapshotId
from snaptree.conformance.drivers.esx import configuration, names
from snaptree.conformance.drivers.esx.faults import EsxError
from snaptree.conformance.drivers.esx.looking import LookedAt, on_the_machine
from snaptree.conformance.drivers.esx.machines import Machines
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.tasks import awaited
from snaptree.conformance.drivers.esx.tree import Entry
from snaptree.conformance.drivers.given_uuids import GivenUuids
from snaptree.spec.operations import RESUME_AS
from snaptree.spec.outcomes import (
    InvalidArgument,
    InvalidName,
    InvalidPowerState,
    NoSuchSnapshot,
    Unsupported,
    WouldDiscard,
)
from snaptree.spec.profiles import Profile


class EsxDomain(LookedAt):
    """One machine. Its disks hold what they hold: nothing here writes or reads them."""

    def __init__(
        self, session: Session, machines: Machines, machine: Any, profile: Profile, within: float
    ) -> None:
        super().__init__(session, machine, profile)
        self._machines = machines
        self._within = within
        self._uuids = GivenUuids()

    # --- the tree -------------------------------------------------------------

    @on_the_machine
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
        made = self._done(
            f"create {name!r:.80}",
            lambda: self.machine.CreateSnapshot_Task(
                name=names.written(name), description=description, memory=memory, quiesce=quiesce
            ),
        )
        if made is None:
            raise EsxError("CreateSnapshot_Task succeeded without saying which snapshot it made")
        issued: str = made._moId
        self.issued[issued] = len(self.issued)
        self._uuids.give(issued, uuid)
        return issued

    @on_the_machine
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Make the active state what the snapshot holds; the host turns the machine on or off with it."""
        target = self._made_here(snapshot)
        if resume_as is not None:
            self.found(self.tree(), snapshot)
            self._no_wish(resume_as)
        self._done(f"revert to {snapshot}", lambda: target.RevertToSnapshot_Task(suppressPowerOn=False))

    @on_the_machine
    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot that something depends on: the removal then is a merge."""
        tree = self.tree()
        target = self.found(tree, snapshot)
        if not tree.children(snapshot) and tree.current != snapshot:
            raise WouldDiscard("nothing depends on it", casualties=[snapshot])
        self._remove(target, with_children=False)

    @on_the_machine
    def discard(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot that nothing depends on."""
        tree = self.tree()
        target = self.found(tree, snapshot)
        casualties = [one.id for one in tree.below(snapshot)]
        casualties += ["active"] if tree.carries_active(snapshot) else []
        if casualties:
            raise WouldDiscard("something depends on it", casualties=casualties)
        self._remove(target, with_children=False)

    @on_the_machine
    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Revert to the parent first if the active state would go with it, then remove the subtree."""
        tree = self.tree()
        target = self.found(tree, snapshot)
        self._no_wish(resume_as)
        if tree.carries_active(snapshot):
            parent = None if target.parent is None else tree.find(target.parent)
            if parent is None:
                raise Unsupported("there is no revert to the base")
            self._done(
                f"revert to {parent.id}", lambda: parent.native.RevertToSnapshot_Task(suppressPowerOn=True)
            )
            # With memory it may be suspended now, and the specification wants it off.
            if self.power() != "off":
                self._done("turning off", self.machine.PowerOffVM_Task)
        self._remove(target, with_children=True)

    @on_the_machine
    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool = False) -> None:
        """Remove the subtree; without its top, one child after the other with all below it."""
        tree = self.tree()
        target = self.found(tree, snapshot)
        for top in tree.children(snapshot) if keep_root else (target,):
            self._remove(top, with_children=True)

    @on_the_machine
    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""
        if not self.profile.names.allows(name):
            raise InvalidName(f"{name!r:.300} is no name for a snapshot")
        target = self._made_here(snapshot)
        self.session.ask(lambda: target.RenameSnapshot(name=names.written(name)))

    @on_the_machine
    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""
        target = self._made_here(snapshot)
        self.session.ask(lambda: target.RenameSnapshot(description=description))

    # --- power and configuration ----------------------------------------------

    @on_the_machine
    def start(self) -> None:
        """Turn on."""
        self._done("turning on", self.machine.PowerOnVM_Task)

    @on_the_machine
    def stop(self) -> None:
        """Turn off, without asking the guest."""
        self._done("turning off", self.machine.PowerOffVM_Task)

    @on_the_machine
    def configure(self, key: str, value: str) -> None:
        """Set one option; an empty value removes it."""
        if not key:
            raise InvalidArgument("the key is empty")
        spec = configuration.changed(self.session.vim, key, value)
        self._done(f"set {key!r:.80}", lambda: self.machine.ReconfigVM_Task(spec))

    # --- the end --------------------------------------------------------------

    @on_the_machine
    def undefine(self) -> None:
        """Remove a machine that is off and has no snapshots."""
        power = self.power()
        if power != "off":
            raise InvalidPowerState(f"the machine is {power}")
        casualties = [one.id for one in self.in_order(self.tree())]
        if casualties:
            raise WouldDiscard("it has snapshots", casualties=casualties)
        self.undefine_forced()

    @on_the_machine
    def undefine_forced(self) -> None:
        """Remove a machine with its snapshots; the host refuses that for one that is on."""
        self._machines.destroy(self.machine)
        self.gone = True

    def close(self) -> None:
        """Give the machine back. One whose session is gone is left to whoever begins the next."""
        if not self.gone:
            self._machines.give_back(self.machine, self.issued)
            self.gone = True

    # --- steps ----------------------------------------------------------------

    def _done(self, what: str, call: Any) -> Any:
        """The result of a task of this machine. Raises as ``Session.ask`` and ``awaited``."""
        return awaited(self.session, self.session.ask(call), what, self._within)

    def _remove(self, target: Entry, *, with_children: bool) -> None:
        self._done(
            f"remove {target.id}", lambda: target.native.RemoveSnapshot_Task(removeChildren=with_children)
        )

    def _made_here(self, snapshot: SnapshotId) -> Any:
        """The managed object of a snapshot that was made here; whether it still is, the host says."""
        if snapshot not in self.issued:
            raise NoSuchSnapshot(f"no snapshot {snapshot!r:.300} was made here")
        return self.session.object(self.session.vim.vm.Snapshot, snapshot)

    def _no_wish(self, resume_as: str | None) -> None:
        if resume_as is None:
            return
        if resume_as not in RESUME_AS:
            raise InvalidArgument(f"{resume_as!r:.100} is none of {', '.join(RESUME_AS)}")
        raise Unsupported("a revert to a state other than the captured one is not claimed")
