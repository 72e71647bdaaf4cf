"""Private Debian trees: run a system that the host does not have, without touching the host.

A ``Recipe`` lists the packages of a tree and their suite. ``install`` makes the tree once in the cache
folder; the host's own apt fetches the packages from the host's mirror and verifies them. ``Tree.command``
runs a program inside. ``systems`` lists the available systems; ``snaptree drivers --install NAME`` installs
one.
"""

from snaptree.conformance.hosts.installing import find_tree, install, require_tree
from snaptree.conformance.hosts.recipe import Recipe
from snaptree.conformance.hosts.systems import SYSTEMS
from snaptree.conformance.hosts.tree import Bind, Tree

__all__ = ["SYSTEMS", "Bind", "Recipe", "Tree", "find_tree", "install", "require_tree"]
