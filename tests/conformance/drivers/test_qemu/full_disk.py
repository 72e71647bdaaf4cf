"""Every call on a disk that is full, run as a script: ``full_disk.py FOLDER [STRIDE]``.

``FOLDER`` is a small file system of its own. It is filled up to ``STRIDE`` pages
less each time until the call comes through; then the exact number of pages is
looked for that it takes. Prints what was found as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from bisect import bisect_left
from itertools import count
from pathlib import Path

from grown_domain import CALLS, Template, state_of

from snaptree.conformance.driver import DriverOptions
from snaptree.conformance.drivers.kit.qemu_images.tools import QemuError
from snaptree.conformance.drivers.qemu import QemuDriver

Failure = tuple[int, str, str]
"""Free pages, the state that the failure left, and the error."""

PAGE = 4096
STRIDE = int(sys.argv[2]) if len(sys.argv) > 2 else 31
"""Pages of one coarse step; it shares no divisor with the clusters of an image."""


def leave_free(filler: Path, pages: int) -> None:
    """Fill the file system up to so many pages."""
    free = os.statvfs(filler.parent)
    surplus = free.f_bavail * free.f_frsize - pages * PAGE
    with filler.open("wb") as content:
        if surplus > 0:
            os.posix_fallocate(content.fileno(), 0, surplus)


class Attempts:
    """One call, tried with different amounts of free space; ``failures`` is what became of it."""

    def __init__(self, template: Template, name: str, filler: Path) -> None:
        self.failures: list[Failure] = []
        self._template = template
        self._name = name
        self._filler = filler
        self._before, self._after = template.expected(name)

    def succeeds_with(self, pages: int) -> bool:
        """Whether the call comes through."""
        domain = self._template.again()
        leave_free(self._filler, pages)
        failed = ""
        try:
            CALLS[self._name](domain, self._template.ids)
        except (OSError, QemuError) as error:
            failed = str(error)
        state = state_of(domain)  # readable while there is no space at all
        self._filler.unlink()
        domain.close()
        where = "before" if state == self._before else "after" if state == self._after else "neither"
        if failed:
            self.failures.append((pages, where, failed))
        else:
            assert state == self._after, f"{self._name} accepted with {pages} pages, yet not done"
        return not failed


def main(mount: Path) -> None:
    driver = QemuDriver(DriverOptions(work=mount))
    template = Template(driver)
    found: dict[str, list[Failure]] = {}
    for name in CALLS:
        attempts = Attempts(template, name, mount / "filler")
        enough = next(pages for pages in count(0, STRIDE) if attempts.succeeds_with(pages))
        # The last page that is missing is often the one that the commit needs.
        bisect_left(range(max(0, enough - STRIDE + 1), enough), True, key=attempts.succeeds_with)
        found[name] = attempts.failures
    driver.close()
    print(json.dumps({"failures": found, "left over": os.listdir(mount)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
