"""The content of disks, read and written through IMediumIO: the merged content at any snapshot."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.kit.blocks import block_count, block_value, disk_entry
from snaptree.conformance.drivers.virtualbox.soap import Api
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE

MOST: Final = 1 << 18
"""Bytes that one read gives at most (seen: 0x80070057 beyond)."""


@contextmanager
def _opened(api: Api, image: str, *, writable: bool) -> Iterator[str]:
    # An image that is open is locked: it is closed before anything else is done to the machine.
    opened = api.call("IMedium_openForIO", image, writable, "")
    try:
        yield opened
    finally:
        api.call("IMediumIO_close", opened)


def write(api: Api, image: str, blocks: Mapping[int, int]) -> None:
    """Set blocks to their values; the image is opened once."""
    with _opened(api, image, writable=True) as opened:
        for block, value in blocks.items():
            content = base64.b64encode(bytes([value]) * BLOCK_SIZE).decode()
            api.call("IMediumIO_write", opened, block * BLOCK_STRIDE, content)


def read(api: Api, image: str) -> dict[str, Json]:
    """One disk in the form of an observation: its size, and every block that does not read zero."""
    end = size(api, image)
    with _opened(api, image, writable=False) as opened:
        values = {
            block: block_value(_content(api, opened, block * BLOCK_STRIDE, BLOCK_SIZE))
            for block in range(block_count(end))
        }
    return disk_entry(end, values)


def digest(api: Api, image: str) -> str:
    """SHA-256 of every byte."""
    end = size(api, image)
    found = sha256()
    with _opened(api, image, writable=False) as opened:
        for offset in range(0, end, MOST):
            found.update(_content(api, opened, offset, min(MOST, end - offset)))
    return found.hexdigest()


def size(api: Api, image: str) -> int:
    """The size in bytes. SDK: of an image that nobody opened yet, VirtualBox knows it after refreshState."""
    known: int = api.call("IMedium_getLogicalSize", image)
    if known == 0:
        api.call("IMedium_refreshState", image)
        known = api.call("IMedium_getLogicalSize", image)
    return known


def _content(api: Api, opened: str, offset: int, size: int) -> bytes:
    return base64.b64decode(api.call("IMediumIO_read", opened, offset, size))
