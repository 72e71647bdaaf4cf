"""vcsim, the simulator of govmomi, as a process on loopback that ends with this one.

Each has a random user and password and its own certificate, the only one that is trusted. Its files are in
a folder that is removed.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import ssl
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.drivers.esx.credentials import Credentials
from snaptree.conformance.drivers.esx.settings import Address, Mode
from snaptree.conformance.drivers.kit.work_folder import make_folder
from snaptree.conformance.hosts.vcsim import vcsim

STARTING: Final = 20.0
"""Seconds until it says where it answers; seen: 0.1."""


class Simulated:
    """A running vcsim. Raises DriverUnavailable if it is not built or does not start."""

    def __init__(self, mode: Mode, work: Path | None) -> None:
        program = vcsim()
        self.version = program.version
        self.program = program.path
        self._work = make_folder(work, "snaptree-vcsim-")
        self.credentials = Credentials("snaptree", secrets.token_urlsafe(24), "this process")
        environment = {
            "TMPDIR": os.fspath(self._work.path),
            "VCSIM_USER": self.credentials.user,
            "VCSIM_PASSWORD": self.credentials.password,
        }
        self._log = (self._work.path / "log").open("wb")
        try:
            self._process = subprocess.Popen(
                [os.fspath(program.path), mode],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=environment,
            )
            said = self._introduced()
            self.address = Address("127.0.0.1", int(said["port"]))
            self.certificate = said["certificate"]
            self.trust = ssl.create_default_context(cadata=said["certificate"])
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        with suppress(OSError):
            return (self._work.path / "log").read_bytes()[-400:].decode("utf-8", "replace").strip()
        return ""

    def close(self) -> None:
        """End it, and remove its files."""
        process: subprocess.Popen[bytes] | None = getattr(self, "_process", None)
        if process is not None:
            assert process.stdin, "it is a pipe"
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(2.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._log.close()
        self._work.remove()

    def _introduced(self) -> dict[str, str]:
        assert self._process.stdout, "it is a pipe"
        ready, _, _ = select.select([self._process.stdout], [], [], STARTING)
        said = self._process.stdout.readline() if ready else b""
        try:
            record = json.loads(said)
            return {key: str(record[key]) for key in ("port", "certificate")}
        except (ValueError, KeyError, TypeError):
            self._log.flush()
            raise DriverUnavailable(f"vcsim did not start: {self.last_words() or said!r:.200}") from None
