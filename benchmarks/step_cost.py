"""CPU time of a checked step on the simulator, of this checkout and of another by turns.

    python benchmarks/step_cost.py /path/to/other/checkout

Each checkout runs in processes of its own, one after the other, so that a busy machine slows both. The figure
is the least of all turns. Without another checkout it prints this one's figure, and the share of the check of
an observation's form.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parents[1]

STEPS: Final = """
from time import process_time
from snaptree.conformance.drivers.simulator import SimulatorDriver
from snaptree.conformance.engine.lockstep import Lockstep
from snaptree.conformance.methods.sampled import BYTES, Decoder, draw

driver = SimulatorDriver()
decoder = Decoder(driver.profile)
drawn = [draw(1, number, 50) for number in range(SEQUENCES)]

def walk(seen=None):
    steps = 0
    for sequence in drawn:
        pair = Lockstep(driver.open(), driver.profile)
        for place in range(0, len(sequence), BYTES):
            taken = pair.do(decoder.operation(pair.model, *sequence[place : place + BYTES]))
            steps += 1
            if seen is not None and taken.observation is not None:
                seen.append(taken.observation)
            if not pair.model.defined:
                break
    return steps

def least(work, times=5):
    figures = []
    for _ in range(times):
        started = process_time()
        count = work()
        figures.append((process_time() - started) / count)
    return min(figures) * 1e6
"""

STEP: Final = STEPS + "\nprint(least(walk))"

FORM: Final = (
    STEPS
    + """
from snaptree.conformance.engine.form import fits_form
seen = []
walk(seen)

def check():
    for one in seen:
        assert fits_form(one)
    return len(seen)

print(least(check), least(walk))
"""
)


def figures(checkout: Path, code: str, sequences: int) -> list[float]:
    """What the code prints when it runs in a checkout, in microseconds."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-c", f"SEQUENCES = {sequences}\n{code}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return [float(word) for word in said.split()]


def main() -> int:
    """Measure and print; the exit code is 1 if this checkout needs more than the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", nargs="?", type=Path, help="a checkout to compare with")
    parser.add_argument("--quick", action="store_true", help="a first look")
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    sequences, turns = (20, 1) if asked.quick else (100, asked.turns)
    form, step = figures(HERE, FORM, sequences)
    print(f"form of an observation: {form:.1f} of {step:.1f} microseconds a step, {form / step:.1%}")
    if asked.other is None:
        return 0
    here: list[float] = []
    there: list[float] = []
    for _ in range(turns):
        there += figures(asked.other.resolve(), STEP, sequences)
        here += figures(HERE, STEP, sequences)
    ratio = min(here) / min(there)
    print(f"a checked step: here {min(here):.1f}, there {min(there):.1f} microseconds, ratio {ratio:.3f}")
    return int(ratio > 1.0)


if __name__ == "__main__":
    sys.exit(main())
