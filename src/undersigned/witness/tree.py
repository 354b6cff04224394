"""What a log hands to its witnesses; who asks them is `witness.asking`, which a site without never needs."""

from collections.abc import Callable
from dataclasses import dataclass

from undersigned.crypto.note_key import NoteKey
from undersigned.tlog.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Tree:
    """What is to be cosigned: a checkpoint as the log's key signed it, and how to prove and recompute.

    `prove` gives the consistency proof from a smaller size, `root_of` the root of a smaller tree.
    """

    key: NoteKey
    checkpoint: Checkpoint
    note: bytes
    prove: Callable[[int], tuple[bytes, ...]]
    root_of: Callable[[int], bytes]
