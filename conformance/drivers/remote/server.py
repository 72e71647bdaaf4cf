"""The driver's side: serves any driver that is written in Python over stdin and stdout.

``python -m snaptree.conformance.drivers.remote.server NAME``. The driver is brought up
by the first request, ``hello``, with the options that it holds. What the driver
or a library prints goes to stderr: stdout belongs to the answers alone.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import (
    Driver,
    DriverOptions,
    DriverUnavailable,
    Json,
    announcement_of,
    can_fail,
    is_fast,
    kept_at,
    open_domain,
    recovers,
)
from snaptree.conformance.drivers import UnknownDriver, UnknownSetting, open_driver
from snaptree.conformance.drivers.components import components_of
from snaptree.conformance.drivers.remote.calls import GATES, PARAMETERS
from snaptree.conformance.drivers.remote.messages import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    PROTOCOL,
    Malformed,
    check,
    error_of,
    line,
)
from snaptree.spec.profiles import ProfileError, record_of

CLEANING: Final = 8.0
"""Seconds for a call that is under way, and for closing the driver, when the runner is gone."""


class _NoSuchMethod(Exception):
    """The domain does not have this call."""


class Served:
    """One driver and its domains, by the handles that they were given."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._driver: Driver | None = None
        self._domains: dict[str, Any] = {}
        self._several: set[str] = set()
        self._numbers = count(1)

    def is_one_of_several(self, handle: str) -> bool:
        """Whether a handle is that of a caller beside whom others call."""
        return handle in self._several

    def answer(self, method: str, params: dict[str, Json]) -> Json:
        """Carry out a request. Raises whatever the driver raises."""
        match method:
            case "hello":
                return self._hello(**params)
            case "open":
                return self._open(**params)
            case "reopen":
                return self._reopen(**params)
            case "quiesce" | "wake":
                return self._of_driver(method)()
            case "shutdown":
                return self._shutdown()
        handle = params.pop("domain")
        domain = self._domains[handle]
        call: Callable[..., Json] | None = getattr(domain, method, None) if method in PARAMETERS else None
        if call is None:
            raise _NoSuchMethod(f"the driver does not have the call {method}")
        if method == "close" and handle in self._several:
            self._several.discard(handle)  # a call that this caller gave up on may be held still
        elif method == "close":
            del self._domains[handle]
        if method == "attach":
            handed = self._handed(call())
            self._several |= {handle, handed["domain"]}
            return handed
        if method == "let_go" and not params["fail"]:
            params.clear()  # a driver that can let nothing fail leaves it out
        return call(**params)

    def close(self) -> None:
        """Close the driver, if it is still open."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def _hello(self, protocol: int, options: dict[str, Json]) -> Json:
        if protocol != PROTOCOL:
            raise DriverUnavailable(f"the runner speaks protocol {protocol}, this side {PROTOCOL}")
        work = options.pop("work")
        given = DriverOptions(work=None if work is None else Path(work), **options)
        try:
            driver = self._driver = open_driver(self._name, given)
        except UnknownSetting:
            raise
        except (UnknownDriver, ProfileError) as error:
            raise DriverUnavailable(str(error)) from None
        return {
            "name": driver.name,
            "version": driver.version,
            "profile": record_of(driver.profile),
            "fast": is_fast(driver),
            "announcement": announcement_of(driver),
            "components": [one.to_json() for one in components_of(driver)],
            **_recovery(driver),
        }

    def _open(self, disks: dict[str, int], persistent: bool) -> Json:
        if self._driver is None:
            raise DriverUnavailable("the first request is hello")
        return self._handed(open_domain(self._driver, disks, persistent=persistent))

    def _reopen(self, folder: str) -> Json:
        return self._handed(self._of_driver("reopen")(Path(folder)))

    def _of_driver(self, call: str) -> Callable[..., Any]:
        made: Callable[..., Any] | None = getattr(self._driver, call, None)
        if made is None:
            raise _NoSuchMethod(f"the driver does not have the call {call}")
        return made

    def _handed(self, domain: Any) -> dict[str, Json]:
        handle = f"d{next(self._numbers)}"
        self._domains[handle] = domain
        folder = getattr(domain, "folder", None)
        return {
            "domain": handle,
            "calls": [call for call in PARAMETERS if callable(getattr(domain, call, None))],
            **({} if folder is None else {"folder": os.fspath(folder)}),
            **({"fails": True} if can_fail(domain) else {}),
        }

    def _shutdown(self) -> Json:
        kept = None if self._driver is None else kept_at(self._driver)
        self.close()
        return {"kept_at": None if kept is None else os.fspath(kept)}


def _recovery(driver: Driver) -> dict[str, Json]:
    """What ``hello`` says of a driver that opens domains again from their folders."""
    if not recovers(driver):
        return {}
    kept: Any = driver
    beside = [call for call in ("quiesce", "wake") if callable(getattr(driver, call, None))]
    return {"volatile": list(kept.volatile), "holds": beside == ["quiesce", "wake"]}


class _Unread(Exception):
    """A line that is no request; holds the answer."""


def _request_in(text: bytes) -> tuple[int, str, dict[str, Json]]:
    """Number, method and parameters of a request. Raises _Unread."""
    try:
        message = json.loads(text)
    except ValueError as error:
        raise _Unread(_refused(None, PARSE_ERROR, f"not JSON: {error}")) from None
    number = message.get("id") if isinstance(message, dict) else None
    try:
        check("rpc-request", message)
        return message["id"], message["method"], dict(message["params"])
    except (Malformed, KeyError, TypeError) as error:
        raise _Unread(_refused(number, INVALID_REQUEST, f"not a request: {error}")) from None


def _answer(served: Served, number: int, method: str, params: dict[str, Json]) -> dict[str, Json]:
    try:
        answer = {"jsonrpc": "2.0", "id": number, "result": served.answer(method, params)}
        line(answer)
        check("rpc-response", answer)
    except UnknownSetting as error:
        return _refused(number, INVALID_PARAMS, str(error))
    except _NoSuchMethod as error:
        return _refused(number, METHOD_NOT_FOUND, str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is for the runner to judge
        return {"jsonrpc": "2.0", "id": number, "error": error_of(error)}
    return answer


def answer_line(served: Served, text: bytes) -> dict[str, Json]:
    """The answer to one line."""
    try:
        return _answer(served, *_request_in(text))
    except _Unread as unread:
        refusal: dict[str, Json] = unread.args[0]
        return refusal


def _refused(number: Json, code: int, text: str) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}


BESIDE_CALLS: Final = frozenset({"attach", "close", *GATES})
"""Calls of a domain that are answered while a call of the same caller is under way."""


class _Answering:
    """Answers requests, those of one caller in their order; several callers of a domain beside each other."""

    def __init__(self, served: Served, answers: int) -> None:
        self._served = served
        self._answers = answers
        self._writing = threading.Lock()
        self._lanes: dict[str, queue.SimpleQueue[tuple[int, str, dict[str, Json]] | None]] = {}

    def take(self, text: bytes) -> None:
        """Answer a line now, or leave it to the thread of its caller."""
        try:
            number, method, params = _request_in(text)
        except _Unread as unread:
            self._write(unread.args[0])
            return
        handle = str(params.get("domain"))
        if method not in BESIDE_CALLS and self._served.is_one_of_several(handle):
            self._lane(handle).put((number, method, params))
            return
        self._write(_answer(self._served, number, method, params))
        if method == "close" and handle in self._lanes:
            self._lanes.pop(handle).put(None)

    def _lane(self, handle: str) -> queue.SimpleQueue[tuple[int, str, dict[str, Json]] | None]:
        if handle not in self._lanes:
            lane = self._lanes[handle] = queue.SimpleQueue()
            # Begun by the thread that brought the driver up, whose mount namespace it has to be in.
            threading.Thread(target=self._work, args=(lane,), name=handle, daemon=True).start()
        return self._lanes[handle]

    def _work(self, lane: queue.SimpleQueue[tuple[int, str, dict[str, Json]] | None]) -> None:
        while (asked := lane.get()) is not None:
            with suppress(BrokenPipeError):  # nobody listens any more
                self._write(_answer(self._served, *asked))

    def _write(self, message: dict[str, Json]) -> None:
        answer = line(message)
        with self._writing:
            while answer:
                answer = answer[os.write(self._answers, answer) :]


def serve(name: str, requests: int, answers: int) -> None:
    """Answer every line until there are no more, then close the driver.

    stdin is read beside the calls, so that a call that never returns does not
    hide that the runner is gone.
    """
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def read() -> None:
        with os.fdopen(requests, "rb") as source:
            for text in source:
                lines.put(text)
        lines.put(None)
        threading.Event().wait(CLEANING)
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    served = Served(name)
    answering = _Answering(served, answers)
    try:
        while (text := lines.get()) is not None:
            answering.take(text)
    except BrokenPipeError:
        pass  # nobody listens any more
    finally:
        served.close()


def main() -> None:
    """The command."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m snaptree.conformance.drivers.remote.server NAME")
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    # A crash inside a library then says on stderr where Python was.
    faulthandler.enable()
    serve(sys.argv[1], requests, answers)


if __name__ == "__main__":
    main()
