"""Processes of libvirt that come one after the other over folders that a killed one left.

``Succession`` is the driver's side. It starts one *ancestor*, which has loaded all code and opened nothing.
For each folder the ancestor forks a *successor*, which opens libvirt there and answers the calls of the
domain. A kill of the successor is a crash of the daemon alone: its QEMU becomes a child of the ancestor, and
runs on until ``end``.

This module is also run as the ancestor: ``python -m … NAMESPACE``, a descriptor of the mounts to see.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.remote.calls import PARAMETERS, name_arguments
from snaptree.conformance.drivers.remote.messages import RemoteError, error_of, raised_by
from snaptree.conformance.processes.guard import children

_SET_CHILD_SUBREAPER: Final = 36


class Succession:
    """Opens folders again, one at a time.

    ``namespace`` is a descriptor of the mounts in which the folders are seen, ``opening`` what ``open_again``
    has to know.
    """

    def __init__(self, namespace: int, opening: Mapping[str, Json]) -> None:
        self._namespace = namespace
        self._opening = opening
        self._ancestor: subprocess.Popen[bytes] | None = None
        self._successor: int | None = None

    def reopen(self, folder: Path) -> ReopenedDomain:
        """The domain in a folder. Raises what libvirt raises, and RemoteError if there is not one domain."""
        self._crash()
        said = self._exchange({"call": "open", "folder": os.fspath(folder), "opening": self._opening})
        return ReopenedDomain(self, folder, said["calls"])

    def end(self) -> None:
        """Kill the successor, and everything that it started."""
        self._crash()
        if self._ancestor is not None:
            self._exchange({"call": "end"})

    def close(self) -> None:
        """End the ancestor, and everything that came of it."""
        ancestor, self._ancestor = self._ancestor, None
        if ancestor is not None and ancestor.stdin is not None and ancestor.stdout is not None:
            self._successor = None
            ancestor.stdin.close()
            ancestor.wait()
            ancestor.stdout.close()

    def call(self, method: str, arguments: dict[str, Json]) -> Json:
        """A call of the domain that is open. Raises what the domain raises, and RemoteError."""
        if self._successor is None:
            raise RemoteError(f"{method}: the process of libvirt has ended")
        return self._exchange({"call": method, "arguments": arguments})

    def _crash(self) -> None:
        if self._successor is not None:
            with suppress(ProcessLookupError):
                os.kill(self._successor, signal.SIGKILL)
            while self._successor is not None:
                # An answer that was under way comes before word of the end.
                self._hear()

    def _exchange(self, message: dict[str, Json]) -> Json:
        ancestor = self._started()
        assert ancestor.stdin is not None, "it is a pipe"
        ancestor.stdin.write(json.dumps(message).encode() + b"\n")
        ancestor.stdin.flush()
        answer = self._hear()
        if "process" in answer:
            self._successor = answer["process"]
            answer = self._hear()
        if "ended" in answer:
            raise RemoteError(f"{message['call']}: the process of libvirt was ended by {answer['ended']}")
        if "error" in answer:
            raise raised_by(answer["error"])
        return answer["result"]

    def _hear(self) -> dict[str, Json]:
        ancestor = self._ancestor
        assert ancestor is not None, "the caller started it"
        assert ancestor.stdout is not None, "it is a pipe"
        line = ancestor.stdout.readline()
        if not line:
            self._ancestor = self._successor = None
            raise RemoteError(f"the process that opens folders again ended with {ancestor.wait()}")
        answer: dict[str, Json] = json.loads(line)
        if "ended" in answer:
            self._successor = None
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._ancestor is None:
            self._ancestor = subprocess.Popen(
                [sys.executable, "-m", __name__, str(self._namespace)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(self._namespace,),
                cwd="/",
            )
        return self._ancestor


class ReopenedDomain:
    """The domain of a successor; it has the calls that the domain has there."""

    def __init__(self, succession: Succession, folder: Path, calls: Sequence[str]) -> None:
        self.folder = folder
        self._succession = succession
        for call in calls:
            if not hasattr(self, call):
                setattr(self, call, partial(self._call, call))

    def _call(self, call: str, *given: Any, **by_name: Any) -> Json:
        return self._succession.call(call, name_arguments(call, given, by_name))

    def release(self) -> None:
        """End libvirt and QEMU as a kill would; the folder stays as it is."""
        self._succession.end()

    def close(self) -> None:
        """The same, and empty the folder."""
        self.release()
        for entry in self.folder.iterdir():
            shutil.rmtree(entry, ignore_errors=True)


def _say(message: dict[str, Json]) -> None:
    text = json.dumps(message).encode() + b"\n"
    while text:
        text = text[os.write(_answers, text) :]


_REQUESTS: Final = 0
_answers = 1
"""Where answers go: not where libvirt or QEMU print."""


def _requested() -> dict[str, Json] | None:
    """The next request, None after the last. Nothing is read ahead of a successor on the same pipe."""
    text = bytearray()
    while not text.endswith(b"\n"):
        piece = os.read(_REQUESTS, 1)
        if not piece:
            return None
        text += piece
    request: dict[str, Json] = json.loads(text)
    return request


def _answer_calls(opening: dict[str, Json]) -> None:
    """The successor: open libvirt, and answer until killed."""
    from snaptree.conformance.drivers.libvirt.hosts.embedded import open_again

    try:
        domain = open_again(Path(opening["folder"]), opening["opening"])
    except Exception as error:  # noqa: BLE001 - it is told, whatever it is
        _say({"error": error_of(error)})
        return
    _say({"result": {"calls": [call for call in PARAMETERS if callable(getattr(domain, call, None))]}})
    while (request := _requested()) is not None:
        try:
            answer = {"result": getattr(domain, request["call"])(**request["arguments"])}
        except Exception as error:  # noqa: BLE001 - the same
            answer = {"error": error_of(error)}
        _say(answer)


def _end_all() -> None:
    """Kill every process that was left to this one, and those that they leave."""
    while left := children():
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _be_ancestor(namespace: int) -> None:
    from snaptree.conformance.drivers.libvirt.hosts import embedded, mounts
    from snaptree.conformance.drivers.libvirt.library import load

    mounts.enter(namespace)
    os.close(namespace)
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    load()
    assert embedded, "it is loaded once for all successors"
    while (request := _requested()) is not None:
        if request["call"] == "end":
            _end_all()
            _say({"result": None})
            continue
        successor = os.fork()
        if not successor:
            try:
                _say({"process": os.getpid()})
                _answer_calls(request)
            finally:
                os._exit(0)
        _, status = os.waitpid(successor, 0)
        code = os.waitstatus_to_exitcode(status)
        _say({"ended": signal.Signals(-code).name if code < 0 else f"exit code {code}"})
    _end_all()


if __name__ == "__main__":
    _answers = os.dup(1)
    os.dup2(2, 1)
    _be_ancestor(int(sys.argv[1]))
