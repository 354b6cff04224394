"""What both kinds of data folder are made of: a database in a file, and the clock."""

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


def open_database(folder: Path, role: DatabaseRole) -> Database:
    """Open one of the databases, made or brought up to date if it must be. Raises StoreError."""
    path = folder / f"{role}.db"
    database = Database.in_file(role, path)
    if not path.exists():
        # SQLite would make the file readable by others.
        path.touch(mode=0o600)
    database.migrate()
    return database


def clock_in(folder: Path) -> Clock:
    """Return the clock of a folder: its own if it has one, else the machine's."""
    file = folder / "clock"
    return StoredClock(file) if file.exists() else SystemClock()
