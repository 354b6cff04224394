"""What happened to a letter, in order: from the log's records, each with the time that it states.

Invalidations have no time of their own; the one shown is that of the last epoch or outcome before them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from undersigned.app.answers import Answers, read_answers, records_of
from undersigned.app.deliveries import DeliveryState
from undersigned.app.guarantees import ShownGuarantee
from undersigned.app.letters import Letters
from undersigned.app.reading import HistoryRow, LetterPage, read_history, read_page
from undersigned.app.site import Site
from undersigned.domain.letter import Letter, State
from undersigned.domain.reasons import ResponseSource
from undersigned.domain.record import OutcomeRecord, parse_record
from undersigned.store import deliveries as delivery_store
from undersigned.store import log as log_store
from undersigned.store import moments as moment_store
from undersigned.store.database import Connection


class EventKind(StrEnum):
    """What happened."""

    STATE = "state"
    NOTICE = "notice"
    ANSWER = "answer"
    GUARANTEE = "guarantee"
    GUARANTEE_WITHDRAWN = "guarantee-withdrawn"
    INVALIDATED = "invalidated"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Event:
    """An event.

    `word` is the state that was entered, the kind of a notice, the source of an answer, the guarantor.
    `number` is how many: those who stood, demands that were answered, signatures invalidated,
    addressees, the new headcount, the cap of a guarantee. `place` is where the page tells it in full.
    """

    kind: EventKind
    at: int
    word: str = ""
    number: int | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log's records say of a letter, as far as a size."""

    size: int = 0
    states: tuple[Event, ...] = ()
    struck: tuple[tuple[int, int], ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """The states that it entered, and when how many signatures were invalidated."""
        invalidated = (
            Event(EventKind.INVALIDATED, at, number=number, place="#struck")
            for at, number in self.struck
        )
        return (*self.states, *invalidated)


def read_logged(site: Site, letter_id: bytes, known: Logged) -> Logged:
    """Read on from what is known; a long letter is read whole once."""
    with site.collector.read() as connection:
        checkpoint = log_store.find_checkpoint(connection)
        size = 0 if checkpoint is None else checkpoint.size
        if size == known.size:
            return known
        entries = moment_store.list_dated_ends(connection, letter_id, after=known.size)
        times = moment_store.list_remarked(connection, letter_id, "invalidate", after=known.size)
    struck = Counter(dict(known.struck))
    struck.update(times)
    return Logged(size, _states(known.states, entries), tuple(struck.items()))


def list_events(
    site: Site, page: LetterPage, answers: Answers, guarantees: Sequence[ShownGuarantee]
) -> tuple[Event, ...]:
    """Return what else happened to a letter: notices, deliveries, answers and guarantees."""
    with site.collector.read() as connection:
        delivered = tuple(_deliveries(connection, page.letter.letter_id))
    return (*_notices(page), *delivered, *_answers(answers), *_guarantees(guarantees))


def _states(known: tuple[Event, ...], entries: Sequence[bytes]) -> tuple[Event, ...]:
    """Return an event for each outcome; a later wave is one in a state that the letter is in already."""
    events = list(known)
    for entry in entries:
        record = parse_record(entry)
        if not isinstance(record, OutcomeRecord):
            continue
        word = record.state.value
        if events and record.state is State.OPEN:
            word = "open-again"
        elif events and record.state is State.RELEASED and events[-1].word in ("released", "wave"):
            word = "wave"
        events.append(Event(EventKind.STATE, record.at, word, record.standing))
    return tuple(events)


def _deliveries(connection: Connection, letter_id: bytes) -> Iterator[Event]:
    arrived = (DeliveryState.SENT.value, DeliveryState.BY_HAND.value)
    rows = delivery_store.list_deliveries(connection, letter_id)
    numbers = Counter(row.at for row in rows if row.state in arrived)
    for at, number in numbers.items():
        yield Event(EventKind.DELIVERED, at, number=number)


def _notices(page: LetterPage) -> Iterator[Event]:
    for notice in page.notices:
        place = f"#notice-{notice.leaf_index}"
        yield Event(EventKind.NOTICE, notice.at, notice.kind, notice.n, place=place)


def _answers(answers: Answers) -> Iterator[Event]:
    for given in records_of(answers):
        source = given[0].source
        word = "addressee" if source is ResponseSource.ADDRESSEE else "organiser"
        yield Event(EventKind.ANSWER, given[0].at, word, len(given), place="#demands")


def _guarantees(guarantees: Sequence[ShownGuarantee]) -> Iterator[Event]:
    for each in guarantees:
        who = "" if each.words is None else each.words.guarantor
        yield Event(EventKind.GUARANTEE, each.at, who, each.cap, place="#guarantees")
        if each.withdrawn_at is not None:
            kind = EventKind.GUARANTEE_WITHDRAWN
            yield Event(kind, each.withdrawn_at, who, place="#guarantees")


# --- as those who follow a letter are told it

MOST_HAPPENINGS = 100
"""The newest ones; all of it is in the log."""


class What(StrEnum):
    """The kinds of what happens."""

    OPENED = "opened"
    NUMBER = "number"
    RULE = "rule"
    NEWS = "news"
    CORRECTION = "correction"
    HEADCOUNT = "headcount"
    ANSWER = "answer"
    RELEASED = "released"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Happening:
    """One of them. `n` is the number that was reached, or the new headcount.

    `standing` is how many stood then, `state` the letter's if it has ended; `answers` are pairs of a
    demand and its new state; `text` is in the letter's first language, None if there is none.
    """

    key: str
    what: What
    at: int
    n: int = 0
    standing: int | None = None
    state: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Happenings:
    """A letter with what has happened to it, the newest first."""

    page: LetterPage
    told: tuple[Happening, ...]


def list_happenings(site: Site, letters: Letters, name: str) -> Happenings:
    """Return what has happened to `slug` or `slug@edition`. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        page = read_page(connection, letters, row)
        history = read_history(connection, row.letter_id)
        answers = read_answers(connection, page.letter)
    told = [
        *_stages(page),
        *_numbers(page.letter, history),
        *_told_notices(page),
    ]
    for record in records_of(answers):
        texts = [answer.text for answer in record if answer.text]
        told.append(
            Happening(
                f"leaf/{record[0].leaf_index}",
                What.ANSWER,
                record[0].at,
                answers=tuple((answer.demand, answer.state.value) for answer in record),
                text="\n\n".join(texts) or None,
            )
        )
    told.sort(key=lambda it: (it.at, it.n), reverse=True)
    return Happenings(page, tuple(told[:MOST_HAPPENINGS]))


def _stages(page: LetterPage) -> Iterator[Happening]:
    yield Happening("opened", What.OPENED, page.opened_at)
    if page.stage.released_at is not None:
        yield Happening("released", What.RELEASED, page.stage.released_at)
    if page.ended_at is not None:
        state = page.stage.state.value
        yield Happening(f"ended/{state}", What.ENDED, page.ended_at, state=state)


def _numbers(letter: Letter, history: Sequence[HistoryRow]) -> Iterator[Happening]:
    """Yield the first epoch that reached each number which a condition or the rule names."""
    awaited = sorted({*letter.conditions, letter.rule}, reverse=True)
    for row in history:
        while awaited and row.counts.m >= awaited[-1]:
            number = awaited.pop()
            what = What.RULE if number == letter.rule else What.NUMBER
            yield Happening(
                f"number/{number}", what, row.at, n=number, standing=row.counts.standing
            )


def _told_notices(page: LetterPage) -> Iterator[Happening]:
    for notice in page.notices:
        yield Happening(
            f"leaf/{notice.leaf_index}",
            What(notice.kind),
            notice.at,
            n=notice.n or 0,
            text=notice.text,
        )
