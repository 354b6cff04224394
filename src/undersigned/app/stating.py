"""Stating a roll: a later `roll` record of the letter's issuer goes into the log (formats §4, §9.1).

The record, and what the site remembers of it, are written in one transaction: a crash before its
commit leaves nothing, one after it a log that is published later. The issuer hands over the same record
until it has an answer; one that is in the log is known by its number and its leaf.
"""

from undersigned.app.letters import Letters, LetterView, stage_of
from undersigned.app.log import Batch, publish
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import RollKind
from undersigned.domain.record import (
    RollReason,
    RollRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.domain.stage import check_takes_signature
from undersigned.errors import FormatError, RollExceeded, UnknownLetter
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import roll_states
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.tlog.merkle import leaf_hash


def parse_roll_record(entry: bytes) -> RollRecord:
    """Read a later roll as it was handed over. Raises FormatError."""
    record = parse_record(entry)
    if not isinstance(record, RollRecord) or record.reason is RollReason.OPENED:
        raise FormatError("the record is not a later roll")
    return record


def is_stated(site: Site, view: LetterView, record: RollRecord) -> bool:
    """Say whether a later roll is in the log already: a look that keeps nobody waiting.

    Whoever reads the log can hand over its records again. Raises VerificationError.
    """
    verify_ed25519(view.letter.attestation_key, signed_bytes(record), record.sig)
    with site.collector.read() as connection:
        return _has_record(connection, record)


def state_roll(site: Site, letters: Letters, view: LetterView, record: RollRecord) -> bool:
    """Append a later roll of a letter to the log; say False if it is there already.

    Raises VerificationError, FormatError for what does not change the roll, LetterNotOpen,
    RollExceeded; RolledBack, before anything is written.
    """
    verify_ed25519(view.letter.attestation_key, signed_bytes(record), record.sig)
    publish(site)
    with site.collector.write() as connection:
        row = letter_store.find_letter(connection, view.letter_id)
        if row is None:
            raise UnknownLetter
        if _is_in_log(connection, view, record):
            return False
        check_takes_signature(view.letter, stage_of(row), max(site.clock.now(), row.at))
        _check_change(connection, view, row, record)
        batch = Batch(connection, site)
        Turn(connection, batch, letters.view(row), row).state_roll(record)
        batch.write()
    publish(site)
    return True


def _is_in_log(connection: Connection, view: LetterView, record: RollRecord) -> bool:
    """Say whether a record was taken before. Raises FormatError if it is not the next one either.

    Whoever reads the log has every record of the issuer: none is taken twice.
    """
    newest = roll_states.find_roll(connection, view.letter_id)
    held = 0 if newest is None else parse_roll_record(newest).seq or 0
    if (record.seq or 0) > held:
        if record.seq != held + 1:
            raise FormatError("a change of this roll is missing before that one")
        return False
    if not _has_record(connection, record):
        raise FormatError("another change of this roll has that number")
    return True


def _has_record(connection: Connection, record: RollRecord) -> bool:
    return log_store.find_leaf_index(connection, leaf_hash(format_record(record))) is not None


def _check_change(
    connection: Connection, view: LetterView, row: LetterRow, record: RollRecord
) -> None:
    """Check what the verifier checks of a later roll. Raises FormatError, RollExceeded."""
    if view.letter.roll is RollKind.DOMAIN or record.hash is None:
        raise FormatError("the roll of a mail domain does not change")
    grows = record.n > row.roll_n
    if record.n == row.roll_n or grows is not (record.reason is RollReason.ADDED):
        raise FormatError("the roll does not change as its reason says")
    if record.n < roll_states.count_issued(connection, view.letter_id):
        raise RollExceeded
