"""The older place of ``snaptree.spec.libvirt.calls``, which ``step`` takes as it takes every operation."""

from snaptree.spec.libvirt.calls import *  # noqa: F403 - all of it, as before
from snaptree.spec.libvirt.calls import LIBVIRT_CALLS as NATIVE_CALLS
from snaptree.spec.libvirt.calls import LibvirtCall as NativeCall
from snaptree.spec.semantics import step as any_step

__all__ = ["NATIVE_CALLS", "NativeCall", "any_step"]
