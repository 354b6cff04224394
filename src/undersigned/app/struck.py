"""What no longer counts under a letter, or shows no name any more, and why: no count falls in silence."""

from dataclasses import dataclass

from undersigned.app.letters import Letters
from undersigned.app.site import Site
from undersigned.domain.explanation import parse_explanation
from undersigned.domain.reasons import EraseReason, InvalidateReason
from undersigned.errors import FormatError, StoreError
from undersigned.store import letters as letter_store
from undersigned.store import remarks as remark_store
from undersigned.store.database import Connection
from undersigned.store.remarks import ReasonRow
from undersigned.store.tallies import read_tallies

MOST_REASONS = 50
"""Reasons on one page, those of most signatures first. Whoever needs more reads the log."""

MOST_PLACES = 12
"""Signatures that are linked to for one reason."""


@dataclass(frozen=True, slots=True)
class Invalidation:
    """Why organisers invalidated a signature, and where their record stands in the log.

    `explanation` is None if it is no longer here; the log has its hash, `digest` (32 bytes).
    """

    reason: InvalidateReason
    explanation: str | None
    digest: bytes
    record_index: int


@dataclass(frozen=True, slots=True)
class StruckReason:
    """A reason and an explanation that organisers gave for `number` signatures, and the first of these."""

    reason: InvalidateReason
    explanation: str | None
    number: int
    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Struck:
    """What was struck from a letter: by the organisers, and the seals that held nothing that was a name."""

    reasons: tuple[StruckReason, ...]
    unopenable: int


def find_invalidation(connection: Connection, leaf_index: int) -> Invalidation | None:
    """Return why a signature was invalidated, or None if it was not."""
    row = remark_store.find_remark(connection, leaf_index, "invalidate")
    if row is None or row.text is None:
        return None
    return Invalidation(
        InvalidateReason(row.reason), _explanation(connection, row.text), row.text, row.record_index
    )


def find_erasure(connection: Connection, leaf_index: int) -> EraseReason | None:
    """Return why a name was erased, or None if it was not."""
    row = remark_store.find_remark(connection, leaf_index, "erase")
    return None if row is None else EraseReason(row.reason)


def get_struck(site: Site, letters: Letters, name: str) -> Struck:
    """Return what was struck from a letter, and why. Raises UnknownLetter."""
    with site.collector.read() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        rows = remark_store.list_reasons(connection, letter_id, "invalidate", limit=MOST_REASONS)
        reasons = tuple(_struck(connection, letter_id, row) for row in rows)
        unopenable = read_tallies(connection, letter_id).ended("unopenable")
        return Struck(reasons, unopenable)


def _struck(connection: Connection, letter_id: bytes, row: ReasonRow) -> StruckReason:
    leaves = remark_store.list_leaves(connection, letter_id, "invalidate", row, limit=MOST_PLACES)
    explanation = None if row.text is None else _explanation(connection, row.text)
    return StruckReason(InvalidateReason(row.reason), explanation, row.number, tuple(leaves))


def _explanation(connection: Connection, digest: bytes) -> str | None:
    """Return an explanation, or None if it is not here any more."""
    content = letter_store.find_document(connection, digest)
    try:
        return None if content is None else parse_explanation(content)
    except FormatError:
        raise StoreError("an explanation in the database is damaged") from None
