"""Chapter tree: The tree and the current snapshot."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("tree"))
