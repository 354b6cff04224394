"""One letter's turn in a transaction: its epoch, its outcomes, and what they do to its rows.

A `Turn` is the only writer of a letter's records. It keeps the order of formats §8 (`epoch`, `issued`,
`sign`, then changes; each group shuffled) and of §7 (an `outcome` when a state is entered).
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from undersigned.app.counting import ENDED, count_letter, find_standing, read_counts, unopened_of
from undersigned.app.letters import LetterView, format_stage, stage_of
from undersigned.app.log import Batch
from undersigned.app.telling import tell_trustees
from undersigned.domain.kinds import MOST_AMENDMENTS
from undersigned.domain.letter import Mode, State
from undersigned.domain.name import NameDocument, parse_name
from undersigned.domain.outcome import Outcome, outcome_hash
from undersigned.domain.record import (
    AmendRecord,
    EpochRecord,
    EraseRecord,
    GuaranteeRecord,
    InvalidateRecord,
    NoticeKind,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    ResponseRecord,
    RollRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
    parse_record,
)
from undersigned.domain.stage import (
    Move,
    move_after_epoch,
    stage_after_epoch,
    stage_after_opening,
    stage_after_outcome,
)
from undersigned.errors import StoreError
from undersigned.store import answers as answer_store
from undersigned.store import guarantees as guarantee_store
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import notices as notice_store
from undersigned.store import pending as pending_store
from undersigned.store import roll_states
from undersigned.store import signatures as signature_store
from undersigned.store import waves as wave_store
from undersigned.store.answers import ResponseRow
from undersigned.store.database import Connection
from undersigned.store.guarantees import GuaranteeRow
from undersigned.store.letters import LetterRow
from undersigned.store.notices import NoticeRow
from undersigned.store.pending import PendingRow
from undersigned.store.signatures import ShownName, SignatureRow

MOST_PRINTED_BEFORE: Final = 1_000
"""PDFs of one letter: one more for each time that names were erased."""

_shuffle = random.SystemRandom().shuffle

R = TypeVar("R", SignRecord, AmendRecord)


class Turn:
    """A letter while a transaction writes its records."""

    def __init__(
        self,
        connection: Connection,
        batch: Batch,
        view: LetterView,
        row: LetterRow,
        *,
        replays: bool = False,
    ) -> None:
        # What is read from another's log has its order, and may lack names that were erased since.
        self._replays = replays
        self._connection = connection
        self._batch = batch
        self.letter = view.letter
        self.stage = stage_of(row)
        self.at = row.at
        self._epochs = row.epochs
        self.epoch_at = row.epoch_at
        self._roll_n = row.roll_n
        # Leaf indexes of this batch: the database learns them when the batch is written.
        self._new_leaves: dict[bytes, int] = {}

    @property
    def letter_id(self) -> bytes:
        """The letter's id."""
        return self.letter.letter_id

    # --- epochs

    def write_epoch(self, rows: Sequence[PendingRow], at: int) -> None:
        """Append an epoch with these records, and the outcome that follows from it."""
        at = max(at, self.at)
        self._epochs += 1
        self.at = self.epoch_at = at
        epoch = EpochRecord(self.letter.letter_id, self._epochs, at)
        self._batch.add(epoch)
        self.stage = stage_after_epoch(self.stage, epoch)
        groups: dict[str, list[PendingRow]] = defaultdict(list)
        for row in rows:
            groups["sign" if row.crowd in ("public", "crowd") else row.crowd].append(row)
        for name in ("issued", "sign"):
            self._shuffle(groups[name])
        for row in groups["issued"]:
            self._append(row)
        signed = [(self._append(row), row) for row in groups["sign"]]
        self._add_signatures(signed)
        for row in self._in_turn(groups["change"]):
            self._apply_change(row, self._append(row))
        pending_store.delete_pending(self._connection, [row.leaf_hash for row in rows])
        self._write_history()
        move = move_after_epoch(
            self.letter, self.stage, count_letter(self._connection, self.letter)
        )
        if move is not None:
            self.enter(move)

    def write_changes(self, at: int) -> bool:
        """Append an epoch with the changes that wait for nothing else; say whether there were any.

        From `closes` on the first epoch takes all that waits.
        """
        rows = pending_store.list_pending(self._connection, self.letter.letter_id, with_late=True)
        if at < self.letter.closes:
            waiting = {row.nonce for row in rows if row.crowd in ("public", "crowd")}
            rows = [row for row in rows if row.crowd == "change" and row.nonce not in waiting]
        if rows:
            self.write_epoch(rows, at)
        return bool(rows)

    def _shuffle(self, rows: list[Any]) -> None:
        if not self._replays:
            _shuffle(rows)

    def _in_turn(self, rows: Sequence[PendingRow]) -> list[PendingRow]:
        """Put changes into random order, those of one signature by seq with the withdrawal last."""
        signers: dict[bytes | None, list[tuple[int, PendingRow]]] = defaultdict(list)
        for row in rows:
            record = parse_record(row.record)
            seq = record.seq if isinstance(record, AmendRecord) else MOST_AMENDMENTS + 1
            signers[row.nonce].append((seq, row))
        groups = list(signers.values())
        self._shuffle(groups)
        return [row for group in groups for _, row in sorted(group, key=lambda pair: pair[0])]

    def _append(self, row: PendingRow) -> int:
        index = self._batch.add_entry(row.record, row.leaf_hash)
        self._new_leaves[row.leaf_hash] = index
        return index

    def _add_signatures(self, signed: Iterable[tuple[int, PendingRow]]) -> None:
        rows, names = [], []
        for index, row in signed:
            record = _parse(row.record, SignRecord)
            rows.append(
                SignatureRow(
                    leaf_index=index,
                    letter_id=record.letter_id,
                    pk=record.pk,
                    mode=record.mode.value,
                    condition=record.condition or 0,
                    name=record.name,
                )
            )
            if record.mode is Mode.PUBLIC and record.name is not None:
                names += self._shown_names(index, record.name)
        signature_store.add_signatures(self._connection, rows)
        signature_store.add_shown_names(self._connection, names)

    def _shown_names(self, index: int, digest: bytes) -> list[ShownName]:
        """Return what is shown of a public name: one name, none if it is gone already in a replay."""
        content = letter_store.find_document(self._connection, digest)
        if content is not None:
            return [self._shown_name(index, parse_name(content))]
        if self._replays:
            return []
        raise StoreError("the document of a public name is missing")

    def _shown_name(self, index: int, document: NameDocument) -> ShownName:
        attestation = document.attestation
        return ShownName(
            leaf_index=index,
            letter_id=self.letter.letter_id,
            name=attestation.name,
            role=attestation.role,
            verified=attestation.verified.value,
            statement=document.statement,
        )

    def _apply_change(self, row: PendingRow, index: int) -> None:
        if row.nonce is None:
            raise StoreError("a waiting change has no signer")
        signed = pending_store.find_spent(self._connection, self.letter.letter_id, row.nonce)
        leaf = None if signed is None else self._find_leaf(signed.leaf_hash)
        if leaf is None:
            raise StoreError(f"the change at {index} belongs to no signature in the log")
        signature = signature_store.find_signature(self._connection, leaf)
        if signature is None:
            raise StoreError(f"the signature at {leaf} is missing from the database")
        record = parse_record(row.record)
        if isinstance(record, WithdrawRecord):
            self._drop_name(signature)
            signature_store.change_signature(self._connection, leaf, status="withdrawn")
            return
        amended = _parse(row.record, AmendRecord)
        renamed = amended.name != signature.name
        if renamed:
            self._drop_name(signature)
        signature_store.change_signature(
            self._connection,
            leaf,
            mode=amended.mode.value,
            condition=amended.condition or 0,
            name=amended.name,
        )
        if renamed and amended.mode is Mode.PUBLIC and amended.name is not None:
            shown = self._shown_names(leaf, amended.name)
            signature_store.add_shown_names(self._connection, shown)

    def _find_leaf(self, leaf_hash: bytes) -> int | None:
        index = self._new_leaves.get(leaf_hash)
        if index is not None:
            return index
        return log_store.find_leaf_index(self._connection, leaf_hash)

    def _drop_name(self, signature: SignatureRow) -> None:
        """Destroy what a signature had by way of a name, before it changes or ends.

        A name that was public already stays a document: it was shown, and proofs name it.
        """
        if signature.mode == Mode.SEALED.value and not signature.opened and signature.name:
            pending_store.delete_blob(self._connection, signature.name)
        signature_store.delete_shown_name(self._connection, signature.leaf_index)

    # --- outcomes

    def enter(self, move: Move) -> Outcome:
        """Append the outcome that enters a state (or freezes a wave) and do what it entails."""
        live = [] if move.state in ENDED else self._live()
        outcome = find_standing(self.letter, live)
        record = OutcomeRecord(
            letter_id=self.letter.letter_id,
            state=move.state,
            wave=move.wave,
            at=move.at,
            m=outcome.m,
            standing=len(outcome.standing),
            waiting=outcome.waiting,
            hash=outcome_hash(outcome.standing),
        )
        index = self._batch.add(record)
        unopened = len(unopened_of(live, outcome))
        if unopened and move.wave > self.stage.wave:
            wave_store.add_wave(self._connection, self.letter_id, move.wave, index)
            tell_trustees(self._connection, self.letter, move)
        self.stage = stage_after_outcome(self.stage, record, unopened=unopened)
        self.at = max(self.at, move.at)
        if move.state in (*ENDED, State.CLOSED):
            self._destroy_seals()
        self.save()
        return outcome

    def _live(self) -> list[SignatureRow]:
        return signature_store.list_live(self._connection, self.letter.letter_id)

    def fix(self, standing: Iterable[int]) -> None:
        """Make signatures unconditional: they were released together."""
        signature_store.change_signatures(self._connection, standing, fixed=1)

    def _destroy_seals(self) -> None:
        """Destroy every sealed name that will never be opened."""
        for row in self._live():
            if row.mode == Mode.SEALED.value and not row.opened and row.name:
                pending_store.delete_blob(self._connection, row.name)

    # --- openings

    def add_opening(self, record: OpeningRecord, *, holds: bool) -> None:
        """Append the record of an opening; `holds` is m(S) ≥ rule (formats §7)."""
        self._batch.add(record)
        self.stage = stage_after_opening(self.stage, record, holds=holds)
        self.save()

    # --- the roll

    def state_roll(self, record: RollRecord) -> None:
        """Append a later roll: how many the letter's issuer may give tokens to from here on."""
        self._batch.add(record)
        roll_states.put_roll(self._connection, self.letter_id, record.n, format_record(record))
        letter_store.put_roll_n(self._connection, self.letter_id, record.n)

    # --- notices

    def add_notice(self, record: NoticeRecord) -> int:
        """Append a notice; return its leaf. No count depends on it but the headcount that is shown."""
        index = self._batch.add(record)
        row = NoticeRow(
            index, record.letter_id, record.kind.value, record.at, record.n, record.document
        )
        notice_store.add_notice(self._connection, row)
        return index

    # --- answers and guarantees

    def add_response(self, record: ResponseRecord, addressee: int | None) -> int:
        """Append answers to demands; return their leaf. `addressee` is whose link it was, if one's."""
        index = self._batch.add(record)
        rows = [
            ResponseRow(
                index,
                answer.id,
                record.letter_id,
                answer.state.value,
                record.at,
                record.source.value,
                addressee,
                record.document,
            )
            for answer in record.demands
        ]
        answer_store.add_responses(self._connection, rows)
        return index

    def add_guarantee(self, record: GuaranteeRecord) -> int:
        """Append a guarantee that is given or withdrawn; return its leaf."""
        index = self._batch.add(record)
        row = GuaranteeRow(
            index,
            record.letter_id,
            record.state.value,
            record.at,
            record.cap,
            record.expires,
            record.document,
        )
        guarantee_store.add_guarantee(self._connection, row)
        return index

    # --- what the organiser does to a signature

    def invalidate(self, record: InvalidateRecord) -> None:
        """Append the record that ends a public or opened signature, and strike its name.

        Its document, or opened blob, stays: the record points at what was shown.
        """
        self._batch.add(record)
        signature_store.delete_shown_name(self._connection, record.leaf)
        signature_store.change_signature(self._connection, record.leaf, status="invalidated")

    def erase(self, record: EraseRecord, names: Iterable[bytes]) -> None:
        """Append the record that says that a name is gone, and destroy all that these hashes name."""
        self._batch.add(record)
        signature_store.delete_shown_name(self._connection, record.leaf)
        signature_store.change_signature(self._connection, record.leaf, erased=1)
        for digest in (*names, *self._printed()):
            pending_store.delete_blob(self._connection, digest)
            letter_store.delete_document(self._connection, digest)

    def _printed(self) -> list[bytes]:
        """Return the PDFs of the letter, which hold every name; `app.releasing` makes another."""
        rows = notice_store.list_notices(
            self._connection, self.letter_id, [NoticeKind.PDF.value], MOST_PRINTED_BEFORE
        )
        return [row.document for row in rows]

    # --- the letter's own row

    def save(self) -> None:
        """Store where the letter is."""
        letter_store.put_stage(
            self._connection,
            self.letter.letter_id,
            stage=format_stage(self.stage),
            epochs=self._epochs,
            epoch_at=self.epoch_at,
            at=self.at,
            active=self.stage.state not in ENDED,
        )

    def _write_history(self) -> None:
        self.save()
        counts = read_counts(self._connection, self.letter, self.stage.state)
        letter_store.add_history(
            self._connection,
            self.letter.letter_id,
            n=self._epochs,
            at=self.at,
            size=self._batch.next_index,
            counts=msgspec.json.encode(counts).decode(),
        )


def _parse(entry: bytes, kind: type[R]) -> R:
    record = parse_record(entry)
    if not isinstance(record, kind):
        raise StoreError("a waiting record is of another kind than its row says")
    return record
