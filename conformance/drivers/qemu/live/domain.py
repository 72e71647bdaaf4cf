"""What the calls of a domain mean in operations of QEMU, on a guest that runs or is off.

While it is off, the images are changed in place by qemu-img, as ``in_place`` does. While QEMU has them open,
it changes them itself. Memory is kept in files beside the images, one for each layer that was captured with
it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import Json, SnapshotId
from snaptree.conformance.drivers.kit.blocks import check_byte
from snaptree.conformance.drivers.kit.kept_tree import KeptTree, changes, deletes
from snaptree.conformance.drivers.kit.qemu_images.console import Console
from snaptree.conformance.drivers.kit.qemu_images.tools import Tools
from snaptree.conformance.drivers.kit.qemu_machine.system import System
from snaptree.conformance.drivers.kit.readings import Readings
from snaptree.conformance.drivers.kit.refusals import translate_errors
from snaptree.conformance.drivers.qemu.in_place import InPlaceDomain
from snaptree.conformance.drivers.qemu.live import streams
from snaptree.conformance.drivers.qemu.live.guest import NBD, Guest
from snaptree.conformance.drivers.qemu.reading import digest_of_export, digests_of
from snaptree.spec.operations import RESUME_AS
from snaptree.spec.outcomes import InvalidArgument, InvalidPowerState
from snaptree.spec.profiles import Profile

SAVED: Final = "saved.memory"
"""The managed-save image, in the folder."""


@dataclass(frozen=True)
class Captured:
    """What a point has beside its disks: the power state, and the file of its memory, if it has one."""

    power: str = "off"
    file: str | None = None


class LiveDomain(InPlaceDomain):
    """A folder of images, files with memory, and the QEMU process while the domain is on."""

    def __init__(
        self,
        folder: Path,
        disks: Mapping[str, int],
        profile: Profile,
        tools: Tools,
        console: Console,
        system: System,
        *,
        keep: bool = False,
    ) -> None:
        super().__init__(folder, disks, profile, tools, console, keep=keep)
        self._system = system
        self._running: Guest | None = None
        self._captured: dict[int, Captured] = {}
        self._saved: Captured | None = None
        self._markers: Readings[int] = Readings()

    # --- power and memory -------------------------------------------------------------

    @property
    def _guest(self) -> Guest | None:
        """The guest, if the domain is on: a process that ended by itself is none."""
        if self._running is not None and self._running.machine.ended:
            self._running.kill()
            self._running = None
        return self._running

    def _power(self) -> str:
        guest = self._guest
        return "off" if guest is None else guest.power

    def _on(self) -> Guest:
        guest = self._guest
        if guest is None:
            raise InvalidPowerState("the domain is off")
        return guest

    def _start(self, captured: Captured) -> None:
        """Start QEMU on the images of the active state, with the memory in a file or none."""
        active = self._files[self._tree.active]
        chain = [active, *self._files_below(active)][::-1]
        memory = [] if captured.file is None else streams.restoring(captured.file)
        guest = Guest(self._system, self.folder, len(self.disks), chain, *memory)
        try:
            if memory:
                streams.wait_until_restored(guest.machine)
            if captured.power == "running":
                guest.resume()
        except BaseException:
            guest.kill()
            raise
        self._running = guest

    def _stop(self) -> None:
        guest, self._running = self._guest, None
        if guest is not None:
            guest.quit()

    @translate_errors
    def start(self) -> None:
        """Boot, or continue from the managed-save image."""
        if self._guest is not None:
            raise InvalidPowerState("the domain is on")
        self._start(self._saved or Captured("running"))
        self._drop_saved()

    @translate_errors
    def stop(self) -> None:
        """Turn off; memory is gone."""
        self._on()
        self._stop()

    @translate_errors
    def pause(self) -> None:
        """Stop the processors."""
        if self._on().power != "running":
            raise InvalidPowerState("the domain is paused")
        self._on().pause()

    @translate_errors
    def resume(self) -> None:
        """Let them run on."""
        if self._on().power != "paused":
            raise InvalidPowerState("the domain is running")
        self._on().resume()

    @translate_errors
    def write_memory(self, value: int) -> None:
        """Set the marker in memory."""
        check_byte(value)
        self._on().machine.write_memory(streams.ADDRESS, value)

    @translate_errors
    def managed_save(self) -> None:
        """Save memory and turn off."""
        guest = self._on()
        power = guest.power
        streams.save(guest.machine, SAVED)
        self._saved = Captured(power, SAVED)
        self._stop()

    @translate_errors
    def managed_save_remove(self) -> None:
        """Drop the image, if there is one."""
        self._drop_saved()

    def _drop_saved(self) -> None:
        self._saved = None
        (self.folder / SAVED).unlink(missing_ok=True)

    @translate_errors
    def crash(self) -> None:
        """Kill the QEMU process of this domain."""
        guest, self._running = self._guest, None
        if guest is not None:
            guest.kill()
            # What QEMU had not written yet is gone: nothing that was read before tells what the images hold.
            for layer in self._tree.layers():
                for disk in self.disks:
                    self._reader.forget(disk, layer)

    @translate_errors
    def recover(self) -> None:
        """Nothing: images and memory lie in files."""

    # --- snapshots ----------------------------------------------------------------------

    @translate_errors
    def create(
        self,
        name: str,
        description: str = "",
        memory: bool = False,
        uuid: str | None = None,
        quiesce: bool = False,
    ) -> SnapshotId:
        """Capture the active state; the new snapshot becomes current."""
        request = changes.CreateRequest(name, description, uuid, memory=False, quiesce=quiesce)
        before = self._tree
        after, issued = changes.create(before, self.profile, request, now=time.time_ns() // 1000)
        if self._saved is not None:
            raise InvalidPowerState("there is a managed-save image")
        guest = self._on() if memory else self._guest
        captured = Captured() if guest is None else Captured(guest.power)
        if guest is not None and memory:
            captured = Captured(captured.power, f"{before.active}.memory")
            streams.save(guest.machine, f"{before.active}.memory")
        try:
            self.change(after)
        finally:
            if guest is not None and memory:
                guest.take_back(captured.power)
        self._captured[before.active] = captured
        return issued

    @translate_errors
    def revert(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """Make the active state what the snapshot holds."""
        target = self._tree.node(snapshot)
        captured = self._captured.get(target.layer, Captured())
        if resume_as is None and captured.file is not None:
            resume_as = captured.power
        self._reset(changes.revert(self._tree, snapshot, None), resume_as)

    @translate_errors
    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """The same as discard, destroying all that depends on it."""
        self._reset(deletes.discard(self._tree, snapshot, forced=True), resume_as)

    @translate_errors
    def merge_into_parent_forced(self, snapshot: SnapshotId, resume_as: str | None = None) -> None:
        """The same as merge_into_parent, destroying the parent's other dependents."""
        _check_resume(resume_as)
        after = deletes.merge_into_parent(self._tree, snapshot, forced=True)
        reset = after.active != self._tree.active
        if reset:
            self._go_off()
        self._commit(snapshot, after)
        if reset:
            self._resume(resume_as)

    def _reset(self, after: KeptTree, resume_as: str | None) -> None:
        """Make the storage fit a tree; where its active state is another one, end in that power state."""
        _check_resume(resume_as)
        reset = after.active != self._tree.active
        if reset:
            self._go_off()
        self.change(after)
        if reset:
            self._resume(resume_as)

    def _go_off(self) -> None:
        self._stop()
        self._drop_saved()

    def _resume(self, resume_as: str | None) -> None:
        if resume_as in ("running", "paused"):
            captured = self._captured.get(self._tree.layer_of(self._tree.current), Captured())
            self._start(Captured(resume_as, captured.file))

    # --- storage, while QEMU has it open --------------------------------------------------

    def change(self, after: KeptTree) -> None:
        """Make the storage fit the tree, and forget the memory of layers that went."""
        super().change(after)
        self._forget_memory()

    def _commit(self, snapshot: SnapshotId, after: KeptTree) -> None:
        super()._commit(snapshot, after)
        self._forget_memory()

    def _forget_memory(self) -> None:
        for layer in self._captured.keys() - self._tree.layers():
            file = self._captured.pop(layer).file
            if file is not None:
                (self.folder / file).unlink(missing_ok=True)

    def _overlay(self, layer: int, on: int) -> None:
        guest = self._guest
        if guest is None:
            super()._overlay(layer, on)
            return
        file = next(self._numbers)
        guest.snapshot(file)
        self._files[layer], self._below[file] = file, self._files[on]

    def _rebase(self, file: int, on: int, *mode: str) -> None:
        guest = self._guest
        if guest is None:
            super()._rebase(file, on, *mode)
            return
        guest.stream(file, on, self._below)
        self._below[file] = on

    def _fold(self, top: int, base: int) -> None:
        guest = self._guest
        if guest is None:
            super()._fold(top, base)
            return
        overlays = self._built_on(top)
        guest.commit(top, base, overlays, self._below)
        for file in overlays:
            self._below[file] = base

    def _resize(self, disk: str, file: int, size: int) -> None:
        guest = self._guest
        if guest is None:
            super()._resize(disk, file, size)
            return
        self._reader.forget(disk, self._tree.active)
        guest.resize(self.disks.index(disk), file, size)

    def _remove(self, layer: int) -> None:
        guest = self._guest
        if guest is not None:
            guest.forget(self._files[layer])
        super()._remove(layer)

    # --- content ----------------------------------------------------------------------------

    @translate_errors
    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""
        self._check_unsaved()
        super().write_disk(disk, block, value)

    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Set several blocks of a disk."""
        self._check_unsaved()
        super().write_blocks(disk, blocks)

    @translate_errors
    def resize_disk(self, disk: str, size: int) -> None:
        """Set the size in bytes; the memory of a managed-save image belongs to the disks as they were."""
        self._check_unsaved()
        super().resize_disk(disk, size)

    def _check_unsaved(self) -> None:
        if self._saved is not None:
            raise InvalidPowerState("there is a managed-save image")

    def _write(self, disk: str, blocks: Mapping[int, int]) -> None:
        guest = self._guest
        if guest is None:
            super()._write(disk, blocks)
            return
        self._reader.forget(disk, self._tree.active)
        for block, value in blocks.items():
            guest.write(self.disks.index(disk), block, value)

    def _sizes(self) -> dict[str, int]:
        guest = self._guest
        if guest is None:
            return super()._sizes()
        return {disk: guest.size(number) for number, disk in enumerate(self.disks)}

    def point(self, layer: int) -> dict[str, Json]:
        """The content of a layer: the active one as QEMU has it, others as their images hold it."""
        guest = self._guest
        if layer != self._tree.active:
            captured = self._captured.get(layer, Captured())
            return {**self._reader.point(layer), "power": captured.power, "memory": self._marker(captured)}
        if guest is None:
            return self._reader.point(layer)

        @contextmanager
        def opened(disk: str) -> Iterator[None]:
            socket = f"{self.folder.name}/{NBD}"
            with guest.exported(self.disks.index(disk)) as export, self._console.export(socket, export):
                yield

        memory = guest.machine.read_memory(streams.ADDRESS)
        return {**self._reader.point(layer, opened), "power": guest.power, "memory": memory}

    def digests(self) -> dict[str, dict[str, str]]:
        """SHA-256 of every whole disk, by snapshot id, ``active`` or ``base``, then by disk."""
        guest = self._guest
        if guest is None:
            return super().digests()
        layers = {snapshot.id: snapshot.layer for snapshot in self._tree.nodes} | {"base": self._tree.base}
        active: dict[str, str] = {}
        for number, disk in enumerate(self.disks):
            with guest.exported(number) as export:
                active[disk] = digest_of_export(self._tools, self.folder, NBD, export)
        return {**digests_of(self, self._tools, layers), "active": active}

    def _marker(self, captured: Captured) -> int | None:
        file = captured.file
        if file is None:
            return None
        return self._markers.read(
            file,
            [self.folder / file],
            lambda: streams.read_marker(self._system, self.folder, file, len(self.disks)),
        )

    def observe(self) -> dict[str, Json]:
        """The tree, and what every layer that it speaks of holds."""
        seen = super().observe()
        if self._saved is not None:
            seen["managed_save"] = {"memory": self._marker(self._saved), "power": self._saved.power}
        return seen

    def close(self) -> None:
        """End QEMU, and remove the folder with its content, unless ``keep`` is set."""
        with suppress(Exception):
            if self._running is not None:
                self._running.kill()
        self._running = None
        super().close()


def _check_resume(resume_as: object) -> None:
    if resume_as is not None and resume_as not in RESUME_AS:
        raise InvalidArgument(f"{resume_as!r:.100} is none of {', '.join(RESUME_AS)}")
