"""Tidying: the databases are rewritten so that their files do not tell who came when.

Until then a file holds an order that its tables do not (`Database.tidy`): a thief with both files
could join members to signatures by it. A crash during a rewriting leaves the file as it was.
"""

import time
from collections.abc import Callable

from undersigned.app.site import Site
from undersigned.store import members as member_store

LEAST_PAUSE_S = 60
"""Seconds between two rewritings, at least: about an epoch."""

PAUSE_FACTOR = 100
"""The pause is so many times as long as the rewriting took: writers wait for 1 % of the time at most."""


def tidy(site: Site) -> None:
    """Forget codes that are too old, then rewrite both databases. Raises StoreError."""
    with site.issuer.write() as connection:
        # Its row says when a member asked for a code.
        member_store.delete_expired_enrolments(connection, site.clock.now())
    site.issuer.tidy()
    site.collector.tidy()


class Tidying:
    """Tidies a site that is being served, again and again, after pauses."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
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
        untidy = self._site.issuer.is_untidy() or self._site.collector.is_untidy()
        if not untidy and not self._is_first:
            return False
        try:
            tidy(self._site)
            self._is_first = False
        finally:
            ended = self._clock()
            self._next = ended + max(LEAST_PAUSE_S, PAUSE_FACTOR * (ended - started))
        return True
