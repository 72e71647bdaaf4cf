"""Chapter merge-parent: merge into the parent."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("merge-parent"))
