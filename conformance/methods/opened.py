"""A folder that a kill or an error left, opened again and judged: looked at, and gone on with.

It is written out in one place, always the same: what serves it may stay there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from snaptree.conformance.driver import Domain as DriverDomain
from snaptree.conformance.driver import Driver, error_text
from snaptree.conformance.methods.moments import Finding, States
from snaptree.conformance.methods.scene import Scene, go_on, look
from snaptree.conformance.storage.replay import Folder, empty, matches

INSIDE: Final = "domain"
"""The folder of the domain, in the recorded folder."""

Files = Mapping[str, tuple[str, ...]]
"""The paths that belong to each state."""


@dataclass
class Opened:
    """What was opened already, by the digest of the folder after recovery: the states that it equals."""

    states: dict[bytes, States] = field(default_factory=dict)


class Reopening:
    """Opens folders again with a driver that ``Recovers``; ``top`` is where they are written."""

    def __init__(self, driver: Driver, top: Path) -> None:
        self._driver = driver
        self.top = top
        self.volatile: Sequence[str] = tuple(driver.volatile)  # type: ignore[attr-defined]

    def reopen(self, folder: Path) -> DriverDomain:
        """A domain over a folder. Raises what the driver raises."""
        domain: DriverDomain = self._driver.reopen(folder)  # type: ignore[attr-defined]
        return domain

    def kill_target(self) -> Callable[[], int] | None:
        """What tells the process of a driver that has one of its own; None if it works in this one."""
        target: Callable[[], int] | None = getattr(self._driver, "kill_target", None)
        return target

    def placeless(self, text: str) -> str:
        """A text without the folder of this run, so that two runs say the same."""
        return text.replace(f"{self.top}/", "")

    def _ask(self, what: str) -> None:
        """Call the driver, if it has the call."""
        call = getattr(self._driver, what, None)
        if callable(call):
            call()

    @contextmanager
    def _written(self, folder: Folder) -> Iterator[Path]:
        try:
            # What an earlier domain left running must not see how its files change.
            self._ask("quiesce")
            folder.write_out(self.top)
            self._ask("wake")
            yield self.top / INSIDE
        finally:
            empty(self.top)

    def judge(
        self, folder: Folder, part: str, judge: Callable[[DriverDomain], Finding | None]
    ) -> Finding | None:
        """What a judge finds on a domain over a copy of a folder; one that cannot be opened is a finding."""
        with self._written(folder) as inside:
            try:
                domain = self.reopen(inside)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a driver raises is a finding
                return Finding(part, self.placeless(f"not opened again: {error_text(error)}"), "")
            try:
                finding = judge(domain)
            finally:
                with suppress(Exception):
                    domain.close()
            return finding and replace(finding, wrong=self.placeless(finding.wrong))

    def judge_moment(
        self, folder: Folder, scene: Scene, part: str, allowed: States, files: Files, opened: Opened
    ) -> tuple[Finding | None, States]:
        """Judge what a kill left: the finding, and the states that it equals."""
        equal: States = ()
        states = {name: one for name, one in scene.allowed(finished=False).items() if name in allowed}

        def judged(domain: DriverDomain) -> Finding | None:
            nonlocal equal
            after = Folder.read(self.top)
            digest = after.digest(self.volatile)
            equal = opened.states.get(digest, ())
            if not states.keys().isdisjoint(equal):
                return None
            sight = look(domain, scene, states)
            if not sight.states:
                equal = ()
                return Finding(part, sight.wrong, "", sight)
            opened.states[digest] = equal = sight.states
            left = left_over(after, files, sight.states, self.volatile)
            if left:
                return Finding("leftover", f"left after recovery: {left}", "", sight)
            wrong = go_on(domain, scene, sight)
            return Finding(part, wrong, "", sight) if wrong else None

        finding = self.judge(folder, part, judged)
        return finding and replace(finding, allowed=allowed), equal


def left_over(found: Folder, files: Files, equal: States, volatile: Sequence[str]) -> str:
    """What is left of the call or of what it deleted; empty for nothing."""
    sizes = found.sizes()
    least: list[str] | None = None
    for state in equal:
        expected = set(files[state]) if state in files else found.names
        more = [
            path for path in sizes
            if path not in expected and sizes[path] and not matches(path, volatile)
        ]  # fmt: skip
        least = more if least is None or len(more) < len(least) else least
    if not least:
        return ""
    names = ", ".join(path.removeprefix(f"{INSIDE}/") for path in least[:3])
    return f"{sum(sizes[path] for path in least):,} bytes in {len(least)} files: {names}"
