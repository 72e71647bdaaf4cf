"""The page of a known deviation shows what it says, without snaptree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from snaptree.conformance.driver import DriverOptions, DriverUnavailable
from snaptree.conformance.drivers.esx.library import load
from snaptree.conformance.drivers.esx.simulated import Simulated
from snaptree.conformance.drivers.kit.qemu_images.tools import find_tools
from snaptree.conformance.drivers.libvirt import LibvirtDriver
from snaptree.conformance.drivers.virtualbox import VirtualBoxDriver
from snaptree.conformance.hosts import SYSTEMS, Tree, require_tree

from .hypervisors import PAGES, skip_without

TRIES = 120
"""How often the page that has to win a race may try."""


@dataclass(frozen=True)
class Stage:
    """A hypervisor that a page's script can be run on, and the words of a page that speaks of it."""

    version: str
    play: Callable[[str], str]
    """What a script prints."""
    normalise: Callable[[str], str] = str
    """A text without what is another each time."""


STAGES = {
    "libvirt-test-": "libvirt_test", "libvirt-qemu-": "libvirt_qemu", "esx-vcsim-": "vcsim",
    "virtualbox-": "virtualbox", "qemu-img-": "qemu_img", "qemu-live-": "qemu_img",
}  # fmt: skip
"""The fixture of the stage, by how the page's name begins."""


def pages() -> list[Path]:
    """The pages that have a script."""
    every = sorted(PAGES.glob("*-*.md"))
    return [page for page in every if re.search("^```(python|sh)$", page.read_text("utf-8"), re.MULTILINE)]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_page_shows_what_it_says_without_snaptree(page: Path, request: pytest.FixtureRequest) -> None:
    fixture = next(name for prefix, name in STAGES.items() if page.stem.startswith(prefix))
    stage: Stage = request.getfixturevalue(fixture)
    text = page.read_text(encoding="utf-8")
    if stage.version not in text:
        pytest.skip(f"the page speaks of other versions than {stage.version}")
    # Some pages say what the script prints where the library crashes, and where it does not.
    script, *printed = re.findall(r"```(?:python|sh|text)\n(.*?)```", text, re.DOTALL)
    assert "snaptree" not in script
    assert stage.normalise(stage.play(script)) in [stage.normalise(one) for one in printed]


def without_ids(text: str) -> str:
    """A text without VirtualBox's uuids and times, which are others each time."""
    uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    text = re.sub(f'(?<=\\(UUID: ){uuid}|(?<=\\(){uuid}(?=\\))|(?<=" {{){uuid}', "UUID", text)
    return "\n".join(re.sub("[0-9]{10,13}", "TIME", text).splitlines())


def python(script: str, **environment: str) -> str:
    """What a script prints in a Python of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, timeout=60, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return ran.stdout


def _version(system: str, driver_class: Callable[[DriverOptions], Any], target: str = "") -> str:
    """The version of a hypervisor, which is brought up for that and closed."""
    with TemporaryDirectory(prefix="st-", dir="/tmp") as folder:
        try:
            driver = driver_class(DriverOptions(target=target, work=Path(folder)))
        except DriverUnavailable as error:
            skip_without(system, error)
        try:
            return str(driver.version)
        finally:
            driver.close()


@pytest.fixture(scope="module")
def libvirt_test() -> Stage:
    """libvirt's test driver."""
    return Stage(_version("libvirt", LibvirtDriver, "test:///default"), python)


_ON_QEMU = """
import sys
from pathlib import Path
from snaptree.conformance.drivers.libvirt.hosts.account import have_account
from snaptree.conformance.drivers.libvirt.hosts.embedded import _root
work, script = Path(sys.argv[1]), sys.stdin.read()
have_account(work)
sys.argv = ["page", f"qemu:///embed?root={_root(None, work)}"]
exec(compile(script, "page", "exec"), {})
"""


@pytest.fixture(scope="module")
def libvirt_qemu_version() -> str:
    """The version of libvirt's QEMU driver."""
    return _version("libvirt", LibvirtDriver, "qemu:///embed")


@pytest.fixture
def libvirt_qemu(libvirt_qemu_version: str, work: Path) -> Stage:
    """libvirt's QEMU driver, without a daemon."""

    def play(script: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-c", _ON_QEMU, str(work)],
            input=script, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return ran.stdout + ("Segmentation fault\n" if ran.returncode == -11 else "")

    return Stage(f"{libvirt_qemu_version} with QEMU", play)


@pytest.fixture
def qemu_img(tmp_path: Path) -> Stage:
    """qemu-img and qemu-io, in an empty folder."""
    try:
        tools = find_tools({})
    except DriverUnavailable as error:
        skip_without("qemu", error)

    def play(script: str) -> str:
        ran = subprocess.run(
            ["/bin/sh", "-c", script],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        )  # fmt: skip
        return ran.stdout

    return Stage(tools.version, play)


@pytest.fixture
def vcsim(tmp_path: Path) -> Iterator[Stage]:
    """vcsim."""
    try:
        load()
        host = Simulated("esx", tmp_path)
    except DriverUnavailable as error:
        skip_without("esx", error)
    environment = {
        "VCSIM_PORT": str(host.address.port),
        "VCSIM_USER": host.credentials.user,
        "VCSIM_PASSWORD": host.credentials.password,
    }
    yield Stage(host.version, lambda script: python(script, **environment))
    host.close()


@pytest.fixture(scope="module")
def virtualbox_tree() -> Tree:
    """The private tree of a VirtualBox that comes up."""
    _version("virtualbox", VirtualBoxDriver)
    try:
        return require_tree(SYSTEMS["virtualbox"])
    except DriverUnavailable as error:
        pytest.skip(f"pages are shown in the private tree: {error}")


@pytest.fixture
def virtualbox(virtualbox_tree: Tree, work: Path, request: pytest.FixtureRequest) -> Stage:
    """VirtualBox in its private tree."""
    environment = {
        "VBOX_USER_HOME": f"{work}/home",
        "VBOX_IPC_SOCKETID": work.name,
        "PATH": "/usr/lib/virtualbox:/usr/bin:/bin",
    }

    def play(script: str) -> str:
        # A page that has to win a race says how often it tries, which is more than a test waits for.
        script = script.replace("range(500)", f"range({TRIES})")
        command = ["/bin/bash", "-c", script]
        ran = virtualbox_tree.run(
            command, binds=[work], environment=environment, folder=str(work), timeout=300
        )
        if "killed-while-saving" in request.node.name and ran.stdout.startswith("vm.vbox\n"):
            pytest.skip(f"VBoxSVC was not caught between its two renames in {TRIES} tries")
        return ran.stdout

    return Stage("", play, without_ids)
