"""The settings of a host beside its address, each as ``--setting NAME=VALUE``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from snaptree.conformance.drivers import UnknownDriver
from snaptree.conformance.drivers.declared import check_settings
from snaptree.conformance.drivers.remote.deadlines import DEADLINE
from snaptree.spec.profiles import ProfileError

Mode = Literal["esx", "vcenter"]

KNOWN: Final[Mapping[str, str]] = {
    "credentials": "a TOML file with user and password; without it they come from the environment",
    "ca-file": "the certificate, in PEM, of the authority that signed the host's",
    "insecure": "yes: do not look at the certificate at all",
    "folder": "inventory path of the folder that machines are made in, such as DC0/vm/tests",
    "resource-pool": "inventory path of their resource pool, such as DC0/host/cluster/Resources/tests",
    "datastore": "name of the datastore of their files",
    "machine": "inventory path of a machine that is lent, in place of machines that are made",
    "deadline": "seconds for one call of the driver",
}
"""Every setting, and what it is."""


@dataclass(frozen=True)
class Settings:
    """The settings as given; None for an absent one."""

    credentials: str | None = None
    ca_file: str | None = None
    insecure: bool = False
    folder: str | None = None
    resource_pool: str | None = None
    datastore: str | None = None
    machine: str | None = None
    deadline: float = DEADLINE

    @property
    def answer_within(self) -> float:
        """Seconds for one answer of the host.

        A call consists of a few answers and a task, which all fit into the deadline. The error then names
        the part that hung, and the process survives to remove its machines.
        """
        return self.deadline * 0.15

    @property
    def task_within(self) -> float:
        """Seconds for one task."""
        return self.deadline * 0.5


def read_settings(given: Mapping[str, str]) -> Settings:
    """Raises UnknownSetting for an unknown one, ProfileError for one that contradicts another."""
    check_settings("esx", given, KNOWN)
    insecure = given.get("insecure", "no")
    if insecure not in ("yes", "no"):
        raise ProfileError(f"the setting insecure is yes or no, not {insecure!r:.100}")
    if insecure == "yes" and "ca-file" in given:
        raise ProfileError("ca-file says how to check the certificate, insecure not to: one of the two")
    placed = [name for name in ("folder", "resource-pool", "datastore") if name in given]
    if "machine" in given and placed:
        raise ProfileError(f"a machine that is lent has its place: {placed[0]} says nothing beside it")
    return Settings(
        credentials=given.get("credentials"),
        ca_file=given.get("ca-file"),
        insecure=insecure == "yes",
        folder=given.get("folder"),
        resource_pool=given.get("resource-pool"),
        datastore=given.get("datastore"),
        machine=given.get("machine"),
        deadline=float(given.get("deadline", DEADLINE)),
    )


SIMULATED: Final[Mapping[str, Mode]] = {"vcsim": "esx", "vcsim-vcenter": "vcenter"}
"""Targets that are brought up here, and what vcsim plays then."""


@dataclass(frozen=True)
class Address:
    """The address of the host."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS else f"{host}:{self.port}"


HTTPS: Final = 443


def read_address(target: str) -> Address:
    """The host of ``https://HOST[:PORT]``. Raises UnknownDriver, without repeating a secret."""
    wanted = "esx:https://HOST[:PORT], esx:vcsim or esx:vcsim-vcenter"
    if "@" in target:
        raise UnknownDriver(
            "a user or password does not belong into an address, where every user of this machine can read "
            f"it; write {wanted}, and the rest into the environment"
        )
    try:
        parts = urlsplit(target)
        port = HTTPS if parts.port is None else parts.port
    except ValueError:
        raise UnknownDriver(f"{target!r:.200} is no address; write {wanted}") from None
    if parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/", "/sdk") or parts.query:
        raise UnknownDriver(f"{target!r:.200} is no address; write {wanted}")
    if re.search(r"[\s\x00-\x1f]", target):
        raise UnknownDriver(f"{target!r:.200} is no address; write {wanted}")
    return Address(parts.hostname, port)
