"""Profiles: what is read, inherited and refused, and that model and simulator agree under each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.run import Bounds, Outcome, run_methods
from snaptree.conformance.sequences import run_sequence
from snaptree.conformance.tally import Tally
from snaptree.conformance.verdict import judge
from snaptree.spec import operations as ops
from snaptree.spec.operations import CALLS, Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import (
    FEATURES,
    OBSERVABLE_PARTS,
    Limits,
    Names,
    Profile,
    ProfileError,
    load_profile,
    shipped_profiles,
)
from snaptree.spec.rules import rule

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
        "esx", "libvirt", *(f"libvirt-qemu-{kind}" for kind in of_libvirt), "libvirt-test", "qemu", "rfc",
        "virtualbox",
    ]  # fmt: skip


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
    assert Names(longest=4, forbidden="X").allows(name) is valid


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
        ('memory = "sometimes"\n', "$.memory"),
        ("[operations]\nretire = true\n", "$.operations.retire"),
        ('[power]\nrevert = ["asleep"]\n', "$.power.revert"),
        ("[names]\nlongest = 0\n", "$.names.longest"),
        ("[limits]\ndepth = 0\n", "$.limits.depth"),
        ('[limits]\ndepth = "deep"\n', "$.limits.depth"),
    ],
)
def test_a_wrong_value_is_found(write: Write, text: str, place: str) -> None:
    assert place in refused(write(text))


def test_a_profile_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "nameless.toml"
    path.write_text('memory = "never"\n', encoding="utf-8")
    assert "'name' is a required property" in refused(str(path))


def test_a_regular_expression_that_is_none(write: Write) -> None:
    sentence = refused(write("[names]\nforbidden = '['\n"))
    assert sentence.startswith("profile mine: names.forbidden is no regular expression: ")


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


# --- model and simulator under each profile -----------------------------------------

SMALL = Bounds(scopes=(("tree", 2), ("storage", 1)), sampling=1.0)
# For what shows only where domains run.
WITH_POWER = Bounds(scopes=(("tree", 2), ("storage", 1), ("power", 1)), sampling=1.0)

# Between them, these take every value that a variation point has and no shipped profile uses.
VARIANTS = {
    "replacing": 'inherits = "rfc"\n[names]\npolicy = "replace"\n',
    "breadth-first": 'inherits = "rfc"\n[names]\npolicy = "duplicates"\nlookup = "first-breadth-first"\n',
    "narrow": 'inherits = "rfc"\nroots = "single"\n[limits]\nmerge_children = 2\ndepth = 2\ncount = 3\n',
    "narrow-replacing": 'inherits = "rfc"\n[names]\npolicy = "replace"\n[limits]\ndepth = 2\ncount = 2\n',
    "no-base": 'inherits = "rfc"\n[features]\nreset_to_base = false\nresume_as = false\n',
    "forgetful": 'inherits = "rfc"\nrevert_with_memory = "off"\ncreate_with_managed_save = "drops"\n',
    "virtualbox-with-module": 'inherits = "virtualbox"\nmemory = "always"\n[operations]\nstart = "native"\n'
    'stop = "native"\npause = "native"\nresume = "native"\nmanaged_save = "native"\n'
    'managed_save_remove = "native"\n[observes]\nmemory = "always"\n',
}


ABOUT_POWER = ("forgetful", "virtualbox-with-module")


def agreement(name_or_path: str, bounds: Bounds) -> Outcome:
    """What a small run of the simulator under a profile finds; nothing may deviate."""
    options = DriverOptions(profile=name_or_path)
    outcome = run_methods(
        "simulator", options, load_profile(name_or_path), bounds, lambda _outcome, _result: None
    )
    assert [(found.rules, found.operation, found.differences) for found in outcome.deviations.values()] == []
    assert all(method.complete for method in outcome.methods.values())
    return outcome


@pytest.mark.parametrize("name", shipped_profiles())
def test_the_simulator_agrees_with_the_model_under(name: str) -> None:
    outcome = agreement(name, SMALL)
    assert outcome.methods["tree-2"].covered == outcome.methods["tree-2"].total >= 40
    assert outcome.methods["sampled"].sequences > 0
    assert outcome.tally.steps > 100


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_simulator_agrees_with_the_model_under_a_variant(write: Write, variant: str) -> None:
    bounds = WITH_POWER if variant in ABOUT_POWER else SMALL
    outcome = agreement(write(VARIANTS[variant], variant), bounds)
    assert outcome.tally.steps > 100


# --- rules that only some profiles show ---------------------------------------------


def create(*names: str) -> list[Operation]:
    return [ops.Create(name) for name in names]


SHOWN: list[tuple[str, str, list[Operation]]] = [
    ("LIMIT-1", "narrow", create("a", "b", "c")),
    ("LIMIT-1", "narrow", [*create("a", "b"), ops.Retire("s1"), ops.Retire("s2"), *create("c", "d")]),
    ("LIMIT-2", "narrow", [*create("a", "b"), ops.Revert("s1"), ops.MergeIntoChildren("s1"), *create("c")]),
    ("NAME-6", "replacing", create("a", "b", "a")),
    ("NAME-6", "narrow-replacing", create("a", "b", "a")),
    ("NAME-7", "virtualbox", [*create("a", "a"), ops.LookupByName("a")]),
    ("NAME-7", "esx", [*create("a", "a"), ops.LookupByName("a")]),
    ("NAME-7", "breadth-first", [*create("a", "a"), ops.LookupByName("a")]),
    ("MERGE-6", "virtualbox", [*create("a", "b"), ops.Revert("s1"), ops.MergeIntoChildren("s1")]),
    ("MERGE-6", "narrow", [*create("a", "b"), ops.Revert("s1"), *create("c"), ops.Revert("s1"),
                           ops.MergeIntoChildren("s1")]),
    ("REFUSE-5", "virtualbox", [*create("a"), ops.Retire("s1")]),
    ("REFUSE-5", "esx", [*create("a"), ops.MergeIntoParent("s1", forced=True)]),
    ("REFUSE-5", "libvirt", [*create("a"), ops.Rename("s1", "b")]),
    ("REFUSE-5", "libvirt-test", [ops.WriteDisk("vda", 0, 1)]),
    ("REFUSE-5", "qemu", [ops.Start()]),
    ("FORCE-6", "virtualbox", [*create("a"), ops.Discard("s1", forced=True)]),
    ("FORCE-6", "libvirt", [*create("a", "b"), ops.Discard("s1", forced=True)]),
    ("FORCE-6", "no-base", [*create("a"), ops.Revert("s1"), ops.MergeIntoChildren("s1"), *create("b"),
                            ops.Discard("s2", forced=True)]),
]  # fmt: skip


@pytest.mark.parametrize(("identifier", "profile", "operations"), SHOWN)
def test_a_rule_that_rfc_cannot_show_is_shown_by(
    write: Write, identifier: str, profile: str, operations: list[Operation]
) -> None:
    claimed = load_profile(write(VARIANTS[profile], profile) if profile in VARIANTS else profile)
    driver = SimulatorDriver()
    driver.profile = claimed
    # Only the last step is counted, so that no other one can have shown the rule.
    assert shown(driver, claimed, operations[:-1], identifier) < shown(
        driver, claimed, operations, identifier
    )


def shown(driver: SimulatorDriver, profile: Profile, operations: list[Operation], identifier: str) -> int:
    """How often a rule was observed in a sequence in which nothing differed."""
    tally = Tally()
    run = run_sequence(driver, operations, tally=tally)
    assert run.differences == ()
    assert len(run.steps) == len(operations)
    return judge(Outcome(tally=tally), profile, [rule(identifier)]).rules[0].times


# Two bearers of the name n: in the first tree the older one is higher up, in the second the younger.
HIGHER_IS_OLDER = [*create("a", "b"), ops.Revert("s1"), *create("n"), ops.Revert("s2"), *create("n")]
HIGHER_IS_YOUNGER = [*create("a", "b", "n"), ops.Revert("s1"), *create("n")]


@pytest.mark.parametrize(
    ("profile", "tree", "meant"),
    [
        ("virtualbox", HIGHER_IS_OLDER, "s4"),
        ("virtualbox", HIGHER_IS_YOUNGER, "s3"),
        ("breadth-first", HIGHER_IS_OLDER, "s3"),
        ("breadth-first", HIGHER_IS_YOUNGER, "s4"),
    ],
)
def test_a_repeated_name_means_the_bearer_that_the_profile_says(
    write: Write, profile: str, tree: list[Operation], meant: str
) -> None:
    driver = SimulatorDriver()
    driver.profile = load_profile(write(VARIANTS[profile], profile) if profile in VARIANTS else profile)
    run = run_sequence(driver, [*tree, ops.LookupByName("n")])
    assert run.differences == ()
    outcome = run.steps[-1].outcome
    assert isinstance(outcome, Accepted)
    assert outcome.result == meant


def test_a_transient_domain_takes_its_snapshots_with_it() -> None:
    driver = SimulatorDriver()
    tally = Tally()
    run = run_sequence(
        driver, [*create("a"), ops.Start(), ops.Stop(), ops.Count()], persistent=False, tally=tally
    )
    assert run.differences == ()
    assert judge(Outcome(tally=tally), driver.profile, [rule("POWER-7")]).rules[0].status == "pass"
