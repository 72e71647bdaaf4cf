"""A story as a script of VBoxManage."""

from __future__ import annotations

from collections.abc import Iterator

from snaptree.conformance.reports.exports.script import ShellScript, device_of, shell_word
from snaptree.conformance.reports.exports.story import Scene

MEGABYTE = 1024 * 1024


class VBoxManage(ShellScript):
    """VBoxManage, on a machine of its own. It writes no disk: VirtualBox has no command for that."""

    tool = "VBoxManage"

    def setup(self) -> Iterator[str]:
        """A machine that is off."""
        yield "# The machine and its files are removed at the end."
        yield "set -u"
        yield "folder=$(mktemp -d)"
        yield "machine=snapshots-$$"
        yield 'try() { VBoxManage -q "$@" || echo "   exit code $?"; }'
        yield "finish() {"
        yield '    VBoxManage -q controlvm "$machine" poweroff >/dev/null 2>&1; sleep 1'
        yield '    VBoxManage -q unregistervm "$machine" --delete >/dev/null 2>&1'
        yield '    rm -rf "$folder"'
        yield "}"
        yield "trap finish EXIT"
        yield "trap 'exit 130' INT TERM"
        yield 'try createvm --name "$machine" --basefolder "$folder" --register'
        yield 'try storagectl "$machine" --name disks --add sata'
        for port, (disk, size) in enumerate(self.story.disks.items()):
            file = f'"$folder/{device_of(self.story, disk)}.vdi"'
            yield f"try createmedium disk --filename {file} --size {max(1, size // MEGABYTE)}"
            yield (
                f'try storageattach "$machine" --storagectl disks --port {port} --device 0 --type hdd '
                f"--medium {file}"
            )

    def end(self) -> Iterator[str]:
        """The tree and the state of the machine."""
        yield "echo 'the snapshots at the end:'"
        yield 'try snapshot "$machine" list'
        yield "try showvminfo \"$machine\" --machinereadable | grep -E '^(VMState|CurrentSnapshotName)='"

    def on_create(self, scene: Scene) -> list[str] | None:
        """snapshot take."""
        given = scene.operation.arguments()
        if given.get("uuid"):
            return None
        text = f" --description={shell_word(given['description'])}" if given.get("description") else ""
        return [f'try snapshot "$machine" take {shell_word(given["name"])}{text}']

    def on_revert(self, scene: Scene) -> list[str]:
        """snapshot restore."""
        return [f'try snapshot "$machine" restore {self.quoted_name(scene)}']

    def on_discard(self, scene: Scene) -> list[str]:
        """snapshot delete: VirtualBox has one delete."""
        return [f'try snapshot "$machine" delete {self.quoted_name(scene)}']

    on_merge_into_children = on_discard
    on_merge_into_parent = on_discard

    def on_rename(self, scene: Scene) -> list[str]:
        """snapshot edit."""
        name = shell_word(scene.operation.arguments()["name"])
        return [f'try snapshot "$machine" edit {self.quoted_name(scene)} --name={name}']

    def on_describe(self, scene: Scene) -> list[str]:
        """snapshot edit."""
        text = shell_word(scene.operation.arguments()["description"])
        return [f'try snapshot "$machine" edit {self.quoted_name(scene)} --description={text}']

    def on_start(self, _scene: Scene) -> list[str]:
        """startvm."""
        return ['try startvm "$machine" --type headless']

    def on_stop(self, _scene: Scene) -> list[str]:
        """controlvm poweroff."""
        return ['try controlvm "$machine" poweroff; sleep 1']

    def on_pause(self, _scene: Scene) -> list[str]:
        """controlvm pause."""
        return ['try controlvm "$machine" pause']

    def on_resume(self, _scene: Scene) -> list[str]:
        """controlvm resume."""
        return ['try controlvm "$machine" resume']

    def on_managed_save(self, _scene: Scene) -> list[str]:
        """controlvm savestate."""
        return ['try controlvm "$machine" savestate']

    def on_managed_save_remove(self, _scene: Scene) -> list[str]:
        """discardstate."""
        return ['try discardstate "$machine"']

    def on_list(self, _scene: Scene) -> list[str]:
        """snapshot list."""
        return ['try snapshot "$machine" list']

    def on_lookup_by_name(self, scene: Scene) -> list[str]:
        """snapshot showvminfo."""
        name = shell_word(scene.operation.arguments()["name"])
        return [f'try snapshot "$machine" showvminfo {name} | head -n 1']
