"""The description of the web service, cut down to what the driver calls.

VirtualBox describes 3,000 methods in 3.8 MB, which take zeep a second or two to read. Of those that are
called here it is a tenth of that. What was cut is kept in the cache folder, by the digest of the whole.
"""

from __future__ import annotations

import hashlib
import http.client
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts.cache import cache_folder

_CALLED: Final = """
    IWebsessionManager_logon IWebsessionManager_logoff IWebsessionManager_getSessionObject
    IManagedObjectRef_release
    IVirtualBox_getVersion IVirtualBox_createMachine IVirtualBox_registerMachine IVirtualBox_findMachine
    IVirtualBox_createMedium
    ISession_getMachine ISession_unlockMachine
    IMachine_addStorageController IMachine_lockMachine IMachine_attachDevice IMachine_saveSettings
    IMachine_getMedium IMachine_unregister IMachine_deleteConfig
    IMachine_takeSnapshot IMachine_deleteSnapshot IMachine_restoreSnapshot IMachine_findSnapshot
    IMachine_getCurrentSnapshot IMachine_getSnapshotCount
    IMachine_setGuestProperty IMachine_deleteGuestProperty IMachine_enumerateGuestProperties
    ISnapshot_getId ISnapshot_getName ISnapshot_setName ISnapshot_getDescription ISnapshot_setDescription
    ISnapshot_getTimeStamp ISnapshot_getParent ISnapshot_getChildren ISnapshot_getMachine
    IMedium_createBaseStorage IMedium_openForIO IMedium_getLogicalSize IMedium_refreshState
    IMedium_getLocation IMedium_getParent
    IMediumIO_read IMediumIO_write IMediumIO_close
    IProgress_waitForCompletion IProgress_getResultCode IProgress_getErrorInfo
    IVirtualBoxErrorInfo_getText
    """

METHODS: Final = frozenset(_CALLED.split())
"""Every method that the driver calls."""

_CUT: Final = 1
"""Counts changes of how it is cut."""


def description_of(address: str) -> Path:
    """The description of the service at this address, cut down. Raises DriverUnavailable and OSError."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", "/?wsdl")
    answer = connection.getresponse()
    whole = answer.read()
    connection.close()
    if answer.status != 200:
        raise DriverUnavailable(f"the web service does not describe itself: HTTP {answer.status}")
    made_of = [str(_CUT).encode(), *sorted(method.encode() for method in METHODS), whole]
    digest = hashlib.sha256(b" ".join(made_of)).hexdigest()[:16]
    place = cache_folder() / f"virtualbox-{digest}.wsdl"
    if not place.exists():
        with NamedTemporaryFile(dir=place.parent, prefix=place.name, delete=False) as partial:
            partial.write(cut(whole))
        os.replace(partial.name, place)
    return place


def cut(whole: bytes) -> bytes:
    """The description without the methods that are not called here."""
    root = etree.fromstring(whole, etree.XMLParser(remove_comments=True, huge_tree=True))
    for one in list(root.iter("{*}operation", "{*}message", "{*}element")):
        name = one.get("name")
        method = _method(name) if name is not None else None
        above = one.getparent()
        if method is not None and method not in METHODS and above is not None:
            above.remove(one)
    return etree.tostring(root, encoding="utf-8")


def _method(name: str) -> str | None:
    """The method that an operation, message or element belongs to: ``Interface_method``, with an ending."""
    for ending in ("RequestMsg", "ResultMsg", "Response"):
        name = name.removesuffix(ending)
    return name if "_" in name and name[0] == "I" else None
