"""Chapter power: Power, memory and running domains."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("power"))
