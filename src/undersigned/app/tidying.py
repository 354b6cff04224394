"""Tidying: the databases are rewritten so that their files do not tell who came when.

Until then a file holds an order that its tables do not (`Database.tidy`): a thief with both files
could join members to signatures by it. A crash during a rewriting leaves the file as it was.
"""

import time
from collections.abc import Callable

from undersigned.app.issuer import Issuer
from undersigned.app.site import Site
from undersigned.store import enrolments
from undersigned.store.database import Database

LEAST_PAUSE_S = 60
"""Seconds between two rewritings, at least: about an epoch."""

PAUSE_FACTOR = 100
"""The pause is so many times as long as the rewriting took: writers wait for 1 % of the time at most."""


def tidy(*halves: Site | Issuer) -> None:
    """Forget codes that are too old, then rewrite the databases. Raises StoreError."""
    for half in halves:
        if isinstance(half, Issuer):
            with half.database.write() as connection:
                # Its row says when a member asked for a code.
                enrolments.delete_expired(connection, half.clock.now())
        _database_of(half).tidy()


def _database_of(half: Site | Issuer) -> Database:
    return half.database if isinstance(half, Issuer) else half.collector


class Tidying:
    """Tidies what is being served, again and again, after pauses."""

    def __init__(self, *halves: Site | Issuer, clock: Callable[[], float] = time.monotonic) -> None:
        self._halves = halves
        self._clock = clock
        self._next = clock() + LEAST_PAUSE_S
        self._is_first = True

    def step(self) -> bool:
        """Tidy if the pause is over and something was written; say whether it was done.

        The first time counts as written: the last process may have ended in a crash.
        """
        started = self._clock()
        if started < self._next:
            return False
        untidy = any(_database_of(half).is_untidy() for half in self._halves)
        if not untidy and not self._is_first:
            return False
        try:
            tidy(*self._halves)
            self._is_first = False
        finally:
            ended = self._clock()
            self._next = ended + max(LEAST_PAUSE_S, PAUSE_FACTOR * (ended - started))
        return True
