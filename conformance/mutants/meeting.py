"""Hypervisors that are right for one caller and wrong for two, and some that are right in other ways."""

from __future__ import annotations

import copy
from collections.abc import Callable
from threading import RLock
from time import sleep
from typing import Any

from snaptree.conformance.driver import Domain
from snaptree.conformance.drivers.kit.callers import Caller
from snaptree.conformance.drivers.simulator import SimulatedDomain
from snaptree.conformance.mutants.mutant import breaks, conforms
from snaptree.spec.outcomes import Busy


def _place(domain: SimulatedDomain) -> None:
    """A place where a call can be held, outside of every lock."""
    if domain.journal.interrupt is not None:
        domain.journal.interrupt(0)


@breaks("CONCUR-1", found_by="held")
class LostUpdate(SimulatedDomain):
    """It reads the whole table, changes a description, and writes the whole table back."""

    def describe(self, snapshot: str, description: str) -> None:
        read = dict(self.nodes)
        _place(self)
        super().describe(snapshot, description)
        self.nodes = {key: node for key, node in read.items() if key in self.nodes}


@breaks("CONCUR-1", "CONCUR-3", found_by="held")
class IdOfTheNewest(SimulatedDomain):
    """It returns from create the id of whatever snapshot is the newest by then."""

    def create(self, *args: Any, **asked: Any) -> str:
        super().create(*args, **asked)
        _place(self)
        return [*self.nodes][-1]


@breaks("CONCUR-1", found_by="held")
class AnswersBeforeItDid(SimulatedDomain):
    """It accepts a description at once while another call runs, and writes it when the next call comes."""

    waiting: Callable[[], None] | None = None

    def describe(self, snapshot: str, description: str) -> None:
        if self.waiting is not None:
            waiting, self.waiting = self.waiting, None
            waiting()
        if self.journal.under_way is not None:
            self.waiting = lambda: SimulatedDomain.describe(self, snapshot, description)
            return
        super().describe(snapshot, description)


@breaks("CONCUR-1", found_by="held")
class FailsWhenMet(SimulatedDomain):
    """It fails to start while another call runs, in place of being busy."""

    def start(self) -> None:
        if self.journal.under_way is not None:
            raise RuntimeError("dictionary changed size during iteration")
        super().start()


@breaks("CONCUR-1", found_by="held")
class UndoesTooMuch(SimulatedDomain):
    """It renames beside another call, and undoes the names as well when that call fails."""

    def rename(self, snapshot: str, name: str) -> None:
        if self.journal.under_way is None:
            super().rename(snapshot, name)
            return
        self.nodes[snapshot].name = name
        self.nodes[snapshot].shown = None

    def create(self, *args: Any, **asked: Any) -> str:
        names = {key: node.name for key, node in self.nodes.items()}
        try:
            return super().create(*args, **asked)
        except OSError:
            for key, name in names.items():
                self.nodes[key].name = name
                self.nodes[key].shown = None
            raise


@breaks("CONCUR-1", found_by="held")
class HalfWhenAbandoned(SimulatedDomain):
    """It leaves a create half done whose caller went away: the new snapshot does not become current."""

    abandoned = False

    def attach(self) -> Domain:
        another: Any = _GoneCaller(self)
        return another  # type: ignore[no-any-return]

    def create(self, *args: Any, **asked: Any) -> str:
        before = self.at
        made = super().create(*args, **asked)
        if self.abandoned:
            self.at = before
        return made


class _GoneCaller(Caller):
    def close(self) -> None:
        domain: Any = self._domain
        domain.abandoned = domain.journal.under_way is not None


@breaks("CONCUR-2", found_by="held")
class BusyWhenAbandoned(SimulatedDomain):
    """It is busy for ever when a caller went away in the middle of a call."""

    abandoned = False

    def attach(self) -> Domain:
        another: Any = _GoneCaller(self)
        return another  # type: ignore[no-any-return]

    def describe(self, snapshot: str, description: str) -> None:
        if self.abandoned:
            raise Busy("another call is changing the domain")
        super().describe(snapshot, description)


@breaks("CONCUR-2", found_by="held")
class BusyForEver(SimulatedDomain):
    """It counts callers that wait, and does not count down when one was refused as busy."""

    waiting = 0

    def describe(self, snapshot: str, description: str) -> None:
        if self.waiting:
            raise Busy("others are waiting")
        try:
            super().describe(snapshot, description)
        except Busy:
            self.waiting += 1
            raise


@breaks("CONCUR-4", found_by="held")
class BothAreBusy(SimulatedDomain):
    """It refuses both of two calls that meet: the second at once, the first when it is done."""

    met = False

    def revert(self, *args: Any, **asked: Any) -> Any:
        try:
            return super().revert(*args, **asked)
        except Busy:
            self.met = True
            raise

    def describe(self, snapshot: str, description: str) -> None:
        if not self.turn.acquire(blocking=False):
            raise Busy("another call is changing the domain")
        try:
            before, self.met = self.nodes[snapshot].description if snapshot in self.nodes else "", False
            super().describe(snapshot, description)
            _place(self)
            if self.met:
                super().describe(snapshot, before)
                raise Busy("another call came")
        finally:
            self.turn.release()


@breaks("CONCUR-1", "CONCUR-3", found_by="held")
class ListedBeforeDone(SimulatedDomain):
    """It lists a snapshot while it is being made, also if that fails later."""

    def list(self) -> Any:
        return [*self.nodes]


@breaks("CONCUR-3", found_by="held")
class HalfDoneIsSeen(SimulatedDomain):
    """It shows whatever there is while a call works on it."""

    def observe(self) -> Any:
        self.pool.epoch += 1
        return copy.deepcopy(self._shown())


@breaks("CONCUR-3", found_by="held")
class CountsAhead(SimulatedDomain):
    """It counts a snapshot as soon as it is asked for, and lists it when it is there."""

    def count(self) -> int:
        ahead = self.journal.under_way == "create" and len(self.nodes) < self.asked
        return len(self.nodes) + ahead

    def list(self) -> Any:
        return self.listed if self.journal.under_way is not None else super().list()

    def create(self, *args: Any, **asked: Any) -> str:
        if self.journal.under_way is None:
            self.listed, self.asked = [*self.nodes], len(self.nodes) + 1
        return super().create(*args, **asked)

    listed: Any = ()
    asked = 0


@breaks("CONCUR-3", found_by="held")
class NothingWhileBusy(SimulatedDomain):
    """It lists nothing while a call runs, as its table is being written."""

    def list(self) -> Any:
        return [] if self.journal.under_way is not None else super().list()


@breaks("CONCUR-1", "CONCUR-3", found_by="held")
class StaleCurrent(SimulatedDomain):
    """It keeps the answer that it gave for current while a call ran, and gives it once more."""

    kept: tuple[str | None] | None = None

    def current(self) -> str | None:
        if self.journal.under_way is not None:
            self.kept = (self.id_of(self.at),)
            return self.kept[0]
        kept, self.kept = self.kept, None
        return super().current() if kept is None else kept[0]


class _RememberingCaller(Caller):
    """A caller who is shown the list that he was shown before, until he changes something himself."""

    shown: Any = None

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._domain, name)
        if name == "list":
            return lambda: self._listed(call)
        if name == "create":
            self.shown = None
        return call

    def _listed(self, call: Callable[[], Any]) -> Any:
        self.shown = self.shown or call()
        return self.shown


@breaks("CONCUR-1", "CONCUR-3", found_by="together")
class RemembersForEachCaller(SimulatedDomain):
    """It lists for each caller what it listed for him before, as if there were no other one."""

    def attach(self) -> Domain:
        another: Any = _RememberingCaller(self)
        return another  # type: ignore[no-any-return]


@breaks("CONCUR-1", "CONCUR-3", found_by="together")
class WritesTheTableBack(SimulatedDomain):
    """It reads the whole table, works for a moment, and writes back what is left of what it read."""

    def describe(self, snapshot: str, description: str) -> None:
        read = dict(self.nodes)
        sleep(0.001)
        super().describe(snapshot, description)
        self.nodes = {key: node for key, node in read.items() if key in self.nodes}


@breaks("CONCUR-2", "CONCUR-4", found_by="together")
class BusyOnceMore(SimulatedDomain):
    """It refuses the next change as well after one that it refused as busy."""

    refused = False

    def describe(self, snapshot: str, description: str) -> None:
        if self.refused:
            self.refused = False
            raise Busy("it was busy a moment ago")
        try:
            super().describe(snapshot, description)
        except Busy:
            self.refused = True
            raise


class _WaitingTurn:
    """A turn that a second caller waits for, ``tries`` times a millisecond; None for any number."""

    def __init__(self, tries: int | None) -> None:
        self._lock, self._tries = RLock(), tries

    def acquire(self, blocking: bool = True) -> bool:
        """Take it, or give up."""
        if blocking or self._tries is None:
            return self._lock.acquire()
        for _ in range(self._tries):
            if self._lock.acquire(blocking=False):
                return True
            sleep(0.001)
        return False

    def release(self) -> None:
        """Give it to the next one."""
        self._lock.release()


@conforms()
class WaitsForItsTurn(SimulatedDomain):
    """It lets a second caller wait as long as the first one works."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.turn: Any = _WaitingTurn(None)


@conforms()
class TriesAgain(SimulatedDomain):
    """It tries again some times before it is busy."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.turn: Any = _WaitingTurn(3)


@conforms()
class BusyForLooks(SimulatedDomain):
    """It refuses look-ups as busy while a call changes the domain."""

    def list(self) -> Any:
        return self._free(super().list)

    def current(self) -> Any:
        return self._free(super().current)

    def _free(self, look: Callable[[], Any]) -> Any:
        if self.journal.under_way is not None:
            raise Busy("a call is changing the domain")
        return look()


@conforms()
class ShowsTheLastVersion(SimulatedDomain):
    """It lists the snapshots from before a create for as long as that runs."""

    version: Any = None

    def create(self, *args: Any, **asked: Any) -> str:
        if not self.turn.acquire(blocking=False):
            raise Busy("another call is changing the domain")
        try:
            self.version = [*self.nodes]
            return super().create(*args, **asked)
        finally:
            self.version = None
            self.turn.release()

    def list(self) -> Any:
        version = self.version
        return super().list() if version is None else version
