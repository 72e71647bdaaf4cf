"""A folder as JSON, for a trace: files are compressed, and no path leads out of it."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from snaptree.conformance.storage.replay import Folder

MOST_PACKED: Final = 8 * 1024 * 1024
"""The most bytes of compressed content in one trace."""

MOST_UNPACKED: Final = 512 * 1024 * 1024
"""The most bytes that a trace may grow to."""


class PackFault(ValueError):
    """A packed folder that cannot be unpacked; the text gives the reason."""


def pack(folder: Folder) -> dict[str, Any] | None:
    """The folder as JSON; None for one that is too large."""
    if sum(len(file.content) for file in folder.files.values()) > MOST_UNPACKED:
        return None
    names: dict[int, list[str]] = {}
    for path, inode in sorted(folder.names.items()):
        names.setdefault(inode, []).append(path)
    size = 0
    files = []
    for inode, paths in names.items():
        content = zlib.compress(folder.files[inode].content, 6)
        size += len(content)
        if size > MOST_PACKED:
            return None
        mode = folder.files[inode].mode
        files.append({"names": paths, "mode": mode, "content": b64encode(content).decode("ascii")})
    return {"files": files, "folders": dict(folder.folders), "links": dict(folder.links)}


def unpack(packed: Mapping[str, Any]) -> Folder:
    """The folder. Raises PackFault if a path leads out of it, or content is damaged or too large."""
    folder = Folder(folders=dict(packed["folders"]), links=dict(packed["links"]))
    left = MOST_UNPACKED
    for number, file in enumerate(packed["files"], start=1):
        content = _inflated(file["content"], left)
        left -= len(content)
        folder.put(number, file["names"], content, file["mode"])
    for path in (*folder.names, *folder.folders, *folder.links):
        _check(path, folder)
    return folder


def _inflated(text: str, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(b64decode(text, validate=True), most + 1)
    except (ValueError, zlib.error) as error:
        raise PackFault(f"a file of the stored folder is damaged: {error}") from None
    if len(content) > most:
        raise PackFault(f"the stored folder is larger than {MOST_UNPACKED:,} bytes")
    if not unpacker.eof:
        raise PackFault("a file of the stored folder is cut short")
    return content


def _check(path: str, folder: Folder) -> None:
    parts = path.split("/")
    if any(one in ("", ".", "..") for one in parts) or "\0" in path:
        raise PackFault(f"{path!r:.100} is no path in the stored folder")
    above = [str(one) for one in PurePosixPath(path).parents][:-1]
    if any(one not in folder.folders for one in above):
        raise PackFault(f"{path!r:.100} lies in no folder of the stored folder")
