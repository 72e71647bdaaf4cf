"""Hypervisors that keep their domains in files: some do not come through a kill, some do it in other ways."""

from snaptree.conformance.mutants.stored.catalogue import STORED as STORED
from snaptree.conformance.mutants.stored.driver import StoredDriver as StoredDriver
