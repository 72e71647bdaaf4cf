"""QMP as synchronous calls with a deadline, over qemu.qmp, the QEMU project's own client."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeVar

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.optional import optional

INSTALL: Final = "pip install 'snaptree[qemu]'"

_CLOSING: Final = 5.0
"""Seconds for a connection to close."""

_LOOK_AGAIN: Final = 0.001
"""Seconds between two looks at a job."""

T = TypeVar("T")


class CommandError(Exception):
    """QEMU answered a command, or ended a job, with an error. ``error_class`` is QMP's, empty for a job."""

    def __init__(self, command: str, text: str, error_class: str = "") -> None:
        super().__init__(f"{command}: {text}")
        self.command = command
        self.text = text
        self.error_class = error_class


class ConnectionLost(Exception):
    """QEMU did not answer: the text says whether it was silent or closed the connection."""


class Monitor:
    """A QMP connection over a connected socket, which it closes. Raises ConnectionLost.

    Every call ends within ``patience`` seconds. After ConnectionLost no other call is made. An interrupt ends
    the wait for an answer, and reaches no code of the library: that runs in a thread of its own.
    """

    def __init__(self, connection: socket.socket, patience: float) -> None:
        library = optional("qemu.qmp", INSTALL)
        # The library logs what it raises as well.
        logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())
        self._qmp = library
        self._patience = patience
        self._loop, self._thread = _running_loop()
        self._client = library.QMPClient()
        self._closed = False
        self._asked: asyncio.Task[Any] | None = None
        try:
            self._run("the greeting", self._client.connect(connection))
        except BaseException:
            connection.close()
            self.close()
            raise

    def call(self, command: str, arguments: Mapping[str, Json] | None = None) -> Json:
        """Execute a command. Raises CommandError for an error reply, and ConnectionLost."""
        return self._run(command, self._execute(command, arguments))

    def job(self, command: str, arguments: Mapping[str, Json]) -> None:
        """Start a job by a command with a ``job-id``, and wait until it is over and dismissed.

        A job that becomes ready is completed. For block jobs the arguments say ``auto-dismiss: false``, else
        its error may be gone before it is seen. Raises CommandError if the job fails, and ConnectionLost.
        """
        self._run(command, self._job(command, arguments))

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        closing = asyncio.run_coroutine_threadsafe(self._disconnect(), self._loop)
        # Where the collector drops a monitor in the thread of the loop, waiting for the loop would never end.
        if threading.get_ident() != self._thread:
            closing.result()

    async def _disconnect(self) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.cancel()
            await asyncio.wait([self._asked])
        # What an interrupt left unfinished keeps the library from closing, by an assertion of its own.
        with suppress(Exception):
            await asyncio.wait_for(self._client.disconnect(), _CLOSING)

    def _run(self, what: str, answer: Coroutine[Any, Any, T]) -> T:
        try:
            return asyncio.run_coroutine_threadsafe(self._answered(answer), self._loop).result()
        except TimeoutError:
            raise ConnectionLost(f"no answer to {what} within {self._patience:g} s") from None
        except self._qmp.QMPError as error:
            raise ConnectionLost(f"the connection broke in {what}: {error}") from None

    async def _answered(self, answer: Coroutine[Any, Any, T]) -> T:
        self._asked = asyncio.current_task()
        return await asyncio.wait_for(answer, self._patience)

    async def _execute(self, command: str, arguments: Mapping[str, Json] | None = None) -> Json:
        try:
            return await self._client.execute(command, arguments)
        except self._qmp.ExecuteError as error:
            raise CommandError(command, str(error), error.error_class) from None

    async def _job(self, command: str, arguments: Mapping[str, Json]) -> None:
        job = arguments["job-id"]
        await self._execute(command, arguments)
        completed = False
        while True:
            found = [one for one in await self._execute("query-jobs") if one["id"] == job]
            if not found or found[0]["status"] == "null":
                return
            if found[0]["status"] == "concluded":
                break
            if found[0]["status"] == "ready" and not completed:
                await self._execute("job-complete", {"id": job})
                completed = True
            await asyncio.sleep(_LOOK_AGAIN)
        await self._execute("job-dismiss", {"id": job})
        if "error" in found[0]:
            raise CommandError(command, found[0]["error"])


@cache
def _running_loop() -> tuple[asyncio.AbstractEventLoop, int | None]:
    """The loop of all monitors, and its thread, which runs to the end of the process."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="qmp", daemon=True)
    thread.start()
    return loop, thread.ident


# A forked child has no thread but the one that forked.
os.register_at_fork(after_in_child=_running_loop.cache_clear)
