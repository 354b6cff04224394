"""The timeline of a letter: what happened, in order and numbered, and its flags in the chart.

A number that signers had asked for is a line of its own, unless the letter was reached with it; where
signers who had waited came to stand with it, the line says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

from undersigned.app import timeline
from undersigned.app.answers import Answers
from undersigned.app.guarantees import ShownGuarantee
from undersigned.app.reading import LetterPage
from undersigned.app.running import RunningSite
from undersigned.app.timeline import Event, EventKind, Logged
from undersigned.web.pages.growth import FULL, Growth, Mark

MOST_LINES: Final = 100
"""Lines of one page, the newest; a letter with more is read in its log."""

NEAREST: Final = 30
"""Flags closer together than this would cover each other's numbers on a phone."""

MOST_LETTERS: Final = 200
"""Letters whose states are kept."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: an event, its number, from 1, and the mark of the number that was reached with it."""

    number: int
    event: Event
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Flag:
    """Where a line's moment lies in the chart; `labelled`: there is room for its number."""

    number: int
    place: int
    labelled: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lines of a letter, the oldest first, and which of them the chart shows."""

    lines: tuple[Line, ...]
    flags: tuple[Flag, ...]


class Timelines:
    """What the log says of the letters that are being read; it is read on as it grows. Threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._read: dict[bytes, Logged] = {}

    def get(
        self,
        running: RunningSite,
        page: LetterPage,
        growth: Growth | None,
        answers: Answers,
        guarantees: Sequence[ShownGuarantee],
    ) -> Timeline:
        """Return the timeline of a letter as its page shows it."""
        events = timeline.list_events(running.site, page, answers, guarantees)
        logged = self._logged(running, page.letter.letter_id)
        return make_timeline((*logged.events, *events), growth)

    def _logged(self, running: RunningSite, letter_id: bytes) -> Logged:
        with self._lock:
            known = self._read.get(letter_id, Logged())
        logged = timeline.read_logged(running.site, letter_id, known)
        with self._lock:
            if len(self._read) >= MOST_LETTERS:
                self._read.clear()
            self._read[letter_id] = logged
        return logged


def make_timeline(events: Iterable[Event], growth: Growth | None) -> Timeline:
    """Return what happened, in order, with the numbers that were reached in the chart's growth."""
    marks = () if growth is None else growth.marks
    rule = {mark.row.at: mark for mark in marks if mark.is_rule}
    found: list[tuple[Event, Mark | None]] = []
    for event in events:
        is_reached = event.kind is EventKind.STATE and event.word == "reached"
        found.append((event, rule.pop(event.at, None) if is_reached else None))
    shown = [mark for _, mark in found]
    found += [
        (timeline.number_event(mark.number, mark.row, is_rule=mark.is_rule), mark)
        for mark in marks
        if mark not in shown
    ]
    found.sort(key=lambda each: each[0].order)
    lines = tuple(
        Line(number, *each)
        for number, each in enumerate(found[-MOST_LINES:], max(1, len(found) - MOST_LINES + 1))
    )
    return Timeline(lines, () if growth is None else tuple(_flags(lines, growth)))


def _flags(lines: Iterable[Line], growth: Growth) -> Iterable[Flag]:
    """Yield a flag for every event within the chart's time; what was reached has a mark there."""
    last = -FULL
    for line in lines:
        event = line.event
        if event.kind is EventKind.NUMBER or not growth.start < event.at <= growth.end:
            continue
        place = (event.at - growth.start) * FULL // (growth.end - growth.start)
        is_free = place - last >= NEAREST
        last = place if is_free else last
        yield Flag(line.number, place, is_free)
