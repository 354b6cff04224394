"""What webhooks are told of a letter: events, which come from its records in the log and from nothing else.

Whatever is told is public, and stands at a leaf of the published log. The same stretch of the log gives the
same events with the same ids, however often it is looked through: after a crash nothing is lost, and what is
told twice is known by its id. Formats §13.

`app.timeline` tells people of the same letters out of what the site keeps: with words, which may be taken
down, with deliveries, and with the numbers that signers asked for. Here it is a stretch of the log and no
table, quarters of the rule, and names that are a format: the two would share the names of records, no more.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from undersigned.app.reading import HistoryRow
from undersigned.domain.as_of import format_time
from undersigned.domain.letter import Letter
from undersigned.domain.notice import READ_BY_PEOPLE
from undersigned.domain.record import (
    EpochRecord,
    GuaranteeRecord,
    NoticeRecord,
    OutcomeRecord,
    Record,
    ResponseRecord,
    parse_record,
)
from undersigned.encoding import format_base64url

COUNTS: Final = "letter.counts"
TEST: Final = "letter.test"

_ID_BYTES: Final = 16

_TOLD: Final = tuple(
    b'"t":"%s"' % kind for kind in (b"epoch", b"guarantee", b"notice", b"outcome", b"response")
)
"""Of all others nothing is told: they are passed over without being parsed."""

_QUARTERS: Final = ("quarter", "half", "three-quarters")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a webhook is told: what, of which leaf, when it was, and what is to be said of it."""

    kind: str
    leaf: int
    at: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Of which letter events are, in which log (its origin), and where readers find it."""

    letter: Letter
    log: str
    url: str


def parse_stretch(letter: Letter, first: int, entries: Sequence[bytes]) -> list[tuple[int, Record]]:
    """Return what may be told of a letter out of the entries from the leaf `first` on."""
    own = b'"letter":"%s"' % format_base64url(letter.letter_id).encode()
    return [
        (leaf, parse_record(entry))
        for leaf, entry in enumerate(entries, first)
        if own in entry and any(kind in entry for kind in _TOLD)
    ]


def events_of(
    letter: Letter, records: Iterable[tuple[int, Record]], history: Sequence[HistoryRow]
) -> list[Event]:
    """Return what these records give to tell, in their order; of counts, that is `counts_event`."""
    events = []
    for leaf, record in records:
        match record:
            case EpochRecord(n=n):
                milestone = find_milestone(letter.rule, history, n)
                if milestone is not None:
                    events.append(_milestone_event(letter, history[n - 1], milestone))
            case OutcomeRecord(state=state, at=at):
                facts = {name: getattr(record, name) for name in ("m", "standing", "waiting")}
                data = {"wave": record.wave, "rule": letter.rule} | facts
                events.append(Event(f"letter.{state.value}", leaf, at, data))
            case NoticeRecord(kind=kind, at=at, n=n) if kind in READ_BY_PEOPLE:
                data = {"kind": kind.value, "headcount": n, "document": record.document.hex()}
                events.append(Event("letter.notice", leaf, at, data))
            case ResponseRecord(at=at):
                states = [{"id": each.id, "state": each.state.value} for each in record.demands]
                data = {"demands": states, "source": record.source.value}
                events.append(
                    Event("letter.answer", leaf, at, data | {"document": record.document.hex()})
                )
            case GuaranteeRecord(state=given, at=at):
                data = {"state": given.value, "cap": record.cap, "expires": record.expires}
                events.append(
                    Event("letter.guarantee", leaf, at, data | {"document": record.document.hex()})
                )
    return events


def _milestone_event(letter: Letter, row: HistoryRow, milestone: str) -> Event:
    """Return the part of the rule that an epoch met: with all of its records, as `counts_event` is."""
    data = {"milestone": milestone, "m": row.counts.m, "rule": letter.rule}
    return Event("letter.milestone", row.size - 1, row.at, data)


def counts_event(letter: Letter, row: HistoryRow) -> Event:
    """Return the numbers that an epoch left; its leaf is the last one that they are of."""
    data = {"epoch": row.n, "rule": letter.rule} | msgspec.to_builtins(row.counts)
    return Event(COUNTS, row.size - 1, row.at, data)


def find_milestone(rule: int, history: Sequence[HistoryRow], n: int) -> str | None:
    """Return the part of a letter's rule that was met for the first time in epoch `n`.

    The greatest if there are several, and none if all of the rule is met: an outcome tells that.
    """
    m = history[n - 1].counts.m
    before = max((row.counts.m for row in history[: n - 1]), default=0)
    met = [
        word
        for quarter, word in enumerate(_QUARTERS, 1)
        if before * 4 < rule * quarter <= m * 4 < rule * 4
    ]
    return met[-1] if met else None


def call_id(webhook: bytes, event: Event) -> str:
    """Return what the receiver knows a call by, the same whenever it is derived."""
    named = f"undersigned/v1/call\n{event.kind}\n{event.leaf}\n".encode()
    digest = hashlib.sha256(named + webhook).digest()
    return f"msg_{format_base64url(digest[:_ID_BYTES])}"


def format_event(source: Source, event: Event) -> bytes:
    """Write an event as a webhook is told it: JSON, as Standard Webhooks advises."""
    letter, size = source.letter, event.leaf + 1
    name = f"{letter.slug}@{letter.edition}"
    data = {
        "letter": name,
        "letter_id": letter.letter_id.hex(),
        "log": source.log,
        "size": size,
        "url": f"{source.url}/letters/{name}",
        "as_of": f"{source.url}/letters/{name}/at/{size}",
    }
    at = format_time(event.at)
    told = {"type": event.kind, "timestamp": at, "data": data | dict(event.data)}
    return msgspec.json.encode(told)
