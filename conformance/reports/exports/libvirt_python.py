"""A story as a script of libvirt's Python bindings, for its test driver and for its QEMU driver."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from snaptree.conformance.reports.exports.script import Script, device_of
from snaptree.conformance.reports.exports.story import Scene
from snaptree.conformance.reports.exports.virsh import writes_of
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

HEAD = '''import subprocess
import sys
import tempfile

import libvirt

libvirt.registerErrorHandler(lambda *_: None, None)
libvirt.virEventRegisterDefaultImpl()
folder = tempfile.TemporaryDirectory()


def attempt(call, *arguments):
    """Make a call, and print libvirt's error if it refuses."""
    try:
        return call(*arguments)
    except libvirt.libvirtError as error:
        print(f"   error {error.get_error_code()}: {error.get_error_message()}")


def snapshot(name):
    """A snapshot by its name."""
    return domain.snapshotLookupByName(name)


def image(disk):
    """The file that the domain uses for a disk now."""
    listed = domain.XMLDesc().split("<disk ")[1:]
    mine = next(one for one in listed if f"dev='{disk}'" in one)
    return mine.split("source file='")[1].split("'")[0]
'''

QEMU = """connection = libvirt.open(sys.argv[1] if len(sys.argv) > 1 else "qemu:///session")
{images}
domain = connection.defineXML(
    "<domain type='qemu'><name>snapshots</name><memory unit='MiB'>4</memory>"
    "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
{disks}
    "</devices></domain>"
)"""

IMAGE = (
    'subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{{folder.name}}/{disk}.qcow2", '
    '"{size}"], check=True)'
)

DISK = (
    "    f\"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
    "<source file='{{folder.name}}/{disk}.qcow2'/><target dev='{disk}' bus='virtio'/></disk>\""
)

TEST = """connection = libvirt.open("test:///default")
domain = connection.defineXML(
    "<domain type='test'><name>snapshots</name><memory unit='MiB'>4</memory>"
    "<os><type>hvm</type></os></domain>"
)"""


class LibvirtPython(Script):
    """libvirt's bindings, with qemu-img and qemu-io for the content of the disks."""

    tool = "libvirt-python"
    language = "python"
    _declared = False

    def head(self) -> Iterator[str]:
        """How it is run."""
        yield "# usage: python SCRIPT [URI]"

    def setup(self) -> Iterator[str]:
        """A domain that is off."""
        yield HEAD
        if self._is_test():
            yield TEST
            return
        devices = {device_of(self.story, disk): size for disk, size in self.story.disks.items()}
        yield QEMU.format(
            images="\n".join(IMAGE.format(disk=disk, size=size) for disk, size in devices.items()),
            disks="\n".join(DISK.format(disk=disk) for disk in devices),
        )

    def end(self) -> Iterator[str]:
        """The tree, and the blocks of the active state."""
        yield "for one in sorted(domain.listAllSnapshots(), key=lambda one: one.getName()):"
        yield "    try:"
        yield "        above = one.getParent().getName()"
        yield "    except libvirt.libvirtError:"
        yield "        above = None"
        yield "    print('listed:', repr(one.getName()), 'under', repr(above))"
        yield "has_one = domain.hasCurrentSnapshot()"
        yield "print('current:', repr(domain.snapshotCurrent().getName()) if has_one else None)"
        if not self._is_test():
            for disk in self.story.disks:
                device = device_of(self.story, disk)
                reads = ", ".join(f'"-c", "read -v {one * BLOCK_STRIDE} 1"' for one in range(2))
                yield f'command = ["qemu-io", "-r", "-U", {reads}, image("{device}")]'
                yield (
                    f'print("{device}:", *[line.split()[1] for line in subprocess.run('
                    'command, capture_output=True, text=True).stdout.splitlines() if line[8:9] == ":"])'
                )
        yield "if domain.isActive():"
        yield "    domain.destroy()"
        yield "domain.undefineFlags("
        yield "    libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE"
        yield ")"

    def say(self, text: str) -> str:
        """A line that prints a text."""
        return f"print({text!a})"

    def on_create(self, scene: Scene) -> list[str] | None:
        """virDomainSnapshotCreateXML."""
        given = scene.operation.arguments()
        external = self.story.profile.name.startswith("libvirt-qemu-external")
        if given.get("uuid") or self.story.profile.name.startswith("libvirt-qemu-mixed"):
            return None
        document = f"<name>{escape(given['name'])}</name>"
        if given.get("description"):
            document += f"<description>{escape(given['description'])}</description>"
        flags = "0"
        if external:
            places = "".join(
                f"<disk name='{device}' snapshot='external'><source file='FOLDER/{device}.{scene.number}'/>"
                "</disk>"
                for device in (device_of(self.story, one) for one in self.story.disks)
            )
            document += f"<disks>{places}</disks>"
            flags = "libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY"
            if given.get("memory"):
                document += f"<memory snapshot='external' file='FOLDER/memory.{scene.number}'/>"
                flags = "0"
        whole = f"<domainsnapshot>{document}</domainsnapshot>"
        text = f'{whole!a}.replace("FOLDER", folder.name)' if external else f"{whole!a}"
        return [f"attempt(domain.snapshotCreateXML, {text}, {flags})"]

    def on_revert(self, scene: Scene) -> list[str] | None:
        """virDomainRevertToSnapshot."""
        flags = {
            None: "0",
            "running": "libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING",
            "paused": "libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED",
        }.get(scene.operation.arguments().get("resume_as"))
        if flags is None:
            return None
        return [f"attempt(lambda: domain.revertToSnapshot(snapshot({self.name(scene)!a}), {flags}))"]

    def on_discard(self, scene: Scene) -> list[str]:
        """virDomainSnapshotDelete: libvirt has one delete."""
        return self._delete(scene, "0")

    on_merge_into_children = on_discard

    def on_remove_subtree(self, scene: Scene) -> list[str]:
        """virDomainSnapshotDelete with the children."""
        only = "_ONLY" if scene.operation.arguments().get("keep_root") else ""
        return self._delete(scene, f"libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN{only}")

    def on_start(self, _scene: Scene) -> list[str]:
        """virDomainCreate."""
        return ["attempt(domain.create)"]

    def on_stop(self, _scene: Scene) -> list[str]:
        """virDomainDestroy."""
        return ["attempt(domain.destroy)"]

    def on_pause(self, _scene: Scene) -> list[str]:
        """virDomainSuspend."""
        return ["attempt(domain.suspend)"]

    def on_resume(self, _scene: Scene) -> list[str]:
        """virDomainResume."""
        return ["attempt(domain.resume)"]

    def on_managed_save(self, _scene: Scene) -> list[str]:
        """virDomainManagedSave."""
        return ["attempt(domain.managedSave)"]

    def on_managed_save_remove(self, _scene: Scene) -> list[str]:
        """virDomainManagedSaveRemove."""
        return ["attempt(domain.managedSaveRemove)"]

    def on_write_disk(self, scene: Scene) -> list[str] | None:
        """qemu-io on the image that the domain uses now, while it is off."""
        if scene.before.active.power != "off" or self._is_test():
            return None
        return [
            f'subprocess.run(["qemu-io", "-f", "qcow2", "-c", '
            f'"write -q -P {value} {block * BLOCK_STRIDE} {BLOCK_SIZE}", '
            f'image("{device_of(self.story, disk)}")], check=True)'
            for disk, block, value in writes_of(scene)
        ]

    def on_list(self, _scene: Scene) -> list[str]:
        """virDomainSnapshotListNames."""
        return ["print(attempt(domain.snapshotListNames))"]

    def on_lookup_by_name(self, scene: Scene) -> list[str]:
        """virDomainSnapshotLookupByName."""
        name = scene.operation.arguments()["name"]
        return [f"print(attempt(lambda: snapshot({name!a}).getName()))"]

    def _delete(self, scene: Scene, flags: str) -> list[str]:
        return [f"attempt(lambda: snapshot({self.name(scene)!a}).delete({flags}))"]

    def _is_test(self) -> bool:
        return self.story.profile.name.startswith("libvirt-test")
