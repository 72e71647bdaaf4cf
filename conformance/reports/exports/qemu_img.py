"""A story as a script of qemu-img: one image for each snapshot and one for the active state of each disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from snaptree.conformance.reports.exports.script import ShellScript, device_of
from snaptree.conformance.reports.exports.story import Scene
from snaptree.conformance.reports.exports.virsh import writes_of
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE, Domain

ACTIVE: Final = "active"
BASE: Final = "base"


class QemuImg(ShellScript):
    """qemu-img in place, as its documentation says for a domain that is off."""

    tool = "qemu-img"

    def setup(self) -> Iterator[str]:
        """An empty base, and the image of the active state on it."""
        yield "# One image a snapshot and disk, each on the image of its parent; the domain is off."
        yield "set -u"
        yield "folder=$(mktemp -d)"
        yield """trap 'rm -rf "$folder"' EXIT"""
        yield "trap 'exit 130' INT TERM"
        yield 'cd "$folder" || exit 1'
        yield 'try() { "$@" || echo "   exit code $?"; }'
        for disk, size in self.story.disks.items():
            device = device_of(self.story, disk)
            yield f"try qemu-img create -q -f qcow2 {device}-{BASE}.qcow2 {size}"
            yield self._overlay(device, ACTIVE, BASE)

    def end(self) -> Iterator[str]:
        """The blocks of every snapshot and of the active state, as QEMU reads them."""
        after = self.story.scenes[-1].after
        places = [(one.name, self._file(one.id)) for one in after.in_order()]
        for name, file in [*places, ("the active state", ACTIVE)]:
            for device in self._devices():
                yield self.say(f"{name}, {device}, blocks 0 and 1:")
                reads = " ".join(f"-c 'read -v {one * BLOCK_STRIDE} 1'" for one in range(2))
                yield f"qemu-io -r -f qcow2 {reads} {device}-{file}.qcow2 | grep :"

    def on_create(self, scene: Scene) -> list[str] | None:
        """The image of the active state becomes that of the snapshot."""
        created = next(iter(set(scene.after.snapshots) - set(scene.before.snapshots)), None)
        if created is None:
            return None
        file = self._file(created)
        return [
            line
            for device in self._devices()
            for line in (
                f"mv {device}-{ACTIVE}.qcow2 {device}-{file}.qcow2",
                self._overlay(device, ACTIVE, file),
            )
        ]

    def on_revert(self, scene: Scene) -> list[str]:
        """A new image of the active state on that of the snapshot."""
        target = self._file(scene.operation.arguments()["snapshot"])
        return [
            line
            for device in self._devices()
            for line in (f"rm {device}-{ACTIVE}.qcow2", self._overlay(device, ACTIVE, target))
        ]

    def on_merge_into_children(self, scene: Scene) -> list[str]:
        """rebase of everything that lies on the image, in safe mode; then the image goes."""
        gone = scene.operation.arguments()["snapshot"]
        below = self._below(scene.before, gone)
        lines = [
            f"try qemu-img rebase -q -f qcow2 -b {device}-{below}.qcow2 -F qcow2 {device}-{file}.qcow2"
            for device in self._devices()
            for file in self._above(scene.before, gone)
        ]
        return [*lines, *self._removed([gone])]

    def on_merge_into_parent(self, scene: Scene) -> list[str]:
        """commit into the image below; what lay on the image then lies on that one."""
        gone = scene.operation.arguments()["snapshot"]
        below, file = self._below(scene.before, gone), self._file(gone)
        lines: list[str] = []
        for device in self._devices():
            lines.append(f"try qemu-img commit -q -d -f qcow2 {device}-{file}.qcow2")
            lines += [
                f"try qemu-img rebase -q -u -f qcow2 -F qcow2 -b {device}-{below}.qcow2 "
                f"{device}-{above}.qcow2"
                for above in self._above(scene.before, gone)
            ]
        parent = scene.before.snapshots[gone].parent
        if parent is not None and parent not in scene.after.snapshots:
            # The merged snapshot goes on in the image of its parent.
            lines += [f"mv {device}-{below}.qcow2 {device}-{file}.qcow2" for device in self._devices()]
            return lines
        return [*lines, *self._removed([gone])]

    def on_discard(self, scene: Scene) -> list[str]:
        """The images go."""
        return self._removed(set(scene.before.snapshots) - set(scene.after.snapshots))

    on_remove_subtree = on_discard

    def on_resize_disk(self, scene: Scene) -> list[str]:
        """resize of the image of the active state."""
        given = scene.operation.arguments()
        shrink = " --shrink" if given["size"] < scene.before.active.disks[given["disk"]].size else ""
        device = device_of(self.story, given["disk"])
        return [f"try qemu-img resize -q -f qcow2{shrink} {device}-{ACTIVE}.qcow2 {given['size']}"]

    def on_write_disk(self, scene: Scene) -> list[str]:
        """qemu-io on the image of the active state."""
        return [
            f"try qemu-io -f qcow2 -c 'write -q -P {value} {block * BLOCK_STRIDE} {BLOCK_SIZE}' "
            f"{device_of(self.story, disk)}-{ACTIVE}.qcow2"
            for disk, block, value in writes_of(scene)
        ]

    def on_rename(self, _scene: Scene) -> list[str]:
        """No image has the name of a snapshot."""
        return [self.say("   no image has the name of a snapshot")]

    on_describe = on_rename

    def _devices(self) -> list[str]:
        return [device_of(self.story, disk) for disk in self.story.disks]

    def _file(self, snapshot: str) -> str:
        """The middle of a file's name: ids of the model count creations."""
        return "snapshot" + "".join(char for char in snapshot if char.isalnum() and char.isascii())

    def _below(self, domain: Domain, snapshot: str) -> str:
        parent = domain.snapshots[snapshot].parent
        return BASE if parent is None else self._file(parent)

    def _above(self, domain: Domain, snapshot: str) -> list[str]:
        above = [self._file(one.id) for one in domain.in_order() if one.parent == snapshot]
        return [*above, *([ACTIVE] if domain.current == snapshot else [])]

    def _overlay(self, device: str, file: str, on: str) -> str:
        return f"try qemu-img create -q -f qcow2 -b {device}-{on}.qcow2 -F qcow2 {device}-{file}.qcow2"

    def _removed(self, snapshots: set[str] | list[str]) -> list[str]:
        return [
            f"rm {device}-{self._file(one)}.qcow2" for one in sorted(snapshots) for device in self._devices()
        ]
