"""Private Debian trees: a small one is made from the host's own mirror, and looked at from all sides."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts import Bind, Recipe, Tree, find_tree, install, require_tree
from snaptree.conformance.hosts.apt import check_host
from snaptree.conformance.hosts.cache import cache_folder

from ..drivers.hypervisors import is_required, skip_without

SMALL = Recipe(
    name="small",
    about="what a shell needs",
    suite="bookworm",
    packages=("dash", "coreutils", "util-linux"),
    version_of="dash",
    provided=("snaptree-nothing",),
    excluded=("perl-base",),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tree]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SNAPTREE_CACHE", str(tmp_path_factory.mktemp("cache")))
        try:
            check_host()
            yield install(SMALL)
        except DriverUnavailable as error:
            skip_without("trees" if is_required("trees") else "virtualbox", error)


def _inside(tree: Tree, script: str, *binds: Bind | Path) -> str:
    ran = tree.run(["/bin/sh", "-euc", script], binds=binds, environment={"GIVEN": "yes"}, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_a_tree_is_made_once_and_says_what_is_in_it(tree: Tree) -> None:
    assert tree.read_mark()["version"] == tree.versions["dash"] != ""
    assert not {"perl-base", "snaptree-stands-for"} & set(tree.versions)
    assert not (tree.path / "usr" / "bin" / "perl").exists()
    assert find_tree(SMALL) == install(SMALL) == require_tree(SMALL) == tree
    assert sorted(path.name for path in tree.path.parent.iterdir()) == [
        tree.path.name,
        f"{tree.path.name}.lock",
    ]


def test_inside_is_the_tree_and_what_was_bound_and_nothing_else(tree: Tree, tmp_path: Path) -> None:
    bound, beside = tmp_path / "bound", tmp_path / "beside"
    for folder in (bound, beside):
        folder.mkdir()
    (beside / "file").write_text("from outside")
    said = _inside(
        tree,
        f"echo $GIVEN > {bound}/written; cat /there; ls {tmp_path}; test -c /dev/null; test -e /proc/1",
        bound,
        Bind(beside / "file", "/there"),
    )
    assert said.split("\n") == ["from outsidebound", ""]
    assert (bound / "written").read_text() == "yes\n"
    assert (
        _inside(tree, "ls /tmp /run /root; env | cut -d= -f1 | sort")
        == "/root:\n\n/run:\n\n/tmp:\nGIVEN\nHOME\nLC_ALL\nPATH\nPWD\n"
    )


def test_nothing_inside_changes_the_tree_or_the_host(tree: Tree) -> None:
    def mounts() -> list[str]:
        """What is mounted in the tree or over the host's own folders: other tests mount elsewhere."""
        lines = Path("/proc/mounts").read_text().splitlines()
        ours = (str(tree.path), "/usr", "/etc", "/var", "/opt")
        return [line for line in lines if line.split()[1].startswith(ours)]

    before = mounts()
    for place in ("/usr", "/etc", "/var", "/opt"):
        ran = tree.run(["/bin/sh", "-c", f": > {place}/changed"], timeout=60)
        assert "Read-only" in ran.stderr, ran
    _inside(tree, ": > /tmp/made")
    assert not list((tree.path / "mnt").iterdir())
    assert mounts() == before


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGTERM])
def test_no_half_tree_stays(tree: Tree, tmp_path: Path, ended_by: signal.Signals) -> None:
    del tree  # a tree can be made here
    script = (
        "import sys, signal\n"
        "from snaptree.conformance.hosts import install\n"
        "from snaptree.conformance.hosts.systems import Recipe\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        f"install({SMALL!r}, lambda what, *_: print(what, flush=True))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "SNAPTREE_CACHE": str(tmp_path)},
    ) as making:
        assert making.stdout
        for line in making.stdout:
            if line.startswith("unpack"):
                making.send_signal(ended_by)
                break
    assert making.returncode != 0
    give_up = time.monotonic() + 15
    while (left := [path for path in (tmp_path / "trees").iterdir() if path.suffix != ".lock"]) and (
        time.monotonic() < give_up
    ):
        time.sleep(0.05)
    assert left == []


def test_a_finish_that_fails_leaves_nothing(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del tree
    monkeypatch.setenv("SNAPTREE_CACHE", str(tmp_path))

    def finish(half: Tree) -> None:
        assert (half.path / "usr" / "bin" / "env").exists()
        raise DriverUnavailable("it does not build")

    with pytest.raises(DriverUnavailable, match="does not build"):
        install(replace(SMALL, finishing="build", finish=finish))
    assert [path.suffix for path in (tmp_path / "trees").iterdir()] == [".lock"]


def test_what_cannot_be_had_is_one_clear_sentence(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del tree
    monkeypatch.setenv("SNAPTREE_CACHE", str(tmp_path))
    with pytest.raises(DriverUnavailable, match="no-such-package-anywhere"):
        install(replace(SMALL, packages=("no-such-package-anywhere",)))
    with pytest.raises(DriverUnavailable, match="no-such-suite") as refused:
        install(replace(SMALL, suite="no-such-suite"))
    assert "Traceback" not in str(refused.value)
    with pytest.raises(DriverUnavailable) as missing:
        require_tree(SMALL)
    assert missing.value.install == "snaptree drivers --install small"


def test_who_is_not_root_or_not_on_debian_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(DriverUnavailable, match="root"):
        check_host()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "apt-get" else f"/usr/bin/{tool}")
    with pytest.raises(DriverUnavailable, match="apt-get"):
        check_host()


def test_the_cache_is_where_it_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNAPTREE_CACHE", str(tmp_path / "named"))
    assert cache_folder() == tmp_path / "named"
    monkeypatch.delenv("SNAPTREE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "snaptree"
    monkeypatch.setenv("SNAPTREE_CACHE", "/proc/nowhere")
    with pytest.raises(DriverUnavailable, match="SNAPTREE_CACHE"):
        cache_folder()
