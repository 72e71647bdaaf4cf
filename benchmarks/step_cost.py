"""CPU time of a checked step on the simulator, of this checkout and of an older commit by turns.

    python benchmarks/step_cost.py [COMMIT]

The older commit draws the sequences, and both play the same operations: engine, model and simulator of each,
every answer and every observation compared. Each plays in processes of its own, one after the other, so that
a busy machine slows both. Where the commit is not in the history, this checkout alone is measured. The share
of the check of an observation's form is printed too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

HERE: Final = Path(__file__).resolve().parents[1]
BASE: Final = "bf24a40"
GOAL: Final = 1.0
FORM_GOAL: Final = 0.10
PACKAGES: Final = ("schemas", "spec", "simulator", "conformance")

DRAW: Final = """
import json, sys
from random import Random
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.lockstep import Lockstep
from snaptree.conformance.methods.sampled import BYTES, Decoder

sequences, longest = int(sys.argv[2]), 50
driver = SimulatorDriver()
decoder = Decoder(driver.profile)
with open(sys.argv[1], "w") as file:
    for number in range(sequences):
        drawn = Random(number).randbytes(longest * BYTES)
        pair = Lockstep(driver.open(), driver.profile)
        records = []
        for place in range(0, len(drawn), BYTES):
            operation = decoder.operation(pair.model, *drawn[place : place + BYTES])
            records.append(operation.to_json())
            pair.do(operation)
            if not pair.model.defined:
                break
        file.write(json.dumps(records) + chr(10))
"""

PLAY: Final = """
import json, sys
from time import process_time
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.lockstep import Lockstep
from snaptree.spec.operations import operation_from_json

driver = SimulatorDriver()
with open(sys.argv[1]) as file:
    sequences = [[operation_from_json(one) for one in json.loads(line)] for line in file]

def play(seen=None):
    steps = differences = 0
    for operations in sequences:
        pair = Lockstep(driver.open(), driver.profile)
        for operation in operations:
            result = pair.do(operation)
            steps += 1
            differences += len(result.differences)
            if seen is not None and result.observation is not None:
                seen.append(result.observation)
    assert not differences, f"{differences} differences on the simulator"
    return steps

def least(work, times=5):
    figures = []
    for _ in range(times):
        started = process_time()
        count = work()
        figures.append((process_time() - started) / count)
    return min(figures) * 1e6
"""

STEP: Final = PLAY + "\nprint(least(play))"

FORM: Final = (
    PLAY
    + """
from snaptree.conformance.engine.form import fits_form
seen = []
play(seen)

def check():
    for one in seen:
        assert fits_form(one)
    return len(seen)

print(least(check), least(play))
"""
)


def unpack(commit: str, folder: Path) -> bool:
    """Unpack the packages of a commit as ``folder/snaptree``; False if the history has no such commit."""
    command = ["git", "archive", commit, *PACKAGES]
    archive = subprocess.run(command, cwd=HERE, capture_output=True, check=False)
    if archive.returncode:
        print(f"{commit} cannot be unpacked: {archive.stderr.decode(errors='replace').strip()}")
        return False
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as file:
        file.extractall(folder / "snaptree", filter="data")
    return True


def run(packages: Path, code: str, *arguments: object) -> list[float]:
    """What the code prints, with ``snaptree`` imported from below ``packages``."""
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    return [float(word) for word in printed.split()]


def main() -> int:
    """Measure and print; the exit code is 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("commit", nargs="?", default=BASE, help=f"the older commit (default {BASE})")
    parser.add_argument("--quick", action="store_true", help="a first look")
    parser.add_argument("--turns", type=int, default=7)
    asked = parser.parse_args()
    sequences, turns = (20, 3) if asked.quick else (100, max(2, asked.turns))
    with TemporaryDirectory() as folder:
        older, steps = Path(folder) / "older", Path(folder) / "steps.jsonl"
        is_there = unpack(asked.commit, older)
        run(older if is_there else HERE / "src", DRAW, steps, sequences)
        form, step = run(HERE / "src", FORM, steps)
        share = form / step
        print(f"form of an observation: {form:.1f} of {step:.1f} microseconds a step, {share:.1%}")
        print(f"goal: at most {FORM_GOAL:.0%}: {'met' if share <= FORM_GOAL else 'missed'}")
        if not is_there:
            return int(share > FORM_GOAL)
        there: list[float] = []
        here: list[float] = []
        for _ in range(turns):
            there += run(older, STEP, steps)
            here += run(HERE / "src", STEP, steps)
    # Whatever else the host does only adds: the least of all turns is nearest to the cost.
    ratio = min(here) / min(there)
    low, _, high = quantiles([mine / other for mine, other in zip(here, there, strict=True)], n=4)
    print(
        f"a checked step: here {min(here):.1f}, {asked.commit} {min(there):.1f} microseconds; "
        f"ratio {ratio:.2f}, of single turns {low:.2f} to {high:.2f} (quartiles)"
    )
    print(f"goal: at most {GOAL:.2f}: {'met' if ratio <= GOAL else 'missed'}")
    return int(ratio > GOAL or share > FORM_GOAL)


if __name__ == "__main__":
    sys.exit(main())
