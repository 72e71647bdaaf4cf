"""A story as a script of virsh, for a domain of QEMU's that stays on the host for as long as it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from snaptree.conformance.reports.exports.script import NotExpressible, ShellScript, device_of, shell_word
from snaptree.conformance.reports.exports.story import Scene
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

DOMAIN = """cat > "$folder/domain.xml" <<END
<domain type='qemu'><name>$domain</name><memory unit='MiB'>4</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
{disks}
</devices></domain>
END
virsh define "$folder/domain.xml\""""

DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
    "<source file='$folder/{disk}.qcow2'/><target dev='{disk}' bus='virtio'/></disk>"
)


class Virsh(ShellScript):
    """virsh, with qemu-img and qemu-io for the content of the disks."""

    tool = "virsh"

    def setup(self) -> Iterator[str]:
        """A domain that is off."""
        if self.story.profile.name.startswith("libvirt-test"):
            raise NotExpressible("each virsh has a test driver of its own: export as libvirt-python")
        yield "# usage: sh SCRIPT [URI]. The domain and its files are removed at the end."
        yield "set -u"
        yield "uri=${1:-qemu:///session}"
        yield "folder=$(mktemp -d)"
        yield "domain=snapshots-$$"
        yield 'virsh() { command virsh -q -c "$uri" "$@" || echo "   exit code $?"; }'
        yield "finish() {"
        yield '    command virsh -q -c "$uri" destroy "$domain" >/dev/null 2>&1'
        yield (
            '    command virsh -q -c "$uri" undefine "$domain" --snapshots-metadata --managed-save '
            ">/dev/null 2>&1"
        )
        yield '    rm -rf "$folder"'
        yield "}"
        yield "trap finish EXIT"
        yield "trap 'exit 130' INT TERM"
        yield "image() {"
        yield '    command virsh -q -c "$uri" domblklist "$domain" |'
        yield """        awk -v disk="$1" '$1 == disk {print $2}'"""
        yield "}"
        devices = {device_of(self.story, disk): size for disk, size in self.story.disks.items()}
        for disk, size in devices.items():
            yield f'qemu-img create -q -f qcow2 "$folder/{disk}.qcow2" {size}'
        yield DOMAIN.format(disks="\n".join(DISK.format(disk=disk) for disk in devices))

    def end(self) -> Iterator[str]:
        """The tree and the blocks of the active state."""
        yield "echo 'the snapshots at the end:'"
        yield 'virsh snapshot-list "$domain" --tree'
        yield 'virsh domstate "$domain"'
        for disk in (device_of(self.story, one) for one in self.story.disks):
            yield f"echo 'the first blocks of {disk}:'"
            reads = " ".join(f"-c 'read -v {one * BLOCK_STRIDE} 1'" for one in range(2))
            yield f'qemu-io -r -U {reads} "$(image {disk})" | grep :'

    def on_create(self, scene: Scene) -> list[str] | None:
        """snapshot-create-as; external ones are written beside the images."""
        given = scene.operation.arguments()
        words = ["snapshot-create-as", '"$domain"', f"--name={shell_word(given['name'])}"]
        if given.get("description"):
            words.append(f"--description={shell_word(given['description'])}")
        if given.get("uuid"):
            return None
        if self.story.profile.name.startswith("libvirt-qemu-external"):
            places = [
                f'--diskspec={disk},snapshot=external,file="$folder/{disk}.{scene.number}.qcow2"'
                for disk in (device_of(self.story, one) for one in self.story.disks)
            ]
            memory = f'--memspec="$folder/memory.{scene.number}"' if given.get("memory") else "--disk-only"
            words += [memory, *places]
        elif self.story.profile.name.startswith("libvirt-qemu-mixed"):
            return None
        return [f"virsh {' '.join(words)}"]

    def on_revert(self, scene: Scene) -> list[str] | None:
        """snapshot-revert."""
        wanted = scene.operation.arguments().get("resume_as")
        flag = {None: "", "running": " --running", "paused": " --paused"}.get(wanted)
        return None if flag is None else [f"{self._on('snapshot-revert', scene)}{flag}"]

    def on_discard(self, scene: Scene) -> list[str]:
        """snapshot-delete: virsh has one delete."""
        return [self._on("snapshot-delete", scene)]

    on_merge_into_children = on_discard

    def on_remove_subtree(self, scene: Scene) -> list[str]:
        """snapshot-delete with the children."""
        keep = scene.operation.arguments().get("keep_root")
        return [f"{self._on('snapshot-delete', scene)} --children{'-only' if keep else ''}"]

    def on_start(self, _scene: Scene) -> list[str]:
        """start."""
        return ['virsh start "$domain"']

    def on_stop(self, _scene: Scene) -> list[str]:
        """destroy."""
        return ['virsh destroy "$domain"']

    def on_pause(self, _scene: Scene) -> list[str]:
        """suspend."""
        return ['virsh suspend "$domain"']

    def on_resume(self, _scene: Scene) -> list[str]:
        """resume."""
        return ['virsh resume "$domain"']

    def on_managed_save(self, _scene: Scene) -> list[str]:
        """managedsave."""
        return ['virsh managedsave "$domain"']

    def on_managed_save_remove(self, _scene: Scene) -> list[str]:
        """managedsave-remove."""
        return ['virsh managedsave-remove "$domain"']

    def on_undefine(self, _scene: Scene) -> list[str]:
        """undefine."""
        return ['virsh undefine "$domain"']

    def on_write_disk(self, scene: Scene) -> list[str] | None:
        """qemu-io on the image that the domain uses now, while it is off."""
        if scene.before.active.power != "off":
            return None
        return [
            f"qemu-io -f qcow2 -c 'write -q -P {value} {block * BLOCK_STRIDE} {BLOCK_SIZE}' "
            f'"$(image {device_of(self.story, disk)})"'
            for disk, block, value in writes_of(scene)
        ]

    def on_list(self, _scene: Scene) -> list[str]:
        """snapshot-list."""
        return ['virsh snapshot-list "$domain" --name']

    def on_current(self, _scene: Scene) -> list[str]:
        """snapshot-current."""
        return ['virsh snapshot-current "$domain" --name']

    def on_parent(self, scene: Scene) -> list[str]:
        """snapshot-parent."""
        return [self._on("snapshot-parent", scene)]

    def on_lookup_by_name(self, scene: Scene) -> list[str]:
        """snapshot-info."""
        name = shell_word(scene.operation.arguments()["name"])
        return [f'virsh snapshot-info "$domain" --snapshotname={name}']

    def _on(self, command: str, scene: Scene) -> str:
        return f'virsh {command} "$domain" --snapshotname={self.quoted_name(scene)}'


def writes_of(scene: Scene) -> list[tuple[str, int, int]]:
    """Disk, block and value of each write of a call."""
    given: dict[str, Any] = scene.operation.arguments()
    if "blocks" in given:
        return [(given["disk"], int(block), value) for block, value in given["blocks"].items()]
    return [(given["disk"], given["block"], given["value"])]
