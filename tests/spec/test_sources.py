"""Every claim of a shipped profile says where it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from snaptree.spec.profiles import load_profile, record_of, shipped_profiles, varied
from snaptree.spec.sources import KINDS, claims_of, kind_of, only_seen, source_of, without_source

WITH_SOURCES = shipped_profiles()
INHERITING = [name for name in WITH_SOURCES if name.startswith(("libvirt", "qemu-live"))]
"""These also say where a default is from, and an heir may have taken a claim back."""


@pytest.mark.rule("PROFILE-7")
@pytest.mark.parametrize("name", WITH_SOURCES)
def test_every_claim_of_a_shipped_profile_has_a_source(name: str) -> None:
    profile = load_profile(name)
    assert without_source(profile) == []
    assert {kind_of(source) for source in profile.sources.values()} <= set(KINDS)


@pytest.mark.parametrize("name", [name for name in WITH_SOURCES if name not in INHERITING])
def test_every_source_is_of_a_claim(name: str) -> None:
    profile = load_profile(name)
    claims = set(claims_of(profile))
    tables = {claim.partition(".")[0] for claim in claims}
    assert [key for key in profile.sources if key not in claims | tables] == []


@pytest.mark.parametrize("name", INHERITING)
def test_every_source_of_an_heir_is_of_a_key(name: str) -> None:
    """A key that is none would be the source of nothing."""
    everything = record_of(load_profile("rfc"))
    keys = {*everything, *(f"{key}.{one}" for key in everything for one in _keys_below(everything[key]))}
    known = keys | {f"libvirt.{group}" for group in ("create", "delete", "revert")}
    assert [key for key in load_profile(name).sources if key not in known | {"power.write_disk"}] == []


def _keys_below(value: object) -> list[str]:
    return [*map(str, value)] if isinstance(value, dict) else []


def test_a_claim_has_its_own_source_or_that_of_its_table() -> None:
    virtualbox = load_profile("virtualbox")
    assert source_of(virtualbox, "operations.create") == virtualbox.sources["operations"]
    assert source_of(virtualbox, "operations.crash") == "seen: VBoxSVC killed, and another one brought up"
    assert source_of(virtualbox, "limits.disk_size") is None
    bare = replace(virtualbox, sources={})
    assert set(without_source(bare)) == set(claims_of(bare))


def test_what_is_only_seen_is_listed() -> None:
    assert only_seen(load_profile("esx")) == ["operations.undefine_forced"]
    seen = only_seen(load_profile("virtualbox"))
    assert {"limits.depth", "limits.merge_children", "operations.create"} <= set(seen)
    assert "operations.remove_subtree" not in seen
    assert only_seen(load_profile("rfc")) == []


def test_a_default_claims_nothing_and_a_limit_does() -> None:
    assert "limits.depth" not in set(claims_of(load_profile("rfc")))
    assert "limits.depth" in set(claims_of(varied("rfc", ["limits.depth=3"])))


@pytest.mark.parametrize("source", ["", "heard: somewhere", "Seen: it"])
def test_a_source_of_no_kind_is_an_error(source: str) -> None:
    with pytest.raises(ValueError, match="a source begins with documented, seen, own"):
        kind_of(source)


@pytest.mark.parametrize("name", WITH_SOURCES)
def test_every_named_limit_quotes_what_the_hypervisor_says(name: str) -> None:
    for limit in load_profile(name).refuses:
        assert limit.sentence.strip()
        assert limit.link.startswith(("docs/findings/", "https://"))
