"""User and password, from the environment or from a file that only the user can read.

They never come from the command line, which every user of a machine can see, and never appear in anything
that is printed, raised or recorded.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DriverUnavailable

USER: Final = "SNAPTREE_ESX_USER"
PASSWORD: Final = "SNAPTREE_ESX_PASSWORD"

HIDDEN: Final = "(hidden)"


@dataclass(frozen=True)
class Credentials:
    """User and password; ``origin`` names their source, for messages."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    origin: str

    def hidden(self, text: str) -> str:
        """A text without the password, as it is or as XML has it."""
        for form in {self.password, escape(self.password), escape(self.password, quote=False)} - {""}:
            text = text.replace(form, HIDDEN)
        return text


def read_credentials(file: str | None, environment: Mapping[str, str] | None = None) -> Credentials:
    """From the file if one is named, else from the environment. Raises DriverUnavailable."""
    if file is not None:
        return _from_file(Path(file))
    environment = os.environ if environment is None else environment
    user, password = environment.get(USER), environment.get(PASSWORD)
    if not user or password is None:
        raise DriverUnavailable(
            f"no user and password: set {USER} and {PASSWORD}, or name a file with "
            '--setting credentials=FILE that holds user = "…" and password = "…" and is readable by you alone'
        )
    return Credentials(user, password, f"{USER} and {PASSWORD}")


def _from_file(path: Path) -> Credentials:
    try:
        with path.open("rb") as source:
            # Of the file that is open, not of whatever lies there now.
            status = os.fstat(source.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise DriverUnavailable(f"others can read or change {path}, or it is not yours: chmod 600 it")
            record = tomllib.load(source)
    except OSError as error:
        raise DriverUnavailable(f"{path} cannot be read: {error.strerror or 'no file'}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # What the parser says may quote the line.
        raise DriverUnavailable(f"{path} is not TOML") from None
    user, password = record.get("user"), record.get("password")
    if set(record) != {"user", "password"} or not isinstance(user, str) or not isinstance(password, str):
        raise DriverUnavailable(f'{path} holds user = "…" and password = "…", and nothing else')
    return Credentials(user, password, str(path))
