"""A runner that is killed in the middle, and what its driver leaves behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SCRIPT: Final = """
import sys, time
from pathlib import Path
from snaptree.conformance.driver import DriverOptions
from {module} import {driver}
driver = {driver}(DriverOptions({options}))
domain = driver.open()
domain.{call}
print("up", flush=True)
time.sleep(600)
"""


@contextmanager
def killed_runner(driver: type, options: str, call: str = 'create("a")') -> Iterator[None]:
    """A process whose domain has made one call; killed with SIGKILL at the end of the block."""
    script = SCRIPT.format(module=driver.__module__, driver=driver.__name__, options=options, call=call)
    runner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert runner.stdout is not None
    with runner:
        try:
            assert runner.stdout.readline() == b"up\n"
            yield
        finally:
            runner.kill()


def gone(processes: Callable[[Path], Collection[object]], work: Path, seconds: float = 30) -> bool:
    """Whether what runs and what lies below a folder goes within some seconds."""
    give_up = time.monotonic() + seconds
    while processes(work) or any(work.iterdir()):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)
    return True
