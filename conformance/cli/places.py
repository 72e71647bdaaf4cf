"""The tree that ``--from`` names, for commands that ask what a call would do to it."""

from __future__ import annotations

from snaptree.conformance.cli.problems import WRONG_USAGE, Problem
from snaptree.spec.operations import Operation
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain


def domain_at(place: str, tree: str | None, profile: Profile) -> Domain:
    """The domain at a place. Raises Problem where there is none, or ``--tree`` names another one."""
    # Here and not above: most plans are of an example, and documents and traces take time to import.
    from snaptree.conformance.driver import DEFAULT_DISKS
    from snaptree.conformance.sequences.given_tree import NoTree, given_domain

    if tree is not None:
        raise Problem("--from and --tree name two trees: choose one", WRONG_USAGE)
    try:
        return given_domain(place, profile, DEFAULT_DISKS)
    except NoTree as error:
        raise Problem(f"--from {error}", WRONG_USAGE) from None


def calls_at(place: str, tree: str | None, profile: Profile) -> list[Operation]:
    """The calls that bring a fresh domain to the tree at a place. Raises Problem where none do."""
    from snaptree.conformance.driver import DEFAULT_DISKS
    from snaptree.conformance.sequences.start import Start, StartFault, calls_to

    found = domain_at(place, tree, profile)
    try:
        return calls_to(Start(found, {}, {}), DEFAULT_DISKS, profile)
    except StartFault as error:
        raise Problem(
            f"--from {place}: {error}; 'snaptree plan --from' needs no calls that make the tree", WRONG_USAGE
        ) from None
