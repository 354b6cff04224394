"""Reporting what went wrong in a background thread, without a value that was being worked on."""

import traceback
from contextlib import suppress

import structlog

from undersigned.errors import UndersignedError

_log = structlog.get_logger("undersigned")


def report_failure(activity: str, error: BaseException, *, letter: str | None = None) -> None:
    """Log an error by its class and place; its text only if it is one of ours, which hold no secret.

    `letter` is the `slug@edition` of the one letter that it concerns. Never raises: the disk that is
    full may be the one that the log is written to.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
    detail = error.detail if isinstance(error, UndersignedError) else None
    of = {} if letter is None else {"letter": letter}
    with suppress(OSError, ValueError):
        _log.error(
            "failed", activity=activity, error=type(error).__name__, at=place, detail=detail, **of
        )


def report_event(event: str, **facts: object) -> None:
    """Log what somebody who runs the site should know; the facts hold no secret. Never raises."""
    with suppress(OSError, ValueError):
        _log.warning(event, **facts)


class Outage:
    """Something outside that does not do what it must: reported when that begins, until it has ended.

    A line for each request would say when members came.
    """

    def __init__(self, activity: str) -> None:
        self._activity = activity
        self._is_on = False

    def report(self, error: BaseException) -> None:
        """Log an error, unless it is known that something is wrong."""
        if not self._is_on:
            self._is_on = True
            report_failure(self._activity, error)

    def end(self) -> None:
        """Note that all is well: the next error is reported again."""
        self._is_on = False
