"""QMP as synchronous calls with a deadline, over qemu.qmp, the QEMU project's own client."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine, Mapping
from contextlib import suppress
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

    Every call ends within ``patience`` seconds. After ConnectionLost no other call is made. It is used by one
    thread at a time, in which no event loop runs.
    """

    def __init__(self, connection: socket.socket, patience: float) -> None:
        library = optional("qemu.qmp", INSTALL)
        # The library logs what it raises as well.
        logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())
        self._qmp = library
        self._patience = patience
        self._loop = asyncio.new_event_loop()
        self._client = library.QMPClient()
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
        if self._loop.is_closed():
            return
        with suppress(Exception):
            self._loop.run_until_complete(asyncio.wait_for(self._client.disconnect(), _CLOSING))
        # What an interrupted call left waiting would be reported as never awaited.
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def _run(self, what: str, answer: Coroutine[Any, Any, T]) -> T:
        try:
            return self._loop.run_until_complete(asyncio.wait_for(answer, self._patience))
        except TimeoutError:
            raise ConnectionLost(f"no answer to {what} within {self._patience:g} s") from None
        except self._qmp.QMPError as error:
            raise ConnectionLost(f"the connection broke in {what}: {error}") from None

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
