"""Sessions that people paste, as traces: what they typed, and what was answered."""

from __future__ import annotations

from snaptree.conformance.sequences.pasted.session import Converted as Converted
from snaptree.conformance.sequences.pasted.session import PasteError as PasteError
from snaptree.conformance.sequences.pasted.virsh import virsh_session as virsh_session
