"""How a letter grew: the points, marks and table of its chart, from what every epoch left.

Places are in per mille of the drawing's width and height, from the top left. The drawing, the table and
what the script reads are made of the same rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from undersigned.app.reading import HistoryRow
from undersigned.app.timeline import find_reached
from undersigned.domain.letter import Letter

FULL: Final = 1000
"""The drawing's width and height."""

COLUMNS: Final = 250
"""Rows drawn at most: one for each column of the drawing, the last that falls into it."""

POINTS: Final = 500
"""Rows for the script at most, apart from those in which a number was reached; some 8 kB of the page."""

TABLE_ROWS: Final = 24
"""Rows of the table at most, apart from those in which a number was reached."""

MOST_TIMES: Final = 4
MOST_LEVELS: Final = 5
NEAREST: Final = 85
"""Labels closer together than this (in both directions) would cover one another on a phone."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TIME_STEPS: Final = (
    _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR,
    12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY, 91 * _DAY, 182 * _DAY, 364 * _DAY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """The row in which a number of signatures was reached for the first time, and where it is drawn.

    `labelled`: there is room for the number beside the mark. `before` is the row before it, None for
    the first and where a greater number was reached in the same row; `foot` is where it was drawn.
    """

    number: int
    is_rule: bool
    row: HistoryRow
    x: int
    y: int
    labelled: bool
    before: HistoryRow | None = None
    foot: int = FULL

    @property
    def joins(self) -> bool:
        """Say whether signers who had waited came to stand with it: more left the waiting than ended."""
        if self.before is None:
            return False
        before, now = self.before.counts, self.row.counts
        ended = now.withdrawn + now.invalidated - before.withdrawn - before.invalidated
        return now.standing > before.standing and before.waiting - now.waiting > ended


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the drawing's grid: a time (UTC seconds) or a number of signatures."""

    value: int
    place: int


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row that can be read, in the table or by the script, with the numbers that were reached in it."""

    row: HistoryRow
    reached: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """A letter's chart. `rule_place` is None if the rule lies above the drawing."""

    start: int
    end: int
    top: int
    standing: str
    waiting: str
    marks: tuple[Mark, ...]
    times: tuple[Tick, ...]
    levels: tuple[Tick, ...]
    rule_place: int | None
    table: tuple[ReadRow, ...]
    points: tuple[ReadRow, ...]
    epochs: int

    @property
    def points_text(self) -> str:
        """The points for the script: seconds since the start, standing, waiting, what was reached."""
        return " ".join(
            ",".join(
                str(number)
                for number in (
                    point.row.at - self.start,
                    point.row.counts.standing,
                    point.row.counts.waiting,
                    *point.reached,
                )
            )
            for point in self.points
        )


def make_growth(
    letter: Letter, headcount: int, opened_at: int, history: Sequence[HistoryRow]
) -> Growth | None:
    """Return the chart of a letter with its newest headcount; None while there is nothing to draw."""
    rows = [row for row in history if row.at >= opened_at]
    if not rows:
        return None
    start, end = opened_at, max(rows[-1].at, opened_at + _MINUTE)
    top = _find_top(headcount, rows)

    def x_of(at: int) -> int:
        return (at - start) * FULL // (end - start)

    def y_of(number: int) -> int:
        return FULL - min(number, top) * FULL // top

    drawn = _thin(rows, lambda row: x_of(row.at) * COLUMNS // FULL)
    marks = tuple(_label(_find_marks(letter, rows, x_of, y_of)))
    rule_place = y_of(letter.rule) if letter.rule <= top else None
    return Growth(
        start=start,
        end=end,
        top=top,
        standing=_area(drawn, x_of, y_of, lambda row: row.counts.standing),
        waiting=_area(drawn, x_of, y_of, lambda row: row.counts.standing + row.counts.waiting),
        marks=marks,
        times=tuple(Tick(at, x_of(at)) for at in _choose_times(start, end)),
        levels=tuple(
            Tick(number, y_of(number))
            for number in _choose_levels(top)
            if rule_place is None or abs(y_of(number) - rule_place) >= NEAREST
        ),
        rule_place=rule_place,
        table=_choose_rows(rows, marks, lambda row: (row.at - start) * TABLE_ROWS // (end - start)),
        points=_choose_rows(rows, marks, lambda row: (row.at - start) * POINTS // (end - start)),
        epochs=len(rows),
    )


def _find_top(headcount: int, rows: Iterable[HistoryRow]) -> int:
    """The drawing is as high as the headcount, unless all that there is would lie at its foot."""
    most = max(row.counts.standing + row.counts.waiting for row in rows)
    if most * 4 >= headcount:
        return max(headcount, most)
    return min(headcount, max(10, most * 3 // 2))


def _thin(rows: Iterable[HistoryRow], column_of: Callable[[HistoryRow], int]) -> list[HistoryRow]:
    """Keep the last row of each column."""
    return list({column_of(row): row for row in rows}.values())


def _area(
    rows: Iterable[HistoryRow],
    x_of: Callable[[int], int],
    y_of: Callable[[int], int],
    number_of: Callable[[HistoryRow], int],
) -> str:
    """Return the path of the steps from the left edge to the right one; it is not closed."""
    parts, last = [f"M0 {FULL}"], FULL
    for row in rows:
        place = y_of(number_of(row))
        if place != last:
            parts.append(f"H{x_of(row.at)}V{place}")
            last = place
    return "".join([*parts, f"H{FULL}"])


def _find_marks(
    letter: Letter,
    rows: Sequence[HistoryRow],
    x_of: Callable[[int], int],
    y_of: Callable[[int], int],
) -> Iterator[Mark]:
    """Yield the mark of every number that a condition or the rule names, once it was reached."""
    firsts = find_reached(letter, rows)
    greatest = {index: number for number, index in firsts.items() if index}
    for number, index in firsts.items():
        row = rows[index]
        before = rows[index - 1] if greatest.get(index) == number else None
        yield Mark(
            number=number,
            is_rule=number == letter.rule,
            row=row,
            x=x_of(row.at),
            y=y_of(row.counts.standing),
            labelled=False,
            before=before,
            foot=FULL if before is None else y_of(before.counts.standing),
        )


def _label(marks: Iterable[Mark]) -> Iterator[Mark]:
    """Label the highest of the marks that lie together, from the last to the first."""
    labelled: list[Mark] = []
    for mark in reversed(list(marks)):
        is_free = all(
            abs(mark.x - other.x) >= NEAREST or abs(mark.y - other.y) >= NEAREST
            for other in labelled
        )
        if is_free:
            labelled.append(mark)
        yield replace(mark, labelled=is_free)


def _choose_times(start: int, end: int) -> list[int]:
    """Choose round times between two, at most `MOST_TIMES` and a few."""
    step = next((s for s in _TIME_STEPS if (end - start) / s <= MOST_TIMES), _TIME_STEPS[-1])
    first = -(-start // step) * step
    return list(range(first, end + 1, step))[: 2 * MOST_TIMES]


def _choose_levels(top: int) -> list[int]:
    """Choose round numbers from 0 up, and the top itself."""
    step = next(
        factor * 10**power
        for power in range(9)
        for factor in (1, 2, 5)
        if top / (factor * 10**power) <= MOST_LEVELS
    )
    return [*(n for n in range(0, top, step) if (top - n) * FULL >= NEAREST * top), top]


def _choose_rows(
    rows: Sequence[HistoryRow], marks: Sequence[Mark], part_of: Callable[[HistoryRow], int]
) -> tuple[ReadRow, ...]:
    """Return the rows to be read: the last of each part of the time, all in which a number was reached."""
    kept = {row.n: row for row in _thin(rows, part_of)}
    reached: dict[int, list[int]] = {}
    for mark in sorted(marks, key=lambda mark: mark.number):
        kept[mark.row.n] = mark.row
        reached.setdefault(mark.row.n, []).append(mark.number)
    return tuple(ReadRow(kept[n], tuple(reached.get(n, ()))) for n in sorted(kept))
