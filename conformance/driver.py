"""What a driver author implements.

A ``Driver`` opens fresh domains and says what it is. A ``Domain`` has one method
for each call of the specification; a call that the profile does not claim may
simply be absent. Every argument and result is JSON, so that the same calls can
cross a process boundary. Calls are synchronous.

A call that is declined raises a ``snaptree.spec.outcomes.Refusal``, and has had
no effect. Whatever else it raises is reported as an error of the driver.

What ``observe`` returns, a key that is absent being *not observed*::

    {
      "snapshots": [                       # in order of creation
        {"id": "…", "name": "…", "parent": "…" or null,
         "description": "…", "uuid": "…",  # both may be absent
         "captured": 17,                   # any JSON value that stands for the time of capture
         "point": {"disks": {"vda": {"size": 1048576, "blocks": {"0": 255}}},
                   "memory": null, "power": "off", "configuration": {}}}],
      "current": "…" or null,
      "active": {"disks": …, "memory": …, "power": …, "configuration": …},
      "base": {"disks": …, "configuration": …},
      "managed_save": null or {"memory": …, "power": …},
      "independent": {"vdc": {"size": …, "blocks": …}}
    }

A block that reads zero is absent from ``blocks``. ``memory`` is a number, null
for none, or ``"unspecified"`` after a boot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable

from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE

SnapshotId = str
"""An opaque string that the driver issues."""

SnapshotIds = list[SnapshotId]

Json = Any

DEFAULT_DISKS: Final[Mapping[str, int]] = {"vda": 16 * BLOCK_STRIDE, "vdb": 16 * BLOCK_STRIDE}
"""The disks of a fresh domain: ids and sizes in bytes (1 MiB each)."""


class DriverUnavailable(Exception):
    """The driver or its host cannot be brought up, or gave out; the text says what is missing.

    Raised by a call, it ends the run: a host whose disk is full, say, is no fault
    of the driver, and nothing that followed would say anything about it.

    ``install`` is the command that mends it, where one is known.
    """

    def __init__(self, text: str, *, install: str | None = None) -> None:
        super().__init__(text)
        self.install = install


class NotObserved(Exception):
    """Raised by ``observe`` when nothing can be seen at this moment; the step then counts for no rule."""


@dataclass(frozen=True)
class DriverOptions:
    """What the command line hands to a driver.

    ``target`` is what stands behind the colon of the driver's name. ``work`` is
    the folder that everything is made under, None for the system's temporary
    folder. ``keep`` leaves the domains for a post-mortem. ``settings`` are the
    driver's own options.
    """

    target: str = ""
    work: Path | None = None
    keep: bool = False
    profile: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


class Domain(Protocol):
    """The calls that every driver has."""

    def create(
        self, name: str, description: str, memory: bool, uuid: str | None, quiesce: bool
    ) -> SnapshotId:
        """Capture the active state; the new snapshot becomes current."""

    def revert(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """Make the active state what the snapshot holds."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""

    def observe(self) -> dict[str, Json]:
        """Everything that can be seen, changing nothing. See the module's text."""

    def close(self) -> None:
        """Remove the domain and everything that belongs to it."""


@runtime_checkable
class MergesIntoChildren(Protocol):
    """A domain that can merge a snapshot into its children."""

    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot; children and active state keep their content."""


@runtime_checkable
class MergesIntoParent(Protocol):
    """A domain that can merge a snapshot into its parent."""

    def merge_into_parent(self, snapshot: SnapshotId) -> None:
        """The parent's point becomes this snapshot's point; this one goes."""

    def merge_into_parent_forced(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """The same, destroying the parent's other dependents."""


@runtime_checkable
class Discards(Protocol):
    """A domain that can discard a snapshot."""

    def discard(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot on which nothing depends."""

    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """The same, destroying all that depends on it."""


@runtime_checkable
class RemovesSubtrees(Protocol):
    """A domain that can remove a snapshot with all below it."""

    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool) -> None:
        """Remove the subtree; the active state stays as it is."""


@runtime_checkable
class Retires(Protocol):
    """A domain that can retire a snapshot and reclaim it later."""

    def retire(self, snapshot: SnapshotId) -> None:
        """Take the snapshot out of the tree; its storage stays."""

    def reclaim(self, snapshot: SnapshotId) -> None:
        """Give back the storage of a retired snapshot."""


@runtime_checkable
class Names(Protocol):
    """A domain whose snapshots can be renamed and described."""

    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""

    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""


@runtime_checkable
class LooksUp(Protocol):
    """The look-ups. The engine falls back on ``observe`` for those that are absent."""

    def list(self) -> SnapshotIds:
        """All ids in order of creation."""

    def children(self, snapshot: SnapshotId | None) -> SnapshotIds:
        """Children in order of creation; the roots for None."""

    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""

    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""

    def lookup_by_name(self, name: str) -> SnapshotId:
        """The snapshot that a name means."""

    def lookup_by_id(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""

    def count(self) -> int:
        """How many snapshots are listed."""


@runtime_checkable
class Power(Protocol):
    """A domain that can be started and stopped."""

    def start(self) -> None:
        """Boot, or continue from the managed-save image."""

    def stop(self) -> None:
        """Turn off; memory is gone."""


@runtime_checkable
class Pauses(Protocol):
    """A domain that can be paused."""

    def pause(self) -> None:
        """Stop the processors."""

    def resume(self) -> None:
        """Let them run on."""


@runtime_checkable
class HasMemory(Protocol):
    """A domain whose memory can be written from outside."""

    def write_memory(self, value: int) -> None:
        """Set the memory marker."""


@runtime_checkable
class SavesState(Protocol):
    """A domain with managed save."""

    def managed_save(self) -> None:
        """Save memory and turn off."""

    def managed_save_remove(self) -> None:
        """Drop the image, if there is one."""


@runtime_checkable
class ChangesDisks(Protocol):
    """A domain whose disks come, go and change size."""

    def resize_disk(self, disk: str, size: int) -> None:
        """Set the size in bytes."""

    def attach_disk(self, disk: str, size: int, independent: bool) -> None:
        """Add a disk that reads zero."""

    def detach_disk(self, disk: str) -> None:
        """Take a disk away."""


@runtime_checkable
class Configures(Protocol):
    """A domain with a configuration."""

    def configure(self, key: str, value: str) -> None:
        """Set one entry; an empty value removes it."""


@runtime_checkable
class Crashes(Protocol):
    """A domain whose hypervisor process can be killed and come back."""

    def crash(self) -> None:
        """Kill the hypervisor process of this domain."""

    def recover(self) -> None:
        """Make the domain usable again after a crash."""


@runtime_checkable
class Undefines(Protocol):
    """A domain that can be removed while it is looked at."""

    def undefine(self) -> None:
        """Remove a domain without snapshots."""

    def undefine_forced(self) -> None:
        """Remove a domain with all its snapshots."""


@runtime_checkable
class SpeaksLibvirt(Protocol):
    """A domain that has libvirt's own calls, for a profile that lists their flags.

    ``observe`` then also has ``events``: the lifecycle events of the last such
    call, each a list of virDomainEventType and detail; absent is *not observed*.
    """

    def native_call(self, name: str, arguments: dict[str, Json]) -> Json:
        """One of ``snaptree.spec.bindings.libvirt_calls``, its snapshots by this driver's ids.

        Raises a refusal with ``native`` for every error of libvirt's, whatever its code.
        """


class Driver(Protocol):
    """A hypervisor that is put under the suite.

    A driver class is constructed with one argument, ``DriverOptions``. It raises
    ``DriverUnavailable`` when its host cannot be brought up. That changes nothing on the
    host: a driver whose host others use may have an ``announcement``, a text that says
    what its domains will make there, and where; it is shown before the first one is opened.
    """

    name: str
    version: str
    profile: Profile

    def __init__(self, options: DriverOptions) -> None: ...

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> Domain:
        """A fresh, powered-off domain without snapshots whose disks read zero."""

    def close(self) -> None:
        """End everything that the driver started and remove everything that it made."""
