"""The names under a letter as people look through them: page by page, by search, and one at a time.

Whoever is not found may have signed all the same: sealed, anonymously, or not at all. Nothing here tells
these three apart.
"""

import unicodedata
from dataclasses import dataclass

from undersigned.app.counting import ENDED, count_letter
from undersigned.app.letters import Letters, stage_of
from undersigned.app.site import Site
from undersigned.domain.letter import Letter, State
from undersigned.errors import UnknownLeaf
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.signatures import ShownName, SignatureRow
from undersigned.tlog.merkle import leaf_hash

NAMES_ON_A_PAGE = 100

MOST_WORDS = 8
"""Words of a search: a name and a role have fewer."""


@dataclass(frozen=True, slots=True)
class NamesPage:
    """A page of names in the log's order; `found` counts those of all pages, `pages` is at least 1."""

    names: tuple[ShownName, ...]
    found: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature in the log, with the name that is shown for it, if any, and its epoch.

    `stands` says whether it is in the outcome; `entry` is the record's canonical bytes.
    """

    row: SignatureRow
    shown: ShownName | None
    stands: bool
    entry: bytes
    leaf_hash: bytes
    epoch: int
    at: int


def get_names(site: Site, letters: Letters, name: str, *, query: str, number: int) -> NamesPage:
    """Return a page (from 1; the last, if there are fewer) of the names that match every word.

    Raises UnknownLetter.
    """
    words = fold(query).split()[:MOST_WORDS]
    with site.collector.read() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        if words:
            return _search(connection, letter_id, words, number)
        found = signature_store.count_shown_names(connection, letter_id)
        number, pages = _clamp(number, found)
        names = signature_store.list_shown_from(
            connection, letter_id, offset=(number - 1) * NAMES_ON_A_PAGE, limit=NAMES_ON_A_PAGE
        )
    return NamesPage(tuple(names), found, number, pages)


def _search(connection: Connection, letter_id: bytes, words: list[str], number: int) -> NamesPage:
    # Databases differ in what they call the same letter; here é is e on all of them.
    leaves = []
    for leaf, name, role in signature_store.iter_shown_words(connection, letter_id):
        text = fold(f"{name} {role or ''}")
        if all(word in text for word in words):
            leaves.append(leaf)
    number, pages = _clamp(number, len(leaves))
    start = (number - 1) * NAMES_ON_A_PAGE
    names = signature_store.list_shown_at(connection, leaves[start : start + NAMES_ON_A_PAGE])
    return NamesPage(tuple(names), len(leaves), number, pages)


def _clamp(number: int, found: int) -> tuple[int, int]:
    pages = max(1, -(-found // NAMES_ON_A_PAGE))
    return max(1, min(number, pages)), pages


def fold(text: str) -> str:
    """Return a text without case and accents, as names are compared in a search."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


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
        )


def _stands(connection: Connection, letter: Letter, state: State, signature: SignatureRow) -> bool:
    if signature.status != "live" or state in ENDED:
        return False
    return signature.fixed or signature.condition <= count_letter(connection, letter).m
