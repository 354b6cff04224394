"""Deleting what a site keeps of people beside the log, on the schedule that the letter stated.

That is where its trustees and addressees get mail. Names that are public stay: they are the letter. Where
the issuer is in the same folder its part comes first (`purging`), so that the page, which says that personal
data was deleted, says it of both. A crash leaves all or nothing of a letter's part.
"""

import time
from collections.abc import Callable

from undersigned.app.failures import report_event
from undersigned.app.letters import Letters, stage_of
from undersigned.app.news import find_end, keep_until
from undersigned.app.site import Site, WholeSite
from undersigned.store import followed as followed_store
from undersigned.store import letters as letter_store
from undersigned.store import purged as purged_store
from undersigned.store.letters import LetterRow

PAUSE_S = 1.0


class Forgetting:
    """Forgets, again and again, what a site need not know any more."""

    def __init__(
        self, site: Site, letters: Letters, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._site = site
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
        for row in self._list_due(now):
            with self._site.collector.write() as connection:
                count += purged_store.purge_addresses(connection, row.letter_id, now)
            report_event("addresses deleted", letter=f"{row.slug}@{row.edition}")
        if count:
            # A crash before this leaves deleted rows in the write-ahead log, until the next rewriting.
            self._site.collector.tidy()
        return count

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
