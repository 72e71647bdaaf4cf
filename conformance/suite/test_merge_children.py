"""Chapter merge-children: merge into children."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("merge-children"))
