"""Checkpoints: what a log says that its tree is (c2sp.org/tlog-checkpoint@v1.0.0).

The body is three lines: origin, size, base64 of the root. This project's log has no extension
lines, since no monitor could audit them, and a checkpoint that has some is refused; only a witness, who
serves the logs of others too, reads past them.
"""

from dataclasses import dataclass

from undersigned.crypto.note_key import NoteKey
from undersigned.encoding import format_base64
from undersigned.errors import FormatError, VerificationError
from undersigned.tlog.fields import parse_decimal, parse_hash, parse_lines
from undersigned.tlog.note import parse_note, verify_note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the log's origin, the number of leaves, the 32-byte root; signed as it is."""

    origin: str
    size: int
    root: bytes


def parse_checkpoint(data: bytes, key: NoteKey) -> Checkpoint:
    """Parse a signed checkpoint and verify that the log with this key, and no other, made it.

    The origin must be the name of the key. Cosignatures are left to `note.verify_note` with the
    keys of the witnesses. Raises FormatError, VerificationError.
    """
    note = parse_note(data)
    verify_note(note, (key,))
    checkpoint = parse_checkpoint_body(note.text)
    if checkpoint.origin != key.name:
        raise VerificationError("The checkpoint is one of another log.")
    return checkpoint


def parse_checkpoint_body(text: str) -> Checkpoint:
    """Parse the text of a checkpoint, verified or not (tlog-checkpoint, "Note text").

    Raises FormatError, also for extension lines.
    """
    return _checkpoint_of(*parse_lines(text, 3))


def parse_any_checkpoint_body(text: str) -> Checkpoint:
    """Parse the text of any log's checkpoint, which may have extension lines: witnesses take those too.

    They are opaque, and none is empty (tlog-checkpoint, "Note text"). Raises FormatError.
    """
    *lines, rest = text.split("\n")
    if rest or len(lines) < 3 or not all(lines):
        raise FormatError("A checkpoint has at least three lines, and none of them is empty.")
    return _checkpoint_of(*lines[:3])


def _checkpoint_of(origin: str, size: str, root: str) -> Checkpoint:
    if not origin or any(sign < " " for sign in origin):
        raise FormatError("The origin of a checkpoint is empty or has control characters.")
    return Checkpoint(origin, parse_decimal(size), parse_hash(root))


def format_checkpoint_body(checkpoint: Checkpoint) -> str:
    """Write the text that the log signs and witnesses cosign, with its final LF."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{format_base64(checkpoint.root)}\n"
