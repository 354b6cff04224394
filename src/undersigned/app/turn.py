"""One letter's turn in a transaction: its epoch, its outcomes, and what they do to its rows.

A `Turn` is the only writer of a letter's records. It keeps the order of formats §8 (`epoch`, `issued`,
`sign`, then changes; each group shuffled) and of §7 (an `outcome` when a state is entered).
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from undersigned.app.counting import ENDED, count_letter, find_standing, unopened_of
from undersigned.app.foreseen import Foreseen
from undersigned.app.letters import LetterView, format_stage, stage_of
from undersigned.app.log import Batch
from undersigned.app.moments import keep_moment
from undersigned.app.signers import Signers
from undersigned.app.telling import tell_trustees
from undersigned.domain.kinds import MOST_AMENDMENTS
from undersigned.domain.letter import State
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
from undersigned.store import notices as notice_store
from undersigned.store import pending as pending_store
from undersigned.store import roll_states
from undersigned.store import waves as wave_store
from undersigned.store.answers import ResponseRow
from undersigned.store.database import Connection
from undersigned.store.guarantees import GuaranteeRow
from undersigned.store.letters import LetterRow
from undersigned.store.moments import MomentRow
from undersigned.store.notices import NoticeRow
from undersigned.store.pending import PendingRow

MOST_PRINTED_BEFORE: Final = 1_000
"""PDFs of one letter: one more for each time that names were erased."""

_shuffle = random.SystemRandom().shuffle


class Turn:
    """A letter while a transaction writes its records."""

    def __init__(
        self,
        connection: Connection,
        batch: Batch,
        view: LetterView,
        row: LetterRow,
        *,
        foreseen: Foreseen | None = None,
        replays: bool = False,
    ) -> None:
        # What is read from another's log has its order already.
        self._replays = replays
        self._connection = connection
        self._batch = batch
        self.letter = view.letter
        self.stage = stage_of(row)
        self.at = row.at
        self._epochs = row.epochs
        self.epoch_at = row.epoch_at
        self._roll_n = row.roll_n
        self.signers = Signers(
            connection, view.letter.letter_id, foreseen or Foreseen(), replays=replays
        )

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
        self.signers.add(signed)
        for row in self._in_turn(groups["change"]):
            self.signers.change(row, self._append(row))
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
        return self._batch.add_entry(row.record, row.leaf_hash)

    # --- outcomes

    def enter(self, move: Move) -> Outcome:
        """Append the outcome that enters a state (or freezes a wave) and do what it entails."""
        live = [] if move.state in ENDED else self.signers.list_live()
        outcome = find_standing(self.letter, live)
        if move.state not in ENDED:
            self._check_tallies(outcome)
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
            self.signers.destroy_seals()
        self.save()
        self._keep_moment()
        return outcome

    def _check_tallies(self, outcome: Outcome) -> None:
        """Check that what was counted is what there is: nothing that is false may be stated."""
        count = count_letter(self._connection, self.letter)
        if count != (outcome.m, len(outcome.standing), outcome.waiting):
            raise StoreError("the tallies of a letter are not those of its signatures")

    # --- openings

    def add_opening(self, record: OpeningRecord, *, holds: bool) -> None:
        """Append the record of an opening; `holds` is m(S) ≥ rule (formats §7)."""
        self._batch.add(record)
        self.stage = stage_after_opening(self.stage, record, holds=holds)
        self.save()
        self._keep_moment()

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
        if record.n is not None:
            self._keep_moment()
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
        self.signers.strike(record.leaf, status="invalidated")
        self._keep_moment()

    def erase(self, record: EraseRecord, names: Iterable[bytes]) -> None:
        """Append the record that says that a name is gone, and destroy all that these hashes name."""
        self._batch.add(record)
        self.signers.strike(record.leaf, erased=1)
        for digest in (*names, *self._printed()):
            pending_store.delete_blob(self._connection, digest)
            letter_store.delete_document(self._connection, digest)
        self._keep_moment()

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
        kept = self._keep_moment()
        letter_store.add_history(
            self._connection,
            self.letter.letter_id,
            n=self._epochs,
            at=self.at,
            size=kept.size,
            counts=kept.counts,
        )

    def _keep_moment(self) -> MomentRow:
        """Store what the step that was just appended left (formats §7)."""
        return keep_moment(
            self._connection,
            self.letter,
            self.stage.state,
            size=self._batch.next_index,
            epochs=self._epochs,
            at=self.at,
        )
