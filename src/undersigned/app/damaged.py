"""Letters that cannot be sequenced since their rows are damaged: each is reported once, and left alone.

It is tried again after a pause, in case somebody has repaired it. What was promised of it is overdue
meanwhile, which every verifier sees; the other letters of the site have nothing to do with it.
"""

import time
from collections.abc import Callable

from undersigned.app.failures import report_failure
from undersigned.store.letters import LetterRow

PAUSE_S = 60
"""Seconds until a damaged letter is tried again: looking at it costs a transaction."""


class Damaged:
    """The letters of one process that were damaged when they were last tried."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next: dict[bytes, float] = {}

    def may_try(self, row: LetterRow) -> bool:
        """Say whether a letter is well, as far as is known, or its pause is over."""
        return self._clock() >= self._next.get(row.letter_id, 0.0)

    def add(self, row: LetterRow, error: Exception) -> None:
        """Leave a letter alone for a while; report it, unless that was done when it was found."""
        if row.letter_id not in self._next:
            report_failure("sequencing", error, letter=f"{row.slug}@{row.edition}")
        self._next[row.letter_id] = self._clock() + PAUSE_S

    def remove(self, row: LetterRow) -> None:
        """Treat a letter as well: if it is damaged again, that is reported anew."""
        self._next.pop(row.letter_id, None)
