"""The names of libvirt's own calls, for those who only read rules: the calls themselves take long to load."""

from typing import Final

CALL_NAMES: Final = (
    "virDomainSnapshotCreateXML",
    "virDomainSnapshotCreateXML:REDEFINE",
    "virDomainSnapshotDelete",
    "virDomainRevertToSnapshot",
    "virDomainListAllSnapshots",
    "virDomainSnapshotListAllChildren",
    "virDomainSnapshotNum",
    "virDomainSnapshotNumChildren",
    "virDomainSnapshotLookupByName",
    "virDomainSnapshotCurrent",
    "virDomainHasCurrentSnapshot",
    "virDomainSnapshotGetParent",
    "virDomainSnapshotIsCurrent",
    "virDomainSnapshotHasMetadata",
    "virDomainSnapshotGetXMLDesc",
    "virDomainCreate",
    "virDomainDestroy",
    "virDomainSuspend",
    "virDomainResume",
    "virDomainManagedSave",
    "virDomainManagedSaveRemove",
    "virDomainUndefineFlags",
)
