"""The VirtualBox driver beside the bare calls of its API with the same effect.

Both work on machines of the same kind in the same VirtualBox, in turns, so the load of the host falls on
both. The driver is in a process of its own, as in a run. The bare calls use the same kind of connection,
know every reference and check nothing first.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Callable
from contextlib import closing
from statistics import median
from time import perf_counter
from typing import Any, Final

from tables import print_table, print_title

from snaptree.conformance.driver import DEFAULT_DISKS, DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.virtualbox import VirtualBoxDriver
from snaptree.conformance.drivers.virtualbox.machine import CONTROLLER
from snaptree.conformance.drivers.virtualbox.serving import ServedVirtualBox

HEAD: Final = ("call", "driver, ms", "bare API, ms", "driver / bare")


class Bare:
    """One machine, by calls of the API alone."""

    def __init__(self, served: ServedVirtualBox) -> None:
        self._domain = served.open(DEFAULT_DISKS)
        self._machine = self._domain.machine.ref
        self._api = self._domain.machine.api
        self._snapshots: list[tuple[str, str]] = []

    def write(self, value: int) -> None:
        """Write one block of the first disk."""
        call = self._api.call
        image = call("IMachine_getMedium", self._machine, CONTROLLER, 0, 0)
        opened = call("IMedium_openForIO", image, True, "")
        call("IMediumIO_write", opened, 0, base64.b64encode(bytes([value]) * 512).decode())
        call("IMediumIO_close", opened)

    def take(self, name: str) -> None:
        """Take a snapshot."""
        answer = self._api.finish("IMachine_takeSnapshot", self._machine, name, "", True)
        self._snapshots.append((answer.id, self._api.call("IMachine_findSnapshot", self._machine, answer.id)))

    def restore(self) -> None:
        """Restore the first one."""
        self._api.finish("IMachine_restoreSnapshot", self._machine, self._snapshots[0][1])

    def delete(self) -> None:
        """Delete the last one."""
        self._api.finish("IMachine_deleteSnapshot", self._machine, self._snapshots.pop()[0])

    def close(self) -> None:
        """Remove the machine."""
        self._domain.close()


class Driven:
    """The same on the driver."""

    def __init__(self, driver: VirtualBoxDriver) -> None:
        self._domain: Any = driver.open(DEFAULT_DISKS)
        self._snapshots: list[str] = []

    def write(self, value: int) -> None:
        """Write one block of the first disk."""
        self._domain.write_disk("vda", 0, value)

    def take(self, name: str) -> None:
        """Take a snapshot."""
        self._snapshots.append(self._domain.create(name, "", False, None, False))

    def restore(self) -> None:
        """Restore the first one."""
        self._domain.revert(self._snapshots[0], None)

    def delete(self) -> None:
        """Discard the last one, on which nothing depends."""
        self._domain.discard(self._snapshots.pop())

    def close(self) -> None:
        """Remove the machine."""
        self._domain.close()


def timed(call: Callable[[], None], into: list[float]) -> None:
    """Add the milliseconds of a call."""
    started = perf_counter()
    call()
    into.append((perf_counter() - started) * 1e3)


def measure(rounds: int) -> list[tuple[str, ...]]:
    """Rows of the table."""
    calls = ("write", "take", "restore", "delete")
    times: dict[tuple[str, str], list[float]] = {
        (who, call): [] for who in ("driver", "bare") for call in calls
    }
    options = DriverOptions()
    with (
        closing(VirtualBoxDriver(options)) as driver,
        closing(ServedVirtualBox(options)) as served,
        closing(Driven(driver)) as driven,
        closing(Bare(served)) as bare,
    ):
        pair: list[tuple[str, Driven | Bare]] = [("driver", driven), ("bare", bare)]
        for _, one in pair:
            one.take("first")
        for number in range(rounds):
            for who, one in pair if number % 2 else pair[::-1]:
                value = number % 255 + 1
                timed(lambda one=one, value=value: one.write(value), times[who, "write"])  # type: ignore[misc]
                timed(lambda one=one: one.take("n"), times[who, "take"])  # type: ignore[misc]
                timed(one.restore, times[who, "restore"])
                timed(one.delete, times[who, "delete"])
    rows = []
    sums = {"driver": 0.0, "bare": 0.0}
    for call in calls:
        mine, theirs = (median(times[who, call]) for who in ("driver", "bare"))
        sums["driver"] += mine
        sums["bare"] += theirs
        rows.append((call, f"{mine:.1f}", f"{theirs:.1f}", f"{mine / theirs:.2f}"))
    total = sums["driver"] / sums["bare"]
    rows.append(("all four", f"{sums['driver']:.1f}", f"{sums['bare']:.1f}", f"{total:.2f}"))
    return rows


def main() -> int:
    """Measure, where VirtualBox is usable."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a first look")
    parser.add_argument("--rounds", type=int, help="default 100, or 10 with --quick")
    asked = parser.parse_args()
    rounds = asked.rounds or (10 if asked.quick else 100)
    print_title(f"VirtualBox: the driver beside the bare API, median of {rounds}")
    try:
        rows = measure(rounds)
    except DriverUnavailable as error:
        print(f"virtualbox is not usable here: {error}\n{error.install or ''}\n")
        return 0
    print_table(HEAD, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
