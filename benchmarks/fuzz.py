"""Fuzzes what reads text from outside: judge, profiles, plan, shell, validate and observations.

``python benchmarks/fuzz.py [--seconds S] [--seed N] [TARGET …]``: each target gets that many seconds of
mutated inputs. A case fails if its exit code is not a documented one or says a fault of ours (5), if it takes
more than five CPU seconds, or if a character that acts on a terminal is printed. The seed and the number of a
failing case are printed: ``--only N`` runs that one again. Exit code 1 if any failed.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from itertools import count
from pathlib import Path
from time import monotonic, process_time
from typing import Any

from snaptree.conformance.cli.command import run
from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.conformance.sequences.running import run_sequence
from snaptree.spec import operations as ops

ROOT = Path(__file__).resolve().parents[1]
EXPECTED = {0, 1, 2, 3, 4, 6}
SLOW = 5.0

PIECES = (
    b"\x00", b"\x1b[2J", b"\x9b", b"\xff\xfe", "\u2028\u202e\ud83d".encode("utf-8", "surrogatepass"), b"\n",
    b'"', b"\\", b"{" * 200,

    b"[" * 3000, b"9" * 5000, b"1e999", b"NaN", b"null", b"true", b"-1", b"[/x]",
    b"<!DOCTYPE x [", b"&x;", b"s1",
    b"create a", b"revert a", b";", b"(", b")", b"=", b"(a+)+$", b"/dev/zero", b"x" * 100_000,
)  # fmt: skip

SCRIPT = (
    "create a\nwrite 3\ncreate b memory\nrevert a\nrename a c\ntree\nlist\nmerge b\n"
    "discard c\nundo\nplan revert a\nhelp create\n"
)

Target = Callable[[random.Random, Path], int]


def mutated(draw: random.Random, text: bytes) -> bytes:
    """The text with a few pieces left out, repeated, replaced or put in."""
    data = bytearray(text)
    for _ in range(draw.choice((1, 1, 2, 3, 8))):
        start = draw.randrange(len(data) + 1)
        end = min(len(data), start + draw.choice((0, 1, 2, 8, 64)))
        part = bytes(data[start:end])
        data[start:end] = draw.choice(
            (b"", part * 2, draw.choice(PIECES), bytes([draw.randrange(256)]), draw.randbytes(4))
        )
    return bytes(data)


def one_of(draw: random.Random, folder: Path, pattern: str) -> bytes:
    return draw.choice(sorted(folder.glob(pattern))).read_bytes()


def fuzz_judge(draw: random.Random, work: Path) -> int:
    trace = work / "t.jsonl"
    trace.write_bytes(mutated(draw, one_of(draw, ROOT / "tests" / "traces", "*.jsonl")))
    return run([draw.choice(("judge", "replay")), str(trace)])


def fuzz_profile(draw: random.Random, work: Path) -> int:
    profile = work / "p.toml"
    profile.write_bytes(mutated(draw, one_of(draw, ROOT / "spec" / "claims", "*.toml")))
    return run(["profiles", "diff", "rfc", str(profile)])


def fuzz_plan(draw: random.Random, _work: Path) -> int:
    call = draw.choice(
        (b"discard_forced(a)", b"create(d, uuid=x)", b"revert(b, resume_as=off)", b"rename(a, 'b c')")
    )
    tree = draw.choice((b"fork", b"create a; write; create b; revert a", b"create a memory; retire a"))
    words = [mutated(draw, one).decode("utf-8", "surrogateescape").replace("\0", "") for one in (call, tree)]
    return run(["plan", words[0], "--tree", words[1], *draw.choice(([], ["--json"]))])


def fuzz_shell(draw: random.Random, _work: Path) -> int:
    sys.stdin = io.StringIO(mutated(draw, SCRIPT.encode()).decode("utf-8", "surrogateescape"))
    return run(["shell"])


def fuzz_validate(draw: random.Random, work: Path) -> int:
    document = work / "d.xml"
    document.write_bytes(mutated(draw, one_of(draw, ROOT / "tests" / "schemas" / "documents", "**/*.xml")))
    return run(["validate", str(document), *draw.choice(([], ["--json"], ["--explain"]))])


def wild(draw: random.Random, value: Any) -> Any:
    """A JSON value with one part replaced by another value."""
    other = (
        None,
        True,
        -1,
        2**70,
        1.5,
        "",
        "x",
        "\x1b[2J",
        "\ud800",
        [],
        {},
        [[]],
        {"a": {}},
        "s1",
        "9" * 400,
    )
    if not isinstance(value, (dict, list)) or not value or draw.random() < 0.25:
        return draw.choice(other)
    if isinstance(value, list):
        place = draw.randrange(len(value))
        return draw.choice(
            (
                [*value, value[place]],
                value[:place],
                [*value[:place], wild(draw, value[place]), *value[place + 1 :]],
            )
        )
    key = draw.choice(sorted(value))
    without = {name: part for name, part in value.items() if name != key}
    return draw.choice(
        (without, {**value, key: wild(draw, value[key])}, {**value, draw.choice(("nam", "x")): 1})
    )


def fuzz_observations(draw: random.Random, _work: Path) -> int:
    class Domain(SimulatedDomain):
        def observe(self) -> Any:
            seen = json.loads(json.dumps(super().observe()))
            return wild(draw, seen) if draw.random() < 0.4 else seen

        def digests(self) -> Any:
            return draw.choice(({}, [], None, {"active": {"vda": 7}}, "x"))

    class Driver(SimulatorDriver):
        domain_class = Domain

    steps: list[ops.Operation] = [
        ops.Create("a"),
        ops.WriteDisk("vda", 1, 2),
        ops.Create("b"),
        ops.Revert("s1"),
        ops.Discard("s2"),
    ]
    from snaptree.conformance.judging.deviations import deviation_of
    from snaptree.conformance.reports.console import TextConsole
    from snaptree.conformance.reports.terminal import deviation_report

    driver = Driver()
    found = run_sequence(driver, steps, DEFAULT_DISKS)
    if found.differences:
        TextConsole().print(deviation_report(deviation_of(found, driver.profile, "fuzz", flaky=False)))
    return 1 if found.differences else 0


TARGETS: dict[str, Target] = {
    "judge": fuzz_judge,
    "profile": fuzz_profile,
    "plan": fuzz_plan,
    "shell": fuzz_shell,
    "validate": fuzz_validate,
    "observations": fuzz_observations,
}


def one_case(target: str, seed: int, number: int, work: Path) -> str | None:
    """What is wrong with a case, None for nothing."""
    said, begun, code, stdin = io.StringIO(), process_time(), 0, sys.stdin
    try:
        with redirect_stdout(said), redirect_stderr(said):
            code = TARGETS[target](random.Random(f"{target} {seed} {number}"), work)
    except Exception as error:  # noqa: BLE001 - what came through is the finding
        return f"{type(error).__name__}: {error}"[:300]
    finally:
        sys.stdin = stdin
    if code not in EXPECTED:
        return f"exit code {code}: {said.getvalue()[-300:]!r}"
    acting = sorted({char for char in said.getvalue() if not char.isprintable() and char != "\n"})
    if acting:
        return f"printed {acting!r}"
    # The first case loads what its command needs; CPU seconds, because a nightly machine has other work.
    took = process_time() - begun
    return f"took {took:.1f} s" if took > SLOW and number > 0 else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], default=[])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run this case alone")
    given = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="snaptree-fuzz-") as folder:
        for target in given.targets or TARGETS:
            begun, number, wrong = monotonic(), -1, 0
            for number in count() if given.only is None else [given.only]:
                if given.only is None and monotonic() - begun > given.seconds:
                    break
                fault = one_case(target, given.seed, number, Path(folder))
                if fault is not None:
                    wrong += 1
                    print(f"{target} seed {given.seed} case {number}: {fault}", flush=True)
            failed += wrong
            print(f"{target}: {number} cases in {monotonic() - begun:.0f} s, {wrong} wrong", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
