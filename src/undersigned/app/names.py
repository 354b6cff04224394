"""The names under a letter as people look through them: page by page, by search, and one at a time.

Whoever is not found may have signed all the same: sealed, anonymously, or not at all. Nothing here tells
these three apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from undersigned.app.counting import ENDED, count_letter
from undersigned.app.hiding import Hidden, find_hidden
from undersigned.app.letters import Letters, stage_of
from undersigned.app.site import Site
from undersigned.app.struck import Invalidation, find_erasure, find_invalidation
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.name import fold as fold
from undersigned.domain.reasons import EraseReason
from undersigned.errors import UnknownLeaf
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.signatures import ShownName, SignatureRow
from undersigned.store.tallies import read_tallies
from undersigned.tlog.merkle import leaf_hash

NAMES_ON_A_PAGE = 100

MOST_WORDS = 8
"""Words of a search: a name and a role have fewer."""


@dataclass(frozen=True, slots=True)
class NamesPage:
    """A page of names in the log's order; `found` counts those of all pages, `pages` is at least 1.

    `hidden` says of which the statement is hidden, by leaf, and why.
    """

    names: tuple[ShownName, ...]
    found: int
    number: int
    pages: int
    hidden: dict[int, Hidden] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature in the log, with the name that is shown for it, if any, and its epoch.

    `stands` says whether it is in the outcome; `entry` is the record's canonical bytes; `invalidation`,
    `erasure` and `hidden` are why organisers ended it, took its name away or hid its statement.
    """

    row: SignatureRow
    shown: ShownName | None
    stands: bool
    entry: bytes
    leaf_hash: bytes
    epoch: int
    at: int
    invalidation: Invalidation | None
    erasure: EraseReason | None
    hidden: Hidden | None


def get_names(site: Site, letters: Letters, name: str, *, query: str, number: int) -> NamesPage:
    """Return a page (from 1; the last, if there are fewer) of the names that match every word.

    Raises UnknownLetter.
    """
    words = fold(query).split()[:MOST_WORDS]
    with site.collector.read() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        found = _count(connection, letter_id, words)
        number, pages = _clamp(number, found)
        names = signature_store.search_shown_names(
            connection,
            letter_id,
            words,
            offset=(number - 1) * NAMES_ON_A_PAGE,
            limit=NAMES_ON_A_PAGE,
        )
        hidden = find_hidden(connection, [each.leaf_index for each in names])
    return NamesPage(tuple(names), found, number, pages, hidden)


def _count(connection: Connection, letter_id: bytes, words: Sequence[str]) -> int:
    if words:
        return signature_store.count_shown_names(connection, letter_id, words)
    return read_tallies(connection, letter_id).shown(Mode.PUBLIC.value)


def _clamp(number: int, found: int) -> tuple[int, int]:
    pages = max(1, -(-found // NAMES_ON_A_PAGE))
    return max(1, min(number, pages)), pages


def get_signature(site: Site, letters: Letters, name: str, leaf_index: int) -> Signature:
    """Return the signature at a place of the log. Raises UnknownLetter, and UnknownLeaf.

    UnknownLeaf is also what stands there if it is no signature of this letter.
    """
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        signature = signature_store.find_signature(connection, leaf_index)
        epoch = letter_store.find_epoch_of(connection, row.letter_id, leaf_index)
        if signature is None or signature.letter_id != row.letter_id or epoch is None:
            raise UnknownLeaf
        entry = log_store.read_entries(connection, leaf_index, leaf_index + 1)[0]
        return Signature(
            row=signature,
            shown=signature_store.find_shown_name(connection, leaf_index),
            stands=_stands(connection, letters.view(row).letter, stage_of(row).state, signature),
            entry=entry,
            leaf_hash=leaf_hash(entry),
            epoch=epoch[0],
            at=epoch[1],
            invalidation=find_invalidation(connection, leaf_index),
            erasure=find_erasure(connection, leaf_index),
            hidden=find_hidden(connection, [leaf_index]).get(leaf_index),
        )


def _stands(connection: Connection, letter: Letter, state: State, signature: SignatureRow) -> bool:
    if signature.status != "live" or state in ENDED:
        return False
    return signature.fixed or signature.condition <= count_letter(connection, letter).m
