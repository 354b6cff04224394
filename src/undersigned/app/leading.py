"""Leading: of several processes on one database, one does what no request asks for.

All of them answer requests, and all could sequence: the log's compare-and-swap lets one succeed. One
process leads (`store.lead`), so that a mail is sent once and work is not done to be thrown away; the
others look on, and one of them leads as soon as that process is gone.
"""

from collections.abc import Callable

from undersigned.app.failures import report_event
from undersigned.store.database import Database
from undersigned.store.lead import Lead


class Leading:
    """Whether this process leads on a database; it is reported when that changes."""

    def __init__(self, database: Database) -> None:
        self._role = database.role
        self._lead = Lead(database)
        self._was_mine: bool | None = None

    def is_mine(self) -> bool:
        """Say whether this process leads. Raises StoreError."""
        mine = self._lead.is_mine()
        if mine != self._was_mine:
            # That the only process leads is no news.
            if not mine or self._was_mine is not None:
                event = "this process leads" if mine else "another process leads"
                report_event(event, role=self._role)
            self._was_mine = mine
        return mine

    def only(self, step: Callable[[], object]) -> Callable[[], object]:
        """Return a step that is left out while another process leads."""
        return lambda: step() if self.is_mine() else None

    def close(self) -> None:
        """Let another process lead."""
        self._lead.close()
