"""Deleting what a site keeps of people beside the log, on the schedule that the letter stated.

That is where its trustees, addressees and guarantors get mail, what is in the outbox for them, and the
draft at the desk that the letter was opened from. Names that are public stay: they are the letter. Where the
issuer is in the same folder its part comes first (`purging`), so that the page, which says that personal
data was deleted, says it of both. A crash leaves all or nothing of a letter's part; the desk's comes before.

A proposal that was never opened states a schedule to nobody: the addresses that came with it go at its
closing time, from when on it cannot be opened. A draft that was not opened stays until somebody deletes it.
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
from undersigned.app.proposing import letter_in
from undersigned.app.site import Site, WholeSite
from undersigned.store import deliveries as delivery_store
from undersigned.store import drafts as draft_store
from undersigned.store import followed as followed_store
from undersigned.store import letters as letter_store
from undersigned.store import proposals as proposal_store
from undersigned.store import purged as purged_store
from undersigned.store.database import Connection
from undersigned.store.drafts import DraftHead
from undersigned.store.letters import LetterRow
from undersigned.store.proposals import ProposalRow

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
        self._forget_drafts(due)
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

    def _forget_drafts(self, due: list[LetterRow]) -> None:
        """Delete the drafts of letters whose time has come, and of those of before."""
        with self._site.collector.read() as connection:
            purged = purged_store.list_purged(connection)
            rows = letter_store.list_letters(connection) if purged else []
        gone = due + [row for row in rows if row.letter_id in purged]
        if not gone:
            return
        with self._desk.database.read() as connection:
            heads = draft_store.list_heads(connection)
        drafts = [head.draft for head in heads if any(_is_draft_of(head, row) for row in gone)]
        if not drafts:
            return
        with self._desk.database.write() as connection:
            for draft in drafts:
                draft_store.delete_draft(connection, draft)
        self._desk.database.tidy()

    def _forget_leftovers(self, now: int) -> bool:
        """Delete what links of purged letters have needed, and proposals that are over.

        Say whether there was something.
        """
        with self._site.collector.read() as connection:
            if not purged_store.has_leftovers(connection, now) and not _list_over(connection, now):
                return False
        with self._site.collector.write() as connection:
            purged_store.delete_leftovers(connection, now)
            for proposal in _list_over(connection, now):
                proposal_store.delete_addresses(connection, proposal.letter_id)
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


def _is_draft_of(head: DraftHead, row: LetterRow) -> bool:
    """Say whether a letter was opened from a draft, or from this one, perhaps.

    A crash right after the opening leaves a draft that does not know it: it is of the same slug and edition,
    and nobody has worked on it since. What is begun under them later is another draft.
    """
    if head.letter_id is not None:
        return head.letter_id == row.letter_id
    is_same = (head.slug, head.edition) == (row.slug, row.edition)
    return is_same and head.updated_at <= row.opened_at


def _list_over(connection: Connection, now: int) -> list[ProposalRow]:
    """Return the proposals with addresses that were not opened and cannot be any more."""
    rows = proposal_store.list_unopened(connection)
    return [row for row in rows if letter_in(row).closes <= now]


def _give_up_deliveries(connection: Connection, letter_id: bytes, now: int) -> None:
    """Note of deliveries whose mail has waited until now that it is gone."""
    for row in delivery_store.list_deliveries(connection, letter_id):
        if row.state == DeliveryState.WAITING:
            state = DeliveryState.GIVEN_UP.value
            given_up = replace(row, state=state, at=now, next_at=None)
            delivery_store.put_delivery(connection, given_up)
