"""Profiles: the claims of a hypervisor, as data.

A profile states how a hypervisor behaves where hypervisors may differ. It is TOML, checked against a JSON
Schema, and may inherit from another profile: tables are merged key by key, ``false`` withdraws a claim. A
claim is tested both ways: a claimed call must match the model, an unclaimed one must be refused as
``Unsupported`` without effect.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal

from snaptree.schemas import SchemaViolation, check_against
from snaptree.spec.code_points import NEW_FORM, CodePoints, code_points, items_of_class
from snaptree.spec.files import MOST_OF_A_PROFILE, read_regular
from snaptree.spec.operations import CALLS
from snaptree.spec.state import POWER_STATES, Power
from snaptree.spec.text import did_you_mean

Claim = Literal["native", "adapter"]
"""Who does it: the hypervisor itself, or the driver, which composes it."""

Observed = Literal["always", "by-reverting", "never"]
"""Whether a part can be read: at any time, only by reverting, or not at all."""

OBSERVABLE_PARTS: Final = (
    "tree", "description", "uuid", "captured", "casualties",
    "disks", "memory", "power", "configuration", "base",
)  # fmt: skip


class ProfileError(ValueError):
    """A profile that cannot be found or read; the text says what to do."""


@dataclass(frozen=True)
class Names:
    """The names that a hypervisor accepts, and the meaning of a repeated name.

    ``longest`` counts bytes of UTF-8. ``forbidden`` lists the characters, code points and ranges that no
    name may have; ``forbidden_first`` those that no name may begin with.
    """

    policy: Literal["unique", "replace", "duplicates"] = "unique"
    lookup: Literal["first-depth-first", "first-breadth-first", "ambiguous"] = "ambiguous"
    longest: int = 255
    forbidden: tuple[str, ...] = ()
    forbidden_first: tuple[str, ...] = ()

    def allows(self, name: str) -> bool:
        """Whether ``name`` is valid, whether or not it is in use."""
        if not name:
            return False
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            return False
        # Short names are asked for again and again; long ones would fill the memory.
        fit = _fit_again if size < 256 else _fit
        return size <= self.longest and fit(self.forbidden, self.forbidden_first, name)


def _fit(forbidden: tuple[str, ...], forbidden_first: tuple[str, ...], name: str) -> bool:
    return name[0] not in code_points(forbidden_first) and not code_points(forbidden).holds_any_of(name)


_fit_again = lru_cache(maxsize=4096)(_fit)


@dataclass(frozen=True)
class Limits:
    """Numbers beyond which an operation is ``LimitExceeded``; None is unlimited.

    ``merge_children`` is the most dependents that a merge into children may
    have, the active state included. ``depth`` counts snapshots from a root down.
    ``count`` includes retired snapshots. ``disk_size`` is in bytes; beyond it a size is ``InvalidArgument``.
    """

    merge_children: int | None = None
    depth: int | None = None
    count: int | None = None
    disk_size: int | None = None


@dataclass(frozen=True)
class Concurrency:
    """What holds where several callers work on one domain.

    ``single`` are the calls, ``observe`` among them, that are one call of the hypervisor. A call that a
    driver composes of several can meet another caller between them: it is made while no other call runs.
    """

    single: tuple[str, ...] = ()


@dataclass(frozen=True)
class DocumentedRefusal:
    """A limit that the documentation or the message of a hypervisor names: no deviation, and no pass.

    ``call`` may be refused as ``kind``, without any effect, where ``condition``, a word of the vocabulary,
    holds; an empty one always does. ``sentence`` is what the hypervisor says, ``link`` where it says it.
    """

    call: str
    kind: str
    sentence: str
    link: str
    condition: str = ""


@dataclass(frozen=True)
class Profile:
    """How one hypervisor behaves where hypervisors may differ. See the chapter on profiles."""

    name: str
    title: str = ""
    identity: Literal["uuid", "id", "name"] = "id"
    roots: Literal["forest", "single"] = "forest"
    operations: dict[str, Claim] = field(default_factory=dict)
    features: dict[str, Claim] = field(default_factory=dict)
    power: dict[str, tuple[Power, ...]] = field(default_factory=dict)
    memory: Literal["optional", "always", "never"] = "never"
    names: Names = Names()
    limits: Limits = Limits()
    revert_with_memory: Literal["captured", "saved", "off"] = "captured"
    create_with_managed_save: Literal["captures", "drops", "refuses"] = "refuses"
    transient_off: Literal["kept", "refused"] = "kept"
    """What becomes of a transient domain that a revert or reset leaves off."""
    descriptions: Literal["any", "xml"] = "any"
    """What a description may hold: any text, or only characters of XML 1.0."""
    id_case: Literal["unsaid", "distinct", "ignored"] = "unsaid"
    """Whether an id in another case is another id."""
    id_names: Literal["unsaid", "distinct", "taken"] = "unsaid"
    """Whether the name of a snapshot is taken for its id."""
    atomicity: dict[str, Literal["atomic", "prefix", "nothing"]] = field(default_factory=dict)
    concurrency: Concurrency = Concurrency()
    durability: dict[str, Literal["none", "ordered", "strict"]] = field(default_factory=dict)
    observes: dict[str, Observed] = field(default_factory=dict)
    libvirt: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The flags that libvirt's own calls take, by group; empty where the driver has no such calls."""
    placement: Literal["inside", "beside", "by-turns"] = "inside"
    """Where a snapshot's content lies, for limits that depend on it: inside the disks, beside them, or inside
    for the first snapshot, beside them for the second, and so on."""
    refuses: tuple[DocumentedRefusal, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    """Where claims are from, by claim or table: ``documented: …``, ``seen: …`` or ``own: …``."""

    def claims(self, call: str) -> bool:
        """Whether the call is claimed, natively or by the adapter."""
        return call in self.operations

    def is_single(self, call: str) -> bool:
        """Whether a call, or ``observe``, is one call of the hypervisor."""
        return call in self.concurrency.single

    def offers(self, feature: str) -> bool:
        """Whether a feature (``quiesce``, ``reset_to_base`` …) is claimed."""
        return feature in self.features

    def allows_power(self, call: str, power: Power) -> bool:
        """Whether the call is allowed in a power state; the default is every state."""
        return power in self.power.get(call, POWER_STATES)

    @property
    def power_loss(self) -> Literal["none", "ordered", "strict"]:
        """The model in which storage comes through a loss of power: see the chapter on durability."""
        return self.durability.get("power", "none")

    def can_observe(self, part: str) -> bool:
        """Whether a part can be read at any time, without reverting."""
        return self.observes.get(part, "never") == "always"

    @cached_property
    def merge_direction(self) -> Literal["parent", "children", "both", "none"]:
        """The direction of a merge; binding 1 of the mail takes it from the driver."""
        parent, children = self.claims("merge_into_parent"), self.claims("merge_into_children")
        if parent and children:
            return "both"
        return "parent" if parent else "children" if children else "none"

    def __hash__(self) -> int:
        return hash(self.name)


FEATURES: Final = ("reset_to_base", "quiesce", "resume_as", "transient", "independent_disks")


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with snaptree."""
    return sorted(entry.name[:-5] for entry in _claims().iterdir() if entry.name.endswith(".toml"))


def load_profile(name_or_path: str) -> Profile:
    """The profile of that name, or of that TOML file, which is read each time: it may have been edited.

    Raises ProfileError with one sentence when there is none, or it is malformed.
    """
    return _shipped(name_or_path) if name_or_path in _shipped_names() else _profile(_read(name_or_path, ()))


@cache
def _shipped(name: str) -> Profile:
    return _profile(_read(name, ()))


@cache
def _shipped_names() -> frozenset[str]:
    return frozenset(shipped_profiles())


def shipped_profile(name: str) -> Profile:
    """The shipped profile of that name, for a name that a trace or a driver gives: it opens no other file.

    Raises ProfileError.
    """
    if name not in _shipped_names():
        raise ProfileError(
            f"no shipped profile is named {name!r:.100}; give the profile in full, as a record, or name one "
            f"of: {', '.join(shipped_profiles())}"
        )
    return _shipped(name)


def profile_from(said: object, origin: str) -> Profile:
    """The profile that a trace or a driver (``origin``) named, or gave in full. Raises ProfileError."""
    if isinstance(said, str):
        return shipped_profile(said)
    try:
        check_against("profile", said)
        assert isinstance(said, dict), "the schema says so"
        record = _in_new_form(said, origin)
    except (SchemaViolation, RecursionError) as error:
        raise ProfileError(f"the profile of {origin}: {error}") from None
    parent = record.pop("inherits", None)
    if parent is not None:
        if parent not in _shipped_names():
            raise ProfileError(f"the profile of {origin}: inherits names no shipped profile; give it in full")
        record = _merged(_read(parent, ()), record)
    return _profile(record)


def record_of(profile: Profile) -> dict[str, Any]:
    """A profile in full, as JSON: the form of its TOML file, with everything that it inherits."""
    record = asdict(profile)
    record["power"] = {call: list(states) for call, states in profile.power.items()}
    record["libvirt"] = {group: list(flags) for group, flags in profile.libvirt.items()}
    record["refuses"] = list(record["refuses"])
    for key in ("forbidden", "forbidden_first"):
        record["names"][key] = list(record["names"][key])
    record["concurrency"]["single"] = list(profile.concurrency.single)
    limits = record["limits"]
    record["limits"] = {key: "unlimited" if value is None else value for key, value in limits.items()}
    return record


def varied(name_or_path: str, settings: Iterable[str]) -> Profile:
    """A profile with some points changed: ``limits.depth=3``, ``operations.start=false``, ``power.stop=off``.

    Several power states are joined by ``+``.

    Raises ProfileError.
    """
    record = _read(name_or_path, ())
    for setting in settings:
        path, _, value = setting.partition("=")
        change: Any = {"true": True, "false": False}.get(value, int(value) if value.isdecimal() else value)
        if path.startswith("power."):
            change = value.split("+")
        for key in reversed(path.split(".")):
            change = {key: change}
        record = _merged(record, change)
    try:
        check_against("profile", record)
        record = _in_new_form(record, name_or_path)
    except SchemaViolation as error:
        raise ProfileError(f"profile {name_or_path} with {', '.join(settings)}: {error}") from None
    return _profile({**record, "name": ", ".join([record["name"], *settings])})


def _claims() -> Traversable:
    return files("snaptree.spec.claims")


def _read(name_or_path: str, heirs: tuple[str, ...]) -> dict[str, Any]:
    """The record of a profile, including everything inherited."""
    if name_or_path in heirs:
        raise ProfileError(f"profile {name_or_path!r} inherits from itself")
    shipped = name_or_path in _shipped_names()
    try:
        content = (
            (_claims() / f"{name_or_path}.toml").read_bytes()
            if shipped
            else read_regular(Path(name_or_path), MOST_OF_A_PROFILE)
        )
    except OSError as error:
        known = ", ".join(shipped_profiles())
        reason = error.strerror or "cannot be read"
        raise ProfileError(
            f"no profile {name_or_path!r} ({reason}); give a TOML file or one of: {known}"
            f"{did_you_mean(name_or_path, shipped_profiles())}"
        ) from None
    try:
        record = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"profile {name_or_path}: not TOML: {error}") from None
    if not shipped:  # a test holds those that are to the schema
        try:
            check_against("profile", record)
        except (SchemaViolation, RecursionError) as error:
            raise ProfileError(f"profile {name_or_path}: {error}") from None
        record = _in_new_form(record, name_or_path)
    parent = record.pop("inherits", None)
    if parent is None:
        return record
    return _merged(_read(parent, (*heirs, name_or_path)), record)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _in_new_form(record: Mapping[str, Any], profile: str) -> dict[str, Any]:
    """The record with ``names.forbidden`` as a list, where it is a regular expression.

    That expression was all that the profile forbade, so it takes back an inherited ``forbidden_first``.
    """
    names = record.get("names", {})
    pattern = names.get("forbidden")
    if not isinstance(pattern, str):
        return dict(record)
    try:
        items = items_of_class(pattern) if pattern else []
    except ValueError as error:
        raise ProfileError(
            f"profile {profile}: names.forbidden is {pattern!r:.60}, and {error}; write {NEW_FORM}"
        ) from None
    return {**record, "names": {"forbidden_first": [], **names, "forbidden": items}}


def _names(record: dict[str, Any]) -> Names:
    given = dict(record.get("names", {}))
    for key in ("forbidden", "forbidden_first"):
        given[key] = tuple(given.get(key, ()))
        try:
            CodePoints(given[key])
        except ValueError as error:
            raise ProfileError(f"profile {record['name']}: names.{key}: {error}; write {NEW_FORM}") from None
    return Names(**given)


def _profile(record: dict[str, Any]) -> Profile:
    names = _names(record)
    limits = {key: None if value == "unlimited" else value for key, value in record.get("limits", {}).items()}
    known = {item.name for item in fields(Profile)}
    rest = {key: value for key, value in record.items() if key in known - {"names", "limits", "concurrency"}}
    concurrency = Concurrency(tuple(record.get("concurrency", {}).get("single", ())))
    for table in ("operations", "features"):
        rest[table] = {key: claim for key, claim in record.get(table, {}).items() if claim is not False}
    rest["power"] = {call: tuple(states) for call, states in record.get("power", {}).items()}
    rest["refuses"] = tuple(DocumentedRefusal(**entry) for entry in record.get("refuses", ()))
    rest["libvirt"] = {group: tuple(flags) for group, flags in (record.get("libvirt") or {}).items()}
    profile = Profile(names=names, limits=Limits(**limits), concurrency=concurrency, **rest)
    if profile.identity == "name" and profile.claims("rename"):
        raise ProfileError(
            f"profile {profile.name}: where the name is the identity, rename cannot be claimed"
        )
    if profile.identity == "name" and profile.claims("reclaim"):
        raise ProfileError(
            f"profile {profile.name}: where the name is the identity, reclaim cannot be claimed: "
            "the name of a retired snapshot is free, so it may mean two"
        )
    strangers = sorted({one.call for one in profile.refuses} - set(CALLS))
    if strangers:
        raise ProfileError(f"profile {profile.name}: refuses names unknown calls: {', '.join(strangers)}")
    others = sorted(set(concurrency.single) - {*CALLS, "observe"})
    if others:
        raise ProfileError(
            f"profile {profile.name}: concurrency.single names unknown calls: {', '.join(others)}"
        )
    unknown = sorted(set(profile.power) - set(CALLS))
    if unknown:
        raise ProfileError(f"profile {profile.name}: power names unknown calls: {', '.join(unknown)}")
    return profile
