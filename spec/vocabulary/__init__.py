"""The words in which rules say what they speak of, and what each of them means.

A rule speaks of calls, outcomes, parts, relations and conditions. Each kind of
word is one table here; the engine, the verdict and the site read the same table,
and a chapter that uses a word which is in none of them is not read at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from snaptree.spec.libvirt.names import CALL_NAMES
from snaptree.spec.operations import KINDS, Operation
from snaptree.spec.outcomes import REFUSALS
from snaptree.spec.vocabulary.condition import Condition
from snaptree.spec.vocabulary.conditions import CONDITIONS, conditions_of
from snaptree.spec.vocabulary.parts import CALLER_PARTS, FAULT_PARTS, PARTS, Part
from snaptree.spec.vocabulary.possible import can_answer, can_be, can_vary
from snaptree.spec.vocabulary.relations import (
    RELATIONS,
    Relation,
    names_of,
    relation_of,
    relations_present,
)
from snaptree.spec.vocabulary.telling import Holdings, pairs, pairs_of, told_by

__all__ = (
    "CALLER_PARTS",
    "CALL_WORDS",
    "CONDITIONS",
    "ELSEWHERE",
    "FAULT_PARTS",
    "OUTCOME_WORDS",
    "PARTS",
    "RELATIONS",
    "WORDS",
    "Condition",
    "Holdings",
    "Part",
    "Relation",
    "can_answer",
    "can_be",
    "can_vary",
    "conditions_of",
    "hint",
    "kind_of_call",
    "names_of",
    "pairs",
    "pairs_of",
    "relation_of",
    "relations_present",
    "told_by",
)

CALL_WORDS: Final = (*KINDS, *CALL_NAMES)
"""Every call, libvirt's own included."""

OUTCOME_WORDS: Final = ("accepted", "refused", *REFUSALS)
"""``refused`` stands for every kind of refusal."""


def kind_of_call(call: str) -> type[Operation]:
    """The operation that a call makes."""
    if call in KINDS:
        return KINDS[call]
    from snaptree.spec.libvirt.calls import LIBVIRT_CALLS

    return LIBVIRT_CALLS[call]


WORDS: Final[dict[str, Mapping[str, Any] | tuple[str, ...]]] = {
    "call": CALL_WORDS,
    "outcome": OUTCOME_WORDS,
    "part": PARTS,
    "relation": RELATIONS,
    "condition": CONDITIONS,
}
"""The words of each field of *Speaks of*, by the kind of word, in the order of the fields."""

ELSEWHERE: Final = {
    "binding": "A binding. It is judged by tests of the bindings, not by comparing single steps.",
    "law": "Several operations together. It is judged as a law of the model.",
    "profile": "What a profile claims. It is judged by a run as a whole.",
    "xml": "Documents. It is judged by tests of the codec and the schemas.",
    "looks": "The same calls with other looks between them. It is judged by tours with other looks.",
    "callers": "What becomes of a call later. It is judged on histories of several callers (snaptree judge).",
}
"""The single words of rules that no comparison of a single step can judge, and who judges those."""


def hint(word: str, kind: str) -> str:
    """The end of a message about an unknown word: the nearest known one, or all of them."""
    return nearest(word, [*WORDS[kind]])


def nearest(word: str, known: Sequence[str]) -> str:
    """The end of a message about a word that is none of the known ones: the nearest of them, or all."""
    lowered = {one.lower(): one for one in reversed(known)}
    near = get_close_matches(word.lower(), lowered, 1, 0.6)
    return f"did you mean {lowered[near[0]]}?" if near else f"known are {', '.join(known)}"
