"""Reporting what went wrong in a background thread, without a value that was being worked on."""

import threading
import traceback
from contextlib import suppress

import structlog

from undersigned.errors import StoreError, UndersignedError
from undersigned.outage import Outage

_log = structlog.get_logger("undersigned")
_counting = threading.Lock()

MOST_KINDS = 16
"""Of so many kinds of error at once one is logged each."""


def report_failure(activity: str, error: BaseException, *, letter: str | None = None) -> None:
    """Log an error by its class and place; its text only if it is one of ours, which hold no secret.

    `letter` is the `slug@edition` of the one letter that it concerns. Of an outage of a database only the
    first error is logged, and the others are counted for `report_end`: a line for each request would say
    when members came. Never raises: the disk that is full may be the one that the log is written to.
    """
    outage = error.outage if isinstance(error, StoreError) else None
    if outage is not None and _is_told(outage):
        return
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
    detail = error.detail if isinstance(error, UndersignedError) else None
    of = {} if letter is None else {"letter": letter}
    if outage is not None:
        of["role"] = outage.role
    with suppress(OSError, ValueError):
        _log.error(
            "failed", activity=activity, error=type(error).__name__, at=place, detail=detail, **of
        )


def report_event(event: str, **facts: object) -> None:
    """Log what somebody who runs the site should know; the facts hold no secret. Never raises."""
    with suppress(OSError, ValueError):
        _log.warning(event, **facts)


def _is_told(outage: Outage) -> bool:
    """Say whether an outage is known from the log, and count what is not told of it."""
    with _counting:
        was_told, outage.is_told = outage.is_told, True
        outage.untold += was_told
    return was_told


def report_end(outage: Outage, seconds: float) -> None:
    """Log that a database does again what it must, and how many errors of it were not logged."""
    if outage.is_told:
        report_event(
            "the database is back",
            role=outage.role,
            seconds=round(seconds, 1),
            untold=outage.untold,
        )


class Failing:
    """Something that does not do what it must: reported when that begins, and when it has ended.

    A line for each request would say when members came.
    """

    def __init__(self, activity: str) -> None:
        self._activity = activity
        self._lock = threading.Lock()
        self._told: set[tuple[str, str]] = set()
        self._untold = 0

    def report(self, error: BaseException) -> None:
        """Log an error, unless one of its kind was logged since all was well; then it is counted.

        Those of an outage of a database are told with that.
        """
        if isinstance(error, StoreError) and error.outage is not None:
            report_failure(self._activity, error)
            return
        kind = type(error).__name__, str(error)
        with self._lock:
            if kind in self._told or len(self._told) >= MOST_KINDS:
                self._untold += 1
                return
            self._told.add(kind)
        report_failure(self._activity, error)

    def end(self) -> None:
        """Note that all is well: the next error is reported again."""
        if not self._told:
            return
        with self._lock:
            untold, self._untold = self._untold, 0
            self._told.clear()
        if untold:
            report_event("works again", activity=self._activity, untold=untold)
