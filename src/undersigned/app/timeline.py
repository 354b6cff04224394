"""What happened to a letter, in one order, as its page and its feed tell it.

Each event has a key that never changes: a record is named by its place in the log, a number that was
reached by the number, what comes once by its name. Events are in the order of the times that their records
state, and within one second in the log's. Invalidations have no time of their own; the one shown is that of
the last epoch or outcome before them. A text that was taken down is gone here, too.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from undersigned.app.answers import Answers, read_answers, records_of
from undersigned.app.deliveries import DeliveryState
from undersigned.app.guarantees import ShownGuarantee, read_guarantees
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
    NUMBER = "number"
    NOTICE = "notice"
    ANSWER = "answer"
    GUARANTEE = "guarantee"
    GUARANTEE_WITHDRAWN = "guarantee-withdrawn"
    INVALIDATED = "invalidated"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `leaf` is its record's, the first if there are several; None: it is in no record.

    `word` is the state that was entered, "rule" for the rule's number, the kind of a notice, the source of
    an answer, the guarantor. `number` is how many: the number that was reached, signatures invalidated,
    addressees, the new headcount, the cap of a guarantee; `standing` is how many stood then. `answers` are
    pairs of a demand and its new state. `place` is where the page tells it in full, `text` what people
    wrote, in the language `lang` (None: the letter's first).
    """

    key: str
    kind: EventKind
    at: int
    leaf: int | None
    word: str = ""
    number: int | None = None
    standing: int | None = None
    answers: tuple[tuple[str, str], ...] = ()
    place: str | None = None
    text: str | None = None
    lang: str | None = None

    @property
    def order(self) -> tuple[int, bool, int, int]:
        """Where it stands among all events of its letter; one epoch may reach several numbers."""
        return self.at, self.leaf is None, self.leaf or 0, self.number or 0


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log's records say of a letter, as far as a size.

    `struck` is when signatures were invalidated, the first leaf of that, and how many they were.
    """

    size: int = 0
    states: tuple[Event, ...] = ()
    struck: tuple[tuple[int, int, int], ...] = ()

    @property
    def events(self) -> tuple[Event, ...]:
        """The states that it entered, and when how many signatures were invalidated."""
        invalidated = (
            Event(_key(leaf), EventKind.INVALIDATED, at, leaf, number=number, place="#struck")
            for at, leaf, number in self.struck
        )
        return (*self.states, *invalidated)


@dataclass(frozen=True, slots=True)
class Account:
    """A letter with all that happened to it, the oldest first."""

    page: LetterPage
    events: tuple[Event, ...]


def read_account(site: Site, letters: Letters, name: str) -> Account:
    """Return what has happened to `slug` or `slug@edition`. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        page = read_page(connection, letters, row)
        events = [
            *_read_on(connection, row.letter_id, Logged()).events,
            *list_numbers(page.letter, read_history(connection, row.letter_id)),
            *_notices(page),
            *_answers(read_answers(connection, page.letter)),
            *_guarantees(read_guarantees(connection, row.letter_id)),
            *_deliveries(connection, row.letter_id),
        ]
    return Account(page, tuple(sorted(events, key=lambda event: event.order)))


def read_logged(site: Site, letter_id: bytes, known: Logged) -> Logged:
    """Read on from what is known; a long letter is read whole once."""
    with site.collector.read() as connection:
        return _read_on(connection, letter_id, known)


def list_events(
    site: Site, page: LetterPage, answers: Answers, guarantees: Sequence[ShownGuarantee]
) -> tuple[Event, ...]:
    """Return what else happened to a letter: notices, deliveries, answers and guarantees."""
    with site.collector.read() as connection:
        delivered = tuple(_deliveries(connection, page.letter.letter_id))
    return (*_notices(page), *delivered, *_answers(answers), *_guarantees(guarantees))


def find_reached(letter: Letter, history: Sequence[HistoryRow]) -> dict[int, int]:
    """Return where in its history each number that a condition or the rule names was reached first."""
    awaited = sorted({*letter.conditions, letter.rule}, reverse=True)
    found = {}
    for index, row in enumerate(history):
        while awaited and row.counts.m >= awaited[-1]:
            found[awaited.pop()] = index
    return found


def list_numbers(letter: Letter, history: Sequence[HistoryRow]) -> Iterator[Event]:
    """Yield the event of every number that was reached."""
    for number, index in find_reached(letter, history).items():
        yield number_event(number, history[index], is_rule=number == letter.rule)


def number_event(number: int, row: HistoryRow, *, is_rule: bool) -> Event:
    """Return the event of a number that was reached in an epoch."""
    return Event(
        key=f"number/{number}",
        kind=EventKind.NUMBER,
        at=row.at,
        leaf=row.size - 1,
        word="rule" if is_rule else "",
        number=number,
        standing=row.counts.standing,
    )


def _read_on(connection: Connection, letter_id: bytes, known: Logged) -> Logged:
    checkpoint = log_store.find_checkpoint(connection)
    size = 0 if checkpoint is None else checkpoint.size
    if size == known.size:
        return known
    entries = moment_store.list_dated_ends(connection, letter_id, after=known.size)
    struck = {at: (leaf, number) for at, leaf, number in known.struck}
    for leaf, at in moment_store.list_remarked(
        connection, letter_id, "invalidate", after=known.size
    ):
        first, number = struck.get(at, (leaf, 0))
        struck[at] = first, number + 1
    return Logged(
        size, _states(known.states, entries), tuple((at, *each) for at, each in struck.items())
    )


def _states(known: tuple[Event, ...], entries: Sequence[tuple[int, bytes]]) -> tuple[Event, ...]:
    """Return an event for each outcome; a later wave is one in a state that the letter is in already."""
    events = list(known)
    for leaf, entry in entries:
        record = parse_record(entry)
        if not isinstance(record, OutcomeRecord):
            continue
        word = record.state.value
        if events and record.state is State.OPEN:
            word = "open-again"
        elif events and record.state is State.RELEASED and events[-1].word in ("released", "wave"):
            word = "wave"
        key = _ONCE.get(word, _key(leaf))
        events.append(Event(key, EventKind.STATE, record.at, leaf, word, standing=record.standing))
    return tuple(events)


_ONCE = {
    "open": "opened",
    "released": "released",
    "closed": "ended/closed",
    "lapsed": "ended/lapsed",
    "superseded": "ended/superseded",
}
"""The keys of the states that a letter enters once, by their words."""


def _key(leaf: int) -> str:
    return f"leaf/{leaf}"


def _deliveries(connection: Connection, letter_id: bytes) -> Iterator[Event]:
    arrived = (DeliveryState.SENT.value, DeliveryState.BY_HAND.value)
    rows = delivery_store.list_deliveries(connection, letter_id)
    numbers = Counter(row.at for row in rows if row.state in arrived)
    for at, number in numbers.items():
        yield Event(f"delivered/{at}", EventKind.DELIVERED, at, None, number=number)


def _notices(page: LetterPage) -> Iterator[Event]:
    for notice in page.notices:
        yield Event(
            key=_key(notice.leaf_index),
            kind=EventKind.NOTICE,
            at=notice.at,
            leaf=notice.leaf_index,
            word=notice.kind,
            number=notice.n,
            place=f"#notice-{notice.leaf_index}",
            text=notice.text,
        )


def _answers(answers: Answers) -> Iterator[Event]:
    for given in records_of(answers):
        first = given[0]
        texts = [answer.text for answer in given if answer.text]
        yield Event(
            key=_key(first.leaf_index),
            kind=EventKind.ANSWER,
            at=first.at,
            leaf=first.leaf_index,
            word="addressee" if first.source is ResponseSource.ADDRESSEE else "organiser",
            answers=tuple((answer.demand, answer.state.value) for answer in given),
            place="#demands",
            text="\n\n".join(texts) or None,
            lang=first.lang,
        )


def _guarantees(guarantees: Sequence[ShownGuarantee]) -> Iterator[Event]:
    for each in guarantees:
        who = "" if each.words is None else each.words.guarantor
        yield Event(
            key=_key(each.leaf_index),
            kind=EventKind.GUARANTEE,
            at=each.at,
            leaf=each.leaf_index,
            word=who,
            number=each.cap,
            place="#guarantees",
            text=None if each.words is None else each.words.terms,
            lang=None if each.words is None else each.words.lang,
        )
        if each.withdrawal is not None:
            leaf, at = each.withdrawal.leaf_index, each.withdrawal.at
            kind = EventKind.GUARANTEE_WITHDRAWN
            yield Event(_key(leaf), kind, at, leaf, word=who, place="#guarantees")
