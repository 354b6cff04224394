"""What a witness is sent: a checkpoint, and the proof that it continues another one (c2sp.org/tlog-witness).

Lines: `old <size>`, the hashes of the consistency proof in base64, a blank line, and the checkpoint
verbatim. The answer is signature lines alone (`note.parse_signatures`).
"""

from dataclasses import dataclass
from typing import Final

from undersigned.encoding import format_base64
from undersigned.errors import FormatError
from undersigned.tlog.fields import parse_decimal, parse_hash
from undersigned.tlog.merkle import MAX_PROOF_HASHES
from undersigned.tlog.note import MAX_NOTE_SIZE

MAX_REQUEST_SIZE: Final = MAX_NOTE_SIZE + 45 * MAX_PROOF_HASHES + 64
"""Largest request in bytes: its three parts, each at its own limit."""
SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"
"""What a 409 is: the size of the latest checkpoint that was cosigned, and a newline."""

_OLD: Final = "old "


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request, not verified: the size it starts from, hashes of the proof, the signed checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes


def parse_add_checkpoint(data: bytes) -> AddCheckpoint:
    """Parse the body of a request; its checkpoint is not looked at. Raises FormatError."""
    if len(data) > MAX_REQUEST_SIZE:
        raise FormatError("The request is too large.")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not (blank and head.isascii()):
        raise FormatError("The request has no ASCII lines and blank line before its checkpoint.")
    first, *lines = head.decode("ascii").split("\n")
    if not first.startswith(_OLD):
        raise FormatError("The request does not begin with the old size.")
    if len(lines) > MAX_PROOF_HASHES:
        raise FormatError("The proof has more than 63 hashes.")
    old_size = parse_decimal(first.removeprefix(_OLD))
    return AddCheckpoint(old_size, tuple(parse_hash(line) for line in lines), checkpoint)


def format_add_checkpoint(request: AddCheckpoint) -> bytes:
    """Write a request, as the bytes that `parse_add_checkpoint` takes.

    Raises FormatError if it has too many hashes, or is too large.
    """
    lines = [f"{_OLD}{request.old_size}", *map(format_base64, request.proof)]
    data = "\n".join(lines).encode("ascii") + b"\n\n" + request.checkpoint
    if parse_add_checkpoint(data) != request:
        raise FormatError("The request cannot be written as it is.")
    return data


def parse_size(data: bytes) -> int:
    """Parse the size that a 409 answers. Raises FormatError."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise FormatError("The size is not ASCII.") from None
    if not text.endswith("\n"):
        raise FormatError("The size does not end in a newline.")
    return parse_decimal(text[:-1])
