"""The kind of a difference, and what it means for somebody who has such a hypervisor.

A kind has no names, values or sizes, so it is the same in every run. What is lost for ever comes before a
state that is wrong, that before a wrong answer, and that before a wrong word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from snaptree.conformance.engine.differences import OTHER_LOOKS, PROCESS, SECOND_LOOK, Difference
from snaptree.spec.vocabulary import FAULT_PARTS

OF_PROCESS, LOST, WRONG_STATE, WRONG_ANSWER, WRONG_WORD = range(5)
"""What a difference costs, the worst first."""

IN_WORDS: Final = {
    OF_PROCESS: "faults of the driver's process",
    LOST: "something is lost for ever",
    WRONG_STATE: "the state is wrong",
    WRONG_ANSWER: "the answer is wrong",
    WRONG_WORD: "a name, a time or a text is wrong",
}

_COSTS: Final = {
    PROCESS: OF_PROCESS,
    "content": LOST,
    "size": LOST,
    "survival": LOST,
    "failure": LOST,
    "recovery": LOST,
    "outage": LOST,
    "leftover": WRONG_STATE,
    "existence": WRONG_STATE,
    "parent": WRONG_STATE,
    "current": WRONG_STATE,
    "memory": WRONG_STATE,
    "power": WRONG_STATE,
    "configuration": WRONG_STATE,
    "managed_save": WRONG_STATE,
    SECOND_LOOK: WRONG_STATE,
    OTHER_LOOKS: WRONG_STATE,
    "outcome": WRONG_ANSWER,
    "result": WRONG_ANSWER,
    "casualties": WRONG_ANSWER,
    "id": WRONG_ANSWER,
    "form": WRONG_ANSWER,
    "visibility": WRONG_ANSWER,
}

BYSTANDERS: Final = {"parent", "child", "descendant", "sibling", "ancestor", "other"}
"""Which of these a smallest sequence shows is chance: they are one kind."""

_REFUSED: Final = re.compile(r"refused as (\w+)")
_CODE: Final = re.compile(r"failed with error (-?\w+), documented")
_EXCEPTION: Final = re.compile(r"(?:\w+ )?failed with (\w+)\b")


def cost_of(difference: Difference) -> int:
    """What a difference costs: one of the constants above."""
    part = difference.part
    if part in ("existence", "managed_save", "memory") and difference.observed in ("not listed", "None"):
        return LOST
    return _COSTS.get(part, WRONG_WORD)


def in_order(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Differences by consequence; an answer comes first, as what is wrong with the state follows from it.

    A new id that was issued before is such an answer: it names another snapshot in all that follows.
    """

    def place(difference: Difference) -> int:
        answer = difference.part in (PROCESS, "outcome")
        issued = (difference.part, difference.relation) == ("id", "new")
        return -1 if answer or issued else cost_of(difference)

    return tuple(sorted(differences, key=place))


def kind_of(difference: Difference) -> str:
    """The kind of a difference, in words that have no names, values or sizes."""
    if difference.part == "outcome":
        return f"outcome {answer_kind(difference)}"
    if difference.part == PROCESS:
        return f"{PROCESS} {difference.relation}"
    if difference.part in FAULT_PARTS:
        # "not opened again: …": what follows the colon is of this one case.
        return f"{difference.part}: {difference.observed.partition(':')[0]}"
    where = "others" if difference.relation in BYSTANDERS else difference.relation
    if difference.part in ("content", "size"):
        return f"disk of {where}"  # which of the two a smallest sequence shows is chance
    lost = " lost" if cost_of(difference) == LOST else ""
    return f"{difference.part}{lost} of {where}"


def answer_kind(difference: Difference) -> str:
    """What the driver answered: ``accepted``, a kind of refusal, a code or an exception."""
    observed = difference.observed
    for pattern, word in ((_REFUSED, "refused as"), (_CODE, "error"), (_EXCEPTION, "failed with")):
        found = pattern.match(observed)
        if found is not None:
            return f"{word} {found[1]}"
    return "accepted" if observed == "accepted" else "failed"


def is_of_any_call(kind: str) -> bool:
    """Whether a kind is one fault whatever the call: a busy domain that is alone, or a wrong code."""
    return kind == "outcome refused as Busy" or kind.startswith("outcome error ")
