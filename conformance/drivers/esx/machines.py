"""The virtual machines that a run works on, and the protection of all others.

A machine that the driver creates has a name under a prefix that no other run uses, and a note with its
origin. A machine that a user lends must permit it: it is off, has no snapshots, and its notes hold the word
``LENT``.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from functools import partial
from itertools import count
from typing import Any, Final, Protocol

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.esx.configuration import removal_spec
from snaptree.conformance.drivers.esx.faults import EsxError
from snaptree.conformance.drivers.esx.placing import Place, find_object
from snaptree.conformance.drivers.esx.session import Session
from snaptree.conformance.drivers.esx.tasks import finish
from snaptree.conformance.drivers.esx.tree import read_tree
from snaptree.conformance.drivers.kit.order import CreationOrder
from snaptree.spec.outcomes import Refusal, Unsupported

PREFIX: Final = "snaptree-"

LENT: Final = "snaptree: disposable"
"""What the notes of a machine say whose owner lends it."""

NOTE: Final = "Made by snaptree for a conformance run, and removed at its end."

_MEMORY: Final = 32
"""MiB: such a machine boots nothing."""


class Machines(Protocol):
    """The source of a domain's machine, and its removal."""

    words: str

    def fresh(self, disks: Mapping[str, int]) -> Any:
        """A machine that is off and has no snapshots."""

    def sweep(self, known: Collection[Any]) -> None:
        """Give back every created machine that is not among the known ones. Raises as ``give_back``."""

    def destroy(self, machine: Any) -> None:
        """Remove it with everything that belongs to it. Raises what the host says, and Unsupported."""

    def give_back(self, machine: Any, issued: Collection[str]) -> None:
        """Remove or restore the machine at the end; ``issued`` are the snapshots that this run created on
        it.

        Raises EsxError for a machine that stays on the host.
        """


class MadeMachines:
    """Machines that are created for each domain and destroyed after it.

    Raises DriverUnavailable if an object on the host already has the prefix.
    """

    def __init__(self, session: Session, place: Place, within: float, prefix: str | None = None) -> None:
        self._session = session
        self._place = place
        self._within = within
        self._prefix = f"{PREFIX}{secrets.token_hex(4)}-" if prefix is None else prefix
        self._numbers = count(1)
        others = self._named(PREFIX)
        foreign = sorted(name for name in others if name.startswith(self._prefix))
        if foreign:
            raise DriverUnavailable(
                f"{foreign[0]} is on the host already, and this run did not make it; nothing was changed"
            )
        self.words = (
            f"virtual machines named {PREFIX}XXXXXXXX-N, X being digits that each process draws "
            f"(1 CPU, {_MEMORY} MiB, small thin disks, no network, no guest), "
            f"in {place.words}; each is destroyed after use"
        )
        if others:
            self.words += f"; there already, of other runs, and left alone: {', '.join(sorted(others))}"

    def _named(self, prefix: str) -> dict[str, Any]:
        """The machines in the folder whose names begin in that way."""
        inside = self._session.property(self._place.folder, "childEntity") or []
        machines = [one for one in inside if isinstance(one, self._session.vim.VirtualMachine)]
        seen = self._session.read(machines, ["name"])
        names = [str(one.get("name", "")) for one in seen]
        return {name: one for name, one in zip(names, machines, strict=True) if name.startswith(prefix)}

    def sweep(self, known: Collection[Any]) -> None:
        """Give back machines whose creation was not acknowledged because the connection broke."""
        references = {one._moId for one in known}
        for machine in self._named(self._prefix).values():
            if machine._moId not in references:
                self.give_back(machine, ())

    def fresh(self, disks: Mapping[str, int]) -> Any:
        """A machine with thin disks of those sizes."""
        session, place = self._session, self._place
        spec = _spec(session.vim, f"{self._prefix}{next(self._numbers)}", place.datastore, disks)
        task = session.ask(lambda: place.folder.CreateVM_Task(spec, place.pool))
        return finish(session, task, f"making {spec.name}", self._within)

    def destroy(self, machine: Any) -> None:
        """Destroy it with its snapshots."""
        task = self._session.ask(machine.Destroy_Task)
        finish(self._session, task, "destroying the machine", self._within)

    def give_back(self, machine: Any, issued: Collection[str]) -> None:
        """Turn it off and destroy it. A machine that is already gone is not an error."""
        try:
            turn_off(self._session, machine, self._within)
            self.destroy(machine)
        except Refusal as refusal:
            if refusal.native is None or refusal.native.get("code") != "ManagedObjectNotFound":
                raise EsxError(f"{machine._moId} stays on the host: {refusal}") from None


class LentMachine:
    """One machine that its owner lends. Raises DriverUnavailable unless it is fit for that."""

    def __init__(self, session: Session, path: str, within: float) -> None:
        self._session = session
        self._within = within
        self._path = path
        self._machine = find_object(session, path, session.vim.VirtualMachine, "virtual machine")
        self._unused()
        self.words = (
            f"snapshots of the virtual machine {path} alone, which is also turned on and off; "
            "they are removed after use, and what its disks hold may have changed then"
        )

    def _unused(self) -> None:
        """Raise DriverUnavailable for a machine that may be in use."""
        paths = ("snapshot", "runtime.powerState", "config.annotation", "config.template")
        seen = self._session.read([self._machine], paths)[0]
        why = None
        if LENT not in str(seen.get("config.annotation", "")):
            why = f'its notes do not hold "{LENT}"'
        elif seen.get("config.template"):
            why = "it is a template"
        elif getattr(seen.get("snapshot"), "rootSnapshotList", None):
            why = "it has snapshots that this run did not make"
        elif seen.get("runtime.powerState") != "poweredOff":
            why = "it is not off"
        if why is not None:
            raise DriverUnavailable(f"{self._path} is not touched: {why}")

    def fresh(self, disks: Mapping[str, int]) -> Any:
        """The machine, checked again."""
        self._unused()
        return self._machine

    def sweep(self, known: Collection[Any]) -> None:
        """Nothing is ever made."""

    def destroy(self, machine: Any) -> None:
        """Never."""
        raise Unsupported(f"{self._path} is lent: it is not this run's to remove")

    def give_back(self, machine: Any, issued: Collection[str]) -> None:
        """Turn it off, remove the options that were set, and the snapshots that this run made."""
        session = self._session
        turn_off(session, machine, self._within)
        spec = removal_spec(session.vim, session.property(machine, "config.extraConfig"))
        if spec is not None:
            task = session.ask(lambda: machine.ReconfigVM_Task(spec))
            finish(session, task, "removing options", self._within)
        listed = read_tree(session.property(machine, "snapshot"), CreationOrder()).entries
        if all(one.id in issued for one in listed):
            task = session.ask(machine.RemoveAllSnapshots_Task)
            finish(session, task, "removing all snapshots", self._within)
            return
        for one in listed:
            if one.id in issued:
                remove = partial(one.handle.RemoveSnapshot_Task, removeChildren=False)
                finish(session, session.ask(remove), f"removing {one.id}", self._within)
        raise EsxError(f"{self._path} has snapshots that this run did not make: they stay")


def turn_off(session: Session, machine: Any, within: float) -> None:
    """Turn a machine off if it is on. Raises as ``Session.ask``."""
    if session.property(machine, "runtime.powerState") not in ("poweredOff", None):
        finish(session, session.ask(machine.PowerOffVM_Task), "turning off", within)


def _spec(vim: Any, name: str, datastore: str, disks: Mapping[str, int]) -> Any:
    """What a machine is made from."""
    device = vim.vm.device
    controller = device.VirtualLsiLogicController(
        key=-1, busNumber=0, sharedBus=device.VirtualSCSIController.Sharing.noSharing
    )
    add = device.VirtualDeviceSpec.Operation.add
    changes = [device.VirtualDeviceSpec(operation=add, device=controller)] if disks else []
    for unit, (_, size) in enumerate(sorted(disks.items())):
        backing = device.VirtualDisk.FlatVer2BackingInfo(
            fileName=f"[{datastore}]", diskMode="persistent", thinProvisioned=True
        )
        disk = device.VirtualDisk(
            key=-10 - unit,
            controllerKey=-1,
            unitNumber=unit,
            backing=backing,
            capacityInKB=size // 1024,
        )
        create = device.VirtualDeviceSpec.FileOperation.create
        changes.append(device.VirtualDeviceSpec(operation=add, fileOperation=create, device=disk))
    return vim.vm.ConfigSpec(
        name=name,
        annotation=NOTE,
        guestId="otherGuest",
        numCPUs=1,
        memoryMB=_MEMORY,
        files=vim.vm.FileInfo(vmPathName=f"[{datastore}]"),
        deviceChange=changes,
    )
