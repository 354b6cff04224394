"""What an organiser may do to a signature, in public: invalidate it with a reason, or erase its name.

Both are records under the organiser's key. Invalidating strikes public and opened signatures that were
shown to be false: the count says so. Erasing takes away a name and nothing else: hash and count stand.

Each transaction leaves a log that is whole. A crash between two of them leaves some of the signatures
invalidated; the same command finds those that are left.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from undersigned.app.letters import Letters
from undersigned.app.log import Batch, publish
from undersigned.app.meaning import Meant, Selection, may_be_invalidated
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.crypto.token import nonce_of
from undersigned.domain.explanation import format_explanation
from undersigned.domain.reasons import EraseReason, InvalidateReason
from undersigned.domain.record import (
    AmendRecord,
    EraseRecord,
    InvalidateRecord,
    SignRecord,
    parse_record,
    signed_bytes,
)
from undersigned.errors import NothingToErase, UnknownLeaf
from undersigned.store import hidden as hidden_store
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.signatures import SignatureRow

MOST_PER_TRANSACTION = 500
"""Signers wait while one is written: for so many, well under a second."""

_NO_SIGNATURE = bytes(64)


@dataclass(frozen=True, slots=True)
class Invalidated:
    """How many were invalidated, and the leaves that were left out.

    `changed` are no longer what was selected (ended, or under another name); of `waiting` a change waits
    for its epoch, after which they can be looked at again.
    """

    number: int
    changed: tuple[int, ...]
    waiting: tuple[int, ...]


def invalidate(
    site: Site,
    letters: Letters,
    selection: Selection,
    reason: InvalidateReason,
    explanation: str,
    on_progress: Callable[[int], None] | None = None,
) -> Invalidated:
    """Invalidate who was selected, with a public reason and explanation.

    `on_progress` is told how many more are done. Raises FormatError for an explanation that is none;
    RolledBack, before anything is written.
    """
    document = format_explanation(explanation)
    publish(site)
    number = 0
    changed: list[int] = []
    waiting: list[int] = []
    for start in range(0, len(selection.meant), MOST_PER_TRANSACTION):
        chunk = selection.meant[start : start + MOST_PER_TRANSACTION]
        done = _invalidate_chunk(site, letters, chunk, reason, document)
        number += done.number
        changed += done.changed
        waiting += done.waiting
        publish(site)
        if on_progress is not None:
            on_progress(len(chunk))
    return Invalidated(number, tuple(changed), tuple(waiting))


def _invalidate_chunk(
    site: Site,
    letters: Letters,
    chunk: Sequence[Meant],
    reason: InvalidateReason,
    document: bytes,
) -> Invalidated:
    changed, waiting, number = [], [], 0
    with site.collector.write() as connection:
        batch = Batch(connection, site)
        turn = _turn(connection, batch, letters, chunk[0].row.letter_id)
        digest = letter_store.put_document(connection, document)
        pending = _signers_who_change(connection, turn)
        for meant in chunk:
            leaf = meant.row.leaf_index
            row = signature_store.find_signature(connection, leaf)
            if row is None or not may_be_invalidated(row) or row.name != meant.row.name:
                changed.append(leaf)
            elif nonce_of(row.pk) in pending:
                # It was promised a place in the log, which it could not have after this record.
                waiting.append(leaf)
            else:
                record = InvalidateRecord(
                    turn.letter.letter_id, leaf, reason, digest, _NO_SIGNATURE
                )
                sig = site.keys.organiser.sign(signed_bytes(record))
                turn.invalidate(dataclasses.replace(record, sig=sig))
                number += 1
        if number:
            batch.write()
    return Invalidated(number, tuple(changed), tuple(waiting))


def erase_name(site: Site, letters: Letters, name: str, leaf: int, reason: EraseReason) -> None:
    """Delete the name of a signature, every one that it has had; hash and count stand.

    Raises UnknownLetter, UnknownLeaf; NothingToErase if it has none, or a change of it waits;
    RolledBack, before anything is written.
    """
    publish(site)
    with site.collector.write() as connection:
        letter_row = letters.get_row(connection, name)
        row = signature_store.find_signature(connection, leaf)
        if row is None or row.letter_id != letter_row.letter_id:
            raise UnknownLeaf(f"Leaf {leaf} is no signature of this letter.")
        batch = Batch(connection, site)
        turn = _turn(connection, batch, letters, row.letter_id)
        names = names_of(connection, row)
        if row.erased or not any(_is_here(connection, digest) for digest in names):
            raise NothingToErase
        if nonce_of(row.pk) in _signers_who_change(connection, turn):
            raise NothingToErase(
                "A change of this signature waits for its epoch; erase its name after that."
            )
        record = EraseRecord(turn.letter.letter_id, leaf, reason, _NO_SIGNATURE)
        sig = site.keys.organiser.sign(signed_bytes(record))
        turn.erase(dataclasses.replace(record, sig=sig), names)
        hidden_store.delete_hidden(connection, leaf)
        batch.write()
    publish(site)


def _is_here(connection: Connection, digest: bytes) -> bool:
    return (
        letter_store.find_document(connection, digest) is not None
        or pending_store.find_blob(connection, digest) is not None
    )


def _turn(connection: Connection, batch: Batch, letters: Letters, letter_id: bytes) -> Turn:
    view = letters.get(connection, letter_id)
    row = letter_store.find_letter(connection, letter_id)
    if row is None:
        raise UnknownLeaf
    return Turn(connection, batch, view, row)


def _signers_who_change(connection: Connection, turn: Turn) -> frozenset[bytes]:
    """Return the nonces of those of whom a change waits for the log."""
    rows = pending_store.list_pending(connection, turn.letter_id, with_late=True)
    return frozenset(row.nonce for row in rows if row.crowd == "change" and row.nonce is not None)


def names_of(connection: Connection, row: SignatureRow) -> list[bytes]:
    """Return the hashes of all names in the log that a signature has had: those of its records."""
    nonce = nonce_of(row.pk)
    signed = pending_store.find_spent(connection, row.letter_id, nonce)
    taken = [] if signed is None else [signed]
    taken += pending_store.list_changes(connection, row.letter_id, nonce).values()
    names = []
    for each in taken:
        index = log_store.find_leaf_index(connection, each.leaf_hash)
        entries = [] if index is None else log_store.read_entries(connection, index, index + 1)
        for entry in entries:
            record = parse_record(entry)
            if isinstance(record, SignRecord | AmendRecord) and record.name is not None:
                names.append(record.name)
    return names
