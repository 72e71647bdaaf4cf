"""The process boundary: a driver in a process of its own, spoken to in JSON-RPC 2.0 over stdio.

A hypervisor's library may hang, abort or print; in a process of its own that
is a finding about the call in flight, and the run goes on with a new process.
``client`` is the side of the runner, ``server`` serves any driver that is
written in Python, ``guard`` stands between them and leaves no orphans.

A driver in another language reads requests from stdin and writes answers to
stdout, one JSON document a line, in the order in which they came::

    {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"protocol": 1, "options": {…}}}
    {"jsonrpc": "2.0", "id": 1, "result": {"name": "mine", "version": "1.0", "profile": "rfc"}}
    {"jsonrpc": "2.0", "id": 2, "method": "open", "params": {"disks": {"vda": 1048576}, "persistent": true}}
    {"jsonrpc": "2.0", "id": 2, "result": {"domain": "d1", "calls": ["create", "revert", "observe", "close"]}}
    {"jsonrpc": "2.0", "id": 3, "method": "revert",
     "params": {"domain": "d1", "snapshot": "nobody", "resume_as": null}}
    {"jsonrpc": "2.0", "id": 3, "error": {"code": 1, "message": "no snapshot nobody",
     "data": {"kind": "NoSuchSnapshot"}}}

``hello`` is the first request and ``shutdown`` the last one; between them come
``open`` and the calls of its domains, under their names in ``driver.py``, every
argument given. The end of stdin means: remove what was made, and end. The
messages are those of ``rpc-request.schema.json`` and ``rpc-response.schema.json``;
with ``SNAPTREE_CHECK_MESSAGES=1`` both sides check each of them.
"""

from snaptree.conformance.drivers.remote.client import ProcessFailed, RemoteDomain, RemoteDriver
from snaptree.conformance.drivers.remote.messages import RemoteError

__all__ = ["ProcessFailed", "RemoteDomain", "RemoteDriver", "RemoteError"]
