"""Trees of many snapshots, built call by call: a chain, a fan and a comb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from snaptree.conformance.driver import DEFAULT_DISKS, Pace
from snaptree.spec import operations as ops
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.semantics import step
from snaptree.spec.state import Domain, blank_domain

SIZES: Final[dict[Pace, int]] = {"fast": 50, "ordinary": 24, "slow": 12}
"""Snapshots of a tree by the pace of a driver, if the profile allows as many."""

BEYOND: Final[dict[Pace, int]] = {"fast": 64, "ordinary": 24, "slow": 12}
"""The same where the profile says that there is no limit."""

WRITTEN: Final = 16
"""Blocks that the writes take in turn: what one layer wrote shows through the layers above it."""


def size_of(shape: str, profile: Profile, pace: Pace) -> int:
    """The number of snapshots of a tree that the profile and the pace of the driver allow."""
    limits = [profile.limits.count]
    if shape == "chain":
        limits.append(profile.limits.depth)
    elif shape == "comb" and profile.limits.depth is not None:
        limits.append(2 * profile.limits.depth - 2)
    known = [limit for limit in limits if limit is not None]
    return min([SIZES[pace], *known]) if known else BEYOND[pace]


@dataclass
class Building:
    """The operations so far, and the domain that the model has after them."""

    profile: Profile
    operations: list[Operation] = field(default_factory=list)
    domain: Domain = field(default_factory=lambda: blank_domain(DEFAULT_DISKS))
    writes: int = 0

    def do(self, *operations: Operation) -> None:
        """Add operations, as far as the profile claims them."""
        for operation in operations:
            if self.profile.claims(operation.call):
                self.operations.append(operation)
                outcome: Any = step(self.domain, operation, self.profile)
                self.domain = outcome.domain if isinstance(outcome, Accepted) else self.domain

    def write(self) -> None:
        """Write a value that the block did not have lately, or an entry of the configuration."""
        self.writes += 1
        if self.profile.claims("write_disk"):
            disk = sorted(DEFAULT_DISKS)[self.writes % len(DEFAULT_DISKS)]
            self.do(ops.WriteDisk(disk, self.writes % WRITTEN, 1 + self.writes % 255))
        else:
            self.do(ops.Configure(f"content{self.writes}", "written"))

    def create(self) -> str:
        """Write, and take a snapshot; returns its id."""
        self.write()
        self.do(ops.Create(f"n{self.domain.serial + 1}"))
        return f"s{self.domain.serial}"


def chain(building: Building, size: int) -> list[str]:
    """Each under the next; the active state grows from the last."""
    return [building.create() for _ in range(size)]


def fan(building: Building, size: int) -> list[str]:
    """All but the first under that; the active state grows from the last."""
    root = building.create()
    leaves: list[str] = []
    for _ in range(size - 1):
        building.do(ops.Revert(root))
        leaves.append(building.create())
    return [root, *leaves]


def comb(building: Building, size: int) -> list[str]:
    """A spine, each of whose snapshots has a tooth that comes after it; the active state grows from the last
    of the spine.
    """
    made: list[str] = []
    for _ in range(size // 2):
        made += [building.create(), building.create()]
        building.do(ops.Revert(made[-2]))
    return made


BUILT: Final[dict[str, Callable[[Building, int], list[str]]]] = {"chain": chain, "fan": fan, "comb": comb}
"""The trees by shape: each builder returns the ids in order of creation."""


def shapes_of(profile: Profile) -> tuple[str, ...]:
    """The shapes that a profile can have: there is one branch where nothing reverts."""
    return tuple(BUILT) if profile.claims("revert") else ("chain",)
