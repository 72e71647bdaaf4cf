"""Fetches packages with the host's own apt, with a separate state.

Of the host's apt configuration only mirror and proxy settings are used.

apt verifies signatures with Debian's keyring as always. It does not check the expiry date of the mirror,
since a frozen mirror is meant to be old.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts.progress import CommandFailed, Progress, run_program
from snaptree.conformance.hosts.recipe import Recipe

KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_TOOLS: Final = ("apt-get", "apt-config", "dpkg", "dpkg-deb", "tar", "unshare", "mount", "chroot", "setpriv")

_NOT_TAKEN: Final = ("Acquire::IndexTargets", "Acquire::Allow", "Acquire::Changelogs", "Acquire::Languages")
"""What is not taken over of the host's ``Acquire``: files that are not needed, and leave to check nothing."""

_DUMMY: Final = "snaptree-stands-for"


@dataclass(frozen=True)
class Package:
    """One package to fetch: its name, version and size in bytes."""

    name: str
    version: str
    architecture: str
    size: int


def check_host() -> None:
    """Raise DriverUnavailable, in one sentence, if this host cannot make or run a tree."""
    if os.geteuid() != 0:
        raise DriverUnavailable("a private Debian tree is made and entered by root only")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise DriverUnavailable(
            f"a private Debian tree needs a Debian host: {', '.join(missing)} missing here"
        )


def mirrors() -> list[str]:
    """The Debian mirrors in the host's apt configuration. Raises DriverUnavailable if there is none."""
    try:
        said = run_program(
            [
                "apt-get",
                "indextargets",
                "--format",
                "$(CREATED_BY)\t$(COMPONENT)\t$(ORIGIN)\t$(LABEL)\t$(REPO_URI)",
            ],
            environment=_environment(None),
        )
    except (CommandFailed, OSError) as error:
        raise DriverUnavailable(f"apt does not tell its sources: {error}") from None
    rows = [row.split("\t") for row in said.splitlines() if row.count("\t") == 4]
    mains = [
        row for row in rows if row[0] == "Packages" and row[1] == "main" and not row[4].startswith("cdrom:")
    ]
    known = [row[4] for row in mains if row[2] == row[3] == "Debian"]
    # Before the first update, apt does not know what a source is: its name has to do. The signature decides.
    guessed = [row[4] for row in mains if not row[2] and "debian" in row[4] and "security" not in row[4]]
    found = list(dict.fromkeys(known or guessed))
    if not found:
        raise DriverUnavailable("the host's apt configuration names no Debian mirror")
    return found


class PrivateApt:
    """apt with its whole state in one folder, for one suite."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._folder = folder
        self._recipe = recipe
        self._configuration = folder / "apt.conf"
        self._sources = folder / "etc" / "sources.list"
        self.debs = folder / "debs"
        for one in ("etc", "state/lists/partial", "cache/archives/partial", "log", "debs"):
            (folder / one).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "nothing").mkdir()
        self._configuration.write_text(self._configured(), encoding="utf-8")

    def update(self, progress: Progress) -> str:
        """Fetch the index from the first mirror that has the suite; returns that mirror."""
        if not KEYRING.exists():
            raise DriverUnavailable(
                f"{KEYRING} is missing, without which nothing can be checked",
                install="apt-get install --no-install-recommends debian-archive-keyring",
            )
        failures = []
        for mirror in mirrors():
            progress(f"index of Debian {self._recipe.suite}", 0, 0)
            components = " ".join(self._recipe.components)
            self._sources.write_text(
                f"deb [signed-by={KEYRING}] {mirror} {self._recipe.suite} {components}\n", encoding="utf-8"
            )
            try:
                # Without this, apt takes a mirror that it cannot reach for a warning.
                self._apt("update", "-o", "APT::Update::Error-Mode=any")
            except CommandFailed as error:
                failures.append(f"{mirror}: {error}")
            else:
                return mirror
        raise DriverUnavailable(
            f"Debian {self._recipe.suite} cannot be had from the host's mirror: " + "\n".join(failures)
        )

    def chosen(self) -> list[Package]:
        """The packages to fetch, with everything they depend on."""
        asked = [*self._recipe.packages, *self._dummies()]
        try:
            said = self._apt("install", "--yes", "--no-install-recommends", "--print-uris", "-qq", *asked)
        except CommandFailed as error:
            raise DriverUnavailable(
                f"Debian {self._recipe.suite} has no {self._recipe.name} for this machine: {error}"
            ) from None
        found = [_package(row) for row in said.splitlines() if row.startswith("'") and ".deb " in row]
        return [
            one
            for one in found
            if one.name != _DUMMY
            and not any(fnmatchcase(one.name, pattern) for pattern in self._recipe.excluded)
        ]

    def fetch(self, packages: list[Package], progress: Progress) -> list[Path]:
        """Fetch them into ``debs``, verified against the signed index."""
        total = sum(one.size for one in packages)

        def meanwhile() -> None:
            done = sum(entry.stat().st_size for entry in os.scandir(self.debs) if entry.is_file())
            progress("download", min(done, total), total)

        asked = [f"{one.name}:{one.architecture}={one.version}" for one in packages]
        try:
            self._apt("download", *asked, folder=self.debs, meanwhile=meanwhile)
        except CommandFailed as error:
            raise DriverUnavailable(
                f"the packages of {self._recipe.name} cannot be fetched: {error}"
            ) from None
        progress("download", total, total)
        return sorted(self.debs.glob("*.deb"))

    def _dummies(self) -> list[str]:
        if not self._recipe.provided:
            return []
        source = self._folder / "dummy"
        (source / "DEBIAN").mkdir(parents=True)
        (source / "DEBIAN" / "control").write_text(
            f"Package: {_DUMMY}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n"
            f"Provides: {', '.join(self._recipe.provided)}\nDescription: stands for what is not wanted\n",
            encoding="utf-8",
        )
        built = self._folder / f"{_DUMMY}.deb"
        run_program(["dpkg-deb", "--build", "--root-owner-group", source, built])
        return [os.fspath(built)]

    def _configured(self) -> str:
        acquire = run_program(["apt-config", "dump", "Acquire"], environment=_environment(None))
        proxies_and_the_like = [
            row
            for row in acquire.splitlines()
            if row.startswith("Acquire::") and not row.startswith(_NOT_TAKEN)
        ]
        architecture = run_program(["dpkg", "--print-architecture"]).strip()
        own = {
            "Dir": self._folder,
            "Dir::State": "state",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": "cache",
            "Dir::Etc": "etc",
            "Dir::Etc::sourcelist": self._sources,
            "Dir::Etc::sourceparts": self._folder / "nothing",
            "Dir::Etc::parts": self._folder / "nothing",
            "Dir::Etc::preferencesparts": self._folder / "nothing",
            "Dir::Etc::netrc": "/etc/apt/auth.conf",
            "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
            "Dir::Log": "log",
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Get::AllowUnauthenticated": "false",
            # The account that apt else fetches with cannot enter a folder of root's.
            "APT::Sandbox::User": "root",
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        return "\n".join([*proxies_and_the_like, *(f'{key} "{value}";' for key, value in own.items()), ""])

    def _apt(self, *arguments: str, folder: Path | None = None, meanwhile: object = None) -> str:
        return run_program(
            ["apt-get", *arguments],
            environment=_environment(self._configuration),
            folder=folder or self._folder,
            meanwhile=meanwhile if callable(meanwhile) else None,
        )


def _environment(configuration: Path | None) -> dict[str, str]:
    own = {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    if configuration is not None:
        own["APT_CONFIG"] = os.fspath(configuration)
    return {**os.environ, **own}


def _package(row: str) -> Package:
    """One row of ``--print-uris``: ``'URI' name_version_architecture.deb size checksum``."""
    file, size = row.rpartition("' ")[2].split()[:2]
    name, version, architecture = file.removesuffix(".deb").split("_")
    return Package(name, unquote(version), architecture, int(size))
