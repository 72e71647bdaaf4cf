"""A fault in a process of its own: planted after a fork, so that nothing else sees it."""

from __future__ import annotations

import ast
import os
import resource
import sys
import traceback
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Final

from planting.faults import Fault, faulty_tree

MOST_CPU: Final = 60
"""Seconds of CPU that the laws may take. A process is ended then: a loop that does not end was seen."""

MOST_MEMORY: Final = 3 * 2**30
"""Bytes of addresses that a process may take; such a loop can fill the memory."""

MISSED: Final = ""


def plant(fault: Fault) -> None:
    """Give every function of the module the code of the faulty text, and every name its faulty value."""
    name = "snaptree.spec.plan" if fault.module == "plan" else f"snaptree.spec.semantics.{fault.module}"
    sound = sys.modules[name]
    faulty = ModuleType(name)
    faulty.__dict__.update(__package__=name.rpartition(".")[0], __file__=str(fault.path))
    exec(compile(faulty_tree(fault), str(fault.path), "exec"), faulty.__dict__)
    for key, value in vars(faulty).items():
        before = vars(sound).get(key)
        if isinstance(value, FunctionType) and isinstance(before, FunctionType):
            if value.__module__ == before.__module__ == name:
                before.__code__ = value.__code__
        elif _is_constant(fault, key):
            for module in [one for one in sys.modules.values() if one.__name__.startswith("snaptree.")]:
                for other in [one for one, held in vars(module).items() if held is before]:
                    setattr(module, other, value)


def _is_constant(fault: Fault, key: str) -> bool:
    """Whether the fault is in the value of this name."""
    statement = ast.parse(fault.sound).body[0] if not fault.function else None
    target = getattr(statement, "target", None) or next(iter(getattr(statement, "targets", ())), None)
    return isinstance(target, ast.Name) and target.id == key


def seen_by(fault: Fault | None, judge: Callable[[], str], most_cpu: int = MOST_CPU) -> str:
    """What a judge says of the fault, in a process of its own; ``MISSED`` if it sees nothing.

    Without a fault, what it says of the sound model.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = MISSED
        try:
            os.close(reading)
            spent = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
            resource.setrlimit(resource.RLIMIT_CPU, (spent + most_cpu, spent + most_cpu))
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            if fault is not None:
                plant(fault)
            said = judge()
        except BaseException as error:  # noqa: BLE001 - whatever the model raises, it was seen
            said = f"raises {''.join(traceback.format_exception_only(error)).strip()}"
        finally:
            os.write(writing, said[:4000].encode("utf-8", "replace"))
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    return said if os.WIFEXITED(status) else f"does not end within {most_cpu} seconds of CPU"
