"""The process behind the boundary: a session on the target's host, and domains on it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.esx.credentials import read_credentials
from snaptree.conformance.drivers.esx.domain import EsxDomain
from snaptree.conformance.drivers.esx.faults import ConnectionLost, EsxError
from snaptree.conformance.drivers.esx.library import load
from snaptree.conformance.drivers.esx.machines import LentMachine, Machines, MadeMachines
from snaptree.conformance.drivers.esx.placing import place_for
from snaptree.conformance.drivers.esx.session import Session, trust
from snaptree.conformance.drivers.esx.settings import SIMULATED, Settings, read_address, read_settings
from snaptree.conformance.drivers.esx.simulated import Simulated
from snaptree.spec.outcomes import Refusal
from snaptree.spec.profiles import Profile, load_profile

PROFILE: Final = "esx"

_IN_THE_SIMULATED_VCENTER: Final = Settings(
    folder="DC0/vm", resource_pool="DC0/host/DC0_C0/Resources", datastore="LocalDS_0"
)
"""It has several of each, as a real one has: somebody has to choose."""


class ServedEsx:
    """One session on a host, renewed for the next domain when it breaks."""

    name: str = "esx"
    kept_at: Path | None = None

    def __init__(self, options: DriverOptions) -> None:
        self._pyvmomi = load()
        self._options = options
        self._settings = read_settings(options.settings)
        self.simulated: Simulated | None = None
        """The vcsim that was brought up for this, if one was."""
        self._opened: list[_OpenedDomain] = []
        self.profile = load_profile(options.profile or PROFILE)
        if self._settings.machine is not None:
            self.profile = _without_removal(self.profile)
        self.name = f"esx {options.target}" if options.target in SIMULATED else "esx"
        self._session = self._begun()
        try:
            self._machines = self._placed()
            about = self._session.content.about
        except Refusal as refusal:
            self._end()
            raise DriverUnavailable(f"{self._session.address}: {refusal}") from None
        except BaseException:
            self._end()
            raise
        simulated = self.simulated
        self.version = about.fullName if simulated is None else f"vcsim {simulated.version}, {about.fullName}"
        self.artifacts: list[Path] = [] if simulated is None else [simulated.program]
        unchecked = "; ITS CERTIFICATE IS NOT CHECKED" if self._settings.insecure else ""
        self.announcement = (
            f"on {self._session.address}, {self.version}: {self._machines.words}; "
            f"nothing else is changed{unchecked}"
        )

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> EsxDomain:
        """A machine that is off. Raises DriverUnavailable if none is available."""
        if self._session.lost is not None:
            self._begin_anew()
        within = self._settings.task_within
        try:
            machine = self._fresh(disks)
        except (Refusal, EsxError) as error:
            raise DriverUnavailable(f"{self._session.address} gives no machine: {error}") from None
        self._opened = [one for one in self._opened if not one.gone]
        domain = _OpenedDomain(self._session, self._machines, machine, self.profile, within)
        domain.another_session = self._another_session
        self._opened.append(domain)
        return domain

    def close(self) -> None:
        """Give back every remaining machine, and log out."""
        try:
            self._give_back(self._opened)
        finally:
            self._end()

    # --- steps ----------------------------------------------------------------

    def _fresh(self, disks: Mapping[str, int]) -> Any:
        """A machine, with a new session if the last one broke between calls."""
        try:
            return self._machines.fresh(disks)
        except ConnectionLost as error:
            _tell(f"between two domains: {error}")
            self._begin_anew()
            return self._machines.fresh(disks)

    def _begun(self) -> Session:
        """A session on the host; a simulated host is started first."""
        target, within = self._options.target, self._settings.answer_within
        if target in SIMULATED:
            self.simulated = simulated = Simulated(SIMULATED[target], self._options.work)
            try:
                return Session(
                    self._pyvmomi, simulated.address, simulated.credentials, simulated.trust, within
                )
            except BaseException:
                simulated.close()
                raise
        address = read_address(target)
        credentials = read_credentials(self._settings.credentials)
        return Session(self._pyvmomi, address, credentials, trust(self._settings), within)

    def _another_session(self) -> Session:
        """One more session on the host that this one is on."""
        within, simulated = self._settings.answer_within, self.simulated
        context = trust(self._settings) if simulated is None else simulated.trust
        first = self._session
        return Session(self._pyvmomi, first.address, first.credentials, context, within)

    def _placed(self) -> Machines:
        session, settings = self._session, self._settings
        if settings.machine is not None:
            return LentMachine(session, settings.machine, settings.task_within)
        if self._options.target == "vcsim-vcenter":
            ours = _IN_THE_SIMULATED_VCENTER
            settings = replace(
                settings,
                folder=settings.folder or ours.folder,
                resource_pool=settings.resource_pool or ours.resource_pool,
                datastore=settings.datastore or ours.datastore,
            )
        return MadeMachines(session, place_for(session, settings), settings.task_within)

    def _begin_anew(self) -> None:
        """After a connection broke: a new vcsim, or another session on the same host."""
        if self.simulated is not None:
            self._opened.clear()  # they went with it
            self._end()
            self._session = self._begun()
            self._machines = self._placed()
            return
        self._session.renew()
        self._give_back([one for one in self._opened if one.closed])

    def _give_back(self, domains: Iterable[_OpenedDomain]) -> None:
        """Give back unused machines, with a new session if needed."""
        waiting = [one for one in domains if not one.gone]
        if self.simulated is not None:
            return  # it goes as a whole
        try:
            if self._session.lost is not None:
                self._session.renew()
        except DriverUnavailable as error:
            _tell(f"up to {len(waiting) + 1} virtual machines stay on {self._session.address}: {error}")
            return
        for give_back in (*(one.close for one in waiting), self._sweep):
            try:
                give_back()
            except (Refusal, EsxError) as error:
                _tell(f"a virtual machine stays on {self._session.address}: {error}")

    def _sweep(self) -> None:
        self._machines.sweep([one.machine for one in self._opened if not one.gone])

    def _end(self) -> None:
        self._session.close()
        simulated, self.simulated = self.simulated, None
        if simulated is not None:
            simulated.close()


def _without_removal(profile: Profile) -> Profile:
    """The profile for a lent machine, which the driver never removes."""
    kept = {call: claim for call, claim in profile.operations.items() if not call.startswith("undefine")}
    return replace(profile, operations=kept)


class _OpenedDomain(EsxDomain):
    """A domain that its driver closes later where the connection is gone now."""

    closed = False

    def close(self) -> None:
        """Give the machine back, now or when there is a connection again."""
        self.closed = True
        if self.session.lost is None or self._attached:
            try:
                super().close()
            except ConnectionLost as error:
                _tell(f"while a domain was closed: {error}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
