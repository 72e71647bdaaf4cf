"""report.html: what it says, what it allows a browser to do, and that it works in one."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from lxml import html

from snaptree.conformance.cli.command import run

HASTY = """
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver


class Domain(SimulatedDomain):
    def discard(self, snapshot):
        self.discard_forced(snapshot, None)


class Hasty(SimulatorDriver):
    domain_class = Domain
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "hasty_for_page.py").write_text(HASTY)
    out = folder / "report"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder))
        code = run(
            ["check", "hasty_for_page:Hasty", "--graph", "tree=2", "--sequences", "0", "--seed", "1",
             "--jobs", "1", "--accept-incomplete", "sampled", "--out", str(out)]
        )  # fmt: skip
        assert code == 1
        yield out / "report.html"


def test_it_says_verdict_claim_and_what_was_not_observed_before_the_deviations(page: Path) -> None:
    tree = html.parse(page).getroot()
    assert "deviates in" in tree.find(".//h1").text
    headings = [heading.get("id") for heading in tree.iter("h2")]
    assert headings[:4] == ["claim", "rests", "unseen", "deviations"]
    shown = tree.find_class("deviation")
    assert len(shown) == int(re.findall(r"in (\d+) way", tree.find(".//h1").text)[0])
    first = shown[0]
    assert "refused as WouldDiscard" in first.find_class("allowed")[0].text_content()
    assert [caption.text for caption in first.iter("figcaption")] == ["before", "allowed after", "seen after"]
    assert "snaptree replay" in first.find_class("command")[0].text_content()
    traces = {path.stem for path in (page.parent / "traces").iterdir()}
    assert {one.get("id") for one in shown} == {f"deviation-{one}" for one in traces}


def test_every_link_leads_to_a_part_of_the_page_and_no_id_is_there_twice(page: Path) -> None:
    tree = html.parse(page).getroot()
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    links = {link.get("href") for link in tree.iter("a")}
    assert len(links) > 100
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_its_policy_allows_its_own_style_and_script_and_nothing_else(page: Path) -> None:
    tree = html.parse(page).getroot()
    policy = tree.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    for name in ("style", "script"):
        (only,) = tree.iter(name)
        digest = b64encode(sha256(only.text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert not [one for one in tree.iter() if one.get("style") or one.get("src") or one.get("onclick")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    required = "chromium" in os.environ.get("SNAPTREE_REQUIRE", "").replace(",", " ").split()
    missing = [tool for tool in ("chromium", "chromedriver") if which(tool) is None]
    if missing:
        reason = f"{' and '.join(missing)} missing: apt-get install chromium chromium-driver"
        if required:
            pytest.fail(f"SNAPTREE_REQUIRE names chromium, but {reason}")
        pytest.skip(reason)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--window-size=1200,900"):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(which("chromedriver")))
    yield driver
    driver.quit()


def shown(browser: Any, selector: str) -> list[Any]:
    return [one for one in browser.find_elements("css selector", selector) if one.is_displayed()]


def test_a_reader_searches_filters_and_follows_links(page: Path, browser: Any) -> None:
    browser.get(page.as_uri())
    search = browser.find_element("id", "search")
    browser.find_element("tag name", "body").send_keys("/")
    assert browser.switch_to.active_element == search
    search.send_keys("DISCARD-5")
    rules = [one.get_attribute("id") for one in shown(browser, "tr.searched")]
    assert "rule-DISCARD-5" in rules
    assert "rule-CREATE-3" not in rules
    search.send_keys("\ue00c")  # Escape
    assert len(shown(browser, "tr.searched")) > 200
    browser.find_element("css selector", "input.status[value=pass]").click()
    assert not shown(browser, "tr[data-status=pass]")
    assert shown(browser, "tr[data-status=deviation]")
    deviating = shown(browser, "tr[data-status=deviation] td a")[0]
    deviating.click()
    target = browser.find_element("css selector", ":target")
    assert target.find_element("tag name", "details").get_attribute("open") is not None
    browser.get(f"{page.as_uri()}#rule-CREATE-3")
    assert browser.find_element("id", "rule-CREATE-3").is_displayed()
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", [380, 1400])
def test_nothing_is_wider_than_the_window(page: Path, browser: Any, width: int) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
