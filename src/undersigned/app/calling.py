"""Calling webhooks: what is new in the published log becomes calls, and calls are made until they are over.

Each webhook has a place in the log. In order, and what a crash leaves after each step:

1. One transaction: the calls that the stretch from that place on gives, and the new place. A crash before
   its commit leaves the stretch to be looked through again, with the same calls; after it each is there once.
2. A call is made. A crash meanwhile leaves it waiting; it is made again at the next start, with the same id,
   by which its receiver knows it.
3. What has become of it is noted. A crash before that is one of step 2.

Every webhook has one call on its way at a time, whatever the others do: a slow one holds up itself. How many
are called at once is bounded (`MOST_AT_ONCE`), and how many calls wait for one (`app.webhook_news`): what is
new then stays in the log until there is room.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from undersigned.app.failures import report_event, report_failure
from undersigned.app.letters import Letters
from undersigned.app.log import find_published
from undersigned.app.site import Site
from undersigned.app.webhook_events import TEST, Source
from undersigned.app.webhook_news import Derivation
from undersigned.app.webhooks import CallState, WebhookState, find_overlap_end
from undersigned.crypto.keys import WebhookKey
from undersigned.domain.letter import Letter, LetterId
from undersigned.store import webhooks as webhook_store
from undersigned.store.webhooks import CallRow, WebhookRow
from undersigned.webhook.call import Answer, Call, Problem
from undersigned.webhook.signing import signed_headers
from undersigned.webhook.target import parse_target

if TYPE_CHECKING:
    from undersigned.webhook.calling import Caller

PAUSE_S: Final = 1.0
"""Between two looks at the log and at what is due."""

DELAYS_S: Final = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""From a try that came to nothing to the next: three days in all, over a long week-end."""

MOST_TRIES: Final = len(DELAYS_S) + 1

MOST_AT_ONCE: Final = 32

MOST_KEPT: Final = 50
"""Calls of one webhook that are over, for its page."""

GONE: Final = 410

_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": "Undersigned",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


def make_caller() -> "Caller":
    """Return who makes the calls of a site, once there are any: what speaks HTTP takes a while to import."""
    from undersigned.webhook.calling import Caller

    return Caller()


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
        make_caller: "Callable[[], Caller]" = make_caller,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._site = site
        self._letters = letters
        self._url = url
        self._make_caller = make_caller
        self._caller: Caller | None = None
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
        if self._caller is not None:
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
        if self._caller is None:
            self._caller = self._make_caller()
        return self._caller.begin(Call(parse_target(row.url), _HEADERS | headers, call.body))

    def _secrets_of(self, row: WebhookRow) -> list[bytes]:
        """Return the secrets that are good now, the newest first."""
        if self._key is None:
            self._key = self._site.webhook_key()
        overlaps = find_overlap_end(row, self._site.clock.now()) is not None
        numbers = [row.secret, row.secret - 1] if overlaps else [row.secret]
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
