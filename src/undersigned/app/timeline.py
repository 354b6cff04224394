"""What happened to a letter, in order: from the log's records, each with the time that it states.

Invalidations have no time of their own; the one shown is that of the last epoch or outcome before them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from undersigned.app.answers import Answers, records_of
from undersigned.app.deliveries import DeliveryState
from undersigned.app.guarantees import ShownGuarantee
from undersigned.app.reading import LetterPage
from undersigned.app.site import Site
from undersigned.domain.letter import State
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
