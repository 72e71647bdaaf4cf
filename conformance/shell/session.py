"""A domain that a user works on: steps taken, undone, redone and saved.

A session is only its list of operations. Undo runs the shorter list on a fresh domain, so no state is ever
restored by hand.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import DEFAULT_DISKS, Driver, DriverOptions
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.lockstep import Lockstep, StepResult
from snaptree.conformance.sequences.running import Run, run_sequence
from snaptree.conformance.sequences.traces import Header, write_trace
from snaptree.spec.operations import Operation
from snaptree.spec.outcomes import Accepted
from snaptree.spec.profiles import Profile
from snaptree.spec.state import Domain

DEFAULT_PROFILE: Final = "rfc"

OpenDriver = Callable[[DriverOptions], Driver]


class Mistake(ValueError):
    """A request that cannot be carried out; the text gives the reason in one line."""


class Session:
    """A simulated domain in lockstep with the model. Raises ProfileError for an invalid profile.

    ``profile`` is a shipped profile or a TOML file; ``open_driver`` makes the hypervisor.
    """

    def __init__(self, profile: str = DEFAULT_PROFILE, open_driver: OpenDriver = SimulatorDriver) -> None:
        self._open_driver = open_driver
        self._driver = open_driver(DriverOptions(profile=profile))
        self._asked = profile
        self._steps: list[StepResult] = []
        self._undone: list[tuple[Operation, ...]] = []
        self._saved: set[Path] = set()
        self._lockstep = self._fresh()

    @property
    def domain(self) -> Domain:
        """The domain of the model."""
        return self._lockstep.model

    @property
    def profile(self) -> Profile:
        """The claims of the hypervisor."""
        return self._driver.profile

    @property
    def steps(self) -> Sequence[StepResult]:
        """Every step taken and not undone, refused ones and look-ups included."""
        return tuple(self._steps)

    @property
    def deviated(self) -> bool:
        """Whether the last step deviated from the specification; the user has to undo it first."""
        return self._lockstep.broken

    def do(self, operation: Operation) -> StepResult:
        """Take one step on both sides. Steps undone before can no longer be redone."""
        if self.deviated:
            raise Mistake("the last step deviated: 'undo' takes it back, 'save FILE' keeps it")
        taken = self._take(operation)
        self._undone.clear()
        return taken

    def undo(self) -> tuple[StepResult, ...]:
        """Undo the last step that changed something, with the refusals and look-ups after it."""
        start = len(self._steps) - 1
        while start >= 0 and not _is_change(self._steps[start]):
            start -= 1
        if start < 0:
            raise Mistake("nothing to undo")
        back = tuple(self._steps[start:])
        self._again(taken.operation for taken in self._steps[:start])
        self._undone.append(tuple(taken.operation for taken in back))
        return back

    def redo(self) -> tuple[StepResult, ...]:
        """Take the steps again that the last undo removed."""
        if not self._undone:
            raise Mistake("nothing to redo")
        return tuple(self._take(operation) for operation in self._undone.pop())

    def begin_again(self, profile: str) -> int:
        """Take the same steps on a fresh domain under another profile.

        Steps on a snapshot that does not exist there are left out; returns their number. Raises
        ProfileError, and the session is then unchanged.
        """
        driver = self._open_driver(DriverOptions(profile=profile))
        recorded = Run(tuple(self._steps), (), {}).recorded
        kept = [taken.operation for taken in run_sequence(driver, recorded).steps]
        self._driver.close()
        self._driver, self._asked = driver, profile
        self._undone.clear()
        self._again(kept)
        return len(recorded) - len(kept)

    def save(self, path: Path) -> str:
        """Write the session as a trace; returns the command that replays it.

        Replaces an existing file only if this session wrote it.
        """
        if not self._steps:
            raise Mistake("no steps to save yet")
        header = Header.of(
            self._driver.name,
            self._driver.version,
            self.profile,
            disks=DEFAULT_DISKS,
            note="a session of snaptree shell",
        )
        try:
            path = path.expanduser().absolute()
            if path.is_dir():
                raise Mistake(f"{path} is a folder; name a file in it")
            if path.exists() and path not in self._saved:
                raise Mistake(f"{path} exists already; name another file")
            write_trace(path, header, self._steps)
        except OSError as error:
            raise Mistake(f"{path}: {error.strerror or 'cannot be written'}") from None
        except Mistake:
            raise
        except (ValueError, RuntimeError):  # half a character, a zero, or a home that nobody has
            raise Mistake(f"{str(path)!r} is no name of a file") from None
        self._saved.add(path)
        profile = [] if self._asked == DEFAULT_PROFILE else ["--profile", self._asked]
        return shlex.join(["snaptree", "replay", str(path), *profile])

    def close(self) -> None:
        """Remove the domain and end the hypervisor."""
        self._lockstep.domain.close()
        self._driver.close()

    def _fresh(self) -> Lockstep:
        return Lockstep(self._driver.open(DEFAULT_DISKS), self._driver.profile)

    def _take(self, operation: Operation) -> StepResult:
        try:
            taken = self._lockstep.do(operation)
        except BaseException:
            # One side may have taken the step and the other not: neither has.
            self._again(taken.operation for taken in self._steps)
            raise
        self._steps.append(taken)
        return taken

    def _again(self, operations: Iterable[Operation]) -> None:
        listed = list(operations)
        self._lockstep.domain.close()
        self._lockstep = self._fresh()
        self._steps = []
        for operation in listed:
            self._steps.append(self._lockstep.do(operation))
            if self.deviated:
                break


def _is_change(taken: StepResult) -> bool:
    moved = isinstance(taken.outcome, Accepted) and not taken.operation.reads_only
    return moved or bool(taken.differences)
