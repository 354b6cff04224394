"""Calling webhooks: what is new in the published log becomes calls, and calls are made until they are over.

Each webhook has a place in the log. In order, and what a crash leaves after each step:

1. One transaction: the calls that the stretch from that place on gives, and the new place. A crash before
   its commit leaves the stretch to be looked through again, with the same calls; after it each is there once.
2. A call is made. A crash meanwhile leaves it waiting; it is made again at the next start, with the same id,
   by which its receiver knows it.
3. What has become of it is noted. A crash before that is one of step 2.

Every webhook has one call on its way at a time, whatever the others do: a slow one holds up itself. How many
are called at once is bounded (`MOST_AT_ONCE`), and how many calls wait for one (`MOST_WAITING`): what is new
then stays in the log until there is room.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Final, TypeAlias

from undersigned.app.failures import report_event, report_failure
from undersigned.app.letters import Letters
from undersigned.app.log import find_published
from undersigned.app.reading import HistoryRow, read_history
from undersigned.app.site import Site
from undersigned.app.webhook_events import (
    COUNTS,
    TEST,
    Event,
    Source,
    call_id,
    counts_event,
    events_of,
    format_event,
    parse_stretch,
)
from undersigned.app.webhooks import CallState, WebhookState, open_key, waiting_call
from undersigned.crypto.keys import WebhookKey
from undersigned.domain.letter import Letter, LetterId
from undersigned.domain.record import EpochRecord
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import webhooks as webhook_store
from undersigned.store.database import Connection
from undersigned.store.webhooks import CallRow, WebhookRow
from undersigned.webhook.calling import Answer, Call, Caller, Problem
from undersigned.webhook.signing import signed_headers
from undersigned.webhook.target import parse_target

PAUSE_S: Final = 1.0
"""Between two looks at the log and at what is due."""

DELAYS_S: Final = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""From a try that came to nothing to the next: three days in all, over a long week-end."""

MOST_TRIES: Final = len(DELAYS_S) + 1

MOST_AT_ONCE: Final = 32

MOST_WAITING: Final = 100
"""Calls of one webhook. Facts are rare, and of counts one waits at a time."""

MOST_KEPT: Final = 50
"""Calls of one webhook that are over, for its page."""

STRETCH: Final = 4_096
"""Entries that are looked through in one transaction."""

COUNTS_PAUSE_S: Final = 60

GONE: Final = 410

_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": "Undersigned",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class Calling:
    """Calls the webhooks of a site. `url` is where people reach it; `wall` is the machine's own time.

    Receivers compare the time of a call with their own clock: it is not that of a site's own clock, which a
    replay is told on.
    """

    def __init__(
        self,
        site: Site,
        letters: Letters,
        url: str,
        caller: Caller,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._site = site
        self._letters = letters
        self._url = url
        self._caller = caller
        self._wall = wall
        self._key: WebhookKey | None = None
        self._on_the_way: dict[bytes, tuple[CallRow, Future[Answer]]] = {}
        self._next = 0.0

    @property
    def on_the_way(self) -> int:
        """How many calls have begun, and their end is not noted."""
        return len(self._on_the_way)

    def step(self, now_s: float) -> int:
        """Note what has become of calls, write new ones, begin those that are due; return how many began.

        `now_s` is a clock that is never put back. Raises StoreError.
        """
        ended = self._note_ended()
        if now_s < self._next and not ended:
            return 0
        self._next = now_s + PAUSE_S
        self._write_new()
        return self._begin_due()

    def stop(self) -> None:
        """End what is on the way: it is made again at the next start."""
        self._caller.stop()
        self._on_the_way.clear()

    # --- 1. what is new

    def _write_new(self) -> None:
        """Derive calls from what is published; the write lock is held only while they are stored."""
        # In this order: what is published by now is in the database by then.
        published, now = find_published(self._site), self._site.clock.now()
        size = 0 if published is None else published.size
        with self._site.collector.read() as connection:
            news = Derivation(connection, self._letters, size, now, self._source_of).derive()
        if not news:
            return
        with self._site.collector.write() as connection:
            for before, after, calls in news:
                # An organiser may have changed it, or another process told it.
                if webhook_store.find_webhook(connection, before.webhook) == before:
                    webhook_store.put_webhook(connection, after)
                    for call in calls:
                        webhook_store.add_call(connection, call)

    def _source_of(self, letter: Letter) -> Source:
        return Source(letter, self._site.origin, self._url)

    # --- 2. calling

    def _begin_due(self) -> int:
        with self._site.collector.read() as connection:
            due = webhook_store.list_due_calls(connection, self._site.clock.now())
            rows = {row.webhook: row for row in webhook_store.list_webhooks(connection)}
        begun = 0
        for call in due:
            if len(self._on_the_way) >= MOST_AT_ONCE:
                break
            row = rows.get(call.webhook)
            if row is not None and row.webhook not in self._on_the_way:
                self._on_the_way[row.webhook] = call, self._begin(row, call)
                begun += 1
        return begun

    def _begin(self, row: WebhookRow, call: CallRow) -> Future[Answer]:
        headers = signed_headers(call.call, int(self._wall()), call.body, self._secrets_of(row))
        return self._caller.begin(Call(parse_target(row.url), _HEADERS | headers, call.body))

    def _secrets_of(self, row: WebhookRow) -> list[bytes]:
        """Return the secrets that are good now, the newest first."""
        if self._key is None:
            self._key = open_key(self._site)
        until = row.overlap_until or 0
        numbers = [row.secret, row.secret - 1] if self._site.clock.now() < until else [row.secret]
        return [self._key.secret_of(row.webhook, number) for number in numbers]

    # --- 3. what has become of it

    def _note_ended(self) -> int:
        ended = [id_ for id_, (_, future) in self._on_the_way.items() if future.done()]
        for id_ in ended:
            call, future = self._on_the_way[id_]
            self._note(call, _answer_of(future))
            del self._on_the_way[id_]
        return len(ended)

    def _note(self, call: CallRow, answer: Answer) -> None:
        now = self._site.clock.now()
        with self._site.collector.write() as connection:
            row = webhook_store.find_webhook(connection, call.webhook)
            if row is None:
                return
            noted = _noted(call, answer, now)
            webhook_store.put_call(connection, noted)
            if answer.status == GONE:
                gone = replace(row, state=WebhookState.GONE.value)
                webhook_store.put_webhook(connection, gone)
                webhook_store.give_up_calls(connection, row.webhook, now, answer.code)
            webhook_store.trim_calls(connection, row.webhook, MOST_KEPT)
            letter = self._letters.get(connection, LetterId(row.letter_id)).letter
        if noted.state == CallState.GIVEN_UP:
            name = f"{letter.slug}@{letter.edition}"
            report_event("webhook call given up", letter=name, kind=call.kind, code=answer.code)


def _answer_of(future: Future[Answer]) -> Answer:
    error = future.exception()
    if error is None:
        return future.result()
    report_failure("webhooks", error)
    return Answer(problem=Problem.NO_HTTP)


def _noted(call: CallRow, answer: Answer, now: int) -> CallRow:
    """Return what is kept of a call after another try; one that is a test has no second."""
    tries, state = call.tries + 1, CallState.WAITING
    next_at: int | None = None
    if answer.is_success:
        state = CallState.TAKEN
    elif answer.status == GONE or call.kind == TEST or tries >= MOST_TRIES:
        state = CallState.GIVEN_UP
    else:
        next_at = now + DELAYS_S[tries - 1]
    return replace(call, state=state.value, tries=tries, code=answer.code, at=now, next_at=next_at)


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
