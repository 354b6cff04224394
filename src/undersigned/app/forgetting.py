"""Deleting what a site keeps of people beside the log, on the schedule that the letter stated.

That is where its trustees, addressees and guarantors get mail, what is in the outbox for them, and the
draft at the desk that the letter was opened from. Names that are public stay: they are the letter. Where the
issuer is in the same folder its part comes first (`purging`), so that the page, which says that personal
data was deleted, says it of both. A crash leaves all or nothing of a letter's part; the desk's comes before.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from undersigned.app.deliveries import DeliveryState
from undersigned.app.desk import Desk
from undersigned.app.failures import report_event
from undersigned.app.letters import Letters, stage_of
from undersigned.app.news import find_end, keep_until
from undersigned.app.outbox_files import forget_files
from undersigned.app.site import Site, WholeSite
from undersigned.store import deliveries as delivery_store
from undersigned.store import drafts as draft_store
from undersigned.store import followed as followed_store
from undersigned.store import letters as letter_store
from undersigned.store import purged as purged_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow

PAUSE_S = 1.0


class Forgetting:
    """Forgets, again and again, what a site need not know any more."""

    def __init__(
        self,
        site: Site,
        letters: Letters,
        desk: Desk,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._site = site
        self._desk = desk
        self._letters = letters
        self._clock = clock
        self._next = 0.0

    def step(self) -> int:
        """Delete what is due; return of how many letters."""
        if self._clock() < self._next:
            return 0
        self._next = self._clock() + PAUSE_S
        now = self._site.clock.now()
        count = 0
        due = self._list_due(now)
        self._forget_drafts({row.letter_id for row in due})
        for row in due:
            with self._site.collector.write() as connection:
                count += purged_store.purge_addresses(connection, row.letter_id, now)
                _give_up_deliveries(connection, row.letter_id, now)
                forget_files(self._site.folder, row.letter_id)
            report_event("addresses deleted", letter=f"{row.slug}@{row.edition}")
        if self._forget_leftovers(now) or count:
            # A crash before this leaves deleted rows in the write-ahead log, until the next rewriting.
            self._site.collector.tidy()
        return count

    def _forget_drafts(self, due: set[bytes]) -> None:
        """Delete the drafts of letters whose time has come, and of those of before."""
        with self._site.collector.read() as connection:
            letters = due | purged_store.list_purged(connection)
        with self._desk.database.read() as connection:
            opened = draft_store.list_opened(connection)
        drafts = [draft for draft, letter_id in opened.items() if letter_id in letters]
        if not drafts:
            return
        with self._desk.database.write() as connection:
            for draft in drafts:
                draft_store.delete_draft(connection, draft)
        self._desk.database.tidy()

    def _forget_leftovers(self, now: int) -> bool:
        """Delete what links of purged letters have needed; say whether there was something."""
        with self._site.collector.read() as connection:
            if not purged_store.has_leftovers(connection, now):
                return False
        with self._site.collector.write() as connection:
            purged_store.delete_leftovers(connection, now)
        return True

    def _list_due(self, now: int) -> list[LetterRow]:
        with self._site.collector.read() as connection:
            done = purged_store.list_purged(connection)
            rows = [
                row
                for row in letter_store.list_letters(connection)
                if row.letter_id not in done and self._is_due(row, now)
            ]
        if not rows or not isinstance(self._site, WholeSite):
            return rows
        with self._site.issuer.database.read() as connection:
            issued = followed_store.list_purged(connection)
        return [row for row in rows if row.letter_id in issued or self._is_elsewhere(row)]

    def _is_due(self, row: LetterRow, now: int) -> bool:
        ended_at = find_end(stage_of(row))
        return ended_at is not None and keep_until(self._letters.view(row).letter, ended_at) <= now

    def _is_elsewhere(self, row: LetterRow) -> bool:
        return self._letters.view(row).letter.issuer_url is not None


def _give_up_deliveries(connection: Connection, letter_id: bytes, now: int) -> None:
    """Note of deliveries whose mail has waited until now that it is gone."""
    for row in delivery_store.list_deliveries(connection, letter_id):
        if row.state == DeliveryState.WAITING:
            state = DeliveryState.GIVEN_UP.value
            given_up = replace(row, state=state, at=now, next_at=None)
            delivery_store.put_delivery(connection, given_up)
