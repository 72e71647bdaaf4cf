"""Chapter active-state: Work on the active state."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("active-state"))
