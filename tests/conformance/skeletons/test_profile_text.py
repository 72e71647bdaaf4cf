"""The profile of a skeleton: every key of the schema, with the default that leaving it out has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from snaptree.conformance.drivers.kit.kept_tree import KeptDomain
from snaptree.conformance.skeletons.languages import claims_of
from snaptree.conformance.skeletons.profile_text import profile_text
from snaptree.schemas import json_schema
from snaptree.spec.profiles import load_profile, record_of

TEXT = profile_text(claims_of("mine"))


def _uncommented() -> str:
    """The text with every commented default in force, but for what has none."""
    lines = TEXT.splitlines()
    shown = [re.sub(r"^# (\[libvirt\]|\w+ = .*)$", r"\1", line) for line in lines]
    return "\n".join(line for line in shown if not line.startswith("inherits"))


def test_every_key_of_the_schema_stands_in_the_text() -> None:
    for key, entry in json_schema("profile")["properties"].items():
        assert re.search(rf"^(# )?(\[+{key}\]+|{key} = .*)$", TEXT, re.MULTILINE), key
        for inner in entry.get("properties", {}):
            assert re.search(rf"^(# )?{inner} = ", TEXT, re.MULTILINE), inner


def test_a_commented_default_changes_nothing(tmp_path: Path) -> None:
    plain, spelt = tmp_path / "plain.toml", tmp_path / "spelt.toml"
    plain.write_text(TEXT, encoding="utf-8")
    spelt.write_text(_uncommented(), encoding="utf-8")
    assert len(tomllib.loads(_uncommented())) > len(tomllib.loads(TEXT)) + 8
    one, other = record_of(load_profile(str(plain))), record_of(load_profile(str(spelt)))
    for call, states in other.pop("power").items():
        assert states == ["off", "running", "paused"], call
    assert set(other.pop("atomicity").values()) == {"nothing"}
    assert other.pop("durability") == {"power": "none"}
    assert {part for part, shown in other.pop("observes").items() if shown == "never"} == {
        "memory",
        "configuration",
    }
    assert not any(other.pop("libvirt").values())
    for table in ("power", "atomicity", "durability", "observes", "libvirt"):
        one.pop(table)
    assert one == other


def test_a_skeleton_claims_what_a_kept_tree_can() -> None:
    claimed = claims_of("mine")["operations"]
    assert isinstance(claimed, dict)
    assert {"create", "discard_forced", "reclaim", "count", "write_disk"} <= set(claimed)
    assert all(hasattr(KeptDomain, call) or call == "write_disk" for call in claimed)
