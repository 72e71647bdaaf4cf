"""report.html of a large run: its size, and the time until a reader can use it in Chromium.

``python benchmarks/report_page.py [--quick]``. The run is a small one of a driver with a fault, whose
deviations are told 50 times, under other ids and with long sequences; a tally of 100,000 steps is its head.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import which
from statistics import median
from time import perf_counter
from typing import Any, Final

from snaptree.conformance.judging.deviations import Deviation
from snaptree.conformance.reports.page import page_html
from snaptree.conformance.reports.results import Report
from snaptree.conformance.running.assess import Unwatched, assess
from snaptree.conformance.running.request import Request

DEVIATIONS: Final = 50
STEPS: Final = 100_000

DRIVER: Final = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Hasty(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class HastyDriver(SimulatorDriver):
    domain_class = Hasty
"""


def large_report() -> Report:
    """A report of 100,000 steps with 50 deviations."""
    request = Request(
        "hasty_for_benchmark:HastyDriver", graphs=(("tree", 3),), seed=1, sequences=40, in_process=True
    )
    found = assess(request, lambda _text: None, Unwatched())
    found.record.tally.steps = STEPS
    judgement = replace(found.judgement, new=tuple(_many(found.judgement.new)))
    return Report(replace(found, judgement=judgement), Path("snaptree-report"))


def _many(found: Sequence[Deviation]) -> list[Deviation]:
    """The deviations told again and again, under ids of their own."""
    return [
        replace(found[number % len(found)], id=f"{number:08x}", run=_longer(found[number % len(found)]))
        for number in range(DEVIATIONS)
    ]


def _longer(found: Deviation) -> Any:
    """The run with its steps four times over: a sequence that nothing made smaller."""
    return replace(found.run, steps=found.run.steps[:-1] * 4 + found.run.steps[-1:])


def milliseconds_to_use(page: Path, times: int) -> list[tuple[float, float]]:
    """Milliseconds from opening the page to a search that was answered, in a headless Chromium.

    The second number is the processor time of the page's main thread, whatever else the machine does.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--window-size=1200,900",
    ):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(which("chromedriver")))
    measured = []
    try:
        for _ in range(times):
            browser.get("about:blank")
            browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
            begun, busy = perf_counter(), _busy(browser)
            browser.get(page.as_uri())
            browser.find_element("id", "search").send_keys("DISCARD-5")
            shown = browser.execute_script(
                "return [...document.querySelectorAll('tr.searched')].filter(one => one.offsetParent).length"
            )
            measured.append(((perf_counter() - begun) * 1000, (_busy(browser) - busy) * 1000))
            assert 0 < shown < 50, "the search is answered"
    finally:
        browser.quit()
    return measured


def _busy(browser: Any) -> float:
    """Seconds that the main thread has worked."""
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float({one["name"]: one["value"] for one in metrics}["TaskDuration"])


def main() -> int:
    """Print the size and the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="open the page once")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "hasty_for_benchmark.py").write_text(DRIVER)
        sys.path.insert(0, folder)
        begun = perf_counter()
        text = page_html(large_report())
        page = Path(folder) / "report.html"
        page.write_text(text, encoding="utf-8")
        print(
            f"report.html of {STEPS:,} steps and {DEVIATIONS} deviations: {page.stat().st_size / 1e6:.2f} MB"
        )
        print(f"run and page together: {perf_counter() - begun:.1f} s")
        if which("chromedriver") is None or which("chromium") is None:
            print("chromium or chromedriver is missing: not opened")
            return 0
        measured = milliseconds_to_use(page, 1 if quick else 9)
        wall, busy = (median(one) for one in zip(*measured, strict=True))
        print(f"opened and searched in Chromium: median {wall:.0f} ms, {busy:.0f} of them its own work")
    return 0


if __name__ == "__main__":
    sys.exit(main())
