"""One letter, replayed record by record from formats §7 (checks 5 to 10, and whose turn it is for 11).

A record that is wrong is reported and, where it has a meaning at all, still applied: the site counted
it too, and the next finding should be about the next wrong thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from undersigned.crypto.token import nonce_of
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.outcome import Count, outcome_hash
from undersigned.domain.record import (
    AmendRecord,
    EpochRecord,
    EraseRecord,
    InvalidateRecord,
    IssuedRecord,
    LetterRecord,
    NoticeKind,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    Record,
    RollRecord,
    SignRecord,
    WithdrawRecord,
)
from undersigned.domain.stage import (
    TAKES_AMENDMENTS,
    Move,
    Stage,
    check_move,
    move_after_epoch,
    next_boundary,
    stage_after_epoch,
    stage_after_outcome,
)
from undersigned.errors import VerificationError
from undersigned.verify.answers import Answers
from undersigned.verify.changes import Changes
from undersigned.verify.context import CLOCK_SLACK_S, Context
from undersigned.verify.epochs import Epochs, Part
from undersigned.verify.moment import Moment
from undersigned.verify.openings import Openings
from undersigned.verify.report import Findings
from undersigned.verify.shown import Shown
from undersigned.verify.signatures import (
    Signature,
    Signatures,
)
from undersigned.verify.steps import Steps
from undersigned.verify.tokens import Tokens
from undersigned.verify.vouching import Issued, Signed

VOID = frozenset({State.LAPSED, State.SUPERSEDED})


@dataclass(slots=True)
class LetterReplay:
    """The state of one letter after the records so far. Times are UTC seconds, indexes leaves."""

    context: Context
    record: LetterRecord
    index: int
    wanted: list[int]  # sizes, descending, at which the site shows numbers
    letter: Letter = field(init=False)
    label: str = field(init=False)
    signatures: Signatures = field(init=False)
    epochs: Epochs = field(init=False)
    tokens: Tokens = field(init=False)
    openings: Openings = field(init=False)
    changes: Changes = field(init=False)
    answers: Answers = field(init=False)
    headcount: int = field(init=False)
    steps: Steps = field(default_factory=Steps)
    stage: Stage | None = None
    opened_at: int | None = None
    reached_at: set[int] = field(default_factory=set)
    released_at: int | None = None
    last_at: int = 0
    moments: dict[int, Moment] = field(default_factory=dict)
    watch_names_from: int | None = None
    shown: Shown | None = None  # names shown at any time since
    due: Move | None = None  # the move that the last epoch asked for
    _is_in_epoch: bool = False
    _is_late: bool = False  # an epoch has come after a boundary, and no outcome yet

    def __post_init__(self) -> None:
        self.letter = self.record.letter
        self.label = f"letter {self.letter.slug!r}"
        if self.letter.edition > 1:
            self.label += f", edition {self.letter.edition}"
        scratch = self.context.scratch
        self.signatures = Signatures(self.letter, scratch)
        self.epochs = Epochs(self.letter, self.label, self.context.findings, scratch)
        self.openings = Openings(self.context, self.label, self.signatures)
        self.changes = Changes(self.signatures, self.openings, partial(self._false, 9))
        self.answers = Answers(self.letter, lambda leaf, why: self._false(5, leaf, why))
        self.headcount = self.letter.headcount
        self.tokens = Tokens(
            self.letter,
            self.context.host,
            self.signatures,
            scratch,
            lambda sentence: self._false(7, self.index, sentence),
        )

    @property
    def _findings(self) -> Findings:
        return self.context.findings

    def _false(self, number: int, index: int, sentence: str) -> None:
        self._findings.false(number, f"Leaf {index}, {self.label}: {sentence}.")

    # --- one record

    def read_issued(self, index: int, issued: Issued) -> None:
        """Take the next record of this letter, leaf `index` of the log, an `issued` that holds."""
        self._go_on(index)
        self._issue(index, issued.blinded, issued.member)

    def read_signed(self, index: int, signed: Signed) -> None:
        """Take the next record of this letter, leaf `index` of the log, a `sign` that holds."""
        self._go_on(index)
        nonce = nonce_of(signed.pk)
        before = self.signatures.add(_signature_of(index, signed, is_vouched=True), nonce)
        self._sign(index, signed, self.tokens.find_reuse(nonce, before), before)

    def _go_on(self, index: int) -> None:
        """Do what `read` does before a record that stands in an epoch."""
        self.take_moments(index)
        self.steps.go_on(index)

    def read(self, index: int, record: Record) -> None:
        """Take the next record of this letter, leaf `index` of the log; its signature was verified."""
        self.take_moments(index)
        self.steps.end(record, self.moment)
        self.steps.begin(index, record)
        match record:
            case SignRecord():
                problems = self.tokens.find_problems(record.token, record.pk)
                signature = _signature_of(index, record, is_vouched=False)
                before = self.signatures.add(signature, nonce_of(record.pk))
                self._sign(index, record, problems, before)
            case IssuedRecord():
                self._issue(index, record.blinded, record.member)
            case AmendRecord():
                self._amend(index, record)
            case WithdrawRecord():
                self.epochs.place(index, Part.CHANGE)
                self.changes.withdraw(index, record, self.stage)
            case _:
                self._leave_epoch()
                self._check_opening_order(index, record)
                self._read_single(index, record)

    def _read_single(self, index: int, record: Record) -> None:
        """Take a record that does not stand in an epoch."""
        match record:
            case EpochRecord():
                self._begin_epoch(index, record)
            case OutcomeRecord():
                self._move(index, record)
            case RollRecord():
                self._state_roll(index, record)
            case InvalidateRecord():
                self.changes.invalidate(index, record)
            case EraseRecord():
                self.changes.erase(index, record)
            case OpeningRecord():
                self._open(index, record)
            case NoticeRecord() if record.kind is NoticeKind.HEADCOUNT and record.n is not None:
                self.headcount = record.n
            case _:
                self.answers.read(index, record)

    def _check_opening_order(self, index: int, record: Record) -> None:
        """Check that `letter`, `roll` and `outcome` stand next to one another (formats §3.1)."""
        place = index - self.index
        wanted = {1: RollRecord, 2: OutcomeRecord}.get(place)
        if wanted is not None and not isinstance(record, wanted):
            self._false(6, index, "the letter is not followed by its roll and its opening outcome")
        elif place > 2 and self.stage is None and not isinstance(record, OutcomeRecord):
            self._false(6, index, "a record of a letter that has not been opened")

    def _state_roll(self, index: int, record: RollRecord) -> None:
        if self.epochs.rolls == 0 and index != self.index + 1:
            self._false(6, index, "the roll does not stand next to the letter")
        self.epochs.state_roll(index, record, None if self.stage is None else self.stage.state)

    # --- epochs

    def _begin_epoch(self, index: int, record: EpochRecord) -> None:
        self.epochs.begin(index, record)
        self._check_now(index, record.at)
        self._is_in_epoch = True
        if self.stage is not None:
            self._check_nothing_due(index, self.stage, record.at)
            if record.at < self.stage.at:
                self._false(
                    10, index, f"an epoch at {record.at}, after an outcome at {self.stage.at}"
                )
            self.stage = stage_after_epoch(self.stage, record)
        self.last_at = record.at

    def _check_nothing_due(self, index: int, stage: Stage, at: int) -> None:
        if self.due is not None:
            self._false(10, index, f"{self.due.state} was due at {self.due.at} and is not stated")
            self.due = None
        boundary = next_boundary(self.letter, stage)
        if boundary is None or at < boundary:
            return
        if self._is_late:
            self._false(
                10,
                index,
                f"the letter is still {stage.state} in the second epoch after {boundary}, when its"
                " state had to change",
            )
        self._is_late = True

    def _leave_epoch(self) -> None:
        """Close the epoch that was being read: now its outcome is known (formats §7, States)."""
        if not self._is_in_epoch:
            return
        self._is_in_epoch = False
        self.epochs.leave()
        if self.stage is not None:
            self.due = move_after_epoch(self.letter, self.stage, self._count())

    def _count(self) -> Count:
        figures = self.signatures.figures(is_void=False)
        return Count(figures.m, figures.standing, figures.waiting)

    # --- signatures

    def _issue(self, index: int, blinded: bytes, member: bytes) -> None:
        self.epochs.place(index, Part.ISSUED)
        self.epochs.issue(index, blinded, member)

    def _sign(
        self,
        index: int,
        record: SignRecord | Signed,
        token_problems: Sequence[str],
        before: Sequence[Signature],
    ) -> None:
        """Check a signature that was added; `before` are those by the same key."""
        self.epochs.place(index, Part.SIGN)
        self.epochs.sign(index)
        for problem in token_problems:
            self._false(7, index, problem)
        self._check_taken(index, "signature")
        self._check_terms(index, record)
        if before:
            self._false(9, index, "a second signature by a key that has signed")
        self._show(index, record.mode, record.name)

    def _check_taken(self, index: int, what: str, *, by_cooling_off: bool = False) -> None:
        """Check that the letter took such a record when this one was taken.

        None is taken from `closes` on, but in a reached letter's cooling-off those of `by_cooling_off`.
        """
        state = None if self.stage is None else self.stage.state
        if state not in TAKES_AMENDMENTS:
            self._false(9, index, f"a letter that is not open takes no {what}")
        elif self.epochs.after_closing > 1 and not (by_cooling_off and state is State.REACHED):
            self._false(9, index, f"the letter closed at {self.letter.closes} and takes no {what}")

    def _check_terms(self, index: int, record: SignRecord | AmendRecord | Signed) -> None:
        self.changes.check_terms(index, record.mode, record.condition, record.name)

    def _amend(self, index: int, record: AmendRecord) -> None:
        self.epochs.place(index, Part.CHANGE)
        self._check_terms(index, record)
        self._check_taken(index, "amendment", by_cooling_off=True)
        leaf = self.changes.amend(index, record, self.stage)
        if leaf is not None:
            self._show(leaf, record.mode, record.name)

    # --- outcomes

    def _move(self, index: int, record: OutcomeRecord) -> None:
        before = self.stage
        if before is not None and (before.state, record.state) == (State.FROZEN, State.RELEASED):
            # What is released counts as released in the record that says so.
            self.openings.release()
        self._check_figures(index, record)
        self._check_now(index, record.at)
        unopened = self.signatures.unopened()
        try:
            self._check_move(before, record, unopened)
        except VerificationError as error:
            self._false(10, index, f"outcome {record.state} at {record.at}: {error.detail}")
        if before is None:
            if index != self.index + 2:
                self._false(6, index, "the opening outcome does not stand next to the letter")
            self.opened_at = record.at
        elif self.due is not None and record.state is not self.due.state:
            self._false(
                10, index, f"outcome {record.state}, and {self.due.state} was due before it"
            )
        self.due = None
        self._is_late = False
        self.stage = stage_after_outcome(before, record, unopened=unopened)
        self._enter(index, before, record)
        self.last_at = record.at

    def _check_move(self, before: Stage | None, record: OutcomeRecord, unopened: int) -> None:
        """Check the move; a sealed name that was erased may be counted as unopened or not."""
        try:
            check_move(self.letter, before, record, unopened=unopened)
        except VerificationError:
            erased = self.signatures.unopened(with_erased=False)
            if erased == unopened:
                raise
            check_move(self.letter, before, record, unopened=erased)

    def _check_figures(self, index: int, record: OutcomeRecord) -> None:
        is_void = record.state in VOID
        figures = self.signatures.figures(is_void=is_void)
        stated = (record.m, record.standing, record.waiting)
        computed = (figures.m, figures.standing, figures.waiting)
        if stated != computed:
            self._false(
                10,
                index,
                f"outcome {record.state} states m {stated[0]}, standing {stated[1]}, waiting"
                f" {stated[2]}; the records give {computed[0]}, {computed[1]}, {computed[2]}",
            )
        standing = () if is_void else self.signatures.standing()
        if record.hash != outcome_hash(standing):
            self._false(10, index, f"outcome {record.state} states another set of who stands")

    def _check_now(self, index: int, at: int) -> None:
        if self.context.now is not None and at > self.context.now + CLOCK_SLACK_S:
            self._false(10, index, f"its time {at} lies in the future")

    def _enter(self, index: int, before: Stage | None, record: OutcomeRecord) -> None:
        if before is not None and record.wave > before.wave:
            self.openings.freeze(record.wave, index, is_first=record.state is State.FROZEN)
        match record.state:
            case State.REACHED:
                self.reached_at.add(record.at)
            case State.RELEASED if self.released_at is None:
                self.released_at = record.at
            case _:
                pass

    def _open(self, index: int, record: OpeningRecord) -> None:
        before = self.openings.how_many
        if self.stage is not None:
            self.stage = self.openings.open(index, record, self.stage)
        for opened in self.openings.opened(before):
            self._show(self.signatures.get(opened.number).leaf, Mode.PUBLIC, opened.blob)

    # --- what the site shows

    def take_moments(self, index: int) -> None:
        """Keep the numbers of every wanted size up to `index`, before that leaf is read."""
        if self.watch_names_from is not None and self.watch_names_from <= index:
            self.watch_names_from = None
            self.shown = Shown(self.signatures, self.context.scratch)
        while self.wanted and self.wanted[-1] <= index:
            self.moments[self.wanted.pop()] = self.moment()

    def moment(self) -> Moment:
        """Return the numbers of this moment."""
        stage = self.stage
        state = None if stage is None else stage.state
        epoch_at = self.epochs.at
        latest = max(self.last_at, epoch_at or 0, 0 if stage is None else stage.at)
        return Moment(
            figures=self.signatures.figures(is_void=state in VOID),
            headcount=self.headcount,
            ats=frozenset({self.last_at, latest}),
            epoch=self.epochs.n,
            epoch_at=epoch_at,
            state=state,
            wave=0 if stage is None else stage.wave,
            opened_at=self.opened_at,
            reached_at=frozenset(self.reached_at),
            released_at=self.released_at,
            roll_n=self.epochs.roll_n,
        )

    def _show(self, leaf: int, mode: Mode, name: bytes | None) -> None:
        if self.shown is not None and mode is Mode.PUBLIC and name is not None:
            self.shown.add(leaf, name)


def _signature_of(index: int, record: SignRecord | Signed, *, is_vouched: bool) -> Signature:
    return Signature(
        index, record.pk, record.mode, record.condition, record.name, is_vouched=is_vouched
    )
