"""Domain snapshot XML beside its peers: ``python benchmarks/documents.py`` prints the numbers of one run.

Bulk validation with decoding against ``virt-xml-validate`` file by file, decoding
against xmlschema alone, and agreement with libvirt's schema over generated documents.
Exit code 1 if a promise is not kept, 4 if a peer is missing.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import xmlschema
from hypothesis import HealthCheck, Phase, given, seed, settings

from snaptree.schemas.xml import judge, parse
from snaptree.spec.xml import InvalidXml, read

ROUNDS = 7
ROOT = Path(__file__).resolve().parents[1]
FASTER_THAN_VIRT = 3.0
FASTER_THAN_XMLSCHEMA = 10.0
NOTHING_MEASURED = 4


def comparison_module(name: str) -> Any:
    """A module of the comparison in the tests' folder."""
    folder = str(ROOT / "tests")
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(f"schemas.{name}")


def documents(count: int, domain: str) -> list[bytes]:
    """Records as libvirt writes them, each with a whole domain of its own."""
    return [
        f"""<domainsnapshot>
  <name>nightly-{number}</name>
  <description>Before the update number {number}</description>
  <state>running</state>
  <parent>
    <name>nightly-{number - 1}</name>
  </parent>
  <creationTime>{1270477159 + number}</creationTime>
  <memory snapshot='internal'/>
  <disks>
    <disk name='vda' snapshot='internal'/>
    <disk name='vdb' snapshot='no'/>
  </disks>
  {domain.replace("<name>d<", f"<name>d{number}<")}
</domainsnapshot>
""".encode()
        for number in range(1, count + 1)
    ]


def seconds_each(work: Callable[[Any], object], items: list[Any], clock: Callable[[], float]) -> float:
    """Mean seconds for one item."""
    begin = clock()
    for item in items:
        work(item)
    return (clock() - begin) / len(items)


def files_per_second(texts: list[bytes], few: int) -> list[tuple[str, list[float], float]]:
    """Checking files: this codec in bulk, the command, and virt-xml-validate one by one."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(texts):
            paths.append(Path(folder) / f"{number}.xml")
            paths[-1].write_bytes(text)
        ours, whole, virt = [], [], []
        command = [sys.executable, "-c", COMMAND, folder]
        for _ in range(ROUNDS):
            ours.append(seconds_each(lambda path: read(path.read_bytes()), paths, time.perf_counter))
            whole.append(seconds_each(_quietly, [command], time.perf_counter) / len(paths))
            ones = [["virt-xml-validate", str(path)] for path in paths[:few]]
            virt.append(seconds_each(_quietly, ones, time.perf_counter))
    row("read and validated in bulk, any dialect", ours)
    row("snaptree validate FOLDER, start included", whole)
    row("virt-xml-validate FILE", virt)
    return [
        ("bulk, beside virt-xml-validate", _ratios(virt, ours), FASTER_THAN_VIRT),
        ("snaptree validate, beside virt-xml-validate", _ratios(virt, whole), FASTER_THAN_VIRT),
    ]


def documents_per_second(texts: list[bytes], few: int) -> list[tuple[str, list[float], float]]:
    """Decoding from memory: this codec and xmlschema alone. Seconds of CPU, since both only compute."""
    schema = xmlschema.XMLSchema10(str(ROOT / "schemas" / "domainsnapshot.xsd"))
    ours, alone = [], []
    for _ in range(ROUNDS):
        ours.append(seconds_each(lambda text: read(text, "libvirt"), texts, time.process_time))
        some = [text.decode() for text in texts[:few]]
        alone.append(seconds_each(schema.to_dict, some, time.process_time))
    row("read, libvirt's dialect", ours)
    row("xmlschema, to_dict", alone)
    return [("decoding, beside xmlschema", _ratios(alone, ours), FASTER_THAN_XMLSCHEMA)]


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)


def _ratios(slow: list[float], fast: list[float]) -> list[float]:
    return sorted(one / other for one, other in zip(slow, fast, strict=True))


def row(name: str, seconds: list[float]) -> None:
    """One line: microseconds for one document, the median of the rounds."""
    print(f"  {name:42} {median(seconds) * 1e6:10,.0f} us")


COMMAND = "import sys, typer; from snaptree.conformance.cli.validate import validate; typer.run(validate)"


def worst() -> tuple[str, float]:
    """The document within the limits that takes the longest to judge and read, in processor seconds."""
    taken: dict[str, float] = {}
    for name, made in comparison_module("worst_documents").WORST.items():
        data = made()
        before = time.process_time()
        judge(parse(data))
        with suppress(InvalidXml):
            read(data, unknown="keep")
        taken[name] = time.process_time() - before
    name = max(taken, key=taken.__getitem__)
    return name, taken[name]


def agreement(of: str, vocabulary: Any, drawn: Any, count: int) -> bool:
    """Compare generated documents with libvirt's schema; True if every difference is explained."""
    module = comparison_module("agreement")
    comparison = module.Comparison(vocabulary)
    problems: list[str] = []

    @seed(7)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    @given(drawn)
    def compare(document: Any) -> None:
        problem = comparison.compare(document.element())
        if problem is not None:
            problems.append(problem)

    begin = time.perf_counter()
    compare()
    tally = comparison.tally
    print(
        f"\n{tally.documents:,} generated {of} in {time.perf_counter() - begin:.0f} s: "
        f"{tally.valid:,} valid here, {tally.agreed:,} verdicts agree, "
        f"{sum(tally.explained.values()):,} differ for a listed reason, {len(problems):,} unexplained; "
        f"{tally.round_trips:,} round trips"
    )
    for difference in vocabulary.differences:
        print(
            f"  {tally.explained[difference.name]:6,}  {difference.name}: "
            f"{'snaptree' if difference.strict == 'we' else 'libvirt'} is stricter; {difference.reason}"
        )
    print(f"  {tally.explained[module.SEVERAL]:6,}  {module.SEVERAL}")
    for problem in problems[:5]:
        print(f"unexplained: {problem}")
    return not problems and tally.documents >= count


def main() -> int:
    """Run everything once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=10_000, help="generated documents to compare")
    parser.add_argument("--files", type=int, default=1_000, help="files of the bulk")
    parser.add_argument("--quick", action="store_true", help="a first look: 1,000 documents, 200 files")
    arguments = parser.parse_args()
    many = 200 if arguments.quick else arguments.files
    generated = 1_000 if arguments.quick else arguments.documents
    missing = [tool for tool in ("virt-xml-validate", "xmllint") if shutil.which(tool) is None]
    if missing:
        print(f"missing: {', '.join(missing)} (apt-get install libvirt-clients libxml2-utils)")
        return NOTHING_MEASURED
    module, checkpoints = comparison_module("agreement"), comparison_module("checkpoint_documents")
    texts = documents(many, module.DOMAIN)
    read(texts[0])  # schemas are loaded once, before
    print(f"{many:,} records of {len(texts[0]):,} bytes, {ROUNDS} rounds that take turns")
    few = min(20, many)
    ratios = files_per_second(texts, few) + documents_per_second(texts, few)
    print()
    for name, found, promised in ratios:
        print(
            f"  {name:44} {median(found):6.1f} times as fast "
            f"(lowest {found[0]:.1f}, highest {found[-1]:.1f}; promised {promised:g})"
        )
    name, seconds = worst()
    print(f"\nthe worst document within the limits, {name}: {seconds:.2f} s of processor time")
    agreed = agreement("snapshots", module.SNAPSHOTS, module.DOCUMENTS, generated)
    agreed &= agreement("checkpoints", checkpoints.CHECKPOINTS, checkpoints.DOCUMENTS, generated)
    return 0 if agreed and all(median(found) >= promised for _, found, promised in ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
