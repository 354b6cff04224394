"""The one seam between SQLite and PostgreSQL: engines, transactions, migrations.

SQLite runs with WAL, synchronous=FULL (a commit is on disk before it returns), foreign keys,
secure_delete (what is deleted is overwritten with zeros), and temporary data in memory (nothing is
written outside the data folder).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite

from undersigned.errors import StoreError

DatabaseRole = Literal["collector", "issuer"]

Connection = sa.Connection
"""What `Database.read` and `write` hand out; named here so that nobody else needs the driver."""

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another before it gives up: longer than any batch takes."""

LARGEST_REWRITTEN = 256 * 1024 * 1024
"""Bytes of a database that `tidy` rewrites: it is held in memory, and writers wait for a second."""


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
    """One of the two databases of a site."""

    def __init__(self, role: DatabaseRole, url: str) -> None:
        self.role = role
        self.engine = sa.create_engine(url, pool_size=8, max_overflow=8, hide_parameters=True)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one moment of the database and changes nothing."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a transaction that may write; leaving it commits, raising rolls back.

        On SQLite it holds the only write lock from the start, so what it reads stays true.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as connection:
                if self.is_sqlite:
                    connection.exec_driver_sql(begin)
                try:
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
        except sa.exc.OperationalError as error:
            raise StoreError(_sentence_of(error)) from error

    def migrate(self) -> None:
        """Bring the schema up to this version's."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        here = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", str(here))
        config.set_main_option("version_locations", str(here / self.role))
        config.set_main_option("path_separator", "newline")
        try:
            with self.engine.begin() as connection:
                config.attributes["connection"] = connection
                config.attributes["version_table"] = f"{self.role}_version"
                command.upgrade(config, "head")
        except sa.exc.OperationalError as error:
            raise StoreError(_sentence_of(error)) from error

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
        try:
            with self.engine.connect() as connection:
                if Path(str(self.engine.url.database)).stat().st_size <= LARGEST_REWRITTEN:
                    connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except sa.exc.OperationalError as error:
            raise StoreError(_sentence_of(error)) from error

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _sentence_of(error: sa.exc.OperationalError) -> str:
    """Say what failed without the statement and its values, which may hold a name or a code."""
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return f"the database cannot be used: {cause}"
    return "the database cannot be reached"


def insert_new(
    connection: sa.Connection, table: sa.Table, values: dict[str, Any], *, returning: sa.Column[Any]
) -> bool:
    """Insert a row unless one with its key exists; say whether it was inserted."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    statement = insert(table).values(values).on_conflict_do_nothing().returning(returning)
    return connection.execute(statement).first() is not None


def upsert(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> None:
    """Insert a row, or overwrite the one with its primary key."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    keys = [column.name for column in table.primary_key.columns]
    statement = insert(table).values(values)
    rest = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))
