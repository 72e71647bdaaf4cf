"""``replay --bisect`` exits as git bisect run expects: good, bad, or a revision to skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from snaptree.conformance.cli.command import run

TRACES = Path(__file__).resolve().parents[2] / "traces"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--driver", "simulator"], 0),
        (["--driver", "qemu", "--qemu-bin", "/nowhere"], 125),
        (["--driver", "simulator", "--profile", "/nowhere.toml"], 125),
    ],
)
def test_a_driver_that_cannot_be_started_is_neither_good_nor_bad(options: list[str], code: int) -> None:
    trace = sorted(TRACES.glob("*.jsonl"))[0]
    assert run(["replay", str(trace), "--bisect", *options]) == code


def test_a_deviation_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hasty_bisect.py").write_text(
        "from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver\n"
        "class Hasty(SimulatedDomain):\n"
        "    def discard(self, snapshot):\n"
        "        self.discard_forced(snapshot, None)\n"
        "class MyDriver(SimulatorDriver):\n"
        "    domain_class = Hasty\n"
    )
    monkeypatch.chdir(tmp_path)
    check = [
        "check",
        "hasty_bisect:MyDriver",
        "--graph",
        "tree=2",
        "--sequences",
        "0",
        "--seed",
        "1",
        "--jobs",
        "1",
    ]
    assert run([*check, "--out", "out"]) == 1
    trace = sorted(Path("out/traces").glob("*.jsonl"))[0]
    assert run(["replay", str(trace), "--bisect", "--driver", "hasty_bisect:MyDriver"]) == 1
    assert run(["replay", str(trace), "--bisect"]) == 0
