"""libvirt's own calls, made as requested: the driver checks nothing first and adds nothing.

Snapshots are named by name. The driver keeps the document of a snapshot that libvirt forgets with
METADATA_ONLY, so that it can be restored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from xml.etree import ElementTree

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.libvirt import documents
from snaptree.conformance.drivers.libvirt.calls.events import Events
from snaptree.conformance.drivers.libvirt.library import ERRORS, LibvirtError
from snaptree.spec.libvirt.errors import ErrorCode
from snaptree.spec.outcomes import InvalidArgument, InvalidPowerState, NameInUse, Refusal, Unsupported

_REDEFINE: Final = ":REDEFINE"

_VOID: Final = frozenset(
    {
        "virDomainSnapshotDelete", "virDomainRevertToSnapshot", "virDomainCreate", "virDomainDestroy",
        "virDomainSuspend", "virDomainResume", "virDomainManagedSave", "virDomainManagedSaveRemove",
        "virDomainUndefineFlags",
    }
)  # fmt: skip

_OTHER_KINDS: Final[dict[int, type[Refusal]]] = {
    ErrorCode.OPERATION_FAILED: NameInUse,
    ErrorCode.XML_ERROR: InvalidArgument,
    ErrorCode.DOM_EXIST: NameInUse,
    ErrorCode.XML_DETAIL: InvalidArgument,
    ErrorCode.SNAPSHOT_REVERT_RISKY: InvalidPowerState,
    ErrorCode.AGENT_UNRESPONSIVE: Unsupported,
    ErrorCode.XML_INVALID_SCHEMA: InvalidArgument,
}
"""What a code stands for at first sight; who asked for the call knows better."""


class OwnCalls:
    """libvirt's calls on one of its domains. ``events`` follow the domain from the first call on."""

    def __init__(self, libvirt: Any, handle: Any, *, pumped: bool) -> None:
        self._libvirt = libvirt
        self._handle = handle
        self._documents: dict[str, str] = {}
        self.events = Events(libvirt, handle, pumped=pumped)

    def call(self, name: str, arguments: dict[str, Json]) -> Json:
        """One call. Raises a refusal with the code for every error of libvirt's but an internal one."""
        made = self._calls().get(name)
        if made is None:
            raise Unsupported(f"{name} is none of the calls that are made here")
        self.events.begin()
        try:
            result = made(**arguments)
            # A call without a result returns 0 in C.
            return None if name in _VOID else result
        except self._libvirt.libvirtError as error:
            code, text = error.get_error_code(), str(error)
            kind = ERRORS.kind(code, also=_OTHER_KINDS)
            if kind is None:
                raise LibvirtError(f"error {code}: {text}") from None
            raise ERRORS.refusal(kind, text, code=code) from None
        finally:
            self.events.settle()

    def _calls(self) -> dict[str, Callable[..., Json]]:
        handle, find = self._handle, self._find
        return {
            "virDomainSnapshotCreateXML": self._create,
            f"virDomainSnapshotCreateXML{_REDEFINE}": self._redefine,
            "virDomainSnapshotDelete": self._delete,
            "virDomainRevertToSnapshot": lambda snapshot, flags: handle.revertToSnapshot(
                find(snapshot), flags
            ),
            "virDomainListAllSnapshots": lambda flags: _names(handle.listAllSnapshots(flags)),
            "virDomainSnapshotListAllChildren": lambda snapshot, flags: _names(
                find(snapshot).listAllChildren(flags)
            ),
            "virDomainSnapshotNum": lambda flags: handle.snapshotNum(flags),
            "virDomainSnapshotNumChildren": lambda snapshot, flags: find(snapshot).numChildren(flags),
            "virDomainSnapshotLookupByName": lambda name, flags: _name(
                handle.snapshotLookupByName(name, flags)
            ),
            "virDomainSnapshotCurrent": lambda flags: _name(handle.snapshotCurrent(flags)),
            "virDomainHasCurrentSnapshot": lambda flags: handle.hasCurrentSnapshot(flags),
            "virDomainSnapshotGetParent": lambda snapshot, flags: _name(find(snapshot).getParent(flags)),
            "virDomainSnapshotIsCurrent": lambda snapshot, flags: find(snapshot).isCurrent(flags),
            "virDomainSnapshotHasMetadata": lambda snapshot, flags: find(snapshot).hasMetadata(flags),
            "virDomainSnapshotGetXMLDesc": lambda snapshot, flags: _shown(find(snapshot).getXMLDesc(flags)),
            "virDomainCreate": lambda: handle.create(),
            "virDomainDestroy": lambda: handle.destroy(),
            "virDomainSuspend": lambda: handle.suspend(),
            "virDomainResume": lambda: handle.resume(),
            "virDomainManagedSave": lambda flags: handle.managedSave(flags),
            "virDomainManagedSaveRemove": lambda flags: handle.managedSaveRemove(flags),
            "virDomainUndefineFlags": lambda flags: handle.undefineFlags(flags),
        }

    def _find(self, name: str) -> Any:
        return self._handle.snapshotLookupByName(name, 0)

    def _create(self, name: str, description: str, flags: int) -> Json:
        document = documents.snapshot_document(documents.SnapshotRequest(name, description), None)
        return _name(self._handle.snapshotCreateXML(document, flags))

    def _redefine(self, snapshot: str, edit: str, parent: str | None, flags: int) -> Json:
        document = self._documents.get(snapshot)
        if document is None:
            secure = self._libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE
            document = self._find(snapshot).getXMLDesc(secure)
        root = ElementTree.fromstring(document)
        _EDITED.get(edit, _unchanged)(root, parent)
        edited = ElementTree.tostring(root, encoding="unicode")
        said = _name(self._handle.snapshotCreateXML(edited, flags))
        self._documents.pop(snapshot, None)
        return said

    def _delete(self, snapshot: str, flags: int) -> Json:
        libvirt = self._libvirt
        found = self._find(snapshot)
        kept = {}
        if flags & libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY:
            below = found.listAllChildren(libvirt.VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS)
            secure = libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE
            kept = {one.getName(): one.getXMLDesc(secure) for one in (found, *below)}
        found.delete(flags)
        listed = set(_names(self._handle.listAllSnapshots(0))) if kept else set()
        self._documents.update({name: text for name, text in kept.items() if name not in listed})
        return None


def _name(snapshot: Any) -> str:
    name: str = snapshot.getName()
    return name


def _names(snapshots: list[Any]) -> list[str]:
    return [_name(one) for one in snapshots]


def _shown(document: str) -> dict[str, Json]:
    """The fields of a snapshot's document, in libvirt's words."""
    root = ElementTree.fromstring(document)
    return {
        "name": root.findtext("name"),
        "description": root.findtext("description", ""),
        "parent": root.findtext("parent/name"),
        "state": root.findtext("state"),
        "disks": root.find("disks") is not None,
    }


# --- what a record is changed in ----------------------------------------------


def _unchanged(root: ElementTree.Element, parent: str | None) -> None:
    """The same again."""


def _described(root: ElementTree.Element, parent: str | None) -> None:
    for old in root.findall("description"):
        root.remove(old)
    ElementTree.SubElement(root, "description").text = "again"


def _moved(root: ElementTree.Element, parent: str | None) -> None:
    for old in root.findall("parent"):
        root.remove(old)
    if parent is not None:
        above = ElementTree.SubElement(root, "parent")
        ElementTree.SubElement(above, "name").text = parent


def _moved_nowhere(root: ElementTree.Element, parent: str | None) -> None:
    _moved(root, "nobody")


def _of_another_domain(root: ElementTree.Element, parent: str | None) -> None:
    for uuid in root.iterfind("domain/uuid"):
        uuid.text = "00000000-0000-4000-8000-000000000000"


def _switched(root: ElementTree.Element, parent: str | None) -> None:
    for state in root.iterfind("state"):
        off = state.text == "shutoff"
        state.text = "running" if off else "shutoff"
        for memory in root.iterfind("memory"):
            memory.set("snapshot", "internal" if off else "no")


def _timeless(root: ElementTree.Element, parent: str | None) -> None:
    for time in root.findall("creationTime"):
        root.remove(time)


_EDITED: Final[dict[str, Callable[[ElementTree.Element, str | None], None]]] = {
    "description": _described,
    "parent": _moved,
    "unknown-parent": _moved_nowhere,
    "domain": _of_another_domain,
    "state": _switched,
    "time": _timeless,
}
