"""What is SQLite's own: how its connections are set, and how its file loses its order."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from undersigned.errors import StoreError

PAUSE_S: Final = 0.01

WRITER_KIB: Final = 16 * 1024
"""Pages that a writer keeps in memory: of trees with a million random keys all but the leaves."""

LARGEST_IN_MEMORY: Final = 16 * 1024 * 1024
"""Bytes of a file that is rewritten here, by a copy in memory; a larger one has a process of its own."""

_PROCESS: Final = Path(__file__).with_name("rewriting_process.py")


def prepare(connection: Any, *, busy_timeout_s: float) -> None:
    """Set the pragmas of a new connection."""
    # Transactions are begun explicitly; the driver must not begin its own.
    connection.isolation_level = None
    cursor = connection.cursor()
    _log_ahead(cursor, busy_timeout_s)
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        f"busy_timeout={int(busy_timeout_s * 1000)}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def prepare_writing(connection: Any, _record: object) -> None:
    """Let a connection keep as many pages as `WRITER_KIB` allows; SQLite's own 2,000 KiB are for readers."""
    connection.execute(f"PRAGMA cache_size=-{WRITER_KIB}")


def has_table(connection: sa.Connection, name: str) -> bool:
    """Say whether there is a table of this name."""
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (name,))
    return found.first() is not None


def _log_ahead(cursor: sqlite3.Cursor, patience_s: float) -> None:
    """Let a file have a write-ahead log; where two do that to a new one at once, SQLite waits for none."""
    end = time.monotonic() + patience_s
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(PAUSE_S)
        else:
            return


def is_untidy(file: Path) -> bool:
    """Say whether something was written since `rewrite`, as far as the write-ahead log tells."""
    try:
        return file.with_name(f"{file.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def rewrite(connection: sa.Connection, file: Path, largest: int) -> None:
    """Write a file anew in the order of its keys if it has up to `largest` bytes; empty its log.

    A table keyed by hashes has no order of arrival, but its file does: a page is filled in the order in
    which its rows come, long values get ever later pages, and the write-ahead log is a diary.
    Raises StoreError.
    """
    size = file.stat().st_size
    if size <= min(largest, LARGEST_IN_MEMORY):
        connection.exec_driver_sql("VACUUM")
    elif size <= largest:
        _rewrite_apart(file)
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _rewrite_apart(file: Path) -> None:
    """Rewrite a file in a process of its own; nobody of this one may write meanwhile. Raises StoreError."""
    try:
        done = subprocess.run(  # noqa: S603  (our own program, no shell)
            [sys.executable, "-I", str(_PROCESS), str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "SQLITE_TMPDIR": str(file.parent.absolute())},
            # What ends the server by the keyboard does not end this half-way.
            start_new_session=True,
            check=False,
        )
    except OSError as error:
        raise StoreError(f"the database cannot be rewritten: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise StoreError(f"the database cannot be rewritten: {said}")
