"""What the runner and a driver's process say to each other: several callers, each waiting for its answer.

Answers are told apart by their numbers, so that they may come in any order. Of the callers that wait one
reads, and hands the others theirs. The first that waits in vain ends the process, for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Condition, Lock
from time import monotonic
from typing import Any, Final

from snaptree.conformance.drivers.remote.messages import Malformed, answer_in
from snaptree.conformance.processes.child import Lost, Process, Silent

_BESIDE: Final = 0.02
"""Seconds for which a caller sends while another one reads, before it looks whether it has to read itself."""

_NOTHING: Final = memoryview(b"")


class Conversation(Process):
    """A process, and all exchanges with it. Raises OSError if it cannot be started."""

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__(command)
        self._state = Condition()
        self._sending = Lock()
        self._read_by_one = False
        self._awaited: set[int] = set()
        self._answers: dict[int, dict[str, Any]] = {}
        self._failure: Lost | Malformed | None = None

    def ask(self, number: int, line: bytes, seconds: float) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises Lost or Malformed, and the process is then gone, for every caller.
        """
        give_up = monotonic() + seconds
        with self._state:
            self._awaited.add(number)
        try:
            with self._sending:
                unsent = memoryview(line)
                while unsent:
                    unsent = self._turn(unsent, self._left(give_up, seconds))
            while True:
                left = self._left(give_up, seconds)
                with self._state:
                    if number in self._answers:
                        return self._answers.pop(number)
                    if self._read_by_one and self._failure is None:
                        self._state.wait(left)
                        continue
                self._turn(_NOTHING, left)
        except BaseException as error:
            # Also when the runner was interrupted: a late answer must not be taken for the next one.
            self._fail(error if isinstance(error, Lost | Malformed) else Lost("the runner was interrupted"))
            raise
        finally:
            with self._state:
                self._awaited.discard(number)
                self._state.notify_all()

    def _left(self, give_up: float, seconds: float) -> float:
        left = give_up - monotonic()
        if left <= 0:
            raise Silent(f"no answer within {seconds:g} s; it was ended")
        return left

    def _turn(self, unsent: memoryview, left: float) -> memoryview:
        """Send and read as much as possible now; returns the rest to be sent.

        A caller that cannot read, because another one does, only sends.
        """
        with self._state:
            if self._failure is not None:
                raise self._failure
            reads = not self._read_by_one
            self._read_by_one = True
        if not reads:
            return self.send(unsent, min(left, _BESIDE)) if unsent else unsent
        try:
            return self.turn(unsent, left)
        finally:
            self._hand_out()

    def _hand_out(self) -> None:
        """Give each answer that came to the caller that waits for it, and let another one read."""
        with self._state:
            self._read_by_one = False
            try:
                for text in self.lines():
                    answer = answer_in(text)
                    number = answer.get("id")
                    if type(number) is not int or number not in self._awaited:
                        wanted = " or ".join(map(str, sorted(self._awaited)))
                        raise Malformed(f"the answer to {number!r} came, not that to {wanted}")
                    self._awaited.discard(number)
                    self._answers[number] = answer
            finally:
                self._state.notify_all()

    def _fail(self, error: Lost | Malformed) -> None:
        with self._state:
            self._failure = self._failure or error
            self._state.notify_all()
        self.kill()
