"""Every benchmark, one after the other: ``python benchmarks/all.py [--quick]``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

BENCHMARKS: Final = (
    "startup", "sampled", "check", "step_cost", "growth", "histories", "documents", "live", "esx",
    "virtualbox", "model_faults", "plain_power", "report_page",
)  # fmt: skip


def main() -> int:
    """Run each in a process of its own; the exit code is 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look at each")
    options = ["--quick"] if parser.parse_args().quick else []
    failed = []
    for name in BENCHMARKS:
        script = Path(__file__).with_name(f"{name}.py")
        print(f"$ python benchmarks/{script.name} {' '.join(options)}".rstrip() + "\n", flush=True)
        if subprocess.run([sys.executable, str(script), *options], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
