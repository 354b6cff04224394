"""Proof files: one leaf is in the log, shown offline (c2sp.org/tlog-proof@v1).

Lines: the version, perhaps `extra <base64>`, `index <decimal>`, the hashes of the inclusion proof
in base64, a blank line, and the checkpoint verbatim. The extra data is proved by nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from undersigned.crypto.note_key import NoteKey
from undersigned.encoding import format_base64, parse_base64
from undersigned.errors import FormatError
from undersigned.tlog.checkpoint import Checkpoint, parse_checkpoint, parse_checkpoint_body
from undersigned.tlog.fields import parse_decimal, parse_hash
from undersigned.tlog.merkle import MAX_PROOF_HASHES, verify_inclusion
from undersigned.tlog.note import MAX_NOTE_SIZE, parse_note

MAX_EXTRA_SIZE: Final = 64 * 1024
"""Largest extra data in bytes: room for one record and its document's hash, whatever its kind."""
MAX_PROOF_SIZE: Final = MAX_NOTE_SIZE + 4 * MAX_EXTRA_SIZE // 3 + 64 * MAX_PROOF_HASHES
"""Largest proof file in bytes: its three parts, each at its own limit."""

_VERSION: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof, not verified: extra data, leaf index, hashes from the leaf up, signed checkpoint."""

    extra: bytes | None
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def parse_proof(data: bytes) -> TlogProof:
    """Parse a proof file, whose checkpoint must be well-formed too (tlog-proof, "Format").

    Raises FormatError.
    """
    if len(data) > MAX_PROOF_SIZE:
        raise FormatError("The proof is too large.")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not (blank and head.isascii()):
        raise FormatError("The proof has no ASCII lines and blank line before its checkpoint.")
    version, *lines = head.decode("ascii").split("\n")
    if version != _VERSION:
        raise FormatError("The file is not a tlog-proof of version 1.")
    extra = _parse_extra(lines.pop(0)) if lines and lines[0].startswith(_EXTRA) else None
    if not lines or not lines[0].startswith(_INDEX):
        raise FormatError("The proof has no index.")
    index = parse_decimal(lines[0].removeprefix(_INDEX))
    if len(lines) - 1 > MAX_PROOF_HASHES:
        raise FormatError("The proof has more than 63 hashes.")
    hashes = tuple(parse_hash(line) for line in lines[1:])
    parse_checkpoint_body(parse_note(checkpoint).text)
    return TlogProof(extra, index, hashes, checkpoint)


def format_proof(proof: TlogProof) -> bytes:
    """Write a proof file, as the bytes that `parse_proof` takes.

    Raises FormatError if a part cannot stand in a proof.
    """
    data = "\n".join(_head(proof)).encode("ascii") + b"\n\n" + proof.checkpoint
    parse_proof(data)
    return data


def verify_proof(proof: TlogProof, leaf_hash: bytes, log_key: NoteKey) -> Checkpoint:
    """Verify that the log with this key has the 32-byte leaf hash at the proof's index.

    tlog-proof, "Verifying a tlog proof", steps 2 and 4; return the checkpoint that the leaf is in.
    Step 1, from a record to its leaf hash, is the caller's, and step 3 is `note.verify_note` over
    `proof.checkpoint` with the keys of the witnesses. Raises FormatError, VerificationError.
    """
    checkpoint = parse_checkpoint(proof.checkpoint, log_key)
    verify_inclusion(leaf_hash, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint


def _parse_extra(line: str) -> bytes:
    extra = parse_base64(line.removeprefix(_EXTRA))
    if not 0 < len(extra) <= MAX_EXTRA_SIZE:
        raise FormatError("The extra data of a proof is empty or too large.")
    return extra


def _head(proof: TlogProof) -> Iterator[str]:
    yield _VERSION
    if proof.extra is not None:
        yield _EXTRA + format_base64(proof.extra)
    yield f"{_INDEX}{proof.index}"
    yield from map(format_base64, proof.hashes)
