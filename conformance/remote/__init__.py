"""The process boundary under its public name; see ``snaptree.conformance.drivers.remote``."""

from snaptree.conformance.drivers.remote import ProcessFailed, RemoteDomain, RemoteDriver, RemoteError

__all__ = ["ProcessFailed", "RemoteDomain", "RemoteDriver", "RemoteError"]
