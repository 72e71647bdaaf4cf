"""The reported sequences: each has a source, each is played somewhere, and they find what was reported."""

from __future__ import annotations

import re
from typing import Any

import pytest

from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.methods.bounds import Bounds
from snaptree.conformance.methods.catalogue import METHODS
from snaptree.conformance.methods.method import Ledger
from snaptree.conformance.methods.stories import Stories, Story, stories, story_sequences, told
from snaptree.conformance.sequences.running import Run
from snaptree.spec.profiles import Profile, load_profile, shipped_profiles, varied

RFC = load_profile("rfc")
REPEATED = varied("rfc", ["names.policy=duplicates"])


def played(
    profile: Profile, domain_class: type[SimulatedDomain] = SimulatedDomain
) -> tuple[Ledger, list[Run]]:
    driver = SimulatorDriver()
    driver.profile = profile
    driver.domain_class = domain_class
    method, ledger = Stories(), Ledger()
    runs = [run for unit in method.units(profile, Bounds()) for run in method.perform(driver, unit, ledger)]
    return ledger, runs


def test_there_are_thirty_and_each_has_a_source_and_a_sentence_of_its_own() -> None:
    assert len(stories()) >= 30
    assert len({story.id for story in stories()}) == len(stories())
    assert len({story.about for story in stories()}) == len(stories())
    link = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+")
    assert [story.id for story in stories() if not link.fullmatch(story.source)] == []
    assert [story.id for story in stories() if not re.fullmatch(r"[A-Z][^\n]+\.", story.about)] == []


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.id)
def test_each_is_played_under_the_specification_s_own_profile(story: Story) -> None:
    assert told(story, RFC) or told(story, REPEATED)


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_profile_gets_those_that_it_agrees_with_and_no_others(name: str) -> None:
    profile = load_profile(name)
    sequences = story_sequences(profile)
    assert all(profile.claims(operation.call) for sequence in sequences for operation in sequence)
    assert sum(len(sequence) for sequence in sequences) < 400
    if profile.claims("revert"):
        assert len(sequences) >= 18


def test_all_together_take_fewer_than_400_calls_where_names_may_repeat() -> None:
    assert sum(len(sequence) for sequence in story_sequences(REPEATED)) < 400


@pytest.mark.parametrize("profile", [RFC, REPEATED], ids=["unique", "repeated"])
def test_the_simulator_does_in_each_what_the_specification_says(profile: Profile) -> None:
    ledger, runs = played(profile)
    assert runs == []
    assert ledger.counts.covered == len(story_sequences(profile))


def test_they_come_before_anything_is_drawn() -> None:
    names = [method.name for method in METHODS]
    assert names.index("stories") < names.index("exhaustive") < names.index("sampled")


def test_a_story_that_a_profile_contradicts_is_not_played() -> None:
    known = {story.id: story for story in stories()}
    assert told(known["default-again"], RFC) is None  # names are unique there
    assert told(known["grown-twice"], load_profile("virtualbox")) is None  # no call that resizes
    assert told(known["same-name-same-file"], RFC) is not None


class _FilesCalledByName(SimulatedDomain):
    """Keeps what a snapshot holds under the name that it was created with."""

    def __init__(self, *given: Any, **by_name: Any) -> None:
        super().__init__(*given, **by_name)
        self.files: dict[str, Any] = {}

    def create(self, name: str, *given: Any, **by_name: Any) -> str:
        key = super().create(name, *given, **by_name)
        self.nodes[key].layers = self.files.setdefault(name, self.nodes[key].layers)
        return key


class _TakesChildren(SimulatedDomain):
    """Deletes all below a snapshot with it."""

    def merge_into_children(self, snapshot: str) -> None:
        self.remove_subtree(snapshot, keep_root=False)


class _RevertsFirst(SimulatedDomain):
    """Is off before it looks whether there is such a snapshot."""

    def revert(self, snapshot: str, resume_as: str | None = None) -> None:
        if self.power != "off":
            self.stop()
        super().revert(snapshot, resume_as)


@pytest.mark.parametrize("faulty", [_FilesCalledByName, _TakesChildren, _RevertsFirst])
def test_a_system_that_fails_as_one_was_reported_to_is_found(faulty: type[SimulatedDomain]) -> None:
    assert played(RFC, faulty)[1]
