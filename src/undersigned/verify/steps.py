"""What a letter was at a size or time that somebody asks about (formats §7, "As of").

A letter's numbers change in steps: its opening, its epochs, and every later outcome, opening, invalidation,
erasure and headcount. Epochs and outcomes have a time; when the others happened is known only to lie
between two of these, so that for some times there is more than one answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from undersigned.domain.as_of import AsOf, AtSize
from undersigned.domain.record import (
    AmendRecord,
    EpochRecord,
    EraseRecord,
    InvalidateRecord,
    IssuedRecord,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    Record,
    SignRecord,
    WithdrawRecord,
)
from undersigned.verify.moment import Moment

_IN_EPOCH = (IssuedRecord, SignRecord, AmendRecord, WithdrawRecord)
_TIMED = (EpochRecord, OutcomeRecord)
_UNTIMED = (OpeningRecord, InvalidateRecord, EraseRecord)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step left: the size of the tree with it, its time, and the letter's numbers."""

    size: int
    at: int
    epochs: int
    standing: int
    waiting: int
    headcount: int


@dataclass(frozen=True, slots=True)
class LetterAsOf:
    """A letter as of what was asked: no step before it opened; several where no time tells them apart.

    `until` is when the numbers may have changed next; None: nothing later is in the log.
    """

    letter_id: str
    slug: str
    edition: int
    title: str
    opened_at: int | None
    steps: tuple[Step, ...]
    until: int | None


@dataclass(slots=True)
class Steps:
    """Follows one letter, record by record, and keeps the steps that answer `as_of`."""

    as_of: AsOf | None = None
    found: list[Step] = field(default_factory=list)
    until: int | None = None
    _size: int = 0
    _is_step: bool = False
    _is_timed: bool = False

    def end(self, record: Record | None, moment: Callable[[], Moment]) -> None:
        """Take the step that is over, before `record` is read; None ends the log."""
        if self._is_step and not isinstance(record, _IN_EPOCH):
            self._is_step = False
            self._take(moment())

    def begin(self, index: int, record: Record) -> None:
        """Note what `record`, at leaf `index`, begins or goes on with."""
        if self.as_of is None:
            return
        self.go_on(index)
        if not isinstance(record, _IN_EPOCH):
            self._is_timed = isinstance(record, _TIMED)
            is_headcount = isinstance(record, NoticeRecord) and record.n is not None
            self._is_step = self._is_timed or isinstance(record, _UNTIMED) or is_headcount

    def go_on(self, index: int) -> None:
        """Note that leaf `index` goes on with an epoch."""
        self._size = index + 1

    def _take(self, moment: Moment) -> None:
        figures = moment.figures
        step = Step(
            self._size,
            max(moment.ats),
            moment.epoch,
            figures.standing,
            figures.waiting,
            moment.headcount,
        )
        if isinstance(self.as_of, AtSize):
            self._take_by_size(step, self.as_of.size)
        elif self.as_of is not None:
            self._take_by_time(step, self.as_of.at)

    def _take_by_size(self, step: Step, size: int) -> None:
        if step.size <= size:
            self.found = [step]
        elif self.until is None and self.found and step.at > self.found[0].at:
            self.until = step.at

    def _take_by_time(self, step: Step, at: int) -> None:
        if step.at > at:
            self.until = step.at if self.until is None else self.until
        elif self._is_timed:
            self.found = [step]
        else:
            self.found.append(step)
