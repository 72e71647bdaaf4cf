"""A tree that is there already: in a file, in a folder of documents, or in a domain of libvirt.

It is only looked at. What the place does not show, such as the content of a disk, is as in a fresh domain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.sequences.json_lines import TraceError
from snaptree.conformance.sequences.start import StartFault, start_of
from snaptree.conformance.sequences.traces import read_trace
from snaptree.schemas import SchemaViolation, check_against
from snaptree.schemas.xml import LIMITS, MalformedXml
from snaptree.spec.files import read_regular
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain
from snaptree.spec.text import plain
from snaptree.spec.xml import DomainSnapshot, InvalidXml, captured_power, read
from snaptree.spec.xml.trees import document_tree

LIBVIRT: Final = "libvirt:"

MOST_OF_AN_OBSERVATION: Final = 64 * 1024 * 1024
"""The largest observation that is read, in bytes."""

MOST_DOCUMENTS: Final = 10_000

_POWER: Final = {1: "running", 2: "running", 3: "paused", 4: "running", 7: "paused"}
"""libvirt's virDomainState; every other number is a domain that is off."""


class NoTree(ValueError):
    """A place that shows no tree; the text says why."""


def given_domain(place: str, profile: Profile, disks: Mapping[str, int]) -> Domain:
    """The domain that a place shows.

    ``libvirt:URI/DOMAIN`` is opened read-only; a folder has documents of snapshots, of which that with
    ``<active>1`` is current; a file is a trace, whose
    calls the model makes under the profile, or what ``observe`` returns, as JSON. Raises NoTree.
    """
    if place.startswith(LIBVIRT):
        return _started(place, _libvirt_tree(place.removeprefix(LIBVIRT)), disks)
    path = Path(place)
    if path.is_dir():
        documents = _documents(path)
        marked = next((one.name for one in documents.values() if one.active), None)
        return _started(place, _shown(documents, marked, "off"), disks)
    try:
        content = read_regular(path, MOST_OF_AN_OBSERVATION)
    except OSError as error:
        raise NoTree(f"{plain(place, 300)}: {error.strerror or 'cannot be read'}") from None
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict) and "trace" not in record:
        try:
            check_against("observation", record)
        except SchemaViolation as error:
            raise NoTree(f"{plain(place, 300)}: no observation: {error}") from None
        return _started(place, record, disks)
    return _played(path, profile)


def _started(place: str, seen: Mapping[str, Any], disks: Mapping[str, int]) -> Domain:
    try:
        return start_of(seen, disks).domain
    except StartFault as error:
        raise NoTree(f"{plain(place, 300)}: {plain(str(error), 300)}") from None


def _played(path: Path, profile: Profile) -> Domain:
    """The domain after the calls of a trace that the model accepts."""
    try:
        recorded = read_trace(path)
        start = recorded.header.started()
    except TraceError as error:
        raise NoTree(str(error)) from None
    header = recorded.header
    domain = blank_domain(header.disks, persistent=header.persistent) if start is None else start.domain
    for operation in recorded.operations:
        outcome = step(domain, operation, profile)
        if isinstance(outcome, Accepted):
            domain = outcome.domain
    return domain


def _documents(folder: Path) -> dict[str, DomainSnapshot]:
    """The snapshots in a folder, by file. Raises NoTree."""
    found: dict[str, DomainSnapshot] = {}
    for path in sorted(folder.glob("*.xml"))[: MOST_DOCUMENTS + 1]:
        try:
            found[str(path)] = read(read_regular(path, LIMITS.size), "libvirt", unknown="keep")
        except OSError as error:
            raise NoTree(f"{plain(str(path), 300)}: {error.strerror}") from None
        except (MalformedXml, InvalidXml) as error:
            raise NoTree(f"{plain(str(path), 300)}: {plain(str(error), 300)}") from None
    if not found:
        raise NoTree(f"{plain(str(folder), 300)}: there is no *.xml in it")
    if len(found) > MOST_DOCUMENTS:
        raise NoTree(f"{plain(str(folder), 300)}: more than {MOST_DOCUMENTS:,} documents")
    return found


def _shown(documents: Mapping[str, DomainSnapshot], current: str | None, power: str) -> dict[str, Any]:
    """Documents as an observation. Raises NoTree for a set that is no tree."""
    tree = document_tree(documents)
    wrong = [one for one in tree.faults if not one.message.startswith("no <domain>")]
    if wrong:
        raise NoTree(f"{plain(wrong[0].file, 300)}: {plain(wrong[0].message, 300)}")
    entries: list[dict[str, Any]] = []
    for one in (documents[file] for file in tree.order):
        captured = captured_power(one) or "off"
        with_memory = one.state != "disk-snapshot" and captured != "off"
        point = {"power": captured, "memory": "unspecified"} if with_memory else {"power": "off"}
        entries.append(
            {
                "id": one.name,
                "name": one.name,
                "description": one.description or "",
                "parent": one.parent,
                "point": point,
            }
        )
    active = {"power": power, "memory": None if power == "off" else "unspecified"}
    return {"snapshots": entries, "current": current, "active": active}


def _libvirt_tree(place: str) -> dict[str, Any]:
    """The tree of a domain, ``qemu:///system/DOMAIN``. It opens a connection that cannot change anything."""
    uri, _, name = place.rpartition("/")
    if not uri or not name:
        raise NoTree(
            f"{plain(place, 200)}: write libvirt:URI/DOMAIN, such as libvirt:qemu:///system/mydomain"
        )
    try:
        libvirt: Any = import_module("libvirt")
    except ImportError:
        raise NoTree("libvirt's Python bindings are missing; install snaptree[libvirt]") from None
    # It prints every error by itself otherwise.
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    try:
        connection = libvirt.openReadOnly(uri)
        try:
            domain = connection.lookupByName(name)
            documents = {
                one.getName(): read(one.getXMLDesc(0), "libvirt", unknown="keep")
                for one in domain.listAllSnapshots()
            }
            current = domain.snapshotCurrent().getName() if domain.hasCurrentSnapshot() else None
            power = _POWER.get(domain.state()[0], "off")
        finally:
            connection.close()
    except libvirt.libvirtError as error:
        raise NoTree(f"{plain(place, 200)}: {plain(str(error), 300)}") from None
    except (MalformedXml, InvalidXml) as error:
        raise NoTree(f"{plain(place, 200)}: {plain(str(error), 300)}") from None
    return _shown(documents, current, power)
