"""Sessions that people paste, as traces: what they typed, and what was answered."""

from __future__ import annotations

from snaptree.conformance.sequences.pasted.qemu_img import qemu_img_session as qemu_img_session
from snaptree.conformance.sequences.pasted.session import Converted as Converted
from snaptree.conformance.sequences.pasted.session import PasteError as PasteError
from snaptree.conformance.sequences.pasted.vboxmanage import vboxmanage_session as vboxmanage_session
from snaptree.conformance.sequences.pasted.virsh import virsh_session as virsh_session
