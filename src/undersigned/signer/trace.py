"""What the log has of one signature: read whole and checked here, so that the site does not learn whose.

What is found is as sure as the log's key: every entry was read, and together they give the root that the
key has signed. Whether others are shown the same log is for the verifier to say.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import httpx2

from undersigned.domain.letter import LetterId, Mode
from undersigned.domain.record import (
    AmendRecord,
    InvalidateRecord,
    Record,
    SignRecord,
    WithdrawRecord,
    parse_record,
)
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError, VerificationError
from undersigned.signer.exchange import PATIENT, Patience, fetch
from undersigned.signer.letter_view import API, LetterHead
from undersigned.tlog.checkpoint import parse_checkpoint
from undersigned.tlog.merkle import Frontier, leaf_hash
from undersigned.tlog.tile import (
    ENTRIES,
    FULL_WIDTH,
    TilePath,
    format_tile_path,
    parse_entry_bundle,
)

MOST_ENTRIES: Final = 10_000_000
"""A size from outside may be absurd; so many entries are some 8 GB."""


class End(StrEnum):
    """Why a signature no longer counts."""

    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"


@dataclass(frozen=True, slots=True)
class Trace:
    """A signature as the log has it: its leaf, how it stands, how often it was amended, how it ended.

    `leaf` is None for one that waits for the log; `size` is that of the log that was read.
    """

    leaf: int | None
    mode: Mode
    condition: int | None
    name: bytes | None
    amended: int
    end: End | None
    size: int


def find_trace(
    client: httpx2.Client, head: LetterHead, pk: bytes, *, patience: Patience = PATIENT
) -> Trace | None:
    """Read the whole log and return what it has of a key's signature of a letter, if anything.

    Raises VerificationError for a log that its key has not signed; FormatError, Unreachable.
    """
    root = f"{head.base.removesuffix(API)}/log"
    note = fetch(client, f"{root}/checkpoint", patience).body
    checkpoint = parse_checkpoint(note, head.site.log_key)
    if checkpoint.size > MOST_ENTRIES:
        raise FormatError("The log says that it has more entries than any site has.")
    frontier, trace = Frontier.empty(), None
    for index, entry in enumerate(_read_entries(client, root, checkpoint.size, patience)):
        frontier.append(leaf_hash(entry))
        if _may_concern(entry, head.letter.letter_id, pk):
            trace = _traced(trace, parse_record(entry), index, pk, checkpoint.size)
    if frontier.root() != checkpoint.root:
        raise VerificationError("The entries of the log are not those that its checkpoint signs.")
    return trace


def _read_entries(
    client: httpx2.Client, root: str, size: int, patience: Patience
) -> Iterator[bytes]:
    for start in range(0, size, FULL_WIDTH):
        width = min(FULL_WIDTH, size - start)
        path = format_tile_path(TilePath(ENTRIES, start // FULL_WIDTH, width))
        yield from parse_entry_bundle(fetch(client, f"{root}/{path}", patience).body, width)


def _may_concern(entry: bytes, letter_id: LetterId, pk: bytes) -> bool:
    """Say whether an entry is worth reading: most are other people's."""
    if format_base64url(letter_id).encode() not in entry:
        return False
    return format_base64url(pk).encode() in entry or b'"t":"invalidate"' in entry


def _traced(trace: Trace | None, record: Record, index: int, pk: bytes, size: int) -> Trace | None:
    match record:
        case SignRecord() if record.pk == pk:
            return Trace(index, record.mode, record.condition, record.name, 0, None, size)
        case AmendRecord() if record.pk == pk and trace is not None:
            return replace(
                trace,
                mode=record.mode,
                condition=record.condition,
                name=record.name,
                amended=record.seq,
            )
        case WithdrawRecord() if record.pk == pk and trace is not None:
            return replace(trace, end=End.WITHDRAWN)
        case InvalidateRecord() if trace is not None and record.leaf == trace.leaf:
            return replace(trace, end=End.INVALIDATED)
        case _:
            return trace
