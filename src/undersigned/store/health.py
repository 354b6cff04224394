"""Whether a database does what it must: all errors of one outage know that they belong together.

While a server is away, or a disk is full, every request and every loop fails of the same. Reported one by
one they fill the log, and say when members came (`app.failures`).
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from undersigned.errors import StoreError
from undersigned.outage import Outage
from undersigned.store import postgresql

_AWAY: Final = ("08", "57")
"""The first two characters of states that say that there is no server to be spoken to, or not yet."""


def is_of_database(error: Exception) -> bool:
    """Say whether a driver's error is that of a database which is full, locked, away or only to be read.

    Any other may come of what is in a row.
    """
    return isinstance(error, sa.exc.DBAPIError) and (
        error.connection_invalidated
        or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
        or _state(error) == postgresql.READ_ONLY
    )


def _is_away(error: sa.exc.DBAPIError) -> bool:
    """Say whether nothing at all could be asked, so that any answer shows that it is over."""
    if isinstance(error.orig, sqlite3.Error):
        return False
    state = _state(error)
    return error.connection_invalidated or state is None or state.startswith(_AWAY)


def _state(error: sa.exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


class Health:
    """The outage of one database, while there is one. Threads share it.

    `tell_end` is called with an outage that is over.
    """

    def __init__(self, role: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.tell_end: Callable[[Outage, float], None] = _tell_nobody
        self._role = role
        self._clock = clock
        self._lock = threading.Lock()
        self._outage: Outage | None = None
        self._ends_by: frozenset[bool] = frozenset()

    def fail(self, error: StoreError, cause: sa.exc.DBAPIError, *, writing: bool) -> StoreError:
        """Return an error of ours, of the outage that it belongs to if it comes of one."""
        if is_of_database(cause):
            with self._lock:
                if self._outage is None:
                    self._outage = Outage(self._role, self._clock())
                    # What can be read while nothing can be written, as on a full disk, shows no end.
                    self._ends_by = frozenset({True, False} if _is_away(cause) else {writing})
                error.outage = self._outage
        return error

    def succeed(self, *, writing: bool) -> None:
        """Note that something was read or written."""
        if self._outage is None:
            return
        with self._lock:
            over = self._outage if writing in self._ends_by else None
            if over is not None:
                self._outage = None
        if over is not None:
            self.tell_end(over, self._clock() - over.since)


def _tell_nobody(_outage: Outage, _seconds: float) -> None:
    """Leave it untold: a command has failed by then."""
