"""What both kinds of data folder are made of: databases, in files or on PostgreSQL, and the clock.

Where an `address` is asked for, it is that of a PostgreSQL database that holds the site's or the issuer's
tables (`postgresql://user@host/name`); None: they are in files in the folder.
"""

from pathlib import Path

from undersigned.app.clock import Clock, StoredClock, SystemClock
from undersigned.errors import StoreError
from undersigned.store.database import Database, DatabaseRole


def make_folders(folder: Path, *parts: str) -> None:
    """Make a data folder and its parts, for its owner alone. Raises StoreError."""
    try:
        for part in ("", *parts):
            (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from None


def open_database(folder: Path, role: DatabaseRole, address: str | None) -> Database:
    """Open one of the databases, made or brought up to date if it must be.

    Raises StoreError, and FormatError for an address that is none.
    """
    database = _database(folder, role, address)
    if database.is_sqlite and not database.is_made():
        # SQLite would make the file readable by others.
        database.file.touch(mode=0o600)
    database.migrate()
    return database


def has_database(folder: Path, role: DatabaseRole, address: str | None) -> bool:
    """Say whether one of the databases is there. Raises StoreError, FormatError as `open_database`."""
    database = _database(folder, role, address)
    try:
        return database.is_made()
    finally:
        database.close()


def _database(folder: Path, role: DatabaseRole, address: str | None) -> Database:
    if address is not None:
        return Database.at(role, address)
    return Database.in_file(role, folder / f"{role}.db")


def clock_in(folder: Path) -> Clock:
    """Return the clock of a folder: its own if it has one, else the machine's."""
    file = folder / "clock"
    return StoredClock(file) if file.exists() else SystemClock()
