"""Leading: of several processes on one database, one does what no request asks for.

All of them answer requests, and all could sequence: the log's compare-and-swap lets one succeed. One
process leads (`store.lead`), so that a mail is sent once and work is not done to be thrown away; the
others look on, and one of them leads as soon as that process is gone, or hangs.

A process that was stopped in the middle of a step wakes in the middle of it. What it does as the one that
leads it therefore does behind a fence: with the write lock in hand it looks once more whether it leads.
"""

import threading
from collections.abc import Callable

from undersigned.app.failures import report_event
from undersigned.errors import LeadLost
from undersigned.store.database import Database
from undersigned.store.lead import Lead


class Leading:
    """Whether this process leads on a database; it is reported when that changes.

    In the databases `beside` it writes as well, whether it leads or not.
    """

    def __init__(self, database: Database, *beside: Database) -> None:
        self._database = database
        self._lead = Lead(database, beside=beside)
        self._was_mine: bool | None = None
        self._telling = threading.Lock()

    def is_mine(self) -> bool:
        """Say whether this process leads. Raises StoreError."""
        mine = self._lead.is_mine()
        if not self._lead.is_known:
            # The database is away: nobody leads, and perhaps this process does when it is back.
            return mine
        with self._telling:
            was_mine, self._was_mine = self._was_mine, mine
        # That the only process leads is no news.
        if mine != was_mine and (not mine or was_mine is not None):
            event = "this process leads" if mine else "another process leads"
            report_event(event, role=self._database.role)
        return mine

    def only(self, step: Callable[[], object]) -> Callable[[], object]:
        """Return a step that is left out while another process leads, and writes nothing then."""

        def led() -> None:
            if self.is_mine():
                with self._database.fenced(self._check):
                    step()

        return led

    def _check(self) -> None:
        if not self.is_mine():
            raise LeadLost

    def close(self) -> None:
        """Let another process lead."""
        self._lead.close()
