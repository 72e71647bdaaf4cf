"""The guard kills what a driver leaves behind, but not the process that removes its work folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from snaptree.conformance.processes import guard

DRIVER = """
import os, sys, time
from pathlib import Path
from snaptree.conformance.processes.reaper import WorkFolder
work = WorkFolder(Path(sys.argv[1]), "many-")
for number in range(20000):
    (work.path / str(number)).touch()
print("up", flush=True)
time.sleep(600)
"""


def test_a_large_work_folder_of_a_killed_driver_goes(tmp_path: Path) -> None:
    watching = subprocess.Popen(
        [sys.executable, guard.__file__, "0", "10", sys.executable, "-c", DRIVER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert watching.stdout is not None
    with watching:
        assert watching.stdout.readline() == b"up\n"
        assert len(list(tmp_path.iterdir())) == 1
        watching.terminate()
        watching.wait(60)
    assert list(tmp_path.iterdir()) == []
