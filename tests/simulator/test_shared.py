"""What the simulator and the model both import is stated here a second time.

Where the two share code, a fault in it makes them agree on what is wrong. Every name that the simulator takes
from ``spec`` is listed, and what it means is written down without the shared code.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest

import snaptree.simulator
from snaptree.simulator import Machine
from snaptree.spec import outcomes, state
from snaptree.spec.outcomes import Refusal
from snaptree.spec.profiles import Limits, Names, Profile, load_profile, shipped_profiles

KINDS: Final = (
    "AmbiguousName", "Busy", "InvalidArgument", "InvalidName", "InvalidPowerState", "LimitExceeded",
    "NameInUse", "NoSuchSnapshot", "Unsupported", "WouldDiscard",
)  # fmt: skip
SHARED: Final = {
    "observation": {"DiskSeen", "Entry", "Observation"},  # forms of JSON, without code
    "outcomes": {*KINDS, "Refusal"},
    "profiles": {"Profile"},
    "state": {"BLOCK_SIZE", "BLOCK_STRIDE"},
}
"""The modules of the specification that the simulator imports from, and what it takes from each."""


def test_the_simulator_imports_nothing_else_from_the_specification() -> None:
    found: dict[str, set[str]] = {}
    for path in Path(next(iter(snaptree.simulator.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("snaptree.spec"):
                names = {one.name for one in node.names}
                found.setdefault(str(node.module).removeprefix("snaptree.spec."), set()).update(names)
    assert found == SHARED


# --- numbers and refusals ----------------------------------------------------------


def wrong_numbers() -> list[str]:
    """What a block is, told from the image of one write on both sides."""
    machine = Machine(load_profile("rfc"), {"vda": 196608})
    machine.write_disk("vda", 2, 9)
    seen = machine.observe()["active"].get("disks")
    wrong = [] if seen == {"vda": {"size": 196608, "blocks": {"2": 9}}} else [f"a write is seen as {seen}"]
    if (state.BLOCK_SIZE, state.BLOCK_STRIDE) != (512, 65536):
        wrong.append(f"a block has {state.BLOCK_SIZE} bytes every {state.BLOCK_STRIDE}")
    for size, block, inside in ((65536, 0, True), (65536, 1, False), (65536 + 512, 1, True), (511, 0, False)):
        if state.Disk(size, state.blank_domain({}).active.disks).holds(block) != inside:  # type: ignore[arg-type]
            wrong.append(f"block {block} of {size} bytes")
    return wrong


def test_a_block_is_512_bytes_every_64_kib() -> None:
    assert wrong_numbers() == []


@pytest.mark.parametrize(("number", "wrong"), [("BLOCK_SIZE", 4096), ("BLOCK_STRIDE", 32768)])
def test_another_block_is_seen(number: str, wrong: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, number, wrong)
    assert wrong_numbers() != []


def wrong_refusals() -> list[str]:
    """Kinds that are missing, borne by another class, or caught with another kind."""
    classes = {name: getattr(outcomes, name) for name in KINDS}
    wrong = [
        name for name, refusal in classes.items() if refusal.kind != name or refusal.__bases__ != (Refusal,)
    ]
    given = Refusal("text", casualties=("s2", "active"), native={"code": 1})
    kept = (str(given), given.casualties, given.native) == ("text", ["s2", "active"], {"code": 1})
    return wrong if kept and Refusal().casualties is None else [*wrong, "Refusal"]


def test_a_refusal_is_of_its_kind_and_of_no_other() -> None:
    assert wrong_refusals() == []
    assert sorted(outcomes.REFUSALS) == sorted(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_refusal_of_another_kind_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getattr(outcomes, name), "kind", "Busy" if name != "Busy" else "Unsupported")
    assert wrong_refusals() == [name]


# --- profiles ----------------------------------------------------------------------


def record(name: str) -> dict[str, Any]:
    """A shipped profile as its TOML says it, with what it inherits; read without ``spec.profiles``."""
    own = tomllib.loads(files("snaptree.spec.claims").joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    parent = own.pop("inherits", None)
    if parent is None:
        return own
    whole = record(parent)
    for key, value in own.items():
        whole[key] = {**whole.get(key, {}), **value} if isinstance(value, dict) and whole.get(key) else value
    return whole


PLAIN: Final = {
    "identity": "id", "roots": "forest", "memory": "never", "revert_with_memory": "captured",
    "create_with_managed_save": "refuses", "transient_off": "kept", "descriptions": "any",
    "id_case": "unsaid", "id_names": "unsaid", "placement": "inside",
}  # fmt: skip
"""The points that are one word, with what they are where the profile says nothing."""
STATES: Final = ("off", "running", "paused")
CALLS: Final = tuple(load_profile("rfc").operations)
FEATURES: Final = ("reset_to_base", "quiesce", "resume_as", "transient", "independent_disks")


def misread(name: str) -> Iterator[str]:
    """The points of a shipped profile that are read as something else than its file says."""
    said, profile = record(name), load_profile(name)
    for key, default in PLAIN.items():
        if getattr(profile, key) != said.get(key, default):
            yield key
    for call in (*CALLS, "no_call"):
        if profile.claims(call) != bool(said["operations"].get(call, False)):
            yield f"operations.{call}"
        for power in STATES:
            states = said.get("power", {}).get(call)
            if profile.allows_power(call, power) != (states is None or power in states):  # type: ignore[arg-type]
                yield f"power.{call} when {power}"
    for feature in FEATURES:
        if profile.offers(feature) != bool(said.get("features", {}).get(feature, False)):
            yield f"features.{feature}"
    for limit in ("merge_children", "depth", "count", "disk_size"):
        number = said.get("limits", {}).get(limit, "unlimited")
        if getattr(profile.limits, limit) != (None if number == "unlimited" else number):
            yield f"limits.{limit}"
    yield from misread_names(said.get("names", {}), profile.names)


def misread_names(said: dict[str, Any], names: Names) -> Iterator[str]:
    """Names that are taken for valid and are not, or the other way round."""
    if (names.policy, names.lookup) != (said.get("policy", "unique"), said.get("lookup", "ambiguous")):
        yield "names.policy"
    most = said.get("longest", 255)
    about = min(most, 400)
    letters = [
        "a",
        "/",
        ".",
        "\x00",
        "\x1f",
        "\n",
        "\x7f",
        "\x9f",
        "\u2028",
        "\ufffe",
        "ä",
        "\U0001f600",
        "\ud800",
    ]
    asked = ["", *letters, *(f"{one}z" for one in letters), *(f"z{one}" for one in letters)]
    asked += [one * (about // len(one.encode())) + "y" * more for one in ("x", "ä") for more in (0, 1)]
    for name in asked:
        if names.allows(name) != is_valid(name, said, most):
            yield f"the name {name[:20]!r} of {len(name)}"


def is_valid(name: str, said: dict[str, Any], most: int) -> bool:
    """Whether a name is valid, by the words of the file."""
    if name == "" or any("\ud800" <= letter <= "\udfff" for letter in name):
        return False
    if len(bytes(name, "utf-8")) > most or is_among(name[0], said.get("forbidden_first", [])):
        return False
    return not any(is_among(letter, said.get("forbidden", [])) for letter in name)


def is_among(letter: str, items: list[str]) -> bool:
    """Whether a list of characters, code points and ranges has a character."""
    for item in items:
        ends = (
            [int(end.removeprefix("U+"), 16) for end in item.split("-")] if item[:2] == "U+" else [ord(item)]
        )
        if ends[0] <= ord(letter) <= ends[-1]:
            return True
    return False


def test_every_point_of_one_word_is_compared() -> None:
    words = {one.name for one in fields(Profile) if isinstance(getattr(load_profile("rfc"), one.name), str)}
    assert words == {*PLAIN, "name", "title"}


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_profile_is_read_as_its_file_says(name: str) -> None:
    assert list(misread(name)) == []


def shorter(self: Names, name: str) -> bool:
    return 0 < len(name.encode("utf-8", "replace")) < self.longest


def in_characters(self: Names, name: str) -> bool:
    return 0 < len(name) <= self.longest


def in_front_only(self: Names, name: str) -> bool:
    sound = bool(name) and not any(0xD800 <= ord(letter) < 0xE000 for letter in name)
    return sound and len(name.encode()) <= self.longest and not is_among(name[0], list(self.forbidden))


def whatever(self: Names, name: str) -> bool:  # noqa: ARG001 - it does not look
    return True


@pytest.mark.parametrize("fault", [shorter, in_characters, in_front_only, whatever])
def test_a_fault_in_what_a_name_may_be_is_seen(
    fault: Callable[[Names, str], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Names, "allows", fault)
    assert list(misread("libvirt")) != []


FAULTS: Final[dict[str, Callable[..., Any]]] = {
    "allows_power": lambda self, call, power: power in self.power.get(call, ("off", "running")),
    "claims": lambda self, call: call in self.operations or call == "no_call",
    "offers": lambda self, feature: feature in self.features and feature != "quiesce",
}


@pytest.mark.parametrize("method", FAULTS)
def test_a_fault_in_a_question_to_a_profile_is_seen(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Profile, method, FAULTS[method])
    assert list(misread("rfc")) != []


@pytest.mark.parametrize(
    ("name", "key", "wrong"),
    [("esx", "limits", Limits(depth=31)), ("virtualbox", "limits", Limits(merge_children=2, depth=250)),
     ("virtualbox", "roots", "forest"), ("libvirt", "memory", "optional"), ("libvirt", "power", {"stop": ()}),
     ("libvirt-qemu-external", "power", {}), ("rfc", "create_with_managed_save", "drops"),
     ("libvirt-qemu-mixed", "features", {}), ("qemu", "operations", {})],
)  # fmt: skip
def test_a_point_that_is_read_wrong_is_seen(
    name: str, key: str, wrong: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = load_profile(name)
    monkeypatch.setitem(profile.__dict__, key, wrong)
    assert any(key in one for one in misread(name))
