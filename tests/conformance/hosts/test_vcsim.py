"""The private vcsim: what is kept of its tree, and that its source decides which tree it is."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from snaptree.conformance.driver import DriverUnavailable
from snaptree.conformance.hosts.vcsim import VCSIM, vcsim

from ..drivers.hypervisors import skip_without


def test_another_source_is_another_tree() -> None:
    assert replace(VCSIM, finishing="compiling vcsim (00000000)").digest != VCSIM.digest
    assert replace(VCSIM, about="in other words").digest == VCSIM.digest


def test_little_more_than_the_program_is_kept_and_it_runs_anywhere() -> None:
    try:
        program = vcsim()
    except DriverUnavailable as error:
        skip_without("esx", error)
    assert program.version.count(".") == 2
    tree = program.path.parent
    assert not list(tree.glob("usr/lib/go-*")) + list(tree.glob("usr/share/gocode"))
    assert sum(one.stat().st_size for one in tree.rglob("*") if one.is_file()) < 80 * 2**20
    # Nobody listens, so it has nothing to wait for; that it ends by itself is what drivers rely on.
    ran = subprocess.run(
        [program.path, "esx"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        env={"VCSIM_USER": "a", "VCSIM_PASSWORD": "b", "TMPDIR": "/tmp"},
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert '"certificate":"-----BEGIN CERTIFICATE-----' in ran.stdout
