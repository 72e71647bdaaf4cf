"""What a driver author implements.

A ``Driver`` opens fresh domains and says what it is. A ``Domain`` has one method
for each call of the specification; a call that the profile does not claim may
simply be absent. Every argument and result is JSON, so that the same calls can
cross a process boundary. Calls are synchronous.

A call that is declined raises a ``snaptree.spec.outcomes.Refusal``, and has had
no effect. Whatever else it raises is reported as an error of the driver.

What a call returns is JSON: numbers, texts, lists and objects, no tuples. A call for which no result is
declared returns None. What is of another form is a deviation, told in words.

``observe`` returns an ``Observation``. ``schemas/observation.schema.json`` is the contract; in short::

    {
      "snapshots": [                       # in order of creation
        {"id": "…", "name": "…", "parent": "…" or null,
         "description": "…", "uuid": "…",
         "captured": 17,                   # a number or a text that stands for the time of capture
         "point": {"disks": {"vda": {"size": 1048576, "blocks": {"0": 255}}},
                   "memory": null, "power": "off", "configuration": {}}}],
      "current": "…" or null,
      "active": {"disks": …, "memory": …, "power": …, "configuration": …},
      "base": {"disks": …, "configuration": …},
      "managed_save": null or {"memory": …, "power": …},
      "independent": {"vdc": {"size": …, "blocks": …}}
    }

A block that reads zero is absent from ``blocks``. ``memory`` is a number, null
for none, or ``"unspecified"`` after a boot. Keys that begin with ``x-`` are the
driver's own; any other unknown key is an error.

A key that is absent is *not observed*. Where the profile claims to show it at any
time (``observes.description = "always"``, say), that is a deviation. ``observe``
may raise ``NotObserved`` at a moment at which nothing can be seen. The engine asks
again when the sequence ends, and where the profile claims the tree it has to be
seen then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Final, Literal, Protocol, get_args, runtime_checkable

from snaptree.spec.observation import BaseSeen as BaseSeen
from snaptree.spec.observation import DiskSeen as DiskSeen
from snaptree.spec.observation import Entry as Entry
from snaptree.spec.observation import ImageSeen as ImageSeen
from snaptree.spec.observation import Observation as Observation
from snaptree.spec.observation import PointSeen as PointSeen
from snaptree.spec.profiles import Profile
from snaptree.spec.state import BLOCK_STRIDE

SnapshotId = str
"""An opaque string that the driver issues."""

SnapshotIds = list[SnapshotId]

Json = Any
"""An argument or a result: whatever JSON can say."""

DEFAULT_DISKS: Final[Mapping[str, int]] = {"vda": 16 * BLOCK_STRIDE, "vdb": 16 * BLOCK_STRIDE}
"""The disks of a fresh domain: ids and sizes in bytes (1 MiB each)."""


class DriverUnavailable(Exception):
    """The driver or its host cannot be brought up, or gave out; the text says what is missing.

    Raised by a call, it ends the run: a host whose disk is full, say, is no fault
    of the driver, and nothing that followed would say anything about it.

    ``install`` is the command that mends it, where one is known.
    """

    def __init__(self, text: str, *, install: str | None = None) -> None:
        super().__init__(text)
        self.install = install


FaultKind = Literal["ended", "silent", "raised", "nonsense", "failed"]
"""What a process did in a call: it ended, did not return in time, raised what ends a process, or answered
with what is no message; or the call that opens or closes a domain or driver failed."""


class ProcessFault(Exception):
    """The process of a driver did not survive a call, or did not return from it; the text says how.

    It is a deviation under no rule. Drivers that run in a process of their own raise it, and so does whoever
    runs a driver for the suite.
    """

    def __init__(self, text: str, kind: FaultKind = "ended") -> None:
        super().__init__(text)
        self.kind: FaultKind = kind


class DomainFault(Exception):
    """A domain could not be opened, or closed after its sequence; ``call`` is ``open`` or ``close``."""

    def __init__(self, call: str, text: str, kind: FaultKind) -> None:
        super().__init__(text)
        self.call = call
        self.kind: FaultKind = kind


class CallBarred(BaseException):
    """A call is not made any more, because it ended too many processes.

    Not an Exception: it is no answer of a driver. A method counts what it cannot do as closed off.
    """


class Killed(BaseException):
    """Raised inside a call of a domain that ``Interrupts``: no code of the domain runs after it.

    Not an Exception: nothing of what is killed may answer it.
    """


class NotObserved(Exception):
    """Raised by ``observe`` when nothing can be seen at this moment; the step then counts for no rule.

    A domain that still cannot be seen when its sequence ends is a deviation where the profile claims
    ``observes.tree = "always"``.
    """


def error_text(error: BaseException) -> str:
    """Type and text of an exception, also where the text cannot be read; at most 2,000 characters."""
    try:
        text = str(error)
    except Exception as second:  # noqa: BLE001 - the exception is a driver's, and so is its __str__
        text = f"its text cannot be read: {type(second).__name__}"
    return f"{type(error).__name__}: {text}"[:2000]


@dataclass(frozen=True)
class DriverOptions:
    """What the command line hands to a driver.

    ``target`` is what stands behind the colon of the driver's name. ``work`` is
    the folder that everything is made under, None for the system's temporary
    folder. ``keep`` leaves the domains for a post-mortem. ``settings`` are the
    driver's own options. A driver class may declare them: ``settings`` is a class attribute that maps each
    name to what it is, and ``secrets`` names those whose values no report may hold. An unknown setting is
    then wrong usage, and so is what nearly has the name of a setting of the runner's own.

    ``profile`` is the name or the file of the profile that the user asks for, None for the driver's own.
    The constructor may load it, take back what the driver cannot keep on this host, and have it as its
    ``profile``, under the same name. For a driver that does not, ``open_driver`` sets the attribute.
    """

    target: str = ""
    work: Path | None = None
    keep: bool = False
    profile: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


class Domain(Protocol):
    """The calls that every driver has."""

    def create(
        self, name: str, description: str, memory: bool, uuid: str | None, quiesce: bool
    ) -> SnapshotId:
        """Capture the active state; the new snapshot becomes current."""

    def observe(self) -> Observation:
        """Everything that can be seen, changing nothing. See the module's text."""

    def close(self) -> None:
        """Remove the domain and everything that belongs to it."""


@runtime_checkable
class Reverts(Protocol):
    """A domain that can be reverted."""

    def revert(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """Make the active state what the snapshot holds."""


@runtime_checkable
class WritesDisks(Protocol):
    """A domain whose disks can be written from outside."""

    def write_disk(self, disk: str, block: int, value: int) -> None:
        """Set block k, the 512 bytes at k times 64 KiB, to one value."""


@runtime_checkable
class WritesBlocks(Protocol):
    """A domain that writes several blocks of a disk in one call, which saves time.

    It means the same as one ``write_disk`` for each block, and needs the same claim. Without it the suite
    makes single calls, and writes fewer blocks.
    """

    def write_blocks(self, disk: str, blocks: dict[str, int]) -> None:
        """Set each block to its value; block numbers are decimal texts, as in ``observe``.

        If one of them would be refused, the call is, and writes nothing.
        """


@runtime_checkable
class MergesIntoChildren(Protocol):
    """A domain that can merge a snapshot into its children."""

    def merge_into_children(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot; children and active state keep their content."""


@runtime_checkable
class MergesIntoParent(Protocol):
    """A domain that can merge a snapshot into its parent."""

    def merge_into_parent(self, snapshot: SnapshotId) -> None:
        """The parent's point becomes this snapshot's point; this one goes."""

    def merge_into_parent_forced(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """The same, destroying the parent's other dependents."""


@runtime_checkable
class Discards(Protocol):
    """A domain that can discard a snapshot."""

    def discard(self, snapshot: SnapshotId) -> None:
        """Remove a snapshot on which nothing depends."""

    def discard_forced(self, snapshot: SnapshotId, resume_as: str | None) -> None:
        """The same, destroying all that depends on it."""


@runtime_checkable
class RemovesSubtrees(Protocol):
    """A domain that can remove a snapshot with all below it."""

    def remove_subtree(self, snapshot: SnapshotId, keep_root: bool) -> None:
        """Remove the subtree; the active state stays as it is."""


@runtime_checkable
class Retires(Protocol):
    """A domain that can retire a snapshot and reclaim it later."""

    def retire(self, snapshot: SnapshotId) -> None:
        """Take the snapshot out of the tree; its storage stays."""

    def reclaim(self, snapshot: SnapshotId) -> None:
        """Give back the storage of a retired snapshot."""


@runtime_checkable
class Names(Protocol):
    """A domain whose snapshots can be renamed and described."""

    def rename(self, snapshot: SnapshotId, name: str) -> None:
        """Change the name only."""

    def describe(self, snapshot: SnapshotId, description: str) -> None:
        """Change the description only."""


@runtime_checkable
class LooksUp(Protocol):
    """The look-ups. The engine falls back on ``observe`` for those that are absent."""

    def list(self) -> SnapshotIds:
        """All ids in order of creation."""

    def children(self, snapshot: SnapshotId | None) -> SnapshotIds:
        """Children in order of creation; the roots for None."""

    def parent(self, snapshot: SnapshotId) -> SnapshotId | None:
        """The parent, or None for a root."""

    def current(self) -> SnapshotId | None:
        """The current snapshot, or None."""

    def lookup_by_name(self, name: str) -> SnapshotId:
        """The snapshot that a name means."""

    def lookup_by_id(self, snapshot: SnapshotId) -> SnapshotId:
        """The id itself, if it is listed."""

    def count(self) -> int:
        """How many snapshots are listed."""


@runtime_checkable
class Power(Protocol):
    """A domain that can be started and stopped."""

    def start(self) -> None:
        """Boot, or continue from the managed-save image."""

    def stop(self) -> None:
        """Turn off; memory is gone."""


@runtime_checkable
class Pauses(Protocol):
    """A domain that can be paused."""

    def pause(self) -> None:
        """Stop the processors."""

    def resume(self) -> None:
        """Let them run on."""


@runtime_checkable
class HasMemory(Protocol):
    """A domain whose memory can be written from outside."""

    def write_memory(self, value: int) -> None:
        """Set the memory marker."""


@runtime_checkable
class SavesState(Protocol):
    """A domain with managed save."""

    def managed_save(self) -> None:
        """Save memory and turn off."""

    def managed_save_remove(self) -> None:
        """Drop the image, if there is one."""


@runtime_checkable
class ChangesDisks(Protocol):
    """A domain whose disks come, go and change size."""

    def resize_disk(self, disk: str, size: int) -> None:
        """Set the size in bytes."""

    def attach_disk(self, disk: str, size: int, independent: bool) -> None:
        """Add a disk that reads zero."""

    def detach_disk(self, disk: str) -> None:
        """Take a disk away."""


@runtime_checkable
class Configures(Protocol):
    """A domain with a configuration."""

    def configure(self, key: str, value: str) -> None:
        """Set one entry; an empty value removes it."""


@runtime_checkable
class Crashes(Protocol):
    """A domain whose hypervisor process can be killed and come back."""

    def crash(self) -> None:
        """Kill the hypervisor process of this domain."""


@runtime_checkable
class RecoversInPlace(Protocol):
    """A domain that has to be made usable again after a crash."""

    def recover(self) -> None:
        """Make the domain usable again after a crash."""


@runtime_checkable
class Interrupts(RecoversInPlace, Protocol):
    """A domain in memory that can be killed inside a call; its driver has ``interrupts = True``."""

    def interrupt_at(self, change: int | None, error: OSError | None = None) -> None:
        """Raise ``Killed`` in a later call before its change of this number, counted from 0; None never.

        ``recover`` then does what a new process would do. With an ``error`` that change fails with it.
        """


@runtime_checkable
class LiesInFolder(Protocol):
    """A domain all of whose persistent state lies in one folder, that of a driver which ``Recovers``."""

    @property
    def folder(self) -> Path:
        """The folder."""

    def release(self) -> None:
        """Let the folder go as it is, for another domain to be opened over it."""


@runtime_checkable
class Sessions(Protocol):
    """A domain that several callers work on at once, each in a thread of its own.

    The profile says under ``[concurrency] single`` which calls are one call of the hypervisor: only these are
    judged while they overlap others.
    """

    def attach(self) -> Domain:
        """Another caller on the same domain.

        The order of creation, given uuids and issued ids belong to the domain: what one caller made, every
        caller names. ``close`` ends this caller only, also while a call of it runs, which then ends as
        it likes; that of the first caller removes the domain.
        """


@runtime_checkable
class Holds(Sessions, Protocol):
    """A caller whose call can be held inside, where another caller meets it."""

    def hold_at(self, place: int | None) -> None:
        """Stop the next call of this caller at its place of this number, counted from 0; None for no place.

        What a place is, the driver decides: a change, a process that it starts, a task that it waits for. A
        call with fewer places returns as always.
        """

    def held_at(self) -> str | None:
        """The place where a call of this caller is stopped now, in a few words; None if none is."""

    def let_go(self, *, fail: bool = False) -> None:
        """Let the call go on; with ``fail`` what it is stopped at fails, as a tool does that is killed.

        Later calls of this caller are not stopped. It may be closed by then. A driver that can let nothing
        fail leaves ``fail`` out.
        """


@runtime_checkable
class Undefines(Protocol):
    """A domain that can be removed while it is looked at."""

    def undefine(self) -> None:
        """Remove a domain without snapshots."""

    def undefine_forced(self) -> None:
        """Remove a domain with all its snapshots."""


@runtime_checkable
class SpeaksLibvirt(Protocol):
    """A domain that has libvirt's own calls, for a profile that lists their flags.

    ``observe`` then also has ``events``: the lifecycle events of the last such
    call, each a list of virDomainEventType and detail; absent is *not observed*.
    """

    def native_call(self, name: str, arguments: dict[str, Json]) -> Json:
        """One of ``snaptree.spec.libvirt.calls``, its snapshots by this driver's ids.

        Raises a refusal with ``native`` for every error of libvirt's, whatever its code.
        """


@runtime_checkable
class DigestsDisks(Protocol):
    """A domain that can read whole disks, so that damage beside the blocks that ``observe`` shows is seen."""

    def digests(self) -> dict[str, dict[str, str]]:
        """The SHA-256 of each whole disk, in hexadecimal, by snapshot id (or ``active``, ``base``) and disk.

        What is left out is not compared, and the report counts it.
        """


CALL_PROTOCOLS: Final[tuple[type, ...]] = (
    Domain, Reverts, WritesDisks, WritesBlocks, MergesIntoChildren, MergesIntoParent, Discards,
    RemovesSubtrees, Retires, Names, LooksUp, Power, Pauses, HasMemory, SavesState, ChangesDisks, Configures,
    Crashes, RecoversInPlace, LiesInFolder, Undefines, SpeaksLibvirt, DigestsDisks,
)  # fmt: skip
"""What a domain may have: together they declare every call."""


class Driver(Protocol):
    """A hypervisor that is put under the suite.

    A driver class is constructed with one argument, ``DriverOptions``. It raises
    ``DriverUnavailable`` when its host cannot be brought up. That changes nothing on the
    host. A driver may be ``Fast``, may be one that ``Announces`` what it is about to make,
    and one that ``KeepsWork``.
    """

    name: str
    version: str
    profile: Profile

    def __init__(self, options: DriverOptions) -> None: ...

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True) -> Domain:
        """A fresh, powered-off domain without snapshots whose disks read zero.

        One that is not ``persistent`` is transient. A driver that has none leaves the word out, and
        claims none whatever its profile says.
        """

    def close(self) -> None:
        """End everything that the driver started and remove everything that it made."""


@runtime_checkable
class Fast(Protocol):
    """A driver whose calls cost microseconds if ``fast`` is true: the suite then does more by default."""

    fast: bool


@runtime_checkable
class Announces(Protocol):
    """A driver whose host others use.

    ``announcement`` says what its domains will make there, and where, or is None. It is shown before
    the first domain is opened.
    """

    announcement: str | None


@runtime_checkable
class KeepsWork(Protocol):
    """A driver that can leave what it made for a post-mortem; ``kept_at`` is where, or None."""

    kept_at: Path | None


@runtime_checkable
class ConsistsOf(Protocol):
    """A driver that names the files of the system it drives: programs, libraries, folders of Python code.

    A certificate has their digests.
    """

    artifacts: Sequence[Path]


@runtime_checkable
class Recovers(Protocol):
    """A driver whose domains each lie in a folder, which can be copied, recorded and opened again.

    The suite records what a call does to the folder, and opens what a kill at each moment would have left.
    ``volatile`` are patterns of files that are no state, such as logs and sockets.
    """

    volatile: Sequence[str]

    def reopen(self, folder: Path) -> Domain:
        """A new domain over a folder that a domain of this driver was in, recovered.

        The folder may be a copy elsewhere. What runs in it is dead. Raises whatever it likes if the folder
        cannot be opened.
        """


@runtime_checkable
class Quiesces(Protocol):
    """A driver that ``Recovers``, and whose hypervisor keeps processes that hold a folder.

    The suite calls ``quiesce`` before it puts another state into the folder that is opened, and ``wake``
    before ``reopen``. A driver without such processes needs neither.
    """

    def quiesce(self) -> None:
        """End what holds a folder, as a kill would: nothing is written any more."""

    def wake(self) -> None:
        """Start again what ``quiesce`` ended."""


def recovers(driver: Driver) -> bool:
    """Whether the domains of a driver can be opened again from their folders."""
    return callable(getattr(driver, "reopen", None)) and hasattr(driver, "volatile")


def interrupts(driver: Driver) -> bool:
    """Whether the domains of a driver are ``Interrupts``."""
    return getattr(driver, "interrupts", False) is True


def is_fast(driver: Driver) -> bool:
    """Whether a call of the driver costs microseconds."""
    return isinstance(driver, Fast) and driver.fast is True


Pace = Literal["fast", "ordinary", "slow"]
"""The cost of a driver's call: microseconds, up to a tenth of a second, more."""

PACES: Final[tuple[Pace, ...]] = get_args(Pace)


@runtime_checkable
class HasPace(Protocol):
    """A driver that says what its calls cost; it decides how many sequences the suite draws by default."""

    pace: Pace


def pace_of(driver: Driver) -> Pace:
    """The pace of a driver: the one it states, else fast or ordinary."""
    if isinstance(driver, HasPace) and driver.pace in PACES:
        return driver.pace
    return "fast" if is_fast(driver) else "ordinary"


def can_fail(caller: object) -> bool:
    """Whether a call that is held can be made to fail where it is; see ``Holds``."""
    let_go = getattr(caller, "let_go", None)
    if not callable(let_go):
        return False
    with suppress(TypeError, ValueError):
        return "fail" in signature(let_go).parameters
    return False


def announcement_of(driver: Driver) -> str | None:
    """What the driver is about to make on its host, in words; None if that concerns no other user."""
    told = driver.announcement if isinstance(driver, Announces) else None
    return None if told is None else str(told)


def kept_at(driver: Driver) -> Path | None:
    """Where what the driver made is kept after it was closed, if it is."""
    return driver.kept_at if isinstance(driver, KeepsWork) else None


def opens_transient(driver: Driver) -> bool:
    """Whether ``open`` takes ``persistent``."""
    try:
        parameters = signature(driver.open).parameters.values()
    except (TypeError, ValueError):  # some callables have no signature to be read
        return True
    return any(one.name == "persistent" or one.kind is Parameter.VAR_KEYWORD for one in parameters)


def lacks(driver: object) -> list[str]:
    """The parts of a ``Driver`` that an object does not have, such as ``version`` or ``open()``."""
    return _absent(driver, ("name", "version", "profile"), ("open", "close"))


def domain_lacks(domain: object) -> list[str]:
    """The calls of ``Domain`` that an object does not have, such as ``observe()``."""
    return _absent(domain, (), ("create", "observe", "close"))


def _absent(whole: object, attributes: tuple[str, ...], methods: tuple[str, ...]) -> list[str]:
    missing = [name for name in attributes if not hasattr(whole, name)]
    return missing + [f"{name}()" for name in methods if not callable(getattr(whole, name, None))]


def open_domain(
    driver: Driver, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True
) -> Domain:
    """A fresh domain.

    Raises DriverUnavailable when the driver cannot open one: it cannot be judged then.
    """
    with _told("opened"):
        # A driver that has no transient domains need not know the word.
        return driver.open(disks) if persistent else driver.open(disks, persistent=False)


@contextmanager
def opened_domain(
    driver: Driver, disks: Mapping[str, int] = DEFAULT_DISKS, *, persistent: bool = True
) -> Iterator[Domain]:
    """A fresh domain, closed afterwards.

    Raises DriverUnavailable when it cannot be opened, and DomainFault when the process does not survive
    that or the domain cannot be closed.
    """
    domain = open_domain(driver, disks, persistent=persistent)
    try:
        yield domain
    except BaseException:
        # What ended the sequence is what is told.
        with suppress(Exception, SystemExit):
            domain.close()
        raise
    _close_domain(domain)


def _close_domain(domain: Domain) -> None:
    try:
        domain.close()
    except DriverUnavailable:
        raise
    except ProcessFault as fault:
        raise DomainFault("close", str(fault), fault.kind) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is a finding
        raise DomainFault("close", f"close failed with {type(error).__name__}: {error}", "failed") from None


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except DriverUnavailable:
        raise
    except ProcessFault as fault:
        raise DomainFault("open", str(fault), fault.kind) from None
    except (Exception, SystemExit) as error:
        text = f"a fresh domain could not be {what}: {error_text(error)}"
        raise DriverUnavailable(text) from error
