"""Profiles: what is read, inherited and refused."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from snaptree.schemas import check_against
from snaptree.spec.files import MOST_OF_A_PROFILE
from snaptree.spec.operations import CALLS
from snaptree.spec.profiles import (
    FEATURES,
    OBSERVABLE_PARTS,
    Limits,
    Names,
    ProfileError,
    load_profile,
    profile_from,
    record_of,
    shipped_profiles,
    varied,
)

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a profile and gives its path; every profile has a name."""

    def written(text: str, name: str = "mine") -> str:
        path = tmp_path / f"{name}.toml"
        path.write_text(f'name = "{name}"\n{text}', encoding="utf-8")
        return str(path)

    return written


def refused(name_or_path: str) -> str:
    """The sentence with which a profile is refused."""
    with pytest.raises(ProfileError) as caught:
        load_profile(name_or_path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


# --- shipped ------------------------------------------------------------------------


def test_every_hypervisor_of_the_mail_has_a_profile() -> None:
    of_libvirt = ["external", "external-no-revert", "internal", "mixed"]
    assert shipped_profiles() == [
        "esx", "libvirt", *(f"libvirt-qemu-{kind}" for kind in of_libvirt), "libvirt-test", "qemu",
        "qemu-in-place", "qemu-internal", "qemu-live", "rfc", "virtualbox",
    ]  # fmt: skip


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_shipped_profile_fits_its_schema_which_is_not_checked_again(name: str) -> None:
    text = files("snaptree.spec.claims").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    check_against("profile", tomllib.loads(text))


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_shipped_profile_can_be_used(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.title
    assert {"create", "list", "current"} <= set(profile.operations) <= set(CALLS)
    assert profile.claims("revert") is not name.endswith("-no-revert")
    assert set(profile.features) <= set(FEATURES)
    assert set(profile.observes) == set(OBSERVABLE_PARTS), "each part is claimed or denied in so many words"
    assert profile.can_observe("tree")
    assert profile.names.allows("before the upgrade")
    assert not profile.names.allows("")


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_claim_that_needs_another_has_it(name: str) -> None:
    profile = load_profile(name)
    for forced in ("merge_into_parent", "discard", "undefine"):
        assert profile.claims(forced) or not profile.claims(f"{forced}_forced")
    assert profile.claims("retire") == profile.claims("reclaim")
    assert profile.claims("managed_save") == profile.claims("managed_save_remove")
    assert profile.claims("start") or profile.memory == "never"


def test_what_was_seen_of_hypervisors_is_claimed() -> None:
    virtualbox, esx, libvirt = (load_profile(name) for name in ("virtualbox", "esx", "libvirt"))
    assert virtualbox.limits == Limits(merge_children=1, depth=250)
    assert virtualbox.names.policy == "duplicates"
    assert virtualbox.names.lookup == "first-depth-first"
    assert not virtualbox.allows_power("revert", "running")
    assert esx.limits == Limits(depth=32)
    assert esx.identity == "id"
    assert libvirt.identity == "name"
    assert [profile.merge_direction for profile in (virtualbox, esx, libvirt)] == ["children"] * 3


@pytest.mark.parametrize(
    ("name", "valid"),
    [("1", True), ("42", True), ("1\n", True), ("v1", True), (".hidden", False), ("a.b", True),
     ("a/b", False), ("a\nb", True), ("\x01", False), ("x" * 247, True), ("x" * 248, False)],
)  # fmt: skip
def test_libvirt_takes_the_names_that_are_names_of_files_as_well(name: str, valid: bool) -> None:
    assert load_profile("libvirt").names.allows(name) is valid


# --- names --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "valid"),
    [("", False), ("ab", True), ("abcd", True), ("abcde", False), ("\u20ac", True), ("\u20ac\u20ac", False),
     ("aXb", False), ("\ud800", False)],
)  # fmt: skip
def test_a_name_is_valid_by_its_bytes_and_what_it_has(name: str, valid: bool) -> None:
    assert Names(longest=4, forbidden=("X",)).allows(name) is valid


# --- inheritance --------------------------------------------------------------------


def test_a_profile_inherits_what_it_does_not_say(write: Write) -> None:
    rfc = load_profile("rfc")
    mine = load_profile(write('inherits = "rfc"\nroots = "single"\n[names]\nlongest = 80\n'))
    assert mine.name == "mine"
    assert mine.roots == "single"
    assert mine.names == Names(longest=80, forbidden=rfc.names.forbidden)
    assert mine.operations == rfc.operations
    assert mine.observes == rfc.observes


def test_false_takes_a_claim_back(write: Write) -> None:
    mine = load_profile(
        write(
            'inherits = "rfc"\n[operations]\nretire = false\nrevert = "adapter"\n'
            "[features]\nquiesce = false\n"
        )
    )
    assert not mine.claims("retire")
    assert not mine.offers("quiesce")
    assert mine.operations["revert"] == "adapter"
    assert set(load_profile("rfc").operations) - set(mine.operations) == {"retire"}


def test_a_claim_that_was_taken_back_can_be_made_again(write: Write) -> None:
    without = write('inherits = "rfc"\n[operations]\nretire = false\n', "without")
    mine = load_profile(write(f'inherits = "{without}"\n[operations]\nretire = "adapter"\n'))
    assert mine.operations["retire"] == "adapter"


def test_false_alone_claims_nothing(write: Write) -> None:
    mine = load_profile(write("[operations]\nretire = false\n[features]\nquiesce = false\n"))
    assert mine.operations == {}
    assert mine.features == {}


def test_an_inherited_limit_can_be_lifted(write: Write) -> None:
    mine = load_profile(write('inherits = "virtualbox"\n[limits]\ndepth = "unlimited"\n'))
    assert mine.limits == Limits(merge_children=1, depth=None)


def test_libvirt_test_is_libvirt_without_content() -> None:
    libvirt, test = load_profile("libvirt"), load_profile("libvirt-test")
    assert set(libvirt.operations) - set(test.operations) == {"write_disk"}
    assert test.identity == libvirt.identity
    assert test.observes["disks"] == "never"


# --- what is refused ----------------------------------------------------------------


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    sentence = refused(str(tmp_path / "absent.toml"))
    assert "absent.toml" in sentence
    assert "No such file" in sentence
    assert f"one of: {', '.join(shipped_profiles())}" in sentence


def test_a_folder_is_no_profile(tmp_path: Path) -> None:
    assert "directory" in refused(str(tmp_path))


def test_a_name_that_nothing_has() -> None:
    assert "no profile 'hyper-v'" in refused("hyper-v")


def test_an_ancestor_that_is_not_there(write: Write) -> None:
    assert "no profile 'nobody'" in refused(write('inherits = "nobody"\n'))


@pytest.mark.parametrize("text", ["[operations", "memory = never\n", "memory = 'never'\nmemory = 'always'\n"])
def test_malformed_toml(write: Write, text: str) -> None:
    path = write(text)
    sentence = refused(path)
    assert sentence.startswith(f"profile {path}: not TOML: ")
    assert "line" in sentence or "end of document" in sentence


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b'name = "mine"\ntitle = "\xff"\n')
    assert "not TOML" in refused(str(path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('colour = "blue"\n', "colour"),
        ('[operations]\nteleport = "native"\n', "teleport"),
        ('[power]\nteleport = ["off"]\n', "teleport"),
        ('[features]\nflight = "native"\n', "flight"),
        ("[limits]\nwidth = 3\n", "width"),
        ('[observes]\nsmell = "always"\n', "smell"),
    ],
)
def test_an_unknown_key_is_named(write: Write, text: str, said: str) -> None:
    path = write(text)
    sentence = refused(path)
    assert sentence.startswith(f"profile {path}: ")
    assert said in sentence


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('memory = "sometimes"\n', "memory"),
        ("[operations]\nretire = true\n", "operations.retire"),
        ('[power]\nrevert = ["asleep"]\n', "power.revert"),
        ("[names]\nlongest = 0\n", "names.longest"),
        ("[limits]\ndepth = 0\n", "limits.depth"),
        ('[limits]\ndepth = "deep"\n', "limits.depth"),
    ],
)
def test_a_wrong_value_is_found(write: Write, text: str, place: str) -> None:
    assert place in refused(write(text))


def test_a_profile_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "nameless.toml"
    path.write_text('memory = "never"\n', encoding="utf-8")
    assert "lacks 'name'" in refused(str(path))


@pytest.mark.parametrize(
    "pattern",
    ["[", "^(a|a)+$", "(a+)+$", r"^\.|[/]", "[a]+", "a|b", "ab", "[a][b]", "a*", r"\b", "(?i)[a]", "[z-a]"],
)
def test_a_pattern_that_is_no_class_is_refused_with_the_new_form(write: Write, pattern: str) -> None:
    sentence = refused(write(f"[names]\nforbidden = '{pattern}'\n"))
    assert "names.forbidden is" in sentence
    assert 'write a list of characters, code points and ranges, such as ["/", "U+2028"' in sentence


@pytest.mark.parametrize(
    "pattern", ["[/]", "[^a-z]", r"[\x00-\x1f\u2028]", r"[\s]", r"[^\w.-]", "[]x]", "[-.]", "X", r"\."]
)
def test_a_pattern_that_is_one_class_is_read_as_a_list(write: Write, pattern: str) -> None:
    names = load_profile(write(f"[names]\nforbidden = '{pattern}'\n")).names
    everything = [chr(point) for point in range(0x3000) if point] + ["\ufffe", "\U0001f600"]
    for character in everything:
        assert names.allows(character) is (re.search(pattern, character) is None), hex(ord(character))


def test_a_pattern_takes_back_what_is_forbidden_at_the_start(write: Write) -> None:
    """In today's form it was all that the profile forbade."""
    assert not load_profile("libvirt").names.allows(".a")
    assert load_profile(write("inherits = 'libvirt'\n[names]\nforbidden = '[/]'\n")).names.allows(".a")


def test_what_is_forbidden_at_the_start_may_stand_elsewhere(write: Write) -> None:
    names = load_profile(
        write("[names]\nforbidden = ['x', 'U+0000-U+001F']\nforbidden_first = ['-', '0-9']\n")
    ).names
    assert [names.allows(name) for name in ("a-9", "-a", "9a", "ax", "a\n")] == [
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("item", ["ab", "U+12", "U+110000", "z-a", "U+0010-U+0001", "a-b-c", "U+"])
def test_an_item_that_is_no_code_point_is_refused(write: Write, item: str) -> None:
    assert repr(item) in refused(write(f"[names]\nforbidden = ['{item}']\n"))


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_profile_survives_as_a_record(name: str) -> None:
    profile = load_profile(name)
    assert profile_from(record_of(profile), "a trace") == profile
    assert profile_from(name, "a trace") == profile


def test_a_record_may_inherit_a_shipped_profile_and_no_file(tmp_path: Path) -> None:
    mine = profile_from({"name": "mine", "inherits": "qemu"}, "a trace")
    assert (mine.name, mine.operations) == ("mine", load_profile("qemu").operations)
    file = tmp_path / "a.toml"
    file.write_text("name = 'a'\n", encoding="utf-8")
    with pytest.raises(ProfileError, match="inherits names no shipped profile"):
        profile_from({"name": "mine", "inherits": str(file)}, "a trace")
    with pytest.raises(ProfileError, match="no shipped profile is named"):
        profile_from(str(file), "a trace")
    with pytest.raises(ProfileError, match=r"the profile of a trace: .*colour"):
        profile_from({"name": "mine", "colour": "red"}, "a trace")


def test_only_a_regular_file_of_some_size_is_a_profile(tmp_path: Path) -> None:
    fifo, large = tmp_path / "fifo", tmp_path / "large.toml"
    os.mkfifo(fifo)
    large.write_bytes(b"#" * (MOST_OF_A_PROFILE + 1))
    assert "it is no regular file" in refused(str(fifo))
    assert "it is no regular file" in refused("/dev/zero")
    assert "Is a directory" in refused(str(tmp_path))
    assert "it is larger than 1,048,576 bytes" in refused(str(large))
    assert "no file can have this path" in refused("a\0b")


def test_a_profile_that_inherits_from_itself(tmp_path: Path, write: Write) -> None:
    path = str(tmp_path / "mine.toml")
    write(f"inherits = '{path}'\n")
    assert refused(path) == f"profile {path!r} inherits from itself"


def test_profiles_that_inherit_from_each_other(tmp_path: Path, write: Write) -> None:
    here, there = str(tmp_path / "here.toml"), str(tmp_path / "there.toml")
    write(f"inherits = '{there}'\n", "here")
    write(f"inherits = '{here}'\n", "there")
    assert refused(here) == f"profile {here!r} inherits from itself"


def test_a_name_that_identifies_cannot_be_changed(write: Write) -> None:
    sentence = refused(write('identity = "name"\n[operations]\nrename = "native"\n'))
    assert sentence == "profile mine: where the name is the identity, rename cannot be claimed"


def test_a_profile_file_that_was_edited_is_read_again(tmp_path: Path) -> None:
    mine, below = tmp_path / "mine.toml", tmp_path / "below.toml"
    below.write_text('name = "below"\ninherits = "rfc"\n', encoding="utf-8")
    mine.write_text(f'name = "mine"\ninherits = "{below}"\n', encoding="utf-8")
    assert load_profile(str(mine)).claims("retire")
    below.write_text('name = "below"\ninherits = "rfc"\n[operations]\nretire = false\n', encoding="utf-8")
    assert not load_profile(str(mine)).claims("retire")
    assert load_profile("rfc") is load_profile("rfc")


@pytest.mark.rule("PROFILE-6")
def test_a_retired_snapshot_is_not_reclaimed_by_a_name_that_may_mean_two(write: Write) -> None:
    claims = 'identity = "name"\n[operations]\nretire = "native"\n'
    assert load_profile(write(claims)).claims("retire")
    sentence = refused(write(f'{claims}reclaim = "native"\n'))
    assert sentence.startswith("profile mine: where the name is the identity, reclaim cannot be claimed")


def test_a_power_state_of_a_call_is_varied_by_its_words() -> None:
    assert varied("rfc", ["power.revert=off"]).power["revert"] == ("off",)
    assert varied("rfc", ["power.revert=running+paused"]).power["revert"] == ("running", "paused")
    with pytest.raises(ProfileError, match="revert"):
        varied("rfc", ["power.revert=asleep"])
