"""VirtualBox's web service by zeep: each method of an interface is ``Interface_method``."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from lxml import etree

from snaptree.conformance.drivers.kit.optional import optional
from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError

INSTALL: Final = "pip install 'snaptree[virtualbox]'"

NAMESPACE: Final = "http://www.virtualbox.org/"

FOREVER: Final = -1
"""For IProgress: the boundary's deadline is what ends a call that hangs."""


@dataclass
class _Answer:
    """What zeep wants to know of an answer."""

    status_code: int
    content: bytes
    headers: dict[str, str]
    encoding: str = "utf-8"
    history: list[Any] = field(default_factory=list)


class _Connection:
    """One connection that stays open, in place of zeep's transport by requests.

    requests looks for proxies and cookies each time; this costs a third, and no proxy belongs in between.
    """

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc)

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> _Answer:
        """Send a message and wait for the answer, whatever its status."""
        self._connection.request("POST", urlsplit(address).path, message, headers)
        answer = self._connection.getresponse()
        return _Answer(
            answer.status, answer.read(), {name.title(): value for name, value in answer.headers.items()}
        )

    def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> _Answer:
        """Send a document."""
        return self.post(address, etree.tostring(envelope, encoding="utf-8"), headers)

    def load(self, url: str) -> bytes:
        """Read a description from a file."""
        return Path(url).read_bytes()

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class Api:
    """One session with the web service.

    A call answers what the method returns, or raises VirtualBoxError. References to objects are strings
    that hold in this session only, until ``close``.
    """

    def __init__(self, zeep: Any, description: Path, address: str) -> None:
        self.submitted: Callable[[], None] | None = None
        """Called when a method that answers an IProgress was called, before that is looked at."""
        self._zeep = zeep
        self._connection = _Connection(address)
        settings = zeep.Settings(xml_huge_tree=True)
        self._client = zeep.Client(os.fspath(description), transport=self._connection, settings=settings)
        self._service = self._client.create_service(f"{{{NAMESPACE}}}vboxBinding", address)
        self.virtualbox: str = self.call("IWebsessionManager_logon", "", "")

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method with its object first, and return what it returns."""
        try:
            return self._service[method](*arguments)
        except self._zeep.exceptions.Fault as fault:
            raise VirtualBoxError(method, _code(fault), str(fault.message)) from None

    def finish(self, method: str, *arguments: Any) -> Any:
        """Call a method that answers an IProgress, and wait until that is done; returns the whole answer."""
        answer = self.call(method, *arguments)
        if self.submitted is not None:
            self.submitted()
        progress = answer if isinstance(answer, str) else answer.returnval
        self.call("IProgress_waitForCompletion", progress, FOREVER)
        code = self.call("IProgress_getResultCode", progress) & 0xFFFFFFFF
        if code:
            error = self.call("IProgress_getErrorInfo", progress)
            text = self.call("IVirtualBoxErrorInfo_getText", error) if error else ""
            raise VirtualBoxError(method, code, text or "no text")
        self.call("IManagedObjectRef_release", progress)
        return answer

    def close(self) -> None:
        """Give back every reference."""
        try:
            self.call("IWebsessionManager_logoff", self.virtualbox)
        finally:
            self._connection.close()


def load() -> Any:
    """zeep. Raises DriverUnavailable where it is missing."""
    return optional("zeep", INSTALL)


def _code(fault: Any) -> int:
    """The result code in the details of a fault; 0 if it has none."""
    found = None if fault.detail is None else fault.detail.find(".//resultCode")
    return 0 if found is None or not found.text else int(found.text) & 0xFFFFFFFF
