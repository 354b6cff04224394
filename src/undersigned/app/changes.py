"""Whether what readers are shown may have changed: answered mostly without asking the database.

What this process writes is counted where it is committed. What another one writes (a command in a
terminal, a second process) is found by a version that the database itself keeps. It moves with every
record that is taken, too, which no reader is shown; while this process takes records, it is therefore
believed only every `UNSURE_S`.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from undersigned.app.site import Site

LOOK_S: Final = 0.5
"""Seconds after which the database is asked again whether others have written."""

UNSURE_S: Final = 5.0
"""Seconds after which what others may have written in a rush of signatures is shown at the latest."""

MINUTE_S: Final = 60
"""How long words such as "in three days" may stand."""


class Stamp(NamedTuple):
    """What was shown under one stamp is shown alike under the same."""

    own: int
    others: int
    minute: int
    waits: bool


class Changes:
    """The stamp of what is shown now. Threads share it."""

    def __init__(self, site: Site, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._clock = clock
        self._lock = threading.Lock()
        self._others = 0
        self._seen: tuple[str, int] | None = None
        self._looked_at = self._moved_at = float("-inf")

    @property
    def stamp(self) -> Stamp:
        """Return the stamp, as far as it is known: `look` first if `is_unsure`. Asks no database."""
        return Stamp(
            self._site.collector.shown_commits,
            self._others,
            self._site.clock.now() // MINUTE_S,
            self._site.is_waiting_for_witnesses,
        )

    @property
    def is_unsure(self) -> bool:
        """Say whether it is time to look again."""
        return self._clock() - self._looked_at >= LOOK_S

    def look(self) -> None:
        """Find out whether others have written. Raises StoreError."""
        with self._lock:
            if not self.is_unsure:
                return
            now = self._clock()
            # Before the version: a commit in between is then taken for one of others, not overlooked.
            commits = self._site.collector.commits
            seen = self._site.collector.find_version(), commits
            self._looked_at = now
            if self._seen is None or seen[0] == self._seen[0]:
                self._seen = seen
                return
            if seen[1] == self._seen[1] or now - self._moved_at >= UNSURE_S:
                self._others += 1
                self._moved_at = now
                self._seen = seen
