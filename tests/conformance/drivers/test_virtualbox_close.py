"""What becomes of an error while a machine is removed, without a VirtualBox."""

from __future__ import annotations

from collections.abc import Callable
from http.client import RemoteDisconnected
from typing import Any

import pytest

from snaptree.conformance.drivers.virtualbox.codes import VirtualBoxError
from snaptree.conformance.drivers.virtualbox.domain import VirtualBoxDomain
from snaptree.spec.outcomes import NoSuchSnapshot


class Api:
    """A session in which every call fails as it is told to."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def call(self, *_: Any) -> Any:
        raise self._error

    finish = call

    def close(self) -> None:
        """Log off."""


class Machine:
    """A machine that cannot be removed, for ``removing``, or can, for None."""

    ref = "machine"

    def __init__(self, api: Api, removing: Exception | None) -> None:
        self.api = api
        self._removing = removing

    def find_again(self, api: Api) -> None:
        self.api = api

    def remove(self) -> None:
        if self._removing is not None:
            raise self._removing


def domain(removing: Exception | None, calls: Exception, given_up: Callable[[], None]) -> VirtualBoxDomain:
    machine: Any = Machine(Api(calls), removing)

    def killed() -> Any:
        raise calls

    return VirtualBoxDomain(machine, killed, given_up, killed)


LOCKED = VirtualBoxError("IMachine_unregister", 0x80BB0007, "locked")
INTERNAL = VirtualBoxError("IMachine_findSnapshot", 0x80004005, "failed")
ABSENT = VirtualBoxError("IMachine_findSnapshot", 0x80BB0001, "no such snapshot")
UUID = "01234567-89ab-4cde-8f01-23456789abcd"


@pytest.mark.parametrize("error", [LOCKED, OSError("gone"), RemoteDisconnected("gone")])
def test_the_first_error_is_that_of_the_removal(error: Exception) -> None:
    given_up: list[bool] = []
    with pytest.raises(type(error)):
        domain(error, INTERNAL, lambda: given_up.append(True)).close()
    assert given_up == [True]


@pytest.mark.parametrize("error", [INTERNAL, RemoteDisconnected("gone")])
@pytest.mark.parametrize("call", ["revert", "crash"])
def test_what_an_earlier_call_has_said_is_not_said_again(error: Exception, call: str) -> None:
    given_up: list[bool] = []
    machine = domain(LOCKED, error, lambda: given_up.append(True))
    with pytest.raises(type(error)):
        getattr(machine, call)(*([UUID] if call == "revert" else []))
    machine.close()
    assert given_up == [True]


def test_a_refusal_is_no_error_that_explains_a_failing_removal() -> None:
    machine = domain(LOCKED, ABSENT, lambda: None)
    with pytest.raises(NoSuchSnapshot):
        machine.revert(UUID)
    with pytest.raises(VirtualBoxError):
        machine.close()


def test_a_machine_that_can_be_removed_is_not_given_up() -> None:
    given_up: list[bool] = []
    domain(None, INTERNAL, lambda: given_up.append(True)).close()
    assert given_up == []
