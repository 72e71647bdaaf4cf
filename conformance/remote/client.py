"""The runner's side: a driver whose calls are carried out in another process.

One call is under way at a time, each with a deadline. When the process hangs,
ends or talks nonsense, the call in flight raises ``RemoteError`` with what
happened; its domains are gone with it, and the next ``open`` starts a new one.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable, Json, NotObserved
from snaptree.conformance.drivers import UnknownDriver
from snaptree.conformance.remote.calls import PARAMETERS, named
from snaptree.conformance.remote.messages import (
    PROTOCOL,
    Malformed,
    RemoteError,
    answer_in,
    check,
    line,
    raised_by,
    request,
)
from snaptree.conformance.remote.process import Lost, Process
from snaptree.conformance.remote.profile_record import profile_from
from snaptree.spec.profiles import ProfileError

DEADLINE: Final = 60.0
"""Seconds for one call; the setting ``deadline`` of a driver is another."""

BRINGING_UP: Final = 120.0
"""Seconds for bringing the driver up, and for opening a domain."""

SHUTTING_DOWN: Final = 20.0
"""Seconds for removing everything at the end."""


class ProcessFailed(RemoteError):
    """The driver's process hung, ended or talked nonsense in the middle of a call."""


class RemoteDriver:
    """A driver in a process of its own; ``remote:NAME`` is any driver that is written in Python.

    Setting: ``deadline``, in seconds. Raises DriverUnavailable when the process
    cannot be started, does not introduce itself, or says so itself.
    """

    name: str = "remote"
    fast: bool = False
    announcement: str | None = None
    bringing_up: ClassVar[float] = BRINGING_UP

    def __init__(self, options: DriverOptions) -> None:
        self._options = options
        self._deadline = _seconds(options.settings.get("deadline"))
        self._command = self.command(options)
        self._numbers = count(1)
        self._lock = Lock()
        self._process: Process | None = None
        self.kept_at: Path | None = None
        said = self._introduced()
        self.name, self.version = str(said["name"]), str(said["version"])
        self.fast = said.get("fast") is True
        announced = said.get("announcement")
        self.announcement = announced if isinstance(announced, str) else None
        try:
            self.profile = profile_from(said["profile"])
        except BaseException:
            self._end()
            raise

    def command(self, options: DriverOptions) -> Sequence[str]:
        """The command that serves the driver. A subclass names another one. Raises UnknownDriver for none."""
        if not options.target:
            raise UnknownDriver("write remote:NAME, where NAME is the driver to be served; none was given")
        return serving(options.target)

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> RemoteDomain:
        """A fresh, powered-off domain, in a new process if the last one is gone.

        When opening fails for want of a process, a second process gets one chance.
        """
        params = {"disks": dict(disks), "persistent": persistent}
        try:
            return self._opened(params)
        except ProcessFailed as first:
            try:
                return self._opened(params)
            except ProcessFailed as second:
                raise DriverUnavailable(
                    f"no domain can be opened: {second} (before, with another process: {first})"
                ) from None

    def close(self) -> None:
        """End the process; what it made is removed, or it says where that is kept."""
        process, self._process = self._process, None
        if process is None:
            return
        if not process.ended:
            try:
                said = self._exchange(process, "shutdown", {}, SHUTTING_DOWN)
            except (RemoteError, DriverUnavailable) as error:
                _tell(f"{self.name}: closing the driver: {error}")
            else:
                kept = said.get("kept_at") if isinstance(said, dict) else None
                if isinstance(kept, str):
                    self.kept_at = Path(kept)
                    _tell(f"what {self.name} made is kept in {kept}")
        if not process.end(SHUTTING_DOWN):
            _tell(f"{self.name}: its process did not end by itself within {SHUTTING_DOWN:g} s")

    def _opened(self, params: dict[str, Json]) -> RemoteDomain:
        process = self._running()
        said = self._exchange(process, "open", params, max(self.bringing_up, self._deadline))
        domain = said.get("domain") if isinstance(said, dict) else None
        calls = said.get("calls") if isinstance(said, dict) else None
        if not isinstance(domain, str) or not isinstance(calls, list):
            raise RemoteError(f"open answered {said!r:.200}, which names no domain and its calls")
        return RemoteDomain(self, process, domain, [call for call in calls if call in PARAMETERS])

    def _running(self) -> Process:
        process = self._process
        if process is not None and process.ended:
            if not process.told:
                _tell(f"{self.name}: its process ended between two calls: {_said_last(process)}")
            process.kill()
            process = None
        if process is None:
            self._introduced()
            process = self._process
        assert process is not None, "it was just introduced"
        return process

    def _introduced(self) -> dict[str, Json]:
        """Start a process; what it says of itself."""
        options = self._options
        params = {
            "protocol": PROTOCOL,
            "options": {
                "target": options.target,
                "work": None if options.work is None else os.fspath(options.work.absolute()),
                "keep": options.keep,
                "profile": options.profile,
                "settings": dict(options.settings),
            },
        }
        command = shlex.join(self._command)
        try:
            process = self._process = Process(self._command)
            said = self._exchange(process, "hello", params, self.bringing_up)
        except OSError as error:
            raise DriverUnavailable(f"{command} cannot be started: {error}") from None
        except RemoteError as error:
            self._end()
            raise DriverUnavailable(f"{command} did not introduce itself: {error}") from None
        except BaseException:
            self._end()
            raise
        wanted = ("name", "version", "profile")
        if not isinstance(said, dict) or not all(key in said for key in wanted):
            self._end()
            raise DriverUnavailable(
                f"{command} did not introduce itself: hello answers {', '.join(wanted)}, not {said!r:.200}"
            )
        return said

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _exchange(self, process: Process, method: str, params: dict[str, Json], seconds: float) -> Json:
        """One call and its result. Raises what the driver raised, or RemoteError."""
        with self._lock:
            message = request(next(self._numbers), method, params)
            try:
                sent = line(message)
                check("rpc-request", message)
            except (TypeError, ValueError, Malformed) as error:
                raise RemoteError(f"{method} cannot be sent: {error}") from None
            try:
                answer = answer_in(process.exchange(sent, seconds))
                if answer.get("id") != message["id"]:
                    raise Malformed(f"the answer to {answer.get('id')!r} came, not that to {message['id']}")
            except Malformed as error:
                process.told = True
                process.kill()
                raise ProcessFailed(
                    f"{method}: the driver's process talks nonsense: {error}{_last_words(process)}"
                ) from None
            except Lost as error:
                process.told = True
                raise ProcessFailed(
                    f"{method}: the driver's process: {error}{_last_words(process)}"
                ) from None
            except BaseException:
                process.told = True  # the runner itself was interrupted
                raise
        if "error" in answer:
            raise raised_by(answer["error"])
        return answer["result"]

    def call(self, domain: RemoteDomain, method: str, arguments: dict[str, Json]) -> Json:
        """One call of a domain."""
        return self._exchange(domain.process, method, {"domain": domain.handle, **arguments}, self._deadline)


class RemoteDomain:
    """A domain on the other side; it has the calls that it was said to have, and no others.

    Once its process is gone it cannot be observed, and every other call says so.
    """

    def __init__(self, driver: RemoteDriver, process: Process, handle: str, calls: Sequence[str]) -> None:
        self.process = process
        self.handle = handle
        self._driver = driver
        for call in calls:
            if call != "close":
                setattr(self, call, partial(self._call, call))

    def _call(self, call: str, *given: Any, **by_name: Any) -> Json:
        arguments = named(call, given, by_name)
        if self.process.ended and self.process.told:
            gone = "the domain went with the driver's process, which an earlier call ended"
            if call in ("observe", "digests"):
                raise NotObserved(gone)
            raise RemoteError(gone)
        return self._driver.call(self, call, arguments)

    def close(self) -> None:
        """Remove the domain; one whose process is gone went with it."""
        if self.process.ended and self.process.told:
            return
        try:
            self._driver.call(self, "close", {})
        except ProcessFailed as error:
            # No step of a sequence is under way: there is nobody to hand the finding to.
            _tell(str(error))


def serving(name: str) -> list[str]:
    """The command that serves a driver that is written in Python."""
    return [sys.executable, "-m", "snaptree.conformance.remote.server", name]


def _seconds(setting: str | None) -> float:
    if setting is None:
        return DEADLINE
    try:
        seconds = float(setting)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise ProfileError(f"the setting deadline is a number of seconds, not {setting!r:.100}")
    return seconds


def _last_words(process: Process) -> str:
    said = _shortened(process.last_words())
    return f"; its last words: {said}" if said else ""


def _said_last(process: Process) -> str:
    return _shortened(process.last_words()) or "without a word"


def _shortened(said: str) -> str:
    # What happened stands first in a crash report, where it happened last; how long the paths
    # in between are decides nothing.
    return said if len(said) <= 1500 else f"{said[:700]}\n…\n{said[-700:]}"


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
