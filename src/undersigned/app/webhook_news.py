"""What is new for webhooks: the calls that a stretch of the published log gives, and their new places.

It depends on the log and on nothing else but how long ago counts were told, and what waits still: derived
once more, after a crash, it is the same. `app.calling` stores it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from undersigned.app.letters import Letters
from undersigned.app.reading import HistoryRow, read_history
from undersigned.app.webhook_events import (
    COUNTS,
    Event,
    Source,
    call_id,
    counts_event,
    events_of,
    format_event,
    parse_stretch,
)
from undersigned.app.webhooks import WebhookState, waiting_call
from undersigned.domain.letter import Letter, LetterId
from undersigned.domain.record import EpochRecord
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import webhooks as webhook_store
from undersigned.store.database import Connection
from undersigned.store.webhooks import CallRow, WebhookRow

MOST_WAITING: Final = 100
"""Calls of one webhook. Facts are rare, and of counts one waits at a time."""

STRETCH: Final = 4_096
"""Entries that are looked through in one transaction."""

COUNTS_PAUSE_S: Final = 60

News: TypeAlias = tuple[WebhookRow, WebhookRow, list[CallRow]]
"""A webhook as it was and as it is told, and the calls that tell it."""


class Derivation:
    """One look at the log, of `size` leaves, for all webhooks of a site, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        letters: Letters,
        size: int,
        now: int,
        source_of: Callable[[Letter], Source],
    ) -> None:
        self._connection = connection
        self._letters = letters
        self._size = size
        self._now = now
        self._source_of = source_of
        self._waiting = webhook_store.count_waiting(connection)
        self._histories: dict[bytes, list[HistoryRow]] = {}

    def derive(self) -> list[News]:
        """Return what is new, for each webhook that there is something for."""
        rows = webhook_store.list_webhooks(self._connection)
        found = (self._derive(row) for row in rows if row.state == WebhookState.ON)
        return [news for news in found if news[0] != news[1]]

    def _derive(self, row: WebhookRow) -> News:
        letter = self._letters.get(self._connection, LetterId(row.letter_id)).letter
        waiting = sum(n for (id_, _), n in self._waiting.items() if id_ == row.webhook)
        has_room = waiting < MOST_WAITING
        end = min(self._size, row.position + STRETCH) if has_room else row.position
        entries = log_store.read_entries(self._connection, row.position, end)
        end = row.position + len(entries)
        records = parse_stretch(letter, row.position, entries)
        history = (
            self._history_of(row)
            if any(isinstance(record, EpochRecord) for _, record in records)
            else []
        )
        events = events_of(letter, records, history)
        after = replace(row, position=end)
        newest = self._newest_epoch(row, end)
        if newest is not None:
            events.append(counts_event(letter, newest))
            after = replace(after, counted=newest.n, counted_at=self._now)
        return row, after, [self._call_of(row, letter, event) for event in events]

    def _newest_epoch(self, row: WebhookRow, end: int) -> HistoryRow | None:
        """Return the epoch whose counts are to be told; None while it is too early, or none is new."""
        is_early = 0 <= self._now - row.counted_at < COUNTS_PAUSE_S
        if is_early or (row.webhook, COUNTS) in self._waiting:
            return None
        letter = letter_store.find_letter(self._connection, row.letter_id)
        if letter is None or letter.epochs <= row.counted:
            return None
        seen = [each for each in self._history_of(row) if each.size <= end]
        return seen[-1] if seen and seen[-1].n > row.counted else None

    def _history_of(self, row: WebhookRow) -> list[HistoryRow]:
        if row.letter_id not in self._histories:
            self._histories[row.letter_id] = read_history(self._connection, row.letter_id)
        return self._histories[row.letter_id]

    def _call_of(self, row: WebhookRow, letter: Letter, event: Event) -> CallRow:
        body = format_event(self._source_of(letter), event)
        return waiting_call(row, call_id(row.webhook, event), event, body, self._now)
