"""The calls on the active state: power, memory, managed save, disks, configuration."""

from __future__ import annotations

from typing import Any

from snaptree.simulator.admission import admit_feature, mutation
from snaptree.simulator.layers import Layer, holds
from snaptree.simulator.state import State
from snaptree.spec.outcomes import InvalidArgument, InvalidPowerState, Unsupported, WouldDiscard
from snaptree.spec.state import BLOCK_STRIDE


class GuestCalls(State):
    """Everything that a guest or its host does between two snapshots."""

    # --- power ----------------------------------------------------------------------

    def _need(self, *powers: str) -> None:
        if self.power not in powers:
            raise InvalidPowerState(f"the domain is {self.power}, not {' or '.join(powers)}")

    def _set_power(self, power: str, memory: Any) -> None:
        self.journal.set(self, "power", power)
        self.journal.set(self, "memory", memory)

    @mutation
    def start(self) -> None:
        """Boot, or continue the managed-save image."""
        self._need("off")
        memory, power = self.saved or ("unspecified", "running")
        self._set_power(power, memory)
        self.journal.set(self, "saved", None)

    @mutation
    def stop(self) -> None:
        """Turn off."""
        self._need("running", "paused")
        self._turn_off()

    @mutation
    def crash(self) -> None:
        """End the hypervisor's process, and keep only what survives it."""
        self._turn_off()

    def _turn_off(self) -> None:
        was_on = self.power != "off"
        self._set_power("off", None)
        if was_on and not self.persistent:
            self._remove()

    def recover(self) -> None:
        """Undo an interrupted mutation."""
        self.journal.roll_back()
        self.pool.epoch += 1

    @mutation
    def pause(self) -> None:
        """Stop the processors."""
        self._need("running")
        self._set_power("paused", self.memory)

    @mutation
    def resume(self) -> None:
        """Let the processors run on."""
        self._need("paused")
        self._set_power("running", self.memory)

    @mutation
    def managed_save(self) -> None:
        """Save memory to the image and turn off."""
        self._need("running", "paused")
        if not self.persistent:
            raise Unsupported("a transient domain would end by being saved")
        self.journal.set(self, "saved", (self.memory, self.power))
        self._set_power("off", None)

    @mutation
    def managed_save_remove(self) -> None:
        """Drop the image, if there is one."""
        self.journal.set(self, "saved", None)

    @mutation
    def undefine(self) -> None:
        """Remove a domain that has no snapshots and no managed-save image."""
        self._need("off")
        if self.nodes or self.saved is not None:
            casualties = [*self.nodes, *(["active"] if self.saved is not None else [])]
            raise WouldDiscard("the domain has snapshots or a managed-save image", casualties=casualties)
        self._remove()

    @mutation
    def undefine_forced(self) -> None:
        """Remove the domain with its snapshots and its image."""
        self._need("off")
        self._remove()

    def _remove(self) -> None:
        for name, value in (
            ("nodes", {}),
            ("hidden", {}),
            ("open", {}),
            ("independent", {}),
            ("saved", None),
        ):
            self.journal.set(self, name, value)
        self.journal.set(self, "at", self.ground)
        self.journal.set(self, "defined", False)

    # --- disks and memory -------------------------------------------------------------

    def _unsaved(self) -> None:
        if self.saved is not None:
            raise InvalidPowerState("the domain has a managed-save image")

    def _open_layer(self, disk: str) -> Layer:
        layer = self.open.get(disk) or self.independent.get(disk)
        if layer is None:
            raise InvalidArgument(f"no disk {disk!r}")
        return layer

    def _admit_disk_size(self, size: int) -> None:
        if not isinstance(size, int) or size < BLOCK_STRIDE or size % BLOCK_STRIDE:
            raise InvalidArgument(f"{size!r} is no size: a positive multiple of 65536")
        largest = self.profile.limits.disk_size
        if largest is not None and size > largest:
            raise InvalidArgument(f"no disk is larger than {largest} bytes")

    @mutation
    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Write one block of an open layer."""
        self._unsaved()
        layer = self._open_layer(disk)
        if not isinstance(block, int) or block < 0 or not holds(layer.size, block):
            raise InvalidArgument(f"{disk} has no block {block}")
        if not isinstance(value, int) or not 0 <= value <= 255:
            raise InvalidArgument(f"{value!r} is no byte")
        before = dict(layer.blocks)

        def undo() -> None:
            layer.blocks = before
            layer.epoch = -1

        self.journal.note(undo)
        layer.write(block, value)

    @mutation
    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Write several blocks of an open layer; a refusal undoes them all."""
        self._unsaved()
        if not blocks:
            raise InvalidArgument("no block to write")
        for block, value in blocks.items():
            self.write_disk(disk, _number(block), value)

    @mutation
    def write_memory(self, value: int) -> None:
        """Set the memory marker."""
        self._need("running", "paused")
        if not isinstance(value, int) or not 0 <= value <= 255:
            raise InvalidArgument(f"{value!r} is no byte")
        self.journal.set(self, "memory", value)

    @mutation
    def resize_disk(self, disk: str, size: int) -> None:
        """Cut or extend an open layer."""
        self._unsaved()
        layer = self._open_layer(disk)
        self._admit_disk_size(size)
        before = (dict(layer.blocks), layer.horizon, layer.size)

        def undo() -> None:
            layer.blocks, layer.horizon, layer.size = before
            layer.epoch = -1

        self.journal.note(undo)
        layer.resize(size)

    @mutation
    def attach_disk(self, disk: str, size: int, independent: bool = False) -> None:
        """Add a disk without a layer below."""
        self._unsaved()
        self._admit_disk_size(size)
        if not disk or disk in self.open or disk in self.independent:
            raise InvalidArgument(f"disk id {disk!r} is empty or in use")
        if independent:
            admit_feature(self, "independent_disks")
            if any(
                disk in node.layers for node in (self.ground, *self.nodes.values(), *self.hidden.values())
            ):
                raise InvalidArgument(
                    f"a snapshot or the base has a disk {disk!r}, and a revert brings it back"
                )
        shelf = "independent" if independent else "open"
        more = {**getattr(self, shelf), disk: Layer(self.pool, size, None)}
        self.journal.set(self, shelf, more)

    @mutation
    def detach_disk(self, disk: str) -> None:
        """Drop an open layer; the frozen layers below it stay."""
        self._unsaved()
        self._open_layer(disk)
        shelf = "open" if disk in self.open else "independent"
        rest = {name: layer for name, layer in getattr(self, shelf).items() if name != disk}
        self.journal.set(self, shelf, rest)

    @mutation
    def configure(self, key: str, value: str) -> None:
        """Set one entry; an empty value removes it."""
        self._unsaved()
        if not key:
            raise InvalidArgument("a configuration key is not empty")
        entries = {name: old for name, old in self.configuration.items() if name != key}
        if value:
            entries[key] = value
        self.journal.set(self, "configuration", entries)


def _number(block: str) -> int:
    """The number of a block from its text. Raises InvalidArgument."""
    if not (isinstance(block, str) and block.isascii() and block.isdigit()):
        raise InvalidArgument(f"{block!r:.100} is no number of a block")
    return int(block)
