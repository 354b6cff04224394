"""What a letter was: kept after each step that changes its numbers, and found again by size or time.

Formats §7, "As of": the steps of a letter are its opening, its epochs, and every later outcome, opening,
invalidation, erasure and headcount. The answer comes with the published checkpoint that proves it.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from undersigned.app.counting import Counts, read_counts, read_headcount
from undersigned.app.letters import Letters
from undersigned.app.log import find_published_note, hash_reader
from undersigned.app.site import Site
from undersigned.domain.as_of import AsOf, AtSize, AtTime
from undersigned.domain.letter import Letter, State
from undersigned.errors import UnknownMoment
from undersigned.store import log as log_store
from undersigned.store import moments as moment_store
from undersigned.store.database import Connection
from undersigned.store.moments import MomentRow
from undersigned.tlog.checkpoint import parse_checkpoint
from undersigned.tlog.merkle import consistency_proof, tree_root

# Made here and not at the first use, which may be in two threads at once (see `domain.canonical`).
_COUNTS: Final = msgspec.json.Decoder(Counts)


@dataclass(frozen=True, slots=True)
class Proof:
    """A published checkpoint, as it was published, and that it continues a smaller tree (32 B each)."""

    checkpoint: str
    size: int
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """A letter after one of its steps, with the root of the tree of `size` entries.

    `at` is the later of the last epoch's time and the last outcome's; `until` is the `at` of the first
    later step that has a later one, None while there is none. `proof` is None until it is published.
    """

    size: int
    root: bytes
    epochs: int
    at: int
    until: int | None
    headcount: int
    counts: Counts
    proof: Proof | None


def keep_moment(
    connection: Connection, letter: Letter, state: State, *, size: int, epochs: int, at: int
) -> MomentRow:
    """Store what a letter is after the step that ends a tree of `size` entries."""
    counts = read_counts(connection, letter, state)
    row = MomentRow(
        letter_id=letter.letter_id,
        size=size,
        epochs=epochs,
        at=at,
        headcount=read_headcount(connection, letter),
        counts=msgspec.json.encode(counts).decode(),
    )
    moment_store.put_moment(connection, row)
    return row


def get_moment(site: Site, letters: Letters, name: str, as_of: AsOf) -> Moment:
    """Return a letter as it was at a size of the tree or at a time. Raises UnknownLetter, UnknownMoment.

    What is not there yet, or was before the letter opened, is unknown: nobody can prove it.
    """
    published = find_published_note(site)
    with site.collector.read() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        newest = log_store.find_checkpoint(connection)
        size = 0 if newest is None else newest.size
        match as_of:
            case AtSize(asked):
                if asked > size:
                    raise UnknownMoment(f"The log has {size} entries and none beyond.")
                row = moment_store.find_by_size(connection, letter_id, asked)
            case AtTime(at):
                if at > site.clock.now():
                    raise UnknownMoment("That time has not come.")
                row = moment_store.find_by_time(connection, letter_id, at)
        if row is None:
            raise UnknownMoment("The letter was not open yet.")
        return _moment(site, connection, row, size, published)


def _moment(
    site: Site, connection: Connection, row: MomentRow, size: int, published: bytes | None
) -> Moment:
    later = moment_store.find_later(connection, row.letter_id, row.at)
    return Moment(
        size=row.size,
        root=tree_root(row.size, hash_reader(connection, size)),
        epochs=row.epochs,
        at=row.at,
        until=None if later is None else later.at,
        headcount=row.headcount,
        counts=_COUNTS.decode(row.counts),
        proof=_find_proof(site, connection, row.size, published),
    )


def _find_proof(
    site: Site, connection: Connection, size: int, published: bytes | None
) -> Proof | None:
    """Return the first checkpoint that was published with all of a tree; None before there is one.

    Of trees from before checkpoints were kept it is the one that is published now.
    """
    kept = moment_store.find_covering(connection, size)
    note = published if kept is None else kept.note.encode()
    if note is None:
        return None
    checkpoint = parse_checkpoint(note, site.keys.log.verifier)
    if checkpoint.size < size:
        return None
    read = hash_reader(connection, checkpoint.size)
    proof = consistency_proof(size, checkpoint.size, read)
    return Proof(note.decode(), checkpoint.size, tuple(proof))
