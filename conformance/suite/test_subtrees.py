"""Chapter subtrees: Removing a subtree."""

from snaptree.conformance.suite.ruling import tests_of

globals().update(tests_of("subtrees"))
