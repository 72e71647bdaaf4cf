"""Correct hypervisors whose ids have every form: the suite asks none of them for an id that it issued."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from snaptree.conformance.drivers.simulator import SimulatedDomain, by_name, in_any_case, takes_ids
from snaptree.conformance.mutants.mutant import breaks, conforms


@conforms()
class IdsCountFromZero(SimulatedDomain):
    """Its ids are s0, s1 and so on, as the model's nearly are."""

    def next_id(self) -> str:
        return f"s{self.made - 1}"


@conforms()
class IdsAreTheModels(SimulatedDomain):
    """Its ids are s1, s2 and so on, exactly as the model's are."""

    def next_id(self) -> str:
        return f"s{self.made}"


@conforms()
class IdsSkipNumbers(SimulatedDomain):
    """Its ids count on in steps of three, as managed object references do that others use as well."""

    def next_id(self) -> str:
        return f"snapshot-{17 + 3 * self.made}"


@conforms()
class IdsAreNumbers(SimulatedDomain):
    """Its ids are whole numbers as text, from 0 on."""

    def next_id(self) -> str:
        return str(self.made - 1)


@conforms()
class IdsArePadded(SimulatedDomain):
    """Its ids are numbers of four digits."""

    def next_id(self) -> str:
        return f"{self.made:04}"


@conforms()
class IdsAreUuids(SimulatedDomain):
    """Its ids are uuids in capitals."""

    def next_id(self) -> str:
        return str(uuid5(NAMESPACE_URL, f"id {self.made}")).upper()


@conforms()
class IdsAreOpaque(SimulatedDomain):
    """Its ids are base64 with its punctuation."""

    def next_id(self) -> str:
        return urlsafe_b64encode(sha256(f"id {self.made}".encode()).digest()[:10]).decode()


@conforms()
class IdsOfOneLetter(SimulatedDomain):
    """Its ids are the letters of the alphabet, as long as there are some."""

    def next_id(self) -> str:
        letters = "abcdefghijklmnopqrstuvwxyz"
        return letters[self.made - 1] if self.made <= len(letters) else f"z{self.made}"


@conforms()
@takes_ids(in_any_case)
class IdsInAnyCase(SimulatedDomain):
    """Its ids are hexadecimal, and it takes them in capitals and in small letters."""

    def next_id(self) -> str:
        return f"{self.made * 2654435761 % 2**32:08X}"


@conforms()
@takes_ids(by_name)
class TakesNamesForIds(SimulatedDomain):
    """It takes the name of a snapshot where an id is asked for."""


@conforms(settings=("id_case=ignored",))
@takes_ids(in_any_case)
class IdsInAnyCaseAsClaimed(SimulatedDomain):
    """Its ids are hexadecimal; it says that it ignores their case, and does."""

    def next_id(self) -> str:
        return f"{self.made * 2654435761 % 2**32:08X}"


@conforms(settings=("id_names=taken",))
@takes_ids(by_name)
class TakesNamesAsClaimed(SimulatedDomain):
    """It says that it takes a snapshot's name for its id, and does."""


@conforms(settings=("id_case=distinct", "id_names=distinct"))
class IdsWithinCapitals(SimulatedDomain):
    """Its ids differ in their case alone, and it says that case matters and names are no ids."""

    def next_id(self) -> str:
        return "".join("aA"[self.made >> place & 1] for place in range(12))


@breaks("REFUSE-4", "NAME-11", settings=("id_case=distinct",))
@takes_ids(in_any_case)
class IgnoresCaseUnsaid(SimulatedDomain):
    """It says that the case of an id matters, and ignores it."""


@breaks("REFUSE-4", "NAME-11", settings=("id_names=distinct",))
@takes_ids(by_name)
class TakesNamesUnsaid(SimulatedDomain):
    """It says that a name is no id, and takes one."""


@breaks("TREE-4", settings=("id_case=ignored",))
class CaseMattersUnsaid(SimulatedDomain):
    """It says that it ignores the case of an id, and does not know one in another case."""


@breaks("TREE-4", settings=("id_names=taken",))
class NamesUnknownUnsaid(SimulatedDomain):
    """It says that it takes a name for an id, and does not know one."""


@breaks("REFUSE-4", "NAME-11", "TREE-4")
class TakesAnyId(SimulatedDomain):
    """It takes an id that it never issued for the oldest snapshot."""

    def revert(self, snapshot: str, resume_as: Any = None) -> None:
        known = snapshot in self.nodes or not self.nodes
        super().revert(snapshot if known else next(iter(self.nodes)), resume_as)
