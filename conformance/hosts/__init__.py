"""Private Debian trees: where a system that the host does not have is brought up without touching the host.

A ``Recipe`` says which packages of which suite make a tree. ``install`` makes it in
the cache folder, once, with packages that the host's own apt fetches and checks from
the host's own mirror; ``Tree.command`` runs something inside. The systems that can be
had in this way are in ``systems``; ``snaptree drivers --install NAME`` installs one.
"""

from snaptree.conformance.hosts.installing import install, installed, required
from snaptree.conformance.hosts.recipe import Recipe
from snaptree.conformance.hosts.systems import SYSTEMS
from snaptree.conformance.hosts.tree import Bind, Tree

__all__ = ["SYSTEMS", "Bind", "Recipe", "Tree", "install", "installed", "required"]
