"""The runner's side: a driver whose calls run in another process.

Each call has a deadline. Callers of one domain may call at once. If the process hangs, ends or sends an
invalid answer, the running call raises ``RemoteError`` with the reason. Its domains are lost with it, and
the next ``open`` starts a new process.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from snaptree.conformance.driver import (
    DEFAULT_DISKS,
    DriverOptions,
    DriverUnavailable,
    Json,
    NotObserved,
    ProcessFault,
)
from snaptree.conformance.drivers.components import components_from, files_of_command
from snaptree.conformance.drivers.declared import UnknownDriver, check_settings, declared_settings
from snaptree.conformance.drivers.remote.calls import PARAMETERS, name_arguments
from snaptree.conformance.drivers.remote.conversation import Conversation
from snaptree.conformance.drivers.remote.deadlines import BRINGING_UP, SHUTTING_DOWN, read_deadlines
from snaptree.conformance.drivers.remote.messages import (
    PROTOCOL,
    Malformed,
    RemoteError,
    check,
    line,
    raised_by,
    request,
)
from snaptree.conformance.processes.child import Lost, Silent
from snaptree.spec.profiles import Profile, load_profile, profile_from
from snaptree.spec.text import LONGEST_TEXT, cut, plain


class ProcessFailed(RemoteError, ProcessFault):
    """The driver's process hung, ended or sent an invalid answer during a call."""


class RemoteDriver:
    """A driver in a process of its own; ``remote:NAME`` is any driver written in Python.

    A subclass names its driver, ``package.module:Class``, as ``serves``; or it has a ``command`` of its
    own. Settings: ``deadline`` and ``opening``, in seconds. Raises DriverUnavailable when the process cannot
    be started, does not answer ``hello``, or answers that it is unavailable, and UnknownSetting.
    """

    name: str = "remote"
    fast: bool = False
    announcement: str | None = None
    bringing_up: ClassVar[float] = BRINGING_UP
    keeps_deadlines: ClassVar[bool] = True
    serves: ClassVar[str | None] = None

    def __init__(self, options: DriverOptions) -> None:
        self._options = options
        self._deadlines = read_deadlines(options.settings, self.bringing_up)
        self._command = self.command(options)
        self._numbers = count(1)
        self._process: Conversation | None = None
        self.kept_at: Path | None = None
        said = self._introduced()
        self.name, self.version = cut(str(said["name"]), 200), cut(str(said["version"]), 200)
        self.fast = said.get("fast") is True
        announced = said.get("announcement")
        self.announcement = cut(announced) if isinstance(announced, str) else None
        self.served_components = components_from(said.get("components"))
        self.artifacts = files_of_command(self._command)
        volatile = said.get("volatile")
        if isinstance(volatile, list):
            # Only a driver that says so has these: see ``Recovers``.
            self.volatile = _names(volatile) or ()
            self.reopen = self._reopen
            if said.get("holds") is True:
                self.quiesce = partial(self._ask, "quiesce")
                self.wake = partial(self._ask, "wake")
        self.secrets = _names(said.get("secrets")) or ()
        try:
            if declared_settings(type(self)) is None:
                asked = f"{type(self).name}:{options.target}"
                check_settings(asked, options.settings, _names(said.get("settings")))
            self.profile = _profile_of(said, options.profile)
        except BaseException:
            self._end()
            raise

    def command(self, options: DriverOptions) -> Sequence[str]:
        """The command that serves the driver: ``serves``, else the target. Raises UnknownDriver for none."""
        if self.serves is not None:
            return serving(self.serves)
        if not options.target:
            raise UnknownDriver("write remote:NAME, where NAME is the driver to be served; none was given")
        return serving(options.target)

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> RemoteDomain:
        """A fresh, powered-off domain, in a new process if the last one is gone.

        If opening fails because the process is lost, it is tried once more in a second one.
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
        """End the process; it removes its files, or prints where they are kept.

        Raises ProcessFailed if it does not survive that, and RemoteError for what the driver raised.
        """
        process, self._process = self._process, None
        if process is None:
            return
        in_time = True
        try:
            if not process.ended:
                said = self._exchange(process, "shutdown", {}, SHUTTING_DOWN)
                kept = said.get("kept_at") if isinstance(said, dict) else None
                if isinstance(kept, str):
                    self.kept_at = Path(kept)
                    _tell(f"what {self.name} made is kept in {kept}")
        finally:
            in_time = process.end(SHUTTING_DOWN)
        if not in_time:
            raise ProcessFailed(
                f"shutdown: the driver's process did not end within {SHUTTING_DOWN:g} s after its answer",
                "silent",
            )

    def kill_target(self) -> int:
        """The process that is killed where the driver has to die in a call, with all that it started."""
        return self._running().pid

    def _reopen(self, folder: Path) -> RemoteDomain:
        return self._opened({"folder": os.fspath(folder)}, "reopen")

    def attach(self, domain: RemoteDomain) -> RemoteDomain:
        """Another caller on a domain."""
        return self._handed(domain.process, "attach", {"domain": domain.handle})

    def _ask(self, method: str) -> None:
        self._exchange(self._running(), method, {}, self._deadlines.opening)

    def _opened(self, params: dict[str, Json], method: str = "open") -> RemoteDomain:
        return self._handed(self._running(), method, params)

    def _handed(self, process: Conversation, method: str, params: dict[str, Json]) -> RemoteDomain:
        said = self._exchange(process, method, params, self._deadlines.opening)
        domain = said.get("domain") if isinstance(said, dict) else None
        calls = said.get("calls") if isinstance(said, dict) else None
        if not isinstance(domain, str) or not isinstance(calls, list):
            raise RemoteError(f"{method} answered {said!r:.200}, which names no domain and its calls")
        unknown = [call for call in calls if call not in PARAMETERS]
        if unknown:
            raise RemoteError(
                f"{method} lists {unknown[0]!r:.60} under calls, and {_no_call(str(unknown[0]))}"
            )
        remote = RemoteDomain(self, process, domain, calls, fails=said.get("fails") is True)
        folder = said.get("folder") if isinstance(said, dict) else None
        if isinstance(folder, str):
            remote.folder = Path(folder)
        return remote

    def _running(self) -> Conversation:
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
        """Start a process; returns its answer to ``hello``."""
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
            process = self._process = Conversation(self._command)
            said = self._exchange(process, "hello", params, self._deadlines.opening)
        except OSError as error:
            raise DriverUnavailable(f"{command} cannot be started: {error}") from None
        except RemoteError as error:
            self._end()
            raise DriverUnavailable(
                f"{command} did not introduce itself: {error}; snaptree speaks protocol {PROTOCOL}"
            ) from None
        except BaseException:
            self._end()
            raise
        wanted = ("name", "version") if options.profile is not None else ("name", "version", "profile")
        if not isinstance(said, dict) or not all(key in said for key in wanted):
            self._end()
            hint = "" if options.profile is not None else "; a profile in a file is given with --profile FILE"
            raise DriverUnavailable(
                f"{command} did not introduce itself: hello answers {', '.join(wanted)}, "
                f"not {said!r:.200}{hint}"
            )
        return said

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _exchange(self, process: Conversation, method: str, params: dict[str, Json], seconds: float) -> Json:
        """One call and its result. Raises what the driver raised, or RemoteError."""
        message = request(next(self._numbers), method, params)
        try:
            sent = line(message)
            check("rpc-request", message)
        except (TypeError, ValueError, Malformed) as error:
            raise RemoteError(f"{method} cannot be sent: {error}") from None
        try:
            answer = process.ask(message["id"], sent, seconds)
        except Malformed as error:
            process.told = True
            raise ProcessFailed(
                f"{method}: the driver's process talks nonsense: {error}{_last_words(process)}", "nonsense"
            ) from None
        except Lost as error:
            process.told = True
            raise ProcessFailed(
                f"{method}: the driver's process: {error}{_last_words(process)}",
                "silent" if isinstance(error, Silent) else "ended",
            ) from None
        except BaseException:
            process.told = True  # the runner itself was interrupted
            raise
        if "error" in answer:
            raise raised_by(answer["error"])
        return answer["result"]

    def call(self, domain: RemoteDomain, method: str, arguments: dict[str, Json]) -> Json:
        """One call of a domain."""
        return self._exchange(
            domain.process, method, {"domain": domain.handle, **arguments}, self._deadlines.call
        )


class RemoteDomain:
    """A domain in the other process; it has exactly the calls that the process listed.

    Once its process is gone it cannot be observed, and every other call raises an error that says so.
    """

    folder: Path

    def __init__(
        self,
        driver: RemoteDriver,
        process: Conversation,
        handle: str,
        calls: Sequence[str],
        *,
        fails: bool = False,
    ) -> None:
        self.process = process
        self.handle = handle
        self._driver = driver
        for call in calls:
            if call != "close":
                setattr(self, call, partial(self._call, call))
        if "attach" in calls:
            self.attach = partial(driver.attach, self)
        if "let_go" in calls:
            self.let_go = self._let_go_or_fail if fails else self._let_go

    def _call(self, call: str, *given: Any, **by_name: Any) -> Json:
        arguments = name_arguments(call, given, by_name)
        if self.process.ended and self.process.told:
            gone = "the domain went with the driver's process, which an earlier call ended"
            if call in ("observe", "digests"):
                raise NotObserved(gone)
            raise RemoteError(gone)
        return self._driver.call(self, call, arguments)

    def _let_go(self) -> None:
        self._call("let_go")

    def _let_go_or_fail(self, *, fail: bool = False) -> None:
        self._call("let_go", fail=fail)

    def close(self) -> None:
        """Remove the domain; if its process is gone, the domain is gone with it.

        Raises ProcessFailed if the process does not survive it.
        """
        if self.process.ended and self.process.told:
            return
        self._driver.call(self, "close", {})


def serving(name: str) -> list[str]:
    """The command that serves a driver that is written in Python."""
    return [sys.executable, "-m", "snaptree.conformance.drivers.remote.server", name]


def _profile_of(said: Mapping[str, Json], asked: str | None) -> Profile:
    """The profile that the driver gives in ``hello``, or that the user asks for where it gives none.

    Raises ProfileError.
    """
    if "profile" not in said and asked is not None:
        return load_profile(asked)
    return profile_from(said["profile"], "the driver")


def _names(said: Json) -> tuple[str, ...] | None:
    """The names in a list or an object that a driver sent, None if it sent neither."""
    if not isinstance(said, (list, dict)):
        return None
    return tuple(one for one in said if isinstance(one, str))[:100]


def _no_call(name: str) -> str:
    near = get_close_matches(name, PARAMETERS, 1, 0.6)
    return f"there is no call {name!r:.60}" + (f"; did you mean {near[0]}?" if near else "")


def _last_words(process: Conversation) -> str:
    said = _shortened(process.last_words())
    return f"; its last words: {said}" if said else ""


def _said_last(process: Conversation) -> str:
    return _shortened(process.last_words()) or "without a word"


def _shortened(said: str) -> str:
    # What happened stands first in a crash report, where it happened last; how long the paths
    # in between are decides nothing.
    return said if len(said) <= 1500 else f"{said[:700]}\n…\n{said[-700:]}"


def _tell(text: str) -> None:
    print(plain(text, LONGEST_TEXT, lines=True), file=sys.stderr)
