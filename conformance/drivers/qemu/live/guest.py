"""A running guest with its disks: snapshots, block jobs, writes and reads, over QMP.

Images are files with a number for each disk; the node of an image is named after both. Sentences in quotation
marks are from QEMU's QMP reference unless another page is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.qemu_machine.machine import LOG, Machine
from snaptree.conformance.drivers.kit.qemu_machine.monitor import CommandError
from snaptree.conformance.drivers.kit.qemu_machine.system import System
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

NBD: Final = "nbd"
"""The socket on which the active disks are read, in the folder."""

_EXPORT: Final = "look"
_JOB: Final = "job"


class GuestError(Exception):
    """QEMU did not do what it was told, and did not say so over QMP; the text has what it printed."""


class Guest:
    """A guest whose processors are stopped at first, on the images of ``chain``, from the bottom to the top.

    ``disks`` is the number of disks. Every method raises CommandError where QEMU refuses, and MachineLost.
    """

    def __init__(
        self, system: System, folder: Path, disks: int, chain: Sequence[int], *arguments: str
    ) -> None:
        self.chain = list(chain)
        self._disks = range(disks)
        self._serves_nbd = False
        self._sets_active = "blockdev-set-active" in system.commands
        options = device_arguments()
        for disk in self._disks:
            for below, file in zip([None, *chain], chain, strict=False):
                options += ["-blockdev", json.dumps(_image(disk, file, below, writable=file == chain[-1]))]
            options += device_arguments(disk, _node(disk, self.chain[-1]))
        self.machine = Machine(system, folder, [*options, *arguments])

    # --- power --------------------------------------------------------------------

    @property
    def power(self) -> str:
        """``running`` or ``paused``, as QEMU says."""
        return "running" if self.machine.call("query-status")["running"] else "paused"

    def resume(self) -> None:
        """Let the processors run: cont, "Resume guest VM execution"."""
        self.machine.call("cont")

    def pause(self) -> None:
        """Stop the processors: stop, "Stop guest VM execution"."""
        self.machine.call("stop")

    def take_back(self, power: str) -> None:
        """Have the images again after a migration, and end in that power state.

        From 10.0 on there is blockdev-set-active: "Activate or inactivate a block device". Before, cont does
        it, which a guest that was paused is stopped after: its processors run for a moment.
        """
        if power == "running":
            self.resume()
        elif self._sets_active:
            self.machine.call("blockdev-set-active", {"active": True})
        else:
            self.resume()
            self.pause()

    # --- the tree of images ---------------------------------------------------------

    def snapshot(self, file: int) -> None:
        """Let all disks go on in new images on top, at one moment.

        transaction: "Executes a number of transactionable QMP commands atomically"; blockdev-snapshot-sync:
        "Takes a synchronous snapshot of a block device".
        """
        actions = [
            {
                "type": "blockdev-snapshot-sync",
                "data": {
                    "node-name": _node(disk, self.chain[-1]),
                    "snapshot-file": _name(disk, file),
                    "snapshot-node-name": _node(disk, file),
                    "format": "qcow2",
                },
            }
            for disk in self._disks
        ]
        self.machine.call("transaction", {"actions": actions})
        self.chain.append(file)

    def stream(self, file: int, base: int, below: Mapping[int, int]) -> None:
        """Copy into an image what lies between it and ``base``, which is what it builds on afterwards.

        block-stream: "Copy data from a backing file into a block device"; base-node names the node that is
        the backing file afterwards. ``below`` says what each image of the
        folder builds on.
        """
        with self._opened(_chain(file, below), below, [file]):
            for disk in self._disks:
                self._job("block-stream", {"device": _node(disk, file), "base-node": _node(disk, base)})
        if file in self.chain:
            del self.chain[self.chain.index(base) + 1 : self.chain.index(file)]

    def commit(self, top: int, base: int, overlays: Sequence[int], below: Mapping[int, int]) -> None:
        """Write an image into ``base``, on which ``overlays``, all that built on it, build afterwards.

        block-commit: "Live commit of data from overlay image nodes into backing nodes - i.e., writes data
        between 'top' and 'base' into 'base'. If top == base, that is an error. If top has no overlays on top
        of it, or if it is in use by a writer, the job will not be completed by itself. The user needs to
        complete the job with the block-job-complete command after getting the ready event".
        """
        above = [self.chain[-1]] if top in self.chain else overlays[:1] or [top]
        files = [one for overlay in [*above, *overlays] for one in _chain(overlay, below)]
        with self._opened([*dict.fromkeys(files)], below, [*overlays, top, base]):
            for disk in self._disks:
                nodes = {"device": above[0], "top-node": top, "base-node": base}
                sizes = [self.size(disk, one) for one in (top, base)]
                self._job("block-commit", {key: _node(disk, one) for key, one in nodes.items()})
                if sizes[0] < sizes[1]:
                    # "If you want the base image size to match the size of the smaller top, you can safely
                    # truncate it yourself once the commit operation successfully completes."
                    with suppress(CommandError):  # docs/findings/qemu-live-commit-size.md
                        self.resize(disk, base, sizes[0])
        if top in self.chain:
            del self.chain[self.chain.index(base) + 1 : self.chain.index(top) + 1]

    def forget(self, file: int) -> None:
        """Close an image that is in no chain any more.

        blockdev-del: "Deletes a block device that has been added using blockdev-add". A node that QEMU made
        itself goes with the last one that used it.
        """
        open_nodes = self._nodes()
        for disk in self._disks:
            if _node(disk, file) in open_nodes:
                self.machine.call("blockdev-del", {"node-name": _node(disk, file)})

    def _job(self, command: str, arguments: dict[str, Json]) -> None:
        self.machine.job(command, {"job-id": _JOB, "auto-dismiss": False, **arguments})

    def _nodes(self) -> set[str]:
        return {one["node-name"] for one in self.machine.call("query-named-block-nodes", {"flat": True})}

    @contextmanager
    def _opened(
        self, files: Sequence[int], below: Mapping[int, int], written: Sequence[int]
    ) -> Iterator[None]:
        """Have these images open, whose order is from the bottom up, and close those that were not.

        blockdev-add: "Creates a new block device". Those that are ``written`` are opened for that.
        """
        # An image that a stream took out of the chain stays open until it is removed.
        open_nodes = self._nodes()
        added: list[str] = []
        try:
            for file in files:
                for disk in self._disks:
                    if _node(disk, file) not in open_nodes:
                        image = _image(disk, file, below.get(file), writable=file in written)
                        self.machine.call("blockdev-add", image)
                        added.append(_node(disk, file))
            yield
        finally:
            left = self._nodes() if added else set()
            for node in reversed(added):
                if node in left:
                    self.machine.call("blockdev-del", {"node-name": node})

    # --- content ----------------------------------------------------------------------

    def write(self, disk: int, block: int, value: int) -> None:
        """Set one block through the disk's device, as the guest would, and flush it. Raises GuestError."""
        log = self.machine.folder / LOG
        printed = log.stat().st_size
        # qemu-io prints what became of the write; the monitor answers nothing.
        command = f"write -f -P {value} {block * BLOCK_STRIDE} {BLOCK_SIZE}"
        said = self.machine.human(f'qemu-io -d {_device_id(disk)} "{command}"')
        with log.open("rb") as file:
            file.seek(printed)
            said += file.read().decode("utf-8", "replace")
        if f"wrote {BLOCK_SIZE}/{BLOCK_SIZE} bytes" not in said:
            raise GuestError(f"qemu-io, through the monitor, did not write: {said.strip()!r:.500}")

    @contextmanager
    def exported(self, disk: int) -> Iterator[str]:
        """Have the active disk exported on the socket ``NBD``, to read only; yields the export's name."""
        if not self._serves_nbd:
            self.machine.call("nbd-server-start", {"addr": {"type": "unix", "data": {"path": NBD}}})
            self._serves_nbd = True
        node = _node(disk, self.chain[-1])
        self.machine.call(
            "block-export-add", {"type": "nbd", "id": _EXPORT, "node-name": node, "name": _EXPORT}
        )
        try:
            yield _EXPORT
        finally:
            self.machine.call("block-export-del", {"id": _EXPORT, "mode": "hard"})

    def resize(self, disk: int, file: int, size: int) -> None:
        """Set the size of an image: block_resize, "Resize a block image while a guest is running"."""
        self.machine.call("block_resize", {"node-name": _node(disk, file), "size": size})

    def size(self, disk: int, file: int | None = None) -> int:
        """The size in bytes of a disk in an image, by default as it is now."""
        node = _node(disk, self.chain[-1] if file is None else file)
        nodes = self.machine.call("query-named-block-nodes", {"flat": True})
        return int(next(one["image"]["virtual-size"] for one in nodes if one["node-name"] == node))

    # --- the end ------------------------------------------------------------------------

    def quit(self) -> None:
        """End QEMU: quit, "This command will cause the QEMU process to exit gracefully"."""
        self.machine.quit()
        self._tidy()

    def kill(self) -> None:
        """End QEMU at once."""
        self.machine.kill()
        self._tidy()

    def _tidy(self) -> None:
        (self.machine.folder / NBD).unlink(missing_ok=True)


def _name(disk: int, file: int) -> str:
    return f"{disk}-{file}.qcow2"


def _node(disk: int, file: int) -> str:
    return f"disk{disk}-file{file}"


def _device_id(disk: int) -> str:
    return f"disk{disk}"


def _image(disk: int, file: int, below: int | None, *, writable: bool) -> dict[str, Json]:
    # read-only: "whether the block device should be read-only (default: false)"
    return {
        "read-only": not writable,
        "driver": "qcow2",
        "node-name": _node(disk, file),
        "file": {"driver": "file", "filename": _name(disk, file)},
        "backing": None if below is None else _node(disk, below),
    }


def device_arguments(disk: int | None = None, node: str = "") -> list[str]:
    """The arguments for the bus of the disks, or for the disk of a number on a node."""
    if disk is None:
        return ["-device", "virtio-scsi-device,id=scsi"]
    device = {"driver": "scsi-hd", "bus": "scsi.0", "id": _device_id(disk), "drive": node}
    return ["-device", json.dumps(device)]


def _chain(file: int, below: Mapping[int, int]) -> list[int]:
    """The image and what it builds on, from the bottom up."""
    chain = [file]
    while chain[0] in below:
        chain.insert(0, below[chain[0]])
    return chain
