"""Replaying a mirrored log into the collector's database: what sequencing did is done once more.

Epochs and outcomes are made again by the code that made them (`app.turn`), and each entry that it would
write has to be the one in the mirror, to the byte. What only requests brought is taken from the records:
tokens that were spent, changes that were taken, tokens that were issued. Documents come from the mirror,
sealed names only from this database: no mirror has them.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from undersigned.app.drafting import store_letter
from undersigned.app.letters import Letters, stage_of
from undersigned.app.log import Batch
from undersigned.app.moderating import names_of
from undersigned.app.opening import read_name
from undersigned.app.site import Site
from undersigned.app.taking import promised_by
from undersigned.app.turn import Turn
from undersigned.crypto.token import nonce_of
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.opening import OpenedLeaf, OpeningFile, parse_opening
from undersigned.domain.record import (
    AmendRecord,
    EpochRecord,
    EraseRecord,
    GuaranteeRecord,
    InvalidateRecord,
    IssuedRecord,
    LetterRecord,
    NoticeKind,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    Record,
    ResponseRecord,
    RollRecord,
    SignRecord,
    WithdrawRecord,
    documents_of,
    format_record,
    parse_record,
)
from undersigned.domain.response import parse_response
from undersigned.domain.stage import Move
from undersigned.domain.timestamp import parse_timestamp
from undersigned.errors import FormatError, StoreError, VerificationError
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import notices as notice_store
from undersigned.store import pending as pending_store
from undersigned.store import roll_states
from undersigned.store import signatures as signature_store
from undersigned.store import waves as wave_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.notices import TimestampRow
from undersigned.store.pending import PendingRow, Taken
from undersigned.store.signatures import SignatureRow
from undersigned.tlog.checkpoint import parse_checkpoint_body
from undersigned.tlog.merkle import leaf_hash

FindDocument: TypeAlias = Callable[[bytes], bytes | None]
"""Return a document of the mirror by its hash, None if the mirror does not have it."""
FindTurn: TypeAlias = Callable[[OpeningRecord, OpeningFile], tuple[tuple[int, ...], bool]]
"""Return the leaves of S that an opening releases, and whether the rule holds for it."""
InEpoch: TypeAlias = IssuedRecord | SignRecord | AmendRecord | WithdrawRecord

NOBODY_ASKED: Final = bytes(32)
"""In place of the address that was asked for a timestamp: the log does not have it."""


class _CheckedBatch(Batch):
    """A batch in which every entry has to be the mirror's."""

    def __init__(self, connection: Connection, site: Site, entries: list[bytes]) -> None:
        Batch.__init__(self, connection, site)
        self._mirrored = entries

    def add_entry(self, entry: bytes, digest: bytes | None = None) -> int:
        """Append an entry. Raises VerificationError if the mirror has another one there."""
        index = self.next_index
        if index >= len(self._mirrored) or self._mirrored[index] != entry:
            raise VerificationError(
                f"leaf {index} of the mirror is not what this site would have written; it may have been"
                " served by a newer version: recover with that one"
            )
        return Batch.add_entry(self, entry, digest)


class Replaying:
    """Takes the entries of a verified mirror, from the end of the database's log on.

    `entries` are all of the mirror's. Everything happens in the transaction of `connection`.
    """

    def __init__(
        self,
        connection: Connection,
        site: Site,
        entries: list[bytes],
        find_document: FindDocument,
        find_turn: FindTurn,
    ) -> None:
        self._connection = connection
        self._site = site
        self._entries = entries
        self._find_document = find_document
        self._find_turn = find_turn
        self._letters = Letters(site)

    def step(self, index: int) -> int:
        """Take what stands at a leaf and what was written with it; return the leaf after that.

        Raises VerificationError, StoreError.
        """
        record = self._record(index)
        batch = _CheckedBatch(self._connection, self._site, self._entries)
        self._keep_documents(record)
        if isinstance(record, LetterRecord):
            self._open(index, record, batch)
        else:
            self._take(index, record, batch)
        batch.write()
        return batch.next_index

    def _record(self, index: int) -> Record:
        return parse_record(self._entries[index])

    def _keep_documents(self, record: Record) -> None:
        for digest in documents_of(record):
            content = self._find_document(digest)
            if content is not None:
                letter_store.put_document(self._connection, content)

    def _open(self, index: int, record: LetterRecord, batch: Batch) -> None:
        roll, outcome = self._record(index + 1), self._record(index + 2)
        if not (isinstance(roll, RollRecord) and isinstance(outcome, OutcomeRecord)):
            raise VerificationError(f"the letter at {index} was never opened")
        for each in (record, roll, outcome):
            batch.add(each)
        store_letter(self._connection, record, outcome, roll, size=batch.next_index)

    def _take(self, index: int, record: Record, batch: Batch) -> None:
        letter_id = getattr(record, "letter_id", b"")
        row = letter_store.find_letter(self._connection, letter_id)
        if row is None:
            raise VerificationError(f"leaf {index} is of a letter that was never opened")
        view = self._letters.view(row)
        turn = Turn(self._connection, batch, view, row, replays=True)
        match record:
            case EpochRecord():
                rows = self._rows_of(index, view.letter, row, record.at)
                turn.write_epoch(rows, record.at)
            case OutcomeRecord():
                self._enter(turn, record)
            case OpeningRecord():
                self._apply_opening(turn, record)
            case NoticeRecord():
                self._add_notice(turn, record)
            case InvalidateRecord():
                turn.invalidate(record)
            case EraseRecord():
                signature = self._get_signature(record.leaf)
                turn.erase(record, names_of(self._connection, signature))
            case ResponseRecord():
                turn.add_response(record, self._find_addressee(record))
            case GuaranteeRecord():
                turn.add_guarantee(record)
            case RollRecord():
                turn.state_roll(record)
            case _:
                batch.add(record)

    def _enter(self, turn: Turn, record: OutcomeRecord) -> None:
        outcome = turn.enter(Move(record.state, record.wave, record.at))
        if record.state is State.FROZEN and not turn.stage.opening_due:
            turn.signers.fix(outcome.standing)
        pending_store.clear_late(self._connection, turn.letter_id)

    # --- epochs

    def _rows_of(self, index: int, letter: Letter, row: LetterRow, at: int) -> list[PendingRow]:
        """Return the records of the epoch at a leaf, as they waited for it; mark them as taken."""
        rows = []
        for following in range(index + 1, len(self._entries)):
            record = self._record(following)
            if not isinstance(record, InEpoch) or record.letter_id != row.letter_id:
                break
            entry = format_record(record)
            taken = Taken(leaf_hash(entry), promised_by(letter, at))
            crowd, nonce = self._mark(record, taken)
            self._keep_documents(record)
            rows.append(
                PendingRow(
                    taken.leaf_hash, row.letter_id, crowd, nonce, entry, taken.by, late=False
                )
            )
        return rows

    def _mark(self, record: InEpoch, taken: Taken) -> tuple[pending_store.Crowd, bytes | None]:
        """Do what the intake did. Raises VerificationError if it had taken something else there."""
        connection, letter_id = self._connection, record.letter_id
        if isinstance(record, IssuedRecord):
            if not pending_store.add_issued(connection, letter_id, record.member, taken.leaf_hash):
                held = pending_store.find_issued(connection, letter_id, record.member)
                _check_same(held, taken)
            elif not roll_states.count_one_issued(connection, letter_id):
                raise VerificationError("more tokens were issued than the roll has members")
            return "issued", None
        nonce = nonce_of(record.pk)
        if isinstance(record, SignRecord):
            if not pending_store.spend_token(connection, letter_id, nonce, taken):
                spent = pending_store.find_spent(connection, letter_id, nonce)
                _check_same(spent.leaf_hash if spent else None, taken)
            return ("public" if record.mode is Mode.PUBLIC else "crowd"), nonce
        seq = record.seq if isinstance(record, AmendRecord) else 0
        if not pending_store.add_change(connection, letter_id, nonce, seq, taken):
            change = pending_store.list_changes(connection, letter_id, nonce).get(seq)
            _check_same(change.leaf_hash if change else None, taken)
        return "change", nonce

    # --- names

    def _get_signature(self, leaf: int) -> SignatureRow:
        signature = signature_store.find_signature(self._connection, leaf)
        if signature is None:
            raise StoreError(f"the signature at {leaf} is missing from the database")
        return signature

    def _apply_opening(self, turn: Turn, record: OpeningRecord) -> None:
        content = self._find_document(record.file)
        if content is None:
            raise VerificationError(
                "the mirror lacks the file of an opening: mirror the site again"
            )
        file = parse_opening(content)
        members, holds = self._find_turn(record, file)
        for leaf in file.leaves:
            signature = self._get_signature(leaf.index)
            if isinstance(leaf, OpenedLeaf):
                self._show(signature, leaf.key)
                signature_store.change_signature(self._connection, leaf.index, opened=1)
            else:
                self._publish_blob(signature)
                signature_store.change_signature(self._connection, leaf.index, status="unopenable")
        if holds:
            turn.signers.fix(members)
        turn.add_opening(record, holds=holds)
        wave_store.delete_shares(self._connection, turn.letter_id)

    def _show(self, signature: SignatureRow, key: bytes) -> None:
        blob = self._publish_blob(signature)
        # One that was erased since is shown nowhere any more.
        if blob is not None:
            signature_store.add_shown_names(self._connection, [read_name(signature, blob, key)])

    def _publish_blob(self, signature: SignatureRow) -> bytes | None:
        if signature.name is None:
            return None
        pending_store.delete_blob(self._connection, signature.name)
        blob = self._find_document(signature.name)
        if blob is not None:
            letter_store.put_document(self._connection, blob)
        return blob

    # --- notices

    def _add_notice(self, turn: Turn, record: NoticeRecord) -> None:
        leaf = turn.add_notice(record)
        content = self._find_document(record.document)
        if record.kind is not NoticeKind.TIMESTAMP or content is None:
            return
        try:
            stamp = parse_timestamp(content)
            size = None if stamp.note is None else parse_checkpoint_body(stamp.note).size
        except FormatError:
            return
        notice_store.add_timestamp(
            self._connection,
            TimestampRow(leaf, record.letter_id, NOBODY_ASKED, stamp.authority, size, record.at),
        )

    # --- answers

    def _find_addressee(self, record: ResponseRecord) -> int | None:
        """Return whose link an answer came by; None also where its document was taken down."""
        content = self._find_document(record.document)
        try:
            answerer = None if content is None else parse_response(content).answerer
        except FormatError:
            return None
        return None if answerer is None else answerer.addressee


def _check_same(held: bytes | None, taken: Taken) -> None:
    if held != taken.leaf_hash:
        raise VerificationError("this database has taken another record than the mirror's log has")


def count_lost_seals(connection: Connection, row: LetterRow) -> int:
    """Count the sealed names of a letter that can still be asked for and that nobody has any more."""
    if stage_of(row).state in (State.CLOSED, State.LAPSED, State.SUPERSEDED):
        return 0
    return sum(
        signature.mode == Mode.SEALED.value
        and not (signature.opened or signature.erased)
        and signature.name is not None
        and pending_store.find_blob(connection, signature.name) is None
        for signature in signature_store.list_live(connection, row.letter_id)
    )


def size_of(connection: Connection) -> int:
    """Return the size of the database's log."""
    row = log_store.find_checkpoint(connection)
    return 0 if row is None else row.size
