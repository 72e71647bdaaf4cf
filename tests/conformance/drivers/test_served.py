"""What the process of a served driver imports: a private tree has to have all of it as packages."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ASKED = """
import importlib, json, sys
import snaptree.conformance.drivers.remote.server
for module in {modules}:
    importlib.import_module(module)
print(json.dumps(sorted(sys.modules)))
"""

ROOMS = (
    "engine",
    "sequences",
    "methods",
    "judging",
    "running",
    "reports",
    "mutants",
    "comparing",
    "shell",
    "suite",
    "cli",
)

SERVED = {
    "libvirt": ["snaptree.conformance.drivers.libvirt.serving"],
    "esx": ["snaptree.conformance.drivers.esx.serving"],
    "virtualbox": ["snaptree.conformance.drivers.virtualbox.serving"],
    "qemu": ["snaptree.conformance.drivers.qemu"],
    "simulator": ["snaptree.conformance.drivers.simulator"],
}


@pytest.mark.parametrize("driver", SERVED)
def test_a_served_driver_loads_no_part_of_the_suite(driver: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", ASKED.format(modules=SERVED[driver])],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    modules = json.loads(answer.stdout)
    assert SERVED[driver][0] in modules
    suite = [
        one for one in modules if one.startswith(tuple(f"snaptree.conformance.{room}" for room in ROOMS))
    ]
    assert suite == []
    # What judges a driver has no part in it.
    assert not {"snaptree.spec.semantics", "snaptree.spec.rules", "snaptree.spec.plan"}.intersection(modules)
    assert not {"hypothesis", "pytest", "rich", "typer", "xmlschema"}.intersection(modules)
