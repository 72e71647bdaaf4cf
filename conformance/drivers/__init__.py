"""The drivers that come with snaptree: a folder for each system, and what they share.

``registry`` names and opens any driver, ``remote`` is one in a process of its own, and ``kit`` is what a
new driver is built from.
"""

from snaptree.conformance.drivers.declared import UnknownDriver, UnknownSetting
from snaptree.conformance.drivers.registry import SHIPPED, Shipped, open_driver, shipped_driver

__all__ = ["SHIPPED", "Shipped", "UnknownDriver", "UnknownSetting", "open_driver", "shipped_driver"]
