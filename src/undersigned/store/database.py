"""The one seam between SQLite and PostgreSQL: engines, transactions, migrations.

SQLite runs with WAL, synchronous=FULL (a commit is on disk before it returns), foreign keys,
secure_delete (what is deleted is overwritten with zeros), and temporary data in memory (nothing is
written outside the data folder); all that one process writes goes through one connection;
`store.sqlite`. PostgreSQL commits to disk as well, and has a schema for each role in one database, or
in several; `store.postgresql`.

On both, a transaction that may write has the database's only write lock from its first statement on,
so that what it reads stays true until it commits; one that reads sees one moment.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy import event

from undersigned.errors import Busy, DatabaseLost, StoreError
from undersigned.store import postgresql, sqlite
from undersigned.store.health import Health

DatabaseRole = Literal["collector", "issuer", "desk"]

Connection = sa.Connection
"""What `Database.read` and `write` hand out; named here so that nobody else needs the driver."""

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another before it gives up: longer than any batch takes."""

MIGRATIONS = Path(__file__).parent / "migrations"

LARGEST_REWRITTEN = 256 * 1024 * 1024
"""Bytes of an SQLite file, or of a table of PostgreSQL, that `tidy` rewrites: writers wait for a second."""


class Database:
    """One of the databases of a site.

    `commits` is how often this process has written, `shown_commits` how often it may have changed what
    is shown to readers. `health` tells which errors come of one outage. `engine` has the connections of
    readers, `writer` those that write.
    """

    def __init__(self, role: DatabaseRole, url: str | sa.URL) -> None:
        self.role = role
        address = sa.make_url(url)
        options: dict[str, Any] = {"pool_size": 8, "max_overflow": 8, "hide_parameters": True}
        if address.get_backend_name() != "sqlite":
            arguments = postgresql.connect_args(role, lock_timeout_s=BUSY_TIMEOUT_S)
            # Transactions are begun explicitly; the driver must not begin its own, in a message of its own.
            options["isolation_level"] = "AUTOCOMMIT"
            options |= {"pool_pre_ping": True, "connect_args": arguments}
        self.engine = sa.create_engine(address, **options)
        event.listen(self.engine, "connect", self._prepare)
        self.writer = self._make_writer() if self.is_sqlite else self.engine
        self._name = postgresql.name_process(role)
        if not self.is_sqlite:
            event.listen(self.engine, "do_connect", self._name_connection)
            event.listen(self.engine, "do_executemany", postgresql.copy_rows)
        self._fence = _Fence()
        self.health = Health(role)
        self.commits = 0
        self.shown_commits = 0
        self._counting = threading.Lock()
        self._writing = threading.Lock()
        self._watching: sa.Connection | None = None

    @classmethod
    def in_file(cls, role: DatabaseRole, path: Path) -> "Database":
        """Return the SQLite database in a file, whatever characters its path has."""
        return cls(role, sa.URL.create("sqlite", database=str(path)))

    @classmethod
    def at(cls, role: DatabaseRole, address: str) -> "Database":
        """Return the database of a role at an address of PostgreSQL. Raises FormatError."""
        return cls(role, postgresql.parse_address(address))

    @property
    def address(self) -> str | None:
        """Where it is, with its password, if it is not a file: the databases of the others are there, too."""
        if self.is_sqlite:
            return None
        url = self.engine.url.set(drivername="postgresql")
        return url.render_as_string(hide_password=False)

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        return Path(str(self.engine.url.database))

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that sees one moment of the database and changes nothing.

        Raises StoreError, also Busy.
        """
        begin = "BEGIN" if self.is_sqlite else postgresql.BEGIN_READING
        with self._transaction(begin, writing=False) as connection:
            yield connection

    @contextmanager
    def write(self, *, shown: bool = True) -> Iterator[sa.Connection]:
        """Open a transaction that may write; leaving it commits, raising rolls back.

        It has the only write lock from the start, so what it reads stays true, and when it is left, what it
        read is as safe as what it wrote. `shown` is False only of what no reader is shown: pages that were
        made before it hold. Raises StoreError, also Busy; where DatabaseLost comes, nothing tells whether it
        was committed but to look. Raises what `fenced` says.
        """
        begin = "BEGIN IMMEDIATE" if self.is_sqlite else postgresql.begin_writing(self.role)
        with self._in_turn(), self._transaction(begin, writing=True) as connection:
            # After the lock, for which it may have waited long.
            self._fence.check()
            yield connection
            if not self.is_sqlite:
                connection.exec_driver_sql(postgresql.COMMIT_VOUCHED)
            connection.commit()
            # Not before: who sees the new number must read what was committed.
            with self._counting:
                self.commits += 1
                self.shown_commits += shown

    @contextmanager
    def fenced(self, check: Callable[[], None]) -> Iterator[None]:
        """Let this thread write only where `check` raises nothing; it is called with the lock in hand."""
        before, self._fence.check = self._fence.check, check
        try:
            yield
        finally:
            self._fence.check = before

    def name_as_asking(self, mark: str) -> str:
        """Name the connections from now on as those of a process that asks who leads; return that name.

        Nobody else may use the database at that moment.
        """
        self._name = postgresql.name_process(self.role, mark)
        if not self.is_sqlite:
            self.engine.dispose()
        return self._name

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

    def vouch(self) -> None:
        """Return when all that can be read now is as safe as what is written. Raises StoreError, Busy."""
        if not self.is_sqlite:
            with self.write(shown=False):
                pass

    def note_shown(self) -> None:
        """Count a change of what readers are shown that is none of this database."""
        with self._counting:
            self.shown_commits += 1

    def find_version(self) -> str:
        """Return a text that is another one after every commit, of this process or of others.

        Call it in one thread at a time. Raises StoreError.
        """
        with self._own_errors():
            if not self.is_sqlite:
                with self.engine.connect() as connection:
                    return str(connection.exec_driver_sql(postgresql.SNAPSHOT).scalar_one())
            if self._watching is None:
                # The number is the connection's own: it has to be the same one each time.
                self._watching = self.engine.connect()
            return str(self._watching.exec_driver_sql("PRAGMA data_version").scalar_one())

    def is_made(self) -> bool:
        """Say whether there is such a database, of whatever version. Raises StoreError."""
        if self.is_sqlite:
            return self.file.exists()
        with self.read() as connection:
            return postgresql.has_schema(connection, self.role)

    def _make_writer(self) -> sa.Engine:
        """Return what writes to SQLite: one connection, which keeps its pages from one commit to the next.

        Another's commit makes a connection forget all it has read, and here the writers take turns anyway.
        """
        engine = sa.create_engine(
            self.engine.url, pool_size=1, max_overflow=0, hide_parameters=True
        )
        event.listen(engine, "connect", self._prepare)
        event.listen(engine, "connect", sqlite.prepare_writing)
        return engine

    def _prepare(self, connection: Any, record: object) -> None:
        if self.is_sqlite:
            sqlite.prepare(connection, busy_timeout_s=BUSY_TIMEOUT_S)
        else:
            postgresql.prepare(connection, record)

    def _name_connection(
        self, _dialect: object, _record: object, _arguments: object, named: dict[str, Any]
    ) -> None:
        named["application_name"] = self._name

    @contextmanager
    def _own_errors(self, *, writing: bool = False) -> Iterator[None]:
        """Raise the driver's errors as ours, whose text holds no statement and no value of one."""
        try:
            yield
        except sa.exc.TimeoutError:
            # Every connection of the pool was in use for too long.
            raise Busy from None
        except sa.exc.DBAPIError as error:
            ours = DatabaseLost() if error.connection_invalidated else _error_of(error)
            raise self.health.fail(ours, error, writing=writing) from None
        self.health.succeed(writing=writing)

    @contextmanager
    def _transaction(self, first_statement: str, *, writing: bool) -> Iterator[sa.Connection]:
        """Leaving it, by whatever way, ends the transaction: what is not committed is rolled back."""
        engine = self.writer if writing else self.engine
        with self._own_errors(writing=writing), engine.connect() as connection:
            connection.exec_driver_sql(first_statement)
            yield connection

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema up to this version's, or to an older one's, as it once was.

        Where it is this version's already, which is so at most starts, that costs a look.
        """
        if revision == "head" and self._find_revision() == newest_revision(self.role):
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", _escaped(MIGRATIONS))
        config.set_main_option("version_locations", _escaped(MIGRATIONS / self.role))
        config.set_main_option("path_separator", "newline")
        # All of it or nothing: a crash half-way must not leave tables that the next start trips over.
        with self.write() as connection:
            if not self.is_sqlite:
                postgresql.make_schema(connection, self.role)
            config.attributes["connection"] = connection
            config.attributes["version_table"] = f"{self.role}_version"
            command.upgrade(config, revision)
            if not self.is_sqlite:
                postgresql.keep_no_samples(connection, self.role)

    def _find_revision(self) -> str | None:
        """Return which version's schema is there; None if there is none. Raises StoreError."""
        table = f"{self.role}_version"
        engine = sqlite if self.is_sqlite else postgresql
        with self.read() as connection:
            if not engine.has_table(connection, table):
                return None
            found = connection.exec_driver_sql(f"SELECT version_num FROM {table}")  # noqa: S608
            return cast("str | None", found.scalar())

    def is_untidy(self) -> bool:
        """Say whether something was written since `tidy`. Raises StoreError."""
        if self.is_sqlite:
            return sqlite.is_untidy(self.file)
        with self.read() as connection:
            return bool(postgresql.find_untidy(connection, self.role, LARGEST_REWRITTEN))

    def tidy(self) -> None:
        """Write in the order of their keys what tells an order of arrival, and drop what was deleted.

        Writers wait meanwhile. Raises StoreError.
        """
        if self.is_sqlite:
            with (
                self._in_turn(),
                self._own_errors(writing=True),
                self.writer.connect() as connection,
            ):
                sqlite.rewrite(connection, self.file, LARGEST_REWRITTEN)
            return
        with self._own_errors(writing=True), self.engine.connect() as connection:
            tables = postgresql.find_untidy(connection, self.role, LARGEST_REWRITTEN)
            postgresql.rewrite(connection, self.role, tables)

    def close(self) -> None:
        """Close every connection."""
        if self._watching is not None:
            self._watching.close()
            self._watching = None
        self.engine.dispose()
        self.writer.dispose()


class _Fence(threading.local):
    """What each thread of its own asks before it writes; by default nothing."""

    def __init__(self) -> None:
        self.check: Callable[[], None] = _nothing


def _nothing() -> None:
    """Let everybody write."""


def newest_revision(role: DatabaseRole) -> str:
    """Return the newest version of a role's schema: migrations are numbered in their order."""
    newest = max(path.name for path in (MIGRATIONS / role).glob("m[0-9]*.py"))
    return f"{role}_{newest[1:5]}"


@contextmanager
def savepoint(connection: sa.Connection) -> Iterator[None]:
    """Undo what is done within, and nothing else of the transaction, if it raises."""
    with connection.begin_nested():
        yield


def _escaped(path: Path) -> str:
    """Write a path for Alembic's configuration, in which a percent sign means something."""
    return str(path).replace("%", "%%")


def _error_of(error: sa.exc.DBAPIError) -> StoreError:
    """Say what failed; PostgreSQL's own words may quote a key, which may be a name or a code."""
    if isinstance(error.orig, sqlite3.Error):
        return StoreError(f"the database cannot be used: {error.orig}")
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return StoreError("the database cannot be reached")
    return StoreError(f"the database refused a statement (SQLSTATE {state})")


def insert_of(connection: sa.Connection) -> Callable[[sa.Table], Any]:
    """Return the engine's own INSERT, which knows conflicts; that of the other is never imported."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite as sqlite_dialect

        return sqlite_dialect.insert
    from sqlalchemy.dialects import postgresql as postgresql_dialect

    return postgresql_dialect.insert


def insert_new(
    connection: sa.Connection, table: sa.Table, values: dict[str, Any], *, returning: sa.Column[Any]
) -> bool:
    """Insert a row unless one with its key exists; say whether it was inserted."""
    statement = (
        insert_of(connection)(table).values(values).on_conflict_do_nothing().returning(returning)
    )
    return connection.execute(statement).first() is not None


def insert_missing(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; leave out those whose key exists."""
    connection.execute(insert_of(connection)(table).on_conflict_do_nothing(), rows)


def upsert(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> None:
    """Insert a row, or overwrite the one with its primary key."""
    keys = [column.name for column in table.primary_key.columns]
    statement = insert_of(connection)(table).values(values)
    rest = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))
