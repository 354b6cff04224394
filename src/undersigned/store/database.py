"""The one seam between SQLite and PostgreSQL: engines, transactions, migrations.

SQLite runs with WAL, synchronous=FULL (a commit is on disk before it returns), foreign keys,
secure_delete (what is deleted is overwritten with zeros), and temporary data in memory (nothing is
written outside the data folder).

On both, a transaction that may write has the database's only write lock from its first statement on,
so that what it reads stays true until it commits; one that reads sees one moment.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from undersigned.errors import Busy, StoreError

DatabaseRole = Literal["collector", "issuer", "desk"]

Connection = sa.Connection
"""What `Database.read` and `write` hand out; named here so that nobody else needs the driver."""

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another before it gives up: longer than any batch takes."""

LARGEST_REWRITTEN = 256 * 1024 * 1024
"""Bytes of a database that `tidy` rewrites: it is held in memory, and writers wait for a second."""


_POSTGRESQL_OPTIONS: Final = (
    # A lock that was waited for must not hand over a moment that is over.
    f"-c default_transaction_isolation=read\\ committed -c lock_timeout={BUSY_TIMEOUT_S * 1000}"
)

_LOCKS: Final[dict[DatabaseRole, str]] = {
    "collector": "SELECT pg_advisory_xact_lock(1853121906, 1)",
    "issuer": "SELECT pg_advisory_xact_lock(1853121906, 2)",
    "desk": "SELECT pg_advisory_xact_lock(1853121906, 3)",
}
"""PostgreSQL has no write lock for a whole database; the first number is only unlikely to be another's."""

_SNAPSHOT: Final = "SELECT pg_current_snapshot()::text"
"""Which transactions have ended, of any database: it moves more often than it must.

No part of it would do. A transaction that outlasts one that began later ends below its upper bound, and
above its lower one where a third, older one is under way; the whole tells all of them apart.
"""


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set the pragmas of a new SQLite connection."""
    # Transactions are begun explicitly below; the driver must not begin its own.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "temp_store=MEMORY",
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class Database:
    """One of the databases of a site.

    `commits` is how often this process has written, `shown_commits` how often it may have changed what
    is shown to readers.
    """

    def __init__(self, role: DatabaseRole, url: str | sa.URL) -> None:
        self.role = role
        address = sa.make_url(url)
        options: dict[str, Any] = {"pool_size": 8, "max_overflow": 8, "hide_parameters": True}
        if address.get_backend_name() != "sqlite":
            options |= {"pool_pre_ping": True, "connect_args": {"options": _POSTGRESQL_OPTIONS}}
        self.engine = sa.create_engine(address, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
        self.commits = 0
        self.shown_commits = 0
        self._counting = threading.Lock()
        self._writing = threading.Lock()
        self._watching: sa.Connection | None = None

    @classmethod
    def in_file(cls, role: DatabaseRole, path: Path) -> "Database":
        """Return the SQLite database in a file, whatever characters its path has."""
        return cls(role, sa.URL.create("sqlite", database=str(path)))

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one moment of the database and changes nothing.

        Raises StoreError, also Busy.
        """
        moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        with self._transaction("BEGIN" if self.is_sqlite else moment) as connection:
            yield connection

    @contextmanager
    def write(self, *, shown: bool = True) -> Iterator[sa.Connection]:
        """Open a transaction that may write; leaving it commits, raising rolls back.

        It has the only write lock from the start, so what it reads stays true. `shown` is False only of
        what no reader is shown: pages that were made before it hold. Raises StoreError, also Busy.
        """
        lock = "BEGIN IMMEDIATE" if self.is_sqlite else _LOCKS[self.role]
        with self._in_turn(), self._transaction(lock) as connection:
            yield connection
            connection.commit()
            # Not before: who sees the new number must read what was committed.
            with self._counting:
                self.commits += 1
                self.shown_commits += shown

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Let the writers of this process wait for each other here, until the one before is done.

        SQLite looks again after pauses of up to 100 ms instead. Raises Busy.
        """
        if not self._writing.acquire(timeout=BUSY_TIMEOUT_S):
            raise Busy
        try:
            yield
        finally:
            self._writing.release()

    def find_version(self) -> str:
        """Return a text that is another one after every commit, of this process or of others.

        Call it in one thread at a time. Raises StoreError.
        """
        with _own_errors():
            if not self.is_sqlite:
                with self.engine.connect() as connection:
                    return str(connection.exec_driver_sql(_SNAPSHOT).scalar_one())
            if self._watching is None:
                # The number is the connection's own: it has to be the same one each time.
                self._watching = self.engine.connect()
            return str(self._watching.exec_driver_sql("PRAGMA data_version").scalar_one())

    @contextmanager
    def _transaction(self, first_statement: str) -> Iterator[sa.Connection]:
        """Leaving it, by whatever way, ends the transaction: what is not committed is rolled back."""
        with _own_errors(), self.engine.connect() as connection:
            connection.exec_driver_sql(first_statement)
            yield connection

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema up to this version's, or to an older one's, as it once was."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        here = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", _escaped(here))
        config.set_main_option("version_locations", _escaped(here / self.role))
        config.set_main_option("path_separator", "newline")
        # All of it or nothing: a crash half-way must not leave tables that the next start trips over.
        with self.write() as connection:
            config.attributes["connection"] = connection
            config.attributes["version_table"] = f"{self.role}_version"
            command.upgrade(config, revision)

    def is_untidy(self) -> bool:
        """Say whether something was written since `tidy`, as far as the write-ahead log tells."""
        try:
            return Path(f"{self.engine.url.database}-wal").stat().st_size > 0
        except FileNotFoundError:
            return False

    def tidy(self) -> None:
        """Rewrite an SQLite file in the order of its keys, and empty the write-ahead log.

        A table keyed by hashes has no order of arrival, but its file does: a page is filled in the
        order in which its rows come, long values get ever later pages, and the write-ahead log is a
        diary. Writers wait meanwhile. Raises StoreError.
        """
        if not self.is_sqlite:
            return
        with self._in_turn(), _own_errors(), self.engine.connect() as connection:
            if Path(str(self.engine.url.database)).stat().st_size <= LARGEST_REWRITTEN:
                connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        if self._watching is not None:
            self._watching.close()
            self._watching = None
        self.engine.dispose()


@contextmanager
def savepoint(connection: sa.Connection) -> Iterator[None]:
    """Undo what is done within, and nothing else of the transaction, if it raises."""
    with connection.begin_nested():
        yield


def _escaped(path: Path) -> str:
    """Write a path for Alembic's configuration, in which a percent sign means something."""
    return str(path).replace("%", "%%")


@contextmanager
def _own_errors() -> Iterator[None]:
    """Raise the driver's errors as ours, whose text holds no statement and no value of one."""
    try:
        yield
    except sa.exc.TimeoutError:
        # Every connection of the pool was in use for too long.
        raise Busy from None
    except sa.exc.DBAPIError as error:
        raise StoreError(_sentence_of(error)) from None


def _sentence_of(error: sa.exc.DBAPIError) -> str:
    """Say what failed; PostgreSQL's own words may quote a key, which may be a name or a code."""
    if isinstance(error.orig, sqlite3.Error):
        return f"the database cannot be used: {error.orig}"
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return "the database cannot be reached"
    return f"the database refused a statement (SQLSTATE {state})"


def insert_new(
    connection: sa.Connection, table: sa.Table, values: dict[str, Any], *, returning: sa.Column[Any]
) -> bool:
    """Insert a row unless one with its key exists; say whether it was inserted."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    statement = insert(table).values(values).on_conflict_do_nothing().returning(returning)
    return connection.execute(statement).first() is not None


def insert_missing(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; leave out those whose key exists."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    connection.execute(insert(table).on_conflict_do_nothing(), rows)


def upsert(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> None:
    """Insert a row, or overwrite the one with its primary key."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    keys = [column.name for column in table.primary_key.columns]
    statement = insert(table).values(values)
    rest = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))
