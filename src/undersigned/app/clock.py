"""The clocks a site may have: the real one, or one of its own that a replay is told on.

A site's own clock stands still unless the site is being served, and goes on from the instant that it
was stopped at, so that a finished demo does not age while nobody looks.
"""

import threading
import time
from pathlib import Path
from typing import Protocol

from undersigned.errors import FormatError, StoreError


class Clock(Protocol):
    """Tells the time in whole UTC seconds."""

    def now(self) -> int:
        """Return the time now."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the time now."""
        return int(time.time())


class StoredClock:
    """A clock kept in a file: it runs at the pace of real time after `start`, and only then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._base = _read(path)
        self._started: float | None = None
        # Several threads store the instant.
        self._lock = threading.Lock()

    @classmethod
    def make(cls, path: Path, now: int) -> "StoredClock":
        """Store a new clock that stands at `now`."""
        _write(path, now)
        return cls(path)

    def now(self) -> int:
        """Return the time now."""
        if self._started is None:
            return self._base
        return self._base + int(time.monotonic() - self._started)

    def start(self) -> None:
        """Let the clock run."""
        self._started = time.monotonic()

    def advance_to(self, now: int) -> None:
        """Put the clock forward; a time in its past changes nothing."""
        if now > self.now():
            self._base = now
            if self._started is not None:
                self._started = time.monotonic()
            self.save()

    def save(self) -> None:
        """Store the present instant: after a crash the clock goes on from the last one stored."""
        with self._lock:
            _write(self._path, self.now())


def _read(path: Path) -> int:
    try:
        text = path.read_text("ascii").strip()
        return int(text)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise FormatError(f"{path} does not hold a time in UTC seconds") from None


def _write(path: Path, now: int) -> None:
    part = path.with_suffix(".part")
    try:
        part.write_text(f"{now}\n", "ascii")
        part.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None
