"""What a hypervisor's errors mean: one table, and one decorator that applies it to a call.

An error that says that the call was declined, for the reason that a kind of refusal stands for, becomes that
refusal, with the error as it was in ``native``. Every other error stays what it is, a failure: it says
nothing about the state of the domain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, Generic, ParamSpec, TypeVar

from snaptree.spec.outcomes import Refusal

Code = TypeVar("Code", int, str)
Meanings = Mapping[Code, type[Refusal]]
"""Kinds of refusal by the hypervisor's code."""

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D", bound="TranslatesErrors")


@dataclass(frozen=True)
class ErrorTable(Generic[Code]):
    """What the codes of a system mean: ``kinds`` everywhere, ``calls`` in one call of the driver's first."""

    system: str
    kinds: Mapping[Code, type[Refusal]]
    calls: Mapping[str, Mapping[Code, type[Refusal]]] = field(default_factory=dict)

    def kind(self, code: Code, call: str = "", also: Meanings[Code] | None = None) -> type[Refusal] | None:
        """The kind that a code means, or None if it means none.

        ``also`` is what it means at this moment, which a driver that looked before it called may know better.
        """
        for meanings in (also or {}, self.calls.get(call, {}), self.kinds):
            if code in meanings:
                return meanings[code]
        return None

    def refusal(
        self, kind: type[Refusal], text: str, *, code: Code | str, words: str | None = None
    ) -> Refusal:
        """The refusal with the error as it was; ``words`` are the hypervisor's where ``text`` says more."""
        native = {"system": self.system, "code": code, "text": text if words is None else words}
        return kind(text, native=native)


class TranslatesErrors:
    """A domain whose decorated calls raise refusals where the hypervisor's errors mean one."""

    def translation(self, call: str) -> AbstractContextManager[None]:
        """Around a call of that name: raises the refusal for an error that means one. Here: for none."""
        return nullcontext()


def translate_errors(method: Callable[Concatenate[D, P], R]) -> Callable[Concatenate[D, P], R]:
    """A call of a domain inside ``translation``, under the name of the method."""

    @wraps(method)
    def called(domain: D, /, *given: P.args, **by_name: P.kwargs) -> R:
        with domain.translation(method.__name__):
            return method(domain, *given, **by_name)

    return called
