"""Starts QEMU's tools for domains whose snapshots lie inside their images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from snaptree.conformance.driver import DEFAULT_DISKS
from snaptree.conformance.drivers.qemu.image_driver import ImageDriver
from snaptree.conformance.drivers.qemu.internal.domain import InternalDomain
from snaptree.conformance.drivers.qemu.internal.images import Images
from snaptree.conformance.drivers.qemu.programs import SETTINGS


class InternalDriver(ImageDriver):
    """qemu-img snapshot. Settings as for ``ImageDriver``."""

    name = "qemu:internal"
    settings: ClassVar[Mapping[str, str]] = SETTINGS
    own_profile = "qemu-internal"
    prefix = "snaptree-internal-"
    images_class: type[Images] = Images

    def open(self, disks: Mapping[str, int] = DEFAULT_DISKS) -> InternalDomain:
        """A fresh domain of images that read zero; sizes in bytes."""
        images = self.images_class(self._next_folder(), disks, self._tools, self._console)
        return InternalDomain(images, self.profile, keep=self._keeps)
