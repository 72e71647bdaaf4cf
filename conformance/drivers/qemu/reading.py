"""What a layer holds, as QEMU reads it: through its whole chain, without reverting.

Every layer is read anew whenever somebody looks. Nothing is remembered from an
earlier look and nothing is taken from what an operation was meant to do, so
damage shows in the step that did it. With 1.4 ms for the two disks of a point
there is nothing to be gained by remembering.
"""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path

from snaptree.conformance.driver import Json
from snaptree.conformance.drivers.qemu.console import Console
from snaptree.conformance.drivers.qemu.storage import Storage
from snaptree.conformance.drivers.qemu.tools import Tools, run
from snaptree.spec.state import BLOCK_SIZE, BLOCK_STRIDE


def point_of(storage: Storage, console: Console, layer: int) -> dict[str, Json]:
    """A point in the form of an observation. A block that holds several values is shown as -1."""
    disks = {disk: _disk(console, located(storage, disk, layer)) for disk in storage.disks}
    # A domain that never runs has neither memory nor a configuration.
    return {"disks": disks, "memory": None, "power": "off", "configuration": {}}


def _disk(console: Console, image: str) -> dict[str, Json]:
    with console.image(image):
        size = console.size()
        last = (size - BLOCK_SIZE) // BLOCK_STRIDE
        values = {str(block): console.read(block * BLOCK_STRIDE) for block in range(last + 1)}
    return {"size": size, "blocks": {block: value for block, value in values.items() if value}}


def located(storage: Storage, disk: str, layer: int) -> str:
    """The name of an image for a console that runs in the folder above the domain's."""
    return f"{storage.folder.name}/{storage.image(disk, layer)}"


def digests_of(storage: Storage, tools: Tools, layers: dict[str, int]) -> dict[str, dict[str, str]]:
    """SHA-256, in hexadecimal, of everything a guest would read from each disk of these layers."""
    return {where: _digests(storage, tools, layer) for where, layer in layers.items()}


def _digests(storage: Storage, tools: Tools, layer: int) -> dict[str, str]:
    images = {disk: storage.image(disk, layer) for disk in storage.disks}
    plain = {disk: storage.folder / f"{image}.raw" for disk, image in images.items()}
    try:
        run([tools.raw(images[disk], plain[disk].name) for disk in images], storage.folder)
        return {disk: _digest(path) for disk, path in plain.items()}
    finally:
        for path in plain.values():
            path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return file_digest(content, "sha256").hexdigest()
